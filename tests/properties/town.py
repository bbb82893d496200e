"""A town of workers on one table, that lives a life: every record late, twice, and in the middle of
another's work.

Against it stands the plainest thing that could be right: a list of events, replayed once
(`Town.expected`).
"""

import io
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from contextlib import redirect_stdout, suppress
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta, tzinfo
from functools import cache, partial
from typing import Any

from chalicelib.authoring.format import load
from chalicelib.capture.joining import Claim
from chalicelib.days import day_of, zone_of
from chalicelib.errors import NotFoundError, StateError
from chalicelib.events import Act, Event, Kind, Owner, joins_on, lead_id_of
from chalicelib.leads.acts import acts_of, retracted_ids
from chalicelib.leads.decision import score_of
from chalicelib.leads.lead import QUESTIONS, Lead, SalesAnswer, SalesAnswers
from chalicelib.lifecycle.stages import EDGES, Outcome, Recorded, Stage
from chalicelib.scoring import profile as profiles
from chalicelib.scoring import tally as tallies
from chalicelib.scoring.by_hand import Given, live_on, take_in
from chalicelib.scoring.compile import compile_model
from chalicelib.scoring.model import Model
from chalicelib.scoring.profile import Profile
from chalicelib.scoring.score import Score
from chalicelib.scoring.tally import Tally, within_horizon
from chalicelib.scoring.touches import Touches, touch
from chalicelib.store import keys
from chalicelib.store.events import event_of
from chalicelib.store.table import Item, Write
from chalicelib.wiring.world import World
from chalicelib.writing import persist
from infra import defaults
from tests.baton import model_document, tick
from tests.fakes import FakePorts, MemoryTable, count_captured
from tests.properties.lives import DAY, EMAILS, Life, Merges, Moves, Retracts, Ticks
from tests.properties.steps import Step, rushes, script

ACTIONS = {
    "spend": {"signal": "meeting-booked", "sum": "value", "points": 0.01, "max_points": 6},
    "largest": {"signal": "webinar-attended", "max": "value", "points": 0.01, "half_life_days": 9},
    "busy-day": {"signal": "site-visit", "in_one_day": 2, "points": 2, "half_life_days": 7},
    "repeated": {"signal": "blog", "points": 3, "shares": [1, 0.5], "within_days": 6},
    "any-mail": {"points": 0.25, "max_points": 9},
    "returned": {
        "signal": "site-visit",
        "tiers": [{"times": 6, "points": 6}, {"days": 2, "within_days": 7, "points": 4}],
        "half_life_days": 14,
        "floor": 1,
    },
    "reader": {
        "signal": "guide-download",
        "tiers": [{"different": 2, "within_days": 30, "points": 5}],
    },
}
UNDESIRABLES = {
    "quiet": {"silence": {"days": 8, "points": -6, "signals": "any"}},
    "gone": {"silence": {"days": 20, "points": -4, "signals": ["webinar-attended", "blog"]}},
    "applicant": {"signal": "careers-page", "points": -6, "within_days": 5},
    "hesitant": {"signal": "pricing-page", "tiers": [{"days": 3, "within_days": 9, "points": -4}]},
}


@cache
def town_document() -> Mapping[str, Any]:
    """The default model and rules of each other form, so that they live what the town lives."""
    document = model_document()
    rules = document["rules"]
    actions = {**rules["actions"], **ACTIONS}
    undesirables = {**rules["undesirables"], **UNDESIRABLES}
    signals = {**document["signals"], "any-mail": {"on": "mail"}}  # but what is only noted
    rules = {**rules, "actions": actions, "undesirables": undesirables}
    return {**document, "signals": signals, "rules": rules}


MODEL: Model = load(town_document(), 1)  # in UTC
UNCAPPED = (Kind.MAIL, Kind.SALES, Kind.PERSON)
SETTLING = timedelta(minutes=16)  # a crowded lead waits fifteen for its replay
MOST_SETTLINGS = 20
CLOCKS_APART = timedelta(minutes=5)  # as in lives.py


