"""Whatever order, however often, whoever else is at work: the same events come to the same lead."""

from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as some

from chalicelib.events import Event, lead_id_of
from chalicelib.leads.decision import score_of
from chalicelib.leads.lead import Lead
from chalicelib.leads.replay import count, join_until
from tests.fakes import NOW, replay
from tests.properties.laws import holds_for
from tests.properties.lives import Life, lives, merges, moves, retractions, ticks
from tests.properties.steps import Step, script
from tests.properties.town import MODEL, Town

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
        assert town.derived(town.lead(lead_id)) == without.derived(without.lead(lead_id))


@holds_for(lives(retractions, merges, ticks))
def test_merged_leads_are_what_one_address_would_have_been(life: Life) -> None:
    """In tally, touches, answers, profile and score, but for the address: that stays the surviving
    lead's own. And each id leads to one lead that did not turn out to be another, on a way without
    a circle.
    """
    town = Town().live(life)
    for lead in town.leads():
        assert town.derived(lead) == town.expected(lead)
    for lead_id in town.lead_ids:
        way = [lead_id]
        while into := town.world.leads.read(way[-1]).merged_into:
            assert into not in way
            way.append(into)


def counted_as_they_come(lead_id: str, steps: Sequence[Step]) -> Lead:
    lead, captured, owners = Lead(lead_id=lead_id), list[Event](), dict[str, str | None]()
    for step in steps:
        captured += step.captured
        owners |= {
            visitor: lead_id_of(event.partition)
            for event in step.captured
            for visitor in event.joins
        }
        for event in step.records:
            if (lead_id_of(event.partition) or owners.get(event.partition)) == lead_id:
                lead = count(MODEL, lead, [event], joined(event, captured), step.at) or lead
    return lead


def joined(join: Event, captured: Sequence[Event]) -> list[Event]:
    return [
        one
        for one in captured
        if one.partition in join.joins and one.captured_at <= join_until(join.captured_at)
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
        score_of(MODEL, lead, NOW.date()).reasons,
    )
