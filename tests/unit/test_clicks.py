"""Clicks on the links of emails: from the request to the score, and back (ADR 0061)."""

import re
from collections.abc import Sequence
from copy import deepcopy
from datetime import timedelta
from functools import cache
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from chalicelib.authoring.format import load
from chalicelib.clicks.links import AnswerLink, ClickLink, plain_url
from chalicelib.delivery.links import ANSWER, CLICK, UNSUBSCRIBE, VIEW
from chalicelib.delivery.message_keys import MessageKey
from chalicelib.delivery.outbox import OutboxMessage
from chalicelib.errors import ThrottledError
from chalicelib.events import Event, Rank
from chalicelib.scoring.tally import signals_of
from chalicelib.store import keys
from chalicelib.wiring.composer import Composer
from tests.baton import ANN, SITE, TOKEN, InMemoryBaton, ask, model_document
from tests.fakes import FakeClock, FakePorts
from tests.held import Restarted
from tests.unit.test_feedback import tell

CHROME = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) \
Chrome/146.0.0.0 Safari/537.36"
DEFENDER = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) \
Chrome/97.0.4692.99 Safari/537.36"
PRICES = f"{SITE}/pricing?plan=team&x=%C3%A9"
ELSEWHERE = "https://webinars.example/w/1?a=b&c=d#top"
LINKS = [PRICES, ELSEWHERE, *(f"{SITE}/product/{number}" for number in range(5))]


@pytest.fixture
def baton() -> InMemoryBaton:
    """Baton that has just sent Ann an email, which has arrived. She may be measured."""
    before = _sent()
    ports = FakePorts(clock=FakeClock(before.ports.now()))
    ports.memory.items = before.kept()
    return Restarted(ports)


@cache
def _sent() -> InMemoryBaton:
    made = InMemoryBaton()
    made.form("guide", consent=True, **ANN)
    made.until_quiet()
    may_be_measured(made)
    made.ports.clock.tick(timedelta(days=1))
    delivered(made)
    return made


def may_be_measured(baton: InMemoryBaton) -> None:
    basis = {"purpose": "measuring", "kind": "consent", "reason": "said so at the fair"}
    ask(baton, "basis", basis)


def delivered(baton: InMemoryBaton) -> None:
    """Let the email arrive now."""
    now = baton.ports.now().isoformat().replace("+00:00", "Z")
    tell(baton, "Delivery", timestamp=now)


def message_of(baton: InMemoryBaton) -> OutboxMessage:
    _, message = next(
        one for one in baton.world.outbox.of_lead(ann(baton)) if one[1].kind == "nurture"
    )
    return message


def ann(baton: InMemoryBaton) -> str:
    return baton.world.lead_id("ann@acme.example")


def path_to(baton: InMemoryBaton, position: int = 0) -> str:
    """Return the path of the tracked link at a position of the email."""
    url = Composer(baton.world).link_for(message_of(baton), LINKS[position], position)
    return urlsplit(url).path


def use(baton: InMemoryBaton, position: int = 0, agent: str = CHROME, **headers: str) -> str:
    """Follow a link of the email. Return where it leads."""
    said = {"User-Agent": agent, **headers}
    answer = baton.http("GET", path_to(baton, position), headers=said)
    assert answer.status_code == 302, answer.body
    assert answer.headers["Cache-Control"] == "no-store"
    baton.until_quiet()
    return str(answer.headers["Location"])


def view(baton: InMemoryBaton, url: str, visitor: str = "fresh") -> None:
    """Let the tracker of a page send its first view."""
    event = {"anonymousId": visitor, "properties": {"url": url}, "type": "page"}
    body = {"batch": [{**event, "context": {"page": {"url": url}}}]}
    assert baton.post("/v1/batch", body).status_code == 200
    baton.until_quiet()


def later(baton: InMemoryBaton, seconds: float) -> None:
    baton.ports.clock.tick(timedelta(seconds=seconds))
    baton.tick()
    baton.until_quiet()


