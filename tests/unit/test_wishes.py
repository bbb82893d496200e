"""What authors who come from other tools write first, and what they are answered."""

import re
from typing import Any

import pytest

from chalicelib.authoring.shape import ModelDocument
from chalicelib.authoring.wishes import WISHES, answer_to
from chalicelib.document import Document, parse_document, part_keys
from chalicelib.errors import DocumentError
from tests.mistakes import changed, refusal


def on_field(**rule: Any) -> dict[str, Any]:
    """The default with one rule on a field, as somebody writes it."""
    return changed("rules", "profile", wish={"field": "budget", **rule})


def on_signal(**rule: Any) -> dict[str, Any]:
    """The default with one rule on a signal."""
    return changed("rules", "actions", blog={"points": 1, "half_life_days": 14, **rule})


def silence(**rule: Any) -> dict[str, Any]:
    """The default with a rule on silence."""
    known = {"silence": {"days": 30, "points": -10}}
    return changed("rules", "undesirables", quiet={**known, **rule})


def excluded(**rule: Any) -> dict[str, Any]:
    """The default with people who are left out."""
    return changed(excluded={"p": rule})


def signal(**keys: Any) -> dict[str, Any]:
    return changed("signals", "email-click", **keys)


def way(**keys: Any) -> dict[str, Any]:
    return changed("stages", "mql", "any", 0, **keys)


