"""Unsubscribe: a look changes nothing, one click is enough, and it holds from that moment."""

from datetime import timedelta

import pytest

from chalicelib.events import Kind, lead_partition
from tests import factories as make
from tests.baton import ANN, House

URLENCODED = ("application/x-www-form-urlencoded", b"List-Unsubscribe=One-Click")
MULTIPART = (
    "multipart/form-data; boundary=b",
    b'--b\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--b--\r\n',
)
BUTTON = ("application/x-www-form-urlencoded", b"")


@pytest.fixture
def house() -> House:
    house = House()
    house.form("contact", consent=True, **ANN)
    house.until_quiet()
    return house


def path(house: House) -> str:
    return f"/u/{house.world.links.sign('unsubscribe', house.lead()['lead_id'])}"


def test_looking_at_the_page_changes_nothing(house: House) -> None:
    before = dict(house.ports.memory.items)
    for _ in range(3):  # mail scanners open every link
        answer = house.http("GET", path(house))
    assert answer.status_code == 200
    assert b'<form method="post">' in answer.body
    assert b"<script" not in answer.body
    assert house.ports.memory.items == before


@pytest.mark.parametrize(("kind", "body"), [URLENCODED, MULTIPART, BUTTON])
def test_one_post_unsubscribes(house: House, kind: str, body: bytes) -> None:
    answer = house.http("POST", path(house), body, {"Content-Type": kind})
    assert answer.status_code == 200
    assert "Location" not in answer.headers
    assert "Set-Cookie" not in answer.headers
    assert house.lead()["suppressed"] == "unsubscribed"


def test_a_second_post_changes_nothing_and_counts_nothing(house: House) -> None:
    house.http("POST", path(house), URLENCODED[1], {"Content-Type": URLENCODED[0]})
    house.until_quiet()
    before, score = dict(house.ports.memory.items), house.lead()["score"]["groups"]["engagement"]
    answer = house.http("POST", path(house), URLENCODED[1], {"Content-Type": URLENCODED[0]})
    house.until_quiet()
    assert answer.status_code == 200
    assert house.ports.memory.items == before
    assert house.lead()["score"]["groups"]["engagement"] == score == -8


def test_no_letter_goes_out_after_it(house: House) -> None:
    house.http("POST", path(house), URLENCODED[1], {"Content-Type": URLENCODED[0]})
    house.form("guide", consent=True, **ANN)  # anyone can tick a box for an address
    house.form("webinar", **ANN)
    house.until_quiet()
    letters = [item for item in house.outbox() if item["kind"] == "letter"]
    assert {(item["state"], item["reason"]) for item in letters} <= {("suppressed", "unsubscribed")}
    assert house.lead()["suppressed"] == "unsubscribed"


def test_one_who_bounced_can_unsubscribe_too_and_is_heard_once(house: House) -> None:
    """The bounce stays on record as the reason; it used to hide that the wish had been heard already."""
    lead_id = house.lead()["lead_id"]
    bounced = make.event(Kind.MAIL, "bounced", partition=lead_partition(lead_id))
    house.world.consents.suppress(lead_id, "bounced", bounced, house.ports.now())
    for _ in range(2):
        house.http("POST", path(house), URLENCODED[1], {"Content-Type": URLENCODED[0]})
        house.ports.clock.tick(timedelta(seconds=5))
    timeline = house.get(f"/v1/leads/{lead_id}/timeline")["items"]
    assert sorted(item["name"] for item in timeline if item["kind"] == "mail") == ["bounced", "unsubscribed"]
    assert house.lead()["suppressed"] == "bounced"


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("token", ["x", "x.y", "", "%00", "IkwiLg.x", "é", "a" * 5_000])
def test_a_link_that_we_did_not_sign_is_not_found(house: House, method: str, token: str) -> None:
    before = dict(house.ports.memory.items)
    headers = {"Content-Type": URLENCODED[0]} if method == "POST" else {}
    answer = house.http(method, f"/u/{token}", b"", headers)
    assert answer.status_code in (403, 404)  # without a token there is no such route
    assert house.ports.memory.items == before


def test_a_link_of_another_purpose_is_not_found(house: House) -> None:
    token = house.world.links.sign("confirm", house.lead()["lead_id"])
    assert house.http("POST", f"/u/{token}", b"", {"Content-Type": URLENCODED[0]}).status_code == 404
    assert house.lead()["suppressed"] is None
