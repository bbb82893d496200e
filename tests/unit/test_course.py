"""A lead's way through sequences: entering, waiting, branches, what ends it, changes meanwhile."""

import json
from collections.abc import Callable
from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest

from chalicelib.events import Kind
from chalicelib.mail_events import MailEvent
from chalicelib.nurture.enrolment import ExitReason
from chalicelib.store.numbers import read_numbers
from chalicelib.store.table import Write
from tests.baton import AT_ANY_TIME, TOKEN, InMemoryBaton
from tests.courses import (
    ANN,
    FITTING,
    baton_on_tuesday,
    become_mql,
    days_later,
    enrolments,
    hours_later,
    mails,
    put,
    put_email,
    put_sequence,
)
from tests.fakes import MemoryTable

TWO = [("a", "1d"), ("b", "2d")]
"""Two steps, with the emails la and lb."""


def post(baton: InMemoryBaton, path: str, body: Any, status: int = 200) -> Any:
    answer = baton.post(path, body, TOKEN)
    assert answer.status_code == status, answer.body
    return json.loads(answer.body)


def ends(baton: InMemoryBaton, lead_id: str) -> dict[str, str | None]:
    """Return why each enrolment ended, by its sequence; None while it runs."""
    return {one.sequence: one.ended for one in enrolments(baton, lead_id)}


def reasons(baton: InMemoryBaton) -> dict[str, tuple[str, str | None]]:
    """Return the state and the reason of each email of a sequence, by the rest of its key."""
    nurture = [one for one in baton.outbox() if one["kind"] == "nurture"]
    return {one["id"].partition("#nurture#")[2]: (one["state"], one["reason"]) for one in nurture}


def balance(baton: InMemoryBaton, sequence: str = "s") -> None:
    """Check that what was planned was sent, waits, or was not sent; and who is where."""
    numbers = read_numbers(baton.ports.memory, sequence)
    every = [one for one in baton.outbox() if f"#{sequence}#" in one["id"]]
    assert sum(of(numbers, "planned")) == len(every)
    left = [one for one in every if one["state"] in ("sent", "delivered")]
    assert sum(of(numbers, "sent")) == len(left)
    running = numbers["entered"] - sum(of(numbers, "exited"))
    waiting = sum(of(numbers, "waiting"))
    assert 0 <= waiting <= running


def of(numbers: Any, name: str) -> list[int]:
    return [number for what, number in numbers.items() if what.split(":")[0] == name]


# --- waiting --------------------------------------------------------------------------------------


def test_each_email_comes_once_and_on_its_day() -> None:
    baton = baton_on_tuesday(TWO)
    lead_id = become_mql(baton)
    hours_later(baton, 23)
    assert mails(baton) == []
    hours_later(baton, 1)
    assert mails(baton) == ["la"]
    days_later(baton, 1)
    assert mails(baton) == ["la"]
    days_later(baton, 1)
    assert mails(baton) == ["la", "lb"]
    days_later(baton, 10)
    assert mails(baton) == ["la", "lb"]
    assert ends(baton, lead_id) == {"s": ExitReason.FINISHED}
    balance(baton)


def test_a_wait_ends_in_the_next_open_window() -> None:
    baton = baton_on_tuesday([("a", "1d"), ("b", "12h"), ("c", "friday 7:00")])
    hours = {"hours": ["08:30", "17:30"], "days": ["mon", "tue", "wed", "thu", "fri"]}
    settings = {**baton.get("/v1/settings"), "sending": {**AT_ANY_TIME, **hours}}
    put(baton, "/v1/settings", settings)
    baton.ports.clock.tick(timedelta(minutes=1))
    become_mql(baton)
    days_later(baton, 1)
    assert mails(baton) == ["la"]
    hours_later(baton, 21)  # 12 hours later it is night
    assert mails(baton) == ["la"]
    hours_later(baton, 3)
    assert mails(baton) == ["la", "lb"]
    days_later(baton, 1)
    assert mails(baton) == ["la", "lb", "lc"]
    (at,) = [one["created_at"] for one in baton.outbox() if one["id"].endswith("#c")]
    assert at.startswith("2026-11-27T08:")  # the first hour of a working day in Berlin


