"""Replies to marketing's emails, through the handler that SES's topic calls."""

import json
import random
from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from chalice.test import Client

import app
from chalicelib.delivery.message_keys import MessageKey, MessageKind
from chalicelib.delivery.messages import Email, SnsMessage
from chalicelib.delivery.outbox import OutboxMessage, Via, planned
from chalicelib.errors import ConflictError
from chalicelib.limits import REPLIES_PER_EMAIL, REPLY_KEPT_DAYS
from chalicelib.store import keys
from chalicelib.store.outbox import put_message
from chalicelib.wiring import world as wiring
from tests.baton import ANN, TOKEN, InMemoryBaton, ask
from tests.fakes import FakePorts
from tests.inbound import notification, raw
from tests.sizes import SIZES, seeds

SAM = {"id": "sam", "name": "Sam Seller", "email": "sam@keybook.example"}
BOB: dict[str, Any] = {**ANN, "email": "bob@acme.example", "first_name": "Bob"}
FIRST = MessageKey(MessageKind.NURTURE, 1, ("welcome", "1"))
WAITS = {"1": "0d", "2": "90d"}
OBJECTION = "Please remove me from this list."


@pytest.fixture
def baton() -> InMemoryBaton:
    """A Baton in which Ann, who said yes, was sent her first email. She has no owner."""
    return lived()


def lived(ports: FakePorts | None = None, people: tuple[dict[str, str], ...] = ()) -> InMemoryBaton:
    baton = InMemoryBaton(ports)
    baton.world.documents.put("routing", {"people": list(people)})
    steps = [{"id": one, "wait": wait, "email": "welcome"} for one, wait in WAITS.items()]
    welcome = {"id": "welcome", "enter": {"stage": "mql"}, "steps": steps}
    baton.world.documents.put("sequence", welcome, "welcome")
    baton.form("guide", consent=True, **ANN)
    baton.page("/blog/a")
    baton.until_quiet()
    assert answered(baton).state == "sent"
    return baton


def answered(baton: InMemoryBaton, email: str = ANN["email"]) -> OutboxMessage:
    """The first email to a lead."""
    found = baton.world.outbox.read(baton.world.lead_id(email), FIRST)
    assert found is not None
    return found


def address(baton: InMemoryBaton, email: str = ANN["email"]) -> str:
    found = baton.world.reply_addresses.address_of(answered(baton, email))
    assert found is not None
    return found


def receive(baton: InMemoryBaton, text: str) -> None:
    """Let SES say something on the topic."""
    wiring.use(baton.world)
    try:
        with Client(app.app) as client:
            client.lambda_.invoke("replies", client.events.generate_sns_event(text))
    finally:
        wiring.use(None)


def reply(
    baton: InMemoryBaton,
    text: str,
    *,
    to: str | None = None,
    receipt: Mapping[str, Any] | None = None,
    **headers: str,
) -> None:
    """Let somebody answer Ann's email."""
    baton.ports.received.emails["emails/1"] = raw(text, headers=headers)
    receive(baton, notification(to or address(baton), **(receipt or {})))
    baton.until_quiet()


def heard(baton: InMemoryBaton, email: str = ANN["email"]) -> list[str]:
    lead_id = baton.world.lead_id(email)
    timeline = baton.get(f"/v1/leads/{lead_id}/timeline")["items"]
    return [item["name"] for item in timeline if item["kind"] == "mail"]


def notices(baton: InMemoryBaton) -> list[Any]:
    return [item for item in baton.outbox() if item["kind"] == "reply"]


def last_sent(baton: InMemoryBaton) -> Any:
    return baton.ports.senders.sent[-1]


def outcomes(capsys: pytest.CaptureFixture[str]) -> list[str]:
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    return [line["outcome"] for line in lines if line["event"] == "inbound_email"]


def intent(baton: InMemoryBaton) -> float:
    return float(baton.lead()["score"]["groups"]["intent"])


# --- a reply --------------------------------------------------------------------------------------


def test_a_reply_counts_and_reaches_the_team(baton: InMemoryBaton) -> None:
    before = intent(baton)
    reply(baton, "Can you call me?")
    assert heard(baton) == ["replied"]
    assert intent(baton) == before + 12
    (notice,) = notices(baton)
    assert (notice["via"], notice["state"]) == ("sns", "sent")
    topic = last_sent(baton)
    assert isinstance(topic, SnsMessage)
    facts = json.loads(topic.body)
    assert facts["lines"] == ["Can you call me?"]
    assert facts["email"] == ANN["email"]


