"""The named methods of the store, on every engine: what a room asks of it, and what it answers.

Leads, versions of the model and what is due have files of their own.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from hashlib import sha256

import pytest

from chalicelib.capture.joining import ROOM, Admission, Claim, SubmissionReceipt
from chalicelib.consent.consent import (
    CONSENT_ONLY,
    BasisKind,
    Consent,
    Proof,
    SuppressionReason,
    given,
)
from chalicelib.delivery import outbox
from chalicelib.delivery.holding import switched_off
from chalicelib.delivery.message_keys import parse_key
from chalicelib.delivery.outbox import MessageState, OutboxMessage, Via
from chalicelib.delivery.reasons import NotSentReason
from chalicelib.editing.version import DocumentVersion
from chalicelib.errors import ConflictError
from chalicelib.events import (
    Event,
    Join,
    Kind,
    Owner,
    Rank,
    epoch_ms,
    lead_partition,
    user_partition,
)
from chalicelib.leads.lead import Lead
from chalicelib.qualify.reactions import LeadChange, Plan
from chalicelib.store import histories, keys
from chalicelib.store.captured import Captured
from chalicelib.store.consent_items import proof_item
from chalicelib.store.consents import Consents, put_consent, put_proof
from chalicelib.store.documents import Documents
from chalicelib.store.events import Events, put_event
from chalicelib.store.histories import Histories
from chalicelib.store.joins import put_join, put_owner
from chalicelib.store.leads import Leads
from chalicelib.store.outbox import Outbox, put_message
from chalicelib.store.outbox_items import message_item, message_of
from chalicelib.store.stream import Quarantine
from chalicelib.store.switches import Switches
from chalicelib.store.table import ABSENT, GUARDED, Item, Put, Table
from chalicelib.store.transition_items import transition_item
from chalicelib.switches import Switch, SwitchState
from tests import factories as make
from tests.engines import on_big_engines
from tests.factories import LEAD_ID, MINUTE, VISITOR
from tests.fakes import NOW, TRANSACTION_MAX_WRITES, FakeClock

OWN = lead_partition(LEAD_ID)
SUBMISSION = "SUBMISSION#" + sha256(b"demo\ns1").hexdigest()


def shard_of_due(lead_id: str) -> int:
    return keys.shard(lead_id, keys.DUE_SHARDS)


def write_all(table: Table, events: Sequence[Event]) -> None:
    for start in range(0, len(events), TRANSACTION_MAX_WRITES):
        table.write(*map(put_event, events[start : start + TRANSACTION_MAX_WRITES]))


# --- events ---------------------------------------------------------------------------------------


def test_an_event_is_stored_once_and_read_as_it_was(table: Table) -> None:
    events = Events(table)
    whole = make.event(
        Kind.FORM,
        "demo",
        partition=OWN,
        captured_at=NOW + MINUTE,
        properties={"path": "/ü", "number": 1.5, "yes": True, "whole": 3},
        campaign={"source": "google"},
        fields={"email": "a@b.example", "message": "one\ntwo"},
        joins=(VISITOR, user_partition("7")),
        rank=Rank.CONFIRMED,
        browser_rank=Rank.OWN_BROWSER,
    )
    assert events.append(whole) is True
    assert events.append(replace(whole, name="another")) is False
    assert list(events.of(OWN)) == [whole]


def test_a_bare_event_is_read_as_it_was(table: Table) -> None:
    Events(table).append(make.event())
    assert list(Events(table).of(VISITOR)) == [make.event()]


def test_only_pings_are_forgotten_after_the_horizon(table: Table) -> None:
    pings = [make.page(), make.event(Kind.IDENTIFY, partition=OWN)]
    others = [
        make.form(),
        make.event(Kind.MAIL, "delivered", partition=OWN),
        make.download("guide", partition=OWN),
    ]
    write_all(table, pings + others)
    ids = {keys.event(event.id) for event in pings}
    items = [*table.query(VISITOR), *table.query(OWN)]
    expiring = [item for item in items if "expires_at_epoch_s" in item]
    assert {str(item["sk"]) for item in expiring} == ids
    at_horizon = int((NOW + timedelta(days=400)).timestamp())
    assert {item["expires_at_epoch_s"] for item in expiring} == {at_horizon}


def test_events_come_newest_first_and_without_the_visitors_owner(table: Table) -> None:
    table.write(put_owner(VISITOR, OWNER))
    write_all(table, [make.page(days_ago=ago) for ago in (3, 1, 2)])
    assert [event.at for event in Events(table).of(VISITOR)] == [
        NOW - timedelta(days=ago) for ago in (1, 2, 3)
    ]


def test_a_visitor_has_one_owner_or_none(table: Table) -> None:
    events = Events(table)
    assert events.owner(VISITOR) is None
    table.write(put_owner(VISITOR, OWNER))
    assert events.owner(VISITOR) == OWNER
    with pytest.raises(ConflictError):
        table.write(put_owner(VISITOR, Owner("ANOTHER")))


def test_a_timeline_shares_its_room_among_the_visitors(
    table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(histories, "TIMELINE_MAX_EVENTS", 6)
    for visitor in (VISITOR, "VISITOR#v2"):
        table.write(put_join(Join(visitor, LEAD_ID, NOW)))
        write_all(table, [make.page(partition=visitor, n=n, days_ago=n) for n in range(5)])
    found = Histories(table).of_lead(LEAD_ID)
    events = found.events
    assert found.is_truncated
    assert len(events) == 6
    assert {event.partition for event in events} == {VISITOR, "VISITOR#v2"}


@on_big_engines
def test_events_are_read_from_a_place_on(table: Table) -> None:
    early = [make.page(n=n, at=NOW - n * MINUTE) for n in range(1, 1_011)]
    late = [
        make.page(n=n, at=NOW - n * MINUTE, captured_at=NOW + MINUTE) for n in range(2_000, 2_003)
    ]
    write_all(table, [*early, *late])
    since = NOW - timedelta(days=2)
    assert Events(table).joined(VISITOR, NOW, since, most=1_000) == early[:1_000]
    assert Events(table).joined(VISITOR, NOW, NOW - 5 * MINUTE, most=1_000) == early[:5]
    assert list(Events(table).of(VISITOR, before=early[1_005].id)) == [*early[1_006:], *late]


def test_recent_events_are_the_leads_and_its_visitors_newest_first(
    table: Table,
) -> None:
    form = make.form(joins=(VISITOR,), days_ago=1)
    write_all(table, [form, *(make.page(n=n, days_ago=n) for n in range(30))])
    recent = Events(table).recent(LEAD_ID)
    assert len(recent) == 20
    assert form in recent
    assert recent == sorted(recent, key=lambda event: event.captured_at, reverse=True)


def test_a_client_cannot_choose_its_place_among_recent_events(table: Table) -> None:
    """It says when it happened; when it was captured is ours to say."""
    form = make.form(joins=(VISITOR,), at=NOW, captured_at=NOW)
    backdated = make.page(n=1, at=NOW - 300 * MINUTE, captured_at=NOW + MINUTE)
    older = make.page(n=2, at=NOW - 2 * MINUTE, captured_at=NOW - MINUTE)
    write_all(table, [form, backdated, older])
    assert Events(table).recent(LEAD_ID) == [backdated, form, older]


def test_the_event_that_a_notice_is_about_is_first(table: Table) -> None:
    """However many came after it, and whatever times they say."""
    form = make.form(joins=(VISITOR,), days_ago=1)
    pages = [make.page(n=n, at=NOW + n * MINUTE) for n in range(50)]
    forms = [make.form("other", n=100 + n, at=NOW + n * MINUTE) for n in range(50)]
    write_all(table, [form, *pages, *forms])
    recent = Events(table).recent(LEAD_ID, (form.partition, form.id))
    assert recent[0] == form
    assert len(recent) == 20
    assert recent.count(form) == 1
    gone = Events(table).recent(LEAD_ID, (form.partition, f"{0:013d}-{0:016x}"))
    assert len(gone) == 20


def test_many_claimed_visitors_make_no_notice_slow(table: Table) -> None:
    """Whoever types somebody's address may claim two hundred ids for it."""
    joins = [Join(f"VISITOR#v{n}", LEAD_ID, NOW - n * MINUTE) for n in range(30)]
    table.write(*map(put_join, joins))
    visits = [make.page(partition=join.visitor, at=join.captured_at) for join in joins]
    write_all(table, visits)
    assert Events(table).recent(LEAD_ID) == visits[:20]
    (oldest,) = Events(table).recent(LEAD_ID, (visits[29].partition, visits[29].id))[:1]
    assert oldest == visits[29]


