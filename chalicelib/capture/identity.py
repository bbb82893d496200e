"""Who is who: the address that makes a person, and the ids that make none."""

from base64 import b32encode
from hashlib import sha256
from hmac import digest

NORMALISATION_VERSION = 1  # the golden vectors in tests/unit/test_identity.py hold for this version
LEAD_ID_CHARS = 26  # 130 bits: no two addresses ever share one

# What broken clients send instead of an id. Many browsers share them, so they never join a lead.
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
    """An e-mail address as we write to it: trimmed, with its domain in ASCII.

    Raises ValueError with the reason. Syntax only (email-validator); a local part beyond ASCII is
    refused because SES cannot mail it.
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
    """The form of a parsed address under which it is one person: lower-cased, plus tags and dots
    kept.
    """
    return address.lower()


def lead_id(secret: bytes, address: str) -> str:
    """The lead of a parsed address: no look-up is needed, and without the secret the id reveals
    nothing.
    """
    return b32encode(digest(secret, normalise(address).encode(), sha256)).decode()[:LEAD_ID_CHARS]


def is_no_one(visitor_id: str) -> bool:
    """Whether an anonymous id is what a broken client sends instead of one."""
    return visitor_id.strip().lower() in NO_ONE
