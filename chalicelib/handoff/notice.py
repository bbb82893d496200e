"""The notices that sales reads: who the lead is, what they want, how to reach them, and why.

Each way of sending gets a message of its own. Nothing that a lead typed can act in one.
"""

from collections.abc import Callable, Mapping
from typing import assert_never

from chalicelib.delivery.message_keys import MessageKind
from chalicelib.delivery.messages import ChatMessage, Email, Outgoing, Skip, Sms
from chalicelib.delivery.outbox import MessageState, OutboxMessage, Via
from chalicelib.delivery.reasons import NotSentReason
from chalicelib.delivery.templates import TemplateError
from chalicelib.handoff.chat import ChatNotice, chat_body, in_chat
from chalicelib.handoff.facts import NoticeFacts, VerdictLink
from chalicelib.handoff.headlines import Wording, wording_of
from chalicelib.handoff.notice_layout import notice_email
from chalicelib.handoff.plan import is_fallback
from chalicelib.handoff.short_text import short_text
from chalicelib.handoff.topic import topic_content, topic_message

SUBJECT_MAX_CHARS = 250


class Notices:
    """Composes the outbox messages of the handoff room.

    facts: reads what a notice may show; verdict_url: where a link to the page of its verdict leads,
    None where there is no such page; is_corrected: whether a correction follows a notice;
    is_current: whether its lead still waits for the call that a handoff asks for; reminding: what
    a message of a handoff's clock says, None when it is no longer meant; webhook: the URL of a
    salesperson's chat, by their id and the chat's name.
    """

    def __init__(
        self,
        *,
        facts: Callable[[OutboxMessage], NoticeFacts],
        verdict_url: Callable[[OutboxMessage, VerdictLink], str | None] = lambda _notice, _to: None,
        is_corrected: Callable[[OutboxMessage], bool] = lambda _notice: False,
        is_current: Callable[[OutboxMessage], bool] = lambda _notice: True,
        reminding: Callable[[OutboxMessage, NoticeFacts], Wording | None] = lambda _one, _facts: (
            None
        ),
        webhook: Callable[[str, str], str | None] = lambda _person_id, _chat: None,
    ) -> None:
        self._facts = facts
        self._verdict_url = verdict_url
        self._is_corrected = is_corrected
        self._is_current = is_current
        self._reminding = reminding
        self._webhook = webhook

    def compose(self, message: OutboxMessage) -> Outgoing | Skip:
        """Return what to send for a message, or why there is nothing to send."""
        if message.to is None and message.via is not Via.SNS:
            is_text = message.via is Via.SMS
            reason = NotSentReason.NO_PHONE if is_text else NotSentReason.NO_ADDRESS
            return Skip(MessageState.REFUSED, reason)
        if message.kind is MessageKind.HANDOFF and self._is_taken_back(message):
            return Skip(MessageState.CANCELLED, NotSentReason.TAKEN_BACK)
        facts = self._facts(message)
        is_of_clock = message.kind in (MessageKind.REMINDER, MessageKind.ESCALATION)
        wording = self._reminding(message, facts) if is_of_clock else wording_of(message, facts)
        if wording is None:
            return Skip(MessageState.CANCELLED, NotSentReason.TAKEN_BACK)
        try:
            return self._composed(message, facts, wording)
        except TemplateError:
            return Skip(MessageState.REFUSED, NotSentReason.NOT_RENDERED)

    def _composed(
        self, message: OutboxMessage, facts: NoticeFacts, wording: Wording
    ) -> Outgoing | Skip:
        verdicts = self._verdicts(message) if wording.asks_verdict else {}
        reference = reference_of(message)
        match message.via:
            case Via.EMAIL:
                email = notice_email(facts, wording, verdicts, reference)
                end = f" [{reference}]"
                reply_to = facts.profile.get("email")
                return Email(
                    to=message.to or "",
                    subject=wording.headline[: SUBJECT_MAX_CHARS - len(end)] + end,
                    text=email.text,
                    html=email.html,
                    reply_to=str(reply_to) if reply_to else None,
                    reference=message.id,
                )
            case Via.SMS:
                page = verdicts.get(VerdictLink.PAGE)
                body = short_text(facts, wording, page, reference)
                return Sms(to=message.to or "", body=body, reference=message.id)
            case Via.SNS:
                return topic_message(message, facts, wording, verdicts, reference)
            case Via.WEBHOOK:
                content = topic_content(message, facts, wording, verdicts, reference)
                return self._chat(message, in_chat(content, verdicts.get(VerdictLink.PAGE)))
            case _:
                assert_never(message.via)

    def _chat(self, message: OutboxMessage, notice: ChatNotice) -> ChatMessage | Skip:
        url = self._webhook(message.receiver or "", message.to or "")
        if url is None:
            return Skip(MessageState.REFUSED, NotSentReason.NO_ADDRESS)
        return ChatMessage(url, chat_body(message.to or "", notice))

    def _verdicts(self, message: OutboxMessage) -> Mapping[VerdictLink, str]:
        found = {link: self._verdict_url(message, link) for link in VerdictLink}
        return {link: url for link, url in found.items() if url is not None}

    def _is_taken_back(self, handoff: OutboxMessage) -> bool:
        # A notice that a worker had claimed may have left, so it was not cancelled but corrected.
        # If it was put back since, it must not go out after its own correction (ADR 0003).
        if handoff.claims and self._is_corrected(handoff):
            return True
        # A bounce may come hours after the handoff. Whoever stands in hears nothing of a lead that
        # was taken back or called since (ADR 0032).
        return is_fallback(handoff.key) and not self._is_current(handoff)


def reference_of(message: OutboxMessage) -> str:
    """Return what a lead and a cycle are called where people read: `PRLGF7IG-1`."""
    return f"{message.lead_id[:8]}-{message.key.cycle}"
