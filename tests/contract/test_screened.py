"""The store of spam, on all engines: kept under keys of its own, listed, released once."""

from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.capture.joining import Claim, SubmissionReceipt
from chalicelib.capture.screening.kept import KeptForm
from chalicelib.capture.screening.screening import Flooding
from chalicelib.capture.screening.verdict import Candidate
from chalicelib.consent.consent import Consent
from chalicelib.errors import ConflictError, ThrottledError
from chalicelib.events import Owner, lead_partition
from chalicelib.store import keys
from chalicelib.store.arrivals import Arrivals
from chalicelib.store.captured import Captured
from chalicelib.store.consents import Consents
from chalicelib.store.events import Events
from chalicelib.store.floods import Floods
from chalicelib.store.histories import Histories
from chalicelib.store.screened import ScreenedForms, kept_of
from chalicelib.store.table import Item, Table, Write
from tests import factories as make
from tests.factories import LEAD_ID, VISITOR
from tests.fakes import NOW, MemoryTable

PROOF = make.proof(said="what I saw", form="demo", form_version=3, page="https://x.example/")
LATER = NOW + timedelta(days=1)


def kept(n: int = 0, *, lead_id: str = LEAD_ID, ticked: bool = True) -> KeptForm:
    event = make.form(
        days_ago=9 - n, partition=lead_partition(lead_id), screened="honeypot", joins=(VISITOR,)
    )
    return KeptForm(event=event, proof=PROOF if ticked else None)


def keep(table: Table, *forms: KeptForm) -> None:
    for number, one in enumerate(forms):
        receipt = SubmissionReceipt("demo", f"s{number}{one.event.id}", None, "hash")
        lead_id = one.event.partition.removeprefix("LEAD#")
        Captured(table, lambda: "key").keep(one, lead_id=lead_id, receipt=receipt)


def release(table: Table, one: KeptForm) -> None:
    form = make.form(n=7, joins=(VISITOR,))
    Captured(table, lambda: "key").release(
        one,
        [form],
        lead_id=LEAD_ID,
        claims=[Claim(VISITOR, None, Owner(LEAD_ID))],
        proof=PROOF,
    )


def test_a_screened_form_is_read_as_it_was_kept(table: Table) -> None:
    keep(table, kept(), kept(1, ticked=False))
    store = ScreenedForms(table)
    assert store.one(LEAD_ID, kept().event.id) == kept()
    assert store.of_lead(LEAD_ID, 9) == [kept(1, ticked=False), kept()]
    assert store.of_lead(LEAD_ID, 1) == [kept(1, ticked=False)]
    assert store.one(LEAD_ID, "1-2") is None


def test_nothing_counts_a_screened_form(table: Table) -> None:
    keep(table, kept())
    assert list(Events(table).of(lead_partition(LEAD_ID))) == []
    assert Events(table).owner(VISITOR) is None
    assert Consents(table, make.mailbox).read(LEAD_ID) == Consent()
    found = Histories(table).of_lead(LEAD_ID)
    assert found.events == [kept().event]
    assert found.proofs == []


def test_a_visitor_that_a_screened_form_wanted_is_not_shown(table: Table) -> None:
    Events(table).append(make.page(partition=VISITOR))
    keep(table, kept())
    assert Histories(table).of_lead(LEAD_ID).events == [kept().event]


def test_a_repeat_keeps_nothing_more(table: Table) -> None:
    keep(table, kept())
    with pytest.raises(ConflictError):
        keep(table, kept())


def test_a_release_is_whole_and_once(table: Table) -> None:
    keep(table, kept())
    release(table, kept())
    assert list(Events(table).of(lead_partition(LEAD_ID))) == [make.form(n=7, joins=(VISITOR,))]
    assert Events(table).owner(VISITOR) == Owner(LEAD_ID)
    assert Consents(table, make.mailbox).read(LEAD_ID).marketing
    assert ScreenedForms(table).waiting("", 9) == []
    assert ScreenedForms(table).of_lead(LEAD_ID, 9) == []
    one = ScreenedForms(table).one(LEAD_ID, kept().event.id)
    assert one == replace(kept(), released_at=make.form(n=7).captured_at)
    with pytest.raises(ConflictError):
        release(table, kept())


