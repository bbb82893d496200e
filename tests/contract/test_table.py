"""What every table does, in memory and on DynamoDB alike."""

from contextlib import suppress
from functools import partial
from typing import Any

import pytest

from chalicelib.errors import ConflictError
from chalicelib.store.table import (
    ABSENT,
    GUARDED,
    Add,
    Check,
    Delete,
    Expectation,
    Item,
    Put,
    Table,
)
from tests.engines import on_big_engines
from tests.fakes import MemoryTable
from tests.moto_table import moto_client, table_properties


def item(sk: str = "s", pk: str = "p", **more: str | int | bool | bytes) -> Item:
    return {"pk": pk, "sk": sk, **more}


def store(table: Table, *items: Item) -> None:
    for one in items:
        table.write(Put(one, ABSENT))


def keys_of(table: Table, **query: Any) -> list[str]:
    return [str(one["sk"]) for one in table.query("p", **query)]


def places_of(table: Table, index: str, pk: str, **query: Any) -> list[tuple[str, str]]:
    """What a partition of an index holds: the sort key there, and that of the item."""
    return [
        (str(one[f"{index}_sk"]), str(one["sk"])) for one in table.query(pk, index=index, **query)
    ]


# --- the deployed template ------------------------------------------------------------------------


def test_the_tests_table_is_the_templates() -> None:
    with moto_client() as client:
        made = client.describe_table(TableName="baton")["Table"]
        ttl = client.describe_time_to_live(TableName="baton")["TimeToLiveDescription"]
    assert [index["IndexName"] for index in made["GlobalSecondaryIndexes"]] == ["list", "due"]
    assert {index["Projection"]["ProjectionType"] for index in made["GlobalSecondaryIndexes"]} == {
        "KEYS_ONLY"
    }
    assert made["StreamSpecification"] == {"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"}
    assert ttl["AttributeName"] == table_properties()["TimeToLiveSpecification"]["AttributeName"]


# --- get ------------------------------------------------------------------------------------------


def test_what_was_put_is_got_with_its_types(table: Table) -> None:
    whole = item(
        text="ünï 😀",
        empty="",
        number=-7,
        large=10**15,
        yes=True,
        no=False,
        packed=bytes(range(256)),
    )
    store(table, whole)
    found = table.get("p", "s")
    assert found == whole
    assert {name: type(value) for name, value in (found or {}).items()} == {
        name: type(value) for name, value in whole.items()
    }


def test_an_item_that_is_not_there_is_none(table: Table) -> None:
    store(table, item("s"))
    assert table.get("p", "t") is None
    assert table.get("q", "s") is None


def test_what_was_got_is_a_copy(table: Table) -> None:
    store(table, item(value=1))
    found = table.get("p", "s")
    assert found is not None
    found["value"] = 2
    assert table.get("p", "s") == item(value=1)


def test_more_than_a_hundred_are_read_and_missing_left_out(table: Table) -> None:
    store(table, *(item(f"{n:03d}") for n in range(150)))
    found = table.get_many([("p", f"{n:03d}") for n in range(50, 200)])
    assert sorted(str(one["sk"]) for one in found) == [f"{n:03d}" for n in range(50, 150)]


def test_what_is_asked_for_twice_is_got_once(table: Table) -> None:
    store(table, item("s"))
    assert table.get_many([("p", "s"), ("p", "s")]) == [item("s")]


def test_none_of_no_keys_are_got(table: Table) -> None:
    assert table.get_many([]) == []


# --- query ----------------------------------------------------------------------------------------


def test_a_query_reads_one_partition_in_order(table: Table) -> None:
    store(table, item("b"), item("c"), item("a"), item("a", pk="q"))
    assert keys_of(table) == ["a", "b", "c"]
    assert keys_of(table, newest_first=True) == ["c", "b", "a"]


def test_a_query_of_an_empty_partition_finds_nothing(table: Table) -> None:
    assert keys_of(table) == []


