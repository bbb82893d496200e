"""How a property is stated: for what it holds, and how many cases are tried."""

import os
from collections.abc import Callable
from functools import wraps
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis.strategies import SearchStrategy

CASES = 1_000 if os.environ.get("CI") else 100

ran: list[int] = [0]  # how many cases were tried; conftest.py tells it


def holds_for(
    *strategies: SearchStrategy[Any], cases: int = CASES
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """The property holds for whatever is drawn: a hundred cases, in CI a thousand, the same ones in
    every run.
    """

    def decorate(law: Callable[..., None]) -> Callable[..., None]:
        @wraps(law)
        def counted(**drawn: Any) -> None:
            ran[0] += 1
            law(**drawn)

        # What is slow or large here is so on purpose, and machines differ.
        slow = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example]
        careful = settings(
            max_examples=cases,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=slow,
        )
        return careful(given(*strategies)(counted))

    return decorate
