"""The model's format: the default loads whole, and what is outside the format is refused by name and path."""

from copy import deepcopy
from typing import Any

import pytest

from chalicelib.errors import DocumentError
from chalicelib.events import Kind
from chalicelib.scoring.format import load
from chalicelib.scoring.model import Model
from tests import factories as make
from tests.house import model_document


def changed(*path: str | int, **keys: Any) -> dict[str, Any]:
    """The default document with keys set at a path."""
    document = deepcopy(model_document())
    part: Any = document
    for step in path:
        part = part[step]
    part.update(keys)
    return dict(document)


def refusal(document: dict[str, Any]) -> str:
    with pytest.raises(DocumentError) as refused:
        load(document, 1)
    return str(refused.value)


def test_the_default_model_loads_whole() -> None:
    model, document = make.model(), model_document()
    rules = document["rules"]
    assert list(model.signals) == list(document["signals"])
    assert {rule.id for rule in model.field_rules} | {rule.id for rule in model.behaviour_rules} == {
        key for side in rules.values() for key in side
    }
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
    assert all(dict(condition.thresholds).get("score", 0) > most for condition in make.model().mql[:1])
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
def test_a_rule_has_its_sides_default_group_unless_it_names_one(rule: str, group: str) -> None:
    model = make.model()
    groups = {one.id: one.group for one in model.field_rules} | {one.id: one.group for one in model.behaviour_rules}
    assert groups[rule] == group


def test_a_disqualifying_rule_is_kept() -> None:
    assert [rule.id for rule in make.model().field_rules if rule.disqualify] == ["competitor"]


def test_a_conditions_signal_is_looked_for_within_thirty_days_unless_it_says_otherwise() -> None:
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
    ("document", "named"),
    [
        (changed("rules", "actions", "blog", signal="nowhere"), "rules.actions.blog: there is no signal 'nowhere'"),
        (changed("rules", "actions", nowhere={"points": 1}), "rules.actions.nowhere: there is no signal 'nowhere'"),
        (changed("rules", "actions", "blog", group="nowhere"), "rules.actions.blog.group: there is no group 'nowhere'"),
        (
            changed("rules", "profile", "size", group="nowhere"),
            "rules.profile.size.group: there is no group 'nowhere'",
        ),
        (changed("sums", activity=["nowhere"]), "sums.activity: there is no group 'nowhere'"),
        (changed("stages", "mql", "any", 1, signal="nowhere"), "stages.mql.any.1.signal: there is no signal 'nowhere'"),
        (changed("stages", "sql", "any", 0, nowhere=1), "stages.sql.any.0.nowhere: no such key, group or sum"),
        (changed("recycle", wakes=["nowhere"]), "recycle.wakes: there is no signal 'nowhere'"),
        (changed("recycle", wakes=3), "recycle.wakes: a list of signals is needed"),
        (changed("recycle", other=["blog"]), "recycle.other: a number of days is needed"),
    ],
)
def test_a_name_that_the_model_does_not_have_is_refused_where_it_stands(document: dict[str, Any], named: str) -> None:
    assert named in refusal(document)


@pytest.mark.parametrize(
    ("document", "path"),
    [
        (changed("signals", "blog", on="smoke"), "signals.blog.on"),
        (changed("signals", "blog", where={"path": "/blog"}), "signals.blog.where.path"),
        (changed("rules", "actions", "blog", half_life_days=0), "rules.actions.blog.half_life_days"),
        (changed("rules", "actions", "blog", per_day=0), "rules.actions.blog.per_day"),
        (changed("rules", "actions", "blog", points="many"), "rules.actions.blog.points"),
        (changed("rules", "profile", "phone", points=None), "rules.profile.phone"),
        (changed("rules", "profile", "phone", absent=True), "rules.profile.phone"),
        (changed("rules", "profile", "size", points=3), "rules.profile.size"),
        (changed("groups", fit={"max": 1}), "groups.fit.min"),
        (changed("grades", Z=3), "grades.Z"),
        (changed("stages", "mql", any=[]), "stages.mql.any"),
        (changed("stages", "sql", "any", 0, kind="maybe"), "stages.sql.any.0.kind"),
        (changed(name=""), "name"),
    ],
)
def test_a_wrong_value_is_refused_by_its_path(document: dict[str, Any], path: str) -> None:
    assert path in refusal(document)


