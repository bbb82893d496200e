"""The versions of the scoring model: drafts, which is the active one, and since when.

A version is written once and never changed. Which one is active is a pointer of its own, with a
count that grows with each activation, so that an older version can be active again and a worker
still knows what is newer.
"""

import json
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from chalicelib.errors import DocumentError
from chalicelib.events import epoch_ms, from_epoch_ms
from chalicelib.limits import MODEL_VERSIONS_MAX
from chalicelib.publishing.versions import Active, StoredModel, Version
from chalicelib.scoring.compile import compile_model
from chalicelib.scoring.model import Model
from chalicelib.store import keys
from chalicelib.store.documents import KEPT
from chalicelib.store.table import ABSENT, Item, Put, Table

PK = keys.config("model")


class Models:
    """Reads versions and the pointer to the active one, the pointer at most once in 30 s; writes
    drafts.
    """

    def __init__(self, table: Table, now: Callable[[], datetime]) -> None:
        self._table, self._now = table, now
        self._read_at: datetime | None = None
        self._active: Active | None = None
        self._compiled: dict[tuple[int, int], Model] = {}

    def active(self, at_least: int = 0) -> Model:
        """The active model, at most 30 s old, and not older than an activation that the caller has
        seen.

        Raises DocumentError when there is none.
        """
        now = self._now()
        old = self._read_at is None or not timedelta(0) <= now - self._read_at < KEPT
        if old or self._active is None or self._active.activation < at_least:
            return self.current()
        return self._model(self._active)

    def current(self) -> Model:
        """The active model as of now: what is published shows in the next read. Raises
        DocumentError.
        """
        self._active, self._read_at = self.pointer(), self._now()
        if self._active is None:
            raise DocumentError(
                "there is no active model; load one with `make up` or `make deploy`"
            )
        return self._model(self._active)

    def pointer(self) -> Active | None:
        """Which version is active, or None."""
        item = self._table.get(PK, keys.ACTIVE)
        return Active(int(item["version"]), int(item["activation"])) if item else None

    def document(self, version: int) -> StoredModel | None:
        """The document of a version, or None."""
        item = self._table.get(PK, keys.model_version(version))
        document: StoredModel | None = json.loads(str(item["document"])) if item else None
        return document

    def model(self, version: int) -> Model | None:
        """A version compiled, or None."""
        document = self.document(version)
        return compile_model(document, version) if document is not None else None

    def versions(self) -> list[Version]:
        """The newest 200 versions, the newest first."""
        active = self.pointer()
        published: dict[int, datetime] = {}
        for item in self._activations():
            published.setdefault(int(item["version"]), from_epoch_ms(int(item["at_ms"])))
        found = self._table.query(
            PK, first="v", last="v" + keys.END, newest_first=True, limit=MODEL_VERSIONS_MAX
        )
        return [_version_of(item, active, published) for item in found]

    def active_at(self, at: datetime) -> Model | None:
        """The model that was active at a time, or None."""
        for item in self._activations():
            if int(item["at_ms"]) <= epoch_ms(at):
                return self._model(
                    Active(int(item["version"]), int(str(item["sk"]).removeprefix(keys.ACTIVATION)))
                )
        return None

    def draft(self, document: StoredModel) -> int:
        """Write a checked document as the next version. Returns its number. Raises
        ConflictError.
        """
        newest = next(
            self._table.query(PK, first="v", last="v" + keys.END, newest_first=True, limit=1), None
        )
        version = int(str(newest["sk"]).removeprefix("v")) + 1 if newest else 1
        item: Item = {
            "pk": PK,
            "sk": keys.model_version(version),
            "schema": keys.SCHEMA,
            "document": json.dumps(document, ensure_ascii=False, separators=(",", ":")),
            "created_at_ms": epoch_ms(self._now()),
        }
        self._table.write(Put(item, ABSENT))
        return version

    def activation(self, version: int, before: Active | None) -> list[Put]:
        """The writes that make a version the active one, if the one before still is."""
        number = before.activation + 1 if before else 1
        common: Item = {
            "pk": PK,
            "schema": keys.SCHEMA,
            "version": version,
            "at_ms": epoch_ms(self._now()),
        }
        return [
            Put(
                {**common, "sk": keys.ACTIVE, "activation": number},
                {"activation": before.activation if before else None},
            ),
            Put({**common, "sk": keys.activation(number)}, ABSENT),
        ]

    def load(self, document: StoredModel) -> int:
        """Make a checked document the active model, unless it already is; return its version.

        That is what the first deploy does.
        """
        active = self.pointer()
        if active is not None and self.document(active.version) == document:
            return active.version
        version = self.draft(document)
        self._table.write(*self.activation(version, active))
        self._read_at = None
        return version

    def _activations(self) -> list[Item]:
        """The activations, the newest first."""
        return list(
            self._table.query(
                PK,
                first=keys.ACTIVATION,
                last=keys.ACTIVATION + keys.END,
                newest_first=True,
                limit=MODEL_VERSIONS_MAX,
            )
        )

    def _model(self, active: Active) -> Model:
        place = (active.version, active.activation)
        if place not in self._compiled:
            document = self.document(active.version)
            if document is None:
                raise DocumentError(f"the active model {active.version} is not there")
            self._compiled[place] = compile_model(document, *place)
        return self._compiled[place]


def _version_of(item: Item, active: Active | None, published: Mapping[int, datetime]) -> Version:
    version = int(str(item["sk"]).removeprefix("v"))
    return Version(
        version=version,
        name=str(json.loads(str(item["document"]))["name"]),
        created_at=from_epoch_ms(int(item["created_at_ms"])),
        published_at=published.get(version),
        active=active is not None and active.version == version,
    )
