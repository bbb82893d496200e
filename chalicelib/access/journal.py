"""The journal: which private write was asked for by whom, and each read of an export (ADR 0072).

An entry is written before the act and completed after it. It names a route and ids, and nothing
that was said.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Protocol

from chalicelib.access.tokens import Caller, Role
from chalicelib.runtime import Runtime
from chalicelib.telemetry import log, where
from chalicelib.writing import until_written


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalEntry:
    """One act of one of our own people."""

    id: str
    at: datetime
    caller: str
    """The name of the token, or `admin`."""
    role: Role
    token: str | None
    """The token's id; None: the deployment's own admin token."""
    route: str
    """Method and path, with the names of the path's variables."""
    ids: Mapping[str, str] = field(default_factory=dict)
    """The path's variables: of a lead, a document, a token."""
    status: int | None = None
    """What was answered; None: nobody knows, because the worker was lost."""


class JournalStore(Protocol):
    """Where entries are kept."""

    def write(self, entry: JournalEntry) -> None:
        """Write an entry, over what it was before."""

    def of_day(self, day: date, before: str, most: int) -> Sequence[tuple[str, JournalEntry]]:
        """Return entries of a day in UTC, newest first, each with its place.

        before: the place to go on from, or empty.
        """


class Journal:
    """Notes what our own people do."""

    def __init__(self, *, store: JournalStore, runtime: Runtime) -> None:
        self._store = store
        self.runtime = runtime

    def begin(self, caller: Caller, route: str, ids: Mapping[str, str]) -> JournalEntry:
        """Note that an act was asked for. An act of which this fails is not done."""
        entry = JournalEntry(
            id=self.runtime.new_id(),
            at=self.runtime.now(),
            caller=caller.name,
            role=caller.role,
            token=caller.token,
            route=route,
            ids=ids,
        )
        self._write(entry)
        return entry

    def end(self, entry: JournalEntry, status: int) -> None:
        """Note what was answered.

        An entry of which this fails stays without a status. The act is done, and the answer must
        say so: a 503 would have its sender do it again (ADR 0072).
        """
        try:
            self._write(replace(entry, status=status))
        except Exception as error:  # noqa: BLE001
            log("unfinished", route=entry.route, error=type(error).__name__, where=where(error))

    @until_written
    def _write(self, entry: JournalEntry) -> None:
        self._store.write(entry)
