"""What a decision wants: emails when a lead becomes an MQL, a handoff when it becomes an SQL, a
word to sales when what they were told no longer holds.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from chalicelib.delivery.outbox import OutboxMessage
from chalicelib.errors import AlreadyPlannedError
from chalicelib.events import Event
from chalicelib.leads.lead import Decision, Lead
from chalicelib.lifecycle.decide import asked_anew, barred, unanswered
from chalicelib.lifecycle.stages import Actor, Stage, Transition
from chalicelib.scoring.model import Model
from chalicelib.scoring.profile import values
from chalicelib.scoring.score import Score

if TYPE_CHECKING:
    from chalicelib.handoff.plan import Handoff

# what triage was told of, beside the disqualifying rules that an owner was warned of: no rule's id
ASKED = "a request"
NOT_SALES = frozenset({Stage.LEAD, Stage.MQL})
HAVE_AN_OWNER = frozenset(
    {Stage.SQL, Stage.ACCEPTED, Stage.OPPORTUNITY, Stage.CUSTOMER}
)  # who hears of a request


class Cause(StrEnum):
    """Why a lead is decided on: what comes in floods tells nobody by itself (playbook, rule 9)."""

    NEWS = "news"  # an event, a day, a person's word
    PUBLISH = "publish"  # another model: handoffs are held
    IMPORT = "import"  # handoffs are held, and no emails go
    SILENT = "silent"  # nobody is to be told


@dataclass(frozen=True, slots=True)
class Moved:
    """A transition that happened: with the score that explains it, when, and the standing's version
    that it made.
    """

    transition: Transition
    score: Score
    at: datetime
    version: int


@dataclass(frozen=True, slots=True)
class Change:
    """What is written with a lead, in its own transaction.

    events: a person's act; cancelled: messages, each before and after; absorbed: the lead that
    turned out to be this one, before and after.
    """

    moved: Sequence[Moved] = ()
    outbox: Sequence[OutboxMessage] = ()
    handoff: "Handoff | None" = None
    events: Sequence[Event] = ()
    cancelled: Sequence[tuple[OutboxMessage, OutboxMessage]] = ()
    absorbed: tuple[Lead, Lead] | None = None

    def without(self, planned: AlreadyPlannedError) -> "Change":
        """The same, less what an earlier decision planned already."""
        left = [message for message in self.outbox if str(message.key) not in planned.outbox]
        return replace(self, outbox=left, handoff=None if planned.handoff else self.handoff)


@dataclass(frozen=True, slots=True)
class Documents:
    """What effects depend on."""

    sequences: Sequence[Mapping[str, Any]]
    routing: Mapping[str, Any] | None


def moves(before: Lead, decision: Decision, now: datetime) -> list[Moved]:
    """The transitions of a decision, each with the standing's version that it makes."""
    return [
        Moved(transition, decision.score, now, before.version + number)
        for number, transition in enumerate(decision.transitions, 1)
    ]


def wants_word(model: Model, before: Lead, lead: Lead, score: Score) -> tuple[str, ...]:
    """What sales has to be told of a lead that it does not get, or has already: the rules that
    disqualify an accepted one, once in a cycle each, and a request that makes no SQL (playbook,
    rules 1 and 7).

    before: the lead without what is news.
    """
    known = [
        one.partition("#")[2] for one in lead.warned if one.startswith(f"{lead.standing.cycle}#")
    ]
    stage = lead.standing.stage
    rules = barred(lead.standing, score) if stage in (Stage.ACCEPTED, Stage.OPPORTUNITY) else ()
    if score.internal or (stage not in HAVE_AN_OWNER and ASKED in known):
        asked = False
    elif stage in HAVE_AN_OWNER or stage is Stage.DISQUALIFIED:
        is_new_sql = (
            stage is Stage.SQL and before.standing.stage is not Stage.SQL
        )  # the handoff tells of it
        asked = not is_new_sql and asked_anew(model, before.tally, lead.tally, score.day)
    else:
        asked = unanswered(model, lead.standing, score) is not None
    return (*(rule for rule in rules if rule not in known), *((ASKED,) if asked else ()))


def told(lead: Lead, words: Sequence[str]) -> Lead:
    """The lead with what sales was told of it. Of an earlier cycle nothing is kept."""
    cycle = f"{lead.standing.cycle}#"
    kept = [one for one in lead.warned if one.startswith(cycle)]
    return replace(lead, warned=tuple(dict.fromkeys([*kept, *(cycle + word for word in words)])))


def owned(lead: Lead, handoff: "Handoff | None") -> Lead:
    """The lead with the owner that its handoff gives it."""
    if handoff is None or handoff.owner is None:
        return lead
    return replace(lead, standing=replace(lead.standing, owner=handoff.owner))


def entering(moved: Moved, lead: Lead, documents: Documents, cause: Cause) -> Change:
    """The messages and the handoff that the last transition of a decision wants. lead: as it is
    after it.

    Raises DocumentError when the sequences or the routing break their format.
    """
    # Few events move a lead: the others do not pay for what checks documents.
    from chalicelib.handoff.plan import handoff_of
    from chalicelib.nurture.sequences import first_emails

    transition, lead_id = moved.transition, lead.lead_id
    if cause is Cause.SILENT:
        return Change()
    if transition.target is Stage.SQL:
        held = cause is not Cause.NEWS
        owner = lead.standing.owner
        handoff, notices = handoff_of(
            transition, owner, lead_id, moved.version, documents.routing, moved.at, held=held
        )
        return Change(outbox=notices, handoff=handoff)
    if (
        cause is Cause.IMPORT or transition.origin is Stage.SQL
    ):  # who falls back had the emails before
        return Change()
    to = values(lead.profile).get("email")
    emails = first_emails(
        documents.sequences, transition, lead_id, str(to) if to else None, moved.version, moved.at
    )
    return Change(outbox=emails)


def leaves_sales(before: Lead, moved: Sequence[Moved]) -> bool:
    """Whether a handoff is over without an answer of sales: by the model, or because its evidence
    was taken back.
    """
    if before.standing.stage is not Stage.SQL or not moved:
        return False
    first = moved[0].transition
    return first.target in NOT_SALES or (
        first.target is Stage.DISQUALIFIED and first.actor is not Actor.PERSON
    )


def words_to_sales(
    words: Sequence[str], lead: Lead, documents: Documents, now: datetime
) -> list[OutboxMessage]:
    """The messages of what sales has to be told of a lead that it does not get."""
    from chalicelib.handoff.plan import owners_request, triage, warning

    routing, standing, lead_id, version = (
        documents.routing,
        lead.standing,
        lead.lead_id,
        lead.version,
    )
    outbox: list[OutboxMessage] = []
    for word in words:
        if word != ASKED:
            outbox.append(warning(word, standing, lead_id, version, routing, now))
        elif standing.stage in HAVE_AN_OWNER:
            outbox += owners_request(standing, lead_id, version, routing, now)
        else:
            outbox.append(triage(standing.cycle, lead_id, version, now))
    return outbox
