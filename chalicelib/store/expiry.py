"""When an item expires: DynamoDB deletes it some days after the time that it names."""

from datetime import datetime, timedelta

EXPIRES_AT = "expires_at_epoch_s"


def expires_after(at: datetime, days: int, not_before: datetime | None = None) -> dict[str, int]:
    """Return what lets an item expire so many days after a moment; nothing for 0 days.

    not_before: the earliest moment, since DynamoDB ignores an expiry of more than five years ago.
    """
    if not days:
        return {}
    expires_at = max(at + timedelta(days=days), not_before or at)
    return {EXPIRES_AT: int(expires_at.timestamp())}
