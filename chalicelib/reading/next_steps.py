"""A lead's next steps as api.md has them: in a sentence, and in parts for a console."""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

from chalicelib.leads.next_steps import NextSteps, Turn, Way
from chalicelib.lifecycle.stages import Stage
from chalicelib.scoring.matching import Signal
from chalicelib.scoring.milli import points_text
from chalicelib.scoring.score import SCORE

VISITED = "visited "
SPELLED_WITH_AN = frozenset("aefhilmnorsx")  # the letters as they are spelled: an SQL, an RFP
SOUNDS_LIKE_YOU = ("uni", "use", "usa", "eu", "one")  # vowels that sound like a consonant


def serialize_next_steps(found: NextSteps | None, today: date) -> dict[str, Any] | None:
    """Return what would move a lead on, or None."""
    if found is None:
        return None
    turn = found.turn
    cools = turn is not None and turn.to is Stage.LEAD
    return {
        "text": next_steps_words(found, today),
        "ways": [
            {"to": way.to.value, "points": way.points, "of": way.of, "acts": list(way.acts)}
            for way in found.ways
        ],
        "cools_on": turn.on.isoformat() if turn and cools else None,
        "by_itself": (
            {"to": turn.to.value, "on": turn.on.isoformat()} if turn and not cools else None
        ),
    }


def next_steps_words(found: NextSteps, today: date) -> str:
    """Return what would move a lead on, in one sentence."""
    return "; ".join(
        [
            *_rest_words(found, today),
            *_way_words(found.ways),
            *_exact_words(found.exact),
            *_turn_words(found.turn, today),
        ]
    )


def _rest_words(found: NextSteps, today: date) -> Iterator[str]:
    if found.rests_until is not None:
        ends = ", and a request ends the rest at once" if found.wakes else ""
        yield f"rests until {_day_words(found.rests_until, today)}{ends}"


def _way_words(ways: Sequence[Way]) -> Iterator[str]:
    for number, way in enumerate(ways):
        parts = [*_points_words(way), *map(_act_words, way.named)]
        verb = "make" if not way.named and way.points != 1 else "makes"
        lead = "it" if number else "this lead"
        yield f"{_or(parts)} {verb} {lead} {with_article(way.to.upper())}"


def _points_words(way: Way) -> Iterator[str]:
    if way.points is not None:
        of = "" if way.of == SCORE else f" of {str(way.of).replace('-', ' ')}"
        yield f"{way.points} more {'point' if way.points == 1 else 'points'}{of}"


def _act_words(signal: Signal) -> str:
    """Return one event of a signal: "a visit to the pricing page", "a demo request"."""
    if signal.words.startswith(VISITED):
        return f"a visit to {signal.words.removeprefix(VISITED)}"
    return with_article(signal.words)


def _exact_words(exact: int | None) -> Iterator[str]:
    if exact is not None:
        yield f"the score is exactly {points_text(exact)}"


def _turn_words(turn: Turn | None, today: date) -> Iterator[str]:
    """Return what time alone will do."""
    if turn is None:
        return
    is_today = turn.on == today
    on = "today" if is_today else f"on {_day_words(turn.on, today)}"
    match turn.to:
        case Stage.LEAD:
            yield f"cools {on}"
        case Stage.DISQUALIFIED:
            yield f"is disqualified {on}"
        case stage:
            alone = "" if is_today else " by time alone"
            yield f"becomes {with_article(stage.upper())} {on}{alone}"


def _day_words(day: date, today: date) -> str:
    year = "" if day.year == today.year else f" {day.year}"
    return f"{day.day} {day:%B}{year}"


def with_article(noun: str) -> str:
    """Return a noun with its article: "a demo request", "an ad click", "an SQL"."""
    word = noun.split(" ")[0]
    first = word[:1].casefold()
    spelled = word.isupper() or not set(word.casefold()) & set("aeiouy")
    an = (
        first in SPELLED_WITH_AN
        if spelled
        else first in "aeiou" and not word.casefold().startswith(SOUNDS_LIKE_YOU)
    )
    return f"{'an' if an else 'a'} {noun}"


def _or(parts: Sequence[str]) -> str:
    return " or ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)
