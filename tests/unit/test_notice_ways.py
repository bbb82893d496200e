"""The notice as a text on a phone, as a message to the topic, and with the facts that are read."""

import json
import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.days import zone_of
from chalicelib.delivery.messages import Email, Sms, SnsMessage
from chalicelib.delivery.outbox import Via
from chalicelib.delivery.segments import count_segments
from chalicelib.handoff.facts import NoticeFacts, VerdictLink, Whereabouts
from chalicelib.handoff.notice import Notices
from chalicelib.inputs.countries import ALPHA_2, country_name
from tests import factories as make
from tests.baton import ANN, TOKEN, InMemoryBaton, documents
from tests.linkifiers import NASTY
from tests.notices import EXAMPLES, FACTS, asked, notice_of, verdict_url
from tests.pages import text_of

REQUESTED = "handoff#1#email"
PAGE_URL = verdict_url(None, VerdictLink.PAGE)


def sms(facts: NoticeFacts, *, has_page: bool = True) -> str:
    notices = Notices(
        facts=lambda _message: facts,
        verdict_url=verdict_url if has_page else lambda _message, _link: None,
    )
    composed = notices.compose(make.handoff_message(Via.SMS))
    assert isinstance(composed, Sms)
    return composed.body


def topic(key: str) -> dict[str, Any]:
    notices = Notices(facts=lambda _message: EXAMPLES[key], verdict_url=verdict_url)
    composed = notices.compose(replace(make.handoff_message(Via.SNS), key=_key(key)))
    assert isinstance(composed, SnsMessage)
    found: dict[str, Any] = json.loads(composed.body)
    return found


def _key(key: str) -> Any:
    return make.handoff_message(key=key).key


# --- a text ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["Ann", "Ż" * 30, "Анна Примерова", "A" * 200, "\N{SLIGHTLY SMILING FACE}" * 60]
)
def test_a_text_has_number_and_page_in_two_segments(name: str) -> None:
    body = sms(replace(FACTS, profile={**FACTS.profile, "first_name": name}))
    assert count_segments(body) <= 2
    assert "+49 30 901820" in body
    assert body.endswith(f"Ref {make.LEAD_ID[:8]}-1 {PAGE_URL}")


@pytest.mark.parametrize(
    "reach", [{"phone": "tel: " * 60}, {"phone": "", "email": f"{'a' * 240}@acme.example"}]
)
def test_no_number_or_address_pushes_out_the_page(reach: dict[str, str]) -> None:
    body = sms(replace(FACTS, profile={**FACTS.profile, **reach}))
    assert count_segments(body) <= 2
    assert body.endswith(PAGE_URL)
    assert body.startswith("Ann Example, CTO at Acme")
    assert not re.search(r"tel:\S", body)


def test_a_text_says_the_persons_time_where_it_differs() -> None:
    there = Whereabouts(zones=[zone_of("America/New_York")], name="New York")
    assert "Reach: +49 30 901820 (05:02 there), ann@" in sms(replace(FACTS, place=there))
    assert "there" not in sms(FACTS)


def test_a_text_that_has_no_page_keeps_accents() -> None:
    body = sms(replace(FACTS, profile={**FACTS.profile, "first_name": "Łucja"}), has_page=False)
    assert body.startswith("Łucja Example, CTO at Acme: wants a demo")


# --- the buttons ----------------------------------------------------------------------------------


def links_in(email: Email) -> list[str]:
    return re.findall(r'href="([^"]+)"', email.html or "")


def test_an_email_has_the_buttons_that_there_are() -> None:
    links = links_in(notice_of(REQUESTED))
    assert links[:5] == [
        "tel:+4930901820",
        "mailto:ann@acme.example",
        "https://keybook.example/book/sam",
        f"{PAGE_URL}?verdict=accept",
        f"{PAGE_URL}?verdict=reject",
    ]


@pytest.mark.parametrize("typed", NASTY)
def test_nothing_typed_becomes_a_link(typed: str) -> None:
    """Neither an address with more behind it, nor a number with more in it."""
    names = ("first_name", "company", "job_title", "country", "budget", "phone", "email")
    for fields in (names, names[:-2]):
        profile = {**FACTS.profile, **dict.fromkeys(fields, typed)}
        notice = notice_of(
            REQUESTED, replace(FACTS, profile=profile, recent=[asked("demo", typed)])
        )
        own = set(links_in(notice_of(REQUESTED)))
        assert {link for link in links_in(notice) if not link.startswith("mailto:")} <= own
        for link in links_in(notice):
            assert re.fullmatch(r"(?:tel:\+\d+|mailto:[\w.%'-]+@[A-Za-z0-9.-]+|https://\S+)", link)


