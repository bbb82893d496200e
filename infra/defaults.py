"""Load the documents that a deployment starts with, and write its public URL and write key.

The documents of a deployment belong to its marketers, so what is there is left alone, and what
differs from the files is listed. Those of the demo follow its URL until somebody changes them.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from ruamel.yaml import YAML
from ruamel.yaml.constructor import SafeConstructor

from chalicelib.authoring.format import check
from chalicelib.commands.rebuild import start_rebuild
from chalicelib.editing.version import DEPLOY, DocumentVersion
from chalicelib.errors import DocumentError, VersionChangedError
from chalicelib.limits import SETTLE_SECONDS
from chalicelib.publishing.versions import Origin
from chalicelib.settings import read_settings
from chalicelib.store.dynamo import DynamoTable
from chalicelib.store.keys import ACTIVE, FIRST_SCHEMA, SCHEMA
from chalicelib.store.models import UNKNOWN, Models
from chalicelib.store.phones import PhoneItems
from chalicelib.wiring.ports import Ports
from chalicelib.wiring.world import World
from chalicelib.writing import persist

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

LOAD_CALLS = Config(connect_timeout=5, read_timeout=20)
ROOT = Path(__file__).parent.parent
DEFAULTS = ROOT / "chalicelib" / "defaults"
DEMO = ROOT / "infra" / "local" / "demo.yaml"
FILES: Mapping[str, str] = {
    "settings": "settings.yaml",
    "form": "forms.yaml",
    "email": "emails",
    "sequence": "sequences.yaml",
    "routing": "routing.yaml",
}
"""Kind -> its file, or its folder. What others name stands before them."""
SINGLE = ("settings", "routing")
"""The kinds of which there is one document; the file of another kind is a list."""
FOLDERS = ("email",)
"""The kinds whose documents have a file each, by their ids: an email is long (ADR 0059)."""
NOBODY: Mapping[str, Any] = {"people": []}  # the default routing, which names no salesperson
UNSAID: Sequence[Mapping[str, Any]] = (NOBODY, {})
"""What a first deploy writes for want of anything: a later one fills it in."""
DIFFER = "These documents differ from the files. The deployment keeps its own:"
TAKE = (
    "To take them into the files: make documents PULL=1. To put the files in their place: make"
    " documents PUSH=1. Both take STAGE=, without it the local stack."
)


def load(
    *,
    table_name: str,
    api_url: str,
    site_url: str,
    endpoint_url: str | None,
    region: str,
    time_zone: str,
    demo: bool,
) -> dict[str, str]:
    """Write the documents of a deployment to its table. This is the last step of a deploy.

    api_url, site_url: without a trailing slash; endpoint_url: of the local AWS, None for AWS;
    time_zone: the stack's; demo: whether to load the demo's own forms and salesperson as well.
    Return `{"write_key": ...}`. Raise DocumentError for a document that breaks its format.
    """
    client = boto3.client("dynamodb", region, endpoint_url=endpoint_url, config=LOAD_CALLS)
    world = _world(table_name, client)
    documents = world.documents
    if world.models.pointer() is None:
        load_default_model(world.models, time_zone)
    else:
        rezone(world, time_zone)
    differences = load_documents(world, every_document(site_url if demo else None), demo=demo)
    if demo:
        confirm_phones(world)
    if differences:
        print("\n".join([DIFFER, *(f"  {line}" for line in differences), TAKE]))
    if documents.get("routing") == NOBODY:
        print(
            "There is no salesperson yet: PUT yours to /v1/routing, or add it to"
            " chalicelib/defaults/routing.yaml and deploy again."
        )
    if off := world.editing.overview("sequence")["to_switch_on"]:
        names = ", ".join(off)
        print(f"Switched off: {names}. docs/how-to/switch-on-sequences.md says what they need.")
    deployment = documents.get("deployment") or {}
    write_key = str(deployment.get("write_key") or secrets.token_urlsafe(18))
    facts = {"api_url": api_url, "site_url": site_url, "write_key": write_key}
    # A new table has nothing of an older schema. Of another one `make rebuild` says so (ADR 0027).
    schema = deployment.get("schema", FIRST_SCHEMA) if deployment else SCHEMA
    documents.put("deployment", {**facts, "schema": schema})
    return {"write_key": write_key}


def confirm_phones(world: World) -> None:
    """Confirm every number of the routing document, as a demo's salespeople would with a code."""
    phones = PhoneItems(world.table)
    for person in (world.documents.get("routing") or {}).get("people", []):
        before = phones.read(person["id"])
        number = person.get("phone")
        if number is not None and before.confirmed != number:
            phones.save(replace(before, confirmed=number, version=before.version + 1))


