"""Notices to sales of a few leads, as their reader gets them: for tests that look at them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from chalicelib.days import zone_of
from chalicelib.delivery.marks import Mark
from chalicelib.delivery.messages import Email
from chalicelib.events import Event, Kind
from chalicelib.form_kinds import kind_facts
from chalicelib.handoff.facts import (
    Allowed,
    Colleague,
    FirstContact,
    NoticeFacts,
    NoticeReader,
    SentEmail,
    VerdictLink,
    Whereabouts,
)
from chalicelib.handoff.notice import Notices
from chalicelib.lifecycle.stages import Recorded, Stage
from tests import factories as make
from tests.fakes import NOW

PAGE = "https://k3v9x1f0ab.execute-api.eu-central-1.amazonaws.com/api/handoffs"
TOKEN = "v1.QU5OU0xFQURJRE9GVFdFTlRZU0lYQ0hBUlM.Zk2yqk6cX0aY1w"
BERLIN = zone_of("Europe/Berlin")
ALLOWED_LITTLE = Allowed(
    lines=["marketing emails: no: they agreed to nothing", "calls: nothing on record"],
    advice="agreed to nothing (DE): no advertising email; a call only with a concrete reason",
    calls="no agreement to calls (DE): a call only with a concrete reason",
)
ALLOWED_EMAILS = Allowed(
    lines=["marketing emails: yes, agreed on 22 Nov 2026", "calls: nothing on record"],
    advice="agreed to emails: write",
    calls="no agreement to calls (DE): a call only with a concrete reason",
)
ANN = {
    **make.BEST_FIT,
    "first_name": "Ann",
    "last_name": "Example",
    "phone": "+4930901820",
    "company_size": 1200,
    "budget": 25_000,
    "tools": ("Okta", "Entra ID", "a spreadsheet"),
    "wants_call": True,
}
REASONS = [
    ("seniority", "fit", 14_000, "job title is CTO"),
    ("size", "fit", 10_000, "company size is 1200"),
    ("industry", "fit", 6_000, "industry is software"),
    ("country", "fit", 4_000, "country is DE"),
    ("source", "channel", 3_000, "first came by cpc"),
    ("site-visit", "engagement", 1_743, "site visit on 2 days, 6 more not counted: at most 1 a day,"
     " 0.257 of 2 points gone with time"),
    ("guide-download", "engagement", 11_412, "guide download, 0.588 of 12 points gone with time"),
    ("pricing-page", "intent", 11_200, "visited the pricing page on 2 days"),
    ("demo-request", "intent", 30_000, "demo request on 1 day"),
    ("limit:intent", "intent", -11_200, "intent counts at most 30"),
]  # fmt: skip


def moved(reasons: Sequence[tuple[str, str, int, str]] = REASONS, **parts: Any) -> Recorded:
    """Return a transition to SQL whose total is the sum of its reasons."""
    total = sum(milli for _, _, milli, _ in reasons)
    return make.recorded(reasons=reasons, total=total, **parts)


def asked(form_id: str = "demo", message: str = "", **parts: Any) -> Event:
    """Return a form that asks for a human."""
    fields = {"message": message} if message else {}
    return make.form(form_id, fields=fields, properties=kind_facts(form_id), **parts)


DEEDS: Sequence[Event] = [
    asked("demo", "We have forty tools and an audit in March. Can we talk this week?"),
    *(make.page("/pricing", n=number, days_ago=number / 1000) for number in range(4)),
    make.event(Kind.TRACK, "Asset Downloaded", properties={"asset": "buyers-guide"}, days_ago=0.01),
    make.page("/blog/why-access-reviews-stall-and-what-helps", days_ago=4),
    make.page("/", days_ago=4.001),
]
FACTS = NoticeFacts(
    now=NOW + timedelta(minutes=2),
    reader=NoticeReader(zone=BERLIN, booking_url="https://keybook.example/book/sam"),
    profile=ANN,
    unconfirmed=sorted(ANN),
    recent=DEEDS,
    moved=moved(),
    labels={"budget": "Budget in euros", "tools": "Which tools do you use?"},
    allowed=ALLOWED_EMAILS,
    place=Whereabouts(zones=[BERLIN], name="Berlin"),
    colleagues=[
        Colleague(
            lead_id="B",
            profile={"first_name": "Bo", "last_name": "Bee", "job_title": "CFO"},
            last_day=make.day(-2),
        ),
        Colleague(lead_id="C", profile={"email": "cy@acme.example"}, last_day=make.day(-9)),
    ],
    sent=[
        SentEmail(
            subject="Before you compare tools: three questions",
            at=NOW - timedelta(days=3),
            marks=frozenset({Mark.DELIVERED, Mark.CLICKED}),
        )
    ],
    first_contact=FirstContact(due_at=NOW + timedelta(minutes=62), priority="p1"),
)
LONG_WORDS = (
    "We are a group of eleven companies in five countries, and every one of them reviews who may do"
    " what in another way.\nOur auditors found 1,204 accounts of people who had left.\n"
    "Could you show us how you would handle SAP, and what it costs for 4,500 people?"
)
INFERRED = make.recorded(
    transition=make.transition(Stage.SQL, kind="inferred"),
    reasons=REASONS[:-2],
    total=sum(milli for _, _, milli, _ in REASONS[:-2]),
    band="very-hot",
)
EXAMPLES: Mapping[str, NoticeFacts] = {
    "handoff#1#email": FACTS,
    "handoff#2#email": replace(
        FACTS,
        profile={
            **ANN,
            "first_name": "Maximiliane-Charlotte",
            "last_name": "Freifrau von und zu Beispielhausen",
            "job_title": "Head of Information Security and Identity Governance",
            "company": "Donaudampfschifffahrtsgesellschaft mbH & Co. KG",
            "email": "maximiliane-charlotte.freifrau@donaudampfschifffahrt.example",
        },
        recent=[asked("demo", LONG_WORDS), *DEEDS[1:]],
        place=Whereabouts(zones=[zone_of("America/New_York"), BERLIN], name="United States"),
        unconfirmed=["email", "budget"],
    ),
    "handoff#3#email": replace(
        FACTS,
        moved=INFERRED,
        recent=DEEDS[1:],
        allowed=ALLOWED_LITTLE,
        first_contact=None,
        reader=NoticeReader(zone=BERLIN),
    ),
    "handoff#4#email": NoticeFacts(
        now=NOW, profile={"email": "jo@gmail.com"}, unconfirmed=["email"], recent=DEEDS[:1],
        moved=moved(REASONS[-2:-1]),
    ),
    "triage#1#email#message#2026-11-22": replace(FACTS, moved=None, sent=[], colleagues=[]),
    "triage#1#email#2026-11-22": replace(FACTS, moved=None),
    "triage#1#email": replace(FACTS, moved=None),
    "triage#1#email#active#2026-11-22": replace(FACTS, moved=None, recent=DEEDS[1:]),
    "warning#1#competitor": replace(FACTS, moved=None, recent=DEEDS[1:]),
    "correction#1#email": replace(
        FACTS,
        moved=make.recorded(
            transition=make.transition(Stage.LEAD, Stage.SQL, why="taken back: our own test")
        ),
    ),
}  # fmt: skip
"""Leads by the keys of the notices about them."""


def verdict_url(_notice: object, link: VerdictLink) -> str:
    """Return an address as long as a real one."""
    return f"{PAGE}/{TOKEN}" + ("" if link is VerdictLink.PAGE else f"?verdict={link}")


def notice_of(key: str, facts: NoticeFacts | None = None) -> Email:
    """Return a notice of one of the examples, or of other facts, as an email."""
    known = facts or EXAMPLES[key]
    notices = Notices(facts=lambda _message: known, verdict_url=verdict_url)
    email = notices.compose(make.handoff_message(key=key))
    assert isinstance(email, Email)
    return email
