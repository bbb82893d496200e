"""A message over the budget is killed before and after every port call on its way into a digest: it
is listed once, the digest leaves, and nothing is stuck.
"""

from datetime import timedelta
from functools import cache

from chalicelib.clock.tasks import QueueName
from chalicelib.delivery.messages import Email
from chalicelib.delivery.outbox import Via
from chalicelib.limits import PERSON_EMAILS_PER_HOUR
from chalicelib.store import keys
from chalicelib.store.table import Item
from tests.baton import ANN, InMemoryBaton
from tests.fakes import NOW
from tests.sizes import SIZES, rotating
from tests.stepper import Call, Crash, Request, Result, Stepper

SPENT: Item = {
    "pk": keys.person("sam"),
    "sk": "BUDGET#2026-11-22T10",
    Via.EMAIL.value: PERSON_EMAILS_PER_HOUR,
}
FORM = Request("/v1/forms/demo", {"fields": ANN, "submission_id": "s-1", "visitor_id": "v-1"})
WORKERS = ("OUTBOX", QueueName.URGENT)


class Flooded(Stepper):
    """A run that begins ten minutes before an hour ends in which Sam got all that he may."""

    def _baton(self) -> InMemoryBaton:
        self.ports.clock.time = NOW + timedelta(minutes=50)
        baton = InMemoryBaton(self.ports)
        self.ports.memory.items[keys.person("sam"), str(SPENT["sk"])] = SPENT
        return baton


def run(crash: Crash | None = None) -> Result:
    return Flooded([FORM], crash=crash).run([ANN["email"]])


@cache
def calls() -> tuple[Call, ...]:
    return run().calls


def check(result: Result) -> None:
    states = dict(result.states)
    assert states["handoff#1#email"] == "suppressed"
    assert states["digest#1#email#2026-11-22-1105"] == "sent"
    digests = [one for one in result.sent if isinstance(one, Email) and "waiting" in one.subject]
    # At least once, as all that sales gets: twice only where nobody knows whether it left.
    assert 1 <= len(digests) <= 2
    assert all(ANN["email"] in one.text for one in digests)


def test_a_lead_over_the_budget_is_in_one_digest() -> None:
    check(run())


def test_a_kill_loses_no_line_and_no_digest() -> None:
    """Of the work on messages; that on events has tests of its own."""
    candidates = [number for number, call in enumerate(calls()) if call.worker in WORKERS]
    for number in rotating(candidates, SIZES.kill_every):
        for after in (False, True):
            check(run(Crash(number, after)))
