"""What somebody wrote is read by a human, whatever the form is called (playbook)."""

import json
from typing import Any

import pytest

from chalicelib.delivery.messages import Email, SnsMessage
from chalicelib.form_kinds import kind_facts
from chalicelib.store.events import event_of
from tests.baton import ANN, TOKEN, InMemoryBaton

WROTE = {"email": "ann@acme.example", "message": "Do you have an API?"}


@pytest.fixture
def baton() -> InMemoryBaton:
    return InMemoryBaton()


def sent(baton: InMemoryBaton, form_id: str, data: Any) -> list[str]:
    """Post a form. Return the notices that sales gets."""
    answer = baton.post(f"/v1/forms/{form_id}", data)
    assert answer.status_code == 202, answer.body
    baton.until_quiet()
    return sorted(
        f"{one['kind']} {one['via']} {one['to'] or ''}".strip()
        for one in baton.outbox()
        if one["kind"] in ("triage", "handoff")
    )


@pytest.mark.parametrize(
    ("form_id", "kind"),
    [
        ("demo", "request"),
        ("book-a-demo", "request"),
        ("kontakt", "request"),
        ("kontaktformular-de", "request"),
        ("contact_us", "request"),
        ("get-a-quote", "request"),
        ("free-trial", "request"),
        ("callback", "request"),
        ("call-back-please", "request"),
        ("support", "support"),
        ("support-contact", "support"),
        ("careers", "career"),
        ("job-application", "career"),
        ("bewerbung", "career"),
        ("press", "press"),
        ("presse-kontakt", "press"),
        ("express-demo", "request"),
        ("wordpress-plugin-demo", "request"),
        ("newsletter", "newsletter"),
        ("webinar-2026", "event"),
        ("guide", "download"),
        ("popup", "other"),
    ],
)
def test_a_forms_name_says_what_it_is_for(form_id: str, kind: str) -> None:
    assert kind_facts(form_id)["form_kind"] == kind


@pytest.mark.parametrize(
    ("form_id", "asks_for"), [("demo", "demo"), ("start-trial", "trial"), ("kontakt", "contact")]
)
def test_a_request_says_what_it_asks_for(form_id: str, asks_for: str) -> None:
    assert kind_facts(form_id)["asks_for"] == asks_for


def test_the_documents_kind_outranks_the_name() -> None:
    assert kind_facts("press", "request") == {"form_kind": "request", "asks_for": "contact"}
    assert kind_facts("demo", "other") == {"form_kind": "other"}


@pytest.mark.parametrize(
    ("field", "value", "kind"),
    [
        ("purpose", "Support", "support"),
        ("topic", "Technical support", "support"),
        ("your-subject", "Support question", "support"),
        ("form_fields[department]", "CUSTOMER SUPPORT", "support"),
        ("anliegen", "Reklamation", "support"),
        ("reason", "Careers", "career"),
        ("subject", "Job application", "career"),
        ("betreff", "Bewerbung", "career"),
        ("thema", "Jobs & Karriere", "career"),
        ("thema", "Presse", "press"),
        ("topic", "Press / Media inquiry", "press"),
        ("department", "Suppliers", "supplier"),
        ("Ihr Anliegen", "Lieferant werden", "supplier"),
        ("topic", "Sales", "request"),
        ("topic", "Support or sales", "request"),
        ("topic", "Support plan pricing", "request"),
        ("topic", "Express delivery", "request"),
        ("topic", "General question", "request"),
        ("topic", "", "request"),
        ("subject", "Do you support single sign-on?", "request"),
        ("subject", "We want to support and help our press team", "request"),
        ("message", "Support", "request"),
        ("team", "Support", "request"),
        ("topic", ["Support", "Sales"], "request"),
        ("topic", ["Support", "Technical support"], "support"),
    ],
)
def test_a_chosen_purpose_says_what_a_form_is_for(
    baton: InMemoryBaton, field: str, value: Any, kind: str
) -> None:
    baton.post("/v1/forms/demo", {"fields": {**ANN, field: value}})
    (event,) = [event_of(one) for one in baton.ports.memory.inserted if "kind" in one]
    assert event.properties["form_kind"] == kind
    assert ("asks_for" in event.properties) == (kind == "request")


@pytest.mark.parametrize(
    ("kind", "found"),
    [("request", "press"), ("other", "press"), ("newsletter", "newsletter"), ("event", "event")],
)
def test_a_purpose_outranks_what_is_no_choice_of_reading(kind: str, found: str) -> None:
    assert kind_facts("demo", kind, "press") == {"form_kind": found}


