"""A handoff's page: what its link shows, and the verdict that is given there (ADR 0069).

A link names the handoff and the salesperson it was made for. What it shows depends on where the
lead stands by now.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Protocol

from chalicelib.commands.commands import UNDO_TIME
from chalicelib.commands.verdicts import Rejection
from chalicelib.document import read_document
from chalicelib.errors import NotFoundError, StateError
from chalicelib.events import epoch_ms, from_epoch_ms
from chalicelib.handoff.facts import VerdictLink
from chalicelib.handoff.handoff import Handoff, HandoffState
from chalicelib.handoff.routing import Person, RoutingDocument
from chalicelib.handoff.verdicts import GivenVerdict
from chalicelib.leads.acts import ContactHow
from chalicelib.leads.lead import Lead
from chalicelib.lifecycle.stages import Stage
from chalicelib.lifecycle.verdicts import RejectReason, target_of
from chalicelib.limits import HANDOFF_LINK_DAYS
from chalicelib.runtime import Runtime

LINK_TIME = timedelta(days=HANDOFF_LINK_DAYS)
UNANSWERED = frozenset({HandoffState.OPEN, HandoffState.HELD})
LINK_SEPARATOR = "/"


@dataclass(frozen=True, slots=True, kw_only=True)
class HandoffLink:
    """What a link to a handoff's page says. Its text is signed."""

    lead_id: str
    cycle: int
    person: str
    """The id of the salesperson it was made for."""
    issued_at: datetime
    choice: VerdictLink = VerdictLink.PAGE
    """What the page opens with. Nothing is decided by opening it."""

    @property
    def about(self) -> str:
        """What tells its page from others, whatever it opens with."""
        return f"{self.lead_id}/{self.cycle}/{self.person}"

    def __str__(self) -> str:
        parts = (self.lead_id, self.cycle, self.person, epoch_ms(self.issued_at), self.choice)
        return LINK_SEPARATOR.join(map(str, parts))


def handoff_link_in(text: str) -> HandoffLink:
    """Return the link of a text that we signed."""
    lead_id, cycle, person, issued, choice = text.split(LINK_SEPARATOR)
    return HandoffLink(
        lead_id=lead_id,
        cycle=int(cycle),
        person=person,
        issued_at=from_epoch_ms(int(issued)),
        choice=VerdictLink(choice),
    )


class PageState(StrEnum):
    """What a handoff's page is about."""

    WAITS = "waits"  # a verdict is asked for
    ANSWERED = "answered"  # this is the verdict that was given
    EXPIRED = "expired"  # the link is too old
    ELSEWHERE = "elsewhere"  # somebody else has the lead
    OVER = "over"  # it was taken back, or its lead has moved on without a verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class HandoffLook:
    """A handoff as its page shows it."""

    link: HandoffLink
    state: PageState
    handoff: Handoff
    lead: Lead
    """As it stands; the surviving one when it was merged."""
    has_lead: Person | None
    """Who has the lead now."""
    verdict: GivenVerdict | None = None
    """The one that was given."""
    given_by: Person | None = None
    can_undo: bool = False


class HandoffSource(Protocol):
    """Where handoffs are kept."""

    def read(self, lead_id: str, cycle: int) -> Handoff | None:
        """Return the handoff of a lead's cycle, or None."""


class VerdictTaker(Protocol):
    """What takes a verdict; commands.verdicts does."""

    def accept(self, lead_id: str, cycle: int, by: str, *, how: ContactHow | None = None) -> Lead:
        """Take a lead."""

    def reject(self, lead_id: str, cycle: int, by: str, rejection: Rejection) -> Lead:
        """Do not take a lead."""

    def undo(self, lead_id: str, cycle: int, by: str) -> Lead:
        """Take a verdict back."""


