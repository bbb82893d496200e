"""Identity: which addresses are one person, and which anonymous ids identify nobody."""

from base64 import b32encode
from hashlib import sha256
from hmac import digest

NORMALISATION_VERSION = 1  # the golden vectors in tests/unit/test_identity.py hold for this version
LEAD_ID_CHARS = 26  # 130 bits: no two addresses ever share one

# Broken clients send these instead of an id. Many browsers share them: they never join a lead.
NO_ONE = frozenset(
    [
        "undefined",
        "null",
        "none",
        "nil",
        "nan",
        "anonymous",
        "guest",
        "unknown",
        "user",
        "visitor",
        "test",
        "true",
        "false",
        "0",
        "1",
        "-1",
        "[object",
        "object]",
        "00000000-0000-0000-0000-000000000000",
    ]
) | {"[object object]"}


def parse_address(text: str) -> str:
    """Return an email address as we write to it: trimmed, with its domain in ASCII.

    Raise ValueError with the reason. Only the syntax is checked (email-validator). A local part
    beyond ASCII is refused because SES cannot deliver to it.
    """
    from email_validator import EmailNotValidError, validate_email

    try:
        found = validate_email(
            text.strip(), check_deliverability=False, allow_smtputf8=False, strict=True
        )
    except EmailNotValidError as error:
        raise ValueError(str(error)) from None
    return str(found.ascii_email)


def normalise(address: str) -> str:
    """Return the spelling under which an address is one person: lower case, tags and dots kept."""
    return address.lower()


def lead_id(secret: bytes, address: str) -> str:
    """Return the lead id of a parsed address.

    It takes no look-up, and reveals nothing to anyone without the secret.
    """
    return b32encode(digest(secret, normalise(address).encode(), sha256)).decode()[:LEAD_ID_CHARS]


def is_no_one(visitor_id: str) -> bool:
    """Return whether an anonymous id is one that broken clients send instead of an id."""
    return visitor_id.strip().lower() in NO_ONE
