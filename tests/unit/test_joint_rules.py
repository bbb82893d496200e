"""Rules on several facts at once: all of them must match, and a stranger lowers nothing by one."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from chalicelib.authoring.rule_words import fact_words, match_words
from chalicelib.events import Rank
from chalicelib.scoring.compare import Comparison
from chalicelib.scoring.compile import compile_model
from chalicelib.scoring.evidence import Evidence
from chalicelib.scoring.model import Model
from chalicelib.scoring.profile import Profile, learn
from chalicelib.scoring.score import Score, score
from chalicelib.scoring.tally import Tally
from chalicelib.scoring.touches import Touches
from tests import factories as make
from tests.factories import TODAY, came_by
from tests.fakes import NOW
from tests.sizes import SIZES

MANAGER = {"field": "job_title", "words": "manager"}
ASSISTANT = {"field": "job_title", "not": {"words": "assistant"}}
MIDSIZE = {"field": "company_size", "between": [50, 500]}
GERMAN = {"field": "country", "equals": "DE"}


# As small as can be: the laws below compile hundreds of models.
DOCUMENT: dict[str, Any] = {
    "name": "small",
    "signals": {},
    "groups": {"fit": {"min": -1_000, "max": 1_000}, "channel": {"min": -5, "max": 5}},
    "grades": {},
    "stages": {"mql": {"any": []}, "sql": {"any": []}},
}


def model_of(**rules: Any) -> Model:
    return compile_model({**DOCUMENT, "rules": {"profile": rules}}, 1)


def scored(model: Model, *said: tuple[dict[str, Any], Rank], medium: str = "") -> Score:
    """The score of somebody of whom these fields were said at these ranks, one after another."""
    events = [
        make.form(n=n, at=NOW + timedelta(hours=n), fields=fields, rank=rank)
        for n, (fields, rank) in enumerate(said)
    ]
    profile: Profile = learn({}, events, model.fields)
    touches = came_by(medium) if medium else Touches()
    return score(model, Evidence(profile, touches, Tally()), TODAY)


@pytest.mark.parametrize(
    ("fields", "points"),
    [
        ({"company_size": "51-200", "country": "DE"}, 10),
        ({"company_size": 600, "country": "DE"}, 0),
        ({"company_size": 120}, 0),
        ({}, 0),
    ],
)
def test_all_facts_must_match(fields: dict[str, Any], points: int) -> None:
    model = model_of(both={"all": [MIDSIZE, GERMAN], "points": 10})
    assert scored(model, (fields, Rank.FORM)).rounded == points


def test_the_line_names_each_of_the_facts() -> None:
    model = model_of(both={"all": [MIDSIZE, GERMAN], "points": 10})
    (line,) = scored(model, ({"company_size": 120, "country": "DE"}, Rank.FORM)).reasons
    assert (line.rule, line.text) == ("both", "company size is 120 and country is DE")


def test_one_field_may_be_asked_twice() -> None:
    model = model_of(manager={"all": [MANAGER, ASSISTANT], "points": 8})
    both = scored(model, ({"job_title": "Sales Manager"}, Rank.FORM))
    assert [line.text for line in both.reasons] == ["job title is Sales Manager"]
    assert scored(model, ({"job_title": "Assistant Manager"}, Rank.FORM)).rounded == 0


def test_facts_and_the_first_touch_go_together() -> None:
    rules = {"profile": {}, "channel": {"ads": {"all": [GERMAN, CPC], "points": 3}}}
    model = compile_model({**DOCUMENT, "rules": rules}, 1)
    german = ({"country": "DE"}, Rank.FORM)
    assert scored(model, german, medium="cpc").groups["channel"] == 3_000
    assert scored(model, german, medium="email").groups["channel"] == 0
    assert scored(model, medium="cpc").groups["channel"] == 0


CPC = {"touch": "first", "field": "medium", "equals": "cpc"}


def test_a_rule_of_several_facts_may_disqualify() -> None:
    model = model_of(rival={"all": [MIDSIZE, GERMAN], "disqualify": True})
    worth = scored(model, ({"company_size": 120, "country": "DE"}, Rank.FORM))
    assert worth.disqualifiers == ("rival",)
    assert worth.reasons[0].text.endswith("country is DE: disqualifies")


def test_the_profile_keeps_what_only_such_a_rule_reads() -> None:
    model = model_of(both={"all": [{"field": "budget", "at_least": 5}, GERMAN, CPC], "points": 1})
    assert model.fields == {"budget", "country", "medium"}


def test_the_page_says_all_of_it() -> None:
    rule = {"all": [MIDSIZE, GERMAN], "points": 10}
    words = "company size is between 50 and 500 and country is `DE`"
    assert match_words(rule) == words
    assert fact_words(rule) == f"10 points if {words}"
    assert fact_words({**rule, "points": None, "disqualify": True}) == f"disqualifies if {words}"


# --- what a stranger says -------------------------------------------------------------------------

AGAINST: dict[str, Any] = {"all": [MIDSIZE, GERMAN], "points": -20}


@pytest.mark.parametrize("consequence", [{"points": -20}, {"disqualify": True}])
def test_a_strangers_word_never_completes_what_speaks_against(consequence: Any) -> None:
    model = model_of(small={"all": [MIDSIZE, GERMAN], **consequence})
    ours = ({"company_size": 120}, Rank.CONFIRMED)
    after = scored(model, ours, ({"country": "DE"}, Rank.FORM))
    assert (after.total, after.disqualifiers) == (0, ())
    both = scored(model, ours, ({"country": "DE"}, Rank.CONFIRMED))
    assert both.total < 0 or both.disqualifiers


def test_a_strangers_word_may_complete_what_speaks_for() -> None:
    model = model_of(both={"all": [MIDSIZE, GERMAN], "points": 10})
    ours = ({"company_size": 120}, Rank.CONFIRMED)
    assert scored(model, ours, ({"country": "DE"}, Rank.FORM)).rounded == 10


def test_a_strangers_word_does_not_break_what_speaks_for() -> None:
    quiet = {"field": "phone", "absent": True}
    model = model_of(quiet={"all": [GERMAN, quiet], "points": 10})
    worth = scored(model, ({"country": "DE"}, Rank.CONFIRMED), ({"phone": "1"}, Rank.FORM))
    assert [line.text for line in worth.reasons] == ["country is DE and phone is not given"]


tests = some.sampled_from(
    [
        *({"equals": one} for one in (["a"], ["b"])),
        *({"not": one} for one in (["a"], {"words": "b"})),
        *({"absent": True}, {"present": True}, {"at_least": 5}, {"below": 5}),
        *({"next_days": 3}, {"last_days": 3}, {"contains": "a"}, {"words": ["b"]}),
    ]
)
names = some.sampled_from(["x", "y", "z"])
facts = some.builds(lambda field, test: {"field": field, **test}, names, tests)
points = some.sampled_from([-7, 7])
disqualifying = some.booleans()
joint = some.builds(
    lambda every, points, out: {"all": every, "points": points, "disqualify": out},
    some.lists(facts, min_size=2, max_size=4),
    points,
    disqualifying,
)
tiered = some.builds(
    lambda field, given, otherwise, out: {
        "field": field,
        "tiers": [*({**test, "points": milli} for test, milli in given), *otherwise],
        "disqualify": out,
    },
    names,
    some.lists(some.tuples(tests, points), min_size=1, max_size=3),
    some.sampled_from([[], [{"else": True, "points": -3}], [{"else": True, "points": 3}]]),
    disqualifying,
)
values = some.sampled_from(["a", "b", "a b", 5, 4, str(TODAY), str(TODAY + timedelta(days=9))])
said = some.dictionaries(names, values, max_size=3)
rules = some.lists(joint | tiered, min_size=1, max_size=4).map(
    lambda those: {f"r{n}": rule for n, rule in enumerate(those)}
)


@settings(max_examples=SIZES.input_cases)
@given(rules, some.dictionaries(some.sampled_from(Rank), said, max_size=4), some.sampled_from(Rank))
def test_no_lower_rank_lowers_any_rule(
    rules: dict[str, Any], ranks: dict[Rank, dict[str, Any]], above: Rank
) -> None:
    """Whatever is said below a rank changes nothing for the worse, also what several say there."""
    model = model_of(**rules)
    higher = [(fields, rank) for rank, fields in ranks.items() if rank >= above and fields]
    if not higher:
        return
    every = [(fields, rank) for rank, fields in ranks.items() if fields]
    before, after = scored(model, *higher), scored(model, *every)
    assert set(after.disqualifiers) <= set(before.disqualifiers)
    for_it = {line.rule: line.milli for line in before.reasons}
    now = {line.rule: line.milli for line in after.reasons}
    for name in rules:
        lifted = name in {*before.disqualifiers} - {*after.disqualifiers}
        assert lifted or now.get(name, 0) >= for_it.get(name, 0)


@settings(max_examples=SIZES.input_cases)
@given(rules, rules, said)
def test_two_models_are_compared_as_each_scores(
    first: dict[str, Any], second: dict[str, Any], fields: dict[str, Any]
) -> None:
    one, other = model_of(**first), model_of(**second, shared=AGAINST, rs=first["r0"])
    profile = learn({}, [make.form(fields={**fields, "country": "DE"})], {"x", "y", "z"})
    evidence = Evidence(profile, Touches(), Tally())
    found = Comparison(one, other).worths(evidence, TODAY)
    assert [(worth.total, set(worth.disqualifiers)) for worth in found] == [
        (worth.total, set(worth.disqualifiers))
        for worth in (score(model, evidence, TODAY) for model in (one, other))
    ]
