"""What is wrong with a routing, or probably not meant, besides the format."""

from collections import Counter
from collections.abc import Iterator, Sequence

from chalicelib.company.sending import minute_of
from chalicelib.delivery.webhooks import is_chat_url
from chalicelib.errors import FieldError
from chalicelib.handoff.routing import Person, RoutingDocument
from chalicelib.inputs.addresses import parse_address
from chalicelib.public_holidays import is_region


def routing_mistakes(routing: RoutingDocument) -> Iterator[FieldError]:
    """Yield what of a routing cannot be executed: each person who cannot be written to or is there
    twice, each name of nobody, hours that end before they begin, holidays that nobody knows.
    """
    ids = {person.id for person in routing.people}
    yield from _twice("person", "people", [person.id for person in routing.people])
    yield from _twice("team", "teams", [team.id for team in routing.teams])
    yield from _region("holidays", routing.holidays)
    for position, person in enumerate(routing.people):
        path = f"people.{position}"
        yield from _address(path, person)
        yield from _hours(path, person)
        yield from _deputy(path, person, ids)
        yield from _region(f"{path}.holidays", person.holidays)
        yield from _webhooks(path, person)
        yield from _ways(path, person)
    for number, team in enumerate(routing.teams):
        for place, member in enumerate(team.members):
            if member not in ids:
                yield _nobody(f"teams.{number}.members.{place}", member)


def routing_warnings(routing: RoutingDocument) -> Iterator[FieldError]:
    """Yield what keeps a handoff from reaching somebody."""
    if not any(person.active for person in routing.people):
        yield FieldError("people", "nobody is active, so no handoff reaches a person")


def _twice(noun: str, key: str, ids: Sequence[str]) -> Iterator[FieldError]:
    times = Counter(ids)
    for position, one_id in enumerate(ids):
        if times[one_id] > 1:
            yield FieldError(f"{key}.{position}.id", f"another {noun} has this id; change one")


def _address(path: str, person: Person) -> Iterator[FieldError]:
    try:
        address = parse_address(person.email)
    except ValueError as error:
        yield FieldError(f"{path}.email", str(error))
    else:
        # What stands here is what SES gets, and it takes neither blanks nor umlauts.
        if address.lower() != person.email.lower():
            yield FieldError(f"{path}.email", f"must be written as {address}")


def _hours(path: str, person: Person) -> Iterator[FieldError]:
    for day, (start, end) in (person.hours or {}).items():
        if minute_of(end) <= minute_of(start):
            yield FieldError(
                f"{path}.hours.{day}",
                "must end after they begin; work past midnight goes to the next day, from 00:00 on",
            )


def _deputy(path: str, person: Person, ids: set[str]) -> Iterator[FieldError]:
    deputy = person.deputy
    if deputy == person.id:
        yield FieldError(f"{path}.deputy", "nobody is their own deputy; name another person")
    elif deputy is not None and deputy not in ids:
        yield _nobody(f"{path}.deputy", deputy)


def _nobody(path: str, person_id: str) -> FieldError:
    return FieldError(
        path, f"nobody in people has the id {person_id}; add them or name another one"
    )


def _region(path: str, region: str | None) -> Iterator[FieldError]:
    if region is not None and not is_region(region):
        yield FieldError(
            path,
            f"no public holidays are known of {region}; give a country such as DE, or one of its"
            " regions such as DE-BY",
        )


def _webhooks(path: str, person: Person) -> Iterator[FieldError]:
    for chat, url in (("slack", person.slack), ("teams", person.teams)):
        if url is not None and not is_chat_url(url):
            yield FieldError(
                f"{path}.{chat}",
                "is not the URL of an incoming webhook of Slack, or of a workflow in Teams; copy it"
                " from there",
            )


def _ways(path: str, person: Person) -> Iterator[FieldError]:
    """Yield each way to notify a person that is named and lacks what it needs."""
    if "notify" not in person.model_fields_set:
        return
    lacking = {"slack": person.slack, "teams": person.teams, "sms": person.phone}
    for position, way in enumerate(person.notify):
        if way in person.notify[:position]:
            yield FieldError(f"{path}.notify.{position}", f"{way} is there twice; remove one")
        elif lacking.get(way, "") is None:
            key = "phone" if way == "sms" else way
            yield FieldError(f"{path}.notify.{position}", f"{way} needs the key {key}; add it")
