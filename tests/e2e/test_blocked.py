"""The deployed stack while its account may not send: what is owed waits, everybody can see why, and
it leaves once when the account is mended.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from infra.local.outgoing import MAIL_ACCOUNT
from infra.local.stack import SENDER
from infra.local.walk import PERSON
from tests.e2e.driver import Driver
from tests.e2e.test_feedback import handed_over
from tests.e2e.test_stack import emails_per_message, emulator, form
from tests.integration.test_alarms import Metric, counted, watched

LONGEST_WAIT = "+61m"  # between two looks whether the account sends again, and a minute more
HEALTHY = {"sandbox": False, "quota": 50_000, "paused": False, "unverified": []}


@dataclass(frozen=True)
class State:
    """A state of the account: how SES is set, and what `make doctor` says of it."""

    account: Mapping[str, Any]
    doctor: str


STATES = {  # by the reason that the outbox and the log show
    "sandbox": State({"sandbox": True}, "SES is in its sandbox"),
    "over_quota": State({"quota": 0}, "of 0 emails of 24 hours are sent"),
    "account_paused": State({"paused": True}, "SES has paused sending for this account"),
    "unverified": State({"unverified": [SENDER]}, f"{SENDER} is not verified in SES"),
}
CANNOT = "Email cannot go out to everybody."


def test_what_is_owed_waits_for_the_account_and_leaves_once(driver: Driver) -> None:
    """Each state is named in the outbox, in the metric that its alarm reads, and by the doctor."""
    emails = {reason: f"{reason}-{uuid4().hex[:12]}@acme.example" for reason in STATES}
    for reason, state in STATES.items():
        with account(driver, state.account):
            form(driver, "demo", emails[reason], PERSON, consent=False)
            wait_for(driver, emails[reason], reason)
            report = driver.command(module="tools.doctor", expected=1)
            assert f"wrong    {CANNOT}" in report
            assert state.doctor in report
        wait_for_the_alarm(driver, reason)
    try:
        driver.shift_clock(LONGEST_WAIT)
        driver.until(
            lambda: (
                driver.tick() >= 0 and all(handed_over(driver, email) for email in emails.values())
            ),
            "sales is told of each",
        )
    finally:
        driver.shift_clock("")
    for email in emails.values():
        assert emails_per_message(driver, email) == {1}


# --- what the test above is made of ---------------------------------------------------------------


@contextmanager
def account(driver: Driver, settings: Mapping[str, Any]) -> Iterator[None]:
    """SES in a state for a while."""
    assert emulator(driver).post(MAIL_ACCOUNT, settings)[0] == 200
    try:
        yield
    finally:
        assert emulator(driver).post(MAIL_ACCOUNT, HEALTHY)[0] == 200


def wait_for(driver: Driver, email: str, reason: str) -> None:
    """Wait until the outbox says that the email to sales waits, and why."""

    def waits() -> bool:
        found = [item for item in driver.outbox(email) if item["via"] == "email"]
        return [(one["kind"], one["state"], one["reason"]) for one in found] == [
            ("handoff", "planned", reason)
        ]

    driver.until(waits, f"the email to sales waits: {reason}")


def wait_for_the_alarm(driver: Driver, reason: str) -> None:
    """Wait until a log line with the reason is the very metric that the deployed alarm reads."""
    (alarm,) = driver.client("cloudwatch").describe_alarms(
        AlarmNamePrefix=f"{driver.stack.stack_name}-SendingBlocked"
    )["MetricAlarms"]
    assert alarm["AlarmActions"]
    driver.until(
        lambda: watched(alarm, "dev") in blocked(driver, reason), f"the alarm's metric: {reason}"
    )


def blocked(driver: Driver, reason: str) -> set[Metric]:
    """What the lines that name the reason are to CloudWatch."""
    pages = (
        driver.client("logs")
        .get_paginator("filter_log_events")
        .paginate(logGroupName=driver.function("DeliverLogs"), filterPattern='"sending_blocked"')
    )
    lines = [one["message"] for page in pages for one in page["events"]]
    return set(counted("\n".join(one for one in lines if json.loads(one)["reason"] == reason)))
