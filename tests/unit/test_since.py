"""From when behaviour counts, whatever model or time zone the lead is counted by since."""

from collections.abc import Mapping
from copy import deepcopy
from datetime import UTC, datetime
from typing import Any

import pytest

from chalicelib.days import ordinal_of, zone_of
from chalicelib.leads.lead import Lead
from chalicelib.scoring.tally import Since, Tally
from chalicelib.store.events import put_event
from tests import factories as make
from tests.baton import ANN, InMemoryBaton, ask, model_document
from tests.fakes import FakePorts

ANNS, BOBS = str(ANN["email"]), "bob@acme.example"
ZONES = ["UTC", "Europe/Berlin", "America/Los_Angeles", "Pacific/Kiritimati"]


def recycled(baton: InMemoryBaton, **person: Any) -> None:
    """Somebody who looked at the prices and asked to be called back; sales sent them away."""
    person = {**ANN, **person}
    baton.page("/pricing", person["email"])
    baton.form("callback", person["email"], **person)
    baton.until_quiet()
    ask(baton, "stage", {"stage": "recycled", "reason": "not_ready"}, person["email"])


def callbacks_are_demos() -> Any:
    """The default model, in which whoever wants to be called back asks for a demo."""
    document = deepcopy(model_document())
    document["signals"]["demo-request"] = {"on": "form", "form": ["demo", "callback"]}
    return document


def switch(baton: InMemoryBaton, document: Mapping[str, Any]) -> None:
    """Make a model the active one, and bring both leads to it."""
    baton.world.models.load(document)
    bring_all(baton)


def rezone(baton: InMemoryBaton, zone: str) -> None:
    """Change the time zone, and bring both leads to it."""
    baton.world.models.rezone(zone)
    bring_all(baton)


def bring_all(baton: InMemoryBaton) -> None:
    for email in (ANNS, BOBS):
        baton.world.qualify.published(baton.world.lead_id(email))
    baton.until_quiet()


def stored(baton: InMemoryBaton, email: str = ANNS) -> Lead:
    return baton.world.leads.read(baton.world.lead_id(email))


def since_of(lead: Lead) -> Since:
    assert lead.standing.since is not None
    return lead.standing.since


def at(hour: int, minute: int = 0) -> InMemoryBaton:
    """A Baton on the 22nd of November at this time, in UTC."""
    baton = InMemoryBaton(FakePorts())
    baton.ports.clock.time = datetime(2026, 11, 22, hour, minute, tzinfo=UTC)
    return baton


# --- another model --------------------------------------------------------------------------------


def test_an_answered_request_stays_answered_under_a_new_model() -> None:
    """On the day of the recycle a lead's cells are less what they held then. A model that takes the
    very same request for another signal found nothing of it among those cells: the request that
    sales had answered woke the lead, and sales got it a second time.
    """
    baton = at(10)
    recycled(baton)
    switch(baton, callbacks_are_demos())
    lead = baton.lead()
    assert (lead["stage"], lead["score"]["groups"]["intent"]) == ("recycled", 0)
    assert since_of(stored(baton)).already_counted.days_of("demo-request")
    baton.form("demo", ANNS, **ANN)
    baton.until_quiet()
    assert baton.lead()["stage"] == "sql"


def test_a_what_if_of_that_model_says_the_same() -> None:
    baton = at(10)
    recycled(baton)
    simulation = baton.world.publishing.simulate(document=callbacks_are_demos())
    assert simulation.report is not None
    assert simulation.report["changes"] == {}


def test_returning_to_the_older_model_restores_what_was_counted() -> None:
    baton = at(10)
    recycled(baton)
    before = since_of(stored(baton))
    switch(baton, callbacks_are_demos())
    assert since_of(stored(baton)) != before
    switch(baton, model_document())
    assert since_of(stored(baton)) == before


def test_the_same_model_leaves_what_was_counted_as_it_is() -> None:
    """A page whose record comes after the recycle counts after it, and so it does in a replay."""
    baton = at(10)
    baton.form("callback", ANNS, **ANN)
    baton.until_quiet()
    late = make.page("/pricing", partition=f"VISITOR#{ANNS}", at=baton.ports.now())
    baton.ports.table.write(put_event(late))
    ask(baton, "stage", {"stage": "lead", "reason": "her intern"})
    baton.until_quiet()
    before = stored(baton)
    assert not since_of(before).already_counted.days_of("pricing-page")
    baton.world.qualify.replay(before.lead_id)
    assert stored(baton).standing == before.standing
    assert baton.lead()["score"]["groups"]["intent"] == 6