def test_an_accepted_event_joins_its_visitors_for_good(table: Table) -> None:
    form = make.form(joins=(VISITOR,))
    accept(table, events=[form])
    (item,) = table.query(OWN, first="JOIN#", last="JOIN#~")
    assert "expires_at_epoch_s" not in item
    assert Events(table).joins(LEAD_ID) == [Join(VISITOR, LEAD_ID, form.captured_at)]


def test_recent_events_know_joins_whose_event_is_long_past(table: Table) -> None:
    join = Join(VISITOR, LEAD_ID, NOW)
    table.write(put_join(join))
    write_all(table, [make.page()])
    assert Events(table).recent(LEAD_ID) == [make.page()]
    events, *_ = Histories(table).of_lead(LEAD_ID)
    assert events == [make.page()]


def test_a_visitor_with_two_thousand_daily_events_is_shared(table: Table) -> None:
    """Also on the day after: a shared id does not become somebody's at midnight."""
    captured = Captured(table, lambda: "key")
    captured.admit(VISITOR, 1_900, NOW)
    assert not captured.is_shared(VISITOR, NOW)
    captured.admit(VISITOR, 200, NOW)
    day = timedelta(days=1)
    shared = [captured.is_shared(VISITOR, NOW + after * day) for after in range(3)]
    assert shared == [True, True, False]


def test_a_partition_admits_the_pings_of_a_day(table: Table) -> None:
    captured = Captured(table, lambda: "key")
    admitted = [captured.admit(VISITOR, 100, NOW) for _ in range(10)]
    assert admitted[:5] == [100] * 5
    assert 500 <= sum(admitted) <= 625
    assert captured.admit(user_partition("7"), 100, NOW) == 100
    assert captured.admit(VISITOR, 100, NOW + timedelta(days=1)) == 100


def test_two_hundred_forms_of_a_lead_count_on_a_day(table: Table) -> None:
    captured = Captured(table, lambda: "key")
    table.write(Put(counts(forms=198, joins=0, first="s0"), ABSENT))
    by_strangers = [admit(captured, rank=Rank.FORM).counts for _ in range(4)]
    assert by_strangers == [True] * 2 + [False] * 2
    by_herself = [admit(captured).counts for _ in range(22)]
    assert by_herself == [True] * 20 + [False] * 2, "strangers cannot shut her out"
    assert not admit(captured, rank=Rank.FORM).counts
    assert admit(captured, now=NOW + timedelta(days=1)).counts
    assert admit(captured, now=NOW).counts, "a worker that is behind at midnight"
    item = table.get(OWN, keys.COUNTS)
    assert item is not None
    assert (item["day"], item["forms"]) == ("2026-11-23", 2)


def test_a_lead_has_room_for_two_hundred_joins(table: Table) -> None:
    captured = Captured(table, lambda: "key")
    assert admit(captured, submission="") == Admission()
    assert table.get(OWN, keys.COUNTS) is None, "nothing to count"
    assert admit(captured, submission="", joins=2).room == 2
    table.write(Put(counts(forms=1, joins=199, first="s0"), GUARDED))
    assert admit(captured, joins=2, now=NOW + timedelta(days=9)) == Admission(room=1)
    assert admit(captured, joins=2, now=NOW + timedelta(days=9)) == Admission()


