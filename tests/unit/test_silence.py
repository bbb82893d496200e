"""Silence: what a lead loses while nothing is heard of it, and what ends that."""

from copy import deepcopy
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from chalicelib.authoring.agreement import agreement
from chalicelib.authoring.examples import run_examples
from chalicelib.authoring.format import load
from chalicelib.events import Event, Kind, lead_partition, rfc3339
from chalicelib.leads.decision import decide_lead, next_review
from chalicelib.leads.lead import Lead
from chalicelib.leads.next_steps import Turn, find_next_steps
from chalicelib.leads.replay import with_events
from chalicelib.lifecycle.stages import Stage
from chalicelib.limits import REVIEW_MAX_DAYS
from chalicelib.scoring.compare import Comparison
from chalicelib.scoring.evidence import Evidence
from chalicelib.scoring.model import Model
from chalicelib.scoring.score import score, worth, worth_ahead, worth_by_day
from chalicelib.scoring.silence import silent
from chalicelib.scoring.tally import Since, Tally, count_events
from chalicelib.scoring.touches import Touches
from tests import factories as make
from tests.baton import ANN, TOKEN, InMemoryBaton, model_document
from tests.factories import LEAD_ID, TODAY, day, profile, standing
from tests.fakes import NOW, replay

QUIET = {"silence": {"days": 30, "points": -10, "signals": "any"}}
NO_LOGIN = {"silence": {"days": 14, "points": -5, "signals": ["login"]}, "group": "intent"}
NO_VISIT = "no visit, form or click"


def document(**rules: Any) -> dict[str, Any]:
    """Return the default model with these rules on silence."""
    changed: dict[str, Any] = deepcopy(model_document())
    changed["signals"]["login"] = {"on": "track", "event": ["Logged In", "Signed Up"]}
    changed["rules"]["undesirables"] |= rules or {"quiet": QUIET}
    return changed


MODEL = load(document(), 1)
BOTH = load(document(quiet=QUIET, gone=NO_LOGIN), 1)


def ago(days: float) -> datetime:
    return NOW - timedelta(days=days)


def evidence(
    *events: Event, created: float | None = None, model: Model = MODEL, since: Since | None = None
) -> Evidence:
    created_at = None if created is None else ago(created)
    return Evidence({}, Touches(), count_events(model, Tally(), events), since, created_at)


def quiet(known: Evidence, on: date = TODAY, model: Model = MODEL) -> dict[str, tuple[int, str]]:
    """Return the lines of silence on a day."""
    rules = {rule.id for rule in model.silence_rules}
    reasons = score(model, known, on).reasons
    return {one.rule: (one.milli // 1000, one.text) for one in reasons if one.rule in rules}


# --- when it begins and ends ----------------------------------------------------------------------


def test_it_begins_on_its_day_and_says_how_long() -> None:
    known = evidence(make.page("/x", days_ago=29), created=29)
    assert quiet(known) == {}
    assert quiet(known, day(1)) == {"quiet": (-10, f"{NO_VISIT} for 30 days")}
    assert quiet(known, day(5)) == {"quiet": (-10, f"{NO_VISIT} for 34 days")}


def test_a_lead_that_did_nothing_is_silent_from_its_creation() -> None:
    assert quiet(evidence(created=29)) == {}
    assert quiet(evidence(created=34)) == {"quiet": (-10, f"{NO_VISIT} for 34 days")}


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (Kind.MAIL, "delivered"),
        (Kind.MAIL, "bounced"),
        (Kind.MAIL, "unsubscribed"),
        (Kind.IDENTIFY, ""),
        (Kind.PERSON, "imported"),
        (Kind.PERSON, "stage"),
    ],
)
def test_what_others_do_does_not_end_it(kind: Kind, name: str) -> None:
    known = evidence(make.page("/x", days_ago=40), make.event(kind, name), created=40)
    assert quiet(known) == {"quiet": (-10, f"{NO_VISIT} for 40 days")}


@pytest.mark.parametrize(
    ("kind", "name"),
    [(Kind.PAGE, ""), (Kind.TRACK, "Anything"), (Kind.FORM, "any"), (Kind.MAIL, "clicked")],
)
def test_any_act_ends_it(kind: Kind, name: str) -> None:
    known = evidence(make.event(kind, name, days_ago=2), created=40)
    assert quiet(known) == {}


def test_only_the_signals_named_end_it() -> None:
    visits = [make.page("/x", days_ago=1), make.event(Kind.TRACK, "Logged In", days_ago=20)]
    known = evidence(*visits, created=50, model=BOTH)
    assert quiet(known, model=BOTH) == {"gone": (-5, "no login for 20 days")}
    back = evidence(*visits, make.event(Kind.TRACK, "Signed Up"), created=50, model=BOTH)
    assert quiet(back, model=BOTH) == {}


