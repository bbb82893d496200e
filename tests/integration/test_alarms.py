"""Our own alarms against what is counted: a fault is caused, and the very metric is found that the
packaged alarm reads.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from chalicelib.clock.tasks import Due
from chalicelib.delivery.messages import Refused, Unclear, Waiting
from chalicelib.delivery.outbox import MessageState
from chalicelib.delivery.reasons import NotSentReason
from chalicelib.delivery.references import tag_of
from chalicelib.limits import JOB_TRIES
from chalicelib.nurture.upkeep import OUTAGE
from chalicelib.qualify.due import REVIEW_TASK
from chalicelib.store.outbox import put_message
from chalicelib.store.table import Item
from chalicelib.switches import Switch
from chalicelib.telemetry import NAMESPACE
from chalicelib.wiring.world import World
from infra.package import own_architecture, package
from tests import factories as make
from tests.baton import ANN, InMemoryBaton, stream_event
from tests.fakes import FakePorts
from tests.stepper import CrashError
from tests.unit.test_clock import due_item

Alarm = Mapping[str, Any]
Metric = tuple[str, frozenset[tuple[str, str]], str]
"""The name, the dimensions with their values, and the unit."""


@pytest.fixture(scope="module")
def alarms() -> Mapping[str, Alarm]:
    """Return the alarms that read one metric of ours, by their logical ids."""
    return {
        name: resource["Properties"]
        for name, resource in package(own_architecture()).template["Resources"].items()
        if resource["Type"] == "AWS::CloudWatch::Alarm"
        and resource["Properties"].get("Namespace") == NAMESPACE
    }


def watched(alarm: Alarm, stage: str) -> Metric:
    """Return the metric that an alarm reads in a deployment."""
    dimensions = {
        (pair["Name"], stage if pair["Value"] == {"Ref": "Stage"} else str(pair["Value"]))
        for pair in alarm["Dimensions"]
    }
    return str(alarm["MetricName"]), frozenset(dimensions), str(alarm["Unit"])


def counted(output: str) -> Iterator[Metric]:
    """Return each metric that the log lines are to CloudWatch, for each set of dimensions."""
    for line in map(json.loads, output.splitlines()):
        for directive in line.get("_aws", {}).get("CloudWatchMetrics", []):
            assert directive["Namespace"] == NAMESPACE
            for metric in directive["Metrics"]:
                if line[metric["Name"]] == 0:
                    continue  # a service level that was kept
                for names in directive["Dimensions"]:
                    values = frozenset((name, line[name]) for name in names)
                    yield metric["Name"], values, metric["Unit"]


# --- the faults -----------------------------------------------------------------------------------


def hand_over(baton: InMemoryBaton) -> None:
    baton.form("demo", **ANN)
    baton.until_quiet()


def an_unclear_email_is_given_up(baton: InMemoryBaton) -> None:
    baton.ports.senders.answers = [Unclear()]
    baton.form("guide", consent=True, **ANN)
    baton.until_quiet()
    baton.minutes_later(16)


def a_message_is_refused(baton: InMemoryBaton) -> None:
    baton.ports.senders.answers = [Refused()]
    hand_over(baton)


def a_handoff_stays_unclear(baton: InMemoryBaton) -> None:
    baton.ports.senders.answers = [Unclear()]
    hand_over(baton)
    baton.minutes_later(16)


def the_account_is_in_the_sandbox(baton: InMemoryBaton) -> None:
    baton.ports.senders.answers = [Waiting(NotSentReason.SANDBOX)]
    hand_over(baton)


def a_switch_is_off(baton: InMemoryBaton) -> None:
    off = {Switch.OUTBOUND: False}
    baton.world.switchboard.turn(off, reasons={Switch.OUTBOUND: "a test"}, author="admin")
    hand_over(baton)


def an_hour_has_no_room(baton: InMemoryBaton) -> None:
    baton.world = World(FakePorts(baton.ports.memory, first_emails_per_hour=1))
    for email in ("one@victim.example", "another@victim.example"):
        baton.form("guide", None, consent=True, **{**ANN, "email": email})
    baton.until_quiet()


def a_complaint_carries_no_tag(baton: InMemoryBaton) -> None:
    notice = {"notificationType": "Complaint", "mail": {"messageId": "m"}}
    baton.world.mail_event(json.dumps(notice))


def a_bounce_is_not_about_ours(baton: InMemoryBaton) -> None:
    mail = {"messageId": "m", "tags": {"message": ["c29tZWJvZHkgZWxzZQ"]}}
    notice = {"eventType": "Bounce", "bounce": {"bounceType": "Permanent"}, "mail": mail}
    baton.world.mail_event(json.dumps(notice))


def a_record_cannot_be_read(baton: InMemoryBaton) -> None:
    item: Item = {"pk": "LEAD#x", "sk": "EVENT#0#x", "schema": 1}
    baton.world.qualify_records(stream_event([item]))


def an_erasure_makes_no_progress(baton: InMemoryBaton) -> None:
    baton.form("guide", **ANN)
    baton.until_quiet()
    begun = baton.world.privacy.erasures.erase(baton.world.lead_id(ANN["email"]))
    job = baton.world.job_store.read(begun["id"])
    assert job is not None
    tried = replace(job, tries=JOB_TRIES, version=job.version + 1)
    baton.world.job_store.save(job, tried)
    baton.minutes_later(1)


def emails_bounce(baton: InMemoryBaton) -> None:
    """Let ten emails of marketing's bounce: the brake warns at five, and holds at ten."""
    for number in range(10):
        email = replace(
            make.nurture_message(),
            lead_id=baton.world.lead_id(f"p{number}@acme.example"),
            state=MessageState.CLAIMED,
            claimed_at=baton.ports.now(),
        )
        baton.ports.table.write(put_message(email))
        bounce = {"bounceType": "Permanent", "bounceSubType": "General", "feedbackId": "f"}
        mail = {"messageId": "m", "tags": {"message": [tag_of(email.id)]}}
        baton.world.mail_event(json.dumps({"eventType": "Bounce", "mail": mail, "bounce": bounce}))


