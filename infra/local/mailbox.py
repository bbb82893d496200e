"""The demo's mailbox: the mails and texts that the local AWS has sent, as their recipients would
see them.

For this machine only. It reads what the emulator keeps and shows it; it marks nothing as read and
deletes nothing. Everything shown was written by strangers: it is escaped, and the HTML of a mail
lives in a sandbox without scripts.
"""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined

MAILS, TEXTS = "/_ministack/ses/messages", "/_ministack/sns/sms-messages"
TEMPLATE = Path(__file__).with_name("mailbox.html")
ANSWER_S = 10


@dataclass(frozen=True)
class Email:
    """A mail that was sent. html: empty if it has none."""

    sender: str
    to: str
    subject: str
    text: str
    html: str
    at: datetime


@dataclass(frozen=True)
class Phone:
    """A phone and the texts it got, newest first."""

    number: str
    texts: Sequence[str]


@dataclass(frozen=True)
class Mailbox:
    """All that went out: mails newest first, and phones. Of a text the emulator does not know when
    it was sent.
    """

    mails: Sequence[Email]
    phones: Sequence[Phone]


def read(emulator_url: str) -> Mailbox:
    """What the local AWS at that URL has sent. Raises OSError if it does not answer."""
    return mailbox_of(_get(emulator_url + MAILS), _get(emulator_url + TEXTS))


def mailbox_of(mails: Mapping[str, Any], texts: Mapping[str, Any]) -> Mailbox:
    """The mailbox of the emulator's two answers: mails by account, texts by phone number."""
    sent = (_mail(one) for group in mails["messages"].values() for one in group)
    phones = (
        Phone(number, [text["Message"] for text in reversed(group)])
        for number, group in texts["sms_messages"].items()
        if group
    )
    return Mailbox(
        sorted(sent, key=lambda mail: mail.at, reverse=True),
        sorted(phones, key=lambda one: one.number),
    )


def render(mailbox: Mailbox) -> str:
    """The page."""
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.from_string(TEMPLATE.read_text()).render(
        mails=mailbox.mails, phones=mailbox.phones
    )


def _mail(sent: Mapping[str, Any]) -> Email:
    return Email(
        sender=sent["Source"],
        to=", ".join(sent["To"]),
        subject=sent["Subject"],
        text=sent["BodyText"],
        html=sent["BodyHtml"] or "",
        at=datetime.fromtimestamp(sent["Timestamp"], UTC),
    )


def _get(url: str) -> Any:
    with urllib.request.urlopen(url, timeout=ANSWER_S) as answer:  # nosec B310 # the local stack's own
        return json.loads(answer.read())
