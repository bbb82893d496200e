"""What is paused of marketing's emails: an item for each sequence, and one for everything.

Each has several copies, written in one transaction: a claim checks one of them, and claims that
check the same item at the same time get into each other's way (ADR 0057).
"""

import json
from collections.abc import Mapping

from chalicelib.delivery.outbox import OutboxMessage
from chalicelib.events import epoch_ms, from_epoch_ms
from chalicelib.nurture.sending import EVERYTHING, PauseCause, SendingState
from chalicelib.store import keys
from chalicelib.store.attributes import milliseconds, time_in
from chalicelib.store.table import Check, Item, Put, Table

PAUSE = "pause"
"""What a conflict calls the checks of a claim."""


class SendingStates:
    """Reads and replaces what is paused."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def states(self) -> Mapping[str, SendingState]:
        """Return what was ever paused, by sequence; EVERYTHING is always there."""
        found = (_state_of(item) for item in self._table.query(keys.sending_copy(0)))
        return {EVERYTHING: SendingState(of=EVERYTHING), **{one.of: one for one in found}}

    def over(self, sequence: str) -> Mapping[str, SendingState]:
        """Return what was ever paused of everything and of a sequence."""
        found = self._table.get_many(keys_over(sequence))
        return {one.of: one for one in map(_state_of, found)}

    def is_all_paused(self) -> bool:
        """Return whether everything is paused."""
        item = self._table.get(keys.sending_copy(0), EVERYTHING)
        return item is not None and "paused" in item

    def save(self, state: SendingState) -> None:
        """Replace a state. Raise ConflictError when another was first."""
        expect = {"version": state.version - 1 or None}
        self._table.write(
            *(
                Put(_item(state, shard), expect, name=f"{state.of}#{shard}")
                for shard in range(keys.SENDING_SHARDS)
            )
        )


def keys_over(sequence: str | None) -> list[tuple[str, str]]:
    """Return the keys of the items that say whether a sequence is paused."""
    names = dict.fromkeys((EVERYTHING, sequence or EVERYTHING))
    return [(keys.sending_copy(0), one) for one in names]


def check_not_paused(email: OutboxMessage) -> list[Check]:
    """Return the checks that neither everything nor the sequence of an email is paused."""
    # Pause against claim: in one transaction, one of the two is first. ADR 0057
    partition = keys.sending_copy(keys.shard(email.lead_id, keys.SENDING_SHARDS))
    return [
        Check(partition, one, {"paused": None}, name=PAUSE)
        for one in (EVERYTHING, email.sequence)
        if one is not None
    ]


def _item(state: SendingState, shard: int) -> Item:
    item: Item = {
        "pk": keys.sending_copy(shard),
        "sk": state.of,
        "schema": keys.SCHEMA,
        "reason": state.reason,
        "author": state.author,
        "version": state.version,
        "pauses": json.dumps([[epoch_ms(start), epoch_ms(end)] for start, end in state.pauses]),
    }
    if state.cause is not None:
        item["paused"] = state.cause.value  # the one attribute that a claim asks for
    times = {
        "at_ms": milliseconds(state.at),
        "released_at_ms": milliseconds(state.released_at),
        "warned_at_ms": milliseconds(state.warned_at),
    }
    return item | {name: value for name, value in times.items() if value is not None}


def _state_of(item: Item) -> SendingState:
    return SendingState(
        of=str(item["sk"]),
        cause=PauseCause(str(item["paused"])) if "paused" in item else None,
        reason=str(item["reason"]),
        author=str(item["author"]),
        at=time_in(item, "at_ms"),
        pauses=tuple(
            (from_epoch_ms(start), from_epoch_ms(end))
            for start, end in json.loads(str(item["pauses"]))
        ),
        released_at=time_in(item, "released_at_ms"),
        warned_at=time_in(item, "warned_at_ms"),
        version=int(item["version"]),
    )
