"""A replay: a lead derived from all its events, newest first, a few at a time.

It goes over a lead's own events twice. First it learns which leads turned out to be this one and
what was taken back (`Survey`); then it counts, partition by partition. Between two steps it is a
`Progress`, whose size does not grow with the number of events (ADR 0034).
"""

from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from dataclasses import replace
from datetime import datetime
from itertools import islice

from chalicelib.days import day_of
from chalicelib.events import LEAD_PREFIX, Event, Join, epoch_ms, lead_id_of, lead_partition
from chalicelib.leads.caps import DayCaps, first_counted, first_read, is_countable
from chalicelib.leads.histories import FOREVER, EventHistory, Survey, digest_in
from chalicelib.leads.lead import Lead
from chalicelib.leads.progress import Progress
from chalicelib.leads.replay import (
    captured_hour,
    first_kept_hour,
    is_remembered,
    join_until,
    with_events,
    with_ids,
)
from chalicelib.limits import COUNTED_MAX_IDS, JOINED_MAX_EVENTS
from chalicelib.scoring import tally as tallies
from chalicelib.scoring.model import Model
from chalicelib.scoring.tally import Since
from chalicelib.scoring.touches import Touch, Touches, zone_before

EVENTS_AT_ONCE = 100  # held and counted together
DERIVED = ("profile", "touches", "tally", "answers", "given", "emails", "created_at")
"""The parts of a lead that its events come to."""


