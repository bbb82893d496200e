"""Emails before anybody gets them: refused with a remedy, previewed, and sent as a test."""

import json
import re
from typing import Any

import pytest

from chalicelib.delivery.messages import Email, Refused, Waiting
from chalicelib.delivery.reasons import NotSentReason
from chalicelib.delivery.references import tag_of
from tests.baton import ANN, TOKEN, InMemoryBaton

JSON = {"Content-Type": "application/json", **TOKEN}
WORDS = {"subject": "Hello", "markdown": "Hi {{ first_name }},\n\nread this."}
GERMAN = {"subject": "Guten Tag", "markdown": "Lesen Sie das."}
NOTE = {"id": "note", "kind": "partial", "markdown": "PS: a *note*."}
SETTINGS = {
    "company_name": "Keybook",
    "postal_address": "Beispielweg 1\n10115 Berlin",
    "sender": {"name": "Zoë Bee", "email": "zoe@keybook.example"},
}


@pytest.fixture
def baton() -> InMemoryBaton:
    made = InMemoryBaton()
    put(made, "settings", SETTINGS)
    return made


def put(baton: InMemoryBaton, path: str, document: Any, status: int = 200) -> Any:
    answer = baton.http("PUT", f"/v1/{path}", json.dumps(document), JSON)
    assert answer.status_code == status, answer.body
    return json.loads(answer.body)


def put_email(baton: InMemoryBaton, status: int = 200, **parts: Any) -> Any:
    return put(baton, "emails/x", {"id": "x", **WORDS, **parts}, status)


def post(baton: InMemoryBaton, path: str, body: Any = None, status: int = 200) -> Any:
    text = "" if body is None else json.dumps(body)
    answer = baton.http("POST", f"/v1/emails/{path}", text, JSON)
    assert answer.status_code == status, answer.body
    return json.loads(answer.body)


def sent(baton: InMemoryBaton) -> list[Email]:
    return [one for one in baton.ports.senders.sent if isinstance(one, Email)]


# --- what is refused ------------------------------------------------------------------------------

REFUSED: list[tuple[dict[str, Any], str, str]] = [
    ({"subject": "{{ frist_name }}"}, "subject", "line 1: there is no variable frist_name; the"),
    ({"markdown": "a\n\n{{ frist_name }}"}, "markdown", "line 3: there is no variable frist_name"),
    ({"markdown": "{{ offer }}"}, "markdown", "line 1: there is no variable offer;"),
    ({"markdown": "{{ offer.pop }}"}, "markdown", "line 1: there is no variable offer.pop;"),
    ({"markdown": "{{ answers.when.now }}"}, "markdown", "line 1: there is no variable answers."),
    ({"markdown": '{% include "none" %}'}, "markdown", "line 1: there is no partial none; put an"),
    ({"subject": '{% include "note" %}'}, "subject", "line 1: only a body includes a partial"),
    ({"markdown": "{% if first_name %}x"}, "markdown", "line 1: Unexpected end of template."),
    (
        {"languages": {"de": {"subject": "s", "markdown": "{{ x }}"}}},
        "languages.de.markdown",
        "line",
    ),
    ({"languages": {"de": {"markdown": "a"}}}, "languages.de.subject", "is missing; add it"),
    ({"languages": {"en": GERMAN}}, "languages.en", "the words in en stand in the document itself"),
    ({"markdown": None, "subject": "s"}, "markdown", "is missing; write markdown, html or text"),
    ({"markdown": None, "text": "Hello"}, "text", "has no way out; add {{ unsubscribe_url }}"),
    (
        {"markdown": None, "html": "<html>Hello"},
        "html",
        "has no way out; add {{ unsubscribe_url }}",
    ),
    ({"html": "<p>{{ unsubscribe_url }}"}, "html", "there is markdown as well; leave one of them"),
    ({"markdown": "[x](javascript:alert(1))"}, "markdown", "links to javascript:alert(1); a link"),
    ({"markdown": "[x](JaVaScript&#58;alert(1))"}, "markdown", "links to JaVaScript:alert(1);"),
    ({"markdown": "[x](data:text/html,x)"}, "markdown", "links to data:text/html,x;"),
    ({"markdown": None, "html": "<b>" * 3001}, "html", "has more than 3,000 tags; shorten it"),
    ({"defaults": {"frist_name": "you"}}, "defaults.frist_name", "there is no variable frist_name"),
    ({"sender": {"name": "A\r\nBcc: x@y.example"}}, "sender.name", "one line of 1 to 100"),
    ({"sender": {"reply_to": "a@b.example\r\nBcc: c"}}, "sender.reply_to", "an email address is"),
    ({"preheader": "{{ first_name }}"}, "preheader", "is empty for a person without a first name"),
]
SPELT = (
    "java\tscript:alert(1)",
    " javascript:x",
    "&#106;avascript:x",
    "vbscript:x",
    "JAVASCRIPT:x",
)


