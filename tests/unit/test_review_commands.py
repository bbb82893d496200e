"""What a review of the commands and the lifecycle found: each test tells the story of one
mistake.
"""

import json
from copy import deepcopy
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.delivery.message_keys import parse_key
from chalicelib.delivery.messages import Outgoing, SendResult, Waiting
from chalicelib.delivery.reasons import NotSentReason
from chalicelib.lifecycle.stages import standing_after
from chalicelib.store.outbox import put_message
from tests import factories as make
from tests.baton import ANN, TOKEN, InMemoryBaton, ask, key_of, model_document, qualify_only

ANNS, BOBS = str(ANN["email"]), "bob@acme.example"
LATER = timedelta(hours=1)  # a verdict stands


def move(baton: InMemoryBaton, stage: str, reason: str = "because", email: str = ANNS) -> Any:
    return ask(baton, "stage", {"stage": stage, "reason": reason}, email)


def merge(baton: InMemoryBaton, status: int = 200) -> Any:
    """Bob turned out to be Ann."""
    return ask(baton, "merge", {"other_lead_id": baton.world.lead_id(BOBS)}, status=status)


def demo(baton: InMemoryBaton, email: str = ANNS) -> Any:
    """The id of somebody's demo request."""
    items = baton.get(f"/v1/leads/{baton.world.lead_id(email)}/timeline?limit=200")["items"]
    return next(item["id"] for item in items if item["name"] == "demo")


def told(baton: InMemoryBaton, email: str = ANNS) -> dict[str, str]:
    """What left or will for a lead: the message's key -> its state."""
    lead_id = baton.world.lead_id(email)
    return {key_of(item): item["state"] for item in baton.outbox() if item["lead_id"] == lead_id}


def fit_ann() -> InMemoryBaton:
    """A Baton in which Ann, who fits, is a lead."""
    baton = InMemoryBaton()
    baton.form("tour", consent=True, **ANN)
    baton.until_quiet()
    return baton


def sql_ann() -> InMemoryBaton:
    """A Baton in which Ann asked for a demo."""
    baton = fit_ann()
    baton.form("demo", consent=True, **ANN)
    baton.until_quiet()
    return baton


def bob_asks(baton: InMemoryBaton) -> None:
    baton.form("demo", visitor="v2", email=BOBS, job_title="CTO", company_size=120)


def matching_otherwise() -> Any:
    """The default model, with more pages that count as pricing."""
    document = deepcopy(model_document())
    document["signals"]["pricing-page"]["where"]["path"].append("/offers*")
    return document


class TestAVerdictUndone:
    """It left traces: the undone outcome, the day of the undoing as that of the handoff, and a
    person's word for a stage that the model had given, so that taking back the evidence undid
    nothing any more.
    """

    @pytest.mark.parametrize("outcome", ["won", "lost"])
    def test_an_outcome_that_was_undone_is_none(self, outcome: str) -> None:
        baton = sql_ann()
        assert ask(baton, "outcome", {"outcome": outcome})["outcome"] == outcome
        assert move(baton, "sql", "wrong button")["outcome"] is None

    def test_the_outcome_of_an_earlier_cycle_is_that_again(self) -> None:
        baton = sql_ann()
        ask(baton, "outcome", {"outcome": "lost"})
        baton.ports.clock.tick(LATER)
        move(baton, "sql")
        ask(baton, "outcome", {"outcome": "won"})
        assert move(baton, "sql", "wrong button")["outcome"] == "lost"

    def test_sales_got_the_lead_on_the_day_of_the_handoff(self) -> None:
        baton = sql_ann()
        handed_on = baton.world.leads.read(baton.world.lead_id(ANNS)).standing.handed_on
        baton.ports.clock.tick(timedelta(days=3))
        move(baton, "accepted")
        move(baton, "sql", "wrong button")
        assert baton.world.leads.read(baton.world.lead_id(ANNS)).standing.handed_on == handed_on

    def test_evidence_taken_back_still_undoes_what_the_model_gave(self) -> None:
        baton = sql_ann()
        move(baton, "accepted")
        move(baton, "sql", "wrong button")
        assert (
            ask(baton, "retract", {"event_ids": [demo(baton)], "reason": "our own test"})["stage"]
            == "lead"
        )
        assert told(baton)["correction#1#email"] == "sent"

    def test_what_a_person_gave_stays_theirs(self) -> None:
        baton = fit_ann()
        baton.form("demo", **ANN)
        move(baton, "sql", "she called")
        move(baton, "accepted")
        move(baton, "sql", "wrong button")
        assert (
            ask(baton, "retract", {"event_ids": [demo(baton)], "reason": "our own test"})["stage"]
            == "sql"
        )

    def test_it_is_kept_with_its_transition(self) -> None:
        baton = sql_ann()
        ask(baton, "outcome", {"outcome": "won"})
        move(baton, "sql", "wrong button")
        lead_id = baton.world.lead_id(ANNS)
        transitions = [one.transition for one in reversed(baton.world.leads.transitions(lead_id))]
        standing = baton.world.leads.read(lead_id).standing
        assert standing_after(transitions) == replace(standing, owner=None)

    def test_it_goes_back_to_the_cycle_after_a_merge(self) -> None:
        """Its cycle was that of the transitions alone, which know nothing of the other lead's."""
        baton = sql_ann()
        bob_asks(baton)
        baton.until_quiet()
        move(baton, "recycled", email=BOBS)
        assert merge(baton)["cycle"] == 2
        move(baton, "accepted")
        assert move(baton, "sql", "wrong button")["cycle"] == 2


