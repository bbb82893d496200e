"""What people do with a lead, over HTTP: move, answer, close, take back, merge, rebuild."""

import json
from copy import deepcopy
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.qualify.effects import Change
from chalicelib.scoring.tally import Tally
from tests.baton import ANN, TOKEN, House, ask, model_document, qualify_only

BOB = "bob@acme.example"
FIVE = {
    "buying_cycle": "this quarter",
    "influence": "decides",
    "time_frame": "May",
    "size": "20 seats",
    "permission": True,
}


def move(house: House, stage: str, reason: str = "because", status: int = 200) -> Any:
    return ask(house, "stage", {"stage": stage, "reason": reason}, status=status)


def events(house: House, **wanted: str) -> list[str]:
    """The ids of Ann's events with these values in the timeline."""
    items = house.get(f"/v1/leads/{house.world.lead_id('ann@acme.example')}/timeline?limit=200")["items"]
    return [item["id"] for item in items if wanted.items() <= item.items()]


def outbox(house: House) -> dict[str, str]:
    """What left or will: the intent's key -> its state."""
    return {item["id"].partition("#")[2]: item["state"] for item in house.outbox()}


def fit_ann(house: House | None = None) -> House:
    """A house in which Ann, who fits, is a lead."""
    house = house or House()
    house.page("/")
    house.form("tour", consent=True, **ANN)
    house.until_quiet()
    return house


def sql_ann() -> House:
    """A house in which Ann asked for a demo."""
    house = fit_ann()
    house.form("demo", consent=True, **ANN)
    house.until_quiet()
    assert house.lead()["stage"] == "sql"
    return house


class TestMoves:
    def test_a_person_moves_a_lead_with_a_reason_and_the_timeline_says_who(self) -> None:
        house = fit_ann()
        assert move(house, "accepted", "met her at the fair")["stage"] == "accepted"
        timeline = house.get(f"/v1/leads/{house.world.lead_id('ann@acme.example')}/timeline")["items"]
        (moved,) = (
            item["detail"] for item in timeline if item["kind"] == "transition" and item["detail"]["to"] == "accepted"
        )
        assert (moved["actor"], moved["why"]) == ("person", "met her at the fair")
        assert [item["name"] for item in timeline if item["kind"] == "person"] == ["stage"]

    def test_an_illegal_edge_is_409_and_says_where_the_lead_can_go(self) -> None:
        detail = move(fit_ann(), "opportunity", status=409)["detail"]
        assert detail == (
            "a lead in stage lead cannot become opportunity; it can become accepted, customer, disqualified, mql, sql"
        )

    def test_a_refused_move_leaves_nothing_behind(self) -> None:
        house = fit_ann()
        before = dict(house.ports.memory.items)
        move(house, "opportunity", status=409)
        assert house.ports.memory.items == before

    @pytest.mark.parametrize(
        ("data", "field"),
        [
            ({"stage": "mql"}, "reason"),
            ({"reason": "x"}, "stage"),
            ({"stage": "vip", "reason": "x"}, "stage"),
            ({"stage": "mql", "reason": " "}, "reason"),
            ({"stage": "mql", "reason": "x" * 501}, "reason"),
            ({"stage": "mql", "reason": "a\x00b"}, "reason"),
            ({"stage": ["mql"], "reason": "x"}, "stage"),
            ({"stage": "mql", "reason": "x", "cycle": 9}, "cycle"),
            ([], "body"),
            ("mql", "body"),
        ],
    )
    def test_a_wrong_request_is_400_and_names_the_field(self, data: Any, field: str) -> None:
        errors = ask(fit_ann(), "stage", data, status=400)["errors"]
        assert [error["field"] for error in errors] == [field]

    def test_a_lead_that_nobody_knows_is_404(self) -> None:
        house = House()
        for lead_id in ("A" * 26, "nobody", "%00", "a" * 26, "LEAD%23" + "A" * 21):
            answer = house.post(f"/v1/leads/{lead_id}/stage", {"stage": "mql", "reason": "x"}, TOKEN)
            assert answer.status_code == 404, lead_id

    @pytest.mark.parametrize("what", ["stage", "opportunity", "outcome", "retract", "merge", "rebuild"])
    def test_without_the_token_nothing_is_done(self, what: str) -> None:
        house = fit_ann()
        answer = house.post(f"/v1/leads/{house.world.lead_id('ann@acme.example')}/{what}", {})
        assert answer.status_code == 401

    def test_a_recycled_lead_rests_as_long_as_the_model_says_for_the_reason(self) -> None:
        house = sql_ann()
        rested = move(house, "recycled", "No budget")
        assert (rested["stage"], rested["cycle"], rested["rest_until"]) == ("recycled", 2, "2027-02-20")

    def test_a_reason_that_the_model_does_not_name_rests_like_other(self) -> None:
        assert move(sql_ann(), "recycled", "her boss left")["rest_until"] == "2026-12-22"

    def test_a_lead_that_a_person_moved_back_does_not_return_by_the_same_evidence(self) -> None:
        house = sql_ann()
        back = move(house, "lead", "that was her intern")
        assert (back["stage"], back["cycle"]) == ("lead", 2)
        house.page("/blog/a")
        house.until_quiet()
        assert house.lead()["stage"] == "lead"

    def test_a_reinstated_lead_is_not_disqualified_again_by_the_same_rule(self) -> None:
        house = fit_ann()
        document = deepcopy(model_document())
        document["rules"]["undesirables"]["competitor"]["matches"] = ["acme.example"]
        house.world.models.load(document)
        house.page("/pricing")
        house.until_quiet()
        assert house.lead()["stage"] == "disqualified"
        assert move(house, "lead", "a partner of ours")["cycle"] == 2
        house.page("/product")
        house.until_quiet()
        assert house.lead()["stage"] == "lead"


