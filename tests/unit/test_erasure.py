"""A person is erased: at once for readers and senders, then everywhere; and may begin anew."""

import json
import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.capture.screening.proofs import HONEYPOT_FIELD
from chalicelib.consent.consent import SuppressionReason
from chalicelib.delivery.messages import Email
from chalicelib.delivery.references import tag_of
from chalicelib.errors import ConflictError
from chalicelib.events import epoch_ms
from chalicelib.jobs.job import JobStatus
from chalicelib.leads.merging import earlier_beginning
from chalicelib.leads.progress import begin
from chalicelib.privacy.erasure import ERASE
from chalicelib.qualify.due import REPLAY_TASK
from chalicelib.store import keys
from chalicelib.store.mailboxes import read_suppressions
from tests import factories as make
from tests.baton import ANN, TOKEN, InMemoryBaton, ask, qualify_only, stream_event
from tests.fakes import NOW
from tests.held import erase, erased, left_of
from tools.erased import erase_again, list_erased

EMAIL = str(ANN["email"])
OTHER = "ann@home.example"
MARKS = ("ann@", "901820")


def known() -> InMemoryBaton:
    """Return a Baton in which Ann looked around, agreed to emails and asked for a demo."""
    baton = InMemoryBaton()
    baton.page("/pricing")
    baton.form("guide", consent=True, **ANN)
    baton.until_quiet()
    return baton


def status(baton: InMemoryBaton, method: str = "GET", rest: str = "", email: str = EMAIL) -> int:
    path = f"/v1/leads/{baton.world.lead_id(email)}{rest}"
    return int(baton.http(method, path, headers=TOKEN).status_code)


def unsubscribe(baton: InMemoryBaton, email: str = EMAIL) -> None:
    token = baton.world.links.sign("unsubscribe", baton.world.lead_id(email))
    assert baton.http("POST", f"/u/{token}").status_code == 200


def wishes(baton: InMemoryBaton, email: str = EMAIL) -> set[SuppressionReason]:
    return set(read_suppressions(baton.ports.table, make.mailbox(email)))


def events_of(baton: InMemoryBaton, partition: str) -> list[Any]:
    items = baton.ports.memory.items
    return [one for (pk, sk), one in items.items() if pk == partition and sk.startswith("EVENT#")]


# --- the request ----------------------------------------------------------------------------------


def test_the_lead_is_gone_for_readers_at_once() -> None:
    baton = known()
    job = erase(baton, EMAIL)
    assert job["kind"] == ERASE
    assert job["state"] == "running"
    for rest in ("", "/timeline", "/export"):
        assert status(baton, rest=rest) == 404
    assert baton.get(f"/v1/leads?email={EMAIL}")["leads"] == []
    for stage in ("lead", "mql", "sql"):
        assert baton.get(f"/v1/leads?stage={stage}")["leads"] == []
    assert baton.get(f"/v1/outbox?email={EMAIL}")["items"] == []
    answer = baton.post(
        f"/v1/leads/{baton.world.lead_id(EMAIL)}/stage", {"stage": "mql", "reason": "r"}, TOKEN
    )
    assert answer.status_code == 404


def test_the_job_deletes_everything_within_minutes() -> None:
    baton = known()
    job = erased(baton, EMAIL)
    assert job["state"] == "done"
    assert job["report"]["deleted"] > 5
    assert left_of(baton.ports.memory.items, MARKS) == []


@pytest.mark.parametrize("lead_id", ["A" * 26, "nobody", "a%20b"])
def test_nobody_cannot_be_erased(lead_id: str) -> None:
    answer = InMemoryBaton().http("DELETE", f"/v1/leads/{lead_id}", headers=TOKEN)
    assert answer.status_code == 404


