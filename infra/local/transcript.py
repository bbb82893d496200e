"""The transcript of the demo's walk: its steps, as they are kept and as they are printed."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

FADED = re.compile(r", [\d.]+ of (?P<points>[\d.]+) points gone with time$")
DAY = len("2026-11-24")
VIA_WORDS = {"email": "email", "sns": "topic message", "sms": "text"}
INTRODUCTION = (
    "Ann is CTO of a software company with 120 people. Baton has never heard of her.",
    "Each step shows what is new or changed in her score, and what was sent.",
)


@dataclass(frozen=True)
class Step:
    """One step of the transcript.

    reasons: as the API gives them; messages: what went out in this step; at: when it was seen, by
    the stack's clock and in the demo's zone; turns: the sequences that the lead entered or left in
    it.
    """

    step: str
    story: str
    stage: str
    kind: str | None
    total: int
    grade: str
    reasons: list[dict[str, Any]]
    messages: list[dict[str, Any]] = field(default_factory=list)
    at: str = ""
    turns: list[dict[str, Any]] = field(default_factory=list)


def render(steps: Sequence[Step]) -> str:
    """Return the transcript: at each step only the lines that are new or changed since the step
    before. All reasons are in `.local/transcript.json`.
    """
    lines = [*INTRODUCTION, ""]
    before: Step | None = None
    for number, step in enumerate(steps, 1):
        if step.at and step.at[:DAY] != (before.at[:DAY] if before else None):
            lines += [f"The clock is set to {_when(step.at)}.", ""]
        lines += [f"{number}. {step.story}", f"   -> {_place(step, before)}"]
        lines += _changed_reasons(step, before)
        lines += [f"   {_turn(turn)}" for turn in step.turns]
        lines += [f"   {_went_out(message)}" for message in step.messages]
        lines.append("")
        before = step
    return "\n".join(lines)


def _place(step: Step, before: Step | None) -> str:
    """Return where the lead stands, and by how many points more or fewer than a step before."""
    kind = f" ({step.kind})" if step.kind else ""
    change = f" ({step.total - before.total:+})" if before else ""
    return f"{step.stage}{kind}: {step.total} points{change}, grade {step.grade}"


def _changed_reasons(step: Step, before: Step | None) -> list[str]:
    """Return the reasons that are new, changed or gone, each as a line.

    That a reason has faded since is in its line when something else about it is new.
    """
    earlier = [_unfaded(reason) for reason in before.reasons] if before else []
    now = [_reason_line(reason) for reason in step.reasons if _unfaded(reason) not in earlier]
    rules = {reason["rule"] for reason in step.reasons}
    gone = [
        f"      gone  {reason['text']}"
        for reason in (before.reasons if before else [])
        if reason["rule"] not in rules
    ]
    return now + gone


def _unfaded(reason: Mapping[str, Any]) -> tuple[str, float]:
    """Return what a reason says, and how many points it was before any faded."""
    text = str(reason["text"])
    faded = FADED.search(text)
    if faded is None:
        return text, float(reason["points"])
    return text[: faded.start()], float(faded["points"])


def _when(at: str) -> str:
    """Return a moment as people write it: `Tuesday, 24 November 2026, 10:00`."""
    moment = datetime.fromisoformat(at)
    return f"{moment:%A}, {moment.day} {moment:%B} {moment.year}, {moment:%H:%M}"


def _turn(turn: Mapping[str, Any]) -> str:
    """Return that the lead entered a sequence, or why it left one."""
    if turn["name"] == "entered":
        return f"enters the sequence {turn['sequence']} ({turn['by']})"
    return f"leaves the sequence {turn['sequence']} ({turn['reason']})"


def _reason_line(reason: Mapping[str, Any]) -> str:
    return f"      {round(reason['points'], 1):>+4g}  {reason['text']}"


def _went_out(message: Mapping[str, Any]) -> str:
    """Return what went out, to whom, and its subject or text."""
    to = f" to {message['to']}" if message["to"] else ""
    return f"{name_of_message(message)}{to}: {message.get('subject') or message['text']}"


def render_messages(steps: Sequence[Step]) -> str:
    """The mails and texts that went out, whole."""
    blocks = []
    for message in (one for step in steps for one in step.messages if one["via"] != "sns"):
        head = f"--- {name_of_message(message)} to {message['to']} "
        subject = f"Subject: {message['subject']}\n\n" if message.get("subject") else ""
        blocks.append(f"{head:-<100}\n{subject}{message['text'].strip()}\n")
    return "\n".join(blocks)


def name_of_message(item: Mapping[str, Any]) -> str:
    """Return an outbox item in plain words: nurture email, handoff text, handoff topic message."""
    return f"{item['kind']} {VIA_WORDS[item['via']]}"