def test_a_reply_ends_the_sequence(baton: InMemoryBaton) -> None:
    reply(baton, "Can you call me?")
    numbers = baton.get("/v1/sequences/welcome/numbers")
    assert (numbers["running"], numbers["exited"]) == (0, {"replied": 1})
    assert [step["replied"] for step in numbers["steps"]] == [1, 0]
    events = baton.get(f"/v1/leads/{answered(baton).lead_id}/timeline")["items"]
    (replied,) = (one["detail"]["properties"] for one in events if one["name"] == "replied")
    assert (replied["sequence"], replied["step"], replied["email"]) == ("welcome", "1", "welcome")


def test_the_owner_gets_it_with_nothing_that_acts() -> None:
    baton = lived(people=(SAM,))
    baton.form("demo", **ANN)
    baton.until_quiet()
    assert baton.lead()["owner"] == "sam"
    reply(baton, "Call <b>me</b>: http://evil.example\n{{ 7 * 7 }}", From="Ann <ann@acme.example>")
    email = last_sent(baton)
    assert isinstance(email, Email)
    assert email.to == SAM["email"]
    assert "Ann Example, Acme replied to:" in email.subject
    assert email.reply_to == ANN["email"]
    for part in (email.text, str(email.html)):
        assert "evil[.]example" in part
        assert "http://evil" not in part
        assert "<b>" not in part
        assert "{{ 7 * 7 }}" in part
    assert "another address" not in email.text


@pytest.mark.parametrize(
    ("routing", "to"),
    [
        ({"people": [SAM], "fallback": "sam"}, SAM["email"]),
        ({"people": [SAM], "manager": "sam"}, SAM["email"]),
        ({"people": [SAM]}, None),
    ],
)
def test_without_an_owner_whoever_stands_in_gets_it(
    baton: InMemoryBaton, routing: dict[str, Any], to: str | None
) -> None:
    baton.world.documents.put("routing", routing)
    baton.ports.clock.tick(timedelta(minutes=1))  # documents are cached for half a minute
    reply(baton, "Can you call me?")
    assert [one["to"] for one in notices(baton)] == [to]


def test_another_address_is_said_and_not_believed(baton: InMemoryBaton) -> None:
    reply(baton, "I am her colleague.", From="Eve <eve@evil.example>")
    facts = json.loads(last_sent(baton).body)
    assert facts["sender"] == "eve at evil[.]example"
    assert facts["email"] == ANN["email"]
    assert heard(baton) == ["replied"]
    assert baton.lead()["email"] == ANN["email"]
    assert baton.lead()["profile"]["first_name"] == ANN["first_name"]


def test_an_email_that_comes_twice_is_one_reply(
    baton: InMemoryBaton, capsys: pytest.CaptureFixture[str]
) -> None:
    for key in ("emails/1", "emails/1", "emails/2"):
        baton.ports.received.emails["emails/1"] = baton.ports.received.emails["emails/2"] = raw("x")
        baton.ports.clock.tick(timedelta(minutes=5))
        receive(baton, notification(address(baton), key=key))
    baton.until_quiet()
    assert heard(baton) == ["replied"]
    assert len(notices(baton)) == 1
    assert outcomes(capsys) == ["replied", "repeated", "repeated"]


def test_what_was_taken_is_deleted_at_once(
    baton: InMemoryBaton, capsys: pytest.CaptureFixture[str]
) -> None:
    reply(baton, "Can you call me?")
    assert baton.ports.received.emails == {}
    receive(baton, notification(address(baton)))
    assert outcomes(capsys) == ["replied", "missing"]


def test_an_email_in_the_notification_is_read_as_well(baton: InMemoryBaton) -> None:
    receive(baton, notification(address(baton), content=raw("Can you call me?")))
    text = json.loads(notification(address(baton)))
    text["receipt"]["action"] = {"type": "SNS", "encoding": "UTF-8"}
    text["content"] = raw("Today?", Message_ID="<two@acme.example>").decode()
    receive(baton, json.dumps(text))
    baton.until_quiet()
    shown = baton.get("/v1/replies?state=passed_on")["replies"]
    assert sorted(one["text"] for one in shown) == ["Can you call me?", "Today?"]


