"""The steps of screening, each by itself: what it finds, and whom it leaves alone."""

from dataclasses import replace
from datetime import timedelta

import pytest
from crawleruseragents import CRAWLER_USER_AGENTS_DATA

from chalicelib.capture.screening.addresses import is_disposable, network_id
from chalicelib.capture.screening.agents import PLAIN_BROWSER, Agent, agent_of
from chalicelib.capture.screening.names import is_link_in_company, is_link_in_name
from chalicelib.capture.screening.proofs import HONEYPOT_FIELD, proofs_in
from chalicelib.capture.screening.screening import Flooding, Screening
from chalicelib.capture.screening.tokens import FormTokens
from chalicelib.capture.screening.verdict import (
    Candidate,
    ScreeningRules,
    ScreenReason,
    Verification,
)
from chalicelib.capture.sender import Sender
from chalicelib.consent.mailbox import mailbox_of
from chalicelib.delivery.links import Links
from tests.fakes import NOW, FakeChallenges

LISTED = [one for entry in CRAWLER_USER_AGENTS_DATA for one in entry["instances"]]
BROWSERS = [
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"
    " Chrome/126.0.0.0 Safari/537.36 Edg/126.0.0.0",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:127.0) Gecko/20100101 Firefox/127.0",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko)"
    " Version/17.5 Safari/605.1.15",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like"
    " Gecko) GSA/323.0.647062479 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0"
    " Mobile Safari/537.36",
    # A phone whose maker's name holds "bot", and browsers within apps.
    "Mozilla/5.0 (Linux; Android 10; CUBOT X30) AppleWebKit/537.36 (KHTML, like Gecko)"
    " Chrome/126.0.0.0 Mobile Safari/537.36",
    "Mozilla/5.0 (Linux; Android 14; SM-S911B Build/UP1A; wv) AppleWebKit/537.36 (KHTML, like"
    " Gecko) Version/4.0 Chrome/126.0.6478.71 Mobile Safari/537.36 Instagram 336.0.0.35.90 Android",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like"
    " Gecko) Mobile/15E148 [FBAN/FBIOS;FBAV/466.0.0.0;FBBV/600000000]",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like"
    " Gecko) Mobile/15E148 [LinkedInApp]/9.29.9059",
    "Mozilla/5.0 (Windows NT 6.1; WOW64; Trident/7.0; rv:11.0) like Gecko",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Teams/1.6"
    " Chrome/114.0 Electron/22.3 Safari/537.36",
    "",
]
SERVERS = [
    "analytics-python/2.4.0",
    "analytics-node-next/latest",
    "Segment.io/1.0",
    "Java/17.0.1",
    "node",
    "GuzzleHttp/7",
    "PostmanRuntime/7.3",
]
TOOLS = ["python-requests/2.32", "Python-urllib/3.11", "curl/8.5.0", "python-httpx/0.27"]
HEADLESS = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko)"
    " HeadlessChrome/141.0.7390.37 Safari/537.36"
)
GOOGLEBOT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
LINKS = Links(lambda: {"current": "secret"})
TOKENS = FormTokens(sign=LINKS.sign, read=LINKS.read)
SENT = Candidate(form_id="demo", address="ann@acme.example", now=NOW)


class Floods:
    """Counts each id."""

    def __init__(self) -> None:
        self.counted: dict[tuple[Flooding, str], int] = {}

    def is_flood(self, of: Flooding, one_id: str, most: int, sent: Candidate) -> bool:
        assert sent is not None
        before = self.counted.get((of, one_id), 0)
        self.counted[of, one_id] = before + 1
        return before >= most


def screening(
    rules: ScreeningRules | None = None,
    challenges: FakeChallenges | None = None,
    floods: Floods | None = None,
) -> Screening:
    return Screening(
        rules=lambda: rules or ScreeningRules(),
        tokens=TOKENS,
        challenges=challenges or FakeChallenges(),
        floods=floods or Floods(),
        mailbox_of=lambda address: mailbox_of(b"secret", address),
        secret=lambda: b"secret",
    )


# --- agents ---------------------------------------------------------------------------------------


def test_every_agent_of_the_list_is_known_in_any_case() -> None:
    assert [one for one in LISTED if agent_of(one) is Agent.UNLISTED] == []
    assert [one for one in LISTED[::7] if agent_of(one.upper()) is Agent.UNLISTED] == []


