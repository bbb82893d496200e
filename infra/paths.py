"""Where things lie in a checkout. Everything that is made, and can be thrown away, lies under `.local/`."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCAL = ROOT / ".local"


def write_private(path: Path, text: str) -> None:
    """Writes `text` to `path`, readable by its owner only, and never half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(path.name + ".new")
    draft.unlink(missing_ok=True)
    draft.touch(mode=0o600)
    draft.write_text(text)
    draft.replace(path)
