"""Publishing a model: said beforehand, held when reality differs, every lead brought to it, and the
way back.
"""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.errors import NotFoundError, StateError
from chalicelib.lifecycle.stages import Stage
from chalicelib.limits import JOB_FAILED_IN_A_ROW
from chalicelib.publishing.state import differs
from chalicelib.qualify.reactions import LeadChange
from chalicelib.wiring.world import World
from tests import factories as make
from tests.baton import InMemoryBaton, documents
from tests.drafts import (
    EASY_MQL,
    EASY_SQL,
    TickingClock,
    baton_of,
    draft,
    fill,
    leads,
    stages,
    transitions,
)

PRICING = make.seen(pricing_page=[0])  # moves nobody
A_DAY = timedelta(hours=24)


def publish(
    baton: InMemoryBaton, version: int = 2, expected: int | None = None, *, force: bool = False
) -> Any:
    return baton.world.publishing.publish(version, expected, force=force)


def job(baton: InMemoryBaton, found: Any) -> Any:
    return baton.world.job_runner.show(found["id"])


def over(baton: InMemoryBaton, found: Any, minutes: int = 10) -> Any:
    """The job when it is over."""
    for _ in range(minutes):
        if job(baton, found)["state"] != "running":
            break
        baton.minutes_later(1)
    return job(baton, found)


def easy(baton: InMemoryBaton, **stages: Any) -> int:
    """Store a draft that makes every reader an mql."""
    return baton.world.publishing.draft(draft(**(stages or {"mql": EASY_MQL}))).version


def simulated(baton: InMemoryBaton, version: int = 2) -> int:
    report = baton.world.publishing.simulate(version=version).report
    assert report is not None
    return sum(report["changes"].values())


def reader(baton: InMemoryBaton) -> None:
    """Ann reads a little: a lead by the default model."""
    for path in ("/blog/a", "/blog/b", "/product", "/customers/acme"):
        baton.page(path)
    baton.form("newsletter", email="ann@acme.example", company="Acme")
    baton.until_quiet()
    assert baton.lead()["stage"] == "lead"


def activated(baton: InMemoryBaton) -> None:
    """The draft is active, and no lead was brought to it yet."""
    models = baton.world.models
    baton.ports.memory.write(*models.activation(2, models.pointer()))
    baton.minutes_later(1)  # a worker keeps the older model for half of it


def handoff_of_ann(baton: InMemoryBaton) -> Any:
    handoff = baton.ports.memory.get(f"LEAD#{baton.lead()['lead_id']}", "HANDOFF#1")
    return handoff and handoff["state"]


# --- rule 9 ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "least", "most"),
    [(0, -5, 5), (10, 5, 15), (50, 45, 55), (59, 54, 64), (60, 54, 66), (100, 90, 110)],
)
def test_rule_9_a_tenth_or_five_leads_may_differ(number: int, least: int, most: int) -> None:
    assert not differs(number, least)
    assert not differs(number, most)
    assert differs(number, least - 1)
    assert differs(number, most + 1)


def test_rule_9_a_publish_says_how_many_leads_will_change_stage() -> None:
    baton, _ = baton_of(3)
    easy(baton)
    assert simulated(baton) == 3
    with pytest.raises(StateError, match="expected_changes"):
        publish(baton)


def test_rule_9_a_publish_rests_on_a_recent_simulation() -> None:
    baton, ids = baton_of(3)
    easy(baton)
    with pytest.raises(StateError, match="was not simulated in the last 24 hours"):
        publish(baton, expected=3)
    simulated(baton)
    baton.ports.clock.tick(A_DAY + timedelta(seconds=1))
    with pytest.raises(StateError, match="was not simulated"):
        publish(baton, expected=3)
    simulated(baton)
    baton.ports.clock.tick(A_DAY)
    assert over(baton, publish(baton, expected=3))["state"] == "done"
    assert stages(baton, ids) == {"mql": 3}


