"""What is missing: each act that is named really moves the lead, the points suffice, the day is the
day.
"""

import random
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from typing import Any

import pytest

from chalicelib.authoring.format import load
from chalicelib.events import Event, Kind, event_id
from chalicelib.inputs.urls import read_path
from chalicelib.leads.decision import first_move, score_of
from chalicelib.leads.next_steps import MOVED_ON, NextSteps, Turn, Way, find_next_steps
from chalicelib.leads.replay import count
from chalicelib.lifecycle.decide import decide
from chalicelib.lifecycle.stages import Stage, Standing
from chalicelib.limits import AHEAD_MAX_DAYS
from chalicelib.reading.next_steps import next_steps_words, serialize_next_steps, with_article
from chalicelib.scoring.matching import Signal
from chalicelib.scoring.model import Model
from chalicelib.scoring.sample import sample
from chalicelib.scoring.score import parts_of
from chalicelib.scoring.tally import signals_of
from chalicelib.wiring.world import World
from tests.baton import ANN, TOKEN, InMemoryBaton, model_document
from tests.factories import LEAD_ID, TODAY, day, lead, model, profile, seen
from tests.fakes import NOW
from tests.sizes import SIZES, seeds

SEEDS = seeds(SIZES.sorts)
ALL_SORTS = range(24)  # seeds whose leads are known to be of all sorts
ABOVE = {"lead": ("mql", "sql"), "recycled": ("mql", "sql"), "mql": ("sql",)}
PATHS = ("/", "/blog/a", "/product", "/pricing", "/customers/x", "/compare/x", "/careers", "/login")
ASSETS = ("buyers-guide", "planning-guide", "market-report", "product-datasheet")


# --- leads of all sorts, and what happens to them -------------------------------------------------


def lived(seed: int) -> InMemoryBaton:
    """A Baton with Ann in it: who she is, what she did and where she stands is drawn from the
    seed.
    """
    draw, baton = random.Random(seed), InMemoryBaton()
    for _ in range(draw.randrange(14)):
        at = NOW - timedelta(days=draw.choice((0, 0, 1, 3, 8, 15, 40)))
        baton.page(draw.choice(PATHS), at=at)
        if draw.random() < 0.3:
            do(baton, Kind.TRACK, "Asset Downloaded", {"asset": draw.choice(ASSETS)})
    fields = {
        **ANN,
        "job_title": draw.choice(("CTO", "Manager", "Student", "Baker")),
        "company_size": draw.choice((3, 120)),
    }
    baton.form(draw.choice(("newsletter", "webinar", "other", "demo")), **fields)
    baton.until_quiet()
    if seed % 3 == 0:
        moved(baton, "accepted") and moved(baton, "recycled")
        baton.page(draw.choice(PATHS))
        baton.until_quiet()
    days_later(baton, draw.choice((0, 0, 1, 10, 50)))
    return baton


def do(
    baton: InMemoryBaton,
    kind: Kind,
    name: str,
    properties: Any,
    fields: Any = None,
    campaign: Any = None,
) -> None:
    """Something that Ann does, over HTTP; of mails and of sales, which come by other ways, the
    event itself.
    """
    if kind in (Kind.PAGE, Kind.TRACK):
        body = {
            "anonymousId": "v1",
            "messageId": baton.ports.new_id(),
            "properties": properties,
            "event": name,
        }
        assert (
            baton.post(f"/v1/{kind}", {**body, "context": {"campaign": campaign or {}}}).status_code
            == 200
        )
    elif kind is Kind.FORM:
        assert baton.post(f"/v1/forms/{name}", {"fields": fields}).status_code == 202
    else:
        now, partition = baton.ports.now(), f"LEAD#{baton.world.lead_id(ANN['email'])}"
        one_id = event_id(partition, now, baton.ports.new_id())
        event = Event(
            partition=partition,
            id=one_id,
            kind=kind,
            name=name,
            at=now,
            captured_at=now,
            properties=properties,
        )
        assert baton.world.events.append(event)
    baton.until_quiet()


