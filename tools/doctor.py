"""Say whether a deployment is well, and what to do where it is not.

    python -m tools.doctor

Asks the running local stack, or with `--stage prod` a deployment in the environment's account. The
exit code is 1 when something is wrong. What could not be asked is unknown, which is not wrong.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.store.keys import SCHEMA
from infra.deploy import DeployError
from tools.deployment import add_stage, cloud_of, world_of
from tools.facts import Facts, MailAccount, MailIdentity, TextAccount, Unasked, Work, ask_facts

NEAR = 0.8
"""What has used up so much of a quota will soon have used up all of it."""


class Grade(StrEnum):
    """How something stands."""

    FINE = "ok"
    WRONG = "wrong"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was looked at."""

    grade: Grade
    says: str
    """A sentence."""
    remedy: str = ""
    """What to do, as a sentence; empty where nothing is to do."""


def main(arguments: Sequence[str]) -> int:
    """Ask, judge and print. Return the exit code."""
    given = _parse(arguments)
    try:
        cloud, stack_name = cloud_of(given.stage)
        facts = ask_facts(cloud, stack_name, world_of(given.stage))
    except (BotoCoreError, ClientError, DeployError, OSError) as error:
        where = "the local stack: `make up` starts it" if given.stage is None else given.stage
        print(f"cannot ask about {where} ({error})", file=sys.stderr)
        return 1
    findings = list(judge(facts))
    print("\n".join(report_lines(findings)))
    return 1 if any(one.grade is Grade.WRONG for one in findings) else 0


def report_lines(findings: Sequence[Finding]) -> Iterator[str]:
    """Yield the report: what is wrong first, then what is unknown, then what is fine."""
    for grade in (Grade.WRONG, Grade.UNKNOWN, Grade.FINE):
        for one in findings:
            if one.grade is grade:
                yield f"{grade:8} {one.says}"
                if one.remedy:
                    yield f"{'':8} -> {one.remedy}"
    wrong = sum(one.grade is Grade.WRONG for one in findings)
    unknown = sum(one.grade is Grade.UNKNOWN for one in findings)
    yield f"{wrong} wrong, {unknown} unknown, {len(findings) - wrong - unknown} ok."


def judge(facts: Facts) -> Iterator[Finding]:
    """Yield what the facts mean."""
    yield from _mail(facts)
    yield from _texts(facts.texts)
    yield from _listeners(facts)
    yield from _alarms(facts)
    yield from _queues(facts)
    yield from _table(facts)
    yield from _work(facts.work)


# --- what goes out --------------------------------------------------------------------------------


def _mail(facts: Facts) -> Iterator[Finding]:
    """Yield whether email can go out, and what stands in its way."""
    mail = facts.mail
    identity = facts.identity
    if isinstance(mail, MailAccount) and not isinstance(identity, Unasked):
        may_send = mail.in_production and mail.sending and mail.status != "SHUTDOWN"
        has_room = not _uses(mail, of_quota=1)
        if may_send and has_room and identity is not None and identity.verified:
            yield _fine(f"Email can go out as {facts.sender}.")
        else:
            yield _wrong("Email cannot go out to everybody.", "Mend what is named below.")
    yield from _account(mail)
    yield from _identity(identity, facts)
    yield from _suppressed(facts.suppressed_salespeople)


def _account(mail: MailAccount | Unasked) -> Iterator[Finding]:
    if isinstance(mail, Unasked):
        yield _unknown("the account's state in SES", mail, "ses:GetAccount")
        return
    if not mail.in_production:
        yield _wrong(
            "SES is in its sandbox: email reaches verified addresses only, 200 a day.",
            "Ask for production access: docs/how-to/deploy.md has the command.",
        )
    if not mail.sending or mail.status == "SHUTDOWN":
        yield _wrong(
            "SES has paused sending for this account.",
            "Read the case that AWS opened about it, answer it, and go on sending then.",
        )
    elif mail.status == "PROBATION":
        yield _wrong(
            "SES is reviewing this account for bounces or complaints, and may pause it.",
            "Read the case that AWS opened about it; MailBounces in docs/runbook.md helps.",
        )
    if _uses(mail, of_quota=NEAR):
        yield _wrong(
            f"{mail.sent:,.0f} of {mail.daily_quota:,.0f} emails of 24 hours are sent.",
            "Ask for a higher quota in Service Quotas; what is over it waits.",
        )


