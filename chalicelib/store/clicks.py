"""Clicks on the links of emails, beside the lead whose email it was (ADR 0061).

Each is one small item, due when its hold is over. It is inserted, so that a scanner's ten clicks
within a second never wait for each other.
"""

from collections.abc import Sequence, Set
from datetime import datetime

from chalicelib.capture.joining import Claim
from chalicelib.clicks.clicks import CLICK_PLACE, Click, ClickVerdict, Why, message_key_in
from chalicelib.clicks.links import AnswerLink
from chalicelib.delivery.marks import Mark
from chalicelib.delivery.message_keys import MessageKey
from chalicelib.delivery.outbox import OutboxMessage
from chalicelib.errors import ConflictError
from chalicelib.events import EPOCH, ONE_MS, Event, Join, Owner, Rank, epoch_ms, from_epoch_ms
from chalicelib.limits import CLICKS_MAX_PER_MESSAGE
from chalicelib.store import keys, places
from chalicelib.store.events import put_event
from chalicelib.store.expiry import expires_after
from chalicelib.store.joins import put_join, put_owner
from chalicelib.store.lead_counts import LeadCounts
from chalicelib.store.marks import marking
from chalicelib.store.table import ABSENT, GUARDED, Check, Item, Put, Table
from chalicelib.store.tombstones import check_not_erased

#: When a join ends that was a mistake: before anything that its browser did.
MISTAKEN = EPOCH + ONE_MS


class Clicks:
    """Reads and replaces clicks. kept_days: of a click, as of its message; 0 for good."""

    def __init__(self, table: Table, kept_days: int = 0) -> None:
        self._table = table
        self._kept_days = kept_days
        self._counts = LeadCounts(table)

    def of(self, lead_id: str, key: MessageKey) -> Sequence[Click]:
        """Return the clicks of an email, the oldest first: no more than are kept of one."""
        prefix = keys.click(f"{key}{CLICK_PLACE}")
        found = self._table.query(
            keys.lead(lead_id),
            first=prefix,
            last=prefix + keys.END,
            limit=CLICKS_MAX_PER_MESSAGE,
        )
        return [click_of(item) for item in found]

    def one(self, lead_id: str, click_id: str) -> Click | None:
        """Return one click, None where there is none."""
        item = self._table.get(keys.lead(lead_id), keys.click(click_id))
        return click_of(item) if item else None

    def was_clicked(self, lead_id: str, key: MessageKey) -> bool:
        """Return whether a person clicked a link of an email, as far as is known by now.

        Of somebody who is not measured it never is.
        """
        return any(one.verdict is ClickVerdict.PERSON for one in self.of(lead_id, key))

    def add(self, click: Click, event: Event, message: OutboxMessage) -> None:
        """Keep a click on an email until its verdict, with the event that says so. Change nothing
        when the sender has used the link a moment ago. Raise ConflictError when the table is busy.
        """
        self._write(message, Put(click_item(click, self._kept_days), ABSENT), put_event(event))

    def replace(self, before: Click, after: Click) -> None:
        """Replace a click. Raise ConflictError when it is no longer as before."""
        self._table.write(self._put(before, after))

    def decide(
        self,
        before: Click,
        after: Click,
        *,
        event: Event,
        message: OutboxMessage,
        claimed: Claim | None,
        takes_back: Set[Mark] = frozenset(),
    ) -> None:
        """Replace a click on an email, and append the event of its verdict, with the browser that
        it joins, and the mark of the email. takes_back: marks that no longer hold. Raise
        ConflictError.
        """
        joined: list[Put] = []
        if claimed is not None:
            join = Join(claimed.visitor, after.lead_id, event.captured_at, claimed.after.rank)
            joined = [put_owner(claimed.visitor, claimed.after), put_join(join, GUARDED)]
        alive = self._unless_erased(message)
        if alive is None:
            return
        mark = Mark.CLICKED if after.verdict is ClickVerdict.PERSON else Mark.MACHINE
        marks = marking(self._table, after.lead_id, after.key, mark, takes_back=takes_back)
        self._table.write(self._put(before, after), put_event(event), *joined, *marks, alive)

    def end_join(self, click: Click) -> None:
        """Let nothing that a browser did be the lead's, which a click has joined. It joins nobody
        from now on.
        """
        assert click.visitor is not None, "a click that joined nobody has no join to end"
        join = Join(click.visitor, click.lead_id, click.at, ended_at=MISTAKEN)
        owner = Owner(click.lead_id, contested_at=MISTAKEN)
        before = self._table.get(click.visitor, keys.OWNER)
        is_ours = before is not None and before["lead_id"] == click.lead_id
        writes = [put_join(join, GUARDED)]
        writes += [Put(put_owner(click.visitor, owner).item, GUARDED)] if is_ours else []
        self._table.write(*writes)

    def has_room(self, lead_id: str, rank: Rank, now: datetime) -> bool:
        """Return whether one more browser may join a lead today, and count it."""
        admitted = self._counts.admit(lead_id, submission="", joins=1, rank=rank, now=now)
        return admitted.room > 0

    def answer(self, link: AnswerLink, event: Event, message: OutboxMessage) -> bool:
        """Keep an answer to an email, with its event. Return False when it was given before.

        Raise ConflictError when the table is busy.
        """
        item: Item = {
            "pk": keys.lead(link.lead_id),
            "sk": f"{keys.ANSWERED}{link.key}{CLICK_PLACE}{link.question}.{link.answer}",
            "schema": keys.SCHEMA,
            "at_ms": epoch_ms(event.at),
            **expires_after(event.at, self._kept_days),
        }
        return self._write(message, Put(item, ABSENT), put_event(event))

    def _write(self, message: OutboxMessage, *writes: Put) -> bool:
        """Write what is new, and return whether it was new. Raise ConflictError of a busy table."""
        alive = self._unless_erased(message)
        if alive is None:
            return False
        try:
            self._table.write(*writes, alive)
        except ConflictError as conflict:
            if not conflict.failed:
                raise
            return False
        return True

    def _unless_erased(self, message: OutboxMessage) -> Check | None:
        """Return the check that the person of an email was not erased since; None when they were.

        An email may outlast the erasure for seconds, and nothing may begin anew by it (ADR 0046).
        """
        try:
            return check_not_erased(self._table, message)
        except ConflictError as conflict:
            if not conflict.failed:
                raise
            return None

    def _put(self, before: Click, after: Click) -> Put:
        return Put(click_item(after, self._kept_days), {"version": before.version})


