"""The routes of a handoff's page, on which a salesperson answers without a login (ADR 0069).

The link is the key. Opening it decides nothing: mail scanners open every link. What a request needs
is imported with it: the functions of the streams load this module, too.
"""

from chalice.app import Blueprint, Response

from chalicelib.http.exchange import READ, URLENCODED, current_request
from chalicelib.http.problem import answers_problems

handoffs = Blueprint(__name__)


@handoffs.route("/handoffs/{token}", methods=READ)
@answers_problems
def show_handoff(token: str) -> Response:
    """Show the lead of a handoff, and the choices. Change nothing."""
    from chalicelib.http.verdict_views import view_handoff

    return view_handoff(current_request(handoffs), token)


@handoffs.route("/handoffs/{token}", methods=["POST"], content_types=[URLENCODED])
@answers_problems
def answer_handoff(token: str) -> Response:
    """Take a verdict. Whoever comes second sees the first one."""
    from chalicelib.http.verdict_views import take_answer

    return take_answer(current_request(handoffs), token)