def _uses(mail: MailAccount, *, of_quota: float) -> bool:
    """Return whether so much of the day's quota is sent. Of a quota of nothing, all is."""
    return 0 <= mail.daily_quota * of_quota <= mail.sent


def _identity(identity: MailIdentity | Unasked | None, facts: Facts) -> Iterator[Finding]:
    if isinstance(identity, Unasked):
        yield _unknown("the sender's identity in SES", identity, "ses:GetEmailIdentity")
        return
    if identity is None:
        yield _wrong(
            f"SES knows neither {facts.sender} nor its domain.",
            "Verify the domain: docs/how-to/deploy.md has the commands.",
        )
        return
    if not identity.verified:
        yield _wrong(
            f"{identity.name} is not verified in SES.",
            "Publish its DKIM records in the domain's DNS, or confirm the email that SES sent.",
        )
    if identity.dkim != "SUCCESS" and facts.is_protected:
        yield _wrong(
            f"Email of {identity.name} is not signed: DKIM is {identity.dkim.lower()}.",
            "Publish the three DKIM records in the domain's DNS; unsigned email is taken for spam.",
        )


def _suppressed(people: Sequence[str] | Unasked) -> Iterator[Finding]:
    if isinstance(people, Unasked):
        yield _unknown("SES's suppression list", people, "ses:GetSuppressedDestination")
    elif people:
        yield _wrong(
            f"SES lets no email through to {', '.join(people)}: it bounced or complained once.",
            "aws sesv2 delete-suppressed-destination --email-address <address>",
        )


def _texts(texts: TextAccount | Unasked) -> Iterator[Finding]:
    if isinstance(texts, Unasked):
        yield _unknown("the account's text messages", texts, "sns:GetSMSSandboxAccountStatus")
        return
    wrong = False
    if texts.in_sandbox:
        wrong = True
        yield _wrong(
            "Texts are in the sandbox: they reach verified phones only.",
            "Leave it: docs/how-to/deploy.md says how. Without texts, nothing is to do: a handoff"
            " goes by email and topic as well.",
        )
    if texts.spent_usd is not None and texts.spent_usd >= NEAR * texts.limit_usd:
        wrong = True
        yield _wrong(
            f"Texts of this month cost {texts.spent_usd:.2f} of at most {texts.limit_usd:.2f}"
            " dollars.",
            "Ask for a higher spending limit in Service Quotas; what is over it is refused.",
        )
    if not wrong:
        yield _fine(f"Texts can go out, for at most {texts.limit_usd:.2f} dollars a month.")


# --- who hears of it ------------------------------------------------------------------------------


def _listeners(facts: Facts) -> Iterator[Finding]:
    needed = {
        "AlarmTopicArn": (
            "Nobody hears of an alarm: AlarmTopic has no confirmed subscription.",
            "Deploy with ALARM_EMAIL=, and confirm the email that AWS sends to it.",
        )
    }
    for output, listeners in facts.topics.items():
        name = output.removesuffix("Arn")
        if isinstance(listeners, Unasked):
            yield _unknown(f"who listens to {name}", listeners, "sns:ListSubscriptionsByTopic")
        elif listeners.confirmed:
            yield _fine(f"{name} has {listeners.confirmed} confirmed subscriptions.")
        elif output in needed and facts.is_protected:
            yield _wrong(*needed[output])
        else:
            yield _fine(f"Nobody is subscribed to {name}; nobody needs to be.")
        if not isinstance(listeners, Unasked) and listeners.pending:
            yield _wrong(
                f"{listeners.pending} subscriptions of {name} are not confirmed.",
                "Confirm the email that AWS sent; after three days it must be sent again.",
            )


def _alarms(facts: Facts) -> Iterator[Finding]:
    if isinstance(facts.alarms, Unasked):
        yield _unknown("the alarms", facts.alarms, "cloudwatch:DescribeAlarms")
        return
    if not facts.alarms:
        yield _wrong("There are no alarms.", "Deploy again; the template has them.")
        return
    ringing = sorted(one.name for one in facts.alarms if one.state == "ALARM")
    if ringing:
        remedy = "docs/runbook.md has a section for each."
        yield _wrong(f"These alarms have gone off: {', '.join(ringing)}.", remedy)
    mute = sorted(one.name for one in facts.alarms if not one.has_action)
    if mute:
        yield _wrong(f"These alarms tell nobody: {', '.join(mute)}.", "Deploy again.")
    if not ringing and not mute:
        yield _fine(f"None of {len(facts.alarms)} alarms has gone off.")


