"""A lead, an event, a transition and a message as the API answers them (docs/reference/api.md)."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from chalicelib.consent.consent import Consent, Proof
from chalicelib.delivery.message_keys import MessageKind
from chalicelib.delivery.outbox import LEFT, OutboxMessage
from chalicelib.events import Act, Event, Kind, rfc3339
from chalicelib.leads.lead import Lead
from chalicelib.lifecycle.stages import Recorded
from chalicelib.reading.message_words import say_state
from chalicelib.scoring.milli import MILLI
from chalicelib.scoring.model import Model
from chalicelib.scoring.profile import remembered, shown, unconfirmed
from chalicelib.scoring.reasons import ScoreReason
from chalicelib.scoring.score import Score
from chalicelib.scoring.touches import Touch

NOTE = "note"
"""The kind of a timeline item that is a person's note."""


OF_A_PERSON = frozenset({MessageKind.DIGEST, MessageKind.CODE})
"""The kinds of messages that are about no lead."""


def serialize_lead(
    lead: Lead,
    score: Score,
    consent: Consent,
    interest: str | None,
    *,
    model: Model,
    reasons: bool,
    recounting: bool = False,
) -> dict[str, Any]:
    """Return a lead.

    interest: the topic that the lead is most interested in; model: of the score; reasons: whether
    to list the reasons of the score, which lists of leads leave out; recounting: whether its
    history has yet to be counted by the active model (ADR 0017).
    """
    known = shown(remembered(lead.profile, score.day, model.zone))
    profile = {name: one.value for name, one in sorted(known.items())}
    return {
        "lead_id": lead.lead_id,
        "email": profile.pop("email", None),
        "profile": profile,
        "unconfirmed": unconfirmed(known),
        "stage": lead.standing.stage.value,
        "kind": lead.standing.kind,
        "cycle": lead.standing.cycle,
        "owner": lead.standing.owner,
        "rest_until": _day(lead.standing.rest_until),
        "outcome": lead.standing.outcome,
        "opportunity": serialize_opportunity(lead),
        "score": serialize_score(score, model, reasons=reasons),
        "recounting": recounting,
        "first_touch": serialize_touch(lead.touches.first),
        "last_touch": serialize_touch(lead.touches.last),
        "touches": [serialize_touch(one) for one in lead.touches.recent],
        "channel": lead.touches.channel,
        "time_zone": lead.touches.zone.name if lead.touches.zone else None,
        "consent": serialize_consent(consent),
        "suppressed": consent.suppressed,
        "interest": interest,
        "review_on": _day(lead.review_on),
        "created_at": _time(lead.created_at),
        "updated_at": _time(lead.updated_at),
    }


def serialize_score(score: Score, model: Model, *, reasons: bool) -> dict[str, Any]:
    """Return a score.

    The total is in whole points, the groups are unrounded. The reasons add up to the unrounded
    total. `band` and `scores` are there if the model has them.
    """
    shape: dict[str, Any] = {
        "total": score.rounded,
        "grade": score.grade,
        "groups": {name: points(milli) for name, milli in score.groups.items()},
        "as_of": score.day.isoformat(),
        "model_version": score.model_version,
    }
    if model.bands:
        shape["band"] = score.band
    if model.scores:
        shape["scores"] = {
            name: _named_score(score, name, reasons=reasons) for name in score.scores
        }
    if reasons:
        shape["reasons"] = [serialize_reason(reason) for reason in score.reasons]
    return shape


def _named_score(score: Score, name: str, *, reasons: bool) -> dict[str, Any]:
    """Return a named score, in the shape of the main one."""
    named = score.scores[name]
    shape: dict[str, Any] = {
        "total": named.rounded,
        "band": named.band,
        "groups": {group: points(milli) for group, milli in named.groups.items()},
    }
    if reasons:
        shape["reasons"] = [serialize_reason(reason) for reason in score.reasons_of(name)]
    return shape


def serialize_opportunity(lead: Lead) -> dict[str, Any] | None:
    """Return what sales answered in the lead's current cycle, by question; None without answers."""
    cycle = lead.standing.cycle
    return {
        name: one.value for name, one in sorted(lead.answers.items()) if one.cycle == cycle
    } or None


def serialize_reason(reason: ScoreReason) -> dict[str, Any]:
    """Return one line of a score."""
    return {
        "rule": reason.rule,
        "group": reason.group,
        "points": points(reason.milli),
        "count": reason.count,
        "last": _day(reason.last),
        "text": reason.text,
    }


def serialize_touch(touch: Touch | None) -> dict[str, Any] | None:
    """Return a touch, or None."""
    if touch is None:
        return None
    return {
        "source": touch.source,
        "medium": touch.medium,
        "campaign": touch.campaign,
        "at": rfc3339(touch.at),
    }


