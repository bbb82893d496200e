"""Many posts at the same moment: none refused, none lost, none counted twice (criterion 6)."""

import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Lock
from typing import Any

from chalicelib.capture.posted import posted_of_json
from chalicelib.errors import ConflictError
from chalicelib.store import keys
from chalicelib.store.table import Write
from tests.baton import InMemoryBaton
from tests.fakes import FakePorts, MemoryTable

ONE_KEY = 50
ONE_ADDRESS = 200
WORKERS = 50
FORM = {"fields": {"email": "ann@acme.example", "first_name": "Ann"}, "visitor_id": "v1"}


class SharedTable(MemoryTable):
    """The table in memory, for several threads: a write is one step, as DynamoDB's is."""

    def __init__(self) -> None:
        super().__init__()
        self._lock = Lock()

    def write(self, *writes: Write) -> None:
        with self._lock:
            super().write(*writes)


def at_once(baton: InMemoryBaton, form_id: str, posts: Sequence[Any]) -> list[Any]:
    """Post forms from several threads. Return their receipts."""
    forms = baton.world.forms
    assert baton.world.identity_secret()  # what is read once is read before the threads begin
    with ThreadPoolExecutor(WORKERS) as threads:
        every = threads.map(lambda data: forms.submit(form_id, posted_of_json(data)), posts)
        return [one.receipt for one in every]


def forms_of(baton: InMemoryBaton) -> list[Any]:
    lead = baton.lead()
    found: list[Any] = []
    cursor = ""
    while True:
        page = baton.get(f"/v1/leads/{lead['lead_id']}/timeline?limit=200{cursor}")
        found += [item for item in page["items"] if item["kind"] == "form"]
        if not page["next_cursor"]:
            return found
        cursor = f"&cursor={page['next_cursor']}"


def test_fifty_posts_with_one_key_are_one_event() -> None:
    baton = InMemoryBaton(FakePorts(SharedTable()))
    receipts = at_once(baton, "demo", [{**FORM, "submission_id": "s1"}] * ONE_KEY)
    assert len(receipts) == ONE_KEY
    assert len({json.dumps(one.as_dict()) for one in receipts}) == 1
    baton.until_quiet()
    assert len(forms_of(baton)) == 1


def test_two_hundred_posts_for_one_address_are_one_lead() -> None:
    baton = InMemoryBaton(FakePorts(SharedTable()))
    begun = baton.ports.now()
    posts = [{**FORM, "submission_id": f"s{number}"} for number in range(ONE_ADDRESS)]
    receipts = at_once(baton, "newsletter", posts)
    assert len({one.submission_id for one in receipts}) == ONE_ADDRESS
    baton.until_quiet()
    baton.minutes_later(1)
    assert len(forms_of(baton)) == ONE_ADDRESS
    assert not any(item["detail"].get("counts") is False for item in forms_of(baton))
    lead = baton.lead()
    signed_up = [one for one in lead["score"]["reasons"] if one["rule"] == "newsletter-signup"]
    assert [one["points"] for one in signed_up] == [5]
    assert baton.ports.now() - begun <= timedelta(minutes=2)


def test_a_form_that_is_tried_again_is_counted_once() -> None:
    """Each of several tries counted: of 200 posts at the same moment ten were kept as surplus."""
    table = BusyTable()
    baton = InMemoryBaton(FakePorts(table))
    table.is_busy_once = True
    baton.form("newsletter", email="ann@acme.example")
    item = table.items[keys.lead(baton.world.lead_id("ann@acme.example")), keys.COUNTS]
    assert item["forms"] == 1


class BusyTable(MemoryTable):
    """The table in memory; once, another worker is first when a form is stored."""

    is_busy_once = False

    def write(self, *writes: Write) -> None:
        if len(writes) > 1 and self.is_busy_once:
            self.is_busy_once = False
            raise ConflictError({})
        super().write(*writes)


def test_two_hundred_people_on_an_unknown_form_are_all_taken() -> None:
    baton = InMemoryBaton(FakePorts(SharedTable()))
    posts = [{"email": f"a{number}@acme.example"} for number in range(ONE_ADDRESS)]
    assert len(at_once(baton, "popup", posts)) == ONE_ADDRESS
    (seen,) = baton.world.seen_forms.every()
    assert seen.id == "popup"
