"""When marketing's emails leave, and how many one person gets (ADR 0056)."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from chalicelib.document import Document, needs

DAY_NAMES = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DayName = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WINDOW_MIN_MINUTES = 60


def minute_of(clock: str) -> int:
    """Return the minute of the day of a time such as 08:30; 24:00 is its end."""
    hour, _, minute = clock.partition(":")
    return int(hour) * 60 + int(minute)


def _wide_enough(hours: tuple[str, str]) -> tuple[str, str]:
    opens, closes = map(minute_of, hours)
    if closes - opens < WINDOW_MIN_MINUTES:
        raise ValueError
    return hours


ClockTime = Annotated[str, Field(pattern=r"^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$")]
OpenHours = Annotated[
    tuple[ClockTime, ClockTime],
    AfterValidator(_wide_enough),
    needs(
        "the times of one day between which emails leave are needed, an hour apart at least, such"
        ' as ["08:30", "17:30"]'
    ),
]
OpenDays = Annotated[
    list[DayName],
    Field(min_length=1, max_length=7),
    needs(f"a list of days is needed, out of {', '.join(DAY_NAMES)}"),
]
HolidayRegion = Annotated[str, Field(pattern=r"^[A-Z]{2}(-[A-Z0-9]{1,3})?$")]
HolidayRegions = Annotated[
    list[HolidayRegion],
    Field(max_length=10),
    needs("a list of countries and regions is needed, such as [DE-BY], or an empty one"),
]
EmailCap = Annotated[int, Field(ge=0, le=100)]


class SendingDocument(Document):
    """What a company sets for it. What it leaves out is as shipped."""

    hours: OpenHours = ("08:30", "17:30")
    """Of the person's own day."""
    days: OpenDays = ["mon", "tue", "wed", "thu", "fri"]
    holidays: HolidayRegions | None = None
    """Whose public holidays are closed, besides those of the person's country. Left out: those of
    the company's country; an empty list: nobody's at all."""
    per_7_days: EmailCap = 2
    """How many emails a person gets in any seven days; 0: as many as there are."""
    per_30_days: EmailCap = 6
    """The same in any thirty days."""
    warm: bool = False
    """Whether mail providers know the domain that emails come from: no warm-up (ADR 0057)."""
    hours_apart: Annotated[int, Field(ge=0, le=720)] = 48
    """How many hours lie between two of them at least."""
