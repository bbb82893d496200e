"""What is counted of sequences, each with the write that makes it true (ADR 0060)."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Count:
    """Something that is counted with a decision, in its own transaction."""

    sequence: str
    """The sequence that it is counted for."""
    what: str
    """For example `entered`, or `exited:reply`; of a step with its id: `waiting:1`."""
    by: int = 1
