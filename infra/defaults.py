"""Load the documents that a deployment starts with, and write its public URL and write key.

The documents of a real deployment belong to its marketers, so what is there is left alone. Those of
the demo are overwritten each time.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from ruamel.yaml import YAML

from chalicelib.authoring.format import check
from chalicelib.capture.forms import FormDocument
from chalicelib.commands.rebuild import start_rebuild
from chalicelib.document import Document, parse_document
from chalicelib.errors import DocumentError
from chalicelib.handoff.routing import RoutingDocument
from chalicelib.limits import SETTLE_SECONDS
from chalicelib.nurture.emails import EmailDocument
from chalicelib.nurture.sequences import SequenceDocument
from chalicelib.settings import read_settings
from chalicelib.store.dynamo import DynamoTable
from chalicelib.store.keys import ACTIVE, FIRST_SCHEMA, SCHEMA
from chalicelib.store.models import Models
from chalicelib.wiring.ports import Ports
from chalicelib.wiring.world import World
from chalicelib.writing import persist

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

LOAD_CALLS = Config(connect_timeout=5, read_timeout=20)
ROOT = Path(__file__).parent.parent
DEFAULTS = ROOT / "chalicelib" / "defaults"
DEMO = ROOT / "infra" / "local" / "demo.yaml"
FORMATS: Mapping[str, type[Document]] = {
    "form": FormDocument,
    "email": EmailDocument,
    "sequence": SequenceDocument,
    "routing": RoutingDocument,
}
NOBODY: Mapping[str, Any] = {"people": []}  # the default routing, which names no salesperson
LISTS = {"form": "forms", "email": "emails", "sequence": "sequences"}  # kind -> its file


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
        load_model(world.models, read_yaml(DEFAULTS / "model.yaml"), time_zone)
    else:
        rezone(world, time_zone)
    for kind, document_id, document in [
        *default_documents(),
        *(demo_documents(site_url) if demo else []),
    ]:
        parse_document(FORMATS[kind], document)  # store nothing that its readers would refuse
        stored = documents.get(kind, document_id)
        if demo or stored is None or stored == NOBODY:
            documents.put(kind, document, document_id)
    if documents.get("routing") == NOBODY:
        print(
            "There is no salesperson yet: add yours to chalicelib/defaults/routing.yaml and deploy"
            " again."
        )
    deployment = documents.get("deployment") or {}
    write_key = str(deployment.get("write_key") or secrets.token_urlsafe(18))
    facts = {"api_url": api_url, "site_url": site_url, "write_key": write_key}
    # A new table has nothing of an older schema. Of another one `make rebuild` says so (ADR 0034).
    schema = deployment.get("schema", FIRST_SCHEMA) if deployment else SCHEMA
    documents.put("deployment", {**facts, "schema": schema})
    return {"write_key": write_key}


def load_model(models: Models, document: Mapping[str, Any], time_zone: str | None = None) -> int:
    """Make a model document the active model. Return its version.

    time_zone: as `Models.load` has it. Raise DocumentError for a document that breaks the format,
    before anything is written.
    """
    check(document)
    return models.load(document, time_zone)


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


def default_documents() -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Yield each default document except the model: its kind, its id and the document."""
    for kind, name in LISTS.items():
        for document in read_yaml(DEFAULTS / f"{name}.yaml"):
            yield kind, document["id"], document
    yield "routing", ACTIVE, read_yaml(DEFAULTS / "routing.yaml")


def demo_documents(site_url: str) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Yield each document of the demo: its kind, its id and the document."""
    demo = read_yaml(DEMO, lambda text: text.replace("{site_url}", site_url))
    for document in demo["form"]:
        yield "form", document["id"], document
    yield "routing", ACTIVE, demo["routing"]


def refusal(path: Path, why: Exception) -> str:
    """Return why a file is refused, with each mistake of a document on a line of its own."""
    errors = [str(one) for one in why.errors] if isinstance(why, DocumentError) else []
    return (
        "\n  ".join([f"{path} is refused:", *errors])
        if len(errors) > 1
        else f"{path} is refused: {why}"
    )


def read_yaml(path: Path, change: Callable[[str], str] = str) -> Any:
    """Return the contents of a YAML 1.2 file, where `on` and `NO` are plain texts (ADR 0011).

    change: applied to the text before it is parsed.
    """
    return YAML(typ="safe", pure=True).load(change(path.read_text()))
