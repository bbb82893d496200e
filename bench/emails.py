"""Emails rendered a second on one core, beside Jinja2 alone.

The emails are those that ship, in each language. Jinja2 alone renders the same templates (subject,
words, layout, footer) with the same values, all of it compiled. It looks for no missing value,
replaces no link, and makes no text.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from jinja2 import Environment, FileSystemLoader

from bench.pairs import by_turns, compare
from chalicelib.nurture.framing import LAYOUT_FOLDER
from chalicelib.nurture.rendering import sources_of
from tests import shipped

TURNS = 15
ROUNDS = 20
TARGETS = {"emails_per_s": 500}


def measure(turns: int = TURNS, rounds: int = ROUNDS) -> dict[str, Any]:
    """Return how many emails a second of processor time renders, and Jinja2 alone."""
    every = list(shipped.each())
    alone = [_alone(*one) for one in every]

    def ours() -> None:
        for email_id, language in every:
            shipped.rendered.__wrapped__(email_id, language)

    def theirs() -> None:
        for render in alone:
            render()

    ours()  # what a container keeps is made once
    pairs = by_turns(turns, lambda: _seconds(ours, rounds), lambda: _seconds(theirs, rounds))
    found = compare(pairs)
    emails = len(every) * rounds
    rates = {"emails_per_s": emails / found.value, "jinja2_per_s": emails / found.floor}
    return {
        **{name: round(rate) for name, rate in rates.items()},
        "ratio": round(found.ratio, 2),
        "targets": TARGETS,
        "met": {name: rates[name] >= least for name, least in TARGETS.items()},
    }


def _alone(email_id: str, language: str) -> Callable[[], None]:
    """Return what renders an email by Jinja2 alone."""
    jinja = Environment(autoescape=True, loader=FileSystemLoader(LAYOUT_FOLDER))
    sources = sources_of(shipped.emails()[email_id].words_in(language), language, lambda _id: None)
    variables = {name.partition(".")[0] for name in sources.variables}
    values = {name: _Anything() for name in variables}
    words = [jinja.from_string(one) for one in (sources.subject, str(sources.html))]
    frame = [jinja.get_template(name) for name in ("footer.html", "layout.html", "footer.txt")]
    link = {"url": shipped.UNSUBSCRIBE, "words": "Unsubscribe"}
    around = {
        **dict.fromkeys(("company", "why", "postal_address", "legal_notice"), "Keybook"),
        **{name: _Anything() for name in ("theme", "sender")},
        "links": [link, link],
    }

    def render() -> None:
        subject, body = (template.render(values) for template in words)
        for template in frame:
            template.render(around, subject=subject, body=body, footer=body)

    return render


class _Anything:
    """A value that has every attribute, as a text."""

    def __getattr__(self, name: str) -> str:
        if name.startswith("__"):
            raise AttributeError(name)
        return "words"

    def __str__(self) -> str:
        return "words"


def _seconds(work: Callable[[], None], rounds: int) -> float:
    began = time.process_time()
    for _ in range(rounds):
        work()
    return time.process_time() - began
