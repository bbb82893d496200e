"""Switches: what is turned off waits, nothing is lost, and once it is on again all leaves once."""

import json
from collections import Counter
from datetime import timedelta
from random import Random
from typing import Any

import pytest

from chalicelib.delivery.message_keys import MessageKind
from chalicelib.delivery.reasons import NotSentReason
from chalicelib.errors import ConflictError
from chalicelib.limits import SWITCH_CACHE_SECONDS, WAIT_MAX_HOURS
from chalicelib.store.switches import Switches
from chalicelib.store.table import Item
from chalicelib.switches import LONGEST_WAIT, Switch, Switchboard, SwitchState, next_look
from chalicelib.wiring.world import World
from tests.baton import ANN, TOKEN, InMemoryBaton
from tests.fakes import NOW, FakeClock, FakePorts, MemoryTable, runtime
from tests.sizes import SIZES, seeds
from tools import switches as tool

DAYS = 3
SECOND = timedelta(seconds=1)
PATH = "/v1/switches"
OTHERS = ("bea@beta.example", "cem@gamma.example")


def turn(baton: InMemoryBaton, switch: Switch, *, on: bool, reason: str = "a test") -> Any:
    answer = baton.http("PUT", PATH, json.dumps({switch: {"on": on, "reason": reason}}), JSON)
    assert answer.status_code == 200, answer.body
    return json.loads(answer.body)


JSON = {**TOKEN, "Content-Type": "application/json"}


def logged(event: str, name: str, output: str) -> list[str]:
    """Return what the lines of a kind say under a name."""
    lines = map(json.loads, output.splitlines())
    return [line[name] for line in lines if line["event"] == event]


def wait_out_the_cache(baton: InMemoryBaton) -> None:
    baton.ports.clock.tick(timedelta(seconds=SWITCH_CACHE_SECONDS))


def live(baton: InMemoryBaton, hours: int) -> None:
    """Let some hours pass, with the clock's work in each quarter of an hour."""
    for _ in range(4 * hours):
        baton.minutes_later(15)


def three_days_of_leads(baton: InMemoryBaton) -> None:
    """Let a person a day read a page and a guide, and another one ask for a demo.

    Not the same person: once sales has somebody, what waits for them is called off.
    """
    for day, email in enumerate(("ann@acme.example", *OTHERS)):
        baton.page("/pricing", visitor=f"v{day}")
        baton.form("guide", f"v{day}", consent=True, **{**ANN, "email": email})
        baton.form("demo", f"d{day}", **{**ANN, "email": f"demo-{email}"})
        baton.until_quiet()
        live(baton, 24)


def sent(baton: InMemoryBaton) -> Counter[str]:
    """Return what left, by kind and receiver, and how often."""
    return Counter(f"{one['lead_id']} {one['id']}" for one in baton.outbox() if one["message_id"])


def undisturbed() -> set[str]:
    """Return what leaves in the same three days when nothing is turned off."""
    other = InMemoryBaton()
    other.forget_deadlines()
    three_days_of_leads(other)
    return set(sent(other))


# --- each switch, off for three days and on again -------------------------------------------------


@pytest.mark.parametrize("switch", [Switch.OUTBOUND, Switch.NURTURE])
def test_messages_wait_three_days_and_leave_once(
    switch: Switch, capsys: pytest.CaptureFixture[str]
) -> None:
    baton = InMemoryBaton()
    baton.forget_deadlines()
    turn(baton, switch, on=False)
    wait_out_the_cache(baton)
    three_days_of_leads(baton)
    waiting = [one for one in baton.outbox() if one["reason"] == "switched_off"]
    assert {one["state"] for one in waiting} == {"planned"}
    kinds = {one["kind"] for one in waiting}
    assert kinds == ({"nurture", "handoff"} if switch is Switch.OUTBOUND else {"nurture"})
    assert all(one["message_id"] is None for one in waiting)
    assert set(logged("held_back", "switch", capsys.readouterr().out)) == {switch}

    turn(baton, switch, on=True)
    live(baton, 2)
    assert {one["state"] for one in baton.outbox()} == {"sent"}
    assert set(sent(baton)) == undisturbed()
    assert len(baton.ports.senders.sent) == len(baton.outbox())


