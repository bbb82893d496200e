"""A salesperson answers a handoff on its page: what each answer does, and what the page says."""

import re
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest

from chalicelib.days import months_later
from chalicelib.delivery.messages import Email
from chalicelib.handoff.answering import HandoffLink, handoff_link_in
from chalicelib.handoff.facts import VerdictLink
from chalicelib.handoff.handoff import HandoffState
from chalicelib.handoff.verdict_counts import count_verdicts
from chalicelib.handoff.verdicts import GivenVerdict, verdict_in, verdict_record
from chalicelib.http.languages import languages, words_of
from chalicelib.http.verdict_parts import GROUPS
from chalicelib.lifecycle.stages import Stage
from chalicelib.lifecycle.verdicts import RejectReason, SalesVerdict, target_of
from chalicelib.store.table import Write
from chalicelib.wiring.handoff_pages import PAGES_REMEMBERED
from tests.baton import ANN, TOKEN, InMemoryBaton, ask, unscreened
from tests.factories import LEAD_ID
from tests.fakes import NOW
from tests.verdicts import (
    MO,
    SAM,
    fields_of,
    handed_over,
    look,
    page_path,
    press,
    press_after,
    send,
    stored_handoff,
    stored_verdict,
)

BOB = {**ANN, "email": "bob@acme.example", "first_name": "Bob"}
NEEDED = {
    RejectReason.UNREACHABLE: {"attempts": "3"},
    RejectReason.OTHER: {"note": "They moved to Mars."},
}
IN_A_MONTH = (NOW.date() + timedelta(days=30)).isoformat()


@pytest.fixture
def baton() -> InMemoryBaton:
    return handed_over()


def before_writes(baton: InMemoryBaton, do: Callable[[], None]) -> None:
    """Let something happen whenever the table is about to be written."""
    table = baton.ports.memory
    write = table.write

    def later(*writes: Write) -> None:
        do()
        write(*writes)

    table.write = later  # type: ignore[method-assign]


def rejected(baton: InMemoryBaton, reason: str, **said: str) -> Any:
    """Reject Ann's lead, and return the page."""
    path = page_path(baton, choice=VerdictLink.REJECT)
    return press(baton, path, verdict="reject", reason=reason, **said)


# --- the page ------------------------------------------------------------------------------------


def test_the_page_shows_the_lead_and_the_choices(baton: InMemoryBaton) -> None:
    answer = look(baton, page_path(baton))
    html = answer.body.decode()
    assert answer.status_code == 200
    for part in ("Ann Example", "Acme", "We need it by March.", "tel:+", "mailto:ann@acme.example"):
        assert part in html
    for part in ("It meets our rules", "start a conversation", "do business", "SQL by our rules"):
        assert part in html
    assert "Asks to be contacted: a demo of Keybook" in html
    assert 'name="how" value="called"' in html
    assert 'value="accept"' in html
    assert "Not now / not for us" in html


def test_the_page_speaks_the_readers_language(baton: InMemoryBaton) -> None:
    html = look(baton, page_path(baton), {"Accept-Language": "de"}).body.decode()
    assert "Ich übernehme" in html
    assert 'lang="de"' in html


def test_every_reason_is_offered_in_every_language() -> None:
    offered = [one for reasons in GROUPS.values() for one in reasons]
    assert sorted(offered) == sorted(RejectReason)
    for language in languages():
        words = words_of(language)
        assert all(f"reason.{one}" in words for one in RejectReason)
        assert all(f"stage.{one}" in words for one in Stage)
        assert all(f"verdict.again.{one}" in words for one in SalesVerdict)


def test_the_button_of_a_notice_only_opens_the_reasons(baton: InMemoryBaton) -> None:
    html = look(baton, page_path(baton, choice=VerdictLink.REJECT)).body.decode()
    assert all(f'value="{one}"' in html for one in RejectReason)
    assert baton.lead()["stage"] == "sql"


def test_nothing_typed_acts_on_the_page() -> None:
    evil = '<script>alert(1)</script> <!channel> http://evil.example "onload=x'
    baton = handed_over(baton=unscreened(), job_title=evil, message=evil, last_name="<b>Ann")
    for path in (page_path(baton), page_path(baton, choice=VerdictLink.REJECT)):
        html = look(baton, path).body.decode()
        assert "<script" not in html
        assert "<!channel" not in html
        assert "<b>" not in html
        assert "http://evil" not in html


