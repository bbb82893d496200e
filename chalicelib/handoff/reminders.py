"""The messages of a handoff's clock: whoever has a lead is reminded, others hear of a miss."""

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, assert_never

from chalicelib.delivery.messages import ChatMessage, Email, Outgoing, Skip, Sms, SnsMessage
from chalicelib.delivery.outbox import MessageState, OutboxMessage, Via
from chalicelib.delivery.reasons import NotSentReason
from chalicelib.delivery.segments import fit_text
from chalicelib.delivery.templates import TemplateError, render_html, render_text
from chalicelib.events import FieldValue, said_as
from chalicelib.handoff.chat import ChatNotice, chat_body
from chalicelib.handoff.desk import Desk
from chalicelib.handoff.handoff import Handoff, SlaStep
from chalicelib.handoff.reminder_words import ReminderWords, is_still_meant, reminder_words
from chalicelib.handoff.sla_clock import receiver_time
from chalicelib.inert import inert, inert_address, inert_phone

TEMPLATES = Path(__file__).parent
REMINDER_SUBJECT_MAX_CHARS = 200
REMINDER_NAME_MAX_CHARS = 80
REMINDER_SMS_MAX_SEGMENTS = 2


class Reminders:
    """Composes the messages of the clock.

    handoff: returns that of a lead's cycle; profile: a lead's fields; desk: the salespeople at a
    moment; webhook: the URL of a salesperson's chat, by their id and its name.
    """

    def __init__(
        self,
        *,
        handoff: Callable[[str, int], Handoff | None],
        profile: Callable[[str], Mapping[str, FieldValue]],
        desk: Callable[[datetime], Desk],
        webhook: Callable[[str, str], str | None],
        now: Callable[[], datetime],
    ) -> None:
        self._handoff = handoff
        self._profile = profile
        self._desk = desk
        self._webhook = webhook
        self._now = now

    def compose(self, message: OutboxMessage) -> Outgoing | Skip:
        """Return what to send for a message, or why there is nothing to send."""
        if message.to is None and message.via is not Via.SNS:
            is_text = message.via is Via.SMS
            reason = NotSentReason.NO_PHONE if is_text else NotSentReason.NO_ADDRESS
            return Skip(MessageState.REFUSED, reason)
        step = SlaStep(message.key.parts[0])
        handoff = self._handoff(message.lead_id, message.key.cycle)
        # Verdict against reminder: one that was planned before the verdict is not sent after it.
        if handoff is None or not is_still_meant(handoff, step):
            return Skip(MessageState.CANCELLED, NotSentReason.TAKEN_BACK)
        known = self._profile(message.lead_id)
        desk = self._desk(self._now())
        words = reminder_words(
            handoff,
            step,
            message.receiver or "",
            who=who_of(known),
            desk=desk,
            time=receiver_time(handoff, desk),
        )
        try:
            return self._composed(message, words, known)
        except TemplateError:
            return Skip(MessageState.REFUSED, NotSentReason.NOT_RENDERED)

    def _composed(
        self, message: OutboxMessage, words: ReminderWords, known: Mapping[str, FieldValue]
    ) -> Outgoing | Skip:
        reference = f"{message.lead_id[:8]}-{message.key.cycle}"
        reach = _reach(known)
        match message.via:
            case Via.EMAIL:
                facts = {
                    "headline": words.headline,
                    "lines": words.lines,
                    "reach": reach,
                    "reference": reference,
                }
                return Email(
                    to=message.to or "",
                    subject=f"{words.headline[:REMINDER_SUBJECT_MAX_CHARS]} [{reference}]",
                    text=render_text((TEMPLATES / "reminder.txt").read_text("utf-8"), facts),
                    html=render_html((TEMPLATES / "reminder.html").read_text("utf-8"), facts),
                    reply_to=None,
                    reference=message.id,
                )
            case Via.SMS:
                end = f". Reach: {', '.join(reach.values())}. Ref {reference}"
                body = fit_text(words.headline, end, REMINDER_SMS_MAX_SEGMENTS)
                return Sms(to=message.to or "", body=body, reference=message.id)
            case Via.WEBHOOK:
                return self._chat(message, words, reach, reference)
            case Via.SNS:
                return SnsMessage(
                    subject=f"{message.kind.capitalize()} {reference}",
                    body=json.dumps(_topic(message, words), ensure_ascii=False),
                )
            case _:
                assert_never(message.via)

    def _chat(
        self,
        message: OutboxMessage,
        words: ReminderWords,
        reach: Mapping[str, str],
        reference: str,
    ) -> ChatMessage | Skip:
        chat = message.to or ""
        url = self._webhook(message.receiver or "", chat)
        if url is None:
            return Skip(MessageState.REFUSED, NotSentReason.NO_ADDRESS)
        notice = ChatNotice(
            headline=words.headline,
            reach=", ".join(reach.values()),
            lines=words.lines,
            end=f"Reference: {reference}",
        )
        return ChatMessage(url, chat_body(chat, notice))


def who_of(known: Mapping[str, FieldValue]) -> str:
    """Return as much of "Ann Example, CTO at Acme" as is known, inert."""

    def said(*names: str) -> list[str]:
        texts = (said_as(known.get(name, "")) for name in names)
        return [inert(text)[:REMINDER_NAME_MAX_CHARS] for text in texts if text]

    name = " ".join(said("first_name", "last_name")) or "".join(said("email")) or "somebody"
    place = " at ".join(said("job_title", "company"))
    return f"{name}, {place}" if place else name


def _reach(known: Mapping[str, FieldValue]) -> dict[str, str]:
    """Return the number and the address of a lead, as far as they are known, inert."""
    shown = {"phone": inert_phone, "email": inert_address}
    said = {name: said_as(known.get(name, "")) for name in shown}
    return {name: shown[name](text) for name, text in said.items() if text}


def _topic(message: OutboxMessage, words: ReminderWords) -> dict[str, Any]:
    return {
        "about": message.kind,
        "lead_id": message.lead_id,
        "cycle": message.key.cycle,
        "step": message.key.parts[0],
        "headline": words.headline,
        "lines": words.lines,
    }
