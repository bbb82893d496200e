"""Leads: profile, standing, transitions, and the transaction of a decision."""

import json
import struct
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from chalicelib.delivery.intents import Intent
from chalicelib.errors import AlreadyPlannedError, ConflictError
from chalicelib.events import epoch_ms, from_epoch_ms
from chalicelib.lifecycle.stages import Stage, Standing
from chalicelib.qualify.effects import Moved
from chalicelib.qualify.lead import Counted, Lead
from chalicelib.scoring.profile import Known, Profile, Touch, Touches
from chalicelib.scoring.tally import pack, unpack
from chalicelib.store import keys
from chalicelib.store.ledger import put_intent
from chalicelib.store.table import ABSENT, GUARDED, Item, Put, Table

if TYPE_CHECKING:
    from chalicelib.handoff.plan import Handoff

COUNTED_FORMAT = struct.Struct(">I8s")  # hour since 1970, digest


class Leads:
    """Reads a lead in one query, writes a decision in one conditional write."""

    def __init__(self, table: Table, *, spread_reviews: bool) -> None:
        self._table, self._spread = table, spread_reviews

    def read(self, lead_id: str) -> Lead:
        """A lead as it stands; version 0 when nothing was derived of it yet."""
        return lead_of(lead_id, self._table.query(keys.lead(lead_id), first=keys.PROFILE, last=keys.STANDING))

    def read_many(self, lead_ids: Sequence[str]) -> list[Lead]:
        """Leads by their ids, in the same order; those that do not exist are left out."""
        wanted = [(keys.lead(lead_id), sk) for lead_id in lead_ids for sk in (keys.PROFILE, keys.STANDING)]
        by_partition: dict[str, list[Item]] = {}
        for item in self._table.get_many(wanted):
            by_partition.setdefault(str(item["pk"]), []).append(item)
        found = (lead_of(lead_id, by_partition.get(keys.lead(lead_id), [])) for lead_id in lead_ids)
        return [lead for lead in found if lead.version]

    def in_stage(self, stage: Stage, most: int) -> tuple[list[str], bool]:
        """The ids of a stage's leads, best stored score first, at most `most`; and whether there are more."""
        found: list[tuple[str, str]] = []
        for shard in range(keys.STAGE_SHARDS):
            items = self._table.query(keys.by_stage(stage, shard), newest_first=True, limit=most + 1, index="list")
            found += [(str(item["list_sk"]), str(item["pk"])) for item in items]
        found.sort(reverse=True)
        return [pk.removeprefix(keys.LEAD) for _, pk in found[:most]], len(found) > most

    def write(
        self,
        before: Lead,
        after: Lead,
        moved: Moved | None,
        intents: Sequence[Intent],
        handoff: "Handoff | None",
    ) -> None:
        """Replace a lead, with its transition and what the transition wants, if the standing is still as before.

        One conditional put; a transaction when the stage, the profile or a touch changes.
        Raises AlreadyPlannedError when only intents or the handoff exist already, otherwise ConflictError.
        """
        writes = [Put(_standing_item(after, spread=self._spread), {"version": before.version or None})]
        if not before.version or (after.profile, after.touches) != (before.profile, before.touches):
            writes.append(Put(_profile_item(after), GUARDED))
        if moved is not None:
            writes.append(Put(_transition_item(after, moved), ABSENT))
        effects = [put_intent(intent) for intent in intents]
        effects += [Put(_handoff_item(after.lead_id, handoff), ABSENT)] if handoff else []
        try:
            self._table.write(*writes, *effects)
        except ConflictError as conflict:
            taken = {position - len(writes) for position in conflict.failed}
            if taken and min(taken) >= 0:
                raise AlreadyPlannedError(
                    (intents[position].key for position in taken if position < len(intents)),
                    handoff=len(intents) in taken,
                ) from None
            raise

    def transition(self, lead_id: str, version: int) -> Mapping[str, Any] | None:
        """A transition as it was written, with its reasons; see `_transition_item`."""
        item = self._table.get(keys.lead(lead_id), keys.transition(version))
        return transition_of(item) if item else None

    def ask_refold(self, lead: Lead, due_at: datetime) -> None:
        """Ask the clock to refold a lead: one more ask, due at a time. Raises ConflictError."""
        self._put_asks(lead, lead.refold_asks + 1, due_at)

    def refolded(self, lead: Lead) -> None:
        """Take the lead off the clock's list, if no more was asked since it was read. Raises ConflictError."""
        self._put_asks(lead, lead.refold_asks, None)

    def _put_asks(self, lead: Lead, asks: int, due_at: datetime | None) -> None:
        item: Item = {"pk": keys.lead(lead.lead_id), "sk": keys.REFOLD, "schema": keys.SCHEMA, "asks": asks}
        if due_at is not None:
            shard = keys.shard(lead.lead_id, keys.DUE_SHARDS)
            item |= {"due_pk": keys.due(shard), "due_sk": keys.due_at(due_at, lead.lead_id)}
        self._table.write(Put(item, {"asks": lead.refold_asks or None}))


