"""The versions of the model in the store, on every engine: written once, numbered, and one of them
active.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from chalicelib.days import end_of, name_of, zone_of
from chalicelib.errors import ConflictError, DocumentError
from chalicelib.limits import (
    DOCUMENT_CACHE_SECONDS,
    MODEL_BODY_MAX_BYTES,
    MODEL_STORED_MAX_BYTES,
    REASON_MAX_CHARS,
)
from chalicelib.publishing.versions import Active, Origin, Version, digest_of
from chalicelib.store.models import Models
from chalicelib.store.table import GUARDED, Put, Table
from infra.defaults import load_model
from tests.baton import model_document
from tests.factories import MINUTE
from tests.fakes import NOW, FakeClock

FIRST: Mapping[str, Any] = model_document()
SECOND: Mapping[str, Any] = {**FIRST, "name": "Second, später"}
BERLIN, LOS_ANGELES = "Europe/Berlin", "America/Los_Angeles"
THIRD: Mapping[str, Any] = {**FIRST, "name": "Third"}


def stored(table: Table) -> list[str]:
    """The sort keys of all that is stored of models."""
    return [str(item["sk"]) for item in table.query("CONFIG#model")]


def publish(table: Table, models: Models, version: int) -> None:
    table.write(*models.activation(version, models.pointer()))


def active(models: Models) -> tuple[int, int]:
    found = models.active()
    return found.version, found.activation


# --- versions -------------------------------------------------------------------------------------


def test_drafts_are_numbered_kept_as_written_and_not_active(table: Table) -> None:
    models = Models(table, FakeClock())
    assert [models.draft(one) for one in (FIRST, SECOND, FIRST)] == [1, 2, 3]
    assert [models.document(version) for version in (1, 2, 3, 4)] == [FIRST, SECOND, FIRST, None]
    assert models.pointer() is None
    draft = models.model(2)
    assert draft is not None
    assert (draft.name, draft.version, draft.activation) == ("Second, später", 2, 0)
    assert models.model(4) is None


def test_versions_are_numbered_as_numbers(table: Table) -> None:
    models = Models(table, FakeClock())
    assert [models.draft({"name": f"{number}"}) for number in range(1, 13)] == list(range(1, 13))
    assert [one.version for one in models.versions()] == list(range(12, 0, -1))


def test_a_draft_is_no_other_version_whatever_happens_at_once(table: Table) -> None:
    """Two marketers save at the same moment: one of them is told to try again, and neither
    overwrites the other.
    """

    def meanwhile() -> datetime:
        Models(table, FakeClock()).draft(SECOND)
        return NOW

    with pytest.raises(ConflictError):
        Models(table, meanwhile).draft(THIRD)
    assert Models(table, FakeClock()).document(1) == SECOND
    assert stored(table) == ["v00001"]


def test_a_version_is_never_changed(table: Table) -> None:
    models = Models(table, FakeClock())
    models.load(FIRST)
    before = table.get("CONFIG#model", "v00001")
    models.load(SECOND)
    publish(table, models, 1)
    models.draft(THIRD)
    assert table.get("CONFIG#model", "v00001") == before


def test_an_activation_says_which_publish_holds_its_emails(table: Table) -> None:
    models = Models(table, FakeClock())
    models.load(FIRST)
    table.write(*models.activation(1, models.pointer(), held_by="job-1"))
    table.write(*models.activation(1, models.pointer()))
    assert [models.held_by(number) for number in (1, 2, 3, 4, 2)] == [
        None,
        "job-1",
        None,
        None,
        "job-1",
    ]


def test_a_version_keeps_its_origin(table: Table) -> None:
    models = Models(table, FakeClock())
    models.draft(FIRST, Origin(author="admin", note="größer", source="# why\nname: First\n"))
    models.draft(SECOND)
    assert [models.source(version) for version in (1, 2, 3)] == ["# why\nname: First\n", None, None]
    assert [(one.author, one.note) for one in models.versions()] == [
        (None, None),
        ("admin", "größer"),
    ]


def test_the_largest_source_fits_beside_the_largest_document(table: Table) -> None:
    """A source of 256 KB and a document of 350 KB do not fit into one item of 400 KB."""
    models = Models(table, FakeClock())
    document = {"name": "x" * (MODEL_STORED_MAX_BYTES - 20)}
    source = "#" * MODEL_BODY_MAX_BYTES
    models.draft(document, Origin(author="admin", note="x" * REASON_MAX_CHARS, source=source))
    assert (models.document(1), models.source(1)) == (document, source)


def test_versions_are_listed_newest_first_with_their_last_publication(table: Table) -> None:
    clock = FakeClock()
    models = Models(table, clock)
    for document in (FIRST, SECOND):
        models.load(document)
        clock.tick(MINUTE)
    models.draft(THIRD)
    publish(table, models, 1)
    assert models.versions() == [
        Version(3, "Third", NOW + 2 * MINUTE, published_at=None, active=False),
        Version(2, "Second, später", NOW + MINUTE, published_at=NOW + MINUTE, active=False),
        Version(1, str(FIRST["name"]), NOW, published_at=NOW + 2 * MINUTE, active=True),
    ]


def test_an_empty_table_has_no_versions_and_no_model(table: Table) -> None:
    models = Models(table, FakeClock())
    assert models.versions() == []
    assert models.active_on(NOW.date()) is None
    for read in (models.active, models.current):
        with pytest.raises(DocumentError, match="no active model"):
            read()


# --- which one is active --------------------------------------------------------------------------


def test_a_model_loads_once_and_another_as_the_next_version(table: Table) -> None:
    models = Models(table, FakeClock())
    assert [models.load(one) for one in (FIRST, FIRST, SECOND, SECOND)] == [1, 1, 2, 2]
    assert active(models) == (2, 2)
    assert models.active().name == "Second, später"
    assert stored(table) == ["ACTIVATION#00001", "ACTIVATION#00002", "ACTIVE", "v00001", "v00002"]


def test_a_model_that_breaks_the_format_is_not_stored(table: Table) -> None:
    with pytest.raises(DocumentError):
        load_model(Models(table, FakeClock()), {**FIRST, "nonsense": 1})
    assert stored(table) == []


def test_activations_go_on_growing_when_an_older_version_returns(table: Table) -> None:
    """By the version alone a worker would take the one that was rolled back for the newer one."""
    models = Models(table, FakeClock())
    models.load(FIRST)
    models.load(SECOND)
    publish(table, models, 1)
    assert models.pointer() == Active(1, 3)
    models.current()
    assert active(models) == (1, 3)
    publish(table, models, 1)
    assert models.pointer() == Active(1, 4)


def test_a_publication_that_another_one_overtook_is_refused_whole(table: Table) -> None:
    models = Models(table, FakeClock())
    models.load(FIRST)
    seen = models.pointer()
    models.load(SECOND)
    before = stored(table)
    for stale in (seen, None):
        with pytest.raises(ConflictError):
            table.write(*models.activation(1, stale))
    assert models.pointer() == Active(2, 2)
    assert stored(table) == before


def test_the_model_of_a_past_day_is_its_last_one(table: Table) -> None:
    clock = FakeClock()
    models = Models(table, clock)
    models.load(FIRST)
    clock.time = datetime(2026, 11, 23, 23, 59, 59, 999_000, tzinfo=UTC)
    models.load(SECOND)
    clock.tick(timedelta(milliseconds=1))
    publish(table, models, 1)
    found = {}
    for number in (20, 21, 22, 23, 24, 30):
        then = models.active_on(date(2026, 11, number))
        found[number] = (then[0].version, then[0].activation) if then else None
    assert found == {20: None, 21: None, 22: (1, 1), 23: (2, 2), 24: (1, 3), 30: (1, 3)}


# --- the time zone --------------------------------------------------------------------------------


def test_the_zone_is_the_activations_and_a_publication_keeps_it(table: Table) -> None:
    models = Models(table, FakeClock())
    models.load(FIRST, BERLIN)
    assert models.pointer() == Active(1, 1, BERLIN)
    assert models.active().zone is zone_of(BERLIN)
    models.load(SECOND)
    publish(table, models, 1)
    assert models.pointer() == Active(1, 3, BERLIN)
    assert models.current().zone is zone_of(BERLIN)
    draft = models.model(2)
    assert draft is not None
    assert draft.zone is zone_of(BERLIN)


def test_another_zone_is_a_new_activation_of_the_same_version(table: Table) -> None:
    models = Models(table, FakeClock())
    models.load(FIRST)
    before = models.active()
    assert models.rezone(BERLIN)
    assert models.pointer() == Active(1, 2, BERLIN)
    after = models.active()
    assert (after.version, after.activation, after.zone) == (1, 2, zone_of(BERLIN))
    assert after.matching != before.matching
    assert stored(table) == ["ACTIVATION#00001", "ACTIVATION#00002", "ACTIVE", "v00001"]


def test_the_zone_that_is_in_force_is_no_new_activation(table: Table) -> None:
    models = Models(table, FakeClock())
    models.load(FIRST, BERLIN)
    assert not models.rezone(BERLIN)
    assert models.pointer() == Active(1, 1, BERLIN)


def test_a_zone_needs_a_model_that_is_active(table: Table) -> None:
    with pytest.raises(DocumentError, match="no active model"):
        Models(table, FakeClock()).rezone(BERLIN)


def test_a_zone_and_a_publication_at_once_never_mix(table: Table) -> None:
    """A publish must not bring back the zone that it read."""

    def meanwhile() -> datetime:
        publish(table, Models(table, FakeClock()), 1)
        return NOW

    Models(table, FakeClock()).load(FIRST)
    with pytest.raises(ConflictError):
        Models(table, meanwhile).rezone(BERLIN)
    assert Models(table, FakeClock()).pointer() == Active(1, 2)
    seen = Models(table, FakeClock()).pointer()
    Models(table, FakeClock()).rezone(BERLIN)
    with pytest.raises(ConflictError):
        table.write(*Models(table, FakeClock()).activation(1, seen))
    assert Models(table, FakeClock()).pointer() == Active(1, 3, BERLIN)


def test_another_zone_publishes_no_version(table: Table) -> None:
    clock = FakeClock()
    models = Models(table, clock)
    models.load(FIRST)
    for zone in (BERLIN, LOS_ANGELES):
        clock.tick(MINUTE)
        models.rezone(zone)
    assert [one.published_at for one in models.versions()] == [NOW]
    clock.tick(MINUTE)
    publish(table, models, 1)  # which a force allows
    models.rezone(BERLIN)
    assert [one.published_at for one in models.versions()] == [NOW + 3 * MINUTE]


def test_an_activation_that_names_no_zone_is_in_utc(table: Table) -> None:
    models = Models(table, FakeClock())
    models.load(FIRST)
    for sk in ("ACTIVE", "ACTIVATION#00001"):
        item = table.get("CONFIG#model", sk)
        assert item is not None
        kept = {name: value for name, value in item.items() if name != "zone"}
        table.write(Put(kept, GUARDED))
    assert models.pointer() == Active(1, 1, "UTC")
    then = models.active_on(NOW.date())
    assert then is not None
    assert then[0].zone is UTC


def test_a_past_day_ends_in_its_own_zone(table: Table) -> None:
    """From UTC to Los Angeles on the 23rd at 02:00 UTC, where it was still the 22nd."""
    clock = FakeClock()
    models = Models(table, clock)
    models.load(FIRST)
    clock.time = datetime(2026, 11, 23, 2, tzinfo=UTC)
    models.rezone(LOS_ANGELES)
    clock.time = datetime(2026, 11, 24, 7, 59, tzinfo=UTC)  # a minute before the 23rd ends there
    models.load(SECOND)
    found = [models.active_on(date(2026, 11, number)) for number in (21, 22, 23)]
    assert [(one.activation, name_of(one.zone), end) for one, end in filter(None, found)] == [
        (2, LOS_ANGELES, end_of(date(2026, 11, 22), zone_of(LOS_ANGELES))),
        (3, LOS_ANGELES, end_of(date(2026, 11, 23), zone_of(LOS_ANGELES))),
    ]


def test_a_day_the_newer_zone_has_behind_it_ends_early(table: Table) -> None:
    """From UTC to Kiritimati on the 23rd at noon UTC, where it was the 24th already."""
    clock = FakeClock()
    models = Models(table, clock)
    models.load(FIRST)
    clock.time = datetime(2026, 11, 23, 12, tzinfo=UTC)
    models.rezone("Pacific/Kiritimati")
    found = models.active_on(date(2026, 11, 23))
    assert found is not None
    model, end = found
    assert (model.activation, end) == (1, clock.time - timedelta(microseconds=1))


def test_a_missing_active_version_is_an_error_that_names_it(table: Table) -> None:
    models = Models(table, FakeClock())
    publish(table, models, 7)
    with pytest.raises(DocumentError, match="the active model 7 is not there"):
        models.active()


# --- how stale a worker may be --------------------------------------------------------------------


def test_a_worker_sees_anothers_publication_within_thirty_seconds(table: Table) -> None:
    clock = FakeClock()
    worker, deploy = Models(table, clock), Models(table, clock)
    deploy.load(FIRST)
    assert active(worker) == (1, 1)
    deploy.load(SECOND)
    clock.tick(timedelta(seconds=DOCUMENT_CACHE_SECONDS - 1))
    assert active(worker) == (1, 1)
    clock.tick(timedelta(seconds=1))
    assert active(worker) == (2, 2)


def test_a_worker_reads_again_when_it_meets_a_newer_activation(table: Table) -> None:
    """A lead that a newer model decided on must not be decided on with an older one."""
    clock = FakeClock()
    worker, deploy = Models(table, clock), Models(table, clock)
    deploy.load(FIRST)
    deploy.load(SECOND)
    assert active(worker) == (2, 2)
    publish(table, deploy, 1)
    assert worker.active(2).activation == 2
    assert (worker.active(3).version, worker.active(3).activation) == (1, 3)
    assert active(worker) == (1, 3)


def test_the_current_model_is_never_an_old_one(table: Table) -> None:
    clock = FakeClock()
    worker, deploy = Models(table, clock), Models(table, clock)
    deploy.load(FIRST)
    assert worker.current().version == 1
    deploy.load(SECOND)
    assert worker.current().version == 2
    assert worker.active().version == 2


def test_a_worker_whose_clock_went_back_reads_again(table: Table) -> None:
    clock = FakeClock()
    worker, deploy = Models(table, clock), Models(table, clock)
    deploy.load(FIRST)
    assert active(worker) == (1, 1)
    deploy.load(SECOND)
    clock.tick(-MINUTE)
    assert active(worker) == (2, 2)


def test_the_pointer_is_read_each_thirty_seconds_a_version_once(table: Table) -> None:
    class Counting:
        """Counts what is read of the table."""

        def __init__(self) -> None:
            self.read: list[str] = []

        def get(self, pk: str, sk: str) -> Any:
            self.read.append(sk)
            return table.get(pk, sk)

    Models(table, FakeClock()).load(FIRST)
    clock, counting = FakeClock(), Counting()
    worker = Models(counting, clock)  # type: ignore[arg-type]  # it only reads
    for _ in range(5):
        worker.active()
    assert counting.read == ["ACTIVE", "v00001"]
    clock.tick(MINUTE)
    worker.active()
    assert counting.read == ["ACTIVE", "v00001", "ACTIVE"]


# --- the same model -------------------------------------------------------------------------------


def test_a_models_digest_does_not_depend_on_key_order() -> None:
    turned = dict(reversed(list(FIRST.items())))
    assert digest_of(turned) == digest_of(FIRST)
    assert digest_of(SECOND) != digest_of(FIRST)
    assert len(digest_of(FIRST)) == 16