# --- accept --------------------------------------------------------------------------------------


def test_accepting_takes_the_lead(baton: InMemoryBaton) -> None:
    answer = press(baton, page_path(baton), verdict="accept")
    assert answer.status_code == 200
    assert b"is accepted" in answer.body
    assert b"Answered by Sam Seller" in answer.body
    lead = baton.lead()
    assert (lead["stage"], lead["owner"]) == ("accepted", "sam")
    handoff = stored_handoff(baton)
    assert (handoff.state, handoff.owner) == (HandoffState.ACCEPTED, "sam")
    given = stored_verdict(baton)
    assert given is not None
    assert (given.verdict, given.by, given.reason) == (SalesVerdict.ACCEPT, "sam", None)


def test_the_timeline_shows_the_verdict(baton: InMemoryBaton) -> None:
    rejected(baton, "not_a_fit", note="Too small")
    timeline = baton.get(f"/v1/leads/{baton.lead()['lead_id']}/timeline")["items"]
    said = next(one for one in timeline if one["kind"] == "person")
    assert said["name"] == "verdict"
    properties = said["detail"]["properties"]
    assert properties["reason"] == "not_a_fit"
    assert properties["note"] == "Too small"
    assert properties["by"] == "sam"


def test_whoever_takes_it_instead_becomes_its_owner(baton: InMemoryBaton) -> None:
    press(baton, page_path(baton, "mo"), verdict="accept")
    assert baton.lead()["owner"] == "mo"
    assert stored_handoff(baton).owner == "mo"


# --- reject --------------------------------------------------------------------------------------


@pytest.mark.parametrize("reason", RejectReason)
def test_each_reason_goes_where_the_playbook_says(baton: InMemoryBaton, reason: str) -> None:
    answer = rejected(baton, reason, **NEEDED.get(RejectReason(reason), {}))
    assert answer.status_code == 200, answer.body
    assert b"is not taken" in answer.body
    target = target_of(RejectReason(reason))
    assert baton.lead()["stage"] == target
    given = stored_verdict(baton)
    assert given is not None
    assert (given.reason, given.is_undone) == (reason, False)
    assert stored_handoff(baton).state is HandoffState.CLOSED


@pytest.mark.parametrize("reason", ["not_ready", "no_budget"])
def test_a_lead_rests_until_the_day_that_was_chosen(baton: InMemoryBaton, reason: str) -> None:
    answer = rejected(baton, reason, until=IN_A_MONTH)
    assert IN_A_MONTH.encode() in answer.body
    assert baton.lead()["rest_until"] == IN_A_MONTH


def put_off(baton: InMemoryBaton, reason: str = "not_ready") -> None:
    """Reject Ann's lead until a day, on which the clock comes by."""
    rejected(baton, reason, until=IN_A_MONTH)
    baton.until_quiet()


def reminders(baton: InMemoryBaton) -> list[Any]:
    return [one for one in baton.outbox() if one["kind"] == "reminder" and one["via"] == "email"]


@pytest.mark.parametrize("reason", ["not_ready", "no_budget"])
def test_on_that_day_the_same_owner_is_reminded_once(baton: InMemoryBaton, reason: str) -> None:
    put_off(baton, reason)
    baton.minutes_later(29 * 24 * 60)
    assert reminders(baton) == []
    for _ in range(3):
        baton.minutes_later(24 * 60)
    (one,) = reminders(baton)
    assert (one["to"], one["state"]) == ("sam@keybook.example", "sent")
    assert "waits for you again" in one["subject"]


@pytest.mark.parametrize("wait", ["0d", "1d"])
def test_nurture_rests_until_that_day(baton: InMemoryBaton, wait: str) -> None:
    enter = {"stage": "recycled", "reasons": ["not_ready"]}
    steps = [{"id": "1", "wait": wait, "email": "welcome"}]
    baton.world.documents.put("sequence", {"id": "s", "enter": enter, "steps": steps}, "s")
    baton.form("newsletter", consent=True, **ANN)
    baton.until_quiet()

    def sent() -> list[Any]:
        return [one for one in baton.outbox() if one["kind"] == "nurture"]

    put_off(baton)
    baton.minutes_later(29 * 24 * 60)
    assert sent() == []
    baton.minutes_later(2 * 24 * 60)
    baton.minutes_later(60)
    assert [one["state"] for one in sent()] == ["sent"]


