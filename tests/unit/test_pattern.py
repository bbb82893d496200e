"""Wildcards: what they match, and that they never take long to say so."""

from fnmatch import translate
from re import IGNORECASE, fullmatch

import pytest
from hypothesis import given
from hypothesis import strategies as some

from chalicelib.scoring.pattern import Patterns, Prefixes, matches, matches_any


@pytest.mark.parametrize(
    ("pattern", "yes", "no"),
    [
        ("/pricing", ["/pricing", "/PRICING"], ["/pricing/", "/pricing?x", "x/pricing", ""]),
        ("/blog/*", ["/blog/", "/blog/a/b/c", "/Blog/A"], ["/blog", "/blogs/a"]),
        ("*urgent*", ["urgent", "It is URGENT!", "urgenturgent"], ["urgen t", ""]),
        ("*", ["", "anything", "/a/b"], []),
        ("**", ["", "x"], []),
        ("a*a", ["aa", "aba"], ["a", "ab"]),
        ("a*b*c", ["abc", "a-b-b-c", "aXbYbZc"], ["acb", "ab", "abcd"]),
        ("*-guide", ["buyers-guide", "-guide"], ["guide", "buyers-guides"]),
        ("ab*ba", ["abba", "abxba"], ["aba"]),
        ("straße*", ["STRASSE 1", "Straße"], ["stras"]),
        ("", [""], ["x"]),
        ("a.c", ["a.c"], ["abc"]),
        ("[ab]?", ["[ab]?"], ["ax"]),
    ],
)
def test_a_star_is_any_run_and_case_is_ignored(pattern: str, yes: list[str], no: list[str]) -> None:
    assert [value for value in yes if not matches(pattern, value)] == []
    assert [value for value in no if matches(pattern, value)] == []


@given(some.text("ab*", max_size=8), some.text("abAB", max_size=12))
def test_it_says_what_a_regular_expression_would(pattern: str, value: str) -> None:
    assert matches(pattern, value) == bool(fullmatch(translate(pattern), value, IGNORECASE))


def test_one_of_the_patterns_is_enough() -> None:
    assert matches_any(["x", "/p*"], "/pricing")
    assert not matches_any(["x"], "/pricing")
    assert not matches_any([], "/pricing")


# --- many at once ---------------------------------------------------------------------------------

many = some.lists(some.text("abß*", max_size=6), max_size=15)


@given(many, some.text("abABßs", max_size=9))
def test_many_patterns_at_once_find_what_each_of_them_does(patterns: list[str], value: str) -> None:
    found = Patterns.of(
        (pattern, 1 << position) for position, pattern in enumerate(patterns)
    ).bits_of(value)
    assert found == sum(
        1 << position for position, pattern in enumerate(patterns) if matches(pattern, value)
    )


@given(some.lists(some.text("ab", max_size=4), unique=True), some.text("ab", max_size=7))
def test_one_search_finds_every_beginning_of_a_text(texts: list[str], value: str) -> None:
    found = Prefixes.of({text: 1 << position for position, text in enumerate(texts)}).bits_of(value)
    assert found == sum(
        1 << position for position, text in enumerate(texts) if value.startswith(text)
    )


def test_one_pattern_may_stand_for_several() -> None:
    both = Patterns.of(
        [
            ("/p*", 1),
            ("/P*", 2),
            ("*p", 4),
            ("*p", 8),
            ("x", 16),
            ("X", 32),
            ("*y*", 64),
            ("*Y*", 128),
        ]
    )
    assert [both.bits_of(value) for value in ("/p", "X", "y", "z")] == [
        1 | 2 | 4 | 8,
        16 | 32,
        64 | 128,
        0,
    ]


# --- hostile patterns -----------------------------------------------------------------------------


class CountingText(str):
    """A text that counts how many of its characters a search passes over."""

    passed = 0
    searches = 0

    def lower(self) -> "CountingText":
        return self

    def find(self, piece: str, start: int = 0) -> int:  # type: ignore[override]
        found = super().find(piece, start)
        self.passed += (len(self) if found < 0 else found + len(piece)) - start
        self.searches += 1
        return found


@pytest.mark.parametrize(
    "pattern",
    ["*a" * 50 + "*b", "a*" * 90 + "b", "*" * 200, "*aab" * 40, "*" + "a" * 199, "a*a*b*" * 30],
)
@pytest.mark.parametrize("value", ["a" * 2_000, "ab" * 1_000, "b" + "a" * 1_999])
def test_a_hostile_pattern_passes_over_each_character_once(pattern: str, value: str) -> None:
    text = CountingText(value)
    matches(pattern, text)
    assert text.passed <= len(value)
    assert text.searches <= pattern.count("*")
