"""The state of an SES account: what makes it refuse to send, and how a test sets that."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ministack.services import ses, ses_v2

DAY_S = 24 * 60 * 60
ON_LIST = "SuppressedDestination"


@dataclass
class Account:
    """What a test may set, by POST of JSON with these names to `/_ministack/ses/account`.

    It lasts until the emulator ends.
    """

    #: How many recipients may be written to in 24 hours.
    quota: int = 50_000
    #: Whether sending is paused, as PutAccountSendingAttributes does and as AWS does in a review.
    paused: bool = False
    #: Whether AWS has shut the account's sending down.
    suspended: bool = False
    #: Whether the role that sends lacks the permission, since no policy is enforced here.
    denied: bool = False
    #: Whether the account is in the sandbox, where a recipient must be verified, too.
    sandbox: bool = False
    #: The identities that have lost their verification.
    unverified: list[str] = field(default_factory=list)
    #: The addresses on the account's suppression list, each with BOUNCE or COMPLAINT.
    suppressed: dict[str, str] = field(default_factory=dict)
    #: The kinds of events that SES reports of ordinary recipients.
    reports: list[str] = field(default_factory=lambda: ["Send", "Delivery"])
    #: When Delivery is reported. In AWS's own example of one, it came after 11,893 ms.
    delivery_after_s: float = 12
    #: How far SES's clock is ahead, for what is counted over 24 hours.
    clock_ahead_s: float = 0


account = Account()


def apply(changes: Mapping[str, Any]) -> dict[str, Any]:
    """Change the account as a test asks, and return all its settings. Raise ValueError."""
    unknown = changes.keys() - vars(account).keys()
    if unknown:
        raise ValueError(f"unknown: {', '.join(sorted(unknown))}")
    for name, value in changes.items():
        setattr(account, name, value)
    if "sandbox" in changes:
        details = dict(ses._account_details.get("account") or {})
        ses._account_details["account"] = details | {"ProductionAccessEnabled": not account.sandbox}
    return dict(vars(account))


def now() -> float:
    """Return the time on SES's clock, in seconds since 1970."""
    return time.time() + account.clock_ahead_s


def sent_last_day() -> int:
    """Return how many recipients were written to in the last 24 hours."""
    since = now() - DAY_S
    return sum(
        len(sent["To"]) + len(sent["CC"]) + len(sent["BCC"])
        for sent in ses._sent_emails_list()
        if sent["Timestamp"] > since
    )


def refusal_of(request: Mapping[str, Any]) -> tuple[str, str, int] | None:
    """Return code, message and status with which SES refuses a SendEmail, or None.

    Identities that are not verified, and the sandbox's recipients, ministack checks by itself.
    """
    settings = request.get("ConfigurationSetName")
    if account.denied:
        return "AccessDeniedException", "User is not authorized to perform: ses:SendEmail", 403
    if account.suspended:
        return "AccountSuspendedException", "The account's ability to send is suspended.", 400
    if settings and settings not in ses_v2._config_sets:
        return "NotFoundException", f"Configuration set <{settings}> does not exist.", 404
    sending = ses_v2._config_sets.get(settings, {}).get("SendingOptions", {})
    if account.paused or sending.get("SendingEnabled") is False:
        return "SendingPausedException", "Email sending is disabled.", 400
    if sent_last_day() >= account.quota:  # a message may go over it: only then is it reached
        return "ThrottlingException", "Daily message quota exceeded", 400
    return None


def is_unverified(address: str) -> bool:
    """Return whether a test has taken the address's identity, or its domain's, away."""
    plain = ses.parseaddr(address)[1]
    return any(one in (plain, plain.rpartition("@")[2]) for one in account.unverified)


def with_state(response: tuple[int, Any, bytes]) -> tuple[int, Any, bytes]:
    """Return ministack's answer to GetAccount with what this account is like."""
    status, headers, body = response
    answer = json.loads(body)
    answer["SendingEnabled"] = not account.paused
    answer["EnforcementStatus"] = "SHUTDOWN" if account.suspended else "HEALTHY"
    answer["SuppressionAttributes"] = {"SuppressedReasons": ["BOUNCE", "COMPLAINT"]}
    answer["SendQuota"] |= {
        "Max24HourSend": float(account.quota),
        "SentLast24Hours": float(sent_last_day()),
    }
    return status, headers, json.dumps(answer).encode()


def with_verification(response: tuple[int, Any, bytes], identity: str) -> tuple[int, Any, bytes]:
    """Return ministack's answer to GetEmailIdentity, with a verification that was taken away."""
    status, headers, body = response
    if status != 200 or identity not in account.unverified:
        return response
    lost = {"VerifiedForSendingStatus": False, "VerificationStatus": "FAILED"}
    return status, headers, json.dumps(json.loads(body) | lost).encode()


def answer(method: str, path: str, data: Mapping[str, Any]) -> tuple[int, dict[str, Any]] | None:
    """Answer the calls on pause and suppression list, which ministack lacks. None for others."""
    match (method, path.strip("/").split("/")):
        case ("PUT", ["account", "sending"]):
            account.paused = not data.get("SendingEnabled", False)
            return 200, {}
        case ("PUT", ["suppression", "addresses"]):
            account.suppressed[data["EmailAddress"].lower()] = data["Reason"]
            return 200, {}
        case ("GET", ["suppression", "addresses"]):
            listed = [_on_list(address) for address in sorted(account.suppressed)]
            return 200, {f"{ON_LIST}Summaries": listed}
        case ("GET" | "DELETE", ["suppression", "addresses", address]):
            if address.lower() not in account.suppressed:
                words = f"Email address {address} does not exist on your suppression list."
                return 404, {"__type": "NotFoundException", "message": words}
            if method == "GET":
                return 200, {ON_LIST: _on_list(address.lower())}
            del account.suppressed[address.lower()]
            return 200, {}
    return None


def _on_list(address: str) -> dict[str, Any]:
    reason = account.suppressed[address]
    return {"EmailAddress": address, "Reason": reason, "LastUpdateTime": int(now())}
