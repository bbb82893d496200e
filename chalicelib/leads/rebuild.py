"""Rebuild: how a lead as it is kept differs from the lead replayed from all its events."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from chalicelib.days import zone_of
from chalicelib.leads.lead import Lead
from chalicelib.scoring import profile as profiles
from chalicelib.scoring.by_hand import live_on
from chalicelib.scoring.matching import REQUESTS
from chalicelib.scoring.profile import Known, shown
from chalicelib.scoring.tally import Tally, within_horizon


@dataclass(frozen=True, slots=True)
class LeadDifference:
    """One part of a lead that differs."""

    part: str
    """For example `tally.pricing-page`."""
    kept: Any
    rebuilt: Any


def compare_leads(kept: Lead, rebuilt: Lead, today: date) -> list[LeadDifference]:
    """Return where a kept lead differs from the rebuilt one.

    Compared are profile and who said it, answers, points by hand, whether emails are stopped,
    touches, the tally of the last 400 days, and by which matching it was counted: a lead that no
    model has caught up with differs, even one that did nothing. So does one that is stored in an
    older schema (ADR 0027).
    """
    zone = zone_of(rebuilt.zone)
    ours, theirs = (shown(profiles.remembered(one.profile, today, zone)) for one in (kept, rebuilt))
    pairs = [
        ("profile", _values(ours), _values(theirs)),
        ("ranks", _ranks(ours), _ranks(theirs)),
        ("answers", _values(kept.answers), _values(rebuilt.answers)),
        ("given", _given(kept, today), _given(rebuilt, today)),
        ("emails", _emails(kept), _emails(rebuilt)),
        ("touches", _touches(kept), _touches(rebuilt)),
        ("tally", _cells(kept.tally, today), _cells(rebuilt.tally, today)),
        ("matching", _matchings(kept), _matchings(rebuilt)),
        ("schema", {"stored": "older"} if kept.is_outdated else {}, {}),
    ]
    return [one for part, ours, theirs in pairs for one in _different(part, ours, theirs)]


def _different(
    part: str, kept: Mapping[str, Any], rebuilt: Mapping[str, Any]
) -> Iterator[LeadDifference]:
    for name in sorted(kept.keys() | rebuilt.keys()):
        if kept.get(name) != rebuilt.get(name):
            yield LeadDifference(f"{part}.{name}", kept.get(name), rebuilt.get(name))


def _values(known: Mapping[str, Any]) -> dict[str, Any]:
    return {name: one.value for name, one in known.items()}


def _ranks(known: Mapping[str, Known]) -> dict[str, str]:
    return {name: one.rank.name.lower() for name, one in known.items()}


def _given(lead: Lead, today: date) -> dict[str, Any]:
    return {
        one.event_id: [one.milli, one.reason, str(one.until), one.group]
        for one in live_on(lead.given, today)
    }


def _emails(lead: Lead) -> dict[str, bool]:
    return {"stopped": lead.emails.stop} if lead.emails else {}


def _touches(lead: Lead) -> dict[str, Any]:
    touches = lead.touches
    named = [("first", touches.first), ("last", touches.last)]
    named += [(f"recent.{place}", one) for place, one in enumerate(touches.recent)]
    found: dict[str, Any] = {
        name: [touch.source, touch.medium, touch.campaign, touch.at.isoformat()]
        for name, touch in named
        if touch
    }
    found |= {"zone": touches.zone.name} if touches.zone else {}
    return found | ({"channel": touches.channel} if touches.channel else {})


def _cells(tally: Tally, today: date) -> dict[str, Any]:
    """Return the cells of each signal, with days as texts.

    A cell is day -> count; for a distinct signal, key -> day.
    """
    seen = within_horizon(tally, today.toordinal())
    days = {
        signal: {_day(day): number for day, number in cells.items()}
        for signal, cells in seen.days.items()
        if signal != REQUESTS  # no score rests on it, and it changes with the ways into sql
    }
    keys = {
        signal: {key: _day(day) for key, day in cells.items()}
        for signal, cells in seen.keys.items()
    }
    return {**keys, **days}


def _matchings(lead: Lead) -> dict[str, Any]:
    since = lead.standing.since
    return {"tally": lead.matching} | ({"since": since.matching} if since else {})


def _day(day: int) -> str:
    return date.fromordinal(day).isoformat()
