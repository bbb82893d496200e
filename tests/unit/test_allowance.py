"""SES's quota, the warm-up and an outage: what may leave is counted, what may not waits."""

import json
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from chalicelib.delivery.outbox import MessageState
from chalicelib.delivery.reasons import NotSentReason
from chalicelib.errors import ConflictError
from chalicelib.leads.lead import Lead
from chalicelib.limits import WARM_UP_EMAILS
from chalicelib.nurture.allowance import (
    Allowance,
    Room,
    WarmUp,
    first_day,
    must_begin_anew,
    next_day,
    rate_of,
    room_of,
    turn_of,
)
from chalicelib.nurture.gate import Leaving
from chalicelib.nurture.quota_rule import QuotaRule
from chalicelib.nurture.upkeep import OUTAGE
from chalicelib.store.outbox import put_message
from tests import factories as make
from tests.baton import ANN, TOKEN, InMemoryBaton
from tests.fakes import NOW

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)
MIDNIGHT = NOW.replace(hour=0)
AT_NOON = NOW.replace(hour=12)
MONDAY = datetime(2026, 11, 23, 10, tzinfo=UTC)


def allowed(**parts: Any) -> Allowance:
    return Allowance(ticked_at=NOW, **parts)


def warm_up(most: int = 50, began: datetime = MIDNIGHT, imported: int = 0) -> WarmUp:
    return WarmUp(began=began, ends=began + DAY, most=most, imported=imported)


# --- how much room there is -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("per_day", "others", "left"),
    [
        (0, 0, 0),
        (1, 0, 1),
        (10, 0, 10),
        (19, 0, 19),
        (20, 0, 19),
        (100, 0, 95),
        (50_000, 0, 47_500),
        (100, 90, 5),
        (100, 95, 0),
        (100, 200, 0),
    ],
)
def test_a_twentieth_of_the_quota_is_left_to_others(per_day: int, others: int, left: int) -> None:
    room = room_of(allowed(per_day=per_day, others=others), {}, NOW)
    assert room is not None
    assert room.left == left


def test_without_a_quota_any_number_may_leave() -> None:
    assert room_of(allowed(), {NOW: 1_000_000}, NOW) is None


@pytest.mark.parametrize(
    ("hours_ago", "counts"), [(0, True), (1, True), (23, True), (24, False), (48, False)]
)
def test_the_quota_rolls_by_whole_hours(hours_ago: int, *, counts: bool) -> None:
    sent = {NOW - hours_ago * HOUR: 4}
    assert room_of(allowed(per_day=10), sent, NOW) == Room(
        left=6 if counts else 10,
        this_hour=10 if not hours_ago or not counts else 6,
        opens_at=NOW,
    )


def test_room_opens_when_the_first_hour_has_rolled_out() -> None:
    sent = {NOW - 20 * HOUR: 4, NOW - HOUR: 6}
    room = room_of(allowed(per_day=10), sent, NOW)
    assert room is not None
    assert (room.left, room.opens_at) == (0, NOW + 4 * HOUR)
    before = room_of(allowed(per_day=10), sent, room.opens_at - MINUTE)
    after = room_of(allowed(per_day=10), sent, room.opens_at)
    assert (before and before.left, after and after.left) == (0, 4)


def test_a_warm_up_counts_its_own_day_alone() -> None:
    sent = {MIDNIGHT - HOUR: 40, MIDNIGHT: 20, NOW: 10}
    room = room_of(allowed(warm_up=warm_up()), sent, NOW)
    assert room == Room(left=20, this_hour=30, opens_at=NOW)
    full = room_of(allowed(warm_up=warm_up()), {**sent, NOW: 30}, NOW)
    assert full == Room(left=0, this_hour=30, opens_at=MIDNIGHT + DAY)


def test_the_smaller_of_quota_and_warm_up_counts() -> None:
    both = room_of(allowed(per_day=10, warm_up=warm_up(50)), {}, NOW)
    other = room_of(allowed(per_day=100, warm_up=warm_up(50)), {}, NOW)
    assert (both and both.left, other and other.left) == (10, 50)


