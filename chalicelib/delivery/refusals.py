"""What it means that a service did not take a message: one table from its errors. Pure.

A state of our own account is never about the message: a person mends the account, and until then
the message waits (ADR 0028). Codes are those of the SES v2, SNS and End User Messaging APIs.
"""

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from chalicelib.delivery.messages import Refused, SendResult, Unclear, Waiting
from chalicelib.delivery.reasons import NotSentReason

SERVER_ERROR = 500
WAITS: Mapping[str, NotSentReason] = {
    "Throttling": NotSentReason.THROTTLED,
    "ThrottlingException": NotSentReason.THROTTLED,
    "TooManyRequestsException": NotSentReason.THROTTLED,
    "Throttled": NotSentReason.THROTTLED,
    "ThrottledException": NotSentReason.THROTTLED,
    "RequestThrottled": NotSentReason.THROTTLED,
    "RequestThrottledException": NotSentReason.THROTTLED,
    "RequestLimitExceeded": NotSentReason.THROTTLED,
    "PriorRequestNotComplete": NotSentReason.THROTTLED,
    "KMSThrottling": NotSentReason.THROTTLED,
    "KMSThrottlingException": NotSentReason.THROTTLED,
    "LimitExceededException": NotSentReason.OVER_QUOTA,
    "ServiceQuotaExceededException": NotSentReason.OVER_QUOTA,
    "MailFromDomainNotVerifiedException": NotSentReason.UNVERIFIED,
    "AccessDenied": NotSentReason.ACCESS_DENIED,
    "AccessDeniedException": NotSentReason.ACCESS_DENIED,
    "AuthorizationError": NotSentReason.ACCESS_DENIED,
    "AuthorizationErrorException": NotSentReason.ACCESS_DENIED,
    "RequestExpired": NotSentReason.ACCESS_DENIED,
    "ExpiredToken": NotSentReason.ACCESS_DENIED,
    "ExpiredTokenException": NotSentReason.ACCESS_DENIED,
    "InvalidClientTokenId": NotSentReason.ACCESS_DENIED,
    "InvalidSecurity": NotSentReason.ACCESS_DENIED,
    "UnrecognizedClientException": NotSentReason.ACCESS_DENIED,
    "SignatureDoesNotMatch": NotSentReason.ACCESS_DENIED,
    "InvalidSignatureException": NotSentReason.ACCESS_DENIED,
    "IncompleteSignature": NotSentReason.ACCESS_DENIED,
    "MissingAuthenticationToken": NotSentReason.ACCESS_DENIED,
    "OptInRequired": NotSentReason.ACCESS_DENIED,
    "KMSAccessDenied": NotSentReason.ACCESS_DENIED,
    "KMSAccessDeniedException": NotSentReason.ACCESS_DENIED,
    "AccountSuspendedException": NotSentReason.SUSPENDED,
    "SendingPausedException": NotSentReason.ACCOUNT_PAUSED,
    "AccountSendingPausedException": NotSentReason.ACCOUNT_PAUSED,
    "ConfigurationSetSendingPausedException": NotSentReason.ACCOUNT_PAUSED,
    "NotFound": NotSentReason.MISCONFIGURED,
    "NotFoundException": NotSentReason.MISCONFIGURED,
    "ResourceNotFoundException": NotSentReason.MISCONFIGURED,
    "ConfigurationSetDoesNotExistException": NotSentReason.MISCONFIGURED,
    "KMSDisabled": NotSentReason.MISCONFIGURED,
    "KMSDisabledException": NotSentReason.MISCONFIGURED,
    "KMSInvalidState": NotSentReason.MISCONFIGURED,
    "KMSInvalidStateException": NotSentReason.MISCONFIGURED,
    "KMSNotFound": NotSentReason.MISCONFIGURED,
    "KMSNotFoundException": NotSentReason.MISCONFIGURED,
    "KMSOptInRequired": NotSentReason.MISCONFIGURED,
}
#: End User Messaging says in a second word what its general errors are about.
WAITS_BY_REASON: Mapping[str, NotSentReason] = {
    "ACCOUNT_DISABLED": NotSentReason.SUSPENDED,
    "INSUFFICIENT_ACCOUNT_REPUTATION": NotSentReason.SUSPENDED,
    "DESTINATION_PHONE_NUMBER_NOT_VERIFIED": NotSentReason.SANDBOX,
    "NO_ORIGINATION_IDENTITIES_FOUND": NotSentReason.MISCONFIGURED,
    "RESOURCE_NOT_ACTIVE": NotSentReason.MISCONFIGURED,
    "REGISTRATION_NOT_COMPLETE": NotSentReason.MISCONFIGURED,
    "MESSAGE_TYPE_MISMATCH": NotSentReason.MISCONFIGURED,
    "NUMBER_CAPABILITIES_MISMATCH": NotSentReason.MISCONFIGURED,
    "CHANNEL_NOT_ENABLED": NotSentReason.MISCONFIGURED,
    "INVALID_ARN": NotSentReason.MISCONFIGURED,
    "RESOURCE_NOT_ACCESSIBLE": NotSentReason.MISCONFIGURED,
    "SENDER_ID_NOT_REGISTERED": NotSentReason.MISCONFIGURED,
    "SENDER_ID_REQUIRES_REGISTRATION": NotSentReason.MISCONFIGURED,
}
#: Words of a message, in lower case, where the code alone does not tell. The first one counts.
WAITS_BY_WORDS: Mapping[str, NotSentReason] = {
    "quota exceeded": NotSentReason.OVER_QUOTA,
    "sending paused": NotSentReason.ACCOUNT_PAUSED,
    "sending is paused": NotSentReason.ACCOUNT_PAUSED,
    "sending has been paused": NotSentReason.ACCOUNT_PAUSED,
    "sending suspended": NotSentReason.SUSPENDED,
    "account is suspended": NotSentReason.SUSPENDED,
    "been suspended": NotSentReason.SUSPENDED,
    "not verified": NotSentReason.UNVERIFIED,
}
#: What a status means whose code is not listed: it is not about the message either.
WAITS_BY_STATUS: Mapping[int, NotSentReason] = {
    HTTPStatus.UNAUTHORIZED: NotSentReason.ACCESS_DENIED,
    HTTPStatus.FORBIDDEN: NotSentReason.ACCESS_DENIED,
    HTTPStatus.NOT_FOUND: NotSentReason.MISCONFIGURED,
    HTTPStatus.REQUEST_TIMEOUT: NotSentReason.THROTTLED,
    HTTPStatus.TOO_MANY_REQUESTS: NotSentReason.THROTTLED,
}


