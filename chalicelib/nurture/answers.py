"""FormAnswers to forms: what was asked for, and the question whether a ticked box was the owner's.

Transactional: they carry nothing that the sender typed, greet by no name, and advertise nothing
(ADR 0045).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from chalicelib.company import SettingsDocument
from chalicelib.company.offer import in_language
from chalicelib.delivery.messages import Email, Skip
from chalicelib.delivery.outbox import (
    MessageState,
    OutboxMessage,
)
from chalicelib.delivery.reasons import (
    NotSentReason,
)
from chalicelib.delivery.templates import NoValueError, TemplateError, render_html, render_text
from chalicelib.document import read_document
from chalicelib.events import CONSENT_PENDING, Event
from chalicelib.nurture.answering import asset_of
from chalicelib.nurture.email_document import PARTIAL, EmailDocument, base_of
from chalicelib.nurture.emails import StoredEmail, languages_for
from chalicelib.nurture.facts import email_facts, letterhead_of, signer_of, why_answered
from chalicelib.nurture.framing import Letterhead, framed_html, framed_text, theme_of
from chalicelib.nurture.phrases import BY_DEFAULT, phrases, spoken_languages
from chalicelib.nurture.plain_text import text_of_html
from chalicelib.nurture.reader import (
    EmailReader,
    browser_language,
    country_languages,
    page_languages,
)
from chalicelib.nurture.rendering import Also, Partials, Rendered, render

NURTURE_FOLDER = Path(__file__).parent
#: RFC 3834: no mail program answers it by itself.
HEADERS = {"Auto-Submitted": "auto-replied", "X-Auto-Response-Suppress": "All"}


@dataclass(frozen=True, slots=True)
class Content:
    """What an answer has to say, in the words of its language; None for a part that it lacks."""

    language: str
    asset: Mapping[str, str] | None
    confirm: Mapping[str, str] | None


class FormAnswers:
    """Composes the answers to forms.

    form: returns a stored form by its id, or None; email: a stored email with its version; partial:
    a piece that emails include; event: the event of a form; reader: what is known of a lead that
    sent a form; confirm_url: the link that confirms a ticked box, of a message and the form's
    event; reply_to: where the answers of a message go, None: to the sender's own address.
    """

    def __init__(
        self,
        *,
        form: Callable[[str], Mapping[str, Any] | None],
        email: Callable[[str], StoredEmail | None],
        partial: Partials,
        event: Callable[[str, str], Event | None],
        reader: Callable[[str, Event], EmailReader],
        company: Callable[[], SettingsDocument],
        confirm_url: Callable[[OutboxMessage, Event], str],
        unsubscribe_url: Callable[[OutboxMessage], str],
        reply_to: Callable[[OutboxMessage], str | None] = lambda _message: None,
    ) -> None:
        self._form = form
        self._email = email
        self._partial = partial
        self._event = event
        self._reader = reader
        self._company = company
        self._confirm_url = confirm_url
        self._unsubscribe_url = unsubscribe_url
        self._reply_to = reply_to

    def compose(self, message: OutboxMessage) -> Email | Skip:
        """Return the answer to a form, or the reason why there is none.

        Raise DocumentError for a stored document that breaks the format.
        """
        if message.to is None:
            return Skip(MessageState.REFUSED, NotSentReason.NO_ADDRESS)
        event = self._event(*message.cause) if message.cause else None
        if event is None:
            return Skip(MessageState.CANCELLED, NotSentReason.TAKEN_BACK)
        company = self._company()
        content = self._content(message, event, answer_language(event, company.language))
        stored, version = (self._email(message.email) if message.email else None) or (None, None)
        is_built_in = content.asset is not None or content.confirm is not None
        try:
            if stored is not None and stored.get("kind") != PARTIAL:
                try:
                    return self._custom(message, event, stored, version, company)
                except NoValueError:
                    # What was asked for does not wait for a word of ours.
                    if not is_built_in:
                        return Skip(MessageState.CANCELLED, NotSentReason.NO_CONTENT)
            if not is_built_in:
                return Skip(MessageState.REFUSED, NotSentReason.NO_EMAIL)
            return self._email_of(message, _built_in(content, company))
        except TemplateError:
            return Skip(MessageState.REFUSED, NotSentReason.NOT_RENDERED)

    def _content(self, message: OutboxMessage, event: Event, language: str) -> Content:
        form = self._form(event.name) or {}
        words = phrases(language)
        url, title = asset_of(form)
        asset = None
        if url:
            name = title or words["asset.untitled"]
            asset = {
                "url": url,
                "title": name,
                "lead": words["asset.lead"],
                "button": words["asset.button"].format(title=name) if title else name,
            }
        confirm = None
        if event.properties.get(CONSENT_PENDING):
            sentence = str(form.get("consent_text") or "")
            confirm = {
                "url": self._confirm_url(message, event),
                "lead": words["confirm.also" if asset else "confirm.lead"],
                # The form's own sentence: what a sender says stood there is theirs.
                "sentence": words["confirm.sentence"].format(sentence=sentence) if sentence else "",
                "button": words["confirm.button"],
                "otherwise": words["confirm.else"],
            }
        return Content(language, asset, confirm)

    def _custom(
        self,
        message: OutboxMessage,
        event: Event,
        stored: Mapping[str, Any],
        version: int | None,
        company: SettingsDocument,
    ) -> Email:
        """Return the company's own answer, with the confirmation's button if it has none.

        Raise TemplateError; NoValueError when in each of its languages something is missing.
        """
        email = read_document(EmailDocument, stored)
        # It greets by no name: whoever typed the address may not have been its owner.
        reader = replace(self._reader(message.lead_id, event), first_name="")
        missing: NoValueError | None = None
        for language in languages_for(email, reader, company):
            content = self._content(message, event, base_of(language))
            url = self._unsubscribe_url(message)
            facts = email_facts(
                email, language, reader=reader, company=company, unsubscribe_url=url
            )
            facts |= _of_content(content)
            letterhead = letterhead_of(
                facts, language, company=company, why=why_answered(language, company)
            )
            try:
                rendered = render(
                    email,
                    facts,
                    language,
                    letterhead=replace(letterhead, unsubscribe_url=""),
                    partials=self._partial,
                    also=_question(content, company, is_alone=False),
                )
            except NoValueError as error:
                missing = missing or error
                continue
            signs = signer_of(email, base_of(language), reader=reader, company=company)
            return self._email_of(message, rendered, signs, email.sender.reply_to, version)
        assert missing is not None  # an email has at least one language
        raise missing

    def _email_of(
        self,
        message: OutboxMessage,
        rendered: Rendered,
        signs: Mapping[str, str] = MappingProxyType({}),
        reply_to: str | None = None,
        version: int | None = None,
    ) -> Email:
        return Email(
            to=message.to or "",
            subject=rendered.subject,
            text=rendered.text,
            html=rendered.html,
            from_name=signs.get("name"),
            reply_to=self._reply_to(message) or reply_to or signs.get("email"),
            reference=message.id,
            headers=HEADERS,
            version=version,
        )


def _of_content(content: Content) -> dict[str, str]:
    asset = content.asset or {}
    confirm = content.confirm or {}
    title, url = asset.get("title", ""), asset.get("url", "")
    return {
        "asset_title": title,
        "asset_url": url,
        "asset.title": title,
        "asset.url": url,
        "confirm_url": confirm.get("url", ""),
    }


def _built_in(content: Content, company: SettingsDocument) -> Rendered:
    words = phrases(content.language)
    subject = (
        words["subject.asset"].format(title=content.asset["title"])
        if content.asset
        else words["subject.confirm"]
    )
    letterhead = Letterhead(
        company=company.company_name or "",
        colour=company.colour,
        logo_url=company.logo_url or "",
        website=company.website or "",
        privacy_url=company.privacy_url or "",
        postal_address=company.postal_address or "",
        legal_notice=in_language(company.legal_notice, content.language, spoken=company.language),
        why=why_answered(content.language, company),
    )
    question = _question(content, company, is_alone=content.asset is None)
    asset = {"asset": content.asset, "theme": theme_of(company.colour)}
    body = render_html(_template("answer_body.html"), asset) if content.asset else ""
    body += question.html if question else ""
    shown = {"subject": subject, "preheader": "", "body": body}
    return Rendered(
        subject=" ".join(subject.split()),
        text=framed_text(text_of_html(body), content.language, letterhead),
        html=framed_html(shown, content.language, letterhead),
        language=content.language,
    )


def _question(content: Content, company: SettingsDocument, *, is_alone: bool) -> Also | None:
    """Return the question whether a ticked box was the owner's; None where there is no such box.

    The consent must not be lost because the email's author did not think of it. is_alone: whether
    the email says nothing else.
    """
    if content.confirm is None:
        return None
    values = {**content.confirm, "is_alone": is_alone, "theme": theme_of(company.colour)}
    return Also(
        content.confirm["url"],
        html=render_html(_template("confirm.html"), values),
        text=render_text(_template("confirm.txt"), values),
    )


def answer_language(event: Event, otherwise: str) -> str:
    """Return the language in which to answer a form, of those that we speak: that of its page, of
    the browser, else that of the country, else the company's.
    """
    asked = (
        *page_languages(event),
        browser_language(event),
        *country_languages([event.fields.get("country", "")]),
        otherwise,
    )
    return next((code for one in asked if (code := base_of(one)) in spoken_languages()), BY_DEFAULT)


@cache
def _template(name: str) -> str:
    return (NURTURE_FOLDER / name).read_text("utf-8")