def test_so_many_replies_a_day_count_and_no_more(
    baton: InMemoryBaton, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(REPLIES_PER_EMAIL + 2):
        reply(baton, "Hello", Message_ID=f"<{number}@acme.example>")
    assert heard(baton) == ["replied"] * REPLIES_PER_EMAIL
    assert outcomes(capsys)[-2:] == ["capped", "capped"]
    reply(baton, OBJECTION, Message_ID="<o@acme.example>")
    reply(baton, "Stop", Message_ID="<s@acme.example>")
    assert outcomes(capsys) == ["held", "unsubscribed"]
    baton.ports.clock.tick(timedelta(days=1))
    reply(baton, "Hello", Message_ID="<next@acme.example>")
    assert outcomes(capsys) == ["replied"]


def test_an_email_that_is_gone_is_answered_all_the_same(baton: InMemoryBaton) -> None:
    to = address(baton)
    key = (keys.lead(answered(baton).lead_id), keys.message(answered(baton).key))
    del baton.ports.memory.items[key]
    reply(baton, "Can you call me?", to=to)
    assert heard(baton) == ["replied"]
    assert "an email of marketing's" in json.loads(last_sent(baton).body)["headline"]


# --- what is none ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "outcome"),
    [
        ({"Auto-Submitted": "auto-replied"}, "automatic"),
        ({"X-Autoreply": "yes"}, "automatic"),
        ({"Precedence": "auto_reply"}, "automatic"),
        ({"Return-Path": "<>"}, "automatic"),
        ({"Subject": "Abwesenheitsnotiz: Re: Your guide"}, "automatic"),
        ({"receipt": {"spamVerdict": {"status": "FAIL"}}}, "spam"),
        ({"receipt": {"virusVerdict": {"status": "FAIL"}}}, "spam"),
        ({"to": "hello@replies.baton.example"}, "unsigned"),
        ({"receipt": {"action": {"bucketName": "another", "objectKey": "emails/1"}}}, "missing"),
        ({"receipt": {"action": {}}}, "unreadable"),
    ],
)
def test_what_is_no_reply_changes_nothing(
    baton: InMemoryBaton,
    capsys: pytest.CaptureFixture[str],
    said: dict[str, Any],
    outcome: str,
) -> None:
    before = baton.kept()
    reply(baton, "unsubscribe", **said)
    assert baton.kept() == before
    assert outcomes(capsys) == [outcome]


def test_forged_and_foreign_addresses_are_left_to_be_looked_at(baton: InMemoryBaton) -> None:
    ours = address(baton)
    for forged in (ours.replace("reply-", "reply-a", 1), ours.replace("replies.", "evil.")):
        reply(baton, "stop", to=forged)
        assert "emails/1" in baton.ports.received.emails
    assert baton.lead()["suppressed"] is None


def test_another_case_of_the_address_is_the_same(baton: InMemoryBaton) -> None:
    reply(baton, "Can you call me?", to=address(baton).upper())
    assert heard(baton) == ["replied"]


