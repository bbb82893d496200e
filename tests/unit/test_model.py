"""The model's format: the default loads whole, what is outside the format is refused, and what its
operators mean.
"""

from typing import Any

import pytest

from chalicelib.authoring.format import load
from chalicelib.authoring.shape import ModelDocument
from chalicelib.document import parse_document
from chalicelib.errors import DocumentError, FieldError
from chalicelib.events import Kind
from chalicelib.scoring.compile import compile_model
from chalicelib.scoring.matching import REQUESTS
from chalicelib.scoring.model import REQUESTED, Model
from tests import factories as make
from tests.baton import model_document
from tests.mistakes import changed, refusal


def test_the_default_model_loads_whole() -> None:
    model, document = make.model(), model_document()
    rules = document["rules"]
    assert list(model.signals) == list(document["signals"])
    assert {rule.id for rule in model.field_rules} | {
        rule.id for rule in model.behaviour_rules
    } == {key for side in rules.values() for key in side}
    assert len(model.field_rules) + len(model.behaviour_rules) == sum(map(len, rules.values()))
    assert (len(model.mql), len(model.sql)) == (5, 6)
    assert model.groups == {
        "fit": (-40_000, 40_000),
        "channel": (-5_000, 5_000),
        "engagement": (-10_000, 25_000),
        "intent": (0, 30_000),
    }
    assert model.sums == {"activity": ["engagement", "intent"]}
    assert (model.cool_below, model.stay_days) == ({"activity": 5_000}, 14)
    assert model.recycle["lost_price"] == 120
    assert model.wakes == ["demo-request", "trial-start", "contact-request", "meeting-booked"]


def test_the_default_model_is_out_of_a_hundred() -> None:
    assert sum(high for _, high in make.model().groups.values()) == 100_000


def test_fit_and_channel_alone_stay_below_the_mql_threshold() -> None:
    most = make.model().groups["fit"][1] + make.model().groups["channel"][1]
    assert all(
        dict(condition.thresholds).get("score", 0) > most for condition in make.model().mql[:1]
    )
    assert all(
        condition.signal or {"engagement", "activity"} & dict(condition.thresholds).keys()
        for condition in make.model().mql
    )


@pytest.mark.parametrize(
    ("rule", "group"),
    [
        ("seniority", "fit"),
        ("source", "channel"),
        ("blog", "engagement"),
        ("pricing-page", "intent"),
        ("free-mail", "fit"),
        ("careers-page", "engagement"),
        ("hard-bounce", "engagement"),
        ("login-page", "intent"),
    ],
)
def test_a_rule_has_its_sides_group_or_its_own(rule: str, group: str) -> None:
    model = make.model()
    groups = {one.id: one.group for one in model.field_rules} | {
        one.id: one.group for one in model.behaviour_rules
    }
    assert groups[rule] == group


def test_a_disqualifying_rule_is_kept() -> None:
    assert [rule.id for rule in make.model().field_rules if rule.disqualify] == ["competitor"]


def test_a_conditions_signal_counts_for_thirty_days_by_default() -> None:
    """Unless the condition says otherwise."""
    model = load(changed("stages", "mql", any=[{"signal": "blog", "activity": 8}]), 1)
    assert (model.mql[0].within_days, model.mql[0].days) == (30, 1)


@pytest.mark.parametrize(
    "path",
    [
        (),
        ("internal",),
        ("signals", "blog"),
        ("rules",),
        ("rules", "profile", "size"),
        ("rules", "profile", "size", "tiers", 0),
        ("rules", "channel", "source"),
        ("rules", "actions", "blog"),
        ("rules", "undesirables", "free-mail"),
        ("rules", "undesirables", "careers-page"),
        ("groups", "fit"),
        ("stages",),
        ("stages", "mql"),
        ("stages", "mql", "any", 0),
        ("stages", "sql", "any", 3),
        ("stages", "mql", "cool_below"),
    ],
)
def test_a_key_outside_the_format_is_refused_by_its_path(path: tuple[str | int, ...]) -> None:
    """A key within an undesirable used to be named without the rule it stands in."""
    message = refusal(changed(*path, nonsense=1))
    assert message.startswith(".".join(map(str, (*path, "nonsense"))))


@pytest.mark.parametrize(
    "side", ["profile", "channel", "actions", "undesirables", "groups", "stages"]
)
def test_a_part_of_the_wrong_shape_is_refused(side: str) -> None:
    where = () if side in ("groups", "stages") else ("rules",)
    refused = refusal(changed(*where, **{side: [1]}))
    assert refused.startswith(f"{'.'.join((*where, side))}: keys with their values are needed")


@pytest.mark.parametrize("points", [float("inf"), float("nan"), 10**400])
def test_points_that_are_no_number_are_refused_by_name(points: float) -> None:
    """YAML knows .inf and .nan; they used to end in an error that was not ours."""
    assert refusal(changed("rules", "actions", "blog", points=points)).startswith(
        "rules.actions.blog.points: "
    )


