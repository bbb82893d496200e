"""What strangers typed, made inert: nothing of it acts in an email, a text, a notice or a chat.

The programs that show a text look for what they can turn into a link, a mention or markup. What is
broken here, they do not find. Each shape of a message still escapes what its own format asks for:
html is escaped by its template (ADR 0038).
"""

import re
import textwrap
from collections.abc import Iterable
from unicodedata import category, normalize

INERT_MAX_CHARS = 200
INERT_LINE_MAX_CHARS = 160  # what `inert` shows whole, with what it puts in between
WORDS_MAX = 2  # of a first name
WORD_MAX_CHARS = 20

#: Formats (bidirectional controls, zero-width characters), controls, and halves of a character.
INVISIBLE_CATEGORIES = frozenset({"Cf", "Cc", "Cs"})
#: The default-ignorable characters of other categories, and the variation selectors. A program that
#: looks for links may skip them, as UTS 46 does.
INVISIBLE = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2065\u3164\ufe00-\ufe0f\uffa0\ufff0-\ufff8"
    "\U000e0000-\U000e0fff]"
)
#: What the rules below look for. A character that stands for one of these by NFKC, as UTS 46 and
#: keyboards have it, is shown as these.
ACTING = frozenset("./\\@:<>&[]()=?")
SLASHES = str.maketrans(dict.fromkeys("\u2044\u2215\u29f8", "/"))  # of fractions, of division
FULL_STOPS = "。｡︒"
"""Ideographic: they stand between non-blanks in honest text, so they keep their look."""

ADDRESS_SIGN = re.compile(r"\s*@\s*")
SLASH = re.compile(r"\s*([/\\])\s*")
#: A colon may end the scheme of a link. That of a time of day does not: 10:30.
COLON = re.compile(r"(?<!(?<![\w.+-])\d)(?<!(?<![\w.+-])\d\d):(?=\S)")
INITIAL = re.compile(r"(?<![^\W_])[^\W\d_]\.(?=\w)")  # J.P. Morgan, e.g.
#: A decimal number alone is not an address: 3.5 years. Nor is the end of a word with its signs:
#: (Acme Inc.), he said. Every other dot is one between non-blanks.
DOTS = re.compile(
    rf"(?<!\S)\d+\.\d+(?=[,;:]?(?:\s|$))"
    rf"|(?<=\S)[.…‥{FULL_STOPS}]++(?![,;:!?)\"'\u201d\u2019\u00bb]*+(?:\s|$))"
)
WWW = re.compile(rf"(www\d*)[.…‥{FULL_STOPS}]+", re.IGNORECASE)  # also before a comma
ENTITY = re.compile(r"&(?=#?\w+;)")
MARKDOWN_LINK = re.compile(r"\]\s*(?=[(\[])")  # some programs look beyond a blank
ENCODED_WORD = re.compile(r"=(?=\?)")  # RFC 2047: a subject would decode it
ANGLES = str.maketrans("<>", "\u2039\u203a")  # quotation marks of one angle
APOSTROPHE_OR_HYPHEN = re.compile("['\u2019-]")
ALPHABETIC = frozenset({"Lu", "Ll", "Lt", "Lo", "Lm", "Mn", "Mc"})
"""What words are made of, with the marks that some scripts put on it."""

PLAIN_ADDRESS = re.compile(r"[A-Za-z0-9_+'-]+(?:\.[A-Za-z0-9_+'-]+)*@[A-Za-z0-9.-]+")
#: In the local part of an address: what a program takes for the beginning or the end of a web
#: address. Two letters are a country's.
WEB_LIKE = re.compile(
    r"""\bwww\d*\.
    |\.(?:[a-z]{2}|com|net|org|info|biz|edu|gov|int|mil|mobi|pro|app|dev|web|zip|mov|xyz|top|icu
    |fun|vip|win|bid|life|live|link|click|club|news|tech|site|shop|page|blog|work|zone|team|email
    |cloud|store|space|online|website|company|agency|media|network|support|world|today
    |bank|cfd|finance|google|host|lol|ltd|money|one|pay|press|run|sbs|services|solutions|studio|xxx
    |example|test|local|onion)\b
    |\b\d+(?:\.\d+){3}\b""",
    re.IGNORECASE | re.VERBOSE,
)
WEB_DOMAIN = re.compile(r"\bwww\d*\.", re.IGNORECASE)


