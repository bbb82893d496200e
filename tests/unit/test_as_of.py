"""`?as_of=`: a lead as it was known at the end of a past day, whatever happened since."""

import json
import random
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from chalicelib.days import day_of, end_of, start_of, zone_of
from chalicelib.events import visitor_partition
from chalicelib.limits import HORIZON_DAYS, PINGS_MAX_PER_DAY
from chalicelib.store.events import put_event
from tests.baton import ANN, TOKEN, InMemoryBaton, model_document
from tests.factories import TODAY, page
from tests.fakes import NOW, FakeClock, FakePorts
from tests.sizes import SIZES, seeds

BOB: dict[str, Any] = {
    "email": "bob@acme.example",
    "first_name": "Bob",
    "job_title": "Engineer",
    "company_size": 300,
    "country": "AT",
}
EMAILS: tuple[str, str] = (ANN["email"], BOB["email"])
DAYS = 12
DAY = timedelta(days=1)
# Whose days, the first of them, and the zone that it becomes in between. The clocks change in most.
WHERE = [
    ("Europe/Berlin", date(2026, 10, 20), None),
    ("Europe/Berlin", date(2026, 3, 24), None),
    ("America/Los_Angeles", date(2026, 3, 3), None),
    ("UTC", date(2026, 11, 22), "America/Los_Angeles"),
    ("UTC", date(2026, 11, 22), "Pacific/Kiritimati"),
    ("Europe/Berlin", date(2026, 10, 20), "UTC"),
    ("America/Los_Angeles", date(2026, 10, 28), "Europe/Berlin"),
]
STEPS_A_DAY = 5
UNKNOWN_THEN = ("owner", "consent", "suppressed", "review_on", "updated_at", "next")
KNOWN_THEN = (
    "lead_id", "email", "created_at", "profile", "stage", "kind", "cycle", "rest_until", "outcome",
    "opportunity", "score",
    "first_touch", "last_touch", "interest", "recounting",
)  # fmt: skip


@pytest.fixture
def baton() -> InMemoryBaton:
    return InMemoryBaton()


def days_later(baton: InMemoryBaton, days: float) -> None:
    baton.ports.clock.tick(timedelta(days=days))
    baton.tick()
    baton.until_quiet()


def as_of(baton: InMemoryBaton, day: date | str, email: str = ANN["email"]) -> Any:
    return baton.get(f"/v1/leads/{baton.world.lead_id(email)}?as_of={day}")


def refused(baton: InMemoryBaton, day: date | str, email: str = ANN["email"]) -> tuple[int, Any]:
    answer = baton.http("GET", f"/v1/leads/{baton.world.lead_id(email)}?as_of={day}", headers=TOKEN)
    return answer.status_code, json.loads(answer.body)


def command(baton: InMemoryBaton, path: str, body: Any, email: str = ANN["email"]) -> int:
    answer = baton.post(f"/v1/leads/{baton.world.lead_id(email)}/{path}", body, TOKEN)
    baton.until_quiet()
    return int(answer.status_code)


def retract(baton: InMemoryBaton, kind: str) -> None:
    """Take the newest event of a kind back."""
    items = baton.get(f"/v1/leads/{baton.lead()['lead_id']}/timeline")["items"]
    newest = next(item["id"] for item in items if item["kind"] == kind)
    assert command(baton, "retract", {"event_ids": [newest], "reason": "a test"}) == 200


def publish(baton: InMemoryBaton, points: int) -> None:
    """Make a model active that gives other points to a visit, and counts other pages as product
    pages.
    """
    document = with_silence()
    document["rules"]["actions"]["site-visit"]["points"] = points
    document["signals"]["product-page"]["where"]["path"] = ["/product*", "/blog/*"]
    baton.world.models.load(document)
    bring_all(baton)


def with_silence() -> dict[str, Any]:
    """Return the default model with a silence that begins, and ends, within a life."""
    document: dict[str, Any] = json.loads(json.dumps(model_document()))
    quiet = {"silence": {"days": 2, "points": -3, "signals": ["site-visit"]}}
    gone = {"silence": {"days": 3, "points": -2, "signals": "any"}}
    document["rules"]["undesirables"] |= {"quiet": quiet, "gone": gone}
    return document


def bring_all(baton: InMemoryBaton) -> None:
    """Bring both leads to the active model, as a job does."""
    for email in EMAILS:
        baton.world.qualify.published(baton.world.lead_id(email))
    baton.until_quiet()