class BusyTable(MemoryTable):
    """A table on which others write first: what waits in `rivals` is done in the middle of the next
    write.
    """

    def __init__(self) -> None:
        super().__init__()
        self.rivals: list[Callable[[], None]] = []
        self._is_rivals_turn = False

    def write(self, *writes: Write) -> None:
        if self.rivals and not self._is_rivals_turn:
            self._is_rivals_turn = True
            try:
                self.rivals.pop(0)()
            finally:
                self._is_rivals_turn = False
        super().write(*writes)


@dataclass(frozen=True)
class Derived:
    """What is derived of a lead, as of a day."""

    tally: Tally
    profile: Profile
    touches: Touches
    answers: SalesAnswers
    given: Given
    total: int


@cache
def empty_baton(zone: str) -> dict[tuple[str, str], Item]:
    """The items of a Baton in which nothing happened: a model, and no emails, so that nothing is
    rendered.
    """
    ports = FakePorts()
    World(ports).models.load(town_document(), zone)
    return dict(ports.memory.items)


@cache
def model_in(zone: str) -> Model:
    """The model of the town, counting in the days of a time zone."""
    return compile_model(town_document(), 1, zone=zone_of(zone))


class Town:
    """Two workers on one table. events: all that were ever captured; retracted: the ids of those
    that were taken back.

    conflicts: the seed of a table that now and then says that others write; never: the ids of what
    never happens, but for whose a visitor becomes by it; zone: whose days count.
    """

    def __init__(
        self,
        conflicts: int | None = None,
        never: Set[str] = frozenset(),
        zone: str = "UTC",
    ) -> None:
        self.zone = zone
        self.table = BusyTable()
        self.table.items = empty_baton(zone)
        self.ports = FakePorts(self.table)
        self.workers = [World(self.ports), World(self.ports)]
        self.world = self.workers[0]
        self.lead_ids = [self.world.lead_id(email) for email in EMAILS]
        self.events: dict[str, Event] = {}
        self.retracted: set[str] = set()
        self.never = never
        if conflicts is not None:
            self.table.be_busy(conflicts)

    # --- living -----------------------------------------------------------------------------------

    @property
    def model(self) -> Model:
        """The model that counts."""
        return model_in(self.zone)

    @property
    def today(self) -> date:
        """The day of the town's zone."""
        return day_of(self.ports.now(), self.model.zone)

    def rezone(self, zone: str) -> "Town":
        """Let the days of another time zone count, and wait until all leads are rebuilt."""
        with redirect_stdout(io.StringIO()):
            self._rezone(zone)
            self.settle()
        return self

    def _rezone(self, zone: str) -> None:
        persist(lambda: defaults.rezone(self.world, zone), self.ports.pause)
        self.zone = zone

    def live(self, life: Life, rezone: tuple[int, str] | None = None) -> "Town":
        """Do all of a life's steps, and then wait until nothing is due.

        rezone: after so many of them another time zone, while the workers know the older one.
        """
        with redirect_stdout(io.StringIO()):
            groups = rushes(script(life, self.lead_ids))
            for number, (first, *others) in enumerate(groups):
                if rezone and number == rezone[0] % len(groups):
                    self._rezone(rezone[1])
                self.table.rivals = [
                    self._rival(number, step) for number, step in enumerate(others, 1)
                ]
                self._do(self.workers[0], first)
                while self.table.rivals:
                    self.table.rivals.pop(0)()
            self.settle()
        return self

    def settle(self) -> None:
        """Let the clock run until it finds nothing to do."""
        for _ in range(MOST_SETTLINGS):
            self.ports.clock.tick(SETTLING)
            if tick(self.world, self.ports) == 0:
                return
        raise AssertionError("the town does not come to rest")

    def a_day_later(self) -> None:
        """Let a day pass, and the clock run."""
        with redirect_stdout(io.StringIO()):
            self.ports.clock.tick(DAY)
            self.settle()

    def _rival(self, number: int, step: Step) -> Callable[[], None]:
        return lambda: self._do(self.workers[number % 2], step)

    def _do(self, worker: World, step: Step) -> None:
        self.ports.clock.time = max(self.ports.clock.time, step.at)
        for event in step.captured:
            if event.id not in self.never:
                self.capture(worker, event)
            elif event.joins:
                self.capture(worker, only_joining(event))
        for event in step.records:
            item = self.table.get(event.partition, keys.event(event.id))
            assert item or event.id in self.never, "what is worked off was captured"
        found = [event_of(item) for event in step.records for item in self._stored(event)]
        count_captured(worker, *found)
        with suppress(
            NotFoundError, StateError
        ):  # of a lead that nobody knows yet, or that cannot go there
            self._act(worker, step)

    def _stored(self, event: Event) -> Sequence[Item]:
        item = self.table.get(event.partition, keys.event(event.id))
        return [item] if item else []

    def capture(self, worker: World, event: Event) -> None:
        lead_id, now = lead_id_of(event.partition), self.ports.now()
        if lead_id is None:
            persist(lambda: worker.events.append(event), self.ports.pause)
        else:
            owner = Owner(lead_id, event.browser_rank)
            claims = [Claim(visitor, None, owner) for visitor in event.joins]
            accept = partial(worker.captured.accept, [event], lead_id=lead_id, claims=claims)
            persist(
                lambda: accept(proof=None, receipt=None, now=now),
                self.ports.pause,
            )
        self.events[event.id] = event

    def _act(self, worker: World, step: Step) -> None:
        lead_id, commands = self.lead_ids[step.lead], worker.commands
        match step.deed:
            case Ticks():
                tick(worker, self.ports)
            case Retracts(picks):
                self._retract(worker, lead_id, picks)
            case Moves(pick, reason, is_lost):
                target = self._somewhere(lead_id, pick)
                if is_lost and target is Stage.RECYCLED:
                    commands.close(lead_id, Outcome.LOST, reason, None)
                else:
                    commands.move(lead_id, target, reason)
            case Merges(further):
                worker.corrections.merge(
                    lead_id, self.lead_ids[(step.lead + further) % len(self.lead_ids)]
                )

    def _retract(self, worker: World, lead_id: str, picks: Sequence[int]) -> None:
        theirs = [
            event.id
            for event in self.events_of(self.lead(lead_id))
            if event.kind is not Kind.PERSON or event.name == Act.POINTS
        ]
        ids = [theirs[pick % len(theirs)] for pick in picks if theirs]
        if ids and not self.never:
            worker.corrections.retract(lead_id, ids, "a mistake")
            # A confirmation goes with its form, unless it came while the form was taken back.
            acts = [item for item in self.table.items.values() if item.get("kind") == Kind.PERSON]
            self.retracted |= retracted_ids(map(event_of, acts))

    def _somewhere(self, lead_id: str, pick: int) -> Stage:
        ways = sorted(EDGES[self.lead(lead_id).standing.stage])
        return ways[pick % len(ways)]

    # --- what came of it --------------------------------------------------------------------------

    def lead(self, lead_id: str) -> Lead:
        """A lead as it is kept."""
        return self.world.qualify.derive.lead(lead_id)

    def leads(self) -> list[Lead]:
        """Every lead as it is kept, each once."""
        found = {lead.lead_id: lead for lead in map(self.lead, self.lead_ids)}
        return [lead for lead in found.values() if lead.version]

    def is_merged(self, lead: Lead) -> bool:
        """Whether another lead turned out to be this one."""
        return len(self.ids_of(lead)) > 1

    def score(self, lead: Lead) -> Score:
        """The score of today."""
        return score_of(self.model, lead, self.today)

    def derived(self, lead: Lead) -> Derived:
        """What is derived of a lead, as of today."""
        tally = within_horizon(lead.tally, self.today.toordinal())
        profile = profiles.remembered(lead.profile, self.today, self.model.zone)
        given = live_on(lead.given, self.today)
        total = self.score(lead).total
        return Derived(tally, profile, lead.touches, lead.answers, given, total)

    def log(self, lead: Lead) -> list[Recorded]:
        """A lead's transitions, the oldest first."""
        return self.world.leads.transitions(lead.lead_id)[::-1]

    def events_of(self, lead: Lead) -> list[Event]:
        """All events of a lead, of the leads that turned out to be it, and of the visitors that
        joined them.
        """
        joins = {join.visitor: join for join in joins_on(self.events.values())}
        ids = self.ids_of(lead)
        own = [event for event in self.events.values() if lead_id_of(event.partition) in ids]
        theirs = [
            replace(event, browser_rank=join.rank)
            for event in self.events.values()
            if (join := joins.get(event.partition)) and join.lead_id in ids
        ]
        return [*own, *theirs]

    def ids_of(self, lead: Lead) -> list[str]:
        """The ids that lead to a lead: its own, and of those that turned out to be it."""
        return [lead_id for lead_id in self.lead_ids if self.lead(lead_id).lead_id == lead.lead_id]

    def began_between(self, lead: Lead) -> tuple[datetime, datetime]:
        """When a lead may have begun: with its first own event, and if that was taken back before
        it was counted, with the first that counts and was not. The clock of the machine that
        captured it may be ahead of the one that counted what its visitor did just before.
        """
        ids = self.ids_of(lead)
        own = [one for one in self.events.values() if lead_id_of(one.partition) in ids]
        counting = capped((one for one in own if one.id not in self.retracted), self.model.zone)
        left = [one.captured_at for one in counting]
        first = min(one.captured_at for one in own) - CLOCKS_APART
        return first, min(left, default=self.ports.now())

    def expected(self, lead: Lead) -> Derived:
        """What all events of a lead come to, less what was taken back: one list, replayed at once.

        The address is that of its own events: consent is given per address.
        """
        events = capped(
            (event for event in self.events_of(lead) if event.id not in self.retracted),
            self.model.zone,
        )
        return self.derived(
            Lead(
                lead_id=lead.lead_id,
                profile=profiles.learn(
                    {}, (said_of(lead, event) for event in events), self.model.fields
                ),
                touches=touch(Touches(), events),
                tally=tallies.count_events(self.model, Tally(), events),
                answers=newest_answers(events),
                given=take_in((), events),
                standing=lead.standing,
                created_at=lead.created_at,  # see began_between
            )
        )


