"""What people do with a lead, over HTTP: move, answer, close, take back, merge, rebuild."""

import json
from copy import deepcopy
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.consent.consent import SuppressionReason
from chalicelib.events import Kind, lead_partition
from chalicelib.qualify.reactions import LeadChange
from chalicelib.scoring.tally import Tally
from chalicelib.store.table import Write
from tests import factories as make
from tests.baton import ANN, TOKEN, InMemoryBaton, ask, key_of, model_document, qualify_only

BOB = "bob@acme.example"
FIVE = {
    "buying_cycle": "this quarter",
    "influence": "decides",
    "time_frame": "May",
    "size": "20 seats",
    "permission": True,
}


def move(baton: InMemoryBaton, stage: str, reason: str = "because", status: int = 200) -> Any:
    return ask(baton, "stage", {"stage": stage, "reason": reason}, status=status)


def events(baton: InMemoryBaton, **wanted: str) -> list[str]:
    """The ids of Ann's events with these values in the timeline."""
    items = baton.get(f"/v1/leads/{baton.world.lead_id('ann@acme.example')}/timeline?limit=200")[
        "items"
    ]
    return [item["id"] for item in items if wanted.items() <= item.items()]


def outbox(baton: InMemoryBaton) -> dict[str, str]:
    """What left or will: the message's key -> its state."""
    return {key_of(item): item["state"] for item in baton.outbox()}


def fit_ann(baton: InMemoryBaton | None = None) -> InMemoryBaton:
    """A Baton in which Ann, who fits, is a lead."""
    baton = baton or InMemoryBaton()
    baton.page("/")
    baton.form("tour", consent=True, **ANN)
    baton.until_quiet()
    return baton


def sql_ann() -> InMemoryBaton:
    """A Baton in which Ann asked for a demo."""
    baton = fit_ann()
    baton.form("demo", consent=True, **ANN)
    baton.until_quiet()
    assert baton.lead()["stage"] == "sql"
    return baton


class TestMoves:
    def test_the_timeline_says_who_moved_a_lead_and_why(self) -> None:
        baton = fit_ann()
        assert move(baton, "accepted", "met her at the fair")["stage"] == "accepted"
        timeline = baton.get(f"/v1/leads/{baton.world.lead_id('ann@acme.example')}/timeline")[
            "items"
        ]
        (moved,) = (
            item["detail"]
            for item in timeline
            if item["kind"] == "transition" and item["detail"]["to"] == "accepted"
        )
        assert (moved["actor"], moved["why"]) == ("person", "met her at the fair")
        assert [item["name"] for item in timeline if item["kind"] == "person"] == ["stage"]

    def test_an_illegal_edge_is_409_and_names_legal_ones(self) -> None:
        detail = move(fit_ann(), "opportunity", status=409)["detail"]
        assert (
            detail
            == "a lead in stage lead cannot become opportunity; it can become accepted, customer,"
            " disqualified, mql, sql"
        )

    def test_a_refused_move_leaves_nothing_behind(self) -> None:
        baton = fit_ann()
        before = baton.kept()
        move(baton, "opportunity", status=409)
        assert baton.kept() == before

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
        baton = InMemoryBaton()
        for lead_id in ("A" * 26, "nobody", "%00", "a" * 26, "LEAD%23" + "A" * 21):
            answer = baton.post(
                f"/v1/leads/{lead_id}/stage", {"stage": "mql", "reason": "x"}, TOKEN
            )
            assert answer.status_code == 404, lead_id

    @pytest.mark.parametrize(
        "what", ["stage", "opportunity", "outcome", "contact", "retract", "merge", "rebuild"]
    )
    def test_without_the_token_nothing_is_done(self, what: str) -> None:
        baton = fit_ann()
        answer = baton.post(f"/v1/leads/{baton.world.lead_id('ann@acme.example')}/{what}", {})
        assert answer.status_code == 401

    def test_a_recycled_lead_rests_as_long_as_its_reason_says(self) -> None:
        baton = sql_ann()
        rested = move(baton, "recycled", "No budget")
        assert (rested["stage"], rested["cycle"], rested["rest_until"]) == (
            "recycled",
            2,
            "2027-02-20",
        )

    def test_a_reason_unknown_to_the_model_rests_like_other(self) -> None:
        assert move(sql_ann(), "recycled", "her boss left")["rest_until"] == "2026-12-22"

    def test_a_lead_moved_back_does_not_return_by_old_evidence(self) -> None:
        baton = sql_ann()
        back = move(baton, "lead", "that was her intern")
        assert (back["stage"], back["cycle"]) == ("lead", 2)
        baton.page("/blog/a")
        baton.until_quiet()
        assert baton.lead()["stage"] == "lead"

    def test_a_reinstated_lead_is_safe_from_the_same_rule(self) -> None:
        baton = fit_ann()
        document = deepcopy(model_document())
        document["rules"]["undesirables"]["competitor"]["matches"] = ["acme.example"]
        baton.world.models.load(document)
        baton.page("/pricing")
        baton.until_quiet()
        assert baton.lead()["stage"] == "disqualified"
        assert move(baton, "lead", "a partner of ours")["cycle"] == 2
        baton.page("/product")
        baton.until_quiet()
        assert baton.lead()["stage"] == "lead"


