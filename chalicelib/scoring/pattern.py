"""Wildcards as the model's authors write them: `*` is any run of characters, `/` included; case is
ignored.

No regular expressions: a pattern is split once and then found piece by piece, so that the time is
linear in the value whatever a pattern or a visitor's URL looks like.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

ANY = "*"
Pieces = tuple[str, ...]  # what stands between a pattern's stars, folded


@lru_cache(maxsize=4096)
def _pieces(pattern: str) -> Pieces:
    return tuple(pattern.casefold().split(ANY))


def matches(pattern: str, value: str) -> bool:
    """Whether the whole value is the pattern, with `*` for any run of characters; case is
    ignored.
    """
    pieces, folded = _pieces(pattern), value.casefold()
    return folded == pieces[0] if len(pieces) == 1 else _fits(pieces, folded)


def matches_any(patterns: Sequence[str], value: str) -> bool:
    """Whether the value matches one of the patterns."""
    return any(matches(pattern, value) for pattern in patterns)


@dataclass(frozen=True, slots=True)
class Prefixes:
    """Texts, of which those are found that another text begins with, in the time of one search
    among all of them.

    texts: in order. bits: of each text and of all those that it begins with itself. shorter: the
    position of the longest of those, -1 without one.
    """

    texts: Sequence[str]
    bits: Sequence[int]
    shorter: Sequence[int]

    @classmethod
    def of(cls, bits_of: Mapping[str, int]) -> "Prefixes":
        """Texts, each with its bits."""
        texts, bits, shorter, at = sorted(bits_of), list[int](), list[int](), -1
        for position, text in enumerate(texts):
            while at >= 0 and not text.startswith(texts[at]):
                at = shorter[at]
            bits.append(bits_of[text] | (bits[at] if at >= 0 else 0))
            shorter.append(at)
            at = position
        return cls(texts, bits, shorter)

    def bits_of(self, text: str) -> int:
        """The bits of all that a text begins with.

        The last one in order that is not after the text begins with the longest that is looked for:
        whatever stands between a text and its prefix has that prefix too.
        """
        at = bisect_right(self.texts, text) - 1
        while at >= 0:
            if text.startswith(self.texts[at]):
                return self.bits[at]
            at = self.shorter[at]
        return 0


@dataclass(frozen=True, slots=True)
class Patterns:
    """Many patterns, looked for at once; each stands for some bits, and a value finds the bits of
    all that it matches.

    A pattern without a star, or with one star at its end or its beginning, costs nothing of its
    own: one look finds the first, one search the second, one search backwards the third. What has a
    star at both ends or in the middle is tried by itself.
    """

    exact: Mapping[str, int]
    beginnings: Prefixes
    ends: Prefixes  # backwards
    insides: Sequence[tuple[str, int]]
    others: Sequence[tuple[Pieces, int]]

    @classmethod
    def of(cls, patterns: Iterable[tuple[str, int]]) -> "Patterns":
        """Patterns, each with its bits."""
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

    def bits_of(self, value: str) -> int:
        """The bits of the patterns that a value matches."""
        folded = value.casefold()
        bits = self.exact.get(folded, 0)
        if self.beginnings.texts:
            bits |= self.beginnings.bits_of(folded)
        if self.ends.texts:
            bits |= self.ends.bits_of(folded[::-1])
        for text, those in self.insides:
            if text in folded:
                bits |= those
        for pieces, those in self.others:
            if _fits(pieces, folded):
                bits |= those
        return bits


def _fits(pieces: Pieces, folded: str) -> bool:
    """Whether a folded value is two or more pieces in their order, with anything between them."""
    at = len(pieces[0])
    if not (folded.startswith(pieces[0]) and folded.endswith(pieces[-1])):
        return False
    for piece in pieces[1:-1]:
        found = folded.find(piece, at)
        if found < 0:
            return False
        at = found + len(piece)
    return len(folded) - at >= len(pieces[-1])