def test_a_lead_that_came_back_meanwhile_reminds_nobody(baton: InMemoryBaton) -> None:
    put_off(baton)
    baton.minutes_later(60)
    baton.form("demo", **ANN)
    baton.until_quiet()
    press(baton, page_path(baton), verdict="accept", how="called")
    before = len(reminders(baton))
    baton.minutes_later(31 * 24 * 60)
    assert not [one for one in reminders(baton)[before:] if "again" in one["subject"]]


def test_an_undone_verdict_reminds_nobody(baton: InMemoryBaton) -> None:
    put_off(baton)
    press(baton, page_path(baton), verdict="undo")
    handoff = stored_handoff(baton)
    assert (handoff.again_at, handoff.state) == (None, HandoffState.OPEN)


def test_calling_at_once_is_the_first_contact(baton: InMemoryBaton) -> None:
    press(baton, page_path(baton), verdict="accept", how="called")
    handoff = stored_handoff(baton)
    assert handoff.contacted_at == handoff.accepted_at
    assert handoff.contacted_at is not None


def test_the_day_that_was_typed_counts_before_one_chosen(baton: InMemoryBaton) -> None:
    path = page_path(baton, choice=VerdictLink.REJECT)
    days = ["2027-03-01", IN_A_MONTH]
    press(baton, path, verdict="reject", reason="not_ready", until=days)
    assert baton.lead()["rest_until"] == IN_A_MONTH


def test_what_a_reason_asks_for_is_kept() -> None:
    for reason, said in {
        "wrong_person": {"who": "Petra, the CFO"},
        "unreachable": {"attempts": "4"},
        "other": {"note": "They moved to Mars."},
    }.items():
        baton = handed_over()
        rejected(baton, reason, **said)
        given = stored_verdict(baton)
        assert given is not None
        name, value = next(iter(said.items()))
        assert str(getattr(given, name)) == value


def test_a_competitors_domain_is_proposed(baton: InMemoryBaton) -> None:
    rejected(baton, "competitor")
    given = stored_verdict(baton)
    assert given is not None
    assert given.domain == "acme.example"


def test_free_mail_is_never_proposed_as_a_competitor() -> None:
    baton = handed_over(email="ann@gmail.com")
    path = page_path(baton, email="ann@gmail.com")
    press(baton, path, verdict="reject", reason="competitor")
    given = baton.world.leads.verdict(baton.world.lead_id("ann@gmail.com"), 1)
    assert given is not None
    assert given.domain == ""


@pytest.mark.parametrize("reason", ["spam", "not_sales"])
def test_spam_is_counted_by_its_form(baton: InMemoryBaton, reason: str) -> None:
    rejected(baton, reason)
    given = stored_verdict(baton)
    assert given is not None
    assert given.form == "demo"


def test_a_duplicate_becomes_part_of_the_other_lead(baton: InMemoryBaton) -> None:
    baton.form("demo", "v2", **BOB)
    baton.until_quiet()
    answer = rejected(baton, "duplicate", duplicate_of="Bob@acme.example")
    assert answer.status_code == 200, answer.body
    assert b"one lead now" in answer.body
    assert baton.lead()["lead_id"] == baton.world.lead_id("bob@acme.example")
    assert stored_handoff(baton).state is HandoffState.CLOSED
    given = stored_verdict(baton)
    assert given is not None
    assert given.reason is RejectReason.DUPLICATE


def test_a_duplicate_of_nobody_is_disqualified(baton: InMemoryBaton) -> None:
    rejected(baton, "duplicate", duplicate_of="nobody@acme.example", note="Seen at the fair")
    assert baton.lead()["stage"] == "disqualified"
    given = stored_verdict(baton)
    assert given is not None
    assert (given.who, given.note) == ("nobody@acme.example", "Seen at the fair")


