"""`make doctor`: what is asked of AWS, and what the answers mean."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from chalicelib.commands.rebuild import start_rebuild
from chalicelib.delivery.messages import Waiting
from chalicelib.delivery.reasons import NotSentReason
from chalicelib.store.keys import FIRST_SCHEMA, SCHEMA
from infra.deploy import Cloud
from infra.paths import ROOT
from tests.aws import session
from tests.baton import ANN, InMemoryBaton
from tests.fakes import NOW
from tools import doctor, facts
from tools.doctor import Finding, Grade, judge
from tools.facts import (
    AlarmState,
    Facts,
    MailAccount,
    MailIdentity,
    TableState,
    TextAccount,
    TopicListeners,
    Unasked,
    Work,
)
from tools.rebuild import note_schema

SENDER = "hello@keybook.example"
DENIED = Unasked("AccessDeniedException")
ACCOUNT = MailAccount(
    in_production=True, sending=True, status="HEALTHY", daily_quota=50_000, sent=10
)
IDENTITY = MailIdentity(name="keybook.example", verified=True, dkim="SUCCESS")
TEXTS = TextAccount(in_sandbox=False, limit_usd=20, spent_usd=1.5)
WELL = Facts(
    environment="prod",
    sender=SENDER,
    mail=ACCOUNT,
    identity=IDENTITY,
    suppressed_salespeople=(),
    texts=TEXTS,
    topics={
        "HandoffTopicArn": TopicListeners(confirmed=1, pending=0),
        "AlarmTopicArn": TopicListeners(confirmed=1, pending=0),
    },
    alarms=(AlarmState(name="ClockStands", state="OK", has_action=True),),
    queues={"QualifyFailures": 0},
    table=TableState(streams=True, expires=True, recovers=True, protected=True),
    work=Work(
        schema=SCHEMA,
        held_publish=None,
        late_jobs=(),
        put_aside=(),
        waiting={},
        turned_off=(),
        salespeople=("sam@keybook.example",),
        stand_ins=(),
        now=NOW,
    ),
)


def of(found: Facts, grade: Grade) -> list[Finding]:
    return [one for one in judge(found) if one.grade is grade]


def with_work(**changed: Any) -> Facts:
    assert isinstance(WELL.work, Work)
    return replace(WELL, work=replace(WELL.work, **changed))


# --- the judgement


def test_of_a_healthy_deployment_nothing_is_wrong() -> None:
    assert of(WELL, Grade.WRONG) == of(WELL, Grade.UNKNOWN) == []
    said = " ".join(one.says for one in judge(WELL))
    assert f"Email can go out as {SENDER}." in said
    assert "Texts can go out, for at most 20.00 dollars a month." in said


@pytest.mark.parametrize(
    ("sick", "said"),
    [
        (replace(WELL, mail=replace(ACCOUNT, in_production=False)), "sandbox"),
        (replace(WELL, mail=replace(ACCOUNT, sending=False)), "paused sending"),
        (replace(WELL, mail=replace(ACCOUNT, status="SHUTDOWN")), "paused sending"),
        (replace(WELL, mail=replace(ACCOUNT, status="PROBATION")), "is reviewing"),
        (replace(WELL, mail=replace(ACCOUNT, sent=45_000)), "45,000 of 50,000 emails"),
        (replace(WELL, mail=replace(ACCOUNT, daily_quota=0, sent=0)), "0 of 0 emails"),
        (replace(WELL, identity=None), f"knows neither {SENDER}"),
        (replace(WELL, identity=replace(IDENTITY, verified=False)), "is not verified"),
        (replace(WELL, identity=replace(IDENTITY, dkim="PENDING")), "DKIM is pending"),
        (replace(WELL, suppressed_salespeople=["sam@keybook.example"]), "no email through to sam@"),
        (replace(WELL, texts=replace(TEXTS, in_sandbox=True)), "Texts are in the sandbox"),
        (replace(WELL, texts=replace(TEXTS, spent_usd=19.0)), "cost 19.00 of at most 20.00"),
        (
            replace(WELL, topics={"AlarmTopicArn": TopicListeners(confirmed=0, pending=0)}),
            "Nobody hears of an alarm",
        ),
        (
            replace(WELL, topics={"HandoffTopicArn": TopicListeners(confirmed=1, pending=2)}),
            "2 subscriptions of HandoffTopic are not confirmed",
        ),
        (replace(WELL, alarms=()), "There are no alarms"),
        (
            replace(WELL, alarms=[AlarmState(name="A", state="ALARM", has_action=True)]),
            "have gone off: A.",
        ),
        (
            replace(WELL, alarms=[AlarmState(name="A", state="OK", has_action=False)]),
            "tell nobody: A.",
        ),
        (replace(WELL, queues={"DeliverFailures": 3}), "DeliverFailures holds 3 messages"),
        (with_work(schema=SCHEMA - 1), "A rebuild is owed"),
        (with_work(held_publish="job-1"), "The publish job-1 is held"),
        (with_work(late_jobs=["job-2"]), "The job job-2 is due"),
        (
            with_work(put_aside=[("LEAD#A", "HANDOVER#review")]),
            "HANDOVER#review of LEAD#A kept killing its worker",
        ),
        (with_work(waiting={"throttled": 4}), "4 messages wait for more than half an hour"),
        (with_work(salespeople=()), "There is no salesperson"),
    ],
)
def test_what_is_wrong_is_said_with_what_to_do(sick: Facts, said: str) -> None:
    wrong = [one for one in of(sick, Grade.WRONG) if said in one.says]
    assert len(wrong) == 1
    assert wrong[0].remedy


@pytest.mark.parametrize("missing", ["streams", "expires", "recovers", "protected"])
def test_a_table_that_lacks_something_is_wrong(missing: str) -> None:
    # As a table is that was just restored.
    table = replace(TableState(streams=True, expires=True, recovers=True, protected=True))
    assert len(of(replace(WELL, table=replace(table, **{missing: False})), Grade.WRONG)) == 1


def test_dev_may_be_thrown_away() -> None:
    table = TableState(streams=True, expires=True, recovers=False, protected=False)
    nobody = {"AlarmTopicArn": TopicListeners(confirmed=0, pending=0)}
    plain = replace(IDENTITY, dkim="NOT_STARTED")
    dev = replace(WELL, environment="dev", table=table, topics=nobody, identity=plain)
    assert of(dev, Grade.WRONG) == []


@pytest.mark.parametrize(
    "sick",
    [
        replace(WELL, identity=replace(IDENTITY, verified=False)),
        replace(WELL, identity=None),
        replace(WELL, mail=replace(ACCOUNT, in_production=False)),
        replace(WELL, mail=replace(ACCOUNT, sending=False)),
        replace(WELL, mail=replace(ACCOUNT, sent=50_000)),
        replace(WELL, mail=replace(ACCOUNT, daily_quota=0, sent=0)),
    ],
)
def test_blocked_mail_is_said_first(sick: Facts) -> None:
    assert of(sick, Grade.WRONG)[0].says == "Email cannot go out to everybody."


@pytest.mark.parametrize(
    "weak",
    [
        replace(WELL, identity=replace(IDENTITY, dkim="FAILED")),
        replace(WELL, mail=replace(ACCOUNT, sent=45_000)),
        replace(WELL, mail=replace(ACCOUNT, daily_quota=-1)),
    ],
)
def test_unsigned_mail_and_a_nearly_full_quota_still_go_out(weak: Facts) -> None:
    assert of(weak, Grade.FINE)[0].says == f"Email can go out as {SENDER}."


def test_what_was_not_asked_is_unknown_and_not_wrong() -> None:
    nothing = Facts(
        environment="prod",
        sender=SENDER,
        mail=DENIED,
        identity=DENIED,
        suppressed_salespeople=DENIED,
        texts=DENIED,
        topics={"AlarmTopicArn": DENIED},
        alarms=DENIED,
        queues={"QualifyFailures": DENIED},
        table=DENIED,
        work=DENIED,
    )
    assert of(nothing, Grade.WRONG) == []
    unknown = of(nothing, Grade.UNKNOWN)
    assert len(unknown) == len(list(judge(nothing))) == 9
    assert all(one.remedy.startswith("Allow ") for one in unknown)


def test_an_operation_that_is_not_there_asks_for_no_permission() -> None:
    found = replace(WELL, texts=Unasked("InvalidAction"))
    assert [one.remedy for one in of(found, Grade.UNKNOWN)] == [""]


def test_the_report_begins_with_what_is_wrong() -> None:
    sick = replace(WELL, texts=DENIED, queues={"DeliverFailures": 3})
    lines = list(doctor.report_lines(list(judge(sick))))
    assert lines[0] == "wrong    DeliverFailures holds 3 messages."
    assert lines[1] == "         -> See DeliverGaveUp in docs/runbook.md."
    assert lines[2].startswith("unknown  Unknown: the account's text messages")
    assert lines[-1].startswith("1 wrong, 1 unknown, ")


def test_each_page_and_alarm_that_a_remedy_names_exists() -> None:
    runbook = (ROOT / "docs/runbook.md").read_text()
    for name in ("DueQuarantined", "ClockStands", "ClockErrors"):
        assert name in runbook
    for name in facts.FAILURE_QUEUES:
        assert f"{name.removesuffix('Failures')}GaveUp" in runbook


# --- the asking


def stubbed(service: str, *answers: tuple[str, Any]) -> Any:
    """Return a client that answers these operations, in this order; a text is an error's code."""
    make: Any = session("eu-central-1").client
    client = make(service)
    stubber = Stubber(client)
    for operation, answer in answers:
        if isinstance(answer, str):
            stubber.add_client_error(operation, service_error_code=answer)
        else:
            stubber.add_response(operation, answer)
    stubber.activate()
    return client


