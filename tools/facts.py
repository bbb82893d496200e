"""What can be asked about a deployment: SES, SNS, alarms, queues, the table, and its own work.

Nothing is judged here. What is refused or unknown there is kept as `Unasked`, with the service's
code, so that one missing permission hides nothing else.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.delivery.outbox import OPEN
from chalicelib.delivery.senders import parse_sender
from chalicelib.handoff.routing import stand_ins
from chalicelib.jobs.job import JobStatus
from chalicelib.store import keys, places
from chalicelib.switches import SwitchState
from chalicelib.wiring.world import World
from infra.deploy import Cloud

#: The queues of the template that hold what failed for good.
FAILURE_QUEUES = tuple(
    f"{name}Failures"
    for name in (
        *("Qualify", "Deliver", "Feedback", "Replies", "Urgent", "Nurture", "Leads", "Jobs"),
    )
)
PENDING = ("PendingConfirmation", "Deleted")
LISTED_MESSAGES = 200
LISTED_PUT_ASIDE = 20
SPENT_WITHIN = timedelta(days=2)  # SNS reports its spending a few times a day
NOT_FOUND = ("NotFoundException", "NotFound")
Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class Unasked:
    """What could not be asked, and why: the service's own code."""

    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MailAccount:
    """What SES says of the account in this region."""

    in_production: bool
    sending: bool
    status: str
    """HEALTHY, PROBATION or SHUTDOWN."""
    daily_quota: float
    """Emails in 24 hours; below zero for no limit."""
    sent: float
    """In the last 24 hours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MailIdentity:
    """What SES says of a sender's address or domain."""

    name: str
    verified: bool
    dkim: str
    """SUCCESS, PENDING, FAILED, NOT_STARTED, ..."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TextAccount:
    """How the account's text messages stand in this region, by SNS or End User Messaging."""

    in_sandbox: bool
    limit_usd: float
    """A month."""
    spent_usd: float | None
    """This month; None where no text was sent lately, or nobody says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicListeners:
    """Who is subscribed to a topic."""

    confirmed: int
    pending: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmState:
    """How an alarm stands."""

    name: str
    state: str
    has_action: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TableState:
    """How the table is set up."""

    streams: bool
    expires: bool
    recovers: bool
    protected: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What of the deployment's own work is open."""

    schema: int
    """Up to which all leads were brought."""
    held_publish: str | None
    """The id of a publish that is held."""
    late_jobs: Sequence[str]
    """The ids of jobs that are due and that nobody does."""
    put_aside: Sequence[tuple[str, str]]
    """Partition and sort key of what kept killing its worker, and waits for a person."""
    waiting: Mapping[str, int]
    """Why messages wait that are overdue, and how many of each."""
    turned_off: Sequence[SwitchState]
    """The switches that are off."""
    salespeople: Sequence[str]
    """The addresses of those who are active."""
    stand_ins: Sequence[str]
    """Those of the fallback person and the manager."""
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Everything that was asked. Each may be Unasked."""

    environment: str
    sender: str
    mail: MailAccount | Unasked
    identity: MailIdentity | Unasked | None
    """None where SES knows neither the sender's address nor its domain."""
    suppressed_salespeople: Sequence[str] | Unasked
    texts: TextAccount | Unasked
    topics: Mapping[str, TopicListeners | Unasked]
    """By the output of the stack that names the topic."""
    alarms: Sequence[AlarmState] | Unasked
    queues: Mapping[str, int | Unasked]
    """How many messages are in each queue of what failed for good."""
    table: TableState | Unasked
    work: Work | Unasked

    @property
    def is_protected(self) -> bool:
        """Whether the environment must keep its data."""
        return self.environment != "dev"