class TestUndo:
    def test_a_verdict_is_undone_without_another_handoff(
        self,
    ) -> None:
        """Within ten minutes, in the same cycle."""
        baton = sql_ann()
        told = outbox(baton)
        move(baton, "recycled", "not_ready")
        baton.ports.clock.tick(timedelta(minutes=10))
        undone = move(baton, "sql", "wrong button")
        assert (undone["stage"], undone["kind"], undone["cycle"], undone["rest_until"]) == (
            "sql",
            "requested",
            1,
            None,
        )
        assert undone["score"]["total"] == baton.lead()["score"]["total"] > 60
        assert outbox(baton) == told

    @pytest.mark.parametrize("verdict", ["accepted", "disqualified", "customer"])
    def test_after_ten_minutes_a_verdict_stands(self, verdict: str) -> None:
        baton = sql_ann()
        move(baton, verdict)
        baton.ports.clock.tick(timedelta(minutes=10, seconds=1))
        assert "cannot become sql" in move(baton, "sql", status=409)["detail"]

    def test_a_recycled_lead_can_be_handed_over_again(self) -> None:
        baton = sql_ann()
        move(baton, "recycled", "not_ready")
        baton.ports.clock.tick(timedelta(hours=1))
        again = move(baton, "sql", "she called")
        assert (again["stage"], again["cycle"]) == ("sql", 2)
        assert outbox(baton)["handoff#2#email"] == "sent"


class TestRequests:
    @pytest.mark.parametrize("stage", ["sql", "accepted", "customer"])
    def test_rule_7_each_new_request_reaches_the_owner_in_sales(self, stage: str) -> None:
        """The second one of a day was silent: the key of its message had the day."""
        baton = sql_ann()
        if stage != "sql":
            move(baton, stage)
        for _ in range(2):
            baton.form("contact", **ANN)
            baton.until_quiet()
        fresh = [key for key in outbox(baton) if key.startswith("triage")]
        requests = events(baton, kind="form", name="contact")
        ways = ("email", "sns")
        assert sorted(fresh) == sorted(f"triage#1#{way}#{one}" for way in ways for one in requests)
        assert baton.lead()["stage"] == stage

    def test_rule_1_a_request_opens_a_held_handoff(self) -> None:
        baton = InMemoryBaton()
        for days in (3, 1):
            baton.page("/pricing", at=baton.ports.now() - timedelta(days=days))
        baton.page("/compare/us")
        baton.form("guide", email=ANN["email"])
        baton.until_quiet()
        body = json.dumps(ANN)
        baton.http(
            "POST", "/v1/leads/import", body, {**TOKEN, "Content-Type": "application/x-ndjson"}
        )
        baton.until_quiet()
        assert (baton.lead()["stage"], baton.outbox()) == ("sql", [])
        baton.form("demo", **ANN)
        baton.until_quiet()
        assert {key_of(item) for item in baton.outbox()} == {
            "handoff#1#email",
            "handoff#1#sms",
            "handoff#1#sns",
        }
        (handoff,) = baton.world.leads.handoffs(baton.lead()["lead_id"])
        assert (handoff.state, handoff.kind, handoff.priority) == ("open", "requested", "p1")
        assert handoff.opened_at == baton.ports.now()

    def test_a_waiting_notice_stays_when_sales_has_answered(self) -> None:
        baton = fit_ann()
        baton.form("demo", consent=True, **ANN)
        qualify_only(baton)
        move(baton, "accepted")
        told = {key: state for key, state in outbox(baton).items() if not key.startswith("email")}
        assert told == {f"handoff#1#{via}": "cancelled" for via in ("email", "sms", "sns")}


