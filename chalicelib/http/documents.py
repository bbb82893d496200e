"""The private endpoints of documents: forms, emails, sequences, the routing and the settings.

All kinds are served alike; the end of this file lists their paths and roles.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from chalice.app import Blueprint, Request, Response

from chalicelib.access.tokens import Role
from chalicelib.errors import FieldError, InputError, NotFoundError
from chalicelib.http.auth import author_of, private
from chalicelib.http.exchange import note_of, object_of, private_answer, query_of, version_of
from chalicelib.http.languages import language_for, languages
from chalicelib.http.shell import LANGUAGE
from chalicelib.limits import DOCUMENT_BODY_MAX_BYTES
from chalicelib.store.keys import ACTIVE
from chalicelib.telemetry import log
from chalicelib.wiring.world import world

documents = Blueprint(__name__)

SEQUENCE = "sequence"
INCLUDE_PRESENT = "include_present"

DOCUMENT_ID = re.compile(r"[a-z0-9_-]{1,64}")
ETAG = re.compile(r'(?:W/)?"([0-9]{1,9})"|([0-9]{1,9})')


def serve_one(
    kind: str,
    path: str,
    *roles: Role,
    readers: Sequence[Role] = (),
    variable: str | None = None,
) -> None:
    """Register the routes of one document.

    readers: the roles that may only read it; variable: the path's variable that holds its id, None
    for the only document of its kind.
    """

    @private(documents, path, *roles, *readers, query=["version"])
    def read_document(request: Request, **variables: str) -> Response:
        """Return a document, as it is now or as `version` had it."""
        found = world().editing.read(kind, _id_in(variables, variable), version_of(request))
        return private_answer(found.document, headers=_etag(found.version))

    is_sequence = kind == SEQUENCE
    put_query = ["note", INCLUDE_PRESENT] if is_sequence else ["note"]

    @private(documents, path, *roles, methods=["PUT"], query=put_query)
    def put_document(request: Request, **variables: str) -> Response:
        """Store a document as its next version; return its number, with warnings."""
        document_id = _id_in(variables, variable)
        note = note_of(request)
        expected = _expected_of(request)
        document = object_of(request, DOCUMENT_BODY_MAX_BYTES)
        means = _change_of(request, document_id, document) if is_sequence else dict
        after, warnings = world().editing.put(
            kind, document_id, document, author=author_of(request), note=note, expected=expected
        )
        log("document", kind=kind, id=document_id, version=after.version)
        answer = {"version": after.version, "warnings": [asdict(one) for one in warnings]}
        return private_answer(answer | means(), headers=_etag(after.version))

    @private(documents, f"{path}/versions", *roles, *readers)
    def list_document_versions(_request: Request, **variables: str) -> Response:
        """Return the versions of a document, newest first."""
        from chalicelib.editing.editing import show_version

        found = world().editing.versions(kind, _id_in(variables, variable))
        return private_answer({"versions": [show_version(one) for one in found]})


def serve_each(kind: str, name: str, *roles: Role) -> None:
    """Register the routes of a kind with many documents. name: of the kind, in the path."""
    variable = f"{kind}_id"
    path = f"/v1/{name}/{{{variable}}}"

    @private(documents, f"/v1/{name}", *roles)
    def list_documents(_request: Request) -> Response:
        """Return all documents of a kind, in the order of their ids; of forms also those that
        nobody has registered.
        """
        if kind == "form":
            return private_answer(world().forms_reading.every())
        every = list(world().editing.every(kind).values())
        return private_answer({name: every, **world().editing.overview(kind)})

    serve_one(kind, path, *roles, variable=variable)

    @private(documents, path, *roles, methods=["DELETE"], query=["note"])
    def delete_document(request: Request, **variables: str) -> Response:
        """Delete a document that nothing uses; its versions stay."""
        document_id = _id_in(variables, variable)
        after = world().editing.delete(
            kind,
            document_id,
            author=author_of(request),
            note=note_of(request),
            expected=_expected_of(request),
        )
        log("document", kind=kind, id=document_id, version=after.version)
        return private_answer({"version": after.version})


def _change_of(
    request: Request, sequence_id: str, document: Mapping[str, Any]
) -> Callable[[], dict[str, Any]]:
    """Return what says, once a sequence is stored, what that means for leads.

    Raise InputError for a request that cannot be done.
    """
    from chalicelib.nurture.changing import check_includes

    said = query_of(request).get(INCLUDE_PRESENT, "false")
    if said not in ("true", "false"):
        raise InputError(FieldError(INCLUDE_PRESENT, "must be true or false"))
    includes = said == "true"
    check_includes(document, include_present=includes)
    newest = world().editing.newest(SEQUENCE, sequence_id)
    before = newest.document if newest is not None and not newest.deleted else None
    return lambda: world().sequence_changes.answer(
        sequence_id, before, document, include_present=includes
    )


def _id_in(variables: Mapping[str, str], variable: str | None) -> str:
    if variable is None:
        return ACTIVE
    document_id = variables[variable]
    if not DOCUMENT_ID.fullmatch(document_id):
        raise NotFoundError("an id has 1 to 64 characters: a-z, 0-9, - and _")
    return document_id


def _expected_of(request: Request) -> int | None:
    """Return the version that the author has seen: `If-Match` with the ETag of a read."""
    given = request.headers.get("if-match")
    if given is None:
        return None
    found = ETAG.fullmatch(given.strip())
    if found is None:
        raise InputError(FieldError("If-Match", 'must be one version in quotes, such as "3"'))
    return int(found[1] or found[2])


def _etag(version: int) -> Mapping[str, str]:
    return {"ETag": f'"{version}"'}


@private(documents, "/v1/forms/{form_id}/snippet", Role.MARKETER, query=["lang"])
def write_snippet(request: Request, form_id: str) -> Response:
    """Return the HTML of a registered form, to be pasted on a page, and what to know of it."""
    from chalicelib.capture.form_document import FormDocument
    from chalicelib.document import read_document
    from chalicelib.http.snippet import Snippet

    found = world().editing.read("form", _id_in({"form_id": form_id}, "form_id"), None)
    company = world().company()
    facts = world().deployment()
    language = _language_of(request) or language_for("", company.language)
    snippet = Snippet(
        read_document(FormDocument, found.document),
        company,
        language=language,
        api_url=str(facts.get("api_url", "")),
        write_key=str(facts.get("write_key", "")),
    )
    return private_answer(
        {
            "form_id": form_id,
            "language": language,
            "html": snippet.html(),
            "notes": snippet.notes(),
        }
    )


def _language_of(request: Request) -> str | None:
    """Return the language that a request asks for. Raise InputError for one without texts."""
    asked = query_of(request).get(LANGUAGE)
    if asked is not None and asked not in languages():
        words = f"must be one of {', '.join(sorted(languages()))}"
        raise InputError(FieldError(LANGUAGE, words))
    return asked


serve_each("form", "forms", Role.MARKETER)
serve_each("email", "emails", Role.MARKETER)
serve_each("sequence", "sequences", Role.MARKETER)
serve_each("list", "lists", Role.MARKETER)
serve_each("mailing", "mailings", Role.MARKETER)
# Who could put the routing could name themselves everybody's deputy (ADR 0072).
serve_one("routing", "/v1/routing", Role.MARKETER, readers=[Role.SALES])
serve_one("settings", "/v1/settings", Role.MARKETER)
