"""Somebody uses a tracked link: where it leads, and what is remembered of it (ADR 0061).

Whoever holds an email can use its links as often as they like. What is stored of it is bounded, and
whatever goes wrong with that, they get to where the link leads.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol
from urllib.parse import urlsplit, urlunsplit

from chalicelib.capture.attribution import domain_of, host_of
from chalicelib.capture.marks import CLICK_MARK
from chalicelib.clicks.clicks import Click, ClickVerdict
from chalicelib.clicks.links import ClickLink
from chalicelib.delivery.message_keys import MessageKey
from chalicelib.delivery.outbox import LEFT, OutboxMessage
from chalicelib.events import Event
from chalicelib.limits import CLICK_MARK_MINUTES, CLICKS_MAX_PER_MESSAGE
from chalicelib.runtime import Runtime
from chalicelib.telemetry import log, where

MARK_HOLDS = timedelta(minutes=CLICK_MARK_MINUTES)
KNOWN_FOR = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class LinkUser:
    """What is known of whoever uses a link."""

    agent: str
    """A keyed hash of what it calls itself."""
    network: str
    """A keyed hash of the address that it came from; empty where none is known."""
    is_program: bool
    """Whether it calls itself a program, or nothing."""


class ClickStore(Protocol):
    """Where clicks are kept."""

    def of(self, lead_id: str, key: MessageKey) -> Sequence[Click]:
        """Return the clicks of an email, the oldest first."""

    def one(self, lead_id: str, click_id: str) -> Click | None:
        """Return one click, None where there is none."""

    def add(self, click: Click, event: Event, message: OutboxMessage) -> None:
        """Keep a click on an email until its verdict, with the event that says so. Change nothing
        when the sender has used the link a moment ago. Raise ConflictError when the table is busy.
        """

    def replace(self, before: Click, after: Click) -> None:
        """Replace a click. Raise ConflictError when it is no longer as before."""


class LinkUse:
    """Takes the uses of tracked links.

    is_off: whether an operator has turned tracking off; message: returns a message as it stands;
    is_measured: whether a lead's clicks may be measured; mark: signs what the page's first view
    says of a click, by lead and click id.
    """

    def __init__(
        self,
        *,
        store: ClickStore,
        is_off: Callable[[], bool],
        message: Callable[[str, MessageKey], OutboxMessage | None],
        is_measured: Callable[[str], bool],
        mark: Callable[[str, str], str],
        own_domains: Callable[[], Collection[str]],
        runtime: Runtime,
    ) -> None:
        self._store = store
        self._is_off = is_off
        self._message = message
        self._is_measured = is_measured
        self._mark = mark
        self._own_domains = own_domains
        self.runtime = runtime

    def follow(self, link: ClickLink, user: Callable[[], LinkUser]) -> str:
        """Note that a link was used. Return where it leads: to a page of our own with a mark, by
        which the page's first view is known to follow this click.
        """
        try:
            click = None if self._is_off() else self._note(link, user())
            return self._marked(link.url, click) if click else link.url
        # A person waits for the page, and the rest is only ours.
        except Exception as error:  # noqa: BLE001
            log("click_lost", error=type(error).__name__, where=where(error))
            return link.url

    def view(self, lead_id: str, click_id: str, visitor: str) -> None:
        """Note that a browser showed the page that a click led to, and ran our tracker.

        visitor: its partition. The first one counts. Raise ConflictError.
        """
        click = self._store.one(lead_id, click_id)
        if click is None or click.is_viewed or click.verdict is not None:
            return
        if self.runtime.now() - click.at <= MARK_HOLDS:
            self._store.replace(click, viewed(click, visitor))

    def _note(self, link: ClickLink, user: LinkUser) -> Click | None:
        """Return the click that a use of a link is, None for one that is not remembered."""
        message = self._message(link.lead_id, link.key)
        # An email that was erased, or is none of a person who is measured, leaves no trace.
        if message is None or message.state not in LEFT or not self._is_measured(link.lead_id):
            return None
        now = self.runtime.now()
        click = Click(
            lead_id=link.lead_id,
            key=link.key,
            position=link.position,
            url=link.url,
            at=now,
            agent=user.agent,
            network=user.network,
            is_program=user.is_program,
        )
        before = self._store.of(link.lead_id, link.key)
        known = next((one for one in before if one.place == click.place), None)
        if known is not None:
            return known
        if len(before) >= CLICKS_MAX_PER_MESSAGE or _adds_nothing(click, before, now):
            return None
        self._store.add(click, click.event(message, now), message)
        log("click", lead_id=link.lead_id, key=str(link.key))
        return click

    def _marked(self, url: str, click: Click) -> str:
        host = host_of(url)
        if not host or {host, domain_of(host)}.isdisjoint(self._own_domains()):
            return url
        parts = urlsplit(url)
        mark = f"{CLICK_MARK}={self._mark(click.lead_id, click.id)}"
        query = f"{parts.query}&{mark}" if parts.query else mark
        return urlunsplit(parts._replace(query=query))


def _adds_nothing(click: Click, before: Sequence[Click], now: datetime) -> bool:
    """Return whether the same sender's use of the same link is known, and will stay what it was: a
    person's that counted today, or that of what calls itself a program.
    """
    return any(
        one.position == click.position
        and one.sender == click.sender
        and now - one.at < KNOWN_FOR
        and (one.is_program or one.verdict is ClickVerdict.PERSON)
        for one in before
    )


def viewed(click: Click, visitor: str | None) -> Click:
    """Return a click after its page was seen. visitor: the partition of the browser."""
    return replace(click, is_viewed=True, visitor=visitor, version=click.version + 1)
