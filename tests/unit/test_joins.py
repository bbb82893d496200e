"""Joins: which visitors belong to a lead, for good, and at most 200 (ADR 0034)."""

import pytest

from chalicelib.limits import JOINS_MAX_PER_LEAD
from tests.baton import ANN, InMemoryBaton


@pytest.fixture
def baton() -> InMemoryBaton:
    return InMemoryBaton()


def identify(baton: InMemoryBaton, visitor: str) -> None:
    event = {"type": "identify", "anonymousId": visitor, "traits": {"email": ANN["email"]}}
    assert baton.post("/v1/identify", event).status_code == 200


def joined(baton: InMemoryBaton) -> list[str]:
    return [join.visitor for join in baton.world.events.joins(baton.world.lead_id(ANN["email"]))]


def forget(baton: InMemoryBaton, prefix: str) -> None:
    """Delete the items of a lead whose sort keys start with a prefix."""
    items = baton.ports.memory.items
    for key in [key for key in items if key[0].startswith("LEAD#") and key[1].startswith(prefix)]:
        del items[key]


def test_a_form_keeps_its_join_beside_the_lead(baton: InMemoryBaton) -> None:
    baton.form("newsletter", "v1", **ANN)
    identify(baton, "v2")
    assert set(joined(baton)) > {"VISITOR#v1", "VISITOR#v2"}


def test_a_lead_joins_at_most_two_hundred_visitors(baton: InMemoryBaton) -> None:
    visitor = "own"
    for _ in range(JOINS_MAX_PER_LEAD + 3):
        visitor = baton.form("newsletter", visitor, **ANN)["visitor_id"]
        assert visitor
    assert len(joined(baton)) == JOINS_MAX_PER_LEAD
    assert baton.world.events.owner(f"VISITOR#{visitor}") is None
    baton.until_quiet()
    assert baton.lead()["stage"] == "lead"


def test_a_join_outlives_the_event_that_made_it(baton: InMemoryBaton) -> None:
    baton.page("/pricing")
    identify(baton, "v1")
    baton.until_quiet()
    before = baton.world.leads.read(baton.world.lead_id(ANN["email"]))
    forget(baton, "EVENT#")
    baton.world.qualify.replay(before.lead_id)
    assert baton.world.leads.read(before.lead_id).tally == before.tally
    assert before.tally.days


def test_joins_that_stand_on_events_alone_are_read(baton: InMemoryBaton) -> None:
    """As code before this version stored them."""
    baton.page("/pricing")
    baton.form("newsletter", **ANN)
    baton.until_quiet()
    before = baton.world.leads.read(baton.world.lead_id(ANN["email"]))
    forget(baton, "JOIN#")
    baton.world.qualify.replay(before.lead_id)
    assert baton.world.leads.read(before.lead_id).tally == before.tally
    assert before.tally.days_of("pricing-page")
