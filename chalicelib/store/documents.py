"""The documents that marketers and sales managers own, and the facts of the deployment.

The documents are sequences, emails, forms, the routing and the settings; the facts are its URLs and
write key.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from chalicelib.editing.version import DEPLOY, DocumentVersion
from chalicelib.events import epoch_ms, from_epoch_ms
from chalicelib.limits import DOCUMENT_CACHE_SECONDS, DOCUMENT_VERSIONS_MAX
from chalicelib.store import keys
from chalicelib.store.table import ABSENT, GUARDED, Expectation, Item, Put, Table

KEPT = timedelta(seconds=DOCUMENT_CACHE_SECONDS)
"""How long a container keeps what it has read."""

Stored = Mapping[str, Any]
"""A document as it is stored: JSON."""
Numbered = tuple[Stored, int | None]
"""A document, and the number of its version; None for one from before there were versions."""


class Documents:
    """Reads documents, each at most once in 30 s for those who execute them; writes versions.

    Kinds that have one document only (`routing`, `settings`, `deployment`) are stored under
    `ACTIVE`, others under their id. A deleted document keeps its item, marked: nothing may delete
    from the table, and the next deploy must not bring it back.
    """

    def __init__(self, table: Table, now: Callable[[], datetime]) -> None:
        self._table = table
        self._now = now
        self._cache: dict[tuple[str, str], tuple[datetime, list[Numbered]]] = {}
        """Kind and id -> when they were read, and what was found. An empty id: the whole kind."""

    def get(self, kind: str, document_id: str = keys.ACTIVE) -> Stored | None:
        """Return one document, at most 30 s old; None when there is none."""
        document, _ = self.numbered(kind, document_id) or (None, None)
        return document

    def numbered(self, kind: str, document_id: str) -> Numbered | None:
        """Return one document with the number of its version, as `get` does."""
        return next(iter(self._read(kind, document_id)), None)

    def all(self, kind: str) -> list[Stored]:
        """Return all documents of a kind, at most 30 s old, in the order of their ids."""
        return [document for document, _ in self._read(kind, "")]

    def put(self, kind: str, document: Stored, document_id: str = keys.ACTIVE) -> None:
        """Write a document over the one that is there, without a version: a deployment's facts."""
        item = _content(document)
        self._table.write(Put({**item, "pk": keys.config(kind), "sk": document_id}, GUARDED))
        self._cache.clear()

    def every(self, kind: str) -> Mapping[str, Stored]:
        """Return the documents of a kind as of now, by their ids, without the deleted ones."""
        return {str(item["sk"]): _document(item) for item in self._items(kind, "")}

    def revision(self) -> int:
        """Return how often any document was put or deleted."""
        item = self._table.get(keys.REVISION, keys.REVISION)
        return int(item["revision"]) if item else 0

    def current(self, kind: str, document_id: str) -> DocumentVersion | None:
        """Return the newest version of a document, also of a deleted one; None: never put."""
        item = self._table.get(keys.config(kind), document_id)
        if item is None or "version" in item:
            return _version(item) if item else None
        # Written before documents had versions, or by such code after a roll-back.
        newest = next(iter(self._versions(kind, document_id, limit=1)), None)
        return _version({**item, "version": newest.version + 1 if newest else 1})

    def version(self, kind: str, document_id: str, version: int) -> DocumentVersion | None:
        """Return one version of a document, or None."""
        item = self._table.get(keys.versions(kind, document_id), keys.document_version(version))
        if item is not None:
            return _version(item)
        newest = self.current(kind, document_id)
        return newest if newest is not None and newest.version == version else None

    def versions(self, kind: str, document_id: str) -> list[DocumentVersion]:
        """Return the newest 200 versions of a document, the newest first."""
        found = list(self._versions(kind, document_id, limit=DOCUMENT_VERSIONS_MAX))
        newest = self.current(kind, document_id)
        is_listed = newest is None or newest.version in {one.version for one in found}
        return found if newest is None or is_listed else [newest, *found]

    def save(
        self,
        kind: str,
        document_id: str,
        after: DocumentVersion,
        before: DocumentVersion | None,
        revision: int,
    ) -> None:
        """Write a version over the one that was read. Raise ConflictError when another was first.

        Every change of any document counts the revision up, so a change that was checked against
        other documents fails when one of them has changed meanwhile (ADR 0029).
        """
        written = _written(after)
        writes = [
            Put({**written, "pk": keys.config(kind), "sk": document_id}, _as_read(before)),
            _put_version(kind, document_id, after),
            next_revision(revision),
        ]
        if before is not None and before.at is None:  # it becomes a version with its successor
            writes.append(_put_version(kind, document_id, before))
        self._table.write(*writes)
        self._cache.clear()

    def _versions(self, kind: str, document_id: str, limit: int) -> Iterator[DocumentVersion]:
        pk = keys.versions(kind, document_id)
        return map(_version, self._table.query(pk, newest_first=True, limit=limit))

    def _read(self, kind: str, document_id: str) -> list[Numbered]:
        """Return what is stored, at most 30 s old.

        Every capture and every transition reads documents, so a container keeps them. Another
        container sees a change up to 30 s late. An age below zero is read again too: a test, or a
        local run, may set the clock back.
        """
        now = self._now()
        read_at, found = self._cache.get((kind, document_id), (None, []))
        if read_at is None or not timedelta(0) <= now - read_at < KEPT:
            items = self._items(kind, document_id)
            found = [(_document(item), _number(item)) for item in items]
            self._cache[kind, document_id] = (now, found)
        return found

    def _items(self, kind: str, document_id: str) -> list[Item]:
        """Return the item of a document, or those of the whole kind, without the deleted ones."""
        pk = keys.config(kind)
        one = self._table.get(pk, document_id) if document_id else None
        items = ([one] if one else []) if document_id else self._table.query(pk)
        return [item for item in items if not item.get("deleted")]