def ses_account(**changed: Any) -> dict[str, Any]:
    return {
        "ProductionAccessEnabled": True,
        "SendingEnabled": True,
        "EnforcementStatus": "HEALTHY",
        "SendQuota": {"Max24HourSend": 50_000.0, "MaxSendRate": 14.0, "SentLast24Hours": 10.0},
        **changed,
    }


def test_ses_is_asked_for_the_account() -> None:
    assert facts.mail_account(stubbed("sesv2", ("get_account", ses_account()))) == ACCOUNT


def test_the_senders_domain_stands_in_for_the_address() -> None:
    identity = {"VerifiedForSendingStatus": True, "DkimAttributes": {"Status": "SUCCESS"}}
    ses = stubbed(
        "sesv2",
        ("get_email_identity", "NotFoundException"),
        ("get_email_identity", identity),
    )
    assert facts.identity_of(ses, SENDER) == IDENTITY


def test_an_unknown_sender_is_none() -> None:
    unknown = ("get_email_identity", "NotFoundException")
    assert facts.identity_of(stubbed("sesv2", unknown, unknown), SENDER) is None


def test_the_salespeople_are_looked_for_among_the_suppressed() -> None:
    entry = {
        "SuppressedDestination": {
            "EmailAddress": "a@a.example",
            "Reason": "BOUNCE",
            "LastUpdateTime": NOW,
        }
    }
    operation = "get_suppressed_destination"
    ses = stubbed("sesv2", (operation, entry), (operation, "NotFoundException"))
    assert facts.suppressed(ses, ["a@a.example", "b@b.example"]) == ["a@a.example"]


