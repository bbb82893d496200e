"""The routing document: the salespeople, and who stands in for them."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)

from chalicelib.company.fields import Country, OneLine, WebUrl
from chalicelib.company.sending import DAY_NAMES, ClockTime, DayName, HolidayRegion
from chalicelib.days import zone_of
from chalicelib.document import Document, needs, read_document

PEOPLE_MAX = 200
TEAMS_MAX = 50
DAYS_OFF_MAX = 200  # of a person
LISTED_MAX = 250  # countries, industries or sizes of a territory

DAY_NEEDED = "a day is needed, such as 2026-12-24"
PersonId = Annotated[str, Field(pattern=r"^[a-z0-9_-]{1,64}$")]
NotifyWay = Literal["email", "slack", "teams", "sms"]
"""How a salesperson is notified."""
WORKING_DAYS = DAY_NAMES[:5]
WORKING_HOURS = ("09:00", "17:30")
Region = Annotated[
    HolidayRegion,
    needs("a country such as DE, or one of its regions such as DE-BY, is needed"),
]
Webhook = Annotated[
    WebUrl,
    Field(pattern=r"^https://"),
    needs("the URL of an incoming webhook is needed, beginning with https://"),
]


def _read_day(said: Any) -> date:
    if isinstance(said, datetime) or not isinstance(said, (str, date)):
        raise ValueError
    return said if isinstance(said, date) else date.fromisoformat(said)


def _known_zone(name: str) -> str:
    zone_of(name)
    return name


def _as_range(said: Any) -> Any:
    """Return one day as the days from it to itself."""
    if not isinstance(said, (str, date)):
        return said
    try:
        day = _read_day(said)
    except ValueError:
        raise ValueError(f"{DAY_NEEDED}, or the first and the last of several") from None
    return {"from": day, "to": day}


def _as_ranges(said: Any) -> Any:
    """Return one pair of numbers as a list of it."""
    is_pair = isinstance(said, list) and len(said) == 2
    return [said] if is_pair and not any(isinstance(one, list) for one in said) else said


Day = Annotated[date, BeforeValidator(_read_day), needs(DAY_NEEDED)]
ZoneName = Annotated[str, Field(max_length=64), AfterValidator(_known_zone)]


class DaysOff(Document):
    """Days on which a person does not work."""

    first: Day = Field(alias="from")
    last: Day = Field(alias="to")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.last < self.first:
            raise ValueError("to is a day before from; exchange them")
        return self


Employees = Annotated[int, Field(ge=0, le=10_000_000)]
Sizes = Annotated[
    list[tuple[Employees | None, Employees | None]],
    BeforeValidator(_as_ranges),
    Field(max_length=LISTED_MAX),
    needs(
        "the smallest and the largest number of employees are needed, such as [50, 1000], or"
        " several such pairs; null for no limit"
    ),
]


class Territory(Document):
    """Whose leads somebody gets: those that fit every list that is not empty."""

    country: Annotated[list[Country], Field(max_length=LISTED_MAX)] = []
    industry: Annotated[list[OneLine], Field(max_length=LISTED_MAX)] = []
    """In any case; `*` stands for any characters."""
    size: Sizes = []
    """The smallest and the largest number of employees, both included."""


class Person(Document):
    """A salesperson."""

    id: PersonId
    name: Annotated[str, Field(min_length=1, max_length=100)]
    email: Annotated[str, Field(min_length=3, max_length=254)]
    phone: Annotated[str, Field(pattern=r"^\+[1-9][0-9]{6,14}$")] | None = None
    """In E.164 form, which SNS needs to send a text message."""
    active: bool = True
    time_zone: ZoneName | None = None
    """Its IANA name. None: the company's."""
    hours: dict[DayName, tuple[ClockTime, ClockTime]] | None = None
    """Working day -> when work starts and ends; None: Monday to Friday."""
    days_off: Annotated[
        list[Annotated[DaysOff, BeforeValidator(_as_range)]], Field(max_length=DAYS_OFF_MAX)
    ] = []
    holidays: Region | None = None
    """Whose public holidays this person has. None: those that the document names."""
    deputy: PersonId | None = None
    """Who is notified while this person is absent."""
    notify: Annotated[list[NotifyWay], Field(min_length=1, max_length=4)] = ["email", "sms"]
    """The ways to notify this person, the preferred one first."""
    slack: Webhook | None = None
    teams: Webhook | None = None
    booking_url: WebUrl | None = None
    """Where a lead books a meeting with this person."""
    territory: Territory | None = None
    weight: Annotated[float, Field(gt=0, le=100)] = 1
    """With 2 this person is dealt twice as many leads as with 1."""
    capacity: Annotated[int, Field(ge=0, le=1_000)] = 10
    """Handoffs on a working day."""


