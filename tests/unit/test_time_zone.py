"""A company's own time zone: whose days count, and what happens when it becomes another one."""

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from chalicelib.authoring.examples import run_examples
from chalicelib.days import day_of, end_of, start_of, zone_of
from chalicelib.leads.lead import Lead
from chalicelib.lifecycle.stages import Recorded
from chalicelib.limits import PINGS_MAX_PER_DAY, SETTLE_SECONDS
from chalicelib.scoring.compile import compile_model
from chalicelib.scoring.model import Model
from chalicelib.settings import parse_offset
from chalicelib.store import keys, places
from chalicelib.store.events import put_event
from chalicelib.wiring.world import World
from infra import defaults, deploy
from infra.local.stack import TIME_ZONE, offset_into_hours
from tests import factories as make
from tests.baton import AD, ANN, TOKEN, InMemoryBaton, ask, model_document
from tests.fakes import FakeClock, FakePorts
from tests.sizes import SIZES, rotating
from tools import export, simulate

BERLIN, LOS_ANGELES = "Europe/Berlin", "America/Los_Angeles"
ZONES = ["UTC", BERLIN, LOS_ANGELES, "Pacific/Kiritimati"]
SECOND, MINUTE, HOUR, DAY = (
    timedelta(**{unit: 1}) for unit in ("seconds", "minutes", "hours", "days")
)
AFTERNOON = datetime(2026, 11, 22, 23, 55, tzinfo=UTC)  # five to four in Los Angeles
# The day before the clocks change, and what it is called.
CHANGES = [
    pytest.param(BERLIN, date(2026, 3, 28), id="Berlin, 23 hours"),
    pytest.param(BERLIN, date(2026, 10, 24), id="Berlin, 25 hours"),
    pytest.param(LOS_ANGELES, date(2026, 3, 7), id="Los Angeles, 23 hours"),
    pytest.param(LOS_ANGELES, date(2026, 10, 31), id="Los Angeles, 25 hours"),
    pytest.param("UTC", date(2026, 3, 28), id="UTC"),
]


def baton_in(zone: str, now: datetime = AFTERNOON) -> InMemoryBaton:
    """Baton of a company in a time zone, at a moment."""
    return InMemoryBaton(FakePorts(clock=FakeClock(now)), zone)


def stored(baton: InMemoryBaton) -> Lead:
    return World(baton.ports).leads.read(baton.world.lead_id(str(ANN["email"])))


def transitions(baton: InMemoryBaton) -> list[Recorded]:
    return baton.world.leads.transitions(stored(baton).lead_id)


def points(baton: InMemoryBaton, rule: str) -> float:
    found = [one["points"] for one in baton.lead()["score"]["reasons"] if one["rule"] == rule]
    return float(found[0]) if found else 0.0


def until(baton: InMemoryBaton, moment: datetime) -> int:
    """Let it be some moment; what the clock finds to do then."""
    baton.ports.clock.time = moment
    done = baton.tick()
    baton.until_quiet()
    return done


def rezone(baton: InMemoryBaton, zone: str) -> Any:
    """Another zone, as a deploy brings it; the job when it is over."""
    defaults.rezone(baton.world, zone)
    job_id = newest_job(baton)
    for _ in range(5):
        baton.minutes_later(1)
    return World(baton.ports).job_runner.show(job_id)


def newest_job(baton: InMemoryBaton) -> str:
    jobs = [item for item in baton.ports.memory.items.values() if item["sk"] == keys.JOB]
    newest = max(jobs, key=lambda item: int(item["created_at_ms"]))
    return str(newest["pk"]).removeprefix(keys.JOB + "#")


