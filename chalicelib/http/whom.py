"""The private endpoint that says who would get a lead now, and why. It changes nothing."""

from chalice.app import Blueprint, Request, Response

from chalicelib.access.tokens import Role
from chalicelib.errors import FieldError, InputError
from chalicelib.events import rfc3339
from chalicelib.http.auth import private
from chalicelib.http.exchange import private_answer, query_of
from chalicelib.wiring.world import world

whom = Blueprint(__name__)

PERSON_FACTS = ("country", "company_size", "industry", "email")
"""What of a person decides who gets them."""
SQL_KINDS = ("requested", "inferred")


@private(
    whom, "/v1/routing/whom", Role.MARKETER, Role.SALES, query=["lead_id", "kind", *PERSON_FACTS]
)
def who_gets_it(request: Request) -> Response:
    """Return who would get a lead now, or somebody of whom these facts are known."""
    query = query_of(request)
    kind = query.get("kind", SQL_KINDS[0])
    if kind not in SQL_KINDS:
        raise InputError(FieldError("kind", f"must be {' or '.join(SQL_KINDS)}"))
    given = {name: query[name] for name in PERSON_FACTS if name in query}
    if "lead_id" in query and given:
        raise InputError(FieldError("lead_id", "give either lead_id or facts of a person"))
    from chalicelib.wiring.whom import whom_now

    chosen = whom_now(world(), query.get("lead_id"), given, kind)
    return private_answer(
        {
            "owner": chosen.owner,
            "holder": chosen.holder,
            "why": chosen.why,
            "is_dealt": chosen.is_dealt,
            "waits_until": rfc3339(chosen.waits_until) if chosen.waits_until else None,
        }
    )
