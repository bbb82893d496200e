"""A copy of a table that is written to answers as the table would, and leaves it as it was."""

from hypothesis import given, settings
from hypothesis import strategies as some

from chalicelib.errors import ConflictError
from chalicelib.store.rehearsed import RehearsedTable
from chalicelib.store.table import ABSENT, GUARDED, Add, Check, Delete, Item, Put, Table, Write
from tests.fakes import MemoryTable
from tests.sizes import SIZES

PKS = some.sampled_from(["p", "q"])
SKS = some.sampled_from(list("abcdef"))


@some.composite
def items(draw: some.DrawFn) -> Item:
    pk, sk = draw(PKS), draw(SKS)
    item: Item = {"pk": pk, "sk": sk, "n": draw(some.integers(0, 3))}
    if draw(some.booleans()):
        item |= {"due_pk": "d", "due_sk": f"{draw(SKS)}#{pk}{sk}"}
    return item


@some.composite
def writes(draw: some.DrawFn) -> Write:
    item = draw(items())
    pk, sk = str(item["pk"]), str(item["sk"])
    expect = draw(some.sampled_from([GUARDED, ABSENT, {"n": item["n"]}]))
    every: list[Write] = [
        Put(item, expect),
        Check(pk, sk, expect),
        Delete(pk, sk, expect),
        Add(pk, sk, {"n": 1}, {"schema": 1}),
    ]
    return draw(some.sampled_from(every))


reads = some.tuples(
    PKS | some.just("d"),
    SKS | some.just(""),
    SKS | some.just(""),
    some.booleans(),
    some.sampled_from([None, 1, 2, 5]),
)


def done(table: Table, write: Write) -> list[str] | None:
    try:
        table.write(write)
    except ConflictError as conflict:
        return sorted(conflict.failed)
    return None


@given(
    before=some.lists(items(), max_size=6),
    steps=some.lists(some.tuples(writes(), reads), max_size=12),
)
@settings(max_examples=SIZES.cases, deadline=None)
def test_a_copy_answers_as_the_table_would(
    before: list[Item], steps: list[tuple[Write, tuple[str, str, str, bool, int | None]]]
) -> None:
    base = MemoryTable()
    plain = MemoryTable()
    for item in before:
        base.write(Put(item, GUARDED))
        plain.write(Put(item, GUARDED))
    kept = dict(base.items)
    copy = RehearsedTable(base)
    for write, (pk, first, last, newest_first, limit) in steps:
        assert done(copy, write) == done(plain, write)
        index = "due" if pk == "d" else None
        found = [
            list(
                table.query(
                    pk, first=first, last=last, newest_first=newest_first, limit=limit, index=index
                )
            )
            for table in (copy, plain)
        ]
        assert found[0] == found[1]
        places = [("p", "a"), ("q", "b"), ("p", "a"), ("p", "f")]
        one, other = copy.get_many(places), plain.get_many(places)
        assert one == other
        assert [copy.get(*place) for place in places] == [plain.get(*place) for place in places]
    assert dict(base.items) == kept
