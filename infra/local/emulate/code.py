"""Lambda: what a function's workers are started from, and how many there are."""

import atexit
import shutil
import tempfile
import threading
import types
import zipfile
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from ministack.core import lambda_runtime
from ministack.services import lambda_svc

WORKERS_MAX = 4  # of one function
LOOK_SECONDS = 1  # of a call that nobody woke
WORKERS_CODE = "ministack-lambda-*/code"


def mend() -> None:
    """Apply the mends of this file."""
    unpack_each_zip_once()
    let_calls_wait_for_workers()


def let_calls_wait_for_workers() -> None:
    """Have calls wait for one of a few workers.

    AWS gives each call at once an environment of its own. ministack starts a process for each:
    fifty starts on two cores take longer than the function's time-out, and nobody is answered. No
    function of ours calls itself, so none waits for its own caller.
    """
    acquire, release = lambda_svc.acquire_worker, lambda_svc.release_worker
    freed = threading.Condition()

    def acquire_one(*call: Any, **more: Any) -> tuple[Any, str]:
        with freed:
            while True:
                worker, how = acquire(*call, **{**more, "max_concurrency": WORKERS_MAX})
                if worker is not None:
                    return worker, how
                freed.wait(LOOK_SECONDS)

    def release_one(worker: Any) -> None:
        release(worker)
        with freed:
            freed.notify_all()

    lambda_svc.acquire_worker = acquire_one
    lambda_svc.release_worker = release_one


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

    # Workers start side by side. `_lock` is what each zip has of its own.
    _unpacking = threading.Lock()

    def extractall(self, path: Any = None, members: Any = None, pwd: Any = None) -> None:
        """Have the whole zip appear at an empty folder's place."""
        name = sha256(Path(str(self.filename)).read_bytes()).hexdigest()
        with self._unpacking:
            folder = _unpacked() / name
            if not folder.exists():
                _drop_unused(folder.parent)
                part = folder.with_suffix(".part")  # a worker must never see half of it
                super().extractall(part, members, pwd)
                part.rename(folder)
            Path(path).rmdir()
            Path(path).symlink_to(folder)


@cache
def _unpacked() -> Path:
    """Return a folder of this process alone: two emulators may share the one above it."""
    folder = Path(tempfile.mkdtemp(prefix="ministack-unpacked-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def _drop_unused(folder: Path) -> None:
    """Delete what no worker has any more: each change of the code brings another zip."""
    used = {link.readlink() for link in folder.parent.glob(WORKERS_CODE) if link.is_symlink()}
    for one in folder.glob("*"):
        if one not in used:
            shutil.rmtree(one, ignore_errors=True)
