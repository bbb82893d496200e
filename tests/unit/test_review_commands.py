"""What a review of the commands and the lifecycle found: each test tells the story of one mistake."""

import json
from copy import deepcopy
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.delivery.messages import Message, Outcome, Throttled
from chalicelib.lifecycle.stages import fold
from chalicelib.store.outbox import put_intent
from tests import factories as make
from tests.baton import ANN, TOKEN, House, ask, model_document, qualify_only

ANNS, BOBS = str(ANN["email"]), "bob@acme.example"
LATER = timedelta(hours=1)  # a verdict stands


def move(house: House, stage: str, reason: str = "because", email: str = ANNS) -> Any:
    return ask(house, "stage", {"stage": stage, "reason": reason}, email)


def merge(house: House, status: int = 200) -> Any:
    """Bob turned out to be Ann."""
    return ask(house, "merge", {"other_lead_id": house.world.lead_id(BOBS)}, status=status)


def demo(house: House, email: str = ANNS) -> Any:
    """The id of somebody's demo request."""
    items = house.get(f"/v1/leads/{house.world.lead_id(email)}/timeline?limit=200")["items"]
    return next(item["id"] for item in items if item["name"] == "demo")


def told(house: House, email: str = ANNS) -> dict[str, str]:
    """What left or will for a lead: the intent's key -> its state."""
    lead_id = house.world.lead_id(email)
    return {item["id"].partition("#")[2]: item["state"] for item in house.outbox() if item["lead_id"] == lead_id}


def fit_ann() -> House:
    """A house in which Ann, who fits, is a lead."""
    house = House()
    house.form("tour", consent=True, **ANN)
    house.until_quiet()
    return house


def sql_ann() -> House:
    """A house in which Ann asked for a demo."""
    house = fit_ann()
    house.form("demo", consent=True, **ANN)
    house.until_quiet()
    return house


def bob_asks(house: House) -> None:
    house.form("demo", visitor="v2", email=BOBS, job_title="CTO", company_size=120)


def matching_otherwise() -> Any:
    """The default model, with more pages that count as pricing."""
    document = deepcopy(model_document())
    document["signals"]["pricing-page"]["where"]["path"].append("/offers*")
    return document


class TestAVerdictUndone:
    """It left traces: the undone outcome, the day of the undoing as that of the handoff, and a person's word for a
    stage that the model had given, so that taking back the evidence undid nothing any more."""

    @pytest.mark.parametrize("outcome", ["won", "lost"])
    def test_an_outcome_that_was_undone_is_none(self, outcome: str) -> None:
        house = sql_ann()
        assert ask(house, "outcome", {"outcome": outcome})["outcome"] == outcome
        assert move(house, "sql", "wrong button")["outcome"] is None

    def test_the_outcome_of_an_earlier_cycle_is_that_again(self) -> None:
        house = sql_ann()
        ask(house, "outcome", {"outcome": "lost"})
        house.ports.clock.tick(LATER)
        move(house, "sql")
        ask(house, "outcome", {"outcome": "won"})
        assert move(house, "sql", "wrong button")["outcome"] == "lost"

    def test_sales_got_the_lead_on_the_day_of_the_handoff(self) -> None:
        house = sql_ann()
        handed_on = house.world.leads.read(house.world.lead_id(ANNS)).standing.handed_on
        house.ports.clock.tick(timedelta(days=3))
        move(house, "accepted")
        move(house, "sql", "wrong button")
        assert house.world.leads.read(house.world.lead_id(ANNS)).standing.handed_on == handed_on

    def test_evidence_taken_back_still_undoes_what_the_model_gave(self) -> None:
        house = sql_ann()
        move(house, "accepted")
        move(house, "sql", "wrong button")
        assert ask(house, "retract", {"event_ids": [demo(house)], "reason": "our own test"})["stage"] == "lead"
        assert told(house)["correction#1#mail"] == "sent"

    def test_what_a_person_gave_stays_theirs(self) -> None:
        house = fit_ann()
        house.form("demo", **ANN)
        move(house, "sql", "she called")
        move(house, "accepted")
        move(house, "sql", "wrong button")
        assert ask(house, "retract", {"event_ids": [demo(house)], "reason": "our own test"})["stage"] == "sql"

    def test_it_is_kept_with_its_transition_so_that_the_fold_knows(self) -> None:
        house = sql_ann()
        ask(house, "outcome", {"outcome": "won"})
        move(house, "sql", "wrong button")
        lead_id = house.world.lead_id(ANNS)
        transitions = [one.transition for one in reversed(house.world.leads.transitions(lead_id))]
        standing = house.world.leads.read(lead_id).standing
        assert fold(transitions) == replace(standing, owner=None)

    def test_it_goes_back_to_the_cycle_that_a_merge_had_raised(self) -> None:
        """Its cycle was that of the transitions alone, which know nothing of the other lead's."""
        house = sql_ann()
        bob_asks(house)
        house.until_quiet()
        move(house, "recycled", email=BOBS)
        assert merge(house)["cycle"] == 2
        move(house, "accepted")
        assert move(house, "sql", "wrong button")["cycle"] == 2


