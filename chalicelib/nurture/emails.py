"""Letters: what a step says, rendered for one lead."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any

from pydantic import Field

from chalicelib.delivery.messages import Mail, Skip
from chalicelib.delivery.outbox import Intent, Reason, State
from chalicelib.delivery.templates import TemplateError, plain_name, render_html, render_text
from chalicelib.document import Document, parse_document
from chalicelib.events import Value


class LetterDocument(Document):
    """A letter: Jinja2 in subject, text and html."""

    id: Annotated[str, Field(pattern=r"^[a-z0-9_-]{1,64}$")]
    language: Annotated[str, Field(pattern=r"^[a-z]{2}(-[A-Z]{2})?$")]
    subject: Annotated[str, Field(min_length=1, max_length=200)]
    text: Annotated[str, Field(min_length=1, max_length=50_000)]
    html: Annotated[str, Field(max_length=100_000)] = ""


class Letters:
    """Composes the mail of a letter's intent.

    letter: the stored letter of an id; profile: a lead's fields; unsubscribe_url: the lead's own link.
    """

    def __init__(
        self,
        letter: Callable[[str], Mapping[str, Any] | None],
        profile: Callable[[str], Mapping[str, Value]],
        unsubscribe_url: Callable[[str], str],
    ) -> None:
        self._letter, self._profile, self._unsubscribe_url = letter, profile, unsubscribe_url

    def compose(self, intent: Intent) -> Mail | Skip:
        """The letter's mail, or why there is none. Its unsubscribe link is in the body and in the headers of
        RFC 8058 (one https address and the one-click mark)."""
        stored = self._letter(intent.letter or "")
        if stored is None:
            return Skip(State.REFUSED, Reason.NO_LETTER)
        if intent.to is None:
            return Skip(State.REFUSED, Reason.NO_ADDRESS)
        letter = parse_document(LetterDocument, stored)
        url = self._unsubscribe_url(intent.lead_id)
        values = {
            "first_name": plain_name(str(self._profile(intent.lead_id).get("first_name", ""))),
            "unsubscribe_url": url,
        }
        try:
            return Mail(
                to=intent.to,
                subject=" ".join(render_text(letter.subject, values).split()),
                text=render_text(letter.text, values),
                html=render_html(letter.html, values) or None,
                reference=intent.id,
                headers={
                    "List-Unsubscribe": f"<{url}>",
                    "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
                },
            )
        except TemplateError:
            return Skip(State.REFUSED, Reason.NOT_RENDERED)
