"""Read texts: one line, many lines, a name, and the words that programs write for nothing."""

import json
import re
from functools import cache
from typing import Any, Final
from unicodedata import is_normalized, normalize

from chalicelib.inputs.repairs import Cleaned, Repair
from chalicelib.limits import LINE_MAX_CHARS, TEXT_MAX_CHARS

# C0, DEL, C1, and lone surrogates, which UTF-8 cannot carry.
CONTROL_IN_LINE = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
CONTROL_IN_TEXT = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
#: Besides those, what no reader sees: Unicode's Default_Ignorable_Code_Point without the variation
#: selectors, which tell emoji and ideographs apart; annotation marks; and the blank Braille cell.
HIDDEN = (
    r"\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff"
    r"\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200e\u200f\u202a-\u202e"
    r"\u2060-\u206f\u2800\u3164\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3"
    r"\U0001d173-\U0001d17a\U000e0000-\U000e00ff\U000e01f0-\U000e0fff"
)
SELECTORS = r"\ufe00-\ufe0f\U000e0100-\U000e01ef"
#: A joiner has a meaning between emoji and in scripts from Hebrew on, and nowhere else.
JOINER = (
    r"[\u200c\u200d](?![\u0590-\u1fff\u2190-\U000e00ff])|(?<![\u0590-\U000e01ef])[\u200c\u200d]"
)
LINE_ENDS = re.compile("[\t\r\n\u2028\u2029]")
#: Blanks, and the controls that Python counts as blanks: both are trimmed without a word.
TRIMMED: Final = "".join(map(chr, [*range(33), *range(0x7F, 0xA1)])) + (
    "\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)

#: What a template engine, a tag manager or a spreadsheet writes where there is nothing.
NO_NAMES = frozenset(
    ["undefined", "n/a", "#n/a", "(not set)", "(null)", "<null>", "[object object]", "{}", "[]"]
)
#: People are called Null and Nan; as any other value these are words for nothing.
EMPTY_WORDS = NO_NAMES | {"null", "nan"}

Text = Cleaned[str]


def one_line(text: str) -> str:
    """Return the text without surrounding blanks. Raise ValueError for a control character.

    For what our own people write, where a mistake is to be refused.
    """
    if CONTROL_IN_LINE.search(text):
        raise ValueError("must not contain control characters or line breaks")
    return text.strip()


def many_lines(text: str) -> str:
    """Return the text. Raise ValueError for a control character other than tab, CR and LF.

    For what our own people write, where a mistake is to be refused.
    """
    if CONTROL_IN_TEXT.search(text):
        raise ValueError("must not contain control characters")
    return text


def read_line(value: Any, max_chars: int = LINE_MAX_CHARS) -> Text:
    """Return one line of text: composed, without surrounding blanks and what nobody sees.

    value: anything that JSON can hold. A word that programs write for nothing is empty.
    """
    if isinstance(value, str) and value.isascii() and value.isprintable():
        return _checked(value.strip(), max_chars, EMPTY_WORDS)
    return _read(value, max_chars, EMPTY_WORDS, is_line=True)


def read_name(value: Any, max_chars: int = LINE_MAX_CHARS) -> Text:
    """Return a person's name, as `read_line` does. People may be called Null or Nan."""
    return _read(value, max_chars, NO_NAMES, is_line=True)


def read_lines(value: Any, max_chars: int = TEXT_MAX_CHARS) -> Text:
    """Return a text of many lines, as `read_line` does, with tabs and line ends as they are."""
    if isinstance(value, str) and value.isascii() and value.isprintable():
        return _checked(value.strip(), max_chars, EMPTY_WORDS)
    return _read(value, max_chars, EMPTY_WORDS, is_line=False)


def is_empty_word(text: str) -> bool:
    """Return whether a whole value is a word that programs write where there is nothing."""
    return text.strip().lower() in EMPTY_WORDS


def text_for(value: Any) -> Text:
    """Return any value of JSON as a text: null as an empty one, a list with commas between its
    values, each once, and an object as JSON.
    """
    match value:
        case str():
            return Cleaned(value)
        case None:
            return Cleaned("")
        case bool():
            return Cleaned("true" if value else "false")
        case int():
            return Cleaned(str(value))
        case float():
            return Cleaned(repr(value))
        case list() | tuple() if not any(isinstance(one, list | tuple | dict) for one in value):
            parts = [part for one in value if (part := text_for(one).value.strip(TRIMMED))]
            listed = list(dict.fromkeys(parts))
            return Cleaned(", ".join(listed), (Repair.READ_AS,) if listed[1:] else ())
        case _:
            return _json_of(value) if value else Cleaned("")


def _json_of(value: Any) -> Text:
    try:
        text = json.dumps(value, ensure_ascii=False, default=str)
    except RecursionError:
        return Cleaned("", (Repair.LEFT_OUT,))
    return Cleaned(text, (Repair.KEPT_AS_TEXT,))


def _read(value: Any, max_chars: int, empty: frozenset[str], *, is_line: bool) -> Text:
    text = text_for(value)
    repairs = text.repairs
    whole = text.value.strip(TRIMMED)
    if is_line and LINE_ENDS.search(whole):
        lines = [line for one in LINE_ENDS.split(whole) if (line := one.strip())]
        whole = " ".join(lines)
        repairs = (*repairs, Repair.FLATTENED)
    seen = _seen(whole)
    if seen != whole:
        is_same = normalize("NFC", whole).strip() == seen
        repairs = (*repairs, Repair.COMPOSED if is_same else Repair.CLEANED)
    checked = _checked(seen, max_chars, empty)
    return Cleaned(checked.value, repairs + checked.repairs)


def _seen(text: str) -> str:
    """Return a text in NFC without what nobody sees and without surrounding blanks.

    It is taken out until nothing is left to do: taking one character out can let its neighbours
    compose, and a joiner lose the letter that gave it a meaning.
    """
    while True:
        is_composed = is_normalized("NFC", text)
        again = text if is_composed else normalize("NFC", text)
        again = _unseen().sub("", again).strip()
        if again == text:
            return text
        text = again


def _checked(text: str, max_chars: int, empty: frozenset[str]) -> Text:
    """Return a clean text as far as it is allowed, nothing for a word that means nothing."""
    if len(text) <= max_chars:
        return Cleaned("", (Repair.EMPTY,)) if text.lower() in empty else Cleaned(text)
    # A line end counts once, as the page with the form counts it.
    if len(text) - text.count("\r\n") <= max_chars:
        return Cleaned(text)
    found = _beginning(max_chars).match(text)
    return Cleaned(_seen(found[0] if found else ""), (Repair.CUT,))


@cache
def _unseen() -> re.Pattern[str]:
    """Return the pattern of what no reader sees.

    Compiled when the first odd text comes: it costs a cold start some milliseconds, and most texts
    are plain.
    """
    # What stands at the beginning changes no character before it.
    leading = rf"\A[\s\u200c\u200d{SELECTORS}]*[\u200c\u200d{SELECTORS}]"
    return re.compile(rf"{leading}|[{HIDDEN}]|{JOINER}|(?<=[\u200c\u200d])[\u200c\u200d]")


@cache
def _beginning(max_chars: int) -> re.Pattern[str]:
    return re.compile(rf"(?:\r\n|.){{0,{max_chars}}}", re.DOTALL)
