"""A model's examples are tests of it, and with its rules one page that marketing and sales agree
on.
"""

import json
from copy import deepcopy
from datetime import UTC, timedelta
from pathlib import Path
from typing import Any

import pytest

from chalicelib.authoring.agreement import agreement
from chalicelib.authoring.examples import (
    NOON,
    TODAY,
    ExampleResult,
    example_events,
    lead_by_day,
    run_examples,
)
from chalicelib.authoring.format import check, load
from chalicelib.days import start_of
from chalicelib.errors import DocumentError
from chalicelib.leads.decision import decide_lead
from chalicelib.lifecycle.stages import Actor, Stage
from chalicelib.scoring.compile import compile_model
from infra.defaults import DEFAULTS
from tests import factories as make
from tests.baton import model_document
from tools import model as command

DEFAULT = model_document()
ANN: dict[str, Any] = DEFAULT["examples"][0]


def with_example(given: Any = None, expect: Any = None, **more: Any) -> dict[str, Any]:
    """The default document with one example: the first of its own, changed."""
    example = {
        **ANN,
        "given": {**ANN["given"], **(given or {})},
        "expect": {**ANN["expect"], **(expect or {})},
        **more,
    }
    return {**deepcopy(DEFAULT), "examples": [example]}


def run(document: dict[str, Any]) -> ExampleResult:
    return run_examples(load(document, 1), document["examples"])[0]


def refusal(document: dict[str, Any]) -> str:
    with pytest.raises(DocumentError) as refused:
        load(document, 1)
    return str(refused.value)


def stored(folder: Path, document: Any) -> str:
    path = folder / "model.yaml"
    path.write_text(json.dumps(document))  # which is YAML as well
    return str(path)


# --- the examples ---------------------------------------------------------------------------------


@pytest.mark.parametrize("example", DEFAULT["examples"], ids=lambda example: example["name"])
def test_what_marketing_and_sales_agreed_on_holds(example: dict[str, Any]) -> None:
    (outcome,) = run_examples(make.model(), [example])
    assert outcome.differences() == []
    assert outcome.ok


def test_the_default_model_carries_the_examples_of_the_playbook() -> None:
    numbered = [
        line
        for line in (DEFAULTS / "model.yaml").read_text().splitlines()
        if line.startswith("  # ")
    ]
    numbers = [int(line[4:].partition(":")[0]) for line in numbered if line[4:5].isdigit()]
    assert numbers == list(range(1, 16))


def test_a_changed_expectation_is_named_with_what_differs() -> None:
    outcome = run(
        with_example(
            expect={"score": 61, "stage": "sql", "groups": {"engagement": 17.2, "fit": 40}}
        )
    )
    assert not outcome.ok
    assert outcome.name == ANN["name"]
    assert outcome.differences() == [
        "score is 60, not 61",
        "stage is mql, not sql",
        "engagement is 17.0, not 17.2",
    ]


def test_an_example_says_its_facts_as_people_do() -> None:
    said = {"country": "Deutschland", "company_size": "51-200", "job_title": "C.T.O."}
    assert run(with_example(given={"profile": {**ANN["given"]["profile"], **said}})).ok


def test_the_kind_is_compared_where_it_is_expected() -> None:
    demo = {"events": [{"form": "demo", "days_ago": 0}]}
    found = {"score": 73, "stage": "sql", "groups": {"intent": 30}}
    assert run(with_example(given=demo, expect=found)).ok
    assert run(with_example(given=demo, expect={**found, "kind": "requested"})).ok
    wrong = run(with_example(given=demo, expect={**found, "kind": "inferred"}))
    assert wrong.differences() == ["kind is requested, not inferred"]


def test_a_day_to_come_is_told_by_its_number() -> None:
    later = [{"in_days": 90, "stage": "mql"}, {"in_days": 3, "stage": "mql"}]
    outcome = run(with_example(expect={"later": later}))
    assert outcome.expected["stage on day 3"] == outcome.found["stage on day 3"] == "mql"
    assert outcome.differences() == ["stage on day 90 is lead, not mql"]


def test_what_is_to_come_is_not_in_todays_score() -> None:
    events = [*ANN["given"]["events"], {"form": "demo", "in_days": 3}]
    expect = {"later": [{"in_days": 2, "stage": "mql"}, {"in_days": 3, "stage": "sql"}]}
    assert run(with_example(given={"events": events}, expect=expect)).ok


