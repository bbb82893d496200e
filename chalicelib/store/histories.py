"""A lead's whole history, for its timeline."""

from collections.abc import Mapping
from itertools import islice
from typing import Any

from chalicelib.delivery.intents import Intent
from chalicelib.events import Event, lead_partition, visitors_of
from chalicelib.limits import TIMELINE_MAX_EVENTS
from chalicelib.store import keys
from chalicelib.store.events import Events, event_of
from chalicelib.store.leads import transition_of
from chalicelib.store.ledger import intent_of
from chalicelib.store.table import Table


class Histories:
    """Reads everything that happened to a lead: one query of its partition, one of each visitor it joined."""

    def __init__(self, table: Table) -> None:
        self._table, self._events = table, Events(table)

    def of_lead(self, lead_id: str) -> tuple[list[Event], list[Mapping[str, Any]], list[Intent]]:
        """A lead's events with those of its visitors, its transitions and its intents, in no particular order.

        At most the newest 10,000 events of each visitor.
        """
        events: list[Event] = []
        transitions: list[Mapping[str, Any]] = []
        intents: list[Intent] = []
        for item in self._table.query(lead_partition(lead_id)):
            sk = str(item["sk"])
            if sk.startswith(keys.EVENT):
                events.append(event_of(item))
            elif sk.startswith(keys.TRANSITION):
                transitions.append(transition_of(item))
            elif sk.startswith(keys.INTENT):
                intents.append(intent_of(item))
        for visitor in visitors_of(events):
            events += islice(self._events.of(visitor), TIMELINE_MAX_EVENTS)
        return events, transitions, intents
