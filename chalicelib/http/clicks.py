"""The public endpoints that links of emails lead to: tracked links, and answers to questions."""

from dataclasses import replace
from datetime import timedelta
from html import escape
from http import HTTPStatus
from typing import TYPE_CHECKING

from chalice.app import Blueprint, Request, Response

from chalicelib.errors import ConflictError, NotFoundError
from chalicelib.http import pages
from chalicelib.http.exchange import READ, body_of, current_request, is_prefetch
from chalicelib.http.forms import sender_of
from chalicelib.http.languages import language_for
from chalicelib.http.problem import answers_problems
from chalicelib.http.public import ANY_FORM
from chalicelib.http.shell import Shell, shell_for
from chalicelib.limits import ANSWER_MIN_SECONDS
from chalicelib.wiring.world import world

if TYPE_CHECKING:
    from chalicelib.clicks.links import AnswerLink

clicks = Blueprint(__name__)

SHOWN = "shown"  # the hidden field that says when a page was shown
AGAIN = "again"  # and the one of a page that asks for the second time
ANSWER_MIN = timedelta(seconds=ANSWER_MIN_SECONDS)


@clicks.route("/c/{token}", methods=READ)
@answers_problems
def follow_link(token: str) -> Response:
    """Redirect to where a tracked link leads, and note that somebody used it.

    HEAD, and a browser that fetches ahead, note nothing: nobody has clicked.
    """
    request = current_request(clicks)
    try:
        link = world().clicked(token)
    except NotFoundError:
        return pages.show_invalid_link(request)
    url = link.url
    if request.method == "GET" and not is_prefetch(request):
        sender = sender_of(request, wants_page=True)
        url = world().link_use.follow(link, lambda: world().link_user(sender.agent, sender.network))
    return Response(body="", status_code=HTTPStatus.FOUND.value, headers={"Location": url})


@clicks.route("/e/{token}", methods=READ)
@answers_problems
def read_calendar(token: str) -> Response:
    """Return the calendar file of what somebody signed up for."""
    try:
        text = world().calendar(token.removesuffix(".ics"))
    except NotFoundError:
        return pages.show_invalid_link(current_request(clicks))
    headers: dict[str, str | list[str]] = {
        "Content-Type": "text/calendar; charset=utf-8",
        "Content-Disposition": 'attachment; filename="event.ics"',
        "Cache-Control": "no-store",
    }
    return Response(body=text, status_code=HTTPStatus.OK.value, headers=headers)


@clicks.route("/a/{token}", methods=READ)
@answers_problems
def ask_for_answer(token: str) -> Response:
    """Show the answer that a link of an email stands for, and the button that gives it."""
    request = current_request(clicks)
    try:
        return _show_question(request, world().asked(token))
    except NotFoundError:
        return pages.show_invalid_link(request)


@clicks.route("/a/{token}", methods=["POST"], content_types=ANY_FORM)
@answers_problems
def answer(token: str) -> Response:
    """Take an answer, by the page's button. A second time changes nothing.

    A scanner that sends the page's form at once is asked once more: nobody has read it.
    """
    request = current_request(clicks)
    try:
        link = world().asked(token)
        if _is_too_quick(request):
            return _show_question(request, link, is_again=True)
        world().answering.answer(link)
    except NotFoundError:
        return pages.show_invalid_link(request)
    except ConflictError as error:
        return pages.show_busy(request, error)
    return _show_answered(request, link)


def _show_question(request: Request, link: "AnswerLink", *, is_again: bool = False) -> Response:
    from chalicelib.delivery.links import ASKED
    from chalicelib.events import epoch_ms

    words = world().answering.words(link)
    shell = _shell_for(request, link)
    shown = world().links.sign(ASKED, str(epoch_ms(world().ports.now())))
    hidden = f'<input type="hidden" name="{SHOWN}" value="{escape(shown)}">'
    if is_again:
        hidden += f'<input type="hidden" name="{AGAIN}" value="1">'
    button = f'<form method="post">{hidden}<button>{shell.say("answer.button")}</button></form>'
    said = shell.of_company("answer.from", "answer.body")
    body = f"<p>{said}</p><p><strong>{escape(words)}</strong></p>{button}"
    return shell.page("answer.title", body)


def _show_answered(request: Request, link: "AnswerLink") -> Response:
    from chalicelib.clicks.answering import STOP

    shell = _shell_for(request, link)
    body = f"<p>{shell.of_company('answered.from', 'answered.body')}</p>"
    if link.answer == STOP:
        body += f"<p>{shell.of_company('unsubscribed.from', 'unsubscribed.body')}</p>"
    return shell.page("answered.title", body)


def _shell_for(request: Request, link: "AnswerLink") -> Shell:
    """Return the shell of a page in the email's language, if we speak that."""
    shell = shell_for(request)
    return replace(shell, language=language_for(link.language, shell.language))


def _is_too_quick(request: Request) -> bool:
    """Return whether the form of a page comes back sooner than anybody has read it, for the first
    time.
    """
    from urllib.parse import parse_qs

    from chalicelib.delivery.links import ASKED
    from chalicelib.events import from_epoch_ms

    sent = parse_qs(body_of(request).decode(errors="replace"))
    if AGAIN in sent or SHOWN not in sent:
        return False
    try:
        shown_at = from_epoch_ms(int(world().links.read(ASKED, sent[SHOWN][0])))
    except NotFoundError:
        return False
    return world().ports.now() - shown_at < ANSWER_MIN
