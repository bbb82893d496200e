"""What a scoring model says of stages, grades and rests, and probably does not mean.

Each check has one message, which names the path and the remedy.
"""

from collections.abc import Callable, Iterator, Sequence

from chalicelib.authoring.bounds import Values, least_behind, most_by_rules
from chalicelib.errors import FieldError
from chalicelib.scoring.model import REQUESTED, Condition, Model
from chalicelib.scoring.score import MILLI, parts_of

FIT = "fit"  # the only value that may stand in the way of a request, and the one that grades are of
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
REASONS = (*VERDICT_REASONS, "churned")  # of a customer who left


def grade_out_of_reach(model: Model) -> Iterator[FieldError]:
    """A grade that nobody has."""
    most = most_by_rules(model).get(FIT, 0)
    for least, grade in model.grades:
        if least > most:
            yield FieldError(
                f"grades.{grade}",
                f"nobody gets it, because fit is at most {_points(most)}; lower it or add rules",
            )


def never_cools(model: Model) -> Iterator[FieldError]:
    """An MQL that nothing makes a lead again."""
    if not model.cool_below:
        yield FieldError(
            "stages.mql.cool_below",
            "is missing, so an MQL never cools; say below which values of behaviour it does",
        )


def cools_by_what_stays(model: Model) -> Iterator[FieldError]:
    """Cooling that rests on what does not fade with time (playbook, rule 5)."""
    facts = {rule.group for rule in model.field_rules}
    for name in model.cool_below:
        if stays := sorted(parts_of(model)[name] & facts):
            yield FieldError(
                f"stages.mql.cool_below.{name}",
                f"rests on {' and '.join(stays)}, and facts do not fade with time; use values of"
                " behaviour only",
            )


def way_covered(model: Model) -> Iterator[FieldError]:
    """A way that lets in nobody whom another does not."""
    for stage, ways in (("mql", model.mql), ("sql", model.sql)):
        least = [least_behind(model, way) for way in ways]
        for number in range(len(ways)):
            if (other := _covering(ways, least, number)) is not None:
                yield FieldError(
                    f"stages.{stage}.any.{number}",
                    f"who meets it meets stages.{stage}.any.{other} too; remove it, or ask for"
                    " less",
                )


def no_request(model: Model) -> Iterator[FieldError]:
    """A model in which nobody asks (playbook, rules 1 and 2)."""
    if not _requests(model):
        yield FieldError(
            "stages.sql.any",
            "no way in is kind: requested, so whoever asks for us waits like the rest; add one",
        )


def request_held_up(model: Model) -> Iterator[FieldError]:
    """A request reaches a human, if fit is not hopeless (playbook, rule 1)."""
    for path, way in _requests(model):
        for name in [name for name, _ in way.thresholds if name != FIT]:
            yield FieldError(f"{path}.{name}", "silences a request, and only fit may; remove it")


def request_to_be_repeated(model: Model) -> Iterator[FieldError]:
    """Who asks once is answered."""
    for path, way in _requests(model):
        if way.days > 1:
            yield FieldError(
                f"{path}.days", f"asks for a request on {way.days} days before it counts; remove it"
            )


def request_that_wakes_nobody(model: Model) -> Iterator[FieldError]:
    """A request ends a rest at once (playbook, rule 1)."""
    for signal in dict.fromkeys(way.signal for _, way in _requests(model)):
        if signal not in model.wakes:
            yield FieldError(
                "recycle.wakes", f"'{signal}' is a request, and a resting lead is not heard; add it"
            )


def wake_to_nowhere(model: Model) -> Iterator[FieldError]:
    """A signal that ends the rest and then leads nowhere."""
    opening = {way.signal for way in model.sql}
    for signal in model.wakes:
        if signal not in opening:
            yield FieldError(
                "recycle.wakes",
                f"'{signal}' opens no way into sql; add one to stages.sql, or remove it",
            )


def rest_without_reason(model: Model) -> Iterator[FieldError]:
    """Days that nobody ever rests."""
    for reason in model.recycle:
        if reason not in REASONS:
            yield FieldError(
                f"recycle.{reason}",
                f"nobody gives this reason; the reasons are {', '.join(REASONS)}",
            )


def reason_without_rest(model: Model) -> Iterator[FieldError]:
    """A no of sales that the model does not answer."""
    for reason in VERDICT_REASONS:
        if reason not in model.recycle:
            yield FieldError(
                f"recycle.{reason}",
                "is missing, so a lead that sales returns with it rests as for any other reason;"
                " add its days",
            )


CHECKS: tuple[Callable[[Model], Iterator[FieldError]], ...] = (
    grade_out_of_reach,
    never_cools,
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
    """The first other way that covers a way. Of two that are the same, the later one is covered.

    least: the least values of a lead that meets each way.
    """
    narrow = ways[number]
    for other, way in enumerate(ways):
        covered = other != number and _covers(way, narrow, least[number])
        if covered and (other < number or not _covers(narrow, way, least[other])):
            return other
    return None


def _covers(wide: Condition, narrow: Condition, least: Values) -> bool:
    """Whether everybody who meets the narrow way meets the wide one, and is not worse off by it."""
    if narrow.kind != wide.kind and wide.kind != REQUESTED:
        return False
    if wide.signal is not None and not (
        wide.signal == narrow.signal
        and wide.days <= narrow.days
        and wide.within_days >= narrow.within_days
    ):
        return False
    return all(least[name] >= points for name, points in wide.thresholds)


def _points(milli: int) -> str:
    return f"{milli / MILLI:g}"