def known(lead: Any) -> dict[str, Any]:
    return {name: lead[name] for name in KNOWN_THEN}


# --- the property ---------------------------------------------------------------------------------


class Life:
    """A seeded life of two addresses and three browsers, that turn out to be one person. said: what
    was read of each address at each day's end.

    zone: whose days they are; first: the first of them; then: the zone that it becomes in between.
    """

    def __init__(
        self, seed: int, zone: str = "UTC", first: date = TODAY, then: str | None = None
    ) -> None:
        self.random, self.zone, self.first = random.Random(seed), zone, first
        self.baton = InMemoryBaton(FakePorts(clock=FakeClock(start_of(first, UTC) - DAY)), zone)
        self.baton.world.models.load(with_silence(), zone)
        self.merges_on, self.publishes_on = self.random.sample(range(2, DAYS - 1), 2)
        self.rezones_on, self.then = self.random.randrange(2, DAYS - 2), then
        self.done = set[str]()
        self.said = dict[tuple[str, date], Any]()

    def live(self) -> None:
        for number in range(DAYS):
            self._morning(number)
            for hour in sorted(self.random.sample(range(1, 23), STEPS_A_DAY)):
                self._at(number, hour)
                self._step(number)
                self.baton.until_quiet()
            self._evening(number)
            if self.then and number == self.rezones_on:
                self._rezone(number)

    def _day(self, number: int) -> date:
        return self.first + timedelta(days=number)

    def _at(self, number: int, hour: int, minute: int = 0) -> None:
        midnight = start_of(self._day(number), zone_of(self.zone))
        self._wait_until(midnight + timedelta(hours=hour, minutes=minute))

    def _wait_until(self, time: datetime) -> None:
        """Wait a minute at least: after a change of the zone it may be later than that already."""
        clock = self.baton.ports.clock
        clock.time = max(clock.time + timedelta(minutes=1), time)

    def _rezone(self, number: int) -> None:
        """Another zone, just before midnight in the older one. Where it is not midnight yet, the
        same day goes on, and ends when it ends there.
        """
        assert self.then
        self.baton.ports.clock.tick(timedelta(seconds=1))  # not in the instant of the last reading
        self.zone = self.then
        self.baton.world.models.rezone(self.zone)
        bring_all(self.baton)
        if day_of(self.baton.ports.now(), zone_of(self.zone)) == self._day(number):
            self._evening(number)

    def _morning(self, number: int) -> None:
        self._at(number, 0, 1)
        self.baton.tick()
        self.baton.until_quiet()
        if number == self.publishes_on:
            publish(self.baton, 4)

    def _evening(self, number: int) -> None:
        end = end_of(self._day(number), zone_of(self.zone))
        self._wait_until(end - timedelta(minutes=1))
        if number == self.merges_on:
            body = {"other_lead_id": self.baton.world.lead_id(BOB["email"])}
            self.done |= {"merge"} if command(self.baton, "merge", body) == 200 else set()
        for email in EMAILS:
            answer = self.baton.http(
                "GET", f"/v1/leads/{self.baton.world.lead_id(email)}", headers=TOKEN
            )
            lead = json.loads(answer.body)
            self.said[email, day_of(self.baton.ports.now(), zone_of(self.zone))] = (
                known(lead) if answer.status_code == 200 else None
            )

    def _step(self, number: int) -> None:
        kind = self.random.choices(
            ("page", "late page", "form", "retract", "stage", "outcome"), weights=(6, 4, 5, 2, 2, 1)
        )[0]
        email, visitor = self.random.choice(EMAILS), self.random.choice(("v1", "v2", "v3"))
        if "page" in kind:
            late = timedelta(days=self.random.uniform(0, 5)) if kind == "late page" else timedelta()
            path = self.random.choice(
                ("/", "/pricing", "/blog/a", "/product", "/careers", "/customers/x")
            )
            context = self.random.choice(({}, {"campaign": {"source": "s", "medium": "cpc"}}))
            self.baton.page(path, visitor, self.baton.ports.now() - late, context=context)
        elif kind == "form":
            said = ANN if email == ANN["email"] else BOB
            fields = {**said, "job_title": self.random.choice(("CTO", "Student", "Manager"))}
            self.baton.form(
                self.random.choice(("guide", "newsletter", "webinar", "demo")), visitor, **fields
            )
        elif kind == "retract":
            self._retract(email)
        elif kind == "stage":
            stage = self.random.choice(("accepted", "recycled", "lead", "disqualified"))
            command(self.baton, "stage", {"stage": stage, "reason": "not_ready"}, email)
        else:
            command(self.baton, "opportunity", {"size": f"about {number}"}, email)

    def _retract(self, email: str) -> None:
        path = f"/v1/leads/{self.baton.world.lead_id(email)}/timeline"
        answer = self.baton.http("GET", path, headers=TOKEN)
        if answer.status_code != 200:
            return
        items = json.loads(answer.body)["items"]
        ids = [item["id"] for item in items if item["kind"] in ("page", "form", "track")]
        body = {"event_ids": [self.random.choice(ids)], "reason": "a test"}
        self.done |= {"retract"} if command(self.baton, "retract", body, email) == 200 else set()