def test_an_email_at_once_leaves_with_the_transition() -> None:
    baton = baton_on_tuesday([("a", "0d"), ("b", "2d")])
    become_mql(baton)
    assert mails(baton) == ["la"]
    days_later(baton, 2)
    assert mails(baton) == ["la", "lb"]


def test_a_restart_between_steps_changes_nothing() -> None:
    baton = baton_on_tuesday(TWO)
    become_mql(baton)
    for _ in range(24 * 4):
        baton.world = type(baton.world)(baton.ports)
        hours_later(baton, 1)
    assert mails(baton) == ["la", "lb"]


def test_the_last_step_goes_through_its_list() -> None:
    later = {"id": "later", "wait": "10d", "every": "20d", "emails": ["x", "y", "z"]}
    baton = baton_on_tuesday([("a", "1d"), later])
    lead_id = become_mql(baton)
    hours_later(baton, 24 * 60, step=6)
    assert mails(baton) == ["la", "x", "y", "z"]
    keys = sorted(key for key in reasons(baton))
    assert keys == ["1#s#a", "1#s#later", "1#s#later#1#2", "1#s#later#1#3"]
    assert ends(baton, lead_id) == {"s": ExitReason.FINISHED}
    balance(baton)


def test_a_sequence_sends_no_more_than_it_says() -> None:
    later = {"id": "later", "wait": "3d", "emails": ["x", "y", "z"]}
    baton = baton_on_tuesday([("a", "1d"), later], at_most=2)
    become_mql(baton)
    hours_later(baton, 24 * 20, step=6)
    assert mails(baton) == ["la", "x"]


# --- branches -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("branch", "sent"),
    [
        ({}, ["la", "lc"]),
        ({"else": "instead"}, ["la", "instead", "lc"]),
        ({"else": "d"}, ["la", "ld"]),
        ({"else": "instead", "next": "end"}, ["la", "instead"]),
        ({"else": "instead", "next": "d"}, ["la", "instead", "ld"]),
    ],
)
def test_a_condition_that_does_not_hold_branches(branch: Any, sent: list[str]) -> None:
    asked = {"id": "b", "wait": "2d", "email": "lb", "if": {"clicked": "previous"}, **branch}
    baton = baton_on_tuesday()
    put_email(baton, "instead")
    steps = [("a", "1d"), asked, ("c", "2d"), ("d", "2d")]
    put_sequence(baton, steps if "d" in (branch.get("next"), branch.get("else")) else steps[:3])
    become_mql(baton)
    hours_later(baton, 24 * 15, step=2)
    assert mails(baton) == sent
    if "else" not in branch:
        assert reasons(baton)["1#s#b"] == ("cancelled", "condition_not_met")
    balance(baton)


def test_a_condition_that_holds_sends() -> None:
    asked = {"id": "b", "wait": "2d", "email": "lb", "if": {"field": {"country": {"equals": "DE"}}}}
    baton = baton_on_tuesday([("a", "1d"), asked])
    become_mql(baton)
    days_later(baton, 4)
    assert mails(baton) == ["la", "lb"]


# --- what ends it ---------------------------------------------------------------------------------


def stage(target: str) -> Any:
    return lambda baton, lead_id: post(
        baton, f"/v1/leads/{lead_id}/stage", {"stage": target, "reason": "we talked"}
    )


def mail_event(name: MailEvent, **properties: Any) -> Any:
    def happen(baton: InMemoryBaton, lead_id: str) -> None:
        from tests import factories as make

        event = make.event(
            partition=f"LEAD#{lead_id}",
            kind=Kind.MAIL,
            name=name.value,
            at=baton.ports.now(),
            captured_at=baton.ports.now(),
            properties=properties,
        )
        baton.world.qualify.captured(lead_id, [event])

    return happen