def act(baton: InMemoryBaton, signal: Signal) -> None:
    """The simplest thing by which Ann shows a signal."""
    kept = baton.world.leads.read(baton.world.lead_id(ANN["email"]))
    known = kept.tally.keys.get(signal.id, {}).keys()
    event = sample(signal, kept.lead_id, ANN["email"], baton.ports.now(), known)
    do(
        baton,
        event.kind,
        event.name,
        dict(event.properties),
        dict(event.fields),
        dict(event.campaign),
    )


def moved(baton: InMemoryBaton, stage: str) -> bool:
    path = f"/v1/leads/{baton.world.lead_id(ANN['email'])}/stage"
    return baton.post(path, {"stage": stage, "reason": "not_ready"}, TOKEN).status_code == 200


def days_later(baton: InMemoryBaton, days: float) -> None:
    baton.ports.clock.tick(timedelta(days=days))
    baton.tick()
    baton.until_quiet()


def at_half_past_midnight(baton: InMemoryBaton, on: date) -> None:
    baton.ports.clock.time = datetime.combine(on, time(0, 30), NOW.tzinfo)
    baton.tick()
    baton.until_quiet()


def give(baton: InMemoryBaton, group: str, points: int) -> None:
    """A rule that gives everybody so many points, made active, whatever the validator says of
    it.
    """
    document = model_document()
    more = {"field": "email", "present": True, "points": points, "group": group}
    profile_side = {**document["rules"]["profile"], "gift": more}
    models = baton.world.models
    version = models.draft({**document, "rules": {**document["rules"], "profile": profile_side}})
    baton.ports.memory.write(*models.activation(version, models.pointer()))
    baton.world = World(baton.ports)
    assert baton.world.qualify.published(baton.world.lead_id(ANN["email"]))


@contextmanager
def supposing(baton: InMemoryBaton) -> Iterator[None]:
    """What happens in here never happened."""
    items, now, world = baton.kept(), baton.ports.now(), baton.world
    yield
    baton.ports.memory.items, baton.ports.clock.time, baton.world = items, now, world
    baton.drained = len(baton.ports.memory.inserted)


def ways(told: Any) -> dict[str, Any]:
    return {way["to"]: way for way in (told["next"] or {"ways": []})["ways"]}


# --- the sweep ------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", SEEDS)
def test_each_named_act_and_no_other_moves_the_lead(seed: int) -> None:
    baton = lived(seed)
    before = baton.lead()
    named = {signal: to for to, way in ways(before).items() for signal in way["acts"]}
    for signal in model().signals.values():
        with supposing(baton):
            act(baton, signal)
            stage = baton.lead()["stage"]
        if signal.id in named:
            assert stage == named[signal.id], signal.id
        else:
            assert stage not in ABOVE.get(before["stage"], ()), signal.id


@pytest.mark.parametrize("seed", SEEDS)
def test_the_named_points_suffice_and_one_less_does_not(seed: int) -> None:
    baton = lived(seed)
    before = baton.lead()
    fed = {rule.group for rule in model().behaviour_rules if rule.points > 0}
    for to, way in ways(before).items():
        for group in sorted(parts_of(model())[way["of"]] & fed) if way["points"] else ():
            with supposing(baton):
                give(baton, group, way["points"])
                assert baton.lead()["stage"] == to
            with supposing(baton):
                give(baton, group, way["points"] - 1)
                assert baton.lead()["stage"] not in (to, "sql")


@pytest.mark.parametrize("seed", SEEDS)
def test_the_named_day_is_the_first_on_which_it_moves(seed: int) -> None:
    baton = lived(seed)
    before = baton.lead()
    told = before["next"] or {"cools_on": None, "by_itself": None}
    turn = {"to": "lead", "on": told["cools_on"]} if told["cools_on"] else told["by_itself"]
    if turn is None:
        days_later(baton, 27)
        days_later(baton, 27)
        assert baton.lead()["stage"] == before["stage"]
        return
    on = date.fromisoformat(turn["on"])
    at_half_past_midnight(baton, on - timedelta(days=1))
    assert baton.lead()["stage"] == before["stage"]
    at_half_past_midnight(baton, on)
    assert baton.lead()["stage"] == turn["to"]