# --- whose days -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("zone", "days"), [("UTC", 2), (BERLIN, 1), (LOS_ANGELES, 1)])
def test_two_californian_afternoon_looks_are_two_days_in_utc(zone: str, days: int) -> None:
    """Ten minutes apart: four in the afternoon there, one in the night in Berlin."""
    baton = baton_in(zone)
    baton.page("/pricing")
    baton.minutes_later(10)
    baton.page("/pricing")
    baton.form("newsletter", **ANN)
    baton.until_quiet()
    assert len(stored(baton).tally.days["pricing-page"]) == days
    text = {1: "on 1 day, 1 more not counted: at most 1 a day", 2: "on 2 days"}[days]
    (reason,) = (one for one in baton.lead()["score"]["reasons"] if one["rule"] == "pricing-page")
    assert reason["text"].startswith(f"visited the pricing page {text}")
    assert stored(baton).zone == zone


@pytest.mark.parametrize(("zone", "before"), CHANGES)
def test_a_limit_per_day_holds_from_midnight_to_midnight(zone: str, before: date) -> None:
    """Also on a day of 23 or 25 hours: its first and its last look are of one day."""
    changed = before + DAY
    first, last = start_of(changed, zone_of(zone)), end_of(changed, zone_of(zone))
    baton = baton_in(zone, first - MINUTE)
    for moment in (first - MINUTE, first, last - SECOND, last + SECOND):
        baton.ports.clock.time = moment
        baton.page("/pricing")
    baton.form("newsletter", **ANN)
    baton.until_quiet()
    days = [changed - DAY, changed, changed + DAY]
    counts = stored(baton).tally.days["pricing-page"]
    assert counts == dict(zip((day.toordinal() for day in days), (1, 2, 1), strict=True))


@pytest.mark.parametrize(("zone", "before"), CHANGES)
def test_a_score_fades_at_midnight(zone: str, before: date) -> None:
    changed = before + DAY
    baton = baton_in(zone, start_of(before, zone_of(zone)) + HOUR)
    baton.page("/pricing")
    baton.form("newsletter", **ANN)
    baton.until_quiet()
    for day, left in ((before, 6.0), (changed, 5.598), (changed + DAY, 5.223)):
        baton.ports.clock.time = start_of(day, zone_of(zone)) + SECOND
        assert points(baton, "pricing-page") == left
        baton.ports.clock.time = end_of(day, zone_of(zone))
        assert points(baton, "pricing-page") == left
        assert baton.lead()["score"]["as_of"] == day.isoformat()


@pytest.mark.parametrize(("zone", "before"), CHANGES)
def test_a_lead_cools_when_the_day_begins_that_it_said(zone: str, before: date) -> None:
    """And not a second before: the review is due at midnight of the zone."""
    baton = baton_in(zone, start_of(before, zone_of(zone)) + 22 * HOUR)
    baton.form("guide", **ANN)
    baton.until_quiet()
    baton.minutes_later(15)  # until the sequence has seen what became of its email
    assert baton.lead()["stage"] == "mql"
    cools_on = date.fromisoformat(baton.lead()["next"]["cools_on"])
    review_on = None
    while review_on != cools_on:
        review_on = date.fromisoformat(baton.lead()["review_on"])
        midnight = start_of(review_on, zone_of(zone))
        assert until(baton, midnight - SECOND) == 0
        assert baton.lead()["stage"] == "mql"
        assert until(baton, midnight) == 1
    (cooled, *_) = transitions(baton)
    assert (baton.lead()["stage"], cooled.transition.on, cooled.zone) == ("lead", cools_on, zone)


@pytest.mark.parametrize(
    ("zone", "rests_until"),
    [("UTC", "2027-01-06"), (BERLIN, "2027-01-07"), (LOS_ANGELES, "2027-01-06")],
)
def test_a_rest_ends_when_its_day_begins(zone: str, rests_until: str) -> None:
    """Recycled at five to four in Los Angeles, when the next day has begun in Berlin."""
    baton = baton_in(zone)
    baton.form("demo", **ANN)
    baton.until_quiet()
    ask(baton, "stage", {"stage": "recycled", "reason": "not_ready"})
    assert baton.lead()["rest_until"] == rests_until
    ends = start_of(date.fromisoformat(rests_until), zone_of(zone))
    baton.ports.clock.time = ends - 6 * HOUR
    baton.form("guide", **ANN)
    baton.page("/pricing")
    baton.until_quiet()
    assert until(baton, ends - SECOND) == 0
    assert baton.lead()["stage"] == "recycled"
    assert until(baton, ends) == 1
    assert baton.lead()["stage"] == "mql"


