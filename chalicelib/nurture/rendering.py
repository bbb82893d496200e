"""What an email says to one person: subject, text and html, in one language (ADR 0058).

The words are the author's; the layout around them has the company's name and colours, who signs,
why the reader gets it, the address and the way out. Nobody can leave those out.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from markupsafe import escape

from chalicelib.delivery.templates import TemplateError, render_html, render_text, variables_of
from chalicelib.nurture.email_document import EmailDocument, EmailWords, said_in
from chalicelib.nurture.framing import (
    SHOWN_ADDRESS,
    Letterhead,
    at_end_of,
    framed_html,
    framed_text,
    html_of_text,
    names,
    theme_of,
)
from chalicelib.nurture.from_markdown import html_of_markdown
from chalicelib.nurture.plain_text import text_of_html
from chalicelib.nurture.values import values_of, without_traces

INCLUDE = re.compile(r"""\{%-?\s*include\s+["']([a-z0-9_-]{1,64})["']\s*-?%\}""")
HREF = re.compile(r"""(<a\b[^<>]*?\shref\s*=\s*)(["'])(https?://[^"']+)\2""", re.IGNORECASE)

Partials = Callable[[str], EmailDocument | None]
"""Returns the partial of an id, or None."""
Link = Callable[[str, int], str]
"""Returns what a reader follows instead of an address; its place among those of the email."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """An email as its reader gets it."""

    subject: str
    text: str
    html: str
    language: str


@dataclass(frozen=True, slots=True)
class Also:
    """What an email says as well, at its end, unless it has the address already."""

    url: str
    html: str
    text: str


@dataclass(frozen=True, slots=True)
class Sources:
    """The templates of an email's words, with their partials in place; html and text may be None,
    and are made from the other one then.
    """

    subject: str
    preheader: str
    html: str | None
    text: str | None
    variables: Sequence[str] = field(default=())


class MissingPartialError(TemplateError):
    """An email includes a piece that is not there, or has no words for the part."""


def render(
    email: EmailDocument,
    facts: Mapping[str, str],
    language: str,
    *,
    letterhead: Letterhead,
    partials: Partials = lambda _id: None,
    link: Link = lambda address, _place: address,
    also: Also | None = None,
) -> Rendered:
    """Return an email in one of its languages.

    facts: what is known, by the variables' names (values.VARIABLES). Raise TemplateError;
    NoValueError for a value that the email cannot do without.
    """
    sources = sources_of(email.words_in(language), language, partials)
    defaults = {
        name: said_in(text, language, email.language) for name, text in email.defaults.items()
    }
    theme = {f"theme.{name}": one for name, one in theme_of(letterhead.colour).items()}
    values = values_of(sources.variables, {**facts, **theme}, defaults)
    links = _Links(link, {letterhead.unsubscribe_url, letterhead.privacy_url, *_kept(facts)})

    def said(template: str, *, html: bool = False) -> str:
        return without_traces((render_html if html else render_text)(template, values))

    text = said(sources.text) if sources.text is not None else None
    body = (
        said(sources.html, html=True)
        if sources.html is not None
        else html_of_text(text or "", letterhead.colour)
    )
    if also is not None and not names(body, also.url):
        body = at_end_of(body, also.html)
    if also is not None and text is not None and also.url not in text:
        text = f"{text.rstrip()}\n\n{also.text.strip()}\n"
    body = links.in_html(body)
    subject = " ".join(said(sources.subject).split())
    shown = {
        "subject": subject,
        "preheader": " ".join(said(sources.preheader).split()),
        "body": body,
    }
    spoken = text_of_html(body) if text is None else links.in_text(text)
    return Rendered(
        subject=subject,
        text=framed_text(spoken, language, letterhead),
        html=framed_html(shown, language, letterhead),
        language=language,
    )


def sources_of(words: EmailWords, language: str, partials: Partials) -> Sources:
    """Return the templates of an email's words. Raise MissingPartialError, TemplateError."""
    html = html_of_markdown(words.markdown) if words.markdown else words.html
    whole = INCLUDE.sub(lambda found: _piece_of_html(found[1], language, partials), html)
    text = INCLUDE.sub(lambda found: _piece_of_text(found[1], language, partials), words.text)
    every = (words.subject, words.preheader, whole, text)
    return Sources(
        words.subject,
        words.preheader,
        whole or None,
        text or None,
        sorted({name for source in every for name in variables_of(source)}),
    )


class _Links:
    """Replaces the addresses of an email, each by its place; the ways out stay as they are."""

    def __init__(self, link: Link, kept: set[str]) -> None:
        self._link = link
        self._kept = kept
        self._places: dict[str, int] = {}

    def in_html(self, html: str) -> str:
        """Return html whose links are replaced."""
        return HREF.sub(
            lambda found: f"{found[1]}{found[2]}{self._replaced(_unescaped(found[3]))}{found[2]}",
            html,
        )

    def in_text(self, text: str) -> str:
        """Return a text whose addresses are replaced, as in the html."""
        return SHOWN_ADDRESS.sub(lambda found: self._instead_of(found[0]), text)

    def _replaced(self, address: str) -> str:
        return str(escape(self._instead_of(address)))

    def _instead_of(self, address: str) -> str:
        if address in self._kept:
            return address
        return self._link(address, self._places.setdefault(address, len(self._places)))


def _unescaped(address: str) -> str:
    return address.replace("&amp;", "&").replace("&#38;", "&")


def _kept(facts: Mapping[str, str]) -> set[str]:
    """Return the addresses that are the reader's own already."""
    own = {facts.get(name, "") for name in ("unsubscribe_url", "confirm_url")}
    return own | {value for name, value in facts.items() if name.startswith("answers.")}


def _piece_of_html(partial_id: str, language: str, partials: Partials) -> str:
    words = _piece(partial_id, language, partials)
    if words.markdown:
        return html_of_markdown(words.markdown)
    if words.html:
        return words.html
    raise MissingPartialError(f"the partial {partial_id} has neither markdown nor html; add one")


def _piece_of_text(partial_id: str, language: str, partials: Partials) -> str:
    words = _piece(partial_id, language, partials)
    if words.text or words.markdown:
        return words.text or words.markdown
    raise MissingPartialError(f"the partial {partial_id} has neither text nor markdown; add one")


def _piece(partial_id: str, language: str, partials: Partials) -> EmailWords:
    partial = partials(partial_id)
    if partial is None:
        raise MissingPartialError(
            f"there is no partial {partial_id}; put an email with this id and the kind partial"
        )
    return partial.words_in(partial.speaks(language) or partial.language)
