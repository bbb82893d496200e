"""A lead with more events than other work can read is left to the clock, and stops nothing."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.commands import corrections
from chalicelib.commands.rebuild import start_rebuild
from chalicelib.leads import derivation, histories
from chalicelib.leads.lead import Lead
from chalicelib.limits import COUNTED_MAX_IDS
from chalicelib.store import keys
from chalicelib.store.table import Item
from tests.baton import ANN, TOKEN, InMemoryBaton
from tests.drafts import EASY_SQL, draft, fill, leads
from tests.fakes import FakePorts, MemoryTable

AT_ONCE = 50  # events, in these tests
IMPRINT = {"imprint": {"on": "page", "where": {"path": ["/imprint"]}}}
BOB = {**ANN, "email": "bob@acme.example"}


class ReadTable(MemoryTable):
    """A table that counts the events that are read."""

    events_read = 0

    def query(self, pk: str, **bounds: Any) -> Iterator[Item]:
        for item in super().query(pk, **bounds):
            self.events_read += str(item["sk"]).startswith(keys.EVENT)
            yield item


@pytest.fixture
def table() -> ReadTable:
    return ReadTable()


@pytest.fixture
def baton(table: ReadTable, monkeypatch: pytest.MonkeyPatch) -> InMemoryBaton:
    """Return a Baton in which Ann has more events than can be read at once."""
    for module in (derivation, histories, corrections):
        monkeypatch.setattr(module, "REPLAY_AT_ONCE_MAX_EVENTS", AT_ONCE)
    baton = InMemoryBaton(FakePorts(table))
    baton.form("newsletter", **ANN)
    for _ in range(AT_ONCE + 10):
        baton.page("/imprint")
    baton.until_quiet()
    return baton


def ann(baton: InMemoryBaton) -> Lead:
    return baton.world.leads.read(baton.world.lead_id(ANN["email"]))


def ask(baton: InMemoryBaton, what: str, body: dict[str, Any]) -> tuple[int, Any]:
    answer = baton.post(f"/v1/leads/{ann(baton).lead_id}/{what}", body, TOKEN)
    return answer.status_code, answer.json_body


def publish(baton: InMemoryBaton, **stages: Any) -> Any:
    baton.world.publishing.draft(draft(signals=IMPRINT, **stages))
    job = baton.world.publishing.publish(2, None, force=True)
    for _ in range(5):
        baton.minutes_later(1)
    return baton.world.job_runner.show(job["id"])


def test_a_review_asks_once_and_reads_once(
    baton: InMemoryBaton, table: ReadTable, capsys: pytest.CaptureFixture[str]
) -> None:
    baton.world.models.load(draft(signals=IMPRINT))
    baton.ports.clock.tick(timedelta(minutes=1))  # a worker keeps the older model for half of it
    table.events_read = 0
    for _ in range(3):
        baton.world.qualify.review(ann(baton).lead_id)
    assert 0 < table.events_read <= AT_ONCE + 1
    assert capsys.readouterr().out.count('"event":"left_to_clock"') == 1
    assert ann(baton).requests.due_at is not None
    baton.minutes_later(1)
    assert not baton.world.qualify.derive.is_stale(ann(baton))
    assert sum(ann(baton).tally.days["imprint"].values()) == AT_ONCE + 10
    assert ann(baton).requests.due_at is None


def test_a_publish_leaves_it_to_the_clock(baton: InMemoryBaton) -> None:
    fill(baton, leads(3))
    found = publish(baton)
    assert (found["state"], found["report"]["failed"]) == ("done", [])
    assert found["report"]["left_to_clock"] in (0, 1)  # the clock may be faster than the last walk
    assert ann(baton).activation == 2
    assert not baton.world.qualify.derive.is_stale(ann(baton))


def test_a_publish_counts_whom_the_clock_has_not_reached(baton: InMemoryBaton) -> None:
    baton.world.publishing.draft(draft(signals=IMPRINT))
    job = baton.world.publishing.publish(2, None, force=True)
    for _ in range(5):
        baton.ports.clock.tick(timedelta(minutes=1))
        baton.world.job_runner.run(job["id"], baton.ports.now() + timedelta(seconds=25))
    found = baton.world.job_runner.show(job["id"])
    assert (found["state"], found["report"]["failed"]) == ("done", [])
    assert found["report"]["left_to_clock"] == 1


def test_what_a_publish_changes_about_it_is_held(baton: InMemoryBaton) -> None:
    for path in ("/blog/a", "/blog/b", "/product", "/customers/acme"):
        baton.page(path)
    baton.until_quiet()
    assert ann(baton).standing.stage == "mql"
    publish(baton, sql=EASY_SQL)
    assert ann(baton).standing.stage == "sql"
    handoff = baton.ports.memory.items[keys.lead(ann(baton).lead_id), "HANDOFF#1"]
    assert handoff["state"] == "held"


def test_taking_events_back_says_what_to_do_instead(baton: InMemoryBaton) -> None:
    body = {"event_ids": ["1795341600000-f8b2ac0ccdef4b04"], "reason": "a mail scanner"}
    before = baton.kept()
    status, problem = ask(baton, "retract", body)
    assert (status, problem["detail"]) == (409, corrections.TOO_LONG_TO_RETRACT)
    assert baton.kept() == before


@pytest.mark.parametrize("is_survivor", [True, False])
def test_a_merge_says_what_to_do_instead(baton: InMemoryBaton, *, is_survivor: bool) -> None:
    baton.form("newsletter", "other", **BOB)
    baton.until_quiet()
    pair = [ann(baton).lead_id, baton.world.lead_id(BOB["email"])]
    one, other = pair if is_survivor else reversed(pair)
    answer = baton.post(f"/v1/leads/{one}/merge", {"other_lead_id": other}, TOKEN)
    assert answer.status_code == 409
    assert answer.json_body["detail"] == corrections.TOO_LONG_TO_MERGE


def test_a_rebuild_asks_the_clock(baton: InMemoryBaton) -> None:
    status, problem = ask(baton, "rebuild", {})
    assert (status, problem["detail"]) == (409, derivation.LEFT_TO_CLOCK)
    before = ann(baton).version
    baton.minutes_later(1)
    assert ann(baton).version == before + 1


def test_a_rebuild_of_all_names_it(baton: InMemoryBaton) -> None:
    fill(baton, leads(3))
    job = start_rebuild(baton.world.job_runner)
    baton.minutes_later(1)
    report = baton.world.job_runner.show(job["id"])["report"]
    assert (report["failed"], report["left_to_clock"]) == (0, 1)
    assert report["left_ids"] == [ann(baton).lead_id]


def test_a_past_day_of_it_is_refused(baton: InMemoryBaton) -> None:
    day = baton.ports.now().date()
    baton.ports.clock.tick(timedelta(days=2))
    answer = baton.http("GET", f"/v1/leads/{ann(baton).lead_id}?as_of={day}", headers=TOKEN)
    assert answer.status_code == 409
    assert "its timeline has" in answer.json_body["detail"]


def test_a_persons_word_about_it_is_taken(baton: InMemoryBaton) -> None:
    """Also when it is the one that makes the lead crowded."""
    while len(ann(baton).counted) < COUNTED_MAX_IDS:
        baton.page("/imprint")
        baton.until_quiet()
    assert not ann(baton).crowded
    status, _ = ask(baton, "stage", {"stage": "disqualified", "reason": "a competitor"})
    assert status == 200
    assert ann(baton).standing.stage == "disqualified"


def test_a_ping_after_a_publish_is_counted_by_the_clock(baton: InMemoryBaton) -> None:
    """The replay that it asks for meets a lead that cannot be recounted at once."""
    baton.world.models.load(draft(signals=IMPRINT))
    baton.ports.clock.tick(timedelta(minutes=1))
    baton.page("/imprint")
    baton.until_quiet()
    baton.minutes_later(1)
    assert sum(ann(baton).tally.days["imprint"].values()) == AT_ONCE + 11
    assert ann(baton).requests.due_at is None