@pytest.mark.parametrize("zone", [BERLIN, LOS_ANGELES])
def test_the_cap_on_daily_pings_follows_the_zone(zone: str) -> None:
    """As many as a day may have just before midnight of the zone, and as many just after it."""
    midnight = start_of(date(2026, 11, 22), zone_of(zone))
    baton = baton_in(zone, midnight)
    for moment in (midnight - MINUTE, midnight + MINUTE):
        for number in range(PINGS_MAX_PER_DAY):
            baton.ports.table.write(put_event(make.page(f"/{number}", n=number, at=moment)))
    baton.ports.clock.time = midnight + HOUR
    baton.form("newsletter", **ANN)
    baton.until_quiet()
    assert sum(stored(baton).tally.days["site-visit"].values()) == 2 * PINGS_MAX_PER_DAY


@pytest.mark.parametrize("zone", ZONES)
def test_the_default_models_examples_hold_in_every_time_zone(zone: str) -> None:
    document = model_document()
    model = compile_model(document, 1, zone=zone_of(zone))
    assert [one.name for one in run_examples(model, document["examples"]) if not one.ok] == []


# --- what is read ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("zone", "totals"),
    [
        ("UTC", {"2026-11-21": None, "2026-11-22": 1, "2026-11-23": 2}),
        (BERLIN, {"2026-11-21": None, "2026-11-22": None, "2026-11-23": 2}),
        (LOS_ANGELES, {"2026-11-21": None, "2026-11-22": 2, "2026-11-23": 2}),
    ],
)
def test_a_past_day_ends_at_midnight_of_the_zone(zone: str, totals: dict[str, int | None]) -> None:
    """Five minutes before midnight in UTC a form, ten minutes after it a second one."""
    baton = baton_in(zone)
    baton.form("newsletter", **ANN)
    baton.minutes_later(15)
    baton.form("webinar", **ANN)
    baton.until_quiet()
    until(baton, AFTERNOON + 3 * DAY)
    lead_id = baton.world.lead_id(ANN["email"])
    found: dict[str, int | None] = {}
    for day in totals:
        answer = baton.http("GET", f"/v1/leads/{lead_id}?as_of={day}", headers=TOKEN)
        is_known = answer.status_code == 200
        lead = json.loads(answer.body)
        rules = [one["rule"] for one in lead["score"]["reasons"]] if is_known else []
        found[day] = sum(one.endswith("-signup") for one in rules) if is_known else None
    assert found == totals


@pytest.mark.parametrize(
    ("zone", "today"), [("UTC", "2026-11-22"), (BERLIN, "2026-11-23"), (LOS_ANGELES, "2026-11-22")]
)
def test_today_is_the_zones_day_and_tomorrow_is_refused(zone: str, today: str) -> None:
    baton = baton_in(zone)
    baton.form("newsletter", **ANN)
    baton.until_quiet()
    path = f"/v1/leads/{baton.world.lead_id(ANN['email'])}"
    assert baton.get(f"{path}?as_of={today}") == baton.lead()
    assert baton.lead()["score"]["as_of"] == today
    assert baton.get("/v1/leads?stage=lead")["leads"][0]["score"]["as_of"] == today
    email = str(ANN["email"])
    assert baton.get(f"/v1/leads?email={email}")["leads"][0]["score"]["as_of"] == today
    tomorrow = date.fromisoformat(today) + DAY
    answer = baton.http("GET", f"{path}?as_of={tomorrow}", headers=TOKEN)
    assert answer.status_code == 400
    (error,) = json.loads(answer.body)["errors"]
    assert error["message"] == f"is in the future; today is {today} ({zone})"