# --- what is wrong with a form -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({}, "reason"),
        ({"reason": "no-such-reason"}, "reason"),
        ({"reason": "not_ready", "until": "soon"}, "until"),
        ({"reason": "not_ready", "until": NOW.date().isoformat()}, "until"),
        ({"reason": "no_budget", "until": "2099-01-01"}, "until"),
        ({"reason": "unreachable"}, "attempts"),
        ({"reason": "unreachable", "attempts": "0"}, "attempts"),
        ({"reason": "unreachable", "attempts": "many"}, "attempts"),
        ({"reason": "other"}, "note"),
        ({"reason": "not_a_fit", "note": "x" * 501}, "note"),
        ({"reason": "wrong_person", "who": "x" * 501}, "who"),
    ],
)
def test_a_mistake_names_its_field_and_keeps_the_rest(
    baton: InMemoryBaton, said: dict[str, str], field: str
) -> None:
    path = page_path(baton, choice=VerdictLink.REJECT)
    kept = {} if field == "note" else {"note": "keep this"}
    answer = press(baton, path, verdict="reject", **kept, **said)
    html = answer.body.decode()
    assert answer.status_code == 422
    assert f'id="{field}-wrong"' in html
    assert ("keep this" in html) == bool(kept)
    assert baton.lead()["stage"] == "sql"
    assert stored_verdict(baton) is None


def test_months_end_where_there_is_no_such_day() -> None:
    assert months_later(date(2026, 11, 30), 3) == date(2027, 2, 28)
    assert months_later(date(2026, 11, 28), 12) == date(2027, 11, 28)
    assert months_later(date(2026, 12, 31), 6) == date(2027, 6, 30)


# --- afterwards ----------------------------------------------------------------------------------


@pytest.mark.parametrize("verdict", ["accept", "reject"])
def test_a_verdict_is_undone_within_ten_minutes(baton: InMemoryBaton, verdict: str) -> None:
    before = baton.lead()
    path = page_path(baton)
    press(baton, path, verdict=verdict, reason="not_ready")
    baton.minutes_later(9)
    answer = press(baton, path, verdict="undo")
    assert answer.status_code == 200
    assert b"waits for your answer again" in answer.body
    after = baton.lead()
    assert (after["stage"], after["cycle"], after["kind"]) == ("sql", before["cycle"], "requested")
    assert stored_handoff(baton).state is HandoffState.OPEN
    given = stored_verdict(baton)
    assert given is not None
    assert given.is_undone
    assert [one for one in baton.outbox() if one["kind"] == "correction"] == []


def test_another_verdict_counts_after_an_undo(baton: InMemoryBaton) -> None:
    path = page_path(baton)
    press(baton, path, verdict="accept")
    press(baton, path, verdict="undo")
    rejected(baton, "not_a_fit")
    given = stored_verdict(baton)
    assert given is not None
    assert (given.verdict, given.reason) == (SalesVerdict.REJECT, RejectReason.NOT_A_FIT)
    assert baton.lead()["stage"] == "disqualified"


@pytest.mark.parametrize("verdict", ["accept", "reject"])
def test_after_ten_minutes_a_verdict_stays(baton: InMemoryBaton, verdict: str) -> None:
    path = page_path(baton)
    press(baton, path, verdict=verdict, reason="not_ready")
    stage = baton.lead()["stage"]
    baton.minutes_later(11)
    answer = press(baton, path, verdict="undo")
    assert b"can no longer be taken back" in answer.body
    assert b'value="undo"' not in answer.body
    assert baton.lead()["stage"] == stage


def test_somebody_else_cannot_undo_a_verdict(baton: InMemoryBaton) -> None:
    press(baton, page_path(baton), verdict="accept")
    press(baton, page_path(baton, "mo"), verdict="undo")
    assert baton.lead()["stage"] == "accepted"


def test_a_verdict_undone_elsewhere_is_undone_on_the_page(baton: InMemoryBaton) -> None:
    press(baton, page_path(baton), verdict="accept")
    ask(baton, "stage", {"stage": "sql", "reason": "too early"})
    assert b'value="accept"' in look(baton, page_path(baton)).body


def test_a_second_tap_shows_the_first_answer(baton: InMemoryBaton) -> None:
    path = page_path(baton)
    other = page_path(baton, "mo")
    press(baton, path, verdict="accept")
    answer = press(baton, other, verdict="reject", reason="spam")
    assert answer.status_code == 200
    assert b"is accepted" in answer.body
    assert b"Answered by Sam Seller" in answer.body
    assert baton.lead()["stage"] == "accepted"


