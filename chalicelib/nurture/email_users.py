"""What names an email, and what an email names."""

from collections.abc import Iterator, Mapping
from typing import Any

from chalicelib.company import SettingsDocument
from chalicelib.delivery.templates import TemplateError, variables_of
from chalicelib.document import read_document
from chalicelib.errors import DocumentError, FieldError
from chalicelib.nurture.email_checks import BODIES, StoredDocuments
from chalicelib.nurture.email_document import PARTS, EmailDocument
from chalicelib.nurture.rendering import INCLUDE
from chalicelib.nurture.values import COMPANY


def forms_answering(email_id: str, forms: StoredDocuments) -> Iterator[str]:
    """Yield each form that is answered with an email, in words."""
    for form_id, stored in forms.items():
        if stored.get("acknowledge") == email_id:
            yield f"the form {form_id}"


def emails_including(partial_id: str, emails: StoredDocuments) -> Iterator[str]:
    """Yield each email that includes a partial, in words."""
    for email_id, stored in emails.items():
        try:
            email = read_document(EmailDocument, stored)
        except DocumentError:
            continue
        if any(
            found[1] == partial_id
            for _, _, words in email.every_words()
            for body in BODIES
            for found in INCLUDE.finditer(str(getattr(words, body)))
        ):
            yield f"the email {email_id}"


def answer_warnings(email_id: str | None, emails: StoredDocuments) -> Iterator[FieldError]:
    """Yield that a form is to be answered with an email that does not exist."""
    if email_id is not None and email_id not in emails:
        words = f"there is no email {email_id} yet; until then the built-in answer goes out"
        yield FieldError("acknowledge", words)


def settings_mistakes(settings: SettingsDocument, emails: StoredDocuments) -> Iterator[FieldError]:
    """Yield why the settings lack what emails name."""
    if settings.company_name is not None:
        return
    naming = [email_id for email_id, stored in emails.items() if _names_company(stored)]
    if naming:
        yield FieldError(COMPANY, f"is needed by {', '.join(f'the email {one}' for one in naming)}")


def _names_company(stored: Mapping[str, Any]) -> bool:
    """Return whether an email names the company. One that cannot be read names nothing."""
    try:
        email = read_document(EmailDocument, stored)
        return any(
            COMPANY in variables_of(INCLUDE.sub("", str(getattr(words, part))))
            for _, _, words in email.every_words()
            for part in PARTS
        )
    except (DocumentError, TemplateError):
        return False
