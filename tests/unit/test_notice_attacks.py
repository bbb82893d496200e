"""Strangers against the notices and emails of one lead, over HTTP: what is read in the end."""

import json
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.delivery.messages import Email, Sms, SnsMessage
from tests.baton import ANN, InMemoryBaton, qualify_only, unscreened
from tests.linkifiers import NASTY, found_in

ASKS = "We have an audit in March."
DEMO = {**ANN, "message": ASKS}


def deeds(baton: InMemoryBaton) -> list[dict[str, str]]:
    """What the topic's handoff says that the lead did."""
    sent = [json.loads(one.body) for one in baton.ports.senders.sent if isinstance(one, SnsMessage)]
    (notice,) = (one for one in sent if one["about"] == "handoff")
    found: list[dict[str, str]] = notice["did"]
    return found


def identify(baton: InMemoryBaton, number: int, at: str, trait: str = "x") -> None:
    """Anybody may say this of anybody's address."""
    data = {
        "anonymousId": f"stranger-{number}",
        "messageId": f"m{number}",
        "timestamp": at,
        "traits": {"email": ANN["email"], "company": trait},
    }
    assert baton.post("/v1/identify", data).status_code == 200


@pytest.mark.parametrize("shift", [-100, 0, 100], ids=["backdated", "now", "in the future"])
def test_a_stranger_cannot_push_out_what_a_notice_is_about(shift: int) -> None:
    """However many events they send meanwhile, and whatever times they claim."""
    baton = InMemoryBaton()
    baton.page("/pricing")
    baton.form("demo", **DEMO)
    qualify_only(baton)
    baton.ports.clock.tick(timedelta(seconds=1))
    for number in range(60):
        at = baton.ports.now() + timedelta(minutes=shift)
        identify(baton, number, at.isoformat())
        baton.form("newsletter", visitor=f"stranger-{number}", email=ANN["email"])
    baton.minutes_later(5)  # the notice's worker was lost, so there was time enough
    found = deeds(baton)
    assert found[0]["what"] == f'sent the form demo: "{ASKS}"'
    assert len(found) <= 20
    assert [one["what"] for one in found].count(found[0]["what"]) == 1


def test_deeds_are_in_the_order_in_which_they_were_captured() -> None:
    """A client's clock says what its owner wants: it would put a visit before or behind others."""
    baton = InMemoryBaton()
    start = baton.ports.now()
    for minutes, path in enumerate(("/a", "/b", "/c")):
        baton.page(path, at=start - timedelta(hours=minutes))
        baton.ports.clock.tick(timedelta(minutes=1))
    baton.form("demo", **DEMO)
    baton.until_quiet()
    found = deeds(baton)
    assert [one["what"] for one in found[1:]] == ["visited c", "visited b", "visited a"]
    assert [one["at"][-5:] for one in found] == ["10:03", "10:02", "10:01", "10:00"]


@pytest.mark.parametrize("typed", ["evil.com", "http://evil.com", "<!channel>", "You have won"])
def test_an_email_to_a_lead_has_no_words_of_strangers(typed: str) -> None:
    """Whoever types somebody's address would have us send them their message."""
    baton = unscreened()
    baton.form("guide", consent=True, **{**ANN, "first_name": typed, "company": typed})
    baton.until_quiet()
    (email,) = (
        one for one in baton.ports.senders.sent if isinstance(one, Email) and one.to == ANN["email"]
    )
    for part in (email.subject, email.text, email.html or ""):
        assert typed not in part


def test_what_a_lead_typed_acts_nowhere() -> None:
    """Its own words in every field, and in what it did."""
    ours = read_by_sales("x")
    for at in range(0, len(NASTY), 5):
        typed = " ".join(one for one in NASTY[at : at + 5] if one.isprintable())
        for part, own in zip(read_by_sales(typed), ours, strict=True):
            assert found_in(part) <= found_in(own), typed


def read_by_sales(typed: str) -> list[str]:
    """What sales reads of a lead who typed a text wherever one can be typed."""
    baton = unscreened()
    page = {"url": "https://keybook.example/pricing", "path": typed[:200], "title": typed}
    event = {"anonymousId": "v1", "event": typed[:200], "properties": {**page, "asset": typed}}
    for path in ("/v1/page", "/v1/track"):
        assert baton.post(path, event).status_code == 200
    names = ("first_name", "last_name", "company", "industry", "country", "note", "message")
    fields: dict[str, Any] = dict.fromkeys(names, typed)
    baton.form("demo", **{**DEMO, **fields, "phone": typed[:40]})
    baton.until_quiet()
    parts = []
    for one in baton.ports.senders.sent:
        if isinstance(one, Email):
            parts += [one.subject, one.text]
        elif isinstance(one, Sms | SnsMessage):
            parts.append(one.body)
    assert len(parts) == 4
    return parts


def test_the_notice_of_a_crowded_lead_is_about_its_request() -> None:
    """A stranger has crowded the lead, so that only a replay finds the request, minutes later."""
    baton = InMemoryBaton()
    for number in range(140):
        identify(baton, number, baton.ports.now().isoformat())
    for number in range(5):  # as many as are replayed at once in an hour
        baton.form("newsletter", visitor=f"reader-{number}", email=ANN["email"])
        baton.minutes_later(1)
    baton.ports.clock.tick(timedelta(seconds=1))
    baton.form("demo", **DEMO)
    qualify_only(baton)
    for number in range(30):
        baton.ports.clock.tick(timedelta(seconds=1))
        baton.form("newsletter", visitor=f"stranger-{number}", email=ANN["email"])
    qualify_only(baton)
    for _ in range(30):
        baton.minutes_later(1)
    assert deeds(baton)[0]["what"] == f'sent the form demo: "{ASKS}"'
