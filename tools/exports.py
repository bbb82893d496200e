"""The format of an export, which `make simulate` works on: lines of JSON.

The first line holds the active model and the routing, every other line what scoring and the
lifecycle know about a lead: profile, touches, tally and standing. That is personal data.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from chalicelib.days import UTC_NAME
from chalicelib.events import EPOCH, Rank, Value
from chalicelib.leads.lead import Lead
from chalicelib.lifecycle.stages import Outcome, Stage, Standing
from chalicelib.publishing.versions import Active
from chalicelib.scoring.profile import Known, shown, unconfirmed
from chalicelib.scoring.tally import Since, Tally
from chalicelib.scoring.touches import Touch, Touches


def header_of(
    model: Mapping[str, Any], active: Active | None, routing: Mapping[str, Any] | None
) -> dict[str, Any]:
    """Return the first line of an export: the active model, its version and zone, the routing."""
    return {
        "model": model,
        "version": active.version if active else 0,
        "zone": active.zone if active else UTC_NAME,
        "routing": routing,
    }


def line_of(lead: Lead) -> dict[str, Any]:
    """Return a lead as a line of an export."""
    standing = lead.standing
    known = sorted(shown(lead.profile).items())
    return {
        "lead_id": lead.lead_id,
        "profile": {name: one.value for name, one in known},
        "said": {
            name: {"rank": one.rank.name.lower(), "at": one.at.isoformat()} for name, one in known
        },
        "unconfirmed": unconfirmed(dict(known)),
        "touches": [_touch(one) for one in (lead.touches.first, lead.touches.last)],
        "tally": _cells(lead.tally),
        "matching": lead.matching,
        "stage": standing.stage.value,
        "kind": standing.kind,
        "cycle": standing.cycle,
        "entered_on": _iso(standing.entered_on),
        "owner": standing.owner,
        "by_person": standing.by_person,
        "rest_until": _iso(standing.rest_until),
        "since": {
            "day": _text(standing.since.day or 1),
            "already_counted": _cells(standing.since.already_counted),
        }
        if standing.since
        else None,
        "overrides": list(standing.overrides),
        "outcome": standing.outcome,
        "handed_on": _iso(standing.handed_on),
    }


def lead_of(line: Mapping[str, Any]) -> Lead:
    """Return the lead of a line.

    Raise KeyError, TypeError or ValueError for a line that does not belong to an export.
    """
    said = line.get("said", {})
    first, last = (_touch_of(one) for one in line["touches"])
    since = line["since"]
    return Lead(
        lead_id=str(line["lead_id"]),
        version=1,
        profile={name: (_known(said.get(name), value),) for name, value in line["profile"].items()},
        touches=Touches(first, last),
        tally=_tally(line["tally"]),
        matching=str(line["matching"]),
        standing=Standing(
            stage=Stage(line["stage"]),
            kind=line["kind"],
            cycle=int(line["cycle"]),
            entered_on=_day(line["entered_on"]),
            owner=line["owner"],
            by_person=bool(line["by_person"]),
            rest_until=_day(line["rest_until"]),
            since=Since(_ordinal(since["day"]), _tally(since["already_counted"]))
            if since
            else None,
            overrides=tuple(line["overrides"]),
            outcome=Outcome(line["outcome"]) if line["outcome"] else None,
            handed_on=_day(line["handed_on"]),
        ),
    )


def _cells(tally: Tally) -> dict[str, Any]:
    days = {
        signal: {_text(day): number for day, number in cells.items()}
        for signal, cells in tally.days.items()
    }
    keys = {
        signal: {key: _text(day) for key, day in cells.items()}
        for signal, cells in tally.keys.items()
    }
    return {"days": days, "keys": keys}


def _tally(cells: Mapping[str, Any]) -> Tally:
    return Tally(
        {
            signal: {_ordinal(day): int(n) for day, n in days.items()}
            for signal, days in cells["days"].items()
        },
        {
            signal: {key: _ordinal(day) for key, day in keys.items()}
            for signal, keys in cells["keys"].items()
        },
    )


def _touch(touch: Touch | None) -> dict[str, Any] | None:
    if touch is None:
        return None
    return {
        "at": touch.at.isoformat(),
        "source": touch.source,
        "medium": touch.medium,
        "campaign": touch.campaign,
        "rank": touch.rank.name.lower(),
    }


def _touch_of(touch: Mapping[str, Any] | None) -> Touch | None:
    if touch is None:
        return None
    return Touch(
        datetime.fromisoformat(touch["at"]),
        "",
        touch["source"],
        touch["medium"],
        touch["campaign"],
        _rank(touch.get("rank", "form")),
    )


def _known(said: Mapping[str, str] | None, value: Value) -> Known:
    """Return a value with who said it and when, which exports did not always have."""
    if said is None:
        return Known(Rank.FORM, EPOCH, "", value)
    return Known(_rank(said["rank"]), datetime.fromisoformat(said["at"]), "", value)


def _rank(name: str) -> Rank:
    return Rank[name.upper()]


def _text(day: int) -> str:
    return date.fromordinal(day).isoformat()


def _ordinal(day: str) -> int:
    return date.fromisoformat(day).toordinal()


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
