"""A lead, an event, a transition and a message as api.md has them."""

from datetime import date, datetime
from typing import Any

from chalicelib.consent.consent import Consent
from chalicelib.delivery.outbox import OutboxMessage
from chalicelib.events import Event, rfc3339
from chalicelib.leads.lead import Lead
from chalicelib.lifecycle.stages import Recorded
from chalicelib.scoring.milli import MILLI
from chalicelib.scoring.profile import Touch
from chalicelib.scoring.reasons import ScoreReason
from chalicelib.scoring.score import Score


def lead_shape(
    lead: Lead,
    score: Score,
    consent: Consent,
    interest: str | None,
    *,
    reasons: bool,
    recounting: bool = False,
) -> dict[str, Any]:
    """One lead; in a list without its reasons. recounting: its history is still to be counted as
    the model counts.
    """
    profile = {name: known.value for name, known in sorted(lead.profile.items())}
    return {
        "lead_id": lead.lead_id,
        "email": profile.pop("email", None),
        "profile": profile,
        "stage": lead.standing.stage.value,
        "kind": lead.standing.kind,
        "cycle": lead.standing.cycle,
        "owner": lead.standing.owner,
        "rest_until": _day(lead.standing.rest_until),
        "outcome": lead.standing.outcome,
        "opportunity": opportunity_shape(lead),
        "score": score_shape(score, reasons=reasons),
        "recounting": recounting,
        "first_touch": touch_shape(lead.touches.first),
        "last_touch": touch_shape(lead.touches.last),
        "consent": _consent_shape(consent),
        "suppressed": consent.suppressed,
        "interest": interest,
        "review_on": _day(lead.review_on),
        "created_at": _time(lead.created_at),
        "updated_at": _time(lead.updated_at),
    }


def score_shape(score: Score, *, reasons: bool) -> dict[str, Any]:
    """A score: total in whole points, groups unrounded, and its reasons, which sum to the unrounded
    total.
    """
    shape: dict[str, Any] = {
        "total": score.rounded,
        "grade": score.grade,
        "groups": {name: points(milli) for name, milli in score.groups.items()},
        "as_of": score.day.isoformat(),
        "model_version": score.model_version,
    }
    return shape | (
        {"reasons": [reason_shape(reason) for reason in score.reasons]} if reasons else {}
    )


def opportunity_shape(lead: Lead) -> dict[str, Any] | None:
    """What sales answered in the lead's cycle, by question; or null."""
    cycle = lead.standing.cycle
    return {
        name: one.value for name, one in sorted(lead.answers.items()) if one.cycle == cycle
    } or None


def reason_shape(reason: ScoreReason) -> dict[str, Any]:
    """One line of a score."""
    return {
        "rule": reason.rule,
        "group": reason.group,
        "points": points(reason.milli),
        "count": reason.count,
        "last": _day(reason.last),
        "text": reason.text,
    }


def touch_shape(touch: Touch | None) -> dict[str, Any] | None:
    """A touch, or null."""
    if touch is None:
        return None
    return {
        "source": touch.source,
        "medium": touch.medium,
        "campaign": touch.campaign,
        "at": rfc3339(touch.at),
    }


def event_shape(event: Event) -> dict[str, Any]:
    """An event as a timeline item."""
    detail = {"properties": event.properties, "campaign": event.campaign, "fields": event.fields}
    return {
        "id": event.id,
        "at": rfc3339(event.at),
        "kind": event.kind.value,
        "name": event.name,
        "detail": {name: dict(part) for name, part in detail.items() if part},
    }


def transition_shape(moved: Recorded) -> dict[str, Any]:
    """A transition as a timeline item."""
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


def message_shape(message: OutboxMessage) -> dict[str, Any]:
    """A message as a timeline item."""
    return {
        "id": f"message-{message.key}",
        "at": rfc3339(message.created_at),
        "kind": "message",
        "name": message.kind,
        "detail": {
            "via": message.via.value,
            "state": message.state.value,
            "reason": message.reason,
        },
    }


def outbox_shape(message: OutboxMessage) -> dict[str, Any]:
    """A message as an outbox item."""
    return {
        "id": message.id,
        "lead_id": message.lead_id,
        "kind": message.kind,
        "via": message.via.value,
        "to": message.to,
        "state": message.state.value,
        "reason": message.reason,
        "message_id": message.message_id,
        "created_at": rfc3339(message.created_at),
    }


def points(milli: int) -> int | float:
    """Thousandths as points: whole where they are whole."""
    return milli // MILLI if milli % MILLI == 0 else milli / MILLI


def _consent_shape(consent: Consent) -> dict[str, Any] | None:
    if consent.at is None:
        return None
    return {"marketing": consent.marketing, "at": rfc3339(consent.at), "text": consent.text}


def _day(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _time(at: datetime | None) -> str | None:
    return rfc3339(at) if at else None
