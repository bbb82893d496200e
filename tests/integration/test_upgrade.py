"""Data outlives code: today's version carries on with what the version before stored, and back.

`tests/data/recorded-lives.json` has the items as the version before wrote them, and what it
answered about them (docs/how-to/change-what-is-stored.md).
"""

import json
import os
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest

from chalicelib.consent.confirming import ConfirmLink
from chalicelib.delivery.messages import Waiting
from chalicelib.delivery.reasons import NotSentReason
from chalicelib.store import keys
from chalicelib.store.table import Item
from infra.paths import ROOT
from tests import factories as make
from tests import recorded_lives
from tests.baton import ANN, InMemoryBaton
from tools.rebuild import note_schema, rebuild

BEFORE = "93a62daeb740623694fe0b6fc7dc2da196fe499d"
"""The commit whose items are recorded."""
RECORDED = ROOT / "tests/data/recorded-lives.json"
PASSING = {"due_at_ms", "due_pk", "due_sk", "not_before_ms", "claimed_at_ms"}
"""What an item has only while it is open, or since a worker took it."""
WENT_WRONG = {"due_failed", "record_failed", "quarantined", "unhandled", "due_unknown"}


def recorded() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(RECORDED.read_text())
    return found


@pytest.fixture
def baton() -> InMemoryBaton:
    return recorded_lives.baton_on(recorded())


def lost(before: Any, after: Any, place: str = "") -> list[str]:
    """Return where an answer no longer says what it said; what it says besides is fine."""
    if isinstance(before, dict) and isinstance(after, dict):
        return [
            one
            for name, value in before.items()
            for one in lost(value, after.get(name), f"{place}.{name}")
        ]
    if isinstance(before, list) and isinstance(after, list):
        after = _known_of(before, after)
    if isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        pairs = zip(before, after, strict=True)
        return [one for n, pair in enumerate(pairs) for one in lost(*pair, f"{place}[{n}]")]
    return [] if before == after else [f"{place}: {before!r} became {after!r}"]


def _known_of(before: list[Any], after: list[Any]) -> list[Any]:
    """Return a list without the items that it did not have: a timeline may say more than it did."""
    ids = {one["id"] for one in before if isinstance(one, dict) and "id" in one}
    return [one for one in after if one["id"] in ids] if len(ids) == len(before) > 0 else after


def family(item: Mapping[str, Any]) -> str:
    """Return what kind of item one is."""
    return f"{str(item['pk']).partition('#')[0]} {str(item['sk']).partition('#')[0]}"


def required(items: Iterable[Mapping[str, Any]]) -> dict[str, set[str]]:
    """Return the attributes that all items of a kind have: its readers may count on them."""
    found = dict[str, set[str]]()
    for item in items:
        found[family(item)] = found.get(family(item), set(item)) & set(item)
    return found


def events_in(log: str, known: frozenset[str] = frozenset()) -> set[str]:
    """Return the events of a log. known: families of whose due items it may know nothing."""
    lines = (json.loads(line) for line in log.splitlines() if line.startswith("{"))
    return {
        line["event"]
        for line in lines
        if line["event"] != "due_unknown" or line["family"] not in known
    }


def test_every_kind_of_item_is_recorded() -> None:
    kinds = {family(item) for item in recorded()["items"]}
    of_leads = "CONSENT EVENT HANDOFF OUTBOX PROFILE REPLAY STANDING TRANSITION"
    assert kinds >= {f"LEAD {kind}" for kind in of_leads.split()}
    assert kinds >= {
        "JOB JOB",
        "JOB PART",
        "JOB DOCUMENT",
        "SIMULATED SIMULATED",
        "PUBLISHING TURN",
    }
    assert kinds >= {"CONFIG ACTIVE", "CONFIG ACTIVATION", "CONFIG v00001", "CONFIG guide"}
    assert kinds >= {"VISITOR EVENT", "VISITOR OWNER", "SUBMISSION RECEIPT", "QUARANTINE VISITOR"}