class TestOpportunity:
    def test_the_fifth_answer_makes_an_accepted_lead_an_opportunity(self) -> None:
        baton = sql_ann()
        move(baton, "accepted")
        for number, (question, answer) in enumerate(FIVE.items(), 1):
            lead = ask(baton, "opportunity", {question: answer})
            assert lead["stage"] == ("opportunity" if number == 5 else "accepted")
        assert lead["opportunity"] == FIVE

    def test_answers_of_an_earlier_cycle_do_not_count(self) -> None:
        baton = sql_ann()
        move(baton, "accepted")
        ask(baton, "opportunity", FIVE)
        corrected = move(baton, "accepted", "too early")
        assert (corrected["cycle"], corrected["opportunity"]) == (2, None)
        assert ask(baton, "opportunity", {"size": "5 seats"})["stage"] == "accepted"

    def test_a_lead_that_sales_did_not_accept_has_no_answers(self) -> None:
        assert "accepted" in ask(sql_ann(), "opportunity", FIVE, status=409)["detail"]

    @pytest.mark.parametrize(
        ("data", "field"),
        [
            ({}, "body"),
            ({"size": ""}, "size"),
            ({"permission": "yes"}, "permission"),
            ({"size": "x" * 501}, "size"),
        ],
    )
    def test_a_wrong_answer_is_400(self, data: Any, field: str) -> None:
        baton = sql_ann()
        move(baton, "accepted")
        assert [one["field"] for one in ask(baton, "opportunity", data, status=400)["errors"]] == [
            field
        ]


class TestOutcome:
    def test_a_won_opportunity_never_becomes_a_new_sql(self) -> None:
        """The lead is a customer, and its request stays a customer's request."""
        baton = sql_ann()
        move(baton, "accepted")
        ask(baton, "opportunity", FIVE)
        won = ask(baton, "outcome", {"outcome": "won", "value": 12_000})
        assert (won["stage"], won["outcome"]) == ("customer", "won")
        baton.form("demo", **ANN)
        baton.until_quiet()
        assert baton.lead()["stage"] == "customer"

    def test_a_lost_one_rests_by_what_it_was_lost_to(self) -> None:
        baton = sql_ann()
        move(baton, "accepted")
        ask(baton, "opportunity", FIVE)
        lost = ask(baton, "outcome", {"outcome": "lost", "reason": "competitor"})
        assert (lost["stage"], lost["cycle"], lost["rest_until"]) == ("recycled", 2, "2027-05-21")

    def test_a_customer_who_leaves_is_recycled_in_a_new_cycle(self) -> None:
        baton = fit_ann()
        move(baton, "customer")
        churned = move(baton, "recycled", "churned")
        assert (churned["stage"], churned["cycle"]) == ("recycled", 2)

    def test_what_sales_does_not_have_cannot_be_lost(self) -> None:
        assert (
            "only a lead that sales has can be lost"
            in ask(fit_ann(), "outcome", {"outcome": "lost"}, status=409)["detail"]
        )

    @pytest.mark.parametrize("value", [-1, "12", 1e13, True])
    def test_a_wrong_value_is_400(self, value: Any) -> None:
        errors = ask(sql_ann(), "outcome", {"outcome": "won", "value": value}, status=400)["errors"]
        assert [error["field"] for error in errors] == ["value"]


