"""What-if: where a draft would put every lead today, compared with where the active model would.
Pure; counts only.

A lead changes when the draft, left to itself, would put it into another stage than the active
model, left to itself, would: a review that is merely overdue is not the draft's doing.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any

from chalicelib.leads.lead import Lead
from chalicelib.lifecycle.decide import DECIDED, disqualified_by, settle, way_in
from chalicelib.lifecycle.stages import Outcome, Stage, Standing, Transition
from chalicelib.publishing.differences import LineDifference, compare_lines
from chalicelib.scoring.by_hand import given_by
from chalicelib.scoring.compare import Comparison
from chalicelib.scoring.interests import interest
from chalicelib.scoring.model import Model
from chalicelib.scoring.score import Score, score, worth
from chalicelib.scoring.tally import until

WEEK_DAYS = 7
WITH_SALES = frozenset({Stage.SQL, Stage.ACCEPTED, Stage.OPPORTUNITY})
BEFORE_SALES = DECIDED - WITH_SALES
NEVER_HANDED = frozenset({Stage.CUSTOMER, Stage.DISQUALIFIED})


@dataclass(slots=True)
class Judged:
    """Leads whose outcome is known."""

    known: int = 0
    before: int = 0
    """Those that the active model would have handed over."""
    after: int = 0
    """Those that the draft would have handed over."""


@dataclass(slots=True)
class Found:
    """What a simulation has counted so far. It only grows, lead by lead, and is as large for ten
    leads as for ten million.
    """

    leads: int = 0
    changes: dict[str, int] = field(default_factory=dict)
    """`from->to` -> leads."""
    handoffs_before: int = 0
    """Leads whose way into SQL opened within seven days, under the active model."""
    handoffs_after: int = 0
    """The same, under the draft."""
    won: Judged = field(default_factory=Judged)
    lost: Judged = field(default_factory=Judged)
    emails: int = 0
    """Emails that would go out to the leads that change."""

    @property
    def changed(self) -> int:
        """How many leads would change their stage."""
        return sum(self.changes.values())

    def outcomes(self) -> dict[str, Any] | None:
        """Return precision and recall of both models against won and lost; None where no outcome is
        known. A share of nothing is null.
        """
        won = self.won
        lost = self.lost
        if not won.known + lost.known:
            return None
        return {
            "won": won.known,
            "lost": lost.known,
            "precision_before": _share(won.before, won.before + lost.before),
            "recall_before": _share(won.before, won.known),
            "precision_after": _share(won.after, won.after + lost.after),
            "recall_after": _share(won.after, won.known),
        }

    def to_json(self) -> dict[str, Any]:
        """Return it as it is kept between two steps."""
        return asdict(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """A lead as one model sees it."""

    model: Model
    lead: Lead
    """Counted as the model counts."""
    score: Score
    standing: Standing
    """Where the lead would stand."""
    steps: Sequence[Transition]
    """The steps there; none: it stands there already."""

    def interest(self) -> str | None:
        """Return the topic that interests the lead most."""
        return interest(self.model, _whole_score(self))


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadMove:
    """A lead that would stand elsewhere."""

    lead_id: str
    before: View
    after: View

    def shape(self) -> dict[str, Any]:
        """Return it as api.md has it, with the lines of the two scores that differ."""
        return {
            "lead_id": self.lead_id,
            "from": self.before.standing.stage.value,
            "to": self.after.standing.stage.value,
            "reasons": [one.shape() for one in self._reasons()],
        }

    def _reasons(self) -> list[LineDifference]:
        before = _whole_score(self.before)
        after = _whole_score(self.after)
        return [self._decision(before, after), *compare_lines(before, after)]

    def _decision(self, before: Score, after: Score) -> LineDifference:
        """Return the line of the decision itself: the only one where just a threshold changed."""
        was = self.before.steps[0].why if self.before.steps else ""
        return LineDifference(
            rule=f"stage:{self.after.standing.stage}",
            group="",
            before=before.total,
            after=after.total,
            text=self.after.steps[0].why if self.after.steps else f"no longer: {was}",
        )


class WhatIf:
    """Two models and a day.

    counted_as: a lead derived anew as a model counts, for a lead that another model counted.
    """

    def __init__(
        self, *, active: Model, draft: Model, day: date, counted_as: Callable[[Lead, Model], Lead]
    ) -> None:
        self._active = active
        self._draft = draft
        self._day = day
        self._counted_as = counted_as
        self._comparison = Comparison(active, draft)

    def add(self, found: Found, lead: Lead) -> LeadMove | None:
        """Count a lead in. Return it when it would change its stage. One that turned out to be
        another does not count.
        """
        if lead.merged_into:
            return None
        found.leads += 1
        standing = lead.standing
        if standing.outcome is not None and standing.stage not in WITH_SALES:
            self._add_outcome(found, lead, standing.outcome)
        if standing.stage in NEVER_HANDED:
            return None
        before, after = self._views(lead)
        found.handoffs_before += self._is_new(before)
        found.handoffs_after += self._is_new(after)
        if before.standing.stage is after.standing.stage:
            return None
        name = f"{before.standing.stage}->{after.standing.stage}"
        found.changes[name] = found.changes.get(name, 0) + 1
        return LeadMove(lead_id=lead.lead_id, before=before, after=after)

    def _views(self, lead: Lead) -> tuple[View, View]:
        """Return a lead as the active model sees it, and as the draft does."""
        ours = self._as(self._active, lead)
        drafts = self._as(self._draft, lead)
        if ours is drafts:
            before, after = self._comparison.worths(lead.evidence, self._day)
        else:
            before = worth(self._active, ours.evidence, self._day)
            after = worth(self._draft, drafts.evidence, self._day)
        return _view(self._active, ours, before), _view(self._draft, drafts, after)

    def _as(self, model: Model, lead: Lead) -> Lead:
        return lead if lead.matching == model.matching else self._counted_as(lead, model)

    def _is_new(self, view: View) -> bool:
        """Whether a way into SQL holds today that did not hold a week ago."""
        model = view.model
        lead = view.lead
        if lead.standing.stage in BEFORE_SALES:  # the decision has looked at the ways into SQL
            is_open = view.standing.stage is Stage.SQL
        else:
            is_open = _is_ready(model, lead.standing, view.score)
        if not is_open:
            return False
        return not way_in(
            model.sql, _as_of(model, lead, self._day.toordinal() - WEEK_DAYS, since=True)
        )

    def _add_outcome(self, found: Found, lead: Lead, outcome: Outcome) -> None:
        """Count whether each model would have handed over, on the day on which sales got it, a lead
        that was won or lost.
        """
        if lead.standing.handed_on is None:
            return
        day = lead.standing.handed_on.toordinal()
        judged = found.won if outcome is Outcome.WON else found.lost
        judged.known += 1
        judged.before += self._was_ready(self._active, lead, day)
        judged.after += self._was_ready(self._draft, lead, day)

    def _was_ready(self, model: Model, lead: Lead, day: int) -> bool:
        worth_then = _as_of(model, self._as(model, lead), day, since=False)
        return _is_ready(model, lead.standing, worth_then)


def report(found: Found, leads: list[Any], capacity: int, *, truncated: bool) -> dict[str, Any]:
    """Return what a simulation found, as api.md has it.

    capacity: handoffs a week that the active salespeople take; truncated: more leads would change
    than are listed.
    """
    shape: dict[str, Any] = {
        "changes": dict(sorted(found.changes.items())),
        "leads": leads,
        "handoffs_per_week": {
            "before": found.handoffs_before,
            "after": found.handoffs_after,
            "capacity": capacity,
        },
        "outcomes": found.outcomes(),
    }
    return shape | ({"truncated": True} if truncated else {})


def _view(model: Model, lead: Lead, value: Score) -> View:
    standing, steps = settle(model, lead.standing, value, value.day)
    return View(model=model, lead=lead, score=value, standing=standing, steps=steps)


def _is_ready(model: Model, standing: Standing, value: Score) -> bool:
    """Whether a model says that sales should have the lead."""
    return (
        not value.left_out
        and way_in(model.sql, value) is not None
        and not disqualified_by(standing, value)
    )


def _as_of(model: Model, lead: Lead, day: int, *, since: bool) -> Score:
    """Return the score of an earlier day, of what the lead had done by then."""
    counts_from = lead.standing.since if since else None
    then = date.fromordinal(day)
    evidence = lead.evidence._replace(
        tally=until(lead.tally, day),
        since=counts_from,
        given=given_by(lead.given, then, model.zone),
    )
    return worth(model, evidence, then)


def _whole_score(view: View) -> Score:
    return score(view.model, view.lead.evidence, view.score.day)


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 3) if whole else None


def found_of(kept: Mapping[str, Any]) -> Found:
    """Return what was counted, of what `Found.to_json` gave."""
    return Found(**{**kept, "won": Judged(**kept["won"]), "lost": Judged(**kept["lost"])})
