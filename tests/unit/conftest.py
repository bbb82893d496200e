"""Settings of the property tests: no deadlines, because machines differ; the same examples in every
run.
"""

from hypothesis import HealthCheck, settings

settings.register_profile(
    "baton",
    deadline=None,
    derandomize=True,
    database=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("baton")