def test_a_day_that_the_clock_has_not_begun_waits() -> None:
    now = MIDNIGHT + DAY + MINUTE
    room = room_of(allowed(warm_up=warm_up()), {NOW: 50}, now)
    assert room == Room(left=0, this_hour=0, opens_at=now + MINUTE)


# --- the warm-up ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sent", "is_clean", "most"),
    [(50, True, 100), (25, True, 100), (24, True, 50), (0, True, 50), (50, False, 50)],
)
def test_it_doubles_after_a_day_that_was_used_and_clean(
    sent: int, most: int, *, is_clean: bool
) -> None:
    later = next_day(warm_up(50), MIDNIGHT + DAY, MIDNIGHT + 2 * DAY, sent=sent, is_clean=is_clean)
    assert later == warm_up(most, MIDNIGHT + DAY)


@pytest.mark.parametrize(("imported", "begins"), [(1_000, False), (1_001, True)])
def test_more_than_a_thousand_imported_people_begin_it(imported: int, *, begins: bool) -> None:
    assert must_begin_anew(0, imported) is begins
    assert must_begin_anew(500, 500 + imported) is begins


def test_the_first_day_has_fifty() -> None:
    assert first_day(MIDNIGHT, MIDNIGHT + DAY, 7) == warm_up(50, imported=7)


# --- the rate and the turns -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("per_minute", "rate"), [(None, 300), (60, 30), (600, 300), (840, 300), (1, 1), (0, 1)]
)
def test_the_clock_takes_half_of_the_rate_at_most(per_minute: int | None, rate: int) -> None:
    assert rate_of(allowed(per_minute=per_minute), 300) == rate


def test_turns_go_by_priority_then_by_the_longest_wait() -> None:
    ordered = [
        (1_000, 30 * DAY),
        (1_000, DAY),
        (1_000, timedelta(0)),
        (1, timedelta(0)),
        (0, 9 * DAY),
        (0, 8 * DAY),
        (0, HOUR),
        (-1, 900 * DAY),
        (-1_000, timedelta(0)),
    ]
    turns = [turn_of(priority, waited) for priority, waited in ordered]
    assert all(one < other for one, other in pairwise(turns))
    assert timedelta(0) < turns[0]
    assert turns[-1] <= MINUTE


# --- in a deployment ------------------------------------------------------------------------------


def at_work(environment: str = "prod") -> InMemoryBaton:
    """Return a Baton on a working day, whose clock has run once."""
    baton = InMemoryBaton()
    baton.ports.clock.time = MONDAY
    baton.ports.settings = replace(baton.ports.settings, environment=environment)
    baton.tick()
    return baton


def plan(baton: InMemoryBaton, number: int, first: int = 0) -> None:
    """Plan the emails of so many people who agreed to them, due now, as an old import has them."""
    for one in range(first, first + number):
        lead_id = baton.world.lead_id(f"p{one}@acme.example")
        baton.form("newsletter", None, consent=True, email=f"p{one}@acme.example")
        message = replace(
            make.nurture_message(to=f"p{one}@acme.example"),
            lead_id=lead_id,
            created_at=baton.ports.now(),
            due_at=baton.ports.now(),
            email="welcome",
        )
        baton.ports.table.write(put_message(message))


def states(baton: InMemoryBaton) -> Counter[tuple[str, str | None]]:
    found: Counter[tuple[str, str | None]] = Counter()
    cursor = ""
    while True:
        page = baton.get(f"/v1/outbox?limit=200{cursor}")
        found.update((one["state"], one["reason"]) for one in page["items"])
        if page["next_cursor"] is None:
            return found
        cursor = f"&cursor={page['next_cursor']}"


def sent(baton: InMemoryBaton) -> int:
    return states(baton)[MessageState.SENT, None]


