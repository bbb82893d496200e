"""The bench: what Baton costs in time, capacity units and money.

Every timing stands beside its floor, measured in the same run by turns, so that a busy machine
slows both alike. It measures the production code as it is and changes nothing of it.
"""

from __future__ import annotations


class BenchError(Exception):
    """A measurement could not be made. The text says why and what to do."""