@pytest.mark.parametrize("seed", seeds(SIZES.lives))
def test_every_past_day_reads_as_it_did_then(seed: int) -> None:
    """With late events, joins, retractions, a merge, people's moves and another model in
    between.
    """
    reads_as_it_was_read(Life(seed), f"seed {seed}")


@pytest.mark.parametrize("seed", seeds(SIZES.lives))
def test_every_past_day_of_any_zone_reads_as_then(seed: int) -> None:
    """In days of 23 and 25 hours, and across a change of the time zone, too."""
    zone, first, then = WHERE[seed % len(WHERE)]
    reads_as_it_was_read(Life(seed, zone, first, then), f"seed {seed}: {zone}, {then}")


def reads_as_it_was_read(life: Life, which: str) -> None:
    life.live()
    life.baton.ports.clock.tick(timedelta(days=3))
    for (email, day), said in life.said.items():
        if said is None:
            assert refused(life.baton, day, email)[0] == 404, f"{which}: {email} on {day}"
        else:
            assert known(as_of(life.baton, day, email)) == said, f"{which}: {email} on {day}"


def test_the_propertys_lives_hold_everything_that_can_go_wrong() -> None:
    done, stages = set[str](), set[str]()
    for seed in range(10):
        life = Life(seed)
        life.live()
        done |= life.done
        stages |= {said["stage"] for said in life.said.values() if said}
    assert done == {"merge", "retract"}
    assert stages >= {"lead", "mql", "sql", "accepted", "recycled", "disqualified"}


# --- what was known then --------------------------------------------------------------------------


def test_a_late_event_counts_from_the_day_of_capture(baton: InMemoryBaton) -> None:
    """A laptop in a suitcase tells us on Wednesday what Ann read on Monday: on Tuesday we did not
    know it.
    """
    baton.form("newsletter", "v1", **ANN)
    baton.until_quiet()
    before = baton.lead()["score"]
    days_later(baton, 2)
    baton.page("/pricing", at=NOW)
    baton.until_quiet()
    assert as_of(baton, NOW.date())["score"] == before
    assert "pricing-page" in [reason["rule"] for reason in baton.lead()["score"]["reasons"]]


def test_what_was_retracted_since_counted_then(baton: InMemoryBaton) -> None:
    baton.form("newsletter", "v1", **ANN)
    baton.page("/pricing")
    baton.until_quiet()
    before = baton.lead()["score"]
    days_later(baton, 1)
    retract(baton, "page")
    assert baton.lead()["score"]["total"] < before["total"]
    assert as_of(baton, NOW.date())["score"] == before


def test_the_model_of_then_says_what_it_was_worth(baton: InMemoryBaton) -> None:
    baton.form("newsletter", "v1", **ANN)
    baton.page("/")
    baton.until_quiet()
    before = baton.lead()["score"]
    days_later(baton, 1)
    publish(baton, 5)
    assert baton.lead()["score"]["model_version"] == 2
    assert as_of(baton, NOW.date())["score"] == before | {"model_version": 1}