def load_documents(
    world: World, files: Mapping[tuple[str, str], Mapping[str, Any]], *, demo: bool
) -> list[str]:
    """Store each document that was never there. Return, in words, how the others differ.

    files: by kind and id; demo: whether to renew what only a deploy has written. Raise
    DocumentError for one that breaks its format, with all before it stored.
    """
    differences = []
    for (kind, document_id), document in files.items():
        newest = world.editing.newest(kind, document_id)
        if newest is None or _is_renewed(newest, document, demo=demo):
            _store(world, kind, document_id, document, newest)
        elif newest.deleted or newest.document != document:
            differences.append(f"{name_of(kind, document_id)}: {_how(newest, document)}")
    return differences + [
        f"{name_of(kind, document_id)}: only in the deployment"
        for kind in FILES
        for document_id in world.editing.every(kind)
        if (kind, document_id) not in files
    ]


def _is_renewed(newest: DocumentVersion, document: Mapping[str, Any], *, demo: bool) -> bool:
    """Return whether a deploy replaces what is stored: nothing that a person has put."""
    return (
        newest.author == DEPLOY
        and newest.document != document
        and (demo or newest.document in UNSAID)
    )


def _store(
    world: World,
    kind: str,
    document_id: str,
    document: Mapping[str, Any],
    newest: DocumentVersion | None,
) -> None:
    """Store a document unless somebody puts it in this moment: then it is theirs."""
    expected = newest.version if newest else 0
    try:
        world.editing.put(kind, document_id, document, author=DEPLOY, expected=expected)
    except VersionChangedError:
        return
    except DocumentError as error:
        words = f"{name_of(kind, document_id)} is refused: {error}"
        raise DocumentError(words, error.errors) from None


def name_of(kind: str, document_id: str) -> str:
    """Return what a person calls a document."""
    return kind if kind in SINGLE else f"{kind} {document_id}"


def _how(newest: DocumentVersion, document: Mapping[str, Any]) -> str:
    """Return how a stored document differs from its file, and who has changed it."""
    whose = f"version {newest.version} by {newest.author}"
    if newest.deleted:
        return f"deleted ({whose})"
    keys = sorted(newest.document.keys() | document.keys())
    return f"{', '.join(k for k in keys if newest.document.get(k) != document.get(k))} ({whose})"


def load_default_model(models: Models, time_zone: str) -> None:
    """Make the default model the active one, with the comments of its file (ADR 0011)."""
    path = DEFAULTS / "model.yaml"
    origin = Origin(author=DEPLOY, note="the default model", source=path.read_text())
    load_model(models, read_yaml(path), time_zone, origin)


def load_model(
    models: Models,
    document: Mapping[str, Any],
    time_zone: str | None = None,
    origin: Origin = UNKNOWN,
) -> int:
    """Make a model document the active model. Return its version.

    time_zone, origin: as `Models.load` has them. Raise DocumentError for a document that breaks the
    format, before anything is written.
    """
    check(document)
    return models.load(document, time_zone, origin)


