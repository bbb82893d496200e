"""What lists and releases handoffs, on the stores of a world."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from chalicelib.handoff.listing import HandoffList
    from chalicelib.handoff.releasing import Releasing
    from chalicelib.wiring.world import World


def handoff_list(world: "World") -> "HandoffList":
    """Return what lists handoffs by their state."""
    from chalicelib.handoff.listing import HandoffList

    return HandoffList(world.handoffs)


def releasing(world: "World") -> "Releasing":
    """Return what releases held handoffs."""
    from chalicelib.handoff.releasing import Releasing
    from chalicelib.wiring.handoff_work import desk_of

    return Releasing(
        handoffs=world.handoffs,
        lead=world.leads.read,
        desk=lambda now: desk_of(world, now),
        runtime=world.runtime,
    )


def request_figures(world: "World", first: str | None, last: str | None) -> dict[str, Any]:
    """Return how many requests there were in some days, and what became of them.

    first, last: days, of the company's time zone; None: the last thirty. Raise InputError.
    """
    from chalicelib.days import day_of, end_of, start_of
    from chalicelib.handoff.figures import parse_days, shape_figures
    from chalicelib.store.request_counts import RequestCountItems

    zone = world.models.active().zone
    days = parse_days(first, last, day_of(world.ports.now(), zone))
    asked = RequestCountItems(world.ports.table)
    waiting = asked.waiting(start_of(days[0], zone), end_of(days[1], zone))
    return shape_figures(*days, asked.counted, [day_of(at, zone) for at in waiting])
