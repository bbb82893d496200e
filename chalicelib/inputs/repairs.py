"""What can happen to a value on its way in, and what its sender reads: a closed set (ADR 0040)."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Generic, TypeVar

from chalicelib.errors import FieldError

Clean = TypeVar("Clean", covariant=True)


class Repair(StrEnum):
    """A kind of repair. Its value is what counts and log lines call it."""

    CLEANED = "cleaned"
    COMPOSED = "composed"
    FLATTENED = "flattened"
    CUT = "cut"
    SHORTENED = "shortened"
    EMPTY = "empty"
    READ_AS = "read_as"
    KEPT_AS_TEXT = "kept_as_text"
    LEFT_OUT = "left_out"
    TOO_MANY = "too_many"
    FILE = "file"
    NOT_A_NUMBER = "not_a_number"
    CHARSET = "charset"
    ARRIVAL = "arrival"
    STRIPPED = "stripped"
    RENAMED = "renamed"
    TECHNICAL = "technical"
    IGNORED = "ignored"


MESSAGES: dict[Repair, str] = {
    Repair.CLEANED: "contained invisible or control characters; they were removed",
    Repair.COMPOSED: "is kept with its characters composed (Unicode NFC)",
    Repair.FLATTENED: "was written in several lines; it is kept as one",
    Repair.CUT: "was too long; only the beginning is kept",
    Repair.SHORTENED: "was cut or left out: the whole is longer than what is stored of it",
    Repair.EMPTY: "is a placeholder, not a value; it counts as empty",
    Repair.READ_AS: "was read as {value}",
    Repair.KEPT_AS_TEXT: "could not be read; it is kept as text",
    Repair.LEFT_OUT: "could not be read; it was left out",
    Repair.TOO_MANY: "was left out: there are too many",
    Repair.FILE: "was left out: files are not accepted here",
    Repair.NOT_A_NUMBER: "is not a number in JSON; it counts as empty",
    Repair.CHARSET: "is not in UTF-8; it was read as windows-1252",
    Repair.ARRIVAL: "is not a time that can be read; the time of arrival counts",
    Repair.STRIPPED: "is kept without the parts of an address that may be secret",
    Repair.RENAMED: "is kept under the name {value}",
    Repair.TECHNICAL: "was left out: it says nothing about the person",
    Repair.IGNORED: "is not allowed here; it was ignored",
}
"""What the sender reads, after the name of the field."""


@dataclass(frozen=True, slots=True)
class Warned(FieldError):  # noqa: N818, it is not an exception
    """Something to say about a value that was taken: the field, the sentence and its kind."""

    repair: Repair = Repair.SHORTENED
    """What the edge counts, without the value."""


@dataclass(frozen=True, slots=True)
class Cleaned(Generic[Clean]):
    """A value as it is kept, and what happened to it on the way."""

    value: Clean
    repairs: tuple[Repair, ...] = ()
    """In order, each at most once; empty for a value that is kept as it was sent."""
    words: str = ""
    """What was written where a number, a date or a country was read out of words."""
    inside: tuple[Warned, ...] = field(default=())
    """What there is to say of parts of the value, each under its path within it."""

    def warnings(self, name: str) -> list[Warned]:
        """Return what to say of the value, under the name that its sender gave it."""
        return [
            *(warn(name, repair, self.value) for repair in self.repairs),
            *(Warned(f"{name}.{one.field}", one.message, one.repair) for one in self.inside),
        ]


def warn(name: str, repair: Repair, value: object = "") -> Warned:
    """Return what to say of a field. value: what it was read as, for the kinds that say it."""
    shown = str(value).lower() if isinstance(value, bool) else str(value)
    return Warned(name, MESSAGES[repair].format(value=shown), repair)