def test_what_was_answered_is_answered_still(baton: InMemoryBaton) -> None:
    assert lost(recorded()["answers"], recorded_lives.answers(baton)) == []


def test_a_lead_derived_anew_is_what_was_stored(baton: InMemoryBaton) -> None:
    for email in recorded_lives.EVERYBODY:
        _, differences = baton.world.corrections.inspect(baton.world.lead_id(email))
        parts = {one.part for one in differences} - {"schema.stored"}
        # What the version before did not keep, and a rebuild brings (ADR 0042).
        new = {part for part in parts if part.startswith(("touches.recent.", "touches.channel"))}
        assert parts == new


def test_life_goes_on(baton: InMemoryBaton, capsys: pytest.CaptureFixture[str]) -> None:
    recorded_lives.go_on(baton)
    assert events_in(capsys.readouterr().out) & WENT_WRONG == set()
    assert set(recorded_lives.jobs(baton).values()) == {"done"}
    owed = [one for one in baton.outbox() if one["kind"] == "handoff"]
    assert {one["state"] for one in owed if one["via"] != "sms"} == {"sent"}
    # From now on no text goes to a number that nobody has confirmed (ADR 0073).
    texts = {(one["state"], one["reason"]) for one in owed if one["via"] == "sms"}
    assert texts == {("sent", None), ("refused", "unconfirmed_phone")}
    assert len(owed) == 5 * 3  # Ann, Bob, Cleo, Eve and the new one: email, topic, text
    assert baton.lead(recorded_lives.EVE["email"])["stage"] == "sql"


def test_what_is_written_today_has_what_readers_before_need(baton: InMemoryBaton) -> None:
    # So that a deploy can be taken back. New attributes are ignored by a reader of before.
    needed = required(recorded()["items"])
    recorded_lives.go_on(baton)
    missing = defaultdict[str, set[str]](set)
    for item in baton.ports.memory.items.values():
        missing[family(item)] |= needed.get(family(item), set()) - set(item)
    assert {name: gone - PASSING for name, gone in missing.items() if gone - PASSING} == {}


def test_the_version_before_carries_on_with_what_is_written_today(
    baton: InMemoryBaton, tmp_path: Path
) -> None:
    before = checkout(BEFORE, tmp_path / "before")
    if before is None:
        return  # a clone without its history: the test above has compared the attributes
    baton.form("demo", visitor="v-gil", **{**recorded_lives.BOB, "email": "gil@gorse.example"})
    recorded_lives.work_off(baton)
    baton.ports.senders.answers = [Waiting(NotSentReason.SANDBOX)] * 3
    baton.form("demo", visitor="v-hal", **{**recorded_lives.BOB, "email": "hal@gorse.example"})
    baton.until_quiet()
    written = recorded_lives.kept(baton)
    recorded_lives.write(written, tmp_path / "today.json")
    log = go_on_with(before, tmp_path / "today.json", tmp_path / "after.json")
    # The clock of handoffs is new, and stands still until it is deployed again (ADR 0070).
    assert events_in(log, frozenset({"HANDOFF"})) & WENT_WRONG == set()
    after = json.loads((tmp_path / "after.json").read_text())
    assert set(after["jobs"].values()) == {"done"}
    sent = {one["id"] for one in after["answers"]["outbox"] if one["state"] == "sent"}
    assert {one["id"] for one in written["answers"]["outbox"] if one["state"] == "sent"} <= sent
    stages = {who: one["lead"]["stage"] for who, one in after["answers"].items() if "@" in who}
    assert stages[recorded_lives.EVE["email"]] == "sql"
    assert stages[recorded_lives.BOB["email"]] == "sql"


