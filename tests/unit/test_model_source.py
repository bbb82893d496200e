"""A model as YAML: read as YAML 1.2, bounded, kept with its comments, and given back."""

import json
import random
from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.authoring.source import parse_source, write_source
from chalicelib.errors import InputError, TooLargeError
from chalicelib.limits import MODEL_BODY_MAX_BYTES, REASON_MAX_CHARS, YAML_MAX_DEPTH
from infra import defaults
from tests.baton import TOKEN, InMemoryBaton, model_document
from tests.drafts import TickingClock
from tests.fakes import FakePorts, MemoryTable
from tests.sizes import SEED, SIZES

PATH = defaults.DEFAULTS / "model.yaml"
SOURCE = PATH.read_text()
YAML = {"Content-Type": "application/yaml", **TOKEN}


def post(
    baton: InMemoryBaton, body: str | bytes, query: str = "", headers: Mapping[str, str] = YAML
) -> tuple[int, Any]:
    answer = baton.http("POST", f"/v1/model{query}", body, headers)
    return answer.status_code, json.loads(answer.body)


def as_yaml(baton: InMemoryBaton, query: str = "", accept: str = "application/yaml") -> Any:
    return baton.http("GET", f"/v1/model{query}", headers={**TOKEN, "Accept": accept})


def refused(body: str | bytes) -> str:
    with pytest.raises(InputError) as found:
        parse_source(body if isinstance(body, bytes) else body.encode())
    (error,) = found.value.errors
    assert error.field == "body"
    return error.message


# --- parsing --------------------------------------------------------------------------------------


def test_the_default_model_reads_as_the_tools_read_it() -> None:
    assert parse_source(SOURCE.encode()) == (SOURCE, model_document())


def test_on_and_no_are_the_texts_they_look_like() -> None:
    assert parse_source(b"on: [NO, yes, off]")[1] == {"on": ["NO", "yes", "off"]}


def test_an_alias_is_a_part_of_its_own() -> None:
    document = parse_source(b"a: &x [1, {b: 2}]\nc: *x")[1]
    assert document == {"a": [1, {"b": 2}], "c": [1, {"b": 2}]}
    assert document["a"] is not document["c"]


def test_many_small_aliases_are_fine() -> None:
    body = "a: &x {fit: 10}\nb: [" + ", ".join(["*x"] * 1_000) + "]"
    assert len(parse_source(body.encode())[1]["b"]) == 1_000


