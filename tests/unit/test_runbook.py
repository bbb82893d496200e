"""What the runbook lets a person do by hand, done on a Baton in memory."""

import json
import re

from infra.paths import ROOT
from tests.baton import ANN, InMemoryBaton

UPDATE = re.compile(
    r"--update-expression 'SET (?P<set>.+) ADD requests :one'.*\n +--expression-attribute-values"
    r" '(?P<values>.+)'"
)


def test_a_replay_that_is_asked_for_by_hand_counts_what_qualify_left() -> None:
    baton = InMemoryBaton()
    baton.form("guide", consent=True, **ANN)
    baton.drained = len(baton.ports.memory.inserted)  # Qualify gave up on these records
    lead_id = baton.world.lead_id("ann@acme.example")
    found = UPDATE.search((ROOT / "docs" / "runbook.md").read_text())
    assert found
    values = {
        name: next(iter(value.values())) for name, value in json.loads(found["values"]).items()
    }
    item = {
        name.strip(): values[value.strip()]
        for name, _, value in (one.partition("=") for one in found["set"].split(","))
    }
    key = (f"LEAD#{lead_id}", "REPLAY")
    baton.ports.memory.items[key] = {
        "pk": key[0],
        "sk": key[1],
        "schema": 1,
        "requests": int(values[":one"]),
        "due_pk": str(item["due_pk"]),
        "due_sk": str(item["due_sk"]),
    }
    baton.minutes_later(1)
    assert baton.lead()["stage"] == "mql"
    assert "due_pk" not in baton.ports.memory.items[key]
