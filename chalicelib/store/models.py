"""The versions of the scoring model: drafts, which is the active one, and since when.

A version is written once and never changed. Which one is active is a pointer of its own, with a
count that grows with each activation, so that an older version can be active again and a worker
still knows what is newer. The time zone belongs to the activation, so that a change of it reaches
every lead as a publish does (ADR 0025).
"""

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime, timedelta

from chalicelib.days import UTC_NAME, end_of, zone_of
from chalicelib.errors import DocumentError
from chalicelib.events import epoch_ms, from_epoch_ms
from chalicelib.limits import MODEL_VERSIONS_MAX
from chalicelib.publishing.versions import Active, Origin, StoredModel, Version
from chalicelib.scoring.compile import compile_model
from chalicelib.scoring.model import Model
from chalicelib.store import keys
from chalicelib.store.documents import KEPT
from chalicelib.store.table import ABSENT, Item, Put, Table

PK = keys.config("model")
UNKNOWN = Origin()
NO_MODEL = "there is no active model; load one with `make up` or `make deploy`"


class Models:
    """Reads versions and the pointer to the active one, the pointer at most once in 30 s; writes
    drafts.
    """

    def __init__(self, table: Table, now: Callable[[], datetime]) -> None:
        self._table, self._now = table, now
        self._read_at: datetime | None = None
        self._active: Active | None = None
        self._compiled: dict[tuple[int, int], Model] = {}
        self._held_by: dict[int, str | None] = {}

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
            raise DocumentError(NO_MODEL)
        return self._model(self._active)

    def pointer(self) -> Active | None:
        """Which version is active, or None."""
        item = self._table.get(PK, keys.ACTIVE)
        if item is None:
            return None
        return Active(int(item["version"]), int(item["activation"]), _zone_of(item))

    def document(self, version: int) -> StoredModel | None:
        """The document of a version, or None."""
        item = self._table.get(PK, keys.model_version(version))
        document: StoredModel | None = json.loads(str(item["document"])) if item else None
        return document

    def model(self, version: int) -> Model | None:
        """A version compiled for the time zone that is in force, or None."""
        document = self.document(version)
        if document is None:
            return None
        active = self.pointer()
        return compile_model(document, version, zone=zone_of(active.zone) if active else UTC)

    def versions(self) -> list[Version]:
        """The newest 200 versions, the newest first."""
        active = self.pointer()
        published = _published(self._activations())
        found = self._table.query(
            PK, first="v", last="v" + keys.END, newest_first=True, limit=MODEL_VERSIONS_MAX
        )
        return [_version_of(item, active, published) for item in found]

    def active_on(self, day: date) -> tuple[Model, datetime] | None:
        """Return the model that was active at the end of a day, and when that was; or None.

        A day of the time zone that was in force then, so that a past day reads as it was read. It
        ends early where another zone came into force on it and had that day behind it (ADR 0025).
        """
        newer: datetime | None = None
        for item in self._activations():
            number = int(str(item["sk"]).removeprefix(keys.ACTIVATION))
            active = Active(int(item["version"]), number, _zone_of(item))
            end = end_of(day, zone_of(active.zone))
            if _at(item) <= end:
                if newer is not None:
                    end = min(end, newer - timedelta(microseconds=1))
                return self._model(active), end
            newer = _at(item)
        return None

    def held_by(self, activation: int) -> str | None:
        """Return the job of the publish that holds the emails which an activation causes, or None.

        An activation never changes, so it is read once.
        """
        if activation not in self._held_by:
            item = self._table.get(PK, keys.activation(activation)) or {}
            self._held_by[activation] = str(item["held_by"]) if "held_by" in item else None
        return self._held_by[activation]

    def source(self, version: int) -> str | None:
        """Return the YAML that a version was written in, None for one that came as JSON."""
        item = self._table.get(PK, keys.model_source(version))
        return str(item["source"]) if item else None

    def draft(self, document: StoredModel, origin: Origin = UNKNOWN) -> int:
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
        if origin.author is not None:
            item["author"] = origin.author
        if origin.note is not None:
            item["note"] = origin.note
        writes = [Put(item, ABSENT)]
        if origin.source is not None:
            # An item of its own: document and source together may not fit into one (ADR 0011).
            source: Item = {
                "pk": PK,
                "sk": keys.model_source(version),
                "schema": keys.SCHEMA,
                "source": origin.source,
            }
            writes.append(Put(source, ABSENT))
        self._table.write(*writes)
        return version

    def activation(
        self,
        version: int,
        before: Active | None,
        zone: str | None = None,
        held_by: str | None = None,
    ) -> list[Put]:
        """Return the writes that make a version the active one, if the one before still is.

        zone: the company's time zone; None keeps the one that is in force, at first UTC; held_by:
        the job of the publish that holds the emails which this causes; None: they go out.
        """
        number = before.activation + 1 if before else 1
        common: Item = {
            "pk": PK,
            "schema": keys.SCHEMA,
            "version": version,
            "zone": zone or (before.zone if before else UTC_NAME),
            "at_ms": epoch_ms(self._now()),
        }
        return [
            Put(
                {**common, "sk": keys.ACTIVE, "activation": number},
                {"activation": before.activation if before else None},
            ),
            Put(
                {
                    **common,
                    "sk": keys.activation(number),
                    **({"held_by": held_by} if held_by else {}),
                },
                ABSENT,
            ),
        ]

    def load(self, document: StoredModel, zone: str | None = None, origin: Origin = UNKNOWN) -> int:
        """Make a checked document the active model, unless it already is; return its version.

        That is what the first deploy does. zone: as `activation` has it.
        """
        active = self.pointer()
        if active is not None and self.document(active.version) == document:
            return active.version
        version = self.draft(document, origin)
        self._table.write(*self.activation(version, active, zone))
        self._read_at = None
        return version

    def rezone(self, zone: str) -> bool:
        """Let the active version count in the days of another time zone: a new activation of it.

        Return False when that zone is in force already. Raises DocumentError when no model is
        active, ConflictError when another activation came first.
        """
        active = self.pointer()
        if active is None:
            raise DocumentError(NO_MODEL)
        if active.zone == zone:
            return False
        self._table.write(*self.activation(active.version, active, zone))
        self._read_at = None
        return True

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
            self._compiled[place] = compile_model(document, *place, zone_of(active.zone))
        return self._compiled[place]


