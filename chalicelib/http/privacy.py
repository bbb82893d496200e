"""The private endpoints of privacy: what is held on one person, and its erasure."""

from http import HTTPStatus

from chalice.app import Blueprint, Request, Response

from chalicelib.access.tokens import Role
from chalicelib.http.auth import private
from chalicelib.http.exchange import (
    HTML,
    JSON,
    check_no_keys,
    prefers,
    private_answer,
    private_text,
    query_of,
)
from chalicelib.wiring.world import world

privacy = Blueprint(__name__)

#: The page loads nothing and runs nothing, whatever somebody typed.
ONLY_STYLE = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'"}


@private(privacy, "/v1/leads/{lead_id}/export", Role.ADMIN, query=["cursor"], is_journaled=True)
def export_lead(request: Request, lead_id: str) -> Response:
    """Return everything that is held on one person, in pages, as JSON or to be read."""
    page = world().privacy.export.page(lead_id, query_of(request).get("cursor"))
    if not prefers(request, HTML, JSON):
        return private_answer(page)
    from chalicelib.privacy.page import page_of

    return private_text(page_of(page), f"{HTML}; charset=utf-8", headers=ONLY_STYLE)


@private(privacy, "/v1/leads/{lead_id}", Role.ADMIN, methods=["DELETE"])
def erase_lead(request: Request, lead_id: str) -> Response:
    """Erase a person: nothing of them counts, is shown or is sent from now on; a job deletes it."""
    check_no_keys(request)
    job = world().privacy.erasures.erase(lead_id)
    return private_answer({"job_id": job["id"], **job}, HTTPStatus.ACCEPTED)
