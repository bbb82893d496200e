"""What marketers and sales managers own is changed over HTTP: checked, versioned, never lost."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from chalice.test import HTTPResponse

from chalicelib.delivery.messages import Email
from chalicelib.limits import DOCUMENT_BODY_MAX_BYTES, DOCUMENTS_MAX, DOCUMENTS_MAX_CHARS
from chalicelib.store.table import Write
from chalicelib.wiring.world import World
from tests.baton import ANN, AT_ANY_TIME, TOKEN, InMemoryBaton, documents
from tests.fakes import FakePorts, MemoryTable, is_journal

FORM = "/v1/forms/partner"
EMAIL = "/v1/emails/welcome"
SEQUENCE = "/v1/sequences/welcome"
KIM = {"id": "kim", "name": "Kim", "email": "kim@keybook.example"}
UMA = {
    "id": "uma",
    "name": "Uma",
    "email": "uma@keybook.example",
    "phone": "+4930901820",
    "time_zone": "America/New_York",
    "hours": {"mon": ["09:00", "17:30"]},
    "days_off": ["2026-12-24", {"from": "2026-08-03", "to": "2026-08-21"}],
    "holidays": "US-NY",
    "deputy": "kim",
    "notify": ["slack", "teams", "sms", "email"],
    "slack": "https://hooks.slack.com/services/T0/B0/x",
    "teams": "https://prod-01.westeurope.logic.azure.com/workflows/x?sig=y",
    "booking_url": "https://keybook.example/uma",
    "territory": {"country": ["US", "CA"], "industry": ["*software*"], "size": [[50, None]]},
    "weight": 0.5,
    "capacity": 5,
    "active": True,
}
PATHS = {
    "settings": "/v1/settings",
    "form": FORM,
    "email": "/v1/emails/partner",
    "sequence": "/v1/sequences/partner",
    "routing": "/v1/routing",
}
WHOLE: dict[str, dict[str, Any]] = {
    "settings": {
        "company_name": "Keybook",
        "colour": "#0d5c45",
        "logo_url": "https://keybook.example/logo.svg",
        "website": "https://keybook.example",
        "privacy_url": "https://keybook.example/privacy",
        "language": "de",
        "country": "DE",
        "sending": {
            "hours": ["09:00", "17:00"],
            "days": ["mon", "tue"],
            "holidays": ["DE-BY", "AT"],
            "per_7_days": 1,
            "per_30_days": 0,
            "hours_apart": 72,
        },
        "offer": {
            "product": "Keybook",
            "job": "Zugriffe zu prüfen",
            "unit": "Mitarbeiter",
            "extras": "Einrichtung inklusive, Schulung 400 Euro",
            "price_page": "https://keybook.example/pricing",
            "security_page": "https://keybook.example/security",
            "booking_url": "https://keybook.example/book",
            "changes": [{"on": "2026-11-01", "text": "Prüfungen lassen sich vertagen."}],
            "case": {
                "company": "Acme",
                "result": "Acme prüft in zwei Stunden statt in neun.",
                "trouble": "In der zweiten Woche antwortete niemand.",
                "permission": True,
            },
            "links": {"guide": "https://keybook.example/guide"},
            "languages": {"en": {"job": "reviewing access", "unit": "employee"}},
        },
        "sender": {
            "name": "Mia Muster",
            "role": "Kundenberatung",
            "phone": "+49 30 901820",
            "email": "mia@keybook.example",
            "booking_url": "https://keybook.example/mia",
            "languages": {"en": {"role": "Customer advice"}},
        },
        "postal_address": "Keybook GmbH\nMusterweg 1\n10115 Berlin",
        "legal_notice": {"de": "Sitz: Berlin", "en": "Registered in Berlin"},
    },
    "form": {
        "id": "partner",
        "required": ["email", "budget"],
        "thank_you_url": "https://keybook.example/thanks",
        "asset": {"id": "partner-guide"},
        "topic": "product",
        "consent_text": "Keybook may write to me.",
    },
    "email": {
        "id": "partner",
        "subject": "Hello{% if first_name %}, {{ first_name }}{% endif %}",
        "text": "From {{ company_name }}\n{{ unsubscribe_url }}",
        "html": "<a href='{{ unsubscribe_url }}'>stop</a>",
    },
    "sequence": {
        "id": "partner",
        "enter": {"stage": ["mql"]},
        "steps": [{"id": "1", "wait": "0d", "email": "welcome"}],
    },
    "routing": {
        "people": [KIM, UMA],
        "teams": [
            {
                "id": "large",
                "name": "Large companies",
                "members": ["kim", "uma"],
                "territory": {"size": [1000, None]},
            }
        ],
        "holidays": "DE-BY",
        "fallback": "kim",
        "manager": "kim",
    },
}


@pytest.fixture
def baton() -> InMemoryBaton:
    return InMemoryBaton()


def put(
    baton: InMemoryBaton, path: str, document: Any, status: int = 200, **headers: str
) -> dict[str, Any]:
    """Put a document. Return the answer's body."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    answer = baton.http(
        "PUT", path, json.dumps(document), {**TOKEN, "Content-Type": "application/json", **named}
    )
    assert answer.status_code == status, answer.body
    found: dict[str, Any] = json.loads(answer.body)
    return found