def serialize_event(event: Event, proof: Proof | None = None) -> dict[str, Any]:
    """Return an event as a timeline item. proof: of the consent that came with it."""
    parts: dict[str, Mapping[str, Any]] = {
        "properties": event.properties,
        "campaign": event.campaign,
        "fields": event.fields,
        "said": event.said,
    }
    detail: dict[str, Any] = {name: dict(part) for name, part in parts.items() if part}
    if event.fields:
        detail["rank"] = event.rank.name.lower()
    if event.screened:
        detail["screened"] = event.screened
    if event.is_surplus or event.screened:
        detail["counts"] = False
    if event.cut:
        detail["cut"] = list(event.cut)
    if proof is not None:
        detail["consent"] = serialize_proof(proof)
    is_note = event.kind is Kind.PERSON and event.name == Act.NOTE
    return {
        "id": event.id,
        "at": rfc3339(event.at),
        "kind": NOTE if is_note else event.kind.value,
        "name": event.name,
        "detail": detail,
    }


def serialize_transition(moved: Recorded) -> dict[str, Any]:
    """Return a transition as a timeline item."""
    transition = moved.transition
    return {
        "id": f"transition-{moved.version}",
        "at": rfc3339(moved.at),
        "kind": "transition",
        "name": f"{transition.origin} -> {transition.target}",
        "detail": {
            "from": transition.origin.value,
            "to": transition.target.value,
            "kind": transition.kind,
            "why": transition.why,
            "actor": transition.actor.value,
            "cycle": transition.cycle,
            "rest_until": _day(transition.rest_until),
            "model_version": moved.model_version,
            "score": (moved.total + MILLI // 2) // MILLI,
            "reasons": [
                {"rule": rule, "group": group, "points": points(milli), "text": text}
                for rule, group, milli, text in moved.reasons
            ],
        },
    }


def serialize_message(message: OutboxMessage) -> dict[str, Any]:
    """Return a message as a timeline item."""
    sequence, step = message.key.step or (None, None)
    of_step = {"sequence": sequence, "step": step} if step else {}
    return {
        "id": f"message-{message.key}",
        "at": rfc3339(message.created_at),
        "kind": "message",
        "name": message.kind,
        "detail": {
            "via": message.via.value,
            "state": message.state.value,
            "reason": message.reason,
            "text": say_state(message),
            **of_step,
            "email": message.email,
            "email_version": message.email_version,
            "subject": message.subject,
            "left_at": _time(message.claimed_at) if message.state in LEFT else None,
        },
    }


def serialize_outbox_item(message: OutboxMessage) -> dict[str, Any]:
    """Return a message as an item of the outbox."""
    return {
        "id": message.id,
        "lead_id": message.lead_id if message.kind not in OF_A_PERSON else None,
        "kind": message.kind,
        "via": message.via.value,
        "to": message.to,
        "subject": message.subject,
        "email": message.email,
        "email_version": message.email_version,
        "state": message.state.value,
        "reason": message.reason,
        "detail": message.detail,
        "due_at": rfc3339(message.due_at) if message.due_at else None,
        "message_id": message.message_id,
        "held_by": message.held_by,
        "created_at": rfc3339(message.created_at),
    }


def serialize_proof(proof: Proof) -> dict[str, Any]:
    """Return a proof of consent: what stood beside the box, and what the sender said about it."""
    return {
        "at": rfc3339(proof.at),
        "text": proof.text,
        "said": proof.said or None,
        "form": proof.form or None,
        "form_version": proof.form_version,
        "page": proof.page or None,
        "rank": proof.rank.name.lower() if proof.rank is not None else None,
        "confirmed_at": _time(proof.confirmed_at),
        "author": proof.author or None,
        "event_id": proof.event_id,
    }


def points(milli: int) -> int | float:
    """Return thousandths as points, as a whole number where they are one."""
    return milli // MILLI if milli % MILLI == 0 else milli / MILLI


def serialize_ticked(pending: Proof) -> dict[str, Any]:
    """Return a ticked box that is yet to be confirmed, as consents are shown."""
    at = rfc3339(pending.at)
    return {"marketing": True, "at": at, "text": pending.text, "confirmed": False}


def serialize_consent(consent: Consent) -> dict[str, Any] | None:
    """Return the first proof that somebody ticked a marketing box, None when nobody did."""
    proof = consent.proof
    if proof is None:
        return None
    return {"marketing": consent.marketing, "at": rfc3339(proof.at), "text": proof.text}


def _day(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _time(at: datetime | None) -> str | None:
    return rfc3339(at) if at else None