def test_a_request_for_support_goes_to_support(baton: InMemoryBaton) -> None:
    settings = {"form_addresses": {"support": "help@keybook.example"}}
    headers = {"Content-Type": "application/json", **TOKEN}
    baton.http("PUT", "/v1/settings", json.dumps(settings), headers)
    asked = {"fields": {**ANN, "topic": "Support", "message": "I cannot sign in."}}
    assert sent(baton, "contact", asked) == ["triage email help@keybook.example"]
    assert baton.lead()["stage"] == "lead"


def test_a_request_by_any_name_reaches_sales(baton: InMemoryBaton) -> None:
    notices = sent(baton, "kontaktformular-de", {"fields": ANN})
    assert [one.split()[0] for one in notices] == ["handoff", "handoff", "handoff"]
    assert baton.lead()["stage"] == "sql"


def test_a_support_form_is_no_request(baton: InMemoryBaton) -> None:
    sent(baton, "support-contact", {"fields": ANN})
    assert baton.lead()["stage"] == "lead"


def test_a_message_on_an_unregistered_form_is_triage(baton: InMemoryBaton) -> None:
    assert sent(baton, "popup", WROTE) == ["triage sns"]
    (notice,) = [one for one in baton.ports.senders.sent if isinstance(one, SnsMessage)]
    assert "wrote to us; please take a look" in notice.body
    assert "Do you have an API?" in notice.body


def test_any_textarea_is_a_message(baton: InMemoryBaton) -> None:
    lines = {"email": "ann@acme.example", "project_details": "We need seats.\r\nCall me."}
    assert sent(baton, "popup", lines) == ["triage sns"]


def test_a_form_without_a_message_is_nobodys_work(baton: InMemoryBaton) -> None:
    assert sent(baton, "popup", {"email": "ann@acme.example", "budget": "40k"}) == []
    assert sent(baton, "newsletter", WROTE) == [], "somebody registered it, knowing what it is for"


def test_a_message_is_announced_once_a_day(baton: InMemoryBaton) -> None:
    sent(baton, "popup", WROTE)
    assert sent(baton, "popup", {**WROTE, "message": "Hello?"}) == ["triage sns"]
    baton.minutes_later(24 * 60)
    assert sent(baton, "popup", {**WROTE, "message": "Hello??"}) == ["triage sns"] * 2


def test_a_form_not_for_sales_goes_to_its_own_address(baton: InMemoryBaton) -> None:
    settings = {"form_addresses": {"support": "help@keybook.example"}}
    headers = {"Content-Type": "application/json", **TOKEN}
    answer = baton.http("PUT", "/v1/settings", json.dumps(settings), headers)
    assert answer.status_code == 200, answer.body
    assert sent(baton, "support", WROTE) == ["triage email help@keybook.example"]
    assert sent(baton, "press", {**WROTE, "email": "bo@acme.example"}) == [
        "triage email help@keybook.example",
        "triage sns",
    ]


def test_the_owner_of_a_lead_reads_its_message(baton: InMemoryBaton) -> None:
    sent(baton, "demo", {"fields": ANN})
    notices = sent(baton, "popup", {**WROTE, **ANN})
    assert "triage sns" in notices
    assert any(one.startswith("triage email ") for one in notices)


def test_a_settings_address_must_be_one(baton: InMemoryBaton) -> None:
    settings = {"form_addresses": {"support": "nobody"}}
    headers = {"Content-Type": "application/json", **TOKEN}
    answer = baton.http("PUT", "/v1/settings", json.dumps(settings), headers)
    assert answer.status_code == 422
    assert "form_addresses.support" in answer.body.decode()


def test_a_notice_shows_own_answers_by_their_labels(baton: InMemoryBaton) -> None:
    form = {"id": "demo", "fields": {"budget": {"label": "Your budget", "type": "number"}}}
    baton.world.documents.put("form", form, "demo")
    sent(baton, "demo", {"fields": {**ANN, "budget": "40k - 60k", "team_mood": "good"}})
    (mail,) = [one for one in baton.ports.senders.sent if isinstance(one, Email)]
    assert "Your budget: 40,000 (40k - 60k)" in mail.text
    assert "Team mood: good" in mail.text


def test_an_own_answer_can_be_scored_as_a_number(baton: InMemoryBaton) -> None:
    form = {"id": "demo", "fields": {"budget": {"type": "number"}}}
    baton.world.documents.put("form", form, "demo")
    sent(baton, "demo", {"fields": {**ANN, "budget": "about 40k"}})
    assert baton.lead()["profile"]["budget"] == 40_000
    sent(baton, "demo", {"fields": {"email": "bo@acme.example", "budget": "a lot"}})
    assert baton.lead("bo@acme.example")["profile"]["budget"] == "a lot"
