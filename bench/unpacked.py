"""The packaged zip, unpacked as on Lambda, and processes that run on it.

The interpreter starts without site-packages and writes no byte code. A function's folder on Lambda
is read-only, so what is not compiled in the zip is compiled at every cold start.
"""

from __future__ import annotations

import compileall
import json
import py_compile
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bench import BenchError
from infra.package import own_architecture, package
from infra.paths import MADE

HOME = MADE / "bench" / "unpacked"
CHILD = Path(__file__).with_name("child.py")


def unpack() -> Path:
    """Package the source as it is now, unpack it, and return the folder."""
    made = package(own_architecture())
    folder = HOME / made.digest[:16]
    if not folder.exists():
        shutil.rmtree(HOME, ignore_errors=True)
        with zipfile.ZipFile(made.zip_path) as archive:
            archive.extractall(folder.with_suffix(".new"))
        folder.with_suffix(".new").rename(folder)
    return folder


def compiled(folder: Path) -> Path:
    """Return a copy of a folder with its byte code."""
    copy = folder.with_name(folder.name + "-compiled")
    if not copy.exists():
        draft = copy.with_suffix(".new")
        shutil.rmtree(draft, ignore_errors=True)
        shutil.copytree(folder, draft)
        # Unchecked, because the modification times in a zip are not those of the source.
        mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
        compileall.compile_dir(draft, quiet=2, invalidation_mode=mode)
        draft.rename(copy)
    return copy


def environment(endpoint_url: str) -> dict[str, str]:
    """Return the environment of a function, with one endpoint for every service."""
    return {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_CONFIG_FILE": "/dev/null",
        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": endpoint_url,
        "BATON_ENVIRONMENT": "dev",
        "BATON_TABLE": "baton",
        "BATON_IDENTITY_SECRET": "identity",
        "BATON_LINK_SECRET": "link",
        "BATON_ADMIN_SECRET": "admin",
        "BATON_HANDOFF_TOPIC": "arn:aws:sns:us-east-1:123456789012:baton-handoff",
        "BATON_SENDER": "hello@baton.example",
        "BATON_CONFIGURATION_SET": "baton",
        "LANG": "C.UTF-8",
        "NO_PROXY": "127.0.0.1",
        "TZ": "UTC",
    }


def run(
    program: Path,
    arguments: list[str],
    event: Any,
    endpoint_url: str,
    options: tuple[str, ...] = (),
) -> tuple[Mapping[str, Any], str]:
    """Run a program on the unpacked source. Return the JSON of its last line, and its stderr.

    Raise BenchError with its output when it fails.
    """
    interpreter = getattr(sys, "_base_executable", sys.executable)
    done = subprocess.run(
        [interpreter, "-I", "-S", "-B", *options, str(program), *arguments],
        input=json.dumps(event),
        env=environment(endpoint_url),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise BenchError(
            f"{program.name} {arguments[-1]} failed:\n{done.stdout}{done.stderr[-2000:]}"
        )
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found, done.stderr