def test_time_alone_never_ends_it() -> None:
    """Not even when the last visit is forgotten: that is before the lead was created."""
    known = evidence(make.page("/x", days_ago=399), created=10)
    for ahead in range(60):
        assert bool(quiet(known, day(ahead))) == (ahead >= 20)
    old = evidence(make.page("/x", days_ago=399), created=500)
    assert quiet(old) == {"quiet": (-10, f"{NO_VISIT} for 399 days")}
    assert quiet(old, day(9)) == {"quiet": (-10, f"{NO_VISIT} for 400 days or more")}


def test_what_was_done_before_a_recycle_was_heard() -> None:
    visit = make.page("/x", days_ago=10)
    tally = count_events(MODEL, Tally(), [visit])
    since = Since.now(MODEL, tally, ago(5), LEAD_ID)
    assert quiet(evidence(visit, created=60, since=since)) == {}
    assert quiet(evidence(visit, created=60, since=since), day(20)) == {
        "quiet": (-10, f"{NO_VISIT} for 30 days")
    }


# --- every way to a score -------------------------------------------------------------------------

acts = some.lists(
    some.builds(
        lambda kind, name, n, days: make.event(kind, name, n=n, days_ago=days),
        some.sampled_from([Kind.PAGE, Kind.FORM, Kind.TRACK, Kind.MAIL]),
        some.sampled_from(["Logged In", "delivered", "clicked", "demo"]),
        some.integers(0, 2),
        some.integers(-1, 60) | some.integers(380, 399),
    ),
    max_size=6,
)
creations = some.integers(0, 60) | some.integers(380, 460)
WITHOUT = load(document(gone={"silence": {"days": 9, "points": -1}}), 1)


@given(acts, creations, some.integers(0, REVIEW_MAX_DAYS))
def test_every_way_to_a_score_knows_of_silence(
    events: list[Event], created: int, ahead: int
) -> None:
    known = evidence(*events, created=created, model=BOTH)
    then = day(ahead)
    whole = score(BOTH, known, then)
    assert sum(one.milli for one in whole.reasons) == whole.total
    plain = replace(whole, reasons=())
    assert worth(BOTH, known, then) == plain == worth_by_day(BOTH, known)(then)
    assert Comparison(BOTH, WITHOUT).worths(known, then) == [plain, worth(WITHOUT, known, then)]
    if all(ago(370) < event.at <= NOW for event in events):  # what it says of itself
        about = worth_ahead(BOTH, known, TODAY)(ahead)
        assert abs(about.total - whole.total) < 10


@given(acts, creations, some.integers(0, 60), some.integers(1, 30))
def test_silence_only_grows_while_nothing_happens(
    events: list[Event], created: int, ahead: int, later: int
) -> None:
    known = evidence(*events, created=created, model=BOTH)
    before = {rule.id for rule, _ in silent(BOTH, known, day(ahead).toordinal())}
    after = {rule.id for rule, _ in silent(BOTH, known, day(ahead + later).toordinal())}
    if max((event.at for event in events), default=NOW) <= NOW:
        assert before <= after


# --- the day it begins ----------------------------------------------------------------------------


def test_the_day_it_begins_is_a_review_day() -> None:
    tally = count_events(MODEL, Tally(), [make.page("/x", days_ago=8)])
    lead = make.lead(profile=profile(), tally=tally, created_at=ago(8))
    assert next_review(MODEL, lead, TODAY) == day(22)


def test_it_is_for_a_lead_that_did_nothing() -> None:
    imported = make.lead(profile=profile(), created_at=ago(3))
    settled = decide_lead(MODEL, imported, NOW).lead
    assert settled.review_on == day(27)
    on = NOW + timedelta(days=27)
    silenced = decide_lead(MODEL, settled, on).lead
    assert silenced.total == settled.total - 10_000
    assert silenced.review_on is None


@given(acts, creations)
def test_no_silence_begins_before_the_review(events: list[Event], created: int) -> None:
    tally = count_events(BOTH, Tally(), events)
    lead = make.lead(profile=profile(), tally=tally, created_at=ago(created))
    settled = decide_lead(BOTH, lead, NOW).lead
    if settled.standing.stage not in (Stage.LEAD, Stage.MQL):
        return
    now = list(silent(BOTH, settled.evidence, TODAY.toordinal()))
    begins = next(
        (
            one
            for one in map(day, range(1, 60))
            if len(list(silent(BOTH, settled.evidence, one.toordinal()))) > len(now)
        ),
        None,
    )
    if begins:
        assert settled.review_on is not None
        assert settled.review_on <= begins


def test_an_mql_cools_on_the_day_it_begins() -> None:
    # Activity alone would keep the lead warm for longer.
    visits = [make.page("/pricing", n=n, days_ago=20 + n) for n in range(2)]
    tally = count_events(MODEL, Tally(), visits)
    harsh = load(document(quiet={"silence": {"days": 30, "points": -40}}), 1)
    lead = make.lead(
        profile=profile(), tally=tally, created_at=ago(40), standing=standing(Stage.MQL, 40)
    )
    found = next_review(harsh, lead, TODAY)
    assert found is not None
    assert found <= day(10)


