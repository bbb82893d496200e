"""What a put is checked against: each kind of document is read once for a revision.

A first deploy puts some forty documents in a row, each checked against all others.
"""

from collections.abc import Mapping
from typing import Any, Protocol

from chalicelib.editing.version import DocumentVersion


class EveryDocument(Protocol):
    """Where documents are read."""

    def every(self, kind: str) -> Mapping[str, Mapping[str, Any]]:
        """Return the documents of a kind by their ids, without the deleted ones."""


class SeenDocuments:
    """Documents as they were at a revision, which counts every put and deletion of any."""

    def __init__(self, store: EveryDocument) -> None:
        self._store = store
        self._revision: int | None = None
        self._kinds: dict[str, dict[str, Mapping[str, Any]]] = {}

    def at(self, revision: int) -> None:
        """Forget what was read at another revision."""
        if revision != self._revision:
            self._kinds = {}
            self._revision = revision

    def every(self, kind: str) -> Mapping[str, Mapping[str, Any]]:
        """Return the documents of a kind by their ids, no older than the revision."""
        if kind not in self._kinds:
            self._kinds[kind] = dict(self._store.every(kind))
        return self._kinds[kind]

    def saved(self, kind: str, document_id: str, after: DocumentVersion, revision: int) -> None:
        """Take in a version that was written over that revision: nothing else has changed."""
        self._revision = revision + 1
        if kind in self._kinds:
            others = {key: one for key, one in self._kinds[kind].items() if key != document_id}
            own = {} if after.deleted else {document_id: after.document}
            self._kinds[kind] = dict(sorted({**others, **own}.items()))