def names(baton: InMemoryBaton) -> list[str]:
    """Return the names of the events of the email since it arrived, sorted."""
    timeline = baton.get(f"/v1/leads/{ann(baton)}/timeline")["items"]
    found = [one["name"] for one in timeline if one["kind"] == "mail"]
    return sorted(name for name in found if name != "delivered")


def points(baton: InMemoryBaton) -> float:
    reasons = baton.lead()["score"]["reasons"]
    return float(sum(one["points"] for one in reasons if one["rule"] == "email-click"))


def was_clicked(baton: InMemoryBaton) -> bool:
    return baton.world.clicks.was_clicked(ann(baton), message_of(baton).key)


# --- links ----------------------------------------------------------------------------------------


def test_a_tracked_link_leads_to_its_target_with_the_query(baton: InMemoryBaton) -> None:
    assert use(baton, 1) == ELSEWHERE
    own = use(baton, 0)
    assert own.startswith(f"{PRICES}&baton=")


def test_a_tracked_link_is_short_enough_for_any_mail_program(baton: InMemoryBaton) -> None:
    url = Composer(baton.world).link_for(message_of(baton), ELSEWHERE, 0)
    assert len(url) < 250


def test_without_a_basis_for_measuring_a_link_is_plain() -> None:
    baton = InMemoryBaton()
    baton.form("guide", consent=True, **ANN)
    baton.until_quiet()
    link_for = Composer(baton.world).link_for
    url = link_for(message_of(baton), PRICES, 0)
    assert url == f"{PRICES}&utm_source=baton&utm_medium=email&utm_campaign=welcome"
    may_be_measured(baton)
    assert "/c/" in link_for(message_of(baton), PRICES, 0)
    baton.http("POST", f"/u/{baton.world.links.sign(UNSUBSCRIBE, ann(baton))}")
    assert "/c/" not in link_for(message_of(baton), PRICES, 0)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://a.example", "https://a.example?utm_source=baton&utm_medium=email&utm_campaign=s"),
        (
            "https://a.example/p?utm_source=x&utm_campaign=mine&q=1#top",
            "https://a.example/p?utm_campaign=mine&q=1&utm_source=baton&utm_medium=email#top",
        ),
    ],
)
def test_a_plain_link_says_that_it_is_ours(url: str, expected: str) -> None:
    assert plain_url(url, "s") == expected


@pytest.mark.parametrize(
    "url",
    [
        "mailto:sales@keybook.example",
        "tel:+4930901820",
        "https://api.keybook.example/u/token",
        "https://keybook.example/a b",
        "https://keybook.example/\r\nX: y",
        "https://keybook.example/ü",
        "javascript:alert(1)",
        "",
    ],
)
def test_what_is_not_a_plain_web_address_stays(baton: InMemoryBaton, url: str) -> None:
    assert Composer(baton.world).link_for(message_of(baton), url, 0) == url


def test_a_very_long_address_is_not_tracked(baton: InMemoryBaton) -> None:
    url = f"{SITE}/?q={'x' * 1_000}"
    assert "/c/" not in Composer(baton.world).link_for(message_of(baton), url, 0)


@pytest.mark.parametrize("changed", ["%27", "'", "''''", "/track", "=", "é", "."])
def test_a_link_that_was_added_to_leads_nowhere(baton: InMemoryBaton, changed: str) -> None:
    before = baton.kept()
    answer = baton.http("GET", path_to(baton) + changed)
    assert answer.status_code in (403, 404)  # of a path that there is not, 403 is the client's
    assert "Location" not in answer.headers
    assert baton.kept() == before


def test_a_link_changed_in_one_character_leads_nowhere(baton: InMemoryBaton) -> None:
    path = path_to(baton)
    for position in [*range(3, len(path), 29), *range(len(path) - 3, len(path))]:
        for other in "AQg":
            if path[position] == other:
                continue
            changed = path[:position] + other + path[position + 1 :]
            assert baton.http("GET", changed).status_code == 404


