"""The default world of a unit test: one model, one day, and short names for what a lead did and
said.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any

from chalicelib.authoring.format import load
from chalicelib.clock.tasks import Due
from chalicelib.consent.consent import Proof
from chalicelib.consent.mailbox import Mailbox, mailbox_of
from chalicelib.delivery.message_keys import parse_key
from chalicelib.delivery.outbox import OutboxMessage, Via, planned
from chalicelib.events import Event, Kind, Rank, Value, event_id, lead_partition, visitor_partition
from chalicelib.handoff.handoff import Handoff, HandoffState, Priority
from chalicelib.leads.lead import Lead
from chalicelib.lifecycle.stages import Actor, Recorded, Stage, Standing, Transition
from chalicelib.qualify.reactions import Moved
from chalicelib.scoring.by_hand import GivenPoints
from chalicelib.scoring.evidence import Evidence
from chalicelib.scoring.model import Model
from chalicelib.scoring.profile import Known, Profile
from chalicelib.scoring.score import Score, score
from chalicelib.scoring.tally import Tally
from chalicelib.scoring.touches import Touch, Touches
from chalicelib.store.due import DueList
from chalicelib.store.table import Table
from chalicelib.wiring.due import DUE_TASKS
from tests.baton import model_document
from tests.fakes import NOW, SECRETS

LEAD_ID = "ANNSLEADIDOFTWENTYSIXCHARS"
VISITOR = visitor_partition("v1")
TODAY = NOW.date()
MINUTE = timedelta(minutes=1)

# A person whose fit is 40, the maximum.
BEST_FIT: Mapping[str, Value] = {
    "email": "ann@acme.example",
    "job_title": "CTO",
    "company_size": 120,
    "industry": "software",
    "country": "DE",
    "phone": "+49 30 901820",
    "company": "Acme",
}


@cache
def model() -> Model:
    return load(model_document(), 1)


def mailbox(address: str) -> Mailbox:
    """Return the mailbox of an address, as the deployment of the tests names it."""
    return mailbox_of(SECRETS["identity"].encode(), address)


def proof(text: str = "the sentence", at: datetime = NOW, **parts: Any) -> Proof:
    """Return the proof of a ticked box that came with the lead's form."""
    known = {"event_id": event_id(lead_partition(LEAD_ID), at, text), "form": "demo"}
    return Proof(at=at, text=text, **{**known, **parts})


def event(
    kind: Kind = Kind.PAGE,
    name: str = "",
    *,
    partition: str = VISITOR,
    n: int = 0,
    days_ago: float = 0,
    at: datetime | None = None,
    captured_at: datetime | None = None,
    **parts: Any,
) -> Event:
    """Return an event of some days ago, captured at once. n: tells equal events apart."""
    happened = at or NOW - timedelta(days=days_ago)
    return Event(
        partition=partition,
        id=event_id(partition, happened, f"{kind}/{name}/{n}"),
        kind=kind,
        name=name,
        at=happened,
        captured_at=captured_at or happened,
        **parts,
    )


def page(path: str = "/", **parts: Any) -> Event:
    """Return a page view."""
    return event(Kind.PAGE, properties={"path": path}, **parts)


def download(asset: str, **parts: Any) -> Event:
    """Return a download of an asset."""
    return event(Kind.TRACK, "Asset Downloaded", properties={"asset": asset}, **parts)


def form(form_id: str = "demo", **parts: Any) -> Event:
    """Return a form submission of the lead."""
    return event(Kind.FORM, form_id, **{"partition": lead_partition(LEAD_ID), **parts})


def profile(facts: Mapping[str, Value] = BEST_FIT, rank: Rank = Rank.FORM) -> Profile:
    """Return a profile whose facts were all said just now."""
    return {
        name: (Known(rank, at=NOW, event_id="e", value=value),) for name, value in facts.items()
    }


def came_by(medium: str) -> Touches:
    """Return the touches of a person who came once, by a medium."""
    touch = Touch(NOW, "e", "somewhere", medium, "")
    return Touches(touch, touch)


def seen(keys: Mapping[str, Mapping[str, int]] | None = None, **days_ago: Any) -> Tally:
    """Return a tally.

    days_ago: signal, with _ for -, -> a list of days ago, or days ago -> count; keys: signal -> key
    -> days ago.
    """
    today = TODAY.toordinal()
    days = {
        signal.replace("_", "-"): {
            today - ago: number
            for ago, number in (when if isinstance(when, dict) else dict.fromkeys(when, 1)).items()
        }
        for signal, when in days_ago.items()
        if when  # a tally holds no signal that was never seen
    }
    distinct = {
        signal: {key: today - ago for key, ago in cells.items()}
        for signal, cells in (keys or {}).items()
    }
    return Tally(days, distinct)


