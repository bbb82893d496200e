"""Which rules a marketing email is asked by before it leaves, once and in order.

First what ends it for good, then what a person stopped, then what only delays it.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from chalicelib.nurture.gate import Gate, GateRule, Leaving
from chalicelib.nurture.pause_rule import PauseRule
from chalicelib.nurture.quota_rule import QuotaRule
from chalicelib.nurture.refusal import Refusal
from chalicelib.nurture.replies.rule import ReplyRule
from chalicelib.nurture.sunset import SUNSET, SunsetRule
from chalicelib.nurture.timing import InItsTime
from chalicelib.nurture.windows import next_open, working_hours_of
from chalicelib.nurture.wishes import TopicRule, erased
from chalicelib.wiring.wishes import Wishes

if TYPE_CHECKING:
    from datetime import datetime

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
    wishes = Wishes(stores)
    return (
        erased,
        stores.for_good,
        TopicRule(wanted=wishes.wanted, topics=wishes.topics_of),
        ReplyRule(stores.reply_items.has_open),
        PauseRule(stores.sending_states.over),
        SunsetRule(
            messages=stores.leads.messages,
            last_act=stores.events.last_act,
            may_ask=lambda: stores.documents.get("email", SUNSET) is not None,
            ask=stores.outbox.plan,
        ),
        _in_its_time(stores, wishes),
        QuotaRule(
            room=lambda: stores.allowances.room(stores.ports.now()),
            next_open=lambda lead, at: next_open(at, working_hours_of(lead, stores.company())),
            priority=lambda one: _priority_of(stores, one),
        ),
    )


def _priority_of(stores: "Stores", sequence_id: str) -> int:
    sequence = stores.documents.get("sequence", sequence_id) or {}
    return int(sequence.get("priority", 0))


def _in_its_time(stores: "Stores", wishes: Wishes) -> InItsTime:
    def sends(leaving: Leaving) -> "Sequence[datetime]":
        address = leaving.address
        return stores.outbox.sends(leaving.message, address) if address else ()

    return InItsTime(
        company=stores.company,
        limits=wishes.limits,
        sends=sends,
        waiting=stores.outbox.marketing,
        priority=lambda message: _priority_of(stores, message.sequence or ""),
        refusal=Refusal(consent=stores.outbox.consent, rests_on=stores.rests_on),
    )
