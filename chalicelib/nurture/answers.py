"""FormAnswers to forms: what was asked for, and the question whether a ticked box was the owner's.

Transactional: they carry nothing that the sender typed, greet by no name, and advertise nothing
(ADR 0045).
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from chalicelib.company import SettingsDocument
from chalicelib.delivery.messages import Email, Skip
from chalicelib.delivery.outbox import MessageState, OutboxMessage
from chalicelib.delivery.reasons import NotSentReason
from chalicelib.delivery.templates import TemplateError, render_html, render_text
from chalicelib.document import read_document
from chalicelib.events import CONSENT_PENDING, Event
from chalicelib.nurture.answering import asset_of
from chalicelib.nurture.emails import EmailDocument

NURTURE_FOLDER = Path(__file__).parent
BY_DEFAULT = "en"
GERMAN = "de"
SPEAKS_GERMAN = frozenset({"DE", "AT", "CH", "LI"})
#: RFC 3834: no mail program answers it by itself.
HEADERS = {"Auto-Submitted": "auto-replied", "X-Auto-Response-Suppress": "All"}
END_OF_BODY = "</body>"


@dataclass(frozen=True, slots=True)
class Content:
    """What an answer has to say, in the words of its language; None for a part that it lacks."""

    language: str
    asset: Mapping[str, str] | None
    confirm: Mapping[str, str] | None


class FormAnswers:
    """Composes the answers to forms.

    form, email: return stored documents by their ids, or None; event: returns the event of a form;
    confirm_url: the link that confirms a ticked box, of a message and the form's event.
    """

    def __init__(
        self,
        *,
        form: Callable[[str], Mapping[str, Any] | None],
        email: Callable[[str], Mapping[str, Any] | None],
        event: Callable[[str, str], Event | None],
        company: Callable[[], SettingsDocument],
        confirm_url: Callable[[OutboxMessage, Event], str],
        unsubscribe_url: Callable[[str], str],
    ) -> None:
        self._form = form
        self._email = email
        self._event = event
        self._company = company
        self._confirm_url = confirm_url
        self._unsubscribe_url = unsubscribe_url

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
        content = self._content(message, event, company)
        stored = self._email(message.email) if message.email else None
        try:
            if stored is not None:
                email = read_document(EmailDocument, stored)
                return self._custom(message, email, content, company)
            if content.asset is None and content.confirm is None:
                return Skip(MessageState.REFUSED, NotSentReason.NO_EMAIL)
            return _built_in(message, content, company)
        except TemplateError:
            return Skip(MessageState.REFUSED, NotSentReason.NOT_RENDERED)

    def _content(self, message: OutboxMessage, event: Event, company: SettingsDocument) -> Content:
        form = self._form(event.name) or {}
        language = answer_language(event, company.language)
        words = email_words(language)
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
        email: EmailDocument,
        content: Content,
        company: SettingsDocument,
    ) -> Email:
        """Return the company's own answer, with the confirmation's button if it has none."""
        asset = content.asset or {}
        confirm = content.confirm or {}
        values = {
            "company_name": company.company_name or "",
            "first_name": "",
            "unsubscribe_url": self._unsubscribe_url(message.lead_id),
            "asset_title": asset.get("title", ""),
            "asset_url": asset.get("url", ""),
            "confirm_url": confirm.get("url", ""),
        }
        text = render_text(email.text, values)
        html = render_html(email.html, values)
        url = confirm.get("url", "")
        # The consent must not be lost because the email's author did not think of it.
        if url and url not in text:
            text = f"{text.rstrip()}\n\n{_question('txt', content, is_alone=False)}\n"
        if url and html and url not in html:
            head, end, tail = html.rpartition(END_OF_BODY)
            block = _question("html", content, is_alone=False)
            html = f"{head}{block}{end}{tail}" if end else f"{html}{block}"
        subject = render_text(email.subject, values)
        return _email(message, subject, text, html)


def _built_in(message: OutboxMessage, content: Content, company: SettingsDocument) -> Email:
    words = email_words(content.language)
    name = company.company_name
    subject = (
        words["subject.asset"].format(title=content.asset["title"])
        if content.asset
        else words["subject.confirm"]
    )
    facts = {
        "language": content.language,
        "subject": subject,
        "asset": content.asset,
        "company": name or "",
        "why": words["why.named"].format(company=name) if name else words["why"],
        "privacy": words["privacy"],
        "privacy_url": company.privacy_url or "",
    }
    is_alone = content.asset is None
    text = render_text(
        _template("answer.txt"), {**facts, "confirm": _question("txt", content, is_alone=is_alone)}
    )
    html = render_html(
        _template("answer.html"),
        {**facts, "confirm": _question("html", content, is_alone=is_alone)},
    )
    return _email(message, subject, text, html)


def _question(part: str, content: Content, *, is_alone: bool) -> str:
    """Return the question whether a ticked box was the owner's, as text or as HTML; nothing where
    there is no such box.

    is_alone: whether the email says nothing else.
    """
    if content.confirm is None:
        return ""
    render = render_html if part == "html" else render_text
    return render(_template(f"confirm.{part}"), {**content.confirm, "is_alone": is_alone}).strip()


def _email(message: OutboxMessage, subject: str, text: str, html: str) -> Email:
    return Email(
        to=message.to or "",
        subject=" ".join(subject.split()),
        text=text,
        html=html or None,
        reference=message.id,
        headers=HEADERS,
    )


def answer_language(event: Event, otherwise: str) -> str:
    """Return the language in which to answer a form, of those that we speak: that of its page, else
    that of the country, else the company's.
    """
    spoken = spoken_languages()
    parts = urlsplit(str(event.properties.get("url", "")))
    asked = [
        str(event.properties.get("language", "")),
        *parse_qs(parts.query).get("lang", []),
        *parts.path.strip("/").split("/")[:1],
    ]
    for one in asked:
        if (code := one.lower().partition("-")[0]) in spoken:
            return code
    if str(event.fields.get("country", "")).upper() in SPEAKS_GERMAN:
        return GERMAN
    return otherwise if otherwise in spoken else BY_DEFAULT


@cache
def spoken_languages() -> frozenset[str]:
    """Return the languages that we speak: each has a file of words."""
    return frozenset(path.stem for path in (NURTURE_FOLDER / "words").glob("*.json"))


@cache
def email_words(language: str) -> Mapping[str, str]:
    """Return the words of a language that we speak."""
    found: Mapping[str, str] = json.loads(
        (NURTURE_FOLDER / "words" / f"{language}.json").read_text("utf-8")
    )
    return found


@cache
def _template(name: str) -> str:
    return (NURTURE_FOLDER / name).read_text("utf-8")
