"""What the properties found, each with its story: small towns, so that the fault is plain to
see.
"""

from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.events import Event, lead_partition
from chalicelib.lifecycle.stages import Actor, Stage, Transition, apply, standing_after
from tests import factories as make
from tests.baton import tick
from tests.fakes import NOW, count_captured
from tests.properties.lives import EMAILS, VISITORS
from tests.properties.town import Town


@pytest.fixture
def town() -> Town:
    return Town()


def happens(town: Town, *events: Event) -> None:
    """Each is captured, and counted at once."""
    for event in events:
        town.capture(town.world, event)
        count_captured(town.world, event)


def form(
    town: Town, lead: int, form_id: str = "newsletter", visitor: int | None = None, **parts: object
) -> Event:
    joins = () if visitor is None else (VISITORS[visitor],)
    fields = {"email": EMAILS[lead]}
    return make.form(
        form_id, partition=lead_partition(town.lead_ids[lead]), joins=joins, fields=fields, **parts
    )


def pages(visitor: int, number: int, path: str = "/") -> list[Event]:
    return [make.page(path, partition=VISITORS[visitor], n=n) for n in range(number)]


def test_a_ping_during_a_merge_leaves_the_clock_in_peace(town: Town) -> None:
    """A worker read a crowded lead; it was merged with another; the worker asked the clock for a
    replay of it. Each minute the clock replayed the lead that it had become, and never took the ask
    off its list.
    """
    happens(town, form(town, 0), form(town, 1, visitor=1), *pages(1, 130))
    crowded = town.lead(town.lead_ids[1])
    assert crowded.crowded
    town.world.corrections.merge(town.lead_ids[0], town.lead_ids[1])
    town.world.leads.request_replay(crowded, town.ports.now())
    town.settle()
    assert tick(town.world, town.ports) == 0


def test_a_late_visitor_counts_as_a_replay_counts_it(town: Town) -> None:
    """495 pages of a lead, and 100 of the same day on another browser that joined five days later:
    each browser has a cap of its own.
    """
    happens(town, form(town, 0, visitor=0))
    for event in (*pages(0, 495, "/blog/a"), *pages(1, 100, "/pricing")):
        town.capture(town.world, event)
    town.world.qualify.replay(town.lead_ids[0])
    town.ports.clock.tick(timedelta(days=5))
    town.world.qualify.replay(town.lead_ids[0])
    happens(town, form(town, 0, "webinar", visitor=1, at=town.ports.now()))
    town.settle()
    (lead,) = town.leads()
    assert sum(lead.tally.days["site-visit"].values()) == 595
    assert town.world.corrections.rebuild(lead.lead_id)[1] == []


def test_what_was_taken_back_keeps_no_other_ping_out(town: Town) -> None:
    """600 pages of one day, the first 100 of them taken back: those counted against the 500 of the
    day all the same.
    """
    happens(town, form(town, 0, visitor=0))
    looked = pages(0, 600)
    for event in looked:
        town.capture(town.world, event)
    town.world.corrections.retract(
        town.lead_ids[0], sorted(event.id for event in looked)[:100], "a robot"
    )
    (lead,) = town.leads()
    assert sum(lead.tally.days["site-visit"].values()) == 500


def test_the_log_remembers_a_persons_stage_across_a_merge() -> None:
    """A person made the lead an MQL, a merge brought it into cycle 2, and the model made it an SQL.
    It was by a person still, but its transitions said that it was not: the first of the two
    spoke of cycle 1.
    """
    by_person = Transition(
        origin=Stage.LEAD,
        target=Stage.MQL,
        kind=None,
        why="",
        cycle=1,
        actor=Actor.PERSON,
        on=NOW.date(),
    )
    by_model = replace(by_person, origin=Stage.MQL, target=Stage.SQL, cycle=2, actor=Actor.MODEL)
    live = apply(replace(standing_after([by_person]), cycle=2), by_model)
    assert live.by_person
    assert standing_after([by_person, by_model]) == live
