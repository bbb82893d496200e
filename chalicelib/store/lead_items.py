"""A lead's items: what of it is stored, and how it is read back."""

import json
import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from chalicelib.days import zone_of
from chalicelib.events import Rank, epoch_ms, from_epoch_ms
from chalicelib.leads.lead import Counted, Lead, Notified, NotifiedAbout, SalesAnswer, SalesAnswers
from chalicelib.lifecycle.stages import Stage, Standing
from chalicelib.scoring.profile import Known, Profile
from chalicelib.scoring.tally import pack, unpack
from chalicelib.scoring.touches import FirstForm, Touch, Touches
from chalicelib.store import keys, places
from chalicelib.store.attributes import (
    bytes_in,
    day_in,
    iso_day,
    json_in,
    milliseconds,
    outcome_in,
    packed_texts,
    since_in,
    since_parts,
    text_in,
    texts_in,
    time_in,
    without_absent,
    zone_in,
)
from chalicelib.store.browser_zones import browser_zone_in, browser_zone_parts
from chalicelib.store.events import one_value
from chalicelib.store.given import emails_in, emails_parts, given_in, given_parts
from chalicelib.store.replays import requests_of
from chalicelib.store.request_items import pack_request_counts, request_counts_in
from chalicelib.store.table import Item

RANKS = {rank.value: rank for rank in Rank}  # found faster than by Rank(...)
EMPTY_PROFILE: dict[str, Any] = {
    "profile": {},
    "touches": Touches(),
    "answers": {},
    "given": (),
    "emails": None,
}
NO_EMAILS = "no_emails"
"""Says on a standing what its profile says of the lead's emails, for the claim of one: that they
stop. Absent otherwise."""
COUNTED_FORMAT = struct.Struct(">I8s")  # hour since 1970, digest


def unlisted(item: Item) -> Item:
    """An item that stands in no index any more."""
    return {name: value for name, value in item.items() if name not in keys.INDEXED}


def lead_of(lead_id: str, items: Iterable[Item]) -> Lead:
    """The lead of its stored items PROFILE, REPLAY and STANDING, those that there are."""
    by_sk = {item["sk"]: item for item in items}
    profile, standing, replay = (by_sk.get(sk) for sk in (keys.PROFILE, keys.STANDING, keys.REPLAY))
    known: dict[str, Any] = {"lead_id": lead_id}
    if replay is not None:
        known["requests"] = requests_of(replay)
    if profile is not None:
        known |= profile_parts(profile)
    if standing is not None:
        known |= _standing_of(standing)
    derived = [item for item in (profile, standing) if item is not None]
    known["is_outdated"] = any(int(item["schema"]) < keys.SCHEMA for item in derived)
    lead = Lead(**known)
    # A profile that still stands beside an erased standing waits for the job (ADR 0046).
    return replace(lead, **EMPTY_PROFILE) if lead.is_erased else lead


def standing_item(lead: Lead, *, spread: bool) -> Item:
    """A lead's standing as it is stored. spread: its review is due in the first hour of its day."""
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
        "list_pk": places.by_stage(standing.stage, keys.shard(lead.lead_id, keys.STAGE_SHARDS)),
        "list_sk": places.by_score(lead.total, lead.lead_id),
    }
    item |= without_absent(
        {
            "kind": standing.kind,
            "owner": standing.owner,
            "entered_on": iso_day(standing.entered_on),
            "by_person": standing.by_person or None,
            "rest_until": iso_day(standing.rest_until),
            **since_parts(standing.since),
            "overrides": packed_texts(standing.overrides),
            "outcome": standing.outcome,
            "handed_on": iso_day(standing.handed_on),
            "crowded": lead.crowded or None,
            "replayed_at_ms": milliseconds(lead.replayed_at),
            "created_at_ms": milliseconds(lead.created_at),
            "updated_at_ms": milliseconds(lead.updated_at),
            "review_on": iso_day(lead.review_on),
            "notified": _pack_notified(lead.notified),
            "asked": pack_request_counts(lead.asked),
            "merged_into": lead.merged_into,
            "erased_at_ms": milliseconds(lead.erased_at),
            NO_EMAILS: lead.gets_no_emails or None,
        }
    )
    if lead.review_on is not None:
        item["due_pk"] = places.due(keys.shard(lead.lead_id, keys.DUE_SHARDS))
        zone = zone_of(lead.zone)
        item["due_sk"] = places.due_on(lead.review_on, zone, lead.lead_id, spread=spread)
    return item