def capped(events: Iterable[Event], zone: tzinfo) -> list[Event]:
    """What counts of some events: the newest 500 pings and 200 forms of a partition and a captured
    day, and no ping that was older than the horizon when it came.
    """
    found: list[Event] = []
    seen = Counter[object]()
    for event in sorted(events, key=lambda event: event.id, reverse=True):
        place = (event.partition, day_of(event.captured_at, zone), event.is_ping, event.kind)
        what = place[:3] if event.is_ping else place
        if event.is_ping and event.at < event.captured_at - timedelta(days=400):
            continue
        if event.name in ("link_used", "machine_clicked"):
            continue
        seen[what] += 1
        if seen[what] <= {True: 500, False: 200}[event.is_ping] or event.kind in UNCAPPED:
            found.append(event)
    return found


def newest_answers(events: Sequence[Event]) -> SalesAnswers:
    """What was answered last to each of an opportunity's questions."""
    given = sorted(
        acts_of(events, Act.OPPORTUNITY),
        key=lambda event: (event.properties["cycle"], event.at, event.id),
    )
    return {
        question: SalesAnswer(
            int(event.properties["cycle"]), event.at, event.id, event.properties[question]
        )
        for event in given
        for question in QUESTIONS & event.properties.keys()
    }


def said_of(lead: Lead, event: Event) -> Event:
    """An event, less the address that it gives when it was another lead's."""
    fields = {name: value for name, value in event.fields.items() if name != "email"}
    return event if lead_id_of(event.partition) == lead.lead_id else replace(event, fields=fields)


def only_joining(event: Event) -> Event:
    """An event that says whose a visitor is, and nothing else."""
    return replace(event, kind=Kind.IDENTIFY, name="", properties={}, campaign={}, fields={})
