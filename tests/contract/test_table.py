"""What every table does, in memory and on DynamoDB alike."""

from contextlib import suppress

import pytest

from chalicelib.errors import ConflictError
from chalicelib.store.table import ABSENT, GUARDED, Check, Expectation, Item, Put, Table
from tests.fakes import MemoryTable
from tests.moto_table import moto_client, table_properties


def item(sk: str = "s", pk: str = "p", **more: str | int | bool | bytes) -> Item:
    return {"pk": pk, "sk": sk, **more}


def store(table: Table, *items: Item) -> None:
    for one in items:
        table.write(Put(one, ABSENT))


def keys_of(table: Table, **query: object) -> list[str]:
    return [str(one["sk"]) for one in table.query("p", **query)]  # type: ignore[arg-type]


# --- the deployed template ------------------------------------------------------------------------------------------


def test_the_tests_table_is_the_templates() -> None:
    with moto_client() as client:
        made = client.describe_table(TableName="baton")["Table"]
        ttl = client.describe_time_to_live(TableName="baton")["TimeToLiveDescription"]
    assert [index["IndexName"] for index in made["GlobalSecondaryIndexes"]] == ["list", "due"]
    assert {index["Projection"]["ProjectionType"] for index in made["GlobalSecondaryIndexes"]} == {"KEYS_ONLY"}
    assert made["StreamSpecification"] == {"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"}
    assert ttl["AttributeName"] == table_properties()["TimeToLiveSpecification"]["AttributeName"]


# --- get ------------------------------------------------------------------------------------------------------------


def test_what_was_put_is_got_with_its_types(table: Table) -> None:
    whole = item(text="ünï 😀", empty="", number=-7, large=10**15, yes=True, no=False, packed=bytes(range(256)))
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


def test_many_are_got_beyond_a_hundred_and_the_missing_left_out(table: Table) -> None:
    store(table, *(item(f"{n:03d}") for n in range(150)))
    found = table.get_many([("p", f"{n:03d}") for n in range(50, 200)])
    assert sorted(str(one["sk"]) for one in found) == [f"{n:03d}" for n in range(50, 150)]


def test_what_is_asked_for_twice_is_got_once(table: Table) -> None:
    store(table, item("s"))
    assert table.get_many([("p", "s"), ("p", "s")]) == [item("s")]


def test_none_of_no_keys_are_got(table: Table) -> None:
    assert table.get_many([]) == []


# --- query ----------------------------------------------------------------------------------------------------------


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
def test_a_range_includes_both_of_its_ends(table: Table, first: str, last: str, found: list[str]) -> None:
    store(table, *(item(sk) for sk in ("a", "b", "b#1", "c")))
    assert keys_of(table, first=first, last=last) == found
    assert keys_of(table, first=first, last=last, newest_first=True) == found[::-1]


def test_keys_are_ordered_by_their_bytes(table: Table) -> None:
    names = ["Z", "a", "z", "é", "\uffff", "😀"]  # UTF-16 would put the last before the one before it
    store(table, *(item(sk) for sk in reversed(names)))
    assert keys_of(table) == names


@pytest.mark.parametrize(("limit", "found"), [(1, ["a"]), (2, ["a", "b"]), (9, ["a", "b", "c"])])
def test_a_limit_bounds_what_is_read(table: Table, limit: int, found: list[str]) -> None:
    store(table, item("a"), item("b"), item("c"))
    assert keys_of(table, limit=limit) == found
    assert len(keys_of(table, limit=limit, newest_first=True)) == len(found)


def test_pages_of_a_megabyte_are_read_on_and_a_limit_holds_across_them(table: Table) -> None:
    store(table, *(item(f"{n:02d}", text="x" * 300_000) for n in range(8)))
    assert keys_of(table) == [f"{n:02d}" for n in range(8)]
    assert keys_of(table, limit=6) == [f"{n:02d}" for n in range(6)]
    assert keys_of(table, limit=6, newest_first=True) == [f"{n:02d}" for n in range(7, 1, -1)]


