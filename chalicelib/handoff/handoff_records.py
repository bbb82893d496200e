"""How a handoff is written: as a record of a decision's plan, or in a worker's transaction."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from chalicelib.events import epoch_ms, from_epoch_ms
from chalicelib.handoff.handoff import Handoff, HandoffState, Priority, SlaStep, WhyHeld
from chalicelib.leads.records import Record, RecordValue
from chalicelib.scoring.model import REQUESTED

HANDOFF_PREFIX = "HANDOFF#"
"""What the sort keys of handoffs begin with."""
HANDOFF_TIMES = (
    "opened_at",
    "accepted_at",
    "contacted_at",
    "tried_at",
    "touched_at",
    "closed_at",
    "due_at",
    "again_at",
)


def handoff_record(before: Handoff | None, after: Handoff) -> Record:
    """Return the record of a new handoff, or of a change of one: it holds only if nobody else has
    changed it.
    """
    expect: dict[str, RecordValue | None] = {"pk": None}
    if before is not None:
        # The version alone could be that of another life: an erased lead begins anew. ADR 0046
        created_at_ms = epoch_ms(before.created_at)
        expect = {"version": before.version or None, "created_at_ms": created_at_ms}
    return Record(
        key=f"{HANDOFF_PREFIX}{after.cycle}",
        values=_handoff_values(after),
        expect=expect,
        due_at=after.due_at,
        lead_id=after.lead_id,
        listed=(after.state.value, after.created_at),
    )


def handoff_in(lead_id: str, key: str, values: Mapping[str, object]) -> Handoff:
    """Return the handoff of a stored record. key: without the prefix.

    One of before ADR 0067 has neither version nor priority, and was open or held for good.
    """
    kind = str(values.get("kind", ""))
    state = HandoffState(str(values["state"]))
    created_at = from_epoch_ms(int(str(values["created_at_ms"])))
    times: dict[str, Any] = {
        name: from_epoch_ms(int(str(values[f"{name}_ms"]))) if f"{name}_ms" in values else None
        for name in HANDOFF_TIMES
    }
    if "version" not in values and state is not HandoffState.HELD:
        times["opened_at"] = created_at
    priority = Priority.P2 if kind == REQUESTED else Priority.P4
    why_held = values.get("why_held")
    return Handoff(
        lead_id=lead_id,
        cycle=int(key),
        kind=kind,
        state=state,
        priority=Priority(str(values.get("priority", priority))),
        owner=_text_or_none(values, "owner"),
        earlier_owner=_text_or_none(values, "earlier_owner"),
        reassigned_to=_text_or_none(values, "reassigned_to"),
        handed_to=_text_or_none(values, "handed_to"),
        handed_why=str(values.get("handed_why", "")),
        steps=_steps_in(values),
        holder=_text_or_none(values, "holder"),
        is_dealt=bool(values.get("is_dealt", False)),
        why=str(values.get("why", "")),
        why_held=WhyHeld(str(why_held)) if why_held else None,
        about=int(str(values.get("about", 0))),
        created_at=created_at,
        tries=int(str(values.get("tries", 0))),
        version=int(str(values.get("version", 0))),
        **times,
    )


def _handoff_values(handoff: Handoff) -> dict[str, RecordValue]:
    """Return what is stored of a handoff, besides its key."""
    known: dict[str, RecordValue | None] = {
        "version": handoff.version,
        "kind": handoff.kind,
        "state": handoff.state.value,
        "priority": handoff.priority.value,
        "owner": handoff.owner,
        "holder": handoff.holder,
        "earlier_owner": handoff.earlier_owner,
        "reassigned_to": handoff.reassigned_to,
        "handed_to": handoff.handed_to,
        "handed_why": handoff.handed_why or None,
        "is_dealt": handoff.is_dealt,
        "why": handoff.why or None,
        "why_held": handoff.why_held.value if handoff.why_held else None,
        "about": handoff.about,
        "tries": handoff.tries or None,
        "created_at_ms": epoch_ms(handoff.created_at),
    }
    for name in HANDOFF_TIMES:
        at = getattr(handoff, name)
        known[f"{name}_ms"] = epoch_ms(at) if at else None
    known |= {f"{step}_at_ms": epoch_ms(at) for step, at in handoff.steps.items()}
    return {name: value for name, value in known.items() if value is not None}


def _steps_in(values: Mapping[str, object]) -> dict[SlaStep, datetime]:
    named = ((step, values.get(f"{step}_at_ms")) for step in SlaStep)
    return {step: from_epoch_ms(int(str(at))) for step, at in named if at is not None}


def _text_or_none(values: Mapping[str, object], name: str) -> str | None:
    value = values.get(name)
    return str(value) if value is not None else None