def delete(baton: InMemoryBaton, path: str, status: int = 200, **headers: str) -> Any:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    answer = baton.http("DELETE", path, headers={**TOKEN, **named})
    assert answer.status_code == status, answer.body
    return json.loads(answer.body)


def read(baton: InMemoryBaton, path: str, status: int = 200) -> HTTPResponse:
    answer = baton.http("GET", path, headers=TOKEN)
    assert answer.status_code == status, answer.body
    return answer


def refused(baton: InMemoryBaton, path: str, document: Any) -> list[str]:
    """Return the lines of a refusal, which left nothing behind."""
    before = baton.kept()
    errors = put(baton, path, document, 422)["errors"]
    assert baton.kept() == before
    return [f"{one['field']}: {one['message']}" for one in errors]


def person(**changes: Any) -> dict[str, Any]:
    """Return what makes Kim, changed, the only person of a routing."""
    return {"people": [{**KIM, **changes}], "teams": None}


def changed(kind: str, **changes: Any) -> dict[str, Any]:
    """Return the whole document of a kind with other keys; None takes a key out."""
    document = {**WHOLE[kind], **changes}
    return {key: value for key, value in document.items() if value is not None}


# --- put, read, list ------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", WHOLE)
def test_a_document_is_read_as_it_was_put(baton: InMemoryBaton, kind: str) -> None:
    answer = put(baton, f"{PATHS[kind]}?note=first+try", WHOLE[kind])
    found = read(baton, PATHS[kind])
    assert json.loads(found.body) == WHOLE[kind]
    assert found.headers["ETag"] == f'"{answer["version"]}"'
    newest = baton.get(f"{PATHS[kind]}/versions")["versions"][0]
    assert newest == {
        "version": answer["version"],
        "author": "admin",
        "note": "first try",
        "deleted": False,
        "created_at": "2026-11-22T10:00:00.000Z",
    }


def test_every_document_of_the_demo_can_be_put(baton: InMemoryBaton) -> None:
    for kind, one_id, document in documents():
        is_one = kind in ("settings", "routing")
        path = f"/v1/{kind}" if is_one else f"/v1/{kind}s/{one_id}"
        put(baton, path, document)
        assert json.loads(read(baton, path).body) == document


@pytest.mark.parametrize("kind", ["form", "email", "sequence"])
def test_a_list_has_every_document_of_its_kind(baton: InMemoryBaton, kind: str) -> None:
    put(baton, PATHS[kind], WHOLE[kind])
    listed = baton.get(f"/v1/{kind}s")[f"{kind}s"]
    assert WHOLE[kind] in listed
    assert [one["id"] for one in listed] == sorted(one["id"] for one in listed)
    delete(baton, PATHS[kind])
    assert WHOLE[kind] not in baton.get(f"/v1/{kind}s")[f"{kind}s"]


def test_an_older_version_is_restored_by_putting_it_again(baton: InMemoryBaton) -> None:
    put(baton, FORM, WHOLE["form"])
    put(baton, FORM, changed("form", topic="learn"))
    first = json.loads(read(baton, f"{FORM}?version=1").body)
    assert first == WHOLE["form"]
    assert put(baton, FORM, first)["version"] == 3
    versions = baton.get(f"{FORM}/versions")["versions"]
    assert [one["version"] for one in versions] == [3, 2, 1]
    read(baton, f"{FORM}?version=4", 404)


