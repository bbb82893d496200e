"""What SES reports of an email: events, published through the configuration set's destinations."""

import time
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from email.utils import parseaddr
from typing import Any

from ministack.core.concurrency import spawn_background
from ministack.core.responses import get_account_id, get_region, new_uuid
from ministack.services import ses, ses_v2

from infra.local.emulate.ses_account import account, now

SIMULATOR = "simulator.amazonses.com"
HARD = {"bounceType": "Permanent", "bounceSubType": "General"}
#: The mailbox simulator's addresses, and what SES reports of each after Send.
OUTCOMES: Mapping[str, tuple[tuple[str, Mapping[str, str]], ...]] = {
    "success": (("Delivery", {}),),
    "bounce": (("Bounce", HARD),),
    "complaint": (("Delivery", {}), ("Complaint", {})),
    "ooto": (
        ("Delivery", {}),
        ("Bounce", {"bounceType": "Transient", "bounceSubType": "General"}),
    ),
    "suppressionlist": (("Bounce", {"bounceType": "Permanent", "bounceSubType": "Suppressed"}),),
}
ON_OUR_LIST = {"bounceType": "Permanent", "bounceSubType": "OnAccountSuppressionList"}
#: The key of an event's own part, where it is not the event type in lower case.
PART = {"Rendering Failure": "failure", "DeliveryDelay": "deliveryDelay"}
#: The name of an event type in a destination, where it is not the event type in capitals.
MATCHED = {"Rendering Failure": "RENDERING_FAILURE", "DeliveryDelay": "DELIVERY_DELAY"}


def report(record: Mapping[str, Any]) -> None:
    """Report what becomes of an email that was accepted, in the background.

    Every recipient's: Send, then Delivery a little later. The mailbox simulator's addresses, and
    those on the suppression list, have the outcome that AWS documents for them.
    """
    recipients = _recipients(record)
    special = {one: outcomes for one in recipients if (outcomes := _special_outcomes(one))}
    at_once: list[dict[str, Any]] = []
    if special or "Send" in account.reports:
        at_once.append(event_of(record, "Send", {}, recipients))
    for recipient, outcomes in special.items():
        at_once += [event_of(record, kind, detail, [recipient]) for kind, detail in outcomes]
    later = [
        event_of(record, "Delivery", {}, [one])
        for one in recipients
        if one not in special and "Delivery" in account.reports
    ]
    spawn_background(_publish_all, record, at_once, later, thread_name="ses-events")


def event_of(
    record: Mapping[str, Any], kind: str, detail: Mapping[str, Any], recipients: Iterable[str]
) -> dict[str, Any]:
    """Return an event as SES publishes it to a topic. detail: what differs from the usual."""
    part = PART.get(kind, kind.lower())
    return {
        "eventType": kind,
        "mail": _mail(record),
        part: _usual(kind, list(recipients)) | dict(detail),
    }


def publish(record: Mapping[str, Any], event: Mapping[str, Any]) -> int:
    """Publish an event to each destination that asks for its type. Return to how many."""
    matched = MATCHED.get(event["eventType"], event["eventType"].upper())
    settings = ses_v2._config_sets.get(record.get("ConfigurationSetName"), {})
    topics = [
        destination["SnsDestination"]["TopicArn"]
        for destination in settings.get("EventDestinations", {}).values()
        if destination["Enabled"]
        and matched in destination["MatchingEventTypes"]
        and "SnsDestination" in destination
    ]
    for topic in topics:
        ses._publish_notification(topic, dict(event))
    return len(topics)


def _publish_all(
    record: Mapping[str, Any], at_once: list[dict[str, Any]], later: list[dict[str, Any]]
) -> None:
    for event in at_once:
        publish(record, event)
    if later:
        time.sleep(account.delivery_after_s)
    for event in later:
        publish(record, event)


def _recipients(record: Mapping[str, Any]) -> list[str]:
    return [parseaddr(one)[1] for one in (*record["To"], *record["CC"], *record["BCC"])]


def _special_outcomes(address: str) -> Iterable[tuple[str, Mapping[str, str]]] | None:
    """Return what is reported of an address that is not an ordinary one, else None."""
    if address.lower() in account.suppressed:
        return (("Bounce", ON_OUR_LIST),)
    local, _, domain = address.lower().partition("@")
    return (
        OUTCOMES.get(local.partition("+")[0], OUTCOMES["success"]) if domain == SIMULATOR else None
    )


def _mail(record: Mapping[str, Any]) -> dict[str, Any]:
    reply_to = {"replyTo": record["ReplyTo"]} if record["ReplyTo"] else {}
    source = parseaddr(record["Source"])[1]
    common = {
        "from": [record["Source"]],
        "to": record["To"],
        "messageId": record["MessageId"],
        "subject": record["Subject"],
    }
    headers = [
        {"name": "From", "value": record["Source"]},
        {"name": "To", "value": ", ".join(record["To"])},
        {"name": "Subject", "value": record["Subject"]},
        *({"name": one["Name"], "value": one["Value"]} for one in record["Headers"]),
    ]
    tags = {
        "ses:configuration-set": [record["ConfigurationSetName"]],
        "ses:from-domain": [source.rpartition("@")[2]],
        "ses:source-ip": ["127.0.0.1"],
        **{one["Name"]: [one["Value"]] for one in record["Tags"]},
    }
    return {
        "timestamp": _instant(record["Timestamp"]),
        "source": source,
        "sourceArn": f"arn:aws:ses:{get_region()}:{get_account_id()}:identity/{source}",
        "sendingAccountId": get_account_id(),
        "messageId": record["MessageId"],
        "destination": _recipients(record),
        "headersTruncated": False,
        "headers": headers,
        "commonHeaders": common | reply_to,
        "tags": tags,
    }


def _usual(kind: str, recipients: list[str]) -> dict[str, Any]:
    """Return an event's own part as it usually looks."""
    at = _instant(now())
    match kind:
        case "Send":
            return {}
        case "Delivery":
            return {
                "timestamp": at,
                "processingTimeMillis": int(account.delivery_after_s * 1000),
                "recipients": recipients,
                "smtpResponse": "250 2.6.0 Message received",
                "reportingMTA": "mta.example.com",
            }
        case "Bounce":
            bounced = [{"emailAddress": one, "action": "failed"} for one in recipients]
            return {**HARD, "bouncedRecipients": bounced, "timestamp": at, "feedbackId": new_uuid()}
        case "Complaint":
            return {
                "complainedRecipients": [{"emailAddress": one} for one in recipients],
                "timestamp": at,
                "feedbackId": new_uuid(),
                "complaintFeedbackType": "abuse",
            }
        case "Reject":
            return {"reason": "Bad content"}
        case _:
            return {"timestamp": at}


def _instant(seconds: float) -> str:
    text = datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")