@pytest.mark.parametrize("text", ["", "{}", "not JSON", '{"notificationType": "Received"}'])
def test_no_notification_breaks_the_function(
    baton: InMemoryBaton, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    receive(baton, text)
    assert len(outcomes(capsys)) == 1


def test_who_was_erased_is_not_brought_back(
    baton: InMemoryBaton, capsys: pytest.CaptureFixture[str]
) -> None:
    to = address(baton)
    lead_id = baton.world.lead_id(ANN["email"])
    assert baton.http("DELETE", f"/v1/leads/{lead_id}", headers=TOKEN).status_code == 202
    baton.minutes_later(2)
    reply(baton, "Can you call me?", to=to)
    assert outcomes(capsys) == ["unknown"]
    assert baton.http("GET", f"/v1/leads/{lead_id}", headers=TOKEN).status_code == 404
    reply(baton, "stop", to=to)
    assert baton.world.consents.read(lead_id).suppressed == "unsubscribed"


# --- stop -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["stop", "STOPP!", "Unsubscribe.", "abmelden", "Désinscription"])
def test_stop_unsubscribes_at_once(
    baton: InMemoryBaton, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    before = intent(baton)
    reply(baton, f"{text}\n\nAnn")
    assert baton.lead()["suppressed"] == "unsubscribed"
    assert heard(baton) == ["unsubscribed"]
    assert baton.get("/v1/sequences/welcome/numbers")["steps"][0]["unsubscribed"] == 1
    assert intent(baton) <= before
    assert notices(baton) == []
    assert outcomes(capsys) == ["unsubscribed"]


def test_what_stands_behind_a_stop_still_reaches_a_human(baton: InMemoryBaton) -> None:
    reply(baton, "Stop.\nBut do call me on Monday about the contract.")
    assert baton.lead()["suppressed"] == "unsubscribed"
    assert heard(baton) == ["unsubscribed"]
    facts = json.loads(last_sent(baton).body)
    assert facts["state"] == "unsubscribed"
    assert "do call me on Monday" in facts["lines"][1]


# --- what may ask to stop -------------------------------------------------------------------------


def open_replies(baton: InMemoryBaton) -> list[Any]:
    return list(baton.get("/v1/replies")["replies"])


def decide(baton: InMemoryBaton, one: Any, *, unsubscribe: bool, status: int = 200) -> Any:
    path = f"/v1/replies/{one['lead_id']}/{one['id']}"
    answer = baton.post(path, {"unsubscribe": unsubscribe}, TOKEN)
    assert answer.status_code == status, answer.body
    baton.until_quiet()
    return json.loads(answer.body)


def planned_again(baton: InMemoryBaton) -> OutboxMessage:
    """Another marketing email to Ann, which waits to be delivered."""
    first = answered(baton)
    second = planned(
        lead_id=first.lead_id,
        key=MessageKey(MessageKind.NURTURE, 1, ("welcome", "2")),
        via=Via.EMAIL,
        to=first.to,
        about=first.about,
        now=baton.ports.now(),
        email=first.email,
    )
    baton.ports.memory.write(put_message(second))
    return second


def test_one_that_may_object_waits_for_a_person(baton: InMemoryBaton) -> None:
    before = intent(baton)
    reply(baton, OBJECTION)
    assert heard(baton) == []
    assert intent(baton) == before
    (waiting,) = open_replies(baton)
    assert (waiting["state"], waiting["text"]) == ("open", OBJECTION)
    assert (waiting["sequence"], waiting["step"]) == ("welcome", "1")
    facts = json.loads(last_sent(baton).body)
    assert facts["look_url"].startswith("https://api.keybook.example/replies/")


def test_nothing_of_marketing_leaves_until_somebody_looked(baton: InMemoryBaton) -> None:
    reply(baton, OBJECTION)
    key = planned_again(baton).key
    baton.until_quiet()
    lead_id = baton.world.lead_id(ANN["email"])
    held = baton.world.outbox.read(lead_id, key)
    assert held is not None
    assert (held.state, held.reason) == ("planned", "paused")
    baton.minutes_later(61)
    looked_at = baton.world.outbox.read(lead_id, key)
    assert looked_at is not None
    assert (looked_at.state, looked_at.reason) == ("planned", "paused")


def test_a_person_says_that_it_is_an_unsubscribe(baton: InMemoryBaton) -> None:
    reply(baton, OBJECTION)
    (waiting,) = open_replies(baton)
    for _ in range(2):  # the second time changes nothing
        shown = decide(baton, waiting, unsubscribe=True)
        assert (shown["state"], shown["decided_by"]) == ("unsubscribed", "admin")
    assert baton.lead()["suppressed"] == "unsubscribed"
    assert heard(baton) == ["unsubscribed"]
    assert open_replies(baton) == []
    refusal = decide(baton, waiting, unsubscribe=False, status=409)
    assert "it is unsubscribed" in refusal["detail"]


def test_a_person_says_that_it_is_no_objection(baton: InMemoryBaton) -> None:
    before = intent(baton)
    reply(baton, OBJECTION)
    (waiting,) = open_replies(baton)
    assert decide(baton, waiting, unsubscribe=False)["state"] == "kept"
    assert heard(baton) == ["replied"]
    assert intent(baton) == before + 12
    assert baton.lead()["suppressed"] is None
    assert [one["state"] for one in baton.get("/v1/replies?state=kept")["replies"]] == ["kept"]


def test_each_of_several_objections_is_looked_at(baton: InMemoryBaton) -> None:
    for number in range(2):
        reply(baton, OBJECTION, Message_ID=f"<{number}@acme.example>")
    first, second = open_replies(baton)
    lead_id = first["lead_id"]
    decide(baton, first, unsubscribe=False)
    assert baton.world.reply_items.has_open(lead_id)
    decide(baton, second, unsubscribe=False)
    assert not baton.world.reply_items.has_open(lead_id)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "unsubscribe"),
        ({"unsubscribe": "yes"}, "unsubscribe"),
        ({"unsubscribe": True, "x": 1}, "x"),
    ],
)
def test_a_decision_is_refused_by_its_field(
    baton: InMemoryBaton, body: dict[str, Any], field: str
) -> None:
    reply(baton, OBJECTION)
    (one,) = open_replies(baton)
    answer = baton.post(f"/v1/replies/{one['lead_id']}/{one['id']}", body, TOKEN)
    assert answer.status_code == 400
    assert [error["field"] for error in json.loads(answer.body)["errors"]] == [field]


