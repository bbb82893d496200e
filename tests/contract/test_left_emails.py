"""Which of marketing's emails have left, as it is stored: on all four engines."""

from dataclasses import replace
from datetime import timedelta

from chalicelib.delivery.outbox import MessageState, settled
from chalicelib.nurture.brake import Harm, LeftEmail
from chalicelib.store.left_emails import LeftEmailItems
from chalicelib.store.outbox import Outbox, put_message
from chalicelib.store.table import Table
from tests import factories as make
from tests.fakes import NOW

SECOND = timedelta(seconds=1)


def test_the_newest_come_first_each_with_its_harm(table: Table) -> None:
    outbox = Outbox(table, make.mailbox)
    for number in range(4):
        claimed = replace(
            make.nurture_message(f"nurture#1#s{number}#1"),
            state=MessageState.CLAIMED,
            claimed_at=NOW + number * SECOND,
        )
        table.write(put_message(claimed))
        sent = settled(claimed, MessageState.SENT, message_id="m")
        outbox.save(claimed, sent)
        if number == 1:
            outbox.save(sent, settled(sent, MessageState.COMPLAINED))
    found = LeftEmailItems(table).newest(NOW + SECOND, 2)
    assert found == [LeftEmail(NOW + number * SECOND, f"s{number}") for number in (3, 2)]
    assert LeftEmailItems(table).newest(NOW + SECOND, 9)[-1] == LeftEmail(
        NOW + SECOND, "s1", Harm.COMPLAINED
    )
