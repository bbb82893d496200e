"""The languages of our pages and snippets: one file of texts for each, in `words/`.

Another language is another file with the keys of `en.json`; nothing else names it.
"""

import json
from collections.abc import Mapping
from functools import cache
from html import escape
from pathlib import Path

FOLDER = Path(__file__).with_name("words")
ENGLISH = "en"


@cache
def languages() -> frozenset[str]:
    """Return the codes of the languages that there are texts for, such as `de`."""
    return frozenset(path.stem for path in FOLDER.glob("*.json"))


@cache
def words_of(language: str) -> Mapping[str, str]:
    """Return the texts of a language that there is, by their keys."""
    texts: Mapping[str, str] = json.loads((FOLDER / f"{language}.json").read_text(encoding="utf-8"))
    return texts


def say(language: str, key: str, **values: str) -> str:
    """Return a text of ours as HTML, with escaped values in its braces."""
    escaped = {name: escape(value) for name, value in values.items()}
    return escape(words_of(language)[key]).format(**escaped)


def language_for(accepted: str, *others: str) -> str:
    """Return the language that a reader gets: the best of those that their browser accepts.

    accepted: the header Accept-Language. others: what else may be known, best first, for a reader
    who accepts none that we speak.
    """
    wanted = [*_by_weight(accepted), *others]
    spoken = (one.lower().partition("-")[0] for one in wanted)
    return next((one for one in spoken if one in languages()), ENGLISH)


def _by_weight(accepted: str) -> list[str]:
    weighed = []
    for part in accepted.split(",")[:20]:
        name, _, parameters = part.strip().partition(";")
        weight = _weight(parameters)
        if weight > 0:
            weighed.append((weight, name.strip()))
    return [name for _, name in sorted(weighed, key=lambda one: -one[0])]


def _weight(parameters: str) -> float:
    _, _, value = parameters.partition("q=")
    try:
        return float(value) if value else 1.0
    except ValueError:
        return 0.0
