"""Incoming webhooks of chats: Slack's, and those of workflows in Teams.

Whoever knows the URL of one can write into the chat, so nothing logs it. Requests go to hosts of
these services alone and follow no redirect, so that a URL in the routing document reaches nothing
inside a network (ADR 0073).
"""

import re
from collections.abc import Callable
from http import HTTPStatus
from http.client import HTTPException, HTTPSConnection
from urllib.parse import urlsplit
from uuid import uuid4

from chalicelib.delivery.messages import (
    ChatMessage,
    Refused,
    SendResult,
    Sent,
    Unclear,
    Waiting,
)
from chalicelib.delivery.reasons import NotSentReason
from chalicelib.limits import WEBHOOK_TIMEOUT_SECONDS
from chalicelib.telemetry import log

CHAT_HOST = re.compile(
    r"hooks\.slack(?:-gov)?\.com"
    r"|(?:[a-z0-9-]+\.)+logic\.azure\.(?:com|us)"
    r"|(?:[a-z0-9-]+\.)+environment\.api\.powerplatform\.com"
)
"""Slack's incoming webhooks, and the triggers of workflows, where Microsoft serves them."""
CHAT_ANSWER_MAX_BYTES = 1024
TAKEN = frozenset({HTTPStatus.OK, HTTPStatus.ACCEPTED})
BUSY = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS})


def is_chat_url(url: str) -> bool:
    """Return whether a URL is one that a chat gives for an incoming webhook."""
    try:
        parts = urlsplit(url)
        is_usual = parts.port in (None, 443) and parts.username is None
    except ValueError:  # a port that is not a number, brackets that do not match
        return False
    return (
        url.isascii()
        and url.isprintable()
        and " " not in url
        and parts.scheme == "https"
        and is_usual
        and CHAT_HOST.fullmatch(parts.hostname or "") is not None
    )


def _connect(host: str) -> HTTPSConnection:
    return HTTPSConnection(host, timeout=WEBHOOK_TIMEOUT_SECONDS)


class Webhooks:
    """Gives messages to chats. connect: returns a connection to a host, not yet open."""

    def __init__(self, connect: Callable[[str], HTTPSConnection] = _connect) -> None:
        self._connect = connect

    def send(self, message: ChatMessage) -> SendResult:
        """Send one message, once. Never raise for what a service answers."""
        if not is_chat_url(message.url):
            return Refused()
        parts = urlsplit(message.url)
        target = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
        connection = self._connect(str(parts.hostname))
        try:
            connection.connect()
        except OSError:
            return Waiting(NotSentReason.OUTAGE)  # the request never left
        try:
            return _post(connection, target, message.body)
        except (OSError, HTTPException):
            return Unclear()
        finally:
            connection.close()


def _post(connection: HTTPSConnection, target: str, body: str) -> SendResult:
    headers = {"Content-Type": "application/json"}
    connection.request("POST", target, body=body.encode(), headers=headers)
    answer = connection.getresponse()
    answer.read(CHAT_ANSWER_MAX_BYTES)
    status = answer.status
    if status in TAKEN:
        return Sent(str(uuid4()))  # these services name no id
    log("send_failed", code=status)
    if status in BUSY:
        return Waiting(NotSentReason.THROTTLED)
    # A webhook that was removed never takes anything again: the person gets an email instead.
    return Unclear() if status >= HTTPStatus.INTERNAL_SERVER_ERROR else Refused()
