"""What sales must hear of a lead that it does not get, or already has (playbook, rules 1 and 7)."""

from collections.abc import Sequence
from datetime import timedelta

from chalicelib.events import Event, Kind, said_as
from chalicelib.form_kinds import FORM_KIND, NOT_SALES
from chalicelib.handoff.handoff import IN_SALES_HANDS
from chalicelib.leads.lead import Lead, Notified, NotifiedAbout
from chalicelib.lifecycle.decide import disqualified_by, has_new_request, held_back_request
from chalicelib.lifecycle.stages import Stage
from chalicelib.limits import NEWS_MAX_DAYS, TELLING_MIN_POINTS
from chalicelib.qualify.reactions import Cause, Situation
from chalicelib.scoring.matching import value_of
from chalicelib.scoring.milli import MILLI
from chalicelib.scoring.model import Model
from chalicelib.scoring.tally import signals_of

WARNINGS_MAX = 3  # of one decision; a further rule is announced by the next one
HAVE_AN_OWNER = frozenset({Stage.SQL, Stage.ACCEPTED, Stage.OPPORTUNITY, Stage.CUSTOMER})
"""The stages in which the owner hears of a new request."""
TELLING_KINDS = frozenset({Kind.PAGE, Kind.TRACK, Kind.FORM})
"""What a person does on our pages."""


def notifications(situation: Situation) -> Sequence[Notified]:
    """Return what sales must hear about a lead that it does not get, or already has.

    The rules that disqualify an accepted lead, each once in a cycle; a request that makes no SQL;
    else what tells of interest (playbook, rules 1 and 7). Floods and merges announce nothing (rule
    9).
    """
    if situation.cause is not Cause.NEWS:
        return ()
    lead = situation.after
    cycle = lead.standing.cycle
    wanted = [Notified(cycle, NotifiedAbout.DISQUALIFIED, rule) for rule in _rules(situation)]
    fresh = [one for one in wanted if one not in lead.notified][:WARNINGS_MAX]
    heard = _request(situation) or _activity(situation)
    return [*fresh, heard] if heard else fresh


def unanswered_message(situation: Situation) -> Event | None:
    """Return the first form of a decision in which somebody wrote and that nobody is bound to read:
    nobody has registered it, or it is not for sales (playbook). None when there is none.
    """
    if situation.cause is not Cause.NEWS or situation.score.internal:
        return None
    written = (
        event
        for event in situation.events
        if event.kind is Kind.FORM
        and (event.properties.get("unregistered") or value_of(event, FORM_KIND) in NOT_SALES)
        and is_written(event)
    )
    return next(written, None)


def is_written(event: Event) -> bool:
    """Return whether somebody wrote something: a message, or several lines in a field."""
    texts = (said_as(value) for value in event.fields.values())
    return "message" in event.fields or any("\n" in text or "\r" in text for text in texts)


def _rules(situation: Situation) -> Sequence[str]:
    standing = situation.after.standing
    with_sales = standing.stage in (Stage.ACCEPTED, Stage.OPPORTUNITY)
    return disqualified_by(standing, situation.score) if with_sales else ()


def _request(situation: Situation) -> Notified | None:
    """Return the request that sales must hear of, None where there is none.

    The owner of a lead that sales has hears of each; the team of the first of a cycle, and of
    later ones once a day.
    """
    lead = situation.after
    standing = lead.standing
    today = Notified(standing.cycle, NotifiedAbout.REQUEST, situation.score.day.isoformat())
    if situation.score.internal:
        return None
    if not has_heard(lead) and _is_held_back(situation):
        return today
    if standing.stage is Stage.SQL and situation.before.standing.stage is not Stage.SQL:
        return None  # the handoff itself announces it
    before = situation.before.tally
    if not has_new_request(situation.model, before, lead.tally, situation.score.day):
        return None
    return today if standing.stage in HAVE_AN_OWNER or today not in lead.notified else None


def has_heard(lead: Lead) -> bool:
    """Return whether sales has heard of a request in the lead's cycle."""
    requests = (one for one in lead.notified if one.about is NotifiedAbout.REQUEST)
    return any(one.cycle == lead.standing.cycle for one in requests)


def _is_held_back(situation: Situation) -> bool:
    """Return whether only the lead's fit keeps a request from sales."""
    standing = situation.after.standing
    return held_back_request(situation.model, standing, situation.score) is not None


def _activity(situation: Situation) -> Notified | None:
    """Return the telling activity that the owner must hear of: the first of a day.

    Telling is what gives at least five points. An answer to an email has a notice of its own.
    """
    lead = situation.after
    was = situation.before.standing.stage
    if situation.score.internal or not {was, lead.standing.stage} <= IN_SALES_HANDS:
        return None
    today = situation.score.day.isoformat()
    heard = Notified(lead.standing.cycle, NotifiedAbout.ACTIVITY, today)
    if heard in lead.notified:
        return None
    since = situation.now - timedelta(days=NEWS_MAX_DAYS)
    recent = (one for one in situation.events if one.kind in TELLING_KINDS and one.at >= since)
    return heard if any(_is_telling(situation.model, event) for event in recent) else None


def _is_telling(model: Model, event: Event) -> bool:
    """Return whether an event is worth enough points by a rule of the model."""
    signals = {signal.id for signal in signals_of(model, event)}
    return any(
        max(rule.points, *(tier.points for tier in rule.tiers), 0) >= TELLING_MIN_POINTS * MILLI
        for rule in model.behaviour_rules
        if rule.signal.id in signals and rule.amount is None
    )