def test_what_a_deploy_had_stored_is_the_first_version(baton: InMemoryBaton) -> None:
    before = json.loads(read(baton, EMAIL).body)
    assert put(baton, EMAIL, {**before, "subject": "Hello"})["version"] == 2
    authors = [one["author"] for one in baton.get(f"{EMAIL}/versions")["versions"]]
    assert authors == ["admin", "deploy"]
    assert json.loads(read(baton, f"{EMAIL}?version=1").body) == before


@pytest.mark.parametrize("path", [FORM, f"{FORM}/versions", "/v1/sequences/none", "/v1/forms/No"])
def test_a_document_that_is_not_there_is_404(baton: InMemoryBaton, path: str) -> None:
    read(baton, path, 404)


def test_an_id_that_cannot_be_one_is_404(baton: InMemoryBaton) -> None:
    put(baton, "/v1/forms/Partner", changed("form", id="Partner"), 404)
    delete(baton, "/v1/forms/Partner", 404)


def test_what_was_put_is_what_is_sent(baton: InMemoryBaton) -> None:
    settings = {"company_name": "Newbook", "double_opt_in": "never", "postal_address": "Here 1"}
    put(baton, "/v1/settings", {**settings, "sending": AT_ANY_TIME})
    before = json.loads(read(baton, EMAIL).body)
    put(baton, EMAIL, {**before, "subject": "Hello from {{ company_name }}"})
    baton.form("guide", consent=True, **ANN)
    baton.until_quiet()
    (email,) = [one for one in baton.ports.senders.sent if isinstance(one, Email)]
    assert email.subject == "Hello from Newbook"


def test_a_deleted_form_is_still_captured(baton: InMemoryBaton) -> None:
    delete(baton, "/v1/forms/guide")
    baton.form("guide", consent=True, **ANN)
    baton.until_quiet()
    assert baton.lead()["email"] == ANN["email"]


def test_a_key_of_a_later_version_stops_nothing(baton: InMemoryBaton) -> None:
    """A deploy that widened what is accepted may be rolled back, by an alarm, after a put."""
    later = {"of_a_later_version": {"a": [1]}}
    for kind, one_id, document in documents():
        baton.world.documents.put(kind, {**document, **later}, one_id)
    sam = {"id": "sam", "name": "Sam", "email": "sam@keybook.example", **later}
    baton.world.documents.put("routing", {"people": [sam], **later})
    baton.form("guide", consent=True, **ANN)
    baton.form("demo", **ANN)
    baton.until_quiet()
    sent = {one["to"]: one["state"] for one in baton.outbox() if one["via"] == "email"}
    assert sent == {"sam@keybook.example": "sent"}