def test_all_pages_of_a_list_have_the_firsts_day() -> None:
    baton = baton_in(BERLIN, datetime(2026, 11, 22, 22, 59, tzinfo=UTC))
    for number in range(3):
        baton.form("newsletter", f"v{number}", email=f"ann{number}@acme.example")
    baton.until_quiet()
    first = baton.get("/v1/leads?stage=lead&limit=2")
    baton.minutes_later(2)
    second = baton.get(f"/v1/leads?stage=lead&limit=2&cursor={first['next_cursor']}")
    days = [one["score"]["as_of"] for page in (first, second) for one in page["leads"]]
    assert days == ["2026-11-22"] * 3
    assert baton.get("/v1/leads?stage=lead")["leads"][0]["score"]["as_of"] == "2026-11-23"


@pytest.mark.parametrize(("zone", "changes"), [("UTC", {"lead->mql": 1}), (LOS_ANGELES, {})])
def test_a_simulation_counts_and_judges_in_the_zones_days(
    zone: str, changes: dict[str, int]
) -> None:
    """Over the API and on an export. A draft with the same signals recounts nobody."""
    baton = baton_in(zone)
    baton.page("/pricing")
    baton.minutes_later(10)
    baton.page("/pricing")
    baton.form("newsletter", email=ANN["email"])
    baton.until_quiet()
    way = {"signal": "pricing-page", "days": 2, "within_days": 9, "activity": 5}
    stages = model_document()["stages"]
    draft = {**model_document(), "stages": {**stages, "mql": {**stages["mql"], "any": [way]}}}
    simulation = baton.world.publishing.simulate(document=draft)
    assert simulation.report is not None
    assert simulation.report["changes"] == changes
    lines = json.loads(json.dumps(list(export.export(baton.world))))
    found = simulate.simulate(iter(lines), draft, baton.ports.now())
    assert (found["changes"], found["counted_differently"]) == (changes, 0)


# --- another zone ---------------------------------------------------------------------------------


def model_in(zone: str) -> Model:
    return compile_model(model_document(), 1, zone=zone_of(zone))


def test_a_model_matches_otherwise_in_another_time_zone() -> None:
    digests = {model_in(zone).matching for zone in ZONES}
    assert len(digests) == len(ZONES)
    assert model_in(BERLIN).matching == model_in(BERLIN).matching


def test_another_zone_recounts_every_lead_by_a_job() -> None:
    baton = baton_in("UTC")
    baton.page("/pricing")
    baton.minutes_later(10)
    baton.page("/pricing")
    baton.form("newsletter", email=ANN["email"])
    baton.form("newsletter", "v2", email="x@acme.example")
    baton.until_quiet()
    before = stored(baton)
    job = rezone(baton, LOS_ANGELES)
    assert job["state"] == "done"
    assert (job["report"]["rebuilt"], job["report"]["differed"]) == (2, 2)
    after = stored(baton)
    assert (before.zone, after.zone) == ("UTC", LOS_ANGELES)
    assert list(after.tally.days["pricing-page"].values()) == [2]
    assert after.activation == before.activation + 1
    assert baton.lead()["recounting"] is False
    item = baton.ports.memory.items[keys.lead(after.lead_id), keys.STANDING]
    assert after.review_on is not None
    due = start_of(after.review_on, zone_of(LOS_ANGELES))
    assert item["due_sk"] == places.due_at(due, after.lead_id)


def test_the_job_waits_until_workers_forget_the_older_zone() -> None:
    """One that still knew it would find nothing to recount."""
    baton = baton_in("UTC")
    baton.form("newsletter", **ANN)
    baton.until_quiet()
    baton.world.models.active()
    defaults.rezone(World(baton.ports), BERLIN)
    baton.ports.clock.tick(timedelta(seconds=SETTLE_SECONDS - 1))
    baton.tick()
    assert stored(baton).zone == "UTC"
    baton.minutes_later(1)
    assert stored(baton).zone == BERLIN


def test_a_lead_touched_before_the_job_is_recounted_at_once() -> None:
    baton = baton_in("UTC")
    baton.page("/pricing")
    baton.form("newsletter", **ANN)
    baton.until_quiet()
    World(baton.ports).models.rezone(BERLIN)
    baton.minutes_later(1)
    baton.page("/pricing")
    baton.until_quiet()
    lead = stored(baton)
    assert (lead.zone, list(lead.tally.days["pricing-page"].values())) == (BERLIN, [2])


