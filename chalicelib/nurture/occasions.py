"""What a decision says of a lead that may enter sequences."""

from chalicelib.nurture.entering import NOT_WRITTEN_TO, Occasion, recycle_names
from chalicelib.qualify.reactions import Cause, Situation
from chalicelib.scoring.interests import interest

BEGINS = frozenset({Cause.NEWS, Cause.PUBLISH, Cause.MERGE})
"""An import begins nothing, nor does what is announced to nobody."""


def may_begin(situation: Situation) -> bool:
    """Return whether a lead may enter sequences with a decision."""
    lead = situation.after
    is_written_to = lead.standing.stage not in NOT_WRITTEN_TO and not lead.gets_no_emails
    return situation.cause in BEGINS and is_written_to and not situation.score.left_out


def occasion_of(situation: Situation) -> Occasion:
    """Return what a decision says of a lead that may enter sequences, but not what happened."""
    standing = situation.after.standing
    moved = situation.moved
    return Occasion(
        stage=standing.stage,
        recycled_for=recycle_names(moved[-1].transition) if moved else (),
        talked=standing.handed_on is not None,
        topic=lambda: interest(situation.model, situation.score),
    )
