"""Public holidays, by country and region."""

from datetime import date

import pytest

from chalicelib.public_holidays import is_holiday, is_region


def test_regions_are_known_or_not() -> None:
    assert is_region("DE")
    assert is_region("DE-BY")
    assert not is_region("DE-XX")
    assert not is_region("XX")


@pytest.mark.parametrize(
    ("day", "regions"),
    [
        (date(2026, 12, 25), ["DE", "DE-BY"]),
        (date(2026, 12, 28), []),
        (date(2026, 1, 6), ["DE-BY"]),
    ],
)
def test_a_day_is_a_holiday_where_it_is_one(day: date, regions: list[str]) -> None:
    assert [one for one in ("DE", "DE-BY", "XX") if is_holiday(day, one)] == regions
