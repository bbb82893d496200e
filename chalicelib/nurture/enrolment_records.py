"""How an enrolment is written: as a record of a decision's plan, or in a worker's transaction."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from chalicelib.events import epoch_ms, from_epoch_ms
from chalicelib.leads.records import Record, RecordValue
from chalicelib.nurture.enrolment import Enrolment, ExitReason

ENROLMENT_PREFIX = "ENROL#"
"""What the sort keys of enrolments begin with."""


def record_of(before: Enrolment | None, after: Enrolment) -> Record:
    """Return the record of a new enrolment, or of a change of one: it holds only if nobody else
    has changed it.
    """
    expect: dict[str, RecordValue | None] = {"pk": None}
    if before is not None:
        # The version alone could be that of another life: an erased lead enters anew. ADR 0046
        expect = {"version": before.version, "created_at_ms": epoch_ms(before.entered_at)}
    return Record(
        key=ENROLMENT_PREFIX + after.key,
        values=_values(after),
        expect=expect,
        due_at=after.due_at,
        is_paced=True,
        lead_id=after.lead_id,
    )


def enrolment_in(lead_id: str, key: str, values: Mapping[str, object]) -> Enrolment:
    """Return the enrolment of a stored record. key: without the prefix."""
    cycle, sequence, *entry = key.split("#")
    found = Enrolment(
        lead_id=lead_id,
        sequence=sequence,
        cycle=int(cycle),
        entry=int(entry[0]) if entry else 1,
        entered_at=from_epoch_ms(int(str(values["created_at_ms"]))),
        cause=str(values["entered_by"]),
        passed=tuple(json.loads(str(values.get("passed", "[]")))),
        sent=int(str(values.get("sent", 0))),
        repeats=int(str(values.get("repeats", 0))),
        due_at=None,
        version=int(str(values["version"])),
    )
    known: dict[str, Any] = {
        name: str(values[name])
        for name in ("go_to", "step", "on_way", "left", "goal", "trace")
        if name in values
    }
    for name in ("due_at", "left_at", "ended_at"):
        if f"{name}_ms" in values:
            known[name] = from_epoch_ms(int(str(values[f"{name}_ms"])))
    if "ended" in values:
        known["ended"] = ExitReason(str(values["ended"]))
    return replace(found, **known)


def _values(enrolment: Enrolment) -> dict[str, RecordValue]:
    """Return what is stored of an enrolment, besides its key."""
    known: dict[str, RecordValue | None] = {
        "version": enrolment.version,
        "created_at_ms": epoch_ms(enrolment.entered_at),
        "entered_by": enrolment.cause,
        "passed": json.dumps(enrolment.passed) if enrolment.passed else None,
        "go_to": enrolment.go_to,
        "step": enrolment.step,
        "on_way": enrolment.on_way,
        "left": enrolment.left,
        "left_at_ms": epoch_ms(enrolment.left_at) if enrolment.left_at else None,
        "sent": enrolment.sent or None,
        "repeats": enrolment.repeats or None,
        "due_at_ms": epoch_ms(enrolment.due_at) if enrolment.due_at else None,
        "ended": enrolment.ended.value if enrolment.ended else None,
        "goal": enrolment.goal,
        "ended_at_ms": epoch_ms(enrolment.ended_at) if enrolment.ended_at else None,
        "trace": enrolment.trace,
    }
    return {name: value for name, value in known.items() if value is not None}