def _queues(facts: Facts) -> Iterator[Finding]:
    for name, depth in facts.queues.items():
        if isinstance(depth, Unasked):
            yield _unknown(f"the queue {name}", depth, "sqs:GetQueueAttributes")
        elif depth:
            section = name.replace("Failures", "GaveUp")
            yield _wrong(f"{name} holds {depth} messages.", f"See {section} in docs/runbook.md.")
        else:
            yield _fine(f"{name} is empty.")


# --- the table and its work -----------------------------------------------------------------------


def _table(facts: Facts) -> Iterator[Finding]:
    table = facts.table
    if isinstance(table, Unasked):
        yield _unknown("the table", table, "dynamodb:DescribeTable and its neighbours")
        return
    wanted = [
        (table.streams, "stream", "No event is scored and no message is sent."),
        (table.expires, "time-to-live", "What should be forgotten is kept."),
    ]
    if facts.is_protected:
        wanted += [
            (table.recovers, "point-in-time recovery", "What is lost stays lost."),
            (table.protected, "deletion protection", "A mistaken command deletes every lead."),
        ]
    off = [(name, so) for is_on, name, so in wanted if not is_on]
    for name, so in off:
        yield _wrong(
            f"The table has no {name}. {so}",
            "Deploy again; for a table that was restored, docs/how-to/deploy.md has the order.",
        )
    if not off:
        yield _fine(f"The table has {', '.join(name for _, name, _ in wanted)}.")


def _work(work: Work | Unasked) -> Iterator[Finding]:
    if isinstance(work, Unasked):
        yield _unknown("what is left to do", work, "dynamodb:GetItem and dynamodb:Query")
        return
    if work.schema < SCHEMA:
        yield _wrong(
            f"A rebuild is owed: some leads may be stored in schema {work.schema}, and this version"
            f" writes {SCHEMA}.",
            "make rebuild, with the STAGE= of this deployment.",
        )
    else:
        yield _fine("No job is owed: every lead is stored as this version stores it.")
    if work.held_publish:
        yield _wrong(
            f"The publish {work.held_publish} is held: it would change more or fewer leads than"
            " was said.",
            f"Look at GET /v1/jobs/{work.held_publish}, and publish again with what it says.",
        )
    yield from _not_done(work)
    for off in work.turned_off:
        yield _wrong(
            f"{off.switch.capitalize()} is turned off, by {off.author}: {off.reason}.",
            f"When that is over: make switches ON={off.switch}, with the STAGE= of this one.",
        )
    for reason, number in sorted(work.waiting.items()):
        yield _wrong(
            f"{number} messages wait for more than half an hour: {reason}.",
            "docs/reference/closed-sets.md says what the reason means; GET /v1/outbox lists them.",
        )
    if not work.salespeople:
        yield _wrong(
            "There is no salesperson: a handoff reaches the topic only.",
            "Add one to the routing.",
        )


def _not_done(work: Work) -> Iterator[Finding]:
    for job_id in work.late_jobs:
        yield _wrong(
            f"The job {job_id} is due, and nobody does it.",
            "See ClockStands, ClockErrors and JobsIsLate in docs/runbook.md.",
        )
    for pk, sk in work.put_aside:
        yield _wrong(
            f"{sk} of {pk} kept killing its worker, and was put aside.",
            "See DueQuarantined in docs/runbook.md.",
        )


def _wrong(says: str, remedy: str) -> Finding:
    return Finding(grade=Grade.WRONG, says=says, remedy=remedy)


def _fine(says: str) -> Finding:
    return Finding(grade=Grade.FINE, says=says)


def _unknown(what: str, unasked: Unasked, operation: str) -> Finding:
    """Return that something could not be asked."""
    denied = unasked.code.startswith("AccessDenied") or unasked.code == "AuthorizationError"
    remedy = f"Allow {operation} to whoever runs this." if denied else ""
    says = f"Unknown: {what} ({unasked.code})."
    return Finding(grade=Grade.UNKNOWN, says=says, remedy=remedy)


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tools.doctor", description="Says whether a deployment is well."
    )
    add_stage(parser)
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
