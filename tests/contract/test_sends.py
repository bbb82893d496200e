"""How often marketing wrote to a mailbox, as the claim counts it, on every engine."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from chalicelib.consent.consent import CONSENT_ONLY, Consent, given
from chalicelib.delivery import outbox
from chalicelib.delivery.outbox import OutboxMessage
from chalicelib.errors import ConflictError
from chalicelib.limits import SENDS_KEPT
from chalicelib.nurture.spacing import SHIPPED, SendLimits
from chalicelib.store import keys
from chalicelib.store.claims import CLAIM_COUNTERS
from chalicelib.store.consents import put_consent
from chalicelib.store.outbox import Outbox, put_message
from chalicelib.store.sends import carry_sends, count_send, read_sends
from chalicelib.store.table import Table
from tests import factories as make
from tests.fakes import NOW

DAY = timedelta(days=1)
NO_LIMITS = SendLimits(per_7_days=0, per_30_days=0, hours_apart=0)
ANN = make.mailbox("ann@gmail.com").id
OTHER = make.mailbox("ann@home.example").id


def claimed(number: int, at: datetime = NOW) -> OutboxMessage:
    """Return a message as its claim makes it."""
    return outbox.claimed(make.nurture_message(f"nurture#1#s{number}#1"), at)


def count(table: Table, number: int, at: datetime = NOW, limits: SendLimits = SHIPPED) -> None:
    table.write(*count_send(table, claimed(number, at), ANN, limits))


def sends(table: Table, mailbox_id: str = ANN) -> list[datetime]:
    return sorted(read_sends(table, mailbox_id, claimed(999)))


def test_an_email_is_counted_where_it_is_claimed(table: Table) -> None:
    store = Outbox(table, make.mailbox, send_limits=lambda: SHIPPED)
    messages = [
        replace(make.nurture_message(f"nurture#1#s{number}#1"), to=address)
        for number, address in enumerate(("ann@gmail.com", "a.nn+x@gmail.com"))
    ]
    table.write(put_consent(messages[0].lead_id, Consent(), given(Consent(), make.proof())))
    for message in messages:
        table.write(put_message(message))
    first, second = messages
    store.claim(first, outbox.claimed(first, NOW), rests_on=CONSENT_ONLY)
    with pytest.raises(ConflictError) as refused:
        store.claim(second, outbox.claimed(second, NOW), rests_on=CONSENT_ONLY)
    assert refused.value.failed.keys() == {keys.SENDS}
    assert store.read(second.lead_id, second.key) == second
    later = NOW + 2 * DAY
    store.claim(second, outbox.claimed(second, later), rests_on=CONSENT_ONLY)
    assert sends(table) == [NOW, later]


def test_of_two_claims_at_once_one_is_counted(table: Table) -> None:
    """Both have read the same: one of them has to look again."""
    writes = [count_send(table, claimed(number), ANN, NO_LIMITS) for number in (1, 2)]
    table.write(*writes[0])
    with pytest.raises(ConflictError) as refused:
        table.write(*writes[1])
    assert refused.value.failed.keys() <= CLAIM_COUNTERS
    assert sends(table) == [NOW]


def test_an_email_is_not_in_its_own_way(table: Table) -> None:
    count(table, 1)
    count(table, 1, NOW + timedelta(minutes=1))  # it was put back, and is tried again
    assert sends(table) == [NOW + timedelta(minutes=1)]
    assert read_sends(table, ANN, claimed(1)) == []


def test_what_is_older_than_thirty_days_is_forgotten(table: Table) -> None:
    count(table, 1)
    count(table, 2, NOW + 30 * DAY)
    assert sends(table) == [NOW + 30 * DAY]
    item = table.get(keys.mailbox(ANN), keys.SENDS)
    assert item is not None
    assert item["expires_at_epoch_s"] == int((NOW + 60 * DAY).timestamp())


def test_of_very_many_emails_the_newest_are_kept(table: Table) -> None:
    for number in range(SENDS_KEPT + 3):
        count(table, number, NOW + timedelta(minutes=number), NO_LIMITS)
    found = sends(table)
    assert len(found) == SENDS_KEPT
    assert found[0] == NOW + timedelta(minutes=3)


def test_a_merge_carries_what_was_sent(table: Table) -> None:
    count(table, 1)
    assert len(carry_sends(table, OTHER, ANN)) == 1  # nothing but a check
    table.write(*count_send(table, claimed(2, NOW + DAY), OTHER, SHIPPED))
    table.write(*carry_sends(table, ANN, OTHER))
    assert sends(table, OTHER) == [NOW, NOW + DAY]


def test_a_merge_that_overlooks_an_email_fails(table: Table) -> None:
    writes = carry_sends(table, ANN, OTHER)
    count(table, 1)
    with pytest.raises(ConflictError):
        table.write(*writes)
