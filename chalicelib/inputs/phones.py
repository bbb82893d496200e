"""Read telephone numbers, to E.164 (ITU-T): `+4930901820`."""

from typing import TYPE_CHECKING, Any

from chalicelib.inputs.repairs import Cleaned, Repair
from chalicelib.inputs.texts import read_line

if TYPE_CHECKING:
    from phonenumbers import PhoneNumber

E164_MIN_DIGITS = 7  # of a number that is only possible; fewer are an extension or a joke


def read_phone(value: Any, country: str | None = None) -> Cleaned[str]:
    """Return a telephone number in E.164, or the text of what is none.

    country: the ISO code of where it is dialled if it names no country itself. Of several numbers
    it is the first. `words` of the result are what was written, where that says more: an extension,
    a second number.
    """
    text = read_line(value)
    said = text.value
    if not any(map(str.isdecimal, said)):
        return Cleaned(said, (*text.repairs, Repair.KEPT_AS_TEXT)) if said else text
    import phonenumbers  # not at the top: 70 ms, for those who read a number

    # Whoever writes 00 means the world, wherever it is dialled.
    dialled = "+" + said[2:] if said.startswith("00") else said
    found = _first_in(dialled, country.upper() if country else None)
    if found is None:
        return Cleaned(said, tuple(dict.fromkeys((*text.repairs, Repair.KEPT_AS_TEXT))))
    number, written = found
    standard = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    if standard == said:
        return text
    rest = dialled.removeprefix("tel:").replace(written, "", 1)
    says_more = any(map(str.isalnum, rest)) or any(map(str.isalpha, written))
    return Cleaned(standard, (*text.repairs, Repair.READ_AS), words=said if says_more else "")


def _first_in(text: str, region: str | None) -> "tuple[PhoneNumber, str] | None":
    """Return the first number of a text, and as what it stands there."""
    import phonenumbers

    # Searching takes three times as long as reading a text that is nothing but a number.
    if not any(map(str.isalpha, text)):
        whole = _parsed(text, region)
        if whole and phonenumbers.is_valid_number(whole):
            return whole, text
    for match in phonenumbers.PhoneNumberMatcher(text, region):
        return match.number, match.raw_string
    whole = _parsed(text, region)
    return (whole, text) if whole and _is_possible(whole) else None


def _parsed(text: str, region: str | None) -> "PhoneNumber | None":
    import phonenumbers

    try:
        return phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None


def _is_possible(number: "PhoneNumber") -> bool:
    """Return whether a number has as many digits as one, though nobody has it (yet)."""
    import phonenumbers

    reason = phonenumbers.is_possible_number_with_reason(number)
    is_long = len(str(number.national_number)) >= E164_MIN_DIGITS
    return is_long and bool(reason == phonenumbers.ValidationResult.IS_POSSIBLE)
