"""An email as somebody would get it, before anybody does: to be looked at, or sent as a test.

Neither touches a lead. What is empty stands in brackets, since a gap would not be seen (ADR 0058).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from chalicelib.company import SettingsDocument
from chalicelib.delivery.messages import Email, SendResult, Sent
from chalicelib.delivery.references import TEST_REFERENCE
from chalicelib.delivery.templates import TemplateError
from chalicelib.document import read_document
from chalicelib.errors import (
    FieldError,
    InputError,
    RefusedDocumentError,
    StateError,
)
from chalicelib.nurture.email_document import ANSWER_KIND, PARTIAL, EmailDocument, base_of
from chalicelib.nurture.email_warnings import email_warnings
from chalicelib.nurture.emails import (
    answers_of,
    languages_for,
    one_click_headers,
    rendered_for,
    with_stand_ins,
)
from chalicelib.nurture.facts import signer_of
from chalicelib.nurture.phrases import phrases
from chalicelib.nurture.reader import EmailReader
from chalicelib.nurture.rendering import Partials, Rendered


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailPreview:
    """An email as somebody would get it."""

    version: int
    """Of the stored email."""
    rendered: Rendered
    sender_name: str | None
    """Who signs; None: whoever the deployment's sender names."""
    reply_to: str | None
    missing: list[str]
    """The values that it cannot do without and that are empty: it would not be sent."""
    warnings: list[FieldError]


class EmailPreviews:
    """Shows emails, and sends them as tests.

    email: returns a stored email as it is now, with its version, and raises NotFoundError; partial:
    a piece that emails include, or None; reader: what is known of a lead by its id, None: of
    nobody; raises NotFoundError; dead_link: an address of ours that leads nowhere; reply_to: where
    answers go when the email does not say it; send: hands an email to its service.
    """

    def __init__(
        self,
        *,
        email: Callable[[str], tuple[Mapping[str, Any], int]],
        partial: Partials,
        reader: Callable[[str | None], EmailReader],
        company: Callable[[], SettingsDocument],
        dead_link: Callable[[], str],
        send: Callable[[Email], SendResult],
    ) -> None:
        self._email = email
        self._partial = partial
        self._reader = reader
        self._company = company
        self._dead_link = dead_link
        self._send = send

    def preview(
        self, email_id: str, lead_id: str | None = None, language: str | None = None
    ) -> EmailPreview:
        """Return an email for a lead, or for somebody of whom nothing is known.

        language: one that the email has, None: that which the reader would get. Raise
        NotFoundError, InputError for another language, RefusedDocumentError for an email that
        cannot be rendered any more.
        """
        stored, version = self._email(email_id)
        email = read_document(EmailDocument, stored)
        if email.kind == PARTIAL:
            raise StateError("it is a partial: preview an email that includes it")
        company = self._company()
        reader = self._reader(lead_id)
        languages = [*languages_for(email, reader, company)]
        if language is not None:
            languages = [one for one in (email.speaks(language),) if one]
            if not languages:
                own = ", ".join([email.language, *email.languages])
                raise InputError(FieldError("language", f"must be one of {own}"))
        try:
            missing, rendered = min(
                (self._rendered(email, one, reader, company) for one in languages),
                key=lambda found: len(found[0]),  # the first of those that lack least
            )
        except TemplateError as error:
            raise RefusedDocumentError(str(error)) from None
        signs = signer_of(email, base_of(rendered.language), reader=reader, company=company)
        return EmailPreview(
            version=version,
            rendered=rendered,
            sender_name=signs.get("name"),
            reply_to=email.sender.reply_to or signs.get("email"),
            missing=missing,
            warnings=[*email_warnings(email, company, self._partial)],
        )

    def send_test(
        self, email_id: str, to: str, lead_id: str | None = None, language: str | None = None
    ) -> EmailPreview:
        """Send an email to an address, marked as a test, and return what was sent.

        It stands in no outbox: nothing counts it, and what becomes of it changes no lead. Raise as
        `preview` does, and StateError when the service did not take it.
        """
        found = self.preview(email_id, lead_id, language)
        said = found.rendered
        email = Email(
            to=to,
            subject=f"[{phrases(said.language)['test']}] {said.subject}",
            text=said.text,
            html=said.html,
            from_name=found.sender_name,
            reply_to=found.reply_to,
            reference=TEST_REFERENCE,
            headers=one_click_headers(self._dead_link()),
        )
        result = self._send(email)
        if not isinstance(result, Sent):
            reason = getattr(result, "reason", "unclear")
            raise StateError(f"the test was not sent: {reason}; see docs/runbook.md")
        return found

    def _rendered(
        self, email: EmailDocument, language: str, reader: EmailReader, company: SettingsDocument
    ) -> tuple[list[str], Rendered]:
        def render(stand_ins: Mapping[str, str]) -> Rendered:
            link = self._dead_link()
            return rendered_for(
                email,
                language,
                reader=reader,
                company=company,
                unsubscribe_url=link,
                also={**answers_of(email, lambda *_: link), **stand_ins},
                partials=self._partial,
                is_answer=email.kind == ANSWER_KIND,
            )

        return with_stand_ins(render, lambda name: f"[{name}]")
