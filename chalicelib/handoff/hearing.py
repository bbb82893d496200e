"""What sales must hear of a lead that it does not get, or already has (playbook, rules 1 and 7)."""

from collections.abc import Sequence

from chalicelib.events import Event, Kind, said_as
from chalicelib.form_kinds import FORM_KIND, NOT_SALES
from chalicelib.leads.lead import Lead, Notified, NotifiedAbout
from chalicelib.lifecycle.decide import disqualified_by, has_new_request, held_back_request
from chalicelib.lifecycle.stages import Stage
from chalicelib.qualify.reactions import Cause, Situation
from chalicelib.scoring.matching import value_of

WARNINGS_MAX = 3  # of one decision; a further rule is announced by the next one
HAVE_AN_OWNER = frozenset({Stage.SQL, Stage.ACCEPTED, Stage.OPPORTUNITY, Stage.CUSTOMER})
"""The stages in which the owner hears of a new request."""


def notifications(situation: Situation) -> Sequence[Notified]:
    """Return what sales must hear about a lead that it does not get, or already has.

    The rules that disqualify an accepted lead, each once in a cycle, and a request that makes no
    SQL (playbook, rules 1 and 7). Floods and merges announce nothing (rule 9).
    """
    if situation.cause is not Cause.NEWS:
        return ()
    lead = situation.after
    cycle = lead.standing.cycle
    wanted = [Notified(cycle, NotifiedAbout.DISQUALIFIED, rule) for rule in _rules(situation)]
    fresh = [one for one in wanted if one not in lead.notified][:WARNINGS_MAX]
    if _has_request(situation):
        fresh.append(Notified(cycle, NotifiedAbout.REQUEST))
    return fresh


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


def _has_request(situation: Situation) -> bool:
    """Return whether sales must hear of a request."""
    before = situation.before
    lead = situation.after
    stage = lead.standing.stage
    if situation.score.internal or _was_announced(lead):
        return False
    if stage not in HAVE_AN_OWNER and stage is not Stage.DISQUALIFIED:
        return held_back_request(situation.model, lead.standing, situation.score) is not None
    if stage is Stage.SQL and before.standing.stage is not Stage.SQL:
        return False  # the handoff itself announces it
    return has_new_request(situation.model, before.tally, lead.tally, situation.score.day)


def _was_announced(lead: Lead) -> bool:
    """Return whether the team has heard of a request in this cycle. An owner hears of each one."""
    request = Notified(lead.standing.cycle, NotifiedAbout.REQUEST)
    return lead.standing.stage not in HAVE_AN_OWNER and request in lead.notified