def test_the_stage_is_that_of_the_transitions_up_to_then(baton: InMemoryBaton) -> None:
    baton.form("newsletter", "v1", **ANN)
    baton.until_quiet()
    days_later(baton, 1)
    baton.form("demo", "v1", **ANN)
    baton.until_quiet()
    days_later(baton, 1)
    assert command(baton, "stage", {"stage": "recycled", "reason": "not_ready"}) == 200
    stages = [as_of(baton, NOW.date() + timedelta(days=number))["stage"] for number in range(3)]
    assert stages == ["lead", "sql", "recycled"]
    sql = as_of(baton, NOW.date() + timedelta(days=1))
    assert (sql["kind"], sql["cycle"], sql["rest_until"]) == ("requested", 1, None)
    assert baton.lead()["rest_until"] == "2027-01-08"


def test_merged_leads_began_with_a_form_since_taken_back(baton: InMemoryBaton) -> None:
    """A lead's beginning outlives the retraction of its first form, and so does a merged one's."""
    baton.form("demo", "v2", **BOB)
    baton.until_quiet()
    bob = baton.lead(BOB["email"])
    taken_back = {"event_ids": [event_ids(baton, bob["lead_id"])[-1]], "reason": "a test"}
    days_later(baton, 1)
    baton.form("newsletter", "v2", **BOB)
    baton.form("newsletter", "v1", **ANN)
    baton.until_quiet()
    assert command(baton, "retract", taken_back, BOB["email"]) == 200
    assert command(baton, "merge", {"other_lead_id": bob["lead_id"]}) == 200
    assert baton.lead()["created_at"] == bob["created_at"]
    today = NOW.date() + timedelta(days=1)
    assert known(as_of(baton, today)) == known(baton.lead())


def event_ids(baton: InMemoryBaton, lead_id: str) -> list[str]:
    """The ids of the forms of a lead, newest first."""
    items = baton.get(f"/v1/leads/{lead_id}/timeline")["items"]
    return [item["id"] for item in items if item["kind"] == "form"]


def test_two_leads_were_two_before_they_were_merged(baton: InMemoryBaton) -> None:
    """Each id answers for itself up to then; from then on the absorbed one answers with the
    other.
    """
    baton.form("newsletter", "v1", **ANN)
    baton.form("guide", "v2", **BOB)
    baton.page("/pricing", "v2")
    baton.until_quiet()
    ann, bob = baton.lead(), baton.lead(BOB["email"])
    days_later(baton, 1)
    assert command(baton, "merge", {"other_lead_id": bob["lead_id"]}) == 200
    days_later(baton, 1)
    merged_on = NOW.date() + timedelta(days=1)
    assert known(as_of(baton, NOW.date())) == known(ann)
    assert known(as_of(baton, NOW.date(), BOB["email"])) == known(bob)
    assert as_of(baton, merged_on, BOB["email"])["lead_id"] == ann["lead_id"]
    assert "pricing-page" in [
        reason["rule"] for reason in as_of(baton, merged_on)["score"]["reasons"]
    ]


def test_a_visit_counts_from_when_its_visitor_is_known(
    baton: InMemoryBaton,
) -> None:
    baton.form("newsletter", None, **ANN)
    baton.page("/pricing", "v9")
    baton.until_quiet()
    before = baton.lead()["score"]
    days_later(baton, 1)
    baton.form("webinar", "v9", **ANN)
    baton.until_quiet()
    assert as_of(baton, NOW.date())["score"] == before
    assert "pricing-page" in [reason["rule"] for reason in baton.lead()["score"]["reasons"]]


def test_a_join_before_midnight_counts_what_was_captured_by_then(
    baton: InMemoryBaton,
) -> None:
    """What comes within the fifteen minutes after a join counts with it, but only from the day on
    which it came.
    """
    baton.ports.clock.time = datetime(2026, 11, 22, 23, 55, tzinfo=UTC)
    baton.page("/blog/a")
    baton.form("newsletter", "v1", **ANN)
    baton.until_quiet()
    before = baton.lead()["score"]
    baton.minutes_later(10)
    baton.page("/pricing")
    baton.until_quiet()
    assert as_of(baton, NOW.date())["score"] == before


def test_the_cap_on_daily_pings_is_that_of_then(baton: InMemoryBaton) -> None:
    """The pings that count are the first of the day by their ids. Late ones captured the same day
    would push others out; captured the next day they are of another day's cap.
    """
    baton.form("newsletter", "v1", **ANN)
    partition = visitor_partition("v1")
    events = [
        page(f"/{number}", partition=partition, n=number, at=NOW)
        for number in range(PINGS_MAX_PER_DAY + 20)
    ]
    for event in events:
        baton.world.ports.table.write(put_event(event))
    baton.until_quiet()
    baton.minutes_later(16)
    before = baton.lead()["score"]
    days_later(baton, 1)
    assert as_of(baton, NOW.date())["score"] == before | {"as_of": "2026-11-22"}


