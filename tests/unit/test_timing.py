"""Marketing's emails wait for their time: over HTTP, the stream and the clock."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.baton import ANN, AT_ANY_TIME, InMemoryBaton, ask
from tests.fakes import FakePorts

TUESDAY = datetime(2026, 11, 3, 10, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
SHIPPED: Mapping[str, Any] = {"double_opt_in": "never"}
CAPPED: Mapping[str, Any] = {
    "double_opt_in": "never",
    "sending": {**AT_ANY_TIME, "per_7_days": 2, "per_30_days": 6, "hours_apart": 48},
}


def baton_at(
    now: datetime, settings: Mapping[str, Any] = SHIPPED, zone: str = "UTC"
) -> InMemoryBaton:
    ports = FakePorts()
    ports.clock.tick(now - ports.now())
    baton = InMemoryBaton(ports, zone)
    put(baton, settings)
    return baton


def put(baton: InMemoryBaton, settings: Mapping[str, Any]) -> None:
    baton.world.documents.put("settings", settings)


def later(baton: InMemoryBaton, ahead: timedelta) -> None:
    baton.minutes_later(ahead / timedelta(minutes=1))


def become_mql(baton: InMemoryBaton, timezone: str | None = None, **fields: Any) -> None:
    """Let somebody become an MQL, which plans an email at once."""
    if timezone:
        baton.page("/blog/one", context={"timezone": timezone})
    baton.form("guide", consent=True, **{**ANN, **fields})
    baton.until_quiet()


def nurture(baton: InMemoryBaton) -> list[Any]:
    return [one for one in baton.outbox() if one["kind"] == "nurture"]


def states(baton: InMemoryBaton) -> list[tuple[str, str | None]]:
    return [(one["state"], one["reason"]) for one in nurture(baton)]


# --- working hours --------------------------------------------------------------------------------


def test_by_day_an_email_leaves_at_once() -> None:
    baton = baton_at(TUESDAY)
    become_mql(baton)
    assert states(baton) == [("sent", None)]


def test_an_email_of_the_evening_leaves_next_morning() -> None:
    baton = baton_at(TUESDAY + 9 * HOUR)  # 20:00 in Berlin
    become_mql(baton)
    assert states(baton) == [("planned", "outside_hours")]
    assert nurture(baton)[0]["due_at"] == "2026-11-04T07:30:00.000Z"
    later(baton, 12 * HOUR)
    assert states(baton) == [("planned", "outside_hours")]
    later(baton, HOUR)
    assert states(baton) == [("sent", None)]


@pytest.mark.parametrize(
    ("clock", "state"),
    [("07:00", "planned"), ("08:30", "sent"), ("09:00", "sent"), ("17:45", "planned")],
)
def test_the_hours_are_those_of_the_browsers_zone(clock: str, state: str) -> None:
    there = datetime.fromisoformat(f"2026-11-03T{clock}-08:00")
    baton = baton_at(there.astimezone(UTC), zone="Europe/Berlin")
    become_mql(baton, "America/Los_Angeles", country="US")
    assert [one["state"] for one in nurture(baton)] == [state]


def test_without_zone_and_country_the_companys_hours_count() -> None:
    baton = baton_at(TUESDAY + 13 * HOUR, zone="America/New_York")
    become_mql(baton, country="", phone="")
    assert states(baton) == [("planned", "outside_hours")]
    assert nurture(baton)[0]["due_at"] == "2026-11-04T13:30:00.000Z"


def test_a_public_holiday_is_closed() -> None:
    christmas = datetime(2026, 12, 25, 10, 0, tzinfo=UTC)  # a Friday
    baton = baton_at(christmas)
    become_mql(baton)
    assert nurture(baton)[0]["due_at"] == "2026-12-28T07:30:00.000Z"


def test_answers_and_handoffs_leave_at_any_hour() -> None:
    baton = baton_at(TUESDAY + 12 * HOUR)
    become_mql(baton)
    baton.form("demo", **ANN)
    baton.until_quiet()
    others = [one for one in baton.outbox() if one["kind"] != "nurture"]
    assert {one["state"] for one in others} == {"sent"}
    assert {one["kind"] for one in others} >= {"handoff"}


def test_what_waits_for_too_long_is_stale() -> None:
    baton = baton_at(TUESDAY + 12 * HOUR)
    become_mql(baton)
    put(baton, {**SHIPPED, "sending": {"days": ["mon"], "hours": ["00:00", "01:00"]}})
    later(baton, DAY)
    later(baton, 9 * DAY)
    assert states(baton) == [("lost", "stale")]


# --- caps -----------------------------------------------------------------------------------------


def also(baton: InMemoryBaton, *names: str) -> None:
    """Let Ann send a form for each name, by which she enters a sequence of one email at once."""
    for name in names:
        email = {"id": name, "subject": name, "text": "{{ unsubscribe_url }}"}
        baton.world.documents.put("email", email, name)
        step = {"id": "1", "wait": "0d", "email": name}
        stored = {"id": name, "enter": {"form": [name]}, "steps": [step]}
        baton.world.documents.put("sequence", stored, name)
    later(baton, MINUTE)
    for name in names:
        baton.form(name, consent=True, **ANN)
    baton.until_quiet()
    baton.tick()
    baton.until_quiet()


def capped(baton: InMemoryBaton) -> list[Any]:
    """Return what is capped, in the order in which it is due."""
    found = [one for one in nurture(baton) if one["reason"] == "capped"]
    return sorted(found, key=lambda one: str(one["due_at"]))


def sends_of(baton: InMemoryBaton, email: str) -> tuple[str, str]:
    """Return the key of the item that counts what a mailbox was sent."""
    return f"MAILBOX#{baton.world.mailbox_of(email).id}", "SENDS"


def sent_at(baton: InMemoryBaton, lead_id: str) -> list[datetime]:
    """Return when marketing's emails to a lead left, in order."""
    every = baton.world.outbox.marketing(lead_id)
    return sorted(one.claimed_at for one in every if one.claimed_at)


