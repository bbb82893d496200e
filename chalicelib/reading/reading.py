"""The reads behind the private endpoints, each bounded and paged."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import Any, TypeVar

from chalicelib.consent.consent import Consent, Proof
from chalicelib.days import day_of
from chalicelib.delivery.outbox import MessageState
from chalicelib.delivery.reasons import NotSentReason
from chalicelib.errors import FieldError, InputError, NotFoundError
from chalicelib.events import rfc3339
from chalicelib.inputs.addresses import parse_address
from chalicelib.leads.decision import score_of
from chalicelib.leads.lead import Lead, find_known
from chalicelib.limits import PROOFS_SHOWN_MAX
from chalicelib.reading.as_of import parse_day
from chalicelib.reading.bases import Counting, serialize_bases
from chalicelib.reading.cursor import from_cursor, to_cursor
from chalicelib.reading.ports import (
    HistoryReader,
    LeadConsentReader,
    LeadReader,
    OutboxReader,
    PastReader,
)
from chalicelib.reading.serializers import (
    serialize_event,
    serialize_lead,
    serialize_message,
    serialize_outbox_item,
    serialize_proof,
    serialize_ticked,
    serialize_transition,
)
from chalicelib.reading.turns import serialize_turn
from chalicelib.scoring.interests import interest
from chalicelib.scoring.model import Model
from chalicelib.scoring.score import Score

LIST_LOOKED_AT = 200  # messages, for a page of those with one reason
Member = TypeVar("Member", bound=StrEnum)
PLACE = re.compile(r"[0-9T:.-]{23}Z#(?:[A-Z2-7]{26}|person\.[a-z0-9_-]{1,64})#[a-z0-9#._-]{1,300}")
"""The place of a message in the outbox: `<created at>#<lead id>#<key>`."""


class Reading:
    """Answers the private endpoints. Each reads the active model once, so that one model speaks."""

    def __init__(
        self,
        *,
        leads: LeadReader,
        histories: HistoryReader,
        outbox: OutboxReader,
        past: PastReader,
        consents: LeadConsentReader,
        pending: Callable[[str, datetime], Proof | None],
        beside: Callable[[str], Mapping[str, Any]],
        counting: Counting,
        model: Callable[[], Model],
        lead_id_of: Callable[[str], str],
        now: Callable[[], datetime],
    ) -> None:
        self._leads = leads
        self._histories = histories
        self._outbox = outbox
        self._past = past
        self._consents = consents
        self._pending = pending
        """Lead id and now -> the newest ticked box that has yet to be confirmed."""
        self._beside = beside  # lead id -> the sequences that it is in, and its handoff
        self._counting = counting
        self._model = model
        """Returns the active model, never a cached one: what is published shows at once."""
        self._lead_id_of = lead_id_of
        """Parsed address -> lead id."""
        self._now = now

    def lead(self, lead_id: str, as_of: str | None = None) -> dict[str, Any]:
        """Return one lead with its reasons, and what would move it on.

        as_of: a day; the lead is then shown as it was known at the end of that day. Raise
        NotFoundError, and InputError for a day that cannot be read.
        """
        # Imported here: lists need neither, and are what a cold start often serves.
        from chalicelib.leads.next_steps import find_next_steps
        from chalicelib.reading.next_steps import serialize_next_steps

        now = self._now()
        model = self._model()
        today = day_of(now, model.zone)
        if as_of is not None and (day := parse_day(as_of, today, model.zone)) != today:
            return self._lead_then(lead_id, day)
        lead = self._known(lead_id)
        (shape,) = self.serialize(model, [(lead, score_of(model, lead, today))], reasons=True)
        kept = self._consents.history(lead.lead_id, PROOFS_SHOWN_MAX)
        proofs = [proof for proof in kept if lead.takes(proof.at, lead.lead_id)]
        pending = self._pending(lead.lead_id, now)
        return shape | {
            # A ticked box is shown as what was said; `basis` says what it allows so far.
            "consent": shape["consent"] or (serialize_ticked(pending) if pending else None),
            "consent_pending": serialize_proof(pending) if pending else None,
            "consent_history": [serialize_proof(proof) for proof in proofs],
            **self._beside(lead.lead_id),
            "next": serialize_next_steps(find_next_steps(model, lead, now), today),
        }

    def leads_by_email(self, email: str) -> dict[str, Any]:
        """Return the lead of an address, in a list of at most one.

        Raise InputError for an invalid address.
        """
        try:
            lead = self._known(self._lead_id_of_email(email))
        except NotFoundError:
            return {"leads": [], "next_cursor": None}
        model = self._model()
        score = score_of(model, lead, day_of(self._now(), model.zone))
        return {
            "leads": self.serialize(model, [(lead, score)], reasons=False),
            "next_cursor": None,
        }

    def timeline(self, lead_id: str, limit: int, cursor: str | None) -> dict[str, Any]:
        """Return a page of what happened to a lead. Raise NotFoundError or InputError.

        Pages follow the order of capture, so an event that arrives late with an old time cannot
        shift what was already read. Within a page the newest comes first. When there is more than
        one reading looks at, only the newest are listed, and every page is marked as truncated.
        """
        lead = self._known(lead_id)
        found = self._histories.of_lead(lead.lead_id, lead.erased_at)
        events, transitions, outbox, proofs, is_truncated, turns = found
        proof_of = {proof.event_id: proof for proof in proofs}
        rows = [
            ((rfc3339(event.captured_at), event.id), serialize_event(event, proof_of.get(event.id)))
            for event in events
        ]
        others = [*map(serialize_transition, transitions), *map(serialize_message, outbox)]
        others += map(serialize_turn, turns)
        rows += [((item["at"], item["id"]), item) for item in others]
        rows.sort(key=lambda row: row[0], reverse=True)
        if cursor:
            before = tuple(from_cursor(cursor, (str, str)))
            rows = [row for row in rows if row[0] < before]
        page = rows[:limit]
        more = len(rows) > limit
        items = sorted((item for _, item in page), key=lambda item: item["at"], reverse=True)
        return {
            "items": items,
            "next_cursor": to_cursor(list(page[-1][0])) if more else None,
        } | ({"truncated": True} if is_truncated else {})

    def outbox(
        self,
        *,
        limit: int,
        cursor: str | None = None,
        state: str | None = None,
        reason: str | None = None,
        lead_id: str | None = None,
        email: str | None = None,
    ) -> dict[str, Any]:
        """Return a page of messages, newest first, with everything that is asked for.

        With a reason, a page may be short although there are more: only so many are looked at.
        Raise InputError.
        """
        states = [_member(MessageState, "state", state)] if state else list(MessageState)
        reasons = [_member(NotSentReason, "reason", reason)] if reason else None
        before = from_cursor(cursor, (str,))[0] if cursor else ""
        if before and not PLACE.fullmatch(before):
            raise InputError(FieldError("cursor", "is not one that this list gave out"))
        leads = {lead_id, self._lead_id_of_email(email) if email else None} - {None}
        if len(leads) > 1:
            return {"items": [], "next_cursor": None}
        if leads:
            lead = self._leads.read(str(leads.pop()))
            every = self._outbox.of_lead(lead.lead_id)
            kept = [one for one in every if lead.takes(one[1].created_at, lead.lead_id)]
            found = [one for one in kept if not before or one[0] < before]
            most = len(found)
        else:
            most = LIST_LOOKED_AT if reasons else limit
            found = self._outbox.outbox(states, before, most + 1)
        wanted = [
            (place, message)
            for place, message in found[:most]
            if message.state in states and (reasons is None or message.reason in reasons)
        ]
        ends = wanted[:limit] if len(wanted) > limit else found[:most]
        is_more = len(wanted) > limit or len(found) > most
        return {
            "items": [serialize_outbox_item(message) for _, message in wanted[:limit]],
            "next_cursor": to_cursor([ends[-1][0]]) if is_more else None,
        }

    def _lead_id_of_email(self, email: str) -> str:
        try:
            return self._lead_id_of(parse_address(email))
        except ValueError as error:
            raise InputError(FieldError("email", str(error))) from None

    def _known(self, lead_id: str) -> Lead:
        """Return the lead of an id, or the lead that it was merged into."""
        return find_known(self._leads.read, lead_id)

    def _lead_then(self, lead_id: str, day: date) -> dict[str, Any]:
        """Return a lead as it was known at the end of a day.

        Its consent, owner, sequences and next review are null: they are not kept by day.
        """
        lead, model = self._past.lead(lead_id, day)
        score = score_of(model, lead, day)
        topic = interest(model, score)
        shape = serialize_lead(lead, score, Consent(), topic, model=model, reasons=True)
        gone = ("basis", "consent_pending", "consent_history", "sequences", "handoff", "next")
        return shape | dict.fromkeys(gone)

    def serialize(
        self, model: Model, scored: Sequence[tuple[Lead, Score]], *, reasons: bool
    ) -> list[dict[str, Any]]:
        """Return leads with their scores, in the shape of the API."""
        consents = self._consents.read_many([lead for lead, _ in scored])
        return [
            serialize_lead(
                lead,
                score,
                consents[lead.lead_id],
                interest(model, score),
                model=model,
                reasons=reasons,
                recounting=lead.matching != model.matching,  # ADR 0017
            )
            | {"basis": serialize_bases(consents[lead.lead_id], lead, self._counting)}
            for lead, score in scored
        ]


def _member(known: type[Member], parameter: str, text: str) -> Member:
    """Return the member of a closed set that a query parameter names. Raise InputError."""
    if text not in set(known):
        raise InputError(FieldError(parameter, f"must be one of {', '.join(known)}"))
    return known(text)
