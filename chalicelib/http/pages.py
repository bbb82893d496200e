"""The few pages that Baton itself shows. Plain, self-contained, and with nothing in them that a
lead typed.
"""

from collections.abc import Sequence
from html import escape
from http import HTTPStatus

from chalice.app import Response

from chalicelib.errors import FieldError

HTML: dict[str, str | list[str]] = {
    "Content-Type": "text/html; charset=utf-8",
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<meta name="robots" content="noindex"><title>{title}</title><style>
body{{margin:0;font:17px/1.6 system-ui,-apple-system,"Segoe UI",sans-serif;color:#1c2330;background:#f4f5f7}}
main{{max-width:32rem;margin:12vh auto 0;padding:2rem 1.5rem;background:#fff;border-radius:12px}}
h1{{margin:0 0 .5rem;font-size:1.5rem;line-height:1.25}}button{{font:inherit;padding:.6rem 1.2rem;border:0;
border-radius:8px;background:#1d4ed8;color:#fff;cursor:pointer}}button:focus-visible{{outline:3px solid #93b4ff}}
</style></head><body><main><h1>{title}</h1>{body}</main></body></html>"""


def page(title: str, body: str, status: HTTPStatus = HTTPStatus.OK) -> Response:
    """A page. body: html that we wrote ourselves."""
    return Response(
        body=PAGE.format(title=escape(title), body=body), status_code=status.value, headers=HTML
    )


def thank_you() -> Response:
    """Where a form without a page of its own leads."""
    return page("Thank you", "<p>We have received your message.</p>")


def unsubscribe() -> Response:
    """Asks before it acts: mail scanners open every link, so only a person's press of the button
    unsubscribes.
    """
    return page(
        "Stop these emails?",
        '<p>You will get no more emails from us.</p><form method="post"><button>Stop the'
        " emails</button></form>",
    )


def not_valid() -> Response:
    """What a person gets for a link that we did not sign."""
    body = "<p>Part of it may be missing. Open it from the email once more.</p>"
    return page("This link is not valid", body, HTTPStatus.NOT_FOUND)


def unsubscribed() -> Response:
    """Says that it is done."""
    return page("Done", "<p>You will get no more emails from us.</p>")


def form_errors(errors: Sequence[FieldError], status: HTTPStatus) -> Response:
    """What a browser's form post gets when it is refused: each field with its remedy."""
    lines = "".join(
        f"<li><strong>{escape(error.field)}</strong>: {escape(error.message)}</li>"
        for error in errors
    )
    return page(
        "Please check the form",
        f"<ul>{lines}</ul><p>Go back, correct it and send it again.</p>",
        status,
    )
