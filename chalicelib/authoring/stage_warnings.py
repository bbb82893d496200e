"""Warnings about stages, grades and rests: what a model says, but probably does not mean.

Each check has one message, which names the path and the remedy.
"""

from collections.abc import Callable, Iterator, Sequence

from chalicelib.authoring.bounds import Values, least_behind, least_of_all, most_by_rules
from chalicelib.errors import FieldError
from chalicelib.lifecycle.moves import OTHER, OTHER_REST_DAYS
from chalicelib.scoring.milli import points_text
from chalicelib.scoring.model import FIT, REQUESTED, Condition, Model
from chalicelib.scoring.score import SCORE, parts_of

VERDICT_REASONS = (
    "not_ready",
    "no_budget",
    "wrong_person",
    "unreachable",
    "other",
    "lost_price",
    "lost_competitor",
    "lost_no_decision",
)
"""Why sales returns a lead."""

REST_REASONS = (*VERDICT_REASONS, "churned")
"""Why a lead rests: sales returned it, or it is a customer who left."""


def grade_out_of_reach(model: Model) -> Iterator[FieldError]:
    """Warn of a grade that nobody gets."""
    most = most_by_rules(model).get(FIT, 0)
    for least, grade in model.grades:
        if least > most:
            yield FieldError(
                f"grades.{grade}",
                f"nobody gets it, because fit is at most {points_text(most)}; lower it or add"
                " rules",
            )


def band_out_of_reach(model: Model) -> Iterator[FieldError]:
    """Warn of a band that nobody gets."""
    most = most_by_rules(model)
    named = [(f"scores.{name}.bands", name, bands) for name, bands in model.scores.items()]
    for path, name, bands in [("bands", SCORE, model.bands), *named]:
        for least, band in bands:
            if least > most[name]:
                yield FieldError(
                    f"{path}.{band}",
                    f"nobody gets it, because {name} is at most {points_text(most[name])}; lower it"
                    " or add rules",
                )


def counts_nowhere(model: Model) -> Iterator[FieldError]:
    """Warn of a group that is neither in the total nor in anything else."""
    used = {part for parts in model.sums.values() for part in parts}
    used |= {name for way in (*model.mql, *model.sql) for name, _ in way.thresholds}
    for group in sorted(model.apart - used):
        yield FieldError(
            f"groups.{group}.in_total",
            "leaves its points out of everything; name it in a score, a sum or a way in, or remove"
            " in_total",
        )


def never_cools(model: Model) -> Iterator[FieldError]:
    """Warn of MQLs that never cool."""
    if not model.cool_below:
        yield FieldError(
            "stages.mql.cool_below",
            "is missing, so an MQL never cools; say below which values of behaviour it does",
        )


def cools_nobody(model: Model) -> Iterator[FieldError]:
    """Warn of a bound of cooling that no lead is below."""
    for name, bound in model.cool_below.items():
        if bound <= least_of_all(model)[name]:
            yield FieldError(
                f"stages.mql.cool_below.{name}",
                f"no lead is below {points_text(bound)}, so an MQL never cools; raise it",
            )


def cools_by_what_stays(model: Model) -> Iterator[FieldError]:
    """Warn of cooling that rests on what does not fade with time (playbook, rule 5)."""
    facts = {rule.group for rule in model.fact_rules}
    for name in model.cool_below:
        if stays := sorted(parts_of(model)[name] & facts):
            yield FieldError(
                f"stages.mql.cool_below.{name}",
                f"rests on {' and '.join(stays)}, and facts do not fade with time; use values of"
                " behaviour only",
            )


def way_covered(model: Model) -> Iterator[FieldError]:
    """Warn of a way in that another way makes superfluous."""
    for stage, ways in (("mql", model.mql), ("sql", model.sql)):
        least = [least_behind(model, way) for way in ways]
        for number in range(len(ways)):
            if (other := _covering(ways, least, number)) is not None:
                yield FieldError(
                    f"stages.{stage}.any.{number}",
                    f"a lead that meets it also meets stages.{stage}.any.{other}; remove it, or"
                    " require less",
                )


