"""One JSON line per decision: ids and reasons, never an address, a name, a phone number or a body."""

import json
import sys


def log(event: str, **values: object) -> None:
    """Write one line: what was decided, with ids, counts and reasons. None is left out."""
    line = {"event": event} | {name: value for name, value in values.items() if value is not None}
    sys.stdout.write(json.dumps(line, default=str) + "\n")