@pytest.mark.parametrize("query", ["state=closed", "limit=0", "cursor=x", "cursor=WyJ4Il0", "x=1"])
def test_a_list_is_refused_by_its_parameter(baton: InMemoryBaton, query: str) -> None:
    answer = baton.http("GET", f"/v1/replies?{query}", headers=TOKEN)
    assert answer.status_code == 400
    assert json.loads(answer.body)["errors"][0]["field"] == query.partition("=")[0]


def test_unknown_replies_are_not_found(baton: InMemoryBaton) -> None:
    lead_id = baton.world.lead_id(ANN["email"])
    for path in (f"{lead_id}/{'0' * 16}", f"x/{'0' * 16}", f"{lead_id}/%23"):
        answer = baton.post(f"/v1/replies/{path}", {"unsubscribe": True}, TOKEN)
        assert answer.status_code == 404


def test_the_list_goes_on_where_a_page_ended(baton: InMemoryBaton) -> None:
    for number in range(3):
        baton.ports.clock.tick(timedelta(minutes=1))
        reply(baton, f"{OBJECTION} {number}", Message_ID=f"<{number}@acme.example>")
    first = baton.get("/v1/replies?limit=2")
    rest = baton.get(f"/v1/replies?limit=2&cursor={first['next_cursor']}")
    texts = [one["text"][-1] for one in (*first["replies"], *rest["replies"])]
    assert texts == ["2", "1", "0"]
    assert rest["next_cursor"] is None


# --- by the link in the email to sales ------------------------------------------------------------


def look_path(baton: InMemoryBaton) -> str:
    return str(json.loads(last_sent(baton).body)["look_url"]).partition("example")[2]


def press(baton: InMemoryBaton, path: str, body: str) -> str:
    written = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = baton.http("POST", path, body, written)
    assert answer.status_code == 200
    baton.until_quiet()
    return answer.body.decode()


def test_opening_the_link_shows_it_and_changes_nothing(baton: InMemoryBaton) -> None:
    reply(baton, f"{OBJECTION} <script>http://evil.example")
    path = look_path(baton)
    before = baton.kept()
    page = baton.http("GET", path).body.decode()
    assert OBJECTION in page
    assert "<script" not in page
    assert "http://evil" not in page
    assert page.count("<button") == 2
    baton.http("HEAD", path)
    press(baton, path, "unsubscribe=maybe")
    assert baton.kept() == before


def test_a_button_of_the_page_unsubscribes(baton: InMemoryBaton) -> None:
    reply(baton, OBJECTION)
    page = press(baton, look_path(baton), "unsubscribe=true")
    assert "They are unsubscribed" in page
    assert baton.lead()["suppressed"] == "unsubscribed"
    assert "They are unsubscribed" in press(baton, look_path(baton), "unsubscribe=false")
    assert baton.lead()["suppressed"] == "unsubscribed"


def test_the_other_button_lets_it_be_a_reply(baton: InMemoryBaton) -> None:
    reply(baton, OBJECTION)
    assert "like any other" in press(baton, look_path(baton), "unsubscribe=false")
    assert heard(baton) == ["replied"]
    assert open_replies(baton) == []


def test_a_forged_link_shows_nothing(baton: InMemoryBaton) -> None:
    reply(baton, OBJECTION)
    path = look_path(baton)
    for forged in (path + "x", "/replies/x", path.replace("/replies/", "/u/")):
        assert baton.http("GET", forged).status_code == 404
        assert baton.http("POST", forged, "unsubscribe=true").status_code in (404, 415)
    assert open_replies(baton)


# --- merges, erasures, and who was first ----------------------------------------------------------


