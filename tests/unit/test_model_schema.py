"""The JSON Schema of a model: the one in docs/ is the one the code makes, and an editor finds
mistakes with it.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from chalicelib.authoring.schema import as_text, schema
from tests.baton import model_document
from tests.mistakes import changed

PUBLISHED = Path(__file__).parents[2] / "docs" / "model.schema.json"
SCHEMA = schema()


def errors(document: Any) -> list[str]:
    """Where the schema finds something wrong, as paths."""
    found = Draft202012Validator(SCHEMA).iter_errors(document)
    return [".".join(map(str, error.absolute_path)) for error in found]


def test_the_published_schema_is_the_one_the_code_makes() -> None:
    """If not, write `chalicelib.scoring.document.schema.as_text()` into that file."""
    assert PUBLISHED.read_text() == as_text()
    assert json.loads(as_text()) == SCHEMA


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["$schema"] == "https://json-schema.org/draft/2020-12/schema"


def test_the_default_model_is_valid() -> None:
    assert errors(model_document()) == []


@pytest.mark.parametrize(
    "document",
    [
        changed(version=7),
        changed("signals", "meeting-booked", event=["Meeting Booked", "Call *"]),
        changed("signals", "demo-request", form=["demo-*"]),
        changed("rules", "profile", "country", equals=["DE", 49, 2.5, True]),
        changed("rules", "undesirables", "free-mail", in_list="disposable"),
        changed("stages", "mql", "any", 0, anything=3),
        changed("recycle", whatever=3),
        changed("examples", 0, "given", stage="recycled"),
        changed(
            "examples", 0, "expect", kind="requested", later=[{"in_days": 40, "stage": "lead"}]
        ),
    ],
)
def test_what_may_be_written_is_valid(document: Any) -> None:
    assert errors(document) == []


@pytest.mark.parametrize(
    ("document", "where"),
    [
        (changed(score={}), ""),
        (changed(version="7"), "version"),
        (changed("signals", "blog", on="click"), "signals.blog.on"),
        (changed("signals", "blog", where={"path": "/blog"}), "signals.blog.where.path"),
        (changed("signals", "meeting-booked", event=[]), "signals.meeting-booked.event"),
        (changed("signals", **{"Blog posts": {"on": "page"}}), "signals"),
        (changed("rules", "actions", "blog", half_life=14), "rules.actions.blog"),
        (changed("rules", "actions", "blog", points="1"), "rules.actions.blog.points"),
        (changed("rules", "actions", "blog", points=2_000), "rules.actions.blog.points"),
        (
            changed("rules", "actions", "blog", half_life_days=0),
            "rules.actions.blog.half_life_days",
        ),
        (changed("rules", "profile", "phone", matches=["+49*"]), "rules.profile.phone"),
        (changed("rules", "profile", "phone", present=False), "rules.profile.phone.present"),
        (changed("rules", "profile", vat={"field": "vat", "points": 3}), "rules.profile.vat"),
        (changed("rules", "profile", vat={"field": "vat", "present": True}), "rules.profile.vat"),
        (
            changed("rules", "profile", "size", "tiers", 0, between=[50]),
            "rules.profile.size.tiers.0.between",
        ),
        (
            changed("rules", "undesirables", "free-mail", in_list="freemail"),
            "rules.undesirables.free-mail",
        ),
        (
            changed("rules", "undesirables", "careers-page", field="x"),
            "rules.undesirables.careers-page",
        ),
        (changed("groups", fit={"max": 1}), "groups.fit"),
        (changed("grades", Z=3), "grades"),
        (changed("stages", "mql", any=[]), "stages.mql.any"),
        (changed("stages", "sql", stay_days=3), "stages.sql"),
        (changed("stages", "sql", "any", 0, sgnal="blog"), "stages.sql.any.0.sgnal"),
        (changed("stages", "sql", "any", 0, kind="maybe"), "stages.sql.any.0.kind"),
        (changed("recycle", other="soon"), "recycle.other"),
        (changed("recycle", wakes="demo-request"), "recycle.wakes"),
        (changed("examples", 0, "expect", stage="won"), "examples.0.expect.stage"),
        (
            changed("examples", 0, "given", events=[{"visit": "/", "days_ago": 0}]),
            "examples.0.given.events.0",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_typical_mistake_is_found_where_it_was_made(document: Any, where: str) -> None:
    assert where in errors(document)


def parts(schema: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each key of the format with what the schema says of it."""
    for name, part in {"ModelDocument": schema, **schema["$defs"]}.items():
        yield from ((f"{name}.{key}", one) for key, one in part["properties"].items())


def test_every_key_is_described_for_the_one_who_writes_it() -> None:
    """By itself, or by the part that it is."""
    described = {
        name: one.get("description") or part_of(one).get("description", "")
        for name, one in parts(SCHEMA)
    }
    assert [name for name, words in described.items() if len(words) < 10] == []


def part_of(one: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = SCHEMA["$defs"].get(one.get("$ref", "").removeprefix("#/$defs/"), {})
    return found