def test_the_first_form_of_a_lead_stays_the_first(table: Table) -> None:
    captured = Captured(table, lambda: "key")
    assert not admit(captured, submission="", joins=1).is_first
    submissions = ["s1", "s2", "s1", "", "s3"]
    for day in (NOW, NOW + timedelta(days=1)):
        first = [admit(captured, submission=one, joins=1, now=day).is_first for one in submissions]
        assert first == [True, False, True, False, False]
    table.write(Put(counts(forms=200, own_forms=20, joins=0, first="s1"), GUARDED))
    assert admit(captured, submission="s1") == Admission(counts=False, is_first=True)
    assert admit(captured, submission="s2") == Admission(counts=False)


@pytest.mark.parametrize("before", ["nothing", "identify"])
def test_a_lead_from_before_its_counts_has_no_first_form(table: Table, before: str) -> None:
    known_by(table, "ann@acme.example")
    captured = Captured(table, lambda: "key")
    if before == "identify":
        admit(captured, submission="", joins=1)
    assert [admit(captured, submission=one).is_first for one in ("s1", "s2", "s1")] == [False] * 3


def test_of_two_first_forms_at_once_one_is_first(table: Table) -> None:
    captured = Captured(table, lambda: "key")
    rival = Captured(Lagging(table), lambda: "key")
    answers = [
        admit(captured, joins=1, rank=Rank.FORM),
        admit(rival, submission="s2", joins=1, rank=Rank.FORM),  # both had read that there is none
    ]
    assert answers == [Admission(room=1, is_first=True), Admission(room=1)]
    item = table.get(OWN, keys.COUNTS)
    assert item is not None
    assert (item["forms"], item["joins"], item["by_form"]) == (2, 2, 1)


class Lagging:
    """A table on which a lagging read finds nothing yet."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self.get_many = table.get_many
        self.query = table.query
        self.write = table.write

    def get(self, pk: str, sk: str, *, lagging: bool = False) -> Item | None:
        return None if lagging else self._table.get(pk, sk)


def counts(*, first: str = "", **numbers: int) -> Item:
    """What is stored of a lead's forms of today, and of its joins."""
    item: Item = {"pk": OWN, "sk": keys.COUNTS, "schema": 1, "day": "2026-11-22", **numbers}
    return {**item, "first": first} if first else item


def admit(
    captured: Captured,
    *,
    submission: str = "s1",
    joins: int = 0,
    rank: Rank = Rank.OWN_BROWSER,
    now: datetime = NOW,
) -> Admission:
    return captured.admit_to_lead(LEAD_ID, submission=submission, joins=joins, rank=rank, now=now)


@pytest.mark.parametrize("rank", [Rank.IDENTIFY, Rank.FORM])
def test_strangers_have_less_room_and_little_of_it_daily(table: Table, rank: Rank) -> None:
    captured = Captured(table, lambda: "key")
    join = partial(admit, captured, submission="", rank=rank)
    rooms = [join(joins=8).room for _ in range(4)]
    assert rooms == [8, 8, 4, 0]
    tomorrow = NOW + timedelta(days=1)
    assert join(joins=2, now=tomorrow).room == 2
    table.write(Put(counts(forms=0, joins=ROOM[rank] - 1), GUARDED))
    assert [join(joins=2).room for _ in range(2)] == [1, 0]
    assert admit(captured, submission="", joins=2).room == 2


def test_a_counter_of_arrivals_is_forgotten(table: Table) -> None:
    Captured(table, lambda: "key").admit(VISITOR, 100, NOW)
    item = table.get(VISITOR, keys.ARRIVALS)
    assert item is not None
    assert NOW.timestamp() < int(item["expires_at_epoch_s"]) < NOW.timestamp() + 4 * 86_400


def test_a_surplus_form_is_listed_but_never_counted(table: Table) -> None:
    surplus = make.form(n=1, is_surplus=True, cut=("fields.message",))
    write_all(table, [make.form(), surplus])
    assert list(Events(table).of(OWN)) == [make.form()]
    events, *_ = Histories(table).of_lead(LEAD_ID)
    assert sorted(events, key=lambda event: event.is_surplus) == [make.form(), surplus]


# --- what capture writes --------------------------------------------------------------------------

OWNER = Owner(LEAD_ID)
RECEIPT = SubmissionReceipt("demo", "s1", "v1", "hash")
PROOF = make.proof()
TICKED = given(Consent(), PROOF)


def accept(table: Table, **parts: object) -> None:
    whole = {
        "lead_id": LEAD_ID,
        "claims": [Claim(VISITOR, None, OWNER)],
        "proof": PROOF,
        "receipt": RECEIPT,
        "now": NOW,
        **parts,
    }
    events = whole.pop("events", [make.form(joins=(VISITOR,))])
    Captured(table, lambda: "key").accept(events, **whole)  # type: ignore[arg-type]


def test_a_submission_is_stored_whole(table: Table) -> None:
    captured = Captured(table, lambda: "key")
    assert captured.receipt("demo", "s1") is None
    accept(table)
    assert captured.receipt("demo", "s1") == RECEIPT
    assert captured.receipt("guide", "s1") is None
    assert captured.owner(VISITOR) == OWNER
    assert Consents(table, make.mailbox).read(LEAD_ID) == TICKED
    assert list(Events(table).of(OWN)) == [make.form(joins=(VISITOR,))]


def test_a_receipt_is_forgotten_after_thirty_days(table: Table) -> None:
    accept(table)
    item = table.get(SUBMISSION, "RECEIPT")
    assert item is not None
    assert item["expires_at_epoch_s"] == int((NOW + timedelta(days=30)).timestamp())