def rezone(world: World, time_zone: str) -> None:
    """Let the model count in the days of a time zone, and begin to recount all leads in them.

    Nothing happens when that zone is in force already (ADR 0025).
    """
    if persist(lambda: world.models.rezone(time_zone), world.ports.pause):
        # Not before every worker has forgotten the older zone: one that still knew it would find
        # nothing to recount.
        job = start_rebuild(world.job_runner, after=timedelta(seconds=SETTLE_SECONDS))
        print(f"The time zone is {time_zone} from now on. Job {job['id']} recounts all leads.")


def _world(table_name: str, client: DynamoDBClient) -> World:
    """Return Baton on a table."""
    ports = Ports(read_settings({"BATON_TABLE": table_name}))
    ports.table = DynamoTable(client, table_name)
    return World(ports)


def every_document(site_url: str | None) -> dict[tuple[str, str], Mapping[str, Any]]:
    """Return the documents of the files by kind and id, with those of the demo if it has a URL."""
    return documents_in(DEFAULTS) | (demo_documents(site_url) if site_url is not None else {})


def demo_documents(site_url: str) -> dict[tuple[str, str], Mapping[str, Any]]:
    """Return the demo's own documents by kind and id. site_url: where its pages are served."""
    return by_id(read_yaml(DEMO, lambda text: text.replace("{site_url}", site_url)))


def documents_in(folder: Path) -> dict[tuple[str, str], Mapping[str, Any]]:
    """Return the documents of the files of a folder by kind and id.

    A file that is not there has none. Raise DocumentError for one that does not hold documents.
    """
    files = {kind: folder / name for kind, name in FILES.items()}
    found = {kind: _contents(kind, path) for kind, path in files.items() if path.exists()}
    return by_id(found)


def _contents(kind: str, path: Path) -> Any:
    if kind not in FOLDERS:
        return read_yaml(path)
    return [_named(one, read_yaml(one)) for one in sorted(path.glob("*.yaml"))]


def _named(path: Path, document: Any) -> Any:
    """Return the document of a file that is named by its id. Raise DocumentError for another."""
    if isinstance(document, dict) and document.get("id") != path.stem:
        raise DocumentError(f"{path.parent.name}/{path.name} must hold the id {path.stem}")
    return document


def by_id(found: Mapping[str, Any]) -> dict[tuple[str, str], Mapping[str, Any]]:
    """Return documents by kind and id. found: a kind's only document, or the list of its many.

    Raise DocumentError where there is something else.
    """
    documents: dict[tuple[str, str], Mapping[str, Any]] = {}
    for kind, contents in found.items():
        many = [contents] if kind in SINGLE else contents
        for document in many if isinstance(many, list) else [many]:
            if not isinstance(document, dict):
                raise DocumentError(f"{FILES[kind]} must hold keys with their values")
            document_id = ACTIVE if kind in SINGLE else str(document.get("id"))
            if (kind, document_id) in documents:
                raise DocumentError(f"{FILES[kind]} has two documents with the id {document_id}")
            documents[kind, document_id] = document
    return documents


def refusal(path: Path, why: Exception) -> str:
    """Return why a file is refused, with each mistake of a document on a line of its own."""
    errors = [str(one) for one in why.errors] if isinstance(why, DocumentError) else []
    return (
        "\n  ".join([f"{path} is refused:", *errors])
        if len(errors) > 1
        else f"{path} is refused: {why}"
    )


class DaysAreTexts(SafeConstructor):
    """A day such as 2026-12-24 is a text, as in JSON, which documents are stored as."""


DaysAreTexts.add_constructor("tag:yaml.org,2002:timestamp", SafeConstructor.construct_yaml_str)


def read_yaml(path: Path, change: Callable[[str], str] = str) -> Any:
    """Return the contents of a YAML 1.2 file, where `on` and `NO` are plain texts (ADR 0011).

    change: applied to the text before it is parsed.
    """
    yaml = YAML(typ="safe", pure=True)
    yaml.Constructor = DaysAreTexts
    return yaml.load(change(path.read_text()))
