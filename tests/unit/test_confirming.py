"""Double opt-in: a ticked box is a consent once its mailbox's owner has confirmed it (ADR 0045)."""

import json
import re
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.consent.consent import SuppressionReason
from chalicelib.delivery.links import CONFIRM, UNSUBSCRIBE
from chalicelib.delivery.messages import Email
from tests.baton import ANN, AT_ANY_TIME, TOKEN, InMemoryBaton, ask
from tests.unit.test_feedback import notice

EMAIL = "ann@acme.example"
ASSET = {"id": "buyers-guide", "title": "The buyer's guide", "url": "https://acme.example/g.pdf"}
SENTENCE = "Keybook may write to me."


@pytest.fixture
def baton() -> InMemoryBaton:
    """Baton where every ticked box must be confirmed."""
    made = InMemoryBaton()
    settings = {"company_name": "Keybook", "postal_address": "Here 1", "sending": AT_ANY_TIME}
    put(made, "settings", "ACTIVE", settings)
    put(made, "form", "guide", {"id": "guide", "asset": ASSET, "consent_text": SENTENCE})
    put(made, "form", "news", {"id": "news", "consent_text": SENTENCE})
    return made


def put(baton: InMemoryBaton, kind: str, one_id: str, document: dict[str, Any]) -> None:
    baton.world.documents.put(kind, document, one_id)


def ticked(baton: InMemoryBaton, form: str = "guide", **fields: Any) -> None:
    """Let somebody send a form with the box ticked."""
    baton.form(form, f"v-{baton.ports.new_id()}", consent=True, **{**ANN, **fields})
    baton.until_quiet()


def emails(baton: InMemoryBaton, to: str = EMAIL) -> list[Email]:
    return [one for one in baton.ports.senders.sent if isinstance(one, Email) and one.to == to]


def link_in(email: Email) -> str:
    """Return the path of the confirmation's link in an email."""
    found = re.search(r"https://api\.keybook\.example(/confirm/\S+)", email.text)
    assert found, email.text
    return found[1]


def press(baton: InMemoryBaton, path: str, status: int = 200) -> str:
    """Press the button of the confirmation's page, and let everything come of it."""
    answer = baton.http("POST", path, b"", {"Accept": "text/html"})
    assert answer.status_code == status, answer.body
    baton.until_quiet()
    return answer.body.decode()


def kinds(baton: InMemoryBaton, state: str = "sent") -> list[str]:
    return sorted(one["kind"] for one in baton.outbox() if one["state"] == state)


def has_consented(lead: Any) -> bool:
    """Whether there is a consent, and not only a ticked box that is yet to be confirmed."""
    return bool(lead["consent"]) and lead["consent"].get("confirmed", True)


def test_a_ticked_box_is_no_consent_yet(baton: InMemoryBaton) -> None:
    ticked(baton)
    lead = baton.lead()
    assert (lead["stage"], lead["consent"]["confirmed"]) == ("mql", False)
    assert lead["basis"]["marketing"]["allowed"] is False
    assert kinds(baton) == ["acknowledgement"]
    (waiting,) = [one for one in baton.outbox() if one["kind"] == "nurture"]
    assert (waiting["state"], waiting["reason"]) == ("planned", "unconfirmed")


def test_one_email_carries_the_asset_and_the_button(baton: InMemoryBaton) -> None:
    ticked(baton, first_name="Evil Offer")
    (email,) = emails(baton)
    assert ASSET["title"] in email.subject
    for part in (email.text, email.html or ""):
        assert ASSET["url"] in part
        assert "/confirm/" in part
        assert SENTENCE in part
        assert "Evil" not in part
        assert "Ann" not in part
    assert email.headers == {"Auto-Submitted": "auto-replied", "X-Auto-Response-Suppress": "All"}


