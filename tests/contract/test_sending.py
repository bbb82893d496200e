"""What is paused, as it is stored: on all four engines."""

from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.errors import ConflictError
from chalicelib.nurture.sending import EVERYTHING, PauseCause, SendingState
from chalicelib.store import keys
from chalicelib.store.sending import SendingStates, check_not_paused
from chalicelib.store.table import Table
from tests import factories as make
from tests.fakes import NOW

DAY = timedelta(days=1)


def test_a_pause_is_read_as_it_was_written(table: Table) -> None:
    states = SendingStates(table)
    assert states.states() == {EVERYTHING: SendingState(of=EVERYTHING)}
    paused = SendingState(
        of="welcome",
        cause=PauseCause.BRAKE,
        reason="why",
        author="baton",
        at=NOW,
        pauses=((NOW - 2 * DAY, NOW - DAY), (NOW - DAY, NOW)),
        released_at=NOW - DAY,
        warned_at=NOW - DAY,
        version=1,
    )
    states.save(paused)
    assert states.states() == {EVERYTHING: SendingState(of=EVERYTHING), "welcome": paused}
    assert not states.is_all_paused()
    with pytest.raises(ConflictError):
        states.save(replace(paused, reason="a second one"))
    states.save(SendingState(of=EVERYTHING, cause=PauseCause.PERSON, at=NOW, version=1))
    assert states.is_all_paused()


@pytest.mark.parametrize("of", [EVERYTHING, "welcome"])
@pytest.mark.parametrize("shard", range(keys.SENDING_SHARDS))
def test_a_claim_fails_while_its_sequence_is_paused(table: Table, of: str, shard: int) -> None:
    lead_id = next(
        one
        for one in (f"{number:026d}" for number in range(1_000))
        if keys.shard(one, keys.SENDING_SHARDS) == shard
    )
    checks = check_not_paused(replace(make.nurture_message(), lead_id=lead_id))
    table.write(*checks)
    states = SendingStates(table)
    paused = SendingState(of=of, cause=PauseCause.PERSON, at=NOW, version=1)
    states.save(paused)
    with pytest.raises(ConflictError):
        table.write(*checks)
    states.save(replace(paused, cause=None, version=2))
    table.write(*checks)