@pytest.mark.parametrize("taken", ["event", "owner", "proof", "receipt"])
def test_a_submission_of_which_one_part_is_taken_stores_nothing(table: Table, taken: str) -> None:
    parts: dict[str, Callable[[], object]] = {
        "event": lambda: Events(table).append(make.form()),
        "owner": lambda: table.write(put_owner(VISITOR, Owner("ANOTHER"))),
        "proof": lambda: table.write(
            put_consent(LEAD_ID, Consent(), TICKED), Put(proof_item(LEAD_ID, PROOF), ABSENT)
        ),
        "receipt": lambda: table.write(
            Put({"pk": SUBMISSION, "sk": "RECEIPT", "receipt": "{}"}, ABSENT)
        ),
    }
    parts[taken]()
    before = contents(table)
    with pytest.raises(ConflictError):
        accept(table)
    assert contents(table) == before


def contents(table: Table) -> list[Item]:
    return [item for pk in (OWN, VISITOR, SUBMISSION) for item in table.query(pk)]


# --- consent --------------------------------------------------------------------------------------


def test_nothing_known_is_no_consent(table: Table) -> None:
    assert Consents(table, make.mailbox).read(LEAD_ID) == Consent()


def test_the_first_proof_stays_and_each_later_one_is_inserted(table: Table) -> None:
    later = [
        make.proof(
            f"sentence {n}",
            NOW + n * MINUTE,
            said="hers",
            form_version=n,
            page="https://a.example",
            rank=Rank.OWN_BROWSER,
        )
        for n in range(1, 4)
    ]
    for proof in (PROOF, *later):
        table.write(put_proof(table, LEAD_ID, proof))
    consents = Consents(table, make.mailbox)
    assert consents.read(LEAD_ID) == TICKED
    assert consents.history(LEAD_ID, 10) == [*reversed(later), PROOF]
    assert consents.history(LEAD_ID, 2) == [later[2], later[1], PROOF]
    assert consents.history("another", 2) == []


def test_a_proof_comes_once(table: Table) -> None:
    table.write(put_proof(table, LEAD_ID, make.proof("first")))
    table.write(put_proof(table, LEAD_ID, PROOF))
    with pytest.raises(ConflictError):
        table.write(put_proof(table, LEAD_ID, PROOF))


def test_an_older_consent_is_its_own_first_proof(table: Table) -> None:
    item: Item = {"pk": OWN, "sk": "CONSENT", "schema": 1, "version": 3, "marketing": True}
    table.write(Put({**item, "at_ms": epoch_ms(NOW), "text": "the sentence"}, ABSENT))
    table.write(put_proof(table, LEAD_ID, make.proof("another", NOW + MINUTE)))
    found = Consents(table, make.mailbox).history(LEAD_ID, 10)
    assert found == [make.proof("another", NOW + MINUTE), Proof(at=NOW, text="the sentence")]


def test_a_suppression_comes_with_its_event_and_all_are_kept(table: Table) -> None:
    consents = Consents(table, make.mailbox)
    accept(table)
    unsubscribed = make.event(Kind.MAIL, "unsubscribed", partition=OWN)
    consents.suppress(LEAD_ID, SuppressionReason.UNSUBSCRIBED, unsubscribed, NOW)
    complained = make.event(Kind.MAIL, "complained", partition=OWN)
    consents.suppress(LEAD_ID, SuppressionReason.COMPLAINED, complained, NOW + MINUTE)
    found = consents.read(LEAD_ID)
    reasons = {
        SuppressionReason.UNSUBSCRIBED: NOW,
        SuppressionReason.COMPLAINED: NOW + MINUTE,
    }
    assert found == replace(TICKED, suppressions=reasons, version=3)
    assert found.suppressed == "complained"
    assert {event.name for event in Events(table).of(OWN)} == {"demo", "unsubscribed", "complained"}


def known_as(address: str, lead_id: str = LEAD_ID) -> Lead:
    """Return a lead that is known by an address."""
    return make.whole_lead(lead_id=lead_id, profile=make.profile({"email": address}))


def known_by(table: Table, address: str, lead_id: str = LEAD_ID) -> None:
    """Let a lead be known by an address."""
    Leads(table, mailbox_of=make.mailbox, spread_reviews=False).write(
        make.lead(lead_id=lead_id), known_as(address, lead_id), LeadChange()
    )


def test_a_wish_is_the_mailboxs_and_a_bounce_its_spellings(table: Table) -> None:
    known_by(table, "ann+a@gmail.com")
    consents = Consents(table, make.mailbox)
    events = {
        reason: make.event(Kind.MAIL, reason, partition=OWN)
        for reason in (SuppressionReason.BOUNCED, SuppressionReason.UNSUBSCRIBED)
    }
    for reason, event in events.items():
        consents.suppress(LEAD_ID, reason, event, NOW)
    spellings = {"1": "ann+a@gmail.com", "2": "A.nn@googlemail.com", "3": "bob@gmail.com", "4": ""}
    found = consents.read_many([known_as(address, n) for n, address in spellings.items()])
    assert {lead_id: set(one.suppressions) for lead_id, one in found.items()} == {
        "1": {"bounced", "unsubscribed"},
        "2": {"unsubscribed"},
        "3": set(),
        "4": set(),
    }
    before = contents(table)
    for reason, event in events.items():
        consents.suppress(LEAD_ID, reason, event, NOW + MINUTE)
    assert contents(table) == before


def test_what_a_mailbox_keeps_names_nobody(table: Table) -> None:
    known_by(table, "ann+a@gmail.com")
    for reason in SuppressionReason:
        event = make.event(Kind.MAIL, reason, partition=OWN)
        Consents(table, make.mailbox).suppress(LEAD_ID, reason, event, NOW)
    kept = list(table.query(f"MAILBOX#{make.mailbox('ann@gmail.com').id}"))
    assert [item["sk"] for item in kept] == [
        f"BOUNCED#{make.mailbox('ann+a@gmail.com').spelling}",
        "SUPPRESSION",
    ]
    assert "ann" not in repr(kept)
    assert LEAD_ID not in repr(kept)


