"""Leads that are dealt: fairly also at one moment, together with their colleagues, and once each
whatever is killed (ADR 0074).
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cache, partial
from typing import Any

from chalicelib.store import keys
from chalicelib.store.table import Item
from chalicelib.wiring.world import World
from tests.baton import AD, ANN, InMemoryBaton, stream_event
from tests.fakes import FakeClock, FakePorts
from tests.sizes import SIZES, seeds
from tests.stepper import Call, Crash, Request, Stepper, kills, said
from tests.turns import Turns

SAM, KIM, UMA = (
    {"id": name, "name": name.title(), "email": f"{name}@keybook.example"}
    for name in ("sam", "kim", "uma")
)
ON_LEAVE = {**UMA, "days_off": [{"from": "2026-11-01", "to": "2026-12-31"}]}
THREE = {"people": [SAM, KIM, ON_LEAVE]}
FIT: dict[str, Any] = {
    "job_title": "CTO",
    "company_size": 120,
    "industry": "software",
    "country": "DE",
}
TEN = tuple(f"ann@company-{number}.example" for number in range(10))
DEMOS: int = len(TEN)


def baton_with(routing: Mapping[str, Any]) -> InMemoryBaton:
    baton = InMemoryBaton()
    baton.world.documents.put("routing", routing)
    return baton


def asks(baton: InMemoryBaton, email: str, form: str = "demo") -> Any:
    """Let somebody ask for a demo, and return the lead."""
    baton.form(form, f"v-{email}", email=email, **FIT)
    baton.until_quiet()
    return baton.lead(email)


def handoffs(items: Mapping[tuple[str, str], Item]) -> list[Item]:
    return [item for (_, sk), item in items.items() if sk.startswith(keys.HANDOFF)]


def owners(items: Mapping[tuple[str, str], Item]) -> Counter[str]:
    return Counter(str(item["owner"]) for item in handoffs(items))


# --- one after the other --------------------------------------------------------------------------


def test_ten_requests_go_five_and_five_to_those_present() -> None:
    baton = baton_with(THREE)
    for email in TEN:
        asks(baton, email)
    assert owners(baton.ports.memory.items) == {"sam": 5, "kim": 5}
    told = Counter(one["to"] for one in baton.outbox() if one["via"] == "email")
    assert told == {"sam@keybook.example": 5, "kim@keybook.example": 5}


def test_rule_11_colleagues_go_to_one_owner_or_the_deputy() -> None:
    baton = baton_with(THREE)
    assert asks(baton, "ann@acme.example")["owner"] == "sam"
    assert asks(baton, "bob@other.example")["owner"] == "kim"
    away = {**SAM, "days_off": ON_LEAVE["days_off"], "deputy": "kim"}
    baton.world.documents.put("routing", {"people": [away, KIM]})
    assert asks(baton, "cleo@acme.example")["owner"] == "sam"
    (item,) = [one for one in handoffs(baton.ports.memory.items) if one.get("holder")]
    assert (item["owner"], item["holder"], item["is_dealt"]) == ("sam", "kim", False)
    assert item["why"] == (
        "Sam owns acme.example, and colleagues stay together. Sam is away; Kim stands in."
    )
    told = [one["to"] for one in baton.outbox() if one["via"] == "email"]
    assert Counter(told) == {"kim@keybook.example": 2, "sam@keybook.example": 1}


def test_free_mail_makes_nobody_colleagues() -> None:
    baton = baton_with(THREE)
    found = [asks(baton, f"{name}@gmail.com")["owner"] for name in ("ann", "bob")]
    assert found == ["sam", "kim"]


def test_a_company_follows_the_new_owner_of_its_lead() -> None:
    baton = baton_with(THREE)
    lead = asks(baton, "ann@acme.example")
    baton.world.edits.assign(lead["lead_id"], "kim")
    assert asks(baton, "bob@acme.example")["owner"] == "kim"


def test_colleagues_are_listed_the_newest_first() -> None:
    baton = baton_with(THREE)
    ids = []
    for name in ("ann", "bob", "cleo"):
        ids.append(asks(baton, f"{name}@acme.example")["lead_id"])
        baton.ports.clock.tick(timedelta(hours=1))
    asks(baton, "dan@other.example")
    found = baton.world.dealings.colleagues("acme.example", ids[1])
    assert [one.lead_id for one in found] == [ids[2], ids[0]]


def test_a_request_of_an_absent_owners_lead_reaches_the_deputy() -> None:
    baton = baton_with(THREE)
    asks(baton, "ann@acme.example")
    away = {**SAM, "days_off": ON_LEAVE["days_off"], "deputy": "kim"}
    baton.world.documents.put("routing", {"people": [away, KIM]})
    baton.ports.clock.tick(timedelta(days=1))
    asks(baton, "ann@acme.example", "contact")
    told = [one["to"] for one in baton.outbox() if one["kind"] == "triage" and one["to"]]
    assert told == ["kim@keybook.example"]


def looks_at_prices(baton: InMemoryBaton, name: str, *also: str) -> None:
    """Look at the prices on a second day, which makes an inferred SQL of somebody who fits."""
    for path in ("/pricing", *also):
        baton.page(path, f"v-{name}")
    baton.until_quiet()


def test_above_capacity_the_best_are_handed_over_first() -> None:
    baton = baton_with({"people": [{**SAM, "capacity": 1}]})
    people = ("ann", "bob", "cleo")
    for name in people:
        for path in ("/", "/blog/a", "/blog/b", "/pricing"):
            baton.page(path, f"v-{name}", context=AD)
        baton.form("tour", f"v-{name}", **{**ANN, "email": f"{name}@{name}.example"})
    baton.until_quiet()
    baton.ports.clock.tick(timedelta(days=1))
    looks_at_prices(baton, "ann")
    looks_at_prices(baton, "bob")
    looks_at_prices(baton, "cleo", "/compare/others", "/product")
    states = Counter(one["state"] for one in handoffs(baton.ports.memory.items))
    assert states == {"open": 1, "held": 2}
    opened = []
    for _ in range(3):
        emails = [one for one in baton.outbox() if one["via"] == "email"]
        opened.append({one["lead_id"] for one in emails if one["kind"] == "handoff"})
        baton.minutes_later(24 * 60)
        baton.minutes_later(30)
    ids = [baton.lead(f"{name}@{name}.example")["lead_id"] for name in people]
    assert opened == [{ids[0]}, {ids[0], ids[2]}, set(ids)]


# --- at one moment --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Captured:
    """Requests that are captured, and not yet counted."""

    items: Mapping[tuple[str, str], Item]
    records: Sequence[Item]
    baton: InMemoryBaton


@cache
def captured(*emails: str) -> Captured:
    baton = baton_with(THREE)
    before = len(baton.ports.memory.inserted)
    for email in emails:
        baton.form("demo", f"v-{email}", email=email, **FIT)
    fresh = baton.ports.memory.inserted[before:]
    records = [item for item in fresh if str(item["sk"]).startswith(keys.EVENT)]
    return Captured(baton.kept(), records, baton)


def race(seed: int, *emails: str) -> FakePorts:
    """Count all of them at one moment, each in a container of its own."""
    start = captured(*emails)
    turns = Turns(seed, [keys.ROUTING, keys.OF_COMPANY])
    ports = FakePorts(clock=FakeClock(start.baton.ports.now()), wrap=turns.wrap)
    ports.memory.items = start.items
    turns.run([partial(_count, start, ports, record) for record in start.records])
    return ports


def _count(start: Captured, ports: FakePorts, record: Item) -> None:
    world = World(ports)
    world.documents = start.baton.world.documents  # the same, read once
    world.models = start.baton.world.models
    while world.qualify_records(stream_event([record]))["batchItemFailures"]:
        pass  # as Lambda sends it again


def test_ten_at_one_moment_go_about_five_and_five(
    record_property: Callable[[str, object], None],
) -> None:
    apart: Counter[int] = Counter()
    for seed in seeds(SIZES.deals):
        ports = race(seed, *TEN)
        found = owners(ports.memory.items)
        apart[abs(found["sam"] - found["kim"])] += 1
        assert found.total() == DEMOS, seed
        assert found.keys() <= {"sam", "kim"}, seed
        messages = [sk for _, sk in ports.memory.items if sk.startswith(keys.OUTBOX)]
        ways = [f"OUTBOX#handoff#1#{way}" for way in ("email", "sms", "sns")]
        assert Counter(messages) == dict.fromkeys(ways, DEMOS), seed
    record_property("apart", str(dict(apart)))
    assert max(apart) <= 2


def test_colleagues_at_one_moment_go_to_one_owner() -> None:
    for seed in seeds(SIZES.deals):
        ports = race(seed, *(f"{name}@acme.example" for name in ("ann", "bob", "cleo", "dan")))
        assert sorted(owners(ports.memory.items).values()) == [4], seed


# --- killed ---------------------------------------------------------------------------------------

COLLEAGUES = ("ann@acme.example", "bob@acme.example", "cleo@other.example")
DONE = {"sam": 2, "kim": 1}


class Dealing(Stepper):
    """A run in which two colleagues and somebody else ask for a demo."""

    def __init__(self, crash: Crash | None = None) -> None:
        requests = [
            Request("/v1/forms/demo", {"fields": {"email": email, **FIT}, "submission_id": email})
            for email in COLLEAGUES
        ]
        super().__init__(requests, crash=crash, evidence=False)

    def _baton(self) -> InMemoryBaton:
        baton = InMemoryBaton(self.ports)
        baton.world.documents.put("routing", THREE)
        return baton


@cache
def calls_of_dealing() -> Sequence[Call]:
    result = Dealing().run(COLLEAGUES)
    assert set(result.stages) == {"sql"}
    return result.calls


def test_killed_at_any_call_each_is_dealt_once(
    record_property: Callable[[str, object], None],
) -> None:
    calls = calls_of_dealing()
    dealing = [number for number in kills(calls) if calls[number].worker == "EVENT"]
    assert dealing
    for number in dealing:
        for after in (False, True):
            run = Dealing(Crash(number, after=after))
            run.run(COLLEAGUES)
            items = run.ports.memory.items
            assert owners(items) == DONE, run.name
            load = items[keys.ROUTING, keys.LOAD]
            assert load["version"] == len(COLLEAGUES), run.name
            messages = Counter(sk for _, sk in items if sk.startswith(keys.OUTBOX))
            assert set(messages.values()) == {len(COLLEAGUES)}, run.name
    record_property("crashes", said(dealing, calls))