def test_rule_9_simulating_the_document_simulates_the_version() -> None:
    baton, _ = baton_of(3)
    baton.world.publishing.simulate(document={**draft(mql=EASY_MQL), "version": 17})
    easy(baton)
    assert over(baton, publish(baton, expected=3))["state"] == "done"


def test_rule_9_a_number_nobody_simulated_is_refused_at_once() -> None:
    baton, ids = baton_of(20)
    easy(baton)
    simulated(baton)
    for expected in (14, 26):
        with pytest.raises(StateError, match="by the newest simulation 20 would"):
            publish(baton, expected=expected)
    assert over(baton, publish(baton, expected=25))["state"] == "done"
    assert stages(baton, ids) == {"mql": 20}


def test_rule_9_a_publish_is_held_when_reality_differs() -> None:
    baton, ids = baton_of(20)
    easy(baton)
    simulated(baton)
    ids += fill(baton, leads(6, first=100))
    held = publish(baton, expected=20)
    assert held["state"] == "held"
    assert (
        "20 leads were expected to change stage, and 26 would; nothing was changed"
        in held["report"]["reason"]
    )
    assert held["report"]["changes"] == {"lead->mql": 26}
    assert {one["lead_id"] for one in held["report"]["leads"]} == set(ids)
    assert stages(baton, ids) == {"lead": 26}
    assert baton.world.publishing.document()["version"] == 1
    baton.minutes_later(5)
    assert job(baton, held) == held


def test_rule_9_exactly_at_the_bound_it_passes() -> None:
    baton, ids = baton_of(20)
    easy(baton)
    simulated(baton)
    ids += fill(baton, leads(5, first=100))
    assert over(baton, publish(baton, expected=20))["state"] == "done"
    assert stages(baton, ids) == {"mql": 25}


def test_rule_9_forced_it_goes_through_whatever_was_said() -> None:
    baton, ids = baton_of(20)
    easy(baton)
    assert over(baton, publish(baton, expected=3, force=True))["state"] == "done"
    assert stages(baton, ids) == {"mql": 20}


def test_rule_9_after_a_held_publish_a_forced_one_goes_through() -> None:
    baton, ids = baton_of(20)
    easy(baton)
    simulated(baton)
    ids += fill(baton, leads(6, first=100))
    assert publish(baton, expected=20)["state"] == "held"
    assert over(baton, publish(baton, force=True))["state"] == "done"
    assert stages(baton, ids) == {"mql": 26}


def test_rule_9_a_held_publishs_recount_is_the_newest_simulation() -> None:
    baton, _ = baton_of(20)
    easy(baton)
    simulated(baton)
    fill(baton, leads(6, first=100))
    assert publish(baton, expected=20)["state"] == "held"
    assert over(baton, publish(baton, expected=26))["state"] == "done"


def test_rule_9_handoffs_of_a_publish_are_held_without_notice() -> None:
    baton, ids = baton_of(3)
    easy(baton, sql=EASY_SQL)
    report = over(baton, publish(baton, force=True))["report"]
    assert (report["moved"], report["handoffs_held"]) == ({"lead->sql": 3}, 3)
    items = [baton.ports.memory.get(f"LEAD#{lead_id}", "HANDOFF#1") for lead_id in ids]
    assert [item and item["state"] for item in items] == ["held"] * 3
    assert baton.outbox() == []
    assert baton.ports.senders.sent == []


@pytest.mark.parametrize(
    "signals", [{}, {"imprint": {"on": "page", "where": {"path": ["/imprint"]}}}]
)
def test_rule_9_a_publish_moves_leads_silently_whoever_comes_first(
    signals: dict[str, Any],
) -> None:
    """A page view between the activation and the walk told sales of a lead that only the new model
    made an SQL.
    """
    baton = InMemoryBaton()
    reader(baton)
    easy(baton, sql=EASY_SQL, signals=signals)
    activated(baton)
    sent = len(baton.outbox())
    baton.page("/about")
    baton.until_quiet()
    assert baton.lead()["stage"] == "sql"
    assert handoff_of_ann(baton) == "held"
    assert len(baton.outbox()) == sent