def test_an_address_is_known_before_anything_is_derived(table: Table) -> None:
    Events(table).append(make.form(fields={"email": "ann@acme.example"}))
    for n in range(10):
        at = NOW + n * MINUTE
        Events(table).append(make.event(Kind.MAIL, "delivered", n=n, partition=OWN, at=at))
    consents = Consents(table, make.mailbox)
    assert consents.mailbox(LEAD_ID) == make.mailbox("ann@acme.example")
    assert consents.mailbox("another") is None


def test_an_older_suppression_is_carried_over_to_the_mailbox(table: Table) -> None:
    known_by(table, "ann@acme.example")
    item: Item = {"pk": OWN, "sk": "CONSENT", "schema": 1, "version": 4, "marketing": True}
    at_ms = epoch_ms(NOW)
    table.write(Put({**item, "suppressed": "complained", "suppressed_at_ms": at_ms}, ABSENT))
    consents = Consents(table, make.mailbox)
    for _ in range(2):
        consents.carry_over(LEAD_ID)
        (found,) = consents.read_many([known_as("ann+b@acme.example", "another")]).values()
        assert found.suppressions == {SuppressionReason.COMPLAINED: NOW}
    assert consents.read(LEAD_ID).version == 4


def test_the_same_suppression_again_changes_nothing(table: Table) -> None:
    bounced = make.event(Kind.MAIL, "bounced", partition=OWN)
    Consents(table, make.mailbox).suppress(LEAD_ID, SuppressionReason.BOUNCED, bounced, NOW)
    before = contents(table)
    Consents(table, make.mailbox).suppress(
        LEAD_ID, SuppressionReason.BOUNCED, bounced, NOW + MINUTE
    )
    assert contents(table) == before


def test_an_event_that_exists_does_not_stand_for_its_suppression(table: Table) -> None:
    bounced = make.event(Kind.MAIL, "bounced", partition=OWN)
    Events(table).append(bounced)
    Consents(table, make.mailbox).suppress(LEAD_ID, SuppressionReason.BOUNCED, bounced, NOW)
    assert Consents(table, make.mailbox).read(LEAD_ID).suppressed == "bounced"


def test_an_older_suppression_is_read_as_it_was_written(table: Table) -> None:
    item: Item = {
        "pk": OWN,
        "sk": "CONSENT",
        "schema": 1,
        "version": 4,
        "marketing": True,
        "suppressed": "bounced",
        "suppressed_at_ms": epoch_ms(NOW),
    }
    table.write(Put(item, ABSENT))
    found = Consents(table, make.mailbox).read(LEAD_ID)
    assert found.suppressions == {SuppressionReason.BOUNCED: NOW}
    assert (found.version, found.soft_bounces) == (4, 0)


def test_the_fifth_soft_bounce_in_a_row_suppresses(table: Table) -> None:
    consents = Consents(table, make.mailbox)
    for number in range(1, 6):
        assert consents.read(LEAD_ID).suppressed is None
        bounced = make.event(Kind.MAIL, "bounced", n=number, partition=OWN)
        for _ in range(2):  # a repeat counts once
            consents.count_soft_bounce(LEAD_ID, bounced, NOW)
        assert consents.read(LEAD_ID).soft_bounces == number
    assert consents.read(LEAD_ID).suppressed == "bounced"


def test_a_delivery_forgets_the_soft_bounces_before_it(table: Table) -> None:
    consents = Consents(table, make.mailbox)
    for number in range(4):
        bounced = make.event(Kind.MAIL, "bounced", n=number, partition=OWN)
        consents.count_soft_bounce(LEAD_ID, bounced, NOW)
    delivered = make.event(Kind.MAIL, "delivered", n=9, partition=OWN)
    for _ in range(2):
        consents.note_delivery(LEAD_ID, delivered)
    assert consents.read(LEAD_ID).soft_bounces == 0
    assert {event.name for event in Events(table).of(OWN)} == {"bounced", "delivered"}


def test_a_lead_knows_its_survivor(table: Table) -> None:
    assert Consents(table, make.mailbox).merged_into(LEAD_ID) is None
    standing: Item = {"pk": OWN, "sk": "STANDING", "schema": 1, "merged_into": "B" * 26}
    table.write(Put(standing, ABSENT))
    assert Consents(table, make.mailbox).merged_into(LEAD_ID) == "B" * 26


# --- the outbox -----------------------------------------------------------------------------------


def test_a_message_is_read_as_it_was_written(table: Table) -> None:
    whole = replace(
        outbox.claimed(make.nurture_message(), NOW),
        state=MessageState.UNKNOWN,
        reason=NotSentReason.UNCLEAR,
        message_id="m",
        doubts=2,
        heard={"m/soft_bounce/f": NOW},
        version=7,
    )
    table.write(put_message(whole), put_message(make.handoff_message(Via.SNS)))
    assert Outbox(table, make.mailbox).read(LEAD_ID, whole.key) == whole
    assert Outbox(table, make.mailbox).read(
        LEAD_ID, parse_key("handoff#1#sns")
    ) == make.handoff_message(Via.SNS)
    assert Outbox(table, make.mailbox).read(LEAD_ID, parse_key("handoff#2#sns")) is None


def test_a_message_is_planned_and_claimed_once(table: Table) -> None:
    message = make.handoff_message()
    table.write(put_message(message))
    with pytest.raises(ConflictError):
        table.write(put_message(message))
    claimed = outbox.claimed(message, NOW)
    Outbox(table, make.mailbox).claim(message, claimed, rests_on=CONSENT_ONLY)
    with pytest.raises(ConflictError):
        Outbox(table, make.mailbox).claim(message, claimed, rests_on=CONSENT_ONLY)
    assert Outbox(table, make.mailbox).read(LEAD_ID, message.key) == claimed


