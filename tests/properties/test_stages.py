"""Whatever happens, days, people and other workers included: a stage is explained by its
transitions, each legal.
"""

from collections.abc import Sequence
from dataclasses import replace

from chalicelib.lifecycle.decide import decide
from chalicelib.lifecycle.stages import EDGES, Actor, Recorded, Stage, standing_after
from tests.properties.laws import holds_for
from tests.properties.lives import Life, lives, merges, moves, retractions, ticks
from tests.properties.town import MODEL, Town

QUIET_DAYS = 35  # more than a review waits, and a stay, and most rests


@holds_for(lives(retractions, moves, merges, ticks))
def test_a_stage_is_the_fold_of_its_transitions_each_a_legal_edge_from_the_last(life: Life) -> None:
    """Its kind, rest and whatever else a standing has, but for the owner, whom a handoff names; and
    its cycle, unless it was merged with a lead of a higher one.
    """
    town = Town().live(life)
    for lead in town.leads():
        log = town.log(lead)
        check_edges(log)
        assert not log or log[-1].version <= lead.version
        after = standing_after(one.transition for one in log)
        assert after == replace(lead.standing, owner=None, cycle=after.cycle)
        assert after.cycle == lead.standing.cycle or (
            town.is_merged(lead) and after.cycle < lead.standing.cycle
        )


@holds_for(lives(retractions, moves, merges, ticks))
def test_at_rest_the_model_wants_no_other_stage(life: Life) -> None:
    """On the day itself, and on each of the days after it on which nothing but the clock moves."""
    town = Town().live(life)
    for _ in range(QUIET_DAYS):
        for lead in town.leads():
            worth = town.score(lead)
            assert decide(MODEL, lead.standing, worth, worth.day) is None
        town.a_day_later()


def check_edges(log: Sequence[Recorded]) -> None:
    """Each is a legal edge, and leaves from where the last one arrived; versions grow, and cycles
    but for an undone verdict, which is that handoff's cycle again.
    """
    stage, cycle, version = Stage.LEAD, 1, 0
    for one in log:
        moved = one.transition
        assert moved.origin is stage
        assert moved.target in EDGES[stage]
        assert one.version > version
        assert moved.cycle >= cycle or (moved.target is Stage.SQL and moved.actor is Actor.PERSON)
        stage, cycle, version = moved.target, moved.cycle, one.version
