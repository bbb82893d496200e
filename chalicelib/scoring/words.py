"""Whole words: whether a text has one of some words or phrases, for example `vp` or `head of`."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from chalicelib.scoring.folding import fold_text
from chalicelib.scoring.pattern import ANY, matches

Phrase = tuple[str, ...]
"""Words in their order, folded."""

# Scripts that put no blanks between words: each character stands for itself, so that a phrase is
# found inside a longer one.
_UNSPACED = "\u0e00-\u0e7f\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_WORD = re.compile(rf"[{_UNSPACED}]|[^\W_{_UNSPACED}]+")
_PATTERN = re.compile(rf"[{_UNSPACED}]|(?:[^\W_{_UNSPACED}]|\*)+")
#: How umlauts are written where there is no key for them.
_SPELT_OUT = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue"})


@dataclass(frozen=True, slots=True)
class Phrases:
    """Words and phrases, each of which may stand anywhere in a text."""

    plain: Mapping[str, Sequence[Phrase]]
    """Phrases without a star, by their first word."""
    starred: Sequence[Phrase]
    """Phrases in which `*` stands for any run of characters of a word."""

    @classmethod
    def of(cls, written: Iterable[str]) -> "Phrases":
        """Return these phrases. Case, accents and what stands between words are ignored."""
        plain = defaultdict[str, list[Phrase]](list)
        starred = list[Phrase]()
        spelt = chain.from_iterable(map(spellings_of, written))
        for phrase in filter(None, map(phrase_of, spelt)):
            if any(ANY in word for word in phrase):
                starred.append(phrase)
            else:
                plain[phrase[0]].append(phrase)
        return cls(dict(plain), starred)

    def __contains__(self, text: object) -> bool:
        words = folded_words(str(text))
        return any(words[at : at + len(one)] == one for at, one in self._candidates(words)) or any(
            _fits(one, words[at : at + len(one)])
            for one in self.starred
            for at in range(len(words) - len(one) + 1)
        )

    def _candidates(self, words: Phrase) -> Iterator[tuple[int, Phrase]]:
        """Yield each plain phrase that may begin at a place, with the place."""
        for at, word in enumerate(words):
            for phrase in self.plain.get(word, ()):
                yield at, phrase


def folded_words(text: str) -> Phrase:
    """Return the words of a text, folded. What stands between them is left out."""
    return tuple(_WORD.findall(fold_text(text)))


def spellings_of(written: str) -> Sequence[str]:
    """Return a phrase as it is written, and with its umlauts spelt out: folding only takes their
    dots.
    """
    lower = written.lower()
    spelt = lower.translate(_SPELT_OUT)
    return [written] if spelt == lower else [written, spelt]


def phrase_of(written: str) -> Phrase:
    """Return the words of a phrase as an author writes it; none for a text without letters."""
    return tuple(_PATTERN.findall(fold_text(written)))


def _fits(phrase: Phrase, words: Phrase) -> bool:
    return all(map(matches, phrase, words))