@pytest.mark.parametrize(
    ("message", "state", "reason"),
    [
        (make.nurture_message(held_by="job-1"), "cancelled", None),
        (
            replace(make.nurture_message(), state=MessageState.SOFT_BOUNCED, due_at=None),
            "sent",
            None,
        ),
        (replace(make.nurture_message(), reason=NotSentReason.SANDBOX), "planned", "throttled"),
        (
            replace(
                make.nurture_message(),
                state=MessageState.LOST,
                reason=NotSentReason.STALE,
                due_at=None,
            ),
            "lost",
            "throttled",
        ),
    ],
)
def test_a_newer_state_stands_beside_an_older_one(
    message: OutboxMessage, state: str, reason: str | None
) -> None:
    item = message_item(message)
    assert (item["state"], item.get("reason")) == (state, reason)
    assert message_of(item) == message


def test_a_notice_keeps_which_event_it_is_about() -> None:
    notice = replace(make.handoff_message(), cause=("VISITOR#v", "0001760000000-0123456789abcdef"))
    assert message_of(message_item(notice)) == notice


def test_the_messages_of_a_lead_come_newest_first(table: Table) -> None:
    first, later = make.nurture_message(), make.handoff_message(now=NOW + MINUTE)
    other = replace(make.nurture_message(), lead_id="another")
    for message in (first, later, other):
        table.write(put_message(message))
    store = Outbox(table, make.mailbox)
    assert [one for _, one in store.of_lead(LEAD_ID)] == [later, first]
    listed = dict(store.outbox([MessageState.PLANNED], "", 10))
    assert {place: listed[place] for place, _ in store.of_lead(LEAD_ID)} == dict(
        store.of_lead(LEAD_ID)
    )


def test_a_held_message_is_listed_as_held_and_not_due(table: Table) -> None:
    held = make.nurture_message(held_by="job-1")
    table.write(put_message(held))
    store = Outbox(table, make.mailbox)
    assert store.read(LEAD_ID, held.key) == held
    assert [one for _, one in store.outbox([MessageState.HELD], "", 10)] == [held]
    assert list(table.query(f"DUE#NURTURE#{shard_of_due(LEAD_ID)}", index="due")) == []
    store.save(held, outbox.released(held, NOW))
    assert store.outbox([MessageState.HELD], "", 10) == []
    assert len(list(table.query(f"DUE#NURTURE#{shard_of_due(LEAD_ID)}", index="due"))) == 1


def resting(*emails: OutboxMessage) -> list[tuple[OutboxMessage, frozenset[BasisKind]]]:
    """Return emails that may rest on consent alone."""
    return [(email, CONSENT_ONLY) for email in emails]


def test_emails_are_sendable_with_address_consent_and_no_predecessor(table: Table) -> None:
    accept(table)
    store = Outbox(table, make.mailbox)
    email = make.nurture_message()
    nobody = replace(email, to=None)
    silent = replace(email, lead_id="another")
    assert store.sendable(resting()) == 0
    assert store.sendable(resting(email, nobody, silent)) == 1
    table.write(put_message(email))
    assert store.sendable(resting(email)) == 0
    other = make.nurture_message("nurture#2#welcome#1")
    assert store.sendable(resting(email, other)) == 1
    event = make.event(Kind.MAIL, "unsubscribed", partition=OWN)
    Consents(table, make.mailbox).suppress(LEAD_ID, SuppressionReason.UNSUBSCRIBED, event, NOW)
    assert store.sendable(resting(other)) == 0


def test_another_message_is_planned_with_a_bad_end_once(table: Table) -> None:
    """A bounce plans it, and the complaint that follows finds it."""
    before, instead = make.handoff_message(), make.handoff_message(key="handoff#1#email#fallback")
    store = Outbox(table, make.mailbox)
    table.write(put_message(before))
    for _ in range(2):
        after = replace(before, version=before.version + 1)
        store.save(before, after, instead)
        before = after
    assert store.read(LEAD_ID, instead.key) == instead
    assert store.read(LEAD_ID, before.key) == before
    with pytest.raises(ConflictError):
        store.save(make.handoff_message(), before, instead)


@pytest.mark.parametrize(
    ("said_by", "reason", "holds"),
    [
        ("a.n.n+news@googlemail.com", SuppressionReason.UNSUBSCRIBED, True),
        ("ANN@gmail.com", SuppressionReason.COMPLAINED, True),
        ("ann@GMAIL.com", SuppressionReason.BOUNCED, True),
        ("ann+1@gmail.com", SuppressionReason.BOUNCED, False),
        ("ann@acme.example", SuppressionReason.UNSUBSCRIBED, False),
    ],
)
def test_what_another_lead_of_the_mailbox_said_stops_a_claim(
    table: Table, said_by: str, reason: SuppressionReason, *, holds: bool
) -> None:
    other = "B" * 26
    known_by(table, said_by, other)
    event = make.event(Kind.MAIL, reason, partition=lead_partition(other))
    Consents(table, make.mailbox).suppress(other, reason, event, NOW)
    accept(table)
    message, store = make.nurture_message(to="ann@gmail.com"), Outbox(table, make.mailbox)
    assert store.sendable(resting(message)) == (not holds)
    table.write(put_message(message))
    assert store.consent(message).refusal(CONSENT_ONLY) == (reason if holds else None)
    if holds:
        with pytest.raises(ConflictError):
            store.claim(message, outbox.claimed(message, NOW), rests_on=CONSENT_ONLY)
    else:
        store.claim(message, outbox.claimed(message, NOW), rests_on=CONSENT_ONLY)


