"""Read what people choose: yes or no, ticked boxes, lists, and values of fields without a name."""

import re
from typing import Any

from chalicelib.inputs.numbers import Numeric, read_number
from chalicelib.inputs.repairs import Cleaned, Repair, Warned, warn
from chalicelib.inputs.texts import is_empty_word, read_line, read_lines
from chalicelib.limits import FORM_MAX_FIELDS, TEXT_MAX_CHARS

YES = frozenset(
    [
        "yes",
        "y",
        "true",
        "on",
        "1",
        "ja",
        "j",
        "oui",
        "o",
        "si",
        "sí",
        "s",
        "ok",
        "checked",
        "wahr",
        "vrai",
    ]
)
NO = frozenset(
    ["no", "n", "false", "off", "0", "nein", "non", "none", "unchecked", "falsch", "faux"]
)
#: What a box without a tick sends; every other value is a tick, whatever label it carries.
UNTICKED = frozenset(["", "false", "off", "no", "0", "null", "none", "nein", "non"])
BETWEEN = re.compile(r"[,;|\r\n]+")

Scalar = str | Numeric


def read_yes_no(value: Any) -> Cleaned[bool | str]:
    """Return yes or no as a boolean, or the text of what is neither; an empty text for nothing."""
    if isinstance(value, bool):
        return Cleaned(value)
    text = read_line(value)
    word = text.value.lower()
    if word in YES or word in NO:
        is_plain = word in ("true", "false")
        return Cleaned(word in YES, text.repairs if is_plain else (*text.repairs, Repair.READ_AS))
    if not word:
        return text
    return Cleaned(text.value, tuple(dict.fromkeys((*text.repairs, Repair.KEPT_AS_TEXT))))


def is_ticked(value: Any) -> bool:
    """Return whether a box was ticked: a box posts its value, whatever it is, only when it is."""
    if isinstance(value, list | tuple):
        return any(is_ticked(one) for one in value if not isinstance(one, list | tuple))
    if value is None or isinstance(value, dict):
        return bool(value)
    text = str(value).strip().lower()
    return text not in UNTICKED and not is_empty_word(text)


def read_value(value: Any, max_chars: int = TEXT_MAX_CHARS) -> Cleaned[Scalar]:
    """Return the value of a field that we have no name for: a text of many lines, number, boolean.

    A number stays one, and a text that looks like one stays a text.
    """
    if isinstance(value, bool):
        return Cleaned(value)
    if isinstance(value, int | float):
        return read_number(value)
    return read_lines(value, max_chars)


def read_own(value: Any) -> Cleaned[Any]:
    """Return the value, or the values, of a field that we have no name for."""
    return read_list(value) if isinstance(value, list | tuple) else read_value(value)


def read_list(value: Any, *, split: bool = False) -> Cleaned[tuple[Scalar, ...]]:
    """Return the values of a field that may have several, without the empty ones.

    split: whether a text is a list in itself: `pricing, security`. `inside` of the result says what
    happened to which value.
    """
    parts = list(value) if isinstance(value, list | tuple) else [value]
    if split:
        parts = [
            part
            for one in parts
            for part in (BETWEEN.split(one) if isinstance(one, str) else [one])
        ]
    kept: list[Scalar] = []
    inside: list[Warned] = []
    for index, one in enumerate(parts[:FORM_MAX_FIELDS]):
        read = read_value(one)
        inside += [warn(str(index), repair, read.value) for repair in read.repairs]
        if read.value != "":
            kept.append(read.value)
    repairs = (Repair.TOO_MANY,) if len(parts) > FORM_MAX_FIELDS else ()
    return Cleaned(tuple(kept), repairs, inside=tuple(inside))
