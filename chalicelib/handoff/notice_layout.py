"""The one layout of what sales reads by email: facts in, html and text out (ADR 0068).

Whoever sends another kind of message to sales brings its wording; the order of things is the same
in all of them: who, what they want, their words, what to press, why, who they are, what they did,
the points.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

from chalicelib.days import day_of
from chalicelib.delivery.marks import Mark
from chalicelib.delivery.templates import render_html, render_text
from chalicelib.events import said_as
from chalicelib.handoff.by_day import day_words, days_of_deeds, time_words
from chalicelib.handoff.facts import NoticeFacts, VerdictLink
from chalicelib.handoff.headlines import Wording
from chalicelib.handoff.person_lines import (
    call_name,
    cut_words,
    name_words,
    person_lines,
    place_words,
    unconfirmed_fields,
    who_words,
)
from chalicelib.handoff.reach import dialled, local_time_words, mailed_to, shown_phone
from chalicelib.handoff.strongest import points_line, strongest_reasons
from chalicelib.handoff.sums import whole_points, whole_total
from chalicelib.handoff.unbroken import unbroken
from chalicelib.handoff.wanted import written_in
from chalicelib.inert import inert, inert_address

EMPTY_LINES = re.compile(r"\n{3,}")
NOTICE_FOLDER = Path(__file__).parent
QUOTE_MAX_CHARS = 110
"""Of what somebody wrote, above the buttons: they stay on the first screen of a phone. All of it
follows below them."""
SENT_SHOWN = 6
ANSWER_TO_REQUEST = "no agreement to calls; an answer to what they asked is fine"
MARK_WORDS: Mapping[Mark, str] = {
    Mark.REPLIED: "answered",
    Mark.CLICKED: "clicked",
    Mark.UNSUBSCRIBED: "unsubscribed",
    Mark.COMPLAINED: "reported as spam",
    Mark.BOUNCED: "bounced",
    Mark.SOFT_BOUNCED: "not taken yet",
    Mark.DELIVERED: "delivered",
}
"""What became of an email, what says most first. What a machine clicked says nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeEmail:
    """What a notice is as an email."""

    html: str
    text: str


def notice_email(
    facts: NoticeFacts, wording: Wording, verdicts: Mapping[VerdictLink, str], reference: str
) -> NoticeEmail:
    """Return the html and the text of a notice.

    verdicts: the links that there are; reference: what the same notice has if it comes twice. Raise
    TemplateError.
    """
    shown = _shown(facts, wording, verdicts, reference)
    return NoticeEmail(
        html=render_html(_layout("notice.html"), unbroken(shown)),
        text=EMPTY_LINES.sub("\n\n", render_text(_layout("notice.txt"), shown)),
    )


def _shown(
    facts: NoticeFacts, wording: Wording, verdicts: Mapping[VerdictLink, str], reference: str
) -> dict[str, Any]:
    about = next(iter(facts.recent), None)
    words = written_in(about) if about else []
    today = day_of(facts.now, facts.reader.zone)
    return {
        "subject": wording.headline,
        "opening": wording.opening,
        "closing": wording.closing,
        "reference": reference,
        "name": name_words(facts.profile),
        "place": place_words(facts.profile),
        "want": wording.want,
        "due": due_words(facts) if wording.asks_contact else "",
        "quote": quote_of(words),
        "words": words if quote_of(words) != " ".join(words) else [],
        "is_unconfirmed": "email" in unconfirmed_fields(facts),
        "reach": _reach(facts, wording, verdicts),
        "reasons": strongest_reasons(facts) if wording.asks_contact else [],
        "person": [asdict(one) for one in person_lines(facts)],
        "all_unconfirmed": _is_all_unconfirmed(facts),
        "allowed": asdict(facts.allowed),
        "is_answer": wording.is_answer,
        "days": [
            asdict(day)
            for day in days_of_deeds(
                facts.recent, facts.reader.zone, today, about if words else None
            )
        ],
        "zone": zone_words(facts),
        "colleagues": _colleagues(facts),
        "sent": _sent(facts),
        "points": points_of(facts),
    }


