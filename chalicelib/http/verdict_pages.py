"""What a handoff's page looks like: the lead with two choices, the reasons, and what was answered.

It is read on a phone: who it is, what they want, how to call and the choices are on the first
screen.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, tzinfo
from html import escape
from http import HTTPStatus
from typing import TYPE_CHECKING

from chalice.app import Request, Response

from chalicelib.days import day_of, local_time, zone_of
from chalicelib.handoff.answering import HandoffLook, PageState
from chalicelib.handoff.facts import VerdictLink
from chalicelib.http.shell import Shell, link, shell_for
from chalicelib.http.verdict_form import NO_DRAFT, VerdictDraft
from chalicelib.http.verdict_parts import PAGE_STYLE, hidden, reason_form, send_button
from chalicelib.leads.acts import ContactHow
from chalicelib.lifecycle.stages import Stage
from chalicelib.lifecycle.verdicts import SalesVerdict
from chalicelib.wiring.world import world

if TYPE_CHECKING:
    from chalicelib.handoff.routing import Person
    from chalicelib.handoff.verdict_card import HandoffCard
    from chalicelib.handoff.verdicts import GivenVerdict


def show(
    request: Request,
    look: HandoffLook,
    *,
    shown: str,
    draft: VerdictDraft = NO_DRAFT,
    errors: Mapping[str, str] | None = None,
    is_undo: bool = False,
) -> Response:
    """Return the page of a handoff as it stands.

    shown: what its forms bring back; draft: what was filled in; errors: field -> the key of what
    is wrong with it; is_undo: whether somebody just took, or wanted to take, a verdict back.
    """
    shell = shell_for(request)
    match look.state:
        case PageState.WAITS:
            return _ask(shell, look, shown, draft, errors or {}, is_undo=is_undo)
        case PageState.ANSWERED if look.verdict:
            return _answered(shell, look, look.verdict, shown, is_late=is_undo)
        case PageState.EXPIRED:
            return _where(shell, look, "verdict.expired", HTTPStatus.GONE)
        case PageState.ELSEWHERE:
            return _where(shell, look, "verdict.elsewhere", HTTPStatus.OK)
        case _:
            return _where(shell, look, "verdict.over", HTTPStatus.OK)


def ask_again(
    request: Request, look: HandoffLook, verdict: SalesVerdict, draft: VerdictDraft, *, shown: str
) -> Response:
    """Return the page that asks once more, because its form came back at once.

    It keeps what was filled in.
    """
    shell = shell_for(request)
    kept = {name: getattr(draft, name) for name in VerdictDraft.__slots__}
    fields = "".join(hidden(name, value) for name, value in kept.items() if value)
    button = f"<button>{shell.say(f'verdict.again.{verdict}')}</button>"
    body = (
        f"<p>{shell.say('verdict.again.body')}</p>"
        f'<form method="post">{hidden("shown", shown)}{fields}{button}</form>'
    )
    return shell.page("verdict.again.title", body, name=_name(shell, _card(look)))


def today_of(look: HandoffLook) -> date:
    """Return the day that it is where the salesperson works."""
    return day_of(world().ports.now(), zone_of(look.lead.zone))


def _card(look: HandoffLook) -> "HandoffCard":
    return world().handoff_pages.card(look)


def _ask(
    shell: Shell,
    look: HandoffLook,
    shown: str,
    draft: VerdictDraft,
    errors: Mapping[str, str],
    *,
    is_undo: bool,
) -> Response:
    card = _card(look)
    name = _name(shell, card)
    status = HTTPStatus.UNPROCESSABLE_ENTITY if errors else HTTPStatus.OK
    if errors or look.link.choice is VerdictLink.REJECT:
        today = today_of(look)
        body = reason_form(shell, draft, errors, today=today, shown=shown)
        back = link(_url(look, VerdictLink.PAGE), shell.say("verdict.back"))
        head = f'<p class="sub">{_role(shell, card)}</p>'
        return shell.page(
            "verdict.reject.title",
            f"{head}{body}<p>{back}</p>",
            status,
            style=PAGE_STYLE,
            name=name,
        )
    undone = f'<p class="said" role="status">{shell.say("verdict.undone")}</p>' if is_undo else ""
    body = (
        f'{undone}<p class="sub">{_role(shell, card)}</p><p class="wants">{_wants(shell, card)}</p>'
        f"{_reach(shell, card, shown)}{_message(shell, card)}{_criteria(shell, card)}"
        f"{_choices(shell, look, shown)}"
    )
    return shell.page("verdict.title", body, style=PAGE_STYLE, name=name)


def _choices(shell: Shell, look: HandoffLook, shown: str) -> str:
    accept = send_button(shell, "accept", shown)
    no = link(_url(look, VerdictLink.REJECT), shell.say("verdict.reject"), "button quiet")
    return f'<div class="choices">{accept}{no}</div>'


def _url(look: HandoffLook, choice: VerdictLink) -> str:
    """Return the address of this page with another choice. It expires with this one."""
    mine = look.link
    return world().handoff_pages.links.url(look.handoff, mine.person, mine.issued_at, choice)


def _name(shell: Shell, card: "HandoffCard") -> str:
    return card.name or shell.say("verdict.nobody")


def _role(shell: Shell, card: "HandoffCard") -> str:
    if card.title and card.company:
        return shell.say("verdict.role", title=card.title, company=card.company)
    return escape(card.title or card.company)


def _wants(shell: Shell, card: "HandoffCard") -> str:
    if not card.is_requested:
        return shell.say("verdict.inferred")
    if not card.asked_in:
        return shell.say("verdict.requested")
    return shell.say("verdict.requested.in", form=card.asked_in)


def _reach(shell: Shell, card: "HandoffCard", shown: str = "") -> str:
    """Return how to reach the person. shown: of the page that asks: who calls takes the lead."""
    ways = []
    if card.phone_url:
        words = f"{shell.say('verdict.call')} <span>{escape(card.phone)}</span>"
        ways.append(link(card.phone_url, words, "button call"))
    if card.email_url:
        words = f"{shell.say('verdict.write')} <span>{escape(card.email)}</span>"
        ways.append(link(card.email_url, words, "button quiet"))
    if card.phone_url and shown:
        ways.append(send_button(shell, "accept", shown, how=ContactHow.CALLED, quiet=True))
    return f'<div class="reach">{"".join(ways)}</div>' if ways else ""


def _message(shell: Shell, card: "HandoffCard") -> str:
    if not card.message:
        return ""
    lines = "<br>".join(map(escape, card.message))
    return f"<h2>{shell.say('verdict.wrote')}</h2><blockquote>{lines}</blockquote>"


def _criteria(shell: Shell, card: "HandoffCard") -> str:
    """Return the three criteria of a sales accepted lead, with what is known of each."""
    facts = " · ".join(map(escape, filter(None, (card.title, card.company, *card.facts))))
    reach = [*filter(None, (card.phone, card.email)), *card.agreed]
    points = {
        "verdict.meets": _list(card.reasons) or f"<p>{shell.say('verdict.meets.none')}</p>",
        "verdict.talk": _list(reach) or f"<p>{shell.say('verdict.talk.none')}</p>",
        "verdict.business": f"<p>{facts or shell.say('verdict.business.none')}</p>",
    }
    items = "".join(f"<li><h3>{shell.say(key)}</h3>{said}</li>" for key, said in points.items())
    return f"<h2>{shell.say('verdict.criteria')}</h2><ol>{items}</ol>"


def _list(lines: Sequence[str]) -> str:
    items = "".join(f"<li>{escape(line)}</li>" for line in lines)
    return f"<ul>{items}</ul>" if items else ""


def _answered(
    shell: Shell, look: HandoffLook, given: "GivenVerdict", shown: str, *, is_late: bool
) -> Response:
    card = _card(look)
    who = look.given_by.name if look.given_by else given.by
    at = local_time(given.at, _zone_of(look.given_by, look))
    said = shell.say("verdict.given", who=who, at=_moment(at))
    late = f'<p class="said" role="status">{shell.say("verdict.late")}</p>' if is_late else ""
    reach = "" if given.is_reject else _reach(shell, card)
    undo = ""
    if look.can_undo:
        button = send_button(shell, "undo", shown, quiet=True)
        undo = f"<p>{shell.say('verdict.undo.offer')}</p>{button}"
    body = f"{late}<p>{said}</p><p>{_next(shell, look, given)}</p>{reach}{undo}"
    title = "verdict.rejected.title" if given.is_reject else "verdict.accepted.title"
    return shell.page(title, body, style=PAGE_STYLE, name=_name(shell, card))


def _next(shell: Shell, look: HandoffLook, given: "GivenVerdict") -> str:
    """Return what happens next."""
    if given.reason is None:
        return shell.say("verdict.next.accepted")
    reason = shell.say(f"reason.{given.reason}")
    if look.lead.lead_id != given.lead_id:
        return f"{reason}. {shell.say('verdict.next.merged')}"
    if given.until:
        return f"{reason}. {shell.say('verdict.next.until', day=given.until.isoformat())}"
    stage = look.lead.standing.stage
    since = ".since" if stage is Stage.ACCEPTED else ""
    return f"{reason}. {shell.say(f'verdict.next.{stage}{since}')}"


def _where(shell: Shell, look: HandoffLook, key: str, status: HTTPStatus) -> Response:
    """Return the page of a link that no longer asks for anything: who has the lead now."""
    stage = shell.say(f"stage.{look.lead.standing.stage}")
    who = look.has_lead.name if look.has_lead else ""
    now = shell.say("verdict.now", who=who) if who else shell.say("verdict.now.nobody")
    body = (
        f"<p>{shell.say(f'{key}.body')}</p><p>{now}</p><p>{shell.say('verdict.stage')} {stage}</p>"
    )
    return shell.page(f"{key}.title", body, status, style=PAGE_STYLE)


def _zone_of(person: "Person | None", look: HandoffLook) -> tzinfo:
    return zone_of((person.time_zone if person else None) or look.lead.zone)


def _moment(at: datetime) -> str:
    return at.replace(tzinfo=None).isoformat(" ", "minutes")