def test_a_press_of_the_button_gives_the_consent(baton: InMemoryBaton) -> None:
    ticked(baton)
    path = link_in(emails(baton)[0])
    confirmed_at = baton.ports.now() + timedelta(hours=2)
    baton.ports.clock.tick(timedelta(hours=2))
    press(baton, path)
    lead = baton.lead()
    assert lead["consent"]["marketing"] is True
    assert lead["consent"]["text"] == SENTENCE
    (proof,) = lead["consent_history"]
    assert proof["confirmed_at"].startswith(f"{confirmed_at:%Y-%m-%dT%H:%M}")
    assert (proof["form"], proof["rank"]) == ("guide", "form")
    assert lead["unconfirmed"] == []


def test_what_waited_for_the_confirmation_goes_out_within_a_minute(baton: InMemoryBaton) -> None:
    ticked(baton)
    baton.minutes_later(30)
    assert kinds(baton) == ["acknowledgement"]
    press(baton, link_in(emails(baton)[0]))
    baton.minutes_later(1)
    assert kinds(baton) == ["acknowledgement", "nurture"]


def test_an_email_waits_a_week_for_a_confirmation(baton: InMemoryBaton) -> None:
    ticked(baton)
    for _ in range(30):
        baton.minutes_later(6 * 60)
    (email,) = [one for one in baton.outbox() if one["kind"] == "nurture"]
    assert (email["state"], email["reason"]) == ("lost", "stale")


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_scanner_changes_nothing(baton: InMemoryBaton, method: str) -> None:
    ticked(baton)
    path = link_in(emails(baton)[0])
    before = baton.kept()
    for _ in range(3):
        assert baton.http(method, path).status_code == 200
    assert baton.kept() == before


def test_the_page_asks_with_one_button(baton: InMemoryBaton) -> None:
    ticked(baton)
    page = baton.http("GET", link_in(emails(baton)[0])).body.decode()
    assert page.count("<button") == 1
    assert '<form method="post">' in page
    assert "Keybook" in page


def test_a_second_press_changes_nothing(baton: InMemoryBaton) -> None:
    ticked(baton)
    path = link_in(emails(baton)[0])
    press(baton, path)
    before = baton.kept()
    assert "confirmed" in press(baton, path)
    assert baton.kept() == before


def test_a_used_link_does_not_undo_a_later_unsubscribe(baton: InMemoryBaton) -> None:
    ticked(baton)
    path = link_in(emails(baton)[0])
    press(baton, path)
    unsubscribe(baton)
    press(baton, path)
    assert baton.lead()["suppressed"] == "unsubscribed"


def test_the_first_press_lifts_an_earlier_unsubscribe(baton: InMemoryBaton) -> None:
    ticked(baton)
    unsubscribe(baton)
    assert baton.lead()["suppressed"] == "unsubscribed"
    baton.ports.clock.tick(timedelta(days=1))
    press(baton, link_in(emails(baton)[0]))
    assert baton.lead()["suppressed"] is None
    unsubscribe(baton)
    assert baton.lead()["suppressed"] == "unsubscribed"


def test_a_form_alone_lifts_nothing_and_a_new_confirmation_does(baton: InMemoryBaton) -> None:
    ticked(baton)
    press(baton, link_in(emails(baton)[0]))
    unsubscribe(baton)
    baton.ports.clock.tick(timedelta(days=1))
    ticked(baton)
    assert baton.lead()["suppressed"] == "unsubscribed"
    press(baton, link_in(emails(baton)[-1]))
    assert baton.lead()["suppressed"] is None
    assert len(baton.lead()["consent_history"]) == 2


@pytest.mark.parametrize(
    ("reason", "after"),
    [("complained", "complained"), ("bounced", None), ("unsubscribed", None)],
)
def test_a_complaint_is_never_lifted(baton: InMemoryBaton, reason: str, after: str | None) -> None:
    ticked(baton)
    path = link_in(emails(baton)[0])
    baton.world.suppression.suppress(baton.world.lead_id(EMAIL), SuppressionReason(reason), None)
    press(baton, path)
    assert baton.lead()["suppressed"] == after


