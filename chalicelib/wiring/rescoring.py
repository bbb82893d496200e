"""What the stream and the clock bring leads to: Qualify, unless rescoring is turned off."""

from typing import TYPE_CHECKING

from chalicelib.switches import Switch

if TYPE_CHECKING:
    from chalicelib.postponing import Postponed
    from chalicelib.qualify.qualify import Qualify
    from chalicelib.wiring.world import World


def rescorer(world: "World") -> "Qualify | Postponed":
    """Return what takes events, reviews and replays now (ADR 0039)."""
    off = world.switchboard.off(Switch.RESCORING)
    if off is None:
        return world.qualify
    from chalicelib.postponing import Postponed

    return Postponed(off=off, leads=world.leads, runtime=world.runtime)
