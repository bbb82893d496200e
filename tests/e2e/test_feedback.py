"""What SES tells of an email reaches its lead on the deployed stack: through the topic, to the
feedback function.

The story behind this file: the handler was tested with notices of every kind, and the topic with a
template. Nothing showed the two together, where the local AWS left out a notification's empty keys:
the function failed on each one, so that no bounce ever stopped an email there, and nobody noticed.
"""

import json
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

import pytest

from chalicelib.delivery.references import tag_of
from infra.local.outgoing import Outgoing
from infra.local.stack import SENDER, Stack
from infra.local.walk import PERSON
from tests.e2e.driver import Driver
from tests.e2e.test_stack import form

# What SES says of each, as in "Examples of event data that Amazon SES publishes to Amazon SNS" of
# its guide.
BOUNCE = {
    "bounceType": "Permanent",
    "bounceSubType": "General",
    "bouncedRecipients": [
        {"action": "failed", "status": "5.1.1", "diagnosticCode": "smtp; 550 5.1.1 user unknown"},
    ],
    "feedbackId": "01000157c44f053b-61b59c11-9236-11e6-8f96-7be8aexample-000000",
    "reportingMTA": "dsn; mta.example.com",
}
COMPLAINT = {
    "complainedRecipients": [{}],
    "feedbackId": "01000157c44f053b-61b59c11-9236-11e6-8f96-7be8aexample-000000",
    "userAgent": "Mozilla/5.0",
    "complaintFeedbackType": "abuse",
}
DELIVERY = {
    "processingTimeMillis": 11893,
    "smtpResponse": "250 2.6.0 Message received",
    "reportingMTA": "mta.example.com",
}


@pytest.mark.parametrize(
    ("kind", "detail", "state", "suppressed", "rule"),
    [
        ("Bounce", BOUNCE, "bounced", "bounced", "hard-bounce"),
        ("Complaint", COMPLAINT, "complained", "complained", None),
        ("Delivery", DELIVERY, "delivered", None, "email-delivered"),
    ],
)
def test_what_ses_publishes_reaches_its_lead_once(
    email: str,
    driver: Driver,
    kind: str,
    detail: Any,
    state: str,
    suppressed: str | None,
    rule: str | None,
) -> None:
    """When it comes again, nothing changes."""
    sent = sent_email(driver, email)
    notice = ses_event(kind, detail, email, sent)
    publish(driver, notice)
    driver.until(lambda: the_email(driver, email)["state"] == state, f"the email is {state}")
    driver.until(lambda: mail_events(driver, email) == [state], "the lead's timeline says so")
    driver.until(lambda: rule is None or rule in rules(driver, email), "the score says so")
    assert driver.lead(email)["suppressed"] == suppressed
    before = what_is_known(driver, email)
    publish(driver, notice)
    for _ in range(2):
        redeliver(driver, notice)
    assert what_is_known(driver, email) == before


def test_a_suppressed_lead_gets_no_email_but_is_handed_over(email: str, driver: Driver) -> None:
    sent = sent_email(driver, email)
    publish(driver, ses_event("Bounce", BOUNCE, email, sent))
    driver.until(lambda: driver.lead(email)["suppressed"] == "bounced", "the lead is suppressed")
    publish(driver, ses_event("Complaint", COMPLAINT, email, sent))
    driver.until(
        lambda: the_email(driver, email)["state"] == "complained", "the email's rank rises"
    )
    publish(driver, ses_event("Delivery", DELIVERY, email, sent))
    redeliver(driver, ses_event("Delivery", DELIVERY, email, sent))
    assert the_email(driver, email)["state"] == "complained"
    # Both reasons are kept, and the stronger one is shown.
    driver.until(lambda: driver.lead(email)["suppressed"] == "complained", "the reason rises")
    form(driver, "demo", email, PERSON, consent=True)
    driver.until(lambda: driver.stage(email) == "sql", "the lead is an SQL")
    driver.until(lambda: handed_over(driver, email), "sales is told")
    assert len(emails(driver, email)) == 1


def test_ses_reports_the_delivery_of_an_email_by_itself(
    email: str, driver: Driver, stack: Stack
) -> None:
    Outgoing(stack).report(["Send", "Delivery"])
    form(driver, "guide", email, PERSON, consent=True)
    driver.until(lambda: the_email(driver, email, "delivered"), "the email is delivered")
    driver.until(lambda: mail_events(driver, email) == ["delivered"], "the timeline says so")
    driver.until(lambda: "email-delivered" in rules(driver, email), "the score says so")


