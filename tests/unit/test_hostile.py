"""No request costs much more than an honest one of its kind, whatever was sent before."""

from bench import hostile, table
from bench.hostile import RATIO


def test_a_hostile_request_costs_at_most_ten_honest_ones() -> None:
    """Processor, read units and write units, each beside those of the honest request."""
    found = hostile.measure(rounds=2)
    assert set(found) == {"form", "batch", "ping", "identify", "pixel", "unsubscribe"}
    dear = {
        f"{kind}: {name}": one["ratio"]
        for kind, cases in found.items()
        for name, one in cases.items()
        if isinstance(one, dict) and one.get("ratio", 0) > RATIO
    }
    assert dear == {}
    assert "MISSED" not in table.render({"hostile": found})


def test_a_hostile_request_has_eight_kilobytes() -> None:
    baton = hostile.fresh()
    every = {name: one for cases in hostile.HOSTILE.values() for name, one in cases.items()}
    sent = {name: request(baton) for name, request in every.items()}
    sizes = {name: len((one.path + one.body).encode()) for name, one in sent.items()}
    assert max(sizes.values()) <= 1.2 * hostile.HOSTILE_BYTES
    assert sizes["identifies of a hundred people"] > hostile.HOSTILE_BYTES * 0.9