@pytest.mark.parametrize("reason", ["complained", "bounced"])
def test_nothing_is_answered_to_who_complained_or_bounced(
    baton: InMemoryBaton, reason: str
) -> None:
    ticked(baton, "news")
    baton.world.suppression.suppress(baton.world.lead_id(EMAIL), SuppressionReason(reason), None)
    ticked(baton)
    (one,) = [one for one in baton.outbox() if one["kind"] == "acknowledgement"]
    assert (one["state"], one["reason"]) == ("suppressed", reason)


def test_who_unsubscribed_still_gets_what_they_ask_for(baton: InMemoryBaton) -> None:
    ticked(baton, "news")
    unsubscribe(baton)
    ticked(baton)
    assert kinds(baton) == ["acknowledgement", "confirmation"]


def test_an_unconfirmed_box_is_forgotten_after_thirty_days(baton: InMemoryBaton) -> None:
    ticked(baton)
    path = link_in(emails(baton)[0])
    (item,) = [one for one in baton.ports.memory.items.values() if "PENDING#" in str(one["sk"])]
    later = baton.ports.now() + timedelta(days=30)
    assert item["expires_at_epoch_s"] == int(later.timestamp())
    baton.ports.clock.tick(timedelta(days=30))
    assert "expired" in press(baton, path, status=410)
    assert not has_consented(baton.lead())


@pytest.mark.parametrize(
    "forge",
    [
        lambda token: token[:-1] + ("A" if token[-1] != "A" else "B"),
        lambda token: token + "x",
        lambda _token: "nonsense",
        lambda token: token.split(".")[0] or "x",
    ],
)
def test_a_forged_link_is_answered_kindly(baton: InMemoryBaton, forge: Any) -> None:
    ticked(baton)
    path = link_in(emails(baton)[0])
    forged = "/confirm/" + forge(path.removeprefix("/confirm/"))
    assert "not valid" in press(baton, forged, status=404)
    assert baton.http("GET", forged).status_code == 404
    assert not has_consented(baton.lead())


def test_an_unsubscribe_link_confirms_nothing(baton: InMemoryBaton) -> None:
    ticked(baton)
    links = baton.world.links
    lead_id = baton.world.lead_id(EMAIL)
    for token in (links.sign(UNSUBSCRIBE, lead_id), links.sign(CONFIRM, lead_id)):
        press(baton, f"/confirm/{token}", status=404)
    assert not has_consented(baton.lead())


def test_a_form_is_answered_once_a_day(baton: InMemoryBaton) -> None:
    for _ in range(5):
        ticked(baton)
    assert len(emails(baton)) == 1
    baton.ports.clock.tick(timedelta(days=1))
    ticked(baton)
    assert len(emails(baton)) == 2


def test_a_mailbox_gets_three_answers_a_day(baton: InMemoryBaton) -> None:
    spellings = [f"ann+{number}@acme.example" for number in range(4)]
    for email in spellings:
        ticked(baton, "news", email=email)
    for number in range(4):
        ticked(baton, f"of-nobody-{number}")
    sent = [one for one in baton.ports.senders.sent if isinstance(one, Email)]
    assert len(sent) == 3
    reasons = {one["reason"] for one in baton.outbox() if one["state"] == "suppressed"}
    assert "mailbox_limit" in reasons
    baton.ports.clock.tick(timedelta(days=1))
    ticked(baton)
    assert len(emails(baton)) == 1


def test_a_replay_or_a_rebuild_answers_nothing_again(baton: InMemoryBaton) -> None:
    ticked(baton)
    sent = len(baton.ports.senders.sent)
    for key in [key for key in baton.ports.memory.items if key[1].startswith("OUTBOX#ack")]:
        del baton.ports.memory.items[key]  # were it planned again, nothing would stop it
    ask(baton, "rebuild", {})
    baton.world.qualify.replay(baton.world.lead_id(EMAIL))
    baton.until_quiet()
    assert len(baton.ports.senders.sent) == sent


