"""Settings of the property tests: no deadlines, for machines differ; tests/sizes.py has the
numbers.
"""

from hypothesis import HealthCheck, settings

from tests.sizes import SIZES

settings.register_profile(
    "baton",
    deadline=None,
    max_examples=SIZES.cases,
    database=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("baton")
