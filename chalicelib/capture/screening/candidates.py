"""From a submission to what screening looks at of it, and back to its event."""

from dataclasses import replace
from datetime import datetime

from chalicelib.capture.form_document import FormDocument
from chalicelib.capture.naming import HONEYPOTS
from chalicelib.capture.screening.proofs import proofs_in
from chalicelib.capture.screening.verdict import Candidate, Verdict, Verification
from chalicelib.capture.sender import Sender
from chalicelib.capture.submission import Submission
from chalicelib.events import Event, values_in

NAME_FIELDS = ("first_name", "last_name", "company")
"""The fields in which no person writes a link."""
VERIFICATION = "verification"
"""The property that says what became of a form's challenge, where nobody could say."""
UNAVAILABLE = "unavailable"


def candidate_of(
    form_id: str,
    form: FormDocument | None,
    submission: Submission,
    sender: Sender,
    now: datetime,
) -> Candidate:
    """Return what the steps look at of a submission."""
    own_trap = [form.honeypot] if form and form.honeypot else []
    proofs = proofs_in(submission.technical, [*HONEYPOTS, *own_trap])
    fields = submission.fields
    return Candidate(
        form_id=form_id,
        address=submission.email,
        names={
            name: " ".join(map(str, values_in(fields[name])))
            for name in NAME_FIELDS
            if name in fields
        },
        trap=proofs.trap,
        verify=Verification(form.verify) if form else Verification.NONE,
        token=proofs.token,
        challenge=proofs.challenge,
        sender=sender,
        now=now,
    )


def marked(event: Event, verdict: Verdict) -> Event:
    """Return the event of a submission, which says so where nobody could verify its sender."""
    if not verdict.is_unverified:
        return event
    return replace(event, properties={**event.properties, VERIFICATION: UNAVAILABLE})