@pytest.mark.parametrize(
    ("first", "last", "found"),
    [
        ("b", "", ["b", "b#1", "c"]),
        ("", "b", ["a", "b"]),
        ("b", "b", ["b"]),
        ("b", "b\U0010ffff", ["b", "b#1"]),
        ("d", "", []),
        ("b#", "c", ["b#1", "c"]),
    ],
)
def test_a_range_includes_both_of_its_ends(
    table: Table, first: str, last: str, found: list[str]
) -> None:
    store(table, *(item(sk) for sk in ("a", "b", "b#1", "c")))
    assert keys_of(table, first=first, last=last) == found
    assert keys_of(table, first=first, last=last, newest_first=True) == found[::-1]


def test_keys_are_ordered_by_their_bytes(table: Table) -> None:
    names = [
        "Z",
        "a",
        "z",
        "é",
        "\uffff",
        "😀",
    ]  # UTF-16 would put the last before the one before it
    store(table, *(item(sk) for sk in reversed(names)))
    assert keys_of(table) == names


@pytest.mark.parametrize(("limit", "found"), [(1, ["a"]), (2, ["a", "b"]), (9, ["a", "b", "c"])])
def test_a_limit_bounds_what_is_read(table: Table, limit: int, found: list[str]) -> None:
    store(table, item("a"), item("b"), item("c"))
    assert keys_of(table, limit=limit) == found
    assert len(keys_of(table, limit=limit, newest_first=True)) == len(found)


def test_a_limit_holds_across_pages_of_a_megabyte(table: Table) -> None:
    store(table, *(item(f"{n:02d}", text="x" * 300_000) for n in range(8)))
    assert keys_of(table) == [f"{n:02d}" for n in range(8)]
    assert keys_of(table, limit=6) == [f"{n:02d}" for n in range(6)]
    assert keys_of(table, limit=6, newest_first=True) == [f"{n:02d}" for n in range(7, 1, -1)]


@pytest.mark.parametrize("index", ["list", "due"])
def test_an_index_holds_items_with_both_keys_and_gives_keys(table: Table, index: str) -> None:
    hash_name, range_name = f"{index}_pk", f"{index}_sk"
    store(
        table,
        item("b", **{hash_name: "h", range_name: "1", "more": "x"}),
        item("a", **{hash_name: "h", range_name: "2", "more": "x"}),
        item("c", **{hash_name: "other", range_name: "1"}),
        item("d"),
    )
    found = list(table.query("h", index=index))
    assert found == [
        {"pk": "p", "sk": "b", hash_name: "h", range_name: "1"},
        {"pk": "p", "sk": "a", hash_name: "h", range_name: "2"},
    ]
    assert [one["sk"] for one in table.query("h", index=index, newest_first=True, limit=1)] == ["a"]
    assert [one["sk"] for one in table.query("h", index=index, last="1")] == ["b"]


@pytest.mark.parametrize("gone", [("due_pk", "due_sk"), ("due_pk",), ("due_sk",)])
def test_an_item_is_indexed_only_with_both_keys(table: Table, gone: tuple[str, ...]) -> None:
    whole = item(due_pk="h", due_sk="1", list_pk="h", list_sk="1")
    store(table, whole)
    table.write(Put({name: value for name, value in whole.items() if name not in gone}, GUARDED))
    assert places_of(table, "due", "h") == []
    assert places_of(table, "list", "h") == [("1", "s")]
    table.write(Put(whole, GUARDED))
    assert places_of(table, "due", "h") == [("1", "s")]


def test_an_item_moves_in_the_index_with_its_keys(table: Table) -> None:
    store(
        table,
        *(item(f"{n}", list_pk="h", list_sk=f"{n}", due_pk="d", due_sk=f"{n}") for n in range(3)),
    )
    table.write(Put(item("0", list_pk="h", list_sk="7", due_pk="d", due_sk="0"), GUARDED))
    assert places_of(table, "list", "h") == [("1", "1"), ("2", "2"), ("7", "0")]
    table.write(Put(item("1", list_pk="i", list_sk="1", due_pk="d", due_sk="1"), GUARDED))
    assert places_of(table, "list", "h") == [("2", "2"), ("7", "0")]
    assert places_of(table, "list", "i") == [("1", "1")]
    assert places_of(table, "due", "d") == [("0", "0"), ("1", "1"), ("2", "2")]