# --- creation -------------------------------------------------------------------------------------


def own(days_ago: float, n: int = 0) -> Event:
    return make.event(
        Kind.PERSON, "imported", partition=lead_partition(LEAD_ID), n=n, days_ago=days_ago
    )


def test_a_lead_began_with_the_first_of_its_events() -> None:
    events = [own(5), own(9, n=1), make.page("/x", days_ago=30)]
    for order in (events, events[::-1]):
        lead = Lead(lead_id=LEAD_ID)
        for event in order:
            lead = with_events(MODEL, lead, [event])
        assert lead.created_at == ago(9)
    assert replay(MODEL, Lead(lead_id=LEAD_ID), events, NOW).created_at == ago(9)


def test_an_example_began_on_the_day_of_its_first_event() -> None:
    example = {
        "name": "Nothing was heard of them",
        "given": {
            "profile": {"email": "ann@acme.example"},
            "events": [{"mail": "delivered", "days_ago": 40}],
        },
        "expect": {"score": -10, "grade": "–", "stage": "lead", "groups": {"engagement": -10}},
    }
    (found,) = run_examples(MODEL, [example])
    assert found.differences() == []


# --- a lead as people see it ----------------------------------------------------------------------


@pytest.fixture
def baton() -> InMemoryBaton:
    baton = InMemoryBaton()
    baton.world.models.load(document())
    return baton


def days_later(baton: InMemoryBaton, days: float) -> None:
    baton.ports.clock.tick(timedelta(days=days))
    baton.tick()
    baton.until_quiet()


def quiet_line(baton: InMemoryBaton, path: str = "") -> list[str]:
    found = baton.get(f"/v1/leads/{baton.world.lead_id(ANN['email'])}{path}")
    return [one["text"] for one in found["score"]["reasons"] if one["rule"] == "quiet"]


def test_the_clock_finds_the_silence_and_a_visit_ends_it(baton: InMemoryBaton) -> None:
    baton.form("newsletter", **ANN)
    baton.until_quiet()
    began = baton.ports.now().date()
    for _ in range(34):
        days_later(baton, 1)
    assert quiet_line(baton) == [f"{NO_VISIT} for 34 days"]
    assert quiet_line(baton, f"?as_of={began + timedelta(days=29)}") == []
    assert quiet_line(baton, f"?as_of={began + timedelta(days=30)}") == [f"{NO_VISIT} for 30 days"]
    baton.form("webinar", **ANN)
    baton.until_quiet()
    assert quiet_line(baton) == []


def test_of_merged_leads_the_earlier_creation_counts(baton: InMemoryBaton) -> None:
    """But not on a day before the merge."""
    bob = {**ANN, "email": "bob@acme.example"}
    baton.form("newsletter", **ANN)
    baton.until_quiet()
    first = baton.ports.now()
    days_later(baton, 3)
    baton.form("newsletter", **bob)
    baton.until_quiet()
    days_later(baton, 3)
    ann, second = (baton.world.lead_id(one["email"]) for one in (ANN, bob))
    baton.post(f"/v1/leads/{second}/merge", {"other_lead_id": ann}, TOKEN)
    baton.until_quiet()
    merged = baton.world.qualify.derive.lead(second)
    assert merged.created_at == first
    then = baton.get(f"/v1/leads/{second}?as_of={(first + timedelta(days=4)).date()}")
    assert then["created_at"] == rfc3339(first + timedelta(days=3))
    lead, differences = baton.world.corrections.rebuild(second)
    assert differences == []
    assert lead.created_at == first


def test_an_act_is_a_step_because_it_ends_the_silence() -> None:
    """A login gives no points."""
    harsh = load(document(quiet={"silence": {"days": 30, "points": -40}}), 1)
    events = [
        make.form("newsletter", days_ago=31, fields=make.BEST_FIT),
        *(make.download(f"{n}-guide", days_ago=31) for n in range(6)),
    ]
    lead = with_events(harsh, Lead(lead_id=LEAD_ID), events)
    steps = find_next_steps(harsh, lead, NOW)
    assert steps is not None
    (way,) = [way for way in steps.ways if way.to is Stage.MQL]
    assert "login" in way.acts
    loud = find_next_steps(replace(harsh, silence_rules=()), lead, NOW)
    assert loud is not None
    assert loud.turn == Turn(TODAY, Stage.MQL)


def test_the_page_says_what_silence_takes() -> None:
    page = agreement(document(quiet=QUIET, gone=NO_LOGIN))
    assert f"**quiet**: -10 points after 30 days with {NO_VISIT} (engagement)" in page
    assert "**gone**: -5 points after 14 days with no login (intent)" in page
