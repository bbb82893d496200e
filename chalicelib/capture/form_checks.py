"""What is wrong with a form, besides its format."""

from collections.abc import Iterator
from urllib.parse import urlsplit

from chalicelib.capture.forms import FormDocument
from chalicelib.capture.submission import field_name
from chalicelib.errors import FieldError
from chalicelib.inputs.urls import web_address

WEB = ("http", "https")


def form_mistakes(form: FormDocument) -> Iterator[FieldError]:
    """Yield what would refuse every submission of a form, or lead its senders nowhere."""
    for position, name in enumerate(form.required):
        try:
            field_name(name)
        except ValueError as error:
            yield FieldError(f"required.{position}", str(error))
    if form.thank_you_url is not None and not _is_web_address(form.thank_you_url):
        words = "must be a web address that begins with https://, in ASCII and without blanks"
        yield FieldError("thank_you_url", words)


def _is_web_address(text: str) -> bool:
    """Return whether a browser can be sent to an address, by a header (RFC 9110, section 5.5)."""
    try:
        parts = urlsplit(web_address(text))
        is_port = parts.port != 0
    except ValueError:
        return False
    is_header = text.isascii() and not any(map(str.isspace, text))
    return parts.scheme in WEB and bool(parts.hostname) and is_port and is_header