@pytest.mark.parametrize("index", ["list", "due"])
def test_an_index_holds_only_items_with_both_its_keys_and_gives_keys_only(table: Table, index: str) -> None:
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


def test_an_item_leaves_the_index_with_its_keys(table: Table) -> None:
    store(table, item(due_pk="h", due_sk="1"))
    table.write(Put(item(), GUARDED))
    assert list(table.query("h", index="due")) == []


# --- put ------------------------------------------------------------------------------------------------------------

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
def test_a_put_replaces_the_whole_item_when_its_expectation_holds(table: Table, expect: Expectation) -> None:
    store(table, THERE)
    table.write(Put(item(version=4), expect))
    assert table.get("p", "s") == item(version=4)


@pytest.mark.parametrize(
    "expect",
    [ABSENT, {"version": 2}, {"version": None}, {"version": 3, "name": "y"}, {"gone": "x"}, {"version": "3"}],
)
def test_a_put_whose_expectation_does_not_hold_changes_nothing(table: Table, expect: Expectation) -> None:
    store(table, THERE)
    with pytest.raises(ConflictError) as conflict:
        table.write(Put(item(version=4), expect))
    assert conflict.value.failed == {0: THERE}
    assert table.get("p", "s") == THERE


@pytest.mark.parametrize("expect", [ABSENT, GUARDED, {"version": None}])
def test_a_put_where_nothing_is(table: Table, expect: Expectation) -> None:
    table.write(Put(item(version=1), expect))
    assert table.get("p", "s") == item(version=1)


def test_a_put_that_expects_a_version_where_nothing_is_fails_without_an_old_item(table: Table) -> None:
    with pytest.raises(ConflictError) as conflict:
        table.write(Put(item(version=1), {"version": 1}))
    assert conflict.value.failed == {0: None}
    assert table.get("p", "s") is None


# --- transactions ---------------------------------------------------------------------------------------------------


def test_a_transaction_writes_all(table: Table) -> None:
    store(table, item("checked", version=1))
    table.write(Put(item("a"), ABSENT), Check("p", "checked", {"version": 1}), Put(item("b", pk="q"), GUARDED))
    assert table.get("p", "a") == item("a")
    assert table.get("q", "b") == item("b", pk="q")
    assert table.get("p", "checked") == item("checked", version=1)


def test_a_transaction_writes_nothing_when_one_fails_and_says_which_and_what_was_there(table: Table) -> None:
    store(table, item("b", version=1), item("d", version=5))
    with pytest.raises(ConflictError) as conflict:
        table.write(
            Put(item("a"), ABSENT),
            Put(item("b"), ABSENT),
            Check("p", "c", {"version": 1}),
            Check("p", "d", {"version": 5}),
        )
    assert conflict.value.failed == {1: item("b", version=1), 2: None}
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
def test_a_check_holds_or_stops_the_write_beside_it(table: Table, expect: Expectation, holds: bool) -> None:  # noqa: FBT001
    store(table, item("consent", marketing=True))
    writes = (Put(item("a"), ABSENT), Check("p", "consent", expect))
    if holds:
        table.write(*writes)
    else:
        with pytest.raises(ConflictError) as conflict:
            table.write(*writes)
        assert set(conflict.value.failed) == {1}
    assert (table.get("p", "a") is not None) == holds


def test_a_check_of_what_is_not_there(table: Table) -> None:
    table.write(Put(item("a"), ABSENT), Check("p", "none", ABSENT))
    with pytest.raises(ConflictError):
        table.write(Put(item("b"), ABSENT), Check("p", "none", {"marketing": True}))
    assert table.get("p", "b") is None


# --- a busy table ---------------------------------------------------------------------------------------------------


def test_a_seeded_table_is_busy_now_and_then_and_then_writes_nothing() -> None:
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


def test_the_stream_of_the_table_in_memory_shows_new_items_only() -> None:
    table = MemoryTable()
    store(table, item("a"))
    table.write(Put(item("a", version=2), GUARDED))
    table.write(Put(item("b"), ABSENT), Check("p", "c", ABSENT))
    assert table.inserted == [item("a"), item("b")]
