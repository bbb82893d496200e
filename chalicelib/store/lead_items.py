"""A lead's items: what of it is stored, and how it is read back."""

import json
import struct
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from chalicelib.days import UTC_NAME, zone_of
from chalicelib.events import epoch_ms, from_epoch_ms
from chalicelib.leads.lead import Counted, Lead, Notified, NotifiedAbout, SalesAnswer, SalesAnswers
from chalicelib.lifecycle.stages import Actor, Outcome, Recorded, Stage, Standing, Transition
from chalicelib.qualify.reactions import Moved, Record
from chalicelib.scoring.profile import Known, Profile, Touch, Touches
from chalicelib.scoring.tally import Since, pack, unpack
from chalicelib.store import keys
from chalicelib.store.table import Item

COUNTED_FORMAT = struct.Struct(">I8s")  # hour since 1970, digest
SINCE_FORMAT = struct.Struct(">I")  # the day, before the packed cells that were counted


def unlisted(item: Item) -> Item:
    """An item that stands in no index any more."""
    return {name: value for name, value in item.items() if name not in keys.INDEXED}


def replay_item(lead: Lead, asks: int) -> Item:
    """The item by which a lead asks for a replay."""
    return {"pk": keys.lead(lead.lead_id), "sk": keys.REPLAY, "schema": keys.SCHEMA, "asks": asks}


def lead_of(lead_id: str, items: Iterable[Item]) -> Lead:
    """The lead of its stored items PROFILE, REPLAY and STANDING, those that there are."""
    by_sk = {item["sk"]: item for item in items}
    profile, standing, replay = (by_sk.get(sk) for sk in (keys.PROFILE, keys.STANDING, keys.REPLAY))
    known: dict[str, Any] = {"lead_id": lead_id}
    if replay is not None:
        known["replay_requests"] = int(replay["asks"])
    if profile is not None:
        known |= {
            "profile": _profile_of(str(profile["profile"])),
            "touches": _touches_of(str(profile["touches"])),
            "answers": _answers_of(str(profile.get("answers", "{}"))),
        }
    if standing is not None:
        known |= _standing_of(standing)
    return Lead(**known)


def transition_of(item: Item) -> Recorded:
    """The transition of a stored item."""
    transition = Transition(
        origin=Stage(str(item["origin"])),
        target=Stage(str(item["target"])),
        kind=_text(item, "kind"),
        why=str(item["why"]),
        cycle=int(item["cycle"]),
        actor=Actor(str(item["actor"])),
        on=date.fromisoformat(str(item["on"])),
        rest_until=_day(item, "rest_until"),
        since=_since(item),
        overrides=_texts(item, "overrides"),
        outcome=_outcome(item),
        undoes=bool(item.get("undoes", False)),
    )
    return Recorded(
        transition=transition,
        version=int(str(item["sk"]).removeprefix(keys.TRANSITION)),
        at=from_epoch_ms(int(item["at_ms"])),
        model_version=int(item["model_version"]),
        total=int(item["total"]),
        grade=str(item["grade"]),
        reasons=[
            (rule, group, milli, text)
            for rule, group, milli, text in json.loads(str(item["reasons"]))
        ],
        zone=_zone(item),
    )


def standing_item(lead: Lead, *, spread: bool) -> Item:
    """A lead's standing as it is stored. spread: its review is due within the first hour of its
    day, as the lead's time zone has it.
    """
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
        "activation": lead.activation,
        "matching": lead.matching,
        "zone": lead.zone,
        "list_pk": keys.by_stage(standing.stage, keys.shard(lead.lead_id, keys.STAGE_SHARDS)),
        "list_sk": keys.by_score(lead.total, lead.lead_id),
    }
    item |= _known(
        {
            "kind": standing.kind,
            "owner": standing.owner,
            "entered_on": _iso(standing.entered_on),
            "by_person": standing.by_person or None,
            "rest_until": _iso(standing.rest_until),
            **_since_parts(standing.since),
            "overrides": _packed_texts(standing.overrides),
            "outcome": standing.outcome,
            "handed_on": _iso(standing.handed_on),
            "crowded": lead.crowded or None,
            "replayed_at_ms": _ms(lead.replayed_at),
            "created_at_ms": _ms(lead.created_at),
            "updated_at_ms": _ms(lead.updated_at),
            "review_on": _iso(lead.review_on),
            "notified": _pack_notified(lead.notified),
            "merged_into": lead.merged_into,
        }
    )
    if lead.review_on is not None:
        item["due_pk"] = keys.due(keys.shard(lead.lead_id, keys.DUE_SHARDS))
        zone = zone_of(lead.zone)
        item["due_sk"] = keys.due_on(lead.review_on, zone, lead.lead_id, spread=spread)
    return item


