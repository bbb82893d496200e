"""An erasure may be killed anywhere: the clock goes on, and nothing of the person is left."""

from collections.abc import Callable
from datetime import timedelta
from functools import cache

from chalicelib.store.table import Item
from tests.baton import ANN, InMemoryBaton, ask
from tests.held import Restarted, left_of
from tests.sizes import SIZES
from tests.stepper import Call, Crash, Killable, kills, said

EMAIL = str(ANN["email"])
OTHER = "ann@home.example"
MARKS = ("ann@", "901820")
MINUTES = 9  # the lease of a killed runner, and the waiting time


@cache
def before() -> dict[tuple[str, str], Item]:
    baton = InMemoryBaton()
    for visitor, email in (("v1", EMAIL), ("v2", OTHER)):
        baton.page("/pricing", visitor=visitor)
        baton.form("guide", visitor, consent=True, **{**ANN, "email": email})
        baton.until_quiet()
    ask(baton, "merge", {"other_lead_id": baton.world.lead_id(OTHER)})
    return baton.kept()


class Town(Killable):
    """Ann, who came by two addresses."""

    def __init__(self, crash: Crash | None) -> None:
        super().__init__(crash)
        self.ports.memory.items = before()
        self.baton = Restarted(self.ports)
        self.ports.clock.tick(timedelta(minutes=1))


def erased(crash: Crash | None) -> Town:
    """Return a town after an erasure. A client that got no answer asks again."""
    town = Town(crash)
    lead_id = town.baton.world.lead_id(EMAIL)
    while not town.run("erase", lambda world: world.privacy.erasures.erase(lead_id)):
        pass
    town.minutes(MINUTES)
    return town


@cache
def erasure_calls() -> list[Call]:
    return erased(None).breaker.log


def test_an_erasure_killed_before_and_after_every_port_call(
    record_property: Callable[[str, object], None],
) -> None:
    calls = erasure_calls()
    numbers = kills(calls)
    for number in numbers:
        for after in (False, True):
            town = erased(Crash(number, after))
            where = f"{'after' if after else 'before'} call {number} ({calls[number]})"
            items = town.ports.memory.items
            assert left_of(items, MARKS) == [], where
            (job,) = [item for item in items.values() if item["sk"] == "JOB"]
            assert job["status"] == "done", where
            for email in (EMAIL, OTHER):
                assert not town.baton.world.leads.read(town.baton.world.lead_id(email)).exists
    record_property("crashes", said(numbers, calls))


def test_the_kills_are_as_many_as_the_sizes_say() -> None:
    assert len(kills(erasure_calls())) >= len(erasure_calls()) // SIZES.kill_every
