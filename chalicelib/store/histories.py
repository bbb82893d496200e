"""A lead's whole history, for its timeline."""

from itertools import islice

from chalicelib.consent.consent import Proof
from chalicelib.delivery.outbox import OutboxMessage
from chalicelib.events import Event, absorbed_of, joins_on, lead_partition
from chalicelib.lifecycle.stages import Recorded
from chalicelib.limits import TIMELINE_MAX_EVENTS
from chalicelib.store import keys
from chalicelib.store.consent_items import consent_of, proof_of
from chalicelib.store.events import Events, event_of
from chalicelib.store.outbox import message_of
from chalicelib.store.table import Table
from chalicelib.store.transition_items import transition_of

History = tuple[list[Event], list[Recorded], list[OutboxMessage], list[Proof]]


class Histories:
    """Reads everything that happened to a lead.

    That takes one query of its partition, and one of each visitor that it joined.
    """

    def __init__(self, table: Table) -> None:
        self._table = table
        self._events = Events(table)

    def of_lead(self, lead_id: str) -> History:
        """Return a lead's events, its transitions, its messages and the proofs of its consent, in
        no particular order.

        Events include those of its visitors, at most the newest 10,000, of each an equal part
        (ADR 0034), and those of the leads that were merged into it; messages and proofs include
        theirs. Their transitions are left out: the surviving lead has recorded its own way
        (ADR 0019).
        """
        events, transitions, outbox, proofs = self._of_partition(lead_partition(lead_id))
        seen = {lead_id}
        waiting = absorbed_of(events)
        while waiting:  # a merged lead may itself have absorbed others
            other = waiting.pop()
            if other in seen:
                continue
            seen.add(other)
            merged, _, sent, agreed = self._of_partition(lead_partition(other))
            events += merged
            outbox += sent
            proofs += agreed
            waiting += absorbed_of(merged)
        joins = [
            *joins_on(events),
            *(join for one in sorted(seen) for join in self._events.joins(one)),
        ]
        of_visitors = {join.visitor: join for join in joins}
        most = TIMELINE_MAX_EVENTS // max(1, len(of_visitors))
        for visitor, join in of_visitors.items():
            events += islice(join.own(self._events.of(visitor)), most)
        return events, transitions, outbox, proofs

    def _of_partition(self, partition: str) -> History:
        events: list[Event] = []
        transitions: list[Recorded] = []
        outbox: list[OutboxMessage] = []
        proofs: list[Proof] = []
        for item in self._table.query(partition):
            sk = str(item["sk"])
            if sk.startswith((keys.EVENT, keys.SURPLUS)):
                events.append(event_of(item))
            elif sk.startswith(keys.TRANSITION):
                transitions.append(transition_of(item))
            elif sk.startswith(keys.OUTBOX):
                outbox.append(message_of(item))
            elif sk.startswith(keys.CONSENTED):
                proofs.append(proof_of(item))
            elif sk == keys.CONSENT and (proof := consent_of(item).proof) is not None:
                proofs.append(proof)
        return events, transitions, outbox, proofs