def test_an_example_finds_what_daily_looks_would_find() -> None:
    """A lead whose faults fade, and one that cools: on every day as if it had been looked at on
    every day.
    """
    careers = {"page": "/careers", "days_ago": 0}
    for given in (
        {},
        {"events": [*ANN["given"]["events"], careers]},
        {"events": [careers], "stage": "recycled"},
    ):
        days = range(120)
        some = [
            lead.standing
            for lead in lead_by_day(make.model(), {**ANN["given"], **given}, [0, 40, 119])
        ]
        each = [
            lead.standing for lead in lead_by_day(make.model(), {**ANN["given"], **given}, days)
        ]
        assert some == [each[day] for day in (0, 40, 119)]
        daily = looked_at_daily({**ANN["given"], **given}, len(days))
        assert [standing.stage for standing in each] == daily


def looked_at_daily(given: dict[str, Any], days: int) -> list[Stage]:
    """The stages of an example's person who did nothing more, decided on each day."""
    (lead,) = lead_by_day(make.model(), given, [0])
    stages = []
    for ahead in range(days):
        noon = start_of(TODAY + timedelta(days=ahead), UTC) + NOON
        lead = decide_lead(make.model(), lead, noon, Actor.CLOCK).lead
        stages.append(lead.standing.stage)
    return stages


def test_somebody_stands_where_a_person_put_them_before_it_all() -> None:
    demo = {"events": [{"form": "demo", "days_ago": 0}], "medium": "cpc"}
    score = {"score": 73, "groups": {"intent": 30}}
    for stage in ("sql", "accepted", "opportunity", "customer", "disqualified"):
        assert run(
            with_example(given={**demo, "stage": stage}, expect={**score, "stage": stage})
        ).ok


def test_somebody_recycled_rests_unless_they_ask() -> None:
    """The reason `other` rests for thirty days, from the first of what the example says."""
    first, guide = (
        {"page": "/", "days_ago": 9},
        {"track": "Asset Downloaded", "asset": "buyers-guide", "in_days": 15},
    )
    rest = [
        {"in_days": 15, "stage": "recycled"},
        {"in_days": 20, "stage": "recycled"},
        {"in_days": 21, "stage": "mql"},
    ]
    busy = {"stage": "recycled", "events": [first, guide]}
    expect = {"score": 45, "stage": "recycled", "groups": {}, "later": rest}
    assert run(with_example(given=busy, expect=expect)).ok
    asked = {"stage": "recycled", "events": [first, {"form": "demo", "days_ago": 0}]}
    assert (
        run(with_example(given=asked, expect={"stage": "sql", "kind": "requested"})).found["kind"]
        == "requested"
    )


def test_somebody_whom_a_person_made_an_mql_does_not_cool() -> None:
    given = {"stage": "mql", "events": [{"page": "/", "days_ago": 0}]}
    expect = {"score": 46, "groups": {"engagement": 3}, "later": [{"in_days": 300, "stage": "mql"}]}
    assert run(with_example(given=given, expect=expect)).ok


def test_what_is_done_a_thousand_times_stays_on_its_day() -> None:
    event = {"page": "/", "days_ago": 1, "times": 1_000}
    made = example_events({"events": [event] * 200}, UTC)
    assert {one.at.date() for one in made} == {TODAY - timedelta(days=1)}


def test_a_changed_rule_shows_in_the_examples_it_breaks() -> None:
    document = deepcopy(DEFAULT)
    document["rules"]["actions"]["guide-download"]["points"] = 11
    wrong = [one for one in run_examples(load(document, 1), document["examples"]) if not one.ok]
    assert ANN["name"] in [one.name for one in wrong]
    assert 0 < len(wrong) < len(document["examples"])


def test_an_event_that_nothing_records_counts_for_nothing() -> None:
    """An example of opened emails held, and no lead could ever do what it says."""
    document = with_example(given={"events": [{"mail": "opened", "days_ago": 0}]})
    document["signals"]["opened"] = {"on": "mail", "event": ["opened", "clicked"]}
    document["rules"]["actions"]["opened"] = {"points": 5, "half_life_days": 21}
    expect = {"score": 45, "grade": "A", "stage": "mql", "groups": {"engagement": 5}}
    document["examples"][0]["expect"] = expect
    assert run(document).differences()[-1] == "engagement is 0.0, not 5"
    document["examples"][0]["given"]["events"][0]["mail"] = "clicked"
    assert run(document).found["engagement"] == 9  # as an email click, too


