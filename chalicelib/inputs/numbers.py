"""Read numbers as people write them: `5,000`, `1.234,50`, `10k`, `51-200 employees`, `500+`.

A range counts as its lower bound. What names only an upper bound ("less than 5,000") says no
number, and stays a text.
"""

import re
from functools import cache
from typing import Any
from unicodedata import normalize

from chalicelib.inputs.repairs import Cleaned, Repair
from chalicelib.inputs.texts import read_line
from chalicelib.limits import LINE_MAX_CHARS

SCALAR_MAX = 2**63  # holds ids and times in any unit, but not a number of 400 digits

Numeric = int | float

#: What every program reads alike. `5.000` is not: it may be five thousand.
PLAIN_NUMBER = re.compile(r"-?(?:0\.\d{3}|(?:0|[1-9]\d{0,18})(?:\.(?!\d{3}$)\d{1,9})?)", re.ASCII)
#: What programs write for large numbers.
EXPONENT = re.compile(r"-?\d{1,19}(?:\.\d{1,19})?e[+-]?\d{1,2}", re.ASCII | re.IGNORECASE)
#: The dashes and apostrophes that stand for the plain ones.
PLAIN_MARKS = str.maketrans(
    dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212", "-")
    | dict.fromkeys("\u2018\u2019\u02bc\u00b4`", "'")
)
#: Digits in groups of three (or two, as in India), or without groups; with a fraction or without.
DIGITS = (
    r"\d{1,3}(?:[ ',.](?:\d{2}[ ',.])*\d{3})+(?!\d)(?:[.,](?:\d+|-+))?"
    r"|\d+(?:[.,](?:\d+|-+))?|[.,]\d+"
)
FACTORS = {
    **dict.fromkeys(("k", "tsd", "thousand", "tausend", "mille", "mil"), 10**3),
    **dict.fromkeys(("m", "mm", "mn", "mio", "million", "millions"), 10**6),
    **dict.fromkeys(("millionen", "millones", "milioni"), 10**6),
    **dict.fromkeys(("b", "bn", "mrd", "billion", "milliarden", "milliards"), 10**9),
}
FACTOR = r"(?:\s?(?P<factor{n}>" + "|".join(sorted(FACTORS, key=len, reverse=True)) + r")\b\.?)?"
CURRENCY = r"(?:[$€£¥₹]|(?:us|ca|au)\$|eur|euros?|usd|gbp|chf|sek|dkk|nok|pln|czk|cad|aud|jpy|inr)"
ABOUT = (
    r"(?:[~≈>≥+]=?|about|above|around|approx(?:\.|imately)?|over|more than|greater than|at least"
    r"|from|between|min\.?|ca\.?|circa|etwa|rund|ungefähr|über|ab|von|zwischen|mehr als|mindestens"
    r"|environ|plus de|au moins|de|entre|más de|al menos|desde|oltre|più di|almeno|da|tra)"
)
TO = r"(?:\s*(?:[-~]|\.{2,3})\s*|\s+(?:to|till|until|and|bis|und|à|et|a|jusqu'à|hasta|y|e)\s+)"
#: What follows a number and takes its sense as a lower bound away.
UPPER = re.compile(
    r"\b(?:less|fewer|under|below|max\w*|weniger|höchstens|unter|moins|menos|meno)\b"
)
GROUPED = re.compile(r"[1-9]\d{0,2}(?:([ ',.])\d{3})(?:\1\d{3})*|\d{1,2}(?:,\d{2})+,\d{3}")


def read_number(value: Any) -> Cleaned[Numeric | str]:
    """Return a number, or the text of what says none; an empty text for nothing.

    `words` of the result are what was written, where the number was read out of more than digits.
    """
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _of_number(value)
    text = read_line(value, LINE_MAX_CHARS)
    if not text.value:
        return text
    is_plain = PLAIN_NUMBER.fullmatch(text.value) is not None
    number = _plain(text.value) if is_plain else _number_in(text.value)
    if number is None or abs(number) > SCALAR_MAX:
        repairs = dict.fromkeys((*text.repairs, Repair.KEPT_AS_TEXT))
        return Cleaned(text.value, tuple(repairs))
    if is_plain:
        return Cleaned(number, text.repairs)
    return Cleaned(number, (*text.repairs, Repair.READ_AS), words=text.value)


def _of_number(value: Numeric) -> Cleaned[Numeric | str]:
    # Python reads 1e999 as infinity, which JSON cannot hold; NaN is in no order to anything.
    if -SCALAR_MAX <= value <= SCALAR_MAX:
        return Cleaned(value)
    if isinstance(value, float):
        return Cleaned("", (Repair.NOT_A_NUMBER,))
    text = read_line(value)
    return Cleaned(text.value, (*text.repairs, Repair.KEPT_AS_TEXT))


def _number_in(text: str) -> Numeric | None:
    """Return the number that a text says, the lower one of a range; None if it says none."""
    # Full-width digits and the many blanks between groups become plain ones.
    said = normalize("NFKC", text.translate(PLAIN_MARKS))
    if EXPONENT.fullmatch(said):
        return _whole(float(said))
    found = _written_number().fullmatch(said)
    if found is None or UPPER.search(found["rest"].lower()):
        return None
    low = _digits(found["low"])
    high = _digits(found["high"]) if found["high"] else None
    if low is None or (found["high"] and high is None):
        return None
    factor = FACTORS.get((found["factor1"] or "").lower())
    high_factor = FACTORS.get((found["factor2"] or "").lower())
    if factor is None and high_factor is not None and high is not None and low < high:
        factor = high_factor  # 5-10k
    low = _whole(low * (factor or 1))
    if high is not None:
        return min(low, _whole(high * (high_factor or 1)))
    return -low if found["sign"] else low


@cache
def _written_number() -> re.Pattern[str]:
    """Return the pattern of a number in words, compiled with the first that is not plain."""
    return re.compile(
        rf"(?:{ABOUT}\s*)*(?:{CURRENCY}\s*)?(?P<sign>-?)(?P<low>{DIGITS}){FACTOR.format(n=1)}"
        rf"(?:\s?{CURRENCY})?"
        rf"(?:{TO}(?:{CURRENCY}\s*)?(?P<high>{DIGITS}){FACTOR.format(n=2)})?"
        r"(?P<rest>\s*\+?[^\d]{0,40})",
        re.IGNORECASE,
    )


def _digits(text: str) -> Numeric | None:
    """Return the number that digits and separators write, in either convention; None for none."""
    text = re.sub(r"[.,]-+$", "", text)  # 5.000,-
    if GROUPED.fullmatch(text):
        return int(re.sub(r"\D", "", text))
    if text.isdecimal():
        return int(text)
    head = text[: max(text.rfind("."), text.rfind(","))]
    mark = text[len(head)]
    if mark in head or not (head.isdecimal() or not head or GROUPED.fullmatch(head)):
        return None
    return _plain(re.sub(r"\D", "", head or "0") + "." + text[len(head) + 1 :])


def _plain(text: str) -> Numeric:
    number = float(text) if "." in text else int(text)
    return _whole(number)


def _whole(number: Numeric) -> Numeric:
    """Return a number as an int if it is one."""
    return int(number) if isinstance(number, float) and number.is_integer() else number
