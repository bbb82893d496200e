"""Build what is deployed, the template and the zip, with Chalice.

Chalice packages a clean copy of the source, so that no cache file of this machine gets into the
zip. It takes dependencies from a wheelhouse, so that a change of the code is packaged offline.
Nothing is done when nothing has changed: the digest of all inputs names the package. Each
architecture has a package of its own, in a folder of its own.
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

from infra.paths import MADE, ROOT, make_private

HOME = MADE / "package"
WHEELHOUSE = MADE / "wheelhouse"
READABLE = 0o100644 << 16  # by Lambda, whatever this machine lets others read
#: Of phonenumbers: the places, carriers and time zones of numbers. 18 MB of modules, and a third of
#: the time that compiling takes. Of holidays: what they are called, and when stock exchanges close.
UNUSED = (
    *(f"phonenumbers/{data}" for data in ("geodata", "carrierdata", "tzdata")),
    *(f"holidays/{data}" for data in ("locale", "financial")),
)
CHALICE_STAGE = "every"
"""The one stage in .chalice/config.json. Baton's environments share one package: the environment is
a parameter of the template.
"""
PLATFORMS = {"arm64": "manylinux2014_aarch64", "x86_64": "manylinux2014_x86_64"}
"""Lambda's architectures, each with the platform of the wheels that run there."""
CHALICE_URI = {
    "Fn::Sub": "arn:${AWS::Partition}:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions"
    "/${APIHandler.Arn}/invocations"
}
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


def own_architecture() -> str:
    """Return the architecture of this machine, in Lambda's words."""
    return architecture_of(platform.machine())


def architecture_of(machine: str) -> str:
    """Return the architecture of a machine, as `uname -m` names it, in Lambda's words."""
    return "arm64" if machine in ("aarch64", "arm64") else "x86_64"


def package(architecture: str) -> Package:
    """Return the package of the source as it is now; build it if there is none yet.

    architecture: "arm64" or "x86_64". Raise PackageError.
    """
    make_private(MADE)
    home = HOME / architecture
    home.mkdir(parents=True, exist_ok=True)
    with _alone():
        digest = _digest([*_inputs(), Path("infra/package.py")], architecture)
        if not _is_made(home, digest):
            _make(home, architecture, digest)
        return Package(
            digest, json.loads(_template_path(home).read_text()), home / "out" / "deployment.zip"
        )


def _make(home: Path, architecture: str, digest: str) -> None:
    """Build the package. Write the digest last, so that an interrupted run leaves none."""
    _digest_path(home).unlink(missing_ok=True)
    wheels = _fill_wheelhouse(architecture)
    source = _copy_source(home, architecture)
    _run_chalice(source, home / "out", wheels)
    _finish(home / "out" / "deployment.zip")
    _prune(source / ".chalice" / "deployments")
    template = _call_aliases(yaml.safe_load((home / "out" / "sam.yaml").read_text()))
    # JSON, because Chalice writes YAML aliases, which CloudFormation refuses.
    _write_if_changed(_template_path(home), json.dumps(template, indent=1) + "\n")
    _digest_path(home).write_text(digest)


def _call_aliases(template: dict[str, Any]) -> dict[str, Any]:
    """Let the routes that Chalice wrote call the alias of their function (ADR 0026)."""
    paths = template["Resources"]["RestAPI"]["Properties"]["DefinitionBody"]["paths"]
    for operations in paths.values():
        for operation in operations.values():
            uri = operation["x-amazon-apigateway-integration"].get("uri")
            if uri == CHALICE_URI:  # neither ours nor that of a preflight request
                uri["Fn::Sub"] = [
                    uri["Fn::Sub"].replace("APIHandler.Arn", "Function"),
                    {"Function": {"Ref": "APIHandler.Alias"}},
                ]
    return template


def _write_if_changed(path: Path, text: str) -> None:
    """Write a file, unless it says that already: what is made of it need not be made again."""
    if not path.exists() or path.read_text() != text:
        path.write_text(text)


