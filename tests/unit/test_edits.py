"""What a salesperson edits of a lead: its profile, whose it is, and what they note about it."""

import json
from datetime import timedelta
from typing import Any

import pytest

from tests.baton import ANN, TOKEN, InMemoryBaton, ask, key_of

JSON = {"Content-Type": "application/json", **TOKEN}
SAM = {"id": "sam", "name": "Sam", "email": "sam@keybook.example", "phone": "+4930901821"}
KIM = {"id": "kim", "name": "Kim", "email": "kim@keybook.example", "phone": "+4930901822"}


@pytest.fixture
def baton() -> InMemoryBaton:
    found = InMemoryBaton()
    found.world.documents.put("routing", {"people": [SAM, KIM]})
    return found


def edit(baton: InMemoryBaton, body: Any, status: int = 200) -> Any:
    """Edit Ann's lead."""
    path = f"/v1/leads/{baton.world.lead_id('ann@acme.example')}"
    answer = baton.http("PATCH", path, json.dumps(body), JSON)
    assert answer.status_code == status, answer.body
    baton.until_quiet()
    return json.loads(answer.body)


def asks_for_a_demo(baton: InMemoryBaton, **fields: Any) -> None:
    baton.form("demo", **{**ANN, **fields})
    baton.until_quiet()


def timeline(baton: InMemoryBaton) -> list[Any]:
    lead_id = baton.world.lead_id("ann@acme.example")
    return list(baton.get(f"/v1/leads/{lead_id}/timeline?limit=200")["items"])


def to_kim(baton: InMemoryBaton) -> list[str]:
    """Return the keys of what went to Kim."""
    sent = [one for one in baton.outbox() if one["to"] in (KIM["email"], KIM["phone"])]
    return sorted(key_of(one) for one in sent)


# --- the profile ----------------------------------------------------------------------------------


def test_a_persons_word_beats_a_form(baton: InMemoryBaton) -> None:
    asks_for_a_demo(baton)
    edited = edit(baton, {"profile": {"job_title": "Head of Data", "budget": "50k"}})
    assert edited["profile"]["job_title"] == "Head of Data"
    baton.ports.clock.tick(timedelta(days=1))
    asks_for_a_demo(baton, job_title="Intern")
    profile = baton.lead()["profile"]
    assert (profile["job_title"], profile["budget"]) == ("Head of Data", "50k")
    assert "job_title" not in baton.lead()["unconfirmed"]
    (item,) = (one for one in timeline(baton) if one["name"] == "profile")
    assert item["kind"] == "person"


def test_a_correction_is_read_as_a_form_is(baton: InMemoryBaton) -> None:
    asks_for_a_demo(baton)
    profile = edit(baton, {"profile": {"company_size": "51-200", "country": "Germany"}})["profile"]
    assert profile["country"] == "DE"
    assert isinstance(profile["company_size"], int)


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({}, 400, "body"),
        ({"profile": None}, 400, "body"),
        ({"profile": {}}, 400, "profile"),
        ({"profile": {"job_title": None}}, 422, "profile.job_title"),
        ({"profile": {"job_title": " "}}, 422, "profile.job_title"),
        ({"profile": {"email": "b@acme.example"}}, 400, "profile.email"),
        ({"profile": {"message": "hello"}}, 400, "profile.message"),
        ({"profile": {"Job Title": "CTO"}}, 400, "profile.Job Title"),
        ({"owner": "nobody", "profile": {"job_title": "x"}}, 400, "owner"),
        ({"owner": 7}, 400, "owner"),
        ({"stage": "sql"}, 400, "stage"),
    ],
)
def test_a_wrong_edit_names_the_field_and_stores_nothing(
    baton: InMemoryBaton, body: Any, status: int, field: str
) -> None:
    asks_for_a_demo(baton)
    before = baton.kept()
    refused = edit(baton, body, status)
    assert [one["field"] for one in refused["errors"]] == [field]
    assert baton.kept() == before


