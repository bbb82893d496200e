"""The outlook: what a lead's score will be on the days ahead if nothing more happens."""

from collections.abc import Callable
from datetime import date, timedelta

from chalicelib.scoring.model import Model
from chalicelib.scoring.profile import Profile, Touches
from chalicelib.scoring.score import Score, worth_by_day
from chalicelib.scoring.tally import Since, Tally


def outlook(
    model: Model,
    profile: Profile,
    touches: Touches,
    tally: Tally,
    today: date,
    most_days: int,
    since: Since | None = None,
) -> Callable[[int], Score]:
    """The score in n days, for 0 <= n <= most_days, without reasons: exactly what `score` will say on that day."""
    on = worth_by_day(model, profile, touches, tally, since)

    def in_days(days: int) -> Score:
        assert 0 <= days <= most_days, f"{days} is not within {most_days} days"
        return on(today + timedelta(days=days))

    return in_days
