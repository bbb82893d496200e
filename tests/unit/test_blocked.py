"""Days without a working account of ours: nothing that is owed is lost, and each state is named."""

import json
from collections.abc import Mapping
from itertools import count
from typing import Any

import pytest
from botocore.exceptions import ClientError

from chalicelib.delivery.reasons import NotSentReason
from chalicelib.delivery.senders import Senders
from tests.baton import ANN, InMemoryBaton
from tests.fakes import FakePorts

HOURS = 71
SENDER = "ann@keybook.example"
UNVERIFIED = "Email address is not verified. The following identities failed the check in EU: "
STATES = {
    NotSentReason.SANDBOX: ("MessageRejected", UNVERIFIED + "sam@keybook.example"),
    NotSentReason.OVER_QUOTA: ("TooManyRequestsException", "Daily message quota exceeded"),
    NotSentReason.ACCOUNT_PAUSED: ("SendingPausedException", "Sending is paused for this account"),
    NotSentReason.UNVERIFIED: ("MessageRejected", UNVERIFIED + SENDER),
}


class Account:
    """SES and SNS of an account that refuses everything until it is healed."""

    def __init__(self, code: str, words: str) -> None:
        self.refusal: tuple[str, str] | None = (code, words)
        self.taken: list[Mapping[str, Any]] = []
        self._ids = count(1)

    def send_email(self, **request: Any) -> Mapping[str, str]:
        if self.refusal is not None:
            code, words = self.refusal
            error = {"Code": code, "Message": words}
            answer: Any = {"Error": error, "ResponseMetadata": {"HTTPStatusCode": 400}}
            raise ClientError(answer, "SendEmail")
        self.taken.append(request)
        return {"MessageId": f"m-{next(self._ids)}"}

    publish = send_email


def blocked(reason: NotSentReason) -> tuple[InMemoryBaton, Account]:
    """Return a Baton whose account is in a state."""
    account = Account(*STATES[reason])
    services: Any = account
    senders = Senders(
        services, services, sender=SENDER, configuration_set="baton", topic_arn="topic"
    )
    ports = FakePorts(wrap=lambda name, port: senders.send if name == "send" else port)
    return InMemoryBaton(ports), account


@pytest.mark.parametrize("reason", STATES)
def test_after_three_days_every_handoff_arrives_once(
    reason: NotSentReason, capsys: pytest.CaptureFixture[str]
) -> None:
    baton, account = blocked(reason)
    baton.forget_deadlines()
    baton.form("guide", consent=True, **ANN)
    for hour in range(HOURS):
        if hour % 24 == 0:  # leads go on coming
            baton.form("demo", None, **{**ANN, "email": f"lead{hour}@acme.example"})
        baton.until_quiet()
        baton.minutes_later(60)
    assert {(one["state"], one["reason"]) for one in baton.outbox()} == {("planned", reason)}
    assert account.taken == []
    assert blocked_by(capsys.readouterr().out) == {reason}

    account.refusal = None
    baton.minutes_later(60)
    for _ in range(4):
        baton.minutes_later(60)
    assert {one["state"] for one in baton.outbox()} == {"sent"}
    tags = [one["EmailTags"][0]["Value"] for one in account.taken if "EmailTags" in one]
    assert len(tags) == len(set(tags)) == len(handoff_emails(baton)) + 1  # and the nurture email
    assert len(account.taken) == len(baton.outbox())


def handoff_emails(baton: InMemoryBaton) -> list[Any]:
    found = [one for one in baton.outbox() if (one["kind"], one["via"]) == ("handoff", "email")]
    assert len(found) == 3  # of a lead a day
    return found


def blocked_by(output: str) -> set[str]:
    lines = [json.loads(line) for line in output.splitlines()]
    return {line["reason"] for line in lines if line["event"] == "sending_blocked"}
