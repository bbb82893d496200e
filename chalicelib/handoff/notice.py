"""The notice of a handoff: who, why, what they did, how to reach them; for each via its own
message.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from chalicelib.delivery.messages import Email, Outgoing, Skip, Sms, SnsMessage
from chalicelib.delivery.outbox import (
    CORRECTION,
    HANDOFF,
    TRIAGE,
    WARNING,
    MessageState,
    NotSentReason,
    OutboxMessage,
    Via,
)
from chalicelib.delivery.templates import TemplateError, inert, render_html, render_text
from chalicelib.events import Event, Kind, Value
from chalicelib.lifecycle.stages import Recorded
from chalicelib.scoring.model import REQUESTED

HERE = Path(__file__).parent
SUBJECT_MAX_CHARS = 200
TEXT_MAX_CHARS = 300  # two parts of a text message
DERIVED_FIELDS = frozenset({"email_local", "email_domain"})  # for rules, not for readers
CLOSING = {
    HANDOFF: "This lead is an SQL: ready by our rules. It becomes accepted when you approve it.",
    CORRECTION: "The evidence for this handoff was taken back. There is nothing to do.",
    WARNING: "Nothing was changed: you have the lead, and you decide.",
    TRIAGE: "This is no new handoff. A request always reaches a human.",
}
ABOUT_A_MOVE = frozenset({HANDOFF, CORRECTION})
SAFE_FIELDS = frozenset({"email", "company_size"})  # checked by capture, so they may be links


class Notices:
    """Composes the messages of a handoff's messages.

    transition: a lead's transition by its version, with the reasons; profile: a lead's fields;
    recent: its latest events, newest first; is_corrected: whether a correction follows a notice.
    """

    def __init__(
        self,
        transition: Callable[[str, int], Recorded | None],
        profile: Callable[[str], Mapping[str, Value]],
        recent: Callable[[str], Sequence[Event]],
        is_corrected: Callable[[OutboxMessage], bool] = lambda _notice: False,
    ) -> None:
        self._transition, self._profile, self._recent = transition, profile, recent
        self._is_corrected = is_corrected

    def compose(self, message: OutboxMessage) -> Outgoing | Skip:
        """The message for the message's via, or why there is none."""
        if message.via is Via.EMAIL and message.to is None:
            return Skip(MessageState.REFUSED, NotSentReason.NO_ADDRESS)
        if message.via is Via.SMS and message.to is None:
            return Skip(MessageState.REFUSED, NotSentReason.NO_PHONE)
        # What had a worker may have left, so it was not cancelled; put back, it must not follow its
        # correction.
        if message.kind == HANDOFF and message.claims and self._is_corrected(message):
            return Skip(MessageState.CANCELLED, NotSentReason.TAKEN_BACK)
        facts = self._facts(message)
        try:
            if message.via is Via.EMAIL:
                return _mail(message, facts)
            return _text(message, facts) if message.via is Via.SMS else _topic(facts)
        except TemplateError:
            return Skip(MessageState.REFUSED, NotSentReason.NOT_RENDERED)

    def _facts(self, message: OutboxMessage) -> dict[str, Any]:
        # a word to sales of a lead that stayed tells of no transition, even where one was written
        # with it
        moved = (
            self._transition(message.lead_id, message.about)
            if message.kind in ABOUT_A_MOVE
            else None
        )
        known = self._profile(message.lead_id)
        return {
            "lead_id": message.lead_id,
            "about": message.kind,
            "reference": f"{message.lead_id[:8]}-{message.key.split('#')[1]}",
            "kind": moved.transition.kind if moved else None,
            "why": inert(moved.transition.why) if moved else _why(message),
            "score": (moved.total + 500) // 1000 if moved else None,
            "grade": moved.grade if moved else None,
            "reasons": [
                {"rule": rule, "group": group, "points": milli / 1000, "text": inert(text)}
                for rule, group, milli, text in (moved.reasons if moved else ())
            ],
            "closing": CLOSING[message.kind],
            "profile": {
                name: str(value) if name in SAFE_FIELDS else inert(str(value))
                for name, value in sorted(known.items())
                if name not in DERIVED_FIELDS
            },
            "did": [
                {"at": f"{event.at:%d %b %H:%M}", "what": inert(_deed(event))}
                for event in self._recent(message.lead_id)
            ],
        }


def _who(profile: Mapping[str, str]) -> str:
    """Ann Example, CTO at Acme: as much of it as is known."""
    name = " ".join(
        filter(None, (profile.get("first_name"), profile.get("last_name")))
    ) or profile.get("email", "somebody")
    place = " at ".join(filter(None, (profile.get("job_title"), profile.get("company"))))
    return f"{name}, {place}" if place else name


def _headline(facts: Mapping[str, Any]) -> str:
    who = _who(facts["profile"])
    if facts["about"] == CORRECTION:
        return f"Please stop: {who} is no SQL any more"
    if facts["about"] == WARNING:
        return f"{who} looks disqualified"
    if facts["about"] == TRIAGE:
        return f"{who} asks to be contacted, and our rules make no SQL of it: please have a look"
    ask = (
        "asks to be contacted"
        if facts["kind"] == REQUESTED
        else "has not asked to be contacted: write first"
    )
    return f"{who} {ask} ({facts['score']} points, grade {facts['grade']})"


def _why(message: OutboxMessage) -> str:
    """Why sales is told of a lead that did not move."""
    if message.kind == WARNING:
        return f"the rule {message.key.split('#')[2].replace('-', ' ')} disqualifies them"
    return (
        "they sent a request; it makes no SQL of a customer, of who hardly fits, or of who is"
        " disqualified"
    )


def _deed(event: Event) -> str:
    """One event in plain words."""
    if event.kind is Kind.PAGE:
        return f"visited {event.properties.get('path', 'a page')}"
    if event.kind is Kind.FORM:
        message = event.fields.get("message")
        return f"sent the form {event.name}" + (f': "{message}"' if message else "")
    asset = event.properties.get("asset")
    return f"{event.name or event.kind.value}" + (f" ({asset})" if asset else "")


def _mail(message: OutboxMessage, facts: Mapping[str, Any]) -> Email:
    values = {**facts, "headline": _headline(facts)}
    return Email(
        to=message.to or "",
        subject=f"[{facts['reference']}] {_headline(facts)}"[:SUBJECT_MAX_CHARS],
        text=render_text(_template("notice.txt"), values),
        html=render_html(_template("notice.html"), values),
        reply_to=facts["profile"].get("email"),
        reference=message.id,
    )


def _text(message: OutboxMessage, facts: Mapping[str, Any]) -> Sms:
    reach = ", ".join(filter(None, (facts["profile"].get("phone"), facts["profile"].get("email"))))
    end = f". Reach: {reach}. Ref {facts['reference']}"
    headline = _headline(facts)  # a stranger's long name must not push the number out
    return Sms(to=message.to or "", body=headline[: max(0, TEXT_MAX_CHARS - len(end))] + end)


def _topic(facts: Mapping[str, Any]) -> SnsMessage:
    score = f": {facts['kind']}, {facts['score']} points" if facts["kind"] else ""
    subject = f"{facts['about'].capitalize()} {facts['reference']}{score}"
    return SnsMessage(
        subject=subject,
        body=json.dumps({**facts, "headline": _headline(facts)}, ensure_ascii=False),
    )


def _template(name: str) -> str:
    return (HERE / name).read_text()
