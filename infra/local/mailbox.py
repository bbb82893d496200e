"""The demo's mailbox: the emails and texts that the local AWS has sent, as their recipients would
see them.

It is for this machine only. It shows what the emulator keeps, marks nothing as read and deletes
nothing. Everything shown was written by strangers: it is escaped, and the HTML of an email is in a
sandbox without scripts.
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

MAILS = "/_ministack/ses/messages"
TEXTS = "/_ministack/sns/sms-messages"
TEMPLATE = Path(__file__).with_name("mailbox.html")
ANSWER_S = 10


@dataclass(frozen=True)
class Email:
    """An email that was sent."""

    sender: str
    to: str
    subject: str
    text: str
    html: str
    """Empty when there is none."""
    at: datetime


@dataclass(frozen=True)
class Phone:
    """A phone and the texts that it got."""

    number: str
    texts: Sequence[str]
    """Newest first. The emulator does not know when a text was sent."""


@dataclass(frozen=True)
class Mailbox:
    """Everything that was sent."""

    mails: Sequence[Email]
    """Newest first."""
    phones: Sequence[Phone]
    """By number."""


def read(emulator_url: str) -> Mailbox:
    """Return what the local AWS at a URL has sent. Raise OSError when it does not answer."""
    return mailbox_of(_get(emulator_url + MAILS), _get(emulator_url + TEXTS))


def mailbox_of(mails: Mapping[str, Any], texts: Mapping[str, Any]) -> Mailbox:
    """Return the mailbox of the emulator's two answers: emails by account, texts by number."""
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
    """Return the page."""
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
    # The URL is the local stack's own.
    with urllib.request.urlopen(url, timeout=ANSWER_S) as answer:  # nosec B310
        return json.loads(answer.read())