def test_an_old_form_is_not_answered(baton: InMemoryBaton) -> None:
    baton.form("guide", consent=True, **ANN)
    baton.ports.clock.tick(timedelta(hours=25))
    baton.until_quiet()
    assert emails(baton) == []


def test_an_import_is_not_answered(baton: InMemoryBaton) -> None:
    headers = {**TOKEN, "Content-Type": "application/x-ndjson"}
    baton.http("POST", "/v1/leads/import", json.dumps(ANN).encode(), headers)
    baton.until_quiet()
    assert emails(baton) == []


def test_a_form_with_nothing_to_say_is_not_answered(baton: InMemoryBaton) -> None:
    baton.form("news", **ANN)
    baton.until_quiet()
    assert emails(baton) == []


def test_a_confirmation_after_an_erasure_brings_nobody_back(baton: InMemoryBaton) -> None:
    ticked(baton)
    path = link_in(emails(baton)[0])
    lead_id = baton.world.lead_id(EMAIL)
    ask(baton, "basis", {"purpose": "calls", "kind": "consent", "reason": "Ann said so"})
    assert baton.http("DELETE", f"/v1/leads/{lead_id}", headers=TOKEN).status_code == 202
    baton.minutes_later(5)
    press(baton, path, status=410)
    assert baton.http("GET", f"/v1/leads/{lead_id}", headers=TOKEN).status_code == 404
    left = [item for key, item in baton.ports.memory.items.items() if key[0] == f"LEAD#{lead_id}"]
    assert "Ann" not in str(left)
    assert SENTENCE not in str(left)
    assert [one for one in left if str(one["sk"]).startswith(("PENDING#", "EVENT#"))] == []


def test_a_confirmation_after_a_merge_is_the_absorbed_addresss(baton: InMemoryBaton) -> None:
    ticked(baton)
    ticked(baton, "news", email="ann.lee@acme.example")
    path = link_in(emails(baton)[0])
    other = baton.world.lead_id(EMAIL)
    ask(baton, "merge", {"other_lead_id": other}, email="ann.lee@acme.example")
    press(baton, path)
    survivor = baton.lead("ann.lee@acme.example")
    # The consent is one address's: the other one was asked in an email of its own.
    assert not has_consented(survivor)
    assert baton.world.consents.read(other).marketing
    assert survivor["profile"]["job_title"] == "CTO"


def test_an_old_addresss_link_confirms_no_new_one(baton: InMemoryBaton) -> None:
    ticked(baton)
    path = link_in(emails(baton)[0])
    lead_id = baton.world.lead_id(EMAIL)
    baton.world.commands.take(lead_id, {"email": "new@acme.example"}, {}, None)
    baton.until_quiet()
    press(baton, path, status=410)
    assert not baton.world.consents.read(lead_id).marketing


def test_what_our_people_corrected_stands_after_a_confirmation(baton: InMemoryBaton) -> None:
    ticked(baton, job_title="Student")
    path = link_in(emails(baton)[0])
    baton.ports.clock.tick(timedelta(hours=1))
    baton.world.commands.take(baton.world.lead_id(EMAIL), {"job_title": "CFO"}, {}, None)
    baton.ports.clock.tick(timedelta(hours=1))
    press(baton, path)
    assert baton.lead()["profile"]["job_title"] == "CFO"


def test_a_retraction_takes_a_confirmation_along(baton: InMemoryBaton) -> None:
    ticked(baton)
    press(baton, link_in(emails(baton)[0]))
    items = baton.get(f"/v1/leads/{baton.world.lead_id(EMAIL)}/timeline")["items"]
    (form,) = [one["id"] for one in items if one["kind"] == "form"]
    ask(baton, "retract", {"event_ids": [form], "reason": "a test"})
    assert "job_title" not in baton.lead()["profile"]
    ask(baton, "rebuild", {})
    assert "job_title" not in baton.lead()["profile"]


