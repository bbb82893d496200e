"""The phrases that emails have around their authors' words: a file for each language."""

import json
from collections.abc import Mapping
from datetime import date
from functools import cache
from pathlib import Path

from chalicelib.nurture.email_document import base_of

WORDS_FOLDER = Path(__file__).parent / "words"
BY_DEFAULT = "en"
MONTHS_A_YEAR = 12


@cache
def spoken_languages() -> frozenset[str]:
    """Return the languages that we speak: each has a file of words."""
    return frozenset(path.stem for path in WORDS_FOLDER.glob("*.json"))


@cache
def phrases(language: str) -> Mapping[str, str]:
    """Return the phrases of a language: of the tongue, else English."""
    spoken = base_of(language)
    name = spoken if spoken in spoken_languages() else BY_DEFAULT
    found: Mapping[str, str] = json.loads((WORDS_FOLDER / f"{name}.json").read_text("utf-8"))
    return found


def day_in_words(day: date, language: str) -> str:
    """Return a day as it is written in a sentence."""
    month = month_name(day.month, language)
    return phrases(language)["date"].format(day=day.day, month=month, year=day.year)


def month_name(month: int, language: str) -> str:
    """Return the name of a month; 13 is January again."""
    return phrases(language)["months"].split()[(month - 1) % MONTHS_A_YEAR]


def weekday_name(day: date, language: str) -> str:
    """Return the name of the day of the week."""
    return phrases(language)["weekdays"].split()[day.weekday()]