def test_no_agent_of_the_list_passes_for_a_plain_browser() -> None:
    assert [one for one in LISTED if PLAIN_BROWSER.fullmatch(one)] == []


@pytest.mark.parametrize("agent", [*BROWSERS, *SERVERS])
def test_people_and_their_servers_are_no_bots(agent: str) -> None:
    assert agent_of(agent) is Agent.UNLISTED


def test_most_browsers_need_no_list() -> None:
    assert all(PLAIN_BROWSER.fullmatch(one) for one in BROWSERS[:5])


@pytest.mark.parametrize("agent", [*TOOLS, HEADLESS])
def test_a_tool_is_no_bot(agent: str) -> None:
    assert agent_of(agent) is Agent.TOOL


@pytest.mark.parametrize("agent", ["WordPress/6.5; https://acme.example", "Zapier"])
def test_a_service_that_passes_forms_on_is_a_relay(agent: str) -> None:
    assert agent_of(agent) is Agent.RELAY


@pytest.mark.parametrize(
    ("agent", "is_page", "tools", "is_bot"),
    [
        (GOOGLEBOT, True, False, True),
        (GOOGLEBOT, False, False, True),
        (GOOGLEBOT.upper(), True, False, True),
        (TOOLS[0], False, True, False),
        (TOOLS[0], True, False, False),
        (TOOLS[0], True, True, True),
        ("Zapier", False, True, False),
        ("Zapier", True, False, True),
        (BROWSERS[0], True, True, False),
        ("x" * 100_000 + "Googlebot/2.1", True, True, False),
    ],
)
def test_who_counts_as_a_bot(*, agent: str, is_page: bool, tools: bool, is_bot: bool) -> None:
    sent = replace(SENT, sender=Sender(agent=agent, wants_page=is_page))
    verdict = screening(ScreeningRules(tools=tools)).screen(sent)
    assert verdict.reason == (ScreenReason.KNOWN_BOT if is_bot else None)


# --- names ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "Win money https://spam.example/x", "HTTP://SPAM.EXAMPLE", "www.spam-site.ru", "//evil.io",
        "casino-win.xyz", "Claim 1.2 BTC bit.ly/3xYz", "t.me/spam", "<a href='x'>Ann</a>",
        "<script>alert(1)</script>", "[url=http://x]y[/url]", "Ann spam.com",
    ],
)  # fmt: skip
def test_a_link_in_a_name_is_found(name: str) -> None:
    assert is_link_in_name(name)


@pytest.mark.parametrize(
    "name",
    [
        "Ann", "Null", "Dr.de Vries", "J.R.", "St.John", "Anna-Maria", "Anna.Maria", "O'Neil",
        "Müller-Lüdenscheidt", "Björk Guðmundsdóttir", "李", "Ann <3", "A/B", "ann@acme.com",
        "Ann Example (she/her)", "Mr. T.", "Jean-Luc", "X Æ A-12", "Prof. Dr. h.c. Ann", "",
    ],
)  # fmt: skip
def test_a_name_is_no_link(name: str) -> None:
    assert not is_link_in_name(name)


@pytest.mark.parametrize(
    ("company", "is_link"),
    [
        ("Booking.com", False), ("Acme", False), ("https://acme.example", False),
        ("https://www.acme.example/", False), ("www.acme.com", False), ("acme.io", False),
        ("Acme (acme.com)", False), ("AT&T", False), ("A < B GmbH", False),
        ("monday.com Ltd", False),
        ("https://spam.example/win?x=1", True), ("Visit https://spam.example now", True),
        ("<a href=x>Acme</a>", True), ("[url=x]Acme[/url]", True),
        ("https://a.example https://b.example", True),
    ],
)  # fmt: skip
def test_a_company_may_be_called_like_its_site(*, company: str, is_link: bool) -> None:
    assert is_link_in_company(company) is is_link


@pytest.mark.parametrize("field", ["first_name", "last_name", "company"])
def test_links_are_found_in_each_name(field: str) -> None:
    sent = replace(SENT, names={field: "see https://spam.example/x"})
    assert screening().screen(sent).reason is ScreenReason.LINKS