def test_a_recorded_transition_keeps_its_day_and_names_its_zone() -> None:
    baton = baton_in(LOS_ANGELES)
    baton.form("demo", **ANN)
    baton.until_quiet()
    before = transitions(baton)
    standing = stored(baton).standing
    rezone(baton, BERLIN)
    assert transitions(baton) == before
    assert [(one.transition.on, one.zone) for one in before] == [(date(2026, 11, 22), LOS_ANGELES)]
    assert stored(baton).standing == standing
    ask(baton, "stage", {"stage": "accepted", "reason": "met her"})
    assert [(one.transition.on, one.zone) for one in transitions(baton)] == [
        (date(2026, 11, 23), BERLIN),
        (date(2026, 11, 22), LOS_ANGELES),
    ]


def test_rule_9_nobody_hears_of_what_another_zone_moves() -> None:
    """Two looks on two days of UTC, and a guide, make no SQL on one day of Los Angeles; the way
    back makes one, and its handoff is held.
    """
    baton = baton_in(LOS_ANGELES)
    way = {"signal": "pricing-page", "days": 2, "within_days": 9, "kind": "requested"}
    stages = {**model_document()["stages"], "sql": {"any": [way]}}
    baton.world.models.load({**model_document(), "stages": stages})
    baton.page("/pricing")
    baton.minutes_later(10)
    baton.page("/pricing")
    baton.form("tour", **ANN)
    baton.until_quiet()
    assert baton.lead()["stage"] != "sql"
    rezone(baton, "UTC")
    assert baton.lead()["stage"] == "sql"
    handoff = baton.ports.memory.items[keys.lead(stored(baton).lead_id), "HANDOFF#1"]
    assert handoff["state"] == "held"
    assert [one for one in baton.outbox() if one["kind"] == "handoff"] == []


def test_the_way_back_restores_every_lead() -> None:
    baton = baton_in("UTC")
    baton.page("/pricing", context=AD)
    baton.minutes_later(10)
    baton.page("/pricing")
    baton.form("demo", **ANN)
    baton.until_quiet()
    ask(baton, "stage", {"stage": "recycled", "reason": "not_ready"})
    before = stored(baton)
    for zone in (BERLIN, LOS_ANGELES, "Pacific/Kiritimati", "UTC"):
        rezone(baton, zone)
    after = stored(baton)
    for part in ("tally", "profile", "touches", "standing", "review_on", "zone", "matching"):
        assert getattr(after, part) == getattr(before, part)


def test_a_worker_never_redecides_by_the_older_zone() -> None:
    """Workers keep the model for thirty seconds. One that knows the older zone only reads again
    when it meets a lead of the newer one.
    """
    baton = baton_in("UTC")
    baton.page("/pricing")
    baton.form("newsletter", **ANN)
    baton.until_quiet()
    old, new = World(baton.ports), World(baton.ports)
    assert old.models.active().zone is UTC
    new.models.rezone(LOS_ANGELES)
    lead_id = stored(baton).lead_id
    new.qualify.published(lead_id)
    baton.ports.clock.tick(SECOND)
    old.qualify.review(lead_id)
    lead = stored(baton)
    assert (lead.zone, lead.activation) == (LOS_ANGELES, 2)
    assert lead.matching == new.models.active().matching


def test_a_retraction_undoes_the_stage_after_another_zone() -> None:
    """The stage was given on the 22nd of Los Angeles. In UTC the request is of the 23rd: judged on
    the day that the transition keeps, it had not happened yet, and the stage would have stayed.
    """
    baton = baton_in(LOS_ANGELES, AFTERNOON + 4 * HOUR)
    baton.form("tour", **ANN)
    baton.form("demo", **ANN)
    baton.until_quiet()
    assert baton.lead()["stage"] == "sql"
    rezone(baton, "UTC")
    timeline = baton.get(f"/v1/leads/{baton.lead()['lead_id']}/timeline")["items"]
    ids = [one["id"] for one in timeline if one["name"] == "demo"]
    ask(baton, "retract", {"event_ids": ids, "reason": "our own test"})
    assert baton.lead()["stage"] == "lead"


