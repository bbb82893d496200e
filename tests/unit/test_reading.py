"""What the private endpoints answer: api.md's shapes, the order as of today, and pages without
gaps.
"""

import json
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest

from chalicelib.delivery.messages import Email, Waiting
from chalicelib.delivery.reasons import NotSentReason
from chalicelib.leads.lead import Lead
from chalicelib.limits import LIST_MAX_LEADS
from chalicelib.qualify.reactions import LeadChange
from chalicelib.store import histories
from tests.baton import AD, ANN, TOKEN, InMemoryBaton, documents


@pytest.fixture
def baton() -> InMemoryBaton:
    return InMemoryBaton()


def pages(baton: InMemoryBaton, path: str, name: str) -> list[list[Any]]:
    """Every page of a list, from first to last."""
    found, cursor = [], ""
    while True:
        page = baton.get(path + (f"&cursor={cursor}" if cursor else ""))
        found.append(page[name])
        if page["next_cursor"] is None:
            return found
        cursor = page["next_cursor"]


def emails(page: dict[str, Any]) -> list[str]:
    return [lead["email"] for lead in page["leads"]]


# --- one lead -------------------------------------------------------------------------------------

GUIDE = next(one for kind, one_id, one in documents() if (kind, one_id) == ("form", "guide"))


def test_a_lead_is_told_as_api_md_has_it(baton: InMemoryBaton) -> None:
    baton.page("/pricing", context=AD)
    baton.form("guide", consent=True, **ANN)
    baton.until_quiet()
    lead = baton.lead()
    assert set(lead) == {
        "lead_id", "email", "profile", "stage", "kind", "cycle", "owner", "score", "first_touch",
        "last_touch", "touches", "channel", "time_zone",
        "consent", "suppressed", "interest", "review_on", "created_at", "updated_at",
        "rest_until", "outcome", "opportunity", "recounting", "next", "sequences", "unconfirmed",
        "handoff",
        "consent_history",
        "consent_pending",
        "basis",
    }  # fmt: skip
    known = {**ANN, "phone": "+4930901820"}  # as it is dialled
    assert lead["profile"] == {name: value for name, value in known.items() if name != "email"}
    assert set(lead["score"]) == {"total", "grade", "groups", "as_of", "model_version", "reasons"}
    assert set(lead["score"]["groups"]) == {"fit", "channel", "engagement", "intent"}
    assert (lead["score"]["as_of"], lead["interest"]) == ("2026-11-22", "product")
    assert lead["first_touch"] == {
        "source": "google",
        "medium": "cpc",
        "campaign": "spring",
        "at": "2026-11-22T10:00:00.000Z",
    }
    assert lead["last_touch"] == lead["first_touch"]
    assert lead["consent"] == {
        "marketing": True,
        "at": "2026-11-22T10:00:00.000Z",
        "text": GUIDE["consent_text"],
    }
    pricing = next(
        reason for reason in lead["score"]["reasons"] if reason["rule"] == "pricing-page"
    )
    assert pricing == {
        "rule": "pricing-page",
        "group": "intent",
        "points": 6,
        "count": 1,
        "last": "2026-11-22",
        "text": "visited the pricing page on 1 day",
    }


def test_what_is_absent_is_null(baton: InMemoryBaton) -> None:
    baton.form("contact", None, email="ann@acme.example")
    baton.until_quiet()
    lead = baton.lead()
    absent = ("owner", "first_touch", "last_touch", "consent", "suppressed", "interest")
    assert {name: lead[name] for name in absent if name != "owner"} == dict.fromkeys(absent[1:])


def test_the_groups_and_the_reasons_both_sum_to_the_total(baton: InMemoryBaton) -> None:
    baton.page("/pricing", at=baton.ports.now() - timedelta(days=3))
    baton.page("/compare/x", at=baton.ports.now() - timedelta(days=7))
    baton.form("guide", **ANN)
    baton.until_quiet()
    score = baton.lead()["score"]
    unrounded = sum(round(reason["points"] * 1000) for reason in score["reasons"])
    assert unrounded == sum(round(points * 1000) for points in score["groups"].values())
    assert score["total"] == (unrounded + 500) // 1000


def test_a_score_is_as_of_today_without_any_write(baton: InMemoryBaton) -> None:
    baton.form("newsletter", **ANN)
    baton.page("/pricing")
    baton.until_quiet()
    before = baton.lead()["score"]
    items = baton.kept()
    baton.ports.clock.tick(timedelta(days=10))
    after = baton.lead()["score"]
    assert (after["as_of"], before["groups"]["intent"], after["groups"]["intent"]) == (
        "2026-12-02",
        6,
        3,
    )
    assert baton.kept() == items


def test_a_lead_is_found_by_any_spelling_of_its_address(baton: InMemoryBaton) -> None:
    baton.form("demo", **ANN)
    baton.until_quiet()
    (found,) = baton.get("/v1/leads?email=ANN@Acme.example")["leads"]
    assert found["lead_id"] == baton.lead()["lead_id"]
    assert "reasons" not in found["score"]


