"""How much marketing may send, as it is stored and counted: on all four engines."""

from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.delivery import outbox
from chalicelib.errors import ConflictError
from chalicelib.nurture.allowance import Allowance, Room, WarmUp
from chalicelib.store.allowance import Allowances
from chalicelib.store.table import Table
from tests import factories as make
from tests.fakes import NOW

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
TODAY = WarmUp(began=NOW.replace(hour=0), ends=NOW.replace(hour=0) + DAY, most=7, imported=3)


def claim(table: Table, number: int, allowances: Allowances | None = None) -> None:
    """Write what the claim of an email of one of many leads counts."""
    email = replace(make.nurture_message(), lead_id=f"{number:026d}")
    table.write(*(allowances or Allowances(table)).writes(outbox.claimed(email, NOW)))


def test_an_allowance_is_read_as_it_was_written(table: Table) -> None:
    allowances = Allowances(table)
    assert allowances.read() is None
    assert allowances.room(NOW) is None
    bare = Allowance(ticked_at=NOW, version=1)
    allowances.save(bare)
    assert allowances.read() == bare
    whole = Allowance(
        ticked_at=NOW + HOUR, per_day=10, others=1, per_minute=60, warm_up=TODAY, version=2
    )
    allowances.save(whole)
    assert allowances.read() == whole
    with pytest.raises(ConflictError):
        allowances.save(whole)


def test_no_more_are_claimed_than_there_is_room_for(table: Table) -> None:
    allowances = Allowances(table)
    allowances.save(Allowance(ticked_at=NOW, warm_up=TODAY, version=1))
    claimed = 0
    for number in range(20):
        try:
            claim(table, number)
            claimed += 1
        except ConflictError:
            pass
    assert claimed == TODAY.most
    assert allowances.room(NOW) == Room(left=0, this_hour=7, opens_at=TODAY.ends)
    assert sum(allowances.sent(NOW - DAY).values()) == 7


def test_two_claims_of_the_last_place_conflict(table: Table) -> None:
    allowances = Allowances(table)
    allowances.save(Allowance(ticked_at=NOW, warm_up=replace(TODAY, most=1), version=1))
    email = make.nurture_message()
    one = allowances.writes(outbox.claimed(email, NOW))
    other = allowances.writes(outbox.claimed(replace(email, lead_id="A" * 26), NOW))
    table.write(*one)
    with pytest.raises(ConflictError):
        table.write(*other)


def test_each_hour_is_counted_by_itself(table: Table) -> None:
    allowances = Allowances(table)
    email = make.nurture_message()
    for hour in (0, 0, 1, 30):
        table.write(*allowances.writes(outbox.claimed(email, NOW + hour * HOUR)))
    assert allowances.sent(NOW) == {NOW: 2, NOW + HOUR: 1, NOW + 30 * HOUR: 1}
    assert allowances.sent(NOW + 2 * HOUR) == {NOW + 30 * HOUR: 1}


def test_imported_people_are_added_up(table: Table) -> None:
    allowances = Allowances(table)
    assert allowances.imported() == 0
    allowances.count_imported(3)
    allowances.count_imported(4)
    assert allowances.imported() == 7