def _standing_of(item: Item) -> dict[str, Any]:
    return {
        "version": int(item["version"]),
        "tally": unpack(bytes_in(item["tally"])),
        "counted": _unpack_counted(bytes_in(item["counted"])),
        "standing": Standing(
            stage=Stage(str(item["stage"])),
            kind=text_in(item, "kind"),
            cycle=int(item["cycle"]),
            entered_on=day_in(item, "entered_on"),
            owner=text_in(item, "owner"),
            by_person=bool(item.get("by_person", False)),
            rest_until=day_in(item, "rest_until"),
            since=since_in(item),
            overrides=texts_in(item, "overrides"),
            outcome=outcome_in(item),
            handed_on=day_in(item, "handed_on"),
        ),
        "crowded": bool(item.get("crowded", False)),
        "replayed_at": time_in(item, "replayed_at_ms"),
        "review_on": day_in(item, "review_on"),
        "total": int(item["total"]),
        "model_version": int(item["model_version"]),
        "activation": int(item["activation"]),
        "matching": str(item["matching"]),
        "zone": zone_in(item),
        "notified": _notified_of(item),
        "asked": request_counts_in(item),
        "merged_into": text_in(item, "merged_into"),
        "created_at": time_in(item, "created_at_ms"),
        "updated_at": time_in(item, "updated_at_ms"),
        "erased_at": time_in(item, "erased_at_ms"),
    }


def profile_item(lead: Lead) -> Item:
    """A lead's profile, touches, answers and points by hand as they are stored."""
    # The version before reads one value for each field, so the others stand beside it (ADR 0027).
    profile = {name: _parts_of(every[0]) for name, every in sorted(lead.profile.items())}
    weaker = {
        name: [_parts_of(known) for known in every[1:]]
        for name, every in sorted(lead.profile.items())
        if len(every) > 1
    }
    touches = [_touch_parts(touch) for touch in (lead.touches.first, lead.touches.last)]
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
        "list_pk": places.all_leads(keys.shard(lead.lead_id, keys.LEAD_SHARDS)),
        "list_sk": lead.lead_id,
        **given_parts(lead.given),
        **browser_zone_parts(lead.touches.zone),
        **emails_parts(lead.emails),
    }
    lists = {
        name: {known.rank.value: known.value for known in every if isinstance(known.value, tuple)}
        for name, every in sorted(lead.profile.items())
    }
    if any(lists.values()):
        item["lists"] = json.dumps({name: by_rank for name, by_rank in lists.items() if by_rank})
    if weaker:
        item["weaker"] = json.dumps(weaker, separators=(",", ":"), ensure_ascii=False)
    if answers:
        item["answers"] = json.dumps(answers, separators=(",", ":"), ensure_ascii=False)
    if lead.touches.recent:
        recent = [_touch_parts(touch) for touch in lead.touches.recent]
        item["recent_touches"] = json.dumps(recent, separators=(",", ":"), ensure_ascii=False)
    if (form := lead.touches.form) is not None:
        rank = form.touch.rank.value if form.touch else None
        parts = [epoch_ms(form.at), form.event_id, _touch_parts(form.touch), rank]
        item["first_form"] = json.dumps(parts, separators=(",", ":"), ensure_ascii=False)
    if lead.touches.first is not None and lead.touches.first.rank is not Rank.FORM:
        item["touch_rank"] = lead.touches.first.rank.value
    return item


