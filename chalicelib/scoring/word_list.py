"""A list of words that Baton brings, of titles or industries (ADR 0052).

A text is in the list when it has one of its phrases. An exception, a line that begins with `!`, is
a phrase whose words mean something else: "product owner" is not an owner.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from chalicelib.scoring.words import Phrase, folded_words, phrase_of, spellings_of

_COMMENT = "#"
_EXCEPTION = "!"


@dataclass(frozen=True, slots=True)
class WordList:
    """Phrases that make a text part of the list, and exceptions."""

    entries: Mapping[str, Sequence[tuple[Phrase, bool]]]
    """By their first word, the longest first: each phrase with whether it counts."""

    @classmethod
    def of(cls, lines: Iterable[str]) -> "WordList":
        """Return the list of a file's lines: a phrase each, an exception or a comment."""
        found = defaultdict[str, dict[Phrase, bool]](dict)
        for line in lines:
            if line.startswith(_COMMENT):
                continue
            written = line.removeprefix(_EXCEPTION)
            for spelling in spellings_of(written):
                phrase = phrase_of(spelling)
                found[phrase[0]][phrase] = written == line
        return cls(
            {first: sorted(phrases.items(), key=_length) for first, phrases in found.items()}
        )

    def __contains__(self, text: object) -> bool:
        words = folded_words(str(text))
        at = 0
        while at < len(words):
            phrase, counts = self._longest(words, at)
            if counts:
                return True
            at += len(phrase) or 1
        return False

    def _longest(self, words: Phrase, at: int) -> tuple[Phrase, bool]:
        """Return the longest phrase that begins at a place, and whether it counts."""
        for phrase, counts in self.entries.get(words[at], ()):
            if words[at : at + len(phrase)] == phrase:
                return phrase, counts
        return (), False


def _length(entry: tuple[Phrase, bool]) -> int:
    return -len(entry[0])
