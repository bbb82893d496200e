"""How a property is stated: for what it holds, and how many cases are tried."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis.strategies import SearchStrategy

from tests.sizes import SIZES

ran: list[int] = [0]  # how many cases were tried; conftest.py tells it


def holds_for(
    *strategies: SearchStrategy[Any], cases: int = SIZES.cases
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """State that the property holds for whatever is drawn, tried on so many cases."""

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
            database=None,
            print_blob=True,
            suppress_health_check=slow,
        )
        return careful(given(*strategies)(counted))

    return decorate