@pytest.mark.parametrize("said", ["nothing", "yes", "unsubscribed"])
def test_an_email_is_claimed_only_with_consent(table: Table, said: str) -> None:
    message, store = make.nurture_message(), Outbox(table, make.mailbox)
    table.write(put_message(message))
    if said != "nothing":
        accept(table)
    if said == "unsubscribed":
        event = make.event(Kind.MAIL, said, partition=OWN)
        Consents(table, make.mailbox).suppress(LEAD_ID, SuppressionReason.UNSUBSCRIBED, event, NOW)
    if said == "yes":
        store.claim(message, outbox.claimed(message, NOW), rests_on=CONSENT_ONLY)
    else:
        with pytest.raises(ConflictError):
            store.claim(message, outbox.claimed(message, NOW), rests_on=CONSENT_ONLY)
    found = store.read(LEAD_ID, message.key)
    assert found is not None
    assert (found.state is MessageState.CLAIMED) == (said == "yes")


def test_the_outbox_lists_a_state_newest_first_without_a_gap(table: Table) -> None:
    planned: list[OutboxMessage] = []
    for number in range(9):
        lead_id = f"{number:04d}"
        message = replace(make.nurture_message(now=NOW + number * MINUTE), lead_id=lead_id)
        planned.append(message)
        table.write(put_message(message))
    sent = outbox.settled(outbox.claimed(planned[4], NOW), MessageState.SENT)
    Outbox(table, make.mailbox).save(planned[4], sent)
    newest_first = [sent if message is planned[4] else message for message in reversed(planned)]

    def pages(states: Sequence[MessageState], most: int) -> list[OutboxMessage]:
        found: list[OutboxMessage] = []
        before = ""
        while page := Outbox(table, make.mailbox).outbox(states, before, most):
            found += [message for _, message in page]
            before = page[-1][0]
        return found

    assert pages(list(MessageState), 2) == newest_first
    assert pages(list(MessageState), 100) == newest_first
    assert pages([MessageState.SENT], 2) == [sent]
    assert pages([MessageState.LOST], 2) == []


# --- documents ------------------------------------------------------------------------------------


def test_a_document_is_read_as_it_was_put(table: Table) -> None:
    documents = Documents(table, FakeClock())
    documents.put("form", {"id": "b", "title": "ü"}, "b")
    documents.put("form", {"id": "a"}, "a")
    documents.put("routing", {"people": []})
    assert documents.get("form", "b") == {"id": "b", "title": "ü"}
    assert documents.get("form", "c") is None
    assert documents.all("form") == [{"id": "a"}, {"id": "b", "title": "ü"}]
    assert documents.get("routing") == {"people": []}


def test_a_worker_sees_anothers_document_within_thirty_seconds(table: Table) -> None:
    clock = FakeClock()
    worker, deploy = Documents(table, clock), Documents(table, clock)
    assert worker.get("form", "a") is None
    deploy.put("form", {"id": "a"}, "a")
    clock.tick(timedelta(seconds=29))
    assert worker.get("form", "a") is None
    clock.tick(timedelta(seconds=1))
    assert worker.get("form", "a") == {"id": "a"}


def version(number: int, name: str, *, deleted: bool = False) -> DocumentVersion:
    return DocumentVersion(
        version=number,
        document={"id": "a", "name": name},
        author="admin",
        note="ü",
        at=NOW,
        deleted=deleted,
    )


def test_a_document_has_versions_and_the_newest_is_executed(table: Table) -> None:
    documents = Documents(table, FakeClock())
    first, second = version(1, "first"), version(2, "second")
    assert documents.current("form", "a") is None
    documents.save("form", "a", first, None, documents.revision())
    documents.save("form", "a", second, first, documents.revision())
    assert documents.current("form", "a") == second
    assert documents.versions("form", "a") == [second, first]
    assert documents.version("form", "a", 1) == first
    assert documents.version("form", "a", 3) is None
    assert documents.versions("form", "b") == []
    assert documents.every("form") == {"a": second.document}
    assert documents.get("form", "a") == second.document
    assert documents.revision() == 2


def test_a_deleted_document_keeps_its_versions_only(table: Table) -> None:
    documents = Documents(table, FakeClock())
    first, second = version(1, "first"), version(2, "first", deleted=True)
    documents.save("form", "a", first, None, 0)
    documents.save("form", "a", second, first, 1)
    assert documents.current("form", "a") == second
    assert (documents.get("form", "a"), documents.all("form"), documents.every("form")) == (
        None,
        [],
        {},
    )
    assert documents.versions("form", "a") == [second, first]


@pytest.mark.parametrize("lost", ["the document", "another document"])
def test_a_version_is_not_written_over_an_unseen_change(table: Table, lost: str) -> None:
    documents = Documents(table, FakeClock())
    first = version(1, "first")
    documents.save("form", "a", first, None, 0)
    seen = documents.revision()
    other = "a" if lost == "the document" else "b"
    before = first if other == "a" else None
    documents.save("form", other, version(2, "theirs"), before, seen)
    with pytest.raises(ConflictError):
        documents.save("form", "a", version(2, "ours"), first, seen)
    assert "ours" not in str(documents.versions("form", "a"))


def test_a_document_from_before_versions_becomes_one(table: Table) -> None:
    """Also one that older code wrote over a version, after a roll-back."""
    documents = Documents(table, FakeClock())
    for number, name in ((1, "loaded"), (3, "loaded again")):
        documents.put("form", {"id": "a", "name": name}, "a")
        before = documents.current("form", "a")
        assert before is not None
        assert (before.version, before.author, before.at) == (number, "deploy", None)
        assert documents.versions("form", "a")[0] == before
        assert documents.version("form", "a", number) == before
        documents.save("form", "a", version(number + 1, "put"), before, documents.revision())
    names = [one.document["name"] for one in documents.versions("form", "a")]
    assert names == ["put", "loaded again", "put", "loaded"]


# --- histories and quarantine ---------------------------------------------------------------------


