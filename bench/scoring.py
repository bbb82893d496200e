"""What scoring does in a second on one core: matching and counting, scores with and without their
reasons, and the search for the next review.

Every rate stands beside that of a fixed loop of plain Python, measured alternately with it, so that
the figures of two machines can be compared: `loops` is how many iterations of the loop one score
takes. Matching stands beside two general rule engines (rivals.py), which evaluate the same rules on
the same events in the same run, and must come to the same counts. A model is compiled again before
each turn, off the clock, and every page is a different one, so no cache is warm. What-if over many
leads is a section of its own (simulate.py).
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from statistics import median
from types import FrameType
from typing import Any

from bench import BenchError, load, paths, rivals
from bench.pairs import by_turns, compare
from chalicelib.leads.decision import next_review
from chalicelib.leads.lead import Lead
from chalicelib.scoring.model import Model
from chalicelib.scoring.score import Score, score, worth
from chalicelib.scoring.tally import Tally, count_events

PAIRS = 9
RIVAL_PAIRS = 3
LOOPS = 200_000
LEADS = 400
REVIEWED = 100
COMPILED = 20
TARGETS = {"ratio": 50, "scores": 6_000, "evaluations": 30}


def measure() -> dict[str, Any]:
    """Return the rates, each with its target."""
    model = load.scoring_model()
    leads = list(load.leads(LEADS))
    scores = _scores(partial(score, model), leads)
    return {
        "calibration": {"per_s": round(median(_calibrate() for _ in range(PAIRS)))},
        "matching": _matching(),
        "score": {
            **scores,
            "target_per_s": TARGETS["scores"],
            "met": scores["per_s"] >= TARGETS["scores"],
        },
        "worth": _scores(partial(worth, model), leads),
        "review": _review(model, leads[:REVIEWED]),
        "compile": _beside_the_loop(lambda: rate(_compile, COMPILED)),
    }


def rate(work: Callable[[], object], number: int) -> float:
    """Return how many things some work does per second of processor time.

    number: how many things it does in all.
    """
    began = time.process_time()
    work()
    return number / (time.process_time() - began)


def evaluations(work: Callable[[], object]) -> int:
    """Return how many scores some work computes, counted from outside the production code."""
    made = 0

    def watch(frame: FrameType, what: str, _: object) -> None:
        nonlocal made
        made += what == "call" and frame.f_code is Score.__init__.__code__

    sys.setprofile(watch)
    try:
        work()
    finally:
        sys.setprofile(None)
    return made


def _calibrate() -> float:
    return rate(_loop, LOOPS)


def _loop() -> int:
    """Do look-ups in a dict, sums and comparisons, as scoring does."""
    table = {number: number for number in range(100)}
    total = 0
    for number in range(LOOPS):
        total += table[number % 100] * 2 if number > 0 else 0
    return total


def _compile() -> None:
    for _ in range(COMPILED):
        load.scoring_model()


def _matching() -> dict[str, Any]:
    """Return Baton's events per second beside those of each rival."""
    events = paths.events()
    signals = list(paths.model().signals.values())
    facts = [rivals.facts_of(event, signals) for event in events]
    expected = count_events(paths.model(), Tally(), events).days

    def baton() -> float:
        model = paths.model()
        return rate(lambda: count_events(model, Tally(), events), len(events))

    found = {}
    for name, prepare in rivals.RIVALS.items():
        counted = prepare(signals)
        if counted(facts) != expected:
            raise BenchError(f"{name} and Baton count differently")
        found[name] = compare(
            by_turns(RIVAL_PAIRS, baton, partial(rate, partial(counted, facts), len(facts)))
        )
    return {
        "per_s": round(max(one.value for one in found.values())),
        "events": len(events),
        "rivals": {
            name: {"per_s": round(one.floor), "ratio": round(one.ratio, 1)}
            for name, one in found.items()
        },
        "target_ratio": TARGETS["ratio"],
        "met": min(one.ratio for one in found.values()) >= TARGETS["ratio"],
    }


def _scores(one: Callable[..., Score], leads: Sequence[Lead]) -> dict[str, Any]:
    """Return the scores per second of leads with a hundred day cells."""

    def work() -> None:
        for lead in leads:
            one(lead.evidence, load.TODAY)

    return _beside_the_loop(lambda: rate(work, len(leads)))


def _review(model: Model, leads: Sequence[Lead]) -> dict[str, Any]:
    """Return how many scores it takes to find the next review of a lead.

    Most of these leads stay where they are, which is the most expensive case.
    """
    most = max(evaluations(partial(next_review, model, lead, load.TODAY)) for lead in leads)

    def work() -> None:
        for lead in leads:
            next_review(model, lead, load.TODAY)

    found = _beside_the_loop(lambda: rate(work, len(leads)))
    return {
        **found,
        "evaluations": most,
        "target": TARGETS["evaluations"],
        "met": most <= TARGETS["evaluations"],
    }


def _beside_the_loop(measured: Callable[[], float]) -> dict[str, Any]:
    found = compare(by_turns(PAIRS, measured, _calibrate))
    return {"per_s": round(found.value), "loops": round(1 / found.ratio), "pairs": found.pairs}
