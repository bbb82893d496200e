"""Loads the documents that a deployment starts with, and writes its public URL and write key.

A real deployment's documents belong to its marketers: what is there is left alone. The demo's are
written anew.
"""

import secrets
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
from ruamel.yaml import YAML

from chalicelib.authoring.format import check
from chalicelib.capture.forms import FormDocument
from chalicelib.document import Document, parse_document
from chalicelib.errors import DocumentError
from chalicelib.handoff.routing import RoutingDocument
from chalicelib.nurture.emails import EmailDocument
from chalicelib.nurture.sequences import SequenceDocument
from chalicelib.store.documents import Documents
from chalicelib.store.dynamo import DynamoTable
from chalicelib.store.keys import ACTIVE
from chalicelib.store.models import Models

ROOT = Path(__file__).parent.parent
DEFAULTS = ROOT / "chalicelib" / "defaults"
DEMO = ROOT / "infra" / "local" / "demo.yaml"
FORMATS: Mapping[str, type[Document]] = {
    "form": FormDocument,
    "email": EmailDocument,
    "sequence": SequenceDocument,
    "routing": RoutingDocument,
}
NOBODY: Mapping[str, Any] = {"people": []}  # the routing before anybody is named
LISTS = {"form": "forms", "email": "emails", "sequence": "sequences"}  # kind -> its file


def load(
    *,
    table_name: str,
    api_url: str,
    site_url: str,
    endpoint_url: str | None,
    region: str,
    demo: bool,
) -> dict[str, str]:
    """Write the documents of a deployment to its table; the last step of a deploy.

    api_url, site_url: without a trailing slash; demo: also the demo's own forms and salesperson.
    Returns `{"write_key"}`.
    """
    client = boto3.client("dynamodb", region_name=region, endpoint_url=endpoint_url)
    table = DynamoTable(client, table_name)
    documents, models = Documents(table, _now), Models(table, _now)
    if models.pointer() is None:
        load_model(models, read_yaml(DEFAULTS / "model.yaml"))
    for kind, document_id, document in [
        *default_documents(),
        *(demo_documents(site_url) if demo else []),
    ]:
        parse_document(FORMATS[kind], document)  # nothing is stored that its readers would refuse
        stored = documents.get(kind, document_id)
        if demo or stored is None or stored == NOBODY:
            documents.put(kind, document, document_id)
    if documents.get("routing") == NOBODY:
        print(
            "Nobody sells yet: put your salesperson into chalicelib/defaults/routing.yaml and"
            " deploy again."
        )
    deployment = documents.get("deployment") or {}
    write_key = str(deployment.get("write_key") or secrets.token_urlsafe(18))
    documents.put("deployment", {"api_url": api_url, "site_url": site_url, "write_key": write_key})
    return {"write_key": write_key}


def load_model(models: Models, document: Mapping[str, Any]) -> int:
    """Make a model document the active model; return its version.

    Raises DocumentError for a document that breaks the format, before anything is written.
    """
    check(document)
    return models.load(document)


def _now() -> datetime:
    return datetime.now(UTC)


def default_documents() -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Each default document but the model: its kind, its id, and itself."""
    for kind, name in LISTS.items():
        for document in read_yaml(DEFAULTS / f"{name}.yaml"):
            yield kind, document["id"], document
    yield "routing", ACTIVE, read_yaml(DEFAULTS / "routing.yaml")


def demo_documents(site_url: str) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Each document of the demo: its kind, its id, and itself."""
    demo = read_yaml(DEMO, lambda text: text.replace("{site_url}", site_url))
    for document in demo["form"]:
        yield "form", document["id"], document
    yield "routing", ACTIVE, demo["routing"]


def refusal(path: Path, why: Exception) -> str:
    """Why a file is refused: of a document each mistake on a line of its own."""
    errors = [str(one) for one in why.errors] if isinstance(why, DocumentError) else []
    return (
        "\n  ".join([f"{path} is refused:", *errors])
        if len(errors) > 1
        else f"{path} is refused: {why}"
    )


def read_yaml(path: Path, change: Callable[[str], str] = str) -> Any:
    """A YAML 1.2 file, in which `on` and `NO` are the texts that they look like. change: applied to
    the text first.
    """
    return YAML(typ="safe", pure=True).load(change(path.read_text()))