class TestWhatALeadDidBefore:
    """A person's move back begins a lead anew. It was decided on the tally as stored, and then
    written with one that was replayed: what had not been counted yet seemed to come after the move,
    and brought the lead forward again.
    """

    def test_a_crowded_leads_earlier_pages_count_before_the_move(self) -> None:
        baton = fit_ann()
        move(baton, "mql")
        for number in range(140):
            baton.page(f"/about/{number}")
        baton.until_quiet()
        baton.page("/pricing")  # waits for the clock
        baton.until_quiet()
        assert baton.world.leads.read(baton.world.lead_id(ANNS)).crowded
        assert move(baton, "lead", "her intern")["score"]["groups"]["intent"] == 0

    def test_pages_a_new_model_counts_come_before_the_move(self) -> None:
        baton = fit_ann()
        move(baton, "mql")
        baton.page("/offers/spring")
        baton.until_quiet()
        baton.world.models.load(matching_otherwise())
        assert move(baton, "lead", "her intern")["score"]["groups"]["intent"] == 0


class TestARequestOnItsWay:
    """A publish replays a lead whose counting changed. A demo request that was stored a second
    before was counted by it, too: the handoff was held, and when the request's own record came it
    was known already. Nobody was told.
    """

    def test_a_publish_leaves_it_to_its_own_record(self) -> None:
        baton = fit_ann()
        baton.form("demo", **ANN)
        baton.world.models.load(matching_otherwise())
        assert baton.world.qualify.published(baton.world.lead_id(ANNS))
        baton.until_quiet()
        assert baton.lead()["stage"] == "sql"
        assert told(baton)["handoff#1#email"] == "sent"
        assert ask(baton, "rebuild", {})["differences"] == []

    def test_so_does_an_import(self) -> None:
        baton = fit_ann()
        baton.form("demo", **ANN)
        baton.world.models.load(matching_otherwise())
        imports(baton, {"email": ANNS, "country": "AT"})
        assert baton.lead()["stage"] == "sql"
        assert told(baton)["handoff#1#email"] == "sent"
        assert ask(baton, "rebuild", {})["differences"] == []