@pytest.mark.parametrize("purpose", [UNSUBSCRIBE, ANSWER, VIEW, "confirm", "form"])
def test_a_token_of_another_purpose_leads_nowhere(baton: InMemoryBaton, purpose: str) -> None:
    link = ClickLink(ann(baton), message_of(baton).key, 0, "https://evil.example")
    token = baton.world.links.sign(purpose, str(link))
    assert baton.http("GET", f"/c/{token}").status_code == 404


@pytest.mark.parametrize("text", ["", "x", "A B C D", f"{'A' * 26} nurture#1#a#b x https://a.b"])
def test_a_signed_link_of_another_version_leads_nowhere(baton: InMemoryBaton, text: str) -> None:
    token = baton.world.links.sign(CLICK, text)
    assert baton.http("GET", f"/c/{token}").status_code == 404


# --- what is stored -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "headers",
    [{"Sec-Purpose": "prefetch;prerender"}, {"Purpose": "prefetch"}, {"X-Moz": "prefetch"}],
)
def test_fetching_ahead_is_no_click(baton: InMemoryBaton, headers: dict[str, str]) -> None:
    before = baton.kept()
    assert use(baton, 1, **headers) == ELSEWHERE
    assert baton.kept() == before


def test_a_head_request_is_no_click(baton: InMemoryBaton) -> None:
    before = baton.kept()
    answer = baton.http("HEAD", path_to(baton), headers={"User-Agent": CHROME})
    assert (answer.status_code, answer.headers["Location"]) == (302, PRICES)
    assert baton.kept() == before


def test_a_hundred_uses_in_an_hour_store_few_things(baton: InMemoryBaton) -> None:
    later(baton, 600)
    before = len(baton.ports.memory.items)
    for number in range(100):
        use(baton)
        later(baton, 36) if number % 3 == 2 else baton.ports.clock.tick(timedelta(seconds=36))
    assert len(baton.ports.memory.items) - before <= 10
    assert points(baton) == 4
    assert names(baton).count("link_used") <= 2


def test_a_scanner_that_comes_again_and_again_is_bounded(baton: InMemoryBaton) -> None:
    for _ in range(10):
        for position in range(len(LINKS)):
            use(baton, position, DEFENDER)
        later(baton, 150)
    assert len(baton.world.clicks.of(ann(baton), message_of(baton).key)) == 60
    assert (points(baton), was_clicked(baton)) == (0, False)
    assert use(baton, 1) == ELSEWHERE


def test_a_busy_table_keeps_nobody_from_the_page(
    baton: InMemoryBaton, capsys: pytest.CaptureFixture[str]
) -> None:
    path = path_to(baton)
    baton.world.link_use._store = Busy()  # type: ignore[assignment]
    answer = baton.http("GET", path, headers={"User-Agent": CHROME})
    assert (answer.status_code, answer.headers["Location"]) == (302, PRICES)
    assert '"click_lost"' in capsys.readouterr().out


class Busy:
    """A store of clicks that takes no more requests."""

    def of(self, _lead_id: str, _key: MessageKey) -> Sequence[Any]:
        raise ThrottledError


def test_a_link_of_an_erased_person_leads_on(baton: InMemoryBaton) -> None:
    path = path_to(baton, 1)
    baton.http("DELETE", f"/v1/leads/{ann(baton)}", headers=TOKEN)
    for _ in range(5):
        later(baton, 60)
    before = baton.kept()
    answer = baton.http("GET", path, headers={"User-Agent": CHROME})
    assert (answer.status_code, answer.headers["Location"]) == (302, ELSEWHERE)
    assert baton.kept() == before


# --- verdicts -------------------------------------------------------------------------------------


def test_a_persons_click_counts_after_its_hold(baton: InMemoryBaton) -> None:
    later(baton, 600)
    at = baton.ports.now()
    use(baton)
    later(baton, 110)
    assert (points(baton), names(baton), was_clicked(baton)) == (0, ["link_used"], False)
    later(baton, 10)
    assert (points(baton), was_clicked(baton)) == (4, True)
    assert names(baton) == ["clicked", "link_used"]
    items = baton.get(f"/v1/leads/{ann(baton)}/timeline")["items"]
    assert {one["at"] for one in items if one["name"] in ("clicked", "link_used")} == {
        at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    }


