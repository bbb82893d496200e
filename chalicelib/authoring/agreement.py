"""A scoring model told as one plain page that marketing and sales agree on: what counts, for whom,
and what follows.

Only words: the page says what is written in the document, and what Baton makes of it in any case.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from chalicelib.scoring.model import CONDITION_KEYS, DEFAULT_WITHIN_DAYS, INFERRED, default_group

Rule = Mapping[str, Any]
Document = Mapping[str, Any]

SIDES = {
    "profile": "Who they are",
    "channel": "Where they came from",
    "actions": "What they do",
    "undesirables": "What speaks against them",
}
LISTS = {
    "free_mail": "that of a free-mail provider",
    "disposable": "that of a provider of throw-away addresses",
    "role": "a role, such as info or sales",
}
FIELDS = {
    "email_domain": "the domain of the address",
    "email_local": "the part of the address before the @",
}
ON = {
    "page": "page view",
    "track": "event",
    "form": "form",
    "mail": "mail event",
    "sales": "act of sales",
}
MQL = "An MQL is worth marketing's emails. One of these ways in is enough:"
SQL = """\
An SQL is ready by these rules; accepted means that sales approved it. One of these ways in is enough. **Requested**: \
they asked to be contacted, which earns a text to sales and the fast clock. **Inferred**: they have not asked to be \
contacted, so sales writes first. Who meets both is requested."""
RESTS = (
    "Sales returns a lead with a reason, and it rests so long. What it did before the no does not"
    " count any more."
)
EXAMPLES = (
    "What the model says of people whom both teams know. `make check-model` holds it to that."
)


def agreement(document: Document) -> str:
    """A checked model as one page of Markdown: the four sides, the stages, what cools, the rests,
    the examples.
    """
    sections: list[tuple[str, str, Iterator[str]]] = [
        *((title, "", _side(document, side)) for side, title in SIDES.items()),
        ("Who is out", "", _out(document)),
        ("How the points add up", "", _adding_up(document)),
        ("When a lead is an MQL", MQL, _ways_in(document, "mql")),
        ("When a lead is an SQL", SQL, _ways_in(document, "sql")),
        ("A request always reaches a human", "", _requests(document)),
        ("What cools", "", _cooling(document["stages"]["mql"])),
        ("How long sales' no lets a lead rest", RESTS, _rests(document.get("recycle", {}))),
        ("Examples", EXAMPLES, _examples(document.get("examples", ()))),
    ]
    told = (_section(title, intro, list(lines)) for title, intro, lines in sections)
    return "\n\n".join(
        [f"# {document['name']}: what marketing and sales agreed on", *filter(None, told)]
    )


def _section(title: str, intro: str, lines: Sequence[str]) -> str:
    """A section; empty when it has no lines."""
    if not lines:
        return ""
    return "\n\n".join(
        filter(None, (f"## {title}", intro, "\n".join(f"- {line}" for line in lines)))
    )


# --- the four sides -------------------------------------------------------------------------------


def _side(document: Document, side: str) -> Iterator[str]:
    for key, rule in document["rules"].get(side, {}).items():
        on_signal = side == "actions" or (side == "undesirables" and "field" not in rule)
        group = rule.get("group") or default_group(side, on_signal=on_signal)
        words = _behaviour(document, key, rule) if on_signal else _fact(rule)
        yield f"**{_plain(key)}**: {words} ({_plain(group)})"


def _fact(rule: Rule) -> str:
    subject = _subject(rule)
    tiers = rule.get("tiers") or [rule]
    worth = ", else ".join(
        f"{_points(tier.get('points') or 0)} if {subject} {_test(tier)}" for tier in tiers
    )
    if not rule.get("disqualify"):
        return worth
    has_points = any(tier.get("points") for tier in tiers)
    return f"{worth}; disqualifies" if has_points else f"disqualifies if {_holds(rule)}"


def _subject(rule: Rule) -> str:
    field = FIELDS.get(rule["field"], _plain(rule["field"]))
    return f"the {rule['touch']} {field}" if rule.get("touch") else field


def _holds(rule: Rule) -> str:
    """When a rule holds at all, whatever the tier."""
    return f"{_subject(rule)} {' or '.join(_test(tier) for tier in rule.get('tiers') or [rule])}"


def _test(tier: Rule) -> str:
    if tier.get("present"):
        return "is given"
    if tier.get("absent"):
        return "is not given"
    if tier.get("in_list"):
        return f"is {LISTS[tier['in_list']]}"
    if tier.get("between"):
        low, high = tier["between"]
        return f"is between {low:g} and {high:g}"
    if tier.get("matches") is not None:
        return f"is like {_or(tier['matches'])}"
    return f"is {_or(_list(tier['equals']))}"


def _behaviour(document: Document, key: str, rule: Rule) -> str:
    signal = document["signals"][rule.get("signal") or key]
    parts = [f"{_points(rule['points'])} for each {_signal(signal)}"]
    if rule.get("per_day") and not signal.get("distinct"):  # a key counts once, whatever the day
        parts.append(f"at most {rule['per_day']} a day")
    if rule.get("max_points"):
        parts.append(f"{_points(rule['max_points'] * (1 if rule['points'] > 0 else -1))} at most")
    if rule.get("half_life_days"):
        parts.append(f"half of it gone after {_days(rule['half_life_days'])}")
    return ", ".join(parts)


def _signal(signal: Rule) -> str:
    names = signal.get("form") or _list(signal.get("event") or [])
    named = f"{ON[signal['on']]} {_or(names)}" if names else ON[signal["on"]]
    where = [
        f"{_plain(name)} like {_or(patterns)}" for name, patterns in signal.get("where", {}).items()
    ]
    each = f", each {_plain(signal['distinct'])} once" if signal.get("distinct") else ""
    return named + (f" with {' and '.join(where)}" if where else "") + each


def _out(document: Document) -> Iterator[str]:
    own = document.get("internal", {}).get("email_domain")
    who = (
        f"whoever has an address at {_or(own)}"
        if own
        else "put your own domains into `internal`; there is none yet"
    )
    yield f"**Our own people** are neither scored nor decided on: {who}"
    rules = [
        rule
        for side in SIDES
        for rule in document["rules"].get(side, {}).items()
        if rule[1].get("disqualify")
    ]
    for key, rule in rules:
        yield f"**{_plain(key)}**: disqualified, whatever the score, if {_holds(rule)}"
    if rules:
        yield (
            "Whom sales accepted is not moved by that: the owner is warned, and decides. Whom a"
            " person brings back is not disqualified by the same rule again"
        )


def _adding_up(document: Document) -> Iterator[str]:
    for key, limit in document["groups"].items():
        yield (
            f"**{_plain(key)}** is at least {_points(limit['min'])} and at most"
            f" {_points(limit['max'])}"
        )
    yield (
        "The score is their sum: at most"
        f" {_points(sum(limit['max'] for limit in document['groups'].values()))}"
    )
    for key, parts in document.get("sums", {}).items():
        yield f"**{_plain(key)}** is {' and '.join(_plain(part) for part in parts)} together"
    for grade, least in sorted(document["grades"].items()):
        yield f"Grade **{grade}**: fit of at least {_points(least)}"
    yield "Grade **F**: below all of these"
    if needs := document.get("grade_needs"):
        yield (
            f"Grade **–**: fewer than {needs} rules of fit have anything to say, so too little is"
            " known"
        )


# --- the stages -----------------------------------------------------------------------------------


def _ways_in(document: Document, stage: str) -> Iterator[str]:
    for condition in document["stages"][stage]["any"]:
        kind = condition.get("kind") or (INFERRED if stage == "sql" else "")
        words = ", and ".join([*_seen(condition), *_least(condition)])
        yield f"**{kind}**: {words}" if kind else words


def _seen(condition: Rule) -> Iterator[str]:
    if signal := condition.get("signal"):
        on = f" on {_days(condition['days'])}" if condition.get("days", 1) > 1 else ""
        yield (
            f"{_plain(signal)}{on} within"
            f" {_days(condition.get('within_days', DEFAULT_WITHIN_DAYS))}"
        )


def _least(condition: Rule) -> Iterator[str]:
    return (
        f"{_plain(key)} at least {one:g}"
        for key, one in condition.items()
        if key not in CONDITION_KEYS
    )


def _requests(document: Document) -> Iterator[str]:
    ways = [way for way in document["stages"]["sql"]["any"] if way.get("kind") == "requested"]
    if ways:
        requests = dict.fromkeys(_plain(way["signal"]) for way in ways)
        yield f"These are requests: {', '.join(requests)}"
        yield (
            "Who asks and fits too little for an SQL stays where they are, and the team gets the"
            " request to look at"
        )
        yield "A request of a customer goes to who looks after them, and is never a new SQL"


def _cooling(mql: Rule) -> Iterator[str]:
    below = " and ".join(
        f"{_plain(key)} is below {bound:g}" for key, bound in mql.get("cool_below", {}).items()
    )
    if not below:
        return
    yield f"An MQL is a lead again when {below}, and no way in holds"
    if stay := mql.get("stay_days", 0):
        yield f"Not before {_days(stay)} as an MQL"
    yield "Not when a person made them one"


def _rests(recycle: Rule) -> Iterator[str]:
    yield from (
        f"{_plain(reason)}: {_days(days)}" for reason, days in recycle.items() if reason != "wakes"
    )
    if wakes := recycle.get("wakes"):
        yield f"Ends any rest at once: {', '.join(map(_plain, wakes))}"


def _examples(examples: Iterable[Rule]) -> Iterator[str]:
    for example in examples:
        expect = example["expect"]
        kind = f"{expect['kind']} " if expect.get("kind") else ""
        parts = ", ".join(
            f"{_plain(key)} {points:g}" for key, points in expect.get("groups", {}).items()
        )
        later = "".join(
            f"; on day {one['in_days']} {one['stage']}" for one in expect.get("later", ())
        )
        groups = f" ({parts})" if parts else ""
        told = (
            f"Score {expect['score']}, grade {expect['grade']},"
            f" {kind}{expect['stage']}{groups}{later}"
        )
        yield f"{example['name']} *{told}.*"


# --- words ----------------------------------------------------------------------------------------


def _plain(key: str) -> str:
    return key.replace("-", " ").replace("_", " ")


def _points(points: float) -> str:
    return f"{points:g} {'point' if abs(points) == 1 else 'points'}"


def _days(days: float) -> str:
    return f"{days:g} {'day' if days == 1 else 'days'}"


def _list(one: Any) -> list[Any]:
    """What may be written as one thing or as a list of them."""
    return one if isinstance(one, list) else [one]


def _or(texts: Iterable[Any]) -> str:
    """Texts as code, so that a `*` stays one."""
    *rest, last = [f"`{text}`" for text in texts] or ["nothing yet"]
    return f"{', '.join(rest)} or {last}" if rest else last