class TestUndo:
    def test_a_verdict_is_undone_within_ten_minutes_in_the_same_cycle_without_another_handoff(self) -> None:
        house = sql_ann()
        told = outbox(house)
        move(house, "recycled", "not_ready")
        house.ports.clock.tick(timedelta(minutes=10))
        undone = move(house, "sql", "wrong button")
        assert (undone["stage"], undone["kind"], undone["cycle"], undone["rest_until"]) == ("sql", "requested", 1, None)
        assert undone["score"]["total"] == house.lead()["score"]["total"] > 60
        assert outbox(house) == told

    @pytest.mark.parametrize("verdict", ["accepted", "disqualified", "customer"])
    def test_after_ten_minutes_a_verdict_stands(self, verdict: str) -> None:
        house = sql_ann()
        move(house, verdict)
        house.ports.clock.tick(timedelta(minutes=10, seconds=1))
        assert "cannot become sql" in move(house, "sql", status=409)["detail"]

    def test_a_recycled_lead_can_always_be_handed_over_again_in_its_new_cycle(self) -> None:
        house = sql_ann()
        move(house, "recycled", "not_ready")
        house.ports.clock.tick(timedelta(hours=1))
        again = move(house, "sql", "she called")
        assert (again["stage"], again["cycle"]) == ("sql", 2)
        assert outbox(house)["handoff#2#mail"] == "sent"


class TestRequests:
    @pytest.mark.parametrize("stage", ["sql", "accepted", "customer"])
    def test_rule_1_a_new_request_reaches_the_owner_of_a_lead_that_sales_has_already(self, stage: str) -> None:
        house = sql_ann()
        if stage != "sql":
            move(house, stage)
        for _ in range(2):
            house.form("contact", **ANN)
            house.until_quiet()
        fresh = [key for key in outbox(house) if key.startswith("triage")]
        assert sorted(fresh) == ["triage#1#mail#2026-11-22", "triage#1#topic#2026-11-22"], "once a day"
        assert house.lead()["stage"] == stage

    def test_rule_1_a_request_is_heard_although_the_handoff_is_held(self) -> None:
        house = House()
        for days in (3, 1):
            house.page("/pricing", at=house.ports.now() - timedelta(days=days))
        house.page("/compare/us")
        house.form("guide", email=ANN["email"])
        house.until_quiet()
        body = json.dumps(ANN)
        house.http("POST", "/v1/leads/import", body, {**TOKEN, "Content-Type": "application/x-ndjson"})
        house.until_quiet()
        assert (house.lead()["stage"], house.outbox()) == ("sql", [])
        house.form("demo", **ANN)
        house.until_quiet()
        assert {item["kind"] for item in house.outbox()} == {"triage"}

    def test_a_notice_that_waits_does_not_leave_when_sales_has_answered(self) -> None:
        house = fit_ann()
        house.form("demo", consent=True, **ANN)
        qualify_only(house)
        move(house, "accepted")
        told = {key: state for key, state in outbox(house).items() if not key.startswith("letter")}
        assert told == {f"handoff#1#{channel}": "cancelled" for channel in ("mail", "text", "topic")}


