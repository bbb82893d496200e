"""Read email addresses, the one kind of value whose reader may refuse (law six)."""

from typing import Any

from chalicelib.inputs.repairs import Cleaned
from chalicelib.inputs.texts import read_line


def parse_address(text: str) -> str:
    """Return an email address as we write to it: trimmed, with its domain in ASCII.

    Raise ValueError with the reason. Only the syntax is checked (email-validator). A local part
    beyond ASCII is refused because SES cannot deliver to it. So is an encoded word (RFC 2047): a
    program that decodes it where it must not would write to somebody else.
    """
    from email_validator import EmailNotValidError, validate_email

    try:
        found = validate_email(
            text.strip(), check_deliverability=False, allow_smtputf8=False, strict=True
        )
    except EmailNotValidError as error:
        raise ValueError(str(error)) from None
    if "=?" in found.local_part or "?=" in found.local_part:
        raise ValueError("An email address must not contain =? or ?= before the @-sign.")
    return str(found.ascii_email)


def read_address(value: Any) -> Cleaned[str]:
    """Return the address that a text holds. Raise ValueError when nobody can be reached there."""
    text = read_line(value)
    return Cleaned(parse_address(text.value), text.repairs)
