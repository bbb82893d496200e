"""A sequence that ships is switched on once the settings have the words of its emails."""

import json
import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest

from chalicelib.delivery.messages import Email
from tests.baton import TOKEN, InMemoryBaton
from tests.courses import baton_on_tuesday, become_mql, hours_later, mails, put
from tests.shipped import SITE

EVERY = (
    "learn-and-try",
    "no-budget",
    "price-and-proof",
    "stay-in-touch",
    "unreachable",
    "warm-again",
)
OFFER: Mapping[str, Any] = {
    "product": "Keybook",
    "job": "access reviews",
    "unit": "person",
    "extras": "Training is 400 euros.",
    "price_page": f"{SITE}/pricing",
    "security_page": f"{SITE}/security",
    "booking_url": f"{SITE}/book",
}
COMPANY: Mapping[str, Any] = {
    "company_name": "Keybook",
    "postal_address": "Beispielweg 1",
    "double_opt_in": "never",
}


@pytest.fixture
def baton() -> InMemoryBaton:
    return InMemoryBaton()


def settings(baton: InMemoryBaton, offer: Mapping[str, Any] = OFFER, **keys: Any) -> Any:
    """Put the settings of a company with that offer; a key that is None is left out."""
    document = {**COMPANY, "offer": offer, **keys}
    return put(baton, "/v1/settings", {key: one for key, one in document.items() if one})


def without(*names: str) -> dict[str, Any]:
    """Return the offer without some of its words."""
    return {name: word for name, word in OFFER.items() if name not in names}


def switch_on(baton: InMemoryBaton, sequence_id: str, status: int = 200) -> list[str]:
    """Activate a sequence that ships. Return the lines of a refusal."""
    document = baton.get(f"/v1/sequences/{sequence_id}")
    answer = put(baton, f"/v1/sequences/{sequence_id}", {**document, "active": True}, status)
    return [f"{one['field']}: {one['message']}" for one in answer.get("errors", ())]


def lacking(baton: InMemoryBaton, sequence_id: str) -> list[tuple[str | None, str, bool]]:
    """Return what a sequence lacks: the email, the place in the settings, whether it can wait."""
    found = baton.get("/v1/sequences")["to_switch_on"][sequence_id]
    return [(one["email"], one["setting"], one["is_skipped"]) for one in found]


def test_every_sequence_ships_switched_off(baton: InMemoryBaton) -> None:
    found = {one["id"]: one.get("active", True) for one in baton.get("/v1/sequences")["sequences"]}
    assert found == {**dict.fromkeys(EVERY, False), "welcome": True}


@pytest.mark.parametrize("sequence_id", EVERY)
def test_the_demo_can_switch_on_every_sequence(baton: InMemoryBaton, sequence_id: str) -> None:
    assert lacking(baton, sequence_id) == []
    switch_on(baton, sequence_id)
    assert sequence_id not in baton.get("/v1/sequences")["to_switch_on"]


@pytest.mark.parametrize("sequence_id", EVERY)
def test_nine_settings_switch_on_everything(baton: InMemoryBaton, sequence_id: str) -> None:
    settings(baton)
    switch_on(baton, sequence_id)


def test_an_empty_slot_is_named_with_its_setting_and_email(baton: InMemoryBaton) -> None:
    settings(baton, without("job", "booking_url"))
    assert switch_on(baton, "learn-and-try", 422) == [
        "steps.0.email: the email learn-questions needs offer.job, which is empty; put offer.job"
        " into the settings first, or leave the sequence inactive",
        "steps.1.email: the email learn-month needs offer.booking_url, which is empty; put"
        " offer.booking_url into the settings first, or leave the sequence inactive",
        "steps.3.email: the email learn-talk needs offer.booking_url, which is empty; put"
        " offer.booking_url into the settings first, or leave the sequence inactive",
    ]
    assert baton.get("/v1/sequences/learn-and-try")["active"] is False