class TestRetraction:
    def test_what_was_taken_back_loses_score_and_stage(self) -> None:
        baton = sql_ann()
        back = ask(
            baton,
            "retract",
            {"event_ids": events(baton, kind="form", name="demo"), "reason": "our own test"},
        )
        assert (back["stage"], back["cycle"], back["score"]["groups"]["intent"]) == ("lead", 2, 0)

    def test_the_notified_salesperson_gets_a_correction_the_same_way(self) -> None:
        baton = sql_ann()
        ask(
            baton,
            "retract",
            {"event_ids": events(baton, kind="form", name="demo"), "reason": "our own test"},
        )
        corrections = {
            key: state for key, state in outbox(baton).items() if key.startswith("correction")
        }
        assert corrections == {f"correction#1#{via}": "sent" for via in ("email", "sms", "sns")}

    def test_a_handoff_that_has_not_left_is_cancelled_instead(self) -> None:
        baton = fit_ann()
        baton.form("demo", consent=True, **ANN)
        qualify_only(baton)
        (demo,) = events(baton, kind="form", name="demo")
        ask(baton, "retract", {"event_ids": [demo], "reason": "our own test"})
        told = outbox(baton)
        assert {state for key, state in told.items() if key.startswith("handoff")} == {"cancelled"}
        assert not [key for key in told if key.startswith("correction")]
        assert not [
            one
            for one in baton.ports.senders.sent
            if "handoff" in str(getattr(one, "reference", "handoff"))
        ]

    def test_what_sales_accepted_stays_accepted(self) -> None:
        baton = sql_ann()
        move(baton, "accepted")
        back = ask(
            baton,
            "retract",
            {"event_ids": events(baton, kind="form", name="demo"), "reason": "test"},
        )
        assert (back["stage"], back["score"]["groups"]["intent"]) == ("accepted", 0)

    def test_taking_back_something_else_leaves_the_stage(
        self,
    ) -> None:
        baton = sql_ann()
        baton.ports.clock.tick(timedelta(days=20))
        pages = events(baton, kind="page")
        assert ask(baton, "retract", {"event_ids": pages, "reason": "a bot"})["stage"] == "sql"

    def test_again_it_changes_nothing(self) -> None:
        baton = sql_ann()
        demo = events(baton, kind="form", name="demo")
        ask(baton, "retract", {"event_ids": demo, "reason": "test"})
        before = baton.kept()
        ask(baton, "retract", {"event_ids": demo, "reason": "test"})
        assert baton.kept() == before

    def test_taking_back_a_scanners_click_makes_a_lead_again(self) -> None:
        baton = fit_ann()
        baton.form("guide", consent=True, **ANN)
        baton.until_quiet()
        assert baton.lead()["stage"] == "mql"
        taken = [*events(baton, kind="form", name="guide"), *events(baton, kind="track")]
        assert ask(baton, "retract", {"event_ids": taken, "reason": "a scanner"})["stage"] == "lead"

    def test_a_retracted_event_that_comes_again_is_not_counted(self) -> None:
        baton = sql_ann()
        ask(
            baton,
            "retract",
            {"event_ids": events(baton, kind="form", name="demo"), "reason": "test"},
        )
        for item in list(baton.ports.memory.inserted):
            baton.handle(item)
        assert baton.lead()["score"]["groups"]["intent"] == 0

    @pytest.mark.parametrize(
        ("ids", "field"),
        [
            ([], "event_ids"),
            (["nonsense"], "event_ids.0"),
            (["transition-1"], "event_ids.0"),
            ("x", "event_ids"),
        ],
    )
    def test_what_is_no_event_of_the_lead_is_400(self, ids: Any, field: str) -> None:
        errors = ask(sql_ann(), "retract", {"event_ids": ids, "reason": "x"}, status=400)["errors"]
        assert [error["field"] for error in errors] == [field]

    def test_a_persons_act_cannot_be_taken_back(self) -> None:
        baton = sql_ann()
        move(baton, "accepted")
        acts = events(baton, kind="person")
        error = ask(baton, "retract", {"event_ids": acts, "reason": "x"}, status=400)["errors"][0]
        assert error == {
            "field": "event_ids.0",
            "message": "is a person's act, which is not scored",
        }


