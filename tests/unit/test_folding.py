"""Texts are compared without case, accents and width, and however they are encoded."""

from typing import Literal
from unicodedata import normalize

import pytest
from hypothesis import given
from hypothesis import strategies as some

from chalicelib.scoring.folding import fold_text
from chalicelib.scoring.pattern import matches
from chalicelib.scoring.words import Phrases

# Characters that Unicode changes in odd ways, and all others.
odd = some.text("İıßẞŉǰΐᾳﬁ½Å\u212b\u0300\u0345\u3099ｶﾞ가\u1100aÄ ") | some.text()
FORMS: tuple[Literal["NFC", "NFD", "NFKC", "NFKD"], ...] = ("NFC", "NFD", "NFKC", "NFKD")


def test_every_letter_of_living_scripts_has_one_form() -> None:
    every = [chr(one) for one in (*range(0x3400), *range(0xA640, 0xAC00), *range(0xF900, 0x10000))]
    assert [one for one in every if fold_text(fold_text(one)) != fold_text(one)] == []


@given(odd)
def test_any_encoding_of_a_text_compares_as_the_text(text: str) -> None:
    assert {fold_text(normalize(form, text)) for form in FORMS} == {fold_text(text)}
    assert fold_text(fold_text(text)) == fold_text(text)


@given(some.text("abcXYZ 12/-_.~"))
def test_plain_text_is_only_put_into_lower_case(text: str) -> None:
    assert fold_text(text) == text.casefold()


@given(odd.filter(lambda text: "*" not in text))
def test_a_pattern_matches_its_own_text_in_any_case(text: str) -> None:
    assert matches(text, fold_text(text))


words = some.text("abä*", min_size=1, max_size=3) | some.text("社長", min_size=1)


@given(some.lists(words, min_size=1, max_size=3))
def test_a_phrase_is_found_between_any_other_words(words: list[str]) -> None:
    phrase = " ".join(words)
    said = phrase.replace("*", "")
    is_alike = all(word.strip("*") for word in words)
    assert not is_alike or f"Q, {said.upper()}; z" in Phrases.of([phrase])


@pytest.mark.parametrize("title", ["Geschaeftsfuehrerin", "GESCHÄFTSFÜHRER", "Geschaftsfuhrer"])
def test_an_umlaut_may_be_spelt_out(title: str) -> None:
    assert title in Phrases.of(["Geschäftsführ*"])
    assert title.casefold() not in Phrases.of(["Geschäft"])
