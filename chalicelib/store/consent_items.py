"""A lead's consent and its proofs: how they are stored, and read back."""

import json

from chalicelib.consent.consent import BasisKind, Consent, Proof, Purpose, SuppressionReason
from chalicelib.events import Rank, epoch_ms, from_epoch_ms
from chalicelib.limits import UNCONFIRMED_KEPT_DAYS
from chalicelib.store import keys
from chalicelib.store.expiry import expires_after
from chalicelib.store.mailboxes import Suppressions, pack_suppressions, unpack_suppressions
from chalicelib.store.table import Item


def consent_item(lead_id: str, consent: Consent) -> Item:
    """Return a consent as it is stored."""
    item: Item = {
        "pk": keys.lead(lead_id),
        "sk": keys.CONSENT,
        "schema": keys.SCHEMA,
        "version": consent.version,
        "marketing": consent.marketing,
    }
    if consent.proof is not None:
        item |= _proof_parts(consent.proof)
        if consent.proof.event_id is not None:
            item["event_id"] = consent.proof.event_id
    if consent.suppressed is not None:
        # The claim of an email asks for the one attribute `suppressed` (store/outbox.py).
        item |= {
            "suppressed": consent.suppressed.value,
            "suppressed_at_ms": epoch_ms(consent.suppressions[consent.suppressed]),
            "suppressions": pack_suppressions(consent.suppressions),
        }
    if consent.mailboxes:
        item["mailboxes"] = " ".join(sorted(consent.mailboxes))
    if consent.soft_bounces:
        item["soft_bounces"] = consent.soft_bounces
    if consent.confirmed_at is not None:
        item["opted_in_at_ms"] = epoch_ms(consent.confirmed_at)
    if consent.given:
        item["given"] = json.dumps(
            [
                {"purpose": purpose, "kind": kind, **_proof_parts(proof)}
                for (purpose, kind), proof in consent.given.items()
            ],
            ensure_ascii=False,
        )
    return item


def consent_of(item: Item | None) -> Consent:
    """Return the consent of a stored item. One that earlier code wrote is its own first proof."""
    if item is None:
        return Consent()
    return Consent(
        marketing=bool(item["marketing"]),
        proof=_proof_of(item, str(item["event_id"]) if "event_id" in item else None)
        if "at_ms" in item
        else None,
        suppressions=_suppressions_in(item),
        soft_bounces=int(item.get("soft_bounces", 0)),
        given={
            (Purpose(one["purpose"]), BasisKind(one["kind"])): _proof_of(one, one.get("event_id"))
            for one in json.loads(str(item.get("given", "[]")))
        },
        confirmed_at=from_epoch_ms(int(item["opted_in_at_ms"]))
        if "opted_in_at_ms" in item
        else None,
        mailboxes=frozenset(str(item.get("mailboxes", "")).split()),
        version=int(item["version"]),
    )


def proof_item(lead_id: str, proof: Proof) -> Item:
    """Return a proof behind the first one as it is stored."""
    assert proof.event_id is not None, "only earlier code kept proofs without their event"
    return {
        "pk": keys.lead(lead_id),
        "sk": keys.consented(proof.event_id),
        "schema": keys.SCHEMA,
        **_proof_parts(proof),
    }


def proof_of(item: Item) -> Proof:
    """Return the proof of a stored item."""
    return _proof_of(item, str(item["sk"]).removeprefix(keys.CONSENTED).replace("#", "-"))


def _proof_parts(proof: Proof) -> Item:
    item: Item = {"at_ms": epoch_ms(proof.at), "text": proof.text}
    texts = {
        "said": proof.said,
        "form": proof.form,
        "page": proof.page,
        "author": proof.author,
    }
    item |= {name: text for name, text in texts.items() if text}
    if proof.rank is not None:
        item["rank"] = proof.rank.name.lower()
    if proof.form_version is not None:
        item["form_version"] = proof.form_version
    if proof.confirmed_at is not None:
        item["confirmed_at_ms"] = epoch_ms(proof.confirmed_at)
    return item


def pending_item(lead_id: str, proof: Proof) -> Item:
    """Return the proof of a box that has yet to be confirmed, as it is stored for 30 days."""
    assert proof.event_id is not None, "a confirmation names the form's event"
    return {
        "pk": keys.lead(lead_id),
        "sk": keys.pending(proof.event_id),
        "schema": keys.SCHEMA,
        **_proof_parts(proof),
        **expires_after(proof.at, UNCONFIRMED_KEPT_DAYS),
    }


def pending_of(item: Item) -> Proof:
    """Return the proof of a box of a stored item; with a time when it was confirmed."""
    return _proof_of(item, str(item["sk"]).removeprefix(keys.PENDING).replace("#", "-"))


def _proof_of(item: Item, event_id: str | None) -> Proof:
    version = item.get("form_version")
    return Proof(
        at=from_epoch_ms(int(item["at_ms"])),
        text=str(item.get("text", "")),
        said=str(item.get("said", "")),
        event_id=event_id,
        form=str(item.get("form", "")),
        form_version=int(version) if version is not None else None,
        page=str(item.get("page", "")),
        rank=Rank[str(item["rank"]).upper()] if "rank" in item else None,
        confirmed_at=from_epoch_ms(int(item["confirmed_at_ms"]))
        if "confirmed_at_ms" in item
        else None,
        author=str(item.get("author", "")),
    )


def _suppressions_in(item: Item) -> Suppressions:
    """Return each reason and its time. An older item has only one, and no list."""
    if "suppressions" in item:
        return unpack_suppressions(str(item["suppressions"]))
    if "suppressed" in item:
        since = from_epoch_ms(int(item["suppressed_at_ms"]))
        return {SuppressionReason(str(item["suppressed"])): since}
    return {}