class TestOpportunity:
    def test_the_fifth_answer_makes_an_accepted_lead_an_opportunity(self) -> None:
        house = sql_ann()
        move(house, "accepted")
        for number, (question, answer) in enumerate(FIVE.items(), 1):
            lead = ask(house, "opportunity", {question: answer})
            assert lead["stage"] == ("opportunity" if number == 5 else "accepted")
        assert lead["opportunity"] == FIVE

    def test_answers_of_an_earlier_cycle_do_not_count(self) -> None:
        house = sql_ann()
        move(house, "accepted")
        ask(house, "opportunity", FIVE)
        corrected = move(house, "accepted", "too early")
        assert (corrected["cycle"], corrected["opportunity"]) == (2, None)
        assert ask(house, "opportunity", {"size": "5 seats"})["stage"] == "accepted"

    def test_a_lead_that_sales_did_not_accept_has_no_answers(self) -> None:
        assert "accepted" in ask(sql_ann(), "opportunity", FIVE, status=409)["detail"]

    @pytest.mark.parametrize(
        ("data", "field"),
        [({}, "body"), ({"size": ""}, "size"), ({"permission": "yes"}, "permission"), ({"size": "x" * 501}, "size")],
    )
    def test_a_wrong_answer_is_400(self, data: Any, field: str) -> None:
        house = sql_ann()
        move(house, "accepted")
        assert [one["field"] for one in ask(house, "opportunity", data, status=400)["errors"]] == [field]


class TestOutcome:
    def test_a_won_opportunity_is_a_customer_and_its_request_is_never_a_new_sql(self) -> None:
        house = sql_ann()
        move(house, "accepted")
        ask(house, "opportunity", FIVE)
        won = ask(house, "outcome", {"outcome": "won", "value": 12_000})
        assert (won["stage"], won["outcome"]) == ("customer", "won")
        house.form("demo", **ANN)
        house.until_quiet()
        assert house.lead()["stage"] == "customer"

    def test_a_lost_one_rests_by_what_it_was_lost_to(self) -> None:
        house = sql_ann()
        move(house, "accepted")
        ask(house, "opportunity", FIVE)
        lost = ask(house, "outcome", {"outcome": "lost", "reason": "competitor"})
        assert (lost["stage"], lost["cycle"], lost["rest_until"]) == ("recycled", 2, "2027-05-21")

    def test_a_customer_who_leaves_is_recycled_in_a_new_cycle(self) -> None:
        house = fit_ann()
        move(house, "customer")
        churned = move(house, "recycled", "churned")
        assert (churned["stage"], churned["cycle"]) == ("recycled", 2)

    def test_what_sales_does_not_have_cannot_be_lost(self) -> None:
        assert (
            "only one that sales has can be lost"
            in ask(fit_ann(), "outcome", {"outcome": "lost"}, status=409)["detail"]
        )

    @pytest.mark.parametrize("value", [-1, "12", 1e13, True])
    def test_a_wrong_value_is_400(self, value: Any) -> None:
        errors = ask(sql_ann(), "outcome", {"outcome": "won", "value": value}, status=400)["errors"]
        assert [error["field"] for error in errors] == ["value"]