def test_a_group_or_sum_is_compared_to_a_tenth() -> None:
    assert run(with_example(expect={"groups": {"activity": 17.04}})).ok
    assert not run(with_example(expect={"groups": {"activity": 17.06}})).ok


def test_the_medium_is_that_of_the_first_thing_they_did() -> None:
    events = [{"page": "/", "days_ago": 0}, {"page": "/blog/a", "days_ago": 3, "times": 2}]
    made = example_events({"medium": "cpc", "events": events}, UTC)
    assert [(event.properties.get("path"), event.campaign.get("medium")) for event in made] == [
        (None, None),
        ("/blog/a", "cpc"),
        ("/blog/a", None),
        ("/", None),
    ]
    assert sorted(made, key=lambda event: event.id) == made
    assert len({event.id for event in made}) == len(made)


def test_somebody_who_did_nothing_still_came_from_somewhere() -> None:
    expect = {"score": 45, "stage": "lead", "groups": {"channel": 5}}
    assert run(with_example(given={"medium": "partner", "events": []}, expect=expect)).ok


def test_an_event_says_what_the_signals_ask_of_it() -> None:
    events = [
        {"page": "/", "medium": "cpc", "days_ago": 2},
        {"form": "contact", "message": "We need it ASAP", "days_ago": 0},
        {"mail": "bounced", "kind": "hard", "days_ago": 0},
    ]
    groups = {
        "channel": 3,
        "engagement": -7.3,
        "intent": 30,
    }  # an ad click two days old, a bounce, and limit:message
    expect = {"score": 66, "stage": "sql", "groups": groups}
    assert run(with_example(given={"medium": "partner", "events": events}, expect=expect)).ok


def test_a_model_compiles_without_its_examples() -> None:
    bare = {key: value for key, value in DEFAULT.items() if key != "examples"}
    assert compile_model(DEFAULT, 1) == compile_model(bare, 1) == load(bare, 1)


# --- what is refused ------------------------------------------------------------------------------

VISIT = {"page": "/", "days_ago": 0}


@pytest.mark.parametrize(
    ("given", "line"),
    [
        (
            {"profil": {}},
            (
                "examples.0.given.profil: there is no such key; the keys here are profile, medium,"
                " events, points, stage"
            ),
        ),
        (
            {"profile": {"jobtitle": "CTO"}},
            "examples.0.given.profile.jobtitle: no such field, and no rule reads it",
        ),
        (
            {"profile": {"email_domain": "a.example"}},
            "examples.0.given.profile.email_domain: no such field",
        ),
        (
            {"events": [{"page": "/"}]},
            "examples.0.given.events.0: has no day; add days_ago, or in_days",
        ),
        ({"events": [{"page": "/", "in_days": 0}]}, "examples.0.given.events.0.in_days: "),
        (
            {"events": [{**VISIT, "in_days": 1}]},
            "examples.0.given.events.0: has days_ago and in_days; keep one",
        ),
        (
            {"events": [{"page": "/", "in_days": 1}]},
            "examples.0.given.events.0.in_days: nothing is expected on day 1",
        ),
        ({"stage": "gone"}, "examples.0.given.stage: "),
        ({"events": [VISIT, {**VISIT, "days_ago": -1}]}, "examples.0.given.events.1.days_ago: "),
        ({"events": [{**VISIT, "days_ago": 400}]}, "examples.0.given.events.0.days_ago: "),
        ({"events": [{**VISIT, "times": 0}]}, "examples.0.given.events.0.times: "),
        ({"events": [{**VISIT, "page": "blog"}]}, "examples.0.given.events.0.page: "),
        (
            {"events": [{**VISIT, "path": "/a"}]},
            "examples.0.given.events.0.path: no such key, and no signal on page",
        ),
        (
            {"events": [{"track": "Asset Downloaded", "aset": "a-guide", "days_ago": 0}]},
            "examples.0.given.events.0.aset: no such key, and no signal on track reads it",
        ),
        (
            {"events": [{"visit": "/", "days_ago": 0}]},
            "examples.0.given.events.0: needs one of page, track, form, mail, not visit",
        ),
        (
            {"events": [{"page": "/", "form": "demo", "days_ago": 0}]},
            "examples.0.given.events.0: is page and form; split it into two events",
        ),
    ],
)
def test_a_malformed_example_is_refused_by_its_path(given: dict[str, Any], line: str) -> None:
    assert line in refusal(with_example(given=given))


