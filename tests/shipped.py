"""The emails that ship, as a reader of the demo's company gets them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from html.parser import HTMLParser
from typing import Any

from chalicelib.company import SettingsDocument, read_company
from chalicelib.document import parse_document
from chalicelib.nurture.email_document import EmailDocument
from chalicelib.nurture.emails import answers_of
from chalicelib.nurture.facts import email_facts, letterhead_of, why_of
from chalicelib.nurture.phrases import phrases
from chalicelib.nurture.reader import Asked, EmailReader
from chalicelib.nurture.rendering import Rendered, render
from infra import defaults

SITE = "https://keybook.example"
API = "https://api.keybook.example"
UNSUBSCRIBE = f"{API}/u/token"
LOGO = f"{SITE}/logo.png"
LANGUAGES = ("en", "de")
ASSET = {"en": "The access review handbook", "de": "Handbuch Zugriffsprüfung"}
ANN = EmailReader(
    today=date(2026, 11, 28),
    asked=Asked("Access review handbook", date(2026, 11, 12)),
    spoke_on=date(2026, 8, 1),
)
STRANGER = EmailReader(today=date(2026, 11, 28))
"""Somebody of whom nothing is known."""


@cache
def company(**keys: Any) -> SettingsDocument:
    """Return the demo's settings, with a logo."""
    settings = defaults.demo_documents(SITE)["settings", "ACTIVE"]
    return read_company({**settings, "privacy_url": f"{SITE}/privacy", "logo_url": LOGO, **keys})


@cache
def emails() -> Mapping[str, EmailDocument]:
    """Return the emails that ship by their ids, those for marketing and for answers."""
    return {
        one_id: parse_document(EmailDocument, document)
        for (kind, one_id), document in defaults.documents_in(defaults.DEFAULTS).items()
        if kind == "email"
    }


def each() -> Iterator[tuple[str, str]]:
    """Yield each email in each of its languages."""
    for email_id in emails():
        for language in LANGUAGES:
            yield email_id, language


@cache
def rendered(
    email_id: str, language: str, reader: EmailReader = ANN, *, is_confirmed: bool = False
) -> Rendered:
    """Return an email as somebody gets it.

    is_confirmed: of an answer, whether nothing is left to confirm.
    """
    email = emails()[email_id]
    is_answer = email.kind == "answer"
    facts = email_facts(
        email,
        language,
        reader=reader,
        company=company(),
        unsubscribe_url="" if is_answer else UNSUBSCRIBE,
    )
    facts |= answers_of(email, lambda question, answer: f"{API}/a/{question}/{answer}")
    if is_answer:
        facts |= {"asset.title": ASSET[language], "asset.url": f"{SITE}/handbook.pdf"}
        facts |= {"confirm_url": "" if is_confirmed else f"{API}/confirm/token"}
    why = (
        phrases(language)["why.named"].format(company=facts["company_name"])
        if is_answer
        else why_of(reader, language, company())
    )
    letterhead = letterhead_of(facts, language, company=company(), why=why)
    return render(email, facts, language, letterhead=letterhead)


@dataclass
class Seen:
    """What somebody sees of html: its texts and its links, those of the words and of the frame."""

    texts: list[str]
    links: list[str]


def seen_in(html: str) -> Seen:
    """Return what can be seen of an email's html."""
    reader = _Seeing()
    reader.feed(html)
    return reader.seen


class _Seeing(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.seen = Seen([], [])
        self._hidden = 0
        self._open: list[bool] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag in ("br", "hr", "img", "meta", "link"):
            return
        is_hidden = tag in ("style", "title", "head") or "display:none" in given.get("style", "")
        self._open.append(is_hidden)
        self._hidden += is_hidden
        if tag == "a" and not self._hidden:
            self.seen.links.append(given["href"])

    def handle_endtag(self, tag: str) -> None:
        if tag not in ("br", "hr", "img", "meta", "link"):
            self._hidden -= self._open.pop()

    def handle_data(self, data: str) -> None:
        if not self._hidden and (words := " ".join(data.split())):
            self.seen.texts.append(words)