def _standing_of(item: Item) -> dict[str, Any]:
    return {
        "version": int(item["version"]),
        "tally": unpack(_bytes(item["tally"])),
        "counted": _unpack_counted(_bytes(item["counted"])),
        "standing": Standing(
            stage=Stage(str(item["stage"])),
            kind=_text(item, "kind"),
            cycle=int(item["cycle"]),
            entered_on=_day(item, "entered_on"),
            owner=_text(item, "owner"),
            by_person=bool(item.get("by_person", False)),
            rest_until=_day(item, "rest_until"),
            since=_since(item),
            overrides=_texts(item, "overrides"),
            outcome=_outcome(item),
            handed_on=_day(item, "handed_on"),
        ),
        "crowded": bool(item.get("crowded", False)),
        "replayed_at": _time(item, "replayed_at_ms"),
        "review_on": _day(item, "review_on"),
        "total": int(item["total"]),
        "model_version": int(item["model_version"]),
        "activation": int(item["activation"]),
        "matching": str(item["matching"]),
        "zone": _zone(item),
        "notified": _notified_of(item),
        "merged_into": _text(item, "merged_into"),
        "created_at": _time(item, "created_at_ms"),
        "updated_at": _time(item, "updated_at_ms"),
    }


def profile_item(lead: Lead) -> Item:
    """A lead's profile, touches and answers as they are stored."""
    profile = {
        name: [known.confirmed, epoch_ms(known.at), known.event_id, known.value]
        for name, known in sorted(lead.profile.items())
    }
    touches = [
        [epoch_ms(touch.at), touch.event_id, touch.source, touch.medium, touch.campaign]
        if touch
        else None
        for touch in (lead.touches.first, lead.touches.last)
    ]
    answers = {
        question: [answer.cycle, epoch_ms(answer.at), answer.event_id, answer.value]
        for question, answer in sorted(lead.answers.items())
    }
    item: Item = {
        "pk": keys.lead(lead.lead_id),
        "sk": keys.PROFILE,
        "schema": keys.SCHEMA,
        "profile": json.dumps(profile, separators=(",", ":"), ensure_ascii=False),
        "touches": json.dumps(touches, separators=(",", ":"), ensure_ascii=False),
        "list_pk": keys.all_leads(keys.shard(lead.lead_id, keys.LEAD_SHARDS)),
        "list_sk": lead.lead_id,
    }
    return item | (
        {"answers": json.dumps(answers, separators=(",", ":"), ensure_ascii=False)}
        if answers
        else {}
    )


def _profile_of(text: str) -> Profile:
    return {
        name: Known(confirmed, from_epoch_ms(at_ms), event_id, value)
        for name, (confirmed, at_ms, event_id, value) in json.loads(text).items()
    }


def _answers_of(text: str) -> SalesAnswers:
    return {
        question: SalesAnswer(cycle, from_epoch_ms(at_ms), event_id, value)
        for question, (cycle, at_ms, event_id, value) in json.loads(text).items()
    }


def _touches_of(text: str) -> Touches:
    first, last = (
        Touch(from_epoch_ms(one[0]), *one[1:]) if one else None for one in json.loads(text)
    )
    return Touches(first, last)


