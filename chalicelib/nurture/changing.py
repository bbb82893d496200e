"""What the answer to a change of a sequence says: who is in it, and who would be taken in."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from chalicelib.errors import FieldError, InputError
from chalicelib.limits import DOCUMENT_CACHE_SECONDS
from chalicelib.nurture.sequences import read_sequence
from chalicelib.nurture.taking_in import TAKE_IN, Present, TakingInState

KNOWN_EVERYWHERE = timedelta(seconds=DOCUMENT_CACHE_SECONDS)
"""By when every worker has read the sequence as it was put."""


class SequenceChanges:
    """Answers what a change of a sequence means for leads.

    numbers: of a sequence; start: begins a job, due after a time.
    """

    def __init__(
        self,
        *,
        numbers: Callable[[str], Mapping[str, Any]],
        present: Present,
        start: Callable[[str, TakingInState, timedelta], Mapping[str, Any]],
    ) -> None:
        self._numbers = numbers
        self._present = present
        self._start = start

    def answer(
        self,
        sequence_id: str,
        before: Mapping[str, Any] | None,
        after: Mapping[str, Any],
        *,
        include_present: bool,
    ) -> dict[str, Any]:
        """Return how many leads are in a sequence and at which step. Of one that is new or was
        switched on also how many are in its stage and would enter; with `include_present` they do,
        as a job.

        before, after: as it was stored; before is None for a new one.
        """
        numbers = self._numbers(sequence_id)
        steps = {one["id"]: one["waiting"] for one in numbers["steps"] if one["waiting"]}
        said: dict[str, Any] = {"in_progress": {"leads": numbers["running"], "steps": steps}}
        is_active = bool(after.get("active", True))
        was_active = before is not None and bool(before.get("active", True))
        sequence = read_sequence(after)
        if sequence is not None and is_active and (include_present or not was_active):
            said["present"] = {**self._present.count(sequence), "taken_in": include_present}
        if include_present:
            state = TakingInState(sequence=sequence_id)
            said["job"] = dict(self._start(TAKE_IN, state, KNOWN_EVERYWHERE))
        return said


def check_includes(document: Mapping[str, Any], *, include_present: bool) -> None:
    """Raise InputError for an inactive sequence that is to take in those who are present."""
    if include_present and document.get("active", True) is False:
        raise InputError(FieldError("include_present", "the sequence is not active"))