class HandoffAnswering:
    """Shows handoffs by their links, and takes verdicts.

    handoffs: where they are kept; verdict: returns the verdict on a cycle's handoff; lead: the lead
    of an id, or its survivor, and raises NotFoundError; routing: the routing document; taker: what
    decides; merge: makes a lead part of the one of an address, and returns whether there is one.
    """

    def __init__(
        self,
        *,
        handoffs: HandoffSource,
        verdict: Callable[[str, int], GivenVerdict | None],
        lead: Callable[[str], Lead],
        routing: Callable[[], Mapping[str, Any] | None],
        taker: VerdictTaker,
        merge: Callable[[HandoffLink, Rejection], bool],
        runtime: Runtime,
    ) -> None:
        self._handoffs = handoffs
        self._verdict = verdict
        self._lead = lead
        self._routing = routing
        self._taker = taker
        self._merge = merge
        self.runtime = runtime

    def look(self, link: HandoffLink) -> HandoffLook:
        """Return what a link shows now. Raise NotFoundError for a lead that was erased."""
        handoff = self._handoffs.read(link.lead_id, link.cycle)
        lead = self._lead(link.lead_id)
        if handoff is None:
            raise NotFoundError("there is no such handoff")
        people = _people(self._routing())
        given = self._verdict(link.lead_id, link.cycle)
        if given is not None and given.is_undone:
            given = None
        look = HandoffLook(
            link=link,
            state=PageState.OVER,
            handoff=handoff,
            lead=lead,
            has_lead=people.get(_holder_of(handoff, lead) or ""),
        )
        if self.runtime.now() - link.issued_at > LINK_TIME:
            return replace(look, state=PageState.EXPIRED)
        if given is not None:
            return replace(
                look,
                state=PageState.ANSWERED,
                verdict=given,
                given_by=people.get(given.by),
                can_undo=self._can_undo(link, lead, given),
            )
        if not _waits(handoff, lead):
            return look
        is_theirs = may_answer(handoff, link.person, self._routing())
        return replace(look, state=PageState.WAITS if is_theirs else PageState.ELSEWHERE)

    def accept(self, link: HandoffLink, how: ContactHow | None = None) -> HandoffLook:
        """Take the lead, unless somebody was first, and return what the page shows then.

        how: in which way they get in touch at once.
        """

        def accept() -> object:
            return self._taker.accept(link.lead_id, link.cycle, link.person, how=how)

        return self._if_it_waits(link, accept)

    def reject(self, link: HandoffLink, rejection: Rejection) -> HandoffLook:
        """Do not take the lead, unless somebody was first; a duplicate becomes part of the lead
        that it duplicates, where that is known.
        """

        def reject() -> object:
            is_duplicate = rejection.reason is RejectReason.DUPLICATE and rejection.who
            if is_duplicate and self._merge(link, rejection):
                return None
            return self._taker.reject(link.lead_id, link.cycle, link.person, rejection)

        return self._if_it_waits(link, reject)

    def undo(self, link: HandoffLink) -> HandoffLook:
        """Take one's own verdict back while that is possible, and return what the page shows."""
        look = self.look(link)
        if not look.can_undo:
            return look
        return self._after(link, lambda: self._taker.undo(link.lead_id, link.cycle, link.person))

    def _if_it_waits(self, link: HandoffLink, give: Callable[[], object]) -> HandoffLook:
        look = self.look(link)
        return look if look.state is not PageState.WAITS else self._after(link, give)

    def _after(self, link: HandoffLink, give: Callable[[], object]) -> HandoffLook:
        with suppress(StateError):  # somebody was first: the page says who, and what they answered
            give()
        return self.look(link)

    def _can_undo(self, link: HandoffLink, lead: Lead, given: GivenVerdict) -> bool:
        target = target_of(given.reason) if given.reason else Stage.ACCEPTED
        is_there = lead.lead_id == link.lead_id and lead.standing.stage is target
        is_recent = self.runtime.now() - given.at <= UNDO_TIME
        return is_there and is_recent and given.by == link.person


def may_answer(handoff: Handoff, person: str, routing: Mapping[str, Any] | None) -> bool:
    """Return whether somebody may answer a handoff: its owner, whoever stands in for them, the
    fallback person and the manager, as long as the routing document names them.
    """
    if person not in _people(routing):
        return False
    document = read_document(RoutingDocument, routing or {})
    owner = _people(routing).get(handoff.owner or "")
    deputy = owner.deputy if owner else None
    mine = {handoff.owner, handoff.holder, deputy, document.fallback, document.manager}
    return person in mine or handoff.receiver is None


def _people(routing: Mapping[str, Any] | None) -> Mapping[str, Person]:
    people = read_document(RoutingDocument, routing).people if routing else []
    return {one.id: one for one in people}


def _waits(handoff: Handoff, lead: Lead) -> bool:
    is_same = lead.lead_id == handoff.lead_id and lead.standing.cycle == handoff.cycle
    return is_same and handoff.state in UNANSWERED and lead.standing.stage is Stage.SQL


def _holder_of(handoff: Handoff, lead: Lead) -> str | None:
    """Return the id of who has a lead now: whoever stands in while its handoff waits."""
    return handoff.receiver if _waits(handoff, lead) else lead.standing.owner
