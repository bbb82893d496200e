"""What stands around the words of every email: the layout, who signs, and the footer (ADR 0058)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from markupsafe import escape

from chalicelib.company.colours import ink_on, readable
from chalicelib.delivery.templates import render_html, render_text
from chalicelib.nurture.phrases import phrases

LAYOUT_FOLDER = Path(__file__).parent
WHOLE_DOCUMENT = re.compile(r"<html\b", re.IGNORECASE)
END_OF_BODY = re.compile(r"</body\s{0,9}>", re.IGNORECASE)
SHOWN_ADDRESS = re.compile(r"https?://[^\s<>\"']*[^\s<>\"'.,;:!?)\]]")
SHOWN_MAX_CHARS = 40
"""Of an address that is shown as such: a longer one would be wider than a phone."""
LINK_BLUE = "#1d4ed8"
CARD = "#ffffff"


@dataclass(frozen=True, slots=True, kw_only=True)
class Letterhead:
    """What stands around the words of an email. What is empty is left out."""

    company: str = ""
    colour: str | None = None
    logo_url: str = ""
    website: str = ""
    privacy_url: str = ""
    postal_address: str = ""
    legal_notice: str = ""
    sender_name: str = ""
    sender_role: str = ""
    sender_phone: str = ""
    why: str = ""
    """Why the reader gets it, in a sentence."""
    unsubscribe_url: str = ""
    """Empty in an answer: it is one email, and advertises nothing."""


def framed_html(shown: Mapping[str, str], language: str, letterhead: Letterhead) -> str:
    """Return the html of an email: its body in the layout, or an author's whole document with what
    every email must have at its end. shown: subject, preheader, body.
    """
    body = shown["body"]
    values = _frame(language, letterhead, has_way_out=names(body, letterhead.unsubscribe_url))
    footer = render_html(_template("footer.html"), values)
    if WHOLE_DOCUMENT.search(body):
        return at_end_of(body, footer)
    return render_html(_template("layout.html"), {**values, **shown, "footer": footer})


def at_end_of(html: str, also: str) -> str:
    """Return html with something at its end, within the body where there is one."""
    at = max((end.start() for end in END_OF_BODY.finditer(html)), default=len(html))
    return f"{html[:at]}{also}{html[at:]}"


def framed_text(body: str, language: str, letterhead: Letterhead) -> str:
    """Return the text of an email: its body, who signs, and what every email must have."""
    has_way_out = names(body, letterhead.unsubscribe_url)
    values = _frame(language, letterhead, has_way_out=has_way_out)
    return f"{body.rstrip()}\n{render_text(_template('footer.txt'), values).rstrip()}\n"


def html_of_text(text: str, colour: str | None = None) -> str:
    """Return a text as html: its paragraphs and lines, its addresses as links."""
    style = f"color:{theme_of(colour)['link']}"
    paragraphs = [part.strip("\n") for part in re.split(r"\n[ \t]*\n", text) if part.strip()]
    return "\n".join(
        f'<p style="margin:0 0 16px">{_linked(part, style)}</p>' for part in paragraphs
    )


def _linked(text: str, style: str) -> str:
    """Return lines with their addresses as links, everything else escaped."""
    said: list[str] = []
    at = 0
    for found in SHOWN_ADDRESS.finditer(text):
        said.append(str(escape(text[at : found.start()])))
        address = found[0]
        said.append(
            f'<a class="link" href="{escape(address)}" style="{style}">'
            f"{escape(_shown(address))}</a>"
        )
        at = found.end()
    said.append(str(escape(text[at:])))
    return "<br>\n".join("".join(said).splitlines())


def _shown(address: str) -> str:
    """Return an address as it is read: without its scheme, and no longer than a phone is wide."""
    shown = address.partition("://")[2].rstrip("/")
    return shown if len(shown) <= SHOWN_MAX_CHARS else f"{shown.partition('/')[0]}/…"


def names(body: str, url: str) -> bool:
    """Return whether a body has an address, in html or in text."""
    return bool(url) and (url in body or str(escape(url)) in body)


def _frame(language: str, letterhead: Letterhead, *, has_way_out: bool) -> dict[str, object]:
    said = phrases(language)
    links = []
    if letterhead.privacy_url:
        links.append({"words": said["privacy"], "url": letterhead.privacy_url})
    if letterhead.unsubscribe_url and not has_way_out:
        links.append({"words": said["unsubscribe"], "url": letterhead.unsubscribe_url})
    return {
        "language": language,
        "company": letterhead.company,
        "logo_url": letterhead.logo_url,
        "website": letterhead.website,
        "postal_address": letterhead.postal_address,
        "legal_notice": letterhead.legal_notice,
        "why": letterhead.why,
        "links": links,
        "theme": theme_of(letterhead.colour),
        "sender": {
            "name": letterhead.sender_name,
            "role": letterhead.sender_role,
            "phone": letterhead.sender_phone,
            "dialled": re.sub(r"[^+\d]", "", letterhead.sender_phone),
        },
    }


@cache
def theme_of(colour: str | None) -> Mapping[str, str]:
    """Return the colours of buttons and links, which can be read whatever a company's colour is."""
    button = colour or LINK_BLUE
    return {"button": button, "ink": ink_on(button), "link": readable(button, CARD, LINK_BLUE)}


@cache
def _template(name: str) -> str:
    return (LAYOUT_FOLDER / name).read_text("utf-8")
