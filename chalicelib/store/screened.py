"""The store of screened forms: they wait under keys of their own, where no stream filter and no
replay finds them, until somebody releases them or they expire (ADR 0044).
"""

import json
from dataclasses import asdict, replace
from datetime import datetime
from itertools import islice
from typing import Any

from chalicelib.capture.screening.kept import KeptForm
from chalicelib.consent.consent import Proof
from chalicelib.events import Event, Rank, epoch_ms, from_epoch_ms, lead_id_of
from chalicelib.store import keys, places
from chalicelib.store.events import event_item, event_of
from chalicelib.store.newest import newest_in
from chalicelib.store.table import ABSENT, Item, Put, Table


class ScreenedForms:
    """Reads what is kept as spam."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def of_lead(self, lead_id: str, most: int) -> list[KeptForm]:
        """Return the newest screened forms of an address's lead that nobody has released."""
        found = self._table.query(
            keys.lead(lead_id),
            first=keys.SCREENED,
            last=keys.SCREENED + keys.END,
            newest_first=True,
        )
        waiting = (one for one in map(kept_of, found) if one.released_at is None)
        return list(islice(waiting, most))

    def one(self, lead_id: str, event_id: str) -> KeptForm | None:
        """Return one screened form, or None."""
        item = self._table.get(keys.lead(lead_id), keys.screened(event_id))
        return kept_of(item) if item else None

    def waiting(self, before: str, most: int) -> list[tuple[str, KeptForm]]:
        """Return the forms that nobody has released, newest first, each with its place.

        before: the place to go on from, or empty.
        """
        partitions = map(places.spam, range(keys.SPAM_SHARDS))
        return [
            (place, kept_of(item))
            for place, item in newest_in(self._table, partitions, before, most)
            if "list_pk" in item  # it may have been released
        ]


def put_kept(kept: KeptForm) -> Put:
    """Return the write that keeps a screened form."""
    return Put({**_item(kept), **_listed(kept.event)}, ABSENT)


def put_released(kept: KeptForm, now: datetime) -> Put:
    """Return the write that notes the release of a form. It fails for one that was released."""
    expect = {"list_pk": _listed(kept.event)["list_pk"]}
    return Put(_item(replace(kept, released_at=now)), expect)


def kept_of(item: Item) -> KeptForm:
    """Return the screened form of a stored item."""
    at_ms = item.get("released_at_ms")
    proof = item.get("proof")
    return KeptForm(
        event=event_of(item),
        proof=_proof_of(json.loads(str(proof))) if proof else None,
        receipt=str(item.get("receipt", "")),
        released_at=from_epoch_ms(int(at_ms)) if at_ms else None,
    )


def spam_place(event: Event) -> str:
    """Return the place of a screened form in the list of spam."""
    return places.by_creation(event.captured_at, f"{lead_id_of(event.partition)}#{event.id}")


def _listed(event: Event) -> Item:
    """Return what lets an item stand in the list of spam."""
    lead_id = lead_id_of(event.partition) or ""
    shard = keys.shard(lead_id, keys.SPAM_SHARDS)
    return {"list_pk": places.spam(shard), "list_sk": spam_place(event)}


def _item(kept: KeptForm) -> Item:
    item = event_item(kept.event)
    if kept.proof is not None:
        item["proof"] = json.dumps(_proof_parts(kept.proof), ensure_ascii=False)
    if kept.receipt:
        item["receipt"] = kept.receipt
    if kept.released_at is not None:
        item["released_at_ms"] = epoch_ms(kept.released_at)
    return item


def _proof_parts(proof: Proof) -> dict[str, Any]:
    rank = proof.rank.name if proof.rank is not None else None
    parts = {**asdict(proof), "at": epoch_ms(proof.at), "rank": rank}
    return {name: value for name, value in parts.items() if value not in (None, "")}


def _proof_of(parts: dict[str, Any]) -> Proof:
    rank = Rank[parts["rank"]] if "rank" in parts else None
    return Proof(**{"text": "", **parts, "at": from_epoch_ms(parts["at"]), "rank": rank})