@pytest.mark.parametrize("side", ["profile", "channel", "actions", "undesirables", "groups", "stages"])
def test_a_part_of_the_wrong_shape_is_refused(side: str) -> None:
    refusal(changed(*(() if side in ("groups", "stages") else ("rules",)), **{side: [1]}))


@pytest.mark.parametrize("points", [float("inf"), float("nan")])
def test_points_that_are_no_number_are_refused_by_name(points: float) -> None:
    """YAML knows .inf and .nan; they used to end in an error that was not ours."""
    assert "rules.actions.blog.points" in refusal(changed("rules", "actions", "blog", points=points))


@pytest.mark.parametrize("group", ["fit", "channel", "engagement", "intent"])
def test_a_model_without_the_group_of_a_rule_is_refused(group: str) -> None:
    """A rule's default group counts too: the lines of a missing group would not be in the total."""
    document = changed()
    del document["groups"][group]
    document["sums"] = {}
    document["stages"] = {stage: {"any": [{"score": 50}]} for stage in ("mql", "sql")}
    assert f"'{group}'" in refusal(document)


@pytest.mark.parametrize("name", ["fit", "score"])
def test_a_sum_does_not_take_the_name_of_a_group_or_of_the_score(name: str) -> None:
    assert f"sums.{name}" in refusal(changed("sums", **{name: ["intent"]}))


def test_one_rule_does_not_hide_another_of_the_same_name() -> None:
    document = changed("rules", "actions", **{"careers-page": {"points": 1}})
    assert "careers-page" in refusal(document)


# --- what a field rule's operators mean -----------------------------------------------------------------------------


def points_of(value: Any, **test: Any) -> int:
    document = changed("rules", profile={"rule": {"field": "fact", "points": 7, **test}})
    model: Model = load(document, 1)
    tests = next(rule.tiers for rule in model.field_rules if rule.id == "rule")
    return next((points for one, points in tests if one.holds(value)), 0) // 1000


@pytest.mark.parametrize(
    ("test", "holds", "fails"),
    [
        ({"equals": "de"}, ["DE", "de"], ["AT", "", None, "de "]),
        ({"equals": ["DE", 7]}, ["de", 7, "7"], [8, None]),
        ({"matches": ["head of *", "*lead"]}, ["Head of Ops", "team lead"], ["leader", "ahead of x", None]),
        ({"between": [50, 1000]}, [50, 1000, 99.5, "120"], [49, 1001, "many", "", None]),
        ({"in_list": "free_mail"}, ["gmail.com", "GMX.de"], ["acme.example", None]),
        ({"in_list": "role"}, ["info", "SALES"], ["ann", None]),
        ({"present": True}, ["x", 0, False], ["", None]),
        ({"absent": True}, ["", None], ["x", 0]),
    ],
)
def test_an_operator_holds_for_what_it_says(test: dict[str, Any], holds: list[Any], fails: list[Any]) -> None:
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
        ("Baker", 0),
    ],
)
def test_seniority_has_two_tiers_and_the_first_that_holds_wins(title: str, points: int) -> None:
    """The playbook's pattern is `director*`: a director of something is one too."""
    (rule,) = (rule for rule in make.model().field_rules if rule.id == "seniority")
    assert next((milli // 1000 for test, milli in rule.tiers if test.holds(title)), 0) == points


def test_every_kind_of_event_has_its_list_of_signals() -> None:
    model = make.model()
    assert set(model.by_kind) == set(Kind)
    assert sum(map(len, model.by_kind.values())) == len(model.signals)
