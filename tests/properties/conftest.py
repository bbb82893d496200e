"""Each property tells how many cases it held for."""

from collections.abc import Generator

import pytest

from tests.properties import laws


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Generator[None, object, object]:
    """Count the cases of a property, for the summary of the run."""
    before = laws.ran[0]
    result = yield
    if cases := laws.ran[0] - before:
        pyfuncitem.user_properties.append(("cases", cases))
    return result