def test_an_item_stays_indexed_when_it_changes_or_cannot_move(
    table: Table,
) -> None:
    store(table, item(list_pk="h", list_sk="1", version=1))
    table.write(Put(item(list_pk="h", list_sk="1", version=2), GUARDED))
    with pytest.raises(ConflictError):
        table.write(Put(item(list_pk="h", list_sk="2", version=2), {"version": 1}))
    with pytest.raises(ConflictError):
        table.write(
            Put(item(list_pk="h", list_sk="2"), GUARDED), Check("p", "none", {"version": 1})
        )
    assert places_of(table, "list", "h") == [("1", "s")]


def test_items_of_one_place_in_the_index_are_all_there(table: Table) -> None:
    store(table, *(item(f"{n:03d}", list_pk="h", list_sk="1") for n in range(120)))
    table.write(Put(item("007"), GUARDED))
    kept = [f"{n:03d}" for n in range(120) if n != 7]
    for newest_first in (False, True):
        assert (
            sorted(sk for _, sk in places_of(table, "list", "h", newest_first=newest_first)) == kept
        )
    assert places_of(table, "list", "h", first="2") == places_of(table, "list", "h", last="0") == []


# --- a big partition ------------------------------------------------------------------------------

BIG = 300


@on_big_engines
@pytest.mark.parametrize("index", [None, "list"])
def test_a_big_partition_is_read_in_order_within_bounds(table: Table, index: str | None) -> None:
    fill(table)
    read = partial(numbers_of, table, index)
    every = list(range(BIG))
    assert read() == every
    assert read(newest_first=True) == every[::-1]
    for limit in (1, 100, 101, BIG, BIG + 1):
        assert read(limit=limit) == every[:limit]
        assert read(limit=limit, newest_first=True) == every[::-1][:limit]
    for low, high in ((0, 0), (50, 149), (99, 298)):
        bounds = {"first": f"{low:03d}", "last": f"{high:03d}"}
        assert read(**bounds) == every[low : high + 1]
        assert read(**bounds, newest_first=True) == every[low : high + 1][::-1]
        assert read(**bounds, limit=100) == every[low : high + 1][:100]
        assert read(**bounds, limit=100, newest_first=True) == every[low : high + 1][::-1][:100]
    assert read(first="100+") == every[101:]
    assert read(last="100+") == every[:101]


@on_big_engines
@pytest.mark.parametrize("index", [None, "list"])
def test_a_big_partition_is_read_on_after_a_page(table: Table, index: str | None) -> None:
    fill(table)
    forth = numbers_of(table, index, limit=70)
    while len(page := numbers_of(table, index, first=f"{forth[-1]:03d}", limit=71)) > 1:
        forth += page[1:]
    back = numbers_of(table, index, newest_first=True, limit=70)
    while (
        len(page := numbers_of(table, index, newest_first=True, last=f"{back[-1]:03d}", limit=71))
        > 1
    ):
        back += page[1:]
    assert forth == list(range(BIG)) == back[::-1]


@on_big_engines
@pytest.mark.parametrize("newest_first", [False, True])
def test_what_stays_is_read_once_while_others_come_and_go(
    table: Table,
    newest_first: bool,  # noqa: FBT001
) -> None:
    fill(table)
    seen = []
    for one in table.query("p", index="list", newest_first=newest_first):
        place = str(one["list_sk"])
        seen.append(place)
        number = int(place[:3])
        if len(place) > 3 or number % 30:
            continue
        table.write(
            Put(item(f"{place} behind", list_pk="p", list_sk=f"{place}+"), GUARDED),
            Put(item(f"{place} ahead", list_pk="p", list_sk=f"{number + 15:03d}+"), GUARDED),
            Put(item(sk_at(number + 1)), GUARDED),
            Put(item(sk_at(number + 11), list_pk="p", list_sk="900"), GUARDED),
            Put(item(sk_at(number + 21), list_pk="other", list_sk="0"), GUARDED),
        )
    stayed = [f"{number:03d}" for number in range(BIG) if number % 10 != 1]
    assert [place for place in seen if place in set(stayed)] == (
        stayed[::-1] if newest_first else stayed
    )


