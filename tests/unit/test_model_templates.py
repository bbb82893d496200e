"""The models to start from: each is sound, holds to its own examples, and is offered by the command
and by the API.
"""

import json
from datetime import UTC, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from chalicelib.authoring.agreement import agreement
from chalicelib.authoring.examples import NOON, TODAY, lead_by_day, run_examples
from chalicelib.authoring.format import check
from chalicelib.authoring.model_templates import MODEL_TEMPLATES
from chalicelib.days import start_of
from chalicelib.leads.decision import decide_lead, score_of
from chalicelib.lifecycle.stages import Actor
from chalicelib.scoring.compile import compile_model
from infra.defaults import DEFAULTS, read_yaml
from tests.baton import TOKEN, InMemoryBaton
from tests.sizes import SIZES, rotating
from tools import model as command

DAYS = 130  # longer than any window but that of a year
EACH = pytest.mark.parametrize("template_id", MODEL_TEMPLATES)
OTHERS = [one for one in MODEL_TEMPLATES if one != "software"]  # see test_model_examples.py


@cache
def document(template_id: str) -> Any:
    return read_yaml(MODEL_TEMPLATES[template_id].path)


# --- the models -----------------------------------------------------------------------------------


def test_the_first_template_is_the_model_of_a_new_deployment() -> None:
    first, *_ = MODEL_TEMPLATES.values()
    assert first.path == DEFAULTS / "model.yaml"


def test_every_model_that_is_shipped_is_a_template() -> None:
    shipped = {DEFAULTS / "model.yaml", *(DEFAULTS / "models").glob("*.yaml")}
    assert {one.path.resolve() for one in MODEL_TEMPLATES.values()} == shipped


@EACH
def test_a_template_is_sound_and_has_no_warnings(template_id: str) -> None:
    assert check(document(template_id)) == []


@EACH
def test_a_template_has_the_name_that_its_file_has(template_id: str) -> None:
    assert MODEL_TEMPLATES[template_id].name == document(template_id)["name"]


@pytest.mark.parametrize(
    ("template_id", "number"),
    [
        pytest.param(template_id, number, id=f"{template_id}: {example['name']}")
        for template_id in OTHERS
        for number, example in enumerate(document(template_id)["examples"])
    ],
)
def test_what_a_template_agrees_on_holds(template_id: str, number: int) -> None:
    model = compile_model(document(template_id), 1)
    (outcome,) = run_examples(model, [document(template_id)["examples"][number]])
    assert outcome.differences() == []


@EACH
def test_the_examples_of_a_template_show_every_outcome(template_id: str) -> None:
    """Somebody who is left alone, somebody for marketing, and both kinds for sales."""
    expected = [one["expect"] for one in document(template_id)["examples"]]
    assert {one["stage"] for one in expected} >= {"lead", "mql", "sql", "customer"}
    assert {one["kind"] for one in expected if "kind" in one} == {"requested", "inferred"}
    assert any(one.get("later") for one in expected)


@EACH
def test_a_template_has_rules_of_rest_for_every_reason(template_id: str) -> None:
    default = document("software")["recycle"]
    assert document(template_id)["recycle"].keys() == default.keys()


@pytest.mark.parametrize("template_id", OTHERS)
def test_people_of_a_template_are_looked_at_in_time(template_id: str) -> None:
    """They stand on each day where they would if they were looked at on every day, and the lines of
    their scores add up.
    """
    model = compile_model(document(template_id), 1)
    given = [example["given"] for example in document(template_id)["examples"]]
    for one in rotating(given, SIZES.demo_every):
        leads = list(lead_by_day(model, one, range(DAYS)))
        daily, *_ = leads
        for day, lead in enumerate(leads):
            noon = start_of(TODAY + timedelta(days=day), UTC) + NOON
            daily = decide_lead(model, daily, noon, Actor.CLOCK).lead
            assert daily.standing.stage is lead.standing.stage, (one, day)
            worth = score_of(model, lead, TODAY + timedelta(days=day))
            assert sum(line.milli for line in worth.reasons) == worth.total


# --- the command ----------------------------------------------------------------------------------


def test_without_a_name_the_templates_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["start"]) == 0
    said = capsys.readouterr().out
    for one in MODEL_TEMPLATES.values():
        assert f"{one.id}: {one.name}\n" in said
        assert one.description in " ".join(said.split())
    assert said.endswith("make model TEMPLATE=services FILE=model.yaml\n")