@pytest.mark.parametrize("key", [key for key in EXAMPLES if not key.startswith("handoff")])
def test_only_a_handoff_asks_for_a_verdict(key: str) -> None:
    assert not [link for link in links_in(notice_of(key)) if "verdict" in link]


def test_who_did_not_ask_is_written_to_if_they_agreed() -> None:
    facts = EXAMPLES["handoff#3#email"]
    agreed = replace(facts, allowed=replace(FACTS.allowed, may_email=True))
    assert 'class="go"' not in (notice_of("handoff#3#email").html or "")
    (_, link) = re.findall(r'class="go"[^>]*', notice_of("handoff#3#email", agreed).html or "")
    assert "mailto:" in link


def test_a_correction_asks_nobody_to_get_in_touch() -> None:
    text = notice_of("correction#1#email").text
    assert "Please stand down." in text
    assert "\nCall:" not in text
    assert "Why this lead" not in text


def test_rule_7_an_owner_reads_that_a_request_is_new() -> None:
    notice = notice_of("triage#1#email#2026-11-22")
    assert notice.subject.startswith("Ann Example, CTO at Acme: wants a demo [")
    assert "This is a new request, and not a new handoff." in notice.text
    assert "Our rules do not hand" not in notice.text


def test_text_and_html_say_the_same_in_the_same_order() -> None:
    headings = [
        "Wants a demo", "First contact due", "We have forty tools", "Call", "Write", "Book a time",
        "Accept", "Not now / not for us", "Why this lead", "Who they are", "What they allowed",
        "What they did", "Colleagues who are active", "What marketing sent", "80 points",
        "Ready for sales (SQL by our rules)",
    ]  # fmt: skip
    notice = notice_of(REQUESTED)
    hidden = r"<style>.*?</style>|<div style=\"display:none.*?</div>|<[^>]+>"
    shown = re.sub(hidden, "", notice.html or "", flags=re.DOTALL)
    for part in (notice.text, shown.replace("\N{NO-BREAK SPACE}", " ")):
        places = [part.index(heading) for heading in headings]
        assert places == sorted(places)


# --- the topic ------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", EXAMPLES)
def test_the_keys_of_the_topic_are_those_of_its_page(key: str) -> None:
    page = text_of("docs/reference/handoff-topic.md")
    listed = [name for row in re.findall(r"^\| (`.+?) \|", page, re.M) for name in row.split()]
    assert {name.strip("`") for name in listed} == topic(key).keys()


def test_the_topic_keeps_thousandths_and_says_what_people_read() -> None:
    content = topic(REQUESTED)
    assert content["score"] == 80
    assert sum(reason["points"] for reason in content["reasons"]) == pytest.approx(80.155)
    assert content["strongest"][0] == "asked for a demo today"
    assert content["answers"]["Budget in euros"] == "25,000"
    assert content["verdict_url"] == PAGE_URL
    assert content["first_contact"] == {"due_at": "2026-11-22T11:02:00.000Z", "priority": "p1"}
    assert content["sent"][0]["marks"] == ["clicked", "delivered"]


# --- what is read ---------------------------------------------------------------------------------


def to_sam(baton: InMemoryBaton) -> Email:
    (email,) = (
        one
        for one in baton.ports.senders.sent
        if isinstance(one, Email) and one.to == "sam@keybook.example"
    )
    return email


def demo(baton: InMemoryBaton, **fields: Any) -> Email:
    baton.form("demo", **{**ANN, **fields})
    baton.until_quiet()
    return to_sam(baton)


def routing_of(**changes: Any) -> dict[str, Any]:
    (routing,) = (one for kind, _, one in documents() if kind == "routing")
    people = [{**one, **changes} for one in routing["people"]]
    return {**routing, "people": people}