@pytest.mark.parametrize(("parts", "field", "says"), REFUSED, ids=range(len(REFUSED)))
def test_a_mistake_is_refused_with_its_place_and_remedy(
    baton: InMemoryBaton, parts: dict[str, Any], field: str, says: str
) -> None:
    put(baton, "emails/note", NOTE)
    put_email(baton)
    document = {"id": "x", **WORDS, **parts}
    wrong = {name: value for name, value in document.items() if value is not None}
    (error, *_) = put(baton, "emails/x", wrong, 422)["errors"]
    assert (error["field"], error["message"][: len(says)]) == (field, says)
    assert baton.get("/v1/emails/x") == {"id": "x", **WORDS}


@pytest.mark.parametrize("url", SPELT)
def test_no_spelling_of_a_script_is_a_link(baton: InMemoryBaton, url: str) -> None:
    html = f"<a href='{url}'>x</a>{{{{ unsubscribe_url }}}}"
    (error,) = put(baton, "emails/x", {"id": "x", "subject": "s", "html": html}, 422)["errors"]
    assert error["field"] == "html"
    assert "a link begins with https://" in error["message"]


def test_a_marketing_email_needs_a_postal_address(baton: InMemoryBaton) -> None:
    put(baton, "settings", {"company_name": "Keybook"})
    (error,) = put_email(baton, 422)["errors"]
    assert error["field"] == "settings.postal_address"
    assert "put postal_address into the settings" in error["message"]
    put_email(baton, kind="answer")
    put(baton, "emails/note", NOTE)


def test_a_partial_in_use_stays(baton: InMemoryBaton) -> None:
    put(baton, "emails/note", NOTE)
    put_email(baton, markdown='Hello\n\n{% include "note" %}')
    found = post(baton, "x/preview")
    assert "<em>note</em>" in found["html"]
    answer = baton.http("DELETE", "/v1/emails/note", headers=TOKEN)
    assert answer.status_code == 409
    assert b"it is in use by the email x" in answer.body
    (error,) = put(baton, "emails/note", {"id": "note", **WORDS}, 422)["errors"]
    assert error["field"] == "kind"


def test_an_email_in_use_cannot_become_a_partial(baton: InMemoryBaton) -> None:
    (error,) = put(baton, "emails/welcome", {**NOTE, "id": "welcome"}, 422)["errors"]
    assert error["field"] == "kind"
    assert "the sequence welcome" in error["message"]


def test_a_sequence_cannot_send_a_partial(baton: InMemoryBaton) -> None:
    put(baton, "emails/note", NOTE)
    step = {"id": "1", "wait": "0d", "email": "note"}
    sequence = {"id": "s", "enter": {"stage": ["mql"]}, "steps": [step]}
    (error,) = put(baton, "sequences/s", sequence, 422)["errors"]
    assert error["field"] == "steps.0.email"


# --- previews -------------------------------------------------------------------------------------


def test_a_preview_shows_what_somebody_unknown_would_get(baton: InMemoryBaton) -> None:
    put_email(baton)
    found = post(baton, "x/preview")
    assert found["subject"] == "Hello"
    assert found["text"].startswith("Hi,\n\nread this.\n\nZoë Bee\n")
    assert "10115 Berlin" in found["html"]
    assert (found["version"], found["language"]) == (1, "en")
    assert found["sender"] == {"name": "Zoë Bee", "reply_to": "zoe@keybook.example"}
    assert (found["missing"], found["warnings"]) == ([], [])


