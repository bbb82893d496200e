"""What the author of an email probably did not mean: it is stored all the same (ADR 0058)."""

from collections.abc import Iterator
from datetime import date

from chalicelib.company import SettingsDocument
from chalicelib.delivery.templates import NoValueError, TemplateError
from chalicelib.errors import FieldError
from chalicelib.limits import EMAIL_HTML_MAX_BYTES
from chalicelib.nurture.email_checks import SAMPLE, URL
from chalicelib.nurture.email_document import PARTIAL, EmailDocument
from chalicelib.nurture.emails import answers_of, languages_for, rendered_for
from chalicelib.nurture.reader import EmailReader
from chalicelib.nurture.rendering import Partials, Rendered

SKIPPED = ("offer.case.", "offer.changes")
"""What a step may lack: it is skipped then, with the reason no_content."""
NOBODY = EmailReader(today=date(2026, 1, 1))


def email_warnings(
    email: EmailDocument, company: SettingsDocument, partials: Partials
) -> Iterator[FieldError]:
    """Yield what is probably not meant."""
    if email.kind == PARTIAL:
        return
    for language, place, words in email.every_words():
        part = "markdown" if words.markdown else "html" if words.html else "text"
        missing, rendered = missing_values(email, language, company, partials)
        if missing:
            names = ", ".join(missing)
            text = f"is not sent while these are empty, unless they have defaults: {names}"
            yield FieldError(f"{place}{part}", text)
        size = len(rendered.html.encode()) if rendered else 0
        if size > EMAIL_HTML_MAX_BYTES:
            text = (
                f"makes {size / 1024:.0f} KB of html; Gmail cuts off what is beyond"
                f" {EMAIL_HTML_MAX_BYTES // 1024} KB, with the unsubscribe link, so shorten it"
            )
            yield FieldError(f"{place}{part}", text)


def empty_slots(email: EmailDocument, company: SettingsDocument, partials: Partials) -> list[str]:
    """Return the words of the settings' offer that an email cannot do without and that are empty:
    none when it is whole in one of its languages. A sequence that sends it cannot be activated.
    """
    found: list[list[str]] = []
    for language in languages_for(email, NOBODY, company):
        missing, _ = missing_values(email, language, company, partials)
        found.append(
            [one for one in missing if one.startswith("offer.") and not one.startswith(SKIPPED)]
        )
    return min(found, key=len, default=[])


def missing_values(
    email: EmailDocument, language: str, company: SettingsDocument, partials: Partials
) -> tuple[list[str], Rendered | None]:
    """Return which values an email in a language cannot do without for somebody of whom nothing is
    known, and the email with words in their place; None for one that cannot be rendered.
    """
    missing: list[str] = []
    while True:
        filled = {name: SAMPLE.get(name, URL) for name in missing}
        try:
            return missing, rendered_for(
                email,
                language,
                reader=NOBODY,
                company=company,
                unsubscribe_url=URL,
                answers={**answers_of(email, lambda *_: URL), **filled},
                partials=partials,
            )
        except NoValueError as error:
            if (name := str(error)) in missing:
                return missing, None
            missing.append(name)
        except TemplateError:
            return missing, None