def test_a_burst_counts_nothing(baton: InMemoryBaton) -> None:
    """All links and the unsubscribe page within a second, 43 seconds after the delivery."""
    later(baton, 43)
    for position in range(len(LINKS)):
        use(baton, position, DEFENDER)
        baton.ports.clock.tick(timedelta(milliseconds=90))
    unsubscribe = baton.world.links.sign(UNSUBSCRIBE, ann(baton))
    assert baton.http("GET", f"/u/{unsubscribe}").status_code == 200
    later(baton, 180)
    assert (points(baton), was_clicked(baton)) == (0, False)
    assert names(baton) == ["link_used"] * 7 + ["machine_clicked"] * 7
    assert baton.lead()["suppressed"] is None


def test_a_scanner_of_the_only_link_does_not_count(baton: InMemoryBaton) -> None:
    later(baton, 30)
    use(baton)
    later(baton, 180)
    assert (points(baton), names(baton)) == (0, ["link_used", "machine_clicked"])


def test_a_page_view_makes_an_early_click_a_persons(baton: InMemoryBaton) -> None:
    later(baton, 30)
    url = use(baton)
    later(baton, 3)
    view(baton, url)
    later(baton, 117)
    assert (points(baton), was_clicked(baton)) == (4, True)


def test_a_known_browsers_page_view_needs_no_mark(baton: InMemoryBaton) -> None:
    """Some pages redirect, and lose the mark on the way."""
    later(baton, 30)
    use(baton)
    later(baton, 3)
    view(baton, f"{SITE}/pricing", visitor="v1")
    later(baton, 117)
    assert points(baton) == 4


def test_another_page_of_a_known_browser_shows_nobody(baton: InMemoryBaton) -> None:
    """Who asked for a guide still reads the site while their mailbox is scanned."""
    later(baton, 30)
    use(baton)
    view(baton, f"{SITE}/blog/other", visitor="v1")
    later(baton, 120)
    assert points(baton) == 0


def test_a_person_after_a_machine_counts_once(baton: InMemoryBaton) -> None:
    later(baton, 40)
    for position in range(4):
        use(baton, position)  # by the same browser, as far as anybody can tell
    later(baton, 20 * 60)
    use(baton, 1)
    later(baton, 120)
    assert points(baton) == 4
    assert names(baton).count("clicked") == 1


def test_a_program_never_counts(baton: InMemoryBaton) -> None:
    later(baton, 3_600)
    for agent in ("", "python-requests/2.31.0", "Slackbot-LinkExpanding 1.0"):
        use(baton, 0, agent)
        later(baton, 180)
    assert (points(baton), names(baton).count("machine_clicked")) == (0, 3)


def test_a_second_judging_changes_nothing(baton: InMemoryBaton) -> None:
    later(baton, 600)
    use(baton)
    later(baton, 120)
    before = baton.kept()
    baton.world.verdicts.judge(ann(baton), message_of(baton).key)
    assert baton.kept() == before


# --- late evidence --------------------------------------------------------------------------------


def test_a_late_sweep_takes_its_probe_back(baton: InMemoryBaton) -> None:
    without = score_of(baton)
    later(baton, 50)
    url = use(baton, 0, DEFENDER)
    view(baton, url, visitor="sandbox")  # some scanners run scripts
    later(baton, 120)
    assert (points(baton), was_clicked(baton)) == (4, True)
    later(baton, 130)
    for position in range(1, 5):
        use(baton, position, DEFENDER)
    later(baton, 121)
    assert (points(baton), was_clicked(baton)) == (0, False)
    assert score_of(baton) == without
    view(baton, f"{SITE}/pricing", visitor="sandbox")
    assert score_of(baton) == without
    _, differences = baton.world.corrections.rebuild(ann(baton))
    assert differences == []


def score_of(baton: InMemoryBaton) -> Any:
    score = baton.lead()["score"]
    return score["groups"], [(one["rule"], one["points"]) for one in score["reasons"]]


