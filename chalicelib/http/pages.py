"""The few pages that Baton itself shows, in the company's shell.

Those that repeat what a lead typed escape it.
"""

import re
from collections.abc import Sequence
from html import escape
from http import HTTPStatus
from typing import TYPE_CHECKING, assert_never

from chalice.app import Request, Response

from chalicelib.consent.confirming import Confirmation
from chalicelib.errors import BatonError, FieldError
from chalicelib.http.languages import ENGLISH
from chalicelib.http.shell import Shell, link, shell_for
from chalicelib.telemetry import log

if TYPE_CHECKING:
    from chalicelib.capture.form_document import FormDocument

REQUIRED = "is required"
PLAIN_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")


def show_thanks(request: Request, form: "FormDocument | None" = None) -> Response:
    """Return the page after a form that has no thank-you page of its own.

    form: the registered form, whose title and asset are shown.
    """
    shell = shell_for(request)
    if form and form.title:
        said = shell.say("thanks.form", form=form.title)
    else:
        said = shell.say("thanks.body")
    asset = form.asset if form else None
    if asset is None or not asset.url:
        return shell.page("thanks.title", f"<p>{said}</p>")
    button = link(asset.url, escape(asset.title or asset.id), "button")
    promise = shell.say("thanks.asset")
    return shell.page("thanks.title", f"<p>{said}</p><p>{promise}</p><p>{button}</p>")


def show_confirmation(request: Request, state: Confirmation) -> Response:
    """Return the page about a ticked box.

    Mail scanners open every link, so nothing but a press of its button confirms.
    """
    shell = shell_for(request)
    match state:
        case Confirmation.PENDING:
            question = shell.of_company("confirm.from", "confirm.body")
            button = f'<form method="post"><button>{shell.say("confirm.button")}</button></form>'
            return shell.page("confirm.title", f"<p>{question}</p>{button}")
        case Confirmation.CONFIRMED:
            said = shell.of_company("confirmed.from", "confirmed.body")
            return shell.page("confirmed.title", f"<p>{said}</p>")
        case Confirmation.GONE:
            body = f"<p>{shell.say('expired.body')}</p>"
            return shell.page("expired.title", body, HTTPStatus.GONE)
        case _:
            assert_never(state)


def show_invalid_link(request: Request) -> Response:
    """Return the page for a link that we did not sign."""
    shell = shell_for(request)
    return shell.page("link.title", f"<p>{shell.say('link.body')}</p>", HTTPStatus.NOT_FOUND)


def show_busy(request: Request, error: BatonError) -> Response:
    """Return the page for what a person's browser sent while the table is busy."""
    log("refused", view="page", error=type(error).__name__)
    shell = shell_for(request)
    body = f"<p>{shell.say('busy.body')}</p>"
    page = shell.page("busy.title", body, HTTPStatus.SERVICE_UNAVAILABLE)
    page.headers = {**page.headers, "Retry-After": "1"}
    return page


def show_form_errors(
    request: Request,
    errors: Sequence[FieldError],
    status: HTTPStatus,
    form: "FormDocument | None" = None,
) -> Response:
    """Return the page for a browser's form post that was refused: each field with its remedy.

    form: the registered form, whose own fields have labels.
    """
    shell = shell_for(request)
    if status is HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        return shell.page("errors.title", f"<p>{shell.say('errors.large')}</p>", status)
    if status is HTTPStatus.FORBIDDEN:  # of its Origin: nothing that the visitor could correct
        return shell.page("origin.title", f"<p>{shell.say('origin.body')}</p>", status)
    lines = [
        f"<li><strong>{_name_of(shell, one.field, form)}</strong>: {_remedy(shell, one, form)}</li>"
        for one in errors
    ]
    body = f"<ul>{''.join(lines)}</ul><p>{shell.say('errors.body')}</p>"
    return shell.page("errors.title", body, status)


def _name_of(shell: Shell, field: str, form: "FormDocument | None") -> str:
    """Return how the page names a field. Any other page can have a browser post a form, so a name
    that is a sentence would stand here as if we said it.
    """
    name = form.name_of(field) if form else field
    own = form.fields.get(name) if form else None
    if own and own.label:
        return escape(own.label)
    if shell.knows(f"label.{name}"):
        return shell.say(f"label.{name}")
    return field if PLAIN_NAME.fullmatch(field) else shell.say("errors.field")


def _remedy(shell: Shell, error: FieldError, form: "FormDocument | None") -> str:
    """Return the remedy in the page's language. Those of the two fields that can be at fault are
    in every language, others only in that of our messages.
    """
    if error.message == REQUIRED:
        return shell.say("errors.required")
    if (form.name_of(error.field) if form else error.field) == "email":
        return shell.say("errors.email")
    return escape(error.message) if shell.language == ENGLISH else shell.say("errors.other")
