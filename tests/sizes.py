"""How much the tests try: the one place that says the numbers, for `make test` and `make nightly`.

Whatever is drawn is drawn from one seed. It is a new one in each run, stands in the header and the
summary of the run, and repeats it: `make test SEED=123456`.
"""

import os
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

SEED_VARIABLE = "BATON_SEED"
NIGHTLY_VARIABLE = "BATON_NIGHTLY"

One = TypeVar("One")


@dataclass(frozen=True)
class Sizes:
    """How much is tried of each kind."""

    name: str  #: of the make target
    cases: int  #: of each property, in tests/properties and with hypothesis elsewhere
    input_cases: int  #: of a property of one way in, as it stands behind HTTP
    api_cases: int  #: of a property whose every case goes over HTTP
    runs: int  #: of the stepper, with everything shuffled, repeated and busy
    races: int  #: of an unsubscribe against everything else
    deals: int  #: races of ten leads that are dealt at one moment
    erasures: int  #: against everything else, each with its repeats
    lives: int  #: of a lead that is read again as of each of its days
    clicks: int  #: of machines and of people, each that an email's links are judged by
    sorts: int  #: of leads for which the next steps are tried out
    kill_every: int  #: one port call in so many is killed, besides the first of each kind
    flooded_requests: int  #: of people who ask for a demo within ten minutes
    swept_leads: int  #: in the publish that is killed in the middle
    demo_every: int  #: one quarter of an hour in so many begins a demo
    published_leads: int  #: that a publish on the stack moves; in hundreds
    big_engines: tuple[str, ...]  #: that see tables of many items; moto takes its time over them
    asks_preflight: bool  #: whether the deploys of docs/how-to/deploy.md ask cdk-preflight
    every_architecture: bool  #: whether the zip of another architecture than ours is built


TEST = Sizes(
    name="test",
    cases=200,
    input_cases=50,
    api_cases=20,
    runs=30,
    races=100,
    deals=10,
    erasures=40,
    lives=12,
    clicks=84,
    sorts=24,
    kill_every=10,
    flooded_requests=200,
    swept_leads=10_000,
    demo_every=5,
    published_leads=100,
    big_engines=("memory", "emulator", "dynamodb-local"),
    asks_preflight=False,
    every_architecture=False,
)
NIGHTLY = Sizes(
    name="nightly",
    cases=1_000,
    input_cases=1_000,
    api_cases=100,
    runs=600,
    races=1_000,
    deals=100,
    erasures=1_000,
    lives=100,
    clicks=836,
    sorts=200,
    kill_every=1,
    flooded_requests=2_000,
    swept_leads=100_000,
    demo_every=1,
    published_leads=1_000,
    big_engines=("memory", "moto", "emulator", "dynamodb-local"),
    asks_preflight=True,
    every_architecture=True,
)
SIZES = NIGHTLY if os.environ.get(NIGHTLY_VARIABLE) else TEST
# Written back, so that the workers of a parallel run inherit it.
SEED = int(os.environ.setdefault(SEED_VARIABLE, str(secrets.randbelow(1_000_000))))


def seeds(number: int) -> range:
    """Return so many seeds of this run, for tests that draw by themselves."""
    return range(SEED * 1_000, SEED * 1_000 + number)


def rotating(ones: Sequence[One], every: int, seed: int = SEED) -> list[One]:
    """Return one in so many: which, the seed decides."""
    return list(ones[seed % every :: every])
