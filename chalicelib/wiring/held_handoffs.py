"""What lists and releases handoffs, on the stores of a world."""

from typing import TYPE_CHECKING

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

    return Releasing(
        handoffs=world.handoffs,
        lead=world.leads.read,
        routing=lambda: world.documents.get("routing"),
        runtime=world.runtime,
    )