def unsubscribe(baton: InMemoryBaton, email: str = EMAIL) -> None:
    token = baton.world.links.sign(UNSUBSCRIBE, baton.world.lead_id(email))
    assert baton.http("POST", f"/u/{token}").status_code == 200
    baton.until_quiet()


OWN = {
    "id": "thanks",
    "subject": "Thank you from {{ company_name }}",
    "text": "It is at {{ asset_url }}.\nUnsubscribe: {{ unsubscribe_url }}",
    "html": "<body><p>Hi {{ first_name }}</p><a href='{{ unsubscribe_url }}'>stop</a></body>",
}


def test_a_forms_own_email_gets_the_button_it_lacks(baton: InMemoryBaton) -> None:
    put(baton, "email", "thanks", OWN)
    put(baton, "form", "fair", {"id": "fair", "asset": ASSET, "acknowledge": "thanks"})
    ticked(baton, "fair", first_name="Evil")
    (email,) = emails(baton)
    assert email.subject == "Thank you from Keybook"
    assert ASSET["url"] in email.text
    assert "Evil" not in email.text + (email.html or "")
    press(baton, link_in(email))
    assert email.html is not None
    assert email.html.index("/confirm/") < email.html.index("</body>")
    assert has_consented(baton.lead())


def test_a_form_may_be_answered_without_asset_or_box(baton: InMemoryBaton) -> None:
    put(baton, "email", "thanks", OWN)
    put(baton, "form", "fair", {"id": "fair", "acknowledge": "thanks"})
    baton.form("fair", **ANN)
    baton.until_quiet()
    (email,) = emails(baton)
    assert "/confirm/" not in email.text


@pytest.mark.parametrize(("says", "consent"), [(False, True), (True, None), (None, None)])
def test_a_form_says_whether_its_box_is_confirmed(
    baton: InMemoryBaton, says: object, consent: object
) -> None:
    put(baton, "form", "fair", {"id": "fair", "double_opt_in": says})
    ticked(baton, "fair")
    assert has_consented(baton.lead()) == bool(consent)


def test_a_newsletter_is_confirmed_elsewhere_too(baton: InMemoryBaton) -> None:
    ticked(baton, "guide", country="US")
    assert has_consented(baton.lead())
    ticked(baton, "newsletter", email="bo@acme.example", country="US")
    assert not has_consented(baton.lead("bo@acme.example"))
    assert "confirmation" in kinds(baton)


def test_an_email_in_use_by_a_form_is_not_deleted(baton: InMemoryBaton) -> None:
    put(baton, "email", "thanks", OWN)
    put(baton, "form", "fair", {"id": "fair", "acknowledge": "thanks"})
    answer = baton.http("DELETE", "/v1/emails/thanks?note=x", headers=TOKEN)
    assert answer.status_code == 409
    assert "the form fair" in answer.body.decode()


def test_a_stranger_gets_nothing_marketing_to_a_mailbox(baton: InMemoryBaton) -> None:
    """They tick the box on every form, again and again, and open every page of ours."""
    for number in range(20):
        ticked(baton, f"form-{number % 5}", country="US" if number % 2 else "DE")
        baton.minutes_later(60)
    assert {email.headers.get("Auto-Submitted") for email in emails(baton)} == {"auto-replied"}
    assert len(emails(baton)) <= 6  # three on each of the two days


def test_a_delivered_answer_costs_no_points_but_a_bounce_counts(baton: InMemoryBaton) -> None:
    ticked(baton)
    (answer,) = [one for one in baton.outbox() if one["kind"] == "acknowledgement"]
    before = baton.lead()["score"]["total"]
    baton.world.mail_event(notice(answer["id"], "Delivery"))
    baton.until_quiet()
    (answer,) = [one for one in baton.outbox() if one["kind"] == "acknowledgement"]
    assert (answer["state"], baton.lead()["score"]["total"]) == ("delivered", before)
    baton.world.mail_event(notice(answer["id"], "Bounce", bounceType="Permanent"))
    baton.until_quiet()
    assert baton.lead()["suppressed"] == "bounced"
