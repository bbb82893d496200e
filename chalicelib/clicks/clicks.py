"""A click: one use of a tracked link, as it is remembered until its verdict and after it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from chalicelib.delivery.message_keys import MessageKey, parse_key
from chalicelib.delivery.outbox import OutboxMessage
from chalicelib.delivery.references import about_email
from chalicelib.events import Event, Kind, Value, lead_partition, own_event_id
from chalicelib.limits import CLICK_HOLD_SECONDS
from chalicelib.mail_events import OF_LINK, OF_REASON, OF_URL, OF_VERDICT, MailEvent

CLICK_HOLD = timedelta(seconds=CLICK_HOLD_SECONDS)
CLICK_PLACE = "@"  # between a message's key and what tells its clicks apart; no key holds one
VERDICT_NAMES = {"person": MailEvent.CLICKED, "machine": MailEvent.MACHINE_CLICKED}


class ClickVerdict(StrEnum):
    """What a click was."""

    PERSON = "person"
    MACHINE = "machine"


class Why(StrEnum):
    """What a verdict rests on."""

    SEVERAL_LINKS = "several_links"  # several links of the email within two seconds
    SWEPT = "swept"  # whoever it was also went through several links at once
    KNOWN_AGENT = "known_agent"  # it says that it is a program
    REPEATED = "repeated"  # the same link as another click, a moment apart: it is the same click
    NO_PAGE_VIEW = "no_page_view"  # soon after the delivery, and no page was seen
    PAGE_VIEW = "page_view"  # a browser then showed the page, and ran our tracker
    LATE = "late"  # when scanners are done


@dataclass(frozen=True, slots=True, kw_only=True)
class Click:
    """One use of a tracked link. Of one link, one sender has one within the hold."""

    lead_id: str
    key: MessageKey
    """Of the email."""
    position: int
    """Which link of the email."""
    url: str
    at: datetime
    agent: str
    """A keyed hash of what the browser called itself."""
    network: str
    """A keyed hash of the address that it came from, another one each day."""
    is_program: bool = False
    """Whether it calls itself a program, or nothing."""
    is_viewed: bool = False
    """Whether a browser then showed the page, and ran our tracker."""
    visitor: str | None = None
    """The partition of that browser."""
    has_joined: bool = False
    """Whether this click joined the browser to the lead."""
    verdict: ClickVerdict | None = None
    """None within the hold."""
    why: Why | None = None
    version: int = 1

    @property
    def place(self) -> str:
        """What tells it from the other clicks of the email. Those of one link by one sender within
        one stretch of the clock, as long as the hold, are one.
        """
        stretch = int(self.at.timestamp()) // CLICK_HOLD_SECONDS
        return f"{stretch:010d}.{self.position}.{self.sender}"

    @property
    def id(self) -> str:
        """What tells it from the other clicks of the lead."""
        return f"{self.key}{CLICK_PLACE}{self.place}"

    @property
    def sender(self) -> str:
        """What tells one sender from another."""
        return self.agent + self.network

    @property
    def is_due_at(self) -> datetime:
        """When its verdict is due."""
        return self.at + CLICK_HOLD

    def event(self, message: OutboxMessage, now: datetime) -> Event:
        """Return the event that says somebody used the link: it counts for nothing."""
        return self._event(MailEvent.LINK_USED, about_email(message), now)

    def verdict_event(
        self, verdict: ClickVerdict, why: Why, message: OutboxMessage, now: datetime
    ) -> Event:
        """Return the event of a verdict. It happened when the click did."""
        said = {OF_VERDICT: verdict.value, OF_REASON: why.value, **about_email(message)}
        return self._event(VERDICT_NAMES[verdict], said, now)

    def _event(self, name: MailEvent, said: Mapping[str, Value], now: datetime) -> Event:
        partition = lead_partition(self.lead_id)
        return Event(
            partition=partition,
            id=own_event_id(partition, self.at, f"{name}/{self.id}"),
            kind=Kind.MAIL,
            name=name.value,
            at=self.at,
            captured_at=now,
            properties={OF_LINK: self.position, OF_URL: self.url, **said},
        )


def message_key_in(click_id: str) -> MessageKey:
    """Return the key of the email of a click's id. Raise ValueError for what is not one."""
    return parse_key(click_id.partition(CLICK_PLACE)[0])
