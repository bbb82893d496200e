"""Emails: what a step of a sequence says, rendered for one lead."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from chalicelib.company import SettingsDocument
from chalicelib.consent.consent import BasisKind
from chalicelib.delivery.messages import Email, Skip, Waiting
from chalicelib.delivery.outbox import (
    MessageState,
    OutboxMessage,
)
from chalicelib.delivery.reasons import (
    NotSentReason,
)
from chalicelib.delivery.templates import NoValueError, TemplateError
from chalicelib.document import read_document
from chalicelib.leads.lead import Lead
from chalicelib.limits import ADDRESS_WAIT_MINUTES
from chalicelib.nurture.calendar_file import SignedUp
from chalicelib.nurture.email_document import PARTIAL, EmailDocument, base_of
from chalicelib.nurture.facts import email_facts, letterhead_of, signer_of, why_answered, why_of
from chalicelib.nurture.phrases import spoken_languages
from chalicelib.nurture.reader import EmailReader
from chalicelib.nurture.rendering import Link, Rendered, render
from chalicelib.scoring.profile import countries_in, shown

ADDRESS_WAIT = timedelta(minutes=ADDRESS_WAIT_MINUTES)
LANGUAGE_PARAMETER = "lang"  # of our pages

StoredEmail = tuple[Mapping[str, Any], int | None]
"""An email as it is stored, with its version; None for one from before there were versions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailLinks:
    """The links of an email that are its reader's own, of the message that it is sent with."""

    unsubscribe_url: Callable[[OutboxMessage], str]
    link_for: Callable[[OutboxMessage, str, int], str] = lambda _message, address, _place: address
    """What a reader follows instead of an address, with its place in the email."""
    answer_url: Callable[[OutboxMessage, str, str, str], str] = lambda *_: ""
    """What answers a question of the email: the question's id, the answer's, the language."""
    reply_to: Callable[[OutboxMessage], str | None] = lambda _message: None
    """Where answers go; None: to the sender's own address."""
    event: Callable[[OutboxMessage], SignedUp | None] = lambda _message: None
    """What its reader signed up for, where the sequence is about that."""


class Emails:
    """Composes the email that an outbox message asks for.

    email: id -> the stored email with its version, or None; lead: id -> the lead; reader: what is
    known of a lead, as words may depend on it; rests_on: countries -> the kinds of basis that a
    marketing email to somebody there may rest on.
    """

    def __init__(
        self,
        *,
        email: Callable[[str], StoredEmail | None],
        lead: Callable[[str], Lead],
        reader: Callable[[Lead], EmailReader],
        company: Callable[[], SettingsDocument],
        links: EmailLinks,
        rests_on: Callable[[Sequence[str]], frozenset[BasisKind]],
        now: Callable[[], datetime],
    ) -> None:
        self._email = email
        self._lead = lead
        self._reader = reader
        self._company = company
        self._links = links
        self._rests_on = rests_on
        self._now = now

    def compose(self, message: OutboxMessage) -> Email | Skip | Waiting:
        """Return the email to send, or the reason why there is none, or none yet.

        The unsubscribe link is in both bodies, and in the headers that RFC 8058 asks for: one https
        URL and the one-click mark. Raise DocumentError for a stored email that breaks the format.
        """
        stored, version = self._email(message.email or "") or (None, None)
        if stored is None:
            return Skip(MessageState.REFUSED, NotSentReason.NO_EMAIL)
        lead = self._lead(message.lead_id)
        known = shown(lead.profile)
        address = message.to or (known["email"].value if "email" in known else None)
        if not address:
            # Form against visits: the stream may bring a visitor's page views before the form that
            # made them a lead's, and they may be enough for a transition. The form is on its way.
            if self._now() - message.created_at < ADDRESS_WAIT:
                return Waiting(NotSentReason.NO_ADDRESS)
            return Skip(MessageState.REFUSED, NotSentReason.NO_ADDRESS)
        email = read_document(EmailDocument, stored)
        if email.kind == PARTIAL:
            return Skip(MessageState.REFUSED, NotSentReason.NO_EMAIL)
        reader = replace(self._reader(lead), event=self._links.event(message))
        company = self._company()
        try:
            rendered, url = self._rendered(message, email, reader, company)
        except NoValueError:
            return Skip(MessageState.CANCELLED, NotSentReason.NO_CONTENT)
        except TemplateError:
            return Skip(MessageState.REFUSED, NotSentReason.NOT_RENDERED)
        signs = signer_of(email, base_of(rendered.language), reader=reader, company=company)
        reply_to = self._links.reply_to(message) or email.sender.reply_to or signs.get("email")
        return Email(
            to=str(address),
            subject=rendered.subject,
            text=rendered.text,
            html=rendered.html,
            from_name=signs.get("name"),
            reply_to=reply_to,
            reference=message.id,
            headers=one_click_headers(url),
            rests_on=self._rests_on(countries_in(lead.profile)),
            version=version,
        )

    def partial(self, partial_id: str) -> EmailDocument | None:
        """Return the partial of an id, or None."""
        stored, _ = self._email(partial_id) or (None, None)
        found = read_document(EmailDocument, stored) if stored is not None else None
        return found if found is not None and found.kind == PARTIAL else None

    def _rendered(
        self,
        message: OutboxMessage,
        email: EmailDocument,
        reader: EmailReader,
        company: SettingsDocument,
    ) -> tuple[Rendered, str]:
        """Return an email in the first of its languages in which nothing is missing, and the link
        that unsubscribes from it. Raise TemplateError.
        """

        def link(address: str, place: int) -> str:
            return self._links.link_for(message, address, place)

        missing: NoValueError | None = None
        for language in languages_for(email, reader, company):
            url = in_language_of(self._links.unsubscribe_url(message), language)
            try:
                rendered = rendered_for(
                    email,
                    language,
                    reader=reader,
                    company=company,
                    unsubscribe_url=url,
                    also=self._answers(message, email, language),
                    partials=self.partial,
                    link=link,
                )
            except NoValueError as error:
                missing = missing or error
            else:
                return rendered, url
        assert missing is not None  # an email has at least one language
        raise missing

    def _answers(
        self, message: OutboxMessage, email: EmailDocument, language: str
    ) -> Mapping[str, str]:
        def url(question: str, answer: str) -> str:
            return self._links.answer_url(message, question, answer, language)

        return answers_of(email, url)


