"""Reads the stored sequences, and keeps what it has read of each as long as it is the same."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from chalicelib.nurture.sequences import SequenceDocument

StoredSequence = Mapping[str, Any]


class SequenceReader:
    """The sequences as they are executed. stored: reads those that are stored."""

    def __init__(self, stored: Callable[[], Sequence[StoredSequence]]) -> None:
        self._stored = stored
        self._known: list[tuple[StoredSequence, SequenceDocument | None]] = []
        self._signals: frozenset[str] = frozenset()

    def every(self) -> "list[SequenceDocument]":
        """Return those that this version can read as a whole, in the order of their ids."""
        return [one for _, one in self._read() if one is not None]

    def one(self, sequence_id: str) -> "tuple[bool, SequenceDocument | None]":
        """Return whether a sequence is stored, and the sequence if this version can read it."""
        found = (read for stored, read in self._read() if stored.get("id") == sequence_id)
        for read in found:
            return True, read
        return False, None

    def signals(self) -> frozenset[str]:
        """Return the signals by which a lead enters an active sequence, or leaves any."""
        stored = self._stored()
        if not any(_may_name_signals(one) for one in stored):  # they need not be read
            return frozenset()
        self._read()
        return self._signals

    def _read(self) -> "list[tuple[StoredSequence, SequenceDocument | None]]":
        stored = self._stored()
        is_same = len(stored) == len(self._known) and all(
            one is known for one, (known, _) in zip(stored, self._known, strict=True)
        )
        if not is_same:
            from chalicelib.nurture.sequences import read_sequence  # few events ask for them

            self._known = [(one, read_sequence(one)) for one in stored]
            every = [one for _, one in self._known if one is not None]
            ways = {way.signal for one in every if one.active for way in one.enter}
            goals = {goal.signal for one in every for goal in one.exit}
            self._signals = frozenset(one for one in ways | goals if one)
        return self._known


def _may_name_signals(stored: StoredSequence) -> bool:
    enter = stored.get("enter")
    ways = enter if isinstance(enter, list) else [enter]
    every = [*ways, *(stored.get("exit") or ())]
    return any(isinstance(one, Mapping) and "signal" in one for one in every)
