"""The text of an email, made from its html: what a plain reader sees loses nothing (ADR 0058)."""

import re
from html.parser import HTMLParser

BLOCKS = frozenset(
    {
        *("address", "article", "blockquote", "center", "div", "dl", "figure", "footer", "form"),
        *("h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "main", "ol", "p", "section"),
        *("table", "ul", "pre"),
    }
)
LINE_TAGS = frozenset({"br", "dt", "dd", "li", "tr", "caption"})
CELLS = frozenset({"td", "th"})
UNSEEN = frozenset({"head", "script", "style", "title", "template"})
VOID = frozenset({"br", "hr", "img", "input", "meta", "link", "col", "wbr", "area", "base"})
UNDISPLAYED = re.compile(r"display\s*:\s*none", re.IGNORECASE)
BLANK_RUN = re.compile(r"[ \t\r\n\f]+")
NESTED_MAX = 200  # elements within each other: what is deeper stands with those around it
GAP = "\x00"  # between the cells of a row
LINK_ADDRESS = re.compile("\x01([^\x02]*)\x02")  # behind a link's words
UNWANTED = re.compile("[\x00-\x02]")


def text_of_html(html: str) -> str:
    """Return what html says, as text: each link with its address, lists as lists.

    The address of a link that ends its line stands below it; others are numbered, and stand at the
    end. So each stands alone, and every program finds where it ends.
    """
    reader = _Reader()
    reader.feed(html)
    reader.close()
    numbered: list[str] = []
    lines = [_with_addresses(_line(line), numbered) for line in "".join(reader.said).split("\n")]
    notes = [f"[{number}] {address}" for number, address in enumerate(numbered, 1)]
    whole = "\n".join([*lines, "", *notes])
    return re.sub(r"\n{3,}", "\n\n", whole).strip() + "\n"


def _line(line: str) -> str:
    """Return a line whose cells stand apart; those of a layout are empty and leave nothing."""
    cells = [cell for one in line.split(GAP) if (cell := one.rstrip(" "))]
    indent = "" if GAP in line else line[: len(line) - len(line.lstrip(" "))]
    return indent + " | ".join(cell.strip(" ") for cell in cells if cell.strip(" ")).rstrip(" ")


def _with_addresses(line: str, numbered: list[str]) -> str:
    """Return a line with the addresses of its links. numbered: those that stand at the end."""
    found = LINK_ADDRESS.findall(line)
    if len(found) == 1 and line.endswith("\x02"):
        words = LINK_ADDRESS.sub("", line)
        indent = " " * (len(words) - len(words.lstrip(" -")))
        return (
            f"{words}\n{indent}{found[0]}"
            if words.endswith(":")
            else f"{words}:\n{indent}{found[0]}"
        )

    def note(link: re.Match[str]) -> str:
        if link[1] not in numbered:
            numbered.append(link[1])
        return f" [{numbered.index(link[1]) + 1}]"

    return LINK_ADDRESS.sub(note, line)


class _Reader(HTMLParser):
    """Collects what is seen. Blocks stand apart by an empty line, blanks are one."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.said: list[str] = []
        self._open: list[tuple[str, bool]] = []
        """The elements around this place, and whether each is unseen."""
        self._lists: list[int | None] = []
        """The number of the last item of each list around it, None for one without numbers."""
        self._links: list[tuple[str, int]] = []
        """The address of each link around it, and where its words begin."""
        self._begins_item = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        is_unseen = (
            self._is_unseen or tag in UNSEEN or bool(UNDISPLAYED.search(given.get("style", "")))
        )
        if tag not in VOID and len(self._open) < NESTED_MAX:
            self._open.append((tag, is_unseen))
        if is_unseen:
            return
        self._part(tag)
        match tag:
            case "ol" | "ul" if len(self._lists) < NESTED_MAX:
                first = given.get("start", "")
                number = int(first) if first.isdecimal() else 1
                self._lists.append(number - 1 if tag == "ol" else None)
            case "li":
                self._begin_item()
            case "a" if len(self._links) < NESTED_MAX:
                self._links.append((given.get("href", ""), len(self.said)))
            case "img":
                self.handle_data(given.get("alt", ""))
            case "hr":
                self.said.append("---\n\n")

    def _part(self, tag: str) -> None:
        """Part an element from what stands before it, or behind it."""
        if tag in BLOCKS and not (tag in ("ol", "ul") and self._lists):
            self._break("\n\n")
        elif tag in LINE_TAGS:
            self._break("\n")
        elif tag in CELLS:
            self.said.append(GAP)

    def handle_endtag(self, tag: str) -> None:
        was_unseen = self._is_unseen
        tags = [one for one, _ in self._open]
        if tag in tags:  # what was not closed inside it ends with it
            del self._open[len(tags) - 1 - tags[::-1].index(tag) :]
        if was_unseen or tag in VOID:
            return
        if tag in ("ol", "ul") and self._lists:
            self._lists.pop()
        if tag not in CELLS:
            self._part(tag)
        if tag == "a" and self._links:
            self._end_link(*self._links.pop())

    def handle_data(self, data: str) -> None:
        if self._is_unseen:
            return
        words = BLANK_RUN.sub(" ", UNWANTED.sub("", data))
        begins_line = not self.said or self.said[-1].endswith(("\n", " ", GAP))
        if words := words.lstrip(" ") if begins_line else words:
            self.said.append(words)
            self._begins_item = False

    @property
    def _is_unseen(self) -> bool:
        return bool(self._open) and self._open[-1][1]

    def _break(self, ends: str) -> None:
        """End the line, or the paragraph. An item's own sign does not count as a line."""
        if not self.said or self._begins_item:
            return
        newest = "".join(self.said[-3:])
        lacking = len(ends) - (len(newest) - len(newest.rstrip("\n")))
        if lacking > 0:
            self.said.append("\n" * lacking)

    def _begin_item(self) -> None:
        number = self._lists[-1] if self._lists else None
        sign = "- "
        if number is not None:
            self._lists[-1] = number + 1
            sign = f"{number + 1}. "
        self.said.append("  " * max(0, len(self._lists) - 1) + sign)
        self._begins_item = True

    def _end_link(self, address: str, begin: int) -> None:
        words = "".join(self.said[begin:]).strip(f" \n{GAP}")
        address = UNWANTED.sub("", address.removeprefix("mailto:").removeprefix("tel:")).strip()
        if not words:
            self.said.append(address)
        elif address and not address.startswith("#") and words.replace(" ", "") != address:
            self.said.append(f"\x01{address}\x02")