@pytest.mark.parametrize(
    "signals", [{}, {"imprint": {"on": "page", "where": {"path": ["/imprint"]}}}]
)
def test_rule_1_a_request_during_the_walk_is_heard_at_once(signals: dict[str, Any]) -> None:
    baton = InMemoryBaton()
    reader(baton)
    easy(baton, signals=signals)
    activated(baton)
    baton.form("demo", email="ann@acme.example", company="Acme")
    baton.until_quiet()
    assert baton.lead()["stage"] == "sql"
    assert handoff_of_ann(baton) == "open"


# --- what a publish does --------------------------------------------------------------------------


def test_each_lead_moves_once_and_names_its_model() -> None:
    baton, ids = baton_of(30)
    easy(baton)
    report = over(baton, publish(baton, force=True))["report"]
    assert report["moved"] == {"lead->mql": 30}
    assert (report["simulated"], report["failed"], report["phase"]) == (30, [], "over")
    assert transitions(baton, ids) == [1] * 30
    (moved,) = baton.world.leads.transitions(ids[0])
    assert (moved.model_version, moved.transition.actor) == (2, "model")
    assert {baton.world.leads.read(one).activation for one in ids} == {2}


def test_a_lead_that_stays_is_brought_to_the_model_too() -> None:
    """Its stored score orders a list, and its next review was foreseen by the older model."""
    baton, _ = baton_of(0)
    (stays,) = fill(baton, leads(1, tally=PRICING))
    easy(baton)
    over(baton, publish(baton, force=True))
    lead = baton.world.leads.read(stays)
    assert (lead.standing.stage, lead.activation, lead.model_version) == (Stage.LEAD, 2, 2)
    assert lead.review_on is not None


def test_progress_is_shown_while_leads_move() -> None:
    baton, ids = baton_of(700, TickingClock())
    easy(baton)
    seen = [publish(baton, force=True)]
    for _ in range(30):
        if seen[-1]["state"] != "running":
            break
        baton.minutes_later(1)
        seen.append(job(baton, seen[0]))
    assert seen[-1]["state"] == "done"
    assert (seen[-1]["done"], seen[-1]["total"]) == (700, 700)
    moving = [one["done"] for one in seen if one["report"] and one["report"]["phase"] == "moving"]
    assert moving == sorted(moving)
    assert len(set(moving)) > 1
    assert stages(baton, ids) == {"mql": 700}
    assert set(transitions(baton, ids)) == {1}


def test_those_that_change_stage_move_first() -> None:
    """However many leads there are: the walk over all its leads comes behind."""
    baton, _ = baton_of(0, TickingClock())
    others = fill(baton, leads(600, tally=PRICING))
    movers = fill(baton, leads(40, first=5_000))
    easy(baton)
    publish(baton, force=True)
    for _ in range(10):
        if stages(baton, movers) == {"mql": 40}:
            break
        baton.minutes_later(1)
    assert {baton.world.leads.read(one).activation for one in movers} == {2}
    assert {baton.world.leads.read(one).activation for one in others} == {1, 2}


def test_a_changed_match_is_counted_anew() -> None:
    baton = InMemoryBaton()
    for number in range(3):
        baton.page("/imprint", f"v{number}")
        baton.form("newsletter", f"v{number}", email=f"ann{number}@acme.example")
    baton.until_quiet()
    ids = [baton.world.lead_id(f"ann{number}@acme.example") for number in range(3)]
    signals = {"imprint": {"on": "page", "where": {"path": ["/imprint"]}}}
    easy(baton, signals=signals, mql=[{"signal": "imprint", "activity": 2}])
    assert simulated(baton) == 3
    assert over(baton, publish(baton, expected=3))["state"] == "done"
    assert stages(baton, ids) == {"mql": 3}
    assert {baton.world.leads.read(one).matching for one in ids} == {
        baton.world.models.current().matching
    }


