"""Whose an event is because of what its ids say: addresses as user ids, and aliases (ADR 0042).

Keep it cheap to import: every ping loads it, though hardly any needs it.
"""

from collections.abc import Callable
from datetime import datetime

from chalicelib.capture.items import TrackingItem
from chalicelib.capture.joining import SubmissionStore, is_settled
from chalicelib.events import (
    USER_PREFIX,
    Event,
    FieldValue,
    Kind,
    Rank,
    event_id,
    lead_partition,
    parse_event_time,
    user_partition,
    visitor_partition,
)

Aliased = tuple[str, list[str], dict[str, FieldValue]]
"""Where an alias belongs, the ids that are free to join that lead, and its fields."""


class KnownPeople:
    """Knows who is meant by an id."""

    def __init__(self, store: SubmissionStore, lead_id_of: Callable[[str], str]) -> None:
        self._store = store
        self._lead_id_of = lead_id_of

    def aliased(self, item: TrackingItem) -> Aliased:
        """Return what becomes of an alias.

        It joins no more than an identify could: an id that has an owner stays with it, and one that
        two leads contest joins neither. Without a lead it stays with its first id, if it has any.
        """
        before = item.previous_id
        ids = [user_partition(item.user_id)] if item.user_id else []
        ids += [visitor_partition(item.anonymous_id)] if item.anonymous_id else []
        ids += [visitor_partition(before), user_partition(before)] if before else []
        owners = {one: self._store.owner(one) for one in dict.fromkeys(ids)}
        settled = [owner for one, owner in owners.items() if owner and is_settled(one, owner)]
        address = _address_in(item.user_id)
        if address:
            lead_id = self._lead_id_of(address)
        elif settled:
            lead_id = settled[0].lead_id
        else:
            anonymous = visitor_partition(item.anonymous_id) if item.anonymous_id else ""
            return anonymous or next(iter(ids), ""), [], {}
        free = [one for one, owner in owners.items() if owner is None]
        return lead_partition(lead_id), free, {"email": address} if address else {}

    def named_by(self, event: Event, visitor: str, now: datetime) -> Event | None:
        """Return the identify that goes with an event under a user id that is an address.

        Once: from then on the id is the lead's, and None is returned. So it is for any other id,
        and for an identify, which says so itself.
        """
        address = _address_in(visitor.removeprefix(USER_PREFIX))
        if event.kind is Kind.IDENTIFY or not address or self._store.owner(visitor) is not None:
            return None
        partition = lead_partition(self._lead_id_of(address))
        return Event(
            partition=partition,
            id=event_id(partition, parse_event_time(event.id), f"{visitor} {event.id}"),
            kind=Kind.IDENTIFY,
            name="",
            at=event.at,
            captured_at=now,
            fields={"email": address},
            rank=Rank.IDENTIFY,
            browser_rank=Rank.IDENTIFY,
        )

    def may_join(self, visitor: str, lead_id: str) -> bool:
        """Return whether an id may join a lead: one that is an address joins that person alone."""
        if not visitor.startswith(USER_PREFIX):
            return True
        address = _address_in(visitor.removeprefix(USER_PREFIX))
        return not address or self._lead_id_of(address) == lead_id


def _address_in(client_id: str) -> str:
    if "@" not in client_id:
        return ""
    from chalicelib.capture.traits import address_in  # with the parser of addresses

    return address_in(client_id)
