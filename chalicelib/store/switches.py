"""The store of switches: one small item each."""

from collections.abc import Mapping

from chalicelib.store import keys
from chalicelib.store.attributes import milliseconds, time_in
from chalicelib.store.table import Item, Put, Table
from chalicelib.switches import Switch, SwitchState


class Switches:
    """Reads and replaces switches."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def states(self) -> Mapping[Switch, SwitchState]:
        """Return how each switch stands now, also those that were never turned.

        Leave out those of a later version that was rolled back.
        """
        known = set(Switch)
        found = [
            _state_of(item) for item in self._table.query(keys.SWITCHES) if item["sk"] in known
        ]
        never = {switch: SwitchState(switch=switch) for switch in Switch}
        return {**never, **{one.switch: one for one in found}}

    def save(self, states: Mapping[Switch, SwitchState]) -> None:
        """Replace these states, all or none. Raise ConflictError when another was first."""
        self._table.write(
            *(Put(_item(one), {"version": one.version - 1 or None}) for one in states.values())
        )


def _item(state: SwitchState) -> Item:
    item: Item = {
        "pk": keys.SWITCHES,
        "sk": state.switch.value,
        "schema": keys.SCHEMA,
        "is_on": state.is_on,
        "reason": state.reason,
        "author": state.author,
        "version": state.version,
    }
    at_ms = milliseconds(state.at)
    return item if at_ms is None else {**item, "at_ms": at_ms}


def _state_of(item: Item) -> SwitchState:
    return SwitchState(
        switch=Switch(str(item["sk"])),
        is_on=bool(item["is_on"]),
        reason=str(item["reason"]),
        author=str(item["author"]),
        at=time_in(item, "at_ms"),
        version=int(item["version"]),
    )