def test_an_erasure_takes_no_body_and_no_query() -> None:
    baton = known()
    path = f"/v1/leads/{baton.world.lead_id(EMAIL)}"
    said = {**TOKEN, "Content-Type": "application/json"}
    assert baton.http("DELETE", path, '{"force": true}', said).status_code == 400
    assert baton.http("DELETE", f"{path}?force=1", headers=TOKEN).status_code == 400
    assert baton.http("DELETE", path).status_code == 401
    assert status(baton) == 200


def test_a_request_that_comes_again_has_the_same_job() -> None:
    baton = known()
    first = erase(baton, EMAIL)
    assert erase(baton, EMAIL)["job_id"] == first["job_id"]
    done = erased(baton, EMAIL)
    assert (done["id"], done["state"]) == (first["job_id"], "done")


def test_a_failed_erasure_is_asked_for_again() -> None:
    baton = known()
    first = erase(baton, EMAIL)
    jobs = baton.world.job_store
    job = jobs.read(first["job_id"])
    assert job is not None
    jobs.save(job, replace(job, status=JobStatus.FAILED, due_at=None, version=job.version + 1))
    again = erased(baton, EMAIL)
    assert again["id"] != first["job_id"]
    assert again["state"] == "done"
    assert left_of(baton.ports.memory.items, MARKS) == []


def test_who_was_captured_but_not_derived_is_erased() -> None:
    baton = InMemoryBaton()
    baton.form("guide", **ANN)
    assert status(baton) == 404
    assert erase(baton, EMAIL)["state"] == "running"
    baton.until_quiet()
    for _ in range(3):
        baton.minutes_later(1)
    assert status(baton) == 404
    assert left_of(baton.ports.memory.items, MARKS) == []


def test_a_merged_lead_is_erased_by_either_id() -> None:
    for asked in (EMAIL, OTHER):
        baton = known()
        baton.form("guide", visitor="v2", **{**ANN, "email": OTHER})
        baton.until_quiet()
        ask(baton, "merge", {"other_lead_id": baton.world.lead_id(OTHER)})
        job = erased(baton, asked)
        assert set(job["report"]["lead_ids"]) == {
            baton.world.lead_id(EMAIL),
            baton.world.lead_id(OTHER),
        }
        assert status(baton) == status(baton, email=OTHER) == 404
        assert left_of(baton.ports.memory.items, MARKS) == []


# --- what is on its way ---------------------------------------------------------------------------


def test_a_record_in_flight_brings_nothing_back() -> None:
    baton = known()
    baton.form("demo", **ANN)  # stored; its record comes after the erasure
    erased(baton, EMAIL)
    assert status(baton) == 404
    for item in list(baton.ports.memory.inserted):
        baton.handle(item)  # every record once more
    assert status(baton) == 404
    assert left_of(baton.ports.memory.items, MARKS) == []


def test_a_form_that_was_being_stored_is_deleted() -> None:
    baton = known()
    event = make.form(
        partition=keys.lead(baton.world.lead_id(EMAIL)),
        fields=ANN,
        at=baton.ports.now(),
        captured_at=baton.ports.now(),
    )
    erase(baton, EMAIL)
    baton.world.events.append(event)
    for _ in range(3):
        baton.minutes_later(1)
    assert status(baton) == 404
    assert left_of(baton.ports.memory.items, MARKS) == []


def test_a_page_view_of_the_old_browser_begins_nothing() -> None:
    baton = known()
    erase(baton, EMAIL)
    baton.ports.clock.tick(timedelta(seconds=1))
    baton.page("/pricing")
    baton.until_quiet()
    assert status(baton) == 404
    for _ in range(3):
        baton.minutes_later(1)
    assert status(baton) == 404
    assert len(events_of(baton, "VISITOR#v1")) == 1  # nobody's: it came after


