"""A click's verdict when its hold is over, and one that later evidence takes back (ADR 0061).

A machine's verdict is final. A person's click counts from its verdict on, on the day of the click;
when its email turns out to have been swept, it is taken back like any other event, and so is what
rested on it.
"""

from collections.abc import Callable, Sequence, Set
from dataclasses import replace
from datetime import datetime
from typing import Protocol

from chalicelib.capture.joining import Claim, is_free
from chalicelib.clicks.clicks import CLICK_HOLD, Click, ClickVerdict, Why
from chalicelib.clicks.judging import JudgedClick, judge
from chalicelib.delivery.marks import Mark
from chalicelib.delivery.message_keys import MessageKey
from chalicelib.delivery.notices import NoticeKind
from chalicelib.delivery.outbox import OutboxMessage
from chalicelib.errors import LongReplayError, NotFoundError
from chalicelib.events import Event, Kind, Owner, Rank
from chalicelib.inputs.urls import path_of
from chalicelib.limits import CLICK_JOINS_MAX
from chalicelib.runtime import Runtime
from chalicelib.telemetry import log
from chalicelib.writing import until_written

WHY_TAKEN_BACK = "a machine went through the links of this email"
JOINED_AS = Rank.FORM
"""How far a browser is the lead's that a link brought: as far as one of a form, which anybody can
send who knows the address. An email is passed on, and its reader is not its mailbox's owner."""


class VerdictStore(Protocol):
    """Where clicks and their verdicts are kept."""

    def of(self, lead_id: str, key: MessageKey) -> Sequence[Click]:
        """Return the clicks of an email, the oldest first."""

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

    def end_join(self, click: Click) -> None:
        """Let nothing that a browser did be the lead's, which a click has joined."""

    def has_room(self, lead_id: str, rank: Rank, now: datetime) -> bool:
        """Return whether one more browser may join a lead today, and count it."""


class Browsers(Protocol):
    """What is known of browsers."""

    def owner(self, visitor: str) -> Owner | None:
        """Return whose a visitor is, None for a free one."""

    def is_shared(self, visitor: str, now: datetime) -> bool:
        """Return whether many browsers use this visitor id."""


class Verdicts:
    """Says what clicks were.

    message: returns a message as it stands; recent: the latest events of a lead and its browsers;
    retract: takes events back out of a lead's score.
    """

    def __init__(
        self,
        *,
        store: VerdictStore,
        browsers: Browsers,
        message: Callable[[str, MessageKey], OutboxMessage | None],
        recent: Callable[[str], Sequence[Event]],
        retract: Callable[[str, Sequence[str], str], object],
        runtime: Runtime,
    ) -> None:
        self._store = store
        self._browsers = browsers
        self._message = message
        self._recent = recent
        self._retract = retract
        self.runtime = runtime

    @until_written
    def judge(self, lead_id: str, key: MessageKey) -> None:
        """Judge the clicks of an email whose hold is over. A second time changes nothing.

        Raise ConflictError.
        """
        now = self.runtime.now()
        message = self._message(lead_id, key)
        if message is None:
            return  # erased since, and so are its clicks
        clicks = self._with_known_views(self._store.of(lead_id, key), now)
        judged = judge(clicks, delivered_at(message))
        joined = sum(click.has_joined for click in clicks)
        was_clicked = any(
            click.verdict is ClickVerdict.PERSON and judged[click.id].verdict is ClickVerdict.PERSON
            for click in clicks
        )
        for click in clicks:
            found = judged[click.id]
            if click.verdict is None and click.is_due_at <= now:
                joined += self._decide(click, found, message, may_join=joined < CLICK_JOINS_MAX)
            elif click.verdict is ClickVerdict.PERSON and found.verdict is ClickVerdict.MACHINE:
                gone = frozenset() if was_clicked else frozenset({Mark.CLICKED})
                self._take_back(click, found, message, gone)

    def _decide(
        self, click: Click, found: JudgedClick, message: OutboxMessage, *, may_join: bool
    ) -> bool:
        """Write the first verdict of a click. Return whether it joined a browser."""
        now = self.runtime.now()
        is_person = found.verdict is ClickVerdict.PERSON
        claimed = self._claim(click, now) if is_person and may_join else None
        after = replace(
            _judged(click, found),
            has_joined=claimed is not None,
        )
        event = click.verdict_event(found.verdict, found.why, message, now)
        if claimed is not None:
            event = replace(event, joins=(claimed.visitor,))
        self._store.decide(click, after, event=event, message=message, claimed=claimed)
        _log(click, found)
        return after.has_joined

    def _take_back(
        self, click: Click, found: JudgedClick, message: OutboxMessage, gone: Set[Mark]
    ) -> None:
        """Take back a person's click that was a machine's, with all that its browser did.

        In this order: whatever is lost between two of these, the next look does again.
        """
        now = self.runtime.now()
        if click.has_joined:
            self._store.end_join(click)
        counted = click.verdict_event(ClickVerdict.PERSON, click.why or Why.LATE, message, now)
        try:
            self._retract(click.lead_id, [counted.id], WHY_TAKEN_BACK)
        except NotFoundError:
            pass  # the lead is gone, and so is its score
        except LongReplayError:
            # It stays counted: nobody can click so often that it would matter. ADR 0061
            log("click_not_taken_back", lead_id=click.lead_id, key=str(click.key))
        event = click.verdict_event(found.verdict, found.why, message, now)
        after = _judged(click, found)
        self._store.decide(
            click, after, event=event, message=message, claimed=None, takes_back=gone
        )
        _log(click, found)

    def _claim(self, click: Click, now: datetime) -> Claim | None:
        """Return what joins the browser of a click to its lead, None where nothing does."""
        visitor = click.visitor
        if visitor is None or self._browsers.owner(visitor) is not None:
            return None
        wanted = Owner(click.lead_id, JOINED_AS)
        if not is_free(self._browsers, visitor, now):
            return None
        if not self._store.has_room(click.lead_id, JOINED_AS, now):
            return None
        return Claim(visitor, None, wanted)

    def _with_known_views(self, clicks: Sequence[Click], now: datetime) -> Sequence[Click]:
        """Return clicks, with what browsers showed that are the lead's already: they may have lost
        the mark on their way.
        """
        unseen = [click for click in clicks if _may_be_seen(click) and click.is_due_at <= now]
        if not unseen:
            return clicks
        views = [one for one in self._recent(unseen[0].lead_id) if one.kind is Kind.PAGE]
        return [
            replace(click, is_viewed=True)
            if click in unseen and any(_shows(view, click) for view in views)
            else click
            for click in clicks
        ]


def delivered_at(message: OutboxMessage) -> datetime:
    """Return when an email arrived; while nobody has said so, when it left."""
    kind = f"/{NoticeKind.DELIVERED}/"
    arrived = [at for identity, at in message.heard.items() if kind in identity]
    return min(arrived, default=message.claimed_at or message.created_at)


def _may_be_seen(click: Click) -> bool:
    return click.verdict is None and not click.is_viewed and not click.is_program


def _shows(view: Event, click: Click) -> bool:
    """Return whether a view is of the page that a click led to, within its hold."""
    is_then = click.at <= view.captured_at <= click.at + CLICK_HOLD
    return is_then and view.properties.get("path") == path_of(click.url)


def _judged(click: Click, found: JudgedClick) -> Click:
    return replace(click, verdict=found.verdict, why=found.why, version=click.version + 1)


def _log(click: Click, found: JudgedClick) -> None:
    log(
        "click_judged",
        lead_id=click.lead_id,
        key=str(click.key),
        verdict=found.verdict,
        reason=found.why,
    )
