"""Turnstile and hCaptcha: a service says whether a person solved its challenge.

Both have the same protocol, `siteverify`: "Validate the token" in Cloudflare's documentation of
Turnstile, and "Verify the User Response Server Side" in hCaptcha's. The sender's network address is
not passed on.
"""

import json
from collections.abc import Callable, Mapping
from enum import StrEnum
from http.client import HTTPException
from urllib.parse import urlencode
from urllib.request import Request, urlopen

from chalicelib.capture.screening.verdict import Verification
from chalicelib.limits import CHALLENGE_MAX_CHARS, CHALLENGE_TIMEOUT_SECONDS

SERVICES: Mapping[Verification, str] = {
    Verification.TURNSTILE: "https://challenges.cloudflare.com/turnstile/v0/siteverify",
    Verification.HCAPTCHA: "https://api.hcaptcha.com/siteverify",
}
#: Codes that are about the sender. Any other is about us or the service, and counts as an outage.
SENDERS_FAULT = frozenset(
    {
        "missing-input-response",
        "invalid-input-response",
        "timeout-or-duplicate",
        "expired-input-response",
        "already-seen-response",
        "invalid-or-already-seen-response",
    }
)
ANSWER_MAX_BYTES = 16 * 1024


class Solved(StrEnum):
    """What a service says of a challenge."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"  # the service did not answer, or we have no key to ask it with


Challenges = Callable[[Verification, str], Solved]
"""Says whether a challenge of a service was solved. It never raises."""


class HttpChallenges:
    """Asks the services over HTTPS. secrets: the key of each, as far as there is one."""

    def __init__(
        self,
        secrets: Callable[[], Mapping[str, str]],
        services: Mapping[Verification, str] = SERVICES,
        timeout_seconds: float = CHALLENGE_TIMEOUT_SECONDS,
    ) -> None:
        self._secrets = secrets
        self._services = services
        self._timeout_seconds = timeout_seconds

    def __call__(self, verify: Verification, response: str) -> Solved:
        """Return what a service says of what it gave to the browser."""
        if not response or len(response) > CHALLENGE_MAX_CHARS:
            return Solved.NO
        secret = self._secrets().get(verify)
        if not secret:
            return Solved.UNKNOWN
        form = urlencode({"secret": secret, "response": response}, errors="replace").encode()
        request = Request(self._services[verify], data=form, method="POST")
        try:
            with urlopen(request, timeout=self._timeout_seconds) as answer:  # nosec B310
                return _said(json.loads(answer.read(ANSWER_MAX_BYTES)))
        except (OSError, HTTPException, ValueError):
            return Solved.UNKNOWN


def _said(answer: object) -> Solved:
    """Return what an answer says; one of another shape says nothing."""
    if not isinstance(answer, dict):
        return Solved.UNKNOWN
    if answer.get("success") is True:
        return Solved.YES
    codes = answer.get("error-codes")
    is_senders = isinstance(codes, list) and any(str(one) in SENDERS_FAULT for one in codes)
    return Solved.NO if is_senders else Solved.UNKNOWN