def test_an_event_retracted_before_is_not_among_the_counted() -> None:
    baton = at(10)
    baton.page("/pricing", ANNS)
    baton.page("/pricing", ANNS)
    baton.form("callback", ANNS, **ANN)
    baton.until_quiet()
    timeline = baton.get(f"/v1/leads/{baton.lead()['lead_id']}/timeline")["items"]
    (first, _) = (one["id"] for one in timeline if one["kind"] == "page")
    ask(baton, "retract", {"event_ids": [first], "reason": "a robot"})
    ask(baton, "stage", {"stage": "recycled", "reason": "not_ready"})
    switch(baton, callbacks_are_demos())
    today = baton.ports.now().toordinal()
    assert since_of(stored(baton)).already_counted.days["pricing-page"] == {today: 1}


def test_an_undone_verdict_is_recounted_by_todays_model() -> None:
    """The transition of the first recycle keeps the cells as its own model counted them."""
    baton = at(10)
    recycled(baton)
    switch(baton, callbacks_are_demos())
    kept = since_of(stored(baton))
    baton.minutes_later(1)
    baton.form("demo", ANNS, **ANN)
    baton.until_quiet()
    ask(baton, "stage", {"stage": "recycled", "reason": "not_ready"})
    ask(baton, "stage", {"stage": "sql", "reason": "wrong button"})
    assert since_of(stored(baton)) == kept


def test_a_merged_leads_answered_acts_survive_a_new_model() -> None:
    """Bob was sent away, and is Ann: what counts from then on is what Bob had not done by then."""
    baton = at(10)
    baton.form("newsletter", ANNS, **ANN)
    recycled(baton, email=BOBS)
    ask(baton, "merge", {"other_lead_id": baton.world.lead_id(BOBS)})
    merged = stored(baton)
    assert (merged.standing.stage, since_of(merged).lead_id) == (
        "recycled",
        baton.world.lead_id(BOBS),
    )
    switch(baton, callbacks_are_demos())
    assert baton.lead()["stage"] == "recycled"
    assert baton.lead()["score"]["groups"]["intent"] == 0


def test_stale_leads_are_merged_as_the_active_model_counts() -> None:
    baton = at(10)
    baton.form("newsletter", ANNS, **ANN)
    recycled(baton, email=BOBS)
    baton.world.models.load(callbacks_are_demos())
    ask(baton, "merge", {"other_lead_id": baton.world.lead_id(BOBS)})
    lead = stored(baton)
    assert since_of(lead).matching == lead.matching == baton.world.models.active().matching
    assert (lead.standing.stage, baton.lead()["score"]["groups"]["intent"]) == ("recycled", 0)


# --- another time zone ----------------------------------------------------------------------------


@pytest.mark.parametrize("zone", ZONES[1:])
@pytest.mark.parametrize("hour", [0, 4, 11, 15, 23])
def test_an_answered_request_stays_answered_in_another_zone(zone: str, hour: int) -> None:
    baton = at(hour, 30)
    recycled(baton)
    rezone(baton, zone)
    since = since_of(stored(baton))
    assert since.day == ordinal_of(datetime(2026, 11, 22, hour, 30, tzinfo=UTC), zone_of(zone))
    assert baton.lead()["stage"] == "recycled"
    assert baton.lead()["score"]["groups"]["intent"] == 0
    rezone(baton, "UTC")
    baton.form("callback", ANNS, **ANN)
    baton.until_quiet()
    assert baton.lead()["stage"] == "sql"


@pytest.mark.parametrize("zone", ZONES)
def test_the_count_is_that_of_a_baton_there(zone: str) -> None:
    """Two looks at the prices around midnight in UTC, and a recycle after each of them."""
    batons = [at(23, 50), at(23, 50)]
    batons[1].world.models.rezone(zone)
    for baton in batons:
        recycled(baton)
        baton.minutes_later(20)
        recycled(baton)
    rezone(batons[0], zone)
    changed, always = (stored(baton) for baton in batons)
    assert since_of(changed) == since_of(always)
    assert changed.tally == always.tally != Tally()