def transition_item(lead: Lead, moved: Moved) -> Item:
    """A transition as it is stored."""
    transition, score = moved.transition, moved.score
    item: Item = {
        "pk": keys.lead(lead.lead_id),
        "sk": keys.transition(moved.version),
        "schema": keys.SCHEMA,
        "at_ms": epoch_ms(moved.at),
        "on": transition.on.isoformat(),
        "zone": lead.zone,
        "origin": transition.origin.value,
        "target": transition.target.value,
        "why": transition.why,
        "actor": transition.actor.value,
        "cycle": transition.cycle,
        "model_version": score.model_version,
        "total": score.total,
        "grade": score.grade,
        "reasons": json.dumps(
            [[line.rule, line.group, line.milli, line.text] for line in score.reasons]
        ),
    }
    return item | _known(
        {
            "kind": transition.kind,
            "rest_until": _iso(transition.rest_until),
            **_since_parts(transition.since),
            "overrides": _packed_texts(transition.overrides),
            "outcome": transition.outcome,
            "undoes": transition.undoes or None,
        }
    )


def record_item(lead_id: str, record: Record) -> Item:
    """Return a record that a reaction keeps beside its lead, as it is stored."""
    item: Item = {
        "pk": keys.lead(lead_id),
        "sk": record.key,
        "schema": keys.SCHEMA,
        **record.values,
    }
    if record.due_at is not None:
        item["due_pk"] = keys.due(keys.shard(lead_id, keys.DUE_SHARDS))
        item["due_sk"] = keys.due_at(record.due_at, f"{lead_id}#{record.key}")
    return item


def _pack_notified(notified: Sequence[Notified]) -> str | None:
    """Return what sales was notified about as JSON: [[cycle, about, rule], ...]."""
    rows = [[one.cycle, one.about.value, one.rule] for one in notified]
    return json.dumps(rows, ensure_ascii=False) if rows else None


def _notified_of(item: Item) -> tuple[Notified, ...]:
    rows = json.loads(str(item.get("notified", "[]")))
    return tuple(Notified(cycle, NotifiedAbout(about), rule) for cycle, about, rule in rows)


def _pack_counted(counted: Counted) -> bytes:
    return b"".join(COUNTED_FORMAT.pack(hour, digest) for digest, hour in sorted(counted.items()))


def _unpack_counted(packed: bytes) -> dict[bytes, int]:
    return {digest: hour for hour, digest in COUNTED_FORMAT.iter_unpack(packed)}


def _since_parts(since: Since | None) -> Item:
    """Return the attributes that say from when behaviour counts."""
    if since is None:
        return {}
    parts: Item = {"since": SINCE_FORMAT.pack(since.day) + pack(since.already_counted)}
    if since.at is not None:
        parts |= {
            "since_at_ms": epoch_ms(since.at),
            "since_matching": since.matching,
            "since_lead_id": since.lead_id,
        }
    return parts


def _since(item: Item) -> Since | None:
    if "since" not in item:
        return None
    packed = _bytes(item["since"])
    (day,) = SINCE_FORMAT.unpack_from(packed)
    return Since(
        day,
        unpack(packed[SINCE_FORMAT.size :]),
        _time(item, "since_at_ms"),
        str(item.get("since_matching", "")),
        str(item.get("since_lead_id", "")),
    )


def _packed_texts(texts: Sequence[str]) -> str | None:
    return json.dumps(list(texts), ensure_ascii=False) if texts else None


def _texts(item: Item, name: str) -> tuple[str, ...]:
    return tuple(json.loads(str(item[name]))) if name in item else ()


def _known(optional: Mapping[str, Any]) -> Item:
    return {name: value for name, value in optional.items() if value is not None}


def _text(item: Item, name: str) -> str | None:
    return str(item[name]) if name in item else None


def _outcome(item: Item) -> Outcome | None:
    return Outcome(str(item["outcome"])) if "outcome" in item else None


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _day(item: Item, name: str) -> date | None:
    return date.fromisoformat(str(item[name])) if name in item else None


def _zone(item: Item) -> str:
    """Return the time zone of an item's days. One that names none has days of UTC."""
    return str(item.get("zone", UTC_NAME))


def _time(item: Item, name: str) -> datetime | None:
    return from_epoch_ms(int(item[name])) if name in item else None


def _bytes(value: object) -> bytes:
    assert isinstance(value, bytes), "a packed attribute is bytes"
    return value


def _ms(at: datetime | None) -> int | None:
    return epoch_ms(at) if at is not None else None