def due_words(facts: NoticeFacts) -> str:
    """Return until when somebody has to get in touch: "First contact due by 11:20 (P1)"."""
    first = facts.first_contact
    if first is None:
        return ""
    zone = facts.reader.zone
    day, today = (day_of(at, zone) for at in (first.due_at, facts.now))
    on = "" if day == today else f"{day_words(day, today)}, "
    return f"First contact due by {on}{time_words(first.due_at, zone)} ({first.priority.upper()})"


def quote_of(words: Sequence[str]) -> str:
    """Return as much of what somebody wrote as stands above the buttons, cut between words."""
    whole = " ".join(words)
    if len(whole) <= QUOTE_MAX_CHARS:
        return whole
    return f"{cut_words(whole, QUOTE_MAX_CHARS)} …"


def zone_words(facts: NoticeFacts) -> str:
    """Return the city of the zone in which times are written."""
    return str(getattr(facts.reader.zone, "key", "UTC")).rpartition("/")[2].replace("_", " ")


def points_of(facts: NoticeFacts) -> dict[str, Any] | None:
    """Return the full sum in whole points, which add up to their total; None without one."""
    if facts.moved is None:
        return None
    counted = [one for one in facts.moved.reasons if one[1] not in facts.outside_total]
    whole = whole_points([milli for _, _, milli, _ in counted])
    lines = [
        {"points": f"{points:+,}", "text": points_line(text)}
        for points, (*_, text) in sorted(zip(whole, counted, strict=True), key=lambda one: -one[0])
    ]
    band = inert((facts.moved.band or "").replace("-", " ").replace("_", " "))
    total = whole_total(facts.moved.total)
    named = [f"{total:,} points", f"grade {facts.moved.grade}", band]
    return {"lines": lines, "total": ", ".join(filter(None, named))}


def _reach(
    facts: NoticeFacts, wording: Wording, verdicts: Mapping[VerdictLink, str]
) -> dict[str, Any]:
    """Return what can be pressed. A correction has nothing of it."""
    profile = facts.profile
    number = dialled(profile) if wording.asks_contact else None
    address = mailed_to(profile) if wording.asks_contact else None
    is_asked = wording.is_answer
    may_call = facts.allowed.may_call
    local = local_time_words(facts.place, call_name(profile), facts.now, facts.reader.zone)
    calls = ANSWER_TO_REQUEST if is_asked and not may_call else facts.allowed.calls
    asks = wording.asks_verdict
    return {
        "call_url": f"tel:{number}" if number else None,
        "phone": shown_phone(profile),
        "is_call_first": is_asked or may_call,
        "is_write_first": not is_asked and not may_call and facts.allowed.may_email,
        "local_time": local if wording.asks_contact else None,
        # Advice about a call, where that opens the notice, has said it.
        "calls": calls if number and "call" not in wording.opening else "",
        "write_url": f"mailto:{address}" if address else None,
        "email": inert_address(said_as(profile.get("email", ""))),
        "book_url": facts.reader.booking_url if wording.asks_contact else None,
        "accept_url": verdicts.get(VerdictLink.ACCEPT) if asks else None,
        "reject_url": verdicts.get(VerdictLink.REJECT) if asks else None,
    }


def _is_all_unconfirmed(facts: NoticeFacts) -> bool:
    """Return whether nothing is confirmed: then it is said once, and not of each line."""
    lines = person_lines(facts)
    return bool(lines) and all(one.is_unconfirmed for one in lines)


def _colleagues(facts: NoticeFacts) -> list[str]:
    today = day_of(facts.now, facts.reader.zone)
    return [
        f"{who_words(one.profile)}, active on {day_words(one.last_day, today)}"
        for one in facts.colleagues
    ]


def _sent(facts: NoticeFacts) -> list[dict[str, str]]:
    today = day_of(facts.now, facts.reader.zone)
    return [
        {
            "day": day_words(day_of(one.at, facts.reader.zone), today),
            "subject": inert(one.subject),
            "became": next((words for mark, words in MARK_WORDS.items() if mark in one.marks), ""),
        }
        for one in facts.sent[:SENT_SHOWN]
    ]


@cache
def _layout(name: str) -> str:
    return (NOTICE_FOLDER / name).read_text("utf-8")
