"""Whether we may write, measure and call: a basis for each purpose, by country (ADR 0045)."""

import json
from collections.abc import Sequence
from typing import Any

import pytest

from chalicelib.consent.basis import counting_bases, must_confirm
from chalicelib.consent.consent import BasisKind, Purpose
from chalicelib.delivery.messages import Email
from tests.baton import ANN, AT_ANY_TIME, TOKEN, InMemoryBaton, ask

EMAIL = "ann@acme.example"
CONSENT = {BasisKind.CONSENT}
US = {BasisKind.CONSENT, BasisKind.OPT_OUT}


@pytest.fixture
def baton() -> InMemoryBaton:
    return InMemoryBaton()


def settings(baton: InMemoryBaton, **more: Any) -> None:
    document = {"company_name": "Keybook", "double_opt_in": "never", "sending": AT_ANY_TIME, **more}
    baton.world.documents.put("settings", document, "ACTIVE")


def nurture(baton: InMemoryBaton) -> tuple[str, str | None]:
    (email,) = [one for one in baton.outbox() if one["kind"] == "nurture"]
    return email["state"], email["reason"]


def form(baton: InMemoryBaton, **fields: Any) -> None:
    baton.form("guide", **{**ANN, **fields})
    baton.until_quiet()


@pytest.mark.parametrize(
    ("countries", "expected"),
    [
        ([], CONSENT),
        ([""], CONSENT),
        (["DE"], CONSENT),
        (["US"], US),
        (["us "], US),
        (["US", "DE"], CONSENT),
        (["FR", "US"], CONSENT),
        (["Atlantis"], CONSENT),
    ],
)
def test_the_strictest_country_says_what_counts(
    countries: Sequence[str], expected: set[BasisKind]
) -> None:
    assert counting_bases({}, Purpose.MARKETING, countries) == expected


def test_settings_say_which_kinds_count_where() -> None:
    set_rules = {"calls": {"DE": ["consent", "existing_customer"], "default": ["opt_out"]}}
    both = {BasisKind.CONSENT, BasisKind.EXISTING_CUSTOMER}
    assert counting_bases(set_rules, Purpose.CALLS, ["DE"]) == both
    assert counting_bases(set_rules, Purpose.CALLS, ["FR"]) == {BasisKind.OPT_OUT}
    assert counting_bases(set_rules, Purpose.CALLS, []) == CONSENT
    assert counting_bases(set_rules, Purpose.MARKETING, ["DE"]) == CONSENT


@pytest.mark.parametrize(
    ("rules", "countries", "newsletter", "other"),
    [
        ({}, ["DE"], True, True),
        ({}, ["AT"], True, True),
        ({}, ["CH"], True, True),
        ({}, [], True, True),
        ({}, ["US"], True, False),
        ({}, ["US", "DE"], True, True),
        ({"DE": "never"}, ["DE"], False, False),
        ({"default": "never"}, ["US"], False, False),
        ({"unknown": "newsletters"}, [], True, False),
        ("never", ["DE"], False, False),
        ("newsletters", ["DE"], True, False),
        ("always", ["US"], True, True),
    ],
)
def test_the_country_says_whether_a_box_is_confirmed(
    rules: Any, countries: Sequence[str], newsletter: object, other: object
) -> None:
    for is_newsletter, expected in ((True, newsletter), (False, other)):
        found = must_confirm(rules, countries, is_newsletter=is_newsletter, form_says=None)
        assert found == expected


@pytest.mark.parametrize("form_says", [True, False])
def test_a_forms_own_word_goes_first(form_says: object) -> None:
    said = bool(form_says)
    for countries in ([], ["DE"], ["US"]):
        found = must_confirm({}, countries, is_newsletter=not said, form_says=said)
        assert found is said


def test_an_opt_out_country_needs_no_box(baton: InMemoryBaton) -> None:
    form(baton, country="US")
    assert nurture(baton) == ("sent", None)
    basis = baton.lead()["basis"]["marketing"]
    assert (basis["allowed"], basis["kind"], basis["proof"]) == (True, "opt_out", None)


def test_an_unsubscribe_ends_every_basis(baton: InMemoryBaton) -> None:
    baton.world.unsubscribe.unsubscribe(baton.world.lead_id(EMAIL))
    form(baton, country="US")
    assert nurture(baton) == ("suppressed", "unsubscribed")
    basis = baton.lead()["basis"]
    assert (basis["marketing"]["allowed"], basis["marketing"]["suppressed"]) == (
        False,
        "unsubscribed",
    )
    assert basis["measuring"]["allowed"] is False
    assert basis["calls"]["allowed"] is True


def test_a_strangers_country_opens_no_mailbox(baton: InMemoryBaton) -> None:
    """The lead's own browser said DE; somebody else types US with the same address."""
    baton.form("tour", "own", email=EMAIL, country="DE")
    baton.form("guide", "own", **ANN)
    baton.form("guide", "strange", **{**ANN, "country": "US"})
    baton.until_quiet()
    assert nurture(baton) == ("suppressed", "no_consent")


