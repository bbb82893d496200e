"""A lead's history, for its timeline."""

from collections.abc import Iterator
from datetime import datetime
from functools import partial
from typing import NamedTuple

from chalicelib.consent.consent import Proof
from chalicelib.delivery.outbox import OutboxMessage
from chalicelib.events import Event, epoch_ms, joins_on, lead_partition
from chalicelib.leads.acts import absorbed_of
from chalicelib.leads.lead import Lead
from chalicelib.lifecycle.stages import Recorded
from chalicelib.limits import TIMELINE_MAX_CHARS, TIMELINE_MAX_EVENTS, TIMELINE_MAX_OTHERS
from chalicelib.reading.handoff_turns import HandoffTurn
from chalicelib.reading.turns import SequenceTurn
from chalicelib.store import keys
from chalicelib.store.consent_items import consent_of, proof_of
from chalicelib.store.enrolments import enrolment_of, turns_of
from chalicelib.store.events import Events, event_of
from chalicelib.store.handoff_turns import handoff_turns_of
from chalicelib.store.handoffs import handoff_of
from chalicelib.store.outbox_items import message_of
from chalicelib.store.sweeping import time_of
from chalicelib.store.table import Item, Table
from chalicelib.store.transition_items import transition_of


class History(NamedTuple):
    """What happened to a lead, in no particular order."""

    events: list[Event]
    transitions: list[Recorded]
    outbox: list[OutboxMessage]
    proofs: list[Proof]
    is_truncated: bool
    """Whether there is more, and older."""
    turns: list[SequenceTurn | HandoffTurn]
    """Where it entered sequences and left them, and what became of its handoffs."""


class Histories:
    """Reads what happened to a lead.

    That takes nine reads of its partition, and one of each visitor that it joined.
    """

    def __init__(self, table: Table) -> None:
        self._table = table
        self._events = Events(table)

    def of_lead(self, lead_id: str, erased_at: datetime | None = None) -> History:
        """Return a lead's events, its transitions, its messages and the proofs of its consent.

        Events include those of its visitors, of each an equal part (ADR 0034), and those of the
        leads that were merged into it; messages and proofs include theirs. Their transitions are
        left out: the surviving lead has recorded its own way (ADR 0019). How much there is, senders
        decide: so the newest of each are read, and a flood of one kind hides no other.
        erased_at: when the lead was erased; what came to be by then only waits to be deleted.
        """
        cut: set[str] = set()
        leads = [lead_id]
        events: list[Event] = []
        outbox: list[OutboxMessage] = []
        proofs: list[Proof] = []
        for one in leads:  # grows: a merged lead may itself have absorbed others
            partition = lead_partition(one)
            newest = partial(self._newest, cut, erased_at if one == lead_id else None)
            found = [*map(event_of, newest(partition, keys.EVENT, TIMELINE_MAX_EVENTS))]
            leads += [other for other in absorbed_of(found) if other not in leads]
            events += found
            events += map(event_of, newest(partition, keys.SURPLUS, TIMELINE_MAX_OTHERS))
            events += map(event_of, newest(partition, keys.SCREENED, TIMELINE_MAX_OTHERS))
            outbox += map(message_of, newest(partition, keys.OUTBOX, TIMELINE_MAX_OTHERS))
            proofs += map(proof_of, newest(partition, keys.CONSENTED, TIMELINE_MAX_OTHERS))
            first = consent_of(self._table.get(partition, keys.CONSENT)).proof
            proofs += [first] if first is not None else []
        lead = Lead(lead_id=lead_id, erased_at=erased_at)
        proofs = [proof for proof in proofs if erased_at is None or proof.at > erased_at]
        joins = (join for one in leads for join in self._events.joins(one))
        stored = (join for join in joins if lead.takes(join.captured_at, join.lead_id))
        of_visitors = {join.visitor: join for join in (*joins_on(events), *stored)}
        share = max(1, len(of_visitors))
        for visitor, join in of_visitors.items():
            newest = partial(self._newest, cut, erased_at if join.lead_id == lead_id else None)
            theirs = newest(visitor, keys.EVENT, TIMELINE_MAX_EVENTS // share, share)
            events += join.own(map(event_of, theirs))
        newest = partial(self._newest, cut, erased_at)
        own = newest(lead_partition(lead_id), keys.TRANSITION, TIMELINE_MAX_OTHERS)
        entered = newest(lead_partition(lead_id), keys.ENROL, TIMELINE_MAX_OTHERS)
        turns: list[SequenceTurn | HandoffTurn] = [
            turn for item in entered for turn in turns_of(enrolment_of(item))
        ]
        handed = newest(lead_partition(lead_id), keys.HANDOFF, TIMELINE_MAX_OTHERS)
        turns += [turn for item in handed for turn in handoff_turns_of(handoff_of(item))]
        return History(events, [*map(transition_of, own)], outbox, proofs, bool(cut), turns)

    def _newest(
        self,
        cut: set[str],
        after: datetime | None,
        partition: str,
        prefix: str,
        most: int,
        share: int = 1,
    ) -> Iterator[Item]:
        """Yield the newest items of a family, as far as there is room for them.

        cut: gets the partition if older ones are left out; after: what came to be by then is left
        out, too; share: among how many partitions the room for characters is shared.
        """
        room_chars = TIMELINE_MAX_CHARS // share
        items = self._table.query(
            partition, first=prefix, last=prefix + keys.END, newest_first=True, limit=most + 1
        )
        for number, item in enumerate(items):
            room_chars -= sum(len(value) for value in item.values() if isinstance(value, str))
            if number == most or room_chars < 0:
                cut.add(partition)
                return
            if after is None or (time_of(item) or 0) > epoch_ms(after):
                yield item
