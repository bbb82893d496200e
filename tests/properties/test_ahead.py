"""What is said of the days and the acts ahead holds for random models: the next review, the next
steps, and two models side by side.
"""

from dataclasses import replace
from datetime import date, timedelta

from hypothesis import strategies as some

from chalicelib.leads.decision import decide_lead, first_move, score_of
from chalicelib.leads.lead import Lead
from chalicelib.leads.next_steps import AT_LEAST, find_next_steps
from chalicelib.leads.replay import with_events
from chalicelib.lifecycle.decide import decide
from chalicelib.lifecycle.stages import Stage, Standing
from chalicelib.limits import AHEAD_MAX_DAYS, REVIEW_MAX_DAYS
from chalicelib.scoring.compare import Comparison
from chalicelib.scoring.matching import ACTS
from chalicelib.scoring.model import Condition, Model
from chalicelib.scoring.profile import values
from chalicelib.scoring.sample import sample
from chalicelib.scoring.score import worth, worth_ahead, worth_by_day
from chalicelib.scoring.silence import silent
from chalicelib.scoring.tally import Tally, signals_of
from tests import factories as make
from tests.factories import TODAY, day, profile, standing
from tests.fakes import NOW
from tests.properties.laws import holds_for
from tests.properties.lives import BEHAVIOUR, models
from tests.properties.test_scores import made_positive
from tests.sizes import SIZES
from tests.unit.test_score import tallies

CASES = SIZES.cases // 5
ACTIVITY = "activity"
NO_STANDING = Standing()
DAY = timedelta(days=1)


def staged(model: Model, least: int, gap: int, cool: int, *, is_kind: bool) -> Model:
    """The model with stages that activity decides. is_kind: its rules on behaviour only give."""
    rules = [made_positive(rule) if is_kind else rule for rule in model.behaviour_rules]
    return replace(
        model,
        behaviour_rules=rules,
        groups={**model.groups, "engagement": (-40_000, 60_000), "intent": (-5_000, 60_000)},
        mql=[Condition(((ACTIVITY, least),), None, 1, 30, None)],
        sql=[Condition(((ACTIVITY, least + gap),), None, 1, 30, "inferred")],
        cool_below={ACTIVITY: least - cool},
    )


staged_models = some.builds(
    staged,
    models,
    some.integers(-5_000, 30_000),
    some.integers(1, 30_000),
    some.integers(0, 9_000),
    is_kind=some.booleans(),
)
standings = some.builds(
    standing,
    some.sampled_from([Stage.LEAD, Stage.MQL, Stage.RECYCLED]),
    some.integers(0, 40),
    rest_until=some.none() | some.integers(-2, 30).map(day),
)


def known(model: Model, tally: Tally, at: Standing = NO_STANDING) -> Lead:
    """A lead that did what a tally says: also its acts, which a model may ask for."""
    acts = dict.fromkeys([day for signal in BEHAVIOUR for day in tally.days_of(signal)], 1)
    heard = Tally({**tally.days, **({ACTS: acts} if acts else {})}, tally.keys)
    created_at = NOW - timedelta(days=12)
    return make.lead(
        profile=profile(),
        tally=heard,
        standing=at,
        matching=model.matching,
        created_at=created_at,
    )


def settled(model: Model, tally: Tally, at: Standing) -> Lead:
    return decide_lead(model, known(model, tally, at), NOW).lead


def acts_on(model: Model, lead: Lead, most_days: int) -> date | None:
    """The first day ahead on which the model moves the lead, asked one by one."""
    ahead = [day(number) for number in range(1, most_days + 1)]
    scored = worth_by_day(model, lead.evidence)
    return next((one for one in ahead if decide(model, lead.standing, scored(one), one)), None)


def silence_begins(model: Model, lead: Lead) -> date | None:
    """The first day ahead on which a silence begins, asked one by one."""

    def silences(on: date) -> int:
        return len(list(silent(model, lead.evidence, on.toordinal())))

    ahead = [day(number) for number in range(1, 60)]
    return next((one for one in ahead if silences(one) > silences(one - DAY)), None)


@holds_for(staged_models, tallies, standings, cases=CASES)
def test_the_review_is_on_the_first_day_that_anything_changes(
    model: Model, tally: Tally, at: Standing
) -> None:
    lead = settled(model, tally, at)
    found = acts_on(model, lead, REVIEW_MAX_DAYS - 1)
    assert first_move(model, lead, TODAY, REVIEW_MAX_DAYS - 1) == found
    if lead.standing.stage in (Stage.LEAD, Stage.MQL, Stage.RECYCLED):
        begins = silence_begins(model, lead)
        moves = (found or day(REVIEW_MAX_DAYS)) if lead.tally else None
        assert lead.review_on == min(filter(None, [begins, moves]), default=None)


@holds_for(staged_models, tallies, standings, cases=CASES // 2)
def test_what_is_said_of_the_next_steps_comes_true(
    model: Model, tally: Tally, at: Standing
) -> None:
    """The day is the first on which time moves the lead; each act that is named moves it, as the
    model that counts it says, and no other act does.
    """
    lead = settled(model, tally, at)
    found = find_next_steps(model, lead, NOW)
    if lead.standing.stage is Stage.SQL or found is None:
        return
    turn = found.turn.on if found.turn else None
    assert turn == (acts_on(model, lead, AHEAD_MAX_DAYS) if lead.tally else None)
    named = {signal: way.to for way in found.ways for signal in way.acts}
    email = values(lead.profile).get("email", "")
    for signal in model.signals.values():
        counted = lead.tally.keys.get(signal.id, {}).keys()
        event = sample(signal, lead.lead_id, email, NOW, counted)
        after = decide_lead(model, with_events(model, lead, [event]), NOW).lead.standing.stage
        if signal.id in named:
            assert after is named[signal.id]
        elif signal in signals_of(model, event) and after is not lead.standing.stage:
            assert after not in AT_LEAST[Stage.MQL]


@holds_for(models, models, tallies, some.integers(-1, 60), cases=CASES)
def test_every_way_to_a_score_says_the_same(
    first: Model, second: Model, tally: Tally, days: int
) -> None:
    """With and without reasons, of one model and of two, and as it is foreseen; a rounding of a
    thousandth a rule apart, and but for what leaves the horizon or lies ahead.
    """
    lead = known(first, tally)
    evidence = lead.evidence
    on = TODAY + timedelta(days=days)
    both = [worth(first, evidence, on), worth(second, evidence, on)]
    assert Comparison(first, second).worths(evidence, on) == both
    whole = score_of(first, lead, on)
    assert replace(whole, reasons=(), apart_reasons=()) == both[0]
    cells = [one for those in tally.days.values() for one in those] + [
        one for those in tally.keys.values() for one in those.values()
    ]
    past = TODAY.toordinal() - 300
    if days >= 0 and all(past < one <= TODAY.toordinal() for one in cells):
        foreseen = worth_ahead(first, evidence, TODAY)(days)
        assert abs(foreseen.total - both[0].total) <= len(first.behaviour_rules)