def click_item(click: Click, kept_days: int = 0) -> Item:
    """Return a click as it is stored: due until its verdict."""
    item: Item = {
        "pk": keys.lead(click.lead_id),
        "sk": keys.click(click.id),
        "schema": keys.SCHEMA,
        "at_ms": epoch_ms(click.at),
        "link": click.position,
        "url": click.url,
        "agent": click.agent,
        "network": click.network,
        "is_program": click.is_program,
        "is_viewed": click.is_viewed,
        "has_joined": click.has_joined,
        "version": click.version,
        **expires_after(click.at, kept_days),
    }
    if click.visitor is not None:
        item["visitor"] = click.visitor
    if click.verdict is not None:
        item["verdict"] = click.verdict.value
    if click.why is not None:
        item["why"] = click.why.value
    if click.verdict is None:
        item["due_pk"] = places.due(keys.shard(click.lead_id, keys.DUE_SHARDS))
        item["due_sk"] = places.due_at(click.is_due_at, f"{click.lead_id}#{click.id}")
    return item


def click_of(item: Item) -> Click:
    """Return the click of a stored item."""
    verdict, why = item.get("verdict"), item.get("why")
    visitor = item.get("visitor")
    return Click(
        lead_id=str(item["pk"]).removeprefix(keys.LEAD),
        key=message_key_in(str(item["sk"]).removeprefix(keys.CLICKED)),
        position=int(item["link"]),
        url=str(item["url"]),
        at=from_epoch_ms(int(item["at_ms"])),
        agent=str(item["agent"]),
        network=str(item["network"]),
        is_program=bool(item["is_program"]),
        is_viewed=bool(item["is_viewed"]),
        visitor=str(visitor) if visitor is not None else None,
        has_joined=bool(item["has_joined"]),
        verdict=ClickVerdict(str(verdict)) if verdict is not None else None,
        why=Why(str(why)) if why is not None else None,
        version=int(item["version"]),
    )
