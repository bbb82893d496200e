"""Build what is deployed, the template and the zip, with Chalice.

Chalice packages a clean copy of the source, so that no cache file of this machine gets into the
zip. It takes dependencies from a wheelhouse, so that a change of the code is packaged offline.
Nothing is done when nothing has changed: the digest of all inputs names the package.
"""

from __future__ import annotations

import compileall
import fcntl
import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from py_compile import PycInvalidationMode
from typing import Any

import yaml

from infra.paths import MADE, ROOT

HOME = MADE / "package"
WHEELHOUSE = MADE / "wheelhouse"
CHALICE_STAGE = "every"
"""The one stage in .chalice/config.json. Baton's environments share one package: the environment is
a parameter of the template.
"""
LAMBDA_PLATFORM = "manylinux2014_x86_64"
ZIPS_KEPT = 2  # in Chalice's own cache


class PackageError(Exception):
    """Chalice or pip could not build the package. The message is what they printed."""


@dataclass(frozen=True)
class Package:
    """One packaged state of the source."""

    digest: str
    """The SHA-256 of all inputs, in hex."""
    template: dict[str, Any]
    zip_path: Path


def package() -> Package:
    """Return the package of the source as it is now; build it if there is none yet.

    Raise PackageError.
    """
    HOME.mkdir(parents=True, exist_ok=True)
    with _alone():
        digest = _digest([*_inputs(), Path("infra/package.py")])
        if not _is_made(digest):
            _make(digest)
        return Package(
            digest, json.loads(_template_path().read_text()), HOME / "out" / "deployment.zip"
        )


def _make(digest: str) -> None:
    """Build the package. Write the digest last, so that an interrupted run leaves none."""
    _digest_path().unlink(missing_ok=True)
    wheels = _fill_wheelhouse()
    source = _copy_source()
    _run_chalice(source, wheels)
    _add_byte_code(HOME / "out" / "deployment.zip")
    _prune(source / ".chalice" / "deployments")
    template = yaml.safe_load((HOME / "out" / "sam.yaml").read_text())
    # JSON, because Chalice writes YAML aliases, which CloudFormation refuses.
    _write_if_changed(_template_path(), json.dumps(template, indent=1) + "\n")
    _digest_path().write_text(digest)


def _write_if_changed(path: Path, text: str) -> None:
    """Write a file, unless it says that already: what is made of it need not be made again."""
    if not path.exists() or path.read_text() != text:
        path.write_text(text)


def _is_made(digest: str) -> bool:
    made = _digest_path()
    return (
        made.exists() and made.read_text() == digest and (HOME / "out" / "deployment.zip").exists()
    )


def _digest_path() -> Path:
    return HOME / "digest"


def _template_path() -> Path:
    return HOME / "template.json"


@contextmanager
def _alone() -> Iterator[None]:
    """Hold a lock, so that two commands of one checkout take turns."""
    with (HOME / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _code() -> list[Path]:
    """Return the files of the app, relative to the root, in order."""
    files = [
        path
        for path in (ROOT / "chalicelib").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    ]
    return [Path("app.py"), *sorted(path.relative_to(ROOT) for path in files)]


def _inputs() -> list[Path]:
    """Return every file that decides what the package holds, relative to the root."""
    policies = sorted(path.relative_to(ROOT) for path in (ROOT / ".chalice").glob("*.json"))
    return [*_code(), *policies, Path("requirements.txt"), Path("infra/resources.yaml")]


def _digest(paths: list[Path]) -> str:
    digest = hashlib.sha256(platform.python_version().encode())
    for path in paths:
        content = hashlib.sha256((ROOT / path).read_bytes()).hexdigest()
        digest.update(f"{path} {content}\n".encode())
    return digest.hexdigest()


def _copy_source() -> Path:
    """Copy what Chalice needs, and return the folder.

    Chalice's own cache of zips stays in it: a changed policy needs no new zip.
    """
    source = HOME / "source"
    source.mkdir(exist_ok=True)
    for old in [source / "app.py", source / "chalicelib"]:
        shutil.rmtree(old) if old.is_dir() else old.unlink(missing_ok=True)
    for path in _inputs():
        (source / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / path, source / path)
    return source


def _fill_wheelhouse() -> Path:
    """Return a folder with the wheels of requirements.txt, downloaded once, with checked hashes."""
    wheels = WHEELHOUSE / _digest([Path("requirements.txt")])[:16]
    stamp = wheels / ".complete"
    if not stamp.exists():
        shutil.rmtree(WHEELHOUSE, ignore_errors=True)
        download = [
            "-m",
            "pip",
            "download",
            "-qq",
            "--require-hashes",
            "-r",
            "requirements.txt",
            "-d",
            str(wheels),
        ]
        for_lambda = ["--only-binary=:all:", "--platform", LAMBDA_PLATFORM]
        _run([sys.executable, *download, *for_lambda], ROOT, dict(os.environ))
        stamp.touch()
    return wheels


def _run_chalice(source: Path, wheels: Path) -> None:
    chalice = str(Path(sys.executable).with_name("chalice"))
    as_yaml = [
        "--template-format",
        "yaml",
        "--merge-template",
        str(source / "infra" / "resources.yaml"),
    ]
    shutil.rmtree(HOME / "out", ignore_errors=True)
    said = _run(
        [chalice, "package", "--stage", CHALICE_STAGE, *as_yaml, str(HOME / "out")],
        source,
        _chalice_environment(wheels),
    )
    if "Could not install" in said:  # Chalice carries on without the package and exits with 0
        raise PackageError(said)


def _add_byte_code(zip_path: Path) -> None:
    """Add compiled modules to the zip.

    A function's folder on Lambda is read-only, so without them every cold start compiles all
    modules. They are marked as unchecked, because the modification times of unpacked sources mean
    nothing.
    """
    with tempfile.TemporaryDirectory() as folder:
        shutil.unpack_archive(zip_path, folder)
        compileall.compile_dir(
            folder,
            quiet=2,
            workers=0,
            stripdir=folder,
            invalidation_mode=PycInvalidationMode.UNCHECKED_HASH,
        )
        with zipfile.ZipFile(zip_path, "a", zipfile.ZIP_DEFLATED) as archive:
            for path in sorted(Path(folder).rglob("*.pyc")):
                archive.write(path, path.relative_to(folder))


def _chalice_environment(wheels: Path) -> dict[str, str]:
    """Return an environment for Chalice without a package index, credentials or cache files.

    Chalice asks for a region, but does not use it.
    """
    kept = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith(("AWS_", "PIP_", "PYTHON"))
    }
    return kept | {
        "AWS_DEFAULT_REGION": "us-east-1",
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_FIND_LINKS": str(wheels),
        "PIP_NO_INDEX": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def _run(command: list[str], directory: Path, environment: dict[str, str]) -> str:
    """Run a command and return all of its output. Raise PackageError with it on failure."""
    done = subprocess.run(
        command, cwd=directory, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise PackageError(f"{Path(command[0]).name} failed:\n{done.stdout}{done.stderr}")
    return done.stdout + done.stderr


def _prune(deployments: Path) -> None:
    """Delete all but the newest zips that Chalice has kept: each has some 20 MB."""
    by_age = sorted(deployments.glob("*.zip"), key=lambda path: path.stat().st_mtime)
    for old in by_age[:-ZIPS_KEPT]:
        old.unlink()


if __name__ == "__main__":
    print(package().digest)
