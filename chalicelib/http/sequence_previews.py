"""The private endpoint that shows what a lead would get of a sequence, and when."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

from chalice.app import Blueprint, Request, Response

from chalicelib.access.tokens import Role
from chalicelib.errors import FieldError, InputError
from chalicelib.http.auth import private
from chalicelib.http.exchange import check_no_keys, private_answer, query_of
from chalicelib.wiring.world import world

if TYPE_CHECKING:
    from chalicelib.nurture.enrolment import Enrolment
    from chalicelib.nurture.foreseen import Foreseen, ForeseenEmail
    from chalicelib.nurture.windows import WorkingHours
    from chalicelib.wiring.sequence_previews import Foresight

sequence_previews = Blueprint(__name__)


@private(
    sequence_previews,
    "/v1/sequences/{sequence_id}/preview",
    Role.MARKETER,
    Role.SALES,
    methods=["POST"],
    query=["lead_id"],
)
def preview_sequence(request: Request, sequence_id: str) -> Response:
    """Return what a lead would get of a sequence, and when; it changes and sends nothing."""
    from chalicelib.wiring.sequence_previews import foresee

    check_no_keys(request)
    lead_id = query_of(request).get("lead_id")
    if not lead_id:
        raise InputError(FieldError("lead_id", "is missing; add the lead to preview it for"))
    found, foreseen = foresee(world().ports, sequence_id, lead_id)
    return private_answer(_serialize(found, foreseen))


def _serialize(found: "Foresight", foreseen: "Foreseen") -> dict[str, Any]:
    from chalicelib.events import rfc3339
    from chalicelib.nurture.foreseen import stops
    from chalicelib.nurture.windows import working_hours_of

    sequence = found.sequence
    hours = working_hours_of(found.lead, found.world.company())
    stopping = [{"reason": reason, "text": text} for reason, text in stops(sequence)]
    return {
        "sequence_id": sequence.id,
        "title": sequence.name,
        "active": found.is_active,
        "lead_id": found.lead.lead_id,
        "as_of": rfc3339(found.began_at),
        "time_zone": hours.zones[0],
        "lead": _entry(foreseen),
        "paused": foreseen.paused,
        "steps": [_email(one, hours) for one in foreseen.emails],
        "ends": _end(foreseen.end),
        "stops": stopping,
    }


def _entry(foreseen: "Foreseen") -> dict[str, Any]:
    from chalicelib.events import rfc3339
    from chalicelib.nurture.foreseen import Belonging

    entry = foreseen.entry
    one = entry.enrolment
    is_running = entry.state is Belonging.RUNNING
    return {
        "state": entry.state,
        "step": one.step if one and is_running else None,
        "passed": list(one.passed) if one and is_running else [],
        "entered_at": rfc3339(one.entered_at) if one else None,
        "due_at": rfc3339(one.due_at) if one and one.due_at else None,
        "reason": entry.reason,
        "goal": one.goal if one and entry.state is Belonging.ENDED else None,
        "text": entry.text,
    }


def _email(one: "ForeseenEmail", hours: "WorkingHours") -> dict[str, Any]:
    from chalicelib.events import rfc3339
    from chalicelib.reading.message_words import REASON_WORDS

    message = one.message
    reason = None if one.leaves else message.reason
    assumed = one.assumed
    return {
        "step": one.step,
        "email": message.email,
        "email_version": message.email_version,
        "state": "sent" if one.leaves else "waiting" if message.due_at else "not_sent",
        "at": rfc3339(one.decided_at),
        **_local(one.decided_at, hours),
        "subject": one.sent.subject if one.sent else None,
        "text": one.sent.text if one.sent else None,
        "html": one.sent.html if one.sent else None,
        "assumes": {
            "condition": assumed.condition,
            "holds": assumed.holds,
            "text": f"{assumed.condition} is {'true' if assumed.holds else 'not true'} so far: "
            f"{assumed.follows}",
        }
        if assumed
        else None,
        "reason": reason,
        "reason_text": REASON_WORDS[reason] if reason else None,
        "held": [
            {
                "reason": each.reason,
                "since": rfc3339(each.since),
                "until": rfc3339(each.until),
                "text": REASON_WORDS[each.reason],
            }
            for each in one.held
        ],
    }


def _local(at: datetime, hours: "WorkingHours") -> dict[str, Any]:
    """Return the day and the hour where the person is, and the hours in which emails may leave."""
    from chalicelib.days import day_of, local_time

    return {
        "day": day_of(at, hours.zone).isoformat(),
        "time": f"{local_time(at, hours.zone):%H:%M}",
        "window": {"opens": _clock(hours.opens), "closes": _clock(hours.closes)},
    }


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


def _end(enrolment: "Enrolment | None") -> dict[str, Any] | None:
    from chalicelib.events import rfc3339

    if enrolment is None or enrolment.ended is None or enrolment.ended_at is None:
        return None
    return {"at": rfc3339(enrolment.ended_at), "reason": enrolment.ended, "goal": enrolment.goal}
