"""What marketers and sales managers own: sequences, emails, forms, routing; and the deployment's
facts.
"""

import json
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from chalicelib.limits import DOCUMENT_CACHE_SECONDS
from chalicelib.store import keys
from chalicelib.store.table import GUARDED, Put, Table

KEPT = timedelta(seconds=DOCUMENT_CACHE_SECONDS)
Stored = Mapping[str, Any]


class Documents:
    """Reads documents, each at most once in 30 s; writes them when a deploy or a person says so.

    A kind of which there is one (`routing`, `deployment`) is stored under `ACTIVE`, others under
    their id.
    """

    def __init__(self, table: Table, now: Callable[[], datetime]) -> None:
        self._table, self._now = table, now
        self._cache: dict[tuple[str, str], tuple[datetime, list[Stored]]] = {}

    def get(self, kind: str, document_id: str = keys.ACTIVE) -> Stored | None:
        """One document, or None."""
        return next(iter(self._read(kind, document_id)), None)

    def all(self, kind: str) -> list[Stored]:
        """All documents of a kind, in the order of their ids."""
        return self._read(kind, "")

    def put(self, kind: str, document: Stored, document_id: str = keys.ACTIVE) -> None:
        """Write a document over the one there is."""
        self._table.write(Put(_item(kind, document_id, document), GUARDED))
        self._cache.clear()

    def _read(self, kind: str, document_id: str) -> list[Stored]:
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
