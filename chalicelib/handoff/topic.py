"""The notice as a message to the handoff topic, for machines: docs/reference/handoff-topic.md."""

import json
import re
from collections.abc import Mapping
from typing import Any

from chalicelib.days import local_time
from chalicelib.delivery.message_keys import MessageKind
from chalicelib.delivery.messages import SnsMessage
from chalicelib.delivery.outbox import OutboxMessage
from chalicelib.events import rfc3339, said_as
from chalicelib.handoff.afterwards import is_about_activity, is_about_message
from chalicelib.handoff.deeds import deed_in_words, is_deed
from chalicelib.handoff.facts import NoticeFacts, VerdictLink
from chalicelib.handoff.headlines import Wording
from chalicelib.handoff.person_lines import (
    name_words,
    person_lines,
    profile_words,
    unconfirmed_fields,
)
from chalicelib.handoff.strongest import strongest_reasons
from chalicelib.handoff.sums import whole_total
from chalicelib.handoff.wanted import written_in
from chalicelib.inert import inert


def topic_message(
    message: OutboxMessage,
    facts: NoticeFacts,
    wording: Wording,
    verdicts: Mapping[VerdictLink, str],
    reference: str,
) -> SnsMessage:
    """Return a notice as JSON, and a subject of our own words alone."""
    content = topic_content(message, facts, wording, verdicts, reference)
    kind, score = content["kind"], content["score"]
    ends = f": {kind}, {score} points" if kind else ""
    subject = f"{message.kind.capitalize()} {reference}{ends}"
    return SnsMessage(subject=subject, body=json.dumps(content, ensure_ascii=False))


def topic_content(
    message: OutboxMessage,
    facts: NoticeFacts,
    wording: Wording,
    verdicts: Mapping[VerdictLink, str],
    reference: str,
) -> dict[str, Any]:
    """Return what the message holds. Keys are only ever added."""
    about = next(iter(facts.recent), None)
    first = facts.first_contact
    return {
        "lead_id": message.lead_id,
        "about": message.kind,
        "reference": reference,
        **_score_in(facts),
        "headline": wording.headline,
        "want": wording.want,
        "wrote": written_in(about) if about else [],
        "why": _why(message, facts, wording),
        "strongest": strongest_reasons(facts),
        "closing": wording.closing,
        "is_written": is_about_message(message.key),
        "is_active": is_about_activity(message.key),
        "profile": profile_words(facts),
        "labels": {name: inert(label) for name, label in facts.labels.items()},
        "answers": {one.label: one.value for one in person_lines(facts)},
        "unconfirmed": unconfirmed_fields(facts),
        "agreed": list(facts.allowed.lines),
        "advice": facts.allowed.advice,
        "did": [
            {
                "at": f"{local_time(event.captured_at, facts.reader.zone):%d %b %H:%M}",
                "what": deed_in_words(event),
                "time": rfc3339(event.captured_at),
            }
            for event in facts.recent
            if is_deed(event)
        ],
        "colleagues": [
            {
                "lead_id": one.lead_id,
                "name": name_words(one.profile),
                "job_title": inert(said_as(one.profile.get("job_title", ""))),
                "last_day": one.last_day.isoformat(),
            }
            for one in facts.colleagues
        ],
        "sent": [
            {"at": rfc3339(one.at), "subject": inert(one.subject), "marks": sorted(one.marks)}
            for one in facts.sent
        ],
        "first_contact": {"due_at": rfc3339(first.due_at), "priority": first.priority}
        if first
        else None,
        "verdict_url": verdicts.get(VerdictLink.PAGE),
    }


def _score_in(facts: NoticeFacts) -> dict[str, Any]:
    """Return the score of the transition; nothing of a lead that stayed where it was."""
    moved = facts.moved
    if moved is None:
        return {"kind": None, "score": None, "grade": None, "band": None, "reasons": []}
    return {
        "kind": moved.transition.kind,
        "score": whole_total(moved.total),
        "grade": moved.grade,
        "band": re.sub("[-_]", " ", moved.band) if moved.band else None,
        "reasons": [
            {"rule": rule, "group": group, "points": milli / 1000, "text": inert(text)}
            for rule, group, milli, text in moved.reasons
        ],
    }


def _why(message: OutboxMessage, facts: NoticeFacts, wording: Wording) -> str:
    """Return why sales hears of it: the rule that moved the lead, else what the notice says."""
    if facts.moved is not None:
        return inert(facts.moved.transition.why)
    if is_about_message(message.key):
        return "they wrote in a form that nobody has registered, or that is not for sales"
    if is_about_activity(message.key):
        return "what they did tells of interest"
    if message.kind is MessageKind.TRIAGE:
        return "they sent a request"
    return wording.opening
