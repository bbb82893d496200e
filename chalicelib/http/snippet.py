"""The HTML of a registered form, to be pasted on any page.

It works without a script: the browser checks what is required, and posts the form. The script of
the page adds a summary of what is missing; t.js adds how the visitor came (ADR 0043).
"""

import json
from collections.abc import Iterator, Mapping
from functools import cache
from html import escape
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING

from chalicelib.company.colours import ink_on
from chalicelib.form_kinds import REQUEST, kind_by_name
from chalicelib.http.languages import say, words_of
from chalicelib.http.shell import BLUE, link

if TYPE_CHECKING:
    from chalicelib.capture.form_document import FormDocument
    from chalicelib.company import SettingsDocument

MESSAGE_FIELD = "message"
TRAP = "baton_message"
"""The field that no person sees, of a form that names none."""
#: Filled in by t.js. Click ids are in the page's address, too; here for pages that post by script.
FILLED_BY_SCRIPT = (
    "_page_url",
    "_referrer",
    "utm_source",
    "utm_medium",
    "utm_campaign",
    "utm_term",
    "utm_content",
    "gclid",
    "gbraid",
    "wbraid",
    "fbclid",
    "msclkid",
    "li_fat_id",
    "ttclid",
)
#: A known field -> the type of its input, and the token by which browsers fill it in (HTML, 4.10).
INPUTS: Mapping[str, tuple[str, str]] = {
    "email": ("email", "email"),
    "name": ("text", "name"),
    "first_name": ("text", "given-name"),
    "last_name": ("text", "family-name"),
    "company": ("text", "organization"),
    "job_title": ("text", "organization-title"),
    "phone": ("tel", "tel"),
    "country": ("text", "country-name"),
}
OWN_TYPES: Mapping[str, str] = {"date": "date", "yes_no": "checkbox"}
TOKEN_SCRIPT = """
  fetch('$api/v1/forms/$form_id/token').then(function (answer) { return answer.json(); })
    .then(function (answer) { form.elements._token.value = answer.token; });"""


class Snippet:
    """Writes the HTML of one form."""

    def __init__(
        self,
        form: "FormDocument",
        company: "SettingsDocument",
        *,
        language: str,
        api_url: str,
        write_key: str,
    ) -> None:
        self._form = form
        self._company = company
        self._language = language
        self._api_url = escape(api_url)
        self._write_key = escape(write_key)
        self._id = f"baton-{form.id}"

    def html(self) -> str:
        """Return the form, with its styles and scripts."""
        form = self._form
        colour = self._company.colour or BLUE
        title = escape(form.title)
        return _template().substitute(
            heading=self._say("snippet.heading", form=form.id),
            api=self._api_url,
            key=f' data-baton-key="{self._write_key}"' if self._write_key else "",
            brand_colour=colour,
            brand_ink=ink_on(colour),
            id=self._id,
            form_id=form.id,
            language=self._language,
            labelled=f' aria-labelledby="{self._id}-title"' if title else "",
            title=f'<h2 id="{self._id}-title">{title}</h2>\n' if title else "",
            note=self._say("snippet.required"),
            fields="\n".join(self._fields()),
            trap=escape(form.honeypot or TRAP),
            trap_label=self._say("snippet.trap"),
            hidden="\n".join(self._hidden()),
            consent=self._consent(),
            send=self._say("snippet.send"),
            errors=_in_script(words_of(self._language)["errors.title"]),
            token=self._token(),
        )

    def notes(self) -> list[str]:
        """Return what whoever pastes it should know."""
        notes = ["snippet.note.consent_tool", "snippet.note.wordpress", "snippet.note.webflow"]
        if not self._form.consent_text:
            notes.append("snippet.note.no_consent_text")
        if any(field.type in ("choice", "choices") for field in self._form.fields.values()):
            notes.append("snippet.note.choices")
        if self._form.verify in ("turnstile", "hcaptcha"):
            notes.append("snippet.note.challenge")
        return [words_of(self._language)[note] for note in notes]

    def _say(self, key: str, **values: str) -> str:
        return say(self._language, key, **values)

    def _fields(self) -> Iterator[str]:
        """Yield each field: the address first, then what is required, and what was written last."""
        form = self._form
        required = {form.name_of(sent): sent for sent in form.required}
        names = dict.fromkeys(["email", *required, *form.fields])
        if (form.kind or kind_by_name(form.id)) == REQUEST:
            names[MESSAGE_FIELD] = None
        text = [MESSAGE_FIELD] if MESSAGE_FIELD in names else []
        for name in [*(one for one in names if one != MESSAGE_FIELD), *text]:
            sent = required.get(name, name)
            yield self._field(name, sent, is_required=name in required or name == "email")

    def _field(self, name: str, sent: str, *, is_required: bool) -> str:
        place = f"{self._id}-{escape(name)}"
        attributes = f'id="{place}" name="{escape(sent)}"' + (" required" if is_required else "")
        label = f'<label for="{place}">{self._label(name)}'
        label += ' <span aria-hidden="true">*</span></label>' if is_required else "</label>"
        if name == MESSAGE_FIELD:
            return f'<p>{label}\n<textarea {attributes} rows="5"></textarea></p>'
        own = self._form.fields.get(name)
        kind, token = INPUTS.get(name, ("text", ""))
        kind = OWN_TYPES.get(own.type, kind) if own else kind
        if kind == "checkbox":
            return (
                f'<p class="baton-box"><input type="checkbox" {attributes} value="yes">{label}</p>'
            )
        if token:
            attributes += f' autocomplete="{token}"'
        return f'<p>{label}\n<input type="{kind}" {attributes}></p>'

    def _label(self, name: str) -> str:
        own = self._form.fields.get(name)
        if own and own.label:
            return escape(own.label)
        known = words_of(self._language).get(f"label.{name}")
        return escape(known or name.replace("_", " ").capitalize())

    def _hidden(self) -> Iterator[str]:
        names = [*FILLED_BY_SCRIPT, "_token"] if self._form.verify == "token" else FILLED_BY_SCRIPT
        for name in names:
            yield f'<input type="hidden" name="{name}">'

    def _consent(self) -> str:
        """Return the box, not ticked, beside the sentence that is kept as proof."""
        if not self._form.consent_text:
            return ""
        place = f"{self._id}-consent"
        sentence = escape(self._form.consent_text)
        if self._company.privacy_url:
            sentence += f" {link(self._company.privacy_url, self._say('privacy'))}"
        return (
            f'<p class="baton-box"><input type="checkbox" id="{place}" name="_consent" value="yes">'
            f'<label for="{place}">{sentence}</label></p>\n'
        )

    def _token(self) -> str:
        if self._form.verify != "token":
            return ""
        return Template(TOKEN_SCRIPT).substitute(api=self._api_url, form_id=self._form.id)


def _in_script(text: str) -> str:
    """Return a text as JavaScript writes it, so that it cannot end the script around it."""
    return json.dumps(text).replace("<", "\\u003c")


@cache
def _template() -> Template:
    return Template(Path(__file__).with_name("snippet.html").read_text(encoding="utf-8"))
