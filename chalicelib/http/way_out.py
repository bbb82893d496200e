"""The page of an email's way out: nothing more, some of it, or fewer (ADR 0063).

Mail scanners open every link, so nothing but a press of a button changes anything.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from http import HTTPStatus
from urllib.parse import parse_qs

from chalice.app import Request, Response

from chalicelib.company.offer import in_language
from chalicelib.consent.choice import Wanted
from chalicelib.consent.choosing import CurrentWish
from chalicelib.consent.way_out import NONE, SOME
from chalicelib.http.exchange import URLENCODED, body_of, content_type_of
from chalicelib.http.shell import Shell, shell_for
from chalicelib.limits import COMMAND_BODY_MAX_BYTES

TICKED = "yes"
MOST_PAIRS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Pressed:
    """Which button was pressed."""

    undo: str = ""
    """The token of what is taken back; empty: nothing is."""
    wanted: Wanted | None = None
    """Which emails are wanted; None: none at all."""


def pressed(pairs: Mapping[str, Sequence[str]], topics_of: Callable[[], Sequence[str]]) -> Pressed:
    """Return which button a request pressed. topics_of: returns what there are emails about; one
    click must not fail for it.

    Whatever is not one of our other buttons is the one that stops everything: also the one click
    of a mail program, whatever else it sends.
    """
    if undo := _last(pairs, "undo"):
        return Pressed(undo=undo)
    if "List-Unsubscribe" in pairs or _last(pairs, "choice") != SOME:
        return Pressed()
    topics = topics_of()
    wanted = frozenset(pairs.get("topic", ())) & frozenset(topics)
    has_fewer = _last(pairs, "fewer") == TICKED
    if _offers(topics) and not wanted:
        return Pressed()
    # Everything that there is today is everything: what is written about later is in it, too.
    is_all = not _offers(topics) or wanted == frozenset(topics)
    return Pressed(wanted=Wanted(topics=None if is_all else wanted, fewer=has_fewer))


def show_way_out(request: Request, standing: CurrentWish, topics: Sequence[str]) -> Response:
    """Return the page that asks first. topics: what there are emails about."""
    shell = shell_for(request, of_email=True)
    if standing.gets_nothing:
        return shell.page("unsubscribed.title", _unsubscribed(shell))
    question = shell.of_company("unsubscribe.from", "unsubscribe.body")
    everything = _form(f"{_hidden('choice', NONE)}{_button(shell, 'unsubscribe.button')}")
    some = _form(
        f"{_hidden('choice', SOME)}{_topics(shell, standing.wanted, topics)}"
        f"{_box('fewer', TICKED, shell.say('choose.fewer'), checked=standing.wanted.fewer)}"
        f"{_button(shell, 'choose.button', quiet=True)}"
    )
    body = f"<p>{question}</p>{everything}<h2>{shell.say('choose.title')}</h2>{some}"
    return shell.page("unsubscribe.title", body)


def show_unsubscribed(request: Request, undo: str | None) -> Response:
    """Return the page that confirms an unsubscribe. undo: the token that takes it back."""
    shell = shell_for(request, of_email=True)
    return shell.page("unsubscribed.title", _unsubscribed(shell) + _undo(shell, undo))


def show_chosen(request: Request, wanted: Wanted, undo: str | None) -> Response:
    """Return the page that confirms a choice. undo: the token that takes it back."""
    shell = shell_for(request, of_email=True)
    names = ", ".join(_name(shell, one) for one in sorted(wanted.topics or ()))
    said = shell.say("chosen.all") if wanted.topics is None else ""
    lines = [said or shell.say("chosen.topics", topics=names)]
    if wanted.fewer:
        lines.append(shell.say("chosen.fewer"))
    body = "".join(f"<p>{line}</p>" for line in lines)
    change = f'<p><a href="">{shell.say("chosen.change")}</a></p>'
    return shell.page("chosen.title", body + change + _undo(shell, undo))


def show_undone(request: Request, *, is_undone: bool) -> Response:
    """Return the page after somebody took something back, or came too late for that."""
    shell = shell_for(request, of_email=True)
    if is_undone:
        return shell.page("undone.title", f"<p>{shell.say('undone.body')}</p>")
    again = shell.say("unsubscribed.again")
    body = f"<p>{shell.say('late.body')}</p><p>{again}</p>"
    return shell.page("late.title", body, HTTPStatus.GONE)


def pairs_of(request: Request) -> Mapping[str, Sequence[str]]:
    """Return what our own forms send, by names; nothing of any other body, or of one too long."""
    body = body_of(request)
    if content_type_of(request) != URLENCODED or len(body) > COMMAND_BODY_MAX_BYTES:
        return {}
    try:
        return parse_qs(body.decode(errors="replace"), max_num_fields=MOST_PAIRS)
    except ValueError:  # more of them than any form of ours has
        return {}


def _offers(topics: Sequence[str]) -> bool:
    """Return whether there is anything to choose from."""
    return len(topics) > 1


def _last(pairs: Mapping[str, Sequence[str]], name: str) -> str:
    return pairs[name][-1] if pairs.get(name) else ""


def _unsubscribed(shell: Shell) -> str:
    said = shell.of_company("unsubscribed.from", "unsubscribed.body")
    return f"<p>{said}</p><p>{shell.say('unsubscribed.again')}</p>"


def _undo(shell: Shell, token: str | None) -> str:
    if token is None:
        return ""
    form = _form(f"{_hidden('undo', token)}{_button(shell, 'undo.button', quiet=True)}")
    return f"<p>{shell.say('undo.offer')}</p>{form}"


def _topics(shell: Shell, wanted: Wanted, topics: Sequence[str]) -> str:
    if not _offers(topics):
        return ""
    boxes = "".join(
        _box("topic", one, _name(shell, one), checked=wanted.allows(frozenset({one})))
        for one in topics
    )
    return f"<fieldset><legend>{shell.say('choose.topics')}</legend>{boxes}</fieldset>"


def _name(shell: Shell, topic: str) -> str:
    """Return what a topic is called, as HTML."""
    own = in_language(
        shell.company.topics.get(topic), shell.language, spoken=shell.company.language
    )
    if own:
        return escape(own)
    key = f"topic.{topic}"
    if shell.knows(key):
        return shell.say(key)
    return escape(topic.replace("-", " ").replace("_", " ").capitalize())


def _form(inside: str) -> str:
    return f'<form method="post">{inside}</form>'


def _hidden(name: str, value: str) -> str:
    return f'<input type="hidden" name="{name}" value="{escape(value)}">'


def _box(name: str, value: str, words: str, *, checked: bool) -> str:
    ticked = " checked" if checked else ""
    box = f'<input type="checkbox" name="{name}" value="{escape(value)}"{ticked}>'
    return f"<label>{box}<span>{words}</span></label>"


def _button(shell: Shell, key: str, *, quiet: bool = False) -> str:
    look = ' class="quiet"' if quiet else ""
    return f"<button{look}>{shell.say(key)}</button>"