def test_a_sequence_of_a_later_version_begins_for_nobody(
    baton: InMemoryBaton, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its unknown key may say whom not to write to."""
    baton.world.documents.put("sequence", {**WHOLE["sequence"], "quiet": True}, "partner")
    baton.form("guide", consent=True, **ANN)
    baton.until_quiet()
    assert [one["id"].partition("#")[2] for one in baton.outbox()] == ["nurture#1#welcome#1"]
    assert '"event":"sequence_skipped"' in capsys.readouterr().out
    delete(baton, EMAIL, 409)


# --- refused --------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", WHOLE)
def test_an_unknown_key_is_refused_with_those_there_are(baton: InMemoryBaton, kind: str) -> None:
    (line,) = refused(baton, PATHS[kind], changed(kind, nonsense=1))
    assert line.startswith("nonsense: there is no such key; the keys here are ")


MISTAKES: list[tuple[str, dict[str, Any], str]] = [
    ("form", {"id": "other"}, "id: must be partner, as in the path"),
    ("form", {"id": None}, "id: is missing; add it"),
    ("form", {"aliases": {"Firma": "Company"}}, "aliases.Firma: must match the pattern"),
    ("form", {"fields": {"company": {}}}, "fields.company: is a name that Baton uses"),
    (
        "form",
        {"fields": {"a": {"aliases": ["x"]}, "b": {"aliases": ["X"]}}},
        "fields.b.aliases.0: is an alias of a, too",
    ),
    ("form", {"fields": {"a": {"type": "radio"}}}, "fields.a.type: one of"),
    ("form", {"verify": "recaptcha"}, "verify: one of"),
    ("form", {"honeypot": "Firma"}, "honeypot: is a field that people fill in"),
    ("form", {"honeypot": "web", "required": ["web"]}, "required: people leave the honeypot empty"),
    ("form", {"allowed_origins": ["acme.example"]}, "allowed_origins.0: must be a site"),
    ("form", {"allowed_origins": ["https://a.example/x"]}, "allowed_origins.0: must be a site"),
    ("form", {"allowed_redirects": ["//a.example"]}, "allowed_redirects.0: must be a web address"),
    ("form", {"asset": {"id": "a", "url": "x"}}, "asset.url: must be a web address"),
    ("form", {"thank_you_url": "javascript:alert(1)"}, "thank_you_url: must be a web address"),
    ("form", {"thank_you_url": "https://x.example/\r\nSet-Cookie: a"}, "thank_you_url: must be"),
    *(
        ("form", {"thank_you_url": f"https://{rest}"}, "thank_you_url: must be a web address")
        for rest in ("bücher.example/", "x.example/ü", "x.example/a b", "x.example:99999/")
    ),
    ("form", {"asset": {"id": "a\x00"}}, "asset.id: must not contain control characters"),
    ("form", {"required": ["email", "budget"], "topic": "a\x1b"}, "topic: must not contain"),
    ("form", {"consent_text": "a\x07"}, "consent_text: must not contain control characters"),
    ("email", {"subject": "Hello\x00"}, "subject: must not contain control characters"),
    ("email", {"text": "{{ unsubscribe_url }}\x08"}, "text: must not contain control characters"),
    (
        "routing",
        person(name="K\x9fm"),
        "people.0.name: must not contain control characters",
    ),
    *(
        ("routing", person(**wrong), f"people.0.{line}")
        for wrong, line in (
            ({"time_zone": "Berlin"}, "time_zone: there is no time zone 'Berlin'; an example is"),
            ({"time_zone": 1}, "time_zone: text is needed"),
            ({"hours": {"mon": ["17:30", "09:00"]}}, "hours.mon: must end after they begin;"),
            ({"days_off": ["tomorrow"]}, "days_off.0: a day is needed, such as 2026-12-24, or the"),
            ({"days_off": [20261224]}, "days_off.0: keys with their values are needed"),
            (
                {"days_off": [{"from": "2026-12-24", "to": "?"}]},
                "days_off.0.to: a day is needed, such as 2026-12-24",
            ),
            ({"days_off": [{"from": "2026-12-24"}]}, "days_off.0.to: is missing; add it"),
            (
                {"days_off": [{"from": "2026-12-24", "to": "2026-12-23"}]},
                "days_off.0: to is a day before from; exchange them",
            ),
            ({"holidays": "Bavaria"}, "holidays: a country such as DE, or one of its regions"),
            ({"holidays": "DE-XX"}, "holidays: no public holidays are known of DE-XX; give a"),
            ({"deputy": "sam"}, "deputy: nobody in people has the id sam; add them or name"),
            ({"deputy": "kim"}, "deputy: nobody is their own deputy; name another person"),
            ({"notify": []}, "notify: has 0; at least 1 needed"),
            ({"notify": ["fax"]}, "notify.0: one of 'email', 'slack', 'teams' or 'sms' is needed"),
            ({"notify": ["email", "email"]}, "notify.1: email is there twice; remove one"),
            ({"notify": ["slack"]}, "notify.0: slack needs the key slack; add it"),
            ({"notify": ["sms"]}, "notify.0: sms needs the key phone; add it"),
            ({"slack": "http://hooks.example/x"}, "slack: the URL of an incoming webhook is"),
            ({"teams": "hooks.example"}, "teams: the URL of an incoming webhook is needed"),
            ({"booking_url": "javascript:alert(1)"}, "booking_url: a URL is needed"),
            ({"territory": {"country": ["Germany"]}}, "territory.country.0: the two capital"),
            ({"territory": {"size": ["large"]}}, "territory.size: the smallest and the largest"),
            ({"territory": {"size": [1, 2, 3]}}, "territory.size: the smallest and the largest"),
            ({"territory": {"region": []}}, "territory.region: there is no such key; the keys"),
            ({"weight": 0}, "weight: must be above 0"),
        )
    ),
    (
        "routing",
        {"teams": [{"id": "a", "name": "A", "members": ["kim", "sam"]}]},
        "teams.0.members.1: nobody in people has the id sam; add them or name another one",
    ),
    ("routing", {"teams": [{"id": "a", "name": "A", "members": []}]}, "teams.0.members: has 0;"),
    ("routing", {"holidays": "XX"}, "holidays: no public holidays are known of XX; give a"),
    *(
        ("routing", person(email=email), f"people.0.email: must be {spelt}")
        for email, spelt in (
            (" kim@keybook.example ", "written as kim@keybook.example"),
            ("kim@bücher.example", "written as kim@xn--bcher-kva.example"),
        )
    ),
    ("form", {"asset": 5}, "asset: keys with their values are needed"),
    ("email", {"subject": "Hi {{ x }}"}, "subject: line 1: there is no variable x; the variables"),
    (
        "email",
        {"text": "a\n{{ nothing }} {{ unsubscribe_url }}"},
        "text: line 2: there is no variable nothing; the variables are company_name, first_name",
    ),
    ("email", {"text": "Hello"}, "text: has no way out; add {{ unsubscribe_url }}"),
    ("email", {"html": "<p>Hello</p>"}, "html: has no way out; add {{ unsubscribe_url }}"),
    ("email", {"text": "a\n{% if %}"}, "text: line 2: Expected an expression"),
    ("email", {"text": "{{ unsubscribe_url }"}, "text: line 1: unexpected '}'"),
    ("email", {"html": "{{ unsubscribe_url | nofilter }}"}, "html: line 1: the filter nofilter is"),
    ("email", {"text": "{{ unsubscribe_url.__class__ }}"}, "text: line 1: a dot is not allowed;"),
    (
        "email",
        {"text": "{{ unsubscribe_url }}{{ first_name[0] }}"},
        "text: fails for a person without a first name: 'first_name' is undefined",
    ),
    (
        "email",
        {"text": "{{ unsubscribe_url }}{% if first_name %}{{ first_name[2] }}{% endif %}"},
        "text: fails for a person with the first name J: str object has no element 2",
    ),
    (
        "email",
        {"text": "Hello{% if first_name %}{{ unsubscribe_url }}{% endif %}"},
        "text: has no way out for a person without a first name; add {{ unsubscribe_url }} outside",
    ),
    ("email", {"subject": "{{ first_name }}"}, "subject: is empty for a person without a first"),
    ("email", {"text": "{{ unsubscribe_url }}{{ cycler }}"}, "text: line 1: there is no variable"),
    ("sequence", {"enter": {"stage": ["sql"]}}, "enter.0.stage: one of lead, mql, recycled"),
    (
        "sequence",
        {"steps": [{"id": "1", "wait": "0d", "email": "none"}]},
        "steps.0.email: there is no email none; put it first",
    ),
    (
        "routing",
        person(phone="030"),
        "people.0.phone: must match the pattern",
    ),
    *(
        ("settings", {"company_name": name}, "company_name: one line of 1 to 100 characters is")
        for name in ("", " ", "a\nb", "a\x07", "x" * 101, 5)
    ),
    *(
        ("settings", {key: value}, f"{key}: ")
        for key, values in {
            "colour": ("red", "#12345", "#12345g", "#123456;", "#123456\n", 123456),
            "logo_url": (
                "http://a.example/l.svg",
                "https://a.example/l.svg?v=1",
                "https://a.example/l.svg; script-src *",
                "https://a.example",
                "data:image/png;base64,",
                "https://a.example/l.svg\n",
            ),
            "website": (
                "javascript:alert(1)",
                "acme.example",
                'https://a.example/"',
                "https://a b",
            ),
            "privacy_url": ("ftp://a.example", "https://a.example/<b>"),
            "language": ("german", "DE", ""),
            "country": ("de", "Germany", "DEU"),
        }.items()
        for value in values
    ),
    (
        "routing",
        person(email="kim at home"),
        "people.0.email: An email address must have an @-sign.",
    ),
    *(
        (
            "email",
            {"text": "{{ unsubscribe_url }}\n" + bomb},
            f"text: line 2: {what} is not allowed",
        )
        for bomb, what in (
            ("{% for a in [1] %}{% for b in [1] %}{% endfor %}{% endfor %}", "for"),
            ("{{ 'a' * 1000000000 }}", "mul"),
            ("{{ 9 ** 99999999 }}", "pow"),
            ("{{ 'a'|center(1000000000) }}", "the filter center"),
            ("{{ 'aa'|replace('a', 'aaaa') }}", "the filter replace"),
            ("{{ 'x'.join(first_name) }}", "a call"),
            ("{% include first_name %}", "include"),
            ("{% macro x() %}{% endmacro %}", "macro"),
            ("{% filter upper %}x{% endfilter %}", "filter"),
            ("{{ " + "not " * 99 + "1 }}", "more than 30 levels"),
            ("{{ " + "1 and " * 4_000 + "1 }}", "more than 30 levels"),
            ("{{ " + "1 + " * 9_000 + "1 }}", "add"),
            ("{% if 1 %}" * 99 + "{% endif %}" * 99, "more than 30 levels"),
        )
    ),
    *(
        (
            "email",
            {"text": "{{ unsubscribe_url }}{{ " + monster + " }}"},
            "text: is not a template: ",
        )
        for monster in ("(" * 9_000 + "1" + ")" * 9_000, "9" * 9_000)
    ),
]


@pytest.mark.parametrize(("kind", "changes", "says"), MISTAKES, ids=lambda value: str(value)[:30])
def test_a_mistake_is_refused_with_its_place(
    baton: InMemoryBaton, kind: str, changes: dict[str, Any], says: str
) -> None:
    (line,) = refused(baton, PATHS[kind], changed(kind, **changes))
    assert line.startswith(says)


def test_two_people_with_one_id_are_refused(baton: InMemoryBaton) -> None:
    assert refused(baton, "/v1/routing", {"people": [KIM, KIM]}) == [
        f"people.{position}.id: another person has this id; change one" for position in (0, 1)
    ]


def test_a_person_who_is_named_must_be_there(baton: InMemoryBaton) -> None:
    for key in ("fallback", "manager"):
        assert refused(baton, PATHS["routing"], changed("routing", **{key: "ida"})) == [
            f"{key}: nobody in people has the id ida; add them or name another one"
        ]


def test_a_change_is_logged_without_what_it_says(
    baton: InMemoryBaton, capsys: pytest.CaptureFixture[str]
) -> None:
    put(baton, f"{PATHS['routing']}?note=secret", WHOLE["routing"])
    said = capsys.readouterr().out
    line = json.loads(said)
    assert (line["event"], line["kind"], line["version"]) == ("document", "routing", 2)
    assert "Kim" not in said
    assert "secret" not in said


def test_a_routing_in_which_nobody_is_active_is_warned_of(baton: InMemoryBaton) -> None:
    kim = {**KIM, "active": False}
    assert put(baton, "/v1/routing", {"people": [kim]})["warnings"] == [
        {"field": "people", "message": "nobody is active, so no handoff reaches a person"}
    ]


def test_an_email_may_name_the_company_once_the_settings_do(baton: InMemoryBaton) -> None:
    put(baton, "/v1/settings", {"postal_address": "Here 1"})
    says = "text: line 1: the settings do not name the company; put company_name there first"
    assert refused(baton, PATHS["email"], WHOLE["email"]) == [says]
    put(baton, "/v1/settings", WHOLE["settings"])
    put(baton, PATHS["email"], WHOLE["email"])
    says = "company_name: is needed by the email partner"
    assert refused(baton, "/v1/settings", {}) == [says]


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        (b"{", 400, "body"),
        (b"[]", 400, "body"),
        (b'{"required": NaN}', 400, "body"),
        (b" " * (DOCUMENT_BODY_MAX_BYTES + 1), 413, "body"),
        (b'{"id": "partner", "consent_text": "\\ud800"}', 422, "consent_text"),
    ],
    ids=["broken", "list", "nan", "large", "surrogate"],
)
def test_a_body_that_is_no_document_is_refused(
    baton: InMemoryBaton, body: bytes, status: int, field: str
) -> None:
    answer = baton.http("PUT", FORM, body, {**TOKEN, "Content-Type": "application/json"})
    assert answer.status_code == status
    assert [one["field"] for one in json.loads(answer.body)["errors"]] == [field]


@pytest.mark.parametrize(
    ("method", "query", "field"),
    [
        ("GET", "versoin=1", "versoin"),
        ("GET", "version=one", "version"),
        ("PUT", "note=" + "x" * 501, "note"),
        ("PUT", "note=a%0Ab", "note"),
        ("PUT", "version=1", "version"),
        ("DELETE", "force=1", "force"),
    ],
)
def test_a_wrong_query_is_refused_by_name(
    baton: InMemoryBaton, method: str, query: str, field: str
) -> None:
    headers = {**TOKEN, "Content-Type": "application/json"}
    answer = baton.http(method, f"/v1/forms/guide?{query}", b"{}", headers)
    assert answer.status_code == 400
    assert [one["field"] for one in json.loads(answer.body)["errors"]] == [field]


def test_a_list_takes_no_parameters(baton: InMemoryBaton) -> None:
    read(baton, "/v1/forms?limit=1", 400)
    read(baton, "/v1/forms/guide/versions?limit=1", 400)


def test_there_are_at_most_so_many_documents_of_a_kind(baton: InMemoryBaton) -> None:
    for number in range(DOCUMENTS_MAX):
        baton.world.documents.put("form", {"id": f"f{number}"}, f"f{number}")
    problem = put(baton, FORM, WHOLE["form"], 409)
    assert problem["detail"] == "there are 200 documents of this kind; delete one first"
    put(baton, "/v1/forms/f1", {"id": "f1", "topic": "learn"})


def test_all_documents_of_a_kind_fit_into_one_answer(baton: InMemoryBaton) -> None:
    for number in range(5):
        long = {"id": f"f{number}", "consent_text": "x" * (DOCUMENTS_MAX_CHARS // 5 - 100)}
        baton.world.documents.put("form", long, f"f{number}")
    problem = put(baton, FORM, {**WHOLE["form"], "consent_text": "x" * 2_000}, 409)
    assert "1,200,000 are allowed; shorten or delete some" in problem["detail"]
    put(baton, "/v1/forms/f1", {"id": "f1"})
    put(baton, FORM, WHOLE["form"])


# --- delete ---------------------------------------------------------------------------------------


def test_a_deleted_document_is_gone_and_can_come_back(baton: InMemoryBaton) -> None:
    put(baton, FORM, WHOLE["form"])
    assert delete(baton, f"{FORM}?note=over") == {"version": 2}
    read(baton, FORM, 404)
    delete(baton, FORM, 404)
    newest = baton.get(f"{FORM}/versions")["versions"][0]
    assert (newest["deleted"], newest["note"]) == (True, "over")
    assert json.loads(read(baton, f"{FORM}?version=1").body) == WHOLE["form"]
    assert put(baton, FORM, WHOLE["form"])["version"] == 3


def test_an_email_in_use_is_not_deleted(baton: InMemoryBaton) -> None:
    put(baton, PATHS["sequence"], WHOLE["sequence"])
    assert delete(baton, EMAIL, 409)["detail"] == (
        "it is in use by the sequence partner, the sequence welcome; change that first"
    )
    for path in (SEQUENCE, PATHS["sequence"]):
        delete(baton, path)
    delete(baton, EMAIL)


# --- several at once ------------------------------------------------------------------------------


def test_a_change_of_an_older_version_is_refused(baton: InMemoryBaton) -> None:
    put(baton, FORM, WHOLE["form"])
    put(baton, FORM, WHOLE["form"], If_Match='"1"')
    for given in ('"1"', 'W/"1"', "1"):
        problem = put(baton, FORM, changed("form", topic="learn"), 412, If_Match=given)
        assert problem["detail"] == (
            "version 1 was expected, and the newest is 2; read it, then put again"
        )
    delete(baton, FORM, 412, If_Match='"1"')
    assert delete(baton, FORM, If_Match='"2"') == {"version": 3}


def test_a_version_of_no_document_cannot_be_expected(baton: InMemoryBaton) -> None:
    problem = put(baton, FORM, WHOLE["form"], 412, If_Match='"1"')
    assert problem["detail"] == "version 1 was expected, and there is no such document"
    put(baton, FORM, WHOLE["form"], 400, If_Match="*")


class Interrupted(MemoryTable):
    """A table on which something else is written just before the next write."""

    def __init__(self) -> None:
        super().__init__()
        self.first: Callable[[], object] | None = None

    def write(self, *writes: Write) -> None:
        first = None
        if not is_journal(writes):
            first, self.first = self.first, None
        if first is not None:
            first()
        super().write(*writes)


@pytest.fixture
def interrupted() -> tuple[InMemoryBaton, Interrupted]:
    table = Interrupted()
    return InMemoryBaton(FakePorts(table)), table


def test_of_two_puts_at_once_both_are_versions(
    interrupted: tuple[InMemoryBaton, Interrupted],
) -> None:
    baton, table = interrupted
    put(baton, FORM, WHOLE["form"])
    table.first = lambda: put(baton, FORM, changed("form", topic="theirs"))
    put(baton, FORM, changed("form", topic="ours"))
    found = [json.loads(read(baton, f"{FORM}?version={one}").body) for one in (1, 2, 3)]
    assert [one["topic"] for one in found] == ["product", "theirs", "ours"]


def test_of_two_puts_that_expect_a_version_one_is_refused(
    interrupted: tuple[InMemoryBaton, Interrupted],
) -> None:
    baton, table = interrupted
    put(baton, FORM, WHOLE["form"])
    table.first = lambda: put(baton, FORM, changed("form", topic="theirs"), If_Match='"1"')
    put(baton, FORM, changed("form", topic="ours"), 412, If_Match='"1"')
    assert json.loads(read(baton, FORM).body)["topic"] == "theirs"


def test_an_email_is_not_deleted_while_a_sequence_takes_it(
    interrupted: tuple[InMemoryBaton, Interrupted],
) -> None:
    baton, table = interrupted
    put(baton, PATHS["email"], WHOLE["email"])
    step = {"id": "1", "wait": "0d", "email": "partner"}
    taking = changed("sequence", steps=[step])
    table.first = lambda: put(baton, PATHS["sequence"], taking)
    delete(baton, PATHS["email"], 409)
    delete(baton, PATHS["sequence"])
    table.first = lambda: delete(baton, PATHS["email"])
    put(baton, PATHS["sequence"], taking, 422)


def test_a_busy_table_is_tried_again(baton: InMemoryBaton) -> None:
    baton.ports.memory.be_busy(3)
    for number in range(1, 20):
        assert put(baton, FORM, WHOLE["form"])["version"] == number


def test_a_put_is_checked_against_what_others_put_since(baton: InMemoryBaton) -> None:
    another = World(baton.ports)
    fresh = {**WHOLE["email"], "id": "fresh"}
    naming = {**WHOLE["sequence"], "steps": [{"id": "1", "wait": "0d", "email": "fresh"}]}
    put(baton, PATHS["sequence"], naming, 422)
    another.editing.put("email", "fresh", fresh, author="another")
    put(baton, PATHS["sequence"], naming)
    put(baton, PATHS["sequence"], WHOLE["sequence"])
    another.editing.delete("email", "fresh", author="another")
    put(baton, PATHS["sequence"], naming, 422)


def test_a_put_knows_what_the_one_before_it_stored(baton: InMemoryBaton) -> None:
    ids = ("b", "a")
    for one_id in ids:
        put(baton, f"/v1/emails/{one_id}", {**WHOLE["email"], "id": one_id})
    steps = [{"id": one_id, "wait": "1d", "email": one_id} for one_id in ids]
    put(baton, PATHS["sequence"], {**WHOLE["sequence"], "steps": steps})
    delete(baton, "/v1/emails/a", 409)
    delete(baton, PATHS["sequence"])
    delete(baton, "/v1/emails/a")
    put(baton, PATHS["sequence"], {**WHOLE["sequence"], "steps": steps}, 422)
