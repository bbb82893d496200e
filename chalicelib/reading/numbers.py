"""What was counted of a sequence, by its steps (ADR 0060)."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from chalicelib.delivery.counts import NumberOf
from chalicelib.errors import NotFoundError

#: What is answered of a step as a number, under which name.
STEP_NUMBERS = {
    "delivered": NumberOf.DELIVERED,
    "clicked": NumberOf.CLICKED,
    "clicked_by_machines": NumberOf.MACHINES,
    "replied": NumberOf.REPLIED,
    "unsubscribed": NumberOf.UNSUBSCRIBED,
    "bounced": NumberOf.BOUNCED,
    "soft_bounced": NumberOf.SOFT_BOUNCED,
    "complained": NumberOf.COMPLAINED,
}
WHOLE_SEQUENCE = frozenset({NumberOf.ENTERED, NumberOf.EXITED})
"""What is counted of a sequence as a whole."""


class SequenceNumbers:
    """Answers the numbers of a sequence.

    document: sequence id -> its document, None where there is none; counted: what was counted of
    it, by what it is.
    """

    def __init__(
        self,
        *,
        document: Callable[[str], Mapping[str, Any] | None],
        counted: Callable[[str], Mapping[str, int]],
    ) -> None:
        self._document = document
        self._counted = counted

    def show(self, sequence_id: str) -> dict[str, Any]:
        """Return the numbers of a sequence, also of one that was deleted. Raise NotFoundError."""
        document = self._document(sequence_id)
        counted = self._counted(sequence_id)
        if document is None and not counted:
            raise NotFoundError("there is no such sequence")
        return serialize_numbers(sequence_id, document or {}, counted)


def serialize_numbers(
    sequence_id: str, document: Mapping[str, Any], counted: Mapping[str, int]
) -> dict[str, Any]:
    """Return the numbers of a sequence and of its steps, in their order; then those of steps that
    it does not have any more.

    counted: for example `sent:1` -> 12. Of each step and of all together, planned is the sum of
    sent, waiting, and not_sent.
    """
    of_steps: dict[str, dict[tuple[str, ...], int]] = {}
    exited: dict[str, int] = {}
    for name, number in counted.items():
        what, *rest = name.split(":")
        if what == NumberOf.EXITED and number:
            exited[":".join(rest)] = number
        elif what not in WHOLE_SEQUENCE and rest:
            of_steps.setdefault(rest[0], {})[(what, *rest[1:])] = number
    entered = counted.get(NumberOf.ENTERED, 0)
    steps = [
        _serialize_step(step["id"], step.get("email"), of_steps.pop(step["id"], {}))
        for step in document.get("steps", ())
    ]
    gone = [
        _serialize_step(step_id, None, numbers) | {"removed": True}
        for step_id, numbers in sorted(of_steps.items())
    ]
    return {
        "sequence_id": sequence_id,
        "entered": entered,
        "running": entered - sum(exited.values()),
        "exited": exited,
        "steps": [*steps, *gone],
        "total": _total([*steps, *gone]),
    }


def _serialize_step(
    step_id: str, email: str | None, numbers: Mapping[tuple[str, ...], int]
) -> dict[str, Any]:
    not_sent = _by_reason(NumberOf.NOT_SENT, numbers)
    sent = numbers.get((NumberOf.SENT,), 0)
    # A lead that waits for the step will be sent its email, like one whose email waits.
    planned = numbers.get((NumberOf.PLANNED,), 0) + numbers.get((NumberOf.WAITING,), 0)
    return {
        "id": step_id,
        "email": email,
        "planned": planned,
        "sent": sent,
        "waiting": planned - sent - sum(not_sent.values()),
        "held_up": _by_reason(NumberOf.HELD_UP, numbers),
        "not_sent": not_sent,
        **{name: numbers.get((counted,), 0) for name, counted in STEP_NUMBERS.items()},
    }


def _by_reason(what: NumberOf, numbers: Mapping[tuple[str, ...], int]) -> dict[str, int]:
    """Return the reasons that there are, in order, with how many emails have each."""
    found = {name[1]: number for name, number in numbers.items() if name[0] == what and number}
    return dict(sorted(found.items()))


def _total(steps: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the sum of the numbers of steps."""
    total: dict[str, Any] = {}
    for name in ("planned", "sent", "waiting", *STEP_NUMBERS):
        total[name] = sum(step[name] for step in steps)
    for name in ("held_up", "not_sent"):
        reasons: Counter[str] = Counter()
        for step in steps:
            reasons.update(step[name])
        total[name] = dict(sorted(reasons.items()))
    return total
