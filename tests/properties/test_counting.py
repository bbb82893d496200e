"""Whatever order, however often, whoever else is at work: the same events come to the same lead."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from hypothesis import strategies as some

from chalicelib.events import Event, Join, Kind, Owner, Rank, joins_on, lead_id_of, lead_partition
from chalicelib.leads.decision import score_of
from chalicelib.leads.joined import by_lead
from chalicelib.leads.lead import Lead
from chalicelib.leads.replay import count, join_until, with_events
from chalicelib.limits import JOINED_MAX_EVENTS
from tests import factories as make
from tests.fakes import NOW, replay
from tests.properties.laws import holds_for
from tests.properties.lives import VISITORS, Life, lives, merges, moves, retractions, ticks
from tests.properties.steps import Step, script
from tests.properties.town import MODEL, Town, capped
from tests.recounted import live_requests, recounted_requests
from tests.sizes import SIZES

LEAD_IDS = ["A" * 26, "B" * 26, "C" * 26]
seeds = some.none() | some.integers(
    0, 99
)  # of a table that answers now and then that others write, or None


@holds_for(lives(retractions, ticks), seeds)
def test_any_order_of_the_same_events_gives_one_lead(life: Life, seed: int | None) -> None:
    """Joins and retractions included, and a crowd now and then. The canonical order is none: one
    list, replayed once.
    """
    town = Town(seed).live(life)
    for lead in town.leads():
        assert town.derived(lead) == town.expected(lead)
        first, last = town.began_between(lead)
        assert lead.created_at is not None
        assert first <= lead.created_at <= last


@holds_for(lives(retractions, moves, merges, ticks), seeds, cases=SIZES.cases // 20)
def test_rule_1_live_requests_are_those_of_a_recount(life: Life, seed: int | None) -> None:
    """In the figures none is missing, and none is there twice, whatever raced."""
    town = Town(seed).live(life)
    items = list(town.table.items.values())
    assert live_requests(items) == recounted_requests(items)


@holds_for(lives(crowds=False))
def test_counting_one_by_one_is_folding_all_at_once(life: Life) -> None:
    """The two algorithms, without a store: events counted as their records come, and the whole
    replayed at the end.
    """
    steps = script(life, LEAD_IDS)
    for lead_id in LEAD_IDS:
        counted, replayed = counted_as_they_come(lead_id, steps), replayed_at_once(lead_id, steps)
        assert what_is_derived(counted) == what_is_derived(replayed)
        assert counted.counted.keys() >= replayed.counted.keys()


@holds_for(lives(retractions, moves, merges, ticks))
def test_a_rebuild_of_an_unspoiled_lead_changes_nothing(life: Life) -> None:
    town = Town().live(life)
    items = list(town.table.items.values())
    assert live_requests(items) == recounted_requests(items)
    for lead in town.leads():
        before = town.derived(lead)
        _, differences = town.world.corrections.rebuild(lead.lead_id)
        town.world.qualify.replay(lead.lead_id)
        after = town.lead(lead.lead_id)
        assert differences == []
        assert town.derived(after) == before
        assert after.standing == lead.standing


@holds_for(lives(retractions, ticks, crowds=False))
def test_a_retraction_is_as_if_nothing_had_been_captured(life: Life) -> None:
    """But for one thing: whose a visitor is does not change when the form that joined it is taken
    back.
    """
    town = Town().live(life)
    without = Town(never=town.retracted).live(life)
    for lead_id in town.lead_ids:
        lead, same = town.lead(lead_id), without.lead(lead_id)
        # When a lead began is what was known of it, taken back or not. ADR 0048
        assert town.derived(lead) == without.derived(replace(same, created_at=lead.created_at))


@holds_for(lives(retractions, merges, ticks))
def test_merged_leads_are_what_one_address_would_have_been(life: Life) -> None:
    """In tally, touches, answers, profile and score, but for the address: that stays the surviving
    lead's own. And each id leads to one lead that did not turn out to be another, on a way without
    a circle.
    """
    town = Town().live(life)
    for lead in town.leads():
        assert town.derived(lead) == town.expected(lead)
        first, last = town.began_between(lead)
        assert lead.created_at is not None
        assert first <= lead.created_at <= last
    for lead_id in town.lead_ids:
        way = [lead_id]
        while into := town.world.leads.read(way[-1]).merged_into:
            assert into not in way
            way.append(into)


floods = some.lists(
    some.tuples(
        some.sampled_from([VISITORS[0], VISITORS[1], lead_partition(LEAD_IDS[0])]),
        some.integers(0, 1),  # days ago: the stream keeps a record for one
        some.integers(1, 700),
    ),
    min_size=1,
    max_size=4,
)


@holds_for(floods, some.integers(1, 700), cases=SIZES.cases // 10)
def test_what_is_above_the_caps_counts_nowhere(
    flood: Sequence[tuple[str, int, int]], batch: int
) -> None:
    """Floods of pings and forms. As far as they can be counted, batch by batch, they come to what
    a replay comes to; and a replay to what the plain caps leave.
    """
    lead_id = LEAD_IDS[0]
    events = list({one.id: one for part in flood for one in flooded(*part)}.values())
    joins = [Join(visitor, lead_id, NOW) for visitor in VISITORS]
    replayed = replay(MODEL, Lead(lead_id=lead_id), events, NOW, joins)
    plain = with_events(MODEL, Lead(lead_id=lead_id), capped(as_joined(events), MODEL.zone))
    assert what_is_derived(replayed) == what_is_derived(plain)
    counted: Lead | None = Lead(lead_id=lead_id)
    for start in range(0, len(events), batch):
        if counted is None or counted.crowded:
            return  # from here on only a replay can tell
        counted = count(MODEL, counted, events[start : start + batch], [], NOW)
    if counted is not None and not counted.crowded:
        assert what_is_derived(counted) == what_is_derived(replayed)


def as_joined(events: Sequence[Event]) -> list[Event]:
    """What a join brings of each visitor: the newest, whether they count or not."""
    brought = list[Event]()
    for visitor in VISITORS:
        theirs = [event for event in events if event.partition == visitor]
        newest = sorted(theirs, key=lambda event: event.id, reverse=True)
        brought += newest[:JOINED_MAX_EVENTS]
    return [*brought, *(event for event in events if event.partition not in VISITORS)]


def flooded(partition: str, days_ago: int, number: int) -> list[Event]:
    """Return pings of a visitor, or forms of a lead, of one captured day."""
    kind = Kind.FORM if lead_id_of(partition) else Kind.PAGE
    at = NOW - timedelta(days=days_ago, hours=9)
    return [
        make.event(
            kind,
            "demo" if kind is Kind.FORM else "",
            partition=partition,
            n=one,
            at=at + timedelta(seconds=one),
            properties={"path": "/pricing"},
            browser_rank=Rank.FORM,
        )
        for one in range(number)
    ]


def counted_as_they_come(lead_id: str, steps: Sequence[Step]) -> Lead:
    lead, captured, owners = Lead(lead_id=lead_id), list[Event](), dict[str, Owner]()
    for step in steps:
        captured += step.captured
        owners |= {
            join.visitor: Owner(join.lead_id, rank=join.rank) for join in joins_on(step.captured)
        }
        for record in step.records:
            for event in by_lead([record], owners.get).get(lead_id, {}).values():
                known = joined(event, captured)
                # What only a replay can tell, the clock replays within a minute.
                lead = count(MODEL, lead, [event], known, step.at) or replay(
                    MODEL, lead, captured, step.at
                )
    return lead


def joined(join: Event, captured: Sequence[Event]) -> list[Event]:
    until = join_until(join.captured_at)
    known = [one for one in captured if one.captured_at <= until]
    return [
        one
        for claim in joins_on([join])
        for one in claim.own(event for event in known if event.partition == claim.visitor)
    ]


def replayed_at_once(lead_id: str, steps: Sequence[Step]) -> Lead:
    captured = [event for step in steps for event in step.captured]
    return replay(MODEL, Lead(lead_id=lead_id), captured, steps[-1].at)


def what_is_derived(lead: Lead) -> Any:
    return (
        lead.tally,
        lead.profile,
        lead.touches,
        lead.answers,
        lead.created_at,
        score_of(MODEL, lead, NOW.date()).reasons,
    )