class Replaying:
    """A replay under way.

    also: events that are about to be stored; captured_by: what was captured later is not looked
    at; leaves_out: which events do not count yet; sees: gets every event that is read.
    """

    def __init__(
        self,
        *,
        events: EventHistory,
        model: Model,
        lead: Lead,
        progress: Progress,
        also: Sequence[Event] = (),
        captured_by: datetime = FOREVER,
        leaves_out: Callable[[Event], bool] | None = None,
        sees: Callable[[Event], None] | None = None,
    ) -> None:
        self.progress = progress
        self._events = events
        self._model = model
        self._lead = lead
        self._also = also
        self._captured_by = captured_by
        self._leaves_out = leaves_out or (lambda _: False)
        self._sees = sees or (lambda _: None)
        self._not_joined: set[str] = set()
        since = lead.standing.since
        is_known = since is None or since.at is None or since.is_counted_by(model.matching)
        self._since = None if is_known else since

    def step(self, most: int) -> bool:
        """Read at most so many events, and return whether the lead is whole."""
        left = most if self.progress.is_counting else self._survey(most)
        if self.progress.is_counting and not self.progress.is_whole:
            self._count(left)
        return self.progress.is_whole

    def survey(self, most: int) -> Survey | None:
        """Return what must be known before events count; None if the lead has more than `most`."""
        if not self.progress.is_counting:
            self._survey(most)
        return self.progress.survey if self.progress.is_counting else None

    def show_older(self, most: int) -> None:
        """Show also what visitors did so long ago that it is not read, at most so many events.

        After the survey only.
        """
        before = f"{epoch_ms(first_read(self.progress.began_at)):013d}-"
        visitors = (partition for partition, join in self._partitions() if join is not None)
        older = (event for one in visitors for event in self._events.of(one, before=before))
        for event in islice(older, most):
            self._sees(event)

    def take_back(self, event: Event) -> None:
        """Let an event that is about to be stored take others back. After the survey only."""
        self._also = [*self._also, event]
        self.progress.survey.note(event)

    def lead(self) -> Lead:
        """Return the lead derived anew, not yet decided."""
        progress = self.progress
        found = progress.derived
        standing = self._lead.standing
        if (since := self._since) is not None and since.at is not None:
            counted = Since.now(self._model, progress.then, since.at, since.lead_id)
            standing = replace(standing, since=counted)
        derived = replace(
            self._lead,
            **{part: getattr(found, part) for part in DERIVED},
            matching=self._model.matching,
            standing=standing,
            replayed_at=progress.began_at,
        )
        return with_ids(derived, progress.ids, progress.began_at)

    # --- what must be known first -----------------------------------------------------------------

    def _survey(self, most: int) -> int:
        """Read on, at most so many events. Return how many could be read besides."""
        progress = self.progress
        if not progress.partition:
            for event in self._also:
                progress.survey.note(event)
            progress.partition = lead_partition(self._lead.lead_id)
        left = most
        for partition in self._own_partitions():
            known = {join.visitor for join in self._events.joins(_lead_in(partition))}
            for page in self._read(partition, left):
                for event in page:
                    self._note(event, known)
                left -= len(page)
            if left <= 0:
                return 0
            progress.before = ""
        progress.is_counting = True
        progress.partition = ""
        return left

    def _note(self, event: Event, known: Set[str]) -> None:
        self._sees(event)
        if self._leaves_out(event):
            self._not_joined |= set(event.joins)
        elif self._is_in_time(event.captured_at, _lead_in(event.partition)):
            self.progress.survey.note(event, known)

    def _own_partitions(self) -> Iterator[str]:
        """Yield the partitions of the lead and of those merged into it, from today's on.

        They are found while they are read.
        """
        position = self.progress.survey.lead_ids.index(_lead_in(self.progress.partition))
        while position < len(lead_ids := self.progress.survey.lead_ids):
            self.progress.partition = lead_partition(lead_ids[position])
            yield self.progress.partition
            position += 1

    def _kept_touches(self) -> Touches:
        """Return the touches that outlived the events that made them: those may be gone."""
        gone = self._retracted()
        oldest = first_counted(self.progress.began_at)

        def kept(touch: Touch | None) -> Touch | None:
            if touch is None or touch.at >= oldest or digest_in(touch.event_id) in gone:
                return None
            return touch

        before = self._lead.touches
        form = before.form
        if form is not None and (form.at >= oldest or digest_in(form.event_id) in gone):
            form = None
        known = before.form.touch if before.form else None
        recent = {one: None for one in map(kept, (*before.recent, known)) if one is not None}
        zone = zone_before(before, oldest)
        return Touches(kept(before.first), kept(before.last), tuple(recent), form, zone)

    # --- counting ---------------------------------------------------------------------------------

    def _count(self, most: int) -> None:
        progress = self.progress
        gone = self._retracted()
        left = most
        if not progress.partition:
            progress.derived = replace(progress.derived, touches=self._kept_touches())
            self._take(self._also, None, gone)
        for partition, join in self._partitions():
            if partition != progress.partition:
                progress.partition = partition
                progress.before = ""
                progress.joined = 0
                progress.caps = DayCaps()
                progress.then_caps = DayCaps()
            for page in self._read(partition, left):
                self._take(page, join, gone)
                left -= len(page)
            if left <= 0:
                return
        progress.is_whole = True

    def _partitions(self) -> Iterator[tuple[str, Join | None]]:
        """Yield what is left to read: the leads' own partitions, then those of their visitors."""
        lead_ids = self.progress.survey.lead_ids
        stored = [join for one in lead_ids for join in self._events.joins(one)]
        # Of leads that became one, each may have had the same user id: the one that has it now
        # has all that came under it. ADR 0037
        found = sorted([*self.progress.survey.joins, *stored], key=lambda join: not join.ended_at)
        joins = {join.visitor: join for join in found}
        every: list[tuple[str, Join | None]] = [(lead_partition(one), None) for one in lead_ids]
        every += [
            (visitor, join)
            for visitor, join in sorted(joins.items())
            if self._is_in_time(join.captured_at, join.lead_id) and visitor not in self._not_joined
        ]
        names = [partition for partition, _ in every]
        now = self.progress.partition
        yield from every[names.index(now) if now else 0 :]

    def _take(self, page: Sequence[Event], join: Join | None, gone: frozenset[str]) -> None:
        """Count a page of one partition. join: of a visitor's partition."""
        progress = self.progress
        wanted = [event for event in page if self._is_known(event, join)]
        if join is not None:
            wanted = list(join.own(wanted))
        self._remember(wanted)
        counting = [
            event
            for event in wanted
            if self._may_count(event, gone) and progress.caps.admits(event, self._model.zone)
        ]
        progress.derived = with_events(self._model, progress.derived, counting)
        if self._since is not None:
            self._take_since(self._since, wanted, join)

    def _is_known(self, event: Event, join: Join | None) -> bool:
        """Return whether an event is the lead's, and known by now."""
        self._sees(event)
        by = join.lead_id if join else _lead_in(event.partition)
        if not self._is_in_time(event.captured_at, by):
            return False
        if join is not None and event.captured_at <= join_until(join.captured_at):
            self.progress.joined += 1
            if self.progress.joined > JOINED_MAX_EVENTS:
                return False
        return not self._leaves_out(event)

    def _is_in_time(self, captured_at: datetime, by: str) -> bool:
        """Return whether what came by a lead is neither too late nor from before an erasure."""
        return captured_at <= self._captured_by and self._lead.takes(captured_at, by)

    def _may_count(self, event: Event, gone: frozenset[str]) -> bool:
        # Before the cap: an event that was taken back must not keep another one out.
        if digest_in(event.id) in gone or not is_countable(event):
            return False
        return not event.is_ping or event.at >= first_counted(self.progress.began_at)

    def _take_since(self, since: Since, page: Sequence[Event], join: Join | None) -> None:
        """Count again what was counted by the moment from which on behaviour counts (ADR 0025)."""
        assert since.at is not None
        leads = self.progress.survey.leads_by(since.at, since.lead_id)
        gone = self.progress.survey.retracted_by(since.at, leads)
        if join is not None and (join.lead_id not in leads or join.captured_at > since.at):
            return
        day = day_of(since.at, self._model.zone)
        known = [
            event
            for event in page
            if event.captured_at <= since.at
            and (join is not None or lead_id_of(event.partition) in leads)
            and self._may_count(event, gone)
            and self.progress.then_caps.admits(event, self._model.zone)
            and day_of(event.at, self._model.zone) == day
        ]
        self.progress.then = tallies.count_events(self._model, self.progress.then, known)

    def _remember(self, page: Iterable[Event]) -> None:
        """Keep the ids of the last 48 hours, but no more than show that there are too many."""
        ids = self.progress.ids
        oldest = first_kept_hour(self.progress.began_at)
        for event in page:
            is_recent = captured_hour(event) >= oldest and is_remembered(event)
            if is_recent and len(ids) <= COUNTED_MAX_IDS:
                ids[event.digest] = captured_hour(event)

    def _retracted(self) -> frozenset[str]:
        survey = self.progress.survey
        return survey.retracted_by(FOREVER, survey.lead_ids)

    def _read(self, partition: str, most: int) -> Iterator[list[Event]]:
        """Yield pages of a partition, at most so many events, and note how far it was read."""
        is_own = lead_id_of(partition) is not None
        since = None if is_own else first_read(self.progress.began_at)
        found = islice(
            self._events.of(partition, before=self.progress.before, since=since), max(0, most)
        )
        while page := list(islice(found, EVENTS_AT_ONCE)):
            yield page
            self.progress.before = page[-1].id


def _lead_in(partition: str) -> str:
    return partition.removeprefix(LEAD_PREFIX)
