"""The private endpoints of access: tokens, and the journal of what our own people did."""

import re
from datetime import UTC, date, datetime, timedelta
from http import HTTPStatus
from typing import Any

from chalice.app import Blueprint, Request, Response

from chalicelib.access.journal import JournalEntry
from chalicelib.access.tokens import AccessToken, Role
from chalicelib.days import day_of
from chalicelib.errors import FieldError, InputError
from chalicelib.events import rfc3339
from chalicelib.http.auth import caller_of, private
from chalicelib.http.exchange import private_answer, query_of, shape_of
from chalicelib.http.sales import LIST_PARAMETERS, limit_in
from chalicelib.limits import JOURNAL_KEPT_DAYS
from chalicelib.wiring.world import world

access = Blueprint(__name__)

PLACE_OF_ENTRY = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})T[0-9:.]{12}Z#[A-Za-z0-9-]{1,64}")
DAY_TEXT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")  # Python reads other forms, too
DAYS_AT_ONCE = 31
"""Of the journal: as many partitions may be read for one page."""


@private(access, "/v1/tokens", Role.ADMIN)
def list_tokens(_request: Request) -> Response:
    """Return all tokens, also those that no longer hold, the newest first, without their texts."""
    now = world().ports.now()
    return private_answer({"tokens": [_shown(one, now) for one in world().access.tokens()]})


@private(access, "/v1/tokens", Role.ADMIN, methods=["POST"])
def create_token(request: Request) -> Response:
    """Make a token. The answer is the only place where its text ever stands."""
    from chalicelib.http.token_request import TokenRequest, check_person

    asked = shape_of(TokenRequest, request)
    check_person(asked, world().documents.get("routing"), world().ports.now())
    token, text = world().access.create(
        name=asked.name,
        role=asked.role,
        person=asked.person,
        expires_at=asked.expires_at,
        author=caller_of(request).name,
    )
    return private_answer({**_shown(token, world().ports.now()), "token": text}, HTTPStatus.CREATED)


@private(access, "/v1/tokens/{token_id}", Role.ADMIN, methods=["DELETE"])
def revoke_token(_request: Request, token_id: str) -> Response:
    """Take a token back; from the next request on it is refused."""
    token = world().access.revoke(token_id)
    return private_answer(_shown(token, world().ports.now()))


@private(access, "/v1/audit", Role.ADMIN, query=["from", "to", *LIST_PARAMETERS])
def read_journal(request: Request) -> Response:
    """Return what our own people did, newest first: of the days (in UTC) from `from` to `to`."""
    from chalicelib.reading.cursor import from_cursor, to_cursor

    query = query_of(request)
    today = day_of(world().ports.now(), UTC)
    last = _day_in(query, "to", today)
    first = _day_in(query, "from", last - timedelta(days=DAYS_AT_ONCE - 1))
    if not timedelta(0) <= last - first < timedelta(days=DAYS_AT_ONCE):
        words = f"must be at most {DAYS_AT_ONCE - 1} days before `to`, and not after it"
        raise InputError(FieldError("from", words))
    cursor = query.get("cursor")
    before = from_cursor(cursor, (str,))[0] if cursor else ""
    last = min(last, _day_of_place(before)) if before else last
    limit = limit_in(query)
    found = _entries(first, last, before, limit + 1)
    page = found[:limit]
    return private_answer(
        {
            "entries": [_shown_entry(entry) for _, entry in page],
            "next_cursor": to_cursor([page[-1][0]]) if len(found) > limit else None,
        }
    )


def _entries(first: date, last: date, before: str, most: int) -> list[tuple[str, JournalEntry]]:
    """Return entries of some days, newest first, each with its place."""
    found: list[tuple[str, JournalEntry]] = []
    day = last
    while day >= first and len(found) < most:
        found += world().journal_items.of_day(day, before, most - len(found))
        day -= timedelta(days=1)
        before = ""
    return found


def _day_of_place(place: str) -> date:
    """Return the day of an entry's place. Raise InputError for what no entry stands at."""
    found = PLACE_OF_ENTRY.fullmatch(place)
    try:
        return date.fromisoformat(found[1] if found else "")
    except ValueError:
        raise InputError(FieldError("cursor", "is not one that this list gave out")) from None


def _day_in(query: dict[str, str], name: str, otherwise: date) -> date:
    text = query.get(name)
    if text is None:
        return otherwise
    try:
        day = date.fromisoformat(text if DAY_TEXT.fullmatch(text) else "")
    except ValueError:
        day = None
    kept_from = day_of(world().ports.now(), UTC) - timedelta(days=JOURNAL_KEPT_DAYS)
    if day is None or day < kept_from:
        words = f"must be a date of the last {JOURNAL_KEPT_DAYS} days, for example 2026-12-31"
        raise InputError(FieldError(name, words))
    return day


def _shown(token: AccessToken, now: datetime) -> dict[str, Any]:
    return {
        "id": token.id,
        "name": token.name,
        "role": token.role.value,
        "person": token.person,
        "holds": token.holds(now),
        "created_at": rfc3339(token.created_at),
        "created_by": token.created_by or None,
        "expires_at": rfc3339(token.expires_at) if token.expires_at else None,
        "revoked_at": rfc3339(token.revoked_at) if token.revoked_at else None,
    }


def _shown_entry(entry: JournalEntry) -> dict[str, Any]:
    return {
        "at": rfc3339(entry.at.astimezone(UTC)),
        "caller": entry.caller,
        "role": entry.role.value,
        "token": entry.token,
        "route": entry.route,
        "ids": dict(entry.ids),
        "status": entry.status,
    }