def test_an_email_of_a_branch_counts_too(baton: InMemoryBaton) -> None:
    settings(baton, without("extras"))
    document = baton.get("/v1/sequences/unreachable")
    step = {**document["steps"][0], "if": {"clicked": "previous"}, "else": "price-extras"}
    first = {"id": "first", "wait": "1d", "email": "learn-timing"}
    changed = {**document, "active": True, "steps": [first, step]}
    errors = put(baton, "/v1/sequences/unreachable", changed, 422)["errors"]
    assert [one["field"] for one in errors] == ["steps.1.else"]


@pytest.mark.parametrize("name", ["company_name", "postal_address"])
def test_what_stands_below_each_email_is_asked_for(baton: InMemoryBaton, name: str) -> None:
    emails = {"welcome": baton.get("/v1/emails/welcome")}
    assert "company_name" not in json.dumps(emails)
    keys: dict[str, Any] = {name: None}
    settings(baton, **keys)
    (line,) = switch_on(baton, "warm-again", 422)
    assert line.startswith(f"settings.{name}: every marketing email shows it; put {name}")
    assert lacking(baton, "warm-again") == [(None, name, False)]


def test_a_list_says_what_is_missing_to_switch_on(baton: InMemoryBaton) -> None:
    settings(baton, without("unit"))
    assert lacking(baton, "price-and-proof") == [
        ("price-story", "offer.case", True),
        ("price-story", "offer.case", True),
        ("price-story", "offer.case", True),
        ("price-numbers", "offer.unit", False),
    ]
    assert lacking(baton, "stay-in-touch") == [("touch-changes", "offer.changes", True)]
    settings(baton, without("booking_url"))
    assert ("touch-timing", "offer.booking_url", False) in lacking(baton, "stay-in-touch")


def test_the_words_of_another_language_have_another_place(baton: InMemoryBaton) -> None:
    settings(baton, language="fr")
    assert ("learn-questions", "offer.languages.en.job", False) in lacking(baton, "learn-and-try")
    settings(baton, {**OFFER, "languages": {"en": {"job": "access reviews"}}}, language="fr")
    assert lacking(baton, "learn-and-try") == []


def test_one_whole_language_is_enough(baton: InMemoryBaton) -> None:
    settings(baton, {**OFFER, "languages": {"de": {"unit": "Person"}}})
    switch_on(baton, "price-and-proof")
    settings(baton, language="de")
    switch_on(baton, "learn-and-try")


def test_a_language_that_is_not_whole_is_said(baton: InMemoryBaton) -> None:
    settings(baton)
    document = baton.get("/v1/sequences/learn-and-try")
    answer = put(baton, "/v1/sequences/learn-and-try", {**document, "active": True})
    assert answer["warnings"] == [
        {
            "field": "steps.0.email",
            "message": "the email learn-questions is not whole in de, so people who speak it get it"
            " in another language; put offer.languages.de.job into the settings",
        }
    ]


def test_settings_that_are_emptied_later_say_what_is_skipped(baton: InMemoryBaton) -> None:
    settings(baton)
    switch_on(baton, "unreachable")
    assert settings(baton)["warnings"] == []
    warnings = settings(baton, without("booking_url"))["warnings"]
    assert warnings == [
        {
            "field": "offer.booking_url",
            "message": "is empty: the sequence unreachable skips the email unreachable, which needs"
            " offer.booking_url",
        }
    ]


def test_an_inactive_sequence_may_have_gaps(baton: InMemoryBaton) -> None:
    settings(baton, {})
    put(baton, "/v1/sequences/learn-and-try", baton.get("/v1/sequences/learn-and-try"))
    assert baton.http("GET", "/v1/sequences", None, TOKEN).status_code == 200


# --- what then happens ----------------------------------------------------------------------------


