"""The error tree. http/problem.py holds the one table from these to HTTP answers.

BatonError
├── InputError          the caller sent something we refuse: 4xx, each field named
│   ├── TooLargeError       a body over its limit (413)
│   ├── KeyReusedError      one submission id with two different bodies (422)
│   └── WriteKeyError       a write key that is not ours (401)
├── AuthError           no bearer token, or one that we did not give out (401)
├── NotFoundError       nothing of that name (404)
├── StateError          what is asked does not fit how things stand (409)
├── ConflictError       another writer was first; read again and decide again
│   ├── AlreadyCapturedError  an event that exists already
│   └── AlreadyPlannedError what a decision wants was planned by an earlier one of the same cycle
└── DocumentError       a stored model, email, sequence, form or routing breaks its format
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FieldError:
    """One refused field: its path as the caller wrote it, and the remedy in plain words."""

    field: str
    message: str

    def __str__(self) -> str:
        return f"{self.field}: {self.message}"


class BatonError(Exception):
    """Everything that Baton raises on purpose."""


class InputError(BatonError):
    """Input that is refused. `errors` names each field."""

    def __init__(self, *errors: FieldError) -> None:
        super().__init__("; ".join(map(str, errors)))
        self.errors: Sequence[FieldError] = errors

    def renamed(self, rename: Callable[[str], str]) -> "InputError":
        """The same refusal with each field under the name that its sender gave it."""
        return type(self)(
            *(FieldError(rename(error.field), error.message) for error in self.errors)
        )


class TooLargeError(InputError):
    """A body over its limit."""


class KeyReusedError(InputError):
    """A submission id that came before with another body."""


class WriteKeyError(InputError):
    """A write key that this deployment did not give out."""


class AuthError(BatonError):
    """A private endpoint without a token, or with one that we did not give out."""


class NotFoundError(BatonError):
    """Nothing of that name."""


class StateError(BatonError):
    """What is asked does not fit how things stand; the message says how they do, and what can be
    done instead.
    """


class ConflictError(BatonError):
    """A conditional write lost.

    failed: the names of the writes whose expectation did not hold, each with the item found
    there; empty when the table was only busy (TransactionConflict), so a retry may succeed.
    """

    def __init__(self, failed: Mapping[str, Mapping[str, object] | None]) -> None:
        names = ", ".join(sorted(failed))
        super().__init__(f"expectations did not hold: {names}" if failed else "the items are busy")
        self.failed = failed


class AlreadyCapturedError(ConflictError):
    """An event exists already: its first arrival has written everything that belongs to it."""

    def __init__(self) -> None:
        super().__init__({})


class AlreadyPlannedError(ConflictError):
    """What a decision wants exists already. Write the decision without it.

    messages: the keys of outbox messages; records: the sort keys of records.
    """

    def __init__(self, *, messages: Iterable[str] = (), records: Iterable[str] = ()) -> None:
        super().__init__({})
        self.messages = frozenset(messages)
        self.records = frozenset(records)


class DocumentError(BatonError):
    """A document breaks its format. `errors` names each key with its path, as the author wrote it,
    and the remedy.
    """

    def __init__(self, message: str = "", errors: Sequence[FieldError] = ()) -> None:
        super().__init__(message or "; ".join(map(str, errors)))
        self.errors = errors
