"""Where things lie in a checkout. Everything that is made, and can be thrown away, lies under
`.local/`.

BATON_HOME names another folder for a running stack and its data: the tests have one of their own,
so that they neither see nor touch the one that a person runs. What is packaged is shared.
"""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MADE = ROOT / ".local"
LOCAL = ROOT / os.environ.get("BATON_HOME", ".local")


def write_private(path: Path, text: str) -> None:
    """Writes `text` to `path`, readable by its owner only, and never half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(path.name + ".new")
    draft.unlink(missing_ok=True)
    draft.touch(mode=0o600)
    draft.write_text(text)
    draft.replace(path)