# --- a link that no longer asks for anything -----------------------------------------------------


def test_an_expired_link_says_who_has_the_lead(baton: InMemoryBaton) -> None:
    path = page_path(baton)
    baton.minutes_later(14 * 24 * 60 + 1)
    answer = press(baton, path, verdict="accept")
    assert answer.status_code == 410
    assert b"expired" in answer.body
    assert b"Sam Seller has the lead now" in answer.body
    assert baton.lead()["stage"] == "sql"


def test_the_links_on_a_page_expire_with_it(baton: InMemoryBaton) -> None:
    path = page_path(baton)
    baton.minutes_later(13 * 24 * 60)
    html = look(baton, path).body.decode()
    reject = html.partition('class="button quiet">Not now')[0].rpartition('href="')[2]
    baton.minutes_later(2 * 24 * 60)
    reject_path = "/handoffs/" + reject.partition("/handoffs/")[2].partition('"')[0]
    assert look(baton, reject_path).status_code == 410


def test_a_lead_that_was_taken_back_asks_for_nothing(baton: InMemoryBaton) -> None:
    path = page_path(baton)
    ask(baton, "stage", {"stage": "mql", "reason": "too early"})
    answer = press(baton, path, verdict="accept")
    assert answer.status_code == 200
    assert b"no longer waits" in answer.body
    assert baton.lead()["stage"] == "mql"


def test_the_link_of_an_earlier_cycle_shows_its_own_answer(baton: InMemoryBaton) -> None:
    path = page_path(baton)
    press(baton, path, verdict="reject", reason="not_ready")
    baton.minutes_later(60)
    baton.form("demo", **ANN)
    baton.until_quiet()
    assert baton.lead()["stage"] == "sql"
    answer = press(baton, path, verdict="accept")
    assert b"is not taken" in answer.body
    assert baton.lead()["stage"] == "sql"


@pytest.mark.parametrize("person", ["pat", "kim"])
def test_a_link_of_somebody_who_lost_the_lead_says_so(person: str) -> None:
    routing = {"people": [SAM, {"id": "kim", "name": "Kim", "email": "kim@keybook.example"}, MO]}
    baton = handed_over(routing)
    answer = press(baton, page_path(baton, person), verdict="accept")
    assert b"Somebody else has this lead" in answer.body
    assert b"Sam Seller has the lead now" in answer.body
    assert baton.lead()["stage"] == "sql"


def test_a_deputy_and_the_manager_may_answer(baton: InMemoryBaton) -> None:
    for person in ("kim", "mo"):
        assert b'value="accept"' in look(baton, page_path(baton, person)).body


def test_the_page_of_an_erased_lead_is_gone(baton: InMemoryBaton) -> None:
    path = page_path(baton)
    lead_path = f"/v1/leads/{baton.lead()['lead_id']}"
    assert baton.http("DELETE", lead_path, headers=TOKEN).status_code == 202
    answer = look(baton, path)
    assert answer.status_code == 404
    assert b"Ann" not in answer.body


# --- tokens, scanners and two taps at once -------------------------------------------------------


def test_a_forged_link_is_refused(baton: InMemoryBaton) -> None:
    path = page_path(baton)
    for forged in (path[:-1], path[:-3] + "abc", "/handoffs/nonsense", path.replace(".", "")):
        for answer in (look(baton, forged), send(baton, forged, {"verdict": "accept"})):
            assert answer.status_code == 404
            assert b"not valid" in answer.body
    assert baton.lead()["stage"] == "sql"


def test_a_token_of_another_purpose_opens_no_handoff(baton: InMemoryBaton) -> None:
    link = baton.world.handoff_pages.link(page_path(baton).rpartition("/")[2])
    token = baton.world.links.sign("look", str(link))
    assert look(baton, f"/handoffs/{token}").status_code == 404


def test_the_form_of_another_lead_asks_once_more(baton: InMemoryBaton) -> None:
    baton.form("demo", "v2", **BOB)
    baton.until_quiet()
    of_bob = fields_of(look(baton, page_path(baton, email="bob@acme.example")).body)
    baton.minutes_later(1)
    answer = send(baton, page_path(baton), {**of_bob, "verdict": "accept"})
    assert b"once more" in answer.body
    assert baton.lead()["stage"] == "sql"


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_hundred_looks_change_nothing(baton: InMemoryBaton, method: str) -> None:
    paths = [page_path(baton, choice=one) for one in VerdictLink]
    before = dict(baton.ports.memory.items)
    for number in range(100):
        assert baton.http(method, paths[number % 3]).status_code == 200
    assert baton.ports.memory.items == before