def no_request(model: Model) -> Iterator[FieldError]:
    """Warn of a model without requests (playbook, rules 1 and 2)."""
    if not _requests(model):
        yield FieldError(
            "stages.sql.any",
            "no way in has kind: requested, so a lead that asks to be contacted waits like any"
            " other; add one",
        )


def request_held_up(model: Model) -> Iterator[FieldError]:
    """Warn of a threshold that holds back a request: only fit may do that (playbook, rule 1)."""
    for path, way in _requests(model):
        for name in [name for name, _ in way.thresholds if name != FIT]:
            yield FieldError(
                f"{path}.{name}", "holds back a request, and only fit may do that; remove it"
            )


def request_to_be_repeated(model: Model) -> Iterator[FieldError]:
    """Warn of a request that must be repeated: one request is enough."""
    for path, way in _requests(model):
        if way.days > 1:
            yield FieldError(
                f"{path}.days",
                f"requires a request on {way.days} days before it counts; remove it",
            )


def request_that_wakes_nobody(model: Model) -> Iterator[FieldError]:
    """Warn of a request that does not end a rest (playbook, rule 1)."""
    for signal in dict.fromkeys(way.signal for _, way in _requests(model)):
        if signal not in model.wakes:
            yield FieldError(
                "recycle.wakes",
                f"'{signal}' is a request, but a resting lead that makes it is not heard; add it",
            )


def wake_to_nowhere(model: Model) -> Iterator[FieldError]:
    """Warn of a signal that ends a rest and opens no way in."""
    opening = {way.signal for way in model.sql}
    for signal in model.wakes:
        if signal not in opening:
            yield FieldError(
                "recycle.wakes",
                f"'{signal}' opens no way into sql; add one to stages.sql, or remove it",
            )


def rest_without_reason(model: Model) -> Iterator[FieldError]:
    """Warn of days of rest for a reason that nobody gives."""
    for reason in model.recycle:
        if reason not in REST_REASONS:
            yield FieldError(
                f"recycle.{reason}",
                f"nobody gives this reason; the reasons are {', '.join(REST_REASONS)}",
            )


def reason_without_rest(model: Model) -> Iterator[FieldError]:
    """Warn of reasons of sales for which the model has no days of rest, all in one line."""
    missing = [reason for reason in VERDICT_REASONS if reason not in model.recycle]
    if missing:
        days = model.recycle.get(OTHER, OTHER_REST_DAYS)
        yield FieldError(
            "recycle",
            f"has no days for {', '.join(missing)}, so a lead that sales returns for one of them"
            f" rests for {days} days, as for {OTHER}; add theirs",
        )


STAGE_CHECKS: tuple[Callable[[Model], Iterator[FieldError]], ...] = (
    grade_out_of_reach,
    band_out_of_reach,
    counts_nowhere,
    never_cools,
    cools_nobody,
    cools_by_what_stays,
    way_covered,
    no_request,
    request_held_up,
    request_to_be_repeated,
    request_that_wakes_nobody,
    wake_to_nowhere,
    rest_without_reason,
    reason_without_rest,
)


def _requests(model: Model) -> list[tuple[str, Condition]]:
    return [
        (f"stages.sql.any.{number}", way)
        for number, way in enumerate(model.sql)
        if way.kind == REQUESTED
    ]


def _covering(ways: Sequence[Condition], least: Sequence[Values], number: int) -> int | None:
    """Return the first other way that covers a way, or None.

    Of two ways that are the same, the later one is covered. least: for each way, the least values
    of a lead that meets it.
    """
    narrow = ways[number]
    for other, way in enumerate(ways):
        covered = other != number and _covers(way, narrow, least[number])
        if covered and (other < number or not _covers(narrow, way, least[other])):
            return other
    return None


def _covers(wide: Condition, narrow: Condition, least: Values) -> bool:
    """Return whether every lead that meets the narrow way meets the wide one, and loses nothing."""
    if narrow.kind != wide.kind and wide.kind != REQUESTED:
        return False
    if wide.signal is not None and not (
        wide.signal == narrow.signal
        and wide.days <= narrow.days
        and wide.within_days >= narrow.within_days
    ):
        return False
    return all(least[name] >= points for name, points in wide.thresholds)
