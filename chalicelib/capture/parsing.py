"""Read a form submission from a request's body, JSON or url-encoded."""

from typing import Any
from urllib.parse import parse_qsl

from pydantic import BaseModel, Field

from chalicelib.capture.submission import Submission
from chalicelib.errors import FieldError, InputError, KeyReusedError, TooLargeError
from chalicelib.inputs.bodies import parse_json
from chalicelib.inputs.typed import Id, parse_as
from chalicelib.limits import FORM_BODY_MAX_BYTES, FORM_MAX_FIELDS

TICKED = frozenset({"true", "on", "yes", "1"})
# A url-encoded post has these names beside its fields -> where each stands in the JSON form.
FLAT_NAMES = {
    "_visitor_id": ("visitor_id",),
    "_submission_id": ("submission_id",),
    "_page_url": ("page", "url"),
    "_page_title": ("page", "title"),
    "_referrer": ("page", "referrer"),
    "utm_source": ("campaign", "source"),
    "utm_medium": ("campaign", "medium"),
    "utm_campaign": ("campaign", "name"),
    "utm_term": ("campaign", "term"),
    "utm_content": ("campaign", "content"),
}


def parse_submission(body: bytes, *, flat: bool, key: str | None) -> Submission:
    """Return the submission in a body.

    flat: whether it is url-encoded; key: the Idempotency-Key header. Raise InputError naming each
    wrong field as the sender wrote it, TooLargeError, and KeyReusedError when the header and the
    body name different keys.
    """
    data = _unflatten(body) if flat else parse_json(body, FORM_BODY_MAX_BYTES)
    try:
        submission = parse_as(Submission, data)
    except InputError as error:
        raise (error.renamed(flat_name) if flat else error) from None
    if not key:
        return submission
    if submission.submission_id not in (None, "", key):
        raise KeyReusedError(FieldError("submission_id", "differs from the Idempotency-Key header"))
    header = parse_as(_Header, {"Idempotency-Key": key})
    return submission.model_copy(update={"submission_id": header.key})


class _Header(BaseModel):
    key: Id = Field(alias="Idempotency-Key")


def _unflatten(body: bytes) -> dict[str, Any]:
    """Return a url-encoded body in the shape of the JSON form."""
    if len(body) > FORM_BODY_MAX_BYTES:
        raise TooLargeError(
            FieldError("body", f"must be at most {FORM_BODY_MAX_BYTES} bytes; it has {len(body)}")
        )
    max_pairs = 2 * FORM_MAX_FIELDS
    try:
        pairs = parse_qsl(
            body.decode(), keep_blank_values=True, errors="strict", max_num_fields=max_pairs
        )
    except ValueError:
        words = f"must be url-encoded UTF-8 with at most {max_pairs} fields"
        raise InputError(FieldError("body", words)) from None
    data: dict[str, Any] = {"fields": {}}
    for name, value in pairs:
        if name == "_consent":
            data["consent"] = {"marketing": value.strip().lower() in TICKED}
        elif name in FLAT_NAMES:
            *parents, last = FLAT_NAMES[name]
            inner = data.setdefault(parents[0], {}) if parents else data
            inner[last] = value
        else:
            data["fields"][name] = value
    return data


def flat_name(path: str) -> str:
    """Return the name that a path of the JSON form has in a url-encoded post."""
    for name, parts in FLAT_NAMES.items():
        if path == ".".join(parts):
            return name
    return path.removeprefix("fields.")
