"""The few pages that Baton itself shows: plain, self-contained, without scripts.

The one that repeats what a lead typed escapes it.
"""

import re
from collections.abc import Sequence
from html import escape
from http import HTTPStatus

from chalice.app import Response

from chalicelib.errors import ConflictError, FieldError
from chalicelib.telemetry import log

PLAIN_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
HTML_HEADERS: dict[str, str | list[str]] = {
    "Content-Type": "text/html; charset=utf-8",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none';"
        " frame-ancestors 'none'"
    ),
}
PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta name="format-detection" content="telephone=no,address=no,email=no">
<meta name="robots" content="noindex"><title>{title}</title><style>
body{{margin:0;padding:0 1rem;font:17px/1.6 system-ui,-apple-system,"Segoe UI",sans-serif;
color:#1c2330;background:#f4f5f7}}
main{{max-width:32rem;margin:12vh auto 0;padding:2rem 1.5rem;background:#fff;border-radius:12px;
overflow-wrap:anywhere}}
h1{{margin:0 0 .5rem;font-size:1.5rem;line-height:1.25}}
button{{font:inherit;padding:.6rem 1.2rem;border:0;border-radius:8px;
background:#1d4ed8;color:#fff;cursor:pointer}}
button:focus-visible{{outline:3px solid #93b4ff}}
</style></head><body><main><h1>{title}</h1>{body}</main></body></html>"""


def render_page(title: str, body: str, status: HTTPStatus = HTTPStatus.OK) -> Response:
    """Return a page. body: HTML of our own, in which whatever a lead typed is escaped."""
    html = PAGE.format(title=escape(title), body=body)
    return Response(body=html, status_code=status.value, headers=HTML_HEADERS)


def show_thanks() -> Response:
    """Return the page after a form that has no thank-you page of its own."""
    return render_page("Thank you", "<p>We have received your message.</p>")


def show_unsubscribe() -> Response:
    """Return the page that asks first.

    Mail scanners open every link, so nothing but a press of its button unsubscribes.
    """
    question = "<p>Press the button, and you will receive no more emails from us.</p>"
    button = '<form method="post"><button>Unsubscribe</button></form>'
    return render_page("Unsubscribe?", question + button)


def show_unsubscribed() -> Response:
    """Return the page that confirms an unsubscribe."""
    body = "<p>You will receive no more emails from us.</p>"
    return render_page("You are unsubscribed", body)


def show_invalid_link() -> Response:
    """Return the page for a link that we did not sign."""
    body = "<p>Part of it may be missing. Please open it from the email again.</p>"
    return render_page("This link is not valid", body, HTTPStatus.NOT_FOUND)


def show_busy(error: ConflictError) -> Response:
    """Return the page for what a person's browser sent while the table is busy."""
    log("refused", view="page", error=type(error).__name__)
    body = "<p>We are very busy just now, and could not take it. Please go back and try again.</p>"
    page = render_page("Please try again in a minute", body, HTTPStatus.SERVICE_UNAVAILABLE)
    page.headers = {**page.headers, "Retry-After": "1"}
    return page


def show_form_errors(errors: Sequence[FieldError], status: HTTPStatus) -> Response:
    """Return the page for a browser's form post that was refused: each field with its remedy."""
    lines = "".join(
        f"<li><strong>{escape(_name_of(error.field))}</strong>: {escape(error.message)}</li>"
        for error in errors
    )
    body = f"<ul>{lines}</ul><p>Please go back, correct the form and send it again.</p>"
    return render_page("Please check the form", body, status)


def _name_of(field: str) -> str:
    """Return how the page names a field. Any other page can have a browser post a form, so a name
    that is a sentence would stand here as if we said it.
    """
    return field if PLAIN_NAME.fullmatch(field) else "A field of the form"