def older(baton: InMemoryBaton, kind: str) -> None:
    """Let all items of a kind be of the schema before today's."""
    for key, item in list(baton.ports.memory.items.items()):
        if item["sk"] == kind:
            baton.ports.memory.items[key] = {**item, "schema": keys.SCHEMA - 1}


@pytest.mark.parametrize("kind", [keys.PROFILE, keys.STANDING])
def test_a_rebuild_brings_every_lead_to_todays_schema(baton: InMemoryBaton, kind: str) -> None:
    older(baton, kind)
    job = rebuild(baton.world, lambda _line: None, lambda: None)
    assert (job["state"], job["report"]["failed"]) == ("done", 0)
    assert {"schema.stored"} <= {*job["report"]["differences"][0]["parts"]}
    survivors = [
        item
        for item in baton.ports.memory.items.values()
        if item["sk"] == kind and "list_pk" in item
    ]
    assert {item["schema"] for item in survivors} == {keys.SCHEMA}
    again = rebuild(baton.world, lambda _line: None, lambda: None)
    assert again["report"]["differed"] == 0


def test_a_rebuild_carries_suppressions_over_to_mailboxes(baton: InMemoryBaton) -> None:
    """Dora was absorbed by Ann: no list names her, and what she wished holds all the same."""
    unsubscribed: Item = {"marketing": True, "suppressed": "unsubscribed", "suppressed_at_ms": 1}
    dora: Item = {"pk": f"LEAD#{baton.world.lead_id('dora@acme.example')}", "sk": "CONSENT"}
    key = (str(dora["pk"]), str(dora["sk"]))
    baton.ports.memory.items[key] = {**dora, **unsubscribed, "schema": 1, "version": 1}
    rebuild(baton.world, lambda _line: None, lambda: None)
    addresses = {"1": "dora+new@acme.example", "2": recorded_lives.EVE["email"], "3": "x@y.example"}
    leads = [
        make.lead(lead_id=number, profile=make.profile({"email": address}))
        for number, address in addresses.items()
    ]
    found = baton.world.consents.read_many(leads)
    suppressed = {number: one.suppressed for number, one in found.items()}
    assert suppressed == {"1": "unsubscribed", "2": "bounced", "3": None}


def test_a_consent_of_earlier_code_is_the_first_proof(baton: InMemoryBaton) -> None:
    ann = baton.lead()
    (first,) = ann["consent_history"]
    assert {name: first[name] for name in ("at", "text")} == {
        name: ann["consent"][name] for name in ("at", "text")
    }
    baton.form("guide", consent=True, **ANN)
    box = baton.world.confirmations.newest(ann["lead_id"], baton.ports.now())
    assert box is not None  # a deployment of before asks for confirmations from now on
    mailbox = baton.world.mailbox_of(ANN["email"])
    baton.world.confirming.confirm(ConfirmLink(ann["lead_id"], str(box.event_id), mailbox.id))
    after = baton.lead()
    assert (after["consent"], len(after["consent_history"])) == (ann["consent"], 2)


def test_a_done_rebuild_is_written_down(baton: InMemoryBaton) -> None:
    note_schema(baton.world)
    assert baton.world.deployment()["schema"] == keys.SCHEMA
    assert baton.world.deployment()["write_key"] == "write-key"


def checkout(commit: str, folder: Path) -> Path | None:
    """Write the code of a commit into a folder; return None where the clone does not have it."""
    archive = subprocess.run(
        ["git", "archive", commit, "app.py", "chalicelib", "infra", "tests"],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    if archive.returncode != 0:
        return None
    folder.mkdir()
    subprocess.run(["tar", "-x", "-C", str(folder)], input=archive.stdout, check=True)
    return folder


def go_on_with(code: Path, items: Path, after: Path) -> str:
    """Let another version carry on with items; return what it logged."""
    done = subprocess.run(
        [sys.executable, recorded_lives.__file__, "go-on", str(items), str(after)],
        cwd=code,
        env={**os.environ, "PYTHONPATH": str(code)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
