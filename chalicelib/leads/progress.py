"""How far a replay is: what is kept of it between two steps (ADR 0034)."""

from dataclasses import dataclass, field, replace
from datetime import datetime

from chalicelib.leads.caps import DayCaps
from chalicelib.leads.histories import Survey
from chalicelib.leads.lead import Lead
from chalicelib.scoring.model import Model
from chalicelib.scoring.tally import Tally
from chalicelib.scoring.touches import Touches


@dataclass(slots=True, kw_only=True)
class Progress:
    """How far a replay is."""

    began_at: datetime
    version: int
    """Of the lead when it began: whatever changed it since, the replay begins anew."""
    matching: str
    """Of the model that counts: with another one it begins anew."""
    taken: int
    """Which requests it works on: for later ones it begins anew."""
    derived: Lead
    """What was counted so far."""
    survey: Survey
    is_counting: bool = False
    """Whether the survey is done."""
    partition: str = ""
    """The one that is being read; empty: the first."""
    before: str = ""
    """The id of the last event that was read of it; empty: none."""
    joined: int = 0
    """How many events of this partition were captured by its join."""
    caps: DayCaps = field(default_factory=DayCaps)
    then_caps: DayCaps = field(default_factory=DayCaps)
    then: Tally = Tally()
    """What counted on the day, and by the moment, from which on behaviour counts."""
    ids: dict[bytes, int] = field(default_factory=dict)
    """The events of the last 48 hours, at most one more than a lead remembers."""
    is_whole: bool = False


def begin(lead: Lead, model: Model, now: datetime) -> Progress:
    """Return a replay of a lead that has not read anything yet."""
    empty = replace(
        lead,
        profile={},
        touches=Touches(),
        tally=Tally(),
        counted={},
        crowded=False,
        answers={},
        given=(),
        emails=None,
        matching=model.matching,
    )
    return Progress(
        began_at=now,
        version=lead.version,
        matching=model.matching,
        taken=lead.requests.taken,
        derived=empty,
        survey=Survey(lead.lead_id),
    )
