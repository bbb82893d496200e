"""A deploy loads the documents of its files, never over a person's, and lists what differs."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from chalicelib.errors import DocumentError
from chalicelib.store.table import Write
from chalicelib.wiring.world import World
from infra import defaults
from infra.defaults import documents_in, every_document, load_documents
from tests.baton import SITE
from tests.fakes import FakePorts, MemoryTable

SAM = {"id": "sam", "name": "Sam Seller", "email": "sam@acme.example"}


@pytest.fixture
def world() -> World:
    """An empty deployment."""
    return World(FakePorts())


def load(world: World, *, demo: bool = False, **changes: Any) -> list[str]:
    """Load the files, some of them with other documents; a form by its id, and None for none."""
    files = every_document(SITE if demo else None)
    for name, document in changes.items():
        place = ("form", name) if name in ("guide", "tour") else (name, "ACTIVE")
        files[place] = document
        if document is None:
            del files[place]
    return load_documents(world, files, demo=demo)


def put(world: World, kind: str, document_id: str, document: Any) -> None:
    world.editing.put(kind, document_id, document, author="admin")


def test_a_first_deploy_stores_every_document(world: World) -> None:
    assert load(world) == []
    stored = {(kind, one) for kind in defaults.FILES for one in world.editing.every(kind)}
    assert stored == every_document(None).keys()
    assert {one.author for one in world.editing.versions("form", "guide")} == {"deploy"}


def test_a_second_deploy_changes_nothing(world: World) -> None:
    load(world)
    before = dict(world.ports.table.items)  # type: ignore[attr-defined]  # the one in memory
    assert load(world) == []
    assert world.ports.table.items == before  # type: ignore[attr-defined]


def test_a_deploy_lists_what_differs_and_keeps_it(world: World) -> None:
    load(world)
    put(world, "form", "guide", {"id": "guide", "topic": "learn"})
    put(world, "form", "partner", {"id": "partner"})
    world.editing.delete("form", "webinar", author="admin")
    put(world, "routing", "ACTIVE", {"people": [SAM]})
    assert load(world) == [
        "form guide: asset, required, topic (version 2 by admin)",
        "form webinar: deleted (version 2 by admin)",
        "routing: people (version 2 by admin)",
        "form partner: only in the deployment",
    ]
    assert world.editing.read("form", "guide").document["topic"] == "learn"
    assert "webinar" not in world.editing.every("form")


def test_a_changed_file_is_listed_and_not_loaded(world: World) -> None:
    load(world)
    assert load(world, guide={"id": "guide"}) == [
        "form guide: asset, required, topic (version 1 by deploy)"
    ]


def test_what_nobody_has_said_yet_is_filled_in(world: World) -> None:
    load(world)
    assert load(world, routing={"people": [SAM]}, settings={"company_name": "Acme"}) == []
    assert world.editing.read("routing", "ACTIVE").document == {"people": [SAM]}
    put(world, "routing", "ACTIVE", {"people": []})
    assert load(world, routing={"people": [SAM]}, settings={"company_name": "Acme"}) == [
        "routing: people (version 3 by admin)"
    ]


def test_the_demo_follows_its_site_until_somebody_changes_it(world: World) -> None:
    load(world, demo=True)
    moved = {"id": "guide", "thank_you_url": "https://moved.example/thanks"}
    assert load(world, demo=True, guide=moved) == []
    assert world.editing.read("form", "guide").document == moved
    put(world, "form", "guide", {"id": "guide", "topic": "learn"})
    assert load(world, demo=True, guide=moved) == [
        "form guide: thank_you_url, topic (version 3 by admin)"
    ]
    assert world.editing.read("form", "guide").document["topic"] == "learn"


class RacedTable(MemoryTable):
    """A table on which a person writes the guide's form just before a deploy does."""

    def __init__(self) -> None:
        super().__init__()
        self.first: Callable[[], object] | None = None

    def write(self, *writes: Write) -> None:
        first = self.first
        if first is not None and "guide" in {one.label for one in writes}:
            self.first = None
            first()
        super().write(*writes)


def test_a_person_who_puts_during_a_deploy_is_first() -> None:
    table = RacedTable()
    world = World(FakePorts(table))
    table.first = lambda: put(world, "form", "guide", {"id": "guide", "topic": "theirs"})
    load(world)
    assert world.editing.read("form", "guide").document["topic"] == "theirs"
    assert [one.author for one in world.editing.versions("form", "guide")] == ["admin"]


def test_a_document_that_is_refused_is_named(world: World) -> None:
    with pytest.raises(DocumentError, match=r"^form guide is refused: topik: there is no such key"):
        load(world, guide={"id": "guide", "topik": "x"})


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("forms.yaml", "- {id: a}\n- {id: a}\n", "forms.yaml has two documents with the id a"),
        ("forms.yaml", "- a\n", "forms.yaml must hold keys with their values"),
        ("forms.yaml", "a\n", "forms.yaml must hold keys with their values"),
        ("routing.yaml", "- {people: []}\n", "routing.yaml must hold keys with their values"),
        ("emails/a.yaml", "- {id: a}\n", "emails must hold keys with their values"),
        ("emails/a.yaml", "{id: b}\n", "emails/a.yaml must hold the id a"),
    ],
)
def test_a_file_without_documents_is_refused(
    tmp_path: Path, name: str, text: str, says: str
) -> None:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text(text)
    with pytest.raises(DocumentError, match=f"^{says}$"):
        documents_in(tmp_path)


def test_a_day_in_a_file_is_a_text(tmp_path: Path) -> None:
    file = tmp_path / "routing.yaml"
    file.write_text("days_off: [2026-12-24, {from: 2026-08-03, to: 2026-08-21}]")
    assert defaults.read_yaml(file) == {
        "days_off": ["2026-12-24", {"from": "2026-08-03", "to": "2026-08-21"}]
    }


def test_a_deploy_says_how_to_take_each_side() -> None:
    assert "make documents PULL=1" in defaults.TAKE
    assert "make documents PUSH=1" in defaults.TAKE