def test_the_same_zone_again_begins_nothing() -> None:
    baton = baton_in(BERLIN)
    pointer = baton.world.models.pointer()
    defaults.rezone(baton.world, BERLIN)
    assert baton.world.models.pointer() == pointer
    assert [sk for _, sk in baton.ports.memory.items if sk == keys.JOB] == []


# --- deploying ------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", [["--time-zone"], ["--parameter", "TimeZone="]])
@pytest.mark.parametrize("name", ["Europe/Atlantis", "europe/berlin", "CET+1", "Berlin"])
def test_an_unknown_zone_is_refused_before_anything_is_deployed(
    how: list[str],
    name: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    given = [*how[:-1], how[-1] + name] if how[-1].endswith("=") else [*how, name]
    assert deploy.main(["--stage", "prod", *given]) == 1
    said = capsys.readouterr()
    assert said.err == f"there is no time zone {name!r}; an example is Europe/Berlin\n"
    assert said.out == ""


@pytest.mark.parametrize("name", ["", "UTC", BERLIN, "America/Argentina/Buenos_Aires"])
def test_an_existing_zone_is_deployed_and_none_keeps_the_stacks(name: str) -> None:
    deploy.check_time_zone(name)


# --- `make run` -----------------------------------------------------------------------------------


def walked(now: datetime) -> list[tuple[str, int]]:
    """What the walk of the demo shows after each of its steps, a minute apart."""
    offset = parse_offset(offset_into_hours(now))
    baton = InMemoryBaton(FakePorts(clock=FakeClock(now + offset)), TIME_ZONE)
    seen = []
    for number, step in enumerate((first_visit, guide, pricing, demo)):
        baton.ports.clock.time = now + offset + number * 2 * MINUTE
        step(baton)
        baton.until_quiet()
        seen.append((baton.lead()["stage"], baton.lead()["score"]["total"]))
    return seen


def first_visit(baton: InMemoryBaton) -> None:
    baton.page("/", context={"campaign": {"source": "google", "medium": "cpc", "name": "spring"}})
    baton.page("/blog/why-access-reviews-stall")
    baton.page("/blog/the-friday-leaver")
    baton.form("tour", email=ANN["email"])


def guide(baton: InMemoryBaton) -> None:
    baton.form("guide", consent=True, **ANN)


def pricing(baton: InMemoryBaton) -> None:
    for _ in range(4):
        baton.page("/pricing")


def demo(baton: InMemoryBaton) -> None:
    baton.form("demo", **ANN)


@pytest.mark.parametrize("day", [date(2026, 3, 29), date(2026, 10, 25), date(2026, 11, 22)])
def test_the_demo_prints_the_same_numbers_at_any_hour(day: date) -> None:
    """At quarters of an hour, and in each minute of the last one, of a day of 23, 25 and 24 hours:
    a night's walk is one of the next working day.
    """
    first, last = start_of(day, zone_of(TIME_ZONE)), end_of(day, zone_of(TIME_ZONE))
    every = [first + n * 15 * MINUTE for n in range(4 * 25)]
    quarters = rotating(every, SIZES.demo_every)
    minutes = [last - n * MINUTE for n in range(16)]
    for now in {moment for moment in (*quarters, *minutes) if moment <= last}:
        assert walked(now) == [("lead", 8), ("mql", 60), ("mql", 66), ("sql", 90)], now


def test_the_walk_stays_within_one_day_of_the_demo() -> None:
    zone = zone_of(TIME_ZONE)
    for minutes in range(24 * 60):
        now = AFTERNOON + minutes * MINUTE
        began = now + parse_offset(offset_into_hours(now))
        assert day_of(began, zone) == day_of(began + 10 * MINUTE - SECOND, zone)
        assert 8 * 60 + 30 <= began.astimezone(zone).hour * 60 + began.minute <= 17 * 60 + 20
