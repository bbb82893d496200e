"""Which room composes which kind of outbox message. A new kind adds its case here."""

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, assert_never

from chalicelib.delivery.message_keys import MessageKind
from chalicelib.delivery.outbox import Via
from chalicelib.wiring.email_readers import EmailReaders
from chalicelib.wiring.message_reads import MessageReads
from chalicelib.wiring.stores import Stores

if TYPE_CHECKING:
    from chalicelib.clicks.links import TrackedLinks
    from chalicelib.delivery.budgets import Listing
    from chalicelib.delivery.messages import Hold, Outgoing, Skip, Waiting
    from chalicelib.delivery.outbox import OutboxMessage
    from chalicelib.events import Event, FieldValue
    from chalicelib.handoff.digest import Digests
    from chalicelib.handoff.notice import Notices
    from chalicelib.handoff.reminder_words import Reminding
    from chalicelib.handoff.texts import TextGate
    from chalicelib.nurture.answers import FormAnswers
    from chalicelib.nurture.emails import Emails, StoredEmail
    from chalicelib.nurture.gate import Gate
    from chalicelib.nurture.replies.notice import ReplyNotices
    from chalicelib.nurture.replies.reply import Reply
    from chalicelib.wiring.handoff_facts import HandoffFacts


class Composer:
    """Composes outbox messages; what a kind needs is imported when the first one is composed."""

    def __init__(self, stores: Stores) -> None:
        self._stores = stores

    def compose(self, message: "OutboxMessage") -> "Outgoing | Skip | Hold | Listing | Waiting":
        """Return what to send for a message, or why there is nothing to send."""
        return self._kept(message) or self._composed(message)

    def _kept(self, message: "OutboxMessage") -> "Skip | Listing | None":
        """Return what becomes of a text instead; None where nothing keeps it."""
        return self._text_gate(message) if message.via is Via.SMS else None

    def _composed(self, message: "OutboxMessage") -> "Outgoing | Skip | Hold | Waiting":
        match message.kind:
            case MessageKind.NURTURE:
                MessageReads(self._stores).for_marketing(message)
                return self._gate(message) or self._emails.compose(message)
            case MessageKind.ACKNOWLEDGEMENT | MessageKind.CONFIRMATION:
                return self._answers.compose(message)
            case (
                MessageKind.HANDOFF
                | MessageKind.CORRECTION
                | MessageKind.WARNING
                | MessageKind.REMINDER
                | MessageKind.ESCALATION
                | MessageKind.TRIAGE
            ):
                return self._notices.compose(message)
            case MessageKind.REPLY:
                return self._replies.compose(message)
            case MessageKind.CODE:
                return self._stores.phones.compose(message)
            case MessageKind.DIGEST:
                return self._digests.compose(message)
            case _:
                assert_never(message.kind)

    @cached_property
    def _emails(self) -> "Emails":
        from chalicelib.nurture.emails import EmailLinks, Emails

        return Emails(
            email=self._stored_email,
            lead=self._stores.leads.read,
            reader=EmailReaders(self._stores),
            company=self._stores.company,
            links=EmailLinks(
                unsubscribe_url=self._unsubscribe_url,
                link_for=self.link_for,
                answer_url=self.answer_url,
                reply_to=self._stores.reply_addresses.address_of,
                event=EmailReaders(self._stores).event_of,
            ),
            rests_on=self._stores.rests_on,
            now=self._stores.ports.now,
        )

    @cached_property
    def _gate(self) -> "Gate":
        from chalicelib.wiring.gate import gate

        return gate(self._stores)

    @cached_property
    def _answers(self) -> "FormAnswers":
        from chalicelib.nurture.answers import FormAnswers

        return FormAnswers(
            form=lambda form_id: self._stores.documents.get("form", form_id),
            email=self._stored_email,
            partial=self._emails.partial,
            event=self._stores.events.one,
            reader=EmailReaders(self._stores).of_form,
            company=self._stores.company,
            confirm_url=self._confirm_url,
            unsubscribe_url=self._unsubscribe_url,
            reply_to=self._stores.reply_addresses.address_of,
        )

    def _stored_email(self, email_id: str) -> "StoredEmail | None":
        return self._stores.documents.numbered("email", email_id)

    @cached_property
    def _notices(self) -> "Notices":
        from chalicelib.handoff.notice import Notices
        from chalicelib.wiring.handoff_pages import HandoffLinks

        return Notices(
            facts=self._facts,
            is_corrected=self._is_corrected,
            is_current=self._is_current,
            reminding=lambda message, facts: self._reminding(message, facts),
            verdict_url=HandoffLinks(self._stores).verdict_url,
            webhook=self._webhook,
        )

    @cached_property
    def _reminding(self) -> "Reminding":
        from chalicelib.handoff.reminder_words import Reminding
        from chalicelib.wiring.handoff_work import desk_of

        return Reminding(
            handoff=self._stores.handoffs.read, desk=lambda now: desk_of(self._stores, now)
        )

    def _webhook(self, person_id: str, chat: str) -> str | None:
        from chalicelib.handoff.routing import webhook_of

        return webhook_of(self._stores.documents.get("routing"), person_id, chat)

    @cached_property
    def _facts(self) -> "HandoffFacts":
        from chalicelib.wiring.handoff_facts import HandoffFacts
        from chalicelib.wiring.handoff_work import first_contact

        return HandoffFacts(
            self._stores, first_contact=lambda message: first_contact(self._stores, message)
        )

    @cached_property
    def _replies(self) -> "ReplyNotices":
        from chalicelib.nurture.replies.notice import ReplyNotices

        return ReplyNotices(
            reply=self._stores.reply_items.read,
            email=self._stores.message,
            profile=self._profile,
            look_url=self._look_url,
        )

    @cached_property
    def _text_gate(self) -> "TextGate":
        from chalicelib.wiring.digest_work import text_gate

        return text_gate(self._stores)

    @cached_property
    def _digests(self) -> "Digests":
        from chalicelib.wiring.digest_work import digests

        return digests(self._stores, self._profile)

    def _is_corrected(self, notice: "OutboxMessage") -> bool:
        from chalicelib.handoff.plan import correction_key

        correction = self._stores.outbox.read(notice.lead_id, correction_key(notice))
        return correction is not None

    def _is_current(self, notice: "OutboxMessage") -> bool:
        from chalicelib.handoff.plan import awaits_call

        return awaits_call(self._stores.leads.read(notice.lead_id), notice.key.cycle)

    def _profile(self, lead_id: str) -> "Mapping[str, FieldValue]":
        from chalicelib.scoring.profile import values

        return values(self._facts.profile_of(self._stores.leads.read(lead_id)))

    def _unsubscribe_url(self, message: "OutboxMessage") -> str:
        from chalicelib.consent.way_out import WayOut
        from chalicelib.delivery.links import UNSUBSCRIBE

        way_out = WayOut(message.lead_id, str(message.key))
        return self._url("u", self._stores.links.sign(UNSUBSCRIBE, str(way_out)))

    def _confirm_url(self, message: "OutboxMessage", form: "Event") -> str:
        from chalicelib.consent.confirming import ConfirmLink
        from chalicelib.delivery.links import CONFIRM

        mailbox = self._stores.mailbox_of(message.to or "")
        link = ConfirmLink(message.lead_id, form.id, mailbox.id)
        return self._url("confirm", self._stores.links.sign(CONFIRM, str(link)))

    def _look_url(self, reply: "Reply") -> str:
        from chalicelib.delivery.links import LOOK

        return self._url("replies", self._stores.links.sign(LOOK, f"{reply.lead_id}/{reply.id}"))

    @cached_property
    def link_for(self) -> "TrackedLinks":
        """Says which address an email carries for each of its links: called with the message, the
        address, and the position of the link in the email.
        """
        from chalicelib.clicks.links import TrackedLinks
        from chalicelib.delivery.links import CLICK

        return TrackedLinks(
            is_measured=self._stores.is_measured,
            url_of=lambda link: self._url("c", self._stores.links.sign(CLICK, str(link))),
            own=lambda: str(self._stores.deployment().get("api_url", "")),
        )

    def answer_url(
        self, message: "OutboxMessage", question: str, answer: str, language: str
    ) -> str:
        """Return the address that opens the page of an answer to an email's question."""
        from chalicelib.clicks.links import AnswerLink
        from chalicelib.delivery.links import ANSWER

        link = AnswerLink(message.lead_id, message.key, question, answer, language)
        return self._url("a", self._stores.links.sign(ANSWER, str(link)))

    def _url(self, path: str, token: str) -> str:
        return f"{self._stores.deployment().get('api_url', '')}/{path}/{token}"