EXITS: list[tuple[str, Any, str, str]] = [
    (
        "demo",
        lambda baton, _: baton.form("demo", f"v-{ANN}", consent=True, **FITTING),
        "with_sales",
        "with_sales",
    ),
    ("accepted", stage("accepted"), "with_sales", "with_sales"),
    ("disqualified", stage("disqualified"), "disqualified", "exited"),
    (
        "won",
        lambda baton, one: post(baton, f"/v1/leads/{one}/outcome", {"outcome": "won"}),
        "customer",
        "exited",
    ),
    (
        "owner",
        lambda baton, one: post(baton, f"/v1/leads/{one}/emails", {"stop": True}),
        "stopped_by_owner",
        "stopped_by_owner",
    ),
    (
        "by hand",
        lambda baton, one: post(baton, f"/v1/leads/{one}/sequences/s", {"stop": True}),
        "stopped_by_owner",
        "stopped_by_owner",
    ),
    ("replied", mail_event(MailEvent.REPLIED), "replied", "exited"),
    ("bounced", mail_event(MailEvent.BOUNCED, kind="hard"), "bounced", "bounced"),
    ("complained", mail_event(MailEvent.COMPLAINED), "complained", "complained"),
]


@pytest.mark.parametrize(
    ("happen", "reason"), [one[1:3] for one in EXITS], ids=[one[0] for one in EXITS]
)
def test_nothing_comes_after_an_exit(happen: Any, reason: str) -> None:
    baton = baton_on_tuesday(TWO)
    lead_id = become_mql(baton)
    days_later(baton, 1)
    assert mails(baton) == ["la"]
    happen(baton, lead_id)
    baton.until_quiet()
    assert ends(baton, lead_id) == {"s": reason}
    days_later(baton, 6)
    nurture = [one for one in mails(baton) if one in ("la", "lb")]
    assert nurture == ["la"]
    exited = [one for one in timeline(baton, lead_id) if one["kind"] == "sequence"]
    assert [(one["name"], one["detail"].get("reason")) for one in exited] == [
        ("exited", reason),
        ("entered", None),
    ]


@pytest.mark.parametrize(("happen", "reason"), [(one[1], one[3]) for one in EXITS])
def test_an_email_that_is_planned_is_called_off(happen: Any, reason: str) -> None:
    baton = baton_on_tuesday(TWO)
    put(baton, "/v1/settings", {**baton.get("/v1/settings"), "country": "DE"})
    lead_id = become_mql(baton)
    baton.http("POST", "/v1/sending", json.dumps({"pause": True, "reason": "a wrong link"}), TOKEN)
    plan_now(baton, lead_id)
    assert reasons(baton)["1#s#a"][0] == "planned"
    happen(baton, lead_id)
    baton.until_quiet()
    assert reasons(baton)["1#s#a"][1] == reason
    balance(baton)


def plan_now(baton: InMemoryBaton, lead_id: str) -> None:
    """Plan the next email, although everything is paused: it was paused a moment later."""
    course = baton.world.course
    from chalicelib.nurture.sending import EVERYTHING, SendingState

    course._states = lambda: {EVERYTHING: SendingState(of=EVERYTHING)}
    baton.ports.clock.tick(timedelta(days=1))
    (one,) = enrolments(baton, lead_id)
    course.work(lead_id, one.key)
    baton.until_quiet()


def timeline(baton: InMemoryBaton, lead_id: str) -> list[Any]:
    return list(baton.get(f"/v1/leads/{lead_id}/timeline?limit=200")["items"])


def test_an_unsubscribe_ends_every_sequence() -> None:
    baton = baton_on_tuesday(TWO)
    lead_id = become_mql(baton)
    days_later(baton, 1)
    token = baton.world.links.sign("unsubscribe", lead_id)
    assert baton.http("POST", f"/u/{token}").status_code == 200
    baton.until_quiet()
    assert ends(baton, lead_id) == {"s": "unsubscribed"}
    days_later(baton, 4)
    assert mails(baton) == ["la"]


