"""What verdicts add up to: how many of each reason, by which forms, and what marketing should know.

`not_sales` and `spam` say nothing of the rules: they are counted by the form that let them in.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from chalicelib.handoff.verdicts import GivenVerdict
from chalicelib.lifecycle.verdicts import SAY_NOTHING_OF_RULES, RejectReason
from chalicelib.limits import OTHER_MAX_PERCENT

OTHER_WARNING = (
    "{share} % of rejections are for another reason, more than {most} %: the list of reasons lacks"
    " one; their notes say which"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class VerdictCounts:
    """The figures of some verdicts."""

    accepted: int = 0
    rejected: int = 0
    reasons: Mapping[str, int] = field(default_factory=dict)
    forms: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    """Form -> reason -> how many it let in that were not for sales, or were spam."""
    domains: Mapping[str, int] = field(default_factory=dict)
    """The domains of competitors that salespeople propose for the list."""
    warnings: tuple[str, ...] = ()


def count_verdicts(verdicts: Iterable[GivenVerdict]) -> VerdictCounts:
    """Return the figures of verdicts."""
    every = list(verdicts)
    rejected = [one for one in every if one.reason is not None]
    let_in = [one for one in rejected if one.reason in SAY_NOTHING_OF_RULES]
    return VerdictCounts(
        accepted=len(every) - len(rejected),
        rejected=len(rejected),
        reasons=dict(Counter(str(one.reason) for one in rejected)),
        forms={
            form: dict(Counter(str(one.reason) for one in let_in if one.form == form))
            for form in sorted({one.form for one in let_in} - {""})
        },
        domains=dict(Counter(one.domain for one in rejected if one.domain)),
        warnings=_warnings(rejected),
    )


def _warnings(rejected: list[GivenVerdict]) -> tuple[str, ...]:
    others = sum(one.reason is RejectReason.OTHER for one in rejected)
    if others * 100 <= OTHER_MAX_PERCENT * len(rejected):
        return ()
    share = round(others * 100 / len(rejected))
    return (OTHER_WARNING.format(share=share, most=OTHER_MAX_PERCENT),)
