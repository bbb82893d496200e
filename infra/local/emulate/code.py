"""Lambda: what a function's zip is unpacked into."""

import shutil
import tempfile
import threading
import types
import zipfile
from hashlib import sha256
from pathlib import Path
from typing import Any

from ministack.core import lambda_runtime

UNPACKED = "unpacked"  # the folder, beside those of the workers
WORKERS_CODE = "ministack-lambda-*/code"


def mend() -> None:
    """Apply the mends of this file."""
    unpack_each_zip_once()


def unpack_each_zip_once() -> None:
    """Let all workers of one zip share its files, and with them what Python has compiled of them.

    On AWS a function cannot write to its code, so it cannot tell the difference. ministack unpacks
    the zip anew for each worker that it starts, and each of them compiles 40 MB of sources anew.
    """
    shared = types.ModuleType(zipfile.__name__)
    vars(shared).update(vars(zipfile), ZipFile=SharedZip)
    lambda_runtime.zipfile = shared


class SharedZip(zipfile.ZipFile):
    """A zip that is unpacked once; wherever it is wanted again, a link leads there."""

    _lock = threading.Lock()  # workers start side by side

    def extractall(self, path: Any = None, members: Any = None, pwd: Any = None) -> None:
        """Have the whole zip appear at an empty folder's place."""
        name = sha256(Path(str(self.filename)).read_bytes()).hexdigest()
        folder = Path(tempfile.gettempdir()) / UNPACKED / name
        with self._lock:
            if not folder.exists():
                _drop_unused(folder.parent)
                part = folder.with_suffix(".part")  # a worker must never see half of it
                super().extractall(part, members, pwd)
                part.rename(folder)
            Path(path).rmdir()
            Path(path).symlink_to(folder)


def _drop_unused(folder: Path) -> None:
    """Delete what no worker has any more: each change of the code brings another zip."""
    used = {link.readlink() for link in folder.parent.glob(WORKERS_CODE) if link.is_symlink()}
    for one in folder.glob("*"):
        if one not in used:
            shutil.rmtree(one, ignore_errors=True)