def test_a_wait_for_a_switch_is_no_try() -> None:
    baton = InMemoryBaton()
    turn(baton, Switch.OUTBOUND, on=False)
    wait_out_the_cache(baton)
    baton.form("demo", **ANN)
    baton.until_quiet()
    live(baton, 24)
    items = [one for key, one in baton.ports.memory.items.items() if key[1].startswith("OUTBOX#")]
    assert items
    assert {one["claims"] for one in items} == {0}


def test_nothing_is_decided_while_rescoring_is_off() -> None:
    baton = InMemoryBaton()
    baton.forget_deadlines()
    turn(baton, Switch.RESCORING, on=False)
    wait_out_the_cache(baton)
    baton.form("guide", None, consent=True, **{**ANN, "email": "dan@delta.example"})
    three_days_of_leads(baton)
    assert baton.outbox() == []
    assert not [key for key in baton.ports.memory.items if key[1] in ("STANDING", "PROFILE")]

    turn(baton, Switch.RESCORING, on=True)
    live(baton, 2)
    assert {one["state"] for one in baton.outbox()} == {"sent"}
    assert len(baton.ports.senders.sent) == len(baton.outbox())
    dan = baton.world.lead_id("dan@delta.example")
    assert set(sent(baton)) == undisturbed() | {f"{dan} {dan}#nurture#1#welcome#1"}


def test_what_came_meanwhile_counts_as_if_nothing_had_been_off() -> None:
    stopped = InMemoryBaton()
    steady = InMemoryBaton()
    for baton in (stopped, steady):
        baton.forget_deadlines()
        baton.form("guide", consent=True, **ANN)
        baton.until_quiet()
    turn(stopped, Switch.RESCORING, on=False)
    for baton in (stopped, steady):
        wait_out_the_cache(baton)
        for number in range(30):
            baton.page(f"/pricing?n={number}")
        baton.form("demo", **ANN)
        baton.until_quiet()
        live(baton, 24)
    turn(stopped, Switch.RESCORING, on=True)
    for baton in (stopped, steady):
        live(baton, 2)
    known = [baton.lead() for baton in (stopped, steady)]
    for lead in known:
        del lead["updated_at"], lead["review_on"], lead["handoff"]
    assert known[0] == known[1]
    assert set(sent(stopped)) == set(sent(steady))


