"""All 1,680 orders in which two visits and a join can be captured, counted and counted again give
one result.

Each of the three events is captured, then its stream record is worked off, then worked off once
more: three chains of three steps, 9! / (3! * 3! * 3!) = 1,680 ways to weave them.
"""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

from chalicelib.capture.items import Call
from chalicelib.capture.posted import posted_of_json
from chalicelib.store.table import Item
from chalicelib.wiring.world import World
from tests.baton import AD, ANN, SITE, InMemoryBaton
from tests.fakes import NOW, FakePorts

CHAINS, STEPS = 3, 3


def weaves(left: tuple[int, ...] = (STEPS,) * CHAINS) -> Iterator[tuple[int, ...]]:
    """Every order of the chains' steps, as the number of the chain whose next step is done."""
    if not any(left):
        yield ()
    for chain, steps in enumerate(left):
        if steps:
            for rest in weaves((*left[:chain], steps - 1, *left[chain + 1 :])):
                yield (chain, *rest)


class Weave:
    """One Baton in which three events happen."""

    def __init__(self, template: InMemoryBaton) -> None:
        self.ports = FakePorts()
        self.ports.memory.items = template.kept()
        self.world = World(self.ports)
        self.world.documents = template.world.documents  # the same documents, read once
        self.baton = template
        self.records: dict[int, list[Item]] = {}

    def step(self, chain: int) -> None:
        """The next step of a chain: capture first, then its records, then its records again."""
        if chain not in self.records:
            seen = len(self.ports.memory.inserted)
            self._capture(chain)
            fresh = self.ports.memory.inserted[seen:]
            self.records[chain] = [item for item in fresh if str(item["sk"]).startswith("EVENT#")]
            return
        for item in self.records[chain]:
            self.baton.world = self.world
            assert self.baton.handle(item)

    def _capture(self, chain: int) -> None:
        if chain == 2:
            sent = {"fields": ANN, "visitor_id": "v", "submission_id": "s"}
            self.world.forms.submit("guide", posted_of_json(sent))
            return
        self.world.tracking.one(self._visit(chain), Call.PAGE)

    def _visit(self, chain: int) -> dict[str, Any]:
        stamp = (NOW - timedelta(days=chain)).isoformat()
        url = SITE + ("/blog/a" if chain else "/pricing")
        return {
            "anonymousId": "v",
            "messageId": f"m{chain}",
            "timestamp": stamp,
            "properties": {"url": url},
            "context": AD if chain else {"campaign": {"source": "bing", "medium": "organic"}},
        }


def test_every_order_of_visits_and_join_gives_one_result(
    record_property: Callable[[str, object], None],
) -> None:
    template = InMemoryBaton()
    results: dict[str, tuple[int, ...]] = {}
    orders = list(weaves())
    assert len(orders) == 1_680
    for order in orders:
        weave = Weave(template)
        for chain in order:
            weave.step(chain)
        lead = weave.world.leads.read(weave.world.lead_id(ANN["email"]))
        result = repr(
            (
                lead.tally,
                lead.profile,
                lead.touches,
                lead.total,
                lead.standing.stage,
                sorted(lead.counted),
            )
        )
        results.setdefault(result, order)
    record_property("orders", len(orders))
    assert len(results) == 1, (
        f"{len(results)} results, for example by the orders {list(results.values())[:2]}"
    )
    assert "'blog'" in next(iter(results))
