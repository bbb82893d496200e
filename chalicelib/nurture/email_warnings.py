"""What the author of an email probably did not mean: it is stored all the same (ADR 0058)."""

from collections.abc import Iterator, Mapping
from datetime import date

from chalicelib.company import SettingsDocument
from chalicelib.delivery.templates import TemplateError
from chalicelib.errors import FieldError
from chalicelib.limits import EMAIL_HTML_MAX_BYTES
from chalicelib.nurture.email_checks import SAMPLE, URL
from chalicelib.nurture.email_document import PARTIAL, EmailDocument
from chalicelib.nurture.emails import answers_of, rendered_for, with_stand_ins
from chalicelib.nurture.reader import EmailReader
from chalicelib.nurture.rendering import Partials, Rendered

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


def missing_values(
    email: EmailDocument, language: str, company: SettingsDocument, partials: Partials
) -> tuple[list[str], Rendered | None]:
    """Return which values an email in a language cannot do without for somebody of whom nothing is
    known, and the email with words in their place; None for one that cannot be rendered.
    """

    def rendered(stand_ins: Mapping[str, str]) -> Rendered:
        return rendered_for(
            email,
            language,
            reader=NOBODY,
            company=company,
            unsubscribe_url=URL,
            also={**answers_of(email, lambda *_: URL), **stand_ins},
            partials=partials,
        )

    try:
        return with_stand_ins(rendered, lambda name: SAMPLE.get(name, URL))
    except TemplateError:
        return [], None