def worth(tally: Tally = Tally(), disqualifiers: Sequence[str] = (), **values: int) -> Score:
    """Return today's score: its groups have the given points, and it is based on the tally.

    values: points by group, and of the total `score` and the sum `activity`.
    """
    milli = dict.fromkeys(("score", "fit", "channel", "engagement", "intent", "activity"), 0)
    milli |= {name: points * 1000 for name, points in values.items()}
    total = milli.pop("score")
    activity = milli.pop("activity")
    return Score(
        TODAY, 1, total, milli, {"activity": activity}, "A", (), tally, tuple(disqualifiers)
    )


def lead(**parts: Any) -> Lead:
    """Return a lead."""
    return Lead(**{"lead_id": LEAD_ID, **parts})


def standing(stage: Stage, days_ago: int = 30, **parts: Any) -> Standing:
    """Return the standing of a lead that entered its stage some days ago."""
    return Standing(stage=stage, entered_on=day(-days_ago), **parts)


def transition(target: Stage = Stage.MQL, origin: Stage = Stage.LEAD, **parts: Any) -> Transition:
    """Return a transition of today, made by the model."""
    known = {"kind": None, "why": "fit at least 20", "cycle": 1, "actor": Actor.MODEL, "on": TODAY}
    return Transition(**{"origin": origin, "target": target, **known, **parts})


def moved(target: Stage = Stage.MQL, version: int = 1, **parts: Any) -> Moved:
    """Return a transition as it is written, of somebody whose fit is 40 and who did nothing."""
    return Moved(
        transition(target, **parts),
        score(model(), Evidence(profile(), Touches(), Tally()), TODAY),
        NOW,
        version,
    )


def recorded(**parts: Any) -> Recorded:
    """Return a transition to sql as it is read, with two reasons."""
    reasons = [
        ("demo-request", "intent", 30_000, "demo request on 1 day"),
        ("blog", "engagement", 2_500, "blog"),
    ]
    moved_to = transition(
        Stage.SQL, kind="requested", why="demo request within 14 days, fit at least -15"
    )
    known = {
        "transition": moved_to,
        "version": 1,
        "at": NOW,
        "model_version": 1,
        "total": 90_000,
        "grade": "A",
    }
    return Recorded(**{**known, "reasons": reasons, **parts})


def whole_lead(**parts: Any) -> Lead:
    """Return a lead that has a value for everything that is stored about a lead."""
    known = {
        "version": 1,
        "profile": profile(),
        "touches": Touches(
            Touch(NOW, "e", "google", "cpc", "spring"), Touch(NOW + MINUTE, "f", "news", "", "")
        ),
        "tally": seen(blog={0: 2, 3: 1}, keys={"guide-download": {"aabbccdd": 1}}),
        "standing": Standing(stage=Stage.MQL, cycle=2, entered_on=TODAY, owner="sam"),
        "given": (
            GivenPoints(NOW, "g", 2_500, "a talk at the fair: später"),
            GivenPoints(NOW, "h", -40_000, "no budget", day(30), "intent"),
        ),
        "counted": {b"12345678": 497_000, b"\x00\xff345678": 497_001},
        "review_on": day(3),
        "total": 60_123,
        "model_version": 4,
        "activation": 6,
        "matching": "0123456789abcdef",
        "created_at": NOW,
        "updated_at": NOW + MINUTE,
        "replayed_at": NOW,
    }
    return lead(**{**known, **parts})


def nurture_message(key: str = "nurture#1#welcome#1", **parts: Any) -> OutboxMessage:
    """Return a planned email."""
    known = {"via": Via.EMAIL, "to": "ann@acme.example", "email": "welcome"}
    about = {"lead_id": LEAD_ID, "key": parse_key(key), "about": 1, "now": NOW}
    return planned(**{**about, **known, **parts})


def handoff_message(via: Via = Via.EMAIL, *, key: str | None = None, **parts: Any) -> OutboxMessage:
    """Return a planned notice of a handoff."""
    to = {
        Via.EMAIL: "sam@keybook.example",
        Via.SMS: "+4930901821",
        Via.SNS: None,
        Via.WEBHOOK: "slack",
    }[via]
    means = parse_key(key or f"handoff#1#{via}")
    known = {"lead_id": LEAD_ID, "key": means, "via": via, "to": to, "about": 1, "now": NOW}
    return planned(**{**known, **parts})


def handoff(**parts: Any) -> Handoff:
    """Return an open handoff to Sam."""
    known: dict[str, Any] = {
        "lead_id": LEAD_ID,
        "cycle": 1,
        "kind": "requested",
        "state": HandoffState.OPEN,
        "priority": Priority.P1,
        "owner": "sam",
        "about": 1,
        "created_at": NOW,
        "opened_at": NOW,
    }
    return Handoff(**{**known, **parts})


def day(days_ahead: int) -> date:
    """Return a day, counted from today."""
    return TODAY + timedelta(days=days_ahead)


def all_due(table: Table, now: datetime) -> list[Due]:
    """Return all that is due, place by place."""
    return [due for place in DueList(table, DUE_TASKS).places(now) for due in place]