# --- the browser joins ----------------------------------------------------------------------------


def test_the_browser_joins_the_lead_with_the_verdict(baton: InMemoryBaton) -> None:
    later(baton, 600)
    view(baton, use(baton))
    assert rules(baton).isdisjoint({"pricing-page"})
    later(baton, 120)
    assert "pricing-page" in rules(baton)
    owner = baton.world.events.owner("VISITOR#fresh")
    assert owner
    # As far as one of a form: an email is passed on, and its reader is not the mailbox's owner.
    assert (owner.lead_id, owner.rank) == (ann(baton), Rank.FORM)
    baton.form("contact", "fresh", email="ann@acme.example", first_name="Eve")
    form = next(one for one in events_of(baton) if one.name == "contact")
    assert form.rank is Rank.FORM


def events_of(baton: InMemoryBaton) -> list[Event]:
    return list(baton.world.events.of(keys.lead(ann(baton))))


def rules(baton: InMemoryBaton) -> set[str]:
    return {one["rule"] for one in baton.lead()["score"]["reasons"]}


def test_a_browser_of_another_person_stays_theirs(baton: InMemoryBaton) -> None:
    baton.form("contact", "bobs", email="bob@other.example")
    baton.until_quiet()
    later(baton, 600)
    view(baton, use(baton), visitor="bobs")
    later(baton, 120)
    assert points(baton) == 4
    owner = baton.world.events.owner("VISITOR#bobs")
    assert owner
    assert owner.lead_id == baton.world.lead_id("bob@other.example")


def test_an_email_that_is_passed_around_joins_three_browsers(baton: InMemoryBaton) -> None:
    later(baton, 600)
    for number in range(5):
        url = use(baton, 0, f"{CHROME} Edg/{number}.0")
        view(baton, url, visitor=f"office-{number}")
        later(baton, 130)
    assert len(baton.world.events.joins(ann(baton))) == 1 + 3 + 1  # her form's two browsers


def test_a_click_from_our_email_is_not_a_touch(baton: InMemoryBaton) -> None:
    before = baton.lead()["last_touch"]
    later(baton, 600)
    url = use(baton)
    view(baton, f"{url}&utm_source=newsletter")
    plain = plain_url(f"{SITE}/product/9?utm_source=newsletter", "welcome")
    view(baton, plain)
    later(baton, 120)
    assert "pricing-page" in rules(baton)
    assert baton.lead()["last_touch"] == before


def test_the_mark_is_not_stored_with_the_page(baton: InMemoryBaton) -> None:
    later(baton, 600)
    url = use(baton)
    mark = parse_qs(urlsplit(url).query)["baton"][0]
    view(baton, url)
    assert not any(mark in str(item) for item in baton.ports.memory.items.values())


@pytest.mark.parametrize("mark", ["x", "x.y", "", "a" * 600, "é"])
def test_a_mark_that_we_did_not_make_changes_nothing(baton: InMemoryBaton, mark: str) -> None:
    later(baton, 30)
    use(baton)
    view(baton, f"{SITE}/pricing?baton={mark}")
    later(baton, 120)
    assert points(baton) == 0


def test_an_old_mark_joins_nobody(baton: InMemoryBaton) -> None:
    later(baton, 600)
    url = use(baton)
    baton.ports.clock.tick(timedelta(minutes=11))
    view(baton, url)
    later(baton, 120)
    assert baton.world.events.owner("VISITOR#fresh") is None


# --- answers --------------------------------------------------------------------------------------

QUESTIONS = {
    "goal": {
        "answers": {
            "save": {"en": "Save <time>", "de": "Zeit sparen"},
            "stop": "No more emails",
            "later": "Ask me later",
        }
    }
}


@pytest.fixture
def asked(baton: InMemoryBaton) -> InMemoryBaton:
    """Baton whose email to Ann asked a question."""
    email_id = message_of(baton).email or ""
    stored = baton.world.documents.get("email", email_id) or {}
    baton.world.documents.put("email", {**stored, "questions": QUESTIONS}, email_id)
    return baton