class TestRetraction:
    def test_what_was_taken_back_no_longer_scores_and_the_stage_is_undone(self) -> None:
        house = sql_ann()
        back = ask(house, "retract", {"event_ids": events(house, kind="form", name="demo"), "reason": "our own test"})
        assert (back["stage"], back["cycle"], back["score"]["groups"]["intent"]) == ("lead", 2, 0)

    def test_the_salesperson_who_was_told_gets_a_correction_by_the_same_channels(self) -> None:
        house = sql_ann()
        ask(house, "retract", {"event_ids": events(house, kind="form", name="demo"), "reason": "our own test"})
        corrections = {key: state for key, state in outbox(house).items() if key.startswith("correction")}
        assert corrections == {f"correction#1#{channel}": "sent" for channel in ("mail", "text", "topic")}

    def test_a_handoff_that_has_not_left_is_cancelled_instead(self) -> None:
        house = fit_ann()
        house.form("demo", consent=True, **ANN)
        qualify_only(house)
        (demo,) = events(house, kind="form", name="demo")
        ask(house, "retract", {"event_ids": [demo], "reason": "our own test"})
        told = outbox(house)
        assert {state for key, state in told.items() if key.startswith("handoff")} == {"cancelled"}
        assert not [key for key in told if key.startswith("correction")]
        assert not [one for one in house.ports.senders.sent if "handoff" in str(getattr(one, "reference", "handoff"))]

    def test_what_sales_accepted_stays_accepted(self) -> None:
        house = sql_ann()
        move(house, "accepted")
        back = ask(house, "retract", {"event_ids": events(house, kind="form", name="demo"), "reason": "test"})
        assert (back["stage"], back["score"]["groups"]["intent"]) == ("accepted", 0)

    def test_taking_back_something_else_leaves_the_stage_even_when_its_evidence_is_old(self) -> None:
        house = sql_ann()
        house.ports.clock.tick(timedelta(days=20))
        pages = events(house, kind="page")
        assert ask(house, "retract", {"event_ids": pages, "reason": "a bot"})["stage"] == "sql"

    def test_again_it_changes_nothing(self) -> None:
        house = sql_ann()
        demo = events(house, kind="form", name="demo")
        ask(house, "retract", {"event_ids": demo, "reason": "test"})
        before = dict(house.ports.memory.items)
        ask(house, "retract", {"event_ids": demo, "reason": "test"})
        assert house.ports.memory.items == before

    def test_a_mail_scanners_click_is_taken_back_and_the_mql_is_a_lead_again(self) -> None:
        house = fit_ann()
        house.form("guide", consent=True, **ANN)
        house.until_quiet()
        assert house.lead()["stage"] == "mql"
        taken = [*events(house, kind="form", name="guide"), *events(house, kind="track")]
        assert ask(house, "retract", {"event_ids": taken, "reason": "a scanner"})["stage"] == "lead"

    def test_a_redelivered_event_that_was_taken_back_is_not_counted_again(self) -> None:
        house = sql_ann()
        ask(house, "retract", {"event_ids": events(house, kind="form", name="demo"), "reason": "test"})
        for item in list(house.ports.memory.inserted):
            house.handle(item)
        assert house.lead()["score"]["groups"]["intent"] == 0

    @pytest.mark.parametrize(
        ("ids", "field"),
        [([], "event_ids"), (["nonsense"], "event_ids.0"), (["transition-1"], "event_ids.0"), ("x", "event_ids")],
    )
    def test_what_is_no_event_of_the_lead_is_400(self, ids: Any, field: str) -> None:
        errors = ask(sql_ann(), "retract", {"event_ids": ids, "reason": "x"}, status=400)["errors"]
        assert [error["field"] for error in errors] == [field]

    def test_a_persons_act_cannot_be_taken_back(self) -> None:
        house = sql_ann()
        move(house, "accepted")
        acts = events(house, kind="person")
        error = ask(house, "retract", {"event_ids": acts, "reason": "x"}, status=400)["errors"][0]
        assert error == {"field": "event_ids.0", "message": "is a person's act, which is not scored"}


