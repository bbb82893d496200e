"""Tracked links: what an email carries instead of a link's own address (ADR 0061).

Only whoever agreed to being measured gets one. The others get the address itself, with parameters
that say it was in an email of ours.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit, urlunsplit

from chalicelib.capture.attribution import OWN_SOURCE
from chalicelib.delivery.message_keys import MessageKey, parse_key
from chalicelib.delivery.outbox import OutboxMessage
from chalicelib.errors import NotFoundError
from chalicelib.events import is_lead_id
from chalicelib.limits import TRACKED_URL_MAX_CHARS

#: An address that a browser can be sent to as it stands: printable ASCII, as in a header.
SENDABLE = re.compile(r"https?://[!-~]+", re.IGNORECASE)
MEDIUM = "email"


@dataclass(frozen=True, slots=True)
class ClickLink:
    """What the token of a tracked link says."""

    lead_id: str
    key: MessageKey
    """Of the email that it stands in."""
    position: int
    """Which of the email's links it is."""
    url: str
    """Where it leads."""

    def __str__(self) -> str:
        return f"{self.lead_id} {self.key} {self.position} {self.url}"


@dataclass(frozen=True, slots=True)
class AnswerLink:
    """What the token of an answer to an email's question says."""

    lead_id: str
    key: MessageKey
    """Of the email that asks."""
    question: str
    answer: str
    language: str
    """Of the email, and so of the page that the link opens."""

    def __str__(self) -> str:
        return f"{self.lead_id} {self.key} {self.question} {self.answer} {self.language}"


def parse_click(text: str) -> ClickLink:
    """Return the tracked link of a text that we signed. Raise NotFoundError for one of another
    version.
    """
    lead_id, key, position, url = _parts(text, 4)
    if not position.isdecimal():
        raise NotFoundError("this link is not valid")
    return ClickLink(lead_id, _key(key), int(position), url)


def parse_answer(text: str) -> AnswerLink:
    """Return the answer of a text that we signed. Raise NotFoundError for another version's."""
    lead_id, key, question, answer, language = _parts(text, 5)
    return AnswerLink(lead_id, _key(key), question, answer, language)


class TrackedLinks:
    """Says which address an email carries for each of its links.

    is_measured: whether a lead's clicks may be measured; url_of: signs a tracked link; own:
    returns the address that all of our own links begin with.
    """

    def __init__(
        self,
        *,
        is_measured: Callable[[str], bool],
        url_of: Callable[[ClickLink], str],
        own: Callable[[], str],
    ) -> None:
        self._is_measured = is_measured
        self._url_of = url_of
        self._own = own
        self._asked: tuple[OutboxMessage, bool] | None = None
        """The email that was last asked about: one has many links, and one answer for all."""

    def __call__(self, message: OutboxMessage, url: str, position: int) -> str:
        """Return the address to put into an email for one of its links.

        Anything but a web address is left alone, and so is a link of our own, such as the one
        to unsubscribe. url: not escaped; position: of the link in the email, from 0.
        """
        if not SENDABLE.fullmatch(url) or url.startswith(f"{self._own()}/"):
            return url
        if len(url) <= TRACKED_URL_MAX_CHARS and self._measures(message):
            return self._url_of(ClickLink(message.lead_id, message.key, position, url))
        return plain_url(url, message.key.parts[0])

    def _measures(self, message: OutboxMessage) -> bool:
        if self._asked is None or self._asked[0] is not message:
            self._asked = (message, self._is_measured(message.lead_id))
        return self._asked[1]


def plain_url(url: str, campaign: str) -> str:
    """Return an address with the parameters that say it was in an email of ours: a visit by it is
    not a touch (capture/attribution.py). Its own medium and campaign stay, if it has them.
    """
    parts = urlsplit(url)
    given = [one for one in parts.query.split("&") if one and not one.startswith("utm_source=")]
    names = {one.partition("=")[0] for one in given}
    ours = {"utm_source": OWN_SOURCE, "utm_medium": MEDIUM, "utm_campaign": campaign}
    added = urlencode({name: value for name, value in ours.items() if name not in names})
    return urlunsplit(parts._replace(query="&".join([*given, added])))


def _parts(text: str, number: int) -> list[str]:
    parts = text.split(" ", number - 1)
    if len(parts) != number or not is_lead_id(parts[0]):
        raise NotFoundError("this link is not valid")
    return parts


def _key(text: str) -> MessageKey:
    try:
        return parse_key(text)
    except ValueError:
        raise NotFoundError("this link is not valid") from None