def test_a_visitor_is_no_lead_yet(baton: InMemoryBaton) -> None:
    baton.page("/pricing")
    baton.until_quiet()
    assert baton.get("/v1/leads?stage=lead") == {"leads": [], "next_cursor": None}


# --- the list of a stage --------------------------------------------------------------------------


def test_best_first_means_todays_score_not_the_stored(baton: InMemoryBaton) -> None:
    """Bob's pricing visit fades in days, Ann's newsletter in months: their order turns without any
    event.
    """
    baton.form("other", "v1", email="bob@acme.example")
    baton.page("/pricing", visitor="v1")
    baton.form("newsletter", "v2", email="ann@acme.example")
    baton.until_quiet()
    assert emails(baton.get("/v1/leads?stage=lead")) == ["bob@acme.example", "ann@acme.example"]
    baton.ports.clock.tick(timedelta(days=20))
    assert emails(baton.get("/v1/leads?stage=lead")) == ["ann@acme.example", "bob@acme.example"]


def crowd(baton: InMemoryBaton, number: int) -> None:
    for n in range(number):
        baton.form("newsletter" if n % 3 else "other", None, email=f"lead{n}@acme.example")
    baton.until_quiet()


@pytest.mark.parametrize("limit", [1, 2, 5, 7, 200])
def test_pages_together_are_the_whole_list_once(baton: InMemoryBaton, limit: int) -> None:
    crowd(baton, 12)
    whole = baton.get("/v1/leads?stage=lead")
    assert (len(whole["leads"]), whole["next_cursor"]) == (12, None)
    found = pages(baton, f"/v1/leads?stage=lead&limit={limit}", "leads")
    assert [lead for page in found for lead in page] == whole["leads"]
    assert all(len(page) == limit for page in found[:-1])
    totals = [lead["score"]["total"] for lead in whole["leads"]]
    assert totals == sorted(totals, reverse=True)


def test_a_cursor_pins_the_day_of_the_first_page(baton: InMemoryBaton) -> None:
    baton.form("other", "v1", email="bob@acme.example")
    baton.page("/pricing", visitor="v1")
    baton.form("newsletter", "v2", email="ann@acme.example")
    baton.until_quiet()
    first = baton.get("/v1/leads?stage=lead&limit=1")
    baton.ports.clock.tick(timedelta(days=20))  # the order has turned
    second = baton.get(f"/v1/leads?stage=lead&limit=1&cursor={first['next_cursor']}")
    assert emails(first) + emails(second) == ["bob@acme.example", "ann@acme.example"]
    assert second["leads"][0]["score"]["as_of"] == "2026-11-22"


def test_a_lead_stands_in_the_list_of_its_stage_only(baton: InMemoryBaton) -> None:
    baton.form("demo", **ANN)
    baton.until_quiet()
    assert emails(baton.get("/v1/leads?stage=sql")) == ["ann@acme.example"]
    assert emails(baton.get("/v1/leads?stage=lead")) == []


def test_above_two_thousand_the_best_stored_are_listed(baton: InMemoryBaton) -> None:
    """And the answer says so."""
    for n in range(LIST_MAX_LEADS + 2):
        lead = Lead(lead_id=f"LEAD{n:05d}", version=1, total=n)
        baton.world.leads.write(Lead(lead_id=lead.lead_id), lead, LeadChange())
    page = baton.get("/v1/leads?stage=lead&limit=1")
    assert page["truncated"] is True
    listed = sum(len(one) for one in pages(baton, "/v1/leads?stage=lead&limit=200", "leads"))
    assert listed == LIST_MAX_LEADS


# --- the timeline ---------------------------------------------------------------------------------


def full(baton: InMemoryBaton) -> str:
    baton.page("/", at=baton.ports.now() - timedelta(days=2), context=AD)
    baton.page("/pricing", at=baton.ports.now() - timedelta(days=1))
    baton.form("guide", consent=True, **ANN)
    baton.until_quiet()
    baton.ports.clock.tick(timedelta(minutes=1))
    baton.form("demo", **ANN)
    baton.until_quiet()
    return f"/v1/leads/{baton.lead()['lead_id']}/timeline"