class TestMerge:
    def both(self) -> House:
        """Ann is a lead; Bob, who asked for a demo, is an SQL."""
        house = fit_ann()
        house.page("/pricing", visitor="v2")
        house.form("demo", visitor="v2", email=BOB, job_title="CTO", company_size=120)
        house.until_quiet()
        assert house.lead(BOB)["stage"] == "sql"
        return house

    def merge(self, house: House, status: int = 200, **other: str) -> Any:
        return ask(house, "merge", {"other_lead_id": house.world.lead_id(BOB), **other}, status=status)

    def test_the_furthest_stage_and_all_that_both_did_survive(self) -> None:
        house = self.both()
        merged = self.merge(house)
        assert (merged["stage"], merged["kind"], merged["owner"]) == ("sql", "requested", "sam")
        assert {"pricing-page", "demo-request"} <= {line["rule"] for line in merged["score"]["reasons"]}

    def test_the_other_id_and_address_answer_with_the_one_that_is_left(self) -> None:
        house = self.both()
        self.merge(house)
        ann = house.world.lead_id("ann@acme.example")
        assert house.lead(BOB)["lead_id"] == ann
        assert [one["lead_id"] for one in house.get(f"/v1/leads?email={BOB}")["leads"]] == [ann]
        assert [one["lead_id"] for one in house.get("/v1/leads?stage=sql")["leads"]] == [ann]

    def test_what_the_other_address_does_later_counts_for_the_one_that_is_left(self) -> None:
        house = self.both()
        self.merge(house)
        house.page("/compare/us", visitor="v2")
        house.form("guide", visitor="v2", email=BOB)
        house.until_quiet()
        assert {"compare-page", "guide-download"} <= {line["rule"] for line in house.lead()["score"]["reasons"]}
        assert ask(house, "rebuild", {})["differences"] == []

    def test_letters_go_on_to_the_address_whose_consent_is_asked(self) -> None:
        house = self.both()
        self.merge(house)
        assert house.lead()["email"] == "ann@acme.example"

    def test_what_waits_for_the_other_is_cancelled(self) -> None:
        house = fit_ann()
        house.form("demo", visitor="v2", email=BOB, job_title="CTO", company_size=120)
        qualify_only(house)
        self.merge(house)
        bob = house.world.lead_id(BOB)
        states = {item["state"] for item in house.outbox() if item["lead_id"] == bob}
        assert states == {"cancelled"}
        assert outbox(house)["handoff#1#mail"] == "sent", "sales is told of the one that is left"

    def test_sales_is_not_told_twice_of_one_person(self) -> None:
        house = self.both()
        sent = len(house.ports.senders.sent)
        self.merge(house)
        assert len(house.ports.senders.sent) == sent

    def test_again_it_changes_nothing_and_no_cycle_can_be_made(self) -> None:
        house = self.both()
        self.merge(house)
        before = dict(house.ports.memory.items)
        self.merge(house)
        back = ask(house, "merge", {"other_lead_id": house.world.lead_id("ann@acme.example")}, email=BOB)
        assert back["lead_id"] == house.world.lead_id("ann@acme.example")
        assert house.ports.memory.items == before

    def test_a_handoff_that_was_a_mistake_is_corrected_although_a_merge_raised_the_cycle(self) -> None:
        house = sql_ann()
        house.form("tour", visitor="v2", email=BOB, job_title="CTO", company_size=120)
        house.until_quiet()
        for stage in ("customer", "recycled"):
            ask(house, "stage", {"stage": stage, "reason": "churned"}, email=BOB)
        assert self.merge(house)["cycle"] == 2
        ask(house, "retract", {"event_ids": events(house, kind="form", name="demo"), "reason": "our own test"})
        assert {key for key in outbox(house) if key.startswith("correction")} == {
            f"correction#1#{channel}" for channel in ("mail", "text", "topic")
        }

    def test_three_become_one(self) -> None:
        house = self.both()
        house.form("guide", visitor="v3", email="eve@acme.example")
        house.until_quiet()
        ask(house, "merge", {"other_lead_id": house.world.lead_id("eve@acme.example")}, email=BOB)
        self.merge(house)
        assert house.lead("eve@acme.example")["lead_id"] == house.lead()["lead_id"]
        assert {"guide-download", "demo-request"} <= {line["rule"] for line in house.lead()["score"]["reasons"]}
        assert ask(house, "rebuild", {})["differences"] == []

    def test_a_lead_cannot_be_merged_with_itself_nor_with_nobody(self) -> None:
        house = self.both()
        ann = house.world.lead_id("ann@acme.example")
        assert self.merge(house, 400, other_lead_id=ann)["errors"][0]["field"] == "other_lead_id"
        self.merge(house, 404, other_lead_id="A" * 26)

    def test_either_suppression_holds_for_its_address(self) -> None:
        house = self.both()
        house.world.unsubscribe.unsubscribe(house.world.lead_id(BOB))
        house.until_quiet()
        self.merge(house)
        assert house.world.consents.read(house.world.lead_id(BOB)).suppressed == "unsubscribed"
        assert house.lead()["suppressed"] is None

    def test_the_timeline_tells_what_both_did(self) -> None:
        house = self.both()
        self.merge(house)
        items = house.get(f"/v1/leads/{house.world.lead_id(BOB)}/timeline?limit=200")["items"]
        assert {"tour", "demo", "merged"} <= {item["name"] for item in items}


class TestRebuild:
    def test_on_a_healthy_lead_nothing_differs(self) -> None:
        assert ask(sql_ann(), "rebuild", {})["differences"] == []

    def test_what_was_spoilt_is_named_and_put_right(self) -> None:
        house = sql_ann()
        world = house.world
        lead = world.leads.read(world.lead_id("ann@acme.example"))
        world.leads.write(lead, replace(lead, version=lead.version + 1, tally=Tally()), Change())
        found = ask(house, "rebuild", {})["differences"]
        assert {one["part"] for one in found} >= {"tally.demo-request", "tally.site-visit"}
        assert ask(house, "rebuild", {})["differences"] == []
        assert house.lead()["score"]["groups"]["intent"] == 30


def test_a_busy_table_only_makes_a_command_try_again() -> None:
    house = sql_ann()
    house.ports.memory.be_busy(7)
    assert move(house, "accepted")["stage"] == "accepted"