def test_a_worker_that_read_the_lead_before_leaves_nothing() -> None:
    baton = known()
    lead = baton.world.leads.read(baton.world.lead_id(EMAIL))
    erase(baton, EMAIL)
    with pytest.raises(ConflictError):
        baton.world.qualify.conclude(lead, lead)
    progress = begin(lead, baton.world.qualify.derive.model(lead), baton.ports.now())
    baton.world.leads.save_unfinished(lead, progress)  # deleted by the job, which comes later
    for _ in range(3):
        baton.minutes_later(1)
    assert (keys.lead(lead.lead_id), keys.UNFINISHED) not in baton.ports.memory.items


def test_a_replay_of_an_erased_lead_ends_quietly() -> None:
    baton = known()
    lead_id = baton.world.lead_id(EMAIL)
    erased(baton, EMAIL)
    baton.world.leads.request_replay(baton.world.leads.read(lead_id), baton.ports.now())
    baton.minutes_later(1)
    assert status(baton) == 404
    due = [item for item in baton.ports.memory.items.values() if item["sk"] == REPLAY_TASK.family]
    assert not any("due_pk" in item for item in due)


def test_an_import_and_a_publish_do_not_bring_it_back() -> None:
    baton = known()
    erased(baton, EMAIL)
    assert not baton.world.qualify.published(baton.world.lead_id(EMAIL))
    baton.world.qualify.review(baton.world.lead_id(EMAIL))
    assert status(baton) == 404


# --- nothing is sent ------------------------------------------------------------------------------


def test_nothing_that_was_planned_is_sent_afterwards() -> None:
    baton = InMemoryBaton()
    baton.form("demo", consent=True, **ANN)
    qualify_only(baton)  # handoffs and an email are planned, and not yet delivered
    baton.ports.clock.tick(timedelta(seconds=1))
    answer = baton.http("DELETE", f"/v1/leads/{baton.world.lead_id(EMAIL)}", headers=TOKEN)
    assert answer.status_code == 202
    planned = [
        item for item in baton.ports.memory.inserted if str(item["sk"]).startswith("OUTBOX#")
    ]
    assert planned
    for item in planned:
        baton.world.deliver_records(stream_event([item]))
    for _ in range(3):
        baton.minutes_later(1)
    assert baton.ports.senders.sent == []


def test_a_message_of_a_merged_lead_is_not_sent() -> None:
    baton = known()
    baton.form("demo", visitor="v2", consent=True, **{**ANN, "email": OTHER})
    qualify_only(baton)
    other = baton.world.lead_id(OTHER)
    messages = baton.world.leads.messages(other)
    assert messages
    baton.post(f"/v1/leads/{baton.world.lead_id(EMAIL)}/merge", {"other_lead_id": other}, TOKEN)
    before = len(baton.ports.senders.sent)
    baton.ports.clock.tick(timedelta(seconds=1))
    assert status(baton, "DELETE") == 202
    for message in messages:
        baton.world.deliver.message(message.lead_id, message.key)
    assert len(baton.ports.senders.sent) == before


def test_an_email_that_is_being_sent_settles_without_a_trace() -> None:
    baton = known()
    (message,) = baton.world.leads.messages(baton.world.lead_id(EMAIL))
    erased(baton, EMAIL)
    with pytest.raises(ConflictError):
        baton.world.outbox.save(message, message)
    assert left_of(baton.ports.memory.items, MARKS) == []


# --- what it wished holds -------------------------------------------------------------------------


def test_a_suppression_outlives_the_erasure() -> None:
    baton = known()
    unsubscribe(baton)
    erased(baton, EMAIL)
    baton.form("guide", consent=True, **ANN)
    baton.until_quiet()
    assert baton.lead()["suppressed"] == "unsubscribed"
    assert wishes(baton) == {SuppressionReason.UNSUBSCRIBED}


