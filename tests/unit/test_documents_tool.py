"""`make documents`: a deployment's documents as files, and back, with the files' comments."""

import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some
from ruamel.yaml import YAML

from chalicelib.wiring.world import World
from infra.defaults import (
    DEFAULTS,
    FILES,
    documents_in,
    every_document,
    load_documents,
)
from tests.baton import SITE
from tests.fakes import FakePorts
from tools import documents as tool

FORMS = """\
# The forms.
- {id: guide, required: [email], asset: buyers-guide, topic: product} # the best one
# The demo.
- id: demo # by sales
  required: [email]
  topic: "learn"
"""


@pytest.fixture
def world() -> World:
    world = World(FakePorts())
    load_documents(world, every_document(None), demo=False)
    return world


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The files of a checkout."""
    for name in FILES.values():
        if (DEFAULTS / name).is_dir():
            shutil.copytree(DEFAULTS / name, tmp_path / name)
        else:
            shutil.copy(DEFAULTS / name, tmp_path)
    return tmp_path


def contents(folder: Path) -> dict[Path, bytes]:
    """Return what each file says."""
    return {path: path.read_bytes() for path in folder.rglob("*.yaml")}


def put(world: World, kind: str, document: Any) -> None:
    world.editing.put(kind, document.get("id", "ACTIVE"), document, author="admin")


def pull(world: World, folder: Path) -> list[str]:
    said: list[str] = []
    tool.pull(world, folder, lambda line: said.append(str(line)), {})
    return said


def push(world: World, folder: Path, note: str = "") -> tuple[list[str], list[str]]:
    """Push; return what was said, and what was refused."""
    said: list[str] = []
    refused = tool.push(world, documents_in(folder), note, lambda line: said.append(str(line)))
    return said, refused


def test_files_that_say_the_same_are_left_as_they_are(world: World, folder: Path) -> None:
    before = contents(folder)
    assert pull(world, folder) == []
    assert contents(folder) == before
    assert push(world, folder) == ([], [])


def test_a_pull_keeps_comments_order_and_style(world: World, folder: Path) -> None:
    (folder / "forms.yaml").write_text(FORMS)
    for form in ("trial", "contact", "webinar", "newsletter"):
        world.editing.delete("form", form, author="admin")
    put(world, "form", {"id": "demo", "required": ["email", "phone"], "topic": "learn"})
    put(world, "form", {"id": "partner", "consent_text": "You may write to me."})
    assert pull(world, folder) == [f"{folder / 'forms.yaml'}: 3 documents"]
    assert (
        (folder / "forms.yaml").read_text()
        == """\
# The forms.
- {id: guide, required: [email], asset: buyers-guide, topic: product} # the best one
# The demo.
- id: demo # by sales
  required:
  - email
  - phone
  topic: "learn"
- id: partner
  consent_text: You may write to me.
"""
    )


def test_a_pulled_text_of_many_lines_is_a_block(world: World, folder: Path) -> None:
    file = folder / "emails" / "answer-demo.yaml"
    file.write_text(file.read_text().replace("languages:", "# Others.\nlanguages:"))
    email = world.editing.read("email", "answer-demo").document
    put(world, "email", {**email, "markdown": "Hello\n\nWe will call.\n"})
    assert pull(world, folder) == [f"{file}: 1 document"]
    assert "\nmarkdown: |\n  Hello\n\n  We will call.\n# Others.\nlanguages:" in file.read_text()


def test_each_email_has_a_file_that_goes_with_it(world: World, folder: Path) -> None:
    email = {"id": "hello", "kind": "answer", "subject": "Hello", "text": "Thank you."}
    put(world, "email", email)
    assert pull(world, folder) == [f"{folder / 'emails' / 'hello.yaml'}: 1 document"]
    assert documents_in(folder)["email", "hello"] == email
    world.editing.delete("email", "hello", author="admin")
    assert pull(world, folder) == [f"{folder / 'emails' / 'hello.yaml'}: deleted"]
    assert documents_in(folder) == every_document(None)


def test_the_settings_are_pulled_beneath_their_comment(world: World, folder: Path) -> None:
    put(world, "settings", {"company_name": "Acme"})
    pull(world, folder)
    lines = (folder / "settings.yaml").read_text().splitlines()
    assert lines[-1] == "company_name: Acme"
    assert lines[:-1] == (DEFAULTS / "settings.yaml").read_text().splitlines()[:-1]


def test_a_pull_into_an_empty_folder_writes_every_file(world: World, tmp_path: Path) -> None:
    pull(world, tmp_path / "new")
    assert documents_in(tmp_path / "new") == every_document(None)


def test_the_demos_own_documents_stay_out_of_the_files(folder: Path) -> None:
    world = World(FakePorts())
    load_documents(world, every_document(SITE), demo=True)
    world.documents.put("deployment", {"site_url": SITE})
    demo = tool.demo_of(world)
    before = contents(folder)
    tool.pull(world, folder, print, demo)
    assert contents(folder) == before
    put(world, "form", {"id": "tour"})
    tool.pull(world, folder, print, demo)
    assert documents_in(folder) == {**every_document(None), ("form", "tour"): {"id": "tour"}}


TEXTS = some.text(some.characters(exclude_categories=["Cs"]), min_size=1, max_size=60)


@given(before=TEXTS, after=TEXTS)
def test_whatever_is_pulled_is_read_again(before: str, after: str) -> None:
    text = tool.pulled("", "form", {"a": {"id": "a", "consent_text": before}})
    for stored in ({"a": {"id": "a", "consent_text": after, "required": [after, before]}}, {}):
        text = tool.pulled(text, "form", stored)
        found = YAML(typ="safe", pure=True).load(text) or []
        assert {one["id"]: one for one in found} == stored


def test_a_push_puts_what_differs_as_new_versions(world: World, folder: Path) -> None:
    put(world, "form", {"id": "guide", "topic": "learn"})
    put(world, "form", {"id": "partner"})
    world.editing.delete("form", "webinar", author="admin")
    said, refused = push(world, folder, "from the files")
    assert (said, refused) == (
        [
            "form guide: version 3",
            "form webinar: version 3",
            "form partner: only in the deployment, left as it is",
        ],
        [],
    )
    newest = world.editing.versions("form", "guide")[0]
    assert (newest.author, newest.note) == ("make documents", "from the files")
    assert load_documents(world, documents_in(folder), demo=False) == [
        "form partner: only in the deployment"
    ]


def test_a_push_finds_the_order_in_which_documents_fit(world: World, folder: Path) -> None:
    """The settings stand before the emails, and lose what an email names until it is put."""
    put(world, "settings", {"company_name": "Acme", "postal_address": "Here 1"})
    email = dict(world.editing.read("email", "learn-timing").document)
    put(world, "email", {**email, "subject": "Hello from {{ company_name }}"})
    said, refused = push(world, folder)
    assert (said, refused) == (["email learn-timing: version 3", "settings: version 3"], [])


def test_a_push_says_each_mistake_and_puts_the_others(world: World, folder: Path) -> None:
    (folder / "forms.yaml").write_text("- {id: guide, topik: x, asked: 1}\n- {id: demo}\n")
    (folder / "routing.yaml").write_text("people: []\n")
    put(world, "routing", {"people": [{"id": "sam", "name": "Sam", "email": "sam@acme.example"}]})
    said, refused = push(world, folder)
    assert said[:3] == [
        "form demo: version 2",
        "routing: version 3",
        "  people: nobody is active, so no handoff reaches a person",
    ]
    assert [line.partition(";")[0] for line in refused] == [
        "form guide: topik: there is no such key",
        "form guide: asked: there is no such key",
    ]