@pytest.mark.parametrize("seed", SEEDS)
def test_the_day_is_what_asking_every_day_finds(seed: int) -> None:
    baton = lived(seed)
    kept, today = (
        baton.world.leads.read(baton.world.lead_id(ANN["email"])),
        baton.ports.now().date(),
    )
    found = find_next_steps(model(), kept, baton.ports.now())
    asked = first_move(model(), kept, today, AHEAD_MAX_DAYS) if kept.tally else None
    assert (found.turn.on if found and found.turn else None) == (
        asked if kept.standing.stage in MOVED_ON else None
    )


def test_the_sweep_sees_leads_of_all_sorts() -> None:
    found = Counter[str]()
    for seed in ALL_SORTS:
        told = lived(seed).lead()
        found[told["stage"]] += 1
        for to, way in ways(told).items():
            found[f"points to {to}"] += way["points"] is not None
            found[f"acts to {to}"] += bool(way["acts"])
        found["cools"] += bool(told["next"] and told["next"]["cools_on"])
    wanted = {
        "lead",
        "mql",
        "sql",
        "recycled",
        "cools",
        "points to mql",
        "points to sql",
        "acts to mql",
        "acts to sql",
    }
    assert {name for name in wanted if found[name]} == wanted, found


# --- who is told nothing --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "stage", [Stage.SQL, Stage.ACCEPTED, Stage.OPPORTUNITY, Stage.CUSTOMER, Stage.DISQUALIFIED]
)
def test_what_people_decide_is_not_ours_to_tell(stage: Stage) -> None:
    assert told(standing=Standing(stage=stage)) is None


def test_of_our_own_people_nothing_is_said() -> None:
    ours = load({**model_document(), "internal": {"email_domain": ["acme.example"]}}, 1)
    assert told(ours) is None


def test_nothing_is_promised_while_a_lead_is_recounted() -> None:
    """The next event would count its whole history anew: what it does then, nobody knows yet."""
    assert told(matching="another") is None


def test_a_console_gets_null_when_there_is_nothing_to_say() -> None:
    assert serialize_next_steps(None, TODAY) is None


# --- acts -----------------------------------------------------------------------------------------


def told(of: Model | None = None, now: datetime = NOW, **parts: Any) -> NextSteps | None:
    """What is said of somebody who fits best."""
    scored_by = of or model()
    return find_next_steps(
        scored_by, lead(**{"profile": profile(), "matching": scored_by.matching, **parts}), now
    )


def words(of: Model | None = None, **parts: Any) -> str:
    found = told(of, **parts)
    return next_steps_words(found, TODAY) if found else ""


def test_requests_come_first_and_three_acts_are_named() -> None:
    found = told(tally=seen(site_visit=[0, 1, 2], blog=[3, 4], pricing_page=[1]))
    assert found
    mql, sql = found.ways
    assert sql.acts == ("demo-request", "trial-start", "contact-request", "meeting-booked")
    assert [signal.id for signal in sql.named] == ["demo-request", "trial-start", "contact-request"]
    assert len(mql.acts) > len(mql.named) == 3


def test_a_sentence_does_not_repeat_cases_of_what_it_names() -> None:
    """Where any visit is enough, a visit to the prices goes without saying."""
    found = told(tally=seen(newsletter_signup=[0], case_study=[0]))
    assert found
    mql, _ = found.ways
    assert mql.acts[:3] == ("site-visit", "blog", "product-page")
    assert {"site-visit"} == {signal.id for signal in mql.named if signal.kind is Kind.PAGE}


def test_the_download_named_is_of_a_new_guide() -> None:
    """The same guide again only moves its day; the promise is about another one."""
    signal = model().signals["guide-download"]
    first = sample(signal, LEAD_ID, "ann@acme.example", NOW)
    once = count(model(), lead(), [first], (), NOW)
    assert once
    again = sample(
        signal, LEAD_ID, "ann@acme.example", NOW, once.tally.keys["guide-download"].keys()
    )
    assert again.properties != first.properties


