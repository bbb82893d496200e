"""The text of an email in HTML, as its reader sees it, with what it quotes marked as such.

Not by html.parser: it raises for some of what strangers write, and takes the square of the length
for more. This one looks at each character once, and reads no more of HTML than an answer needs.
"""

import re
from collections import Counter
from collections.abc import Iterator
from html import unescape

#: Not shown, up to their end.
UNSHOWN = frozenset({"script", "style", "title"})
NEW_LINES = frozenset(
    [
        *("address", "article", "blockquote", "br", "center", "dd", "div", "dl", "dt", "footer"),
        *("form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "li", "ol", "p", "pre"),
        *("section", "table", "td", "th", "tr", "ul"),
    ]
)
"""What begins a line, and ends one."""
NESTED = frozenset({"blockquote", "div"})
"""What mail programs put quotes into."""
QUOTES = frozenset(
    [
        *("gmail_quote", "gmail_attr", "yahoo_quoted", "moz-cite-prefix", "protonmail_quote"),
        *("outlookmessageheader", "x_gmail_quote", "zmail_extra"),
    ]
)
"""The classes of what quotes an earlier email."""
REST = frozenset(
    ["appendonsend", "divrplyfwdmsg", "x_divrplyfwdmsg", "mail-editor-reference-message-container"]
)
"""The ids of what begins the earlier email in Outlook: all that follows belongs to it."""
COMMENT_BEGINS = "<!--"
OPENING = re.compile(r"<!--|<(?=[a-z/!?])")
#: Of ASCII alone, so that the text keeps its length.
LOWER = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}
TAG_READ_MAX_CHARS = 1_000
TAG = re.compile(r"(/?)([a-z][a-z0-9]*)")
NAMED = re.compile(r"""\b(class|id)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""")


class _Reader:
    """Puts the texts between tags into lines."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self._line: list[str] = []
        self._open: list[tuple[str, bool]] = []
        """The nested elements that are open, each with whether it quotes."""
        self._names: Counter[str] = Counter()
        self._quotes = 0
        self._is_rest = False

    def read(self, text: str) -> None:
        """Take what stands between two tags."""
        self._line.append(text)

    def begin(self, name: str, said: str) -> None:
        """Take the beginning of an element. said: its attributes, in lower case."""
        if name in NEW_LINES:
            self.end_line()
        words = [(one[0], one[1] or one[2] or one[3]) for one in NAMED.findall(said)]
        classes = {word for kind, text in words if kind == "class" for word in text.split()}
        if name in NESTED:
            is_quote = name == "blockquote" or not QUOTES.isdisjoint(classes)
            self._open.append((name, is_quote))
            self._names[name] += 1
            self._quotes += is_quote
        self._is_rest |= any(kind == "id" and text in REST for kind, text in words)

    def end(self, name: str) -> None:
        """Take the end of an element, and of those that were left open in it."""
        if name in NEW_LINES:
            self.end_line()
        is_over = not self._names[name]
        while not is_over:
            inner, is_quote = self._open.pop()
            self._names[inner] -= 1
            self._quotes -= is_quote
            is_over = inner == name

    def end_line(self) -> None:
        """Put what was read behind the lines; it is quoted if it is within a quote."""
        line = " ".join(unescape("".join(self._line)).split())
        self._line.clear()
        self.lines.append(f"> {line}" if line and (self._quotes or self._is_rest) else line)


def shown_text(html: str) -> str:
    """Return the text of an email in HTML, a `>` before each line that it quotes."""
    reader = _Reader()
    for text, tag in _pieces(html):
        reader.read(text)
        found = TAG.match(tag)
        if found is None:
            continue
        ending, name = found.groups()
        if ending:
            reader.end(name)
        else:
            reader.begin(name, tag[found.end() :])
    reader.end_line()
    return "\n".join(reader.lines)


def _pieces(html: str) -> Iterator[tuple[str, str]]:
    """Yield each text and the tag behind it, in lower case. What is not shown is left out."""
    lower = html.translate(LOWER)
    place = 0
    while found := OPENING.search(lower, place):
        begin = found.start()
        end = _behind(lower, "-->" if found[0] == COMMENT_BEGINS else ">", begin)
        tag = lower[begin + 1 : min(end, begin + TAG_READ_MAX_CHARS)]
        yield html[place:begin], tag
        name = TAG.match(tag)
        if name and not name[1] and name[2] in UNSHOWN:
            end = _behind(lower, ">", _behind(lower, f"</{name[2]}", end))
        place = end
    yield html[place:], ""


def _behind(text: str, mark: str, start: int) -> int:
    """Return the place behind the next mark; the end of the text where it does not follow."""
    found = text.find(mark, start)
    return found + len(mark) if found >= 0 else len(text)