def rendered_for(
    email: EmailDocument,
    language: str,
    *,
    reader: EmailReader,
    company: SettingsDocument,
    unsubscribe_url: str,
    also: Mapping[str, str],
    partials: Callable[[str], EmailDocument | None],
    link: Link = lambda address, _place: address,
    is_answer: bool = False,
) -> Rendered:
    """Return an email for somebody, in one language.

    also: further values, by their variables; is_answer: it answers a form, so there is nothing to
    unsubscribe from. Raise TemplateError; NoValueError.
    """
    facts = email_facts(
        email, language, reader=reader, company=company, unsubscribe_url=unsubscribe_url
    )
    why = why_answered(language, company) if is_answer else why_of(reader, language, company)
    letterhead = letterhead_of(facts, language, company=company, why=why)
    if is_answer:
        letterhead = replace(letterhead, unsubscribe_url="")
    return render(
        email, {**facts, **also}, language, letterhead=letterhead, partials=partials, link=link
    )


def with_stand_ins(
    rendered: Callable[[Mapping[str, str]], Rendered], stand_in: Callable[[str], str]
) -> tuple[list[str], Rendered]:
    """Return the values that an email cannot do without and that are empty, and the email with
    something in their place.

    rendered: returns the email with some values filled in; stand_in: returns what stands in for a
    variable. Raise TemplateError.
    """
    missing: list[str] = []
    while True:
        try:
            return missing, rendered({name: stand_in(name) for name in missing})
        except NoValueError as error:
            name = str(error)
            if name in missing:
                raise
            missing.append(name)


def one_click_headers(url: str) -> Mapping[str, str]:
    """Return the headers by which an email program unsubscribes (RFC 8058)."""
    return {
        "List-Unsubscribe": f"<{url}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }


def languages_for(
    email: EmailDocument, reader: EmailReader, company: SettingsDocument
) -> Iterator[str]:
    """Yield the languages in which somebody may get an email, the best first: those of the reader,
    the company's, the email's own.
    """
    wanted = (*reader.languages, company.language, email.language)
    yield from dict.fromkeys(own for one in wanted if (own := email.speaks(one)))


def answers_of(email: EmailDocument, url: Callable[[str, str], str]) -> dict[str, str]:
    """Return the links of an email's questions by their variables. url: of a question's answer."""
    return {
        f"answers.{question}.{answer}": url(question, answer)
        for question, one in email.questions.items()
        for answer in one.answers
    }


def in_language_of(url: str, language: str) -> str:
    """Return the address of a page of ours, which then speaks the language of the email."""
    spoken = base_of(language)
    if spoken not in spoken_languages():
        return url
    return f"{url}{'&' if '?' in url else '?'}{LANGUAGE_PARAMETER}={spoken}"
