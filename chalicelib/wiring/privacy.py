"""What shows and erases what is held on a person, each part built when it is first needed."""

from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chalicelib.privacy.erasure import Erasures
    from chalicelib.privacy.export import Export
    from chalicelib.store.erasing import Erasing
    from chalicelib.wiring.world import World


class Privacy:
    """The use cases of one person's request, on the stores of a world."""

    def __init__(self, world: "World") -> None:
        self._world = world

    @cached_property
    def erasures(self) -> "Erasures":
        """Takes requests to erase a person."""
        from chalicelib.privacy.erasure import Erasures

        return Erasures(
            read_lead=self._world.leads.read,
            store=self.store,
            jobs=self._world.job_store,
            runtime=self._world.runtime,
        )

    @cached_property
    def export(self) -> "Export":
        """Shows everything that is held on a person."""
        from chalicelib.privacy.export import Export
        from chalicelib.store.holdings import Holdings

        return Export(
            read_lead=self._world.leads.read,
            walk=Holdings(self._world.ports.table, self._world.consents.mailbox).walk,
            summary=self._world.reading.lead,
            now=self._world.ports.now,
        )

    @cached_property
    def store(self) -> "Erasing":
        """Deletes what is held."""
        from chalicelib.store.erasing import Erasing

        return Erasing(
            table=self._world.ports.table,
            leads=self._world.leads,
            jobs=self._world.job_store,
            mailbox_of=self._world.mailbox_of,
        )
