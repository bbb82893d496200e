"""What became of a message, in words for a timeline."""

from collections.abc import Mapping

from chalicelib.delivery.outbox import MessageState, OutboxMessage
from chalicelib.delivery.reasons import NotSentReason

STATE_WORDS: Mapping[MessageState, str] = {
    MessageState.HELD: "held until a person releases it",
    MessageState.PLANNED: "planned",
    MessageState.CLAIMED: "being sent",
    MessageState.SENT: "sent",
    MessageState.SOFT_BOUNCED: "sent, and not accepted for now",
    MessageState.DELIVERED: "delivered",
    MessageState.BOUNCED: "bounced",
    MessageState.COMPLAINED: "reported as spam",
    MessageState.REFUSED: "not sent",
    MessageState.UNKNOWN: "perhaps sent",
    MessageState.SUPPRESSED: "not sent",
    MessageState.CANCELLED: "not sent",
    MessageState.LOST: "not sent",
}
REASON_WORDS: Mapping[NotSentReason, str] = {
    NotSentReason.NO_CONSENT: "there is no consent",
    NotSentReason.UNSUBSCRIBED: "the person unsubscribed",
    NotSentReason.BOUNCED: "an earlier email bounced",
    NotSentReason.COMPLAINED: "the person reported an earlier email as spam",
    NotSentReason.NO_ADDRESS: "there is no address",
    NotSentReason.NO_PHONE: "there is no phone number",
    NotSentReason.UNCONFIRMED_PHONE: "the phone number is not confirmed yet",
    NotSentReason.NO_EMAIL: "the step names an email that does not exist",
    NotSentReason.NOT_RENDERED: "its template failed",
    NotSentReason.REJECTED: "the service refused it for good",
    NotSentReason.THROTTLED: "the service is busy",
    NotSentReason.OVER_QUOTA: "the quota is used up",
    NotSentReason.SANDBOX: "the account may write to verified recipients only",
    NotSentReason.UNVERIFIED: "the sender is not verified",
    NotSentReason.ACCESS_DENIED: "we may not use the service",
    NotSentReason.SUSPENDED: "the account is suspended",
    NotSentReason.ACCOUNT_PAUSED: "the account's sending is switched off",
    NotSentReason.MISCONFIGURED: "the service lacks something",
    NotSentReason.OUTAGE: "the service cannot be reached",
    NotSentReason.SWITCHED_OFF: "an operator turned it off",
    NotSentReason.OVER_BUDGET: "the budget is used up",
    NotSentReason.UNCONFIRMED: "the consent is not confirmed yet",
    NotSentReason.MAILBOX_LIMIT: "the mailbox had enough answers on that day",
    NotSentReason.STALE: "it waited for too long",
    NotSentReason.UNCLEAR: "nobody knows whether it left",
    NotSentReason.NO_EVIDENCE: "nobody knows whether it left, and it must not go twice",
    NotSentReason.TAKEN_BACK: "the decision was taken back",
    NotSentReason.SUPPRESSED: "the service keeps the address on its own list",
    NotSentReason.CAPPED: "the person has had enough emails lately",
    NotSentReason.OUTSIDE_HOURS: "it is not a working hour where the person is",
    NotSentReason.WITH_SALES: "sales has the lead",
    NotSentReason.STOPPED_BY_OWNER: "the lead's owner stopped the emails",
    NotSentReason.EXITED: "the lead left the sequence",
    NotSentReason.CONDITION_NOT_MET: "the step's condition did not hold",
    NotSentReason.NO_CONTENT: "the settings lack words that it needs",
    NotSentReason.PAUSED: "sending is paused",
    NotSentReason.SUNSET: "the person has done nothing for half a year",
    NotSentReason.BRAKE: "too many emails bounced or were reported as spam",
    NotSentReason.INTERNAL: "the person is of our own company",
    NotSentReason.IMPORTED: "the lead was imported",
    NotSentReason.ERASED: "the person was erased",
}


def say_state(message: OutboxMessage) -> str:
    """Return what became of a message, and why: `not sent: the lead left the sequence (demo)`."""
    state = STATE_WORDS[message.state]
    if message.reason is None:
        return state
    about = f" ({message.detail})" if message.detail else ""
    return f"{state}: {REASON_WORDS[message.reason]}{about}"
