"""What can happen in a town, drawn by hypothesis: the one vocabulary of the properties.

A life is a list of happenings: what was done, by which visitor, of which lead, how long after the
one before, how late its record is worked off and how often. steps.py makes of it the events and the
steps in which they are captured and counted; town.py does the steps. Everything is drawn, nothing
is random.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from hypothesis import strategies as some
from hypothesis.strategies import SearchStrategy

from chalicelib.events import Act, Kind, Rank, Value, user_partition, visitor_partition
from chalicelib.mail_events import MailEvent
from chalicelib.scoring.behaviour_rules import Measure
from chalicelib.scoring.compile import compile_model
from chalicelib.scoring.model import Model
from chalicelib.scoring.numbers import Amounts
from tests.baton import model_document
from tests.factories import BEST_FIT

EVENTS_MIN, EVENTS_MAX = 30, 36
ACTS_MAX = 5
CROWD = 140  # pages at once: more than a standing keeps the ids of
NOTHING = timedelta(0)
SECOND, MINUTE, HOUR, DAY = (
    timedelta(seconds=1),
    timedelta(minutes=1),
    timedelta(hours=1),
    timedelta(days=1),
)
EMAILS = ("ann@acme.example", "jo@gmail.com", "kim@acme.example")
VISITORS = (*map(visitor_partition, ("v0", "v1", "v2")), user_partition("u3"))

# --- what is done ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Did:
    """What becomes an event. times: that it is done at once, with different message ids."""

    kind: Kind
    name: str = ""
    properties: Mapping[str, Value] = field(default_factory=dict)
    campaign: Mapping[str, str] = field(default_factory=dict)
    fields: Mapping[str, Value] = field(default_factory=dict)
    rank: Rank = Rank.FORM
    times: int = 1


@dataclass(frozen=True)
class Retracts:
    """A person takes events of the lead back. picks: which of those that there are."""

    picks: Sequence[int]


@dataclass(frozen=True)
class Moves:
    """A person moves the lead along one of the legal edges. pick: which."""

    pick: int
    reason: str
    is_lost: bool


@dataclass(frozen=True)
class Merges:
    """A person says that another lead is this one. further: how many places further the other one
    is.
    """

    further: int


@dataclass(frozen=True)
class Ticks:
    """The clock looks at what is due."""


Deed = Did | Retracts | Moves | Merges | Ticks


def changed(deed: Deed, **parts: Any) -> Did:
    """Something else that is done."""
    assert isinstance(deed, Did)
    return replace(deed, **parts)


@dataclass(frozen=True)
class Happening:
    """A deed, and when. who, lead: whose it is; gap: since the one before; lag: how old it is when
    it is captured; skew: of the clock of the machine that captures it; delays: when its stream
    record is worked off, each time; rushed: another worker does it in the middle of what is done
    just before.
    """

    deed: Deed
    who: int = 0
    lead: int = 0
    gap: timedelta = NOTHING
    lag: timedelta = NOTHING
    skew: timedelta = NOTHING
    delays: Sequence[timedelta] = (NOTHING,)
    rushed: bool = False


Life = Sequence[Happening]

paths = some.sampled_from(
    [
        "/",
        "/blog/a",
        "/pricing",
        "/compare/x",
        "/careers",
        "/login",
        "/product/x",
        "/customers/y",
        "/pricing?plan=1",
    ]
)
assets = some.sampled_from([f"{n}-{kind}" for n in range(6) for kind in ("guide", "datasheet")])
campaigns = some.sampled_from(
    [
        {},
        {},
        {"source": "google", "medium": "cpc", "name": "spring"},
        {"source": "acme", "medium": "referral"},
        {"medium": "list"},
    ]
)
facts = some.sampled_from(
    [
        {},
        {name: value for name, value in BEST_FIT.items() if name != "email"},
        {"job_title": "Student"},
        {"job_title": "Engineer", "company_size": 300},
        {"first_name": "Ann", "phone": "+49 30 901820"},
        {"company": "Other", "country": "FR", "industry": "bakery"},
        {"message": "urgent, please"},
        {"budget": "€50k", "renewal_date": "20.12.2026", "country": "DE"},
        {"budget": 900, "renewal_date": "2027-01-09", "tools": "crm, erp"},
    ]
)
answers = some.sampled_from(
    [
        {"cycle": 1, "buying_cycle": "evaluating"},
        {"cycle": 1, "buying_cycle": "deciding", "size": "20 seats"},
        {"cycle": 2, "permission": True},
    ]
)

visits = some.builds(
    Did,
    some.just(Kind.PAGE),
    properties=some.builds(lambda path: {"path": path}, paths),
    campaign=campaigns,
)
downloads = some.builds(
    Did,
    some.just(Kind.TRACK),
    some.just("Asset Downloaded"),
    properties=some.builds(lambda asset: {"asset": asset}, assets),
)
tracks = some.builds(
    Did,
    some.just(Kind.TRACK),
    some.sampled_from(["Webinar Attended", "Meeting Booked", "Nothing"]),
    properties=some.sampled_from([{}, {"value": 120}, {"value": "1,200.50"}, {"value": -3}]),
)
forms = some.builds(
    Did,
    some.just(Kind.FORM),
    some.sampled_from(["newsletter", "newsletter", "webinar", "demo", "contact"]),
    campaign=campaigns,
    fields=facts,
    rank=some.sampled_from([Rank.FORM, Rank.OWN_BROWSER, Rank.CONFIRMED]),
)
identifies = some.builds(Did, some.just(Kind.IDENTIFY), fields=facts, rank=some.just(Rank.IDENTIFY))
mails = some.builds(
    Did,
    some.just(Kind.MAIL),
    some.sampled_from(
        [
            *("delivered", "clicked", "clicked", "replied", "unsubscribed", "bounced"),
            *("link_used", "machine_clicked", "answered"),
        ]
    ),
    properties=some.sampled_from([{}, {"kind": "hard"}]),
)
confirmations = some.builds(
    Did,
    some.just(Kind.MAIL),
    some.just(MailEvent.CONFIRMED),
    properties=some.builds(lambda pick: {"pick": pick}, some.integers(0, 99)),
    rank=some.just(Rank.CONFIRMED),
)
said = some.builds(
    Did, some.just(Kind.PERSON), some.just(Act.OPPORTUNITY.value), properties=answers
)
by_hand = some.builds(
    Did,
    some.just(Kind.PERSON),
    some.just(Act.POINTS.value),
    properties=some.fixed_dictionaries(
        {"points": some.sampled_from([40, -25, 0.5]), "reason": some.just("met at the fair")},
        optional={
            "until": some.sampled_from(["2026-11-25", "2026-12-20", "2027-06-30"]),
            "group": some.sampled_from(["intent", "channel", "gone"]),
        },
    ),
)
deeds = some.one_of(
    visits, visits, downloads, tracks, forms, identifies, mails, said, confirmations, by_hand
)

retractions = some.builds(Retracts, some.lists(some.integers(0, 99), min_size=1, max_size=4))
reasons = some.sampled_from(["not ready", "no budget", "price", "unreachable", "a friend"])
moves = some.builds(Moves, some.integers(0, 99), reasons, some.booleans())
ticks = some.builds(Ticks)
merges = some.builds(Merges, some.integers(1, len(EMAILS) - 1))

# --- and when -------------------------------------------------------------------------------------

gaps = some.sampled_from([NOTHING, SECOND, SECOND, 3 * MINUTE, 20 * MINUTE, 5 * HOUR, DAY, 9 * DAY])
lags = some.sampled_from([NOTHING, NOTHING, NOTHING, HOUR, DAY, 30 * DAY, 410 * DAY])
skews = some.sampled_from([NOTHING, NOTHING, 5 * MINUTE, -5 * MINUTE])
delays = some.sampled_from(
    # The stream keeps a record for a day: until then it can come late, and again.
    [
        (NOTHING,),
        (NOTHING, NOTHING),
        (4 * MINUTE,),
        (NOTHING, 23 * HOUR),
        (23 * HOUR, HOUR),
        (MINUTE, 2 * MINUTE, 6 * HOUR),
    ]
)


def happenings(deeds: SearchStrategy[Any]) -> SearchStrategy[Happening]:
    """Something, done by anybody, at any time."""
    who, lead, rushed = (
        some.sampled_from(range(len(VISITORS))),
        some.sampled_from(range(len(EMAILS))),
        some.booleans(),
    )
    return some.builds(
        Happening,
        deeds,
        who=who,
        lead=lead,
        gap=gaps,
        lag=lags,
        skew=skews,
        delays=delays,
        rushed=rushed,
    )


def lives(*acts: SearchStrategy[Any], crowds: bool = True) -> SearchStrategy[Life]:
    """At least 30 events of four visitors and three leads, each with a join, and of each kind of
    acts at least one.

    crowds: in one life of eight somebody looks at more pages than a standing keeps the ids of.
    """
    placed = some.integers(0, EVENTS_MAX)
    joins = some.tuples(*(some.tuples(placed, happenings(forms)) for _ in EMAILS))
    others = [
        some.lists(some.tuples(placed, happenings(act)), min_size=1, max_size=ACTS_MAX)
        for act in acts
    ]
    crowd = some.tuples(some.integers(0, 7 if crowds else 0), placed, happenings(visits))
    events = some.lists(happenings(deeds), min_size=EVENTS_MIN, max_size=EVENTS_MAX)
    return some.builds(_life, events, joins, crowd, *others)


def _life(
    events: Sequence[Happening],
    joins: Sequence[tuple[int, Happening]],
    crowd: tuple[int, int, Happening],
    *acts: Sequence[tuple[int, Happening]],
) -> Life:
    chance, place, visit = crowd
    placed = [
        (place, replace(join, who=lead, lead=lead)) for lead, (place, join) in enumerate(joins)
    ]
    placed += [one for those in acts for one in those]
    if chance == 7:  # not 0: hypothesis tries the simplest first, and most often
        placed.append((place, replace(visit, deed=changed(visit.deed, times=CROWD))))
    life = list(events)
    for place, one in sorted(placed, key=lambda pair: -pair[0]):
        life.insert(place, one)
    return life


# --- and what it is worth -------------------------------------------------------------------------

DOCUMENT = model_document()
GROUPS = tuple(DOCUMENT["groups"])
BEHAVIOUR = [
    key
    for side in ("actions", "undesirables")
    for key, rule in DOCUMENT["rules"][side].items()
    if "field" not in rule
]

points = some.one_of(some.integers(-30, 30), some.floats(-3, 3, width=16))
half_lives = some.sampled_from([None, 1, 7, 30.5, 400])
floors = some.sampled_from([None, None, 0.25])  # as a part of the points
per_days = some.sampled_from([None, 1, 2, 5])
most = some.sampled_from([None, 2.5, 12, 30])
windows = some.sampled_from([None, None, 0, 6, 30])
busy_days = some.sampled_from([None, None, None, 2])
shares = some.sampled_from([None, None, None, [1, 0.5, 0.25], [0.75, 0]])


amounts = some.sampled_from([None, None, None, *Amounts])


@some.composite
def rules_on(draw: some.DrawFn, key: str) -> Mapping[str, Any]:
    """A rule on a signal that the format allows."""
    is_distinct = bool(DOCUMENT["signals"][key].get("distinct"))
    rule = {
        "signal": key,
        "group": draw(some.sampled_from(GROUPS)),
        "half_life_days": draw(half_lives),
        "in_one_day": None if is_distinct else draw(busy_days),
    }
    if not is_distinct and not rule["in_one_day"] and (amount := draw(amounts)):
        weight, within = draw(points) / 100, draw(windows)
        return rule | {amount: "value", "points": weight, "within_days": within, "max_points": 30}
    if not rule["in_one_day"]:
        rule["per_day"] = draw(per_days)
    if draw(some.integers(0, 3)) == 3:
        measures = [Measure.DIFFERENT] if is_distinct else [Measure.TIMES, Measure.DAYS]
        sign = draw(some.sampled_from([1, 1, -1]))
        rule["tiers"] = [
            {
                str(draw(some.sampled_from(measures))): draw(some.integers(1, 4)),
                "within_days": draw(windows),
                "points": sign * draw(some.integers(1, 30)),
            }
            for _ in range(draw(some.integers(1, 3)))
        ]
    else:
        rule["points"] = draw(points)
        rule["max_points"], rule["within_days"] = draw(most), draw(windows)
        rule["shares"] = draw(shares)
    least = min(abs(one["points"]) for one in rule.get("tiers", [rule]))
    if rule["half_life_days"] and least and (part := draw(floors)):
        rule["floor"] = part * least
    return rule


FACTS: Sequence[Mapping[str, Any]] = [
    {"field": "budget", "tiers": [{"at_least": 5_000}, {"below": 1_000}, {"else": True}]},
    {"field": "renewal_date", "tiers": [{"next_days": 30}, {"not": {"last_days": 90}}]},
    {"all": [{"field": "tools", "contains": "crm"}, {"field": "country", "not": ["AT"]}]},
    {
        "all": [
            {"field": "job_title", "words": "engineer"},
            {"field": "renewal_date", "next_days": 40},
        ]
    },
]
"""Rules on facts of every form, whose points are drawn."""


@some.composite
def rules_on_facts(draw: some.DrawFn, written: Mapping[str, Any]) -> Mapping[str, Any]:
    """One of them, with points of any sign, in any group; now and then it disqualifies."""
    rule = {
        **written,
        "group": draw(some.sampled_from(GROUPS)),
        "disqualify": draw(some.integers(0, 9)) == 9,
    }
    if "tiers" not in written:
        return rule | {"points": draw(points)}
    return rule | {"tiers": [{**tier, "points": draw(points)} for tier in written["tiers"]]}


silences = some.lists(
    some.builds(
        lambda days, points, signals, group: {
            "silence": {"days": days, "points": points, "signals": signals},
            "group": group,
        },
        some.integers(1, 45),
        some.integers(-30, -1),
        some.just("any") | some.lists(some.sampled_from(BEHAVIOUR), min_size=1, max_size=2),
        some.sampled_from(GROUPS),
    ),
    max_size=2,
)
limits = some.fixed_dictionaries(
    {
        "min": some.sampled_from([-40, -5, 0]),
        "max": some.sampled_from([0, 12.5, 60]),
        "in_total": some.sampled_from([True, True, False]),
    }
)


def _model(
    rules: Sequence[Mapping[str, Any]],
    facts: Sequence[Mapping[str, Any]],
    groups: Sequence[Mapping[str, Any]],
    silences: Sequence[Mapping[str, Any]],
) -> Model:
    """The default model with other rules on behaviour, more on facts and on silence, other limits
    and a score of its own.
    """
    of = dict(zip(BEHAVIOUR, rules, strict=True))
    sides = {
        side: {key: of.get(key, rule) for key, rule in those.items()}
        for side, those in DOCUMENT["rules"].items()
    }
    sides["profile"] |= {f"fact-{number}": rule for number, rule in enumerate(facts)}
    sides["undesirables"] |= {f"silence-{number}": one for number, one in enumerate(silences)}
    limited = dict(zip(GROUPS, groups, strict=True))
    scores = {"of-one": {"groups": GROUPS[1:3], "bands": {"ready": 10, "cold": -5}}}
    return compile_model({**DOCUMENT, "rules": sides, "groups": limited, "scores": scores}, 1)


models = some.builds(
    _model,
    some.tuples(*map(rules_on, BEHAVIOUR)),
    some.tuples(*map(rules_on_facts, FACTS)),
    some.tuples(*(limits for _ in GROUPS)),
    silences,
)