class TestWhatALeadDidBefore:
    """A person's move back begins a lead anew. It was decided on the tally as stored, and then written with one that
    was refolded: what had not been counted yet seemed to come after the move, and brought the lead forward again."""

    def test_a_crowded_leads_pages_of_the_same_day_do_not_come_after_the_move(self) -> None:
        house = fit_ann()
        move(house, "mql")
        for number in range(140):
            house.page(f"/about/{number}")
        house.until_quiet()
        house.page("/pricing")  # waits for the clock
        house.until_quiet()
        assert house.world.leads.read(house.world.lead_id(ANNS)).crowded
        assert move(house, "lead", "her intern")["score"]["groups"]["intent"] == 0

    def test_pages_that_a_new_model_counts_do_not_come_after_the_move(self) -> None:
        house = fit_ann()
        move(house, "mql")
        house.page("/offers/spring")
        house.until_quiet()
        house.world.models.load(matching_otherwise())
        assert move(house, "lead", "her intern")["score"]["groups"]["intent"] == 0


class TestARequestOnItsWay:
    """A publish refolds a lead whose counting changed. A demo request that was stored a second before was counted by
    it, too: the handoff was held, and when the request's own record came it was known already. Nobody was told."""

    def test_a_publish_leaves_it_to_its_own_record(self) -> None:
        house = fit_ann()
        house.form("demo", **ANN)
        house.world.models.load(matching_otherwise())
        assert house.world.qualify.published(house.world.lead_id(ANNS))
        house.until_quiet()
        assert house.lead()["stage"] == "sql"
        assert told(house)["handoff#1#mail"] == "sent"
        assert ask(house, "rebuild", {})["differences"] == []

    def test_so_does_an_import(self) -> None:
        house = fit_ann()
        house.form("demo", **ANN)
        house.world.models.load(matching_otherwise())
        imports(house, {"email": ANNS, "country": "AT"})
        assert house.lead()["stage"] == "sql"
        assert told(house)["handoff#1#mail"] == "sent"
        assert ask(house, "rebuild", {})["differences"] == []


