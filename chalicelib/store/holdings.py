"""Everything that is held on a person, in an order that can be left and taken up again."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from chalicelib.consent.mailbox import Mailbox
from chalicelib.events import epoch_ms, lead_id_of
from chalicelib.leads.acts import absorbed_of
from chalicelib.privacy.export import ExportPlace
from chalicelib.store import keys
from chalicelib.store.events import event_of
from chalicelib.store.sweeping import time_of
from chalicelib.store.table import Item, Table

FOR_GOOD_MS = 10**15  # than any moment, in milliseconds

Held = tuple[ExportPlace, Item]


@dataclass(frozen=True, slots=True)
class Beside:
    """Where else something is held on a person."""

    pk: str
    prefix: str = ""
    """What the sort keys begin with; empty: all of the partition."""
    until_ms: int = FOR_GOOD_MS
    """From when on it is somebody else's: a user id that was taken over (ADR 0037)."""


class Holdings:
    """Walks over the items of a lead, of those merged into it, and whatever lies beside them.

    mailbox: returns the mailbox of a lead's own address, None where none is known.
    """

    def __init__(self, table: Table, mailbox: Callable[[str], Mailbox | None]) -> None:
        self._table = table
        self._mailbox = mailbox

    def walk(
        self, place: ExportPlace, erased_at: datetime | None
    ) -> Iterator[tuple[ExportPlace, Item]]:
        """Yield the items behind a place, each with its own.

        erased_at: when the first lead was erased; what came to be by then only waits to be deleted.
        """
        lead_ids = list(place.lead_ids)
        number = place.number
        while number < len(lead_ids):
            for item in self._table.query(keys.lead(lead_ids[number]), first=place.key):
                if number == 0 and _is_gone(item, erased_at):
                    continue
                resumed = place if item["sk"] == place.key else ExportPlace(lead_ids=())
                lead_ids += [one for one in _merged_in(item) if one not in lead_ids]
                here = ExportPlace(lead_ids=tuple(lead_ids), number=number, key=str(item["sk"]))
                if resumed is not place:
                    yield here, item
                yield from self._beside(item, here, resumed)
            number += 1
            place = ExportPlace(lead_ids=())

    def _beside(
        self, item: Item, here: ExportPlace, resumed: ExportPlace
    ) -> Iterator[tuple[ExportPlace, Item]]:
        """Yield what lies beside an item, behind the place of a walk that is taken up again."""
        for part, beside in enumerate(self._places_beside(item, is_first=here.number == 0)):
            if part < resumed.part:
                continue
            is_resumed = part == resumed.part
            first = resumed.inner if is_resumed else beside.prefix
            last = beside.prefix + keys.END if beside.prefix else ""
            for one in self._table.query(beside.pk, first=first, last=last):
                is_new = not is_resumed or one["sk"] != resumed.inner
                if is_new and _is_held(beside, one):
                    yield here.at(part, str(one["sk"])), one

    def _places_beside(self, item: Item, *, is_first: bool) -> list[Beside]:
        """Return where else something is held that an item of a lead leads to."""
        pk = str(item["pk"])
        sk = str(item["sk"])
        match keys.family_of(sk):
            case "JOIN":
                return _of_visitor(
                    sk.removeprefix(keys.JOIN), int(item.get("ended_at_ms", FOR_GOOD_MS))
                )
            case "EVENT" | "SURPLUS":
                receipt = [Beside(str(item["receipt"]))] if "receipt" in item else []
                return [*self._joined_on(item), *receipt]
            case "COMPANY":  # the lead may be the one by whom its company has an owner
                owner = self._table.get(sk, keys.COMPANY_OWNER)
                is_ours = owner is not None and owner["lead_id"] == lead_id_of(pk)
                return [Beside(sk)] if is_ours else []
            case "SCREENED":  # it has joined nobody
                return [Beside(str(item["receipt"]))] if "receipt" in item else []
            case keys.STANDING:
                mailbox = self._mailbox(lead_id_of(pk) or "") if is_first else None
                own = [Beside(keys.mailbox(mailbox.id))] if mailbox else []
                return [*own, Beside(keys.QUARANTINE, f"{pk}#")]
            case keys.CONSENT if is_first:  # a survivor's names those of whoever it absorbed
                return [Beside(keys.mailbox(one)) for one in str(item.get("mailboxes", "")).split()]
            case _:
                return []

    def _joined_on(self, item: Item) -> list[Beside]:
        """Return the places of the visitors whose join stands on an event alone (ADR 0034)."""
        joined = event_of(item).joins
        stored = (self._table.get(str(item["pk"]), keys.join(one)) for one in joined)
        alone = [one for one, join in zip(joined, stored, strict=True) if join is None]
        return [place for one in alone for place in _of_visitor(one)]


def _is_held(beside: Beside, item: Item) -> bool:
    """Return whether an item of a partition is held on the person."""
    at = time_of(item)
    return beside.until_ms == FOR_GOOD_MS or (at is not None and at < beside.until_ms)


def _is_gone(item: Item, erased_at: datetime | None) -> bool:
    """Return whether an item only waits to be deleted."""
    at = time_of(item)
    return erased_at is not None and at is not None and at <= epoch_ms(erased_at)


def _of_visitor(visitor: str, until_ms: int = FOR_GOOD_MS) -> list[Beside]:
    return [Beside(visitor, until_ms=until_ms), Beside(keys.QUARANTINE, f"{visitor}#", until_ms)]


def _merged_in(item: Item) -> list[str]:
    """Return the lead that an item says was merged into this one, if it does."""
    return absorbed_of([event_of(item)]) if str(item["sk"]).startswith(keys.EVENT) else []
