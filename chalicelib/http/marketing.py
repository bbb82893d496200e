"""The private endpoints of marketing: the scoring model, what-if, publishing, jobs, and numbers."""

from collections.abc import Mapping
from dataclasses import asdict
from http import HTTPStatus
from typing import Any

from chalice.app import Blueprint, Request, Response

from chalicelib.access.tokens import Role
from chalicelib.errors import FieldError, InputError, NotFoundError
from chalicelib.http.auth import author_of, private
from chalicelib.http.exchange import (
    JSON,
    YAML,
    body_of,
    check_keys,
    check_no_keys,
    content_type_of,
    note_of,
    object_of,
    prefers,
    private_answer,
    private_text,
    version_of,
    whole_number,
)
from chalicelib.limits import MODEL_BODY_MAX_BYTES
from chalicelib.wiring.world import world

marketing = Blueprint(__name__)

HOLD = "hold"
SEND = "send"
TEXT_YAML = "text/yaml"
SCHEMA_JSON = "application/schema+json"
VERSION_MAX = 10**9 - 1


@private(marketing, "/v1/model", Role.MARKETER, query=["version"])
def read_model(request: Request) -> Response:
    """Return the active model, or one version of it, as JSON or as the YAML that was written."""
    version = version_of(request)
    if prefers(request, YAML, JSON):
        return private_text(world().publishing.source(version), YAML)
    return private_answer(world().publishing.document(version))


@private(
    marketing,
    "/v1/model",
    Role.MARKETER,
    methods=["POST"],
    content_types=[JSON, YAML, TEXT_YAML],
    query=["note"],
)
def draft_model(request: Request) -> Response:
    """Store a new draft; return its version, what is probably not meant, and what fails of it."""
    note = note_of(request) or None
    source, document = _written(request)
    draft = world().publishing.draft(document, author=author_of(request), note=note, source=source)
    return private_answer(
        {
            "version": draft.version,
            "warnings": [asdict(one) for one in draft.warnings],
            "failing_examples": [asdict(one) for one in draft.failing],
        }
    )


@private(marketing, "/v1/model/versions", Role.MARKETER)
def list_versions(_request: Request) -> Response:
    """Return the versions of the model, newest first."""
    return private_answer({"versions": world().publishing.versions()})


@private(marketing, "/v1/model/schema", Role.MARKETER)
def read_schema(_request: Request) -> Response:
    """Return the JSON Schema of a model's document."""
    from chalicelib.authoring.schema import schema

    return private_answer(schema(), content_type=SCHEMA_JSON)


@private(marketing, "/v1/model/templates", Role.MARKETER)
def list_templates(_request: Request) -> Response:
    """Return the models to start from."""
    from chalicelib.authoring.model_templates import MODEL_TEMPLATES

    templates = [
        {"id": one.id, "name": one.name, "description": one.description}
        for one in MODEL_TEMPLATES.values()
    ]
    return private_answer({"templates": templates})


@private(marketing, "/v1/model/templates/{template_id}", Role.MARKETER)
def read_template(request: Request, template_id: str) -> Response:
    """Return a model to start from, as JSON or as the YAML of its file."""
    from chalicelib.authoring.model_templates import model_template
    from chalicelib.authoring.source import parse_source

    source = model_template(template_id).source()
    if prefers(request, YAML, JSON):
        return private_text(source, YAML)
    return private_answer(parse_source(source.encode())[1])


@private(marketing, "/v1/model/simulate", Role.MARKETER, methods=["POST"])
def simulate_model(request: Request) -> Response:
    """Return what a version, or a document, would change: at once, or as a job."""
    body = _object_of(request)
    if body.keys() == {"version"}:
        found = world().publishing.simulate(version=_whole(body, "version"))
    else:
        found = world().publishing.simulate(document=_model(body))
    if found.report is not None:
        return private_answer(found.report)
    return private_answer(found.job, HTTPStatus.ACCEPTED)


@private(marketing, "/v1/model/versions/{version}/publish", Role.MARKETER, methods=["POST"])
def publish_model(request: Request, version: str) -> Response:
    """Make a version the active one and bring every lead to it, as a job."""
    body = _object_of(request)
    check_keys(body, ("expected_changes", "force", "emails"))
    force = body.get("force", False)
    if not isinstance(force, bool):
        raise InputError(FieldError("force", "must be true or false"))
    emails = body.get("emails", HOLD)
    if emails not in (HOLD, SEND):
        raise InputError(FieldError("emails", f"must be {HOLD} or {SEND}"))
    is_expected = body.get("expected_changes") is not None
    expected = _whole(body, "expected_changes") if is_expected else None
    number = whole_number(version)
    if number is None:
        raise NotFoundError("there is no such version of the model")
    job = world().publishing.publish(number, expected, force=force, hold_emails=emails == HOLD)
    return private_answer(job, HTTPStatus.ACCEPTED)


@private(marketing, "/v1/sequences/{sequence_id}/numbers", Role.MARKETER)
def read_sequence_numbers(_request: Request, sequence_id: str) -> Response:
    """Return what became of the emails of a sequence, by step."""
    return private_answer(world().sequence_numbers.show(sequence_id))


@private(marketing, "/v1/jobs/{job_id}/release", Role.MARKETER, methods=["POST"])
def release_emails(request: Request, job_id: str) -> Response:
    """Release the emails that a publish holds, as a job."""
    check_no_keys(request)
    return private_answer(world().publishing.release(job_id), HTTPStatus.ACCEPTED)


@private(marketing, "/v1/jobs/{job_id}", Role.MARKETER)
def read_job(_request: Request, job_id: str) -> Response:
    """Return a job of any kind: how far it is, and what it found."""
    return private_answer(world().job_runner.show(job_id))


def _object_of(request: Request) -> dict[str, Any]:
    """Return the JSON object of a request. Raise TooLargeError, InputError."""
    return object_of(request, MODEL_BODY_MAX_BYTES)


def _written(request: Request) -> tuple[str | None, dict[str, Any]]:
    """Return a model as it was written, if in YAML, and its document. Raise TooLargeError,
    InputError.
    """
    if content_type_of(request) == JSON:
        return None, _object_of(request)
    from chalicelib.authoring.source import parse_source  # JSON needs no YAML

    source, document = parse_source(body_of(request))
    if not isinstance(document, dict):
        raise InputError(FieldError("body", "must have keys with their values"))
    return source, document


def _model(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the document to simulate: it stands under `model`, or is the body itself."""
    if "model" not in body:
        return body
    check_keys(body, ("model",))
    if not isinstance(body["model"], dict):
        raise InputError(FieldError("model", "must be a JSON object"))
    return dict(body["model"])


def _whole(body: Mapping[str, Any], key: str) -> int:
    value = body[key]
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= VERSION_MAX:
        raise InputError(FieldError(key, "must be a whole number, 0 or more"))
    return value