def a_day_later(baton: InMemoryBaton) -> None:
    """Let a day and a minute pass, with the clock's work every six hours."""
    for _ in range(4):
        baton.minutes_later(6 * 60)
    baton.minutes_later(1)


def test_what_the_quota_has_no_room_for_goes_within_days() -> None:
    baton = at_work()
    baton.ports.account.per_day = 10
    plan(baton, 100)
    baton.tick()
    baton.until_quiet()
    assert states(baton) == {("sent", None): 10, ("planned", "over_quota"): 90}
    left = [10]
    for _ in range(9):
        a_day_later(baton)
        left.append(sent(baton))
    assert left == [10, 20, 30, 40, 50, 60, 70, 80, 90, 100]
    assert states(baton) == {("sent", None): 100}


def test_the_quota_opens_in_the_persons_hours() -> None:
    opens_at = MONDAY + 20 * HOUR
    leaving = Leaving(
        message=make.nurture_message(),
        lead=Lead(lead_id=make.LEAD_ID),
        now=MONDAY,
        ends_at=MONDAY + 7 * DAY,
    )
    rule = QuotaRule(
        room=lambda: Room(left=0, this_hour=0, opens_at=opens_at),
        next_open=lambda _lead, at: at + 2 * HOUR,
        priority=lambda _sequence: 7,
    )
    hold = rule(leaving)
    assert hold is not None
    assert (hold.reason, hold.is_owed) == (NotSentReason.OVER_QUOTA, True)
    waited = MONDAY - leaving.message.created_at
    assert hold.until == opens_at + 2 * HOUR + turn_of(7, waited)


def test_what_waits_for_the_quota_for_weeks_is_not_lost() -> None:
    baton = at_work()
    baton.ports.account.per_day = 0
    plan(baton, 3)
    for _ in range(16):
        a_day_later(baton)
    assert states(baton) == {("planned", "over_quota"): 3}
    baton.ports.account.per_day = 10
    for _ in range(4):
        a_day_later(baton)
    assert states(baton) == {("sent", None): 3}


def test_handoffs_go_while_marketing_waits_for_the_quota() -> None:
    baton = at_work()
    baton.ports.account.per_day = 0
    plan(baton, 1)
    baton.tick()
    baton.form("demo", **ANN)
    baton.until_quiet()
    handoffs = [one["state"] for one in baton.outbox() if one["kind"] == "handoff"]
    assert handoffs
    assert set(handoffs) == {"sent"}


def test_what_others_send_from_the_account_takes_room() -> None:
    baton = at_work()
    baton.ports.account.per_day = 10
    baton.ports.account.sent = 7
    plan(baton, 5)
    baton.tick()
    assert states(baton) == {("sent", None): 3, ("planned", "over_quota"): 2}
    baton.ports.account.sent = 10  # ours are among them
    baton.tick()
    allowance = baton.world.allowances.read()
    assert allowance is not None
    assert allowance.others == 7


def test_a_new_domain_begins_with_fifty_and_doubles() -> None:
    baton = at_work()
    plan(baton, 170)
    baton.tick()
    baton.tick()
    left = [sent(baton)]
    for _ in range(2):
        a_day_later(baton)
        left.append(sent(baton))
    assert left == [50, 150, 170]
    assert states(baton) == {("sent", None): 170}


def test_what_may_leave_is_shown() -> None:
    baton = at_work()
    baton.ports.account.per_day = 1_000
    baton.ports.account.sent = 7
    plan(baton, 50)
    baton.tick()
    midnight = "2026-11-24T00:00:00.000Z"
    assert baton.get("/v1/sending")["allowance"] == {
        "per_day": 1_000,
        "others": 7,
        "warm_up": {"per_day": 50, "until": midnight},
        "left": 0,
        "opens_at": midnight,
    }


