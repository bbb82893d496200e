"""The message to sales about a reply: what somebody wrote, with all of it inert."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from chalicelib.delivery.messages import Email, Skip, SnsMessage
from chalicelib.delivery.outbox import MessageState, OutboxMessage, Via
from chalicelib.delivery.reasons import NotSentReason
from chalicelib.delivery.templates import render_html, render_text
from chalicelib.events import FieldValue, said_as
from chalicelib.inert import inert, inert_address, inert_lines, inert_phone
from chalicelib.nurture.replies.reply import Reply, ReplyState

REPLIES_FOLDER = Path(__file__).parent
TOPIC_SUBJECT = "Reply"
NAME_SHOWN_MAX_CHARS = 80
SUBJECT_SHOWN_MAX_CHARS = 200
NOTHING_WRITTEN = "(They wrote nothing, or we could not read it.)"
CLOSING_OF_STATE: Mapping[ReplyState, str] = {
    ReplyState.OPEN: (
        "They may have asked us to stop. Nothing from marketing goes to them until somebody has"
        " said whether they did:"
    ),
    ReplyState.PASSED_ON: "Their sequence has ended, and nobody else answers: please do.",
    ReplyState.KEPT: "Somebody has looked: they did not ask us to stop. Please answer.",
    ReplyState.UNSUBSCRIBED: "They asked us to stop, and marketing writes to them no more.",
}


class ReplyNotices:
    """Composes the messages about replies.

    reply: returns a reply by its lead and id; email: returns the message of an id, which a
    reply answers; profile: a lead's fields; look_url: where a person says what an open reply asks
    for.
    """

    def __init__(
        self,
        *,
        reply: Callable[[str, str], Reply | None],
        email: Callable[[str], OutboxMessage | None],
        profile: Callable[[str], Mapping[str, FieldValue]],
        look_url: Callable[[Reply], str],
    ) -> None:
        self._reply = reply
        self._email = email
        self._profile = profile
        self._look_url = look_url

    def compose(self, notice: OutboxMessage) -> Email | SnsMessage | Skip:
        """Return the message about a reply, or why there is none."""
        reply = self._reply(notice.lead_id, notice.key.parts[1])
        if reply is None:
            return Skip(MessageState.CANCELLED, NotSentReason.TAKEN_BACK)
        facts = self._facts(notice, reply)
        if notice.via is Via.SNS:
            body = json.dumps(facts, ensure_ascii=False)
            return SnsMessage(subject=f"{TOPIC_SUBJECT} {facts['reference']}", body=body)
        address = self._profile(notice.lead_id).get("email")
        return Email(
            to=notice.to or "",
            subject=f"[{facts['reference']}] {facts['headline']}"[:SUBJECT_SHOWN_MAX_CHARS],
            text=render_text(_template("notice.txt"), facts),
            html=render_html(_template("notice.html"), facts),
            # The address that we wrote to, whatever the reply says that it came from.
            reply_to=str(address) if address else None,
            reference=notice.id,
        )

    def _facts(self, notice: OutboxMessage, reply: Reply) -> dict[str, Any]:
        known = self._profile(notice.lead_id)
        address = said_as(known.get("email", ""))
        phone = said_as(known.get("phone", ""))
        answered = self._email(reply.message)
        is_other = bool(reply.sender) and reply.sender.lower() != address.lower()
        return {
            "about": notice.kind,
            "lead_id": notice.lead_id,
            "reply_id": reply.id,
            "reference": f"{notice.lead_id[:8]}-{notice.key.cycle}",
            "headline": _headline(_name(known), answered),
            "lines": inert_lines(reply.text) or [NOTHING_WRITTEN],
            "email": inert_address(address) if address else None,
            "phone": inert_phone(phone) if phone else None,
            "sender": inert(reply.sender) if is_other else None,
            "state": reply.state,
            "closing": CLOSING_OF_STATE[reply.state],
            "look_url": self._look_url(reply) if reply.is_open else None,
        }


def _name(known: Mapping[str, FieldValue]) -> str:
    """Return as much as is known of "Ann Example, Acme"."""
    names = (said_as(known.get(name, "")) for name in ("first_name", "last_name"))
    name = " ".join(filter(None, names)) or said_as(known.get("email", "")) or "Somebody"
    whole = ", ".join(filter(None, (name, said_as(known.get("company", "")))))
    return inert(whole[:NAME_SHOWN_MAX_CHARS])


def _headline(name: str, answered: OutboxMessage | None) -> str:
    if answered is None or not answered.subject:
        return f"{name} replied to an email of marketing's"
    return f"{name} replied to: {inert(answered.subject)}"


def _template(name: str) -> str:
    return (REPLIES_FOLDER / name).read_text("utf-8")
