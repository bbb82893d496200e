"""What the page of a handoff answers: who looks sees it, and who presses answers (ADR 0069).

A form that comes back at once is asked for once more: some mail scanners press the buttons that
they find.
"""

from datetime import timedelta
from typing import TYPE_CHECKING

from chalice.app import Request, Response

from chalicelib.errors import ConflictError, LongReplayError, NotFoundError
from chalicelib.handoff.answering import PageState
from chalicelib.http import verdict_pages
from chalicelib.http.pages import show_busy, show_invalid_link
from chalicelib.http.verdict_form import (
    draft_in,
    how_in_draft,
    read_rejection,
    verdict_in_draft,
)
from chalicelib.http.way_out import pairs_of
from chalicelib.lifecycle.verdicts import SalesVerdict
from chalicelib.limits import VERDICT_MIN_SECONDS
from chalicelib.wiring.world import world

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from chalicelib.handoff.answering import HandoffLink

VERDICT_MIN = timedelta(seconds=VERDICT_MIN_SECONDS)
ASKED_AGAIN = "again"  # what a page that asks for the second time says instead of a time


def view_handoff(request: Request, token: str) -> Response:
    """Show the lead of a handoff, and the choices. Change nothing."""
    try:
        pages = world().handoff_pages
        link = pages.link(token)
        look = pages.answering.look(link)
        pages.note_shown(link)
        return verdict_pages.show(request, look, shown=sign_shown(link))
    except NotFoundError:
        return show_invalid_link(request)


def take_answer(request: Request, token: str) -> Response:
    """Take a verdict. Whoever comes second sees the first one."""
    try:
        return _answered(request, world().handoff_pages.link(token))
    except NotFoundError:
        return show_invalid_link(request)
    except (ConflictError, LongReplayError) as error:
        return show_busy(request, error)


def _answered(request: Request, link: "HandoffLink") -> Response:
    answering = world().handoff_pages.answering
    sent = pairs_of(request)
    draft = draft_in(sent)
    verdict = verdict_in_draft(draft)
    look = answering.look(link)
    shown = sign_shown(link)
    is_undo = verdict is SalesVerdict.UNDO
    can_be_given = look.can_undo if is_undo else look.state is PageState.WAITS
    if verdict is None or not can_be_given:
        return verdict_pages.show(request, look, shown=shown, is_undo=is_undo)
    rejection = None
    if verdict is SalesVerdict.REJECT:
        found = read_rejection(draft, verdict_pages.today_of(look))
        if isinstance(found, dict):
            return verdict_pages.show(request, look, shown=shown, draft=draft, errors=found)
        rejection = found
    if _is_too_quick(link, sent):
        again = sign_shown(link, ASKED_AGAIN)
        return verdict_pages.ask_again(request, look, verdict, draft, shown=again)
    if rejection is not None:
        look = answering.reject(link, rejection)
    else:
        look = answering.undo(link) if is_undo else answering.accept(link, how_in_draft(draft))
    return verdict_pages.show(request, look, shown=shown, is_undo=is_undo)


def sign_shown(link: "HandoffLink", what: str = "") -> str:
    """Return what a form of the page brings back: when it was shown, or that it asks again. It is
    of no use with another link.
    """
    from chalicelib.delivery.links import HANDOFF_SHOWN
    from chalicelib.events import epoch_ms

    said = what or str(epoch_ms(world().ports.now()))
    return world().links.sign(HANDOFF_SHOWN, f"{said} {link.about}")


def _is_too_quick(link: "HandoffLink", sent: "Mapping[str, Sequence[str]]") -> bool:
    """Return whether an answer comes sooner than anybody has read its page.

    A program of somebody's own may send one without the page's form. Then it is too quick only
    right after this container has shown the page. ADR 0069
    """
    from chalicelib.delivery.links import HANDOFF_SHOWN
    from chalicelib.events import from_epoch_ms

    now = world().ports.now()
    if "shown" not in sent:
        shown_at = world().handoff_pages.shown_at(link)
        return shown_at is not None and now - shown_at < VERDICT_MIN
    try:
        said = world().links.read(HANDOFF_SHOWN, sent["shown"][-1])
    except NotFoundError:
        return True
    when, _, whose = said.partition(" ")
    if whose != link.about:
        return True
    return when != ASKED_AGAIN and now - from_epoch_ms(int(when)) < VERDICT_MIN
