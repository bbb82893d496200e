"""A Baton with sequences, and Ann, whom they write to."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from chalicelib.delivery.messages import Email
from chalicelib.nurture.enrolment import Enrolment
from tests.baton import TOKEN, InMemoryBaton
from tests.fakes import NOW, FakePorts, MemoryTable

ANN = "ann@acme.example"
TUESDAY = NOW + timedelta(days=2)
"""A Tuesday, at ten in the morning in UTC."""
FITTING: Mapping[str, Any] = {
    "email": ANN,
    "company": "Acme",
    "country": "DE",
    "job_title": "CTO",
    "company_size": 120,
    "industry": "Software",
}
"""What makes an MQL of whoever downloads the guide."""


def put(baton: InMemoryBaton, path: str, document: Mapping[str, Any], status: int = 200) -> Any:
    """Put a document. Return the answer."""
    headers = {**TOKEN, "Content-Type": "application/json"}
    answer = baton.http("PUT", path, json.dumps(document), headers)
    assert answer.status_code == status, answer.body
    return json.loads(answer.body)


def put_email(baton: InMemoryBaton, email_id: str) -> None:
    """Put an email whose subject is its id."""
    text = f"{email_id}: {{{{ unsubscribe_url }}}}"
    put(baton, f"/v1/emails/{email_id}", {"id": email_id, "subject": email_id, "text": text})


def put_sequence(baton: InMemoryBaton, steps: Sequence[Any], **parts: Any) -> Any:
    """Put a sequence, `s` unless it is named, with the emails of its steps. Return the answer."""
    whole = [step if isinstance(step, dict) else _step(*step) for step in steps]
    for step in whole:
        for email in [step.get("email"), *step.get("emails", ())]:
            if email:
                put_email(baton, email)
    document = {"id": "s", "enter": {"stage": "mql"}, "steps": whole, **parts}
    return put(baton, f"/v1/sequences/{document['id']}", document)


def _step(step_id: str, wait: str) -> dict[str, Any]:
    """Return a step whose email is named after it."""
    return {"id": step_id, "wait": wait, "email": f"l{step_id}"}


def baton_on_tuesday(
    steps: Sequence[Any] = (), table: MemoryTable | None = None, **parts: Any
) -> InMemoryBaton:
    """Return a Baton on a Tuesday at ten, with one sequence or none."""
    baton = InMemoryBaton(FakePorts(table or MemoryTable()))
    baton.ports.clock.tick(TUESDAY - NOW)
    answer = baton.http("DELETE", "/v1/sequences/welcome", None, TOKEN)
    assert answer.status_code in (200, 404), answer.body
    if steps:
        put_sequence(baton, steps, **parts)
    baton.ports.clock.tick(timedelta(minutes=1))
    return baton


def become_mql(baton: InMemoryBaton, form: str = "guide", **fields: Any) -> str:
    """Let Ann become an MQL that is interested in the product. Return her id."""
    email = str(fields.get("email", ANN))
    visitor = f"v-{email}"
    for path in ("/blog/a", "/product"):
        baton.page(path, visitor)
    baton.form(form, visitor, consent=True, **{**FITTING, **fields})
    baton.until_quiet()
    return baton.world.lead_id(email)


def hours_later(baton: InMemoryBaton, hours: int, step: int = 1) -> None:
    """Let hours pass, and the clock look each hour, or each so many hours."""
    for _ in range(0, hours, step):
        baton.minutes_later(60 * step)


def days_later(baton: InMemoryBaton, days: int) -> None:
    """Let days pass."""
    hours_later(baton, 24 * days)


def mails(baton: InMemoryBaton, to: str = ANN) -> list[str]:
    """Return the subjects of what was sent to an address, in order."""
    sent = baton.ports.senders.sent
    return [one.subject for one in sent if isinstance(one, Email) and one.to == to]


def enrolments(baton: InMemoryBaton, lead_id: str) -> list[Enrolment]:
    """Return the enrolments of a lead."""
    return baton.world.enrolments.of_lead(lead_id)


def now(baton: InMemoryBaton) -> datetime:
    """Return what the clock says."""
    return baton.ports.now()