def test_a_domain_that_is_warm_has_no_warm_up() -> None:
    baton = InMemoryBaton()
    baton.ports.clock.time = MONDAY
    settings = {**(baton.world.documents.get("settings") or {}), "sending": {"warm": True}}
    baton.world.documents.put("settings", settings)
    baton.tick()
    plan(baton, 60)
    baton.tick()
    assert states(baton) == {("sent", None): 60}


def test_a_large_import_begins_a_warm_up() -> None:
    baton = at_work()
    allowance = baton.world.allowances.read()
    assert allowance is not None
    baton.world.allowances.save(replace(allowance, warm_up=None, version=allowance.version + 1))
    for part in range(4):
        lines = "\n".join(
            json.dumps({"email": f"i{part}-{number}@acme.example"}) for number in range(251)
        )
        baton.tick()
        allowance = baton.world.allowances.read()
        assert allowance is not None
        assert allowance.warm_up is None, "not yet a thousand"
        answer = baton.http("POST", "/v1/leads/import", lines, TOKEN)
        assert json.loads(answer.body)["imported"] == 251
    baton.tick()
    allowance = baton.world.allowances.read()
    assert allowance is not None
    assert allowance.warm_up is not None
    assert allowance.warm_up.most == WARM_UP_EMAILS


def test_people_who_are_known_are_not_imported_anew() -> None:
    baton = at_work()
    line = json.dumps({"email": "ann@acme.example"})
    for _ in range(3):
        baton.http("POST", "/v1/leads/import", line, TOKEN)
    assert baton.world.allowances.imported() == 1


def test_the_rate_is_a_part_of_that_of_the_account() -> None:
    baton = at_work()
    baton.ports.account.per_second = 0.1  # six a minute
    plan(baton, 5)
    assert [baton.tick() for _ in range(2)] == [3, 2]


def test_an_account_that_does_not_answer_keeps_its_last_quota() -> None:
    baton = at_work()
    baton.ports.account.per_day = 2
    baton.tick()
    baton.ports.account.is_out = True
    plan(baton, 3)
    baton.tick()
    assert states(baton) == {("sent", None): 2, ("planned", "over_quota"): 1}


def test_marketing_waits_a_minute_when_its_upkeep_fails() -> None:
    baton = at_work()
    baton.form("demo", **ANN)
    plan(baton, 1)

    def fail(*_: object) -> None:
        raise ConflictError({})

    allowances = baton.world.allowances
    baton.world.upkeep._store = BrokenStore()  # type: ignore[assignment]
    baton.tick()
    assert states(baton)[MessageState.PLANNED, None] == 1
    baton.world.upkeep._store = allowances
    baton.tick()
    assert states(baton)[MessageState.PLANNED, None] == 0


class BrokenStore:
    def read(self) -> Allowance:
        raise OSError


@pytest.mark.parametrize(
    ("environment", "stood_still", "is_paused"),
    [
        ("prod", OUTAGE, True),
        ("prod", OUTAGE - timedelta(milliseconds=1), False),
        ("dev", 30 * DAY, False),
    ],
)
def test_after_an_outage_a_person_resumes(
    environment: str, stood_still: timedelta, *, is_paused: bool
) -> None:
    baton = at_work(environment)
    plan(baton, 1)
    baton.ports.clock.tick(stood_still)
    baton.tick()
    sending = baton.get("/v1/sending")
    assert (sending["paused"], sending["cause"]) == (is_paused, "outage" if is_paused else None)
    reasons = states(baton)
    if not is_paused:
        assert reasons == {("sent", None): 1}
        return
    assert reasons == {("planned", "paused"): 1}
    assert "2026-11-23T10:00" in sending["reason"]
    assert resume(baton, status=400)["errors"][0]["field"] == "reason"
    resume(baton, reason="the region is back")
    baton.tick()
    assert baton.get("/v1/sending")["paused"] is False


def resume(baton: InMemoryBaton, *, status: int = 200, **body: Any) -> Any:
    answer = baton.post("/v1/sending", {"pause": False, **body}, TOKEN)
    assert answer.status_code == status, answer.body
    return json.loads(answer.body)
