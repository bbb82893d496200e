"""The digest: each lead once, as it stands when the digest leaves, and nothing typed acts."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from html import unescape
from typing import Any

import pytest

from chalicelib.delivery.budgets import Listing, after_the_hour, digests_for, person_of_digest
from chalicelib.delivery.message_keys import MessageKind
from chalicelib.delivery.messages import Email, Skip, Sms
from chalicelib.delivery.outbox import OutboxMessage, Via
from chalicelib.delivery.reasons import NotSentReason
from chalicelib.delivery.references import tag_of
from chalicelib.delivery.segments import count_segments
from chalicelib.handoff.digest import Digests, LeadInDigest
from chalicelib.handoff.handoff import HandoffState, Priority
from chalicelib.handoff.plan import instead_of
from chalicelib.store import keys
from chalicelib.store.table import Item
from tests import factories as make
from tests.baton import ANN, InMemoryBaton
from tests.fakes import NOW
from tests.held import BOUNCE
from tests.linkifiers import NASTY, found_in

ADDRESS = "sam@keybook.example"
LISTING = Listing(NotSentReason.OVER_BUDGET, after_the_hour(NOW))
(DIGEST,) = digests_for(make.handoff_message(receiver="sam"), LISTING, NOW)


def lead(name: str = "Ann", **parts: Any) -> LeadInDigest:
    known = {
        "lead_id": name.upper(),
        "kind": MessageKind.HANDOFF,
        "profile": {"first_name": name, "company": "Acme", "phone": "+49 30 901820"},
        "handoff": make.handoff(),
    }
    return LeadInDigest(**{**known, **parts})


def compose(
    *leads: LeadInDigest,
    beyond: int = 0,
    address: str | None = ADDRESS,
    digest: OutboxMessage = DIGEST,
) -> Email | Sms | Skip:
    found: Sequence[LeadInDigest] = leads
    return Digests(
        leads=lambda _digest: (found, beyond), address_of=lambda _person: address
    ).compose(digest)


def email(*leads: LeadInDigest, **parts: Any) -> Email:
    composed = compose(*leads, **parts)
    assert isinstance(composed, Email)
    return composed


def test_a_digest_waits_until_its_hour_is_over() -> None:
    assert DIGEST.due_at == datetime.fromisoformat("2026-11-22T11:05Z")
    assert (DIGEST.id, DIGEST.reason) == (
        "person.sam#digest#1#email#2026-11-22-1105",
        "over_budget",
    )
    assert person_of_digest(DIGEST) == "sam"


def test_of_one_hour_there_is_one_digest() -> None:
    (later,) = digests_for(
        make.handoff_message(receiver="sam", lead_id="OTHER"),
        Listing(NotSentReason.OVER_BUDGET, after_the_hour(NOW + timedelta(minutes=59))),
        NOW + timedelta(minutes=59),
    )
    assert later.id == DIGEST.id


def test_each_lead_stands_there_with_what_it_wants() -> None:
    composed = email(lead(), lead("Bob", url="https://api.keybook.example/handoffs/t"))
    assert (composed.to, composed.subject) == (ADDRESS, "2 leads are waiting for you")
    for body in (composed.text, composed.html or ""):
        assert all(word in body for word in ("Ann", "Bob", "Acme", "+49 30 901820", "/handoffs/t"))
    assert 'href="tel:+4930901820"' in (composed.html or "")
    assert "asks to be contacted" in composed.text


def test_the_most_urgent_lead_comes_first_and_each_once() -> None:
    inferred = make.handoff(kind="inferred", priority=Priority.P3)
    text = email(
        lead("Cid", handoff=inferred),
        lead("Bob", handoff=make.handoff(priority=Priority.P2)),
        lead("Ann"),
        lead("Ann", kind=MessageKind.TRIAGE),
    ).text
    assert text.index("Ann") < text.index("Bob") < text.index("Cid")
    assert text.count("Ann") == 1
    assert text.count("has not asked to be contacted") == 1


@pytest.mark.parametrize("state", [HandoffState.ACCEPTED, HandoffState.CLOSED])
def test_a_lead_that_was_answered_since_is_left_out(state: HandoffState) -> None:
    answered = lead("Bob", handoff=make.handoff(state=state))
    assert "Bob" not in email(lead(), answered).text
    skipped = compose(answered)
    assert isinstance(skipped, Skip)
    assert skipped.reason == "taken_back"


def test_it_says_how_many_are_in_the_list_of_handoffs() -> None:
    composed = email(lead(), beyond=137)
    assert composed.subject == "138 leads are waiting for you"
    assert "And 137 more" in composed.text
    assert "And 137 more" in (composed.html or "")


def test_the_texts_of_a_night_are_one_text() -> None:
    night = Listing(NotSentReason.OUTSIDE_HOURS, NOW + timedelta(hours=8))
    held = make.handoff_message(Via.SMS, receiver="sam")
    by_email, by_text = digests_for(held, night, NOW)
    assert (by_email.via, by_text.via, by_text.to) == (Via.EMAIL, Via.SMS, held.to)
    composed = compose(lead(), lead("Bob"), digest=by_text)
    assert composed == Sms(
        str(held.to),
        "2 came while you were off: Ann, Bob. The list is in your email.",
        by_text.id,
    )
    many = compose(*(lead(f"Björk Guðmundsdóttir {one}") for one in range(60)), digest=by_text)
    assert isinstance(many, Sms)
    assert count_segments(many.body) <= 2
    assert many.body.startswith("60 came")
    assert many.body.endswith("in your email.")


def test_without_an_address_it_is_refused() -> None:
    skipped = compose(lead(), address=None)
    assert isinstance(skipped, Skip)
    assert skipped.reason == "no_address"


def test_a_digest_that_bounced_goes_to_the_fallback_person() -> None:
    kim = {"id": "kim", "name": "Kim", "email": "kim@keybook.example"}
    passed = instead_of(replace(DIGEST, to=ADDRESS), {"people": [kim], "fallback": "kim"}, NOW)
    assert passed is not None
    assert (passed.id, passed.reason) == (f"{DIGEST.id}#fallback", None)
    assert email(lead(), digest=passed).to == "kim@keybook.example"
    assert person_of_digest(passed) == "sam"


@pytest.mark.parametrize("typed", NASTY)
def test_nothing_typed_acts_in_a_digest(typed: str) -> None:
    profile = dict.fromkeys(("first_name", "last_name", "job_title", "company", "phone"), typed)
    composed = email(lead(profile=profile))
    shown = composed.text.split("come first.")[1].split("Each is ready")[0]
    assert found_in(" ".join(shown.split())) == set()
    tags = unescape(composed.html or "").split("come\nfirst.</p>")[1]
    assert "<b>" not in tags
    assert "evil.com" not in tags.replace("[.]", "")


def test_a_bounce_of_a_digest_is_heard() -> None:
    """Its message is in a partition that no lead has."""
    baton = InMemoryBaton()
    kim = {"id": "kim", "name": "Kim", "email": "kim@keybook.example"}
    sam = {"id": "sam", "name": "Sam", "email": ADDRESS}
    baton.world.documents.put("routing", {"people": [sam, kim], "fallback": "kim"})
    spent: Item = {"pk": keys.person("sam"), "sk": "BUDGET#2026-11-22T10", "email": 30}
    baton.ports.memory.items[str(spent["pk"]), str(spent["sk"])] = spent
    baton.form("demo", **ANN)
    baton.until_quiet()
    baton.minutes_later(66)
    sent = [one for one in baton.ports.senders.sent if isinstance(one, Email)]
    (digest,) = [one for one in sent if "waiting" in one.subject]
    mail = {"messageId": "m-1", "tags": {"message": [tag_of(digest.reference)]}}
    notice = {"eventType": "Bounce", "mail": mail, "bounce": BOUNCE}
    baton.world.mail_event(json.dumps(notice))
    baton.until_quiet()
    (_, passed) = [
        one for one in baton.ports.senders.sent if "waiting" in getattr(one, "subject", "")
    ]
    assert isinstance(passed, Email)
    assert passed.to == kim["email"]
    assert passed.text.split("/handoffs/")[0] == digest.text.split("/handoffs/")[0]
