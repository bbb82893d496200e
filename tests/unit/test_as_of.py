"""`?as_of=`: a lead as it was known at the end of a past day, whatever came later, and whatever became of it since."""

import json
import random
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from chalicelib.events import visitor_partition
from chalicelib.limits import HORIZON_DAYS, PINGS_MAX_PER_DAY
from chalicelib.store.events import put_event
from tests.baton import ANN, TOKEN, House, model_document
from tests.factories import page
from tests.fakes import NOW

BOB: dict[str, Any] = {
    "email": "bob@acme.example",
    "first_name": "Bob",
    "job_title": "Engineer",
    "company_size": 300,
    "country": "AT",
}
EMAILS: tuple[str, str] = (ANN["email"], BOB["email"])
DAYS = 12
STEPS_A_DAY = 5
UNKNOWN_THEN = ("owner", "consent", "suppressed", "review_on", "updated_at", "next")
KNOWN_THEN = (
    "lead_id", "email", "profile", "stage", "kind", "cycle", "rest_until", "outcome", "opportunity", "score",
    "first_touch", "last_touch", "interest", "recounting",
)  # fmt: skip


@pytest.fixture
def house() -> House:
    return House()


def days_later(house: House, days: float) -> None:
    house.ports.clock.tick(timedelta(days=days))
    house.world.clock.tick()
    house.until_quiet()


def as_of(house: House, day: date | str, email: str = ANN["email"]) -> Any:
    return house.get(f"/v1/leads/{house.world.lead_id(email)}?as_of={day}")


def refused(house: House, day: date | str, email: str = ANN["email"]) -> tuple[int, Any]:
    answer = house.http("GET", f"/v1/leads/{house.world.lead_id(email)}?as_of={day}", headers=TOKEN)
    return answer.status_code, json.loads(answer.body)


def command(house: House, path: str, body: Any, email: str = ANN["email"]) -> int:
    answer = house.post(f"/v1/leads/{house.world.lead_id(email)}/{path}", body, TOKEN)
    house.until_quiet()
    return int(answer.status_code)


def retract(house: House, kind: str) -> None:
    """Take the newest event of a kind back."""
    items = house.get(f"/v1/leads/{house.lead()['lead_id']}/timeline")["items"]
    newest = next(item["id"] for item in items if item["kind"] == kind)
    assert command(house, "retract", {"event_ids": [newest], "reason": "a test"}) == 200


def publish(house: House, points: int) -> None:
    """Make a model active that gives other points to a visit, and counts other pages as product pages."""
    document = json.loads(json.dumps(model_document()))
    document["rules"]["actions"]["site-visit"]["points"] = points
    document["signals"]["product-page"]["where"]["path"] = ["/product*", "/blog/*"]
    house.world.models.load(document)
    for email in EMAILS:
        house.world.qualify.published(house.world.lead_id(email))
    house.until_quiet()


def known(lead: Any) -> dict[str, Any]:
    return {name: lead[name] for name in KNOWN_THEN}


# --- the property ---------------------------------------------------------------------------------------------------