class TestMerge:
    def test_an_earlier_cycles_notice_does_not_silence_this_one(self) -> None:
        """Bob's second request waited, and was cancelled with the merge; because his first one had
        been told of long ago, nobody was told of the second.
        """
        baton = fit_ann()
        bob_asks(baton)
        baton.until_quiet()
        move(baton, "recycled", "not_ready", BOBS)
        baton.ports.clock.tick(LATER)
        bob_asks(baton)
        qualify_only(baton)
        assert merge(baton)["stage"] == "sql"
        assert told(baton, BOBS)["handoff#2#email"] == "cancelled"
        assert told(baton)["handoff#2#email"] == "sent"

    def test_a_correction_that_waits_still_goes(self) -> None:
        """It was cancelled with the rest, so the salesperson went on with a handoff that had been
        taken back.
        """
        baton = fit_ann()
        bob_asks(baton)
        baton.until_quiet()
        baton.world.corrections.retract(
            baton.world.lead_id(BOBS), [demo(baton, BOBS)], "our own test"
        )
        merge(baton)
        assert told(baton, BOBS)["correction#1#email"] == "sent"

    def test_answers_stay_known_when_the_other_leads_cycle_is_higher(self) -> None:
        baton = fit_ann()
        move(baton, "accepted")
        ask(baton, "opportunity", {"size": "20 seats", "permission": False})
        bob_asks(baton)
        baton.until_quiet()
        move(baton, "recycled", email=BOBS)
        merged = merge(baton)
        assert (merged["stage"], merged["cycle"]) == ("accepted", 2)
        assert merged["opportunity"] == {"size": "20 seats", "permission": False}
        assert ask(baton, "rebuild", {})["differences"] == []

    def test_the_other_leads_answers_come_with_its_stage(self) -> None:
        baton = sql_ann()
        move(baton, "recycled")
        bob_asks(baton)
        baton.until_quiet()
        move(baton, "accepted", email=BOBS)
        ask(baton, "opportunity", {"size": "20 seats"}, BOBS)
        merged = merge(baton)
        assert (merged["stage"], merged["cycle"], merged["opportunity"]) == (
            "accepted",
            2,
            {"size": "20 seats"},
        )

    def test_too_many_waiting_messages_are_409_and_leave_nothing_behind(self) -> None:
        """They did not fit into a transaction: 500."""
        baton = fit_ann()
        baton.form("guide", visitor="v2", email=BOBS)
        baton.until_quiet()
        for number in range(100):
            email = make.nurture_message(key=f"nurture#1#s{number}#1")
            baton.ports.memory.write(put_message(replace(email, lead_id=baton.world.lead_id(BOBS))))
        before = baton.kept()
        assert (
            "100 messages"
            in ask_only(baton, "merge", {"other_lead_id": baton.world.lead_id(BOBS)}, 409)["detail"]
        )
        assert baton.kept() == before

    def test_importing_a_merged_address_does_not_redirect_emails(self) -> None:
        """The import was written as this lead's own word, so the other address became its address,
        and emails would have gone there by a consent that was given for another.
        """
        baton = fit_ann()
        baton.form("guide", visitor="v2", email=BOBS)
        baton.until_quiet()
        merge(baton)
        imports(baton, {"email": BOBS, "country": "AT", "stage": "customer"})
        lead = baton.lead()
        assert (lead["email"], lead["profile"]["country"], lead["stage"]) == (
            ANNS,
            "AT",
            "customer",
        )
        assert ask(baton, "rebuild", {})["differences"] == []

    @pytest.mark.parametrize("other_way_round", [False, True])
    def test_two_merges_at_once_make_no_circle(self, *, other_way_round: bool) -> None:
        baton = sql_ann()
        bob_asks(baton)
        baton.until_quiet()
        ann, bob = baton.world.lead_id(ANNS), baton.world.lead_id(BOBS)
        meanwhile(
            baton,
            lambda: baton.world.corrections.merge(*((bob, ann) if other_way_round else (ann, bob))),
        )
        merged = baton.world.corrections.merge(ann, bob)
        baton.until_quiet()
        assert merged.lead_id == (bob if other_way_round else ann)
        assert baton.lead()["lead_id"] == baton.lead(BOBS)["lead_id"] == merged.lead_id
        assert ask(baton, "rebuild", {})["differences"] == []

    def test_an_event_of_the_other_during_the_merge_counts_once(self) -> None:
        baton = fit_ann()
        baton.form("guide", visitor="v2", email=BOBS)
        baton.until_quiet()
        ann, bob = baton.world.lead_id(ANNS), baton.world.lead_id(BOBS)

        def asks_and_is_counted() -> None:
            bob_asks(baton)
            baton.until_quiet()

        meanwhile(baton, asks_and_is_counted)
        baton.world.corrections.merge(ann, bob)
        baton.until_quiet()
        (line,) = (one for one in baton.lead()["score"]["reasons"] if one["rule"] == "demo-request")
        assert line["count"] == 1
        assert ask(baton, "rebuild", {})["differences"] == []


class TestRetraction:
    def test_a_throttled_notice_does_not_follow_its_correction(self) -> None:
        """Retracted while the mail was being sent, the handoff had as good as left, so a correction
        followed. But the service had throttled the mail: it was put back, and went after "please
        stop".
        """
        baton = fit_ann()
        baton.form("demo", **ANN)
        qualify_only(baton)
        lead_id, ids, real = baton.world.lead_id(ANNS), [demo(baton)], baton.ports.send

        def throttled(_message: Outgoing) -> SendResult:
            baton.ports.send = real
            baton.world.corrections.retract(lead_id, ids, "our own test")
            return Waiting(NotSentReason.THROTTLED)

        baton.ports.send = throttled
        baton.world.deliver.message(lead_id, parse_key("handoff#1#email"))
        baton.until_quiet()
        baton.minutes_later(3)
        sent = {"handoff#1#email": "cancelled", "correction#1#email": "sent"}
        assert {key: state for key, state in told(baton).items() if key.endswith("mail")} == sent

    def test_a_claim_that_was_first_gets_a_correction(self) -> None:
        baton = fit_ann()
        baton.form("demo", **ANN)
        qualify_only(baton)
        lead_id, ids = baton.world.lead_id(ANNS), [demo(baton)]
        meanwhile(baton, lambda: baton.world.deliver.message(lead_id, parse_key("handoff#1#email")))
        baton.world.corrections.retract(lead_id, ids, "our own test")
        baton.until_quiet()
        assert told(baton) == {
            "handoff#1#email": "sent",
            "handoff#1#sms": "cancelled",
            "handoff#1#sns": "cancelled",
            "correction#1#email": "sent",
        }

    def test_what_is_retracted_before_its_record_is_not_counted(self) -> None:
        baton = fit_ann()
        baton.form("demo", **ANN)
        baton.world.corrections.retract(baton.world.lead_id(ANNS), [demo(baton)], "our own test")
        baton.until_quiet()
        assert (baton.lead()["stage"], told(baton)) == ("lead", {})


