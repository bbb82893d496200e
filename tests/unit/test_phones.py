"""A salesperson's number is confirmed by a code; a text comes in working hours alone."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chalicelib.company.sending import DAY_NAMES
from chalicelib.delivery.messages import Email, Sms
from chalicelib.limits import CODE_MINUTES, CODE_TRIES, CODES_PER_DAY, CODES_PER_HOUR
from tests.baton import ANN, TOKEN, InMemoryBaton
from tests.fakes import NOW, FakePorts

NUMBER = "+4930901821"
SAM: dict[str, Any] = {
    "id": "sam",
    "name": "Sam Seller",
    "email": "sam@keybook.example",
    "phone": NUMBER,
    "hours": {day: ["00:00", "24:00"] for day in DAY_NAMES},
}
PATH = "/v1/routing/people/sam/phone"
MONDAY_NIGHT = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)


def fresh(now: datetime = NOW, **sam: Any) -> InMemoryBaton:
    """Return a Baton whose salesperson has confirmed nothing."""
    baton = InMemoryBaton()
    route(baton, phone="+4930901899", **sam)
    baton.ports.clock.tick(now - baton.ports.now())
    return baton


def route(baton: InMemoryBaton, **sam: Any) -> None:
    baton.world.documents.put("routing", {"people": [{**SAM, **sam}]})


def post(baton: InMemoryBaton, body: Any, path: str = PATH) -> int:
    status = baton.post(path, body, TOKEN).status_code
    baton.until_quiet()
    return status


def texts(baton: InMemoryBaton) -> list[Sms]:
    return [one for one in baton.ports.senders.sent if isinstance(one, Sms)]


def send_code(baton: InMemoryBaton) -> str:
    assert post(baton, {"send": True}) == 202
    found = re.match(r"([0-9]{6}) is your code", texts(baton)[-1].body)
    assert found is not None
    return found[1]


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06}"


def ask_for_demo(baton: InMemoryBaton, email: str = "ann@acme.example") -> dict[str, str | None]:
    """Return why each notice of the handoff was not sent, by its way."""
    baton.form("demo", f"v-{email}", **{**ANN, "email": email})
    baton.until_quiet()
    lead_id = baton.world.lead_id(email)
    items = baton.get(f"/v1/outbox?lead_id={lead_id}")["items"]
    return {one["via"]: one["reason"] for one in items if one["kind"] == "handoff"}


# --- the code -------------------------------------------------------------------------------------


def test_nothing_is_texted_to_a_number_before_its_code() -> None:
    baton = fresh()
    assert ask_for_demo(baton)["sms"] == "unconfirmed_phone"
    code = send_code(baton)
    assert texts(baton)[-1].to == "+4930901899"
    assert post(baton, {"code": code}) == 200
    assert ask_for_demo(baton, "bob@acme.example")["sms"] is None
    assert texts(baton)[-1].to == "+4930901899"


def test_a_confirmed_number_survives_edits_of_the_document() -> None:
    baton = fresh()
    assert post(baton, {"code": send_code(baton)}) == 200
    route(baton, phone="+4930901899", name="Samantha Seller")
    assert ask_for_demo(baton)["sms"] is None


def test_another_number_needs_another_code() -> None:
    baton = fresh()
    code = send_code(baton)
    route(baton, phone="+4930901777")
    assert post(baton, {"code": code}) == 409
    assert ask_for_demo(baton)["sms"] == "unconfirmed_phone"


def test_a_code_holds_for_ten_minutes() -> None:
    baton = fresh()
    code = send_code(baton)
    baton.ports.clock.tick(timedelta(minutes=CODE_MINUTES))
    assert post(baton, {"code": code}) == 409


def test_five_wrong_codes_end_it() -> None:
    baton = fresh()
    code = send_code(baton)
    for _ in range(CODE_TRIES):
        assert post(baton, {"code": wrong(code)}) == 400
    assert post(baton, {"code": code}) == 409


def test_a_newer_code_replaces_the_one_before() -> None:
    baton = fresh()
    first, second = send_code(baton), send_code(baton)
    assert first != second
    assert post(baton, {"code": first}) == 400
    assert post(baton, {"code": second}) == 200
    assert post(baton, {"code": second}) == 409


def test_codes_are_sent_so_often_and_no_more() -> None:
    baton = fresh()
    sent = 0
    for _hour in range(30):
        for _ in range(CODES_PER_HOUR + 1):
            sent += post(baton, {"send": True}) == 202
        baton.ports.clock.tick(timedelta(minutes=61))
        if _hour == 0:
            assert sent == CODES_PER_HOUR
        if _hour == 20:
            assert sent == CODES_PER_DAY
    assert len(texts(baton)) == sent


def test_a_code_that_waited_too_long_is_not_sent() -> None:
    baton = fresh()
    assert baton.post(PATH, {"send": True}, TOKEN).status_code == 202
    baton.ports.clock.tick(timedelta(minutes=CODE_MINUTES))
    baton.until_quiet()
    assert texts(baton) == []


def test_nothing_that_is_kept_or_answered_shows_the_code() -> None:
    baton = fresh()
    code = send_code(baton)
    assert code not in str(baton.ports.memory.items)
    assert code not in str(baton.outbox())
    assert (baton.outbox()[0]["kind"], baton.outbox()[0]["lead_id"]) == ("code", None)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"send": False},
        {"send": True, "code": "123456"},
        {"code": 123456},
        {"code": "12345"},
        {"code": "\uff11\uff12\uff13\uff14\uff15\uff16"},
        {"code": "123456\n"},
        {"code": None},
    ],
)
def test_a_body_that_asks_for_neither_is_refused(body: Any) -> None:
    baton = fresh()
    send_code(baton)
    assert post(baton, body) == 400
    assert len(texts(baton)) == 1


def test_only_somebody_with_a_number_gets_a_code() -> None:
    baton = fresh()
    assert post(baton, {"send": True}, "/v1/routing/people/nobody/phone") == 404
    route(baton, phone=None)
    assert post(baton, {"send": True}) == 409


# --- working hours --------------------------------------------------------------------------------

OFFICE: dict[str, Any] = {"hours": None, "time_zone": "Europe/Berlin"}


def test_texts_of_the_night_become_one_list_in_the_morning() -> None:
    baton = InMemoryBaton(FakePorts())
    route(baton, **OFFICE)
    baton.ports.clock.tick(MONDAY_NIGHT - baton.ports.now())
    for name in ("ann", "bob", "cid"):
        reasons = ask_for_demo(baton, f"{name}@acme.example")
        assert (reasons["sms"], reasons["email"]) == ("outside_hours", None)
    baton.minutes_later(5 * 60)
    assert texts(baton) == []
    baton.minutes_later(66)  # 09:06 in Berlin
    digests = [one for one in baton.ports.senders.sent if "waiting" in getattr(one, "subject", "")]
    (digest,) = digests
    assert isinstance(digest, Email)
    assert digest.to == SAM["email"]
    (text,) = texts(baton)
    assert text.body.startswith("3 came while you were off")
    for name in ("ann", "bob", "cid"):
        assert f"{name}@acme.example" in digest.text
    assert ask_for_demo(baton, "dee@acme.example")["sms"] is None


def test_only_the_person_confirms_their_own_number() -> None:
    baton = fresh()
    kim = {**SAM, "id": "kim", "email": "kim@keybook.example"}
    baton.world.documents.put("routing", {"people": [SAM, kim]})
    asked = {"name": "Kim", "role": "sales", "person": "kim"}
    answer = baton.post("/v1/tokens", asked, TOKEN)
    assert answer.status_code == 201, answer.body
    token = {"Authorization": f"Bearer {answer.json_body['token']}"}
    assert baton.post(PATH, {"send": True}, token).status_code == 403
    own = PATH.replace("sam", "kim")
    assert baton.post(own, {"send": True}, token).status_code == 202


def test_a_page_of_the_outbox_may_end_there() -> None:
    baton = fresh()
    send_code(baton)
    send_code(baton)
    page = baton.get("/v1/outbox?limit=1")
    rest = baton.get(f"/v1/outbox?limit=1&cursor={page['next_cursor']}")
    assert [one["kind"] for one in (*page["items"], *rest["items"])] == ["code", "code"]