# --- addresses ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "disposable"),
    [
        ("ann@mailinator.com", True), ("Ann@MAILINATOR.com", True), ("ann@x.mailinator.com", True),
        ("ann@a.b.mailinator.com", True), ("ann@yopmail.com", True),
        ("ann@acme.example", False), ("ann@gmail.com", False), ("ann@acme-mailinator.com", False),
        ("ann@mailinator.com.acme.example", False),
    ],
)  # fmt: skip
def test_throw_away_addresses_are_found(*, address: str, disposable: bool) -> None:
    assert is_disposable(address) is disposable


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("203.0.113.7", "203.0.113.8", False),
        ("203.0.113.7", " 203.0.113.7", True),
        ("203.0.113.7", "::ffff:203.0.113.7", True),
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff:ffff:ffff:ffff", True),
        ("2001:db8:1:2::1", "2001:0DB8:0001:0002::2", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("::ffff:203.0.113.7", "::ffff:203.0.113.8", False),
    ],
)
def test_a_network_address_is_a_subscriber(*, one: str, other: str, same: bool) -> None:
    ids = [network_id(b"secret", text, "2026-11-27") for text in (one, other)]
    assert (ids[0] == ids[1]) is same


def test_a_network_id_says_nothing_and_changes_daily() -> None:
    today = network_id(b"secret", "203.0.113.7", "2026-11-27")
    assert today is not None
    assert "203" not in today[:3]
    assert today != network_id(b"secret", "203.0.113.7", "2026-11-28")
    assert today != network_id(b"other", "203.0.113.7", "2026-11-27")


@pytest.mark.parametrize("source", ["", "unknown", "203.0.113.7, 10.0.0.1", "x" * 10_000])
def test_no_network_address_is_no_flood(source: str) -> None:
    assert network_id(b"secret", source, "2026-11-27") is None
    sent = replace(SENT, sender=Sender(network=source))
    assert screening(ScreeningRules(forms_per_network=0)).screen(sent).reason is None


# --- floods ---------------------------------------------------------------------------------------


def test_rotating_within_a_network_is_one_flood() -> None:
    screen = screening(ScreeningRules(forms_per_network=3)).screen
    found = [
        screen(replace(SENT, sender=Sender(network=f"2001:db8:1:2::{number:x}"))).reason
        for number in range(5)
    ]
    assert found == [None, None, None, *[ScreenReason.NETWORK_FLOOD] * 2]


def test_tags_and_dots_are_one_mailbox() -> None:
    screen = screening(ScreeningRules(forms_per_mailbox=2)).screen
    addresses = ["ann.b@gmail.com", "annb+1@gmail.com", "a.n.n.b+2@googlemail.com"]
    found = [screen(replace(SENT, address=one)).reason for one in addresses]
    assert found == [None, None, ScreenReason.MAILBOX_FLOOD]


def test_strangers_do_not_keep_a_person_out() -> None:
    screen = screening(ScreeningRules(forms_per_mailbox=1)).screen
    assert [screen(SENT).reason for _ in range(2)] == [None, ScreenReason.MAILBOX_FLOOD]
    assert screen(replace(SENT, is_own_browser=True)).reason is None


# --- tokens ---------------------------------------------------------------------------------------


def test_a_token_is_good_in_its_time_for_its_form() -> None:
    token = TOKENS.issue("demo", "n", NOW)
    for seconds, form_id, is_good in (
        (0, "demo", False),
        (1.9, "demo", False),
        (2, "demo", True),
        (24 * 3600, "demo", True),
        (24 * 3600 + 1, "demo", False),
        (-60, "demo", False),
        (60, "other", False),
    ):
        at = NOW + timedelta(seconds=seconds)
        assert TOKENS.is_good(token, form_id, 2, at) is is_good, (seconds, form_id)


@pytest.mark.parametrize(
    "forged",
    [
        "",
        "x",
        "demo.1.2",
        "é",
        "\ud800",
        "x" * 100_000,
        LINKS.sign("unsubscribe", f"demo {0} n"),
        LINKS.sign("form", "demo"),
        LINKS.sign("form", "demo x n"),
        Links(lambda: {"current": "another"}).sign("form", "demo 0 n"),
        TOKENS.issue("demo", "n", NOW - timedelta(minutes=1))[:-1],
    ],
)
def test_a_forged_token_is_screened(forged: str) -> None:
    sent = replace(SENT, verify=Verification.TOKEN, token=forged)
    assert screening().screen(sent).reason is ScreenReason.TOKEN


def test_a_token_wears_out() -> None:
    screen = screening().screen
    token = TOKENS.issue("demo", "n", NOW - timedelta(minutes=1))
    found = [screen(replace(SENT, verify=Verification.TOKEN, token=token)).reason for _ in range(7)]
    assert found == [*[None] * 5, *[ScreenReason.TOKEN] * 2]