def _zone_of(item: Item) -> str:
    """Return the time zone of an activation. One that names none is in UTC."""
    return str(item.get("zone", UTC_NAME))


def _published(activations: Iterable[Item]) -> Mapping[int, datetime]:
    """Return when each version last became the active one. activations: the newest first.

    The activation that changed only the time zone published nothing: the one before it did.
    """
    published: dict[int, datetime] = {}
    newer: Item = {}
    for item in activations:
        version = int(item["version"])
        is_rezoned = _differ_in_zone_only(newer, item) and published[version] == _at(newer)
        if version not in published or is_rezoned:
            published[version] = _at(item)
        newer = item
    return published


def _differ_in_zone_only(newer: Item, older: Item) -> bool:
    return newer.get("version") == older["version"] and _zone_of(newer) != _zone_of(older)


def _at(item: Item) -> datetime:
    return from_epoch_ms(int(item["at_ms"]))


def _version_of(item: Item, active: Active | None, published: Mapping[int, datetime]) -> Version:
    version = int(str(item["sk"]).removeprefix("v"))
    return Version(
        version=version,
        name=str(json.loads(str(item["document"]))["name"]),
        created_at=from_epoch_ms(int(item["created_at_ms"])),
        published_at=published.get(version),
        active=active is not None and active.version == version,
        author=str(item["author"]) if "author" in item else None,
        note=str(item["note"]) if "note" in item else None,
    )