@pytest.mark.parametrize("verdict", ["accept", "reject"])
def test_a_form_that_comes_at_once_is_asked_for_again(baton: InMemoryBaton, verdict: str) -> None:
    path = page_path(baton)
    answer = press_after(
        baton, path, 1.9, {"verdict": verdict, "reason": "not_a_fit", "note": "Small"}
    )
    assert b"once more" in answer.body
    assert baton.lead()["stage"] == "sql"
    answer = send(baton, path, fields_of(answer.body))
    assert b"Answered by Sam Seller" in answer.body
    given = stored_verdict(baton)
    assert given is not None
    assert (given.verdict, given.note) == (verdict, "Small" if verdict == "reject" else "")


def test_an_answer_without_its_form_is_asked_for_at_once(baton: InMemoryBaton) -> None:
    path = page_path(baton)
    look(baton, path)
    answer = send(baton, path, {"verdict": "accept"})
    assert b"once more" in answer.body
    assert baton.lead()["stage"] == "sql"
    baton.ports.clock.tick(timedelta(seconds=2))
    send(baton, path, {"verdict": "accept"})
    assert baton.lead()["stage"] == "accepted"


def test_a_program_of_ones_own_may_answer(baton: InMemoryBaton) -> None:
    send(baton, page_path(baton), {"verdict": "accept"})
    assert baton.lead()["stage"] == "accepted"


def test_pages_are_remembered_up_to_a_limit(baton: InMemoryBaton) -> None:
    pages = baton.world.handoff_pages
    links = [
        HandoffLink(lead_id=LEAD_ID, cycle=cycle, person="sam", issued_at=NOW)
        for cycle in range(1, PAGES_REMEMBERED + 2)
    ]
    for link in links:
        pages.note_shown(link)
    assert pages.shown_at(links[0]) is None
    assert pages.shown_at(links[1]) == pages.shown_at(links[-1]) == baton.ports.now()


@pytest.mark.parametrize("body", [{}, {"verdict": "maybe"}, {"verdict": ["", " "]}])
def test_a_form_without_a_verdict_only_shows_the_page(
    baton: InMemoryBaton, body: dict[str, Any]
) -> None:
    answer = press(baton, page_path(baton), **body)
    assert answer.status_code == 200
    assert b'value="accept"' in answer.body


@pytest.mark.parametrize("second", ["accept", "reject"])
def test_of_two_taps_at_once_one_wins(baton: InMemoryBaton, second: str) -> None:
    answering = baton.world.handoff_pages.answering
    link = baton.world.handoff_pages.link(page_path(baton).rpartition("/")[2])
    other = baton.world.handoff_pages.link(page_path(baton, "mo").rpartition("/")[2])
    path = page_path(baton, "mo")
    sent = {**fields_of(look(baton, path).body), "verdict": second, "reason": "spam"}
    baton.minutes_later(1)
    taken: list[object] = []

    def sam_is_first() -> None:
        if not taken:
            taken.append(None)
            taken.append(answering.accept(link))

    before_writes(baton, sam_is_first)
    answer = send(baton, path, sent)
    assert other.person == "mo"
    assert b"Answered by Sam Seller" in answer.body
    assert (baton.lead()["stage"], baton.lead()["owner"]) == ("accepted", "sam")
    timeline = baton.get(f"/v1/leads/{baton.lead()['lead_id']}/timeline")["items"]
    assert [one["name"] for one in timeline if one["kind"] == "person"] == ["verdict"]


# --- the list ------------------------------------------------------------------------------------


def test_verdicts_are_listed_and_counted(baton: InMemoryBaton) -> None:
    rejected(baton, "spam", note="Casino")
    answer = baton.get("/v1/verdicts")
    assert (answer["accepted"], answer["rejected"]) == (0, 1)
    assert answer["reasons"] == {"spam": 1}
    assert answer["forms"] == {"demo": {"spam": 1}}
    (one,) = answer["verdicts"]
    assert (one["by"], one["reason"], one["note"]) == ("sam", "spam", "Casino")