def inert(text: str) -> str:
    """Return a stranger's text as one short line in which nothing acts.

    Invisible characters are gone, also marks that stand on a sign. Between non-blanks a dot is
    `[.]`, or has a blank behind it where that is how it is read; a slash stands between blanks; the
    scheme of a link, an address, a mention, an entity and a link in Markdown are broken up.
    """
    line = " ".join(_without_marked_signs(map(_shown, text.translate(SLASHES))).split())
    if len(line) > INERT_MAX_CHARS:
        line = line[: INERT_MAX_CHARS - 1] + "…"
    line = ADDRESS_SIGN.sub(" at ", line.translate(ANGLES))
    line = SLASH.sub(r" \1 ", line)
    line = COLON.sub(": ", line).rstrip(": ")  # a notice may put a comma behind it
    line = ENTITY.sub("& ", line)
    line = DOTS.sub(_broken, INITIAL.sub(r"\g<0> ", line))
    line = WWW.sub(r"\1[.]", line)
    line = MARKDOWN_LINK.sub("] - ", line)  # also behind a dot that has just been broken
    return " ".join(ENCODED_WORD.sub("= ", line).split())


def inert_lines(text: str) -> list[str]:
    """Return a stranger's text as lines in which nothing acts. A long one is several."""
    pieces = (
        piece
        for line in text.splitlines()
        for piece in textwrap.wrap(line, INERT_LINE_MAX_CHARS, break_on_hyphens=False) or [""]
    )
    return [inert(piece) for piece in pieces]


def inert_address(address: str) -> str:
    """Return an email address as it may be shown: itself, or inert if it reads as a web address.

    `www.evil.example@acme.example` is an address by the standards, but a phone makes a link of its
    beginning.
    """
    local, _, domain = address.rpartition("@")
    reads_as_link = WEB_LIKE.search(local) or WEB_DOMAIN.search(domain)
    return address if PLAIN_ADDRESS.fullmatch(address) and not reads_as_link else inert(address)


def inert_phone(number: str) -> str:
    """Return a telephone number as it may be shown: with blanks where it had dots, so that it can
    still be called.
    """
    return inert(re.sub(r"(?<=\d)\.(?=\d)", " ", number))


def plain_name(text: str) -> str:
    """Return a first name that may greet in an email, or an empty text.

    That is at most two short words, so that nobody can have us send a stranger a message of theirs.
    """
    name = normalize("NFC", text)
    words = name.split(" ")
    is_plain = name == normalize("NFKC", text)  # not the signs of a formula
    is_name = is_plain and len(words) <= WORDS_MAX and all(map(_is_name_word, words))
    return name if is_name else ""


def _shown(char: str) -> str:
    """Return a character as it is shown: itself, nothing, or the plain signs that it stands for."""
    if char.isspace():
        return " "
    if category(char) in INVISIBLE_CATEGORIES or INVISIBLE.match(char):
        return ""
    if char.isascii():
        return char
    plain = normalize("NFKC", char)
    is_ellipsis = len(plain) > 1 and set(plain) == {"."}
    return plain if ACTING & set(plain) and not is_ellipsis else char


def _without_marked_signs(chars: Iterable[str]) -> str:
    """Return a text without the marks that stand on neither a word nor a picture.

    Whoever looks through marks sees the bare sign, as in `&\u0301lt;`.
    """
    kept = ""
    for char in chars:
        if category(char[:1] or " ").startswith("M") and not _bears_marks(kept[-1:]):
            continue
        kept += char
    return kept


def _bears_marks(char: str) -> bool:
    """Return whether a mark may stand on a character."""
    return bool(char) and (category(char)[0] in "LNM" or category(char) == "So")


def _broken(dots: re.Match[str]) -> str:
    """Return one dot or several so that they end what stands before them; a number as it is."""
    # `[.](` would begin a link in Markdown.
    is_before_bracket = dots.string.startswith(("(", "["), dots.end())
    if dots[0] == "." and not is_before_bracket:
        return "[.]"
    return dots[0] if dots[0][0].isdigit() else f"{dots[0]} "


def _is_name_word(word: str) -> bool:
    """Return whether a word is alphabetic, with hyphens and apostrophes inside."""
    parts = APOSTROPHE_OR_HYPHEN.split(word)
    return len(word) <= WORD_MAX_CHARS and all(map(_is_alphabetic, parts))


def _is_alphabetic(part: str) -> bool:
    """Return whether a text is alphabetic, with the marks that some scripts need."""
    return part[:1].isalpha() and all(category(one) in ALPHABETIC for one in part)
