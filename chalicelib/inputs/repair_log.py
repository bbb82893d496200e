"""How often each kind of repair happened, in the log. Apart from the readers: scoring is pure."""

from collections import Counter
from collections.abc import Iterable

from chalicelib.errors import FieldError
from chalicelib.inputs.repairs import Warned
from chalicelib.telemetry import log


def count_repairs(warnings: Iterable[FieldError]) -> None:
    """Write one line for each kind of repair, without the values."""
    kinds = Counter(one.repair for one in warnings if isinstance(one, Warned))
    for kind, count in kinds.items():
        log("repaired", count=count, kind=kind)
