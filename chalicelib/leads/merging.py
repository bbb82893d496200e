"""What survives when two leads turn out to be one. Pure: what is written of it is the command's."""

from collections.abc import Sequence
from dataclasses import replace

from chalicelib.delivery.message_keys import MessageKind
from chalicelib.delivery.outbox import LEFT, OutboxMessage
from chalicelib.events import Value
from chalicelib.leads.lead import Lead
from chalicelib.lifecycle import moves
from chalicelib.lifecycle.stages import Stage, Standing, Transition

ANSWERED_IN = frozenset({Stage.ACCEPTED, Stage.OPPORTUNITY})


def answers(lead: Lead) -> dict[str, Value]:
    """What sales answered in the lead's cycle."""
    return {
        name: one.value for name, one in lead.answers.items() if one.cycle == lead.standing.cycle
    }


def answers_of_an_earlier_cycle(lead: Lead, other: Lead, cycle: int) -> dict[str, Value]:
    """What sales answered of the further of two leads that become one, if it is to be said again:
    answers belong to a cycle, and the one that survives may be higher.
    """
    further = moves.further_of(lead.standing, other.standing)
    answered = next(one for one in (lead, other) if one.standing is further)
    return answers(answered) if further.stage in ANSWERED_IN and further.cycle != cycle else {}


def surviving(ours: Standing, theirs: Standing, steps: Sequence[Transition]) -> Standing:
    """Our standing before the steps. The higher cycle and its owner survive, of equal ones the
    further stage's.
    """
    higher, lower = sorted(
        (ours, theirs), key=lambda one: (one.cycle, moves.RANK[one.stage]), reverse=True
    )
    cycle = ours.cycle if steps else higher.cycle  # the last step brings the higher one
    return replace(ours, owner=higher.owner or lower.owner, cycle=cycle)


def told_already(standing: Standing, outbox: Sequence[OutboxMessage]) -> bool:
    """Whether the emails or the notices that a lead's stage wants have left already: those of its
    cycle.
    """
    kind = MessageKind.HANDOFF if standing.stage is Stage.SQL else MessageKind.NURTURE
    ours = [one for one in outbox if one.kind is kind and one.key.cycle == standing.cycle]
    return any(one.state in LEFT for one in ours)
