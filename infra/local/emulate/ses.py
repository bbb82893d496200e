"""SES: SendEmail of its second API, which is the one that Baton calls."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import unquote

from ministack import app
from ministack.services import ses, ses_v2

from infra.local.emulate import ses_account, ses_events

Answer = tuple[int, dict[str, str], bytes]
API = "/v2/email"
KEPT = ("ReplyTo", "Headers", "Tags", "ConfigurationSetName")


def mend() -> None:
    """Apply the mends of this file."""
    mend_calls()
    take_verification_away()
    show_what_is_kept()
    let_tests_set_the_account()


def mend_calls() -> None:
    """Keep what an email has, refuse it when the account cannot send, and report what became of it.

    AWS sends an email with its headers, Reply-To addresses and tags; ministack drops them. AWS
    refuses to send beyond the quota of the last 24 hours, while the account or the configuration
    set is paused, and through a configuration set that does not exist; ministack sends. AWS has a
    suppression list; ministack answers that it is empty. AWS publishes events; ministack does not.
    """
    handle = ses_v2.handle_request

    async def handle_more(
        method: str, path: str, headers: dict[str, str], body: bytes, query: Any
    ) -> Answer:
        rest = unquote(path).rstrip("/").removeprefix(API)
        data = _json_of(body)
        if (method, rest) == ("POST", "/outbound-emails"):
            return await _send(data, lambda: handle(method, path, headers, body, query))
        own = ses_account.answer(method, rest, data)
        if own is not None:
            return _answer(*own)
        response: Answer = await handle(method, path, headers, body, query)
        if (method, rest) == ("GET", "/account"):
            return ses_account.with_state(response)
        if method == "GET" and rest.startswith("/identities/"):
            return ses_account.with_verification(response, rest.removeprefix("/identities/"))
        return response

    ses_v2.handle_request = handle_more


async def _send(data: Mapping[str, Any], send: Callable[[], Awaitable[Answer]]) -> Answer:
    refusal = ses_account.refusal_of(data)
    if refusal is not None:
        refused: Answer = ses_v2._json_err(*refusal)
        return refused
    response = await send()
    status, _, body = response
    if status != 200:
        return response
    record = _sent(json.loads(body)["MessageId"])
    assert record is not None, "ministack has just stored it"
    record |= {
        "ReplyTo": data.get("ReplyToAddresses", []),
        "Headers": data.get("Content", {}).get("Simple", {}).get("Headers", []),
        "Tags": data.get("EmailTags", []),
        "ConfigurationSetName": data.get("ConfigurationSetName", ""),
        "Timestamp": ses_account.now(),
    }
    ses_events.report(record)
    return response


def take_verification_away() -> None:
    """Let an identity that was verified be so no longer.

    On AWS it fails when its DNS records go. ministack verifies every identity for good.
    """
    is_verified = ses._identity_verified

    def is_still_verified(address: str, **named: Any) -> bool:
        return not ses_account.is_unverified(address) and bool(is_verified(address, **named))

    ses._identity_verified = is_still_verified


def show_what_is_kept() -> None:
    """Show an email's Reply-To addresses, headers and tags at `/_ministack/ses/messages`.

    Of AWS there is nothing to compare. ministack shows a fixed list of fields.
    """
    show = app._handle_ses_messages_request

    async def show_more(*given: Any) -> Answer | None:
        response: Answer | None = await show(*given)
        if response is None or response[0] != 200:
            return response
        status, headers, body = response
        answer = json.loads(body)
        for messages in answer["messages"].values():
            for message in messages:
                record = _sent(message["MessageId"]) or {}
                message |= {name: record[name] for name in KEPT if name in record}
        return status, headers, json.dumps(answer).encode()

    app._handle_ses_messages_request = show_more


def let_tests_set_the_account() -> None:
    """Serve what only a test may do, below `/_ministack/ses`.

    `GET account` and `POST account` show and change the settings in ses_account.Account.
    `POST events` publishes one event of an email: `{"message_id", "type", "detail": {...}}`, where
    the detail replaces keys of the event's own part.
    """
    handle = app._handle_post_body_shortcuts

    async def handle_tests(
        method: str, path: str, headers: dict[str, str], body: bytes, *rest: Any
    ) -> Answer | None:
        if path == "/_ministack/ses/account":
            return _account_call(_json_of(body))
        if path == "/_ministack/ses/events":
            return await asyncio.to_thread(_event_call, _json_of(body))
        response: Answer | None = await handle(method, path, headers, body, *rest)
        return response

    app._handle_post_body_shortcuts = handle_tests


def _account_call(changes: Mapping[str, Any]) -> Answer:
    try:
        return _answer(200, ses_account.apply(changes))
    except ValueError as error:
        return _answer(400, {"message": str(error)})


def _event_call(data: Mapping[str, Any]) -> Answer:
    record = _sent(data.get("message_id", ""))
    if record is None:
        return _answer(404, {"message": "no email of that message_id was sent"})
    event = ses_events.event_of(record, data["type"], data.get("detail", {}), record["To"])
    return _answer(200, {"published": ses_events.publish(record, event)})


def _sent(message_id: str) -> dict[str, Any] | None:
    """Return what is stored of an email that was sent, or None."""
    found = (one for one in reversed(ses._sent_emails_list()) if one["MessageId"] == message_id)
    return next(found, None)


def _json_of(body: bytes) -> dict[str, Any]:
    try:
        data = json.loads(body) if body else {}
    except ValueError:
        return {}
    return data if isinstance(data, dict) else {}


def _answer(status: int, data: Mapping[str, Any]) -> Answer:
    return status, {"Content-Type": "application/json"}, json.dumps(data).encode()