# --- what cannot be read --------------------------------------------------------------------------


def test_today_is_the_plain_read(baton: InMemoryBaton) -> None:
    baton.form("guide", consent=True, **ANN)
    baton.until_quiet()
    assert as_of(baton, NOW.date()) == baton.lead()
    assert baton.lead()["next"] is not None


def test_what_was_never_kept_by_day_is_null(baton: InMemoryBaton) -> None:
    """As they are now would be wrong of then."""
    baton.form("demo", consent=True, **ANN)
    baton.until_quiet()
    days_later(baton, 1)
    lead, then = baton.lead(), as_of(baton, NOW.date())
    assert lead["owner"]
    assert lead["consent"]
    assert [then[name] for name in UNKNOWN_THEN] == [None] * len(UNKNOWN_THEN)
    assert set(then) == set(lead)


@pytest.mark.parametrize(
    "day",
    [
        "",
        "yesterday",
        "20261121",
        "2026-W47-6",
        "2026-02-30",
        "2026-11-21T10:00:00Z",
        "\uff12\uff10\uff12\uff16-11-21",
    ],
)
def test_a_text_that_is_no_date_is_refused(baton: InMemoryBaton, day: str) -> None:
    baton.form("guide", **ANN)
    baton.until_quiet()
    status, problem = refused(baton, day)
    assert (status, problem["errors"][0]["field"]) == (400, "as_of")
    assert "2026-11-21" in problem["errors"][0]["message"]


def test_tomorrow_is_refused(baton: InMemoryBaton) -> None:
    baton.form("guide", **ANN)
    baton.until_quiet()
    status, problem = refused(baton, "2026-11-23")
    assert (status, problem["errors"][0]["field"]) == (400, "as_of")
    assert "in the future; today is 2026-11-22" in problem["errors"][0]["message"]


def test_what_is_forgotten_is_refused_with_the_reason(baton: InMemoryBaton) -> None:
    baton.form("guide", **ANN)
    baton.until_quiet()
    baton.ports.clock.tick(timedelta(days=HORIZON_DAYS))
    assert as_of(baton, NOW.date())["score"]["as_of"] == "2026-11-22"
    baton.ports.clock.tick(timedelta(days=1))
    status, problem = refused(baton, NOW.date())
    assert (status, problem["errors"][0]["field"]) == (400, "as_of")
    assert "behaviour as old as that is forgotten" in problem["errors"][0]["message"]


def test_before_anything_was_captured_there_was_no_lead(baton: InMemoryBaton) -> None:
    baton.page("/", at=NOW - timedelta(days=5))
    baton.form("guide", **ANN)
    baton.until_quiet()
    status, problem = refused(baton, "2026-11-20")
    assert (status, problem["detail"]) == (404, "nothing was known of this lead on 2026-11-20 yet")


def test_before_any_model_was_active_there_was_no_score(baton: InMemoryBaton) -> None:
    """A day of an import, before the first deploy of a model."""
    baton.ports.clock.time = NOW - timedelta(days=2)
    baton.form("guide", **ANN)
    baton.until_quiet()
    assert refused(baton, "2026-11-20")[0] == 200  # that day itself: the plain read
    baton.ports.clock.time = NOW
    assert refused(baton, "2026-11-20") == (404, problem_of_no_model())


def problem_of_no_model() -> dict[str, Any]:
    detail = "no scoring model was active on 2026-11-20 yet"
    found = {"type": "about:blank", "title": "Not Found", "status": 404, "detail": detail}
    return found | {"code": "not_found", "message": detail}


@pytest.mark.parametrize("lead_id", ["nobody", "A" * 26])
def test_an_unknown_id_has_no_past(baton: InMemoryBaton, lead_id: str) -> None:
    answer = baton.http("GET", f"/v1/leads/{lead_id}?as_of=2026-11-21", headers=TOKEN)
    assert (answer.status_code, json.loads(answer.body)["detail"]) == (404, "there is no such lead")


def test_a_past_day_needs_the_token_too(baton: InMemoryBaton) -> None:
    assert baton.http("GET", f"/v1/leads/{'A' * 26}?as_of=2026-11-21").status_code == 401