def test_a_null_is_answered_with_what_to_do(baton: InMemoryBaton) -> None:
    asks_for_a_demo(baton)
    (error,) = edit(baton, {"profile": {"phone": None}}, 422)["errors"]
    assert "/retract" in error["message"]


# --- the owner ------------------------------------------------------------------------------------


def test_a_new_owner_gets_the_open_handoff(baton: InMemoryBaton) -> None:
    asks_for_a_demo(baton)
    assert (baton.lead()["owner"], to_kim(baton)) == ("sam", [])
    assert edit(baton, {"owner": "kim"})["owner"] == "kim"
    (handoff,) = baton.world.leads.handoffs(baton.lead()["lead_id"])
    given = f"given#{handoff.version}"
    assert to_kim(baton) == [f"handoff#1#email#{given}", f"handoff#1#sms#{given}"]
    assert (handoff.owner, handoff.holder, handoff.is_dealt) == ("kim", None, False)
    (item,) = (one for one in timeline(baton) if one["name"] == "owner")
    assert item["detail"]["properties"] == {
        "owner": "kim",
        "before": "sam",
        "by": "admin",
    }
    edit(baton, {"owner": "kim"})
    assert len(to_kim(baton)) == 2
    edit(baton, {"owner": "sam"})
    edit(baton, {"owner": "kim"})
    assert len(to_kim(baton)) == 4


def test_nobody_is_notified_of_an_owner_without_a_handoff(baton: InMemoryBaton) -> None:
    baton.form("tour", **ANN)
    baton.until_quiet()
    assert edit(baton, {"owner": "kim"})["owner"] == "kim"
    assert baton.outbox() == []
    asks_for_a_demo(baton)
    (handoff,) = baton.world.leads.handoffs(baton.lead()["lead_id"])
    assert (handoff.owner, handoff.is_dealt) == ("kim", False)


def test_an_accepted_lead_changes_hands_without_a_notice(baton: InMemoryBaton) -> None:
    asks_for_a_demo(baton)
    ask(baton, "stage", {"stage": "accepted", "reason": "mine"})
    edit(baton, {"owner": "kim"})
    (handoff,) = baton.world.leads.handoffs(baton.lead()["lead_id"])
    assert (handoff.owner, handoff.state, to_kim(baton)) == ("kim", "accepted", [])


def test_a_lead_given_away_and_disqualified_is_corrected_for_all(baton: InMemoryBaton) -> None:
    asks_for_a_demo(baton)
    for owner in ("kim", "sam", "kim", "sam", "kim"):
        edit(baton, {"owner": owner})
    retracted = [one["id"] for one in timeline(baton) if one["kind"] == "form"]
    ask(baton, "retract", {"event_ids": retracted, "reason": "a test"})
    assert baton.lead()["stage"] != "sql"
    corrections = [one for one in baton.outbox() if one["kind"] == "correction"]
    assert 0 < len(corrections) <= 8


# --- notes ----------------------------------------------------------------------------------------


def test_a_note_is_on_the_timeline_and_not_scored(baton: InMemoryBaton) -> None:
    asks_for_a_demo(baton)
    before = baton.lead()["score"]
    assert ask(baton, "notes", {"text": "Met her.\nCall in May."})["score"] == before
    (item,) = (one for one in timeline(baton) if one["kind"] == "note")
    assert item["detail"]["properties"] == {
        "text": "Met her.\nCall in May.",
        "by": "admin",
    }


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "text"),
        ({"text": " "}, "text"),
        ({"text": "x" * 5_001}, "text"),
        ({"text": "x", "who": "me"}, "who"),
    ],
)
def test_a_wrong_note_names_the_field(baton: InMemoryBaton, body: Any, field: str) -> None:
    asks_for_a_demo(baton)
    (error,) = ask(baton, "notes", body, status=400)["errors"]
    assert error["field"] == field