def test_learn_and_try_goes_out_on_its_days() -> None:
    baton = baton_on_tuesday()
    company = baton.get("/v1/settings")
    in_hours = {key: value for key, value in company.items() if key != "sending"}
    put(baton, "/v1/settings", in_hours)
    switch_on(baton, "learn-and-try")
    baton.minutes_later(1)
    become_mql(baton)
    hours_later(baton, 25 * 24, step=6)
    planned = sorted((one["created_at"], one["id"]) for one in baton.outbox())
    days = [(key.rpartition("#")[2], at[:10]) for at, key in planned]
    assert [step for step, _ in days] == ["questions", "month", "page", "talk"]
    # Four days after the Wednesday is a Sunday.
    assert days[:2] == [("questions", "2026-11-25"), ("month", "2026-11-30")]
    assert days[2:] == [("page", "2026-12-07"), ("talk", "2026-12-16")]
    assert mails(baton) == [
        "Vor dem Vergleich: drei Fragen",
        "So sieht der erste Monat wirklich aus",
        "Noch ein Thema bei Ihnen?",
        "15 Minuten, Ihre Fragen, keine Folien",
    ]


def test_who_clicks_gets_the_page_for_colleagues() -> None:
    baton = baton_on_tuesday()
    switch_on(baton, "learn-and-try")
    baton.minutes_later(1)
    become_mql(baton, country="US")  # where links may be measured unless somebody objects
    hours_later(baton, 7 * 24, step=6)
    email = [one for one in baton.ports.senders.sent if isinstance(one, Email)][-1]
    assert email.subject == "What the first month really looks like"
    (link,) = set(re.findall(r"https://api\S+/c/\S+", email.text))
    chrome = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64) Chrome/130.0 Safari/537.36"}
    assert baton.http("GET", urlsplit(link).path, None, chrome).status_code == 302
    baton.until_quiet()
    hours_later(baton, 8 * 24, step=6)
    assert mails(baton)[2:] == ["One page for your next team meeting"]


def press(baton: InMemoryBaton, answer: str) -> None:
    """Answer the question of the newest email, as a person does."""
    email = [one for one in baton.ports.senders.sent if isinstance(one, Email)][-1]
    line = email.text.splitlines().index(f"{answer}:")
    path = urlsplit(email.text.splitlines()[line + 1]).path
    page = baton.http("GET", path).body.decode()
    baton.ports.clock.tick(timedelta(seconds=5))
    hidden = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page)
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert baton.http("POST", path, urlencode(hidden), form).status_code == 200
    baton.until_quiet()


def test_who_answers_later_hears_nothing_for_three_months() -> None:
    baton = baton_on_tuesday()
    switch_on(baton, "learn-and-try")
    baton.minutes_later(1)
    become_mql(baton)
    hours_later(baton, 14 * 24, step=6)
    assert mails(baton)[-1] == "Noch ein Thema bei Ihnen?"
    press(baton, "Später, im März")
    hours_later(baton, 89 * 24, step=12)
    assert len(mails(baton)) == 3
    hours_later(baton, 5 * 24, step=6)
    assert mails(baton)[3:] == ["15 Minuten, Ihre Fragen, keine Folien"]
    asked = next(one for one in baton.outbox() if one["id"].endswith("#talk"))
    assert asked["created_at"].startswith("2027-03-")


def test_a_missing_story_is_skipped_and_the_others_go_on() -> None:
    baton = baton_on_tuesday()
    settings(baton)
    document = baton.get("/v1/sequences/price-and-proof")
    entered = {**document, "active": True, "enter": {"stage": "mql"}}
    put(baton, "/v1/sequences/price-and-proof", entered)
    baton.minutes_later(1)
    become_mql(baton, country="US")
    hours_later(baton, 25 * 24, step=6)
    assert mails(baton) == [
        "What it costs, and what is not on the page",
        "For your security and finance colleagues",
        "Your numbers instead of ours",
    ]
    reasons = {one["id"].rpartition("#")[2]: one["reason"] for one in baton.outbox()}
    assert reasons["story"] == "no_content"
