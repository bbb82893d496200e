"""Closed sets that are written down more than once: a member that is added to one is in all."""

import ast
from collections.abc import Mapping
from typing import Any, NamedTuple, get_args

import pytest

from chalicelib.authoring.agreement import SIDES
from chalicelib.authoring.behaviour_shape import SignalDocument
from chalicelib.authoring.example_shape import (
    EXAMPLE_KINDS,
    ExampleEventDocument,
    ExpectDocument,
    StageName,
)
from chalicelib.authoring.field_shape import TestDocument
from chalicelib.authoring.rule_shape import RulesDocument
from chalicelib.authoring.rule_words import KIND_WORDS, LIST_WORDS, fact_words
from chalicelib.authoring.schema import schema
from chalicelib.authoring.shape import ConditionDocument, ModelDocument
from chalicelib.authoring.stage_warnings import REST_REASONS, VERDICT_REASONS
from chalicelib.authoring.warnings import FIELD_OF_LIST
from chalicelib.clicks.clicks import VERDICT_NAMES
from chalicelib.delivery.feedback import LEAD_HEARS
from chalicelib.delivery.outbox import MessageState
from chalicelib.events import Kind, lead_partition
from chalicelib.leads.next_steps import COMMON_FIRST
from chalicelib.lifecycle.stages import Outcome, Stage
from chalicelib.mail_events import MailEvent
from chalicelib.scoring.compile import compile_model
from chalicelib.scoring.evidence import Evidence
from chalicelib.scoring.field_rules import Operator
from chalicelib.scoring.levels import NO_GRADE, WORST_GRADE
from chalicelib.scoring.lists import BUNDLED_LISTS
from chalicelib.scoring.matching import RECORDED_NAMES, Matcher, Signal, value_of
from chalicelib.scoring.model import CONDITION_KEYS, INFERRED, REQUESTED
from chalicelib.scoring.numbers import NumberRange
from chalicelib.scoring.sample import sample
from chalicelib.scoring.score import score
from chalicelib.scoring.tally import Tally, key_hash
from chalicelib.scoring.touches import Touches
from infra.paths import ROOT
from tests.baton import model_document
from tests.factories import TODAY, profile
from tests.fakes import NOW

# A value of the field `fact` that each operator matches, what the operator is compared with, and
# the words for it on the agreement page and in a reason.
OPERATORS: Mapping[Operator, tuple[Any, Any, str, str]] = {
    Operator.EQUALS: ("DE", "de", "if fact is `DE`", "is de"),
    Operator.MATCHES: (["D*"], "de", "if fact is like `D*`", "is de"),
    Operator.WORDS: (["vp"], "VP, IT", "if fact has the words `vp`", "is VP, IT"),
    Operator.CONTAINS: ("crm", "erp, CRM", "if fact lists `crm`", "is erp, CRM"),
    Operator.IN_LIST: ("role", "info", "if fact is a role, such as info or sales", "is info"),
    Operator.BETWEEN: ([1, 9], 5, "if fact is between 1 and 9", "is 5"),
    Operator.AT_LEAST: (5, "5+", "if fact is at least 5", "is 5+"),
    Operator.BELOW: (9, 5, "if fact is below 9", "is 5"),
    Operator.NEXT_DAYS: (90, str(TODAY), "if fact is within the next 90 days", f"is {TODAY}"),
    Operator.LAST_DAYS: (1, str(TODAY), "if fact is within the last 1 day", f"is {TODAY}"),
    Operator.NOT: (["AT"], "DE", "if fact is given, and is not `AT`", "is DE"),
    Operator.PRESENT: (True, "de", "if fact is given", "is given"),
    Operator.ABSENT: (True, "", "if fact is not given", "is not given"),
    Operator.ELSE: (True, "", "in any other case", "is not given"),
}


def test_every_email_event_has_a_name_of_the_set() -> None:
    """A model was free to score opened emails, which nothing records."""
    places = [one for one in events_built() if one.kind == "MAIL"]
    assert {place.module for place in places} == {
        *("feedback", "unsubscribe", "confirming", "choosing", "clicks", "answering", "reply"),
    }
    reported = {MailEvent(state) for state in LEAD_HEARS - {MessageState.SOFT_BOUNCED}}
    written = reported | {MailEvent[name] for place in places for name in place.names}
    clicked = {MailEvent.LINK_USED, *VERDICT_NAMES.values()}
    assert written | clicked == set(MailEvent)


def test_nothing_records_what_sales_does_as_an_event() -> None:
    assert RECORDED_NAMES[Kind.SALES] == set()
    assert not [one for one in events_built() if one.kind == "SALES"]


class Built(NamedTuple):
    """A place in the code that builds an event."""

    module: str
    kind: str
    names: set[str]
    """The members of MailEvent in the function around it."""


def events_built() -> list[Built]:
    """Return where an event of a certain kind is built, tests aside."""
    return [
        Built(path.stem, kind.value.attr, members_of("MailEvent", function))
        for path in (ROOT / "chalicelib").rglob("*.py")
        for function in ast.walk(ast.parse(path.read_text()))
        if isinstance(function, ast.FunctionDef)
        for call in ast.walk(function)
        if isinstance(call, ast.Call)
        for kind in call.keywords
        if kind.arg == "kind" and isinstance(kind.value, ast.Attribute)
        if isinstance(kind.value.value, ast.Name) and kind.value.value.id == "Kind"
    ]


