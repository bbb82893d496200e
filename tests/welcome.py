"""A sequence of one email, which leaves at once when a lead becomes an MQL: most tests of sending
begin with it.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from infra.defaults import read_yaml

ID = "welcome"
WELCOME: Mapping[tuple[str, str], Mapping[str, Any]] = {
    ("email", ID): read_yaml(Path(__file__).parent / "data" / "welcome.yaml"),
    ("sequence", ID): {
        "id": ID,
        "title": "Welcome",
        "enter": {"stage": "mql"},
        "steps": [{"id": "1", "wait": "0d", "email": ID}],
    },
}
"""Its documents by kind and id."""