def bomb(levels: int) -> str:
    """Ten times the level before, level by level."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    for level in range(1, levels):
        many = ", ".join([f"*a{level - 1}"] * 10)
        lines.append(f"a{level}: &a{level} [{many}]")
    return "\n".join(lines)


LONG_TEXT = f"a: &x {'y' * 10_000}\nb: [" + ", ".join(["*x"] * 100) + "]"


@pytest.mark.parametrize("body", [bomb(9), LONG_TEXT], ids=["nodes", "text"])
def test_an_alias_bomb_is_refused_before_it_is_unfolded(body: str) -> None:
    assert "too large with every alias written out" in refused(body)


CHAIN = "\n".join(["a0: &a0 [x]", *(f"a{one}: &a{one} [*a{one - 1}]" for one in range(1, 5_000))])


@pytest.mark.parametrize(
    "body",
    [
        "[" * 100_000,
        "- " * 100_000 + "a",
        "a: " + "[" * YAML_MAX_DEPTH + "]" * YAML_MAX_DEPTH,
        CHAIN,
        "a: &x [*x]",
        "a: &x {b: *x}",
    ],
    ids=["flow", "block", "one too many", "aliases", "list in itself", "keys in themselves"],
)
def test_what_is_too_deep_or_contains_itself_is_refused(body: str) -> None:
    assert f"has more than {YAML_MAX_DEPTH} levels, or contains itself" in refused(body)


def test_the_deepest_that_is_taken() -> None:
    levels = YAML_MAX_DEPTH - 1
    assert parse_source(("a: " + "[" * levels + "]" * levels).encode())[1]


def test_a_body_over_the_limit_is_too_large() -> None:
    with pytest.raises(TooLargeError):
        parse_source(b"a: " + b"x" * MODEL_BODY_MAX_BYTES)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("a: 1\nb:\n  c: 1\n  c: 2", "line 4: found duplicate key"),
        ("a: 1\nb: [*c]", "line 2: found undefined alias"),
        ("a: !!python/object:os.system x", "line 1: is not text, a number"),
        ("a: !foo x", "line 1: is not text, a number"),
        ("a: 1\nb: 2026-01-01", "line 2: is not text, a number"),
        ("a: !!binary aGVsbG8=", "line 1: is not text, a number"),
        ("a: !!set {b, c}", "line 1: is not text, a number"),
        ("a: 1\n2024: b", "line 2: a key must be text; put it in quotes"),
        ("true: b", "line 1: a key must be text"),
        ("? [1, 2]\n: 3", "line 1: a key must be text"),
        ("a: &x {b: 1}\nc:\n  <<: *x", "line 3: a key must be text"),
        ("a: 1\n---\nb: 2", "line 2: but found another document"),
        ("a: {", "line 1: expected the node content"),
        ("%YAML 3.0\n---\na: 1", "line 1: found incompatible YAML document"),
        ("a: \x00", "is not valid YAML 1.2"),
        (b"a: \xff", "must be UTF-8"),
        ("a: .inf", "finite numbers"),
        ("a: [.nan]", "finite numbers"),
        ("a: " + "9" * 5_000, "finite numbers"),
        ("a: !!int x", "finite numbers"),
        ("a: !!int", "finite numbers"),
        ('a: "\\U99999999"', "escapes of characters that exist"),
    ],
)
def test_what_json_cannot_say_is_refused_with_its_line(body: str | bytes, words: str) -> None:
    assert words in refused(body)


MARKS = [
    *"{}[]:,-?&*!|>%@`'#\n\t <=~.09eExX_+",
    *("<<: ", "!!float ", "!!int ", "!!omap ", "&a ", "*a ", "? ", "---\n", "%YAML 1.1\n---\n"),
    *('"\\x', '"\\U99999999"', "\ufeff", "2026-13-45", "0o9", "1e999", "- - - "),
]


def test_whatever_is_sent_is_read_or_refused() -> None:
    """A tag without a value and an escape beyond Unicode were errors of ours."""
    draw = random.Random(SEED)
    lines = SOURCE.splitlines()
    for _ in range(SIZES.cases):
        start = draw.randrange(len(lines))
        text = "\n".join(lines[start : start + draw.randint(0, 10)])
        for _ in range(draw.randint(1, 8)):
            place = draw.randint(0, len(text))
            text = text[:place] + draw.choice(MARKS) + text[place + draw.randint(0, 2) :]
        with suppress(InputError):
            json.dumps(parse_source(text.encode())[1], allow_nan=False)


# --- over HTTP ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content_type", ["application/yaml", "text/yaml", "application/yaml; charset=utf-8"]
)
def test_a_draft_in_yaml_is_kept_as_it_was_written(content_type: str) -> None:
    baton = InMemoryBaton()
    written = "# agreed in March\n" + SOURCE
    status, draft = post(baton, written, headers={**TOKEN, "Content-Type": content_type})
    assert (status, draft["version"]) == (200, 2)
    answer = as_yaml(baton, "?version=2")
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/yaml")
    assert answer.body.decode() == written
    assert baton.get("/v1/model?version=2") == {**model_document(), "version": 2}


def test_a_version_of_json_is_given_as_yaml_too() -> None:
    baton = InMemoryBaton()
    named = {**model_document(), "name": "Ünïcode"}
    assert baton.post("/v1/model", named, TOKEN).status_code == 200
    text = as_yaml(baton, "?version=2").body.decode()
    assert "name: Ünïcode" in text
    assert list(parse_source(text.encode())[1].items()) == list(named.items())


def test_what_is_written_reads_as_it_was() -> None:
    strange = {"a": ["on", "1", "", "null", "2026-01-01", " x ", "a\nb", 1.5, None, True, "☃"]}
    assert parse_source(write_source(strange).encode())[1] == strange


def test_the_active_version_is_given_without_a_number() -> None:
    baton = InMemoryBaton()
    post(baton, SOURCE)
    assert baton.post("/v1/model/versions/2/publish", {"force": True}, TOKEN).status_code == 202
    assert as_yaml(baton).body.decode() == SOURCE
    assert as_yaml(baton, "?version=3").status_code == 404


@pytest.mark.parametrize(
    "accept", ["*/*", "application/json", "application/yaml;q=0.5, application/json", "text/html"]
)
def test_json_is_given_unless_yaml_is_preferred(accept: str) -> None:
    answer = as_yaml(InMemoryBaton(), accept=accept)
    assert answer.headers["Content-Type"] == "application/json"


@pytest.mark.parametrize("body", ["", "[]", "a", "3", "# only a comment"])
def test_a_yaml_body_without_keys_is_refused(body: str) -> None:
    status, problem = post(InMemoryBaton(), body)
    assert status == 400
    assert problem["errors"] == [{"field": "body", "message": "must have keys with their values"}]


def test_a_draft_in_yaml_is_checked_like_one_in_json() -> None:
    status, problem = post(InMemoryBaton(), SOURCE.replace("name:", "nmae:", 1))
    assert status == 400
    assert {one["field"] for one in problem["errors"]} == {"nmae", "name"}


def test_a_deploys_first_model_keeps_its_comments() -> None:
    baton = InMemoryBaton()
    baton.ports.memory.items.clear()
    models = type(baton.world)(baton.ports).models
    defaults.load_default_model(models, "UTC")
    assert models.source(1) == SOURCE
    (version,) = models.versions()
    assert (version.author, version.note) == ("deploy", "the default model")


# --- author and note ------------------------------------------------------------------------------


def versions(baton: InMemoryBaton) -> list[Any]:
    return list(baton.get("/v1/model/versions")["versions"])


@pytest.mark.parametrize(
    ("query", "note"),
    [
        ("?note=less%20weight%20on%20the%20blog", "less weight on the blog"),
        ("?note=%20%C3%BC%20", "ü"),
        ("?note=", None),
        ("", None),
    ],
)
def test_a_version_says_who_wrote_it_and_why(query: str, note: str | None) -> None:
    baton = InMemoryBaton()
    assert post(baton, SOURCE, query)[0] == 200
    assert (versions(baton)[0]["author"], versions(baton)[0]["note"]) == ("admin", note)


def test_a_version_from_before_has_neither() -> None:
    assert [(one["author"], one["note"]) for one in versions(InMemoryBaton())] == [(None, None)]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("?nota=x", "nota"),
        ("?note=x&author=me", "author"),
        ("?note=" + "x" * (REASON_MAX_CHARS + 1), "note"),
        ("?note=a%0Ab", "note"),
    ],
)
def test_a_strange_note_or_parameter_is_refused(query: str, field: str) -> None:
    baton = InMemoryBaton()
    status, problem = post(baton, SOURCE, query)
    assert (status, [one["field"] for one in problem["errors"]]) == (400, [field])
    assert len(versions(baton)) == 1


def test_a_misspelt_parameter_of_a_read_is_refused() -> None:
    answer = as_yaml(InMemoryBaton(), "?verison=1")
    assert answer.status_code == 400
    assert json.loads(answer.body)["errors"][0]["field"] == "verison"


# --- the model's own examples ---------------------------------------------------------------------

EXAMPLE: dict[str, Any] = {
    "name": "A stranger is worth nothing",
    "given": {},
    "expect": {"score": 0, "grade": "–", "stage": "lead"},
}


def drafted(*examples: Any) -> Any:
    baton = InMemoryBaton()
    answer = baton.post("/v1/model", {**model_document(), "examples": examples}, TOKEN)
    assert answer.status_code == 200, answer.body
    return json.loads(answer.body)


def test_a_draft_names_its_examples_that_no_longer_hold() -> None:
    wrong = {**EXAMPLE, "name": "A hopeful one", "expect": {**EXAMPLE["expect"], "score": 7}}
    assert drafted(EXAMPLE, wrong)["failing_examples"] == [
        {"name": "A hopeful one", "differences": ["score is 0, not 7"]}
    ]


def test_a_draft_whose_examples_hold_names_none() -> None:
    assert drafted(EXAMPLE)["failing_examples"] == []
    assert drafted()["failing_examples"] == []


def test_examples_that_take_too_long_are_left_with_a_warning() -> None:
    clock = TickingClock(timedelta(seconds=2))
    baton = InMemoryBaton(FakePorts(MemoryTable(), clock))
    draft = baton.world.publishing.draft(model_document())
    (warning,) = draft.warnings
    assert warning.field == "examples"
    total = len(model_document()["examples"])
    assert warning.message.startswith(f"2 of {total} were run, there was no time for the others")
    assert draft.failing == []