def test_a_goal_ends_one_sequence() -> None:
    baton = baton_on_tuesday(TWO, exit=[{"signal": "pricing-page"}])
    put_sequence(baton, TWO, id="other", enter={"signal": "blog"})
    lead_id = become_mql(baton)
    baton.page("/pricing", f"v-{ANN}")
    baton.until_quiet()
    found = {one.sequence: (one.ended, one.goal) for one in enrolments(baton, lead_id)}
    assert found["s"] == ("goal", "pricing-page")


def test_cooling_does_not_break_a_running_sequence() -> None:
    baton = baton_on_tuesday([("a", "1d"), ("b", "5d")])
    lead_id = become_mql(baton)
    days_later(baton, 2)
    stage("lead")(baton, lead_id)
    days_later(baton, 6)
    assert mails(baton) == ["la", "lb"]


def test_emails_that_were_stopped_may_go_out_again() -> None:
    baton = baton_on_tuesday(TWO)
    lead_id = become_mql(baton)
    post(baton, f"/v1/leads/{lead_id}/emails", {"stop": True, "reason": "she asked me to"})
    refused = post(baton, f"/v1/leads/{lead_id}/sequences/s", {"start": True}, 409)
    assert "stopped" in refused["detail"]
    post(baton, f"/v1/leads/{lead_id}/emails", {"stop": False})
    post(baton, f"/v1/leads/{lead_id}/sequences/s", {"start": True})
    days_later(baton, 4)
    assert mails(baton) == ["la", "lb"]
    said = [
        one["detail"]["properties"] for one in timeline(baton, lead_id) if one["name"] == "emails"
    ]
    assert said == [
        {"stop": False, "by": "admin"},
        {"stop": True, "reason": "she asked me to", "by": "admin"},
    ]


# --- by hand --------------------------------------------------------------------------------------


def test_one_sequence_is_started_and_stopped_by_hand() -> None:
    baton = baton_on_tuesday(TWO)
    put_sequence(baton, [("x", "1d"), ("y", "2d")], id="other", enter={"form": "never"})
    lead_id = become_mql(baton)
    post(baton, f"/v1/leads/{lead_id}/sequences/other", {"start": True})
    assert ends(baton, lead_id) == {"s": None, "other": None}
    refused = post(baton, f"/v1/leads/{lead_id}/sequences/other", {"start": True}, 409)
    assert "is in the sequence since" in refused["detail"]
    post(baton, f"/v1/leads/{lead_id}/sequences/s", {"stop": True})
    assert ends(baton, lead_id) == {"s": "stopped_by_owner", "other": None}
    post(baton, f"/v1/leads/{lead_id}/sequences/s", {"stop": True}, 409)
    days_later(baton, 8)
    assert mails(baton) == ["lx", "ly"]


@pytest.mark.parametrize(
    ("body", "status"),
    [({}, 400), ({"start": False}, 400), ({"start": True, "stop": True}, 400), ({"go": 1}, 400)],
)
def test_a_request_by_hand_says_one_thing(body: Any, status: int) -> None:
    baton = baton_on_tuesday(TWO)
    lead_id = become_mql(baton)
    post(baton, f"/v1/leads/{lead_id}/sequences/s", body, status)


def test_an_unknown_sequence_is_not_started() -> None:
    baton = baton_on_tuesday(TWO)
    lead_id = become_mql(baton)
    post(baton, f"/v1/leads/{lead_id}/sequences/none", {"start": True}, 404)


def test_nobody_who_did_not_agree_is_entered_by_hand() -> None:
    baton = baton_on_tuesday([("a", "1d")], enter={"form": "never"})
    baton.form("guide", f"v-{ANN}", **FITTING)
    baton.until_quiet()
    lead_id = baton.world.lead_id(ANN)
    refused = post(baton, f"/v1/leads/{lead_id}/sequences/s", {"start": True}, 409)
    assert "no_consent" in refused["detail"]