class Life:
    """A seeded life of two addresses and three browsers, that turn out to be one person. said: what was read of each
    address at each day's end."""

    def __init__(self, seed: int) -> None:
        self.random, self.house = random.Random(seed), House()
        self.merges_on, self.publishes_on = self.random.sample(range(2, DAYS - 1), 2)
        self.done = set[str]()
        self.said = dict[tuple[str, date], Any]()

    def live(self) -> None:
        for number in range(DAYS):
            self._morning(number)
            for hour in sorted(self.random.sample(range(1, 23), STEPS_A_DAY)):
                self._at(number, hour)
                self._step(number)
                self.house.until_quiet()
            self._evening(number)

    def _at(self, number: int, hour: int, minute: int = 0) -> None:
        midnight = datetime.combine(NOW.date(), datetime.min.time(), UTC) + timedelta(days=number)
        self.house.ports.clock.time = midnight + timedelta(hours=hour, minutes=minute)

    def _morning(self, number: int) -> None:
        self._at(number, 0, 1)
        self.house.world.clock.tick()
        self.house.until_quiet()
        if number == self.publishes_on:
            publish(self.house, 4)

    def _evening(self, number: int) -> None:
        self._at(number, 23, 59)
        if number == self.merges_on:
            body = {"other_lead_id": self.house.world.lead_id(BOB["email"])}
            self.done |= {"merge"} if command(self.house, "merge", body) == 200 else set()
        for email in EMAILS:
            answer = self.house.http("GET", f"/v1/leads/{self.house.world.lead_id(email)}", headers=TOKEN)
            lead = json.loads(answer.body)
            self.said[email, self.house.ports.now().date()] = known(lead) if answer.status_code == 200 else None

    def _step(self, number: int) -> None:
        kind = self.random.choices(
            ("page", "late page", "form", "retract", "stage", "outcome"), weights=(6, 4, 5, 2, 2, 1)
        )[0]
        email, visitor = self.random.choice(EMAILS), self.random.choice(("v1", "v2", "v3"))
        if "page" in kind:
            late = timedelta(days=self.random.uniform(0, 5)) if kind == "late page" else timedelta()
            path = self.random.choice(("/", "/pricing", "/blog/a", "/product", "/careers", "/customers/x"))
            context = self.random.choice(({}, {"campaign": {"source": "s", "medium": "cpc"}}))
            self.house.page(path, visitor, self.house.ports.now() - late, context=context)
        elif kind == "form":
            said = ANN if email == ANN["email"] else BOB
            fields = {**said, "job_title": self.random.choice(("CTO", "Student", "Manager"))}
            self.house.form(self.random.choice(("guide", "newsletter", "webinar", "demo")), visitor, **fields)
        elif kind == "retract":
            self._retract(email)
        elif kind == "stage":
            stage = self.random.choice(("accepted", "recycled", "lead", "disqualified"))
            command(self.house, "stage", {"stage": stage, "reason": "not_ready"}, email)
        else:
            command(self.house, "opportunity", {"size": f"about {number}"}, email)

    def _retract(self, email: str) -> None:
        path = f"/v1/leads/{self.house.world.lead_id(email)}/timeline"
        answer = self.house.http("GET", path, headers=TOKEN)
        if answer.status_code != 200:
            return
        items = json.loads(answer.body)["items"]
        ids = [item["id"] for item in items if item["kind"] in ("page", "form", "track")]
        body = {"event_ids": [self.random.choice(ids)], "reason": "a test"}
        self.done |= {"retract"} if command(self.house, "retract", body, email) == 200 else set()


@pytest.mark.parametrize("seed", range(25))
def test_every_past_day_reads_as_it_was_read_at_its_end(seed: int) -> None:
    """With late events, joins, retractions, a merge, people's moves and another model in between."""
    life = Life(seed)
    life.live()
    life.house.ports.clock.tick(timedelta(days=3))
    for (email, day), said in life.said.items():
        if said is None:
            assert refused(life.house, day, email)[0] == 404, f"seed {seed}: {email} on {day}"
        else:
            assert known(as_of(life.house, day, email)) == said, f"seed {seed}: {email} on {day}"


def test_the_lives_of_the_property_are_full_of_things_to_get_wrong() -> None:
    done, stages = set[str](), set[str]()
    for seed in range(10):
        life = Life(seed)
        life.live()
        done |= life.done
        stages |= {said["stage"] for said in life.said.values() if said}
    assert done == {"merge", "retract"}
    assert stages >= {"lead", "mql", "sql", "accepted", "recycled", "disqualified"}


# --- what was known then --------------------------------------------------------------------------------------------


def test_a_late_event_counts_from_the_day_on_which_it_was_captured(house: House) -> None:
    """A laptop in a suitcase tells us on Wednesday what Ann read on Monday: on Tuesday we did not know it."""
    house.form("newsletter", "v1", **ANN)
    house.until_quiet()
    before = house.lead()["score"]
    days_later(house, 2)
    house.page("/pricing", at=NOW)
    house.until_quiet()
    assert as_of(house, NOW.date())["score"] == before
    assert "pricing-page" in [reason["rule"] for reason in house.lead()["score"]["reasons"]]


