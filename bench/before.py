"""This tree beside the last commit before models could say what published ones say (ADR 0054).

Each tree works in a process of its own, on the old commit's default model: it matches and counts
events, scores leads with reasons, and judges a draft over stored leads. The two take turns in one
run, and must come to the same results. A small model for each operator of before shows whether the
operators that it does not use cost it anything.
"""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from bench import BenchError
from bench.pairs import by_turns, compare
from infra.paths import MADE, ROOT

COMMIT = "0d0e603"  # tiers, windows, silence, word lists and the like all came after it
HOME = MADE / "bench" / "before"
CHILD = Path(__file__).with_name("child_before.py")
ROUNDS = 16
"""In each, each tree does each kind of work twice. A round goes through all kinds, so that what
slows the machine for a second slows a few pairs of each.
"""
LEAST = {"matching": 1.3, "score": 1.3, "what-if": 1.3}
"""How many times as fast as before each kind of work is, at least."""
UNUSED_MOST = 1.03
"""How many times as long as before a model takes that uses one operator, at most."""


def measure(commit: str = COMMIT, home: Path = HOME) -> dict[str, Any]:
    """Return how many times as fast as before this tree is, each beside its floor.

    commit: what was before; home: where it is unpacked. Raise BenchError where the old commit is
    not there, as in a shallow clone, and where the two trees come to different results.
    """
    old = _unpacked(commit, home)
    with _worker(old, old) as before, _worker(ROOT, old) as now:
        for name in (*LEAST, *now.small):
            if before.result(name) != now.result(name):
                raise BenchError(f"{name}: this tree and {commit} come to different results")
        times = _times(before, now, [*LEAST])
        unused = _times(before, now, now.small)
    return {
        "commit": commit,
        "faster": {
            name: {**one, "floor": LEAST[name], "met": one["ratio"] >= LEAST[name]}
            for name, one in times.items()
        },
        "unused": {
            name: {"takes": round(1 / one["ratio"], 3), "met": 1 / one["ratio"] <= UNUSED_MOST}
            for name, one in unused.items()
        },
        "unused_most": UNUSED_MOST,
    }


class _Worker:
    """A process that does a piece of work each time that it is asked."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.small: Sequence[str] = json.loads(self._line())
        """The names of the models that use one operator each."""

    def rate(self, name: str) -> float:
        """Have a piece of work done. Return how many things a second it does."""
        return float(json.loads(self._ask(name)))

    def result(self, name: str) -> str:
        """Return a digest of what a piece of work comes to."""
        return self._ask(name + "?")

    def _ask(self, line: str) -> str:
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()
        return self._line()

    def _line(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise BenchError("a tree could not do the work; what it said stands above")
        return line


@contextmanager
def _worker(tree: Path, old: Path) -> Iterator[_Worker]:
    """Start a process that works with a tree's code, and end it. old: the old commit's tree."""
    arguments = [sys.executable, str(CHILD), str(tree), str(old)]
    with subprocess.Popen(
        arguments, cwd=tree, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield _Worker(process)
        finally:
            process.terminate()


def _times(before: _Worker, now: _Worker, names: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Return the rates of each kind of work, now and before, and their ratio."""
    pairs: dict[str, list[tuple[float, float]]] = {name: [] for name in names}
    for _ in range(ROUNDS):
        for name, measured in pairs.items():
            measured += by_turns(2, partial(now.rate, name), partial(before.rate, name))
    found = {name: compare(measured) for name, measured in pairs.items()}
    return {
        name: {
            "per_s": round(one.value),
            "before_per_s": round(one.floor),
            "ratio": round(one.ratio, 3),
            "pairs": one.pairs,
        }
        for name, one in found.items()
    }


def _unpacked(commit: str, home: Path) -> Path:
    """Return the folder of an old tree, unpacked once. Raise BenchError when it is not there."""
    folder = home / commit
    if folder.exists():
        return folder
    done = subprocess.run(["git", "archive", commit], cwd=ROOT, capture_output=True, check=False)
    if done.returncode:
        raise BenchError(
            f"the commit {commit} is not there to compare with: in a shallow clone,"
            " `git fetch --unshallow` brings it"
        )
    draft = folder.with_suffix(".new")
    shutil.rmtree(draft, ignore_errors=True)
    with tarfile.open(fileobj=io.BytesIO(done.stdout)) as archive:
        archive.extractall(draft, filter="data")
    draft.rename(folder)
    return folder
