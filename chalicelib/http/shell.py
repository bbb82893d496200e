"""The shell of every page that Baton shows: the company's name, colour and logo, and a way back.

Self-contained and without scripts: the logo is the only thing that a page loads (ADR 0043).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from html import escape
from http import HTTPStatus
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING

from chalice.app import Request, Response

from chalicelib.company.colours import ink_on, readable
from chalicelib.errors import BatonError
from chalicelib.http.exchange import query_of
from chalicelib.http.languages import language_for, languages, say, words_of
from chalicelib.telemetry import log
from chalicelib.wiring.world import world

if TYPE_CHECKING:
    from chalicelib.capture.form_document import FormDocument
    from chalicelib.company import SettingsDocument

BLUE = "#1d4ed8"  # of a company that has named no colour
LIGHT = "#ffffff"  # the card's ground, and the text on it
LIGHT_TEXT = "#1c2330"
DARK = "#1d222b"
DARK_TEXT = "#e8eaef"
LANGUAGE = "lang"  # the query parameter by which a form's page says its language


@dataclass(frozen=True, slots=True, kw_only=True)
class Shell:
    """For whom a page speaks, and in which language."""

    company: "SettingsDocument"
    language: str

    def say(self, key: str, **values: str) -> str:
        """Return a text of ours as HTML, with escaped values in its braces."""
        return say(self.language, key, **values)

    def knows(self, key: str) -> bool:
        """Return whether there is a text of ours under a key."""
        return key in words_of(self.language)

    def of_company(self, named: str, unnamed: str) -> str:
        """Return the text that names the company; the other one for a company without a name."""
        name = self.company.company_name
        return self.say(named, company=name) if name else self.say(unnamed)

    def page(
        self,
        title: str,
        body: str,
        status: HTTPStatus = HTTPStatus.OK,
        *,
        style: str = "",
        **values: str,
    ) -> Response:
        """Return a page.

        title: the key of its title, and values for the braces in it. body: HTML of our own, in
        which whatever a lead typed is escaped. style: CSS that this page adds.
        """
        name = escape(self.company.company_name or "")
        said = self.say(title, **values)
        html = _template().substitute(
            language=self.language,
            head=f"{said} – {name}" if name else said,
            title=said,
            style=style,
            logo=' class="logo"' if self.company.logo_url else "",
            brand=self._brand(name),
            body=body,
            ways=self._ways(),
            **_colours(self.company.colour or BLUE),
        )
        return Response(body=html, status_code=status.value, headers=self._headers())

    def _brand(self, name: str) -> str:
        logo = self.company.logo_url
        if not logo:
            return name
        return f'<img src="{escape(logo)}" alt="{name}" height="40">'

    def _ways(self) -> str:
        """Return the way back to the company's website, and the one to its privacy page."""
        back = self.of_company("back", "back.plain")
        ways = [(self.company.website, back), (self.company.privacy_url, self.say("privacy"))]
        links = " ".join(link(url, words) for url, words in ways if url)
        return f"<nav>{links}</nav>" if links else ""

    def _headers(self) -> dict[str, str | list[str]]:
        logo = f" img-src {self.company.logo_url};" if self.company.logo_url else ""
        policy = (
            f"default-src 'none'; style-src 'unsafe-inline';{logo} form-action 'self';"
            " base-uri 'none'; frame-ancestors 'none'"
        )
        return {
            "Content-Type": "text/html; charset=utf-8",
            "Content-Security-Policy": policy,
            "Content-Language": self.language,
        }


def shell_for(request: Request, *, of_email: bool = False) -> Shell:
    """Return the shell for who sends a request.

    of_email: the page goes on in the language of the email that its link stood in. It is shown
    without a brand when the settings cannot be read: what it has to say matters more, also while
    the table is busy.
    """
    try:
        company = world().company()
    except BatonError as error:
        from chalicelib.company import SettingsDocument

        log("unbranded", error=type(error).__name__)
        company = SettingsDocument()
    accepted = str(request.headers.get("accept-language", ""))
    hint = query_of(request).get(LANGUAGE, "")
    if of_email and hint in languages():
        return Shell(company=company, language=hint)
    return Shell(company=company, language=language_for(accepted, hint, company.language))


def form_shown(form_id: str) -> "FormDocument | None":
    """Return the registered form that a page is about. Without it the page is shown all the same,
    also while the table is busy.
    """
    try:
        return world().forms.form(form_id)
    except BatonError as error:
        log("unbranded", error=type(error).__name__)
        return None


def link(url: str, words: str, look: str = "") -> str:
    """Return a link as HTML. words: HTML of our own; look: its class."""
    styled = f' class="{look}"' if look else ""
    return f'<a href="{escape(url)}"{styled}>{words}</a>'


@cache
def _template() -> Template:
    return Template(Path(__file__).with_name("shell.html").read_text(encoding="utf-8"))


def _colours(brand: str) -> Mapping[str, str]:
    return {
        "brand_colour": brand,
        "brand_ink": ink_on(brand),
        "link_light": readable(brand, LIGHT, LIGHT_TEXT),
        "link_dark": readable(brand, DARK, DARK_TEXT),
        "light": LIGHT,
        "light_text": LIGHT_TEXT,
        "dark": DARK,
        "dark_text": DARK_TEXT,
    }
