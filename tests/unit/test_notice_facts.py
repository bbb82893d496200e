"""What a notice makes of the facts: points, reasons, wishes, times, what may be done (playbook)."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from chalicelib.company.contact import ContactRule, ContactRules, contact_rules_for
from chalicelib.consent.consent import (
    CONSENT_ONLY,
    BasisKind,
    Consent,
    Purpose,
    SuppressionReason,
    suppressed,
    with_basis,
)
from chalicelib.days import zone_of
from chalicelib.events import Event, Kind
from chalicelib.form_kinds import kind_facts
from chalicelib.handoff.agreed import allowed_of
from chalicelib.handoff.by_day import days_of_deeds
from chalicelib.handoff.facts import FirstContact, NoticeFacts, NoticeReader, Whereabouts
from chalicelib.handoff.notice_layout import due_words, points_of, quote_of
from chalicelib.handoff.person_lines import answer_words, person_lines
from chalicelib.handoff.reach import dialled, local_time_words, mailed_to, shown_phone
from chalicelib.handoff.strongest import reason_sentence, strongest_reasons
from chalicelib.handoff.sums import whole_points, whole_total
from chalicelib.handoff.unbroken import NO_BREAK, unbroken
from chalicelib.handoff.wanted import wanted_by, written_in
from chalicelib.lifecycle.stages import Stage
from tests import factories as make
from tests.fakes import NOW
from tests.notices import FACTS, REASONS, asked

BERLIN = zone_of("Europe/Berlin")
NEW_YORK = zone_of("America/New_York")
INFERRED = make.recorded(transition=make.transition(Stage.SQL, kind="inferred"))


# --- whole points ---------------------------------------------------------------------------------


@given(some.lists(some.integers(min_value=-50_000, max_value=50_000), max_size=30))
def test_whole_points_add_up_and_are_nearly_right(millis: list[int]) -> None:
    whole = whole_points(millis)
    assert sum(whole) == whole_total(sum(millis))
    assert all(
        abs(points * 1000 - milli) < 1000 for points, milli in zip(whole, millis, strict=True)
    )


@pytest.mark.parametrize(
    ("millis", "whole"),
    [([], []), ([500], [1]), ([-500], [0]), ([333, 333, 334], [0, 0, 1]), ([1_400, 1_400], [1, 2])],
)
def test_what_lost_most_gets_the_point(millis: list[int], whole: list[int]) -> None:
    assert sorted(whole_points(millis)) == sorted(whole)


def test_a_sum_is_whole_ordered_and_without_codes() -> None:
    points = points_of(FACTS)
    assert points is not None
    assert points["total"] == "80 points, grade A"
    lines = [(one["points"], one["text"]) for one in points["lines"]]
    assert lines[0] == ("+30", "demo request on 1 day")
    assert lines[-1] == ("-11", "intent counts at most 30")
    assert ("+10", "company size is 1,200") in lines
    assert ("+4", "country is Germany") in lines
    assert sum(int(one) for one, _ in lines) == 80
    assert not any("." in text for _, text in lines)


def test_a_group_outside_the_total_is_not_in_the_sum() -> None:
    reasons = [*REASONS, ("x", "product-b", 90_000, "visited product b")]
    total = sum(milli for _, _, milli, _ in REASONS)
    found = points_of(
        replace(
            FACTS,
            moved=make.recorded(reasons=reasons, total=total),
            outside_total=frozenset({"product-b"}),
        )
    )
    assert found == points_of(FACTS)


# --- reasons in words -----------------------------------------------------------------------------


def test_the_request_comes_first_of_three_reasons() -> None:
    assert strongest_reasons(FACTS) == [
        "asked for a demo today", "job title: CTO", "downloaded a guide",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("days", "when"), [(0, "today"), (1, "yesterday"), (5, "on 22 Nov"), (-1, "on 22 Nov")]
)
def test_a_reason_says_when_somebody_asked(days: int, when: str) -> None:
    later = replace(FACTS, now=NOW + timedelta(days=days))
    assert strongest_reasons(later)[0] == f"asked for a demo {when}"


def test_a_lead_that_stayed_has_no_reasons() -> None:
    assert strongest_reasons(replace(FACTS, moved=None)) == []
    assert points_of(replace(FACTS, moved=None)) is None


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("demo request on 1 day", "asked for a demo"),
        ("visited the pricing page on 2 days", "visited the pricing page on 2 days"),
        ("visited the pricing page on 1 day, 3 more not counted: at most 1 a day",
         "visited the pricing page"),
        ("guide download: 3, 0.5 of 36 points gone with time", "downloaded a guide, 3 of them"),
        ("site visit on 2 days, 6 more not counted: at most 1 a day, 0.257 of 2 points gone with"
         " time", "visited the website on 2 days"),
        ("company size is 1200", "1,200 people at the company"),
        ("country is DE", "is in Germany"),
        ("industry is software", "industry: software"),
        ("tried the calculator on 4 days", "tried the calculator on 4 days"),
        ("industry is http://evil.example", "industry: http: / / evil[.]example"),
    ],
)  # fmt: skip
def test_a_reason_is_a_plain_sentence(text: str, sentence: str) -> None:
    assert reason_sentence(text) == sentence


# --- what they want -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("event", "want"),
    [
        (asked("demo"), "wants a demo"),
        (asked("start-trial"), "wants a trial"),
        (asked("contact"), "wants to be contacted"),
        (asked("get-a-quote"), "wants a quote"),
        (asked("callback"), "wants to be called back"),
        (make.event(Kind.TRACK, "Meeting Booked"), "has booked a meeting"),
        (make.page("/pricing"), "asks to be contacted"),
    ],
)
def test_what_somebody_wants_is_said_by_their_request(event: Event, want: str) -> None:
    facts = NoticeFacts(now=NOW, recent=[event], moved=make.recorded())
    assert wanted_by(facts) == want


def test_rule_2_who_did_not_ask_wants_nothing() -> None:
    assert wanted_by(NoticeFacts(now=NOW, recent=[asked("demo")], moved=INFERRED)) is None


def test_words_are_those_of_the_message_or_of_several_lines() -> None:
    assert written_in(asked("demo", "One.\n\nTwo http://evil.example")) == [
        "One.", "Two http: / / evil[.]example",
    ]  # fmt: skip
    assert written_in(make.form(fields={"need": "one\ntwo", "budget": "5"})) == ["one", "two"]
    assert written_in(make.page("/")) == []


def test_a_long_message_is_quoted_up_to_a_word() -> None:
    quote = quote_of(["word " * 60])
    assert quote.endswith("word …")
    assert len(quote) <= 112
    assert quote_of(["Short."]) == "Short."


# --- who they are ---------------------------------------------------------------------------------


def test_every_answer_stands_with_its_label_in_order() -> None:
    lines = [(one.label, one.value, one.url) for one in person_lines(FACTS)]
    assert lines == [
        ("Name", "Ann Example", None),
        ("Job title", "CTO", None),
        ("Company", "Acme", None),
        ("People there", "1,200", None),
        ("Industry", "software", None),
        ("Country", "Germany", None),
        ("Email", "ann@acme.example", "mailto:ann@acme.example"),
        ("Phone", "+49 30 901820", "tel:+4930901820"),
        ("Budget in euros", "25,000", None),
        ("Which tools do you use?", "Okta, Entra ID, a spreadsheet", None),
        ("Wants call", "yes", None),
    ]


def test_answers_of_the_form_come_before_earlier_ones() -> None:
    form = make.form(fields={"zeal": "much", "message": "Hello"}, properties=kind_facts("demo"))
    facts = NoticeFacts(now=NOW, profile={"age": "old", "email": "a@b.example"}, recent=[form])
    found = [(one.label, one.is_unconfirmed) for one in person_lines(facts)]
    assert found == [("Email", False), ("Zeal", True), ("Age", False)]


@pytest.mark.parametrize(
    ("value", "words"),
    [(True, "yes"), (False, "no"), (2026, "2026"), (12_500, "12,500"), (("a", "b"), "a, b"),
     ("<!channel> x@evil.example", "\u2039!channel\u203a x at evil[.]example"), ("  ", "")],
)  # fmt: skip
def test_an_answer_is_read_as_people_write_it(value: Any, words: str) -> None:
    assert answer_words(value) == words


# --- how to reach them ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("+4930901820", "+4930901820"),
        ("+49 30 901820", "+4930901820"),
        ("+49 30 901820;ext=1", None),
        ("030 901820", None),
        ("tel:+4930901820", None),
        ("+4930901820\n+1900", None),
        ("+49309018201234567890", None),
        ("ask Bo", None),
    ],
)
def test_only_a_number_can_be_called(typed: str, number: str | None) -> None:
    assert dialled({"phone": typed}) == number


@pytest.mark.parametrize(
    ("typed", "link"),
    [
        ("ann@acme.example", "ann@acme.example"),
        ("ann+x@acme.example", "ann%2Bx@acme.example"),
        ("ann@acme.example?bcc=m@evil.example", None),
        ("www.evil.com@acme.example", None),
        ('"a&cc=m"@acme.example', None),
        ("", None),
    ],
)
def test_only_an_address_can_be_written_to(typed: str, link: str | None) -> None:
    assert mailed_to({"email": typed}) == link


def test_a_number_is_shown_as_people_write_it() -> None:
    assert shown_phone({"phone": "+4930901820"}) == "+49 30 901820"
    assert shown_phone({"phone": "ask.evil.example"}) == "ask[.]evil[.]example"
    assert shown_phone({}) == ""


@pytest.mark.parametrize(
    ("zones", "words"),
    [
        ([BERLIN], "11:00 for Ann, in X: your time too"),
        ([NEW_YORK], "05:00 for Ann, in X: 6 h behind you"),
        ([zone_of("Asia/Kolkata")], "15:30 for Ann, in X: 4 h 30 min ahead of you"),
        ([BERLIN, zone_of("Europe/Busingen")], "11:00 for Ann, in X: your time too"),
        ([BERLIN, NEW_YORK], "05:00 to 11:00 for Ann: X has several time zones"),
        ([], None),
    ],
)
def test_the_persons_time_says_how_clocks_differ(zones: Sequence[Any], words: str | None) -> None:
    place = Whereabouts(zones=zones, name="X")
    assert local_time_words(place, "Ann", NOW, BERLIN) == words


def test_nobody_knows_the_time_of_nowhere() -> None:
    assert local_time_words(None, "Ann", NOW, UTC) is None


# --- what they did --------------------------------------------------------------------------------


def test_deeds_are_by_day_with_repeats_folded() -> None:
    late = NOW.replace(hour=23, minute=30)  # the next day in Berlin
    events = [
        make.page("/b", at=NOW, n=1),
        make.page("/a", at=late),
        *(make.page("/b", at=NOW - timedelta(minutes=number), n=number) for number in (2, 3)),
        make.event(Kind.PERSON, "basis", at=NOW),
    ]
    found = days_of_deeds(events, BERLIN, make.day(1))
    assert [(one.day, list(one.deeds)) for one in found] == [
        ("Mon 23 Nov", [("00:30", "visited a")]),
        ("Sun 22 Nov", [("11:00", "visited b, 3 times")]),
    ]


@pytest.mark.parametrize(
    ("minutes", "words"),
    [
        (80, "First contact due by 12:20 (P1)"),
        (1_440, "First contact due by Mon 23 Nov, 11:00 (P1)"),
    ],
)
def test_a_first_contact_is_due_in_the_readers_time(minutes: int, words: str) -> None:
    first = FirstContact(due_at=NOW + timedelta(minutes=minutes), priority="p1")
    reader = NoticeReader(zone=BERLIN)
    assert due_words(NoticeFacts(now=NOW, reader=reader, first_contact=first)) == words
    assert due_words(NoticeFacts(now=NOW)) == ""


@pytest.mark.parametrize(
    "text",
    ["on 22 Nov 2026", "Sun 22 Nov, 11:02", "+49 30 901820", "2 days", "4 h 30 min", "90 points",
     "grade A", "1,200 people", "4 times"],
)  # fmt: skip
def test_numbers_times_and_units_stay_together(text: str) -> None:
    shown = unbroken({"words": [text], "a_url": "x?a=1 2"})
    assert shown["words"][0].replace(NO_BREAK, " ") == text
    assert not any(
        part[-1:].isdigit() for part in shown["words"][0].removeprefix("on ").split(" ")[:-1]
    )
    assert shown["a_url"] == "x?a=1 2"


# --- what they allowed ----------------------------------------------------------------------------

YES = Consent()
EMAILS = with_basis(YES, Purpose.MARKETING, BasisKind.CONSENT, make.proof())
CALLS = with_basis(YES, Purpose.CALLS, BasisKind.CONSENT, make.proof())
BOTH = with_basis(EMAILS, Purpose.CALLS, BasisKind.CONSENT, make.proof())
STOPPED = suppressed(EMAILS, SuppressionReason.UNSUBSCRIBED, NOW)


@pytest.mark.parametrize(
    ("consent", "country", "advice"),
    [
        (EMAILS, "DE", "agreed to emails: write"),
        (BOTH, "DE", "agreed to emails and calls: call or write"),
        (CALLS, "DE", "agreed to calls: call; no advertising email"),
        (YES, "DE",
         "agreed to nothing (DE): no advertising email; a call only with a concrete reason"),
        (YES, "AT", "agreed to nothing (AT): no advertising email; no advertising call"),
        (YES, "CH",
         "agreed to nothing (CH): no advertising email; calls are allowed until they object"),
        (YES, "US", "agreed to nothing (US): emails are allowed until they object; calls are"
         " allowed until they object"),
        (STOPPED, "US",
         "wants no emails (US): no advertising email; calls are allowed until they object"),
    ],
)  # fmt: skip
def test_rule_2_a_notice_says_what_may_be_done(consent: Consent, country: str, advice: str) -> None:
    kinds = CONSENT_ONLY | ({BasisKind.OPT_OUT} if country == "US" else set())
    rules = contact_rules_for({}, [country])
    found = allowed_of(consent, None, lambda _purpose: kinds, UTC, rules, [country])
    assert found.advice == advice
    assert found.may_call == (consent in (CALLS, BOTH))


def test_somebody_of_no_known_country_is_bound_most() -> None:
    rules = ContactRules(ContactRule.CONSENT, ContactRule.CONSENT)
    found = allowed_of(YES, None, lambda _purpose: CONSENT_ONLY, UTC, rules, [])
    assert found.advice.startswith("agreed to nothing (country unknown): no advertising email")
