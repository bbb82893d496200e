"""A scoring model as one plain page that marketing and sales agree on.

It says what counts, for whom, and what follows. Only words: the page says what is written in the
document, and what Baton does in any case.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from chalicelib.authoring.rule_words import (
    behaviour_words,
    days_words,
    fact_words,
    match_words,
    number_words,
    or_words,
    plain_words,
    points_words,
    silence_rule_words,
)
from chalicelib.scoring.compile import compile_model
from chalicelib.scoring.compile_fields import is_on_facts
from chalicelib.scoring.model import (
    CONDITION_KEYS,
    DEFAULT_WITHIN_DAYS,
    INFERRED,
    REQUESTED,
    Condition,
    default_group,
)
from chalicelib.scoring.silence_rules import is_on_silence

SIDES = {
    "profile": "Who they are",
    "channel": "Where they came from",
    "actions": "What they do",
    "undesirables": "What speaks against them",
}
_MQL_INTRO = "An MQL is worth marketing's emails. One of these ways in is enough:"
_SQL_INTRO = (
    "An SQL is ready by these rules; accepted means that sales approved it. One of these ways in is"
    " enough. **Requested**: they asked to be contacted, which earns a text to sales and the fast"
    " clock. **Inferred**: they have not asked to be contacted, so sales writes first. A lead that"
    " meets both counts as requested."
)
_ACT = "they did something themselves, such as answer a form"
_RESTS_INTRO = (
    "A lead that sales returns rests for as long as the reason says. What it did before that no"
    " longer counts."
)
_EXAMPLES_INTRO = (
    "What the model says of people whom both teams know. `make check-model` tests that it still"
    " does."
)

_Written = Mapping[str, Any]
"""The document or a part of it, as it is written."""


def agreement(document: Mapping[str, Any]) -> str:
    """Return a checked model as one page of Markdown."""
    model = compile_model(document, 0)
    sections: list[tuple[str, str, Iterator[str]]] = [
        *((title, "", _side(document, side)) for side, title in SIDES.items()),
        ("Who is left out", "", _left_out(document)),
        ("How the points add up", "", _adding_up(document)),
        ("When a lead is an MQL", _MQL_INTRO, _ways_in(document, "mql", model.mql)),
        ("When a lead is an SQL", _SQL_INTRO, _ways_in(document, "sql", model.sql)),
        ("A request always reaches a human", "", _requests(document)),
        ("What cools", "", _cooling(document["stages"]["mql"])),
        ("How long a returned lead rests", _RESTS_INTRO, _rests(document.get("recycle", {}))),
        ("Examples", _EXAMPLES_INTRO, _examples(document.get("examples", ()))),
    ]
    written = (_section(title, intro, list(lines)) for title, intro, lines in sections)
    return "\n\n".join(
        [f"# {document['name']}: what marketing and sales agreed on", *filter(None, written)]
    )


def _section(title: str, intro: str, lines: Sequence[str]) -> str:
    """Return a section; empty when it has no lines."""
    if not lines:
        return ""
    listed = "\n".join(f"- {line}" for line in lines)
    return "\n\n".join(filter(None, (f"## {title}", intro, listed)))


# --- the four sides -------------------------------------------------------------------------------


def _side(document: _Written, side: str) -> Iterator[str]:
    for key, rule in document["rules"].get(side, {}).items():
        on_signal = side == "actions" or (side == "undesirables" and not is_on_facts(rule))
        group = rule.get("group") or default_group(side, on_signal=on_signal)
        if is_on_silence(rule):
            words = silence_rule_words(rule)
        else:
            words = behaviour_words(document, key, rule) if on_signal else fact_words(rule)
        yield f"**{plain_words(key)}**: {words} ({plain_words(group)})"


def _left_out(document: _Written) -> Iterator[str]:
    own = document.get("internal", {}).get("email_domain")
    people = (
        f"anybody with an address at {or_words(own)}"
        if own
        else "list your own domains under `internal`; there are none yet"
    )
    yield f"**Our own people** are neither scored nor moved: {people}"
    for key, rule in document.get("excluded", {}).items():
        yield f"**{plain_words(key)}** are left out in the same way {_excluded_words(rule)}"
    if document.get("excluded"):
        yield "A request of somebody who is left out like that reaches the team all the same"
    rules = [
        (key, rule)
        for side in SIDES
        for key, rule in document["rules"].get(side, {}).items()
        if rule.get("disqualify")
    ]
    for key, rule in rules:
        yield f"**{plain_words(key)}**: disqualified, whatever the score, if {match_words(rule)}"
    if rules:
        yield (
            "A lead that sales has accepted stays where it is: its owner is notified, and decides."
            " A lead that a person brings back is not disqualified by the same rule again"
        )


def _excluded_words(rule: _Written) -> str:
    if signal := rule.get("signal"):
        days = rule.get("within_days")
        within = f" within {days_words(days)}" if days is not None else ""
        return f"if {plain_words(signal)} was seen{within}"
    return f"if {match_words(rule)}"


def _adding_up(document: _Written) -> Iterator[str]:
    groups = document["groups"]
    total = {key: limit for key, limit in groups.items() if limit.get("in_total", True)}
    for key, limit in groups.items():
        least = points_words(limit["min"])
        apart = "" if key in total else ", and is not in the score"
        most = points_words(limit["max"])
        yield f"**{plain_words(key)}** is at least {least} and at most {most}{apart}"
    summed = "their sum" if len(total) == len(groups) else _sum_words(total)
    most = points_words(sum(limit["max"] for limit in total.values()))
    yield f"The score is {summed}: at most {most}"
    for key, parts in document.get("sums", {}).items():
        yield f"**{plain_words(key)}** is {_sum_words(parts)}"
    for key, one in document.get("scores", {}).items():
        # A score may be called like a group of its own.
        parts = [f"the group {part}" if part == key else part for part in one["groups"]]
        yield f"The score **{plain_words(key)}** is {_sum_words(parts)}"
        yield from _bands(one.get("bands", {}), plain_words(key))
    yield from _bands(document.get("bands", {}), "score")
    for grade, least in sorted(document["grades"].items()):
        yield f"Grade **{grade}**: fit of at least {points_words(least)}"
    yield "Grade **F**: below all of these"
    if needs := document.get("grade_needs"):
        few = f"fewer than {needs} rules of fit have" if needs > 1 else "no rule of fit has"
        yield f"Grade **–**: {few} anything to say, so too little is known"


def _sum_words(groups: Iterable[str]) -> str:
    *rest, last = [*map(plain_words, groups)] or ["nothing"]
    return f"{', '.join(rest)} and {last} together" if rest else last


def _bands(document_bands: _Written, of: str) -> Iterator[str]:
    """Yield a line for each band, the highest first. of: what they are bands of."""
    highest_first = sorted(document_bands.items(), key=lambda band: -band[1])
    return (
        f"Band **{plain_words(name)}**: {of} of at least {points_words(least)}"
        for name, least in highest_first
    )


# --- the stages -----------------------------------------------------------------------------------


def _ways_in(document: _Written, stage: str, ways: Sequence[Condition]) -> Iterator[str]:
    for condition, way in zip(document["stages"][stage]["any"], ways, strict=True):
        kind = condition.get("kind") or (INFERRED if stage == "sql" else "")
        acts = [_ACT] if way.needs_act else []
        words = ", and ".join([*_seen(condition), *_least(condition), *acts])
        yield f"**{kind}**: {words}" if kind else words


def _seen(condition: _Written) -> Iterator[str]:
    if signal := condition.get("signal"):
        on = f" on {days_words(condition['days'])}" if condition.get("days", 1) > 1 else ""
        within = days_words(condition.get("within_days", DEFAULT_WITHIN_DAYS))
        yield f"{plain_words(signal)}{on} within {within}"


def _least(condition: _Written) -> Iterator[str]:
    return (
        f"{plain_words(key)} at least {number_words(one)}"
        for key, one in condition.items()
        if key not in CONDITION_KEYS
    )


def _requests(document: _Written) -> Iterator[str]:
    ways = [way for way in document["stages"]["sql"]["any"] if way.get("kind") == REQUESTED]
    if ways:
        requests = dict.fromkeys(plain_words(way["signal"]) for way in ways)
        yield f"These are requests: {', '.join(requests)}"
        yield (
            "A lead that asks, but does not fit well enough for an SQL, stays in its stage, and the"
            " team gets the request to look at"
        )
        yield (
            "A customer's request goes to the person who looks after them, and is never a new SQL"
        )


def _cooling(mql: _Written) -> Iterator[str]:
    below = " and ".join(
        f"{plain_words(key)} is below {number_words(bound)}"
        for key, bound in mql.get("cool_below", {}).items()
    )
    if not below:
        return
    yield f"An MQL becomes a lead again when {below} and it meets no way in"
    if stay := mql.get("stay_days", 0):
        yield f"Not before it has been an MQL for {days_words(stay)}"
    yield "Not if a person made it an MQL"


def _rests(recycle: _Written) -> Iterator[str]:
    yield from (
        f"{plain_words(reason)}: {days_words(days)}"
        for reason, days in recycle.items()
        if reason != "wakes"
    )
    if wakes := recycle.get("wakes"):
        yield f"These end any rest at once: {', '.join(map(plain_words, wakes))}"


def _examples(examples: Iterable[_Written]) -> Iterator[str]:
    for example in examples:
        expect = example["expect"]
        kind = f"{expect['kind']} " if expect.get("kind") else ""
        parts = ", ".join(
            f"{plain_words(key)} {number_words(points)}"
            for key, points in expect.get("groups", {}).items()
        )
        groups = f" ({parts})" if parts else ""
        scores = "".join(
            f"; {plain_words(key)} {' '.join(str(one[part]) for part in one)}"
            for key, one in expect.get("scores", {}).items()
        )
        later = "".join(
            f"; on day {one['in_days']} {one['stage']}" for one in expect.get("later", ())
        )
        band = f"{plain_words(expect['band'])}, " if expect.get("band") else ""
        score = number_words(expect["score"])
        now = f"Score {score}, {band}grade {expect['grade']}, {kind}{expect['stage']}"
        yield f"{example['name']} *{now}{groups}{scores}{later}.*"