# --- what the tests above are made of -------------------------------------------------------------


def sent_email(driver: Driver, email: str, fields: Mapping[str, Any] = PERSON) -> Any:
    """The email that went out to a lead who downloaded the guide and said yes."""
    form(driver, "guide", email, fields, consent=True)
    return driver.until(lambda: the_email(driver, email, "sent"), "the email went out")


def emails(driver: Driver, email: str) -> list[Any]:
    return [item for item in driver.outbox(email) if item["kind"] == "nurture"]


def the_email(driver: Driver, email: str, state: str | None = None) -> Any:
    """The lead's one email; None when there is none in the state."""
    return next((item for item in emails(driver, email) if state in (None, item["state"])), None)


def handed_over(driver: Driver, email: str) -> bool:
    handoffs = [item["state"] for item in driver.outbox(email) if item["kind"] == "handoff"]
    return len(handoffs) == 3 and set(handoffs) == {"sent"}


def ses_event(kind: str, detail: Any, address: str, email: Any) -> str:
    """An event as SES publishes it to a topic."""
    at = email["created_at"]
    recipients = {"bouncedRecipients", "complainedRecipients"} & detail.keys()
    named = {
        name: [{"emailAddress": address, **one} for one in detail[name]] for name in recipients
    }
    mail = {
        "timestamp": at,
        "source": SENDER,
        "sourceArn": f"arn:aws:ses:us-east-1:123456789012:identity/{SENDER}",
        "sendingAccountId": "123456789012",
        "messageId": email["message_id"],
        "destination": [address],
        "headersTruncated": False,
        "headers": [{"name": "From", "value": SENDER}, {"name": "To", "value": address}],
        "commonHeaders": {
            "from": [SENDER],
            "to": [address],
            "messageId": email["message_id"],
            "subject": "Hello",
        },
        "tags": {
            "ses:configuration-set": ["baton"],
            "ses:source-ip": ["192.0.2.0"],
            "message": [tag_of(email["id"])],
        },
    }
    return json.dumps(
        {"eventType": kind, "mail": mail, kind.lower(): {**detail, **named, "timestamp": at}}
    )


def publish(driver: Driver, notice: str) -> None:
    driver.client("sns").publish(TopicArn=output(driver, "FeedbackTopicArn"), Message=notice)


def redeliver(driver: Driver, notice: str) -> None:
    """Give the event to the function once more, as SNS does when it got no answer; and wait until
    it is worked off.
    """
    sns = {
        "Type": "Notification",
        "MessageId": str(uuid4()),
        "TopicArn": output(driver, "FeedbackTopicArn"),
        "Subject": "Amazon SES Email Event Notification",
        "Message": notice,
        "Timestamp": "2026-11-22T10:00:00.000Z",
        "MessageAttributes": {},
    }
    record = {
        "EventSource": "aws:sns",
        "EventVersion": "1.0",
        "EventSubscriptionArn": sns["TopicArn"],
        "Sns": sns,
    }
    answer = driver.client("lambda").invoke(
        FunctionName=driver.function("Feedback"), Payload=json.dumps({"Records": [record]})
    )
    assert "FunctionError" not in answer, answer["Payload"].read()


def output(driver: Driver, name: str) -> str:
    """One of the stack's outputs."""
    (stack,) = driver.client("cloudformation").describe_stacks(StackName=driver.stack.stack_name)[
        "Stacks"
    ]
    return next(str(one["OutputValue"]) for one in stack["Outputs"] if one["OutputKey"] == name)


def timeline(driver: Driver, email: str) -> list[Any]:
    return list(driver.get(f"/v1/leads/{driver.lead(email)['lead_id']}/timeline")["items"])


def mail_events(driver: Driver, email: str) -> list[str]:
    return [item["name"] for item in timeline(driver, email) if item["kind"] == "mail"]


def rules(driver: Driver, email: str) -> set[str]:
    """The rules that have a say in a lead's score."""
    return {reason["rule"] for reason in driver.lead(email)["score"]["reasons"]}


def what_is_known(driver: Driver, email: str) -> Any:
    """All that the API shows of a lead."""
    return driver.lead(email), timeline(driver, email), driver.outbox(email)
