"""The private endpoints of marketing: the scoring model, what a draft would change, publishing, and
jobs.
"""

from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any

from chalice.app import Blueprint, Response

from chalicelib.errors import FieldError, InputError, NotFoundError
from chalicelib.http.private import authorized, json_answer, query_of, sent
from chalicelib.http.problem import answers
from chalicelib.limits import MODEL_BODY_MAX_BYTES
from chalicelib.wiring.world import world

marketing = Blueprint(__name__)

SCHEMA_JSON = "application/schema+json"
VERSION_DIGITS = 9
ERRORS_MAX = 100  # told at once


@marketing.route("/v1/model", methods=["GET"])
@answers
def read_model() -> Response:
    """The active model, or one version of it."""
    text = query_of(marketing).get("version")
    version = _number(text) if text is not None else None
    if text is not None and version is None:
        raise InputError(FieldError("version", "must be a whole number"))
    return json_answer(world().publishing.document(version))


@marketing.route("/v1/model", methods=["POST"])
@answers
def draft_model() -> Response:
    """A new draft, with what is probably not meant."""
    version, warnings = world().publishing.draft(_object())
    return json_answer({"version": version, "warnings": _told(warnings)})


@marketing.route("/v1/model/versions", methods=["GET"])
@answers
def list_versions() -> Response:
    """The versions of the model, the newest first."""
    authorized(marketing)
    return json_answer({"versions": world().publishing.versions()})


@marketing.route("/v1/model/schema", methods=["GET"])
@answers
def read_schema() -> Response:
    """The JSON Schema of a model's document."""
    from chalicelib.authoring.schema import schema

    authorized(marketing)
    return json_answer(schema(), content_type=SCHEMA_JSON)


@marketing.route("/v1/model/simulate", methods=["POST"])
@answers
def simulate_model() -> Response:
    """What a version, or a document, would change: at once, or as a job."""
    body = _object()
    if body.keys() == {"version"}:
        found = world().publishing.simulate(version=_whole(body, "version"))
    else:
        found = world().publishing.simulate(document=_model(body))
    if found.report is not None:
        return json_answer(found.report)
    return json_answer(found.job, HTTPStatus.ACCEPTED)


@marketing.route("/v1/model/versions/{version}/publish", methods=["POST"])
@answers
def publish_model(version: str) -> Response:
    """Makes a version the active one, and brings every lead to it: a job."""
    body = _object()
    _check_keys(body, ("expected_changes", "force"))
    force = body.get("force", False)
    if not isinstance(force, bool):
        raise InputError(FieldError("force", "must be true or false"))
    expected = (
        _whole(body, "expected_changes") if body.get("expected_changes") is not None else None
    )
    number = _number(version)
    if number is None:
        raise NotFoundError("there is no such version of the model")
    return json_answer(
        world().publishing.publish(number, expected, force=force), HTTPStatus.ACCEPTED
    )


@marketing.route("/v1/jobs/{job_id}", methods=["GET"])
@answers
def read_job(job_id: str) -> Response:
    """A job of any kind: how far it is, and what it found."""
    authorized(marketing)
    return json_answer(world().job_runner.show(job_id))


def _object() -> dict[str, Any]:
    """The JSON object of a request that carries the token."""
    body = sent(marketing, MODEL_BODY_MAX_BYTES)
    if not isinstance(body, dict):
        raise InputError(FieldError("body", "must be a JSON object"))
    return body


def _model(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """The document to simulate: under `model`, or the body itself."""
    if "model" not in body:
        return body
    _check_keys(body, ("model",))
    if not isinstance(body["model"], dict):
        raise InputError(FieldError("model", "must be a JSON object"))
    return dict(body["model"])


def _check_keys(body: Mapping[str, Any], known: tuple[str, ...]) -> None:
    """Raises InputError naming each key that is not known: a misspelt one must not pass
    unnoticed.
    """
    words = f"there is no such key; the keys here are {', '.join(known)}"
    if unknown := [FieldError(key, words) for key in body if key not in known]:
        raise InputError(*unknown[:ERRORS_MAX])


def _whole(body: Mapping[str, Any], key: str) -> int:
    value = body[key]
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 10**VERSION_DIGITS:
        raise InputError(FieldError(key, "must be a whole number, 0 or more"))
    return value


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= VERSION_DIGITS else None


def _told(warnings: Iterable[FieldError]) -> list[dict[str, str]]:
    return [{"field": one.field, "message": one.message} for one in warnings]
