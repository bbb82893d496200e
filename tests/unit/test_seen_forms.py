"""Forms that nobody has registered are seen, whoever invents names; and what each form feeds."""

import json
from itertools import count
from typing import Any

import pytest

from chalicelib.limits import SEEN_FORMS_EXACT, SEEN_FORMS_MAX, SEEN_FORMS_STEP
from chalicelib.store.seen_forms import SeenFormItems
from chalicelib.store.table import Write
from tests.baton import TOKEN, InMemoryBaton
from tests.fakes import NOW, MemoryTable


@pytest.fixture
def baton() -> InMemoryBaton:
    return InMemoryBaton()


def listed(baton: InMemoryBaton) -> dict[str, Any]:
    return {one["id"]: one for one in baton.get("/v1/forms")["unregistered"]}


def test_an_unregistered_form_is_listed_with_count_and_fields(baton: InMemoryBaton) -> None:
    for number in range(3):
        baton.form("popup", None, email=f"a{number}@acme.example", budget="40k")
    baton.form("demo", None, email="ann@acme.example")
    assert listed(baton) == {
        "popup": {
            "id": "popup",
            "registered": False,
            "count": 3,
            "fields": ["email", "budget"],
            "kind": "other",
            "first_on": NOW.date().isoformat(),
            "last_on": NOW.date().isoformat(),
            "signals": [],
            "warnings": ["feeds no signal of the active model: what is sent here scores nothing"],
        }
    }


def test_a_repeat_is_not_counted(baton: InMemoryBaton) -> None:
    data = {"fields": {"email": "ann@acme.example"}, "submission_id": "s1"}
    for _ in range(3):
        baton.post("/v1/forms/popup", data)
    assert listed(baton)["popup"]["count"] == 1


def test_each_form_says_which_signals_it_feeds(baton: InMemoryBaton) -> None:
    form = {"id": "partners", "kind": "request"}
    assert (
        baton.http(
            "PUT",
            "/v1/forms/partners",
            json.dumps(form),
            {**TOKEN, "Content-Type": "application/json"},
        ).status_code
        == 200
    )
    baton.post("/v1/forms/kontakt-de", {"email": "ann@acme.example"})
    answer = baton.get("/v1/forms")
    assert answer["signals"]["demo"] == ["demo-request"]
    assert answer["signals"]["guide"] == ["guide-download"]
    assert answer["signals"]["partners"] == ["contact-request"]
    assert answer["signals"]["newsletter"] == ["newsletter-signup"]
    assert listed(baton)["kontakt-de"]["signals"] == ["contact-request"]


def test_a_registered_form_that_feeds_nothing_is_warned_of(baton: InMemoryBaton) -> None:
    form = {"id": "survey", "kind": "other"}
    answer = baton.http(
        "PUT", "/v1/forms/survey", json.dumps(form), {**TOKEN, "Content-Type": "application/json"}
    )
    (warning,) = json.loads(answer.body)["warnings"]
    assert "feeds no signal" in warning["message"]
    assert baton.get("/v1/forms")["signals"]["survey"] == []


def test_a_form_that_is_registered_is_listed_once(baton: InMemoryBaton) -> None:
    baton.post("/v1/forms/popup", {"email": "ann@acme.example"})
    baton.world.documents.put("form", {"id": "popup"}, "popup")
    baton.minutes_later(1)
    assert listed(baton) == {}


# --- strangers ------------------------------------------------------------------------------------


def seen(baton: InMemoryBaton) -> SeenFormItems:
    return baton.world.seen_forms


def test_invented_names_displace_none_that_is_in_use(baton: InMemoryBaton) -> None:
    store = seen(baton)
    for _ in range(3):
        store.note("popup", ["email"], NOW)
    before = len(baton.ports.memory.items)
    for number in range(SEEN_FORMS_MAX * 10):
        store.note(f"invented-{number}", ["email"], NOW)
    found = {one.id: one.count for one in store.every()}
    assert found["popup"] == 3
    assert len(found) <= SEEN_FORMS_MAX
    assert len(baton.ports.memory.items) - before < SEEN_FORMS_MAX


class CountingTable(MemoryTable):
    """Knows how many writes there were."""

    written = 0

    def write(self, *writes: Write) -> None:
        self.written += 1
        super().write(*writes)


def test_a_busy_form_costs_a_fraction_of_a_write() -> None:
    table = CountingTable()
    numbers = count()
    store = SeenFormItems(table, lambda: str(next(numbers)))
    sent = SEEN_FORMS_EXACT + 100 * SEEN_FORMS_STEP
    for _ in range(sent):
        store.note("popup", ["email"], NOW)
    assert table.written < SEEN_FORMS_EXACT + 200
    (form,) = store.every()
    assert sent / 2 < form.count < sent * 2


def test_a_field_name_is_kept_once_and_none_is_endless(baton: InMemoryBaton) -> None:
    store = seen(baton)
    for number in range(30):
        store.note("popup", ["email", *(f"own_{number}_{n}" for n in range(9))], NOW)
    (form,) = store.every()
    assert len(form.fields) == 50
    assert form.fields[0] == "email"