class TestMerge:
    def test_a_notice_of_an_earlier_cycle_does_not_silence_the_one_that_waits(self) -> None:
        """Bob's second request waited, and was cancelled with the merge; because his first one had been told of long
        ago, nobody was told of the second."""
        house = fit_ann()
        bob_asks(house)
        house.until_quiet()
        move(house, "recycled", "not_ready", BOBS)
        house.ports.clock.tick(LATER)
        bob_asks(house)
        qualify_only(house)
        assert merge(house)["stage"] == "sql"
        assert told(house, BOBS)["handoff#2#mail"] == "cancelled"
        assert told(house)["handoff#2#mail"] == "sent"

    def test_a_correction_that_waits_still_goes(self) -> None:
        """It was cancelled with the rest, so the salesperson went on with a handoff that had been taken back."""
        house = fit_ann()
        bob_asks(house)
        house.until_quiet()
        house.world.commands.retract(house.world.lead_id(BOBS), [demo(house, BOBS)], "our own test")
        merge(house)
        assert told(house, BOBS)["correction#1#mail"] == "sent"

    def test_answers_stay_known_when_the_other_leads_cycle_is_higher(self) -> None:
        house = fit_ann()
        move(house, "accepted")
        ask(house, "opportunity", {"size": "20 seats", "permission": False})
        bob_asks(house)
        house.until_quiet()
        move(house, "recycled", email=BOBS)
        merged = merge(house)
        assert (merged["stage"], merged["cycle"]) == ("accepted", 2)
        assert merged["opportunity"] == {"size": "20 seats", "permission": False}
        assert ask(house, "rebuild", {})["differences"] == []

    def test_the_other_leads_answers_come_with_its_stage(self) -> None:
        house = sql_ann()
        move(house, "recycled")
        bob_asks(house)
        house.until_quiet()
        move(house, "accepted", email=BOBS)
        ask(house, "opportunity", {"size": "20 seats"}, BOBS)
        merged = merge(house)
        assert (merged["stage"], merged["cycle"], merged["opportunity"]) == ("accepted", 2, {"size": "20 seats"})

    def test_too_many_waiting_messages_are_409_and_leave_nothing_behind(self) -> None:
        """They did not fit into a transaction: 500."""
        house = fit_ann()
        house.form("guide", visitor="v2", email=BOBS)
        house.until_quiet()
        for number in range(100):
            letter = make.letter_intent(key=f"letter#s{number}#1#1")
            house.ports.memory.write(put_intent(replace(letter, lead_id=house.world.lead_id(BOBS))))
        before = dict(house.ports.memory.items)
        assert "100 messages" in ask_only(house, "merge", {"other_lead_id": house.world.lead_id(BOBS)}, 409)["detail"]
        assert house.ports.memory.items == before

    def test_an_import_of_the_other_address_does_not_redirect_the_letters(self) -> None:
        """The import was written as this lead's own word, so the other address became its address, and letters would
        have gone there by a consent that was given for another."""
        house = fit_ann()
        house.form("guide", visitor="v2", email=BOBS)
        house.until_quiet()
        merge(house)
        imports(house, {"email": BOBS, "country": "AT", "stage": "customer"})
        lead = house.lead()
        assert (lead["email"], lead["profile"]["country"], lead["stage"]) == (ANNS, "AT", "customer")
        assert ask(house, "rebuild", {})["differences"] == []

    @pytest.mark.parametrize("other_way_round", [False, True])
    def test_two_merges_at_once_make_no_circle(self, *, other_way_round: bool) -> None:
        house = sql_ann()
        bob_asks(house)
        house.until_quiet()
        ann, bob = house.world.lead_id(ANNS), house.world.lead_id(BOBS)
        meanwhile(house, lambda: house.world.commands.merge(*((bob, ann) if other_way_round else (ann, bob))))
        merged = house.world.commands.merge(ann, bob)
        house.until_quiet()
        assert merged.lead_id == (bob if other_way_round else ann)
        assert house.lead()["lead_id"] == house.lead(BOBS)["lead_id"] == merged.lead_id
        assert ask(house, "rebuild", {})["differences"] == []

    def test_an_event_of_the_other_during_the_merge_counts_once(self) -> None:
        house = fit_ann()
        house.form("guide", visitor="v2", email=BOBS)
        house.until_quiet()
        ann, bob = house.world.lead_id(ANNS), house.world.lead_id(BOBS)

        def asks_and_is_counted() -> None:
            bob_asks(house)
            house.until_quiet()

        meanwhile(house, asks_and_is_counted)
        house.world.commands.merge(ann, bob)
        house.until_quiet()
        (line,) = (one for one in house.lead()["score"]["reasons"] if one["rule"] == "demo-request")
        assert line["count"] == 1
        assert ask(house, "rebuild", {})["differences"] == []


class TestRetraction:
    def test_a_notice_that_was_throttled_does_not_follow_its_own_correction(self) -> None:
        """Retracted while the mail was being sent, the handoff had as good as left, so a correction followed. But the
        service had throttled the mail: it was put back, and went after "please stop"."""
        house = fit_ann()
        house.form("demo", **ANN)
        qualify_only(house)
        lead_id, ids, real = house.world.lead_id(ANNS), [demo(house)], house.ports.send

        def throttled(_message: Message) -> Outcome:
            house.ports.send = real
            house.world.commands.retract(lead_id, ids, "our own test")
            return Throttled()

        house.ports.send = throttled
        house.world.deliver.intent(lead_id, "handoff#1#mail")
        house.until_quiet()
        house.minutes_later(3)
        sent = {"handoff#1#mail": "cancelled", "correction#1#mail": "sent"}
        assert {key: state for key, state in told(house).items() if key.endswith("mail")} == sent

    def test_a_claim_that_was_first_gets_a_correction(self) -> None:
        house = fit_ann()
        house.form("demo", **ANN)
        qualify_only(house)
        lead_id, ids = house.world.lead_id(ANNS), [demo(house)]
        meanwhile(house, lambda: house.world.deliver.intent(lead_id, "handoff#1#mail"))
        house.world.commands.retract(lead_id, ids, "our own test")
        house.until_quiet()
        assert told(house) == {
            "handoff#1#mail": "sent",
            "handoff#1#text": "cancelled",
            "handoff#1#topic": "cancelled",
            "correction#1#mail": "sent",
        }

    def test_what_was_taken_back_before_its_record_came_is_not_counted(self) -> None:
        house = fit_ann()
        house.form("demo", **ANN)
        house.world.commands.retract(house.world.lead_id(ANNS), [demo(house)], "our own test")
        house.until_quiet()
        assert (house.lead()["stage"], told(house)) == ("lead", {})


