"""The notices that sales reads: who the lead is, why now, what they did, how to reach them.

Each way of sending gets a message of its own. Nothing that a lead typed can act in one.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, assert_never

from chalicelib.delivery.message_keys import MessageKind
from chalicelib.delivery.messages import ChatMessage, Email, Outgoing, Skip, Sms, SnsMessage
from chalicelib.delivery.outbox import MessageState, OutboxMessage, Via
from chalicelib.delivery.reasons import NotSentReason
from chalicelib.delivery.segments import fit_text
from chalicelib.delivery.templates import TemplateError, render_html, render_text
from chalicelib.events import Event, FieldValue, Kind, said_as
from chalicelib.handoff.chat import chat_body, in_chat, reach_in
from chalicelib.handoff.deeds import deed_in_words, is_deed
from chalicelib.handoff.plan import is_about_message, is_fallback
from chalicelib.inert import inert, inert_address, inert_phone
from chalicelib.lifecycle.stages import Recorded
from chalicelib.scoring.model import REQUESTED

HERE = Path(__file__).parent
SUBJECT_MAX_CHARS = 250
NAME_MAX_CHARS = 40
"""Of each part of who somebody is, so that a headline keeps its end, which says what to do."""
SMS_MAX_SEGMENTS = 2  # what a text may cost, and what is read at a glance
HIDDEN_FIELDS = frozenset({"email_local", "email_domain"})  # for rules, not for readers
CLOSING = {
    MessageKind.HANDOFF: (
        "This lead is an SQL: ready by our rules. It becomes accepted when you approve it."
    ),
    MessageKind.CORRECTION: (
        "The evidence for this handoff was taken back. You need not do anything."
    ),
    MessageKind.WARNING: "Nothing has changed: the lead is yours, and you decide.",
    MessageKind.TRIAGE: "This is not a new handoff, but a request always reaches a human.",
}
CLOSING_OF_FALLBACK = (
    "This lead is an SQL. The email to its salesperson did not arrive, so it comes to you: please"
    " see that somebody calls, and that the address in the routing document is right."
)
CLOSING_OF_MESSAGE = (
    "This is not a handoff. Messages of a form go their own way once the form is registered with a"
    " kind, or the settings say who answers it."
)
ABOUT_A_MOVE = frozenset({MessageKind.HANDOFF, MessageKind.CORRECTION})
#: The fields that must stay usable: each is a link to the person, and to nobody else.
REACHABLE: Mapping[str, Callable[[str], str]] = {"email": inert_address, "phone": inert_phone}


class Notices:
    """Composes the outbox messages of the handoff room.

    transition: returns a lead's transition by its version, with the reasons; profile: a lead's
    fields; unconfirmed: those of them that nobody has confirmed; recent: its latest events, newest
    first, with the one that a message is about before them; agreed: what the person agreed to, a
    line each; is_corrected: whether a correction follows a notice; is_current: whether its lead
    still waits for the call that a handoff asks for; labels: what people read instead of the names
    of a form's own fields; webhook: the URL of a salesperson's chat, by their id and its name.
    """

    def __init__(
        self,
        *,
        transition: Callable[[str, int], Recorded | None],
        profile: Callable[[str], Mapping[str, FieldValue]],
        recent: Callable[[str, tuple[str, str] | None], Sequence[Event]],
        unconfirmed: Callable[[str], Sequence[str]] = lambda _lead_id: (),
        agreed: Callable[[str], Sequence[str]] = lambda _lead_id: (),
        is_corrected: Callable[[OutboxMessage], bool] = lambda _notice: False,
        is_current: Callable[[OutboxMessage], bool] = lambda _notice: True,
        labels: Callable[[str], Mapping[str, str]] = lambda _form_id: {},
        webhook: Callable[[str, str], str | None] = lambda _person_id, _chat: None,
    ) -> None:
        self._transition = transition
        self._profile = profile
        self._recent = recent
        self._unconfirmed = unconfirmed
        self._agreed = agreed
        self._is_corrected = is_corrected
        self._is_current = is_current
        self._labels = labels
        self._webhook = webhook

    def compose(self, message: OutboxMessage) -> Outgoing | Skip:
        """Return what to send for a message, or why there is nothing to send."""
        if message.to is None and message.via is not Via.SNS:
            is_text = message.via is Via.SMS
            reason = NotSentReason.NO_PHONE if is_text else NotSentReason.NO_ADDRESS
            return Skip(MessageState.REFUSED, reason)
        if message.kind is MessageKind.HANDOFF and self._is_taken_back(message):
            return Skip(MessageState.CANCELLED, NotSentReason.TAKEN_BACK)
        known = self._profile(message.lead_id)
        facts = self._facts(message, known)
        facts["headline"] = _headline(message.kind, facts)
        try:
            match message.via:
                case Via.WEBHOOK:
                    return self._chat(message, facts)
                case Via.EMAIL:
                    return _mail(message, facts, reply_to=known.get("email"))
                case Via.SMS:
                    return _text(message, facts)
                case Via.SNS:
                    return _topic(facts)
                case _:
                    assert_never(message.via)
        except TemplateError:
            return Skip(MessageState.REFUSED, NotSentReason.NOT_RENDERED)

    def _chat(self, message: OutboxMessage, facts: Mapping[str, Any]) -> ChatMessage | Skip:
        url = self._webhook(message.receiver or "", message.to or "")
        if url is None:
            return Skip(MessageState.REFUSED, NotSentReason.NO_ADDRESS)
        return ChatMessage(url, chat_body(message.to or "", in_chat(facts)))

    def _is_taken_back(self, handoff: OutboxMessage) -> bool:
        # A notice that a worker had claimed may have left, so it was not cancelled but corrected.
        # If it was put back since, it must not go out after its own correction (ADR 0003).
        if handoff.claims and self._is_corrected(handoff):
            return True
        # A bounce may come hours after the handoff. Whoever stands in hears nothing of a lead that
        # was taken back or called since (ADR 0032).
        return is_fallback(handoff.key) and not self._is_current(handoff)

    def _facts(self, message: OutboxMessage, known: Mapping[str, FieldValue]) -> dict[str, Any]:
        # A warning or a request is about a lead that stayed where it was, even if a transition was
        # written with it.
        moved = (
            self._transition(message.lead_id, message.about)
            if message.kind in ABOUT_A_MOVE
            else None
        )
        recent = self._recent(message.lead_id, message.cause)
        return {
            "lead_id": message.lead_id,
            "about": message.kind,
            "reference": f"{message.lead_id[:8]}-{message.key.cycle}",
            "kind": moved.transition.kind if moved else None,
            "why": inert(moved.transition.why) if moved else _why(message),
            "score": (moved.total + 500) // 1000 if moved else None,
            "grade": moved.grade if moved else None,
            "band": re.sub("[-_]", " ", moved.band) if moved and moved.band else None,
            "reasons": [
                {"rule": rule, "group": group, "points": milli / 1000, "text": inert(text)}
                for rule, group, milli, text in (moved.reasons if moved else ())
            ],
            "closing": _closing(message),
            "is_written": is_about_message(message.key),
            "profile": {
                name: REACHABLE.get(name, inert)(said_as(value)) + _words_of(recent, name, value)
                for name, value in sorted(known.items())
                if name not in HIDDEN_FIELDS
            },
            "labels": self._labels_of(recent),
            "unconfirmed": [
                name for name in self._unconfirmed(message.lead_id) if name not in HIDDEN_FIELDS
            ],
            "agreed": list(self._agreed(message.lead_id)),
            "did": [
                {"at": f"{event.captured_at:%d %b %H:%M}", "what": deed_in_words(event)}
                for event in recent
                if is_deed(event)
            ],
        }

    def _labels_of(self, recent: Sequence[Event]) -> dict[str, str]:
        """Return the labels of the fields of the forms that a notice shows, the newest form's
        first.
        """
        forms = dict.fromkeys(event.name for event in recent if event.kind is Kind.FORM)
        labels: dict[str, str] = {}
        for form_id in forms:
            for name, label in self._labels(form_id).items():
                labels.setdefault(name, inert(label))
        return labels


def _words_of(recent: Sequence[Event], name: str, value: FieldValue) -> str:
    """Return the words that a number was read out of, in brackets, as far as a notice has them."""
    said = (event.said.get(name) for event in recent if event.fields.get(name) == value)
    words = next(filter(None, said), None)
    return f" ({inert(words)})" if words and name not in REACHABLE else ""


def _closing(message: OutboxMessage) -> str:
    if is_about_message(message.key):
        return CLOSING_OF_MESSAGE
    is_stand_in = message.kind is MessageKind.HANDOFF and is_fallback(message.key)
    return CLOSING_OF_FALLBACK if is_stand_in else CLOSING[message.kind]


def _who(profile: Mapping[str, str]) -> str:
    """Return as much of "Ann Example, CTO at Acme" as is known."""
    names = ("first_name", "last_name", "job_title", "company")
    first, last, title, company = (_short(profile.get(name, "")) for name in names)
    name = " ".join(filter(None, (first, last))) or profile.get("email", "somebody")
    place = " at ".join(filter(None, (title, company)))
    return f"{name}, {place}" if place else name


def _short(typed: str) -> str:
    # The blank: a cut behind `tel:` must not put the sign where a number would stand.
    return typed if len(typed) <= NAME_MAX_CHARS else f"{typed[:NAME_MAX_CHARS].rstrip()} …"


def _headline(kind: MessageKind, facts: Mapping[str, Any]) -> str:
    who = _who(facts["profile"])
    match kind:
        case MessageKind.HANDOFF:
            return _headline_of_handoff(who, facts)
        case MessageKind.CORRECTION:
            return f"Please stand down: {who} is no longer an SQL"
        case MessageKind.WARNING:
            return f"{who} looks disqualified"
        case MessageKind.TRIAGE if facts["is_written"]:
            return f"{who} wrote to us; please take a look"
        case MessageKind.TRIAGE:
            return (
                f"{who} asks to be contacted. Our rules do not hand this lead to sales; please"
                " take a look"
            )
        case (
            MessageKind.NURTURE
            | MessageKind.ACKNOWLEDGEMENT
            | MessageKind.CONFIRMATION
            | MessageKind.REPLY
            | MessageKind.REMINDER
            | MessageKind.ESCALATION
        ):
            raise AssertionError("another room composes this")
        case _:
            assert_never(kind)


def _headline_of_handoff(who: str, facts: Mapping[str, Any]) -> str:
    ask = (
        "asks to be contacted"
        if facts["kind"] == REQUESTED
        else "has not asked to be contacted: write first"
    )
    band = f", {facts['band']}" if facts["band"] else ""
    return f"{who} {ask} ({facts['score']} points, grade {facts['grade']}{band})"


def _why(message: OutboxMessage) -> str:
    """Return why sales hears about a lead that did not move."""
    if message.kind is MessageKind.WARNING:
        return f"the rule {message.key.parts[0].replace('-', ' ')} disqualifies them"
    if is_about_message(message.key):
        return "they wrote in a form that nobody has registered, or that is not for sales"
    return (
        "they sent a request; customers, leads that are disqualified or left out, and leads that"
        " hardly fit do not become SQLs"
    )


def _mail(
    message: OutboxMessage, facts: Mapping[str, Any], *, reply_to: FieldValue | None
) -> Email:
    return Email(
        to=message.to or "",
        subject=f"[{facts['reference']}] {facts['headline']}"[:SUBJECT_MAX_CHARS],
        text=render_text(_template("notice.txt"), facts),
        html=render_html(_template("notice.html"), facts),
        reply_to=str(reply_to) if reply_to else None,
        reference=message.id,
    )


def _text(message: OutboxMessage, facts: Mapping[str, Any]) -> Sms:
    reach = reach_in(facts)
    how = f"Reach: {reach}. " if reach else ""  # nothing is left of what was taken back
    end = f". {how}Ref {facts['reference']}"
    # A stranger's long name must not push the number out, nor make the text cost more.
    body = fit_text(facts["headline"], end, SMS_MAX_SEGMENTS)
    return Sms(to=message.to or "", body=body, reference=message.id)


def _topic(facts: Mapping[str, Any]) -> SnsMessage:
    score = f": {facts['kind']}, {facts['score']} points" if facts["kind"] else ""
    subject = f"{facts['about'].capitalize()} {facts['reference']}{score}"
    return SnsMessage(subject=subject, body=json.dumps(facts, ensure_ascii=False))


def _template(name: str) -> str:
    return (HERE / name).read_text()