def test_what_was_retracted_since_counted_then(house: House) -> None:
    house.form("newsletter", "v1", **ANN)
    house.page("/pricing")
    house.until_quiet()
    before = house.lead()["score"]
    days_later(house, 1)
    retract(house, "page")
    assert house.lead()["score"]["total"] < before["total"]
    assert as_of(house, NOW.date())["score"] == before


def test_the_model_of_then_says_what_it_was_worth(house: House) -> None:
    house.form("newsletter", "v1", **ANN)
    house.page("/")
    house.until_quiet()
    before = house.lead()["score"]
    days_later(house, 1)
    publish(house, 5)
    assert house.lead()["score"]["model_version"] == 2
    assert as_of(house, NOW.date())["score"] == before | {"model_version": 1}


def test_the_stage_is_that_of_the_transitions_up_to_then(house: House) -> None:
    house.form("newsletter", "v1", **ANN)
    house.until_quiet()
    days_later(house, 1)
    house.form("demo", "v1", **ANN)
    house.until_quiet()
    days_later(house, 1)
    assert command(house, "stage", {"stage": "recycled", "reason": "not_ready"}) == 200
    stages = [as_of(house, NOW.date() + timedelta(days=number))["stage"] for number in range(3)]
    assert stages == ["lead", "sql", "recycled"]
    sql = as_of(house, NOW.date() + timedelta(days=1))
    assert (sql["kind"], sql["cycle"], sql["rest_until"]) == ("requested", 1, None)
    assert house.lead()["rest_until"] == "2027-01-08"


def test_two_leads_were_two_before_they_were_merged(house: House) -> None:
    """Each id answers for itself up to then; from then on the absorbed one answers with the other."""
    house.form("newsletter", "v1", **ANN)
    house.form("guide", "v2", **BOB)
    house.page("/pricing", "v2")
    house.until_quiet()
    ann, bob = house.lead(), house.lead(BOB["email"])
    days_later(house, 1)
    assert command(house, "merge", {"other_lead_id": bob["lead_id"]}) == 200
    days_later(house, 1)
    merged_on = NOW.date() + timedelta(days=1)
    assert known(as_of(house, NOW.date())) == known(ann)
    assert known(as_of(house, NOW.date(), BOB["email"])) == known(bob)
    assert as_of(house, merged_on, BOB["email"])["lead_id"] == ann["lead_id"]
    assert "pricing-page" in [reason["rule"] for reason in as_of(house, merged_on)["score"]["reasons"]]


def test_a_visit_counts_from_the_day_on_which_its_visitor_became_known(house: House) -> None:
    house.form("newsletter", None, **ANN)
    house.page("/pricing", "v9")
    house.until_quiet()
    before = house.lead()["score"]
    days_later(house, 1)
    house.form("webinar", "v9", **ANN)
    house.until_quiet()
    assert as_of(house, NOW.date())["score"] == before
    assert "pricing-page" in [reason["rule"] for reason in house.lead()["score"]["reasons"]]


def test_a_join_just_before_midnight_counts_what_was_captured_by_midnight(house: House) -> None:
    """What comes within the fifteen minutes after a join counts with it, but only from the day on which it came."""
    house.ports.clock.time = datetime(2026, 11, 22, 23, 55, tzinfo=UTC)
    house.page("/blog/a")
    house.form("newsletter", "v1", **ANN)
    house.until_quiet()
    before = house.lead()["score"]
    house.minutes_later(10)
    house.page("/pricing")
    house.until_quiet()
    assert as_of(house, NOW.date())["score"] == before


def test_the_cap_on_a_days_pings_is_applied_as_it_was_then(house: House) -> None:
    """The pings that count are the first of the day by their ids. Late ones captured the same day would push others
    out; captured the next day they are of another day's cap."""
    house.form("newsletter", "v1", **ANN)
    partition = visitor_partition("v1")
    events = [page(f"/{number}", partition=partition, n=number, at=NOW) for number in range(PINGS_MAX_PER_DAY + 20)]
    for event in events:
        house.world.ports.table.write(put_event(event))
    house.until_quiet()
    house.minutes_later(16)
    before = house.lead()["score"]
    days_later(house, 1)
    assert as_of(house, NOW.date())["score"] == before | {"as_of": "2026-11-22"}


