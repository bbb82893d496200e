"""Wildcards as the model's authors write them.

`*` stands for any run of characters, `/` included; case, accents and width are ignored.
Patterns are not turned into regular expressions: one is split once and then found piece by piece,
so that the time is linear in the value, whatever a pattern or a visitor's URL looks like.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from chalicelib.scoring.folding import fold_text

ANY = "*"
ALIKE_MAX = 4  # prefixes that are tried one by one
Pieces = tuple[str, ...]  # what stands between a pattern's stars, folded


@lru_cache(maxsize=4096)
def _pieces(pattern: str) -> Pieces:
    return tuple(fold_text(pattern).split(ANY))


def matches(pattern: str, value: str) -> bool:
    """Return whether the whole value is the pattern, with `*` for any run of characters."""
    pieces = _pieces(pattern)
    folded = fold_text(value)
    return folded == pieces[0] if len(pieces) == 1 else _fits(pieces, folded)


def matches_any(patterns: Sequence[str], value: str) -> bool:
    """Return whether the value matches one of the patterns."""
    return any(matches(pattern, value) for pattern in patterns)


@dataclass(frozen=True, slots=True)
class Prefixes:
    """A set of prefixes. Finds all prefixes of a text with one binary search."""

    texts: Sequence[str]
    """The prefixes, in order."""
    bits: Sequence[int]
    """The bits of each prefix, with those of all shorter prefixes that it begins with."""
    shorter: Sequence[int]
    """The position of the longest of those shorter prefixes, or -1."""

    @classmethod
    def of(cls, bits_of: Mapping[str, int]) -> "Prefixes":
        """Return the set of these prefixes, each with its bits."""
        texts = sorted(bits_of)
        bits = list[int]()
        shorter = list[int]()
        at = -1
        for position, text in enumerate(texts):
            while at >= 0 and not text.startswith(texts[at]):
                at = shorter[at]
            bits.append(bits_of[text] | (bits[at] if at >= 0 else 0))
            shorter.append(at)
            at = position
        return cls(texts, bits, shorter)

    def bits_of(self, text: str) -> int:
        """Return the bits of all prefixes of a text."""
        texts = self.texts
        # The last prefix that does not sort after the text begins with the longest prefix of the
        # text: whatever sorts between a text and its prefix begins with that prefix too.
        at = bisect_right(texts, text) - 1
        while at >= 0:
            if text.startswith(texts[at]):
                return self.bits[at]
            at = self.shorter[at]
        return 0

    def search(self) -> Callable[[str], int]:
        """Return `bits_of`, or what does the same by a table of first characters.

        The table is faster where hardly any prefixes begin alike, as paths do: most texts are not
        in it, and one that is has one prefix or two to be tried.
        """
        chars = min(map(len, self.texts))
        table = defaultdict[str, list[tuple[str, int]]](list)
        for text, bits in zip(self.texts, self.bits, strict=True):
            table[text[:chars]].append((text, bits))
        if max(map(len, table.values())) > ALIKE_MAX:
            return self.bits_of
        known = table.get

        def bits_of(text: str) -> int:
            bits = 0
            for prefix, those in known(text[:chars], ()):
                if text.startswith(prefix):
                    bits |= those
            return bits

        return bits_of


@dataclass(frozen=True, slots=True)
class Patterns:
    """Many patterns, looked for at once. Each has some bits.

    All patterns without a star are found by one look-up, all with one star at the end by one
    search, and all with one star at the beginning by one search backwards. A pattern with a star at
    both ends or in the middle is tried by itself.
    """

    exact: Mapping[str, int]
    """Patterns without a star."""
    beginnings: Prefixes
    """Patterns with one star, at the end."""
    ends: Prefixes
    """Patterns with one star, at the beginning; written backwards."""
    insides: Sequence[tuple[str, int]]
    """Patterns with a star at both ends and none between them."""
    others: Sequence[tuple[Pieces, int]]
    bits_of: Callable[[str], int] = field(init=False, repr=False, compare=False)
    """Return the bits of the patterns that a value matches."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "bits_of", self._compiled())

    @classmethod
    def of(cls, patterns: Iterable[tuple[str, int]]) -> "Patterns":
        """Return these patterns, each with its bits, ready to be looked for."""
        exact, beginnings, ends, insides = (defaultdict[str, int](int) for _ in range(4))
        others = list[tuple[Pieces, int]]()
        for pattern, bits in patterns:
            match _pieces(pattern):
                case (text,):
                    exact[text] |= bits
                case (text, ""):
                    beginnings[text] |= bits
                case ("", text):
                    ends[text[::-1]] |= bits
                case ("", text, ""):
                    insides[text] |= bits
                case pieces:
                    others.append((pieces, bits))
        return cls(exact, Prefixes.of(beginnings), Prefixes.of(ends), list(insides.items()), others)

    def _compiled(self) -> Callable[[str], int]:
        """Return `bits_of`, which takes no step for sorts of patterns that there are none of."""
        exact = self.exact.get
        searches = tuple(self._searches())

        def bits_of(value: str) -> int:
            # Asked here too, because a call takes as long as the rest for most values.
            folded = value.lower() if value.isascii() else fold_text(value)
            bits = exact(folded, 0)
            for search in searches:
                bits |= search(folded)
            return bits

        return bits_of

    def _searches(self) -> Iterator[Callable[[str], int]]:
        """Yield the searches for patterns with a star, of the sorts that there are."""
        if self.beginnings.texts:
            yield self.beginnings.search()
        if self.ends.texts:
            of_reversed = self.ends.search()
            yield lambda folded: of_reversed(folded[::-1])
        if self.insides or self.others:
            yield self._bits_of_others

    def _bits_of_others(self, folded: str) -> int:
        """Return the bits of the patterns that are tried by themselves."""
        bits = 0
        for text, those in self.insides:
            if text in folded:
                bits |= those
        for pieces, those in self.others:
            # Asked here too, because most values do not begin so, and a call takes longer.
            if folded.startswith(pieces[0]) and _fits(pieces, folded):
                bits |= those
        return bits


def _fits(pieces: Pieces, folded: str) -> bool:
    """Return whether a folded value is these two or more pieces in order, with anything between."""
    at = len(pieces[0])
    if not (folded.startswith(pieces[0]) and folded.endswith(pieces[-1])):
        return False
    for piece in pieces[1:-1]:
        found = folded.find(piece, at)
        if found < 0:
            return False
        at = found + len(piece)
    return len(folded) - at >= len(pieces[-1])