@pytest.mark.parametrize("name", sorted(model_document()["signals"]))
def test_the_simplest_event_of_a_signal_shows_it(name: str) -> None:
    event = sample(model().signals[name], LEAD_ID, "ann@acme.example", NOW)
    assert name in {signal.id for signal in signals_of(model(), event)}


@pytest.mark.parametrize("name", sorted(model_document()["signals"]))
def test_the_simplest_visit_has_a_path_that_is_kept(name: str) -> None:
    """/customers/ would be stored as /customers, which is no case study."""
    event = sample(model().signals[name], LEAD_ID, "ann@acme.example", NOW)
    path = event.properties.get("path", "/")
    assert read_path(path).value == path


@pytest.mark.parametrize(
    "signal",
    [
        {"on": "page", "where": {"path": ["*"]}},
        {
            "on": "page",
            "where": {"path": ["*/pricing/*/table*"], "medium": ["paid*"], "campaign": ["*"]},
        },
        {"on": "page", "where": {"url": ["*utm_content=*"], "referrer": ["https://*.example/*"]}},
        {"on": "page", "distinct": "path"},
        {"on": "track"},
        {"on": "track", "event": ["*Added*", "Cart"], "distinct": "product"},
        {"on": "track", "event": "Rated", "where": {"stars": ["4", "5"]}, "distinct": "stars"},
        {
            "on": "form",
            "form": ["*-trial*"],
            "where": {"title": ["*Pricing*"], "job_title": ["head of *"]},
        },
        {"on": "mail"},
        {"on": "mail", "event": "clicked", "where": {"email": ["price-*"]}, "distinct": "link"},
        {"on": "sales", "event": ["called", "met"]},
    ],
)
def test_wildcards_are_filled_in_whatever_a_signal_asks(signal: dict[str, Any]) -> None:
    odd = changed_signal(signal)
    event = sample(odd.signals["odd"], LEAD_ID, "ann@acme.example", NOW)
    assert "odd" in {one.id for one in signals_of(odd, event)}
    assert not any(
        "*" in str(text)
        for text in (event.name, *event.properties.values(), *event.fields.values())
    )


def changed_signal(signal: dict[str, Any]) -> Model:
    signals = {**model_document()["signals"], "odd": signal}
    actions = {
        **model_document()["rules"]["actions"],
        "odd": {"points": 30, "max_points": 30, "group": "intent"},
    }
    rules = {**model_document()["rules"], "actions": actions}
    return load({**model_document(), "signals": signals, "rules": rules}, 1)


def test_a_form_for_another_address_is_no_act_here() -> None:
    found = told(changed_signal({"on": "form", "where": {"email": ["*@partner.example"]}}))
    assert found
    assert not any("odd" in way.acts for way in found.ways)


@pytest.mark.parametrize("signal", [{"on": "mail", "event": "opened"}, {"on": "sales"}])
def test_what_nothing_records_is_no_act(signal: dict[str, Any]) -> None:
    """Nobody can do it, so it moves nobody on."""
    found = told(changed_signal(signal))
    assert found
    assert not any("odd" in way.acts for way in found.ways)
    recorded = told(changed_signal({"on": "mail"}))
    assert recorded
    assert any("odd" in way.acts for way in recorded.ways)


# --- points ---------------------------------------------------------------------------------------


def test_points_below_a_groups_least_are_won_back_first() -> None:
    """Engagement is at least -10: of somebody at -12 the first two points would not show."""
    found = told(profile={}, tally=seen(unsubscribed=[0], email_delivered=[0, 1, 2, 3]))
    assert found
    assert (found.ways[0].to, found.ways[0].points, found.ways[0].of) == (
        Stage.MQL,
        32,
        "engagement",
    )


def test_points_that_no_group_has_room_for_are_not_named() -> None:
    """Nobody of whom we know nothing becomes an SQL by points: message alone counts 30 at most."""
    found = told(profile={})
    assert found
    assert {way.to: way.points for way in found.ways} == {Stage.MQL: 20, Stage.SQL: None}


# --- time -----------------------------------------------------------------------------------------


