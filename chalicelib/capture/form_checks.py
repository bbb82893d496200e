"""What is wrong with a form, besides its format."""

from collections.abc import Iterator
from urllib.parse import urlsplit

from chalicelib.capture.forms import FormDocument
from chalicelib.capture.submission import field_name
from chalicelib.errors import FieldError
from chalicelib.inputs import web_address

WEB = ("http", "https")


def form_mistakes(form: FormDocument) -> Iterator[FieldError]:
    """Yield what would refuse every submission of a form, or lead its senders nowhere."""
    for position, name in enumerate(form.required):
        try:
            field_name(name)
        except ValueError as error:
            yield FieldError(f"required.{position}", str(error))
    if form.thank_you_url is not None and not _is_web_address(form.thank_you_url):
        yield FieldError("thank_you_url", "must be a web address that begins with https://")


def _is_web_address(text: str) -> bool:
    try:
        parts = urlsplit(web_address(text))
    except ValueError:
        return False
    return parts.scheme in WEB and bool(parts.netloc) and text == text.strip()