def test_a_long_timeline_says_that_it_is_cut(
    baton: InMemoryBaton, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = full(baton)
    assert "truncated" not in baton.get(path)
    monkeypatch.setattr(histories, "TIMELINE_MAX_EVENTS", 2)
    listed = pages(baton, path + "?limit=1", "items")
    kinds = [item["kind"] for page in listed for item in page]
    assert sum(kind in ("page", "form", "track") for kind in kinds) == 2  # of its own
    assert {"transition", "message"} <= set(kinds)
    assert baton.get(path + "?limit=1")["truncated"] is True


def test_a_timeline_holds_everything_newest_first(baton: InMemoryBaton) -> None:
    items = baton.get(full(baton))["items"]
    assert [item["at"] for item in items] == sorted((item["at"] for item in items), reverse=True)
    assert {item["kind"] for item in items} == {
        *("page", "form", "track", "transition", "message", "sequence", "sales")
    }
    assert [item["name"] for item in items if item["kind"] == "transition"] == [
        "mql -> sql",
        "lead -> mql",
    ]
    assert all(set(item) == {"id", "at", "kind", "name", "detail"} for item in items)
    assert len({item["id"] for item in items}) == len(items)


@pytest.mark.parametrize("limit", [1, 3, 5])
def test_a_timelines_pages_together_are_the_whole_once(baton: InMemoryBaton, limit: int) -> None:
    path = full(baton)
    whole = {item["id"] for item in baton.get(path)["items"]}
    found = [item["id"] for page in pages(baton, f"{path}?limit={limit}", "items") for item in page]
    assert sorted(found) == sorted(whole)


def test_a_timelines_pages_are_stable_while_more_arrives(baton: InMemoryBaton) -> None:
    path = full(baton)
    first = baton.get(f"{path}?limit=3")
    rest = baton.get(f"{path}?cursor={first['next_cursor']}")
    baton.ports.clock.tick(timedelta(minutes=1))
    baton.page("/late", at=baton.ports.now() - timedelta(days=30))
    baton.until_quiet()
    assert baton.get(f"{path}?cursor={first['next_cursor']}") == rest


def test_a_transition_tells_its_reasons(baton: InMemoryBaton) -> None:
    path = full(baton)
    moved = next(item for item in baton.get(path)["items"] if item["name"] == "mql -> sql")[
        "detail"
    ]
    assert (moved["actor"], moved["kind"], moved["cycle"]) == ("model", "requested", 1)
    assert moved["score"] == round(sum(reason["points"] for reason in moved["reasons"]))


# --- the outbox -----------------------------------------------------------------------------------


@pytest.mark.parametrize("limit", [1, 2, 3, 50])
def test_the_outboxs_pages_together_are_the_whole_once(baton: InMemoryBaton, limit: int) -> None:
    full(baton)
    whole = baton.outbox()
    assert len(whole) == 4
    found = [item for page in pages(baton, f"/v1/outbox?limit={limit}", "items") for item in page]
    assert found == whole


def test_the_outbox_says_what_was_not_sent_and_why(baton: InMemoryBaton) -> None:
    baton.form("guide", consent=False, **ANN)
    baton.page("/blog/a")
    baton.until_quiet()
    (item,) = baton.get("/v1/outbox?state=suppressed")["items"]
    assert (item["kind"], item["via"], item["reason"], item["to"]) == (
        "nurture",
        "email",
        "no_consent",
        ANN["email"],
    )
    assert set(item) == {
        "id",
        "lead_id",
        "kind",
        "via",
        "to",
        "subject",
        "state",
        "reason",
        "detail",
        "due_at",
        "message_id",
        "held_by",
        "email",
        "email_version",
        "created_at",
    }
    assert baton.get("/v1/outbox?state=sent")["items"] == []


def test_the_outbox_says_the_subject_and_when_it_is_due(baton: InMemoryBaton) -> None:
    baton.ports.senders.answers = [Waiting(NotSentReason.SANDBOX)] * 3
    baton.form("demo", **ANN)
    baton.until_quiet()
    waiting = {item["via"]: item for item in baton.outbox()}
    assert {item["reason"] for item in waiting.values()} == {"sandbox"}
    assert all(item["due_at"] > item["created_at"] for item in waiting.values())
    baton.minutes_later(2)
    sent = {item["via"]: item for item in baton.outbox()}
    (email,) = [one for one in baton.ports.senders.sent if isinstance(one, Email)]
    assert sent["email"]["subject"] == email.subject
    assert sent["sms"]["subject"] is None
    assert {item["due_at"] for item in sent.values()} == {None}


def test_the_outbox_is_filtered(baton: InMemoryBaton) -> None:
    full(baton)
    whole = baton.outbox()
    ids = {item["lead_id"] for item in whole}
    for lead_id in ids:
        mine = [item for item in whole if item["lead_id"] == lead_id]
        found = pages(baton, f"/v1/outbox?limit=1&lead_id={lead_id}", "items")
        assert [item for page in found for item in page] == mine
    ann = [item for item in whole if item["lead_id"] == baton.world.lead_id(ANN["email"])]
    by_email = f"/v1/outbox?email={quote(str(ANN['email']))}"
    assert baton.get(by_email)["items"] == ann
    for key in ("state", "reason"):
        for value in {item[key] for item in whole} - {None}:
            alike = [item for item in whole if item[key] == value]
            found = pages(baton, f"/v1/outbox?limit=1&{key}={value}", "items")
            assert [item for page in found for item in page] == alike
            mine = [item for item in ann if item[key] == value]
            assert baton.get(f"{by_email}&{key}={value}")["items"] == mine
    assert baton.get(f"{by_email}&lead_id=another")["items"] == []
    assert baton.get("/v1/outbox?lead_id=nobody")["items"] == []


@pytest.mark.parametrize("query", ["reason=tired", "email=ann", "about=1"])
def test_an_outbox_filter_that_cannot_be_is_refused(baton: InMemoryBaton, query: str) -> None:
    answer = baton.http("GET", f"/v1/outbox?{query}", headers=TOKEN)
    assert answer.status_code == 400
    assert json.loads(answer.body)["errors"][0]["field"] == query.partition("=")[0]
