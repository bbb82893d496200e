"""Which rules a marketing email is asked by before it leaves, once and in order.

First what ends it for good, then what a person stopped, then what only delays it.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from chalicelib.nurture.gate import Gate, GateRule
from chalicelib.nurture.pause_rule import PauseRule
from chalicelib.nurture.replies.rule import ReplyRule

if TYPE_CHECKING:
    from chalicelib.wiring.stores import Stores


def gate(stores: "Stores") -> Gate:
    """Return what a marketing email is asked by."""
    return Gate(
        lead=stores.leads.read,
        stale_after=stores.for_good.stale_after,
        rules=gate_rules(stores),
        now=stores.ports.now,
    )


def gate_rules(stores: "Stores") -> Sequence[GateRule]:
    """Return the rules in the order in which they are asked."""
    return (
        stores.for_good,
        ReplyRule(stores.reply_items.has_open),
        PauseRule(stores.sending.states),
    )