def lead_of(lead_id: str, items: Iterable[Item]) -> Lead:
    """The lead of its stored items PROFILE, REFOLD and STANDING, those that there are."""
    by_sk = {item["sk"]: item for item in items}
    profile, standing, refold = (by_sk.get(sk) for sk in (keys.PROFILE, keys.STANDING, keys.REFOLD))
    known: dict[str, Any] = {"lead_id": lead_id}
    if refold is not None:
        known["refold_asks"] = int(refold["asks"])
    if profile is not None:
        known |= {
            "profile": _profile_of(str(profile["profile"])),
            "touches": _touches_of(str(profile["touches"])),
        }
    if standing is not None:
        known |= _standing_of(standing)
    return Lead(**known)


def transition_of(item: Item) -> dict[str, Any]:
    """A stored transition: version, at, origin, target, kind, why, actor, cycle, model_version, total, reasons."""
    found = {name: item[name] for name in ("origin", "target", "why", "actor", "cycle", "model_version", "total")}
    return {
        **found,
        "version": int(str(item["sk"]).removeprefix(keys.TRANSITION)),
        "at": from_epoch_ms(int(item["at_ms"])),
        "kind": item.get("kind"),
        "grade": item.get("grade"),
        "reasons": json.loads(str(item["reasons"])),
    }


def _standing_item(lead: Lead, *, spread: bool) -> Item:
    standing = lead.standing
    item: Item = {
        "pk": keys.lead(lead.lead_id),
        "sk": keys.STANDING,
        "schema": keys.SCHEMA,
        "version": lead.version,
        "tally": pack(lead.tally),
        "counted": _pack_counted(lead.counted),
        "stage": standing.stage.value,
        "cycle": standing.cycle,
        "total": lead.total,
        "model_version": lead.model_version,
        "list_pk": keys.by_stage(standing.stage, keys.shard(lead.lead_id, keys.STAGE_SHARDS)),
        "list_sk": keys.by_score(lead.total, lead.lead_id),
    }
    optional: dict[str, Any] = {
        "kind": standing.kind,
        "owner": standing.owner,
        "entered_on": standing.entered_on.isoformat() if standing.entered_on else None,
        "crowded": lead.crowded or None,
        "refolded_at_ms": _ms(lead.refolded_at),
        "created_at_ms": _ms(lead.created_at),
        "updated_at_ms": _ms(lead.updated_at),
        "review_on": lead.review_on.isoformat() if lead.review_on else None,
    }
    item |= {name: value for name, value in optional.items() if value is not None}
    if lead.review_on is not None:
        item["due_pk"] = keys.due(keys.shard(lead.lead_id, keys.DUE_SHARDS))
        item["due_sk"] = keys.due_on(lead.review_on, lead.lead_id, spread=spread)
    return item


