"""A life as its events, and the steps in which they are captured, counted and counted again."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from chalicelib.events import (
    CONFIRMED_FORM,
    Event,
    Kind,
    Rank,
    event_id,
    lead_partition,
)
from chalicelib.mail_events import MailEvent
from tests.fakes import NOW
from tests.properties.lives import EMAILS, HOUR, VISITORS, Deed, Did, Happening, Life

RIVALS_MAX = 4  # who work at the same time


@dataclass(frozen=True)
class Step:
    """One thing that a worker does: captures events, works off their records, or what a person or
    the clock does.
    """

    at: datetime
    deed: Deed
    lead: int
    captured: Sequence[Event] = ()
    records: Sequence[Event] = ()
    rushed: bool = False


def script(life: Life, lead_ids: Sequence[str]) -> list[Step]:
    """The steps of a life, in their order."""
    steps, owners, forms, now = list[Step](), set[str](), list[Event](), NOW
    for number, one in enumerate(life):
        now += one.gap
        if not isinstance(one.deed, Did):
            steps.append(Step(now, one.deed, one.lead, rushed=one.rushed))
            continue
        events = events_of(one, one.deed, number, now, lead_ids, owners)
        if one.deed.name == MailEvent.CONFIRMED:
            events = [about for event in events for about in _confirming(event, forms)]
        forms += [event for event in events if event.kind is Kind.FORM]
        owners |= {visitor for event in events for visitor in event.joins}
        steps.append(Step(now, one.deed, one.lead, captured=events, rushed=one.rushed))
        steps += [
            Step(now + delay, one.deed, one.lead, records=events, rushed=one.rushed)
            for delay in one.delays
        ]
    return sorted(steps, key=lambda step: step.at)


def _confirming(event: Event, forms: Sequence[Event]) -> list[Event]:
    """Return a confirmation as one of an earlier form of its lead, none when there is none."""
    theirs = [form for form in forms if form.partition == event.partition]
    if not theirs:
        return []
    form = theirs[int(event.properties["pick"]) % len(theirs)]
    return [replace(event, properties={CONFIRMED_FORM: form.id}, fields=form.fields)]


def events_of(
    one: Happening,
    did: Did,
    number: int,
    now: datetime,
    lead_ids: Sequence[str],
    owned: Iterable[str] = (),
) -> list[Event]:
    """The events of a happening. owned: the visitors that belong to somebody, so that a form does
    not join them.
    """
    pings = did.kind in (Kind.PAGE, Kind.TRACK)
    visitor = VISITORS[one.who]
    partition = visitor if pings else lead_partition(lead_ids[one.lead])
    says = did.kind in (Kind.FORM, Kind.IDENTIFY)
    joins = says or did.name == MailEvent.CLICKED  # of which the browser showed the page
    captured_at = now + one.skew
    at = captured_at - one.lag
    return [
        Event(
            partition=partition,
            id=event_id(visitor, at, f"{number}/{copy}"),
            kind=did.kind,
            name=did.name,
            at=at,
            captured_at=captured_at,
            properties=did.properties,
            campaign=did.campaign,
            fields={"email": EMAILS[one.lead], **did.fields} if says else {},
            joins=(visitor,) if joins and visitor not in owned else (),
            rank=did.rank,
            browser_rank=min(did.rank, Rank.OWN_BROWSER),
        )
        for copy in range(did.times)
    ]


def rushes(steps: Sequence[Step]) -> list[list[Step]]:
    """The steps in groups: a first one, and those that others do in the middle of it."""
    groups: list[list[Step]] = []
    for step in steps:
        if groups and _is_rushed(step, groups[-1]):
            groups[-1].append(step)
        else:
            groups.append([step])
    return groups


def _is_rushed(step: Step, group: Sequence[Step]) -> bool:
    """Whether a step can be done in the middle of the first one: a record is in the stream once it
    is written.
    """
    written = {event.id for other in group for event in other.captured}
    known = all(event.id not in written for event in step.records)
    return step.rushed and known and step.at - group[0].at < HOUR and len(group) < RIVALS_MAX