def test_a_resting_lead_says_when_its_rest_ends() -> None:
    """And that a request ends it at once."""
    standing = Standing(stage=Stage.RECYCLED, entered_on=TODAY, rest_until=day(50), cycle=2)
    assert (
        words(standing=standing)
        == "rests until 11 January 2027, and a request ends the rest at once; "
        "a demo request, a trial start or a contact request makes this lead an SQL"
    )


def test_a_lead_that_moves_when_its_rest_ends_says_so() -> None:
    standing = Standing(stage=Stage.RECYCLED, entered_on=TODAY, rest_until=day(5), cycle=2)
    found = told(
        standing=standing,
        tally=seen(site_visit=[0, 1, 2], newsletter_signup=[0], webinar_attended=[0]),
    )
    assert found
    assert found.turn == Turn(day(5), Stage.MQL)
    assert next_steps_words(found, TODAY).endswith("becomes an MQL on 27 November by time alone")


def test_a_black_mark_that_fades_lets_a_lead_rise() -> None:
    """Complaints that fade in days, interest that fades in months: time alone makes an MQL of this
    one.
    """
    rules = model_document()["rules"]
    marks = {
        **rules["undesirables"],
        "careers-page": {"points": -8, "half_life_days": 2, "per_day": 1, "max_points": 16},
    }
    kinder = load({**model_document(), "rules": {**rules, "undesirables": marks}}, 1)
    tally = seen(
        webinar_signup=[0], newsletter_signup=[0], ad_click=[0], case_study=[0], careers_page=[0]
    )
    found = told(kinder, tally=tally)
    assert found
    assert found.turn
    days = [found.turn.on + timedelta(days=number) for number in (-1, 0)]
    scores = [score_of(kinder, lead(profile=profile(), tally=tally), one) for one in days]
    moves = [decide(kinder, Standing(), score, score.day) for score in scores]
    assert [move.target if move else None for move in moves] == [None, Stage.MQL]
    assert found.turn.to is Stage.MQL


def test_a_lead_the_clock_has_not_reached_moves_today() -> None:
    found = told(tally=seen(demo_request=[0]))
    assert found == NextSteps(turn=Turn(TODAY, Stage.SQL))
    assert next_steps_words(found, TODAY) == "becomes an SQL today"


def test_an_mql_by_a_person_does_not_cool() -> None:
    standing = Standing(stage=Stage.MQL, entered_on=day(-20), by_person=True)
    found = told(standing=standing, tally=seen(pricing_page=[0]))
    assert found
    assert found.turn is None


# --- words ----------------------------------------------------------------------------------------


def way(
    to: Stage = Stage.SQL, points: int | None = None, of: str | None = None, *names: str
) -> Way:
    return Way(to, points, of, names, tuple(model().signals[name] for name in names))


@pytest.mark.parametrize(
    ("found", "text"),
    [
        (
            NextSteps((way(Stage.SQL, 12, "score", "demo-request"),), Turn(day(11), Stage.LEAD)),
            "12 more points or a demo request makes this lead an SQL; cools on 3 December",
        ),
        (NextSteps((way(Stage.SQL, 12, "score"),)), "12 more points make this lead an SQL"),
        (NextSteps((way(Stage.SQL, 1, "score"),)), "1 more point makes this lead an SQL"),
        (
            NextSteps(
                (
                    way(Stage.MQL, 4, "engagement", "pricing-page"),
                    way(Stage.SQL, None, None, "ad-click"),
                )
            ),
            (
                "4 more points of engagement or a visit to the pricing page makes this lead an MQL;"
                " an ad click makes it an SQL"
            ),
        ),
        (NextSteps(turn=Turn(TODAY, Stage.LEAD)), "cools today"),
        (NextSteps(turn=Turn(TODAY, Stage.DISQUALIFIED)), "is disqualified today"),
        (NextSteps(turn=Turn(day(60), Stage.LEAD)), "cools on 21 January 2027"),
        (NextSteps(rests_until=day(9)), "rests until 1 December"),
    ],
)
def test_what_is_missing_is_one_plain_sentence(found: NextSteps, text: str) -> None:
    assert next_steps_words(found, TODAY) == text