def answer_path(baton: InMemoryBaton, answer: str = "save", language: str = "en") -> str:
    url = Composer(baton.world).answer_url(message_of(baton), "goal", answer, language)
    return urlsplit(url).path


def hidden_in(page: str) -> str:
    """Return the form of a page as a browser posts it."""
    found = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page)
    return "&".join(f"{name}={value}" for name, value in found)


def press(baton: InMemoryBaton, path: str, body: str = "") -> str:
    said = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = baton.http("POST", path, body, said)
    assert answer.status_code == 200, answer.body
    baton.until_quiet()
    return str(answer.body.decode())


def answers(baton: InMemoryBaton) -> list[tuple[Any, Any]]:
    found = [one.properties for one in events_of(baton) if one.name == "answered"]
    return sorted((one["question"], one["answer"]) for one in found)


def test_the_page_of_an_answer_changes_nothing(asked: InMemoryBaton) -> None:
    before = asked.kept()
    for language, words in (("en", "Save &lt;time&gt;"), ("de", "Zeit sparen"), ("fr", "Save")):
        answer = asked.http("GET", answer_path(asked, language=language))
        page = answer.body.decode()
        assert answer.status_code == 200
        assert words in page
        assert page.count("<button>") == 1
        assert f'lang="{"de" if language == "de" else "en"}"' in page
    assert asked.http("HEAD", answer_path(asked)).status_code == 200
    assert asked.kept() == before


def test_a_press_of_its_button_answers_once(asked: InMemoryBaton) -> None:
    page = asked.http("GET", answer_path(asked)).body.decode()
    later(asked, 3)
    for _ in range(2):
        press(asked, answer_path(asked), hidden_in(page))
    assert answers(asked) == [("goal", "save")]
    press(asked, answer_path(asked, "later"))
    assert answers(asked) == [("goal", "later"), ("goal", "save")]


def test_who_answers_within_two_seconds_is_asked_once_more(asked: InMemoryBaton) -> None:
    """Some scanners send the forms of pages."""
    page = asked.http("GET", answer_path(asked)).body.decode()
    again = press(asked, answer_path(asked), hidden_in(page))
    assert answers(asked) == []
    press(asked, answer_path(asked), hidden_in(again))
    assert answers(asked) == [("goal", "save")]


def test_the_answer_stop_unsubscribes_by_its_button(asked: InMemoryBaton) -> None:
    asked.http("GET", answer_path(asked, "stop"))
    assert asked.lead()["suppressed"] is None
    page = press(asked, answer_path(asked, "stop"))
    assert asked.lead()["suppressed"] == "unsubscribed"
    assert "no more emails" in page


def test_signals_count_an_answer(asked: InMemoryBaton) -> None:
    document = deepcopy(model_document())
    document["signals"]["wants-time"] = {
        "on": "mail",
        "event": "answered",
        "where": {"answer": ["save"]},
    }
    press(asked, answer_path(asked))
    press(asked, answer_path(asked, "later"))
    model = load(document, 1)
    given = [one for one in events_of(asked) if one.name == "answered"]
    assert [[signal.id for signal in signals_of(model, one)] for one in given] == [
        [],
        ["wants-time"],
    ]


@pytest.mark.parametrize("changed", ["x", "%27", "''''"])
def test_a_changed_answer_is_not_found(asked: InMemoryBaton, changed: str) -> None:
    path = answer_path(asked) + changed
    assert asked.http("GET", path).status_code == 404
    answer = asked.http("POST", path, b"", {"Content-Type": "application/x-www-form-urlencoded"})
    assert answer.status_code == 404


def test_an_answer_to_a_lost_email_is_not_found(asked: InMemoryBaton) -> None:
    link = AnswerLink(ann(asked), MessageKey(message_of(asked).kind, 9, ("a", "b")), "q", "a", "en")
    token = asked.world.links.sign(ANSWER, str(link))
    assert asked.http("GET", f"/a/{token}").status_code == 404
    press_ = asked.http("POST", f"/a/{token}", b"", {"Content-Type": "text/plain"})
    assert press_.status_code == 404