def test_texts_are_asked_for_sandbox_limit_and_spending() -> None:
    sns = stubbed(
        "sns",
        ("get_sms_sandbox_account_status", {"IsInSandbox": False}),
        ("get_sms_attributes", {"attributes": {"MonthlySpendLimit": "20"}}),
    )
    points = {"Datapoints": [{"Maximum": 1.5}], "Label": "x"}
    cloudwatch = stubbed("cloudwatch", ("get_metric_statistics", points))
    assert facts.text_account(sns, cloudwatch, NOW) == TEXTS


@pytest.mark.parametrize(("tier", "in_sandbox"), [("SANDBOX", True), ("PRODUCTION", False)])
def test_end_user_messaging_is_asked_for_tier_and_limit(tier: str, *, in_sandbox: bool) -> None:
    attributes = [{"Name": "ACCOUNT_TIER", "Value": tier}]
    limit = {"EnforcedLimit": 20, "MaxLimit": 100, "Overridden": True}
    limits = [{"Name": "TEXT_MESSAGE_MONTHLY_SPEND_LIMIT", **limit}]
    messaging = stubbed(
        "pinpoint-sms-voice-v2",
        ("describe_account_attributes", {"AccountAttributes": attributes}),
        ("describe_spend_limits", {"SpendLimits": limits}),
    )
    assert facts.messaging_account(messaging) == TextAccount(
        in_sandbox=in_sandbox, limit_usd=20, spent_usd=None
    )


