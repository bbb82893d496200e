"""How a message is stored."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from chalicelib.delivery.marks import Mark
from chalicelib.delivery.message_keys import MessageKind, parse_key
from chalicelib.delivery.outbox import MessageState, OutboxMessage, Via
from chalicelib.delivery.reasons import ACCOUNT_STATES, MARKETING_REASONS, NotSentReason
from chalicelib.events import epoch_ms, from_epoch_ms
from chalicelib.store import keys, places
from chalicelib.store.expiry import expires_after
from chalicelib.store.table import Item

# What the version before is told, which does not know the newer members; they stand beside it until
# every reader does (ADR 0027). It leaves alone what it takes for cancelled.
STATE_BEFORE: Mapping[MessageState, MessageState] = {
    MessageState.HELD: MessageState.CANCELLED,
    MessageState.SOFT_BOUNCED: MessageState.SENT,
}
REASON_BEFORE: Mapping[NotSentReason, NotSentReason] = dict.fromkeys(
    ACCOUNT_STATES
    | MARKETING_REASONS
    | {
        NotSentReason.STALE,
        NotSentReason.SWITCHED_OFF,
        NotSentReason.OVER_BUDGET,
        NotSentReason.UNCONFIRMED,
        NotSentReason.MAILBOX_LIMIT,
        NotSentReason.UNCONFIRMED_PHONE,
    },
    NotSentReason.THROTTLED,
)


def message_item(message: OutboxMessage, kept_days: int = 0) -> Item:
    """A message as it is stored. kept_days: since it was planned; 0: for good."""
    shard = keys.shard(message.lead_id, keys.OUTBOX_SHARDS)
    item: Item = {
        "pk": keys.lead(message.lead_id),
        "sk": keys.message(message.key),
        "schema": keys.SCHEMA,
        "via": message.via.value,
        "about": message.about,
        "state": STATE_BEFORE.get(message.state, message.state).value,
        "claims": message.claims,
        "version": message.version,
        "created_at_ms": epoch_ms(message.created_at),
        "list_pk": places.by_state(message.state, shard),
        "list_sk": places.by_creation(message.created_at, message.id),
    }
    optional: dict[str, Any] = {
        "to": message.to,
        "receiver": message.receiver,
        "email": message.email,
        "email_version": message.email_version,
        "subject": message.subject,
        "held_by": message.held_by,
        "captured_at_ms": epoch_ms(message.captured_at) if message.captured_at else None,
        "cause": json.dumps(message.cause) if message.cause else None,
        "trace": message.trace,
        "reason": message.reason and REASON_BEFORE.get(message.reason, message.reason),
        "newer_state": message.state if message.state in STATE_BEFORE else None,
        "newer_reason": message.reason if message.reason in REASON_BEFORE else None,
        "message_id": message.message_id,
        "doubts": message.doubts or None,
        "heard": _packed(message.heard),
        "marks": " ".join(sorted(message.marks)) or None,
        "counted": (message.is_counted and message.kind.is_marketing) or None,
        "detail": message.detail,
        "claimed_at_ms": epoch_ms(message.claimed_at) if message.claimed_at else None,
        "owed_from_ms": epoch_ms(message.owed_from) if message.owed_from else None,
        "due_at_ms": epoch_ms(message.due_at) if message.due_at else None,
    }
    item |= {name: value for name, value in optional.items() if value is not None}
    item |= expires_after(message.created_at, kept_days)
    if message.due_at is not None:
        partition = places.due_nurture if message.kind is MessageKind.NURTURE else places.due
        item["due_pk"] = partition(keys.shard(message.lead_id, keys.DUE_SHARDS))
        item["due_sk"] = places.due_at(message.due_at, message.id)
    return item


def message_of(item: Item) -> OutboxMessage:
    """The message of a stored item."""

    def text(name: str) -> str | None:
        return str(item[name]) if name in item else None

    reason = text("newer_reason") or text("reason")
    claimed_at = item.get("claimed_at_ms")
    owed_from = item.get("owed_from_ms")
    due_at = item.get("due_at_ms")
    captured_at = item.get("captured_at_ms")
    key = parse_key(str(item["sk"]).removeprefix(keys.OUTBOX))
    return OutboxMessage(
        lead_id=str(item["pk"]).removeprefix(keys.LEAD),
        key=key,
        via=Via(str(item["via"])),
        to=text("to"),
        about=int(item["about"]),
        created_at=from_epoch_ms(int(item["created_at_ms"])),
        due_at=from_epoch_ms(int(due_at)) if due_at is not None else None,
        receiver=text("receiver"),
        email=text("email"),
        email_version=int(item["email_version"]) if "email_version" in item else None,
        subject=text("subject"),
        held_by=text("held_by"),
        captured_at=from_epoch_ms(int(captured_at)) if captured_at is not None else None,
        cause=_cause_of(text("cause")),
        trace=text("trace"),
        state=MessageState(text("newer_state") or str(item["state"])),
        reason=NotSentReason(reason) if reason is not None else None,
        message_id=text("message_id"),
        claims=int(item["claims"]),
        doubts=int(item.get("doubts", 0)),
        heard={
            identity: from_epoch_ms(at_ms)
            for identity, at_ms in json.loads(str(item.get("heard", "{}"))).items()
        },
        marks=frozenset(map(Mark, str(item.get("marks", "")).split())),
        is_counted="counted" in item or not key.kind.is_marketing,
        detail=text("detail"),
        claimed_at=from_epoch_ms(int(claimed_at)) if claimed_at is not None else None,
        owed_from=from_epoch_ms(int(owed_from)) if owed_from is not None else None,
        version=int(item["version"]),
    )


def _cause_of(text: str | None) -> tuple[str, str] | None:
    """Return the partition and the id of an event from their JSON."""
    if text is None:
        return None
    partition, event_id = json.loads(text)
    return str(partition), str(event_id)


def _packed(heard: Mapping[str, datetime]) -> str | None:
    """Return the notices of a message as JSON, None when there are none."""
    if not heard:
        return None
    return json.dumps({identity: epoch_ms(at) for identity, at in heard.items()})