class TestMerge:
    def both(self) -> InMemoryBaton:
        """Ann is a lead; Bob, who asked for a demo, is an SQL."""
        baton = fit_ann()
        baton.page("/pricing", visitor="v2")
        baton.form("demo", visitor="v2", email=BOB, job_title="CTO", company_size=120)
        baton.until_quiet()
        assert baton.lead(BOB)["stage"] == "sql"
        return baton

    def merge(self, baton: InMemoryBaton, status: int = 200, **other: str) -> Any:
        return ask(
            baton, "merge", {"other_lead_id": baton.world.lead_id(BOB), **other}, status=status
        )

    def test_the_furthest_stage_and_all_that_both_did_survive(self) -> None:
        baton = self.both()
        merged = self.merge(baton)
        assert (merged["stage"], merged["kind"], merged["owner"]) == ("sql", "requested", "sam")
        assert {"pricing-page", "demo-request"} <= {
            line["rule"] for line in merged["score"]["reasons"]
        }

    def test_a_merged_id_or_address_answers_with_the_survivor(self) -> None:
        baton = self.both()
        self.merge(baton)
        ann = baton.world.lead_id("ann@acme.example")
        assert baton.lead(BOB)["lead_id"] == ann
        assert [one["lead_id"] for one in baton.get(f"/v1/leads?email={BOB}")["leads"]] == [ann]
        assert [one["lead_id"] for one in baton.get("/v1/leads?stage=sql")["leads"]] == [ann]

    def test_what_a_merged_address_does_counts_for_the_survivor(self) -> None:
        baton = self.both()
        self.merge(baton)
        baton.page("/compare/us", visitor="v2")
        baton.form("guide", visitor="v2", email=BOB)
        baton.until_quiet()
        assert {"compare-page", "guide-download"} <= {
            line["rule"] for line in baton.lead()["score"]["reasons"]
        }
        assert ask(baton, "rebuild", {})["differences"] == []

    def test_emails_go_on_to_the_address_whose_consent_is_asked(self) -> None:
        baton = self.both()
        self.merge(baton)
        assert baton.lead()["email"] == "ann@acme.example"

    def test_what_waits_for_the_other_is_cancelled(self) -> None:
        baton = fit_ann()
        baton.form("demo", visitor="v2", email=BOB, job_title="CTO", company_size=120)
        qualify_only(baton)
        self.merge(baton)
        bob = baton.world.lead_id(BOB)
        states = {item["state"] for item in baton.outbox() if item["lead_id"] == bob}
        assert states == {"cancelled"}
        assert outbox(baton)["handoff#1#email"] == "sent", "sales is told of the one that is left"

    def test_sales_is_not_told_twice_of_one_person(self) -> None:
        baton = self.both()
        sent = len(baton.ports.senders.sent)
        self.merge(baton)
        assert len(baton.ports.senders.sent) == sent

    def test_again_it_changes_nothing_and_no_cycle_can_be_made(self) -> None:
        baton = self.both()
        self.merge(baton)
        before = baton.kept()
        self.merge(baton)
        back = ask(
            baton, "merge", {"other_lead_id": baton.world.lead_id("ann@acme.example")}, email=BOB
        )
        assert back["lead_id"] == baton.world.lead_id("ann@acme.example")
        assert baton.kept() == before

    def test_a_mistaken_handoff_is_corrected_after_a_merge(
        self,
    ) -> None:
        baton = sql_ann()
        baton.form("tour", visitor="v2", email=BOB, job_title="CTO", company_size=120)
        baton.until_quiet()
        for stage in ("customer", "recycled"):
            ask(baton, "stage", {"stage": stage, "reason": "churned"}, email=BOB)
        assert self.merge(baton)["cycle"] == 2
        ask(
            baton,
            "retract",
            {"event_ids": events(baton, kind="form", name="demo"), "reason": "our own test"},
        )
        assert {key for key in outbox(baton) if key.startswith("correction")} == {
            f"correction#1#{via}" for via in ("email", "sms", "sns")
        }

    def test_three_become_one(self) -> None:
        baton = self.both()
        baton.form("guide", visitor="v3", email="eve@acme.example")
        baton.until_quiet()
        ask(baton, "merge", {"other_lead_id": baton.world.lead_id("eve@acme.example")}, email=BOB)
        self.merge(baton)
        assert baton.lead("eve@acme.example")["lead_id"] == baton.lead()["lead_id"]
        assert {"guide-download", "demo-request"} <= {
            line["rule"] for line in baton.lead()["score"]["reasons"]
        }
        assert ask(baton, "rebuild", {})["differences"] == []

    def test_a_lead_cannot_be_merged_with_itself_nor_with_nobody(self) -> None:
        baton = self.both()
        ann = baton.world.lead_id("ann@acme.example")
        assert self.merge(baton, 400, other_lead_id=ann)["errors"][0]["field"] == "other_lead_id"
        self.merge(baton, 404, other_lead_id="A" * 26)

    def test_a_wish_of_either_address_holds_for_the_survivor(self) -> None:
        """Emails used to go on to the survivor, of a person who had pressed "unsubscribe"."""
        baton = self.both()
        baton.world.unsubscribe.unsubscribe(baton.world.lead_id(BOB))
        baton.until_quiet()
        assert baton.lead()["suppressed"] is None
        self.merge(baton)
        assert baton.world.consents.read(baton.world.lead_id(BOB)).suppressed == "unsubscribed"
        assert baton.lead()["suppressed"] == "unsubscribed"

    def test_an_absorbed_addresss_link_stops_the_survivor(self) -> None:
        baton = self.both()
        self.merge(baton)
        for _ in range(2):
            baton.world.unsubscribe.unsubscribe(baton.world.lead_id(BOB))
            baton.until_quiet()
        assert baton.lead()["suppressed"] == "unsubscribed"
        items = baton.get(f"/v1/leads/{baton.lead()['lead_id']}/timeline")["items"]
        assert [item["name"] for item in items].count("unsubscribed") == 1

    def test_a_bounce_stays_with_its_address(self) -> None:
        baton = self.both()
        bob = baton.world.lead_id(BOB)
        event = make.event(Kind.MAIL, "bounced", partition=lead_partition(bob))
        baton.world.suppression.suppress(bob, SuppressionReason.BOUNCED, event)
        self.merge(baton)
        baton.world.suppression.suppress(bob, SuppressionReason.BOUNCED, event)
        assert baton.world.consents.read(bob).suppressed == "bounced"
        assert baton.lead()["suppressed"] is None

    def test_an_unsubscribe_amid_a_merge_is_kept(self) -> None:
        """Unsubscribed between the merge's reading and its writing."""
        baton = self.both()
        ann = baton.world.lead_id("ann@acme.example")
        bob = baton.world.lead_id(BOB)
        write = baton.ports.memory.write

        def unsubscribe_first(*writes: Write) -> None:
            if len(writes) > 3:
                baton.ports.memory.write = write  # type: ignore[method-assign]
                baton.world.unsubscribe.unsubscribe(bob)
            write(*writes)

        baton.ports.memory.write = unsubscribe_first  # type: ignore[method-assign]
        baton.world.corrections.merge(ann, bob)
        assert baton.lead()["suppressed"] == "unsubscribed"

    def test_the_timeline_tells_what_both_did(self) -> None:
        baton = self.both()
        self.merge(baton)
        items = baton.get(f"/v1/leads/{baton.world.lead_id(BOB)}/timeline?limit=200")["items"]
        assert {"tour", "demo", "merged"} <= {item["name"] for item in items}


class TestRebuild:
    def test_on_a_healthy_lead_nothing_differs(self) -> None:
        assert ask(sql_ann(), "rebuild", {})["differences"] == []

    def test_what_was_spoilt_is_named_and_put_right(self) -> None:
        baton = sql_ann()
        world = baton.world
        lead = world.leads.read(world.lead_id("ann@acme.example"))
        world.leads.write(
            lead, replace(lead, version=lead.version + 1, tally=Tally()), LeadChange()
        )
        found = ask(baton, "rebuild", {})["differences"]
        assert {one["part"] for one in found} >= {"tally.demo-request", "tally.site-visit"}
        assert ask(baton, "rebuild", {})["differences"] == []
        assert baton.lead()["score"]["groups"]["intent"] == 30


def test_a_busy_table_only_makes_a_command_try_again() -> None:
    baton = sql_ann()
    baton.ports.memory.be_busy(7)
    assert move(baton, "accepted")["stage"] == "accepted"
