"""Take a full name apart: "Ann van der Berg", "Berg, Ann", "Dr. Ann Example", "Ann"."""

import re
from typing import NamedTuple

#: Words between a first and a last name that belong to the last name.
PARTICLES = frozenset(
    [
        "van",
        "von",
        "vom",
        "zu",
        "zum",
        "zur",
        "de",
        "del",
        "della",
        "dello",
        "degli",
        "dei",
        "di",
        "da",
        "das",
        "do",
        "dos",
        "du",
        "des",
        "la",
        "le",
        "las",
        "los",
        "der",
        "den",
        "ter",
        "ten",
        "te",
        "'t",
        "el",
        "al",
        "bin",
        "ibn",
        "bint",
        "af",
        "av",
        "st.",
    ]
)
TITLES = re.compile(
    r"(?:mr|mrs|ms|miss|mx|dr|prof|herrn?|frau|hr|fr|m|mme|mlle|sr|sra|srta|sig|signora|signor"
    r"|dipl|ing|mag|dhr|mevr|mw)\.?-?(?:ing\.?)?",
    re.IGNORECASE,
)
SUFFIXES = frozenset(
    ["jr", "jr.", "sr", "sr.", "ii", "iii", "iv", "phd", "ph.d.", "md", "mba", "esq."]
)


class PersonName(NamedTuple):
    """A name in two parts; a part that is not there is empty."""

    first: str
    last: str


def split_name(name: str) -> PersonName:
    """Return a full name as a first and a last one.

    A single word is a first name. The last word is the last name, with the particles before it; a
    comma turns the order around. Titles in front are left out.
    """
    head, comma, tail = (part.strip() for part in name.partition(","))
    if comma and tail and tail.lower() not in SUFFIXES:
        return PersonName(" ".join(_without_titles(tail)), " ".join(_without_titles(head)))
    whole = f"{head}{comma} {tail}" if tail else head
    words = _without_titles(whole)
    if len(words) < 2:
        is_last = len(whole.split()) > 1  # Herr Berg
        return PersonName("", *words) if is_last and words else PersonName("".join(words), "")
    if words[0] in PARTICLES:  # as it is written: Van Morrison has a first name
        return PersonName("", " ".join(words))
    at = len(words) - 1
    if words[at].lower() in SUFFIXES and at > 1:
        at -= 1
    lower = [word.lower() for word in words]
    first_particle = next((place for place in range(1, at) if lower[place] in PARTICLES), at)
    return PersonName(" ".join(words[:first_particle]), " ".join(words[first_particle:]))


def _without_titles(name: str) -> list[str]:
    words = name.split()
    while len(words) > 1 and TITLES.fullmatch(words[0]):
        words = words[1:]
    return [word for word in words if word]