def test_an_undone_verdict_is_not_listed(baton: InMemoryBaton) -> None:
    press(baton, page_path(baton), verdict="accept")
    assert baton.get("/v1/verdicts")["accepted"] == 1
    press(baton, page_path(baton), verdict="undo")
    assert baton.get("/v1/verdicts")["verdicts"] == []


def test_only_the_days_that_were_asked_for_are_listed(baton: InMemoryBaton) -> None:
    rejected(baton, "not_a_fit")
    for days in ("from=2026-11-22&to=2026-11-22", "to=2026-12-01", "from=2026-11-01"):
        assert baton.get(f"/v1/verdicts?{days}")["rejected"] == 1
    for days in ("from=2026-11-20&to=2026-11-21", "from=2026-11-23&to=2026-11-24"):
        assert baton.get(f"/v1/verdicts?{days}")["rejected"] == 0


@pytest.mark.parametrize("query", ["from=soon", "to=2026-W48-3", "from=2026-11-23&to=2026-11-22"])
def test_days_that_are_none_are_refused(baton: InMemoryBaton, query: str) -> None:
    answer = baton.http("GET", f"/v1/verdicts?{query}", headers=TOKEN)
    assert answer.status_code == 400


@pytest.mark.parametrize(("others", "warnings"), [(3, 0), (4, 1)])
def test_too_many_other_reasons_warn(others: int, warnings: int) -> None:
    reasons = [RejectReason.OTHER] * others + [RejectReason.NOT_A_FIT] * (20 - others)
    counts = count_verdicts(given(reason=one) for one in reasons)
    assert len(counts.warnings) == warnings
    assert counts.rejected == 20


def test_competitors_are_proposed_by_their_domains() -> None:
    rival = given(reason=RejectReason.COMPETITOR, domain="rival.example")
    assert count_verdicts([rival, rival]).domains == {"rival.example": 2}


def given(**parts: Any) -> GivenVerdict:
    """Return a rejection by Sam."""
    known: dict[str, Any] = {"lead_id": LEAD_ID, "cycle": 1, "by": "sam", "at": NOW}
    return GivenVerdict(**{**known, "verdict": SalesVerdict.REJECT, **parts})


# --- as it is kept -------------------------------------------------------------------------------


def test_a_verdict_is_read_as_it_was_written() -> None:
    whole = GivenVerdict(
        lead_id=LEAD_ID,
        cycle=2,
        verdict=SalesVerdict.REJECT,
        by="sam",
        at=NOW,
        reason=RejectReason.NOT_READY,
        until=NOW.date(),
        who="Petra",
        note="later",
        attempts=2,
        domain="rival.example",
        form="demo",
        is_undone=True,
        version=3,
    )
    least = GivenVerdict(lead_id=LEAD_ID, cycle=1, verdict=SalesVerdict.ACCEPT, by="sam", at=NOW)
    for one in (whole, least):
        assert verdict_in(LEAD_ID, str(one.cycle), verdict_record(None, one).values) == one


def test_a_link_is_read_as_it_was_written() -> None:
    for choice in VerdictLink:
        link = HandoffLink(lead_id=LEAD_ID, cycle=3, person="sam", issued_at=NOW, choice=choice)
        assert handoff_link_in(str(link)) == link


def test_a_notice_links_to_the_page_of_its_reader(baton: InMemoryBaton) -> None:
    lead_id = baton.lead()["lead_id"]
    links = baton.world.handoff_pages.links
    notices = baton.world.leads.notices(lead_id, 1)
    for choice in VerdictLink:
        urls = [links.verdict_url(one, choice) or "" for one in notices]
        found = [baton.world.handoff_pages.link(url.rpartition("/")[2]) for url in urls]
        assert {(one.person, one.choice) for one in found} == {("sam", choice)}


def test_the_email_to_sales_carries_the_links(baton: InMemoryBaton) -> None:
    email = next(one for one in baton.ports.senders.sent if isinstance(one, Email))
    paths = re.findall(r"https://api\.keybook\.example(/handoffs/[\w.-]+)", email.html or "")
    assert len(set(paths)) >= 2
    assert all(look(baton, one).status_code == 200 for one in paths)
