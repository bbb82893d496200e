"""Replays in saved steps, requested and not run where records are processed (ADR 0034)."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.commands.rebuild import start_rebuild
from chalicelib.errors import LongReplayError
from chalicelib.events import Event, Join, Owner
from chalicelib.leads import derivation
from chalicelib.leads.lead import Lead
from chalicelib.lifecycle.stages import Stage
from chalicelib.limits import (
    REPLAY_EVERY_MINUTES,
    REPLAY_STEP_EVENTS,
    URGENT_REPLAYS_MAX_PER_HOUR,
)
from chalicelib.qualify import qualify
from chalicelib.store import keys
from chalicelib.store.events import event_item
from chalicelib.store.joins import put_join, put_owner
from chalicelib.store.table import Item, Put, Write
from tests import factories as make
from tests.baton import ANN, InMemoryBaton, qualify_only, stream_event
from tests.fakes import NOW, FakePorts, MemoryTable

SECOND = timedelta(seconds=1)
STEP = 10  # events of a step, in these tests


class CountingTable(MemoryTable):
    """A table that counts the calls, and breaks on demand."""

    def __init__(self) -> None:
        super().__init__()
        self.reads = 0
        self.writes = 0
        self.breaks_on = ""
        """The sort key whose write fails."""

    def get(self, pk: str, sk: str, *, lagging: bool = False) -> Item | None:
        self.reads += 1
        return super().get(pk, sk, lagging=lagging)

    def query(self, pk: str, **bounds: Any) -> Iterator[Item]:
        self.reads += 1
        return super().query(pk, **bounds)

    def write(self, *writes: Write) -> None:
        self.writes += 1
        if any(isinstance(one, Put) and one.item["sk"] == self.breaks_on for one in writes):
            raise OSError("the machine went away")
        super().write(*writes)

    def forget_calls(self) -> None:
        self.reads = self.writes = 0


@pytest.fixture
def table() -> CountingTable:
    return CountingTable()


@pytest.fixture
def baton(table: CountingTable) -> InMemoryBaton:
    return InMemoryBaton(FakePorts(table))


def ann(baton: InMemoryBaton) -> Lead:
    return baton.world.leads.read(baton.world.lead_id(ANN["email"]))


def in_turn(baton: InMemoryBaton) -> None:
    """Let records be processed, but no replay run."""
    qualify_only(baton)


def requests(baton: InMemoryBaton) -> Mapping[str, Any]:
    return baton.ports.memory.items[keys.lead(ann(baton).lead_id), keys.REPLAY]


def crowd(baton: InMemoryBaton, pages: int = 140) -> None:
    baton.form("newsletter", **ANN)
    for _ in range(pages):
        baton.page("/blog/a")
    baton.until_quiet()
    baton.minutes_later(61)  # the join of so many pages was an urgent replay itself
    assert ann(baton).crowded


def records(events: list[Event]) -> dict[str, Any]:
    return stream_event([event_item(event) for event in events])


# --- a batch of one lead ----------------------------------------------------------------------


def test_a_visitors_batch_is_one_read_and_one_write(
    baton: InMemoryBaton, table: CountingTable
) -> None:
    baton.form("newsletter", **ANN)
    baton.until_quiet()
    batch = [make.page("/blog/a", n=n, at=baton.ports.now() - n * SECOND) for n in range(100)]
    baton.world.qualify_records(records([make.page(n=1_000)]))  # what a container keeps is read
    table.forget_calls()
    assert baton.world.qualify_records(records(batch)) == {"batchItemFailures": []}
    assert (table.reads, table.writes) == (2, 1)  # its owner and its lead; the standing
    assert sum(ann(baton).tally.days["blog"].values()) == 100


def test_a_batch_that_was_counted_costs_no_write(
    baton: InMemoryBaton, table: CountingTable
) -> None:
    baton.form("newsletter", **ANN)
    baton.until_quiet()
    batch = [make.page("/blog/a", n=n) for n in range(50)]
    baton.world.qualify_records(records(batch))
    table.forget_calls()
    baton.world.qualify_records(records(batch))
    assert (table.reads, table.writes) == (2, 0)


def test_events_of_several_leads_are_counted_with_each_their_own(baton: InMemoryBaton) -> None:
    baton.form("newsletter", "v1", **ANN)
    baton.form("newsletter", "v2", **{**ANN, "email": "jo@acme.example"})
    baton.until_quiet()
    batch = [
        make.page("/blog/a", n=n, partition=f"VISITOR#v{1 + n % 2}", at=baton.ports.now())
        for n in range(10)
    ]
    baton.world.qualify_records(records(batch))
    other = baton.world.leads.read(baton.world.lead_id("jo@acme.example"))
    assert sum(ann(baton).tally.days["blog"].values()) == 5
    assert sum(other.tally.days["blog"].values()) == 5


# --- requests -----------------------------------------------------------------------------------


def test_a_flood_on_a_crowded_lead_asks_once(baton: InMemoryBaton, table: CountingTable) -> None:
    crowd(baton)
    baton.page("/pricing")
    in_turn(baton)
    asked = requests(baton)["requests"]
    for _ in range(20):
        baton.page("/pricing")
    table.forget_calls()
    in_turn(baton)
    assert table.writes == 0
    assert table.reads == 20 * 2  # the visitor's owner, and the lead
    assert requests(baton)["requests"] == asked


def test_a_crowded_leads_form_is_urgent_within_its_budget(
    baton: InMemoryBaton,
) -> None:
    crowd(baton)
    urgent: list[str] = []
    baton.world.qualify._urgent = urgent.append
    for number in range(URGENT_REPLAYS_MAX_PER_HOUR + 3):
        baton.form("newsletter", **ANN)
        in_turn(baton)
        if number < URGENT_REPLAYS_MAX_PER_HOUR:
            baton.world.qualify.replay(ann(baton).lead_id)
    assert urgent == [ann(baton).lead_id] * URGENT_REPLAYS_MAX_PER_HOUR
    due_at = str(requests(baton)["due_sk"])[:19]
    turn = baton.ports.now() + timedelta(minutes=REPLAY_EVERY_MINUTES)
    assert due_at == turn.isoformat()[:19]
    baton.ports.clock.tick(timedelta(hours=1, minutes=1))
    baton.until_quiet()
    baton.form("demo", **ANN)
    in_turn(baton)
    assert len(urgent) == URGENT_REPLAYS_MAX_PER_HOUR + 1


def test_a_batch_never_replays_a_lead(
    baton: InMemoryBaton, monkeypatch: pytest.MonkeyPatch
) -> None:
    crowd(baton)

    def refuse(*_args: object, **_more: object) -> None:
        raise AssertionError("a replay in the stream")

    monkeypatch.setattr(derivation.Derivation, "replaying", refuse)
    monkeypatch.setattr(derivation.Derivation, "replayed", refuse)
    baton.form("demo", **ANN)
    in_turn(baton)
    assert ann(baton).requests.is_open


def test_the_cause_of_an_urgent_replay_is_told(baton: InMemoryBaton) -> None:
    crowd(baton)
    baton.form("demo", **ANN)
    in_turn(baton)
    cause = ann(baton).requests.cause
    assert cause is not None
    event = baton.world.events.one(*cause)
    assert event is not None
    assert event.name == "demo"
    baton.until_quiet()
    assert baton.lead()["stage"] == "sql"
    assert ann(baton).requests.cause is None


# --- in saved steps ----------------------------------------------------------------------------


@pytest.fixture
def short_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(qualify, "REPLAY_STEP_EVENTS", STEP)


def one_step(baton: InMemoryBaton) -> None:
    lead = ann(baton)
    baton.world.qualify.replay(lead.lead_id, baton.ports.now())


def ask(baton: InMemoryBaton) -> None:
    lead = ann(baton)
    baton.world.leads.request_replay(lead, baton.ports.now())


@pytest.mark.usefixtures("short_steps")
def test_a_long_replay_is_decided_when_it_is_whole(baton: InMemoryBaton) -> None:
    crowd(baton)
    before = ann(baton)
    baton.page("/pricing")
    in_turn(baton)
    ask(baton)
    steps = 0
    while ann(baton).version == before.version:
        assert ann(baton).tally == before.tally
        one_step(baton)
        steps += 1
    assert steps > 140 / STEP
    assert ann(baton).tally.days_of("pricing-page")
    assert ann(baton).requests.due_at is None


@pytest.mark.usefixtures("short_steps")
def test_a_crash_between_steps_repeats_one_step(baton: InMemoryBaton, table: CountingTable) -> None:
    crowd(baton)
    whole = ann(baton)
    ask(baton)
    crashes = 0
    for number in range(40):
        table.breaks_on = keys.UNFINISHED if number % 3 == 1 else ""
        if ann(baton).requests.due_at is None:
            break
        try:
            one_step(baton)
        except OSError:
            crashes += 1
    assert crashes > 3
    after = ann(baton)
    assert after.version == whole.version + 1
    assert (after.tally, after.profile, after.touches) == (
        whole.tally,
        whole.profile,
        whole.touches,
    )


@pytest.mark.usefixtures("short_steps")
@pytest.mark.parametrize("steps", [0, 1, 2, 7, 14])
def test_events_that_arrive_meanwhile_are_counted_once(baton: InMemoryBaton, steps: int) -> None:
    crowd(baton)
    ask(baton)
    for _ in range(steps):
        one_step(baton)
    for number in range(3):
        baton.page("/pricing", at=baton.ports.now() - number * timedelta(hours=3))
        in_turn(baton)
        one_step(baton)
    for _ in range(40):
        baton.ports.clock.tick(timedelta(minutes=REPLAY_EVERY_MINUTES))
        one_step(baton)
    assert sum(ann(baton).tally.days["pricing-page"].values()) == 3
    assert sum(ann(baton).tally.days["blog"].values()) == 140
    assert baton.world.corrections.rebuild(ann(baton).lead_id)[1] == []


@pytest.mark.usefixtures("short_steps")
def test_a_changed_model_begins_a_long_replay_anew(baton: InMemoryBaton) -> None:
    crowd(baton)
    ask(baton)
    for _ in range(5):
        one_step(baton)
    lead = ann(baton)
    saved = baton.world.leads.unfinished(lead)
    assert saved is not None
    fits = baton.world.qualify.derive.replaying(lead, saved)
    assert fits.progress is saved
    saved.matching = "of another model"
    assert baton.world.qualify.derive.replaying(lead, saved).progress is not saved


@pytest.mark.usefixtures("short_steps")
def test_a_lead_that_changed_meanwhile_is_replayed_from_the_beginning(
    baton: InMemoryBaton,
) -> None:
    crowd(baton)
    ask(baton)
    for _ in range(5):
        one_step(baton)
    baton.world.commands.move(ann(baton).lead_id, Stage.DISQUALIFIED, "a competitor")
    for _ in range(40):
        one_step(baton)
    assert ann(baton).standing.stage is Stage.DISQUALIFIED
    assert sum(ann(baton).tally.days["blog"].values()) == 140


@pytest.mark.usefixtures("short_steps")
def test_a_review_waits_for_the_replay_that_is_under_way(baton: InMemoryBaton) -> None:
    crowd(baton)
    ask(baton)
    one_step(baton)
    before = ann(baton).version
    baton.world.qualify.review(ann(baton).lead_id)
    assert ann(baton).version == before


def test_saved_steps_do_not_grow_with_the_events(
    baton: InMemoryBaton, table: CountingTable
) -> None:
    crowd(baton)
    lead_id = ann(baton).lead_id
    ask(baton)
    sizes = []
    for visitor in ("v2", "v3"):
        table.write(put_owner(f"VISITOR#{visitor}", Owner(lead_id)))
        table.write(put_join(Join(f"VISITOR#{visitor}", lead_id, NOW)))
        for number in range(REPLAY_STEP_EVENTS):
            page = make.page(
                n=number, partition=f"VISITOR#{visitor}", at=NOW - number % 50 * timedelta(days=1)
            )
            table.items[page.partition, keys.event(page.id)] = event_item(page)
        one_step(baton)
        saved = table.items[keys.lead(lead_id), keys.UNFINISHED]
        sizes.append(sum(len(str(value)) for value in saved.values()))
    assert max(sizes) < 20_000


def test_too_many_events_are_left_to_the_clock(
    baton: InMemoryBaton, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A person's word about it is taken all the same."""
    crowd(baton)
    monkeypatch.setattr(derivation, "REPLAY_AT_ONCE_MAX_EVENTS", 50)
    lead_id = ann(baton).lead_id
    with pytest.raises(LongReplayError):
        baton.world.corrections.rebuild(lead_id)
    before = ann(baton).version
    for _ in range(5):
        baton.minutes_later(REPLAY_EVERY_MINUTES)
    assert ann(baton).version == before + 1  # the request asked, and the clock did it
    start_rebuild(baton.world.job_runner)
    for _ in range(5):
        baton.minutes_later(REPLAY_EVERY_MINUTES)
    assert ann(baton).version == before + 2  # so did the job
    baton.world.commands.move(lead_id, Stage.DISQUALIFIED, "a competitor")
    assert ann(baton).standing.stage is Stage.DISQUALIFIED
    assert ann(baton).crowded