def test_a_second_email_waits_two_days_whatever_its_sequence() -> None:
    baton = baton_at(TUESDAY, CAPPED)
    become_mql(baton)
    also(baton, "another")
    assert [one["due_at"] for one in capped(baton)] == ["2026-11-05T10:00:00.000Z"]
    later(baton, 2 * DAY - HOUR)
    assert len(capped(baton)) == 1
    later(baton, HOUR)
    assert states(baton) == [("sent", None)] * 2


def test_what_is_capped_waits_for_an_open_window() -> None:
    baton = baton_at(TUESDAY + 2 * DAY)  # a Thursday: two days later is a Saturday
    become_mql(baton)
    also(baton, "another")
    assert [one["due_at"] for one in capped(baton)] == ["2026-11-09T07:30:00.000Z"]


def test_nothing_that_waits_for_the_caps_is_dropped_early() -> None:
    baton = baton_at(TUESDAY, CAPPED)
    become_mql(baton)
    also(baton, "a", "b", "c")
    for _ in range(15):
        later(baton, DAY / 2)
    sent = sent_at(baton, baton.world.lead_id(ANN["email"]))
    # On day seven the others are stale, but for the one that is asked just as it may leave.
    assert [(at - TUESDAY) // DAY for at in sent] == [0, 2, 7]
    assert sorted(map(str, states(baton))) == sorted(
        map(str, [("sent", None)] * 3 + [("lost", "stale")])
    )


def test_all_spellings_of_a_mailbox_share_its_caps() -> None:
    baton = baton_at(TUESDAY, CAPPED)
    become_mql(baton)
    baton.form("guide", "v2", consent=True, **{**ANN, "email": "ann+shop@acme.example"})
    baton.until_quiet()
    assert sorted(states(baton)) == [("planned", "capped"), ("sent", None)]


def test_a_merged_leads_emails_count_for_the_survivor() -> None:
    baton = baton_at(TUESDAY, CAPPED)
    become_mql(baton)
    other = {**ANN, "email": "ann@home.example"}
    baton.form("newsletter", "v2", **other)
    baton.until_quiet()
    ask(
        baton,
        "merge",
        {"other_lead_id": baton.world.lead_id(ANN["email"])},
        other["email"],
    )
    later(baton, HOUR)
    baton.form("guide", "v2", consent=True, **other)
    baton.until_quiet()
    last = [one for one in nurture(baton) if one["to"] == other["email"]]
    assert all(one["reason"] == "capped" for one in last)
    assert baton.ports.memory.items[sends_of(baton, other["email"])]["version"] == 1


def test_a_cap_of_nothing_lets_all_go() -> None:
    baton = baton_at(TUESDAY, {**SHIPPED, "sending": AT_ANY_TIME})
    become_mql(baton)
    also(baton, "another", "third")
    assert states(baton) == [("sent", None)] * 3


def test_answers_to_forms_are_neither_capped_nor_counted() -> None:
    baton = baton_at(TUESDAY, CAPPED)
    baton.world.documents.put("form", {"id": "news", "acknowledge": "welcome"}, "news")
    become_mql(baton)
    item = baton.ports.memory.items[sends_of(baton, ANN["email"])]
    baton.form("news", **ANN)
    baton.until_quiet()
    assert {one["kind"]: one["state"] for one in baton.outbox()} == {
        "nurture": "sent",
        "acknowledgement": "sent",
    }
    assert baton.ports.memory.items[sends_of(baton, ANN["email"])] == item


def test_what_a_mailbox_was_sent_is_soon_gone() -> None:
    baton = baton_at(TUESDAY)
    become_mql(baton)
    item = baton.ports.memory.items[sends_of(baton, ANN["email"])]
    assert item["expires_at_epoch_s"] == (TUESDAY + 30 * DAY).timestamp()
    assert ANN["email"] not in str(item)
    assert baton.world.lead_id(ANN["email"]) not in str(item)