def test_a_review_that_fell_due_meanwhile_is_made_up_for() -> None:
    stopped = InMemoryBaton()
    steady = InMemoryBaton()
    for baton in (stopped, steady):
        baton.page("/pricing")
        baton.form("guide", **ANN)
        baton.until_quiet()
    day = stopped.lead()["review_on"]
    assert day is not None
    until = 24 * (1 + DAYS + (timedelta(days=40)).days)
    turn(stopped, Switch.RESCORING, on=False)
    for baton in (stopped, steady):
        wait_out_the_cache(baton)
        for _ in range(until // 6):
            baton.minutes_later(6 * 60)
    assert stopped.lead()["updated_at"] < steady.lead()["updated_at"]
    due = [one for one in stopped.ports.memory.items.values() if "due_pk" in one]
    assert [one["sk"] for one in due] == ["REPLAY"]  # one item waits, the review is off the list
    turn(stopped, Switch.RESCORING, on=True)
    live(stopped, 2)
    assert stopped.lead()["stage"] == steady.lead()["stage"]
    assert stopped.lead()["review_on"] is not None


def test_people_go_on_working_while_rescoring_is_off() -> None:
    baton = InMemoryBaton()
    baton.form("demo", **ANN)
    baton.until_quiet()
    turn(baton, Switch.RESCORING, on=False)
    wait_out_the_cache(baton)
    moved = {"stage": "accepted", "reason": "called"}
    path = f"/v1/leads/{baton.world.lead_id(ANN['email'])}/stage"
    assert baton.post(path, moved, TOKEN).status_code == 200
    baton.until_quiet()
    assert baton.lead()["stage"] == "accepted"
    turn(baton, Switch.RESCORING, on=True)
    live(baton, 2)
    assert baton.lead()["stage"] == "accepted"


def test_pings_are_answered_and_dropped_while_tracking_is_off() -> None:
    baton = InMemoryBaton()
    turn(baton, Switch.TRACKING, on=False)
    wait_out_the_cache(baton)
    for _ in range(DAYS):
        baton.page("/pricing")
        event = {"type": "identify", "anonymousId": "v", "traits": {"email": "x@y.example"}}
        answer = baton.post("/v1/batch", {"batch": [event]})
        assert json.loads(answer.body) == {"success": True}
        assert baton.http("GET", "/v1/pixel?anonymousId=v").status_code == 204
        live(baton, 24)
    assert not [key for key in baton.ports.memory.items if key[1].startswith("EVENT#")]
    baton.form("demo", **ANN)
    baton.until_quiet()
    assert baton.lead()["stage"] == "sql"
    turn(baton, Switch.TRACKING, on=True)
    baton.page("/pricing")
    assert [key for key in baton.ports.memory.items if key[0] == "VISITOR#v1"]


def test_acknowledgements_hold_back_nothing_else() -> None:
    baton = InMemoryBaton()
    baton.forget_deadlines()
    turn(baton, Switch.ACKNOWLEDGEMENTS, on=False)
    wait_out_the_cache(baton)
    three_days_of_leads(baton)
    assert set(sent(baton)) == undisturbed()


# --- any of them, in any order --------------------------------------------------------------------


TURNED = (Switch.RESCORING, Switch.OUTBOUND, Switch.NURTURE)


@pytest.mark.parametrize("seed", seeds(SIZES.lives // 4))
def test_switches_turned_at_random_lose_and_double_nothing(seed: int) -> None:
    stopped = InMemoryBaton()
    steady = InMemoryBaton()
    random = Random(seed)
    for step in range(40):
        drawn = random.randrange(1_000_000)
        do_something(steady, step, Random(drawn), turns=False)
        do_something(stopped, step, Random(drawn), turns=True)
    for switch in TURNED:
        turn(stopped, switch, on=True)
    for baton in (stopped, steady):
        live(baton, 3)
    states = Counter((one["state"], one["reason"]) for one in stopped.outbox())
    # What waited for the lead is called off when sales gets it.
    assert states.keys() <= {("sent", None), ("cancelled", "with_sales")}
    assert handoffs(stopped) == handoffs(steady)
    assert len(stopped.ports.senders.sent) == states["sent", None]
    for email in ("ann@acme.example", *OTHERS):
        assert standing_of(stopped, email) == standing_of(steady, email)


def do_something(baton: InMemoryBaton, step: int, random: Random, *, turns: bool) -> None:
    """Let one of three people do something, time pass, or a container start anew.

    turns: whether a switch is turned where that was drawn; otherwise nothing happens then.
    """
    do = random.choice(["page", "form", "wait", "turn", "turn", "restart"])
    person = random.randrange(3)
    email = ("ann@acme.example", *OTHERS)[person]
    if do == "page":
        baton.page(f"/pricing?n={step}", f"v{person}")
    elif do == "form":
        form_id = random.choice(["guide", "demo"])
        baton.form(form_id, f"v{person}", consent=True, **{**ANN, "email": email})
    elif do == "turn" and turns:
        turn(baton, random.choice(TURNED), on=random.random() < 0.5)
    elif do == "restart":
        baton.world = World(baton.ports)
    baton.until_quiet()
    baton.minutes_later(random.choice([1, 20, 180]) if do == "wait" else 0)


def handoffs(baton: InMemoryBaton) -> Counter[str]:
    return Counter({one: number for one, number in sent(baton).items() if "#handoff#" in one})


def standing_of(baton: InMemoryBaton, email: str) -> Any:
    """Return where a lead stands, None for an address that nobody left."""
    found = baton.get(f"/v1/leads?email={email}")["leads"]
    return [(one["stage"], one["kind"], one["cycle"], one["score"]["total"]) for one in found]


# --- how long a message may wait ------------------------------------------------------------------


def two_weeks_off(switch: Switch) -> InMemoryBaton:
    baton = InMemoryBaton()
    turn(baton, switch, on=False)
    wait_out_the_cache(baton)
    baton.form("guide", consent=True, **ANN)
    baton.form("demo", "d", **{**ANN, "email": OTHERS[0]})
    baton.until_quiet()
    for _ in range(2 * WAIT_MAX_HOURS):
        baton.minutes_later(60)
    return baton


def test_a_handoff_outlives_any_stop() -> None:
    baton = two_weeks_off(Switch.OUTBOUND)
    states = {(one["kind"], one["state"], one["reason"]) for one in baton.outbox()}
    assert ("handoff", "planned", "switched_off") in states
    assert ("nurture", "lost", "stale") in states
    turn(baton, Switch.OUTBOUND, on=True)
    live(baton, 1)
    left = Counter(one["state"] for one in baton.outbox() if one["kind"] == "handoff")
    assert set(left) == {"sent"}


def test_a_handoff_still_has_its_week_after_a_long_stop() -> None:
    from chalicelib.delivery.messages import Waiting

    baton = two_weeks_off(Switch.OUTBOUND)
    busy = [Waiting(NotSentReason.THROTTLED)] * 40
    baton.ports.senders.answers = [*busy]
    turn(baton, Switch.OUTBOUND, on=True)
    live(baton, 48)
    assert {one["state"] for one in baton.outbox() if one["kind"] == "handoff"} == {"sent"}


def test_who_unsubscribed_during_a_stop_gets_nothing() -> None:
    baton = InMemoryBaton()
    turn(baton, Switch.NURTURE, on=False)
    wait_out_the_cache(baton)
    baton.form("guide", consent=True, **ANN)
    baton.until_quiet()
    token = baton.world.links.sign("unsubscribe", baton.world.lead_id(ANN["email"]))
    assert baton.http("POST", f"/u/{token}").status_code == 200
    turn(baton, Switch.NURTURE, on=True)
    live(baton, 1)
    assert [one["state"] for one in baton.outbox() if one["kind"] == "nurture"] == ["suppressed"]


# --- when a change is heard -----------------------------------------------------------------------


def test_a_worker_hears_of_a_switch_within_the_cache_time() -> None:
    clock = FakeClock()
    store = Switches(MemoryTable())
    worker = Switchboard(store=store, runtime=runtime(clock))
    operator = Switchboard(store=store, runtime=runtime(clock))
    assert worker.off(Switch.NURTURE) is None
    operator.turn({Switch.NURTURE: False}, reasons={Switch.NURTURE: "why"}, author="admin")
    clock.tick(SWITCH_CACHE_SECONDS * SECOND - SECOND)
    assert worker.off(Switch.NURTURE) is None
    clock.tick(SECOND)
    off = worker.off(Switch.OUTBOUND, Switch.NURTURE)
    assert off == SwitchState(
        switch=Switch.NURTURE, is_on=False, reason="why", author="admin", at=NOW, version=1
    )


def test_a_claim_after_the_cache_time_respects_the_switch() -> None:
    baton = InMemoryBaton()
    another = World(baton.ports)  # a container that has read the switches already
    assert another.switchboard.off(Switch.OUTBOUND) is None
    baton.world = another
    another_operator = World(baton.ports).switchboard
    another_operator.turn({Switch.OUTBOUND: False}, reasons={}, author="admin")
    baton.form("demo", None, **ANN)
    baton.until_quiet()
    assert {one["state"] for one in baton.outbox()} == {"sent"}  # within the cache time
    wait_out_the_cache(baton)
    baton.form("demo", None, **{**ANN, "email": OTHERS[0]})
    baton.until_quiet()
    assert {one["reason"] for one in baton.outbox() if one["state"] != "sent"} == {"switched_off"}


def test_a_replay_of_a_late_worker_takes_no_request_off() -> None:
    baton = InMemoryBaton()
    baton.form("guide", **ANN)
    baton.until_quiet()
    lead_id = baton.world.lead_id(ANN["email"])
    late = World(baton.ports)
    before = late.leads.read(lead_id)
    turn(baton, Switch.RESCORING, on=False)
    wait_out_the_cache(baton)
    baton.page("/pricing")
    baton.until_quiet()
    late.leads.replayed(before)
    assert baton.world.leads.read(lead_id).requests.is_open


@pytest.mark.parametrize(
    ("off_for", "wait"),
    [(0, 60), (59, 60), (600, 600), (100_000, LONGEST_WAIT.total_seconds())],
)
def test_looks_become_rarer_the_longer_it_is_off(off_for: float, wait: float) -> None:
    now = NOW + timedelta(seconds=off_for)
    assert next_look(NOW, now) == now + timedelta(seconds=wait)


# --- the endpoint and the command -----------------------------------------------------------------


def test_every_switch_is_on_until_somebody_turns_it() -> None:
    never = {"on": True, "reason": None, "author": None, "at": None}
    assert InMemoryBaton().get(PATH) == dict.fromkeys(Switch, never)


def test_a_switch_says_who_turned_it_and_why(capsys: pytest.CaptureFixture[str]) -> None:
    baton = InMemoryBaton()
    answer = turn(baton, Switch.NURTURE, on=False, reason="a wrong link")
    said = {
        "on": False,
        "reason": "a wrong link",
        "author": "admin",
        "at": "2026-11-22T10:00:00.000Z",
    }
    assert answer == baton.get(PATH)
    assert answer["nurture"] == said
    assert answer["outbound"]["on"] is True
    output = capsys.readouterr().out
    assert logged("switched", "switch", output) == ["nurture"]
    assert logged("switched", "state", output) == ["off"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ("[]", "body"),
        ("{}", "body"),
        ('{"nurtur": {"on": true}}', "nurtur"),
        ('{"nurture": true}', "nurture"),
        ('{"nurture": {}}', "nurture.on"),
        ('{"nurture": {"on": "no"}}', "nurture.on"),
        ('{"nurture": {"on": true, "why": "x"}}', "nurture.why"),
        ('{"nurture": {"on": false}}', "nurture.reason"),
        ('{"nurture": {"on": false, "reason": "  "}}', "nurture.reason"),
        ('{"nurture": {"on": false, "reason": 3}}', "nurture.reason"),
        ('{"nurture": {"on": false, "reason": "a\\nb"}}', "nurture.reason"),
        (json.dumps({"nurture": {"on": False, "reason": "x" * 501}}), "nurture.reason"),
    ],
)
def test_the_endpoint_is_strict(body: str, field: str) -> None:
    baton = InMemoryBaton()
    before = baton.kept()
    answer = baton.http("PUT", PATH, body, JSON)
    assert answer.status_code == 400
    assert [one["field"] for one in json.loads(answer.body)["errors"]] == [field]
    assert baton.kept() == before


def test_two_operators_do_not_overwrite_each_other() -> None:
    store = Switches(MemoryTable())
    off = SwitchState(switch=Switch.NURTURE, is_on=False, version=1)
    store.save({Switch.NURTURE: off})
    with pytest.raises(ConflictError):
        store.save({Switch.NURTURE: off})


def test_a_switch_of_a_later_version_is_left_alone() -> None:
    table = MemoryTable()
    later: Item = {"pk": "SWITCHES", "sk": "webhooks", "is_on": False}
    table.items[("SWITCHES", "webhooks")] = {**later, "reason": "", "author": "", "version": 1}
    assert Switches(table).states().keys() == set(Switch)


def test_the_command_turns_and_shows() -> None:
    world = World(FakePorts())
    states = tool.turn(world, off=[Switch.NURTURE], on=[Switch.TRACKING], reason="a bomb")
    lines = list(tool.report_lines(states))
    assert "nurture          OFF since 2026-11-22T10:00:00.000Z, make switches: a bomb" in lines
    assert lines[0] == "rescoring        on"
    assert world.switchboard.off(Switch.NURTURE) is not None
    assert tool.turn(world, off=[], on=[], reason="") == states


@pytest.mark.parametrize("words", [["--off", "nurture"], ["--off", "all", "--reason", "x"]])
def test_the_command_refuses_what_is_unclear(words: list[str]) -> None:
    with pytest.raises(SystemExit):
        tool.main(words)


def test_every_kind_of_message_obeys_the_switch_of_all() -> None:
    from chalicelib.delivery.holding import switches_over

    assert all(Switch.OUTBOUND in switches_over(kind) for kind in MessageKind)