def ask_facts(cloud: Cloud, stack_name: str, world: World) -> Facts:
    """Ask everything about a deployment. Raise ClientError, BotoCoreError when it is not there."""
    formation = cloud.client("cloudformation")
    stack = formation.describe_stacks(StackName=stack_name)["Stacks"][0]
    outputs = {one["OutputKey"]: one["OutputValue"] for one in stack.get("Outputs", [])}
    given = {one["ParameterKey"]: one["ParameterValue"] for one in stack.get("Parameters", [])}
    sender = parse_sender(given.get("Sender", ""))[1]
    ses = cloud.client("sesv2")
    sns = cloud.client("sns")
    work = asked(lambda: work_of(world))
    people = {*work.salespeople, *work.stand_ins} if isinstance(work, Work) else set()
    return Facts(
        environment=given.get("Stage", ""),
        sender=sender,
        mail=asked(lambda: mail_account(ses)),
        identity=asked(lambda: identity_of(ses, sender)),
        suppressed_salespeople=asked(lambda: suppressed(ses, sorted(people))),
        texts=asked(lambda: _texts(cloud, given.get("TextIdentity", ""), world.runtime.now())),
        topics={
            name: _topic(sns, outputs.get(name)) for name in ("HandoffTopicArn", "AlarmTopicArn")
        },
        alarms=asked(lambda: alarms_of(cloud.client("cloudwatch"), stack_name)),
        queues=queues_of(formation, cloud.client("sqs"), stack_name),
        table=asked(lambda: table_state(cloud.client("dynamodb"), outputs["TableName"])),
        work=work,
    )


def asked(ask: Callable[[], Found]) -> Found | Unasked:
    """Return what a question is answered, or why it is not."""
    try:
        return ask()
    except ClientError as error:
        return Unasked(error.response["Error"]["Code"])
    except (BotoCoreError, LookupError, TypeError, ValueError) as error:
        return Unasked(type(error).__name__)  # nobody there, or an answer in another shape


def mail_account(ses: Any) -> MailAccount:
    """Return what SES says of the account."""
    found = ses.get_account()
    quota = found["SendQuota"]
    return MailAccount(
        in_production=found["ProductionAccessEnabled"],
        sending=found["SendingEnabled"],
        status=found.get("EnforcementStatus", "HEALTHY"),
        daily_quota=quota["Max24HourSend"],
        sent=quota["SentLast24Hours"],
    )


def identity_of(ses: Any, sender: str) -> MailIdentity | None:
    """Return what SES says of a sender: of the address, or else of its domain."""
    for name in (sender, sender.rpartition("@")[2]):
        try:
            found = ses.get_email_identity(EmailIdentity=name)
        except ClientError as error:
            if error.response["Error"]["Code"] not in NOT_FOUND:
                raise
            continue
        return MailIdentity(
            name=name,
            verified=found["VerifiedForSendingStatus"],
            dkim=found.get("DkimAttributes", {}).get("Status", "NOT_STARTED"),
        )
    return None


def suppressed(ses: Any, addresses: Sequence[str]) -> list[str]:
    """Return the addresses to which the account's own suppression list lets no email through."""
    return [one for one in addresses if _is_suppressed(ses, one)]


def _is_suppressed(ses: Any, address: str) -> bool:
    try:
        ses.get_suppressed_destination(EmailAddress=address)
    except ClientError as error:
        if error.response["Error"]["Code"] not in NOT_FOUND:
            raise
        return False
    return True


def _texts(cloud: Cloud, identity: str, now: datetime) -> TextAccount:
    """Return how texts stand. identity: what they come from by End User Messaging; empty: SNS."""
    if identity:
        return messaging_account(cloud.client("pinpoint-sms-voice-v2"))
    return text_account(cloud.client("sns"), cloud.client("cloudwatch"), now)


def messaging_account(messaging: Any) -> TextAccount:
    """Return what AWS End User Messaging says of text messages. It does not say what they cost."""
    attributes = messaging.describe_account_attributes()["AccountAttributes"]
    tier = {one["Name"]: one["Value"] for one in attributes}["ACCOUNT_TIER"]
    limits = messaging.describe_spend_limits()["SpendLimits"]
    limit = {one["Name"]: one["EnforcedLimit"] for one in limits}
    return TextAccount(
        in_sandbox=tier == "SANDBOX",
        limit_usd=float(limit["TEXT_MESSAGE_MONTHLY_SPEND_LIMIT"]),
        spent_usd=None,
    )


def text_account(sns: Any, cloudwatch: Any, now: datetime) -> TextAccount:
    """Return what SNS says of text messages, and what they cost this month."""
    sandbox = sns.get_sms_sandbox_account_status()
    attributes = sns.get_sms_attributes(attributes=["MonthlySpendLimit"])["attributes"]
    spent = cloudwatch.get_metric_statistics(
        Namespace="AWS/SNS",
        MetricName="SMSMonthToDateSpentUSD",
        StartTime=now - SPENT_WITHIN,
        EndTime=now,
        Period=int(SPENT_WITHIN.total_seconds()),
        Statistics=["Maximum"],
    )["Datapoints"]
    return TextAccount(
        in_sandbox=sandbox["IsInSandbox"],
        limit_usd=float(attributes.get("MonthlySpendLimit", 1)),
        spent_usd=max((one["Maximum"] for one in spent), default=None),
    )