def next_revision(revision: int) -> Put:
    """Return the write that counts a change that was checked against documents, as they were at a
    revision.
    """
    count: Item = {"pk": keys.REVISION, "sk": keys.REVISION, "schema": keys.SCHEMA}
    return Put({**count, "revision": revision + 1}, {"revision": revision or None})


def _document(item: Item) -> Stored:
    found: Stored = json.loads(str(item["document"]))
    return found


def _number(item: Item) -> int | None:
    return int(item["version"]) if "version" in item else None


def _content(document: Stored) -> Item:
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    return {"schema": keys.SCHEMA, "document": text}


def _written(version: DocumentVersion) -> Item:
    item: Item = {
        **_content(version.document),
        "version": version.version,
        "author": version.author,
        "note": version.note,
    }
    if version.at is not None:
        item["created_at_ms"] = epoch_ms(version.at)
    # The document stays: code that knows no deletions reads it after a roll-back.
    return {**item, "deleted": True} if version.deleted else item


def _put_version(kind: str, document_id: str, version: DocumentVersion) -> Put:
    item = _written(version)
    item["pk"] = keys.versions(kind, document_id)
    item["sk"] = keys.document_version(version.version)
    return Put(item, ABSENT)


def _as_read(before: DocumentVersion | None) -> Expectation:
    """Return that the item of a document must be as it was read."""
    if before is None:
        return ABSENT
    return {"version": before.version if before.at is not None else None}


def _version(item: Item) -> DocumentVersion:
    at_ms = item.get("created_at_ms")
    return DocumentVersion(
        version=int(item["version"]),
        document=_document(item),
        author=str(item.get("author", DEPLOY)),
        note=str(item.get("note", "")),
        at=from_epoch_ms(int(at_ms)) if at_ms is not None else None,
        deleted=bool(item.get("deleted", False)),
    )