def test_a_preview_is_for_a_lead(baton: InMemoryBaton) -> None:
    put(baton, "forms/guide", {"id": "guide", "title": "the guide"})
    put_email(baton, languages={"de": GERMAN})
    baton.form("guide", email="ann@acme.example", first_name="Ann", country="AT")
    baton.until_quiet()
    lead_id = baton.world.lead_id("ann@acme.example")
    before = baton.kept().keys()
    found = post(baton, f"x/preview?lead_id={lead_id}")
    assert (found["language"], found["subject"]) == ("de", "Guten Tag")
    assert "the guide" in found["text"]
    english = post(baton, f"x/preview?lead_id={lead_id}&language=en")
    assert english["text"].startswith("Hi,\n")  # nobody has confirmed that name
    assert baton.kept().keys() == before


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("de-AT,de;q=0.9,en;q=0.8", "de"),
        ("fr", "en"),
        ("*", "en"),
        ("en-GB", "en"),
        ("x" * 99, "en"),
    ],
)
def test_a_reader_gets_the_language_of_their_browser(
    baton: InMemoryBaton, accepted: str, language: str
) -> None:
    put_email(baton, languages={"de": GERMAN})
    body = {"fields": {"email": "ann@acme.example"}}
    assert baton.post("/v1/forms/guide", body, {"Accept-Language": accepted}).status_code == 202
    baton.until_quiet()
    lead_id = baton.world.lead_id("ann@acme.example")
    assert post(baton, f"x/preview?lead_id={lead_id}")["language"] == language


def test_a_preview_shows_where_something_is_missing(baton: InMemoryBaton) -> None:
    put_email(baton, markdown="For {{ offer.job }} and {{ owner.name }}.")
    found = post(baton, "x/preview")
    assert found["missing"] == ["offer.job", "owner.name"]
    assert found["text"].startswith("For [offer.job] and [owner.name].")


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("none/preview", None, 404),
        ("note/preview", None, 409),
        ("x/preview?lead_id=nobody", None, 404),
        ("x/preview?language=fr", None, 400),
        ("x/preview?lead=x", None, 400),
        ("x/preview", {"to": "x"}, 400),
        ("x/test", {}, 400),
        ("x/test", {"to": "ann"}, 400),
        ("x/test", {"to": "ann@acme.example", "cc": "x"}, 400),
        ("x/test", {"to": ["ann@acme.example"]}, 400),
        ("x/test?to=ann@acme.example", {"to": "ann@acme.example"}, 400),
    ],
)
def test_a_wrong_request_is_refused(
    baton: InMemoryBaton, path: str, body: Any, status: int
) -> None:
    put(baton, "emails/note", NOTE)
    put_email(baton)
    post(baton, path, body, status)
    assert sent(baton) == []


def test_an_acknowledgement_is_previewed_as_one(baton: InMemoryBaton) -> None:
    put_email(baton, kind="answer")
    found = post(baton, "x/preview")
    assert "Unsubscribe" not in found["text"]
    assert "somebody entered your address" in found["text"]


# --- tests ----------------------------------------------------------------------------------------


def test_a_test_touches_nothing(baton: InMemoryBaton) -> None:
    put_email(baton)
    baton.form("guide", email="ann@acme.example", first_name="Ann")
    baton.until_quiet()
    lead_id = baton.world.lead_id("ann@acme.example")
    before, lead = baton.kept().keys(), baton.lead()
    earlier = sent(baton)
    post(baton, "x/test", {"to": "ann@acme.example", "lead_id": lead_id})
    (email,) = [one for one in sent(baton) if one not in earlier]
    assert (email.to, email.subject) == ("ann@acme.example", "[Test] Hello")
    assert email.from_name == "Zoë Bee"
    assert lead_id not in email.text + str(email.html)
    baton.world.feedback.take(bounce_of(email))
    baton.until_quiet()
    assert baton.kept().keys() == before
    assert baton.lead() == lead


def bounce_of(email: Email) -> str:
    """Return SES's notice that an email bounced for good."""
    at = "2026-11-22T10:00:05.000Z"
    recipient = {"emailAddress": email.to, "status": "5.1.1"}
    return json.dumps(
        {
            "eventType": "Bounce",
            "bounce": {
                "bounceType": "Permanent",
                "bounceSubType": "General",
                "bouncedRecipients": [recipient],
                "timestamp": at,
                "feedbackId": "f1",
            },
            "mail": {
                "timestamp": at,
                "messageId": "m1",
                "destination": [email.to],
                "tags": {"message": [tag_of(email.reference)]},
            },
        }
    )


def test_a_test_waits_for_the_switch_of_everything_that_leaves(baton: InMemoryBaton) -> None:
    put_email(baton)
    off = {"outbound": {"on": False, "reason": "a wrong link"}}
    assert baton.http("PUT", "/v1/switches", json.dumps(off), JSON).status_code == 200
    post(baton, "x/test", {"to": "ann@acme.example"}, 409)
    assert sent(baton) == []