# --- entering -------------------------------------------------------------------------------------


def test_of_two_that_fit_the_more_important_one_is_entered() -> None:
    baton = baton_on_tuesday(TWO)
    put_sequence(baton, [("x", "1d")], id="z", priority=5, enter={"stage": "mql"})
    lead_id = become_mql(baton)
    days_later(baton, 3)
    assert ends(baton, lead_id) == {"z": ExitReason.FINISHED}
    assert mails(baton) == ["lx"]


@pytest.mark.parametrize("wait", ["0d", "1d"])
def test_the_order_of_events_decides_nothing(wait: str) -> None:
    """Whichever event makes her an MQL, what interests her most by then decides."""
    acts = ["/pricing", "/compare/others", "/pricing/enterprise", ""]
    found = set()
    for order in permutations(acts):
        baton = baton_on_tuesday(
            [("a", wait)], enter={"stage": "mql", "topic": ["product", "none"]}
        )
        topics = ["pricing", "proof"]
        put_sequence(
            baton, [("x", wait)], id="p", priority=5, enter={"stage": "mql", "topic": topics}
        )
        for path in order:
            if path:
                baton.page(path, f"v-{ANN}")
            else:
                baton.form("guide", f"v-{ANN}", consent=True, **FITTING)
            baton.until_quiet()
        hours_later(baton, 25)
        found.add(tuple(mails(baton)))
    assert len(found) == 1, found


def test_an_import_is_quiet_and_stays_so() -> None:
    baton = baton_on_tuesday([("a", "0d")])
    lines = "\n".join(
        json.dumps({**FITTING, "email": f"p{number}@acme.example"}) for number in range(5)
    )
    answer = baton.http("POST", "/v1/leads/import", lines, {**TOKEN, "Content-Type": "text/plain"})
    assert answer.status_code == 200, answer.body
    baton.until_quiet()
    days_later(baton, 2)
    assert baton.outbox() == []


def test_a_sequence_takes_in_who_enters_after_it() -> None:
    baton = baton_on_tuesday()
    ids = [become_mql(baton, email=f"p{number}@acme.example") for number in range(3)]
    put_sequence(baton, [("a", "0d")])
    days_later(baton, 2)
    assert [enrolments(baton, one) for one in ids] == [[], [], []]
    become_mql(baton)
    assert mails(baton) == ["la"]


def test_a_sequence_that_is_not_active_begins_for_nobody() -> None:
    baton = baton_on_tuesday([("a", "0d")], active=False)
    lead_id = become_mql(baton)
    assert enrolments(baton, lead_id) == []


def test_a_signal_a_form_and_a_recycle_are_ways_in() -> None:
    baton = baton_on_tuesday([("a", "1d")], enter={"signal": "pricing-page", "stage": "mql"})
    put_sequence(baton, [("x", "1d")], id="f", enter={"form": "contact-us"})
    ways = {"stage": "recycled", "reasons": ["not_ready", "lost_*"]}
    put_sequence(baton, [("y", "1d")], id="r", enter=ways)
    lead_id = become_mql(baton)
    assert enrolments(baton, lead_id) == []
    baton.page("/pricing", f"v-{ANN}")
    baton.until_quiet()
    assert ends(baton, lead_id) == {"s": None}
    stage("accepted")(baton, lead_id)
    post(
        baton,
        f"/v1/leads/{lead_id}/outcome",
        {"outcome": "lost", "reason": "competitor"},
    )
    found = {one.sequence: (one.cause, one.ended) for one in enrolments(baton, lead_id)}
    assert found["r"] == ("stage: recycled", None)
    assert found["s"] == ("signal: pricing-page", "with_sales")


@pytest.mark.parametrize(("reason", "enters"), [("not ready", 1), ("wrong_person", 0)])
def test_a_reason_of_a_recycle_decides(*, reason: str, enters: int) -> None:
    baton = baton_on_tuesday()
    ways = {"stage": "recycled", "reasons": ["not_ready"], "talked": True}
    put_sequence(baton, [("y", "1d")], id="r", enter=ways)
    lead_id = become_mql(baton)
    stage("accepted")(baton, lead_id)
    post(baton, f"/v1/leads/{lead_id}/stage", {"stage": "recycled", "reason": reason})
    assert len(enrolments(baton, lead_id)) == enters


