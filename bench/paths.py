"""What matching is measured on: fifty signals of all sorts, and events on ten thousand pages."""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from chalicelib.events import Event, Kind, Value, event_id, visitor_partition
from chalicelib.scoring.compile import compile_model
from chalicelib.scoring.model import Model

PATHS = 10_000
DAYS = 60
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
VISITOR = visitor_partition("bench")

PREFIXES = [
    ["/blog/*", "/resources/*"],
    ["/product*", "/features*", "/integrations*", "/security*"],
    ["/customers/*", "/case-studies/*"],
    ["/plans*"],
    ["/compare/*", "/vs/*", "/roi*"],
    ["/careers*", "/jobs*"],
    ["/login*", "/support/*"],
    ["/docs/*", "/api/*"],
    ["/webinars/*"],
    ["/events/*", "/meetups/*"],
    ["/partners/*"],
    ["/press/*", "/news/*"],
    ["/de/*", "/fr/*", "/pl/*"],
    ["/solutions/retail*", "/solutions/finance*"],
    ["/academy/*"],
    ["/legal/*", "/privacy*", "/terms*"],
]
EXACT = [
    ["/"],
    ["/pricing", "/preise"],
    ["/contact"],
    ["/demo", "/trial"],
    ["/about", "/team", "/company"],
]
SUFFIXES = [
    ["*-datasheet", "*-rfp"],
    ["*.pdf"],
    ["*/thank-you"],
    ["*-guide", "*-report", "*-whitepaper"],
]
MIDDLES = [["/docs/*/install"], ["*checkout*"], ["/*/pricing"], ["/webinars/*/replay/*"]]
CAMPAIGNS: list[dict[str, list[str]]] = [
    {"medium": ["cpc", "paid*"]},
    {"medium": ["email"]},
    {"medium": ["social", "organic*"]},
    {"campaign": ["spring*"]},
    {"campaign": ["*launch*"]},
    {"source": ["google", "bing"]},
]
ACTS: list[dict[str, Any]] = [
    {"on": "track", "event": "Asset Downloaded", "where": {"asset": ["*-guide", "*-report"]}},
    {"on": "track", "event": "Asset Downloaded", "where": {"asset": ["*-datasheet", "*-rfp"]}},
    {"on": "track", "event": "Webinar Attended"},
    {"on": "track", "event": "Product *"},
    {"on": "track", "event": "Cart Viewed"},
    {"on": "track", "event": "Meeting Booked"},
    {"on": "track", "event": "Video Played"},
    {"on": "form", "form": ["demo", "trial"]},
    {"on": "form", "form": ["contact", "callback", "quote"]},
    {"on": "form", "form": ["newsletter"]},
    {"on": "form", "where": {"message": ["*urgent*", "*asap*", "*this month*"]}},
    {"on": "mail", "event": "clicked"},
    {"on": "mail", "event": "bounced", "where": {"kind": ["hard"]}},
]
VIEWS: list[dict[str, Any]] = [
    {},
    *({"path": paths} for paths in (*PREFIXES, *EXACT, *SUFFIXES, *MIDDLES)),
    *CAMPAIGNS,
    {"path": ["/pricing*", "/plans*"], "medium": ["cpc"]},
]
SIGNALS = {
    f"s{number}": signal
    for number, signal in enumerate([*({"on": "page", "where": where} for where in VIEWS), *ACTS])
}
ROOTS = ["/", "/pricing", "/contact", "/demo", "/about"]
SECTIONS = [path.rstrip("*") for paths in PREFIXES for path in paths] + [
    "/imprint/",
    "/shop/",
    "/a/b/",
    "/User/",
]
ENDS = [
    "",
    "",
    "",
    "",
    "-guide",
    "-datasheet",
    ".pdf",
    "/thank-you",
    "/install",
    "/replay/1",
    "/checkout/2",
    "/pricing",
]
NAMES = [
    "Asset Downloaded",
    "Webinar Attended",
    "Product Added",
    "Product Viewed",
    "Meeting Booked",
    "Scrolled",
]
FORMS = ["demo", "contact", "newsletter", "tour", "webinar"]
MEDIUMS = ["cpc", "Paid-Social", "email", "social", "referral"]


def model() -> Model:
    """Return a model of fifty signals with one rule each."""
    document = {
        "name": "fifty signals",
        "signals": SIGNALS,
        "rules": {"actions": {name: {"points": 1} for name in SIGNALS}},
        "groups": {"engagement": {"min": 0, "max": 100}},
        "grades": {},
        "stages": {"mql": {"any": [{"score": 50}]}, "sql": {"any": [{"score": 70}]}},
    }
    return compile_model(document, 1)


def events() -> list[Event]:
    """Return ten thousand page views and two thousand other events, spread over sixty days.

    Every page view has a path of its own.
    """
    drawn = random.Random(1)
    pages = [_page(drawn, number) for number in range(PATHS)]
    return pages + [_act(drawn, number) for number in range(PATHS // 5)]


def _page(drawn: random.Random, number: int) -> Event:
    if number < len(ROOTS):
        path = ROOTS[number]
    else:
        section = drawn.choice(SECTIONS)
        word = drawn.choice(["Why", "how", "what"])
        path = f"{section}{word}-{number}{drawn.choice(ENDS)}"
    campaign = {
        "source": "google",
        "medium": drawn.choice(MEDIUMS),
        "name": drawn.choice(["Spring", "big-launch-2"]),
    }
    return _event(drawn, Kind.PAGE, "", number, {"path": path}, campaign if number % 5 == 0 else {})


def _act(drawn: random.Random, number: int) -> Event:
    kind = drawn.choice([Kind.TRACK, Kind.TRACK, Kind.FORM, Kind.MAIL])
    names = {Kind.TRACK: NAMES, Kind.FORM: FORMS, Kind.MAIL: ["clicked", "bounced", "delivered"]}[
        kind
    ]
    more: dict[Kind, dict[str, Value]] = {
        Kind.TRACK: {"asset": f"{number}{drawn.choice(ENDS)}"},
        Kind.FORM: {"message": f"Please call me {drawn.choice(['ASAP', 'some day'])}"},
        Kind.MAIL: {"kind": drawn.choice(["hard", "soft"])},
    }
    return _event(drawn, kind, drawn.choice(names), number, more[kind], {})


def _event(
    drawn: random.Random,
    kind: Kind,
    name: str,
    number: int,
    properties: Mapping[str, Value],
    campaign: Mapping[str, str],
) -> Event:
    at = NOW - timedelta(days=drawn.random() * DAYS)
    return Event(
        partition=VISITOR,
        id=event_id(VISITOR, at, f"{kind}{number}"),
        kind=kind,
        name=name,
        at=at,
        captured_at=at,
        properties=properties,
        campaign=campaign,
    )
