"""The private list of what sales answered to handoffs, with what it adds up to."""

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from chalice.app import Blueprint, Request, Response

from chalicelib.access.tokens import Role
from chalicelib.days import day_of, start_of
from chalicelib.errors import FieldError, InputError
from chalicelib.events import rfc3339
from chalicelib.http.auth import private
from chalicelib.http.exchange import private_answer, query_of
from chalicelib.limits import VERDICTS_MAX
from chalicelib.wiring.world import world

if TYPE_CHECKING:
    from chalicelib.handoff.verdicts import GivenVerdict

verdicts = Blueprint(__name__)

DAYS_SHOWN = 30  # without `from`


@private(verdicts, "/v1/verdicts", Role.MARKETER, query=["from", "to"])
def list_verdicts(request: Request) -> Response:
    """Return the verdicts of the days from `from` to `to`, newest first, and their figures."""
    from chalicelib.handoff.verdict_counts import count_verdicts
    from chalicelib.store.verdicts import verdicts_between

    query = query_of(request)
    zone = world().models.active(0).zone
    last = _day_in(query, "to", day_of(world().ports.now(), zone))
    first = _day_in(query, "from", last - timedelta(days=DAYS_SHOWN - 1))
    if first > last:
        raise InputError(FieldError("from", "must not be after `to`"))
    begin = start_of(first, zone)
    end = start_of(last + timedelta(days=1), zone)
    found = verdicts_between(world().ports.table, begin, end, VERDICTS_MAX + 1)
    shown = found[:VERDICTS_MAX]
    counts = count_verdicts(shown)
    return private_answer(
        {
            "from": first.isoformat(),
            "to": last.isoformat(),
            "accepted": counts.accepted,
            "rejected": counts.rejected,
            "reasons": counts.reasons,
            "forms": counts.forms,
            "domains": counts.domains,
            "warnings": list(counts.warnings),
            "verdicts": list(map(_shown_verdict, shown)),
            "truncated": len(found) > VERDICTS_MAX,
        }
    )


def _shown_verdict(given: "GivenVerdict") -> dict[str, Any]:
    return {
        "lead_id": given.lead_id,
        "cycle": given.cycle,
        "verdict": given.verdict.value,
        "by": given.by,
        "at": rfc3339(given.at),
        "reason": given.reason,
        "until": given.until.isoformat() if given.until else None,
        "who": given.who or None,
        "attempts": given.attempts,
        "note": given.note or None,
        "domain": given.domain or None,
        "form": given.form or None,
    }


def _day_in(query: dict[str, str], name: str, otherwise: date) -> date:
    text = query.get(name)
    try:
        day = date.fromisoformat(text) if text else otherwise
    except ValueError:
        day = None
    if day is None or (text and day.isoformat() != text):
        raise InputError(FieldError(name, "must be a date, for example 2026-12-31"))
    return day