# --- entering again -------------------------------------------------------------------------------


def warm_again(baton: InMemoryBaton, lead_id: str) -> None:
    stage("lead")(baton, lead_id)
    stage("mql")(baton, lead_id)


def test_a_lead_does_not_enter_twice_within_ninety_days() -> None:
    baton = baton_on_tuesday([("a", "1d")])
    lead_id = become_mql(baton)
    days_later(baton, 2)
    warm_again(baton, lead_id)
    days_later(baton, 3)
    assert mails(baton) == ["la"]
    baton.ports.clock.tick(timedelta(days=90))
    warm_again(baton, lead_id)
    days_later(baton, 4)
    assert mails(baton) == ["la", "la"]
    assert sorted(reasons(baton)) == ["1#s#a", "1#s#a#2"]


def test_in_another_cycle_what_came_already_is_skipped() -> None:
    baton = baton_on_tuesday(TWO)
    lead_id = become_mql(baton)
    days_later(baton, 1)
    assert mails(baton) == ["la"]
    stage("accepted")(baton, lead_id)
    post(baton, f"/v1/leads/{lead_id}/stage", {"stage": "recycled", "reason": "not ready"})
    stage("mql")(baton, lead_id)
    days_later(baton, 6)
    assert mails(baton) == ["la", "lb"]
    assert reasons(baton) == {
        "1#s#a": ("sent", None),
        "2#s#a": ("cancelled", "condition_not_met"),
        "2#s#b": ("sent", None),
    }
    balance(baton)


# --- changing a sequence that runs ----------------------------------------------------------------


@pytest.mark.parametrize(("wait", "hours"), [("10d", 24 * 10), ("1h", 24), ("3d", 24 * 3)])
def test_whoever_waits_follows_the_new_wait(wait: str, hours: int) -> None:
    """Counted from the email that left last, or at once where that is over."""
    baton = baton_on_tuesday(TWO)
    become_mql(baton)
    days_later(baton, 1)
    assert mails(baton) == ["la"]
    hours_later(baton, 23)
    put_sequence(baton, [("a", "1d"), ("b", wait)])
    hours_later(baton, 24 * 12, step=1)
    (b,) = [one for one in baton.outbox() if one["id"].endswith("#b")]
    (a,) = [one for one in baton.outbox() if one["id"].endswith("#a")]
    waited = hour(b["created_at"]) - hour(a["created_at"])
    assert hours <= waited <= hours + 72  # the next look, or a weekend later
    assert mails(baton) == ["la", "lb"]


def hour(text: str) -> float:
    from chalicelib.events import parse_time

    return parse_time(text).timestamp() / 3600


def test_a_removed_step_is_skipped() -> None:
    baton = baton_on_tuesday([*TWO, ("c", "3d")])
    become_mql(baton)
    days_later(baton, 2)
    put_sequence(baton, [("a", "1d"), ("c", "3d")])
    days_later(baton, 6)
    assert mails(baton) == ["la", "lc"]


def test_an_inserted_step_reaches_who_has_not_passed_its_place() -> None:
    baton = baton_on_tuesday(TWO)
    become_mql(baton)
    days_later(baton, 2)
    early = [("new", "1d"), ("a", "1d")]
    put_sequence(baton, [*early, ("mid", "2d"), ("b", "2d")])
    days_later(baton, 9)
    assert mails(baton) == ["la", "lmid", "lb"]