@pytest.mark.parametrize("when", ["before the job", "after the job"])
def test_an_old_link_still_stops_the_mailbox(when: str) -> None:
    baton = known()
    if when == "before the job":
        erase(baton, EMAIL)
        unsubscribe(baton)
    erased(baton, EMAIL)
    unsubscribe(baton)
    assert wishes(baton, "Ann+new@acme.example") == {SuppressionReason.UNSUBSCRIBED}
    assert status(baton) == 404
    assert left_of(baton.ports.memory.items, MARKS) == []


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("Complaint", SuppressionReason.COMPLAINED),
        ("Bounce", SuppressionReason.BOUNCED),
        ("Delivery", None),
    ],
)
def test_a_late_report_still_stops_the_lead(kind: str, reason: SuppressionReason | None) -> None:
    baton = known()
    message = f"{baton.world.lead_id(EMAIL)}#nurture#1#welcome#1"
    erased(baton, EMAIL)
    detail = {kind.lower(): {"bounceType": "Permanent"}}
    mail = {"messageId": "m", "tags": {"message": [tag_of(message)]}}
    baton.world.mail_event(json.dumps({"eventType": kind, "mail": mail, **detail}))
    baton.until_quiet()
    consent = baton.world.consents.read(baton.world.lead_id(EMAIL))
    assert consent.suppressed == reason
    assert status(baton) == 404
    assert events_of(baton, keys.lead(baton.world.lead_id(EMAIL))) == []


# --- a new life -----------------------------------------------------------------------------------


def test_a_later_form_begins_anew() -> None:
    baton = known()
    ask(baton, "stage", {"stage": "sql", "reason": "by hand"})
    erased(baton, EMAIL)
    baton.form("guide", visitor="v9", email=EMAIL, first_name="Anna")
    baton.until_quiet()
    lead = baton.lead()
    assert (lead["stage"], lead["cycle"], lead["owner"]) == ("lead", 1, None)
    assert lead["profile"] == {"first_name": "Anna"}
    assert lead["consent"] is None
    assert lead["created_at"] == lead["updated_at"]
    timeline = baton.get(f"/v1/leads/{lead['lead_id']}/timeline")["items"]
    assert {one["kind"] for one in timeline} == {"form", "track"}  # a download
    assert not baton.world.corrections.rebuild(lead["lead_id"])[1]


def test_a_form_right_after_the_request_loses_nothing() -> None:
    baton = known()
    erase(baton, EMAIL)
    baton.ports.clock.tick(timedelta(milliseconds=1))
    baton.form("demo", visitor="v9", consent=True, **{**ANN, "first_name": "Anna"})
    baton.until_quiet()  # before anything was deleted
    lead = baton.lead()
    assert (lead["stage"], lead["profile"]["first_name"]) == ("sql", "Anna")
    timeline = f"/v1/leads/{lead['lead_id']}/timeline"
    early = baton.get(timeline)["items"]
    assert [one["name"] for one in early if one["kind"] == "form"] == ["demo"]
    for _ in range(3):
        baton.minutes_later(1)
    assert baton.get(timeline)["items"] == early
    assert baton.lead()["consent"]["marketing"] is True
    sent = [one for one in baton.ports.senders.sent if isinstance(one, Email)]
    assert any("Anna" in str(one) for one in sent)


def test_the_new_life_plans_its_messages_over_the_old_ones() -> None:
    baton = InMemoryBaton()
    baton.form("demo", consent=True, **ANN)
    baton.until_quiet()
    sent = len(baton.ports.senders.sent)
    erase(baton, EMAIL)
    baton.ports.clock.tick(timedelta(seconds=1))
    baton.form("demo", visitor="v9", consent=True, **ANN)
    for _ in range(3):
        baton.minutes_later(1)
    assert len(baton.ports.senders.sent) > sent  # sales hears of the new request
    states = {one["state"] for one in baton.outbox()}
    assert states <= {"sent", "planned", "held", "suppressed"}
    assert baton.lead()["stage"] == "sql"