def profile_parts(item: Item) -> dict[str, Any]:
    """Return a lead's profile, touches, answers and points by hand from an item of them."""
    return {
        "profile": _profile_of(item),
        "touches": _touches_of(item),
        "answers": _answers_of(item),
        "given": given_in(item),
        "emails": emails_in(item),
    }


def _parts_of(known: Known) -> list[Any]:
    # A list as text, for the version before; its values stand in `lists` (ADR 0027).
    return [known.rank.value, epoch_ms(known.at), known.event_id, one_value(known.value)]


def _profile_of(item: Item) -> Profile:
    weaker, lists = (json_in(item, name) or {} for name in ("weaker", "lists"))
    return {
        name: tuple([_known_of(one, lists.get(name)) for one in (best, *weaker.get(name, ()))])
        for name, best in json_in(item, "profile").items()
    }


def _known_of(parts: Sequence[Any], lists: Mapping[str, Sequence[Any]] | None) -> Known:
    rank, at_ms, event_id, value = parts
    if isinstance(rank, bool):  # whether it was confirmed: from before there were ranks
        rank = Rank.CONFIRMED if rank else Rank.FORM
    values = lists.get(str(int(rank))) if lists else None
    return Known(RANKS[rank], from_epoch_ms(at_ms), event_id, tuple(values) if values else value)


def _answers_of(item: Item) -> SalesAnswers:
    return {
        question: SalesAnswer(cycle, from_epoch_ms(at_ms), event_id, value)
        for question, (cycle, at_ms, event_id, value) in (json_in(item, "answers") or {}).items()
    }


def _touches_of(item: Item) -> Touches:
    first, last = json_in(item, "touches")
    rank = Rank(int(item.get("touch_rank", Rank.FORM)))
    recent = [_touch_of(parts, rank) for parts in json_in(item, "recent_touches") or ()]
    return Touches(
        _touch_of(first, rank),
        _touch_of(last, rank),
        tuple(touch for touch in recent if touch),
        _first_form_of(item),
        browser_zone_in(item),
    )


def _first_form_of(item: Item) -> FirstForm | None:
    """Return a lead's first form; code of before did not keep it."""
    if "first_form" not in item:
        return None
    at_ms, event_id, parts, rank = json_in(item, "first_form")
    touch = _touch_of(parts, Rank(rank)) if parts else None
    return FirstForm(from_epoch_ms(at_ms), event_id, touch)


def _touch_parts(touch: Touch | None) -> list[Any] | None:
    if touch is None:
        return None
    return [epoch_ms(touch.at), touch.event_id, touch.source, touch.medium, touch.campaign]


def _touch_of(parts: Sequence[Any] | None, rank: Rank) -> Touch | None:
    if parts is None:
        return None
    at_ms, event_id, source, medium, campaign = parts
    return Touch(from_epoch_ms(at_ms), event_id, source, medium, campaign, rank)


def _pack_notified(notified: Sequence[Notified]) -> str | None:
    """Return what sales was notified about as JSON: [[cycle, about, rule], ...]."""
    rows = [[one.cycle, one.about.value, one.rule] for one in notified]
    return json.dumps(rows, ensure_ascii=False) if rows else None


def _notified_of(item: Item) -> tuple[Notified, ...]:
    rows = json_in(item, "notified") or ()
    return tuple(Notified(cycle, NotifiedAbout(about), rule) for cycle, about, rule in rows)


def _pack_counted(counted: Counted) -> bytes:
    return b"".join(COUNTED_FORMAT.pack(hour, digest) for digest, hour in sorted(counted.items()))


def _unpack_counted(packed: bytes) -> dict[bytes, int]:
    return {digest: hour for hour, digest in COUNTED_FORMAT.iter_unpack(packed)}