class Team(Document):
    """Salespeople who share a territory."""

    id: PersonId
    name: Annotated[str, Field(min_length=1, max_length=100)]
    members: Annotated[list[PersonId], Field(min_length=1, max_length=PEOPLE_MAX)]
    territory: Territory | None = None


class RoutingDocument(Document):
    """The salespeople, and who stands in for them."""

    people: Annotated[list[Person], Field(max_length=PEOPLE_MAX)]
    teams: Annotated[list[Team], Field(max_length=TEAMS_MAX)] = []
    holidays: Region | None = None
    """Whose public holidays the people have. None: those of the company's country."""
    fallback: PersonId | None = None
    """Who gets a handoff that did not reach its salesperson; need not be active."""
    manager: PersonId | None = None
    """Who gets it if there is no fallback person, or it was their mailbox; need not be active."""

    @field_validator("fallback", "manager")
    @classmethod
    def _is_listed(cls, value: str | None, info: ValidationInfo) -> str | None:
        people: list[Person] = info.data.get("people", [])
        if value is not None and "people" in info.data and value not in {one.id for one in people}:
            raise ValueError(f"nobody in people has the id {value}; add them or name another one")
        return value


def salesperson(routing: Mapping[str, Any] | None, owner: str | None = None) -> Person | None:
    """Return the owner if active, else the first active person, or None when nobody is active.

    routing: the routing document, None when there is none. Raise DocumentError when it breaks the
    format.
    """
    people = read_document(RoutingDocument, routing).people if routing else []
    active = [person for person in people if person.active]
    return next((person for person in active if person.id == owner), active[0] if active else None)


def salespeople(routing: Mapping[str, Any] | None) -> frozenset[str]:
    """Return the ids of all people of the routing document, None when there is none.

    Raise DocumentError for a routing document that breaks the format.
    """
    people = read_document(RoutingDocument, routing).people if routing else []
    return frozenset(person.id for person in people)


def stand_ins(routing: Mapping[str, Any] | None) -> list[Person]:
    """Return who gets a handoff that did not reach its salesperson: the fallback person, then the
    manager, as far as they are named.

    Raise DocumentError for a routing document that breaks the format.
    """
    if not routing:
        return []
    document = read_document(RoutingDocument, routing)
    by_id = {person.id: person for person in document.people}
    return [by_id[one] for one in (document.fallback, document.manager) if one is not None]


def person_of(routing: Mapping[str, Any] | None, person_id: str) -> Person | None:
    """Return the person of an id, whether active or not; None for an id of nobody.

    Raise DocumentError for a routing document that breaks the format.
    """
    people = read_document(RoutingDocument, routing).people if routing else []
    return next((person for person in people if person.id == person_id), None)


def webhook_of(routing: Mapping[str, Any] | None, person_id: str, chat: str) -> str | None:
    """Return the URL of a person's chat, slack or teams; None where there is none.

    Raise DocumentError for a routing document that breaks the format.
    """
    person = person_of(routing, person_id)
    urls = {"slack": person.slack, "teams": person.teams} if person else {}
    return urls.get(chat)


def hears_of(routing: Mapping[str, Any] | None, owner: str | None) -> Person | None:
    """Return who hears of a lead that was not handed over: its owner if active, else who stands in;
    None where nobody is named.

    Raise DocumentError for a routing document that breaks the format.
    """
    person = salesperson(routing, owner) if owner else None
    if person is not None and person.id == owner:
        return person
    return next(iter(stand_ins(routing)), None)


def weekly_capacity(routing: Mapping[str, Any] | None) -> int:
    """Return how many handoffs the active people can take in a week.

    That is the sum of each person's capacity times their working days. Raise DocumentError for a
    routing document that breaks the format.
    """
    people = read_document(RoutingDocument, routing).people if routing else []
    return sum(
        person.capacity * len(person.hours or WORKING_DAYS) for person in people if person.active
    )
