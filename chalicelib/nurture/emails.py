"""Emails: what a step of a sequence says, rendered for one lead."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any

from pydantic import Field

from chalicelib.consent.consent import BasisKind
from chalicelib.delivery.messages import Email, Skip, Waiting
from chalicelib.delivery.outbox import MessageState, OutboxMessage
from chalicelib.delivery.reasons import NotSentReason
from chalicelib.delivery.templates import TemplateError, render_html, render_text
from chalicelib.document import Document, read_document
from chalicelib.events import Rank
from chalicelib.inert import plain_name
from chalicelib.limits import ADDRESS_WAIT_MINUTES
from chalicelib.scoring.profile import Known, Profile, countries_in, shown

ADDRESS_WAIT = timedelta(minutes=ADDRESS_WAIT_MINUTES)


class EmailDocument(Document):
    """An email: subject, text and html are Jinja2 templates."""

    id: Annotated[str, Field(pattern=r"^[a-z0-9_-]{1,64}$")]
    language: Annotated[str, Field(pattern=r"^[a-z]{2}(-[A-Z]{2})?$")] = "en"
    subject: Annotated[str, Field(min_length=1, max_length=200)]
    text: Annotated[str, Field(min_length=1, max_length=50_000)]
    html: Annotated[str, Field(max_length=100_000)] = ""


class Emails:
    """Composes the email that an outbox message asks for."""

    def __init__(
        self,
        *,
        email: Callable[[str], Mapping[str, Any] | None],
        profile: Callable[[str], Profile],
        company_name: Callable[[], str],
        unsubscribe_url: Callable[[str], str],
        rests_on: Callable[[Sequence[str]], frozenset[BasisKind]],
        now: Callable[[], datetime],
    ) -> None:
        self._email = email
        """Id of an email -> the stored email, or None."""
        self._profile = profile
        """Lead id -> what is known about the lead, by field."""
        self._company_name = company_name
        """The company that writes, empty when the settings do not name it."""
        self._unsubscribe_url = unsubscribe_url
        """Lead id -> the lead's own link."""
        self._rests_on = rests_on
        """Countries -> the kinds of basis that a marketing email to somebody there may rest on."""
        self._now = now

    def compose(self, message: OutboxMessage) -> Email | Skip | Waiting:
        """Return the email to send, or the reason why there is none, or none yet.

        The unsubscribe link is in the body, and in the headers that RFC 8058 asks for: one https
        URL and the one-click mark. Raise DocumentError for a stored email that breaks the format.
        """
        stored = self._email(message.email or "")
        if stored is None:
            return Skip(MessageState.REFUSED, NotSentReason.NO_EMAIL)
        profile = self._profile(message.lead_id)
        known = shown(profile)
        address = message.to or (known["email"].value if "email" in known else None)
        if not address:
            # Form against visits: the stream may bring a visitor's page views before the form that
            # made them a lead's, and they may be enough for a transition. The form is on its way.
            if self._now() - message.created_at < ADDRESS_WAIT:
                return Waiting(NotSentReason.NO_ADDRESS)
            return Skip(MessageState.REFUSED, NotSentReason.NO_ADDRESS)
        email = read_document(EmailDocument, stored)
        url = self._unsubscribe_url(message.lead_id)
        values = {
            "company_name": self._company_name(),
            "first_name": _first_name(known.get("first_name")),
            "unsubscribe_url": url,
        }
        try:
            return Email(
                to=str(address),
                subject=" ".join(render_text(email.subject, values).split()),
                text=render_text(email.text, values),
                html=render_html(email.html, values) or None,
                reference=message.id,
                headers={
                    "List-Unsubscribe": f"<{url}>",
                    "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
                },
                rests_on=self._rests_on(countries_in(profile)),
            )
        except TemplateError:
            return Skip(MessageState.REFUSED, NotSentReason.NOT_RENDERED)


def _first_name(known: Known | None) -> str:
    """Return the name that greets, empty until somebody confirmed it from that mailbox: a stranger
    who types an address must not have us send their words to it (ADR 0038).
    """
    if known is None or known.rank is not Rank.CONFIRMED:
        return ""
    return plain_name(str(known.value))
