"""Another time zone, whenever it comes and however often: every lead is as if it had always been
that one, but for the transitions that were recorded, and what follows from their days.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from hypothesis import strategies as some

from chalicelib.events import Event, joins_on, lead_id_of
from chalicelib.leads.decision import decide_lead, next_review
from chalicelib.leads.lead import Lead
from chalicelib.lifecycle.decide import decide
from chalicelib.scoring.tally import Since, Tally, count_events
from tests.properties.laws import holds_for
from tests.properties.lives import NOTHING, SECOND, Life, lives, merges, moves, retractions, ticks
from tests.properties.town import Town, capped
from tests.sizes import SIZES

CASES = SIZES.cases // 4  # each lives twice, or is rebuilt often
zones = some.sampled_from(
    ["UTC", "Europe/Berlin", "America/Los_Angeles", "Asia/Kathmandu", "Pacific/Kiritimati"]
)
places = some.integers(0, 200)  # in a life, where the zone becomes another one
seeds = some.none() | some.integers(0, 99)  # of a busy table


@holds_for(lives(retractions, merges, ticks), zones, zones, places, seeds, cases=CASES)
def test_another_zone_counts_as_if_it_had_always_been(
    life: Life, before: str, zone: str, place: int, seed: int | None
) -> None:
    """In tally, profile, touches, answers and score: what the events come to, replayed once in the
    new zone. Records are late and come twice, workers know the older zone for a while, and a crowd
    is there now and then. Nobody moves a lead here: an answer belongs to the cycle that it was
    given in, and of leads that became one, each had its own.
    """
    town = Town(seed, zone=before).live(life, (place, zone))
    for lead_id in town.lead_ids:
        lead = town.lead(lead_id)
        assert town.derived(lead) == town.expected(lead)
        assert not lead.version or (lead.zone, lead.matching) == (zone, town.model.matching)


@holds_for(lives(retractions, moves, merges, ticks), zones, zones, places, cases=CASES)
def test_after_another_zone_each_lead_is_at_rest(
    life: Life, before: str, zone: str, place: int
) -> None:
    """With the transitions that it has, the stage and the next review are what a decision of today
    comes to: the derived dates are of the new zone.
    """
    town = Town(zone=before).live(life, (place, zone))
    for lead in town.leads():
        worth = town.score(lead)
        assert decide(town.model, lead.standing, worth, town.today) is None
        assert lead.zone == zone
        again = decide_lead(town.model, lead, town.ports.now())
        assert again.transitions == ()
        assert lead.review_on is None or lead.review_on >= town.today
        assert again.lead.review_on == next_review(town.model, again.lead, town.today)


@holds_for(lives(moves, ticks), zones, zones, cases=CASES)
def test_what_a_recycle_left_uncounted_follows_the_zone(life: Life, before: str, zone: str) -> None:
    town = Town(zone=before).live(at_once(life)).rezone(zone)
    for lead in town.leads():
        if (kept := since(lead)) is not None and kept.at is not None:
            by_then = capped(captured_by(town, lead, kept.at), town.model.zone)
            tally = count_events(town.model, Tally(), by_then)
            assert kept == Since.now(town.model, tally, kept.at, lead.lead_id)


def captured_by(town: Town, lead: Lead, time: datetime) -> list[Event]:
    """What was captured by a time of a lead, and of the visitors that had joined it by then."""
    known = [event for event in town.events.values() if event.captured_at <= time]
    own = [event for event in known if lead_id_of(event.partition) == lead.lead_id]
    joined = {join.visitor for join in joins_on(own)}
    return [*own, *(event for event in known if event.partition in joined)]


@holds_for(
    lives(retractions, moves, merges, ticks), some.lists(zones, min_size=1, max_size=3), cases=CASES
)
def test_the_way_to_a_zone_does_not_matter(life: Life, ways: Sequence[str]) -> None:
    """Also with what a recycle left uncounted. So the way back restores every lead. Records come at
    once here, and no two things happen in one instant: what was on its way to a lead when a person
    moved it counts after the move, until it is counted anew.
    """
    life = at_once(life)
    last = ways[-1]
    direct = Town().live(life).rezone(last)
    long = Town().live(life)
    for zone in ways:
        long.rezone(zone)
    direct.ports.clock.time = long.ports.now()
    for lead_id in direct.lead_ids:
        one, other = direct.lead(lead_id), long.lead(lead_id)
        assert direct.derived(one) == long.derived(other)
        assert since(one) == since(other)


@holds_for(lives(retractions, moves, merges, ticks), zones, cases=CASES)
def test_there_and_back_restores_what_was_counted(life: Life, zone: str) -> None:
    life = at_once(life)
    town = Town().live(life)
    before = town.leads()
    town.rezone(zone).rezone("UTC")
    for lead in before:
        after = town.lead(lead.lead_id)
        assert (after.tally, since(after)) == (lead.tally, since(lead))
        assert town.derived(after) == town.derived(lead)


def since(lead: Lead) -> Since | None:
    return lead.standing.since


def at_once(life: Life) -> Life:
    """The same life, in which every record is worked off when it comes, and one after the other."""
    return [
        replace(one, gap=max(one.gap, SECOND), skew=NOTHING, delays=(NOTHING,), rushed=False)
        for one in life
    ]
