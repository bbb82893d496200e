"""A scoring model as marketing and sales read it: tested by its own examples, or told as one plain page.

python -m infra.model check [FILE]        exits with 1 when an example differs or the document is refused
python -m infra.model agreement [FILE]    the page, as Markdown
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ruamel.yaml.error import YAMLError

from chalicelib.errors import DocumentError
from chalicelib.qualify.examples import Outcome, outcomes
from chalicelib.scoring.format import load
from chalicelib.scoring.model import CONDITION_KEYS, DEFAULT_WITHIN_DAYS, default_group
from infra.defaults import DEFAULTS, read_yaml

Rule = Mapping[str, Any]
Document = Mapping[str, Any]

SIDES = {
    "profile": "Who they are",
    "channel": "Where they came from",
    "actions": "What they do",
    "undesirables": "What speaks against them",
}
LISTS = {"free_mail": "that of a free-mail provider", "role": "a role, such as info or sales"}
FIELDS = {"email_domain": "the domain of the address", "email_local": "the part of the address before the @"}
ON = {"page": "page view", "track": "event", "form": "form", "mail": "mail event", "sales": "act of sales"}


def main(arguments: Sequence[str]) -> int:
    """Checks or tells a model. Returns the exit code."""
    given = _parse(arguments)
    try:
        document = read_yaml(given.file)
        model = load(document, 1)
    except (OSError, UnicodeDecodeError, YAMLError, DocumentError) as refused:
        print(f"{given.file} is refused: {refused}", file=sys.stderr)
        return 1
    if given.command == "agreement":
        print(agreement(document))
        return 0
    ran = outcomes(model, document.get("examples", ()))
    print(report(ran))
    return 0 if all(one.ok for one in ran) else 1


def report(ran: Sequence[Outcome]) -> str:
    """Each example with a tick or what differs, and how many hold."""
    lines = [f"✓ {one.name}" if one.ok else f"✗ {one.name}\n    {'; '.join(one.differences())}" for one in ran]
    return "\n".join([*lines, f"{sum(one.ok for one in ran)} of {len(ran)} examples hold."])


def agreement(document: Document) -> str:
    """A checked model as one page of Markdown: the four sides, the stages, what cools, the rests, the examples."""
    sections = {
        **{title: _side(document, side) for side, title in SIDES.items()},
        "How the points add up": _adding_up(document),
        "When a lead is an MQL": _ways_in(document, "mql"),
        "When a lead is an SQL": _ways_in(document, "sql"),
        "What cools": _cooling(document["stages"]["mql"]),
        "How long sales' no lets a lead rest": _rests(document.get("recycle", {})),
        "Examples": _examples(document.get("examples", ())),
    }
    told = {title: list(lines) for title, lines in sections.items()}
    parts = [f"## {title}\n\n" + "\n".join(f"- {line}" for line in lines) for title, lines in told.items() if lines]
    return "\n\n".join([f"# {document['name']}: what marketing and sales agreed on", *parts])


# --- the four sides -------------------------------------------------------------------------------------------------


def _side(document: Document, side: str) -> Iterator[str]:
    for key, rule in document["rules"].get(side, {}).items():
        on_signal = side == "actions" or (side == "undesirables" and "field" not in rule)
        group = rule.get("group") or default_group(side, on_signal=on_signal)
        words = _behaviour(document, key, rule) if on_signal else _fact(rule)
        yield f"**{_plain(key)}**: {words} ({_plain(group)})"


def _fact(rule: Rule) -> str:
    field = FIELDS.get(rule["field"], _plain(rule["field"]))
    subject = f"the {rule['touch']} {field}" if rule.get("touch") else field
    tiers = rule.get("tiers") or [rule]
    worth = ", else ".join(f"{_points(tier.get('points') or 0)} if {subject} {_test(tier)}" for tier in tiers)
    if not rule.get("disqualify"):
        return worth
    return f"{worth}; disqualifies" if rule.get("points") else f"disqualifies if {subject} {_test(tiers[0])}"


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
    equals = tier["equals"]
    return f"is {_or(equals if isinstance(equals, list) else [equals])}"


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
    names = signal.get("form") or ([signal["event"]] if signal.get("event") else [])
    named = f"{ON[signal['on']]} {_or(names)}" if names else ON[signal["on"]]
    where = [f"{_plain(name)} like {_or(patterns)}" for name, patterns in signal.get("where", {}).items()]
    each = f", each {_plain(signal['distinct'])} once" if signal.get("distinct") else ""
    return named + (f" with {' and '.join(where)}" if where else "") + each


def _adding_up(document: Document) -> Iterator[str]:
    for key, limit in document["groups"].items():
        yield f"**{_plain(key)}** is at least {_points(limit['min'])} and at most {_points(limit['max'])}"
    yield f"The score is their sum: at most {_points(sum(limit['max'] for limit in document['groups'].values()))}"
    for key, parts in document.get("sums", {}).items():
        yield f"**{_plain(key)}** is {' and '.join(_plain(part) for part in parts)} together"
    for grade, least in sorted(document["grades"].items()):
        yield f"Grade **{grade}**: fit of at least {_points(least)}"
    yield "Grade **F**: below all of these"
    if needs := document.get("grade_needs"):
        yield f"Grade **–**: fewer than {needs} rules of fit have anything to say, so too little is known"
    if own := document.get("internal", {}).get("email_domain"):
        yield f"Not counted, because they are us: {_or(own)}"


# --- the stages -----------------------------------------------------------------------------------------------------


def _ways_in(document: Document, stage: str) -> Iterator[str]:
    for condition in document["stages"][stage]["any"]:
        least = [f"{_plain(key)} at least {one:g}" for key, one in condition.items() if key not in CONDITION_KEYS]
        kind = f"**{condition['kind']}**: " if condition.get("kind") else ""
        yield kind + ", and ".join([*_seen(condition), *least])


def _seen(condition: Rule) -> Iterator[str]:
    if signal := condition.get("signal"):
        on = f" on {_days(condition['days'])}" if condition.get("days", 1) > 1 else ""
        yield f"{_plain(signal)}{on} within {_days(condition.get('within_days', DEFAULT_WITHIN_DAYS))}"


def _cooling(mql: Rule) -> Iterator[str]:
    below = " and ".join(f"{_plain(key)} is below {bound:g}" for key, bound in mql.get("cool_below", {}).items())
    if below:
        stay = mql.get("stay_days", 0)
        yield f"An MQL is a lead again when {below}, and no way in holds" + (
            f"; not before {_days(stay)} as an MQL" if stay else ""
        )


def _rests(recycle: Rule) -> Iterator[str]:
    yield from (f"{_plain(reason)}: {_days(days)}" for reason, days in recycle.items() if reason != "wakes")
    if wakes := recycle.get("wakes"):
        yield f"Ends any rest at once: {', '.join(map(_plain, wakes))}"


def _examples(examples: Iterable[Rule]) -> Iterator[str]:
    for example in examples:
        expect = example["expect"]
        parts = ", ".join(f"{_plain(key)} {points:g}" for key, points in expect.get("groups", {}).items())
        yield f"{example['name']} *Score {expect['score']}, grade {expect['grade']}, {expect['stage']}" + (
            f" ({parts}).*" if parts else ".*"
        )


# --- words ----------------------------------------------------------------------------------------------------------


def _plain(key: str) -> str:
    return key.replace("-", " ").replace("_", " ")


def _points(points: float) -> str:
    return f"{points:g} {'point' if abs(points) == 1 else 'points'}"


def _days(days: float) -> str:
    return f"{days:g} {'day' if days == 1 else 'days'}"


def _or(texts: Iterable[Any]) -> str:
    """Texts as code, so that a `*` stays one."""
    *rest, last = [f"`{text}`" for text in texts] or ["nothing yet"]
    return f"{', '.join(rest)} or {last}" if rest else last


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m infra.model", description="Checks or tells a scoring model.")
    parser.add_argument("command", choices=["check", "agreement"])
    parser.add_argument(
        "file", nargs="?", type=Path, default=DEFAULTS / "model.yaml", help="the model; the default model without"
    )
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
