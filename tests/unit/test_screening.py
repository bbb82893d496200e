"""Screened submissions, over HTTP: kept as spam, counted by nothing, released by a person."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from chalice.test import HTTPResponse
from crawleruseragents import CRAWLER_USER_AGENTS_DATA

from chalicelib.capture.screening.proofs import HONEYPOT_FIELD
from chalicelib.capture.screening.release import FormRelease
from chalicelib.capture.screening.verdict import ScreenReason
from chalicelib.events import Kind
from chalicelib.limits import FORMS_PER_MAILBOX
from chalicelib.store.keys import ARRIVALS
from chalicelib.store.table import Put, Write
from tests import factories as make
from tests.baton import ANN, TOKEN, InMemoryBaton
from tests.fakes import FakePorts, MemoryTable
from tests.held import erase, left_of

EMAIL = ANN["email"]
BROWSER = {
    "Content-Type": "application/x-www-form-urlencoded",
    "Accept": "text/html,application/xhtml+xml,*/*;q=0.8",
}
GOOGLEBOT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
BOTS = [
    entry["instances"][0]
    for entry in CRAWLER_USER_AGENTS_DATA
    if entry["instances"] and not {"http-library", "browser-automation"} & set(entry["tags"])
]


@pytest.fixture
def baton() -> InMemoryBaton:
    return InMemoryBaton()


def put_settings(baton: InMemoryBaton, **screening: Any) -> None:
    answer = baton.http(
        "PUT",
        "/v1/settings",
        json.dumps({"screening": screening}),
        {**TOKEN, "Content-Type": "application/json"},
    )
    assert answer.status_code == 200, answer.body


def put_form(baton: InMemoryBaton, form_id: str, **document: Any) -> None:
    answer = baton.http(
        "PUT",
        f"/v1/forms/{form_id}",
        json.dumps({"id": form_id, **document}),
        {**TOKEN, "Content-Type": "application/json"},
    )
    assert answer.status_code == 200, answer.body


def trapped(baton: InMemoryBaton, form_id: str = "demo", **more: Any) -> Any:
    """Send a form that fills in the trap, as a machine does."""
    data = {
        "fields": {**ANN, HONEYPOT_FIELD: "buy now", **more.pop("fields", {})},
        "visitor_id": "v1",
        "consent": {"marketing": True, "text": "Write to me."},
        **more,
    }
    answer = baton.post(f"/v1/forms/{form_id}", data)
    assert answer.status_code == 202, answer.body
    baton.until_quiet()
    return json.loads(answer.body)


def spam(baton: InMemoryBaton, query: str = "") -> Any:
    return baton.get(f"/v1/leads?stage=spam{query}")


def found(baton: InMemoryBaton, email: str = EMAIL) -> Any:
    return baton.get(f"/v1/leads?email={email}")["leads"]


def release(baton: InMemoryBaton, lead_id: str, **body: Any) -> HTTPResponse:
    return baton.post(f"/v1/leads/{lead_id}/release", body, TOKEN)


def families(baton: InMemoryBaton) -> set[str]:
    return {sk.partition("#")[0] for pk, sk in baton.ports.memory.items if pk.startswith("LEAD#")}


def timeline(baton: InMemoryBaton) -> list[Any]:
    return list(baton.get(f"/v1/leads/{baton.world.lead_id(EMAIL)}/timeline")["items"])


# --- kept as spam ---------------------------------------------------------------------------------


def test_a_screened_form_makes_no_lead(baton: InMemoryBaton) -> None:
    trapped(baton)
    assert found(baton) == []
    assert families(baton) == {"SCREENED"}
    assert baton.outbox() == []
    (one,) = spam(baton)["leads"]
    assert {name: one[name] for name in ("email", "stage", "score", "form", "reason")} == {
        "email": EMAIL, "stage": "spam", "score": None, "form": "demo", "reason": "honeypot",
    }  # fmt: skip
    assert one["lead_id"] == baton.world.lead_id(EMAIL)
    assert one["fields"]["email"] == EMAIL  # with all that it says, to tell whether it is spam


def test_a_screened_form_adds_nothing_to_a_lead(baton: InMemoryBaton) -> None:
    baton.form("guide", **ANN)
    baton.until_quiet()
    before = baton.lead()
    trapped(baton, fields={"company": "Evil", "job_title": "CEO"})
    after = baton.lead()
    assert after == before
    screened = [one for one in timeline(baton) if "screened" in one["detail"]]
    assert [(one["detail"]["screened"], one["detail"]["counts"]) for one in screened] == [
        ("honeypot", False)
    ]


def test_a_replay_counts_no_spam_either(baton: InMemoryBaton) -> None:
    baton.form("guide", **ANN)
    trapped(baton)
    answer = baton.http("POST", f"/v1/leads/{baton.world.lead_id(EMAIL)}/rebuild", headers=TOKEN)
    assert json.loads(answer.body)["differences"] == []


def test_a_screened_form_uses_up_no_room(baton: InMemoryBaton) -> None:
    trapped(baton)
    baton.form("demo", visitor="v9", **ANN)
    baton.until_quiet()
    (form,) = [one for one in timeline(baton) if one["kind"] == "form" and one["detail"].get("rank")
               and "screened" not in one["detail"]]  # fmt: skip
    joined = {sk for pk, sk in baton.ports.memory.items if sk.startswith("JOIN#")}
    assert "JOIN#VISITOR#v9" in joined
    assert "JOIN#VISITOR#v1" not in joined  # whose browser it was is nobody's word
    assert form["name"] == "demo"


def test_a_bot_is_not_told(baton: InMemoryBaton) -> None:
    good = baton.form("demo", **ANN)
    bad = trapped(InMemoryBaton())
    assert good.keys() == bad.keys()
    assert good["status"] == bad["status"] == "accepted"
    honest, caught = (
        InMemoryBaton().http(
            "POST", "/v1/forms/demo", f"email=ann%40acme.example&{HONEYPOT_FIELD}={trap}", BROWSER
        )
        for trap in ("", "x")
    )
    assert (honest.status_code, honest.body) == (caught.status_code, caught.body) == (303, b"")
    told = [{**one.headers, "X-Request-Id": ""} for one in (honest, caught)]
    assert told[0] == told[1]


def test_a_repeated_key_is_answered_the_same(baton: InMemoryBaton) -> None:
    first = trapped(baton, submission_id="one")
    assert trapped(baton, submission_id="one") == first
    assert len(spam(baton)["leads"]) == 1
    other = {"fields": {**ANN, HONEYPOT_FIELD: "x", "phone": "1"}, "submission_id": "one"}
    assert baton.post("/v1/forms/demo", other).status_code == 422


@pytest.mark.parametrize(
    ("blank", "is_spam"),
    [
        (f"{HONEYPOT_FIELD}=", False),
        (f"{HONEYPOT_FIELD}=&{HONEYPOT_FIELD}=", False),
        (f"{HONEYPOT_FIELD}=+%0A", False),
        (f"{HONEYPOT_FIELD}=&{HONEYPOT_FIELD}=x", True),
        (f"{HONEYPOT_FIELD.upper()}=x", True),
    ],
)
def test_only_what_is_written_shuts_the_trap(
    baton: InMemoryBaton, *, blank: str, is_spam: bool
) -> None:
    answer = baton.http("POST", "/v1/forms/demo", f"email=ann%40acme.example&{blank}", BROWSER)
    assert answer.status_code == 303
    assert bool(spam(baton)["leads"]) is is_spam


@pytest.mark.parametrize("value", [None, "", [], ["", ""], {}, False])
def test_an_empty_value_shuts_no_trap(baton: InMemoryBaton, value: Any) -> None:
    fields = {**ANN, HONEYPOT_FIELD: value}
    assert baton.post("/v1/forms/demo", {"fields": fields}).status_code == 202
    assert spam(baton)["leads"] == []


def test_what_a_sender_proves_by_is_not_called_left_out(baton: InMemoryBaton) -> None:
    put_form(baton, "signed", verify="token")
    one = token(baton, "signed")
    baton.ports.clock.tick(timedelta(seconds=9))
    answer = baton.post("/v1/forms/signed", {"fields": {"email": EMAIL}, "token": one})
    assert "warnings" not in json.loads(answer.body)
    assert spam(baton)["leads"] == []


def test_a_form_of_its_own_trap_is_screened(baton: InMemoryBaton) -> None:
    put_form(baton, "quote", honeypot="website")
    for value in ("", "https://spam.example"):
        fields = {**ANN, "website": value}
        assert baton.post("/v1/forms/quote", {"fields": fields}).status_code == 202
        baton.until_quiet()
        assert len(found(baton)) == 1
    (one,) = spam(baton)["leads"]
    assert (one["form"], one["reason"]) == ("quote", "honeypot")
    assert "website" not in baton.lead()["profile"]


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"email": "ann@mailinator.com"}, ScreenReason.DISPOSABLE),
        ({"email": "ann@eu.mailinator.com"}, ScreenReason.DISPOSABLE),
        ({"first_name": "Win https://spam.example"}, ScreenReason.LINKS),
        ({"company": "<a href='https://spam.example'>x</a>"}, ScreenReason.LINKS),
    ],
)
def test_each_step_keeps_what_it_finds(
    baton: InMemoryBaton, fields: dict[str, str], reason: ScreenReason
) -> None:
    answer = baton.post("/v1/forms/contact", {"fields": {**ANN, **fields}})
    assert answer.status_code == 202
    baton.until_quiet()
    assert [one["reason"] for one in spam(baton)["leads"]] == [reason]
    assert found(baton, fields.get("email", EMAIL)) == []


def test_booking_com_is_a_company(baton: InMemoryBaton) -> None:
    baton.form("contact", **{**ANN, "company": "Booking.com"})
    baton.until_quiet()
    assert baton.lead()["profile"]["company"] == "Booking.com"


# --- bots -----------------------------------------------------------------------------------------


def test_no_listed_bot_makes_a_lead_by_html_routes(baton: InMemoryBaton) -> None:
    for number, agent in enumerate(BOTS[::10]):
        headers = {**BROWSER, "User-Agent": agent}
        body = f"email=bot{number}%40acme.example&first_name=Bot"
        assert baton.http("POST", "/v1/forms/demo", body, headers).status_code == 303
        pixel = f"/v1/pixel?anonymousId=bot{number}&url=https://keybook.example/pricing"
        assert baton.http("GET", pixel, headers={"User-Agent": agent}).status_code == 204
    baton.until_quiet()
    assert {pk.partition("#")[0] for pk, sk in baton.ports.memory.items if sk.startswith("EVENT#")
            } == set()  # fmt: skip
    assert families(baton) == {"SCREENED"}


@pytest.mark.parametrize("path", ["page", "track", "identify"])
def test_pings_of_a_known_bot_do_not_count(baton: InMemoryBaton, path: str) -> None:
    event = {"anonymousId": "b", "event": "x", "properties": {"url": "https://keybook.example/"}}
    headers = {"User-Agent": GOOGLEBOT}
    assert baton.post(f"/v1/{path}", event, headers).status_code == 200
    answer = baton.post("/v1/batch", {"batch": [{**event, "type": path}]}, headers)
    assert (answer.status_code, json.loads(answer.body)["success"]) == (200, True)
    assert not [sk for _, sk in baton.ports.memory.items if sk.startswith("EVENT#")]


@pytest.mark.parametrize("agent", ["python-requests/2.32", "WordPress/6.5; https://acme.example"])
def test_servers_send_forms_and_events(baton: InMemoryBaton, agent: str) -> None:
    headers = {"User-Agent": agent}
    assert baton.post("/v1/forms/demo", {"fields": ANN}, headers).status_code == 202
    baton.post("/v1/track", {"anonymousId": "s", "event": "x"}, headers)
    baton.until_quiet()
    assert len(found(baton)) == 1
    assert ("VISITOR#s" in {pk for pk, _ in baton.ports.memory.items}) is True


# --- tokens, challenges and floods ----------------------------------------------------------------


def token(baton: InMemoryBaton, form_id: str) -> str:
    answer = baton.http("GET", f"/v1/forms/{form_id}/token")
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    return str(json.loads(answer.body)["token"])


def test_a_form_with_a_token_needs_a_good_one(baton: InMemoryBaton) -> None:
    put_form(baton, "signed", verify="token")
    good = token(baton, "signed")
    other = token(baton, "demo")
    tries = [("young", good, 0), ("none", "", 60), ("other", other, 0), ("good", good, 0)]
    for name, one, seconds in tries:
        baton.ports.clock.tick(timedelta(seconds=seconds))
        body = f"email={name}%40acme.example&_token={one}"
        assert baton.http("POST", "/v1/forms/signed", body, BROWSER).status_code == 303
    baton.until_quiet()
    assert {one["email"] for one in spam(baton)["leads"]} == {
        f"{name}@acme.example" for name in ("young", "none", "other")
    }
    assert len(found(baton, "good@acme.example")) == 1


def test_a_challenge_is_asked_of_its_service(baton: InMemoryBaton) -> None:
    put_form(baton, "guarded", verify="turnstile")
    baton.ports.challenged.solved.add("solved")
    for name, response in (("ann", "solved"), ("bot", "made-up")):
        body = f"email={name}%40acme.example&cf-turnstile-response={response}"
        assert baton.http("POST", "/v1/forms/guarded", body, BROWSER).status_code == 303
    baton.until_quiet()
    assert [one["reason"] for one in spam(baton)["leads"]] == ["challenge"]
    assert "verification" not in str(timeline(baton))


def test_an_outage_of_the_service_loses_no_lead(baton: InMemoryBaton) -> None:
    put_form(baton, "guarded", verify="hcaptcha")
    baton.ports.challenged.is_out = True
    fields = {**ANN, "h-captcha-response": "any"}
    assert baton.post("/v1/forms/guarded", {"fields": fields}).status_code == 202
    baton.until_quiet()
    form = next(one for one in timeline(baton) if one["kind"] == "form")
    assert form["detail"]["properties"]["verification"] == "unavailable"


def test_in_dev_nothing_limits_how_many_forms_come(baton: InMemoryBaton) -> None:
    for _ in range(40):
        baton.form("demo", **ANN)
    baton.until_quiet()
    assert spam(baton)["leads"] == []
    kinds = {pk.partition("#")[0] for pk, _ in baton.ports.memory.items}
    assert kinds.isdisjoint({"NETWORK", "TOKEN"})


class CountingTable(MemoryTable):
    """Counts the writes of counters."""

    counted = 0

    def write(self, *writes: Write) -> None:
        self.counted += sum(isinstance(one, Put) and one.item["sk"] == ARRIVALS for one in writes)
        super().write(*writes)


@pytest.fixture
def deployed() -> InMemoryBaton:
    """A Baton outside of dev."""
    ports = FakePorts(CountingTable())
    ports.settings = replace(ports.settings, environment="prod")
    return InMemoryBaton(ports)


def test_outside_dev_floods_and_tools_are_screened(deployed: InMemoryBaton) -> None:
    for _ in range(FORMS_PER_MAILBOX + 2):
        deployed.form("demo", visitor=None, **ANN)
    tool = {**BROWSER, "User-Agent": "python-requests/2.32"}
    deployed.http("POST", "/v1/forms/demo", "email=bot%40acme.example", tool)
    reasons = [one["reason"] for one in spam(deployed)["leads"]]
    assert reasons == [ScreenReason.KNOWN_BOT, *[ScreenReason.MAILBOX_FLOOD] * 2]


def test_outside_dev_an_honest_form_pays_little(deployed: InMemoryBaton) -> None:
    for _ in range(24):
        deployed.form("demo", visitor=None, **ANN)
    table = deployed.ports.memory
    assert isinstance(table, CountingTable)
    assert table.counted == 24 / 2 + 24 / 12


def test_a_set_limit_holds_for_a_network_address(baton: InMemoryBaton) -> None:
    put_settings(baton, forms_per_network=2)
    for number in range(4):
        forged = {"X-Forwarded-For": f"198.51.100.{number}", "X-Real-IP": f"198.51.100.{number}"}
        body = {"fields": {"email": f"a{number}@acme.example"}}
        assert baton.post("/v1/forms/demo", body, forged).status_code == 202
    baton.until_quiet()
    reasons = [one["reason"] for one in spam(baton)["leads"]]
    assert reasons == [ScreenReason.NETWORK_FLOOD] * 2
    stored = json.dumps([str(item) for item in baton.ports.memory.items.values()])
    assert "198.51.100" not in stored
    assert "127.0.0.1" not in stored


def test_a_set_limit_holds_for_a_mailbox(baton: InMemoryBaton) -> None:
    put_settings(baton, forms_per_mailbox=2)
    for number in range(4):
        body = {"fields": {"email": f"ann+{number}@acme.example"}}
        assert baton.post("/v1/forms/demo", body).status_code == 202
    assert len(spam(baton)["leads"]) == 2
    baton.ports.clock.tick(timedelta(days=1))
    baton.form("demo", **ANN)
    assert len(spam(baton)["leads"]) == 2


def test_a_step_can_be_turned_off(baton: InMemoryBaton) -> None:
    put_settings(baton, off=["disposable"])
    baton.form("demo", email="ann@mailinator.com")
    baton.until_quiet()
    assert len(found(baton, "ann@mailinator.com")) == 1


@pytest.mark.parametrize(
    "wrong",
    [{"off": ["nonsense"]}, {"forms_per_network": -1}, {"nonsense": 1}, {"token_min_seconds": "x"}],
)
def test_settings_of_another_shape_are_refused(baton: InMemoryBaton, wrong: Any) -> None:
    headers = {**TOKEN, "Content-Type": "application/json"}
    answer = baton.http("PUT", "/v1/settings", json.dumps({"screening": wrong}), headers)
    assert answer.status_code == 422
    assert json.loads(answer.body)["errors"][0]["field"].startswith("screening")


# --- the list -------------------------------------------------------------------------------------


def test_spam_is_listed_newest_first_in_pages(baton: InMemoryBaton) -> None:
    for number in range(5):
        trapped(baton, fields={"email": f"a{number}@acme.example"})
        baton.ports.clock.tick(timedelta(seconds=1))
    first = spam(baton, "&limit=2")
    second = spam(baton, f"&limit=2&cursor={first['next_cursor']}")
    third = spam(baton, f"&limit=2&cursor={second['next_cursor']}")
    listed = [one["email"][:2] for page in (first, second, third) for one in page["leads"]]
    assert listed == ["a4", "a3", "a2", "a1", "a0"]
    assert third["next_cursor"] is None


@pytest.mark.parametrize("query", ["stage=spam&cursor=x", "stage=spam&limit=0", "stage=spamx"])
def test_a_wrong_question_about_spam_is_refused(baton: InMemoryBaton, query: str) -> None:
    answer = baton.http("GET", f"/v1/leads?{query}", headers=TOKEN)
    assert answer.status_code == 400
    assert b"errors" in answer.body


def test_a_cursor_of_another_list_is_refused(baton: InMemoryBaton) -> None:
    for number in range(2):
        baton.form("demo", visitor=None, email=f"a{number}@acme.example")
    baton.until_quiet()
    cursor = baton.get("/v1/outbox?limit=1")["next_cursor"]
    answer = baton.http("GET", f"/v1/leads?stage=spam&cursor={cursor}", headers=TOKEN)
    assert answer.status_code == 400


def test_spam_expires(baton: InMemoryBaton) -> None:
    trapped(baton)
    (kept,) = [item for (_, sk), item in baton.ports.memory.items.items() if "SCREENED" in sk]
    days = (int(kept["expires_at_epoch_s"]) - baton.ports.now().timestamp()) / 86_400
    assert round(days) == 30


@pytest.mark.parametrize("seed", range(5))
def test_a_busy_table_loses_no_spam_and_releases_it_once(seed: int) -> None:
    baton = InMemoryBaton()
    baton.ports.memory.be_busy(seed)
    put_settings(baton, forms_per_network=50, forms_per_mailbox=50)
    for number in range(8):
        trapped(baton, submission_id=f"s{number}", visitor_id=f"v{number}")
    assert len(spam(baton)["leads"]) == 8
    lead_id = baton.world.lead_id(EMAIL)
    assert [release(baton, lead_id).status_code for _ in range(2)] == [200, 200]
    baton.until_quiet()
    kinds = [(item["kind"], "screened" in item["detail"]) for item in timeline(baton)]
    assert kinds.count(("person", False)) == kinds.count(("form", False)) == 8
    assert spam(baton)["leads"] == []


# --- released -------------------------------------------------------------------------------------


def test_a_released_form_counts_reacts_and_is_proof(baton: InMemoryBaton) -> None:
    trapped(baton)
    screened_at = baton.ports.now()
    baton.ports.clock.tick(timedelta(days=20))
    (one,) = spam(baton)["leads"]
    answer = release(baton, one["lead_id"], event_ids=[one["event_id"]], note="I know her.")
    assert answer.status_code == 200, answer.body
    lead = json.loads(answer.body)
    assert (lead["email"], lead["stage"]) == (EMAIL, "sql")
    assert HONEYPOT_FIELD not in lead["profile"]
    assert lead["consent"]["marketing"] is True
    assert lead["consent"]["at"] == screened_at.isoformat(timespec="milliseconds")[:23] + "Z"
    baton.until_quiet()
    assert {item["kind"] for item in baton.outbox()} == {"handoff"}
    assert spam(baton)["leads"] == []
    assert baton.lead()["score"] == lead["score"]  # its stream record finds it counted


def test_the_stream_counts_what_a_lost_request_released(baton: InMemoryBaton) -> None:
    trapped(baton)
    world = baton.world
    (kept,) = world.spam.of_lead(world.lead_id(EMAIL), 1)
    act = make.event(Kind.PERSON, "released", partition=kept.event.partition)
    FormRelease(store=world.captured, with_download=world.forms.released)(kept, act)
    baton.until_quiet()
    assert baton.lead()["stage"] == "sql"


def test_a_release_joins_the_browser(baton: InMemoryBaton) -> None:
    baton.page("/pricing")
    receipt = trapped(baton)
    assert release(baton, baton.world.lead_id(EMAIL)).status_code == 200
    baton.page("/blog/a", visitor=receipt["visitor_id"])
    baton.until_quiet()
    assert {one["detail"]["properties"]["path"] for one in timeline(baton) if one["kind"] == "page"
            } == {"/pricing", "/blog/a"}  # fmt: skip


def test_a_release_takes_no_browser_from_another_lead(baton: InMemoryBaton) -> None:
    trapped(baton)
    baton.form("demo", email="bob@acme.example")
    baton.until_quiet()
    baton.page("/pricing")
    assert release(baton, baton.world.lead_id(EMAIL)).status_code == 200
    baton.until_quiet()
    assert not [one for one in timeline(baton) if one["kind"] == "page"]


def test_a_release_brings_the_download(baton: InMemoryBaton) -> None:
    trapped(baton, "guide")
    assert release(baton, baton.world.lead_id(EMAIL)).status_code == 200
    baton.until_quiet()
    assert [one["name"] for one in timeline(baton) if one["kind"] == "track"] == [
        "Asset Downloaded"
    ]


def test_a_release_twice_is_one(baton: InMemoryBaton) -> None:
    trapped(baton)
    (one,) = spam(baton)["leads"]
    answers = [
        release(baton, one["lead_id"], **body)
        for body in ({"event_ids": [one["event_id"]]}, {"event_ids": [one["event_id"]]}, {})
    ]
    assert [answer.status_code for answer in answers] == [200] * 3
    assert len({answer.body for answer in answers}) == 1
    baton.until_quiet()
    kinds = [(item["kind"], item["name"]) for item in timeline(baton)]
    assert kinds.count(("person", "released")) == 1
    assert kinds.count(("form", "demo")) == 2  # what was kept, and what it is now


def test_the_timeline_shows_what_was_kept_and_released(baton: InMemoryBaton) -> None:
    trapped(baton)
    (one,) = spam(baton)["leads"]
    release(baton, one["lead_id"], note="I know her.")
    baton.until_quiet()
    acts = [item["detail"] for item in timeline(baton) if item["kind"] == "person"]
    said = {"event_ids": one["event_id"], "reason": "I know her.", "by": "admin"}
    assert acts == [{"properties": said}]
    forms = {item["id"]: item["detail"] for item in timeline(baton) if item["kind"] == "form"}
    assert forms.pop(one["event_id"])["screened"] == "honeypot"
    ((_, released),) = forms.items()
    assert "screened" not in released
    assert "counts" not in released
    assert released["consent"]["form"] == "demo"
    assert released["properties"]["submitted_at"] == one["at"]


def test_a_rebuild_counts_what_was_released(baton: InMemoryBaton) -> None:
    trapped(baton)
    lead_id = baton.world.lead_id(EMAIL)
    release(baton, lead_id)
    baton.until_quiet()
    answer = baton.http("POST", f"/v1/leads/{lead_id}/rebuild", headers=TOKEN)
    assert json.loads(answer.body)["differences"] == []


def test_only_what_is_named_is_released(baton: InMemoryBaton) -> None:
    trapped(baton)
    baton.ports.clock.tick(timedelta(seconds=1))
    trapped(baton, "contact")
    newest, oldest = spam(baton)["leads"]
    release(baton, newest["lead_id"], event_ids=[oldest["event_id"]])
    assert [one["event_id"] for one in spam(baton)["leads"]] == [newest["event_id"]]


def test_a_release_of_a_merged_lead_goes_to_its_survivor(baton: InMemoryBaton) -> None:
    baton.form("guide", visitor="v2", **{**ANN, "email": "ann@home.example"})
    baton.form("guide", **ANN)
    trapped(baton)
    survivor, absorbed = (baton.world.lead_id(one) for one in ("ann@home.example", EMAIL))
    baton.post(f"/v1/leads/{survivor}/merge", {"other_lead_id": absorbed}, TOKEN)
    (one,) = spam(baton)["leads"]
    answer = release(baton, survivor, event_ids=[one["event_id"]])
    assert answer.status_code == 200, answer.body
    assert json.loads(answer.body)["lead_id"] == survivor
    assert json.loads(answer.body)["stage"] == "sql"


@pytest.mark.parametrize("is_lead", [True, False])
def test_an_erasure_takes_spam_along(*, is_lead: bool) -> None:
    baton = InMemoryBaton()
    if is_lead:
        baton.form("guide", **ANN)
    trapped(baton, submission_id="one")
    lead_id = baton.world.lead_id(EMAIL)
    (one,) = spam(baton)["leads"]
    erase(baton, EMAIL)
    assert spam(baton)["leads"] == []
    for body in ({}, {"event_ids": [one["event_id"]]}):
        assert release(baton, lead_id, **body).status_code == 404
    for _ in range(3):
        baton.minutes_later(1)
    assert release(baton, lead_id).status_code == 404
    assert left_of(baton.ports.memory.items, ("ann@", "901820")) == []
    trapped(baton)  # a later one is new
    assert len(spam(baton)["leads"]) == 1
    assert release(baton, lead_id).status_code == 200


def test_an_erasure_finds_the_receipt_of_a_released_form(baton: InMemoryBaton) -> None:
    trapped(baton, submission_id="ann@acme.example")
    release(baton, baton.world.lead_id(EMAIL))
    baton.until_quiet()
    erase(baton, EMAIL)
    for _ in range(3):
        baton.minutes_later(1)
    assert left_of(baton.ports.memory.items, ("ann@", "901820")) == []


def test_spam_is_part_of_what_is_exported(baton: InMemoryBaton) -> None:
    baton.form("guide", **ANN)
    trapped(baton, fields={"first_name": "Annabel"})
    baton.until_quiet()
    answer = baton.http("GET", f"/v1/leads/{baton.world.lead_id(EMAIL)}/export", headers=TOKEN)
    assert "Annabel" in answer.body.decode()


def test_a_form_that_is_gone_cannot_be_released(baton: InMemoryBaton) -> None:
    trapped(baton)
    lead_id = baton.world.lead_id(EMAIL)
    for key in [key for key in baton.ports.memory.items if "SCREENED" in key[1]]:
        del baton.ports.memory.items[key]  # as an erasure does
    assert release(baton, lead_id).status_code == 404
    assert families(baton) == set()


@pytest.mark.parametrize(
    ("lead_id", "body", "status", "field"),
    [
        ("nobody", {}, 404, None),
        ("A" * 26, {}, 404, None),
        (None, {"event_ids": ["1"]}, 400, "event_ids.0"),
        (None, {"event_ids": []}, 400, "event_ids"),
        (None, {"nonsense": 1}, 400, "nonsense"),
        (None, {"note": " "}, 400, "note"),
    ],
)
def test_a_wrong_release_is_refused(
    baton: InMemoryBaton, lead_id: str | None, body: Any, status: int, field: str | None
) -> None:
    trapped(baton)
    answer = release(baton, lead_id or baton.world.lead_id(EMAIL), **body)
    assert answer.status_code == status, answer.body
    if field:
        assert json.loads(answer.body)["errors"][0]["field"] == field