def test_the_way_back_is_to_publish_the_older_version_again() -> None:
    baton, ids = baton_of(5)
    easy(baton)
    over(baton, publish(baton, force=True))
    baton.ports.clock.tick(timedelta(days=15))  # the minimum stay is over
    assert simulated(baton, 1) == 5
    assert over(baton, publish(baton, 1, expected=5))["state"] == "done"
    assert stages(baton, ids) == {"lead": 5}
    assert baton.world.models.pointer() == replace(
        baton.world.models.pointer(), version=1, activation=3
    )  # type: ignore[type-var]
    assert {baton.world.leads.read(one).activation for one in ids} == {3}
    told = baton.world.publishing.versions()
    assert [(one["version"], one["state"]) for one in told] == [(2, "published"), (1, "active")]


def test_the_active_version_is_not_published_again_unless_forced() -> None:
    baton, ids = baton_of(2)
    with pytest.raises(StateError, match="version 1 is the active one already"):
        publish(baton, 1, expected=0)
    assert over(baton, publish(baton, 1, force=True))["state"] == "done"
    assert {baton.world.leads.read(one).activation for one in ids} == {2}


def test_an_unknown_version_cannot_be_published() -> None:
    baton, _ = baton_of(0)
    with pytest.raises(NotFoundError):
        publish(baton, 9, force=True)


def test_a_merged_lead_is_left_alone() -> None:
    baton, (gone,) = baton_of(1)
    lead = baton.world.leads.read(gone)
    baton.world.leads.write(lead, replace(lead, version=2, merged_into="ANOTHER"), LeadChange())
    easy(baton)
    found = over(baton, publish(baton, force=True))
    assert (found["state"], found["total"]) == ("done", 0)
    assert baton.world.leads.read(gone).version == 2


def test_a_draft_that_was_published_is_still_what_it_was() -> None:
    baton, _ = baton_of(1)
    easy(baton)
    over(baton, publish(baton, force=True))
    assert baton.world.publishing.document(2) == {**draft(mql=EASY_MQL), "version": 2}
    assert easy(baton) == 3


# --- several at once ------------------------------------------------------------------------------


def test_only_one_publish_runs_at_a_time() -> None:
    baton, _ = baton_of(3)
    easy(baton)
    first = publish(baton, force=True)
    assert first["state"] == "running"  # workers may still write by the older model
    with pytest.raises(StateError, match=f"another publish is running, job {first['id']}"):
        publish(baton, 1, force=True)
    over(baton, first)
    assert over(baton, publish(baton, 1, force=True))["state"] == "done"


def test_a_lead_written_behind_the_walk_is_found() -> None:
    baton, _ = baton_of(3)
    easy(baton)
    worker = World(baton.ports)
    worker.models.active()  # keeps the older model for 30 seconds
    found = publish(baton, force=True)
    assert found["report"]["moved"] == {"lead->mql": 3}
    baton.page("/blog/a", "late")
    baton.form("newsletter", "late", email="late@acme.example")
    baton.world, ours = worker, baton.world
    baton.until_quiet()
    baton.world = ours
    late = baton.world.lead_id("late@acme.example")
    assert baton.world.leads.read(late).activation == 1
    over(baton, found)
    assert baton.world.leads.read(late).activation == 2


def test_a_worker_never_writes_a_standing_by_an_older_model() -> None:
    baton, (lead_id, *_) = baton_of(3)
    easy(baton)
    worker = World(baton.ports)
    assert worker.models.active().version == 1
    publish(baton, force=True)
    assert worker.models.active().version == 1
    worker.qualify.review(lead_id)
    assert baton.world.leads.read(lead_id).model_version == 2