def test_an_existing_customer_counts_where_the_settings_say(baton: InMemoryBaton) -> None:
    settings(baton, basis={"marketing": {"DE": ["consent", "existing_customer"]}})
    baton.form("tour", email=EMAIL)
    baton.until_quiet()
    given = {"purpose": "marketing", "kind": "existing_customer", "reason": "contract of 2024"}
    lead = ask(baton, "basis", given)
    assert lead["basis"]["marketing"]["allowed"] is False  # no country is known yet
    form(baton)
    assert nurture(baton) == ("sent", None)
    basis = baton.lead()["basis"]["marketing"]
    assert (basis["kind"], basis["proof"]["text"]) == ("existing_customer", "contract of 2024")


def test_a_person_gives_a_basis_with_a_reason_once(baton: InMemoryBaton) -> None:
    form(baton)
    given = {"purpose": "calls", "kind": "consent", "reason": "asked for it at the fair"}
    for _ in range(2):
        lead = ask(baton, "basis", given)
    calls = lead["basis"]["calls"]
    assert (calls["allowed"], calls["kind"]) == (True, "consent")
    assert calls["proof"]["author"] == "admin"
    acts = baton.get(f"/v1/leads/{lead['lead_id']}/timeline")["items"]
    assert [one["name"] for one in acts if one["kind"] == "person"] == ["basis"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"purpose": "sms", "kind": "consent", "reason": "x"},
        {"purpose": "calls", "kind": "opt_out", "reason": "x"},
        {"purpose": "calls", "kind": "consent"},
        {"purpose": "calls", "kind": "consent", "reason": " "},
        {"purpose": "calls", "kind": "consent", "reason": "x", "more": 1},
    ],
)
def test_a_wrong_basis_is_refused(baton: InMemoryBaton, wrong: dict[str, Any]) -> None:
    form(baton)
    ask(baton, "basis", wrong, status=400)


def test_a_basis_by_hand_lifts_no_suppression(baton: InMemoryBaton) -> None:
    form(baton)
    baton.world.unsubscribe.unsubscribe(baton.world.lead_id(EMAIL))
    given = {"purpose": "marketing", "kind": "consent", "reason": "said so on the phone"}
    lead = ask(baton, "basis", given)
    assert (lead["consent"]["marketing"], lead["suppressed"]) == (True, "unsubscribed")
    assert lead["basis"]["marketing"]["allowed"] is False


def test_an_import_brings_a_basis(baton: InMemoryBaton) -> None:
    bases = {"marketing": {"kind": "consent", "text": "fair of 2025", "at": "2025-05-01"}}
    line = json.dumps({**ANN, "basis": {**bases, "calls": "existing_customer"}})
    headers = {**TOKEN, "Content-Type": "application/x-ndjson"}
    answer = baton.http("POST", "/v1/leads/import", line, headers)
    assert json.loads(answer.body)["imported"] == 1, answer.body
    lead = baton.lead()
    assert lead["consent"]["at"].startswith("2025-05-01")
    assert lead["basis"]["marketing"]["proof"]["author"] == "import"
    assert lead["basis"]["calls"]["allowed"] is False  # a customer does not count there


@pytest.mark.parametrize(
    "basis", [[], "consent", {"sms": "consent"}, {"calls": "opt_out"}, {"calls": {"kind": 1}}]
)
def test_an_import_names_a_wrong_basis(baton: InMemoryBaton, basis: Any) -> None:
    line = json.dumps({**ANN, "basis": basis})
    headers = {**TOKEN, "Content-Type": "application/x-ndjson"}
    answer = json.loads(baton.http("POST", "/v1/leads/import", line, headers).body)
    assert answer["imported"] == 0
    assert "basis" in answer["rejected"][0]["reason"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"double_opt_in": "sometimes"},
        {"double_opt_in": {"Germany": "always"}},
        {"basis": {"marketing": {"DE": ["none"]}}},
        {"basis": {"sms": {}}},
    ],
)
def test_wrong_settings_are_refused(baton: InMemoryBaton, wrong: dict[str, Any]) -> None:
    headers = {**TOKEN, "Content-Type": "application/json"}
    answer = baton.http("PUT", "/v1/settings", json.dumps(wrong), headers)
    assert answer.status_code == 422, answer.body


def test_a_notice_says_what_the_person_agreed_to(baton: InMemoryBaton) -> None:
    baton.form("demo", consent=True, **ANN)
    baton.until_quiet()
    emails = [one for one in baton.ports.senders.sent if isinstance(one, Email)]
    (email,) = [one for one in emails if one.to == "sam@keybook.example"]
    assert "marketing emails: yes, agreed on 22 Nov 2026" in email.text
    assert "calls: nothing on record" in email.text
