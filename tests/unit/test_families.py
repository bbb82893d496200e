"""Every family of items says what an erasure leaves of it; and nothing of a person is left."""

import json
import re
from functools import cache
from typing import Any

import pytest

from chalicelib.privacy import families
from chalicelib.privacy.families import FAMILIES, Erasure, Family, family_at
from chalicelib.store import keys
from chalicelib.store.table import Item
from tests import recorded_lives
from tests.baton import InMemoryBaton
from tests.held import HOME, MARKS, PIA, erased, lead_id, left_of, lived, own_items
from tests.pages import rows, section, text_of

NO_KEYS = {
    "END",  # sorts behind a prefix
    "DUE_NURTURE",  # partitions of an index
    "DUE_JOBS",
}
"""The texts of store/keys.py that no key of an item begins with."""
REACHED = (Erasure.DELETED, Erasure.STRIPPED, Erasure.FOUND)
STRIPPED = {
    "consent": {
        "version",
        "marketing",
        "suppressed",
        "suppressed_at_ms",
        "suppressions",
        "mailboxes",
    },
    "receipt": {"receipt", "expires_at_epoch_s"},
}


@cache
def before_and_after() -> tuple[dict[Any, Item], dict[Any, Item], tuple[str, ...]]:
    """Return all items before and after Pia was erased, and her lead ids."""
    baton = lived()
    before = baton.kept()
    assert erased(baton)["state"] == "done"
    return before, baton.kept(), (lead_id(baton), lead_id(baton, HOME))


# --- the register ---------------------------------------------------------------------------------


def test_each_key_of_the_store_has_its_family() -> None:
    texts = {
        name: value
        for name, value in vars(keys).items()
        if name.isupper() and isinstance(value, str) and name not in NO_KEYS
    }
    assert len(texts) > 30
    known = {part.rstrip("#") for one in FAMILIES for part in (one.place, one.key)}
    missing = {name: value for name, value in texts.items() if value.rstrip("#") not in known}
    assert not missing, "each family has a line in chalicelib/privacy/families.py"


def test_each_partition_of_the_store_has_its_family() -> None:
    text = text_of("chalicelib/store/keys.py") + text_of("chalicelib/store/places.py")
    written = {found.rstrip("#") for found in re.findall(r'"([A-Z_]+#)', text)}
    indexes = {"STAGE", "LEADS", "OUTBOX", "SPAM", "DUE", "DUE#NURTURE", "HANDOFFS", "COLLEAGUES"}
    indexes |= {"ASKED"}
    known = {part.rstrip("#") for one in FAMILIES for part in (one.place, one.key)}
    assert written - indexes <= known


def test_each_item_that_lives_leave_has_its_family() -> None:
    stored = {**recorded_lives.live().ports.memory.items, **before_and_after()[0]}
    assert not [key for key in stored if family_at(*key) is None]


def test_each_row_of_the_data_model_has_its_family() -> None:
    model = section(text_of("docs/reference/data-model.md"), "Items")
    named = [cells[0] for cells in rows(model) if cells[0] != "item"]
    assert set(named) == {one.name for one in FAMILIES}


def test_retention_says_what_the_register_says() -> None:
    kept = section(text_of("docs/reference/retention.md"), "What an erasure leaves")
    said = {cells[0]: cells[1:] for cells in rows(kept) if cells[0] != "item"}
    for one in FAMILIES:
        how, what = said[one.name]
        assert one.erasure in how, one.name
        assert one.says in what, one.name
    assert set(said) == {one.name for one in FAMILIES}


def test_who_stays_says_why() -> None:
    for one in FAMILIES:
        assert bool(one.says) is (one.erasure not in (Erasure.DELETED, Erasure.FOUND)), one


def test_every_bucket_of_the_template_is_registered() -> None:
    template = text_of("infra/resources.yaml")
    found = re.findall(r"^  (\w+):\n    Type: AWS::S3::Bucket$", template, re.M)
    assert list(families.BUCKETS) == found


def test_an_unknown_family_would_be_seen() -> None:
    assert family_at("LEAD#X", "STRANGE#1") is None
    assert family_at("LEAD#X", "EVENT#1") is not None


# --- nothing is left ------------------------------------------------------------------------------


@pytest.mark.parametrize("family", FAMILIES, ids=lambda one: f"{one.place}{one.key}")
def test_an_erasure_reaches_each_family_that_was_filled(family: Family) -> None:
    before, after, ids = before_and_after()
    if family.erasure not in REACHED:
        return
    filled = [key for key in own_items(before, ids) if family_at(*key) is family]
    assert filled, "the life of Pia in tests/held.py leaves none of it"
    for key in filled:
        if family.erasure is not Erasure.STRIPPED:
            assert key not in after, key


def test_nothing_of_the_person_is_found_afterwards() -> None:
    before, after, _ = before_and_after()
    assert {mark for mark in MARKS if any(mark in one for one in left_of(before))} >= {
        "quirrel",
        "5557391",
        "quux",
    }
    assert left_of(after) == []


def test_of_a_lead_no_more_than_two_items_are_left() -> None:
    _, after, ids = before_and_after()
    left = sorted(key for key in after if key[0] in map(keys.lead, ids))
    assert [sk for _, sk in left] == ["CONSENT", "STANDING"] * 2
    for key in left:
        item = after[key]
        if key[1] == keys.CONSENT:
            assert item.keys() - {"pk", "sk", "schema"} <= STRIPPED["consent"]
            assert item["marketing"] is False
        else:
            assert item["erased_at_ms"]
            assert not {"list_pk", "due_pk", "created_at_ms", "owner"} & item.keys()


def test_of_a_receipt_only_a_keyed_hash_is_left() -> None:
    before, after, ids = before_and_after()
    receipts = [key for key in own_items(before, ids) if key[1] == keys.RECEIPT]
    assert receipts
    for key in receipts:
        kept = json.loads(str(after[key]["receipt"]))
        assert (kept["submission_id"], kept["visitor_id"]) == ("", None)
        assert after[key].keys() - {"pk", "sk", "schema"} == STRIPPED["receipt"]


def test_others_keep_every_item() -> None:
    before, after, ids = before_and_after()
    own = own_items(before, ids)
    facts = ("EVENT#", "TRANSITION#", "JOIN#", "OWNER", "CONSENT", "SUPPRESSION")
    others = {key: item for key, item in before.items() if key not in own}
    for key, item in others.items():
        if key[1].startswith(facts):
            assert after.get(key) == item, key


def test_the_marks_are_those_of_pia() -> None:
    baton = InMemoryBaton()
    baton.form("guide", visitor=None, **{**PIA, "email": HOME})
    assert len(left_of(baton.ports.memory.items)) > len(MARKS)