def fill(table: Table) -> None:
    """A partition of 300 items, and one of the index that has them the other way round."""
    for start in range(0, BIG, 100):
        numbers = range(start, start + 100)
        table.write(
            *(Put(item(sk_at(n), list_pk="p", list_sk=f"{n:03d}"), ABSENT) for n in numbers)
        )


def sk_at(number: int) -> str:
    """The sort key of the item that stands at a place in the index."""
    return f"{BIG - 1 - number:03d}"


def numbers_of(table: Table, index: str | None, **query: Any) -> list[int]:
    """The places of what a query reads, in the table or in the index."""
    return [
        int(str(one["list_sk" if index else "sk"]))
        for one in table.query("p", index=index, **query)
    ]


# --- put ------------------------------------------------------------------------------------------

THERE = item(version=3, name="x", packed=b"\x00", flag=True)


@pytest.mark.parametrize(
    "expect",
    [
        GUARDED,
        {"version": 3},
        {"version": 3, "name": "x"},
        {"gone": None},
        {"version": 3, "gone": None},
        {"packed": b"\x00"},
        {"flag": True},
    ],
)
def test_a_put_replaces_the_whole_item_when_its_expectation_holds(
    table: Table, expect: Expectation
) -> None:
    store(table, THERE)
    table.write(Put(item(version=4), expect))
    assert table.get("p", "s") == item(version=4)


@pytest.mark.parametrize(
    "expect",
    [
        ABSENT,
        {"version": 2},
        {"version": None},
        {"version": 3, "name": "y"},
        {"gone": "x"},
        {"version": "3"},
    ],
)
def test_a_put_whose_expectation_does_not_hold_changes_nothing(
    table: Table, expect: Expectation
) -> None:
    store(table, THERE)
    with pytest.raises(ConflictError) as conflict:
        table.write(Put(item(version=4), expect))
    assert conflict.value.failed == {"s": THERE}
    assert table.get("p", "s") == THERE


@pytest.mark.parametrize("expect", [ABSENT, GUARDED, {"version": None}])
def test_a_put_where_nothing_is(table: Table, expect: Expectation) -> None:
    table.write(Put(item(version=1), expect))
    assert table.get("p", "s") == item(version=1)


def test_a_put_that_expects_a_missing_version_fails_without_item(
    table: Table,
) -> None:
    with pytest.raises(ConflictError) as conflict:
        table.write(Put(item(version=1), {"version": 1}))
    assert conflict.value.failed == {"s": None}
    assert table.get("p", "s") is None


# --- transactions ---------------------------------------------------------------------------------


def test_a_transaction_writes_all(table: Table) -> None:
    store(table, item("checked", version=1))
    table.write(
        Put(item("a"), ABSENT),
        Check("p", "checked", {"version": 1}),
        Put(item("b", pk="q"), GUARDED),
    )
    assert table.get("p", "a") == item("a")
    assert table.get("q", "b") == item("b", pk="q")
    assert table.get("p", "checked") == item("checked", version=1)


def test_a_failed_transaction_writes_nothing_and_says_what_was_there(
    table: Table,
) -> None:
    store(table, item("b", version=1), item("d", version=5))
    with pytest.raises(ConflictError) as conflict:
        table.write(
            Put(item("a"), ABSENT),
            Put(item("b"), ABSENT),
            Check("p", "c", {"version": 1}),
            Check("p", "d", {"version": 5}),
        )
    assert conflict.value.failed == {"b": item("b", version=1), "c": None}
    assert table.get("p", "a") is None
    assert table.get("p", "b") == item("b", version=1)


@pytest.mark.parametrize(
    ("expect", "holds"),
    [
        ({"marketing": True, "suppressed": None}, True),
        ({"marketing": True}, True),
        ({"marketing": False}, False),
        ({"suppressed": "x"}, False),
        (ABSENT, False),
    ],
)
def test_a_check_holds_or_stops_the_write_beside_it(
    table: Table, expect: Expectation, *, holds: bool
) -> None:
    store(table, item("consent", marketing=True))
    writes = (Put(item("a"), ABSENT), Check("p", "consent", expect))
    if holds:
        table.write(*writes)
    else:
        with pytest.raises(ConflictError) as conflict:
            table.write(*writes)
        assert set(conflict.value.failed) == {"consent"}
    assert (table.get("p", "a") is not None) == holds