@pytest.mark.parametrize(
    ("document", "says"),
    [
        (on_field(above=50_000, points=10), "wish.above: there is no such key; `above` is written"),
        (on_field(above=50_000, points=10), "`at_least: 50000`"),
        (on_field(min=5, points=1), "`at_least: 50000`"),
        (
            on_field(greaterThan=5, points=1),
            "wish.greaterThan: there is no such key; `greater_than` is written",
        ),
        (on_field(**{">=": 5}, points=1), "`>=` is written `at_least: 50000`"),
        (on_field(lt=5, points=1), "`below: 50000`"),
        (on_field(max=5, points=1), "`between: [0, 50000]`"),
        (on_field(eq="DE", points=1), "`equals: DE`"),
        (on_field(**{"in": ["DE"]}, points=1), "`in` is written `equals: [DE, AT]`"),
        (on_field(not_in=["DE"], points=1), "`not: [DE, AT]`"),
        (on_field(does_not_contain="x", points=1), '`not: {matches: ["*intern*"]}`'),
        (on_field(starts_with="vp", points=1), '`matches: ["vp *"]`'),
        (on_field(keyword="vp", points=1), '`words: [vp, "head of"]`'),
        (on_field(contains_any=["crm"], points=1), "`contains: [crm, erp]`"),
        (on_field(contains_all=["crm"], points=1), "all: [{field: interests, contains: crm}"),
        (on_field(regex="^vp", points=1), "a regular expression cannot be written"),
        (on_field(exists=True, points=1), "`present: true`"),
        (on_field(is_empty=True, points=1), "`absent: true`"),
        (on_field(within_days=90, points=1), "`next_days: 90` looks ahead, `last_days: 30` back"),
        (on_field(equals_field="x", points=1), "two fields cannot be compared with each other"),
        (on_field(**{"and": []}, points=1), "`and` is written `all: [{field: company_size,"),
        (on_field(**{"or": []}, points=1), "write one rule for each, a list of values, or tiers"),
        (on_field(cases=[]), "`tiers: [{at_least: 500, points: 50}"),
        (on_field(default=-2), "{else: true, points: -2}]`"),
        (on_field(equals=1, weight=5), "`weight` is written `points: 5`"),
        (on_field(equals=1, points=5, expires=30), "a fact does not fade or expire"),
        (on_field(equals=1, points=5, cap=30), "a fact counts once"),
        (on_field(equals=1, points=5, max_points=30), "a fact counts once"),
        (on_field(equals=1, points=5, count=3), "a fact counts once"),
        (on_field(operator="is", points=5), "the operator is the key itself"),
        (on_field(equals=1, points=5, comment="x"), "is a comment, written after #"),
        (on_field(tiers=[{"above": 5, "points": 1}]), "tiers.0.above: there is no such key; `abo"),
        (on_field(tiers=[{"equals": 5, "points": 1, "and": []}]), "tiers.0.and: there is no such"),
        (on_field(tiers=[{"equals": 5, "points": 1, "and": []}]), "belongs to the rule: a tier"),
        (on_signal(decay=30), "`decay` is written `half_life_days: 30`"),
        (on_signal(expires=30), "`expires` is written `within_days: 30`"),
        (on_signal(cap=30), "`cap` is written `max_points: 20`"),
        (on_signal(score=3), "`score` is written `points: 5`"),
        (on_signal(count=3), "tiers: [{times: 3, within_days: 7, points: 10}]"),
        (on_signal(per_session=5), "a day stands for a visit: `in_one_day: 5`"),
        (on_signal(once=True), "give `max_points` the same value as `points`"),
        (on_signal(once_a_day=True), "`per_day: 1`"),
        (on_signal(per_week=3), "a day can be limited"),
        (on_signal(inactive_days=30), "`silence: {days: 30, points: -10, signals: any}` is a rule"),
        (on_signal(silence={"days": 30}), "silence speaks against a lead; move the rule to"),
        (silence(signal="login"), "belongs in the silence: {days: 30,"),
        (silence(half_life_days=30), "silence ends with the next act, and neither fades"),
        (silence(silence={"after": 30, "points": -5}), "`after` is written `days: 30`"),
        (silence(silence={"days": 30, "points": -5, "every": 30}), "one rule for each step"),
        (on_signal(points=None, tiers=[{"count": 3, "points": 5}]), "tiers.0.count: there is no"),
        (
            on_signal(points=None, tiers=[{"count": 3, "points": 5}]),
            "`count` is written `times: 3`",
        ),
        (signal(where={"value": {"gt": 500}}), "where.value.gt: there is no such key; `gt` is"),
        (signal(where={"pages": ">= 5"}), "where.pages: numbers are compared by keys"),
        (signal(where={"pages": 5}), "{at_least: 500}; how many pages on one day is in_one_day"),
        (on_field(at_least="€50k", points=5), "at_least: a number is needed, for example 50000"),
        (
            on_signal(sum="value", tiers=[{"at_least": 500, "points": 5}]),
            "how often is written `times: 3`; a sum grows evenly, without steps",
        ),
        (silence(silence=30), "needed, for example {days: 30, points: -10, signals: any}"),
        (
            changed(excluded={"partners": {"field": "relation", "equals": "x", "points": -9}}),
            "partners.points: there is no such key; people who are left out have no points",
        ),
        (
            changed(excluded={"agencies": {"event": "Login"}}),
            "`event` is written `signal: agency-login`",
        ),
        (
            changed(excluded={"agencies": {"signal": "blog", "days": 3}}),
            "`days` is written `within_days: 365`",
        ),
        (changed(internal={"email_domain": "keybook.example"}), "for example [keybook.example]"),
        (
            silence(silence={"days": 30, "points": -5, "signals": ["any"]}),
            "there is no signal 'any'; for any act, write signals: any",
        ),
        (changed(scores={"b": {"groups": ["fit"], "bands": [40]}}), "for example {ready: 40}"),
        (changed(scores={"b": {"rules": ["size"]}}), "rules give their points to groups"),
        (changed(scores={"b": ["fit"]}), "for example {product-b: {groups: [fit, product-b]}}"),
        (on_field(all=[{"field": "a", "above": 1}], points=1), "all.0.above: there is no such key"),
        (
            on_field(**{"not": {"above": 1}}, points=1),
            "not.above: there is no such key; `above` is",
        ),
        (changed(scores={"b": {"sum": ["fit"]}}), "`sum` is written `groups: [fit, product-b]`"),
        (on_signal(points_per="value"), "`points_per` is written `sum: value`"),
        (on_signal(event="Viewed"), "which events count is said in `signals`"),
        (on_signal(field="country"), "belongs in rules.profile"),
        (on_signal(reset_on="order"), "no event takes points back"),
        (signal(count=3), "how often is said in the rule"),
        (signal(within_days=7), "how recently is said in the rule or the way in"),
        (signal(points=7), "what it is worth is said by a rule in rules.actions"),
        (signal(path="/x"), '`where: {path: ["/pricing*"]}`'),
        (signal(unique="asset"), "`distinct: asset`"),
        (signal(**{"not": "/x"}), "cannot leave out some of it"),
        (way(field="status"), "a way in asks for points or for a signal"),
        (way(all=[]), "all parts of one way must be met"),
        (way(min_score=50), "no such key, group, sum or score; `min_score` is written `score: 50`"),
        (way(grade="A"), "a grade is a threshold on fit: write `fit: 30`"),
        (way(count=3), "`days: 2` asks for different days"),
        (way(max=10), "a way in asks for at least so much"),
        (way(event="demo"), "`signal: demo-request`"),
        (changed("stages", "mql", all=[{"fit": 20}]), "`any: [{fit: 20, engagement: 20}]`"),
        (changed("stages", "mql", decay=5), "`cool_below: {engagement: 5}`"),
        (changed("stages", "sql", stay_days=5), "only people move it back"),
        (changed("stages", customer={}), "the model decides mql and sql"),
        (changed(decay=30), "each rule fades for itself"),
        (changed(segments={}), "`bands: {hot: 50, warm: 25, cold: 0}`"),
        (changed(exclusions=[]), "`excluded: {partners:"),
        (changed(excluded=[]), "for example {partners: {field: relation, equals: partner}}"),
        (changed(excluded={"a": {"domain": ["a.b"]}}), "`domain` is written `field: email_domain,"),
        (changed(excluded={"a": {"field": "b", "is": "c"}}), "`is` is written `equals: partner`"),
        (changed(excluded={"a": {"signal": "b", "days": 9}}), "`days` is written `within_days:"),
        (changed(excluded={"a": {"field": "b", "points": 9}}), "left out have no points"),
        (changed(scores={"b": {"threshold": 40}}), "`threshold` is written `bands: {ready: 40}`"),
        (changed(profile={}), "profile: there is no such key; belongs under `rules`"),
        (changed(timezone="UTC"), "the time zone is that of the company"),
        (changed("groups", "fit", cap=5), "groups.fit.cap: there is no such key; `cap` is written"),
        (
            changed("grades", **{"A+": 40}),
            "grades.A+: a grade is A, B, C, D or E, by the fit;",
        ),
        (changed("recycle", wake=["blog"]), "`wakes: [demo-request]`"),
        (changed("stages", "mql", cool_below=5), "are needed, for example {engagement: 5}"),
        (changed("stages", "mql", any={"score": 5}), "a list is needed, for example [{score: 50}]"),
        (on_field(matches="vp*", points=1), 'wish.matches: a list is needed, for example ["vp *"]'),
        (on_field(tiers={"at_least": 5}), "wish.tiers: a list is needed, for example [{at_least:"),
        (
            on_signal(max=20),
            "blog.max: text is needed; put it in quotes if it looks like a number,",
        ),
        (on_signal(max=20), "a property; a limit is written `max_points: 20`"),
        (on_signal(shares=0.5), "blog.shares: a list is needed, for example [1, 0.5, 0.25]"),
        (on_signal(tiers={"times": 3}), "a list is needed, for example [{times: 3, within_days: 7"),
        (signal(where=["/x"]), 'values are needed, for example {path: ["/pricing*"]}'),
        (changed(sums=["fit"]), "values are needed, for example {activity: [engagement, intent]}"),
        (changed("recycle", wakes="blog"), "a list is needed, for example [demo-request]"),
        (
            changed("examples", 0, "given", facts={}),
            "`facts` is written `profile: {company_size: 120}`",
        ),
        (changed("examples", 0, "expect", total=5), "`total` is written `score: 60`"),
    ],
)
def test_a_word_of_another_tool_is_answered(document: dict[str, Any], says: str) -> None:
    assert says in refusal(document)


