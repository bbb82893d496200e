"""Why something was not sent, or not yet."""

from enum import StrEnum


class NotSentReason(StrEnum):
    """Why something was not sent, or not yet. Each is counted, and named in the documentation."""

    NO_CONSENT = "no_consent"
    UNSUBSCRIBED = "unsubscribed"
    BOUNCED = "bounced"
    COMPLAINED = "complained"
    NO_ADDRESS = "no_address"
    NO_PHONE = "no_phone"
    UNCONFIRMED_PHONE = "unconfirmed_phone"
    NO_EMAIL = "no_email"
    NOT_RENDERED = "not_rendered"
    REJECTED = "rejected"
    THROTTLED = "throttled"
    OVER_QUOTA = "over_quota"
    SANDBOX = "sandbox"
    UNVERIFIED = "unverified"
    ACCESS_DENIED = "access_denied"
    SUSPENDED = "suspended"
    ACCOUNT_PAUSED = "account_paused"
    MISCONFIGURED = "misconfigured"
    OUTAGE = "outage"
    SWITCHED_OFF = "switched_off"
    OVER_BUDGET = "over_budget"
    UNCONFIRMED = "unconfirmed"
    MAILBOX_LIMIT = "mailbox_limit"
    STALE = "stale"
    UNCLEAR = "unclear"
    NO_EVIDENCE = "no_evidence"
    TAKEN_BACK = "taken_back"
    # of marketing emails alone (ADR 0055, ADR 0056)
    SUPPRESSED = "suppressed"
    CAPPED = "capped"
    OUTSIDE_HOURS = "outside_hours"
    WITH_SALES = "with_sales"
    STOPPED_BY_OWNER = "stopped_by_owner"
    EXITED = "exited"
    CONDITION_NOT_MET = "condition_not_met"
    NO_CONTENT = "no_content"
    PAUSED = "paused"
    SUNSET = "sunset"
    BRAKE = "brake"
    INTERNAL = "internal"
    IMPORTED = "imported"
    ERASED = "erased"


#: States of our own account: a person has to mend each, and what is owed waits for it (ADR 0028).
ACCOUNT_STATES = frozenset(
    {
        NotSentReason.OVER_QUOTA,
        NotSentReason.SANDBOX,
        NotSentReason.UNVERIFIED,
        NotSentReason.ACCESS_DENIED,
        NotSentReason.SUSPENDED,
        NotSentReason.ACCOUNT_PAUSED,
        NotSentReason.MISCONFIGURED,
        NotSentReason.OUTAGE,
    }
)

#: Why a marketing email is not sent, or not yet: rules of our own, which no service knows.
MARKETING_REASONS = frozenset(
    {
        NotSentReason.SUPPRESSED,
        NotSentReason.CAPPED,
        NotSentReason.OUTSIDE_HOURS,
        NotSentReason.WITH_SALES,
        NotSentReason.STOPPED_BY_OWNER,
        NotSentReason.EXITED,
        NotSentReason.CONDITION_NOT_MET,
        NotSentReason.NO_CONTENT,
        NotSentReason.PAUSED,
        NotSentReason.SUNSET,
        NotSentReason.BRAKE,
        NotSentReason.INTERNAL,
        NotSentReason.IMPORTED,
        NotSentReason.ERASED,
    }
)
