"""No request costs much more than an honest one of its kind, whatever was sent before."""

from bench import hostile, table
from bench.hostile import RATIO


def test_a_hostile_request_costs_at_most_ten_honest_ones() -> None:
    """In read and in write units. Processor time is the bench's alone."""
    found = hostile.measure(rounds=1)
    assert set(found) == {"form", "batch", "ping", "identify", "pixel", "unsubscribe"}
    dear = {
        f"{kind}: {name}": one[unit]
        for kind, cases in found.items()
        for name, one in cases.items()
        for unit in ("read", "write")
        if isinstance(one, dict) and one[unit] > RATIO * max(1, cases["honest"][unit])
    }
    assert dear == {}
    assert "unsubscribe" in table.render({"hostile": found})


def test_a_hostile_request_has_eight_kilobytes() -> None:
    baton = hostile.fresh()
    every = {name: one for cases in hostile.HOSTILE.values() for name, one in cases.items()}
    sent = {name: request(baton) for name, request in every.items()}
    sizes = {name: len((one.path + one.body).encode()) for name, one in sent.items()}
    assert max(sizes.values()) <= 1.2 * hostile.HOSTILE_BYTES
    assert sizes["identifies of a hundred people"] > hostile.HOSTILE_BYTES * 0.9