def _standing_of(item: Item) -> dict[str, Any]:
    def day(name: str) -> date | None:
        return date.fromisoformat(str(item[name])) if name in item else None

    def time(name: str) -> datetime | None:
        return from_epoch_ms(int(item[name])) if name in item else None

    kind, owner = item.get("kind"), item.get("owner")
    return {
        "version": int(item["version"]),
        "tally": unpack(_bytes(item["tally"])),
        "counted": _unpack_counted(_bytes(item["counted"])),
        "standing": Standing(
            stage=Stage(str(item["stage"])),
            kind=str(kind) if kind is not None else None,
            cycle=int(item["cycle"]),
            entered_on=day("entered_on"),
            owner=str(owner) if owner is not None else None,
        ),
        "crowded": bool(item.get("crowded", False)),
        "refolded_at": time("refolded_at_ms"),
        "review_on": day("review_on"),
        "total": int(item["total"]),
        "model_version": int(item["model_version"]),
        "created_at": time("created_at_ms"),
        "updated_at": time("updated_at_ms"),
    }


def _profile_item(lead: Lead) -> Item:
    profile = {
        name: [known.confirmed, epoch_ms(known.at), known.event_id, known.value]
        for name, known in sorted(lead.profile.items())
    }
    touches = [
        [epoch_ms(touch.at), touch.event_id, touch.source, touch.medium, touch.campaign] if touch else None
        for touch in (lead.touches.first, lead.touches.last)
    ]
    return {
        "pk": keys.lead(lead.lead_id),
        "sk": keys.PROFILE,
        "schema": keys.SCHEMA,
        "profile": json.dumps(profile, separators=(",", ":"), ensure_ascii=False),
        "touches": json.dumps(touches, separators=(",", ":"), ensure_ascii=False),
    }


def _profile_of(text: str) -> Profile:
    return {
        name: Known(confirmed, from_epoch_ms(at_ms), event_id, value)
        for name, (confirmed, at_ms, event_id, value) in json.loads(text).items()
    }


def _touches_of(text: str) -> Touches:
    first, last = (Touch(from_epoch_ms(one[0]), *one[1:]) if one else None for one in json.loads(text))
    return Touches(first, last)


def _transition_item(lead: Lead, moved: Moved) -> Item:
    transition, score = moved.transition, moved.score
    item: Item = {
        "pk": keys.lead(lead.lead_id),
        "sk": keys.transition(lead.version),
        "schema": keys.SCHEMA,
        "at_ms": epoch_ms(moved.at),
        "origin": transition.origin.value,
        "target": transition.target.value,
        "why": transition.why,
        "actor": moved.actor.value,
        "cycle": transition.cycle,
        "model_version": score.model_version,
        "total": score.total,
        "grade": score.grade,
        "reasons": json.dumps([[line.rule, line.group, line.milli, line.text] for line in score.reasons]),
    }
    return item | ({"kind": transition.kind} if transition.kind else {})


def _handoff_item(lead_id: str, handoff: "Handoff") -> Item:
    item: Item = {
        "pk": keys.lead(lead_id),
        "sk": f"{keys.HANDOFF}{handoff.cycle}",
        "schema": keys.SCHEMA,
        "kind": handoff.kind,
        "created_at_ms": epoch_ms(handoff.created_at),
    }
    return item | ({"owner": handoff.owner} if handoff.owner else {})


def _pack_counted(counted: Counted) -> bytes:
    return b"".join(COUNTED_FORMAT.pack(hour, digest) for digest, hour in sorted(counted.items()))


def _unpack_counted(packed: bytes) -> dict[bytes, int]:
    return {digest: hour for hour, digest in COUNTED_FORMAT.iter_unpack(packed)}


def _bytes(value: object) -> bytes:
    assert isinstance(value, bytes), "a packed attribute is bytes"
    return value


def _ms(at: datetime | None) -> int | None:
    return epoch_ms(at) if at is not None else None
