"""What each kind of notice says first and last. A new kind of message to sales adds its case."""

from dataclasses import dataclass
from typing import assert_never

from chalicelib.delivery.message_keys import MessageKind
from chalicelib.delivery.outbox import OutboxMessage
from chalicelib.handoff.afterwards import is_about_activity, is_about_message, is_of_owner
from chalicelib.handoff.deeds import deed_in_words, is_deed
from chalicelib.handoff.facts import NoticeFacts
from chalicelib.handoff.person_lines import who_words
from chalicelib.handoff.plan import is_fallback
from chalicelib.handoff.strongest import strongest_deed
from chalicelib.handoff.wanted import UNNAMED_WANT, wanted_by
from chalicelib.inert import inert

READY = "Ready for sales (SQL by our rules)."
TAKEN_BY_YOU = "It becomes accepted (SAL) when you accept it."
NOT_ASKED = "has not asked to be contacted"
NOT_HANDED = "Our rules do not hand this lead to sales; please take a look"
CLOSING = {
    MessageKind.HANDOFF: f"{READY} {TAKEN_BY_YOU}",
    MessageKind.CORRECTION: (
        "The evidence for this handoff was taken back. You need not do anything."
    ),
    MessageKind.WARNING: "Nothing has changed: the lead is yours, and you decide.",
    MessageKind.TRIAGE: "This is not a new handoff, but a request always reaches a human.",
}
CLOSING_OF_FALLBACK = (
    f"{READY} The email to its salesperson did not arrive, so it comes to you: please see that"
    " somebody calls, and that the address in the routing document is right."
)
CLOSING_OF_ACTIVITY = "The lead is yours already. You hear of this at most once a day."
CLOSING_OF_MESSAGE = (
    "This is not a handoff. Messages of a form go their own way once the form is registered with a"
    " kind, or the settings say who answers it."
)
CLOSING_OF_OWNER = "The lead is yours already. This is a new request, and not a new handoff."
WHY_TRIAGE = (
    "Customers, leads that are disqualified or left out, and leads that hardly fit do not become"
    " SQLs."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """What a notice says besides its facts."""

    headline: str
    """The subject: who, and what they want."""
    want: str
    """Below the name, as in "wants a demo"."""
    opening: str = ""
    """What the reader must know before the facts; empty where the headline says it all."""
    closing: str
    asks_verdict: bool = False
    """Whether it has the buttons of a verdict."""
    is_answer: bool = False
    """Whether getting in touch answers something that they asked."""
    asks_contact: bool = True
    """Whether it has the buttons that get in touch."""


def wording_of(message: OutboxMessage, facts: NoticeFacts) -> Wording:
    """Return what a notice says."""
    match message.kind:
        case MessageKind.HANDOFF:
            return _of_handoff(message, facts)
        case MessageKind.CORRECTION:
            return _of_correction(facts)
        case MessageKind.WARNING:
            return _of_warning(message, facts)
        case MessageKind.TRIAGE:
            return _of_triage(message, facts)
        case (
            MessageKind.NURTURE
            | MessageKind.ACKNOWLEDGEMENT
            | MessageKind.CONFIRMATION
            | MessageKind.REPLY
            | MessageKind.REMINDER
            | MessageKind.ESCALATION
            | MessageKind.DIGEST
            | MessageKind.CODE
        ):
            raise AssertionError("another room composes this")
        case _:
            assert_never(message.kind)


def _of_handoff(message: OutboxMessage, facts: NoticeFacts) -> Wording:
    who = who_words(facts.profile)
    is_stand_in = is_fallback(message.key)
    wish = wanted_by(facts)
    want = wish or "; ".join(filter(None, (NOT_ASKED, strongest_deed(facts))))
    return Wording(
        headline=f"{who}: {want}",
        want=want,
        opening="" if wish else facts.allowed.advice,
        closing=CLOSING_OF_FALLBACK if is_stand_in else CLOSING[MessageKind.HANDOFF],
        is_answer=wish is not None,
        asks_verdict=True,
    )


def _of_correction(facts: NoticeFacts) -> Wording:
    why = inert(facts.moved.transition.why) if facts.moved else ""
    return Wording(
        headline=f"Please stand down: {who_words(facts.profile)} is no longer an SQL",
        want="is no longer an SQL",
        opening=". ".join(filter(None, ("Please stand down", why[:1].upper() + why[1:]))),
        closing=CLOSING[MessageKind.CORRECTION],
        asks_contact=False,
    )


def _of_warning(message: OutboxMessage, facts: NoticeFacts) -> Wording:
    rule = message.key.parts[0].replace("-", " ")
    return Wording(
        headline=f"{who_words(facts.profile)} looks disqualified",
        want="looks disqualified",
        opening=f"The rule “{rule}” disqualifies them",
        closing=CLOSING[MessageKind.WARNING],
    )


def _of_triage(message: OutboxMessage, facts: NoticeFacts) -> Wording:
    who = who_words(facts.profile)
    if is_about_message(message.key):
        return Wording(
            headline=f"{who} wrote to us; please take a look",
            want="wrote to us",
            closing=CLOSING_OF_MESSAGE,
            is_answer=True,
        )
    if is_about_activity(message.key):
        deed = next((deed_in_words(one) for one in facts.recent if is_deed(one)), "is active")
        return Wording(
            headline=f"{who} is active again: {deed}", want=deed, closing=CLOSING_OF_ACTIVITY
        )
    wish = wanted_by(facts) or UNNAMED_WANT
    if is_of_owner(message.key):
        return Wording(
            headline=f"{who}: {wish}", want=wish, closing=CLOSING_OF_OWNER, is_answer=True
        )
    return Wording(
        headline=f"{who}: {wish}. {NOT_HANDED}",
        want=wish,
        opening=NOT_HANDED,
        closing=f"{WHY_TRIAGE} {CLOSING[MessageKind.TRIAGE]}",
        is_answer=True,
    )
