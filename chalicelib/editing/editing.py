"""Read, put and delete documents. Every put and every deletion is a version with its author."""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Protocol

from chalicelib.document import parse_document
from chalicelib.editing.kinds import DocumentKind
from chalicelib.editing.seen import SeenDocuments
from chalicelib.editing.version import DEPLOY, DocumentVersion
from chalicelib.errors import (
    DocumentError,
    FieldError,
    NotFoundError,
    RefusedDocumentError,
    StateError,
    VersionChangedError,
)
from chalicelib.events import rfc3339
from chalicelib.inputs.texts import many_lines
from chalicelib.limits import DOCUMENTS_MAX, DOCUMENTS_MAX_CHARS
from chalicelib.runtime import Runtime
from chalicelib.writing import until_written

StoredDocument = Mapping[str, Any]


class DocumentStore(Protocol):
    """Where documents are kept. Every read is of now: nothing here is cached."""

    def revision(self) -> int:
        """Return how often any document was put or deleted."""

    def current(self, kind: str, document_id: str) -> DocumentVersion | None:
        """Return the newest version of a document, also of a deleted one; None: never put."""

    def every(self, kind: str) -> Mapping[str, StoredDocument]:
        """Return the documents of a kind by their ids, without the deleted ones."""

    def version(self, kind: str, document_id: str, version: int) -> DocumentVersion | None:
        """Return one version of a document, or None."""

    def versions(self, kind: str, document_id: str) -> list[DocumentVersion]:
        """Return the newest versions of a document, the newest first."""

    def save(
        self,
        kind: str,
        document_id: str,
        after: DocumentVersion,
        before: DocumentVersion | None,
        revision: int,
    ) -> None:
        """Write a version over the one that was read.

        Raise ConflictError when that is not the newest any more, or when any document was put or
        deleted since the revision.
        """


class Editing:
    """The use cases of documents. kinds: by their names; seen: what these are checked against."""

    def __init__(
        self,
        *,
        kinds: Mapping[str, DocumentKind],
        store: DocumentStore,
        seen: SeenDocuments,
        runtime: Runtime,
    ) -> None:
        self._kinds = kinds
        self._store = store
        self._seen = seen
        self.runtime = runtime

    def read(self, kind: str, document_id: str, version: int | None = None) -> DocumentVersion:
        """Return a document as it is now, or as a version had it. Raise NotFoundError."""
        if version is not None:
            found = self._store.version(kind, document_id, version)
            if found is None:
                raise NotFoundError(f"there is no version {version} of this document")
            return found
        newest = self.newest(kind, document_id)
        if newest is None or newest.deleted:
            raise NotFoundError("there is no such document")
        return newest

    def newest(self, kind: str, document_id: str) -> DocumentVersion | None:
        """Return the newest version of a document, which may say that it was deleted, or None."""
        return self._store.current(kind, document_id)

    def every(self, kind: str) -> Mapping[str, StoredDocument]:
        """Return the documents of a kind by their ids, in the order of the ids."""
        return self._store.every(kind)

    def overview(self, kind: str) -> Mapping[str, Any]:
        """Return what a list of a kind's documents says as well, by its keys."""
        self._seen.at(self._store.revision())
        return self._kinds[kind].overview()

    def versions(self, kind: str, document_id: str) -> list[DocumentVersion]:
        """Return the versions of a document, the newest first. Raise NotFoundError."""
        found = self._store.versions(kind, document_id)
        if not found:
            raise NotFoundError("there is no such document")
        return found

    @until_written
    def put(
        self,
        kind: str,
        document_id: str,
        document: StoredDocument,
        *,
        author: str,
        note: str = "",
        expected: int | None = None,
    ) -> tuple[DocumentVersion, list[FieldError]]:
        """Store a document as its next version. Return that, and what is probably not meant.

        expected: the version that the author has seen, None to put over any. Raise
        RefusedDocumentError naming each mistake, VersionChangedError when another version is the
        newest, StateError when there are too many documents of the kind.
        """
        # Read first: whatever the checks read of other documents is as old as this at most, so the
        # write fails when one of them has changed since (ADR 0029).
        revision = self._store.revision()
        self._seen.at(revision)
        before = self._store.current(kind, document_id)
        _check_expected(before, expected)
        warnings = self._check(kind, document_id, document, is_persons=author != DEPLOY)
        _check_room(self._seen.every(kind), document_id, document)
        after = DocumentVersion(
            version=before.version + 1 if before else 1,
            document=document,
            author=author,
            note=note,
            at=self.runtime.now(),
        )
        self._store.save(kind, document_id, after, before, revision)
        self._seen.saved(kind, document_id, after, revision)
        return after, warnings

    @until_written
    def delete(
        self,
        kind: str,
        document_id: str,
        *,
        author: str,
        note: str = "",
        expected: int | None = None,
    ) -> DocumentVersion:
        """Delete a document; its versions stay. Return the version that says so.

        Raise NotFoundError, VersionChangedError as `put` does, and StateError naming what uses the
        document.
        """
        revision = self._store.revision()
        self._seen.at(revision)
        before = self.read(kind, document_id)
        _check_expected(before, expected)
        if users := list(self._kinds[kind].users(document_id)):
            raise StateError(f"it is in use by {', '.join(users)}; change that first")
        after = DocumentVersion(
            version=before.version + 1,
            document=before.document,
            author=author,
            note=note,
            at=self.runtime.now(),
            deleted=True,
        )
        self._store.save(kind, document_id, after, before, revision)
        self._seen.saved(kind, document_id, after, revision)
        return after

    def _check(
        self, kind: str, document_id: str, document: StoredDocument, *, is_persons: bool
    ) -> list[FieldError]:
        """Return warnings. Raise RefusedDocumentError naming each mistake."""
        known = self._kinds[kind]
        try:
            parsed = parse_document(known.format, document)
        except DocumentError as error:
            raise RefusedDocumentError(errors=error.errors) from None
        mistakes = [*_unprintable(document), *known.mistakes(parsed)]
        if is_persons:
            mistakes += known.needs(parsed)
        if not known.is_single and document["id"] != document_id:
            words = f"must be {document_id}, as in the path"
            mistakes.insert(0, FieldError("id", words))
        if mistakes:
            raise RefusedDocumentError(errors=mistakes)
        return list(known.warnings(parsed))