def test_a_stale_runner_moves_leads_by_the_new_model() -> None:
    baton, ids = baton_of(300, TickingClock())
    easy(baton)
    found = publish(baton, force=True)
    assert stages(baton, ids).get("lead", 0) > 0
    runner = World(baton.ports)
    runner.models.active()
    baton.world = runner
    assert over(baton, found)["state"] == "done"
    assert stages(baton, ids) == {"mql": 300}


def test_another_activation_between_count_and_activation_is_counted_against_anew() -> None:
    """A deploy brings its own model while a publish counts."""
    baton, ids = baton_of(400, TickingClock())
    easy(baton)
    found = publish(baton, force=True)
    assert found["report"] is None
    baton.world.models.load(draft(mql=[{"activity": 7, "fit": -40}]))
    done = over(baton, found)
    assert done["state"] == "done"
    pointer = baton.world.models.pointer()
    assert pointer is not None
    assert (pointer.version, pointer.activation) == (2, 3)
    assert stages(baton, ids) == {"mql": 400}


def test_a_version_activated_meanwhile_still_reaches_every_lead() -> None:
    baton, ids = baton_of(3)
    easy(baton)
    baton.world.models.load(draft(mql=EASY_MQL))
    found = over(baton, publish(baton, force=True))
    assert found["state"] == "done"
    assert stages(baton, ids) == {"mql": 3}


# --- what goes wrong ------------------------------------------------------------------------------


def break_routing(baton: InMemoryBaton) -> None:
    baton.world.documents.put("routing", {"people": "nobody"})


def mend_routing(baton: InMemoryBaton) -> None:
    (routing,) = [one for kind, _, one in documents() if kind == "routing"]
    baton.world.documents.put("routing", routing)


def test_a_failing_lead_is_named_and_delays_no_other() -> None:
    """It is named after three tries."""
    baton, _ = baton_of(0)
    stay = fill(baton, leads(20, tally=PRICING))
    broken = fill(baton, leads(2, first=100))
    easy(baton, sql=EASY_SQL)
    break_routing(baton)
    found = publish(baton, force=True)
    assert {baton.world.leads.read(one).activation for one in stay} == {2}
    done = over(baton, found)
    assert (done["state"], done["report"]["failed"]) == ("done", sorted(broken))
    assert stages(baton, broken) == {"lead": 2}


def test_a_lead_that_fails_once_moves_next_time() -> None:
    baton, _ = baton_of(0)
    broken = fill(baton, leads(2))
    easy(baton, sql=EASY_SQL)
    break_routing(baton)
    found = publish(baton, force=True)
    assert job(baton, found)["report"]["failed"] == sorted(broken)
    mend_routing(baton)
    done = over(baton, found)
    assert (done["state"], done["report"]["failed"]) == ("done", [])
    assert done["report"]["moved"] == {"lead->sql": 2}


def test_a_job_that_always_fails_ends_after_ten_tries() -> None:
    """Between them it waits."""
    baton, ids = baton_of(JOB_FAILED_IN_A_ROW)
    easy(baton, sql=EASY_SQL)
    break_routing(baton)
    found = publish(baton, force=True)
    assert found["state"] == "running"
    for _ in range(30):
        baton.ports.clock.tick(timedelta(minutes=1))
        try:
            baton.tick()
        except RuntimeError:
            continue
    done = job(baton, found)
    assert done["state"] == "failed"
    assert done["report"]["reason"] == "stopped after 10 tries without any progress"
    mend_routing(baton)
    again = over(baton, publish(baton, 2, force=True))
    assert (again["state"], again["report"]["moved"]) == ("done", {"lead->sql": len(ids)})


def test_jobs_are_kept_for_a_month() -> None:
    baton, _ = baton_of(1)
    easy(baton)
    found = publish(baton, force=True)
    item = baton.ports.memory.get(f"JOB#{found['id']}", "JOB")
    assert item is not None
    assert item["expires_at_epoch_s"] == int((baton.ports.now() + timedelta(days=30)).timestamp())
    assert baton.world.job_store.read("another") is None
