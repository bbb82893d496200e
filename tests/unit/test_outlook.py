"""The outlook agrees with the score of each day ahead."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as some

from chalicelib.limits import HORIZON_DAYS, REVIEW_MAX_DAYS
from chalicelib.scoring.outlook import outlook
from chalicelib.scoring.profile import Touches
from chalicelib.scoring.score import score
from chalicelib.scoring.tally import Tally
from tests import factories as make
from tests.fakes import NOW

TODAY = NOW.date()
MODEL = make.model()
DAILY = [signal for signal in MODEL.signals if not MODEL.signals[signal].distinct]
DISTINCT = [signal for signal in MODEL.signals if MODEL.signals[signal].distinct]
ROUNDING = len(MODEL.behaviour_rules)  # a thousandth for each rule


def days(oldest: int) -> some.SearchStrategy[int]:
    return some.integers(0, oldest).map(lambda ago: TODAY.toordinal() - ago)


def tallies(oldest: int) -> some.SearchStrategy[Tally]:
    cells = some.dictionaries(days(oldest), some.integers(1, 30), min_size=1, max_size=8)
    keys = some.dictionaries(some.text("abcdef0123456789", min_size=8, max_size=8), days(oldest), min_size=1)
    return some.builds(
        Tally,
        some.dictionaries(some.sampled_from(DAILY), cells, max_size=6),
        some.dictionaries(some.sampled_from(DISTINCT), keys, max_size=2),
    )


@given(tallies(HORIZON_DAYS - REVIEW_MAX_DAYS - 1), some.integers(0, REVIEW_MAX_DAYS))
def test_a_day_ahead_is_the_score_of_that_day_up_to_rounding(tally: Tally, ahead: int) -> None:
    exact = score(MODEL, {}, Touches(), tally, TODAY + timedelta(days=ahead))
    quick = outlook(MODEL, {}, Touches(), tally, TODAY, REVIEW_MAX_DAYS)(ahead)
    assert abs(quick.total - exact.total) <= ROUNDING
    assert all(abs(quick.groups[group] - exact.groups[group]) <= ROUNDING for group in exact.groups)


@given(tallies(HORIZON_DAYS + 10), some.integers(0, REVIEW_MAX_DAYS))
def test_behaviour_that_leaves_the_horizon_on_the_way_is_exact(tally: Tally, ahead: int) -> None:
    """What is 400 days old ends rather than decays: a decayed weight would go on for ever."""
    tally = Tally({**tally.days, "hard-bounce": {TODAY.toordinal() - HORIZON_DAYS + 5: 1}}, tally.keys)
    exact = score(MODEL, {}, Touches(), tally, TODAY + timedelta(days=ahead))
    assert outlook(MODEL, {}, Touches(), tally, TODAY, REVIEW_MAX_DAYS)(ahead).total == exact.total
