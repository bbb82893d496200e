"""What is wrong with an email, or with the settings that emails name, besides the format."""

from collections.abc import Iterator, Mapping
from typing import Any

from chalicelib.company import SettingsDocument
from chalicelib.delivery.templates import (
    BOUNDED_FILTERS,
    TemplateError,
    TemplateSyntaxError,
    excesses_of,
    render_strictly,
    variables_of,
)
from chalicelib.errors import FieldError
from chalicelib.nurture.emails import EmailDocument

StoredDocuments = Mapping[str, Mapping[str, Any]]  # by their ids

COMPANY = "company_name"
FIRST_NAME = "first_name"
WAY_OUT = "unsubscribe_url"
OF_ANSWERS = ("asset_title", "asset_url", "confirm_url")
"""What is known in an answer to a form alone, and even there not always."""
VARIABLES = (COMPANY, FIRST_NAME, WAY_OUT, *OF_ANSWERS)
"""What a template may name."""
PARTS = ("subject", "text", "html")
NOT_ALLOWED = (
    "is not allowed; an email has text, variables, if, and the filters"
    f" {', '.join(sorted(BOUNDED_FILTERS))}"
)
URL = "https://api.example/u/token"
#: A template must do for every name, and for a person whose name is not known.
NAMES = ("Ann", "J", "Zoë-Marie O'Neil", "")


def email_mistakes(email: EmailDocument, company: str) -> Iterator[FieldError]:
    """Yield why an email could not be sent to everybody.

    company: what the settings name it, empty when they do not.
    """
    for part in PARTS:
        template = str(getattr(email, part))
        if template:
            yield from _template_mistakes(part, template, company)


def _template_mistakes(part: str, template: str, company: str) -> Iterator[FieldError]:
    try:
        variables = variables_of(template)
        excesses = sorted(set(excesses_of(template)))
    except TemplateSyntaxError as error:
        yield FieldError(part, f"line {error.lineno}: {error.message}")
        return
    except TemplateError as error:
        yield FieldError(part, f"is not a template: {error}")
        return
    mistakes = [FieldError(part, f"line {line}: {what} {NOT_ALLOWED}") for line, what in excesses]
    mistakes = mistakes or list(_variable_mistakes(part, variables, company))
    yield from mistakes or _rendering_mistakes(part, template)


def _variable_mistakes(
    part: str, variables: Mapping[str, int], company: str
) -> Iterator[FieldError]:
    for name, line in variables.items():
        if name not in VARIABLES:
            words = f"there is no variable {name}; the variables are {', '.join(VARIABLES)}"
            yield FieldError(part, f"line {line}: {words}")
    if COMPANY in variables and not company:
        words = f"the settings do not name the company; put {COMPANY} there first"
        yield FieldError(part, f"line {variables[COMPANY]}: {words}")
    if part != "subject" and WAY_OUT not in variables:
        yield FieldError(part, f"has no way out; add {{{{ {WAY_OUT} }}}}")


def _rendering_mistakes(part: str, template: str) -> Iterator[FieldError]:
    """Yield why a template fails, or lacks what it needs, for a name or without one."""
    for name in NAMES:
        values = {COMPANY: "Acme", FIRST_NAME: name, WAY_OUT: URL, **dict.fromkeys(OF_ANSWERS, "")}
        person = f"a person with the first name {name}" if name else "a person without a first name"
        try:
            text = render_strictly(template, values)
        except TemplateError as error:
            yield FieldError(part, f"fails for {person}: {error}")
            return
        if not text.strip():
            yield FieldError(part, f"is empty for {person}; add some text")
            return
        if part != "subject" and URL not in text:
            words = f"has no way out for {person}; add {{{{ {WAY_OUT} }}}} outside any condition"
            yield FieldError(part, words)
            return


def forms_answering(email_id: str, forms: StoredDocuments) -> Iterator[str]:
    """Yield each form that is answered with an email, in words."""
    for form_id, stored in forms.items():
        if stored.get("acknowledge") == email_id:
            yield f"the form {form_id}"


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
    for part in PARTS:
        try:
            if COMPANY in variables_of(str(stored.get(part, ""))):
                return True
        except TemplateError:
            continue
    return False