def test_a_form_at_the_merged_address_right_after_is_counted() -> None:
    baton = known()
    baton.form("guide", visitor="v2", **{**ANN, "email": OTHER})
    baton.until_quiet()
    ask(baton, "merge", {"other_lead_id": baton.world.lead_id(OTHER)})
    erase(baton, EMAIL)
    baton.ports.clock.tick(timedelta(seconds=1))
    baton.form("demo", visitor="v9", **{**ANN, "email": OTHER, "first_name": "Anna"})
    baton.until_quiet()
    for _ in range(4):
        baton.minutes_later(1)
    assert status(baton) == 404
    assert baton.lead(OTHER)["profile"]["first_name"] == "Anna"


def test_a_repeat_of_an_old_submission_begins_nothing() -> None:
    baton = InMemoryBaton()
    data = {"fields": ANN, "submission_id": "s1"}
    assert baton.post("/v1/forms/guide", data).status_code == 202
    baton.until_quiet()
    erased(baton, EMAIL)
    assert baton.post("/v1/forms/guide", data).status_code == 202
    baton.until_quiet()
    assert status(baton) == 404
    assert left_of(baton.ports.memory.items, MARKS) == []


def test_a_lead_that_is_being_erased_is_not_merged() -> None:
    baton = known()
    baton.form("guide", visitor="v2", **{**ANN, "email": OTHER})
    baton.until_quiet()
    erase(baton, EMAIL)
    baton.ports.clock.tick(timedelta(seconds=1))
    baton.form("guide", visitor="v9", **ANN)
    baton.until_quiet()
    other = {"other_lead_id": baton.world.lead_id(OTHER)}
    path = f"/v1/leads/{baton.world.lead_id(EMAIL)}/merge"
    assert baton.post(path, other, TOKEN).status_code == 409
    for _ in range(3):
        baton.minutes_later(1)
    assert baton.post(path, other, TOKEN).status_code == 200


def test_rescoring_that_is_off_does_not_hinder_a_new_life() -> None:
    baton = known()
    said = {**TOKEN, "Content-Type": "application/json"}
    off = json.dumps({"rescoring": {"on": False, "reason": "a test"}})
    assert baton.http("PUT", "/v1/switches", off, said).status_code == 200
    baton.minutes_later(1)
    erased(baton, EMAIL)
    assert left_of(baton.ports.memory.items, MARKS) == []
    baton.form("guide", visitor="v9", **ANN)
    baton.until_quiet()
    on = json.dumps({"rescoring": {"on": True, "reason": ""}})
    assert baton.http("PUT", "/v1/switches", on, said).status_code == 200
    for _ in range(40):
        baton.minutes_later(1)
    assert baton.lead()["profile"]["company"] == "Acme"


def test_a_user_id_of_two_leads_stays_with_the_other() -> None:
    baton = known()
    user = {"userId": "u1"}
    for number, email in enumerate((EMAIL, OTHER)):
        said = {"anonymousId": f"w{number}", **user, "traits": {"email": email}}
        assert baton.post("/v1/identify", said).status_code == 200
        baton.until_quiet()
    owner = baton.world.events.owner("USER#u1")
    assert owner is not None
    theirs = baton.world.lead_id(OTHER if owner.lead_id == baton.world.lead_id(EMAIL) else EMAIL)
    mine = OTHER if theirs == baton.world.lead_id(OTHER) else EMAIL
    erased(baton, mine)
    left = baton.world.events.owner("USER#u1")
    assert left is None or theirs not in (left.lead_id, *left.earlier)


def test_an_old_event_of_a_merged_lead_reaches_no_survivor() -> None:
    baton = known()
    baton.form("guide", visitor="v2", **{**ANN, "email": OTHER})
    baton.until_quiet()
    ask(baton, "merge", {"other_lead_id": baton.world.lead_id(OTHER)})
    baton.form("demo", visitor="v2", **{**ANN, "email": OTHER, "company": "Old"})
    late = baton.ports.memory.inserted[baton.drained :]  # their records are still to come
    baton.drained = len(baton.ports.memory.inserted)
    erase(baton, EMAIL)
    baton.ports.clock.tick(timedelta(seconds=1))
    baton.form("guide", visitor="v9", email=EMAIL, first_name="Anna")
    baton.until_quiet()
    for item in late:
        assert baton.handle(item)
    assert baton.lead()["profile"] == {"first_name": "Anna"}
    for _ in range(3):
        baton.minutes_later(1)
    assert status(baton, email=OTHER) == 404
    assert baton.lead()["profile"] == {"first_name": "Anna"}