def test_a_pause_makes_waits_longer() -> None:
    baton = baton_on_tuesday([*TWO, ("c", "3d")])
    become_mql(baton)
    days_later(baton, 1)
    assert mails(baton) == ["la"]
    post(baton, "/v1/sending", {"pause": True, "sequence": "s", "reason": "a wrong price"})
    days_later(baton, 10)
    assert mails(baton) == ["la"]
    post(baton, "/v1/sending", {"pause": False, "sequence": "s"})
    days_later(baton, 1)
    assert len(mails(baton)) <= 2
    days_later(baton, 9)
    assert mails(baton) == ["la", "lb", "lc"]


def test_switched_off_it_ends_and_takes_in_nobody_again() -> None:
    baton = baton_on_tuesday(TWO)
    lead_id = become_mql(baton)
    days_later(baton, 1)
    put_sequence(baton, TWO, active=False)
    days_later(baton, 4)
    assert mails(baton) == ["la"]
    assert ends(baton, lead_id) == {"s": "switched_off"}
    put_sequence(baton, TWO)
    days_later(baton, 4)
    assert mails(baton) == ["la"]


# --- merging --------------------------------------------------------------------------------------


def test_a_merge_ends_the_others_way_and_ours_goes_on() -> None:
    baton = baton_on_tuesday(TWO)
    ours = become_mql(baton)
    theirs = become_mql(baton, email="ann@home.example")
    post(baton, f"/v1/leads/{ours}/merge", {"other_lead_id": theirs})
    assert ends(baton, theirs) == {"s": "merged"}
    assert ends(baton, ours) == {"s": None}
    days_later(baton, 5)
    assert mails(baton) == ["la", "lb"]
    assert mails(baton, "ann@home.example") == []
    balance(baton)


# --- what a change says ---------------------------------------------------------------------------


def test_a_change_says_who_is_in_it_and_where() -> None:
    baton = baton_on_tuesday(TWO)
    for number in range(3):
        become_mql(baton, email=f"p{number}@acme.example")
    days_later(baton, 1)
    become_mql(baton)
    hours_later(baton, 1)
    answer = put_sequence(baton, TWO)
    assert answer["in_progress"] == {"leads": 4, "steps": {"a": 1, "b": 3}}
    assert "present" not in answer


def test_a_new_sequence_says_how_many_it_would_take_in() -> None:
    baton = baton_on_tuesday()
    ids = [become_mql(baton, email=f"p{number}@acme.example") for number in range(3)]
    put_sequence(baton, [("x", "1d")], id="other", enter={"stage": "mql", "topic": "pricing"})
    answer = put_sequence(baton, [("a", "1d")])
    assert answer["present"] == {"leads": 3, "is_more": False, "taken_in": False}
    days_later(baton, 2)
    assert [enrolments(baton, one) for one in ids] == [[], [], []]


def test_those_who_are_present_are_taken_in_when_asked_for() -> None:
    baton = baton_on_tuesday()
    ids = [become_mql(baton, email=f"p{number}@acme.example") for number in range(3)]
    baton.form("guide", "v9", **{**FITTING, "email": "no@acme.example"})  # she did not agree
    baton.until_quiet()
    put_sequence(baton, [("a", "1d")], active=False)
    document = {**baton.get("/v1/sequences/s"), "active": True}
    answer = put(baton, "/v1/sequences/s?include_present=true", document)
    assert answer["present"] == {"leads": 4, "is_more": False, "taken_in": True}
    assert answer["job"]["kind"] == "take_in"
    for _ in range(3):
        baton.minutes_later(1)
    job = baton.get(f"/v1/jobs/{answer['job']['id']}")
    refused = {"the lead may not be written to: no_consent": 1}
    assert job["report"] == {"sequence": "s", "entered": 3, "refused": refused, "failed": 0}
    days_later(baton, 3)
    assert [mails(baton, f"p{number}@acme.example") for number in range(3)] == [["la"]] * 3
    assert [len(enrolments(baton, one)) for one in ids] == [1, 1, 1]


@pytest.mark.parametrize("said", ["yes", "", "1"])
def test_including_those_present_is_yes_or_no(said: str) -> None:
    baton = baton_on_tuesday([("a", "1d")])
    put(baton, f"/v1/sequences/s?include_present={said}", baton.get("/v1/sequences/s"), 400)


