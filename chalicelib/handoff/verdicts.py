"""The verdict on a handoff as it is kept beside the lead: the answer that counts (ADR 0069).

It is written with the decision that it makes, so that of two taps one is first. It stays when the
lead moves on, and is listed by its time.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime

from chalicelib.events import Event, epoch_ms, from_epoch_ms
from chalicelib.leads.acts import (
    ACT_BY,
    VERDICT_ATTEMPTS,
    VERDICT_CYCLE,
    VERDICT_FORM,
    VERDICT_NOTE,
    VERDICT_REASON,
    VERDICT_SAID,
    VERDICT_UNTIL,
    VERDICT_WHO,
)
from chalicelib.leads.records import Record, RecordValue
from chalicelib.lifecycle.verdicts import RejectReason, SalesVerdict
from chalicelib.scoring.lists import bundled

VERDICT_PREFIX = "VERDICT#"
"""What the sort keys of verdicts begin with."""
LISTED = "verdict"
"""The state by which verdicts are listed beside the handoffs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenVerdict:
    """What a salesperson answered to a handoff."""

    lead_id: str
    cycle: int
    """The lead's cycle of the handoff."""
    verdict: SalesVerdict
    by: str
    """The salesperson's id in the routing document."""
    at: datetime
    reason: RejectReason | None = None
    until: date | None = None
    who: str = ""
    note: str = ""
    attempts: int | None = None
    domain: str = ""
    """The competitor's, proposed for the list of those."""
    form: str = ""
    """The form that let in what was not for sales, or was spam."""
    is_undone: bool = False
    version: int = 1
    """Grows with each change: a write holds only on the version that was read."""

    @property
    def is_reject(self) -> bool:
        """Whether the lead was not taken."""
        return self.verdict is SalesVerdict.REJECT


def cycle_in(event: Event) -> int:
    """Return the cycle of the handoff that a verdict's event is about."""
    return int(str(event.properties[VERDICT_CYCLE]))


def given_by_event(lead_id: str, event: Event, domain: str) -> GivenVerdict:
    """Return the verdict of an event. domain: of the lead's address."""
    said = event.properties
    reason = RejectReason(str(said[VERDICT_REASON])) if VERDICT_REASON in said else None
    until = date.fromisoformat(str(said[VERDICT_UNTIL])) if VERDICT_UNTIL in said else None
    is_competitor = reason is RejectReason.COMPETITOR and domain not in bundled("free_mail")
    return GivenVerdict(
        lead_id=lead_id,
        cycle=cycle_in(event),
        verdict=SalesVerdict(str(said[VERDICT_SAID])),
        by=str(said[ACT_BY]),
        at=event.at,
        reason=reason,
        until=until,
        who=str(said.get(VERDICT_WHO, "")),
        note=str(said.get(VERDICT_NOTE, "")),
        attempts=int(str(said[VERDICT_ATTEMPTS])) if VERDICT_ATTEMPTS in said else None,
        domain=domain if is_competitor else "",
        form=str(said.get(VERDICT_FORM, "")),
    )


def follow_up(before: GivenVerdict | None, after: GivenVerdict) -> Record:
    """Return the record of a verdict, the first or one after an undo."""
    return verdict_record(before, replace(after, version=before.version + 1) if before else after)


def take_verdict_back(before: GivenVerdict) -> Record:
    """Return the record of a verdict that was undone."""
    return verdict_record(before, replace(before, is_undone=True, version=before.version + 1))


def verdict_record(before: GivenVerdict | None, after: GivenVerdict) -> Record:
    """Return how a verdict is written: it holds only if nobody else has changed it."""
    expect: dict[str, RecordValue | None] = {"pk": None}
    if before is not None:
        expect = {"version": before.version, "created_at_ms": epoch_ms(before.at)}
    return Record(
        key=f"{VERDICT_PREFIX}{after.cycle}",
        values=_values(after),
        expect=expect,
        lead_id=after.lead_id,
        listed=None if after.is_undone else (LISTED, after.at),
    )


def verdict_in(lead_id: str, key: str, values: Mapping[str, object]) -> GivenVerdict:
    """Return the verdict of a stored record. key: without the prefix."""
    reason = values.get("reason")
    until = values.get("until")
    attempts = values.get("attempts")
    return GivenVerdict(
        lead_id=lead_id,
        cycle=int(key),
        verdict=SalesVerdict(str(values["verdict"])),
        by=str(values["by"]),
        at=from_epoch_ms(int(str(values["created_at_ms"]))),
        reason=RejectReason(str(reason)) if reason else None,
        until=date.fromisoformat(str(until)) if until else None,
        who=str(values.get("who", "")),
        note=str(values.get("note", "")),
        attempts=int(str(attempts)) if attempts is not None else None,
        domain=str(values.get("domain", "")),
        form=str(values.get("form", "")),
        is_undone=bool(values.get("is_undone", False)),
        version=int(str(values["version"])),
    )


def _values(given: GivenVerdict) -> dict[str, RecordValue]:
    known: dict[str, RecordValue | None] = {
        "version": given.version,
        "verdict": given.verdict.value,
        "by": given.by,
        "created_at_ms": epoch_ms(given.at),
        "reason": given.reason.value if given.reason else None,
        "until": given.until.isoformat() if given.until else None,
        "who": given.who or None,
        "note": given.note or None,
        "attempts": given.attempts,
        "domain": given.domain or None,
        "form": given.form or None,
        "is_undone": given.is_undone or None,
    }
    return {name: value for name, value in known.items() if value is not None}
