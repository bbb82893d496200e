"""Lists of leads in the store, on every engine: by stage, all of them in an order that never
changes, and off them.
"""

from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.errors import ConflictError
from chalicelib.leads.lead import Lead
from chalicelib.lifecycle.stages import Stage, Standing
from chalicelib.qualify.reactions import LeadChange
from chalicelib.store import keys
from chalicelib.store.table import Table
from tests import factories as make
from tests.contract.test_leads import leads, put_lead
from tests.engines import on_big_engines
from tests.factories import LEAD_ID, all_due
from tests.fakes import NOW

# --- lists ----------------------------------------------------------------------------------------


def test_a_stage_lists_its_leads_best_stored_score_first(table: Table) -> None:
    totals = {"A001": 5_000, "B002": -9_000, "C003": 90_000, "D004": 0, "E005": 5_001}
    for lead_id, total in totals.items():
        put_lead(table, make.lead(lead_id=lead_id, version=1, total=total))
    put_lead(table, make.lead(lead_id="F006", version=1, standing=Standing(stage=Stage.SQL)))
    assert leads(table).in_stage(Stage.LEAD, 10) == (
        ["C003", "E005", "A001", "D004", "B002"],
        False,
    )
    assert leads(table).in_stage(Stage.LEAD, 2) == (["C003", "E005"], True)
    assert leads(table).in_stage(Stage.CUSTOMER, 2) == ([], False)


def walk(table: Table, most: int) -> list[str]:
    """Every lead, shard by shard and page by page."""
    found: list[str] = []
    for shard in range(keys.LEAD_SHARDS):
        after = ""
        while page := leads(table).every(shard, after, most):
            assert len(page) <= most
            found += page
            after = page[-1]
    return found


IDS = [f"LEAD{number:04d}" for number in range(70)]


@on_big_engines
def test_a_walk_finds_each_lead_once_whatever_the_page_size(
    table: Table,
) -> None:
    for number, lead_id in enumerate(IDS):
        stage = list(Stage)[number % len(Stage)]
        put_lead(
            table,
            make.lead(lead_id=lead_id, version=1, total=-number, standing=Standing(stage=stage)),
        )
    whole = walk(table, 100)
    assert sorted(whole) == IDS
    for shard in range(keys.LEAD_SHARDS):
        of_shard = leads(table).every(shard, "", 100)
        assert of_shard == sorted(one for one in IDS if keys.shard(one, keys.LEAD_SHARDS) == shard)
    assert walk(table, 1) == walk(table, 2) == walk(table, 3) == whole


@on_big_engines
def test_a_lead_that_moves_keeps_its_place_in_the_walk(table: Table) -> None:
    """A lead that moves while the walk goes on is neither left out nor found twice."""
    for lead_id in IDS:
        put_lead(table, make.whole_lead(lead_id=lead_id))
    whole, seen = walk(table, 100), list[str]()
    for shard in range(keys.LEAD_SHARDS):
        after = ""
        while page := leads(table).every(shard, after, 2):
            seen += page
            after = page[-1]
            for lead_id in page:
                before = leads(table).read(lead_id)
                standing = replace(before.standing, stage=Stage.CUSTOMER)
                moved = replace(
                    before, version=2, total=before.total + 9_000, standing=standing, profile={}
                )
                leads(table).write(before, moved, LeadChange())
    assert seen == whole == walk(table, 100)


# --- two leads that are one -----------------------------------------------------------------------


def absorb(table: Table, other: Lead) -> Lead:
    """Make another lead one with ours, as a merge does. How the other stands then."""
    before = leads(table).read(LEAD_ID)
    absorbed = replace(other, version=other.version + 1, merged_into=LEAD_ID, review_on=None)
    change = LeadChange(absorbed=(other, absorbed))
    leads(table).write(before, replace(make.whole_lead(), version=before.version + 1), change)
    return absorbed


def test_an_absorbed_lead_leaves_all_lists_and_names_the_survivor(table: Table) -> None:
    other = make.whole_lead(lead_id="OTHER")
    put_lead(table, make.whole_lead())
    put_lead(table, other)
    leads(table).request_replay(other, NOW)
    absorb(table, leads(table).read("OTHER"))
    assert leads(table).in_stage(Stage.MQL, 10) == ([LEAD_ID], False)
    assert walk(table, 10) == [LEAD_ID]
    assert {due.lead_id for due in all_due(table, NOW + timedelta(days=400))} == {LEAD_ID}
    assert leads(table).read("OTHER").merged_into == LEAD_ID


def test_an_absorbed_lead_is_read_as_it_was(table: Table) -> None:
    other = make.whole_lead(lead_id="OTHER")
    put_lead(table, make.whole_lead())
    put_lead(table, other)
    absorbed = absorb(table, other)
    assert leads(table).read("OTHER") == absorbed


def test_a_lead_of_which_nothing_was_derived_can_be_absorbed(table: Table) -> None:
    put_lead(table, make.whole_lead())
    absorb(table, make.lead(lead_id="OTHER"))
    assert leads(table).read("OTHER").merged_into == LEAD_ID
    assert walk(table, 10) == [LEAD_ID]


@pytest.mark.parametrize("what", ["written", "asked for a replay"])
def test_a_lead_to_which_something_happened_meanwhile_is_not_absorbed(
    table: Table, what: str
) -> None:
    other = make.whole_lead(lead_id="OTHER")
    put_lead(table, make.whole_lead())
    put_lead(table, other)
    leads(table).request_replay(other, NOW)
    read = leads(table).read("OTHER")
    if what == "written":
        leads(table).write(read, replace(read, version=2), LeadChange())
    else:
        leads(table).request_replay(read, NOW)
    with pytest.raises(ConflictError):
        absorb(table, read)
    assert leads(table).read(LEAD_ID) == make.whole_lead()
    assert leads(table).read("OTHER").merged_into is None
