"""What sequences write about, as people choose it on the page of an email's way out (ADR 0063)."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from chalicelib.nurture.conditions import NO_TOPIC

ABOUT_OTHER = "other"
"""What a sequence is about that names no topic."""


def topics_of(sequence: Mapping[str, Any] | None) -> frozenset[str]:
    """Return the topics of a stored sequence: those by which a lead enters it.

    sequence: None for one that is deleted.
    """
    found = frozenset(_entered_by(sequence or {})) - {NO_TOPIC}
    return found or frozenset({ABOUT_OTHER})


def topics_written_about(sequences: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return what the active sequences write about, in the order of their names, `other` last."""
    active = [one for one in sequences if one.get("active", True)]
    topics = frozenset[str]().union(*map(topics_of, active))
    return [*sorted(topics - {ABOUT_OTHER}), *sorted(topics & {ABOUT_OTHER})]


def _entered_by(sequence: Mapping[str, Any]) -> Iterator[str]:
    ways = sequence.get("enter") or []
    for way in ways if isinstance(ways, list) else [ways]:
        topic = way.get("topic") if isinstance(way, Mapping) else None
        yield from [topic] if isinstance(topic, str) else map(str, topic or ())
