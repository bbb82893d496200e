"""Intents and what became of them."""

from collections.abc import Sequence
from typing import Any

from chalicelib.consent.consent import Consent
from chalicelib.delivery.outbox import Channel, Intent, State
from chalicelib.events import epoch_ms, from_epoch_ms
from chalicelib.store import keys
from chalicelib.store.consents import Consents
from chalicelib.store.table import ABSENT, Check, Item, Put, Table

MAY_WRITE = {"marketing": True, "suppressed": None}  # what a claim of a letter expects of the consent


class Ledger:
    """Reads and replaces intents; lists them by their state."""

    def __init__(self, table: Table) -> None:
        self._table, self._consents = table, Consents(table)

    def read(self, lead_id: str, key: str) -> Intent | None:
        """The intent as it stands now."""
        item = self._table.get(keys.lead(lead_id), keys.intent(key))
        return intent_of(item) if item else None

    def save(self, before: Intent, after: Intent) -> None:
        """Replace an intent. Raises ConflictError when it is no longer as before."""
        self._table.write(replace_intent(before, after))

    def claim(self, before: Intent, after: Intent, *, needs_consent: bool) -> None:
        """Replace an intent, in one transaction with the check of the lead's consent. Raises ConflictError."""
        checks = [Check(keys.lead(before.lead_id), keys.CONSENT, MAY_WRITE)] if needs_consent else []
        self._table.write(replace_intent(before, after), *checks)

    def consent(self, lead_id: str) -> Consent:
        """The lead's consent as it stands now."""
        return self._consents.read(lead_id)

    def outbox(self, states: Sequence[State], before: str, most: int) -> list[tuple[str, Intent]]:
        """Intents in these states, newest first, at most `most`, each with its position; `before` is the position
        to go on from, or empty."""
        found: list[tuple[str, tuple[str, str]]] = []
        for state in states:
            for shard in range(keys.OUTBOX_SHARDS):
                items = self._table.query(
                    keys.by_state(state, shard), last=before, newest_first=True, limit=most + 1, index="list"
                )
                found += [(str(item["list_sk"]), (str(item["pk"]), str(item["sk"]))) for item in items]
        # one that changes its state meanwhile is found under both: a place is listed once
        page = sorted({(place, key) for place, key in found if place != before}, reverse=True)[:most]
        by_key = {(item["pk"], item["sk"]): item for item in self._table.get_many([key for _, key in page])}
        return [(place, intent_of(by_key[key])) for place, key in page if key in by_key]


def put_intent(intent: Intent) -> Put:
    """The write that plans an intent: a second decision cannot create a second one."""
    return Put(intent_item(intent), ABSENT)


def replace_intent(before: Intent, after: Intent) -> Put:
    """The write that brings an intent into another state, if it is still as before."""
    return Put(intent_item(after), {"version": before.version})


def intent_item(intent: Intent) -> Item:
    """An intent as it is stored."""
    shard = keys.shard(intent.lead_id, keys.OUTBOX_SHARDS)
    item: Item = {
        "pk": keys.lead(intent.lead_id),
        "sk": keys.intent(intent.key),
        "schema": keys.SCHEMA,
        "channel": intent.channel.value,
        "about": intent.about,
        "state": intent.state.value,
        "claims": intent.claims,
        "version": intent.version,
        "created_at_ms": epoch_ms(intent.created_at),
        "list_pk": keys.by_state(intent.state, shard),
        "list_sk": keys.by_creation(intent.created_at, intent.id),
    }
    optional: dict[str, Any] = {
        "to": intent.to,
        "letter": intent.letter,
        "reason": intent.reason,
        "message_id": intent.message_id,
        "claimed_at_ms": epoch_ms(intent.claimed_at) if intent.claimed_at else None,
        "due_at_ms": epoch_ms(intent.due_at) if intent.due_at else None,
    }
    item |= {name: value for name, value in optional.items() if value is not None}
    if intent.due_at is not None:
        item["due_pk"] = keys.due(keys.shard(intent.lead_id, keys.DUE_SHARDS))
        item["due_sk"] = keys.due_at(intent.due_at, intent.id)
    return item


def intent_of(item: Item) -> Intent:
    """The intent of a stored item."""

    def text(name: str) -> str | None:
        return str(item[name]) if name in item else None

    claimed_at, due_at = item.get("claimed_at_ms"), item.get("due_at_ms")
    return Intent(
        lead_id=str(item["pk"]).removeprefix(keys.LEAD),
        key=str(item["sk"]).removeprefix(keys.INTENT),
        channel=Channel(str(item["channel"])),
        to=text("to"),
        about=int(item["about"]),
        created_at=from_epoch_ms(int(item["created_at_ms"])),
        due_at=from_epoch_ms(int(due_at)) if due_at is not None else None,
        letter=text("letter"),
        state=State(str(item["state"])),
        reason=text("reason"),
        message_id=text("message_id"),
        claims=int(item["claims"]),
        claimed_at=from_epoch_ms(int(claimed_at)) if claimed_at is not None else None,
        version=int(item["version"]),
    )