def members_of(name: str, function: ast.AST) -> set[str]:
    return {
        one.attr
        for one in ast.walk(function)
        if isinstance(one, ast.Attribute)
        and isinstance(one.value, ast.Name)
        and one.value.id == name
    }


def literals(document: Any, field: str) -> set[str]:
    """The values that a document's field may have."""
    annotation = document.model_fields[field].annotation
    return {
        value
        for one in (annotation, *get_args(annotation))
        for value in get_args(one)
        if isinstance(value, str)
    }


def test_every_operator_is_a_key_of_document_and_schema() -> None:
    keys = {field.alias or key for key, field in TestDocument.model_fields.items()}
    assert keys == set(OPERATORS) == set(Operator)
    tiers = schema()["$defs"]["TierDocument"]["oneOf"]
    assert {key for one in tiers for key in one["required"]} == set(Operator)


@pytest.mark.parametrize("operator", Operator)
def test_every_operator_is_compiled_matched_and_worded(operator: Operator) -> None:
    operand, value, page, reason = OPERATORS[operator]
    rule = {"field": "fact", "points": 7, operator: operand}
    document = {**model_document(), "rules": {"profile": {"fact": rule}}}
    assert fact_words(rule) == f"7 points {page}"
    known = Evidence(profile({"fact": value}), Touches(), Tally())
    worth = score(compile_model(document, 1), known, TODAY)
    assert [(one.milli, one.text) for one in worth.reasons] == [(7_000, f"fact {reason}")]


def test_every_bundled_list_has_its_words_and_its_field() -> None:
    lists = literals(TestDocument, "in_list")
    assert lists == set(BUNDLED_LISTS) == set(LIST_WORDS) == set(FIELD_OF_LIST)


def test_every_kind_of_signal_has_its_place_and_words() -> None:
    assert literals(SignalDocument, "on") == set(KIND_WORDS) == set(COMMON_FIRST)
    assert len(COMMON_FIRST) == len(set(COMMON_FIRST))


@pytest.mark.parametrize("kind", COMMON_FIRST)
def test_every_kind_of_signal_has_an_event_that_shows_it(kind: Kind) -> None:
    where = () if kind is Kind.FORM else (("path", ("/a*",)),)
    signal = Signal("one", kind, None, where, None, None, "one")
    event = sample(signal, "A" * 26, "ann@acme.example", NOW)
    assert Matcher.of([signal]).signals_of(event) == [signal]
    assert (event.partition == lead_partition("A" * 26)) == (not event.is_ping)


@pytest.mark.parametrize(
    "written",
    [{"at_least": 500}, {"below": 5}, {"below": -5}, {"between": [0.5, 0.7]}, {"between": [7, 9]}],
)
@pytest.mark.parametrize("kind", [Kind.TRACK, Kind.FORM])
def test_every_number_has_an_event_that_shows_it(kind: Kind, written: dict[str, Any]) -> None:
    numbers = (("value", NumberRange.of(written)),)
    known = set[str]()
    signal = Signal("one", kind, None, (), "value", None, "one", numbers)
    for _ in range(3):
        event = sample(signal, "A" * 26, "ann@acme.example", NOW, known)
        assert Matcher.of([signal]).signals_of(event) == [signal]
        known.add(key_hash(value_of(event, "value")))
    assert len(known) == 3 or written == {"between": [0.5, 0.7]}


def test_a_model_has_a_matcher_for_every_kind_of_event() -> None:
    assert set(compile_model(model_document(), 1).matchers) == set(Kind)


def test_an_example_may_have_each_kind_that_is_listed() -> None:
    own = set(ExampleEventDocument.model_fields) - {"days_ago", "in_days", "times"}
    assert own == set(EXAMPLE_KINDS)


def test_an_example_may_expect_every_stage_and_grade() -> None:
    assert set(get_args(StageName)) == set(Stage)
    (grades, _) = get_args(ModelDocument.model_fields["grades"].annotation)
    (names, _) = get_args(grades)  # and what is said of any other
    assert literals(ExpectDocument, "grade") == {*get_args(names), WORST_GRADE, NO_GRADE}


def test_no_part_of_a_condition_is_taken_for_a_threshold() -> None:
    assert set(ConditionDocument.model_fields) == set(CONDITION_KEYS)
    assert literals(ConditionDocument, "kind") == {REQUESTED, INFERRED}


def test_every_side_of_the_rules_is_on_the_page() -> None:
    assert set(RulesDocument.model_fields) == set(SIDES)


def test_the_default_model_rests_for_every_reason() -> None:
    assert set(VERDICT_REASONS) < set(REST_REASONS)
    assert set(VERDICT_REASONS) <= set(model_document()["recycle"]) - {"wakes"} <= set(REST_REASONS)
    assert {one.partition("_")[0] for one in VERDICT_REASONS} & set(Outcome) == {Outcome.LOST}
