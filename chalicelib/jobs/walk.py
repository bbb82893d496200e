"""A walk over all leads in the order of their ids, which a job can leave and take up again."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from chalicelib.limits import JOB_FAILED_IN_A_ROW, JOB_PAGE_LEADS
from chalicelib.telemetry import log, where

ID_LETTERS = "234567ABCDEFGHIJKLMNOPQRSTUVWXYZ"  # the characters of a lead id, as they sort


class LeadIndex(Protocol):
    """Where the ids of all leads stand in order (ADR 0021)."""

    def every(self, shard: int, after: str, most: int) -> list[str]:
        """Return the ids of a shard's leads behind a given one, in order, at most `most`."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a walk stands."""

    shard: int = 0
    after: str = ""
    """The last id of the shard that is behind the walk; empty: none is."""

    def behind(self, page: Sequence[str], passed: int) -> "Place":
        """Return the place after so many leads of a page; a page that is not full ends a shard."""
        if passed == len(page) < JOB_PAGE_LEADS:
            return Place(self.shard + 1)
        return Place(self.shard, page[passed - 1]) if passed else self


START = Place()


@dataclass(frozen=True, slots=True)
class Tried:
    """What became of some leads."""

    ids: Sequence[str]
    """Those that something was tried with."""
    failed: Sequence[str]
    """Those of them that it failed with."""


def next_page(leads: LeadIndex, place: Place) -> list[str]:
    """Return the ids of the next leads of a walk."""
    return leads.every(place.shard, place.after, JOB_PAGE_LEADS)


def try_each(ids: Sequence[str], work: Callable[[str], object], go_on: Callable[[], bool]) -> Tried:
    """Do something with leads, at least with one, and as long as `go_on` says.

    One that fails does not keep the others waiting. When so many fail in a row that the leads
    cannot be at fault, raise the last one's error.
    """
    failed: list[str] = []
    in_a_row = 0
    for position, lead_id in enumerate(ids):
        if position and not go_on():
            return Tried(ids[:position], failed)
        try:
            work(lead_id)
            in_a_row = 0
        except Exception as error:
            failed.append(lead_id)
            in_a_row += 1
            log(
                "due_failed",
                task="job",
                lead_id=lead_id,
                error=type(error).__name__,
                where=where(error),
            )
            if in_a_row == JOB_FAILED_IN_A_ROW:
                raise
    return Tried(ids, failed)


def estimate_total(done: int, place: Place, shards: int) -> int:
    """Return about how many leads there are, when so many came before a place of the walk.

    Ids are hashes, spread evenly, so no lead has to be counted.
    """
    within = sum(
        max(ID_LETTERS.find(letter), 0) / 32**position
        for position, letter in enumerate(place.after[:3], 1)
    )
    share = (place.shard + within) / shards
    return max(done, round(done / share)) if share else done
