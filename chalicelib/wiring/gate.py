"""Which rules a marketing email is asked by before it leaves, once and in order.

First what ends it for good, then what a person stopped, then what only delays it.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from chalicelib.nurture.gate import Gate, GateRule
from chalicelib.nurture.pause_rule import PauseRule
from chalicelib.nurture.quota_rule import QuotaRule
from chalicelib.nurture.sunset import SUNSET, SunsetRule
from chalicelib.nurture.windows import next_open, working_hours_of

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
        PauseRule(stores.sending.states),
        SunsetRule(
            messages=stores.leads.messages,
            last_act=stores.events.last_act,
            may_ask=lambda: stores.documents.get("email", SUNSET) is not None,
            ask=stores.outbox.plan,
        ),
        QuotaRule(
            room=lambda: stores.allowances.room(stores.ports.now()),
            next_open=lambda lead, at: next_open(at, working_hours_of(lead, stores.company())),
            priority=lambda one: (stores.documents.get("sequence", one) or {}).get("priority", 0),
        ),
    )
