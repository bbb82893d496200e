"""The error tree. http/problem.py holds the one table from these to HTTP answers.

BatonError
├── InputError          the caller sent something that is refused: 4xx, each field named
│   ├── TooLargeError       a body over its limit (413)
│   ├── OriginError         a page of a site that may not post a form (403)
│   ├── KeyReusedError      one submission id with two different bodies (422)
│   ├── NotRemovableError   a value that a person wants to take out of a profile (422)
│   └── WriteKeyError       a write key of another deployment (401)
├── AuthError           no bearer token, or a wrong one (401)
├── NotFoundError       nothing has that name (404)
├── StateError          the request does not fit the current state (409)
├── VersionChangedError somebody else has changed the document meanwhile (412)
├── ConflictError       another writer was first; read again and decide again
│   ├── ThrottledError        the table takes no more requests for a moment
│   ├── AlreadyCapturedError  an event that exists already
│   └── AlreadyPlannedError   an effect that an earlier decision of the same cycle has planned
├── OverBudgetError     an hour's first emails to unknown addresses are spent
├── MailboxLimitError   a mailbox has had its answers to forms of the day
└── DocumentError       a stored model, email, sequence, form or routing breaks its format
    └── RefusedDocumentError  one that somebody puts, refused: each mistake named (422)
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FieldError:
    """One refused field."""

    field: str
    """Its path, as the caller wrote it."""
    message: str
    """The remedy, in plain words."""

    def __str__(self) -> str:
        return f"{self.field}: {self.message}"


class BatonError(Exception):
    """Everything that Baton raises on purpose."""


class InputError(BatonError):
    """Input that is refused."""

    def __init__(self, *errors: FieldError) -> None:
        super().__init__("; ".join(map(str, errors)))
        self.errors: Sequence[FieldError] = errors
        """One for each refused field."""

    def renamed(self, rename: Callable[[str], str]) -> "InputError":
        """Return the same refusal, with each field under the name that its sender used."""
        return type(self)(
            *(FieldError(rename(error.field), error.message) for error in self.errors)
        )


class TooLargeError(InputError):
    """A body over its limit."""


class OriginError(InputError):
    """A form that is posted from a page of a site that the form's owner does not allow."""


class KeyReusedError(InputError):
    """A submission id that was used before, with another body."""


class NotRemovableError(InputError):
    """A null for a field of a profile: what was said is taken back with its event."""


class WriteKeyError(InputError):
    """A write key that this deployment did not issue."""


class AuthError(BatonError):
    """A request to a private endpoint without a token, or with a wrong one."""


class ForbiddenError(BatonError):
    """The token is valid, and not allowed to do this."""


class NotFoundError(BatonError):
    """Nothing has that name."""


class StateError(BatonError):
    """A request that does not fit the current state.

    The message says what the state is, and what can be done instead.
    """


class LongReplayError(StateError):
    """A lead has more events than can be counted within other work: the clock counts them."""


class VersionChangedError(BatonError):
    """A change of a version of a document that is not the newest any more."""


class ConflictError(BatonError):
    """A conditional write that lost to another writer."""

    def __init__(self, failed: Mapping[str, Mapping[str, object] | None]) -> None:
        names = ", ".join(sorted(failed))
        super().__init__(f"expectations did not hold: {names}" if failed else "the items are busy")
        self.failed = failed
        """The names of the writes whose expectation did not hold, each with the item found there.

        Empty when the items were only busy (TransactionConflict): a retry may succeed.
        """


class ThrottledError(ConflictError):
    """A request that the table refused because it has too many. A retry may succeed."""

    def __init__(self) -> None:
        super().__init__({})


class AlreadyCapturedError(ConflictError):
    """An event that exists already: its first arrival has written everything that belongs to it."""

    def __init__(self) -> None:
        super().__init__({})


class AlreadyPlannedError(ConflictError):
    """Effects of a decision that exist already: write the decision without them (ADR 0003)."""

    def __init__(self, *, messages: Iterable[str] = (), records: Iterable[str] = ()) -> None:
        super().__init__({})
        self.messages = frozenset(messages)
        """The keys of outbox messages."""
        self.records = frozenset(records)
        """The sort keys of records."""


class OverBudgetError(BatonError):
    """A first email to an unknown address for which this hour has no room left (ADR 0039)."""


class MailboxLimitError(BatonError):
    """An answer to a form for a mailbox that has had as many on this day as it may (ADR 0045)."""


class DocumentError(BatonError):
    """A document that breaks its format."""

    def __init__(self, message: str = "", errors: Sequence[FieldError] = ()) -> None:
        super().__init__(message or "; ".join(map(str, errors)))
        self.errors = errors
        """One for each key that breaks the format: its path, as the author wrote it, and the
        remedy.
        """


class RefusedDocumentError(DocumentError):
    """A document that somebody puts, and that has mistakes."""
