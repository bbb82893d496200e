"""A stranger who knows an address cannot replace, lower, disqualify or dress up its lead."""

from datetime import timedelta
from typing import Any

import pytest

from tests.baton import ANN, TOKEN, InMemoryBaton

STUDENT: dict[str, Any] = {"job_title": "Student", "company_size": 1, "company": "Evil"}
EVIL_AD = {"source": "evil", "medium": "list", "name": "evil"}
TRUE_AD = {"source": "google", "medium": "cpc", "name": "spring"}


@pytest.fixture
def baton() -> InMemoryBaton:
    """A Baton in which Ann came by an ad, and sent two forms from her browser."""
    baton = InMemoryBaton()
    baton.page("/pricing", context={"campaign": TRUE_AD})
    baton.form("newsletter", **ANN)
    baton.until_quiet()
    baton.form("demo", **ANN, message="Please call me on Monday.")
    baton.until_quiet()
    baton.ports.clock.tick(timedelta(minutes=5))
    return baton


def attack_by_form(baton: InMemoryBaton, visitor: str | None, fields: dict[str, Any]) -> Any:
    data = {
        "fields": {"email": ANN["email"].upper(), **fields},
        "visitor_id": visitor,
        "campaign": EVIL_AD,
    }
    answer = baton.post("/v1/forms/newsletter", data)
    assert answer.status_code == 202
    baton.until_quiet()
    return answer.json_body["visitor_id"]


def attack_by_identify(baton: InMemoryBaton, fields: dict[str, Any], **more: Any) -> None:
    item = {
        "anonymousId": "evil",
        "traits": {"email": ANN["email"], **fields},
        "context": {"campaign": EVIL_AD},
        **more,
    }
    assert baton.post("/v1/identify", item).status_code == 200
    baton.until_quiet()


def seen(lead: Any) -> Any:
    """Return what a stranger must not change."""
    parts = ("email", "profile", "stage", "kind", "cycle", "first_touch", "last_touch", "owner")
    return {name: lead[name] for name in parts}


def test_a_strangers_form_changes_nothing(baton: InMemoryBaton) -> None:
    before = baton.lead()
    attack_by_form(baton, "evil", STUDENT)
    attack_by_form(baton, None, STUDENT)
    after = baton.lead()
    assert seen(after) == seen(before)
    assert after["score"]["groups"]["fit"] == before["score"]["groups"]["fit"]
    assert after["score"]["groups"]["channel"] == before["score"]["groups"]["channel"]


def test_a_strangers_identify_changes_nothing(baton: InMemoryBaton) -> None:
    before = baton.lead()
    for stamp in ("2026-01-01T00:00:00Z", "2026-11-20T00:00:00Z"):
        attack_by_identify(baton, STUDENT, timestamp=stamp)
        baton.page("/blog/x", "evil", context={"campaign": EVIL_AD})
    baton.until_quiet()
    assert seen(baton.lead()) == seen(before)


def test_whoever_types_an_address_twice_is_no_better_known(baton: InMemoryBaton) -> None:
    before = baton.lead()
    visitor = "evil"
    for _ in range(4):
        attack_by_form(baton, "evil", STUDENT)
        visitor = attack_by_form(baton, visitor, STUDENT)
        attack_by_identify(baton, STUDENT, anonymousId=visitor)
    assert seen(baton.lead()) == seen(before)


def test_an_arrival_dated_back_is_not_the_first(baton: InMemoryBaton) -> None:
    before = baton.lead()
    long_ago = baton.ports.now() - timedelta(days=300)
    baton.page("/", "evil", at=long_ago, context={"campaign": EVIL_AD})
    attack_by_form(baton, "evil", {})
    assert seen(baton.lead()) == seen(before)


@pytest.mark.parametrize("empty", ["", " ", None])
def test_nobody_clears_a_value(baton: InMemoryBaton, empty: str | None) -> None:
    before = baton.lead()
    attack_by_form(baton, "evil", dict.fromkeys(("job_title", "company", "phone"), empty))
    baton.form("newsletter", email=ANN["email"], company=" ")  # nor the person herself, unawares
    baton.until_quiet()
    assert baton.lead()["profile"] == before["profile"]


def test_a_new_field_of_a_stranger_does_not_disqualify() -> None:
    baton = InMemoryBaton()
    for form_id in ("newsletter", "demo"):
        baton.form(form_id, email=ANN["email"], company="Acme")
        baton.until_quiet()
    assert baton.lead()["stage"] == "sql"
    attack_by_form(baton, "evil", {"job_title": "Student", "company_size": 1})
    lead = baton.lead()
    assert lead["stage"] == "sql"
    assert "disqualif" not in str(lead["score"]["reasons"])
    assert set(lead["unconfirmed"]) >= {"job_title", "company_size"}  # shown, and marked


def test_what_we_imported_stands_above_every_form() -> None:
    baton = InMemoryBaton()
    line = b'{"email": "ann@acme.example", "company": "Acme", "job_title": "CTO"}'
    assert baton.http("POST", "/v1/leads/import", line, TOKEN).status_code == 200
    baton.until_quiet()
    fit = baton.lead()["score"]["groups"]["fit"]
    for _ in range(2):  # also from what has become the lead's own browser
        attack_by_form(baton, "v1", STUDENT)
    lead = baton.lead()
    assert lead["profile"]["company"] == "Acme"
    assert lead["profile"]["job_title"] == "CTO"
    assert lead["score"]["groups"]["fit"] >= fit
    assert "company" not in lead["unconfirmed"]


def test_of_two_strangers_the_newer_is_shown_and_marked() -> None:
    baton = InMemoryBaton()
    for company in ("One", "Two"):
        baton.form("newsletter", visitor=None, email=ANN["email"], company=company)
        baton.ports.clock.tick(timedelta(minutes=1))
    baton.until_quiet()
    assert baton.lead()["profile"]["company"] == "Two"
    assert baton.lead()["unconfirmed"] == ["company", "email"]


def test_what_a_stranger_says_is_marked_in_the_notice() -> None:
    baton = InMemoryBaton()
    baton.form("demo", visitor=None, **ANN)
    baton.until_quiet()
    bodies = [str(one) for one in baton.ports.senders.sent]
    assert any("as somebody typed it; nothing of it is confirmed" in body for body in bodies)