def _is_made(home: Path, digest: str) -> bool:
    made = _digest_path(home)
    return (
        made.exists() and made.read_text() == digest and (home / "out" / "deployment.zip").exists()
    )


def _digest_path(home: Path) -> Path:
    return home / "digest"


def _template_path(home: Path) -> Path:
    return home / "template.json"


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


def _digest(paths: list[Path], architecture: str = "") -> str:
    digest = hashlib.sha256(f"{platform.python_version()} {architecture}".encode())
    for path in paths:
        content = hashlib.sha256((ROOT / path).read_bytes()).hexdigest()
        digest.update(f"{path} {content}\n".encode())
    return digest.hexdigest()


def _copy_source(home: Path, architecture: str) -> Path:
    """Copy what Chalice needs, name the architecture in its settings, and return the folder.

    Chalice's own cache of zips stays in it: a changed policy needs no new zip.
    """
    source = home / "source"
    source.mkdir(exist_ok=True)
    for old in [source / "app.py", source / "chalicelib"]:
        shutil.rmtree(old) if old.is_dir() else old.unlink(missing_ok=True)
    for path in _inputs():
        (source / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / path, source / path)
    settings = source / ".chalice" / "config.json"
    chosen = json.loads(settings.read_text()) | {"lambda_architecture": architecture}
    settings.write_text(json.dumps(chosen, indent=2))
    return source


def _fill_wheelhouse(architecture: str) -> Path:
    """Return a folder with the wheels of requirements.txt, downloaded once, with checked hashes.

    Chalice first asks for the wheels of this machine, and then for those of the architecture where
    they differ: the folder holds both.
    """
    wheels = WHEELHOUSE / _digest([Path("requirements.txt")])[:16]
    stamp = wheels / f".complete-{architecture}"
    if not stamp.exists():
        for old in WHEELHOUSE.glob("*"):
            if old != wheels:
                shutil.rmtree(old)
        download = [
            "-m",
            "pip",
            "download",
            "-qq",
            "--only-binary=:all:",
            "--require-hashes",
            "-r",
            "requirements.txt",
            "-d",
            str(wheels),
        ]
        for_lambda = ["--platform", PLATFORMS[architecture]]
        for chosen in ([], for_lambda):
            _run([sys.executable, *download, *chosen], ROOT, dict(os.environ))
        stamp.touch()
    return wheels


def _run_chalice(source: Path, out: Path, wheels: Path) -> None:
    chalice = str(Path(sys.executable).with_name("chalice"))
    as_yaml = [
        "--template-format",
        "yaml",
        "--merge-template",
        str(source / "infra" / "resources.yaml"),
    ]
    shutil.rmtree(out, ignore_errors=True)
    said = _run(
        [chalice, "package", "--stage", CHALICE_STAGE, *as_yaml, str(out)],
        source,
        _chalice_environment(wheels),
    )
    if "Could not install" in said:  # Chalice carries on without the package and exits with 0
        raise PackageError(said)


def _finish(zip_path: Path) -> None:
    """Leave out of the zip what nothing loads, and add compiled modules.

    A function's folder on Lambda is read-only, so without them every cold start compiles all
    modules. They are marked as unchecked, because the modification times of unpacked sources mean
    nothing.
    """
    with tempfile.TemporaryDirectory() as folder:
        shutil.unpack_archive(zip_path, folder)
        for unused in UNUSED:
            shutil.rmtree(Path(folder) / unused)
        compileall.compile_dir(
            folder,
            quiet=2,
            workers=0,
            stripdir=folder,
            invalidation_mode=PycInvalidationMode.UNCHECKED_HASH,
        )
        with zipfile.ZipFile(zip_path, "w", zipfile.ZIP_DEFLATED) as archive:
            for path in sorted(one for one in Path(folder).rglob("*") if one.is_file()):
                packed = zipfile.ZipInfo.from_file(path, path.relative_to(folder))
                packed.external_attr = READABLE
                archive.writestr(packed, path.read_bytes(), zipfile.ZIP_DEFLATED)


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
    print(package(own_architecture()).digest)