def _unprintable(value: Any, path: str = "") -> Iterator[FieldError]:
    """Yield each text with a control character, whatever the kind: SES refuses an email with one,
    and nobody has typed it. value: in its format, so it is not deep.
    """
    if isinstance(value, str):
        try:
            many_lines(value)
        except ValueError as error:
            yield FieldError(path, str(error))
        return
    parts: Iterable[tuple[object, Any]] = ()
    if isinstance(value, Mapping):
        parts = value.items()
    elif isinstance(value, list):
        parts = enumerate(value)
    for name, part in parts:
        yield from _unprintable(part, f"{path}.{name}".lstrip("."))


def _check_room(
    stored: Mapping[str, StoredDocument], document_id: str, document: StoredDocument
) -> None:
    """Raise StateError when the documents of a kind would not fit into one answer."""
    if document_id not in stored and len(stored) >= DOCUMENTS_MAX:
        raise StateError(f"there are {DOCUMENTS_MAX} documents of this kind; delete one first")
    every = {**stored, document_id: document}.values()
    chars = sum(len(json.dumps(one, ensure_ascii=False)) for one in every)
    if chars > DOCUMENTS_MAX_CHARS:
        raise StateError(
            f"the documents of this kind would have {chars:,} characters, and"
            f" {DOCUMENTS_MAX_CHARS:,} are allowed; shorten or delete some"
        )


def _check_expected(before: DocumentVersion | None, expected: int | None) -> None:
    newest = before.version if before else 0
    if expected is not None and newest != expected:
        raise VersionChangedError(
            f"version {expected} was expected, and the newest is {newest}; read it, then put again"
            if newest
            else f"version {expected} was expected, and there is no such document"
        )


def show_version(version: DocumentVersion) -> dict[str, Any]:
    """Return a version in the shape of a list of them: without the document."""
    return {
        "version": version.version,
        "author": version.author,
        "note": version.note,
        "deleted": version.deleted,
        "created_at": rfc3339(version.at) if version.at else None,
    }