def test_a_history_holds_all_of_a_lead_and_its_visitors(table: Table) -> None:
    form, page = make.form(joins=(VISITOR,)), make.page()
    write_all(table, [form, page, make.page(partition="VISITOR#another")])
    change = LeadChange(moved=[make.moved()], plan=Plan(messages=[make.nurture_message()]))
    Leads(table, mailbox_of=make.mailbox, spread_reviews=False).write(
        make.lead(), make.whole_lead(), change
    )
    events, transitions, planned, *_ = Histories(table).of_lead(LEAD_ID)
    assert sorted(events, key=lambda event: event.id) == sorted(
        [form, page], key=lambda event: event.id
    )
    assert [one.version for one in transitions] == [1]
    assert planned == [make.nurture_message()]


FAMILIES: dict[str, Callable[[int], Put]] = {
    "events": lambda n: put_event(make.form(n=n, days_ago=n)),
    "surplus": lambda n: put_event(make.form(n=n, days_ago=n, is_surplus=True)),
    "outbox": lambda n: put_message(make.nurture_message(f"nurture#{n + 1}#welcome#1")),
    "proofs": lambda n: Put(proof_item(LEAD_ID, make.proof(f"Write {n}.", at=NOW)), ABSENT),
    "transitions": lambda n: Put(
        transition_item(make.whole_lead(), make.moved(version=n + 1)), ABSENT
    ),
}


@pytest.mark.parametrize("family", FAMILIES)
def test_a_history_holds_the_newest_of_a_family(
    table: Table, monkeypatch: pytest.MonkeyPatch, family: str
) -> None:
    """What has room whole is not called truncated, and a flood of one family hides no other."""
    for limit in ("TIMELINE_MAX_EVENTS", "TIMELINE_MAX_OTHERS"):
        monkeypatch.setattr(histories, limit, 3)
    for number in range(3):
        for write in FAMILIES.values():
            table.write(write(number))
    assert not Histories(table).of_lead(LEAD_ID).is_truncated
    whole = [len(part) for part in Histories(table).of_lead(LEAD_ID)[:4]]
    table.write(FAMILIES[family](3))
    found = Histories(table).of_lead(LEAD_ID)
    assert found.is_truncated
    assert [len(part) for part in found[:4]] == whole == [6, 3, 3, 3]


def test_a_history_has_room_for_so_many_characters(
    table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    large = [make.form(n=n, days_ago=n, fields={"message": "x" * 1_000}) for n in range(5)]
    surplus = make.form(n=9, is_surplus=True)
    write_all(table, [*large, surplus])
    monkeypatch.setattr(histories, "TIMELINE_MAX_CHARS", 3_500)
    found = Histories(table).of_lead(LEAD_ID)
    assert found.is_truncated
    assert {event.id for event in found.events} == {one.id for one in (*large[:3], surplus)}


def test_a_history_holds_what_happened_to_merged_leads(table: Table) -> None:
    """Also to one that another had absorbed before; the transitions are the survivor's alone."""
    merges = [
        make.event(
            Kind.PERSON,
            "merged",
            partition=lead_partition(ours),
            properties={"other_lead_id": other},
        )
        for ours, other in ((LEAD_ID, "SECOND"), ("SECOND", "THIRD"), ("THIRD", LEAD_ID))
    ]
    theirs = make.form(partition=lead_partition("THIRD"), joins=(VISITOR,))
    email = replace(make.nurture_message(), lead_id="SECOND")
    write_all(table, [*merges, theirs, make.page()])
    Leads(table, mailbox_of=make.mailbox, spread_reviews=False).write(
        make.lead(lead_id="SECOND"),
        make.whole_lead(lead_id="SECOND"),
        LeadChange(moved=[make.moved()], plan=Plan(messages=[email])),
    )
    events, transitions, planned, *_ = Histories(table).of_lead(LEAD_ID)
    assert {event.id for event in events} == {event.id for event in (*merges, theirs, make.page())}
    assert len(events) == 5
    assert (transitions, planned) == ([], [email])


def test_nobody_has_no_history(table: Table) -> None:
    assert Histories(table).of_lead(LEAD_ID) == ([], [], [], [], False, [])


def test_a_quarantined_record_is_kept_with_its_reason_and_listed(table: Table) -> None:
    for _ in range(2):  # its record may come twice
        Quarantine(table).put({"pk": VISITOR, "sk": "EVENT#1"}, "KeyError")
    (kept,) = table.query("QUARANTINE")
    assert (kept["sk"], kept["reason"]) == (f"{VISITOR}#EVENT#1", "KeyError")
    assert list(Events(table).of(VISITOR)) == []


# --- switches -------------------------------------------------------------------------------------


def test_switches_are_read_as_they_were_turned(table: Table) -> None:
    switches = Switches(table)
    assert all(one.is_on for one in switches.states().values())
    off = SwitchState(
        switch=Switch.NURTURE, is_on=False, reason="why", author="admin", at=NOW, version=1
    )
    on = SwitchState(switch=Switch.TRACKING, author="admin", at=NOW, version=1)
    switches.save({Switch.NURTURE: off, Switch.TRACKING: on})
    assert {Switch.NURTURE: off, Switch.TRACKING: on}.items() <= switches.states().items()
    with pytest.raises(ConflictError):
        switches.save({Switch.OUTBOUND: replace(off, switch=Switch.OUTBOUND), Switch.NURTURE: off})
    assert switches.states()[Switch.OUTBOUND].is_on


def test_a_message_that_waits_is_read_as_it_was(table: Table) -> None:
    before = make.handoff_message()
    off = SwitchState(switch=Switch.OUTBOUND, is_on=False, at=NOW)
    after = switched_off(before, off, NOW)
    table.write(put_message(before))
    Outbox(table, make.mailbox).save(before, after)
    assert Outbox(table, make.mailbox).read(LEAD_ID, before.key) == after
    assert after.owed_from == NOW
