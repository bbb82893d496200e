"""Where a form may be posted from, and where its sender may be sent on to."""

from urllib.parse import SplitResult, urlsplit

from chalicelib.capture.form_document import FormDocument
from chalicelib.capture.posted import Posted
from chalicelib.capture.submission import Submission
from chalicelib.inputs.repairs import Repair, Warned, warn

WEB = ("http", "https")
PORTS = {"http": 80, "https": 443}


def is_web_address(text: str) -> bool:
    """Return whether a browser can be sent to an address, by a header (RFC 9110, section 5.5)."""
    return _split(text) is not None


def web_origin(text: str) -> tuple[str, str, int] | None:
    """Return scheme, host and port of a web address; None for what is none."""
    parts = _split(text)
    if parts is None:
        return None
    return parts.scheme, (parts.hostname or "").rstrip("."), parts.port or PORTS[parts.scheme]


def is_allowed_origin(form: FormDocument, origin: str | None) -> bool:
    """Return whether a page of this origin may post a form. None: the sender is not a browser."""
    if origin is None or not form.allowed_origins:
        return True
    sent = web_origin(origin)
    return sent is not None and sent in map(web_origin, form.allowed_origins)


def redirect_of(
    form: FormDocument | None, submission: Submission, posted: Posted
) -> tuple[str | None, list[Warned]]:
    """Return where a browser goes on, and what there is to say of the page that was asked for.

    Only what the form's owner allows is followed: whoever posts a form must not be able to send
    its reader anywhere.
    """
    own = form.thank_you_url if form else None
    asked = submission.redirect
    if not asked:
        return own, []
    if form is not None and any(_is_within(asked, page) for page in form.allowed_redirects):
        return asked, []
    return own, [warn(posted.path_of("redirect"), Repair.IGNORED)]


def _is_within(asked: str, page: str) -> bool:
    """Return whether an address is a page or one below it."""
    one = _split(asked)
    above = _split(page)
    if one is None or above is None or web_origin(asked) != web_origin(page):
        return False
    if "/." in one.path.lower().replace("%2e", ".") or "\\" in asked:
        return False  # a browser would walk up from there
    path = above.path.rstrip("/")
    return one.path == path or one.path.startswith(f"{path}/") or not path


def _split(text: str) -> SplitResult | None:
    try:
        parts = urlsplit(text)
        is_port = parts.port != 0
    except ValueError:
        return None
    is_header = text.isascii() and text.isprintable() and " " not in text and "\\" not in text
    is_web = parts.scheme in WEB and bool(parts.hostname) and "@" not in parts.netloc
    return parts if is_header and is_web and is_port else None