def test_what_was_erased_is_not_released(table: Table) -> None:
    with pytest.raises(ConflictError):
        release(table, kept())
    assert list(table.query(lead_partition(LEAD_ID))) == []


def test_spam_of_many_leads_is_listed_in_one_order(table: Table) -> None:
    forms = [kept(n, lead_id=f"{'ABCDEFGH'[n]}" * 26) for n in range(8)]
    keep(table, *forms)
    store = ScreenedForms(table)
    pages: list[KeptForm] = []
    place = ""
    while found := store.waiting(place, 3):
        pages += [one for _, one in found]
        place = found[-1][0]
    assert pages == sorted(forms, key=lambda one: one.event.captured_at, reverse=True)


# --- floods ---------------------------------------------------------------------------------------

CANDIDATE = Candidate(form_id="demo", address="ann@acme.example", now=NOW)


@pytest.mark.parametrize("of", Flooding)
def test_a_small_number_is_counted_exactly(table: Table, of: Flooding) -> None:
    workers = [Floods(Arrivals(table, f"key{number}")) for number in range(2)]
    found = [workers[n % 2].is_flood(of, "one", 3, CANDIDATE) for n in range(5)]
    assert found == [False, False, False, True, True]
    assert not workers[0].is_flood(of, "another", 3, CANDIDATE)


def test_a_flood_is_over_the_next_day(table: Table) -> None:
    floods = Floods(Arrivals(table, "key"))
    for _ in range(3):
        floods.is_flood(Flooding.MAILBOX, "one", 1, CANDIDATE)
    tomorrow = Candidate(form_id="demo", address="ann@acme.example", now=LATER)
    assert not floods.is_flood(Flooding.MAILBOX, "one", 1, tomorrow)


class CountingTable(MemoryTable):
    """Counts what is written."""

    written = 0

    def write(self, *writes: Write) -> None:
        self.written += len(writes)
        super().write(*writes)


def test_an_honest_form_costs_a_fraction_of_a_write() -> None:
    table = CountingTable()
    floods = Floods(Arrivals(table, "key"))
    for _ in range(120):
        assert not floods.is_flood(Flooding.NETWORK, "one", 200, CANDIDATE)
    assert table.written == 120 / 12


def test_a_flood_above_its_limit_costs_no_write() -> None:
    table = CountingTable()
    floods = Floods(Arrivals(table, "key"))
    for _ in range(1_000):
        floods.is_flood(Flooding.NETWORK, "one", 48, CANDIDATE)
    assert table.written <= 48 / 3 + 1


def test_a_busy_table_is_no_flood() -> None:
    class BusyTable(MemoryTable):
        def write(self, *writes: Write) -> None:
            assert writes
            raise ThrottledError

    assert not Floods(Arrivals(BusyTable(), "key")).is_flood(Flooding.NETWORK, "one", 1, CANDIDATE)


def test_the_counter_holds_nothing_but_numbers(table: Table) -> None:
    Floods(Arrivals(table, "key")).is_flood(Flooding.NETWORK, "abc", 1, CANDIDATE)
    item = table.get(keys.network("abc"), keys.ARRIVALS)
    assert item is not None
    assert item.keys() <= {
        "pk", "sk", "schema", "day", "number", "before", "expires_at_epoch_s",
    }  # fmt: skip


def test_what_a_later_version_keeps_can_be_read() -> None:
    """A reason that this version does not know (a rollback): the form is listed all the same."""
    item: Item = {
        "pk": lead_partition(LEAD_ID),
        "sk": keys.screened(kept().event.id),
        "schema": keys.SCHEMA,
        "kind": "form",
        "name": "demo",
        "at_ms": 1,
        "captured_at_ms": 1,
        "screened": "a reason of tomorrow",
    }
    assert kept_of(item).event.screened == "a reason of tomorrow"