def test_who_has_not_confirmed_listens_to_nothing() -> None:
    arn = "arn:aws:sns:eu-central-1:1:t"
    entries = [{"SubscriptionArn": f"{arn}:1"}, {"SubscriptionArn": "PendingConfirmation"}]
    sns = stubbed("sns", ("list_subscriptions_by_topic", {"Subscriptions": entries}))
    assert facts.listeners_of(sns, arn) == TopicListeners(confirmed=1, pending=1)


def test_an_alarm_is_called_by_its_name_in_the_template() -> None:
    alarm = {
        "AlarmName": "baton-prod-ClockStands-1ABC",
        "StateValue": "ALARM",
        "ActionsEnabled": True,
        "AlarmActions": ["arn"],
    }
    cloudwatch = stubbed("cloudwatch", ("describe_alarms", {"MetricAlarms": [alarm]}))
    assert facts.alarms_of(cloudwatch, "baton-prod") == [
        AlarmState(name="ClockStands", state="ALARM", has_action=True)
    ]


def test_a_queue_that_may_not_be_asked_hides_no_other() -> None:
    detail = {
        "StackResourceDetail": {
            "LogicalResourceId": "q",
            "PhysicalResourceId": "https://queue",
            "ResourceType": "AWS::SQS::Queue",
            "LastUpdatedTimestamp": NOW,
            "ResourceStatus": "CREATE_COMPLETE",
        }
    }
    formation = stubbed("cloudformation", *[("describe_stack_resource", detail)] * 8)
    depth = {"Attributes": {"ApproximateNumberOfMessages": "2"}}
    sqs = stubbed(
        "sqs",
        ("get_queue_attributes", depth),
        ("get_queue_attributes", "AccessDenied"),
        *[("get_queue_attributes", depth)] * 6,
    )
    assert facts.queues_of(formation, sqs, "baton-prod") == {
        "QualifyFailures": 2,
        "DeliverFailures": Unasked("AccessDenied"),
        **{
            f"{name}Failures": 2
            for name in ("Feedback", "Replies", "Urgent", "Nurture", "Leads", "Jobs")
        },
    }


@pytest.mark.parametrize(("status", "is_on"), [("ENABLED", True), ("DISABLED", False)])
def test_the_table_is_asked_for_what_a_restore_forgets(status: str, *, is_on: bool) -> None:
    table = {"StreamSpecification": {"StreamEnabled": is_on}, "DeletionProtectionEnabled": is_on}
    recovery = {"PointInTimeRecoveryStatus": status}
    dynamodb = stubbed(
        "dynamodb",
        ("describe_table", {"Table": table}),
        ("describe_time_to_live", {"TimeToLiveDescription": {"TimeToLiveStatus": status}}),
        (
            "describe_continuous_backups",
            {
                "ContinuousBackupsDescription": {
                    "ContinuousBackupsStatus": "ENABLED",
                    "PointInTimeRecoveryDescription": recovery,
                }
            },
        ),
    )
    found = facts.table_state(dynamodb, "baton")
    assert found == TableState(streams=is_on, expires=is_on, recovers=is_on, protected=is_on)


