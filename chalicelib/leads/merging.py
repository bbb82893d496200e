"""What survives when two leads turn out to be one. Pure: the command writes it (ADR 0019)."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from chalicelib.events import Value
from chalicelib.leads.lead import Lead
from chalicelib.lifecycle import moves
from chalicelib.lifecycle.stages import Stage, Standing, Transition
from chalicelib.scoring.tally import Tally

ANSWERED_IN = frozenset({Stage.ACCEPTED, Stage.OPPORTUNITY})
"""The stages in which sales has answers to give."""


def answers_in_cycle(lead: Lead) -> dict[str, Value]:
    """Return what sales answered in the lead's cycle, by question."""
    cycle = lead.standing.cycle
    return {question: one.value for question, one in lead.answers.items() if one.cycle == cycle}


def answers_to_repeat(lead: Lead, other: Lead, cycle: int) -> dict[str, Value]:
    """Return the answers of the further of two merged leads that must be given again.

    Answers belong to a cycle, and the cycle that survives may be a higher one.
    """
    further = moves.further_of(lead.standing, other.standing)
    answered = next(one for one in (lead, other) if one.standing is further)
    is_repeated = further.stage in ANSWERED_IN and further.cycle != cycle
    return answers_in_cycle(answered) if is_repeated else {}


def surviving_standing(ours: Standing, theirs: Standing, steps: Sequence[Transition]) -> Standing:
    """Return our standing before the steps of a merge.

    The higher cycle and its owner survive; of two equal cycles the further stage's.
    """
    higher, lower = sorted(
        (ours, theirs), key=lambda one: (one.cycle, moves.STAGE_RANK[one.stage]), reverse=True
    )
    cycle = ours.cycle if steps else higher.cycle  # the last step brings the higher one
    return replace(ours, owner=higher.owner or lower.owner, cycle=cycle)


def earlier_beginning(lead: Lead, other: Lead) -> datetime | None:
    """Return when the first of two merged leads began.

    Its first event may have been taken back since, so that a replay does not find it (ADR 0048).
    """
    return lead.beginning([other.created_at] if other.created_at else [])


def absorbed_by(other: Lead, survivor: Lead, now: datetime) -> Lead:
    """Return a lead that turned out to be another one: from now on its id leads there."""
    return replace(
        other,
        version=other.version + 1,
        merged_into=survivor.lead_id,
        tally=Tally(),
        counted={},
        asked={},
        review_on=None,
        updated_at=now,
    )