@pytest.mark.parametrize("result", [Waiting(NotSentReason.THROTTLED), Refused()])
def test_a_test_that_was_not_taken_says_so(baton: InMemoryBaton, result: Waiting | Refused) -> None:
    put_email(baton)
    baton.ports.senders.answers.append(result)
    answer = post(baton, "x/test", {"to": "ann@acme.example"}, 409)
    assert result.reason in answer["detail"]


# --- which version went out -----------------------------------------------------------------------


def test_the_newest_text_goes_out_and_is_kept(baton: InMemoryBaton) -> None:
    put(baton, "settings", {**SETTINGS, "double_opt_in": "never"})
    put(baton, "emails/welcome", {"id": "welcome", **WORDS, "subject": "First"})
    baton.ports.senders.answers += [Waiting(NotSentReason.THROTTLED)] * 3
    baton.form("guide", consent=True, **ANN)
    baton.page("/blog/a")
    baton.until_quiet()
    put(baton, "emails/welcome", {"id": "welcome", **WORDS, "subject": "Second"})
    baton.ports.senders.answers.clear()
    for _ in range(30):  # until Monday's hours have begun
        baton.minutes_later(60)
    (item,) = [one for one in baton.outbox() if one["kind"] == "nurture"]
    assert (item["subject"], item["email"]) == ("Second", "welcome")
    version = item["email_version"]
    put(baton, "emails/welcome", {"id": "welcome", **WORDS, "subject": "Third"})
    assert baton.get(f"/v1/emails/welcome?version={version}")["subject"] == "Second"
    timeline = baton.get(f"/v1/leads/{item['lead_id']}/timeline")["items"]
    (shown,) = [one for one in timeline if one["id"] == "message-nurture#1#welcome#1"]
    assert shown["detail"]["email_version"] == version


# --- answers --------------------------------------------------------------------------------------


def test_a_built_in_answer_has_the_companys_colours(baton: InMemoryBaton) -> None:
    put(baton, "settings", {**SETTINGS, "colour": "#ffe34d"})
    asset = {"id": "g", "title": "The guide", "url": "https://keybook.example/g.pdf"}
    put(baton, "forms/guide", {"id": "guide", "asset": asset, "double_opt_in": True})
    baton.form("guide", consent=True, email="ann@acme.example")
    baton.until_quiet()
    (email,) = sent(baton)
    buttons = re.findall(r'<a class="button"[^>]*>', str(email.html))
    assert len(buttons) == 2  # the guide, and the question of the ticked box
    for button in buttons:
        assert "background-color:#ffe34d;color:#000000" in button
    assert "https://keybook.example/g.pdf" in email.text
    assert "10115 Berlin" in email.text
    assert "/confirm/" in email.text
    assert "Unsubscribe" not in email.text


def test_an_own_answer_greets_by_no_name_and_signs(baton: InMemoryBaton) -> None:
    put_email(baton, kind="answer", languages={"de": GERMAN})
    put(baton, "forms/guide", {"id": "guide", "acknowledge": "x"})
    baton.form("guide", email="ann@acme.example", first_name="Ann", country="DE")
    baton.form("guide", visitor="v2", email="bob@acme.example", first_name="Bob")
    baton.until_quiet()
    german, english = sent(baton)
    assert german.subject == "Guten Tag"
    assert english.text.startswith("Hi,\n\nread this.\n\nZoë Bee\n")
    assert english.from_name == "Zoë Bee"
    assert str(english.reply_to).endswith("@replies.baton.example")
    assert "List-Unsubscribe" not in english.headers


def test_an_asset_does_not_wait_for_a_word_of_ours(baton: InMemoryBaton) -> None:
    put_email(baton, kind="answer", markdown="{{ owner.name }} calls you.")
    asset = {"id": "g", "title": "The guide", "url": "https://keybook.example/g.pdf"}
    put(baton, "forms/guide", {"id": "guide", "acknowledge": "x", "asset": asset})
    put(baton, "forms/webinar", {"id": "webinar", "acknowledge": "x"})
    baton.form("guide", email="ann@acme.example")
    baton.form("webinar", email="bob@acme.example", visitor="v2")
    baton.until_quiet()
    (email,) = [one for one in sent(baton) if one.to == "ann@acme.example"]
    assert email.subject == "Here it is: The guide"
    reasons = [one["reason"] for one in baton.outbox() if one["to"] == "bob@acme.example"]
    assert "no_content" in reasons
