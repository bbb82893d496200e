"""Publishing a model: said beforehand, held when reality differs, every lead brought to it, and the way back."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.errors import NotFoundError, StateError
from chalicelib.lifecycle.stages import Stage
from chalicelib.limits import SWEEP_FAILED_IN_A_ROW
from chalicelib.publishing.work import differs
from chalicelib.qualify.effects import Change
from chalicelib.store.jobs import Jobs
from chalicelib.wiring.world import World
from tests import factories as make
from tests.baton import House, documents
from tests.drafts import EASY_MQL, EASY_SQL, TickingClock, draft, fill, house_of, leads, stages, transitions

PRICING = make.seen(pricing_page=[0])  # moves nobody
A_DAY = timedelta(hours=24)


def publish(house: House, version: int = 2, expected: int | None = None, *, force: bool = False) -> Any:
    return house.world.publishing.publish(version, expected, force=force)


def job(house: House, found: Any) -> Any:
    return house.world.publishing.job(found["id"])


def over(house: House, found: Any, minutes: int = 10) -> Any:
    """The job when it is over."""
    for _ in range(minutes):
        if job(house, found)["state"] != "running":
            break
        house.minutes_later(1)
    return job(house, found)


def easy(house: House, **stages: Any) -> int:
    """Store a draft that makes every reader an mql."""
    version, _ = house.world.publishing.draft(draft(**(stages or {"mql": EASY_MQL})))
    return version


def simulated(house: House, version: int = 2) -> int:
    report = house.world.publishing.simulate(version=version).report
    assert report is not None
    return sum(report["changes"].values())


def reader(house: House) -> None:
    """Ann reads a little: a lead by the default model."""
    for path in ("/blog/a", "/blog/b", "/product", "/customers/acme"):
        house.page(path)
    house.form("newsletter", email="ann@acme.example", company="Acme")
    house.until_quiet()
    assert house.lead()["stage"] == "lead"


def activated(house: House) -> None:
    """The draft is active, and no lead was brought to it yet."""
    models = house.world.models
    house.ports.memory.write(*models.activation(2, models.pointer()))
    house.minutes_later(1)  # a worker keeps the older model for half of it


def handoff_of_ann(house: House) -> Any:
    handoff = house.ports.memory.get(f"LEAD#{house.lead()['lead_id']}", "HANDOFF#1")
    return handoff and handoff["state"]


# --- rule 9 ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "least", "most"), [(0, -5, 5), (10, 5, 15), (50, 45, 55), (59, 54, 64), (60, 54, 66), (100, 90, 110)]
)
def test_rule_9_a_tenth_may_be_missed_and_of_few_leads_five(number: int, least: int, most: int) -> None:
    assert not differs(number, least)
    assert not differs(number, most)
    assert differs(number, least - 1)
    assert differs(number, most + 1)


def test_rule_9_a_publish_says_how_many_leads_will_change_stage() -> None:
    house, _ = house_of(3)
    easy(house)
    assert simulated(house) == 3
    with pytest.raises(StateError, match="expected_changes"):
        publish(house)


def test_rule_9_what_it_says_rests_on_a_simulation_of_the_last_day() -> None:
    house, ids = house_of(3)
    easy(house)
    with pytest.raises(StateError, match="was not simulated in the last 24 hours"):
        publish(house, expected=3)
    simulated(house)
    house.ports.clock.tick(A_DAY + timedelta(seconds=1))
    with pytest.raises(StateError, match="was not simulated"):
        publish(house, expected=3)
    simulated(house)
    house.ports.clock.tick(A_DAY)
    assert over(house, publish(house, expected=3))["state"] == "done"
    assert stages(house, ids) == {"mql": 3}


def test_rule_9_a_simulation_of_the_same_document_is_one_of_the_version() -> None:
    house, _ = house_of(3)
    house.world.publishing.simulate(document={**draft(mql=EASY_MQL), "version": 17})
    easy(house)
    assert over(house, publish(house, expected=3))["state"] == "done"


def test_rule_9_a_number_that_is_not_the_simulated_one_is_refused_at_once() -> None:
    house, ids = house_of(20)
    easy(house)
    simulated(house)
    for expected in (14, 26):
        with pytest.raises(StateError, match="by the newest simulation 20 would"):
            publish(house, expected=expected)
    assert over(house, publish(house, expected=25))["state"] == "done"
    assert stages(house, ids) == {"mql": 20}


def test_rule_9_a_publish_is_held_when_reality_differs_by_more_than_a_tenth() -> None:
    house, ids = house_of(20)
    easy(house)
    simulated(house)
    ids += fill(house, leads(6, first=100))
    held = publish(house, expected=20)
    assert held["state"] == "held"
    assert "20 leads were expected to change stage, and 26 would; nothing was changed" in held["report"]["reason"]
    assert held["report"]["changes"] == {"lead->mql": 26}
    assert {one["lead_id"] for one in held["report"]["leads"]} == set(ids)
    assert stages(house, ids) == {"lead": 26}
    assert house.world.publishing.document()["version"] == 1
    house.minutes_later(5)
    assert job(house, held) == held


def test_rule_9_exactly_at_the_bound_it_passes() -> None:
    house, ids = house_of(20)
    easy(house)
    simulated(house)
    ids += fill(house, leads(5, first=100))
    assert over(house, publish(house, expected=20))["state"] == "done"
    assert stages(house, ids) == {"mql": 25}


def test_rule_9_forced_it_goes_through_whatever_was_said() -> None:
    house, ids = house_of(20)
    easy(house)
    assert over(house, publish(house, expected=3, force=True))["state"] == "done"
    assert stages(house, ids) == {"mql": 20}


def test_rule_9_after_a_held_publish_a_forced_one_goes_through() -> None:
    house, ids = house_of(20)
    easy(house)
    simulated(house)
    ids += fill(house, leads(6, first=100))
    assert publish(house, expected=20)["state"] == "held"
    assert over(house, publish(house, force=True))["state"] == "done"
    assert stages(house, ids) == {"mql": 26}


def test_rule_9_the_recount_of_a_held_publish_is_the_newest_simulation() -> None:
    house, _ = house_of(20)
    easy(house)
    simulated(house)
    fill(house, leads(6, first=100))
    assert publish(house, expected=20)["state"] == "held"
    assert over(house, publish(house, expected=26))["state"] == "done"


def test_rule_9_handoffs_of_a_publish_are_held_and_nobody_is_told() -> None:
    house, ids = house_of(3)
    easy(house, sql=EASY_SQL)
    report = over(house, publish(house, force=True))["report"]
    assert (report["moved"], report["handoffs_held"]) == ({"lead->sql": 3}, 3)
    items = [house.ports.memory.get(f"LEAD#{lead_id}", "HANDOFF#1") for lead_id in ids]
    assert [item and item["state"] for item in items] == ["held"] * 3
    assert house.outbox() == []
    assert house.ports.senders.sent == []


@pytest.mark.parametrize("signals", [{}, {"imprint": {"on": "page", "where": {"path": ["/imprint"]}}}])
def test_rule_9_whom_a_publish_moves_it_moves_silently_also_when_they_come_by_first(signals: dict[str, Any]) -> None:
    """A page view between the activation and the walk told sales of a lead that only the new model made an SQL."""
    house = House()
    reader(house)
    easy(house, sql=EASY_SQL, signals=signals)
    activated(house)
    sent = len(house.outbox())
    house.page("/about")
    house.until_quiet()
    assert house.lead()["stage"] == "sql"
    assert handoff_of_ann(house) == "held"
    assert len(house.outbox()) == sent


@pytest.mark.parametrize("signals", [{}, {"imprint": {"on": "page", "where": {"path": ["/imprint"]}}}])
def test_rule_1_who_asks_before_the_walk_comes_by_is_heard_at_once(signals: dict[str, Any]) -> None:
    house = House()
    reader(house)
    easy(house, signals=signals)
    activated(house)
    house.form("demo", email="ann@acme.example", company="Acme")
    house.until_quiet()
    assert house.lead()["stage"] == "sql"
    assert handoff_of_ann(house) == "open"


# --- what a publish does --------------------------------------------------------------------------------------------


def test_each_lead_that_moves_moves_once_and_says_by_which_model() -> None:
    house, ids = house_of(30)
    easy(house)
    report = over(house, publish(house, force=True))["report"]
    assert report["moved"] == {"lead->mql": 30}
    assert (report["simulated"], report["failed"], report["phase"]) == (30, [], "over")
    assert transitions(house, ids) == [1] * 30
    (moved,) = house.world.leads.transitions(ids[0])
    assert (moved.model_version, moved.transition.actor) == (2, "model")
    assert {house.world.leads.read(one).activation for one in ids} == {2}


def test_a_lead_that_stays_is_brought_to_the_model_too() -> None:
    """Its stored score orders a list, and its next review was foreseen by the older model."""
    house, _ = house_of(0)
    (stays,) = fill(house, leads(1, tally=PRICING))
    easy(house)
    over(house, publish(house, force=True))
    lead = house.world.leads.read(stays)
    assert (lead.standing.stage, lead.activation, lead.model_version) == (Stage.LEAD, 2, 2)
    assert lead.review_on is not None


def test_progress_is_shown_while_leads_move() -> None:
    house, ids = house_of(700, TickingClock())
    easy(house)
    seen = [publish(house, force=True)]
    for _ in range(30):
        if seen[-1]["state"] != "running":
            break
        house.minutes_later(1)
        seen.append(job(house, seen[0]))
    assert seen[-1]["state"] == "done"
    assert (seen[-1]["done"], seen[-1]["total"]) == (700, 700)
    moving = [one["done"] for one in seen if one["report"] and one["report"]["phase"] == "moving"]
    assert moving == sorted(moving)
    assert len(set(moving)) > 1
    assert stages(house, ids) == {"mql": 700}
    assert set(transitions(house, ids)) == {1}


def test_those_that_change_stage_move_first() -> None:
    """However large the house is: the walk over all its leads comes behind."""
    house, _ = house_of(0, TickingClock())
    others = fill(house, leads(600, tally=PRICING))
    movers = fill(house, leads(40, first=5_000))
    easy(house)
    publish(house, force=True)
    for _ in range(10):
        if stages(house, movers) == {"mql": 40}:
            break
        house.minutes_later(1)
    assert {house.world.leads.read(one).activation for one in movers} == {2}
    assert {house.world.leads.read(one).activation for one in others} == {1, 2}


def test_a_changed_match_is_counted_anew() -> None:
    house = House()
    for number in range(3):
        house.page("/imprint", f"v{number}")
        house.form("newsletter", f"v{number}", email=f"ann{number}@acme.example")
    house.until_quiet()
    ids = [house.world.lead_id(f"ann{number}@acme.example") for number in range(3)]
    signals = {"imprint": {"on": "page", "where": {"path": ["/imprint"]}}}
    easy(house, signals=signals, mql=[{"signal": "imprint", "activity": 2}])
    assert simulated(house) == 3
    assert over(house, publish(house, expected=3))["state"] == "done"
    assert stages(house, ids) == {"mql": 3}
    assert {house.world.leads.read(one).matching for one in ids} == {house.world.models.current().matching}


def test_the_way_back_is_to_publish_the_older_version_again() -> None:
    house, ids = house_of(5)
    easy(house)
    over(house, publish(house, force=True))
    house.ports.clock.tick(timedelta(days=15))  # the minimum stay is over
    assert simulated(house, 1) == 5
    assert over(house, publish(house, 1, expected=5))["state"] == "done"
    assert stages(house, ids) == {"lead": 5}
    assert house.world.models.pointer() == replace(house.world.models.pointer(), version=1, activation=3)  # type: ignore[type-var]
    assert {house.world.leads.read(one).activation for one in ids} == {3}
    told = house.world.publishing.versions()
    assert [(one["version"], one["state"]) for one in told] == [(2, "published"), (1, "active")]


def test_the_active_version_is_not_published_again_unless_forced() -> None:
    house, ids = house_of(2)
    with pytest.raises(StateError, match="version 1 is the active one already"):
        publish(house, 1, expected=0)
    assert over(house, publish(house, 1, force=True))["state"] == "done"
    assert {house.world.leads.read(one).activation for one in ids} == {2}


def test_an_unknown_version_cannot_be_published() -> None:
    house, _ = house_of(0)
    with pytest.raises(NotFoundError):
        publish(house, 9, force=True)


def test_a_merged_lead_is_left_alone() -> None:
    house, (gone,) = house_of(1)
    lead = house.world.leads.read(gone)
    house.world.leads.write(lead, replace(lead, version=2, merged_into="ANOTHER"), Change())
    easy(house)
    found = over(house, publish(house, force=True))
    assert (found["state"], found["total"]) == ("done", 0)
    assert house.world.leads.read(gone).version == 2


def test_a_draft_that_was_published_is_still_what_it_was() -> None:
    house, _ = house_of(1)
    easy(house)
    over(house, publish(house, force=True))
    assert house.world.publishing.document(2) == {**draft(mql=EASY_MQL), "version": 2}
    assert easy(house) == 3


# --- several at once ------------------------------------------------------------------------------------------------


def test_only_one_publish_runs_at_a_time() -> None:
    house, _ = house_of(3)
    easy(house)
    first = publish(house, force=True)
    assert first["state"] == "running"  # workers may still write by the older model
    with pytest.raises(StateError, match=f"another publish is running, job {first['id']}"):
        publish(house, 1, force=True)
    over(house, first)
    assert over(house, publish(house, 1, force=True))["state"] == "done"


def test_a_lead_that_a_stale_worker_writes_behind_the_walk_is_found() -> None:
    house, _ = house_of(3)
    easy(house)
    worker = World(house.ports)
    worker.models.active()  # keeps the older model for 30 seconds
    found = publish(house, force=True)
    assert found["report"]["moved"] == {"lead->mql": 3}
    house.page("/blog/a", "late")
    house.form("newsletter", "late", email="late@acme.example")
    house.world, ours = worker, house.world
    house.until_quiet()
    house.world = ours
    late = house.world.lead_id("late@acme.example")
    assert house.world.leads.read(late).activation == 1
    over(house, found)
    assert house.world.leads.read(late).activation == 2


def test_a_worker_never_writes_a_standing_by_an_older_model_than_it_carries() -> None:
    house, (lead_id, *_) = house_of(3)
    easy(house)
    worker = World(house.ports)
    assert worker.models.active().version == 1
    publish(house, force=True)
    assert worker.models.active().version == 1
    worker.qualify.review(lead_id)
    assert house.world.leads.read(lead_id).model_version == 2


def test_a_runner_that_knew_the_older_model_moves_leads_by_the_new_one() -> None:
    house, ids = house_of(300, TickingClock())
    easy(house)
    found = publish(house, force=True)
    assert stages(house, ids).get("lead", 0) > 0
    runner = World(house.ports)
    runner.models.active()
    house.world = runner
    assert over(house, found)["state"] == "done"
    assert stages(house, ids) == {"mql": 300}


def test_another_activation_between_count_and_activation_is_counted_against_anew() -> None:
    """A deploy brings its own model while a publish counts."""
    house, ids = house_of(400, TickingClock())
    easy(house)
    found = publish(house, force=True)
    assert found["report"] is None
    house.world.models.load(draft(mql=[{"activity": 7, "fit": -40}]))
    done = over(house, found)
    assert done["state"] == "done"
    pointer = house.world.models.pointer()
    assert pointer is not None
    assert (pointer.version, pointer.activation) == (2, 3)
    assert stages(house, ids) == {"mql": 400}


def test_a_version_that_became_active_meanwhile_still_brings_every_lead_to_it() -> None:
    house, ids = house_of(3)
    easy(house)
    house.world.models.load(draft(mql=EASY_MQL))
    found = over(house, publish(house, force=True))
    assert found["state"] == "done"
    assert stages(house, ids) == {"mql": 3}


# --- what goes wrong ------------------------------------------------------------------------------------------------


def break_routing(house: House) -> None:
    house.world.documents.put("routing", {"people": "nobody"})


def mend_routing(house: House) -> None:
    (routing,) = [one for kind, _, one in documents() if kind == "routing"]
    house.world.documents.put("routing", routing)


def test_a_lead_that_fails_keeps_no_other_waiting_and_is_named_after_three_tries() -> None:
    house, _ = house_of(0)
    stay = fill(house, leads(20, tally=PRICING))
    broken = fill(house, leads(2, first=100))
    easy(house, sql=EASY_SQL)
    break_routing(house)
    found = publish(house, force=True)
    assert {house.world.leads.read(one).activation for one in stay} == {2}
    done = over(house, found)
    assert (done["state"], done["report"]["failed"]) == ("done", sorted(broken))
    assert stages(house, broken) == {"lead": 2}


def test_a_lead_that_fails_once_is_moved_in_the_next_pass() -> None:
    house, _ = house_of(0)
    broken = fill(house, leads(2))
    easy(house, sql=EASY_SQL)
    break_routing(house)
    found = publish(house, force=True)
    assert job(house, found)["report"]["failed"] == sorted(broken)
    mend_routing(house)
    done = over(house, found)
    assert (done["state"], done["report"]["failed"]) == ("done", [])
    assert done["report"]["moved"] == {"lead->sql": 2}


def test_when_everything_fails_the_job_waits_and_after_ten_tries_it_has_failed() -> None:
    house, ids = house_of(SWEEP_FAILED_IN_A_ROW)
    easy(house, sql=EASY_SQL)
    break_routing(house)
    found = publish(house, force=True)
    assert found["state"] == "running"
    for _ in range(30):
        house.ports.clock.tick(timedelta(minutes=1))
        try:
            house.world.clock.tick()
        except RuntimeError:
            continue
    done = job(house, found)
    assert done["state"] == "failed"
    assert done["report"]["reason"] == "stopped after 10 tries without any progress"
    mend_routing(house)
    again = over(house, publish(house, 2, force=True))
    assert (again["state"], again["report"]["moved"]) == ("done", {"lead->sql": len(ids)})


def test_jobs_are_kept_for_a_month() -> None:
    house, _ = house_of(1)
    easy(house)
    found = publish(house, force=True)
    item = house.ports.memory.get(f"JOB#{found['id']}", "JOB")
    assert item is not None
    assert item["expires_at_epoch_s"] == int((house.ports.now() + timedelta(days=30)).timestamp())
    assert Jobs(house.ports.memory, house.world.models).read("another") is None