@pytest.mark.parametrize(
    ("expect", "line"),
    [
        ({"score": "many"}, "examples.0.expect.score: "),
        ({"grade": "G"}, "examples.0.expect.grade: "),
        ({"stage": "gone"}, "examples.0.expect.stage: "),
        ({"kind": "asked"}, "examples.0.expect.kind: "),
        ({"later": [{"in_days": 0, "stage": "mql"}]}, "examples.0.expect.later.0.in_days: "),
        (
            {"later": [{"in_days": 2, "stage": "mql"}, {"in_days": 2, "stage": "lead"}]},
            "examples.0.expect.later: lists day 2 2 times; keep one",
        ),
        (
            {"groups": {"fitness": 40}},
            "examples.0.expect.groups.fitness: no such group, sum or score",
        ),
        (
            {"points": 60},
            "examples.0.expect.points: there is no such key; `points` is written `score: 60`",
        ),
    ],
)
def test_an_impossible_expectation_is_refused_by_its_path(
    expect: dict[str, Any], line: str
) -> None:
    assert line in refusal(with_example(expect=expect))


def test_two_examples_of_one_name_are_refused() -> None:
    said = refusal({**DEFAULT, "examples": [ANN, ANN]})
    assert said == "examples.1.name: another example has the same name; rename one"


# --- the command ----------------------------------------------------------------------------------


