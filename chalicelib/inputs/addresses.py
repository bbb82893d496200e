"""Read email addresses, the one kind of value whose reader may refuse (law six)."""

import re
from collections.abc import Iterator
from itertools import islice
from typing import Any
from unicodedata import normalize
from urllib.parse import unquote

from chalicelib.inputs.repairs import Cleaned, Repair
from chalicelib.inputs.texts import read_line
from chalicelib.limits import TEXT_MAX_CHARS

MAILTO = re.compile(r"mailto:(?://)?([^?]*)", re.IGNORECASE)
IN_ANGLES = re.compile(r"<([^<>@]+@[^<>]+)>")
SEPARATED = re.compile(r"[\s,;|]+")
CANDIDATES_MAX = 10  # each costs a parse
AROUND = " \t.,;:'\"`<>()[]{}\u201c\u201d\u201e\u2018\u2019\u00ab\u00bb"


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
    """Return the address that a text holds: `ann@b.example`, also out of `Ann <ann@b.example>`,
    `mailto:ann@b.example?subject=Hi`, `ann@b.example.` and an address that was pasted twice.

    Of several addresses it is the first. Raise ValueError when nobody can be reached there.
    """
    text = read_line(value, TEXT_MAX_CHARS)
    try:
        address = parse_address(text.value)
    except ValueError as refusal:
        for candidate in islice(_candidates(text.value), CANDIDATES_MAX):
            try:
                address = parse_address(candidate)
            except ValueError:
                continue
            return Cleaned(address, (*text.repairs, Repair.READ_AS))
        raise refusal from None
    is_same = address.lower() == text.value.lower()
    return Cleaned(address, text.repairs if is_same else (*text.repairs, Repair.READ_AS))


def _candidates(text: str) -> Iterator[str]:
    """Yield what in a text may be an address, the likeliest first."""
    plain = normalize("NFKC", text)  # full-width letters and the full-width at
    if mailto := MAILTO.search(plain):
        plain = unquote(mailto[1])
    elif "@" not in plain:
        plain = unquote(plain)
    if in_angles := IN_ANGLES.search(plain):
        yield in_angles[1].strip(AROUND)
    for part in SEPARATED.split(plain):
        if "@" in part:
            part = part.strip(AROUND)
            yield part
            half = part[: len(part) // 2]
            if half.lower() == part[len(half) :].lower():
                yield half
    yield re.sub(r"\s+", "", plain).strip(AROUND)  # `ann @ b.example`
