"""The benchmarks: what Baton costs in time, capacity units and money.

Every timing stands beside its floor, measured alternately in the same run, so that a busy machine
slows down both alike. The benchmarks measure the production code as it is and change none of it.
"""

from __future__ import annotations


class BenchError(Exception):
    """Something could not be measured. The message says why, and what to do."""