# --- what cannot be read --------------------------------------------------------------------------------------------


def test_today_is_the_plain_read(house: House) -> None:
    house.form("guide", consent=True, **ANN)
    house.until_quiet()
    assert as_of(house, NOW.date()) == house.lead()
    assert house.lead()["next"] is not None


def test_what_was_never_kept_by_day_is_null(house: House) -> None:
    """As they are now would be wrong of then."""
    house.form("demo", consent=True, **ANN)
    house.until_quiet()
    days_later(house, 1)
    lead, then = house.lead(), as_of(house, NOW.date())
    assert lead["owner"]
    assert lead["consent"]
    assert [then[name] for name in UNKNOWN_THEN] == [None] * len(UNKNOWN_THEN)
    assert set(then) == set(lead)


@pytest.mark.parametrize(
    "day",
    ["", "yesterday", "20261121", "2026-W47-6", "2026-02-30", "2026-11-21T10:00:00Z", "\uff12\uff10\uff12\uff16-11-21"],
)
def test_a_text_that_is_no_date_is_refused(house: House, day: str) -> None:
    house.form("guide", **ANN)
    house.until_quiet()
    status, problem = refused(house, day)
    assert (status, problem["errors"][0]["field"]) == (400, "as_of")
    assert "2026-11-21" in problem["errors"][0]["message"]


def test_tomorrow_is_refused(house: House) -> None:
    house.form("guide", **ANN)
    house.until_quiet()
    status, problem = refused(house, "2026-11-23")
    assert (status, problem["errors"][0]["field"]) == (400, "as_of")
    assert "in the future; today is 2026-11-22" in problem["errors"][0]["message"]


def test_what_is_forgotten_is_refused_with_the_reason(house: House) -> None:
    house.form("guide", **ANN)
    house.until_quiet()
    house.ports.clock.tick(timedelta(days=HORIZON_DAYS))
    assert as_of(house, NOW.date())["score"]["as_of"] == "2026-11-22"
    house.ports.clock.tick(timedelta(days=1))
    status, problem = refused(house, NOW.date())
    assert (status, problem["errors"][0]["field"]) == (400, "as_of")
    assert "behaviour as old as that is forgotten" in problem["errors"][0]["message"]


def test_before_anything_was_captured_there_was_no_lead(house: House) -> None:
    house.page("/", at=NOW - timedelta(days=5))
    house.form("guide", **ANN)
    house.until_quiet()
    status, problem = refused(house, "2026-11-20")
    assert (status, problem["detail"]) == (404, "nothing was known of this lead on 2026-11-20 yet")


def test_before_any_model_was_active_there_was_no_score(house: House) -> None:
    """A day of an import, before the first deploy of a model."""
    house.ports.clock.time = NOW - timedelta(days=2)
    house.form("guide", **ANN)
    house.until_quiet()
    assert refused(house, "2026-11-20")[0] == 200  # that day itself: the plain read
    house.ports.clock.time = NOW
    assert refused(house, "2026-11-20") == (404, problem_of_no_model())


def problem_of_no_model() -> dict[str, Any]:
    detail = "no scoring model was active on 2026-11-20 yet"
    return {"type": "about:blank", "title": "Not Found", "status": 404, "detail": detail}


@pytest.mark.parametrize("lead_id", ["nobody", "A" * 26])
def test_an_unknown_id_has_no_past(house: House, lead_id: str) -> None:
    answer = house.http("GET", f"/v1/leads/{lead_id}?as_of=2026-11-21", headers=TOKEN)
    assert (answer.status_code, json.loads(answer.body)["detail"]) == (404, "there is no such lead")


def test_a_past_day_needs_the_token_too(house: House) -> None:
    assert house.http("GET", f"/v1/leads/{'A' * 26}?as_of=2026-11-21").status_code == 401