def _topic(sns: Any, arn: str | None) -> TopicListeners | Unasked:
    return asked(lambda: listeners_of(sns, arn)) if arn else Unasked("NoOutput")


def listeners_of(sns: Any, topic_arn: str) -> TopicListeners:
    """Return who is subscribed to a topic."""
    pages = sns.get_paginator("list_subscriptions_by_topic").paginate(TopicArn=topic_arn)
    arns = [one["SubscriptionArn"] for page in pages for one in page["Subscriptions"]]
    pending = sum(arn in PENDING for arn in arns)
    return TopicListeners(confirmed=len(arns) - pending, pending=pending)


def alarms_of(cloudwatch: Any, stack_name: str) -> list[AlarmState]:
    """Return how each alarm of a stack stands."""
    pages = cloudwatch.get_paginator("describe_alarms").paginate(AlarmNamePrefix=f"{stack_name}-")
    return [
        AlarmState(
            name=one["AlarmName"].removeprefix(f"{stack_name}-").partition("-")[0],
            state=one["StateValue"],
            has_action=bool(one.get("ActionsEnabled", True) and one.get("AlarmActions")),
        )
        for page in pages
        for one in page["MetricAlarms"]
    ]


def queues_of(formation: Any, sqs: Any, stack_name: str) -> dict[str, int | Unasked]:
    """Return how many messages are in each queue of what failed for good."""

    def depth(name: str) -> int:
        queue = formation.describe_stack_resource(StackName=stack_name, LogicalResourceId=name)
        url = queue["StackResourceDetail"]["PhysicalResourceId"]
        wanted = "ApproximateNumberOfMessages"
        found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[wanted])
        return int(found["Attributes"][wanted])

    def ask_depth(name: str) -> int | Unasked:
        return asked(lambda: depth(name))

    return {name: ask_depth(name) for name in FAILURE_QUEUES}


def table_state(dynamodb: Any, name: str) -> TableState:
    """Return how the table is set up."""
    table = dynamodb.describe_table(TableName=name)["Table"]
    expiry = dynamodb.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
    backups = dynamodb.describe_continuous_backups(TableName=name)
    recovery = backups["ContinuousBackupsDescription"].get("PointInTimeRecoveryDescription", {})
    return TableState(
        streams=table.get("StreamSpecification", {}).get("StreamEnabled", False),
        expires=expiry["TimeToLiveStatus"] in ("ENABLED", "ENABLING"),
        recovers=recovery.get("PointInTimeRecoveryStatus") == "ENABLED",
        protected=table.get("DeletionProtectionEnabled", False),
    )


def work_of(world: World) -> Work:
    """Return what of a deployment's own work is open."""
    now = world.runtime.now()
    routing = world.documents.get("routing") or {}
    people = [one for one in routing.get("people", []) if one.get("active", True)]
    return Work(
        schema=int(world.deployment().get("schema", keys.FIRST_SCHEMA)),
        held_publish=_held_publish(world),
        late_jobs=list(_late_jobs(world, now)),
        put_aside=world.hand_overs.in_quarantine(LISTED_PUT_ASIDE),
        waiting=_waiting(world, now),
        turned_off=[one for one in world.switchboard.states().values() if not one.is_on],
        salespeople=[str(one["email"]) for one in people if one.get("email")],
        stand_ins=[one.email for one in stand_ins(routing)],
        now=now,
    )


LATE = timedelta(minutes=30)
"""What was due so long ago is no longer on its way."""


def _held_publish(world: World) -> str | None:
    turn = world.ports.table.get(keys.PUBLISHING, keys.TURN)
    job = world.job_store.read(str(turn["job_id"])) if turn else None
    return job.id if job is not None and job.status is JobStatus.HELD else None


def _late_jobs(world: World, now: datetime) -> Iterator[str]:
    last = places.due_at(now - LATE, keys.END)
    for item in world.ports.table.query(keys.DUE_JOBS, last=last, limit=20, index="due"):
        yield keys.id_of(str(item["pk"]))


def _waiting(world: World, now: datetime) -> dict[str, int]:
    """Return why messages are open half an hour after they were planned, and how many of each."""
    found = world.outbox.outbox(sorted(OPEN), "", LISTED_MESSAGES)
    late = [message for _, message in found if message.created_at <= now - LATE]
    return dict(Counter(str(one.reason or one.state) for one in late))