def result_of(answer: Mapping[str, Any], *, sender: str) -> SendResult:
    """Return what an error of a service means. A state of our account and a busy service pass, a
    failure on the service's side leaves it unclear, the rest is about the message and final.

    answer: as botocore's ClientError has it; sender: the address that we send from.
    """
    error = answer["Error"]
    words = str(error.get("Message", "")).lower()
    status = answer["ResponseMetadata"]["HTTPStatusCode"]
    waits = _waits_for(str(error["Code"]), str(answer.get("Reason", "")), words)
    waits = waits or WAITS_BY_STATUS.get(status)
    if waits is not None:
        return Waiting(_narrowed(waits, words, sender.lower()))
    return Unclear() if status >= SERVER_ERROR else Refused()


def _waits_for(code: str, reason: str, words: str) -> NotSentReason | None:
    by_words = (waits for said, waits in WAITS_BY_WORDS.items() if said in words)
    return WAITS_BY_REASON.get(reason) or next(by_words, None) or WAITS.get(code)


def _narrowed(waits: NotSentReason, words: str, sender: str) -> NotSentReason:
    """Return what is meant where SES has one error for two states.

    In the sandbox the recipient's identity must be verified, and allowed by our policy, as well as
    the sender's. So an error that names identities, and not ours, is the sandbox.
    """
    names_ours = any(_names(words, one) for one in (sender, sender.partition("@")[2]))
    says_who = "following identities" in words or ":identity/" in words
    is_either = waits in (NotSentReason.UNVERIFIED, NotSentReason.ACCESS_DENIED)
    return NotSentReason.SANDBOX if is_either and says_who and not names_ours else waits


def _names(words: str, identity: str) -> bool:
    """Return whether an address or a domain is named by itself: joann@x.example is not
    ann@x.example, and sam@x.example is not x.example.
    """
    pattern = rf"(?<![\w.@+-]){re.escape(identity)}(?![\w-]|\.\w)"
    return re.search(pattern, words) is not None
