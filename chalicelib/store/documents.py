"""The documents that marketers and sales managers own, and the facts of the deployment.

The documents are sequences, emails, forms and the routing; the facts are its URLs and write key.
"""

import json
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from chalicelib.limits import DOCUMENT_CACHE_SECONDS
from chalicelib.store import keys
from chalicelib.store.table import GUARDED, Put, Table

KEPT = timedelta(seconds=DOCUMENT_CACHE_SECONDS)
"""How long a container keeps what it has read."""

Stored = Mapping[str, Any]
"""A document as it is stored: JSON."""


class Documents:
    """Reads documents, each at most once in 30 s; writes them for a deploy or a person.

    Kinds that have one document only (`routing`, `deployment`) are stored under `ACTIVE`, others
    under their id.
    """

    def __init__(self, table: Table, now: Callable[[], datetime]) -> None:
        self._table = table
        self._now = now
        self._cache: dict[tuple[str, str], tuple[datetime, list[Stored]]] = {}
        """Kind and id -> when they were read, and what was found. An empty id: the whole kind."""

    def get(self, kind: str, document_id: str = keys.ACTIVE) -> Stored | None:
        """Return one document, None when there is none."""
        return next(iter(self._read(kind, document_id)), None)

    def all(self, kind: str) -> list[Stored]:
        """Return all documents of a kind, in the order of their ids."""
        return self._read(kind, "")

    def put(self, kind: str, document: Stored, document_id: str = keys.ACTIVE) -> None:
        """Write a document over the one that is there."""
        # Without a condition: the last of two people who edit one document wins.
        self._table.write(Put(_item(kind, document_id, document), GUARDED))
        self._cache.clear()

    def _read(self, kind: str, document_id: str) -> list[Stored]:
        """Return what is stored, at most 30 s old.

        Every capture and every transition reads documents, so a container keeps them. Another
        container sees a change up to 30 s late. An age below zero is read again too: a test, or a
        local run, may set the clock back.
        """
        now = self._now()
        read_at, found = self._cache.get((kind, document_id), (None, []))
        if read_at is None or not timedelta(0) <= now - read_at < KEPT:
            pk = keys.config(kind)
            one = self._table.get(pk, document_id) if document_id else None
            items = ([one] if one else []) if document_id else self._table.query(pk)
            found = [json.loads(str(item["document"])) for item in items]
            self._cache[kind, document_id] = (now, found)
        return found


def _item(kind: str, document_id: str, document: Stored) -> dict[str, Any]:
    return {
        "pk": keys.config(kind),
        "sk": document_id,
        "schema": keys.SCHEMA,
        "document": json.dumps(document, ensure_ascii=False, separators=(",", ":")),
    }