@pytest.mark.parametrize("group", ["fit", "channel", "engagement", "intent"])
def test_a_model_without_the_group_of_a_rule_is_refused(group: str) -> None:
    """A rule's default group counts too: the lines of a missing group would not be in the total."""
    document = changed()
    del document["groups"][group]
    document["sums"] = {}
    document["stages"] = {stage: {"any": [{"score": 50}]} for stage in ("mql", "sql")}
    assert f"there is no group '{group}'" in refusal(document)


def test_the_number_of_a_model_is_the_servers_to_tell() -> None:
    """People post back what GET /v1/model gave them."""
    assert load(changed(version=7), 3) == load(changed(), 3)


def test_all_mistakes_are_told_at_once_but_never_thousands() -> None:
    wrong = {f"rule-{number}": {"points": "many"} for number in range(150)}
    with pytest.raises(DocumentError) as refused:
        load(changed("rules", actions=wrong), 1)
    assert len(refused.value.errors) == 100
    assert refused.value.errors[0] == FieldError(
        "rules.actions.rule-0.points", "a number is needed"
    )


def test_a_refusal_in_one_sentence_names_no_fields() -> None:
    assert (str(DocumentError("there is no model")), DocumentError("there is no model").errors) == (
        "there is no model",
        (),
    )


# --- what a field rule's operators mean -----------------------------------------------------------


def points_of(value: Any, **test: Any) -> int:
    document = changed("rules", profile={"rule": {"field": "fact", "points": 7, **test}})
    assert parse_document(ModelDocument, document).rules.profile
    model: Model = compile_model(document, 1)
    tests = next(rule.tiers for rule in model.field_rules if rule.id == "rule")
    return next((points for one, points in tests if one.matches(value)), 0) // 1000


@pytest.mark.parametrize(
    ("test", "holds", "fails"),
    [
        ({"equals": "de"}, ["DE", "de"], ["AT", "", None, "de "]),
        ({"equals": ["DE", 7]}, ["de", 7, "7"], [8, None]),
        ({"equals": 2.5}, [2.5, "2.5"], [2, None]),
        ({"equals": 5}, [5, 5.0, "5"], [5.5, "5.5", True, None]),
        ({"equals": 5.0}, [5, 5.0, "5"], [5.5, None]),
        ({"matches": ["12*"]}, [120, 120.0, "120"], [210, None]),
        ({"equals": True}, [True, "true"], [False, 1, None]),
        ({"equals": [False]}, [False], [True, 0, None]),
        (
            {"matches": ["head of *", "*lead"]},
            ["Head of Ops", "team lead"],
            ["leader", "ahead of x", None],
        ),
        ({"equals": ["music"]}, [("coding", "music")], [("coding",), ()]),
        ({"absent": True}, [None, "", ()], ["x", ("x",)]),
        ({"between": [50, 1000]}, [50, 1000, 99.5, "120"], [49, 1001, "many", "", None]),
        ({"in_list": "free_mail"}, ["gmail.com", "GMX.de"], ["acme.example", None]),
        ({"in_list": "disposable"}, ["mailinator.com", "Guerrillamail.com"], ["gmail.com", None]),
        ({"in_list": "role"}, ["info", "SALES"], ["ann", None]),
        ({"present": True}, ["x", 0, False], ["", None]),
        ({"absent": True}, ["", None], ["x", 0]),
    ],
)
def test_an_operator_holds_for_what_it_says(
    test: dict[str, Any], holds: list[Any], fails: list[Any]
) -> None:
    assert [points_of(value, **test) for value in holds] == [7] * len(holds)
    assert [points_of(value, **test) for value in fails] == [0] * len(fails)


@pytest.mark.parametrize(
    ("title", "points"),
    [
        ("CTO", 14),
        ("Head of Sales", 14),
        ("Director", 14),
        ("Director of Engineering", 14),
        ("founder & ceo", 14),
        ("Product Manager", 8),
        ("Data Engineer", 8),
        ("tech lead", 8),
        ("Assistant to the Director", 0),
        ("Baker", 0),
    ],
)
def test_seniority_is_read_by_words_and_the_first_tier_wins(title: str, points: int) -> None:
    (rule,) = (rule for rule in make.model().field_rules if rule.id == "seniority")
    assert next((milli // 1000 for test, milli in rule.tiers if test.matches(title)), 0) == points


def test_every_kind_of_event_has_its_list_of_signals() -> None:
    model = make.model()
    assert set(model.matchers) == set(Kind)
    every = [one.id for matcher in model.matchers.values() for one in matcher.signals]
    requests = sum(way.kind == REQUESTED for way in model.sql)
    assert len(every) == len(model.signals) + requests
    assert every.count(REQUESTS) == requests