def test_an_old_signature_still_opens_a_form() -> None:
    rotated = Links(lambda: {"previous": "secret", "current": "new"})
    tokens = FormTokens(sign=rotated.sign, read=rotated.read)
    token = TOKENS.issue("demo", "n", NOW)
    assert tokens.is_good(token, "demo", 2, NOW + timedelta(minutes=1))


# --- challenges -----------------------------------------------------------------------------------


@pytest.mark.parametrize("verify", [Verification.TURNSTILE, Verification.HCAPTCHA])
def test_a_challenge_must_be_solved_once(verify: Verification) -> None:
    challenges = FakeChallenges()
    challenges.solved.add("good")
    screen = screening(challenges=challenges).screen
    found = [
        screen(replace(SENT, verify=verify, challenge=one)).reason
        for one in ("good", "good", "bad", "")
    ]
    assert found == [None, *[ScreenReason.CHALLENGE] * 3]


def test_an_outage_accepts_and_marks() -> None:
    challenges = FakeChallenges()
    challenges.is_out = True
    verdict = screening(challenges=challenges).screen(
        replace(SENT, verify=Verification.TURNSTILE, challenge="any")
    )
    assert verdict.reason is None
    assert verdict.is_unverified


# --- the whole ------------------------------------------------------------------------------------


def test_each_reason_has_its_step() -> None:
    assert set(screening().steps) == set(ScreenReason)


def test_an_honest_form_passes_every_step() -> None:
    rules = ScreeningRules(forms_per_network=9, forms_per_mailbox=9, tools=True)
    sent = replace(SENT, names={"company": "Booking.com"}, sender=Sender(agent=BROWSERS[0]))
    assert screening(rules).screen(sent).reason is None


def test_the_first_reason_stands_and_all_steps_run() -> None:
    floods = Floods()
    rules = ScreeningRules(forms_per_network=0, forms_per_mailbox=0)
    sent = replace(
        SENT,
        trap="x",
        address="ann@mailinator.com",
        sender=Sender(agent=GOOGLEBOT, network="203.0.113.7"),
    )
    assert screening(rules, floods=floods).screen(sent).reason is ScreenReason.HONEYPOT
    assert {of for of, _ in floods.counted} == {Flooding.NETWORK, Flooding.MAILBOX}


@pytest.mark.parametrize("reason", ScreenReason)
def test_a_step_that_is_off_finds_nothing(reason: ScreenReason) -> None:
    sent = replace(
        SENT,
        trap="x",
        names={"first_name": "https://spam.example"},
        address="ann@mailinator.com",
        verify=Verification.TOKEN,
        sender=Sender(agent=GOOGLEBOT, network="203.0.113.7"),
    )
    only = frozenset(ScreenReason) - {reason}
    rules = ScreeningRules(forms_per_network=0, forms_per_mailbox=0)
    if reason is ScreenReason.CHALLENGE:
        sent = replace(sent, verify=Verification.HCAPTCHA)
    assert screening(replace(rules, off=only)).screen(sent).reason is reason
    assert screening(replace(rules, off=frozenset(ScreenReason))).screen(sent).reason is None


# --- traps ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "trap"),
    [
        ("x", "x"),
        ("on", "on"),
        ("", ""),
        ("  ", ""),
        ("undefined", ""),
        ("null", ""),
        ("false", ""),
    ],
)
def test_a_trap_is_shut_by_anything_written(text: str, trap: str) -> None:
    assert proofs_in({HONEYPOT_FIELD.title(): text}, [HONEYPOT_FIELD]).trap == trap


def test_no_browser_fills_our_trap_in() -> None:
    """Parts of names by which browsers and password managers know what to fill in (Chromium's
    autofill_regex_constants, Firefox's HeuristicsRegExp, the autofill tokens of HTML)."""
    known = (
        "name", "mail", "phone", "tel", "mobile", "fax", "addr", "street", "city", "town", "state",
        "region", "province", "county", "country", "zip", "post", "company", "business", "org",
        "firma", "user", "login", "pass", "card", "cc", "cvc", "cvv", "exp", "url", "web", "site",
        "home", "birth", "bday", "day", "month", "year", "sex", "gender", "title", "honorific",
        "nick", "photo", "language", "impp", "otp", "code", "search", "coupon", "promo", "iban",
    )  # fmt: skip
    assert [one for one in known if one in HONEYPOT_FIELD] == []