# --- one lead delays no other ------------------------------------------------------------------


def newest_event(table: CountingTable) -> list[Item]:
    return [item for item in table.inserted if str(item["sk"]).startswith("EVENT#")][-1:]


def test_a_flood_of_one_lead_leaves_anothers_request_alone(
    baton: InMemoryBaton, table: CountingTable
) -> None:
    """Another person's demo request takes no more calls beside a flood than without."""
    jo = {**ANN, "email": "jo@acme.example"}
    baton.form("demo", "quiet", **jo)
    request = newest_event(table)
    table.forget_calls()
    baton.world.qualify_records(stream_event(request))
    undisturbed = (table.reads, table.writes)
    crowd(baton)
    kim = {**ANN, "email": "kim@acme.example"}
    flood = [make.page("/pricing", n=n, at=baton.ports.now()) for n in range(99)]
    for _ in range(3):
        baton.world.qualify_records(records(flood))
    baton.drained = len(table.inserted)
    baton.form("demo", "other", **kim)
    request = newest_event(table)
    table.forget_calls()
    baton.world.qualify_records(stream_event([*map(event_item, flood), *request]))
    flooded = 2  # the flood's owner and lead; its replay is requested already
    assert table.reads - flooded <= undisturbed[0]
    assert table.writes == undisturbed[1]
    baton.until_quiet()
    assert baton.lead("kim@acme.example")["stage"] == "sql"