class TestImports:
    def test_a_file_with_a_byte_order_mark_is_read(self) -> None:
        """As spreadsheets on Windows write it: the first lead was refused as no JSON."""
        baton = InMemoryBaton()
        assert imports(baton, {"email": BOBS}, before=b"\xef\xbb\xbf")["imported"] == 1

    @pytest.mark.parametrize("stage", [["customer"], {}, "", True, 0, "CUSTOMER", "sql"])
    def test_a_stage_of_any_other_kind_is_refused(self, stage: Any) -> None:
        (refused,) = imports(InMemoryBaton(), {"email": BOBS, "stage": stage})["rejected"]
        assert refused["reason"].startswith("stage: ")


HOSTILE = [
    b"",
    b"null",
    b"[]",
    b"{",
    b"\xff\xfe",
    b'{"a":NaN}',
    b'{"a":1e999}',
    b"[" * 30_000,
    b'{"a":' * 12_000,
    b"1" * 5_000,
    b'{"\\ud800":1}',
    b'{"":1}',
    b"{" + b",".join(b'"k%d":1' % number for number in range(5_000)) + b"}",
]


@pytest.mark.parametrize("what", ["stage", "opportunity", "outcome", "retract", "merge"])
@pytest.mark.parametrize("body", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_body_is_400_and_stores_nothing(what: str, body: bytes) -> None:
    baton = fit_ann()
    before = baton.kept()
    path = f"/v1/leads/{baton.world.lead_id(ANNS)}/{what}"
    answer = baton.http("POST", path, body, {"Content-Type": "application/json", **TOKEN})
    assert answer.status_code == 400
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert json.loads(answer.body)["errors"]
    assert baton.kept() == before


def test_no_command_logs_what_it_knows_of_a_person(
    capsys: pytest.CaptureFixture[str],
) -> None:
    baton = sql_ann()
    bob_asks(baton)
    baton.until_quiet()
    move(baton, "accepted", "Zebedee said so")
    ask(baton, "opportunity", {"size": "Zebedee's team"})
    ask(baton, "outcome", {"outcome": "lost", "reason": "Zebedee left"})
    ask(baton, "stage", {"stage": "Zebedee", "reason": "x"}, status=400)
    ask(baton, "retract", {"event_ids": [demo(baton)], "reason": "Zebedee tried"})
    merge(baton)
    imports(baton, {"email": "zebedee@acme.example", "phone": "+49 30 901820"})
    log = capsys.readouterr().out.casefold()
    assert '"event":"qualified"' in log
    assert [word for word in ("zebedee", "acme", "901820", "example") if word in log] == []


def test_a_merged_lead_is_not_listed_by_a_late_index() -> None:
    baton = fit_ann()
    move(baton, "mql")
    bob_asks(baton)
    baton.until_quiet()
    items, ann = baton.ports.memory.items, baton.world.lead_id(ANNS)
    stale = {name: items[f"LEAD#{ann}", "STANDING"][name] for name in ("list_pk", "list_sk")}
    ask(baton, "merge", {"other_lead_id": ann}, BOBS)
    items[f"LEAD#{ann}", "STANDING"] = {**items[f"LEAD#{ann}", "STANDING"], **stale}
    assert baton.get("/v1/leads?stage=mql")["leads"] == []


def ask_only(baton: InMemoryBaton, what: str, data: Any, status: int) -> Any:
    """Ask something of Ann, and look at the answer alone."""
    answer = baton.post(f"/v1/leads/{baton.world.lead_id(ANNS)}/{what}", data, TOKEN)
    assert answer.status_code == status, answer.body
    return json.loads(answer.body)


def imports(baton: InMemoryBaton, line: Any, before: bytes = b"") -> Any:
    """Import one lead, and let it sink in."""
    headers = {"Content-Type": "application/x-ndjson", **TOKEN}
    answer = baton.http("POST", "/v1/leads/import", before + json.dumps(line).encode(), headers)
    assert answer.status_code == 200, answer.body
    baton.until_quiet()
    return json.loads(answer.body)


def meanwhile(baton: InMemoryBaton, does: Any) -> None:
    """Let something happen between what is read next and its write."""
    memory, write = baton.ports.memory, baton.ports.memory.write

    def later(*writes: Any) -> None:
        memory.write = write  # type: ignore[method-assign]
        does()
        write(*writes)

    memory.write = later  # type: ignore[method-assign]