def the_clock_stands_still(baton: InMemoryBaton) -> None:
    baton.ports.settings = replace(baton.ports.settings, environment="prod")
    baton.tick()
    baton.ports.clock.tick(OUTAGE)
    baton.tick()


def something_unknown_is_due(baton: InMemoryBaton) -> None:
    key = ("LEAD#x", "NUDGE#1")
    baton.ports.memory.items[key] = {
        "pk": key[0],
        "sk": key[1],
        "schema": 1,
        "due_pk": "DUE#0",
        "due_sk": "2026-01-01T00:00:00.000Z#x",
    }
    baton.tick()


def something_due_fails(baton: InMemoryBaton) -> None:
    _review_raises(baton, OSError)
    baton.minutes_later(1)


def something_due_keeps_killing_its_worker(baton: InMemoryBaton) -> None:
    _review_raises(baton, CrashError)
    for _ in range(10):
        with suppress(CrashError):
            baton.minutes_later(1)


def _review_raises(baton: InMemoryBaton, error: type[BaseException]) -> None:
    def review(_due: Due, _until: datetime) -> None:
        raise error

    baton.world.due_tasks = {**baton.world.due_tasks, REVIEW_TASK: review}
    baton.ports.memory.write(due_item("STANDING"))


FAULTS: Mapping[str, Callable[[InMemoryBaton], None]] = {
    "MessagesLost": an_unclear_email_is_given_up,
    "MessagesRefused": a_message_is_refused,
    "MessagesUnclear": a_handoff_stays_unclear,
    "SendingBlocked": the_account_is_in_the_sandbox,
    "HandoffsUndelivered": a_message_is_refused,
    "SwitchHoldsBack": a_switch_is_off,
    "FirstEmailsOverBudget": an_hour_has_no_room,
    "BrakeHolds": emails_bounce,
    "BrakeWarns": emails_bounce,
    "ClockStoodStill": the_clock_stands_still,
    "ComplaintsUnmatched": a_complaint_carries_no_tag,
    "BouncesUnmatched": a_bounce_is_not_about_ours,
    "RecordsQuarantined": a_record_cannot_be_read,
    "ErasureFailed": an_erasure_makes_no_progress,
    "DueUnknown": something_unknown_is_due,
    "DueFails": something_due_fails,
    "DueQuarantined": something_due_keeps_killing_its_worker,
}


def test_each_alarm_on_a_metric_of_ours_has_its_fault(alarms: Mapping[str, Alarm]) -> None:
    assert alarms.keys() == FAULTS.keys()


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_counted_where_its_alarm_reads(
    alarms: Mapping[str, Alarm],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    name: str,
) -> None:
    monkeypatch.setenv("BATON_ENVIRONMENT", "prod")
    baton = InMemoryBaton()
    capsys.readouterr()
    wanted = watched(alarms[name], "prod")
    hand_over(InMemoryBaton())  # without the fault the metric stays silent
    assert wanted not in set(counted(capsys.readouterr().out))
    FAULTS[name](baton)
    assert wanted in set(counted(capsys.readouterr().out))
    assert alarms[name]["Statistic"] == "Sum"
    assert (alarms[name]["Threshold"], alarms[name]["ComparisonOperator"]) == (
        0,
        "GreaterThanThreshold",
    )
