"""Drafts of the default model that move leads, and Batons with leads to move."""

from collections.abc import Iterable, Iterator
from copy import deepcopy
from dataclasses import replace
from datetime import timedelta
from typing import Any

from chalicelib.consent.consent import Consent, given
from chalicelib.leads.lead import Lead
from chalicelib.lifecycle.stages import Stage
from chalicelib.qualify.reactions import LeadChange
from chalicelib.scoring.tally import Tally
from chalicelib.store.consents import put_consent
from chalicelib.wiring.world import World
from tests import crowd
from tests import factories as make
from tests.baton import InMemoryBaton, model_document
from tests.fakes import FakeClock, FakePorts, MemoryTable

# An activity of 9: a lead by the default model.
READER = make.seen(blog=[0, 1, 2, 3], product_page=[0, 1, 2])
EASY_MQL = [{"activity": 7}]
EASY_SQL = [{"activity": 7, "kind": "inferred"}]


class TickingClock(FakeClock):
    """A clock that moves on a little at every look, as it does during work."""

    def __init__(self, step: timedelta = timedelta(milliseconds=20)) -> None:
        super().__init__()
        self.step = step

    def __call__(self) -> Any:
        self.time += self.step
        return self.time


def draft(**stages: Any) -> Any:
    """Return the default model with other ways into `mql` or `sql`, or other signals."""
    document = deepcopy(model_document())
    document["signals"] |= stages.pop("signals", {})
    for stage, ways in stages.items():
        document["stages"][stage]["any"] = ways
    if "mql" in stages:
        document["stages"]["mql"]["cool_below"] = {"activity": 1}
    return {**document, "name": "A draft"}


def leads(number: int, tally: Tally = READER, first: int = 0, **standing: Any) -> Iterator[Lead]:
    """Yield a number of leads that read the blog, as the first model left them."""
    for position in range(first, first + number):
        yield Lead(
            lead_id=crowd.lead_id(position),
            version=1,
            profile=make.profile({"email": f"ann{position}@acme.example", "company": "Acme"}),
            tally=tally,
            standing=make.standing(**{"stage": Stage.LEAD, **standing}),
            model_version=1,
            activation=1,
            matching=make.model().matching,
        )


def fill(baton: InMemoryBaton, some: Iterable[Lead]) -> list[str]:
    """Put leads into a Baton. Return their ids."""
    ids = []
    for lead in some:
        baton.world.leads.write(Lead(lead_id=lead.lead_id), replace(lead, version=1), LeadChange())
        ids.append(lead.lead_id)
    return ids


def consent(baton: InMemoryBaton, ids: Iterable[str]) -> None:
    """Let these leads tick the box."""
    for lead_id in ids:
        ticked = given(Consent(), make.proof("Write to me.", baton.ports.now()))
        baton.ports.memory.write(put_consent(lead_id, Consent(), ticked))


def baton_of(number: int, clock: FakeClock | None = None) -> tuple[InMemoryBaton, list[str]]:
    """Return a Baton with a number of leads that read the blog, and their ids."""
    baton = InMemoryBaton(FakePorts(MemoryTable(), clock))
    return baton, fill(baton, leads(number))


def stages(baton: InMemoryBaton, ids: Iterable[str]) -> dict[str, int]:
    """Return how many of these leads are in each stage."""
    found: dict[str, int] = {}
    world = World(baton.ports)
    for lead_id in ids:
        stage = world.leads.read(lead_id).standing.stage.value
        found[stage] = found.get(stage, 0) + 1
    return found


def transitions(baton: InMemoryBaton, ids: Iterable[str]) -> list[int]:
    """Return how many transitions each of these leads has."""
    world = World(baton.ports)
    return [len(world.leads.transitions(lead_id)) for lead_id in ids]
