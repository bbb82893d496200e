"""What a smaller run leaves out comes in other runs, and nothing is left out at night."""

from dataclasses import asdict

import pytest

from tests.sizes import NIGHTLY, SEED, TEST, rotating, seeds
from tests.stepper import Call, kills

KINDS = [Call(worker, port) for worker in ("EVENT", "clock") for port in ("get", "write")]
CALLS = KINDS * 20


@pytest.mark.parametrize("seed", range(12))
def test_each_kind_of_port_call_is_killed(seed: int) -> None:
    killed = kills(CALLS, TEST.kill_every, seed)
    assert {CALLS[number] for number in killed} == set(KINDS)
    assert len(killed) < len(CALLS) / 2


def test_at_night_every_port_call_is_killed() -> None:
    assert kills(CALLS, NIGHTLY.kill_every) == list(range(len(CALLS)))


def test_every_part_has_its_turn() -> None:
    turns = [rotating(range(95), 10, seed) for seed in range(10)]
    assert sorted(one for turn in turns for one in turn) == list(range(95))


def test_runs_share_no_seed() -> None:
    assert seeds(3)[0] == SEED * 1_000
    assert max(NIGHTLY.runs, NIGHTLY.lives, NIGHTLY.sorts) <= 1_000


def test_the_night_tries_more_of_everything() -> None:
    by_day = asdict(TEST)
    at_night = asdict(NIGHTLY)
    every = {"kill_every", "demo_every"}
    assert {at_night[name] for name in every} == {1}
    for name in by_day.keys() - {"name", "big_engines"} - every:
        assert at_night[name] > by_day[name], name
    assert set(NIGHTLY.big_engines) > set(TEST.big_engines)
