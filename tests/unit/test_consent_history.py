"""The history of consent: who said what, by the form's own words; the first proof stays."""

import json
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.errors import ConflictError
from chalicelib.limits import DOCUMENT_CACHE_SECONDS
from chalicelib.store.table import Write
from chalicelib.wiring.world import World
from tests.baton import ANN, TOKEN, InMemoryBaton
from tests.fakes import FakePorts, MemoryTable

FORM = {"id": "talk", "consent_text": "Keybook may email me about talks."}
PAGE = "https://keybook.example/talk"


@pytest.fixture
def baton() -> InMemoryBaton:
    baton = InMemoryBaton()
    put(baton, FORM)
    return baton


def put(baton: InMemoryBaton, form: dict[str, Any]) -> None:
    """Put a form, and wait until every worker has read it."""
    headers = TOKEN | {"Content-Type": "application/json"}
    answer = baton.http("PUT", f"/v1/forms/{form['id']}", json.dumps(form), headers)
    assert answer.status_code == 200, answer.body
    baton.ports.clock.tick(timedelta(seconds=DOCUMENT_CACHE_SECONDS + 1))


def tick(baton: InMemoryBaton, form_id: str, text: str, **more: Any) -> None:
    """Post a form with its box ticked, a second after the last one."""
    baton.ports.clock.tick(timedelta(seconds=1))
    data = {
        "fields": ANN,
        "consent": {"marketing": True, "text": text},
        "page": {"url": PAGE},
        **more,
    }
    assert baton.post(f"/v1/forms/{form_id}", data).status_code == 202
    baton.until_quiet()


def texts(baton: InMemoryBaton) -> list[tuple[str, str | None]]:
    return [(one["text"], one["said"]) for one in baton.lead()["consent_history"]]


def test_the_proof_is_the_forms_own_sentence(baton: InMemoryBaton) -> None:
    tick(baton, "talk", "You may do anything.")
    lead = baton.lead()
    assert lead["consent"]["text"] == FORM["consent_text"]
    (proof,) = lead["consent_history"]
    assert proof == {
        "at": lead["consent"]["at"],
        "text": FORM["consent_text"],
        "said": "You may do anything.",
        "form": "talk",
        "form_version": 1,
        "page": PAGE,
        "rank": "form",
        "confirmed_at": None,
        "author": None,
        "event_id": proof["event_id"],
    }


def test_without_a_sentence_of_its_own_the_senders_is_kept(baton: InMemoryBaton) -> None:
    tick(baton, "unregistered", "Write to me.")
    assert texts(baton) == [("Write to me.", "Write to me.")]
    assert baton.lead()["consent_history"][0]["form_version"] is None


def test_an_empty_box_is_no_proof(baton: InMemoryBaton) -> None:
    tick(baton, "talk", "x", consent={"marketing": False, "text": "Write to me."})
    lead = baton.lead()
    assert (lead["consent"], lead["consent_history"]) == (None, [])


def test_the_first_proof_stays_when_others_follow(baton: InMemoryBaton) -> None:
    tick(baton, "talk", "hers")
    first = baton.lead()["consent"]
    tick(baton, "unregistered", "Sell my address.")
    put(baton, {**FORM, "consent_text": "Another sentence."})
    tick(baton, "talk", "")
    assert baton.lead()["consent"] == first
    assert texts(baton) == [
        ("Another sentence.", None),
        ("Sell my address.", "Sell my address."),
        (FORM["consent_text"], "hers"),
    ]
    assert [one["form_version"] for one in baton.lead()["consent_history"]] == [2, None, 1]


def test_a_lead_shows_the_newest_proofs_and_the_first(baton: InMemoryBaton) -> None:
    for number in range(30):
        tick(baton, "unregistered", f"sentence {number}")
    shown = [text for text, _ in texts(baton)]
    assert shown == [*(f"sentence {number}" for number in range(29, 9, -1)), "sentence 0"]
    (item,) = [one for one in baton.ports.memory.items.values() if one["sk"] == "CONSENT"]
    assert (item["version"], item["text"]) == (1, "sentence 0")


def test_every_proof_stands_in_the_timeline(baton: InMemoryBaton) -> None:
    tick(baton, "talk", "hers")
    tick(baton, "unregistered", "Sell my address.")
    tick(baton, "unregistered", "", consent={"marketing": False})
    path = f"/v1/leads/{baton.lead()['lead_id']}/timeline"
    forms = [one for one in baton.get(path)["items"] if one["kind"] == "form"]
    said = [one["detail"].get("consent", {}).get("text") for one in forms]
    assert said == [None, "Sell my address.", FORM["consent_text"]]
    assert {one["detail"]["consent"]["event_id"] == one["id"] for one in forms[1:]} == {True}


def test_consent_of_another_day_is_not_shown(baton: InMemoryBaton) -> None:
    tick(baton, "talk", "hers")
    baton.ports.clock.tick(timedelta(days=1))
    lead_id = baton.world.lead_id("ann@acme.example")
    assert baton.get(f"/v1/leads/{lead_id}?as_of=2026-11-22")["consent_history"] is None


class RivalTable(MemoryTable):
    """A table on which another form is stored in the middle of the next transaction."""

    def __init__(self) -> None:
        super().__init__()
        self.rival: Any = None
        self.conflicts = 0

    def write(self, *writes: Write) -> None:
        if self.rival is not None and len(writes) > 1:
            rival, self.rival = self.rival, None
            rival()
        try:
            super().write(*writes)
        except ConflictError:
            self.conflicts += 1
            raise


@pytest.mark.parametrize(("before", "conflicts"), [(0, 1), (1, 0), (2, 0)])
def test_forms_at_the_same_time_never_wait_behind_the_first(before: int, conflicts: int) -> None:
    table = RivalTable()
    baton = InMemoryBaton(FakePorts(table))
    for number in range(before):
        tick(baton, "unregistered", f"before {number}")
    other = World(baton.ports)

    def rival() -> None:
        mine, baton.world = baton.world, other
        tick(baton, "unregistered", "theirs")
        baton.world = mine

    table.rival = rival
    tick(baton, "unregistered", "ours")
    assert table.conflicts == conflicts
    assert {text for text, _ in texts(baton)} >= {"theirs", "ours"}
    assert len(texts(baton)) == before + 2