def test_every_answer_is_for_a_part_that_there_is() -> None:
    assert set(WISHES) <= {part.__name__ for part in parts_of(Document)}


def test_no_answer_is_to_a_key_that_there_is() -> None:
    """Only where its value is often written in another shape."""
    parts = {part.__name__: part for part in parts_of(Document)}
    for name, answers in WISHES.items():
        taken = {key for key in answers if key in part_keys(parts[name])}
        assert all(answers[key].startswith("for example ") for key in taken), (name, taken)


def test_what_an_answer_suggests_can_be_written() -> None:
    parts = {part.__name__: part for part in parts_of(Document)}
    wrong = [
        (name, answer)
        for name, answers in WISHES.items()
        for answer in answers.values()
        for example in re.findall(r"is written `(\w+): ", answer)
        if example not in [*part_keys(parts[name]), "score"]
    ]
    assert wrong == []


def parts_of(kind: type[Document]) -> list[type[Document]]:
    """Every part of a document that there is."""
    return [kind, *(part for one in kind.__subclasses__() for part in parts_of(one))]


@pytest.mark.parametrize("key", ["greaterThan", "greater-than", "Greater Than", "greater_than"])
def test_the_way_of_writing_a_word_does_not_matter(key: str) -> None:
    assert answer_to("FieldRuleDocument", key) == "`greater_than` is written `at_least: 50000`"


def test_a_word_nobody_thought_of_is_answered_with_the_keys() -> None:
    assert "wish.frobnicate: there is no such key; the keys here are equals," in refusal(
        on_field(frobnicate=1)
    )


def test_other_documents_have_no_such_answers() -> None:
    with pytest.raises(DocumentError, match="there is no such key; the keys here are equals,"):
        parse_document(ModelDocument, changed("rules", "profile", "size", above=1))