@EACH
def test_a_template_is_printed_with_its_comments(
    template_id: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.main(["start", "--template", template_id]) == 0
    out, err = capsys.readouterr()
    assert out == MODEL_TEMPLATES[template_id].source()
    assert err == ""


def test_a_template_is_written_into_a_new_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "ours.yaml"
    assert command.main(["start", str(path), "--template", "services"]) == 0
    assert path.read_text() == MODEL_TEMPLATES["services"].source()
    assert f"make check-model FILE={path}" in capsys.readouterr().out
    assert command.main(["check", str(path)]) == 0


def test_a_model_that_exists_is_not_overwritten(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "ours.yaml"
    path.write_text("name: a year of work\n")
    assert command.main(["start", str(path), "--template", "services"]) == 1
    assert path.read_text() == "name: a year of work\n"
    assert f"{path} exists already; name a new file" in capsys.readouterr().err


def test_a_folder_that_is_not_there_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "none" / "ours.yaml"
    assert command.main(["start", str(path), "--template", "services"]) == 1
    assert f"{path} cannot be written: No such file" in capsys.readouterr().err


@pytest.mark.parametrize("verb", ["start", "check", "agreement"])
def test_an_unknown_template_is_answered_with_those_there_are(
    verb: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.main([verb, "--template", "service"]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    known = ", ".join(MODEL_TEMPLATES)
    assert err == f"there is no template 'service'; the templates are {known}\n"


def test_a_template_is_checked_by_its_name(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["check", "--template", "services"]) == 0
    many = len(document("services")["examples"])
    assert capsys.readouterr().out.endswith(f"{many} of {many} examples hold.\n")


@EACH
def test_a_template_has_an_agreement_page(
    template_id: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.main(["agreement", "--template", template_id]) == 0
    page = capsys.readouterr().out
    assert page == agreement(document(template_id)) + "\n"
    assert page.startswith(f"# {document(template_id)['name']}: what marketing and sales agreed on")


@pytest.mark.parametrize("verb", ["check", "agreement"])
def test_a_file_and_a_template_are_too_many(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        command.main([verb, "model.yaml", "--template", "services"])
    assert "name a file or a template, not both" in capsys.readouterr().err


# --- the API --------------------------------------------------------------------------------------


def ask(path: str, accept: str = "application/json") -> Any:
    return InMemoryBaton().http("GET", path, headers={**TOKEN, "Accept": accept})


def test_the_api_lists_the_templates() -> None:
    answer = ask("/v1/model/templates")
    assert (answer.status_code, json.loads(answer.body)) == (
        200,
        {
            "templates": [
                {"id": one.id, "name": one.name, "description": one.description}
                for one in MODEL_TEMPLATES.values()
            ]
        },
    )


@EACH
def test_a_template_is_given_as_json(template_id: str) -> None:
    answer = ask(f"/v1/model/templates/{template_id}")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/json"
    assert json.loads(answer.body) == document(template_id)


@EACH
def test_a_template_is_given_as_yaml_with_its_comments(template_id: str) -> None:
    answer = ask(f"/v1/model/templates/{template_id}", "application/yaml")
    assert answer.headers["Content-Type"] == "application/yaml"
    assert answer.body.decode() == MODEL_TEMPLATES[template_id].source()


@pytest.mark.parametrize("template_id", ["none", "Services", "..", "services.yaml", "a%2Fb"])
def test_a_template_that_is_not_there_is_404(template_id: str) -> None:
    answer = ask(f"/v1/model/templates/{template_id}")
    assert answer.status_code == 404
    assert "the templates are software, services, shop" in json.loads(answer.body)["detail"]


def test_a_template_is_stored_as_a_draft_without_a_change() -> None:
    baton = InMemoryBaton()
    yaml = {**TOKEN, "Content-Type": "application/yaml"}
    source = MODEL_TEMPLATES["services"].source()
    answer = baton.http("POST", "/v1/model", source, yaml)
    assert json.loads(answer.body) == {"version": 2, "warnings": [], "failing_examples": []}


@pytest.mark.parametrize("path", ["/v1/model/templates", "/v1/model/templates/services"])
def test_a_parameter_of_a_template_is_refused(path: str) -> None:
    answer = ask(f"{path}?version=1")
    assert answer.status_code == 400
    assert json.loads(answer.body)["errors"][0]["field"] == "version"


# --- in use ---------------------------------------------------------------------------------------


def test_a_shop_scores_orders_as_segment_sends_them() -> None:
    baton = InMemoryBaton()
    baton.world.models.load(document("shop"))
    products = [{"product_id": "lamp-1", "price": 19.5, "quantity": 2}]
    sent = (
        ("Product Added to Wishlist", {"product_id": "lamp-1", "price": 19.5}),
        ("Checkout Started", {"order_id": "7", "value": "1,240.00", "products": products}),
        ("Order Completed", {"order_id": "7", "total": 1_200.5, "products": products}),
    )
    for event, properties in sent:
        body = {"anonymousId": "v1", "event": event, "properties": properties}
        assert baton.post("/v1/track", body).status_code == 200
    baton.form("newsletter", email="lea@gmail.com", country="Austria")
    baton.until_quiet()
    lead = baton.lead("lea@gmail.com")
    given = {one["rule"]: one["points"] for one in lead["score"]["reasons"]}
    assert given["spent"] == 12.005
    assert given["last-order"] == 15
    assert given["large-cart"] == 10
    assert given["favourite"] == 5
    assert given["delivery"] == 6
    assert lead["score"]["scores"]["customer"]["band"] == "promising"


def test_an_inquiry_with_budget_and_date_reaches_sales_with_both() -> None:
    """The template's project fields are those of a form, as people write them."""
    baton = InMemoryBaton()
    baton.world.models.load(document("services"))
    start = (baton.ports.now() + timedelta(days=60)).date().isoformat()
    baton.form(
        "angebot",
        email="tom@kolben.example",
        job_title="Leiter Einkauf",
        company_size="200-500",
        budget="150.000 €",
        start_date=start,
        decision="Ich entscheide",
        services=["Installation", "Maintenance"],
    )
    baton.until_quiet()
    lead = baton.lead("tom@kolben.example")
    assert (lead["stage"], lead["kind"]) == ("sql", "requested")
    assert lead["score"]["groups"]["project"] == 20
