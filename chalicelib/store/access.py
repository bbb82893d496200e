"""The stores of tokens and of the journal."""

import json
from collections.abc import Sequence
from datetime import UTC, date

from chalicelib.access.journal import JournalEntry
from chalicelib.access.tokens import AccessToken, Role
from chalicelib.days import day_of
from chalicelib.events import rfc3339
from chalicelib.limits import ENDED_TOKENS_KEPT_DAYS, JOURNAL_KEPT_DAYS
from chalicelib.store import keys
from chalicelib.store.attributes import milliseconds, time_in, without_absent
from chalicelib.store.expiry import expires_after
from chalicelib.store.table import ABSENT, GUARDED, Item, Put, Table


class AccessTokens:
    """Reads and writes tokens."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def one(self, token_id: str) -> AccessToken | None:
        """Return the token of an id, None when there is none."""
        item = self._table.get(keys.ACCESS, token_id)
        return _token_of(item) if item else None

    def every(self, most: int) -> list[AccessToken]:
        """Return the tokens, at most so many."""
        return list(map(_token_of, self._table.query(keys.ACCESS, limit=most)))

    def put(self, before: AccessToken | None, after: AccessToken) -> None:
        """Write a token. Raise ConflictError when it is not as it was read."""
        expect = {"version": before.version} if before else ABSENT
        self._table.write(Put(_token_item(after), expect))


class JournalItems:
    """Writes and lists what our own people did."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def write(self, entry: JournalEntry) -> None:
        """Write an entry, over what it was before."""
        # Without a condition: its id is its own, and only its worker completes it.
        self._table.write(Put(_journal_item(entry), GUARDED))

    def of_day(self, day: date, before: str, most: int) -> Sequence[tuple[str, JournalEntry]]:
        """Return entries of a day in UTC, newest first, each with its place.

        before: the place to go on from, or empty.
        """
        partition = keys.journal(day)
        found = self._table.query(partition, last=before, newest_first=True, limit=most + 1)
        entries = [(str(item["sk"]), _entry_of(item)) for item in found if item["sk"] != before]
        return entries[:most]


def _token_item(token: AccessToken) -> Item:
    item = without_absent(
        {
            "pk": keys.ACCESS,
            "sk": token.id,
            "schema": keys.SCHEMA,
            "name": token.name,
            "role": token.role.value,
            "person": token.person,
            "secret_hash": token.secret_hash,
            "created_at_ms": milliseconds(token.created_at),
            "created_by": token.created_by,
            "token_expires_at_ms": milliseconds(token.expires_at),
            "revoked_at_ms": milliseconds(token.revoked_at),
            "version": token.version,
        }
    )
    ends = token.revoked_at or token.expires_at
    return item | (expires_after(ends, ENDED_TOKENS_KEPT_DAYS) if ends else {})


def _token_of(item: Item) -> AccessToken:
    created_at = time_in(item, "created_at_ms")
    assert created_at is not None, "every token has a time"
    return AccessToken(
        id=str(item["sk"]),
        name=str(item["name"]),
        role=Role(str(item["role"])),
        person=str(item["person"]) if "person" in item else None,
        secret_hash=str(item["secret_hash"]),
        created_at=created_at,
        created_by=str(item["created_by"]),
        expires_at=time_in(item, "token_expires_at_ms"),
        revoked_at=time_in(item, "revoked_at_ms"),
        version=int(item["version"]),
    )


def _journal_item(entry: JournalEntry) -> Item:
    item = without_absent(
        {
            "pk": keys.journal(day_of(entry.at, UTC)),
            "sk": f"{rfc3339(entry.at)}#{entry.id}",
            "schema": keys.SCHEMA,
            "at_ms": milliseconds(entry.at),
            "caller": entry.caller,
            "role": entry.role.value,
            "token": entry.token,
            "route": entry.route,
            "ids": json.dumps(dict(entry.ids), separators=(",", ":")) if entry.ids else None,
            "status": entry.status,
        }
    )
    return item | expires_after(entry.at, JOURNAL_KEPT_DAYS)


def _entry_of(item: Item) -> JournalEntry:
    at = time_in(item, "at_ms")
    assert at is not None, "every entry has a time"
    return JournalEntry(
        id=str(item["sk"]).partition("#")[2],
        at=at,
        caller=str(item["caller"]),
        role=Role(str(item["role"])),
        token=str(item["token"]) if "token" in item else None,
        route=str(item["route"]),
        ids=json.loads(str(item.get("ids", "{}"))),
        status=int(item["status"]) if "status" in item else None,
    )