@pytest.mark.parametrize(
    "phrase",
    [
        "an SQL",
        "an MQL",
        "an ad click",
        "a demo request",
        "an urgent need",
        "a user invite",
        "an rfp download",
        "a trial",
    ],
)
def test_the_article_is_the_one_that_is_spoken(phrase: str) -> None:
    assert with_article(phrase.partition(" ")[2]) == phrase


def test_a_console_gets_the_parts_beside_the_sentence(baton: InMemoryBaton) -> None:
    baton.form("guide", **ANN)
    baton.until_quiet()
    told_over_http = baton.lead()["next"]
    assert set(told_over_http) == {"text", "ways", "cools_on", "by_itself"}
    assert all(set(one) == {"to", "points", "of", "acts"} for one in told_over_http["ways"])
    assert told_over_http["text"].startswith(
        "18 more points of intent, a demo request, a trial start or a contact request makes this"
        " lead an SQL; cools on "
    )


def test_a_list_does_not_pay_for_it(baton: InMemoryBaton) -> None:
    baton.form("guide", **ANN)
    baton.until_quiet()
    (listed,) = baton.get("/v1/leads?stage=mql")["leads"]
    assert "next" not in listed


# --- what else a lead tells -----------------------------------------------------------------------


@pytest.fixture
def baton() -> InMemoryBaton:
    return InMemoryBaton()


def test_a_lead_says_that_its_history_is_being_recounted(baton: InMemoryBaton) -> None:
    baton.form("newsletter", **ANN)
    baton.until_quiet()
    assert baton.lead()["recounting"] is False
    signals = {
        **model_document()["signals"],
        "site-visit": {"on": "page", "where": {"path": ["/x*"]}},
    }
    baton.world.models.load({**model_document(), "signals": signals})
    (listed,) = baton.get("/v1/leads?stage=lead")["leads"]
    assert (baton.lead()["recounting"], listed["recounting"], baton.lead()["next"]) == (
        True,
        True,
        None,
    )
    baton.world.qualify.published(baton.lead()["lead_id"])
    assert baton.lead()["recounting"] is False


def test_a_lead_tells_what_sales_answered_in_its_cycle(baton: InMemoryBaton) -> None:
    baton.form("demo", **ANN)
    baton.until_quiet()
    assert (baton.lead()["opportunity"], baton.lead()["outcome"]) == (None, None)
    assert moved(baton, "accepted")
    path = f"/v1/leads/{baton.lead()['lead_id']}"
    assert (
        baton.post(
            f"{path}/opportunity", {"size": "120 seats", "permission": True}, TOKEN
        ).status_code
        == 200
    )
    assert baton.lead()["opportunity"] == {"permission": True, "size": "120 seats"}
    assert (
        baton.post(f"{path}/outcome", {"outcome": "lost", "reason": "price"}, TOKEN).status_code
        == 200
    )
    told_after = baton.lead()
    assert (told_after["opportunity"], told_after["outcome"]) == (None, "lost")
    assert told_after["rest_until"] == "2027-03-22"


def test_a_request_reads_the_model_once_however_long_the_list(baton: InMemoryBaton) -> None:
    for number in range(5):
        baton.form("newsletter", None, email=f"lead{number}@acme.example")
    baton.until_quiet()
    reads, pointer = Counter[str](), baton.world.models.pointer
    with counted(baton, reads):
        baton.get("/v1/leads?stage=lead")
        assert reads["pointer"] == 1
        baton.lead("lead1@acme.example")
        assert reads["pointer"] == 2
    assert baton.world.models.pointer == pointer


@contextmanager
def counted(baton: InMemoryBaton, reads: Counter[str]) -> Iterator[None]:
    """Counts how often the table is asked which model is active."""
    table = baton.ports.memory
    get = table.get

    def counting(pk: str, sk: str, *, lagging: bool = False) -> Any:
        reads["pointer"] += (pk, sk) == ("CONFIG#model", "ACTIVE")
        return get(pk, sk, lagging=lagging)

    table.get = counting  # type: ignore[method-assign]
    yield
    del table.get