def test_the_default_model_is_checked_when_no_file_is_named(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert command.main(["check"]) == 0
    *lines, last = capsys.readouterr().out.splitlines()
    assert lines == [f"✓ {example['name']}" for example in DEFAULT["examples"]]
    assert last == f"{len(lines)} of {len(lines)} examples hold."


def test_warnings_have_path_and_remedy_and_fail_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    document = with_example()
    del document["stages"]["mql"]["cool_below"]
    assert command.main(["check", stored(tmp_path, document)]) == 0
    assert (
        capsys.readouterr().out
        == "! stages.mql.cool_below: is missing, so an MQL never cools; say below which values of"
        f" behaviour it does\n✓ {ANN['name']}\n1 of 1 examples hold. 1 warning: allowed, but"
        " probably not meant.\n"
    )


def test_the_default_model_has_no_warnings() -> None:
    assert check(DEFAULT) == []


def test_an_example_that_differs_fails_the_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.main(["check", stored(tmp_path, with_example(expect={"score": 61}))]) == 1
    said = capsys.readouterr().out
    assert said == f"✗ {ANN['name']}\n    score is 60, not 61\n0 of 1 examples hold.\n"


@pytest.mark.parametrize("verb", ["check", "agreement"])
def test_a_refused_model_fails_the_command_and_names_the_key(
    verb: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.main([verb, stored(tmp_path, with_example(given={"profil": {}}))]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert "model.yaml is refused: examples.0.given.profil: " in err


def test_each_mistake_of_a_model_has_its_own_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A model with ten mistakes was one line that nobody could read."""
    path = stored(tmp_path, {**with_example(given={"profil": {}}), "nmae": "x"})
    assert command.main(["check", path]) == 1
    first, *lines = capsys.readouterr().err.splitlines()
    assert first == f"{path} is refused:"
    assert [line.partition(":")[0] for line in lines] == ["  examples.0.given.profil", "  nmae"]


@pytest.mark.parametrize("text", ["a: [", "- a list", "", "a: 1\na: 2"])
def test_what_is_no_model_at_all_is_refused(
    text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "model.yaml").write_text(text)
    assert command.main(["check", str(tmp_path / "model.yaml")]) == 1
    assert "is refused: " in capsys.readouterr().err


def test_a_file_that_is_not_there_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.main(["check", str(tmp_path / "none.yaml")]) == 1
    assert "none.yaml is refused: " in capsys.readouterr().err


def test_a_model_without_examples_passes_and_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.main(["check", stored(tmp_path, {**DEFAULT, "examples": []})]) == 0
    assert capsys.readouterr().out == "0 of 0 examples hold.\n"


# --- the agreement --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def page() -> str:
    return agreement(DEFAULT)


def test_the_command_prints_the_agreement(page: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["agreement"]) == 0
    assert capsys.readouterr().out == page + "\n"


def test_the_agreement_names_every_rule_with_its_points(page: str) -> None:
    rules = {key: rule for side in DEFAULT["rules"].values() for key, rule in side.items()}
    for key, rule in rules.items():
        line = next(
            line
            for line in page.splitlines()
            if line.startswith(f"- **{key.replace('-', ' ')}**: ")
        )
        worth = [tier["points"] for tier in rule.get("tiers", [rule]) if "points" in tier]
        assert worth or "disqualifies" in line
        assert all(f"{points} point" in line for points in worth), line


@pytest.mark.parametrize(
    ("stage", "title"), [("mql", "When a lead is an MQL"), ("sql", "When a lead is an SQL")]
)
def test_the_agreement_names_every_way_into_a_stage(stage: str, title: str, page: str) -> None:
    _intro, *told = section(page, title)
    ways = DEFAULT["stages"][stage]["any"]
    assert len(told) == len(ways)
    for line, way in zip(told, ways, strict=True):
        for key, value in way.items():
            plain = str(value).replace("-", " ") if isinstance(value, str) else str(value)
            assert plain in line, (line, key)
            assert key in (*line.split(), "signal", "within_days", "kind", "days"), (line, key)


def section(page: str, title: str) -> list[str]:
    return [line for line in page.split(f"## {title}\n")[1].split("\n## ")[0].splitlines() if line]


def test_the_agreement_says_what_cools_and_what_rests(page: str) -> None:
    assert section(page, "What cools") == [
        "- An MQL becomes a lead again when activity is below 5 and it meets no way in",
        "- Not before it has been an MQL for 14 days",
        "- Not if a person made it an MQL",
    ]
    intro, *rests = section(page, "How long a returned lead rests")
    assert intro.endswith("What it did before that no longer counts.")
    assert "- no budget: 90 days" in rests
    assert (
        rests[-1]
        == "- These end any rest at once: demo request, trial start, contact request, meeting "
        "booked"
    )
    assert len(rests) == len(DEFAULT["recycle"])


def test_the_agreement_says_who_is_out(page: str) -> None:
    own, competitor, spared = section(page, "Who is left out")
    assert (
        own == "- **Our own people** are neither scored nor moved: list your own domains under"
        " `internal`; there are none yet"
    )
    assert (
        competitor
        == "- **competitor**: disqualified, whatever the score, if the domain of the address is"
        " like `rival.example`"
    )
    assert "its owner is notified, and decides" in spared
    ours = {**DEFAULT, "internal": {"email_domain": ["keybook.example", "*.keybook.example"]}}
    first, *_ = section(agreement(ours), "Who is left out")
    assert first.endswith("anybody with an address at `keybook.example` or `*.keybook.example`")


def test_the_agreement_says_what_the_words_of_an_sql_mean(page: str) -> None:
    intro, *_ = section(page, "When a lead is an SQL")
    assert intro.startswith(
        "An SQL is ready by these rules; accepted means that sales approved it."
    )
    assert (
        "**Requested**: they asked to be contacted, which earns a text to sales and the fast clock."
        in intro
    )
    assert "**Inferred**: they have not asked to be contacted, so sales writes first." in intro
    assert "A lead that meets both counts as requested." in intro


def test_the_agreement_says_that_a_request_always_reaches_a_human(page: str) -> None:
    assert section(page, "A request always reaches a human") == [
        "- These are requests: demo request, trial start, contact request, meeting booked",
        (
            "- A lead that asks, but does not fit well enough for an SQL, stays in its stage, and "
            "the"
            " team gets the request to look at"
        ),
        "- A customer's request goes to the person who looks after them, and is never a new SQL",
    ]


def test_the_agreement_says_when_there_is_no_grade(page: str) -> None:
    told = section(page, "How the points add up")
    assert (
        "- Grade **–**: fewer than 2 rules of fit have anything to say, so too little is known"
        in told
    )


def test_one_rule_needed_for_a_grade_is_one() -> None:
    told = section(agreement({**DEFAULT, "grade_needs": 1}), "How the points add up")
    assert "- Grade **–**: no rule of fit has anything to say, so too little is known" in told


def test_a_model_that_says_less_has_a_shorter_page() -> None:
    bare = {
        key: value
        for key, value in DEFAULT.items()
        if key not in ("recycle", "examples", "grade_needs", "sums")
    }
    bare["stages"] = {
        "mql": {"any": [{"fit": 20, "engagement": 14}]},
        "sql": {"any": [{"score": 70, "fit": 20}]},
    }
    page = agreement(bare)
    for title in ("A request always", "What cools", "How long", "Examples", "Grade **–**"):
        assert title not in page
    assert "- **inferred**: score at least 70, and fit at least 20" in page


def test_every_part_of_the_format_has_its_words() -> None:
    document = deepcopy(DEFAULT)
    document["signals"]["meeting-booked"]["event"] = ["Meeting Booked", "Call*"]
    document["rules"]["undesirables"] |= {
        "throw-away": {"field": "email_domain", "in_list": "disposable", "points": -10},
        "nameless": {"field": "last_name", "absent": True, "points": -1},
        "barred": {
            "field": "company",
            "tiers": [{"equals": "Rival", "points": -9}, {"absent": True, "points": -2}],
        },
    }
    document["rules"]["undesirables"]["barred"]["disqualify"] = True
    page = agreement(document)
    for line in (
        (
            "- **meeting booked**: 30 points for each event `Meeting Booked` or `Call*`, at most 1"
            " a day, 30 points at most, half of it gone after 30 days (intent)"
        ),
        (
            "- **throw away**: -10 points if the domain of the address is that of a provider of"
            " throw-away addresses (fit)"
        ),
        "- **nameless**: -1 point if last name is not given (fit)",
        (
            "- **barred**: -9 points if company is `Rival`, else -2 points if company is not given;"
            " disqualifies (fit)"
        ),
        "- **barred**: disqualified, whatever the score, if company is `Rival` or is not given",
    ):
        assert line in page.splitlines()


def test_the_agreement_says_what_a_marketer_wrote_in_plain_words(page: str) -> None:
    for line in (
        (
            "- **blog**: 1 point for each page view with path like `/blog/*` or `/resources/*`, at"
            " most 2 a day, 4 points at most, half of it gone after 14 days (engagement)"
        ),
        (
            "- **free mail**: -12 points if the domain of the address is that of a free-mail"
            " provider (fit)"
        ),
        "- **phone**: 4 points if phone is given (fit)",
        "- **competitor**: disqualifies if the domain of the address is like `rival.example` (fit)",
        (
            "- **inferred**: pricing page on 2 days within 14 days, and score at least 60, and fit"
            " at least 20"
        ),
        "- The score is their sum: at most 100 points",
    ):
        assert line in page.splitlines()


def test_the_agreement_writes_numbers_and_answers_as_people_do() -> None:
    """It printed 1e+12 for a turnover, 50000.0 for a budget and True for an answer."""
    document = deepcopy(DEFAULT)
    document["rules"]["profile"] |= {
        "turnover": {"field": "turnover", "between": [1_000_000, 10**12], "points": 5},
        "budget": {"field": "budget", "equals": [50_000.0, 7], "points": 2.5},
        "decides": {"field": "decides", "equals": [True, "Yes", "of course"], "points": 1},
        "tried": {"field": "tried", "equals": False, "points": -1},
    }
    document["groups"]["loyalty"] = {"max": 1_000, "min": 0}
    page = agreement(document)
    for line in (
        "- **turnover**: 5 points if turnover is between 1,000,000 and 1,000,000,000,000 (fit)",
        "- **budget**: 2.5 points if budget is 50,000 or 7 (fit)",
        "- **decides**: 1 point if decides is yes or `of course` (fit)",
        "- **tried**: -1 point if tried is no (fit)",
        "- **loyalty** is at least 0 points and at most 1,000 points",
        "- The score is their sum: at most 1,100 points",
    ):
        assert line in page.splitlines()


def test_the_agreement_ends_with_the_examples(page: str) -> None:
    _intro, *told = section(page, "Examples")
    assert [line.partition(" *Score ")[0] for line in told] == [
        f"- {one['name']}" for one in DEFAULT["examples"]
    ]
    assert told[0].endswith(
        " *Score 60, grade A, mql (fit 40, channel 3, engagement 17, intent 0).*"
    )
    assert any(
        one.endswith(" *Score 46, grade A, mql; on day 20 mql; on day 21 lead.*") for one in told
    )
    assert any(
        one.endswith(
            " *Score 90, grade A, requested sql (fit 40, channel 3, engagement 17, intent 30).*"
        )
        for one in told
    )
    assert page.endswith("\n".join(told))
