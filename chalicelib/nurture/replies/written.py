"""What the author of an answer wrote, without what they quote."""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from chalicelib.limits import REPLY_MAX_CHARS, REPLY_MAX_LINES

#: Polish is ours: there the library takes any line that begins with "Data:" for an earlier email.
LANGUAGES = ("en", "de", "fr", "nl", "es", "it")
#: The library's patterns take the third power of a line's length, and the square of a run of empty
#: lines.
READ_LINE_MAX_CHARS = 180
QUOTE = ">"
#: "On Tuesday, 24 November, Ann <ann@acme.example> wrote:", in words that the library lacks, too.
WROTE = re.compile(
    r"\b(wrote|writes|schrieb|ecrit|schreef|geschreven|napisala?|pisze|escribio|scritto)\b.{0,160}:"
)
WROTE_WHEN = re.compile(r"@|\d[:.h]\d\d")
WROTE_MAX_LINES = 3
WROTE_BEGINS = re.compile(r"(on|am|le|op|el|il|dnia|w dniu|pon|wt|sr|czw|pt|sob|niedz|date)\b")
#: The head of an earlier email, as Outlook shows it: at least its sender, and a line more.
HEAD = re.compile(r"\W{0,3}(from|von|de|van|od|da)\W{0,3}: ?\S")
HEAD_GOES_ON = re.compile(
    r"\W{0,3}(sent|date|to|subject|cc|gesendet|datum|an|betreff|envoye|a|objet|verzonden|aan"
    r"|onderwerp|wyslano|data|do|temat|dw|enviado|fecha|para|asunto|inviato|oggetto)\W{0,3}:"
)
SEPARATING_LINE = re.compile(r"[-_]{3,}[^-_]{0,60}[-_]{3,}|[-_]{8,}")
#: Characters that lose no accent.
WITHOUT_ACCENT = str.maketrans({"ł": "l", "ß": "ss", "ø": "o", "æ": "ae", "œ": "oe", "đ": "d"})


@dataclass(frozen=True, slots=True)
class Written:
    """What the author wrote."""

    text: str
    """With the signature, which may say how to reach them."""
    body: str
    """Without the signature."""

    @property
    def first_line(self) -> str:
        """The first line that says anything."""
        return next((line for line in self.text.splitlines() if line.strip()), "")

    @property
    def further(self) -> str:
        """What follows the first line, without the signature."""
        return self.body.strip().partition("\n")[2].strip()


def read_written(text: str) -> Written:
    """Return what the author of an email wrote, as far as it can be told from what they quote.

    text: of the whole email, with a `>` before each line that is quoted.
    """
    from mailparser_reply.parser import EmailMessage  # few functions read an email

    own = [line for line in _unquoted(_bounded(text)) if not line.startswith(QUOTE)]
    plain = re.sub(r"\n{3,}", "\n\n", "\n".join(own).strip())
    newest = EmailMessage(text=plain, languages=list(LANGUAGES), keep_hyphen_lists=True).read()
    return Written(_tidy(newest.replies[0].full_body), _tidy(newest.replies[0].body))


def bare_words(text: str) -> str:
    """Return a text as one line of bare words: without case, accents, apostrophes and
    punctuation.
    """
    joined = _plain(text).replace("'", "").replace("\u2019", "")
    seen = (one for one in joined if unicodedata.category(one) != "Cf")
    return " ".join("".join(one if one.isalnum() else " " for one in seen).split())


def _plain(text: str) -> str:
    """Return a text in lower case and without accents."""
    apart = unicodedata.normalize("NFKD", text.casefold().translate(WITHOUT_ACCENT))
    return "".join(one for one in apart if not unicodedata.combining(one))


def _bounded(text: str) -> list[str]:
    """Return the lines of a text, so many and so long that reading them takes no time."""
    lines: list[str] = []
    for line in text[: 4 * REPLY_MAX_CHARS].splitlines():
        lines += _wrapped(line.strip())
    return lines[:REPLY_MAX_LINES]


def _wrapped(line: str) -> Iterator[str]:
    """Yield a line in pieces that are not too long, each as quoted as the line."""
    mark = f"{QUOTE} " if line.startswith(QUOTE) else ""
    while len(line) > READ_LINE_MAX_CHARS:
        end = line.rfind(" ", READ_LINE_MAX_CHARS // 2, READ_LINE_MAX_CHARS)
        end = end if end > 0 else READ_LINE_MAX_CHARS
        yield line[:end]
        line = mark + line[end:].strip()
    yield line


def _unquoted(lines: Sequence[str]) -> Sequence[str]:
    """Return the lines before those that say whose words follow; where nothing is said before
    them, those behind, as of an answer below what it quotes.
    """
    plain = [" ".join(_plain(line).split()).replace(" :", ":") for line in lines]
    for place in range(len(lines)):
        begin, end = _announced(plain, place)
        if end:
            above = lines[:begin]
            if any(line and not line.startswith(QUOTE) for line in above):
                return above
            # Without marks nobody can tell what is quoted: then it all is.
            is_marked = any(line.startswith(QUOTE) for line in lines[end:])
            return lines[end:] if is_marked else ()
    return lines


def _announced(plain: Sequence[str], place: int) -> tuple[int, int]:
    """Return from where to where lines that end here, or begin here, announce an earlier email; 0
    and 0 where they do not.
    """
    if HEAD.match(plain[place]) and any(map(HEAD_GOES_ON.match, plain[place + 1 : place + 3])):
        return place, place + 1
    if not plain[place].endswith(":"):
        return 0, 0
    for begin in range(place, max(-1, place - WROTE_MAX_LINES), -1):
        said = " ".join(plain[begin : place + 1])
        if WROTE.search(said) and said.endswith(":") and WROTE_WHEN.search(said):
            while not WROTE_BEGINS.match(plain[begin]) and _goes_on_above(plain, begin):
                begin -= 1
            return begin, place + 1
    return 0, 0


def _goes_on_above(plain: Sequence[str], begin: int) -> bool:
    return begin > 0 and bool(WROTE_BEGINS.match(plain[begin - 1]))


def _tidy(text: str) -> str:
    """Return a text without what separates it from a quote, in so many characters at most."""
    lines = text.splitlines()
    while lines and (not lines[-1].strip() or SEPARATING_LINE.fullmatch(lines[-1].strip())):
        lines.pop()
    return "\n".join(lines)[:REPLY_MAX_CHARS].strip()
