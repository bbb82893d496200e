"""A handoff to Sam, its page, and what is pressed there."""

import re
from collections.abc import Mapping, Sequence
from datetime import timedelta
from html import unescape
from urllib.parse import urlencode

from chalice.test import HTTPResponse

from chalicelib.handoff.facts import VerdictLink
from chalicelib.handoff.handoff import Handoff
from chalicelib.handoff.verdicts import GivenVerdict
from tests.baton import ANN, API, InMemoryBaton

SAM = {"id": "sam", "name": "Sam Seller", "email": "sam@keybook.example", "phone": "+4930901821"}
KIM = {"id": "kim", "name": "Kim Deputy", "email": "kim@keybook.example"}
MO = {"id": "mo", "name": "Mo Manager", "email": "mo@keybook.example"}
ROUTING = {"people": [{**SAM, "deputy": "kim"}, KIM, MO], "manager": "mo"}
ENGLISH = {"Accept-Language": "en"}
FORM = {**ENGLISH, "Content-Type": "application/x-www-form-urlencoded"}
HIDDEN = re.compile(r'<input type="hidden" name="(\w+)" value="([^"]*)">')


def handed_over(
    routing: Mapping[str, object] = ROUTING, baton: InMemoryBaton | None = None, **fields: str
) -> InMemoryBaton:
    """Return a Baton in which Ann asked for a demo, and Sam was notified."""
    baton = baton or InMemoryBaton()
    baton.world.documents.put("routing", routing)
    baton.form("demo", **{**ANN, "message": "We need it by March.", **fields})
    baton.until_quiet()
    return baton


def stored_handoff(baton: InMemoryBaton, email: str = ANN["email"]) -> Handoff:
    """Return the newest handoff of a lead."""
    return baton.world.leads.handoffs(baton.world.lead_id(email))[-1]


def stored_verdict(baton: InMemoryBaton, cycle: int = 1) -> GivenVerdict | None:
    """Return the verdict on Ann's handoff, also one that was undone."""
    return baton.world.leads.verdict(baton.world.lead_id(ANN["email"]), cycle)


def page_path(
    baton: InMemoryBaton,
    person: str = "sam",
    choice: VerdictLink = VerdictLink.PAGE,
    email: str = ANN["email"],
) -> str:
    """Return the path of the page of a lead's newest handoff."""
    links = baton.world.handoff_pages.links
    url = links.url(stored_handoff(baton, email), person, baton.ports.now(), choice)
    return url.removeprefix(API)


def look(baton: InMemoryBaton, path: str, headers: Mapping[str, str] = ENGLISH) -> HTTPResponse:
    """Open a page."""
    return baton.http("GET", path, headers=headers)


def fields_of(html: bytes) -> dict[str, str]:
    """Return the hidden fields of a page's forms."""
    return {name: unescape(value) for name, value in HIDDEN.findall(html.decode())}


def press(baton: InMemoryBaton, path: str, **said: str | Sequence[str]) -> HTTPResponse:
    """Open a page, read it, and send its form."""
    return press_after(baton, path, 5, said)


def press_after(
    baton: InMemoryBaton, path: str, seconds: float, said: Mapping[str, str | Sequence[str]]
) -> HTTPResponse:
    """Open a page, wait for some seconds, and send its form."""
    sent = {"shown": fields_of(look(baton, path).body).get("shown", ""), **said}
    baton.ports.clock.time += timedelta(seconds=seconds)
    return send(baton, path, sent)


def send(baton: InMemoryBaton, path: str, sent: Mapping[str, str | Sequence[str]]) -> HTTPResponse:
    """Send a form as it stands."""
    return baton.http("POST", path, urlencode(sent, doseq=True), FORM)
