"""What a requested replay is about: the event that sales is shown first."""

from dataclasses import replace

import pytest

from chalicelib.events import Event, Kind
from chalicelib.leads.requests import NOTHING_REQUESTED, ReplayRequests, about
from chalicelib.store.replays import replay_item, requests_of
from tests import factories as make
from tests.factories import LEAD_ID
from tests.fakes import NOW

MODEL = make.model()
READER = make.form("newsletter", n=1, days_ago=3)
DEMO = make.form("demo", n=2, days_ago=2)
AGAIN = make.form("demo", n=3, days_ago=1)
PAGE = make.page("/pricing", n=4)
BOOKED = make.event(Kind.TRACK, "Meeting Booked", n=5)
PENDING = replace(NOTHING_REQUESTED, count=1, due_at=NOW)
UNDER_WAY = replace(PENDING, taken=1)


def asked_about(event: Event, asked: ReplayRequests = PENDING) -> ReplayRequests:
    return about(asked, [event], MODEL)


@pytest.mark.parametrize(
    ("asked", "events", "cause"),
    [
        (PENDING, [], None),
        (PENDING, [PAGE], None),
        (PENDING, [READER], READER),
        (PENDING, [READER, PAGE, AGAIN, DEMO], DEMO),
        (PENDING, [BOOKED], BOOKED),  # no form, and a request all the same
        (asked_about(READER), [DEMO], DEMO),
        (asked_about(READER), [make.form("other", n=9)], READER),
        (asked_about(DEMO), [AGAIN], DEMO),
        (asked_about(DEMO), [READER], DEMO),
        # One that is under way has told of its request, and the next one tells of the newer.
        (asked_about(DEMO, UNDER_WAY), [AGAIN], AGAIN),
        (asked_about(DEMO, UNDER_WAY), [READER], DEMO),
    ],
)
def test_a_replay_is_about_the_first_request(
    asked: ReplayRequests, events: list[Event], cause: Event | None
) -> None:
    """Whatever a stranger sends after it, or with it."""
    found = about(asked, events, MODEL)
    assert found.cause == ((cause.partition, cause.id) if cause else None)
    assert requests_of(replay_item(LEAD_ID, found)) == found


def test_what_an_ended_replay_was_about_is_forgotten() -> None:
    ended = asked_about(DEMO).ended(1)
    assert (ended.cause, ended.is_asked) == (None, False)