def test_an_inactive_sequence_takes_in_nobody() -> None:
    baton = baton_on_tuesday([("a", "1d")], active=False)
    put(baton, "/v1/sequences/s?include_present=true", baton.get("/v1/sequences/s"), 400)


def test_a_sequence_is_not_deleted_from_under_its_leads() -> None:
    baton = baton_on_tuesday(TWO)
    become_mql(baton)
    refused = baton.http("DELETE", "/v1/sequences/s", None, TOKEN)
    assert refused.status_code == 409
    assert "in use by a lead that is in it" in json.loads(refused.body)["detail"]
    put_sequence(baton, TWO, active=False)
    assert baton.http("DELETE", "/v1/sequences/s", None, TOKEN).status_code == 200
    days_later(baton, 4)
    assert mails(baton) == []


def test_an_erased_person_is_counted_as_having_left() -> None:
    baton = baton_on_tuesday(TWO)
    lead_id = become_mql(baton)
    days_later(baton, 1)
    answer = baton.http("DELETE", f"/v1/leads/{lead_id}", None, TOKEN)
    assert answer.status_code == 202, answer.body
    for _ in range(5):
        baton.minutes_later(1)
    assert enrolments(baton, lead_id) == []
    numbers = read_numbers(baton.ports.memory, "s")
    assert (numbers["entered"], numbers["exited:erased"]) == (1, 1)
    assert [numbers[what] for what in ("waiting:a", "waiting:b")] == [0, 0]
    days_later(baton, 4)
    assert mails(baton) == ["la"]


# --- two at once ----------------------------------------------------------------------------------


class Interrupted(MemoryTable):
    """A table on which something else is written just before the next write."""

    def __init__(self) -> None:
        super().__init__()
        self.first: Callable[[], object] | None = None

    def write(self, *writes: Write) -> None:
        first, self.first = self.first, None
        if first is not None:
            first()
        super().write(*writes)


def test_a_step_before_a_verdict_is_called_off() -> None:
    """The decision is made again: it must not leave out the end of what moved meanwhile."""
    table = Interrupted()
    baton = baton_on_tuesday(TWO, table=table)
    lead_id = become_mql(baton)
    baton.ports.clock.tick(timedelta(days=1))
    other = type(baton.world)(baton.ports)
    (one,) = enrolments(baton, lead_id)
    table.first = lambda: other.course.work(lead_id, one.key)
    stage("accepted")(baton, lead_id)
    baton.until_quiet()
    assert ends(baton, lead_id) == {"s": "with_sales"}
    assert reasons(baton) == {"1#s#a": ("cancelled", "with_sales")}
    assert mails(baton) == []


def test_a_verdict_before_a_step_leaves_nothing_planned() -> None:
    table = Interrupted()
    baton = baton_on_tuesday(TWO, table=table)
    lead_id = become_mql(baton)
    baton.ports.clock.tick(timedelta(days=1))
    (one,) = enrolments(baton, lead_id)
    table.first = lambda: stage("accepted")(baton, lead_id)
    type(baton.world)(baton.ports).course.work(lead_id, one.key)
    baton.until_quiet()
    assert ends(baton, lead_id) == {"s": "with_sales"}
    assert reasons(baton) == {}


def test_a_sequence_that_is_switched_off_first_is_not_claimed() -> None:
    table = Interrupted()
    baton = baton_on_tuesday(TWO, table=table)
    lead_id = become_mql(baton)
    baton.ports.clock.tick(timedelta(days=1))
    (one,) = enrolments(baton, lead_id)
    baton.world.course.work(lead_id, one.key)
    table.first = lambda: put_sequence(baton, TWO, active=False)
    baton.until_quiet()  # the claim of its email
    assert mails(baton) == []
    days_later(baton, 1)
    assert reasons(baton) == {"1#s#a": ("cancelled", "exited")}
    assert ends(baton, lead_id) == {"s": "switched_off"}
