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
    region = country.upper() if country else None
    found = next(iter(phonenumbers.PhoneNumberMatcher(dialled, region)), None)
    number = found.number if found else _possible(dialled, region)
    if number is None:
        return Cleaned(said, tuple(dict.fromkeys((*text.repairs, Repair.KEPT_AS_TEXT))))
    standard = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    if standard == said:
        return text
    raw = found.raw_string if found else dialled
    rest = dialled.removeprefix("tel:").replace(raw, "", 1)
    says_more = any(map(str.isalnum, rest)) or any(map(str.isalpha, raw))
    return Cleaned(standard, (*text.repairs, Repair.READ_AS), words=said if says_more else "")


def _possible(text: str, region: str | None) -> "PhoneNumber | None":
    """Return the number of a text that has as many digits as one, though nobody has it (yet)."""
    import phonenumbers

    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None
    reason = phonenumbers.is_possible_number_with_reason(number)
    is_possible = reason == phonenumbers.ValidationResult.IS_POSSIBLE
    is_long = len(str(number.national_number)) >= E164_MIN_DIGITS
    return number if is_possible and is_long else None
