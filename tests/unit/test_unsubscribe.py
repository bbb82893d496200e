"""Unsubscribe: a look changes nothing, one click is enough, and it holds from that moment."""

from datetime import timedelta

import pytest

from chalicelib.consent.consent import SuppressionReason
from chalicelib.events import Kind, lead_partition
from tests import factories as make
from tests.baton import ANN, InMemoryBaton

URLENCODED = ("application/x-www-form-urlencoded", b"List-Unsubscribe=One-Click")
MULTIPART = (
    "multipart/form-data; boundary=b",
    b'--b\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--b--\r\n',
)
BUTTON = ("application/x-www-form-urlencoded", b"")


@pytest.fixture
def baton() -> InMemoryBaton:
    baton = InMemoryBaton()
    baton.form("contact", consent=True, **ANN)
    baton.until_quiet()
    return baton


def path(baton: InMemoryBaton) -> str:
    return f"/u/{baton.world.links.sign('unsubscribe', baton.lead()['lead_id'])}"


def test_looking_at_the_page_changes_nothing(baton: InMemoryBaton) -> None:
    before = baton.kept()
    for _ in range(3):  # mail scanners open every link
        answer = baton.http("GET", path(baton))
    assert answer.status_code == 200
    assert b'<form method="post">' in answer.body
    assert b"<script" not in answer.body
    assert baton.kept() == before


@pytest.mark.parametrize(("kind", "body"), [URLENCODED, MULTIPART, BUTTON])
def test_one_post_unsubscribes(baton: InMemoryBaton, kind: str, body: bytes) -> None:
    answer = baton.http("POST", path(baton), body, {"Content-Type": kind})
    assert answer.status_code == 200
    assert "Location" not in answer.headers
    assert "Set-Cookie" not in answer.headers
    assert baton.lead()["suppressed"] == "unsubscribed"


def test_a_second_post_changes_nothing_and_counts_nothing(baton: InMemoryBaton) -> None:
    baton.http("POST", path(baton), URLENCODED[1], {"Content-Type": URLENCODED[0]})
    baton.until_quiet()
    before, score = baton.kept(), baton.lead()["score"]["groups"]["engagement"]
    answer = baton.http("POST", path(baton), URLENCODED[1], {"Content-Type": URLENCODED[0]})
    baton.until_quiet()
    assert answer.status_code == 200
    assert baton.kept() == before
    assert baton.lead()["score"]["groups"]["engagement"] == score == -8


def test_no_email_goes_out_after_it(baton: InMemoryBaton) -> None:
    baton.http("POST", path(baton), URLENCODED[1], {"Content-Type": URLENCODED[0]})
    baton.form("guide", consent=True, **ANN)  # anyone can tick a box for an address
    baton.form("webinar", **ANN)
    baton.until_quiet()
    emails = [item for item in baton.outbox() if item["kind"] == "nurture"]
    assert {(item["state"], item["reason"]) for item in emails} <= {("suppressed", "unsubscribed")}
    assert baton.lead()["suppressed"] == "unsubscribed"


def test_one_who_bounced_can_unsubscribe_too_and_is_heard_once(baton: InMemoryBaton) -> None:
    """The bounce used to stay the reason, and to hide that the wish had been heard already."""
    lead_id = baton.lead()["lead_id"]
    bounced = make.event(Kind.MAIL, "bounced", partition=lead_partition(lead_id))
    baton.world.consents.suppress(lead_id, SuppressionReason.BOUNCED, bounced, baton.ports.now())
    for _ in range(2):
        baton.http("POST", path(baton), URLENCODED[1], {"Content-Type": URLENCODED[0]})
        baton.ports.clock.tick(timedelta(seconds=5))
    timeline = baton.get(f"/v1/leads/{lead_id}/timeline")["items"]
    assert sorted(item["name"] for item in timeline if item["kind"] == "mail") == [
        "bounced",
        "unsubscribed",
    ]
    assert baton.lead()["suppressed"] == "unsubscribed"


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("token", ["x", "x.y", "", "%00", "IkwiLg.x", "é", "a" * 5_000])
def test_a_link_that_we_did_not_sign_is_not_found(
    baton: InMemoryBaton, method: str, token: str
) -> None:
    before = baton.kept()
    headers = {"Content-Type": URLENCODED[0]} if method == "POST" else {}
    answer = baton.http(method, f"/u/{token}", b"", headers)
    assert answer.status_code in (403, 404)  # without a token there is no such route
    assert baton.kept() == before


def test_a_link_of_another_purpose_is_not_found(baton: InMemoryBaton) -> None:
    token = baton.world.links.sign("confirm", baton.lead()["lead_id"])
    assert (
        baton.http("POST", f"/u/{token}", b"", {"Content-Type": URLENCODED[0]}).status_code == 404
    )
    assert baton.lead()["suppressed"] is None