@pytest.mark.parametrize(
    ("code", "ask"),
    [
        ("AccessDeniedException", facts.mail_account),
        ("InvalidAction", lambda ses: facts.identity_of(ses, SENDER)),
    ],
)
def test_a_refusal_is_kept_with_its_code(code: str, ask: Callable[[Any], Any]) -> None:
    operation = "get_account" if ask is facts.mail_account else "get_email_identity"
    ses = stubbed("sesv2", (operation, code))
    assert facts.asked(lambda: ask(ses)) == Unasked(code)


def test_an_answer_in_another_shape_is_unknown() -> None:
    ses = stubbed("sesv2", ("get_account", {}))  # as an emulator may answer
    assert facts.asked(lambda: facts.mail_account(ses)) == Unasked("KeyError")


# --- the deployment's own work


def test_of_a_quiet_deployment_nothing_is_open() -> None:
    work = facts.work_of(InMemoryBaton().world)
    assert work.schema == FIRST_SCHEMA
    assert (work.held_publish, work.late_jobs, work.waiting) == (None, [], {})
    assert work.salespeople == ["sam@keybook.example"]


def test_who_stands_in_is_looked_for_too() -> None:
    """The mailbox of the fallback person was suppressed, and nobody knew until it was needed."""
    baton = InMemoryBaton()
    kim = {"id": "kim", "name": "Kim", "email": "kim@keybook.example", "active": False}
    baton.world.documents.put("routing", {"people": [kim], "fallback": "kim"})
    assert facts.work_of(baton.world).stand_ins == ["kim@keybook.example"]


def test_what_waits_too_long_is_counted_by_its_reason() -> None:
    baton = InMemoryBaton()
    baton.ports.senders.answers = [Waiting(NotSentReason.SANDBOX)] * 100
    baton.form("demo", **ANN)
    baton.until_quiet()
    assert facts.work_of(baton.world).waiting == {}
    for _ in range(31):
        baton.minutes_later(1)
    assert facts.work_of(baton.world).waiting == {"sandbox": 3}


def test_a_job_that_nobody_does_is_named() -> None:
    baton = InMemoryBaton()
    job = start_rebuild(baton.world.job_runner)
    assert facts.work_of(baton.world).late_jobs == []
    baton.ports.clock.tick(timedelta(hours=1))
    assert facts.work_of(baton.world).late_jobs == [job["id"]]


def test_everything_is_asked_and_what_fails_is_unknown() -> None:
    stack = {
        "StackName": "baton-prod",
        "StackStatus": "CREATE_COMPLETE",
        "CreationTime": NOW,
        "Parameters": [
            {"ParameterKey": "Stage", "ParameterValue": "prod"},
            {"ParameterKey": "Sender", "ParameterValue": f"Keybook, Ann <{SENDER}>"},
        ],
        "Outputs": [{"OutputKey": "TableName", "OutputValue": "baton"}],
    }

    class Refusing(Cloud):
        """An account in which the stack may be seen, and nothing else."""

        def client(self, service: str) -> Any:
            if service == "cloudformation":
                refused = [("describe_stack_resource", "AccessDenied")] * 7
                return stubbed(service, ("describe_stacks", {"Stacks": [stack]}), *refused)
            return stubbed(service)

    world = InMemoryBaton().world
    note_schema(world)
    found = facts.ask_facts(Refusing(boto3.Session()), "baton-prod", world)
    assert (found.environment, found.sender) == ("prod", SENDER)
    assert isinstance(found.work, Work)
    assert isinstance(found.mail, Unasked)
    assert found.topics["AlarmTopicArn"] == Unasked("NoOutput")
    assert of(found, Grade.WRONG) == []
