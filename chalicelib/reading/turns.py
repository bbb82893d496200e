"""Where a lead entered a sequence, and where it left it, as its timeline shows that."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from chalicelib.events import rfc3339
from chalicelib.reading.handoff_turns import HandoffTurn, serialize_handoff_turn


@dataclass(frozen=True, slots=True, kw_only=True)
class SequenceTurn:
    """The beginning or the end of a lead's way through a sequence."""

    at: datetime
    key: str
    """What tells the way from the others of the lead."""
    name: str
    """`entered` or `exited`."""
    sequence: str
    entry: int
    """The number of the entry in the lead's cycle."""
    cause: str
    """What it entered by; or why it ended."""
    goal: str | None = None
    """The goal that was reached."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningSequence:
    """A sequence that a lead is in."""

    sequence: str
    step: str | None
    """The step that it waits for, or whose email is on its way; None: not looked at yet."""
    due_at: datetime | None
    """When it is looked at again."""
    since: datetime
    """When the lead entered it."""


EXIT_WORDS: Mapping[str, str] = {
    "finished": "it came to its end",
    "goal": "its goal was reached",
    "with_sales": "sales has the lead",
    "customer": "the lead is a customer",
    "disqualified": "the lead is disqualified",
    "replied": "the person answered",
    "unsubscribed": "the person unsubscribed",
    "bounced": "an email bounced for good",
    "complained": "the person reported an email as spam",
    "no_consent": "there is no consent",
    "no_address": "there is no address",
    "stopped_by_owner": "one of our people stopped it",
    "sunset": "the person has done nothing for half a year",
    "internal": "the person is of our own company",
    "imported": "the lead was imported",
    "merged": "the lead turned out to be another one",
    "outranked": "another sequence fits better",
    "switched_off": "the sequence was switched off",
    "taken_back": "a publish was taken back",
    "erased": "the person was erased",
    "stale": "nobody released what a publish held",
}
"""Why a lead left a sequence, in words."""


def serialize_running(one: RunningSequence) -> dict[str, Any]:
    """Return a sequence that a lead is in."""
    return {
        "sequence": one.sequence,
        "step": one.step,
        "due_at": rfc3339(one.due_at) if one.due_at else None,
        "since": rfc3339(one.since),
    }


def say_turn(turn: SequenceTurn) -> str:
    """Return a turn in words: `left the sequence learn-and-try: sales has the lead`."""
    if turn.name == "entered":
        return f"entered the sequence {turn.sequence} ({turn.cause})"
    about = f" ({turn.goal})" if turn.goal else ""
    return f"left the sequence {turn.sequence}: {EXIT_WORDS[turn.cause]}{about}"


def serialize_turn(turn: SequenceTurn | HandoffTurn) -> dict[str, Any]:
    """Return a turn as a timeline item."""
    if isinstance(turn, HandoffTurn):
        return serialize_handoff_turn(turn)
    is_entry = turn.name == "entered"
    said = {"by": turn.cause} if is_entry else {"reason": turn.cause, "goal": turn.goal}
    return {
        "id": f"sequence-{turn.key}-{turn.name}",
        "at": rfc3339(turn.at),
        "kind": "sequence",
        "name": turn.name,
        "detail": {"sequence": turn.sequence, "entry": turn.entry, **said, "text": say_turn(turn)},
    }
