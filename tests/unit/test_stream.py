"""A batch of the stream: in order, the first failure ends it, and what can never work is set
aside.
"""

import json
from base64 import b64encode
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from chalicelib.errors import ConflictError, DocumentError
from chalicelib.store.events import event_item
from chalicelib.store.stream import each_alone, each_group
from chalicelib.store.table import Item
from tests import factories as make
from tests.baton import ANN, InMemoryBaton, stream_event


class Hands:
    """Works off items; fails at those it is told to."""

    def __init__(
        self,
        failures: dict[str, Exception] | None = None,
        unreadable: dict[str, Exception] | None = None,
        *,
        groups: bool = False,
    ) -> None:
        self.groups = groups
        self.failures, self.unreadable, self.done = failures or {}, unreadable or {}, list[str]()
        self.quarantined: list[tuple[Item, str]] = []

    def decode(self, item: Item) -> Item:
        if error := self.unreadable.get(str(item["sk"])):
            raise error
        return item

    def work(self, _key: object, items: Sequence[Item]) -> None:
        for item in items:
            if error := self.failures.get(str(item["sk"])):
                raise error
        self.done += [str(item["sk"]) for item in items]

    def group(self, items: Sequence[Item]) -> Mapping[object, Mapping[int, Item]]:
        found: dict[object, dict[int, Item]] = {}
        for position, item in enumerate(items):
            key = str(item["sk"])[0] if self.groups else position
            found.setdefault(key, {})[position] = item
        return found

    def quarantine(self, item: Item, reason: str) -> None:
        self.quarantined.append((item, reason))

    def take(self, event: dict[str, Any]) -> list[str]:
        answer = each_group(event, self.decode, self.group, self.work, self.quarantine)
        return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


def items(*names: str) -> list[Item]:
    return [{"pk": "p", "sk": name} for name in names]


def test_a_batch_is_worked_off_in_order() -> None:
    hands = Hands()
    assert hands.take(stream_event(items("a", "b", "c"))) == []
    assert hands.done == ["a", "b", "c"]


def test_an_empty_batch_is_no_failure() -> None:
    assert Hands().take({"Records": []}) == []


@pytest.mark.parametrize(
    "error",
    [
        ConflictError({}),
        RuntimeError(),
        OSError(),
        DocumentError("no model"),
        KeyError("our own bug"),
    ],
)
def test_the_first_that_failed_comes_again_and_no_other_waits(
    error: Exception,
) -> None:
    hands = Hands({"b": error, "c": error})
    assert hands.take(stream_event(items("a", "b", "c", "d"))) == ["2"]
    assert hands.done == ["a", "d"]
    assert hands.quarantined == []


def test_a_failure_of_the_first_record_is_raised() -> None:
    """Lambda halves a batch only when the function fails: answered with its number, the first
    record took all others with it after the last try.
    """
    hands = Hands({"a": RuntimeError("poison")})
    with pytest.raises(RuntimeError, match="poison"):
        hands.take(stream_event(items("a", "b", "c")))
    assert hands.done == ["b", "c"]


def test_a_group_is_worked_off_together() -> None:
    hands = Hands(groups=True)
    assert hands.take(stream_event(items("a1", "b1", "a2"))) == []
    assert hands.done == ["a1", "a2", "b1"]


def test_a_group_that_fails_comes_again_from_its_first_record() -> None:
    hands = Hands({"b2": RuntimeError(), "c1": RuntimeError()}, groups=True)
    assert hands.take(stream_event(items("a1", "b1", "c1", "b2", "a2"))) == ["2"]
    assert hands.done == ["a1", "a2"]


def test_a_first_record_that_is_no_news_does_not_raise() -> None:
    event = stream_event(items("a", "b"))
    event["Records"][0]["eventName"] = "MODIFY"
    assert Hands({"b": RuntimeError()}).take(event) == ["2"]


@pytest.mark.parametrize("error", [KeyError("x"), ValueError("x"), TypeError("x")])
def test_an_unreadable_record_is_set_aside_and_others_go_on(
    error: Exception,
) -> None:
    hands = Hands(unreadable={"b": error})
    assert hands.take(stream_event(items("a", "b", "c"))) == []
    assert hands.done == ["a", "c"]
    assert hands.quarantined == [({"pk": "p", "sk": "b"}, type(error).__name__)]


@pytest.mark.parametrize(
    "poison", [{"L": []}, {"M": {}}, {"NULL": True}, {"N": "1.5"}, {"SS": ["a"]}]
)
def test_a_record_of_a_foreign_type_is_set_aside(poison: dict[str, Any]) -> None:
    """Reading the record is a part of working it off: it would fail in the same way for ever."""
    event, hands = stream_event(items("a", "b", "c")), Hands()
    event["Records"][1]["dynamodb"]["NewImage"]["x"] = poison
    assert hands.take(event) == []
    assert hands.done == ["a", "c"]
    assert [(item["sk"], reason) for item, reason in hands.quarantined] == [("b", "ValueError")]


def test_a_quarantine_that_fails_comes_again() -> None:
    def busy(_item: Item, _reason: str) -> None:
        raise ConflictError({})

    event = stream_event(items("a", "b"))
    hands = Hands(unreadable={"b": KeyError("x")})
    answer = each_group(event, hands.decode, each_alone, hands.work, busy)
    assert answer == {"batchItemFailures": [{"itemIdentifier": "2"}]}


@pytest.mark.parametrize("name", ["MODIFY", "REMOVE"])
def test_only_new_items_are_worked_off(name: str) -> None:
    event, hands = stream_event(items("a", "b")), Hands()
    event["Records"][0]["eventName"] = name
    assert hands.take(event) == []
    assert hands.done == ["b"]


def test_bytes_come_as_base64_as_lambda_sends_them() -> None:
    event, seen = stream_event(items("a")), list[Item]()
    event["Records"][0]["dynamodb"]["NewImage"]["packed"] = {"B": b64encode(b"\x00\xff").decode()}
    each_group(
        json.loads(json.dumps(event)),
        Hands().decode,
        each_alone,
        lambda _key, found: seen.extend(found),
        Hands().quarantine,
    )
    assert seen == [{"pk": "p", "sk": "a", "packed": b"\x00\xff"}]


# --- through the real handler ---------------------------------------------------------------------


def test_a_poison_event_does_not_stop_its_shard() -> None:
    baton = InMemoryBaton()
    baton.form("demo", **ANN)
    poison = {**event_item(make.form("other")), "kind": "smoke signal"}
    good = [item for item in baton.ports.memory.inserted if str(item["sk"]).startswith("EVENT#")]
    assert baton.world.qualify_records(stream_event([poison, *good])) == {"batchItemFailures": []}
    assert baton.lead()["stage"] == "sql"
    (kept,) = baton.ports.memory.query("QUARANTINE")
    assert kept["reason"] == "ValueError"


def test_without_a_model_the_batch_comes_again() -> None:
    baton = InMemoryBaton()
    baton.form("demo", **ANN)
    del baton.ports.memory.items["CONFIG#model", "ACTIVE"]
    good = [item for item in baton.ports.memory.inserted if str(item["sk"]).startswith("EVENT#")]
    with pytest.raises(DocumentError):
        baton.world.qualify_records(stream_event(good))
    assert not any(sk == "STANDING" for _, sk in baton.ports.memory.items)
