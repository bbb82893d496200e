"""The names in a scoring model's document: each must exist where it is used, and mean one thing.

Each check has one message, which names the path and the remedy.
"""

from collections.abc import Callable, Iterable, Iterator

from chalicelib.authoring.field_shape import FieldRuleDocument
from chalicelib.authoring.shape import ModelDocument, behaviour_rules_of, rules_of, ways_of
from chalicelib.authoring.wishes import answer_to
from chalicelib.errors import FieldError
from chalicelib.scoring.model import CONDITION_KEYS, default_group
from chalicelib.scoring.score import SCORE


def rule_twice(document: ModelDocument) -> Iterator[FieldError]:
    """Refuse two rules of one name: the reasons of a score name their rule."""
    seen: dict[str, str] = {}
    for path, _, key, _ in rules_of(document):
        if key in seen:
            yield FieldError(path, f"{seen[key]} has the same name; rename one")
        seen.setdefault(key, path)


def rule_on_unknown_signal(document: ModelDocument) -> Iterator[FieldError]:
    """Refuse a rule on a signal that does not exist: it would never give anything."""
    for path, signal, _ in behaviour_rules_of(document):
        if signal not in document.signals:
            yield FieldError(
                path, f"there is no signal '{signal}'; add it to signals, or correct the name"
            )


def rule_in_unknown_group(document: ModelDocument) -> Iterator[FieldError]:
    """Refuse a rule in a group that does not exist, the default group included.

    The points of a missing group would not be in the total.
    """
    for path, side, _, rule in rules_of(document):
        on_signal = not isinstance(rule, FieldRuleDocument)
        group = rule.group or default_group(side, on_signal=on_signal)
        if group not in document.groups:
            yield FieldError(
                f"{path}.group", f"there is no group '{group}'; add it to groups, or name another"
            )


def name_taken(document: ModelDocument) -> Iterator[FieldError]:
    """Refuse one name for two values: a threshold on it would be unclear.

    A score may be called like its own group that is not in the total: the name means the score.
    """
    taken = dict.fromkeys(CONDITION_KEYS, "a key of a way in") | {SCORE: "the total"}
    for what, part in (("group", "groups"), ("sum", "sums"), ("score", "scores")):
        for key in getattr(document, part):
            if key in taken and not _is_of_its_group(document, part, key):
                yield FieldError(f"{part}.{key}", f"is the name of {taken[key]}; rename the {what}")
            taken.setdefault(key, f"a {what}")


def sum_of_unknown_group(document: ModelDocument) -> Iterator[FieldError]:
    """Refuse anything but groups in a sum or a named score."""
    for path, parts in _summed(document):
        for part in dict.fromkeys(parts):
            if part not in document.groups:
                yield FieldError(
                    path, f"there is no group '{part}'; the groups are {_listed(document.groups)}"
                )


def sum_of_a_group_twice(document: ModelDocument) -> Iterator[FieldError]:
    """Refuse a group twice in one sum or named score: its points are in it once."""
    for path, parts in _summed(document):
        for part in sorted({part for part in parts if parts.count(part) > 1}):
            yield FieldError(path, f"counts '{part}' {parts.count(part)} times; name it once")


def threshold_on_unknown_value(document: ModelDocument) -> Iterator[FieldError]:
    """Refuse a misspelt key of a way in, or a threshold on what the model does not have."""
    known = _values(document)
    for path, _, way in ways_of(document):
        for key in way.thresholds:
            if key not in known:
                keys = _listed([*sorted(CONDITION_KEYS), *known])
                instead = answer_to("ConditionDocument", key) or f"use one of {keys}"
                yield FieldError(f"{path}.{key}", f"no such key, group, sum or score; {instead}")


def way_by_unknown_signal(document: ModelDocument) -> Iterator[FieldError]:
    """Refuse a way in by a signal that does not exist: no lead would meet it."""
    for path, _, way in ways_of(document):
        if way.signal is not None and way.signal not in document.signals:
            yield FieldError(
                f"{path}.signal",
                f"there is no signal '{way.signal}'; add it to signals, or correct the name",
            )


def cooling_on_unknown_value(document: ModelDocument) -> Iterator[FieldError]:
    """Refuse cooling by a value that does not exist."""
    known = _values(document)
    for key in document.stages.mql.cool_below:
        if key not in known:
            yield FieldError(
                f"stages.mql.cool_below.{key}",
                f"no such group, sum or score; use one of {_listed(known)}",
            )


def wake_by_unknown_signal(document: ModelDocument) -> Iterator[FieldError]:
    """Refuse a wake by a signal that does not exist: it would wake no lead."""
    for key in dict.fromkeys(document.recycle.wakes):
        if key not in document.signals:
            yield FieldError(
                "recycle.wakes",
                f"there is no signal '{key}'; add it to signals, or correct the name",
            )


NAME_CHECKS: tuple[Callable[[ModelDocument], Iterator[FieldError]], ...] = (
    rule_twice,
    rule_on_unknown_signal,
    rule_in_unknown_group,
    name_taken,
    sum_of_unknown_group,
    sum_of_a_group_twice,
    threshold_on_unknown_value,
    way_by_unknown_signal,
    cooling_on_unknown_value,
    wake_by_unknown_signal,
)


def _values(document: ModelDocument) -> list[str]:
    """Return the names that thresholds and cooling may use."""
    return [SCORE, *document.groups, *document.sums, *document.scores]


def _summed(document: ModelDocument) -> Iterator[tuple[str, list[str]]]:
    """Yield the groups of each sum and each named score, with their path."""
    yield from ((f"sums.{key}", parts) for key, parts in document.sums.items())
    yield from ((f"scores.{key}.groups", one.groups) for key, one in document.scores.items())


def _is_of_its_group(document: ModelDocument, part: str, key: str) -> bool:
    group = document.groups.get(key)
    is_apart = group is not None and not group.in_total
    return part == "scores" and is_apart and key in document.scores[key].groups


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names)