# --- after a restore ------------------------------------------------------------------------------


def test_whoever_was_erased_since_the_backup_is_erased_again() -> None:
    baton = known()
    baton.form("guide", visitor="v2", **{**ANN, "email": OTHER})
    baton.until_quiet()
    backup = baton.kept()
    since = baton.ports.now()
    erased(baton, EMAIL)
    listed = list(list_erased(baton.ports.table, since))
    assert [line.split()[-1] for line in listed] == [baton.world.lead_id(EMAIL)]
    assert list(list_erased(baton.ports.table, baton.ports.now())) == []
    baton.ports.memory.items = backup  # a restored table
    assert status(baton) == 200
    said = list(erase_again(baton.world, [*listed, "", "2026-01-31 " + "A" * 26]))
    assert [line.split()[-1] for line in said] == [f"erase-{_key(baton)}", "there"]
    for _ in range(3):
        baton.minutes_later(1)
    assert status(baton) == 404
    assert status(baton, email=OTHER) == 200
    assert left_of(baton.ports.memory.items, ("ann@acme",)) == []


def _key(baton: InMemoryBaton) -> str:
    lead = baton.world.leads.read(baton.world.lead_id(EMAIL))
    assert lead.erased_at is not None
    return f"{lead.lead_id}-{epoch_ms(lead.erased_at)}"


def test_the_list_of_erasures_names_nobody(capsys: pytest.CaptureFixture[str]) -> None:
    baton = known()
    erased(baton, EMAIL)
    for line in list_erased(baton.ports.table, baton.ports.now() - timedelta(days=1)):
        assert re.fullmatch(r"[0-9T:.-]+Z [A-Z2-7]{26}", line)
    out = capsys.readouterr().out
    assert "901820" not in out
    assert "ann@" not in out


# --- spam -----------------------------------------------------------------------------------------


def test_spam_of_the_person_is_gone_and_not_released() -> None:
    baton = known()
    trap = {"fields": {**ANN, HONEYPOT_FIELD: "buy"}}
    assert baton.post("/v1/forms/demo", trap).status_code == 202
    (one,) = baton.get("/v1/leads?stage=spam")["leads"]
    erase(baton, EMAIL)
    assert baton.get("/v1/leads?stage=spam")["leads"] == []
    path = f"/v1/leads/{one['lead_id']}/release"
    assert baton.post(path, {"event_ids": [one["event_id"]]}, TOKEN).status_code in (400, 404)
    for _ in range(3):
        baton.minutes_later(1)
    assert status(baton) == 404
    assert left_of(baton.ports.memory.items, MARKS) == []


def test_who_only_sent_spam_can_be_erased() -> None:
    baton = InMemoryBaton()
    trap = {"fields": {**ANN, HONEYPOT_FIELD: "buy"}}
    assert baton.post("/v1/forms/demo", trap).status_code == 202
    assert erased(baton, EMAIL)["state"] == "done"
    assert left_of(baton.ports.memory.items, MARKS) == []


def test_a_new_life_begins_after_the_erasure_whoever_joins_it() -> None:
    """A standing that seems to be from before would be overwritten as what an erasure left."""
    erased = make.whole_lead(erased_at=NOW, created_at=NOW + timedelta(hours=1))
    earlier = make.whole_lead(created_at=NOW - timedelta(days=1))
    assert earlier_beginning(erased, earlier) == erased.created_at
    assert earlier_beginning(earlier, erased) == earlier.created_at
