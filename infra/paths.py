"""Where things are in a checkout. All that is built, and can be thrown away, is in `.local/`.

BATON_HOME names another folder for a running stack and its data. The tests have one of their own,
so that they neither see nor touch the stack that a person runs. The package is shared.
"""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MADE = ROOT / ".local"
LOCAL = ROOT / os.environ.get("BATON_HOME", ".local")


def make_private(folder: Path) -> None:
    """Make a folder that only its owner can enter, also of one that is there already.

    The local stack's data and logs name everybody who was ever written to.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)


def write_private(path: Path, text: str) -> None:
    """Write a text to a file that only its owner can read, in such a folder.

    A reader never sees half of it.
    """
    make_private(path.parent)
    draft = path.with_name(path.name + ".new")
    draft.unlink(missing_ok=True)
    draft.touch(mode=0o600)
    draft.write_text(text)
    draft.replace(path)
