"""What a handoff's item says of its past, for the timeline."""

from collections.abc import Iterator, Mapping

from chalicelib.handoff.handoff import Handoff, SlaStep
from chalicelib.reading.handoff_turns import HandoffTurn

STEP_WORDS: Mapping[SlaStep, str] = {
    SlaStep.REMINDED: "whoever has the lead was reminded of it",
    SlaStep.ESCALATED: "nobody got in touch: the manager heard of it",
    SlaStep.LATE: "nobody got in touch in time: it stays with the manager",
    SlaStep.NUDGED: "whoever has the lead was asked for the next step",
    SlaStep.NUDGED_AGAIN: "the manager heard that nothing happened with it",
    SlaStep.ASKED: "whoever has the lead was asked what became of it",
    SlaStep.ASKED_AGAIN: "whoever has the lead was asked once more what became of it",
}
REASSIGNED = "reassigned"


def handoff_turns_of(handoff: Handoff) -> Iterator[HandoffTurn]:
    """Yield what happened with a handoff; nothing of one from before it said so (ADR 0067)."""
    if not handoff.version:
        return
    cycle = handoff.cycle
    if handoff.opened_at is None or handoff.why_held is not None:
        why = handoff.why_held.value if handoff.why_held else None
        text = f"waits for a person ({why})" if why != "full" else "waits for a free place"
        at = handoff.created_at
        yield HandoffTurn(at=at, name="held", cycle=cycle, said={"why": why}, text=text)
    if handoff.opened_at is not None:
        to = handoff.handed_to
        said = {"to": to, "why": handoff.handed_why or None, "priority": handoff.priority.value}
        text = f"handed over to {to or 'the team'}"
        text = f"{text}: {handoff.handed_why}" if handoff.handed_why else text
        at = handoff.opened_at
        yield HandoffTurn(at=at, name="handed_over", cycle=cycle, said=said, text=text)
    for step, at in handoff.steps.items():
        yield HandoffTurn(at=at, name=step.value, cycle=cycle, text=STEP_WORDS[step])
    if handoff.reassigned_at is not None:
        people = {"from": handoff.earlier_owner, "to": handoff.reassigned_to}
        text = f"went from {people['from'] or 'the team'} to {people['to']}"
        at = handoff.reassigned_at
        yield HandoffTurn(at=at, name=REASSIGNED, cycle=cycle, said=people, text=text)
    if handoff.contacted_at is not None:
        text = "sales got in touch"
        yield HandoffTurn(at=handoff.contacted_at, name="contacted", cycle=cycle, text=text)