def merge(baton: InMemoryBaton) -> str:
    """Let Ann turn out to be Bob. Return the id of the lead that lives on."""
    other = baton.world.lead_id(ANN["email"])
    shown = ask(baton, "merge", {"other_lead_id": other}, email=BOB["email"])
    return str(shown["lead_id"])


def test_what_waits_about_a_lead_waits_about_its_survivor(baton: InMemoryBaton) -> None:
    baton.form("guide", None, consent=True, **BOB)
    baton.until_quiet()
    reply(baton, OBJECTION)
    survivor = merge(baton)
    store = baton.world.reply_items
    (waiting,) = open_replies(baton)
    assert store.has_open(survivor)
    decide(baton, waiting, unsubscribe=False)
    assert not store.has_open(survivor)
    assert "replied" in heard(baton, BOB["email"])


def test_a_reply_to_an_absorbed_lead_is_the_survivors(baton: InMemoryBaton) -> None:
    baton.form("guide", None, consent=True, **BOB)
    baton.until_quiet()
    to = address(baton)
    reply(baton, "First", to=to)
    survivor = merge(baton)
    reply(baton, "First", to=to)  # it comes again
    reply(baton, OBJECTION, to=to, Message_ID="<two@acme.example>")
    assert [one["lead_id"] for one in open_replies(baton)] == [survivor]
    assert baton.world.reply_items.has_open(survivor)
    assert heard(baton, BOB["email"]).count("replied") == 1


def test_an_erasure_deletes_what_was_written(baton: InMemoryBaton) -> None:
    for number, text in enumerate(("Call Ann Quirrel", OBJECTION)):
        reply(baton, text, Message_ID=f"<{number}@acme.example>")
    lead_id = baton.world.lead_id(ANN["email"])
    exported = json.dumps(baton.get(f"/v1/leads/{lead_id}/export"))
    assert "Call Ann Quirrel" in exported
    assert baton.http("DELETE", f"/v1/leads/{lead_id}", headers=TOKEN).status_code == 202
    assert open_replies(baton) == []
    baton.minutes_later(2)
    assert "Quirrel" not in str(baton.kept())
    assert not baton.world.reply_items.has_open(lead_id)


def test_what_was_written_expires_unless_it_waits(baton: InMemoryBaton) -> None:
    reply(baton, OBJECTION)
    lead_id = baton.world.lead_id(ANN["email"])
    (one,) = open_replies(baton)
    place = (keys.lead(lead_id), keys.reply(one["id"]))
    assert "expires_at_epoch_s" not in baton.ports.memory.items[place]
    decide(baton, one, unsubscribe=False)
    at = int(baton.ports.memory.items[place]["expires_at_epoch_s"])
    assert at == int((baton.ports.now() + timedelta(days=REPLY_KEPT_DAYS)).timestamp())


class Interrupted:
    """A table on which somebody else does something before the nth write of the first."""

    def __init__(self, table: Any, number: int) -> None:
        self._table = table
        self._number = number
        self.then: Any = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._table, name)

    def write(self, *writes: Any) -> None:
        then = self.then
        if then is not None:
            self._number -= 1
            if self._number == 0:
                self.then = None
                then()
        self._table.write(*writes)


@pytest.mark.parametrize("seed", seeds(SIZES.races // 4))
def test_no_email_is_claimed_after_an_objection(seed: int) -> None:
    """Whoever comes first: the claim fails, or it was before the objection was kept."""
    drawn = random.Random(seed)
    tables: list[Interrupted] = []

    def wrap(name: str, port: Any) -> Any:
        if name != "table":
            return port
        tables.append(Interrupted(port, drawn.randint(1, 3)))
        return tables[0]

    baton = lived(FakePorts(wrap=wrap))
    second = planned_again(baton)
    claimed_before: list[bool] = []

    def objects() -> None:
        found = baton.world.outbox.read(second.lead_id, second.key)
        claimed_before.append(found is not None and found.claims > 0)
        reply_only(baton, OBJECTION)

    tables[0].then = objects
    with suppress(ConflictError):
        baton.world.deliver.message(second.lead_id, second.key)
    found = baton.world.outbox.read(second.lead_id, second.key)
    assert found is not None
    if claimed_before and not claimed_before[0]:
        assert found.claims == 0
        assert found.state == "planned"


def reply_only(baton: InMemoryBaton, text: str) -> None:
    baton.ports.received.emails["emails/1"] = raw(text)
    baton.world.replies.taking.take(notification(address(baton)))