def test_times_are_the_salespersons_and_the_booking_link_theirs() -> None:
    baton = InMemoryBaton()
    parts = {"time_zone": "America/New_York", "booking_url": "https://keybook.example/sam"}
    baton.world.documents.put("routing", routing_of(**parts))
    notice = demo(baton)
    assert "What they did (your time, New York)" in notice.text
    assert "    05:00  sent the form demo" in notice.text
    assert "11:00 for Ann, in Germany: 6 h ahead of you" in notice.text
    assert "Book a time: https://keybook.example/sam" in notice.text


def test_without_a_zone_of_their_own_it_is_the_companys() -> None:
    notice = demo(InMemoryBaton(zone="Europe/Berlin"))
    assert "your time, Berlin" in notice.text
    assert "Book a time" not in notice.text


@pytest.mark.parametrize(
    ("country", "zone", "says"),
    [
        ("DE", "America/New_York", "05:00 for Ann, in New York"),
        ("DE", "Mars/Olympus", "11:00 for Ann, in Germany"),
        ("US", "", "for Ann: United States has several time zones"),
        ("Narnia", "", None),
    ],
)
def test_the_persons_time_is_the_browsers_or_the_countrys(
    country: str, zone: str, says: str | None
) -> None:
    baton = InMemoryBaton()
    if zone:
        baton.page("/", context={"timezone": zone})
    text = demo(baton, country=country).text
    assert (" for Ann" in text) == (says is not None)
    assert (says or "") in text


def test_a_reminder_looks_like_the_notice_and_quotes_it() -> None:
    baton = InMemoryBaton()
    demo(baton, message="We have an audit in March.")
    baton.page("/blog/a")
    baton.minutes_later(40)
    (reminder,) = (
        one
        for one in baton.ports.senders.sent
        if isinstance(one, Email) and "is waiting for you" in one.subject
    )
    assert "\n> We have an audit in March.\n" in reminder.text
    assert "  1. asked for a demo today\n" in reminder.text
    assert links_in(reminder)[0] == "tel:+4930901820"
    assert "an answer to what they asked is fine" in reminder.text


def test_own_answers_have_their_labels_and_marketings_emails_are_listed() -> None:
    baton = InMemoryBaton()
    (form,) = (one for kind, name, one in documents() if (kind, name) == ("form", "demo"))
    fields = {"budget": {"label": "Budget in euros", "type": "number"}}
    baton.world.documents.put("form", {**form, "fields": fields}, "demo")
    baton.form("guide", consent=True, **ANN)
    baton.until_quiet()
    text = demo(baton, budget="25000").text
    assert "  Budget in euros: 25,000\n" in text
    assert "What marketing sent\n  Sun 22 Nov: " in text


def test_rule_11_colleagues_who_are_active_are_listed() -> None:
    """Nobody of another company, of free mail, or of whom nothing is known but an old visit."""
    baton = InMemoryBaton()
    for number, email in enumerate(("bo@acme.example", "cy@other.example", "di@gmail.com")):
        person = {**ANN, "email": email, "first_name": f"Bo{number}", "phone": ""}
        baton.form("demo", f"visitor-{number}", **person)
    baton.until_quiet()
    baton.ports.senders.sent.clear()
    baton.ports.clock.tick(timedelta(days=2))
    text = demo(baton).text
    listed = text.partition("Colleagues who are active\n")[2].partition("\n\n")[0]
    assert listed == "  Bo0 Example, CTO at Acme, active on Sun 22 Nov"
    baton.ports.senders.sent.clear()
    baton.ports.clock.tick(timedelta(days=100))
    baton.form("demo", "visitor-9", **{**ANN, "email": "ed@acme.example"})
    baton.until_quiet()
    assert "Colleagues" not in to_sam(baton).text


def test_rule_2_a_companys_own_contact_rules_are_said() -> None:
    baton = InMemoryBaton()
    settings = baton.world.documents.get("settings") or {}
    own = {**settings, "contact_rules": {"DE": {"call": "opt_out"}}}
    answer = baton.http(
        "PUT", "/v1/settings", json.dumps(own), {**TOKEN, "Content-Type": "application/json"}
    )
    assert answer.status_code == 200, answer.body
    assert "no advertising email; calls are allowed until they object" in demo(baton).text


def test_every_country_has_a_name() -> None:
    assert country_name("DE") == "Germany"
    assert country_name("GB") == "United Kingdom"
    assert country_name("Narnia") == "Narnia"
    assert not [code for code in ALPHA_2 if country_name(code) == code]