def test_a_check_of_what_is_not_there(table: Table) -> None:
    table.write(Put(item("a"), ABSENT), Check("p", "none", ABSENT))
    with pytest.raises(ConflictError):
        table.write(Put(item("b"), ABSENT), Check("p", "none", {"marketing": True}))
    assert table.get("p", "b") is None


def test_an_addition_makes_the_item_and_then_adds(table: Table) -> None:
    for number in range(2):
        addition = Add("p", "count", {"sent": 2, "size": number}, {"schema": 1})
        table.write(Put(item(f"{number}"), ABSENT), addition)
    assert table.get("p", "count") == item("count", sent=4, size=1, schema=1)


def test_an_addition_is_made_with_the_writes_beside_it_alone(table: Table) -> None:
    store(table, item("a"))
    with pytest.raises(ConflictError) as conflict:
        table.write(Put(item("a"), ABSENT), Add("p", "count", {"sent": 1}))
    assert set(conflict.value.failed) == {"a"}
    assert table.get("p", "count") is None


# --- a busy table ---------------------------------------------------------------------------------


def test_a_seeded_table_is_sometimes_busy_and_then_writes_nothing() -> None:
    table, busy = MemoryTable(), 0
    table.be_busy(1)
    for number in range(200):
        try:
            table.write(Put(item(f"{number}"), ABSENT))
        except ConflictError as conflict:
            busy += not conflict.failed
            assert table.get("p", f"{number}") is None
        else:
            assert table.get("p", f"{number}") is not None
    assert 10 <= busy <= 50


def test_one_seed_is_one_history() -> None:
    def history(seed: int) -> list[bool]:
        table, written = MemoryTable(), []
        table.be_busy(seed)
        for number in range(50):
            with suppress(ConflictError):
                table.write(Put(item(f"{number}"), ABSENT))
            written.append(table.get("p", f"{number}") is not None)
        return written

    assert history(7) == history(7) != history(8)


def test_the_memory_tables_stream_shows_new_items_only() -> None:
    table = MemoryTable()
    store(table, item("a"))
    table.write(Put(item("a", version=2), GUARDED))
    table.write(Put(item("b"), ABSENT), Check("p", "c", ABSENT))
    assert table.inserted == [item("a"), item("b")]


# --- deleting -------------------------------------------------------------------------------------


def test_what_is_deleted_is_gone_from_table_and_indexes(table: Table) -> None:
    store(table, item("s", list_pk="l", list_sk="1"), item("t"))
    table.write(Delete("p", "s", GUARDED))
    assert table.get("p", "s") is None
    assert keys_of(table) == ["t"]
    assert places_of(table, "list", "l") == []


def test_what_is_not_there_is_deleted_without_harm(table: Table) -> None:
    table.write(Delete("p", "s", GUARDED))
    assert table.get("p", "s") is None


def test_a_delete_whose_expectation_does_not_hold_changes_nothing(table: Table) -> None:
    store(table, item(version=2))
    with pytest.raises(ConflictError) as conflict:
        table.write(Delete("p", "s", {"version": 1}, name="ours"))
    assert conflict.value.failed == {"ours": item(version=2)}
    assert table.get("p", "s") == item(version=2)


def test_deletes_of_a_transaction_are_all_done_or_none(table: Table) -> None:
    store(table, item("a"), item("b"), item("checked", version=1))
    deletes = [Delete("p", "a", GUARDED), Delete("p", "b", GUARDED)]
    with pytest.raises(ConflictError):
        table.write(Check("p", "checked", {"version": 2}), *deletes)
    assert keys_of(table) == ["a", "b", "checked"]
    table.write(Check("p", "checked", {"version": 1}), *deletes, Put(item("c"), ABSENT))
    assert keys_of(table) == ["c", "checked"]
