"""A form submission as it was understood: what it says, each value clean and under our name."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from hmac import digest as keyed_digest

from chalicelib.events import FieldValue
from chalicelib.inputs.repairs import Warned
from chalicelib.inputs.urls import UTM

PAGE = ("url", "referrer", "title")
CAMPAIGN = tuple(UTM)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentBox:
    """The marketing box: whether it was ticked, and what came with it."""

    marketing: bool = False
    text: str = ""
    """The sentence beside it, as the sender says."""
    sent: str = ""
    """What the box itself sent: `on`, or its label."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """A form submission."""

    email: str
    fields: Mapping[str, FieldValue]
    """What it says of the person, the address included."""
    said: Mapping[str, str] = field(default_factory=dict)
    """The words of the fields that were read as something else."""
    sent_as: Mapping[str, str] = field(default_factory=dict)
    """Where something stands on the event, such as `fields.company` -> where its sender put it."""
    visitor_id: str = ""
    submission_id: str = ""
    """The idempotency key; empty for none."""
    page: Mapping[str, str] = field(default_factory=dict)
    campaign: Mapping[str, str] = field(default_factory=dict)
    marks: Mapping[str, str] = field(default_factory=dict)
    """Click ids, and tags of campaigns other than the five."""
    consent: ConsentBox = ConsentBox()
    redirect: str = ""
    """The page that the sender wants to see next, as it asks for it."""
    technical: Mapping[str, str] = field(default_factory=dict)
    """What belongs to the page's machinery: captchas' answers, tokens, honeypots. Not stored."""
    warnings: tuple[Warned, ...] = ()

    def digest(self, secret: bytes) -> str:
        """Return a keyed hash of everything but the submission id: a repeat has the same one.

        Keyed, because a form says little besides an address: without the secret nobody can try
        addresses until one fits.
        """
        # The purpose keeps it apart from the other hashes that the secret makes.
        return keyed_digest(secret, b"submission\n" + self.content(), sha256).hex()

    def content(self) -> bytes:
        """Return what makes it this submission.

        Tokens and captchas' answers are new in each try, so they are left out of it.
        """
        content = {
            "fields": self.fields,
            "visitor_id": self.visitor_id,
            "page": self.page,
            "campaign": self.campaign,
            "marks": self.marks,
            "consent": [self.consent.marketing, self.consent.text, self.consent.sent],
        }
        return json.dumps(content, sort_keys=True).encode()