class TestImports:
    def test_a_file_that_begins_with_a_byte_order_mark_is_read(self) -> None:
        """As spreadsheets on Windows write it: the first lead was refused as no JSON."""
        house = House()
        assert imports(house, {"email": BOBS}, before=b"\xef\xbb\xbf")["imported"] == 1

    @pytest.mark.parametrize("stage", [["customer"], {}, "", True, 0, "CUSTOMER", "sql"])
    def test_a_stage_of_any_other_kind_is_refused(self, stage: Any) -> None:
        (refused,) = imports(House(), {"email": BOBS, "stage": stage})["rejected"]
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
def test_a_hostile_body_is_400_names_a_field_and_stores_nothing(what: str, body: bytes) -> None:
    house = fit_ann()
    before = dict(house.ports.memory.items)
    path = f"/v1/leads/{house.world.lead_id(ANNS)}/{what}"
    answer = house.http("POST", path, body, {"Content-Type": "application/json", **TOKEN})
    assert answer.status_code == 400
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert json.loads(answer.body)["errors"]
    assert house.ports.memory.items == before


def test_no_command_writes_what_it_knows_of_a_person_into_the_log(capsys: pytest.CaptureFixture[str]) -> None:
    house = sql_ann()
    bob_asks(house)
    house.until_quiet()
    move(house, "accepted", "Zebedee said so")
    ask(house, "opportunity", {"size": "Zebedee's team"})
    ask(house, "outcome", {"outcome": "lost", "reason": "Zebedee left"})
    ask(house, "stage", {"stage": "Zebedee", "reason": "x"}, status=400)
    ask(house, "retract", {"event_ids": [demo(house)], "reason": "Zebedee tried"})
    merge(house)
    imports(house, {"email": "zebedee@acme.example", "phone": "+49 30 901820"})
    log = capsys.readouterr().out.casefold()
    assert '"event":"qualified"' in log
    assert [word for word in ("zebedee", "acme", "901820", "example") if word in log] == []


def test_a_lead_that_turned_out_to_be_another_is_not_listed_by_an_index_that_is_behind() -> None:
    house = fit_ann()
    move(house, "mql")
    bob_asks(house)
    house.until_quiet()
    items, ann = house.ports.memory.items, house.world.lead_id(ANNS)
    stale = {name: items[f"LEAD#{ann}", "STANDING"][name] for name in ("list_pk", "list_sk")}
    ask(house, "merge", {"other_lead_id": ann}, BOBS)
    items[f"LEAD#{ann}", "STANDING"] = {**items[f"LEAD#{ann}", "STANDING"], **stale}
    assert house.get("/v1/leads?stage=mql")["leads"] == []


def ask_only(house: House, what: str, data: Any, status: int) -> Any:
    """Ask something of Ann, and look at the answer alone."""
    answer = house.post(f"/v1/leads/{house.world.lead_id(ANNS)}/{what}", data, TOKEN)
    assert answer.status_code == status, answer.body
    return json.loads(answer.body)


def imports(house: House, line: Any, before: bytes = b"") -> Any:
    """Import one lead, and let it sink in."""
    headers = {"Content-Type": "application/x-ndjson", **TOKEN}
    answer = house.http("POST", "/v1/leads/import", before + json.dumps(line).encode(), headers)
    assert answer.status_code == 200, answer.body
    house.until_quiet()
    return json.loads(answer.body)


def meanwhile(house: House, does: Any) -> None:
    """Let something happen between what is read next and its write."""
    memory, write = house.ports.memory, house.ports.memory.write

    def later(*writes: Any) -> None:
        memory.write = write  # type: ignore[method-assign]
        does()
        write(*writes)

    memory.write = later  # type: ignore[method-assign]
