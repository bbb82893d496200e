"""Pia, who left something in every family of items; and the search for what is left of her.

Whatever she could type is marked: name, phone, addresses, the ids that her client chose.
"""

import json
import zlib
from base64 import b64decode
from binascii import Error as NotBase64Error
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from functools import cache
from typing import Any

from chalicelib.capture.joining import SubmissionReceipt
from chalicelib.capture.screening.proofs import HONEYPOT_FIELD
from chalicelib.clicks.links import AnswerLink, ClickLink
from chalicelib.clock.hand_over import quarantined
from chalicelib.clock.tasks import Due
from chalicelib.commands.verdicts import Rejection
from chalicelib.delivery.links import ANSWER, CLICK
from chalicelib.delivery.message_keys import MessageKey, MessageKind, parse_key
from chalicelib.delivery.outbox import OutboxMessage
from chalicelib.delivery.references import tag_of
from chalicelib.leads.progress import begin
from chalicelib.lifecycle.verdicts import RejectReason
from chalicelib.qualify.due import REVIEW_TASK
from chalicelib.store import keys
from chalicelib.store.table import Item
from tests import factories as make
from tests import recorded_lives
from tests.baton import AD, TOKEN, InMemoryBaton, ask, stream_event
from tests.fakes import FakePorts
from tests.inbound import notification, raw

PIA: dict[str, Any] = {
    "email": "pia.quirrel@quux.example",
    "first_name": "Pia-Luïsa",
    "last_name": "Quirrelström",
    "phone": "+49 30 5557391",
    "company": "Quux Works",
    "job_title": "CTO",
    "company_size": 120,
    "industry": "software",
    "country": "DE",
    "message": "Call Pia-Luïsa on 5557391.",
}
HOME = "pia@quirrel.example"
USER = "pia.quirrel@quux.example"
VISITOR = "v-5557391"
MARKS = ("quirrel", "pia-lu", "pia luïsa", "5557391", "555 7391", "quux")
IDS_DRAWN = 1_000


class Restarted(InMemoryBaton):
    """A Baton that goes on where another one stopped. Its table holds the documents."""

    def _load(self, zone: str) -> None:  # noqa: ARG002
        for _ in range(IDS_DRAWN):  # none comes twice
            self.ports.new_id()


def lived() -> InMemoryBaton:
    """Return a Baton in which others live, and Pia left something in every family."""
    ports = FakePorts()
    ports.memory.items = _lived()
    return Restarted(ports)


@cache
def _lived() -> dict[tuple[str, str], Item]:
    baton = recorded_lives.live()
    _came_and_asked(baton)
    _came_by_another_address(baton)
    _was_put_aside(baton)
    return baton.kept()


def _came_and_asked(baton: InMemoryBaton) -> None:
    """Pia looks around, agrees twice, asks for a demo, and is accepted. One box waits for her."""
    for number in range(9):  # every eighth ping writes the counter
        baton.page(f"/blog/quirrel-{number}", visitor=VISITOR, context=AD)
        user: dict[str, Any] = {"anonymousId": None, "userId": USER, "traits": {}}
        baton.page(f"/docs/quirrel-{number}", **user)
        traits = {"email": PIA["email"], "name": "Pia-Luïsa Quirrelström"}
        said = {"anonymousId": f"{VISITOR}-{number}", "userId": USER, "traits": traits}
        assert baton.post("/v1/identify", said).status_code == 200
    form = {"fields": PIA, "visitor_id": VISITOR, "submission_id": USER}
    box: dict[str, Any] = {"marketing": True, "text": "Write to Pia-Luïsa."}
    baton.world.documents.put("form", {"id": "news", "double_opt_in": True}, "news")
    for form_id in ("guide", "demo", "news"):
        assert baton.post(f"/v1/forms/{form_id}", {**form, "consent": box}).status_code == 202
        baton.until_quiet()
    spam = {**form, "submission_id": f"spam {USER}", "fields": {**PIA, HONEYPOT_FIELD: "quirrel"}}
    assert baton.post("/v1/forms/demo", {**spam, "consent": box}).status_code == 202
    verdicts = baton.world.handoff_pages.verdicts
    rejection = Rejection(reason=RejectReason.WRONG_PERSON, who="Pia-Luïsa Quirrelström")
    verdicts.reject(lead_id(baton), 1, "sam", rejection)
    verdicts.undo(lead_id(baton), 1, "sam")
    ask(baton, "stage", {"stage": "accepted", "reason": "spoke to Pia-Luïsa"}, email=PIA["email"])
    basis = {"purpose": "calls", "kind": "consent", "reason": "Pia-Luïsa said so"}
    ask(baton, "basis", basis, email=PIA["email"])
    _clicked_and_answered(baton)
    message = f"{lead_id(baton)}#nurture#1#welcome#1"
    address = baton.world.reply_addresses.address_of(_first_email(baton))
    answer = raw("Call Pia-Luïsa on 5557391.\nDo not write to me.", From=PIA["email"])
    baton.world.replies.taking.take(notification(str(address), content=answer))
    mail = {"messageId": "m", "tags": {"message": [tag_of(message)]}}
    baton.world.mail_event(json.dumps({"eventType": "Bounce", "mail": mail, "bounce": BOUNCE}))
    token = baton.world.links.sign("unsubscribe", lead_id(baton))
    some = {"Content-Type": "application/x-www-form-urlencoded"}
    assert baton.http("POST", f"/u/{token}", "choice=some&fewer=yes", some).status_code == 200
    assert baton.http("POST", f"/u/{token}").status_code == 200
    baton.until_quiet()


def _first_email(baton: InMemoryBaton) -> OutboxMessage:
    found = baton.world.outbox.read(lead_id(baton), parse_key("nurture#1#welcome#1"))
    assert found is not None
    return found


def _clicked_and_answered(baton: InMemoryBaton) -> None:
    """Pia uses a link of an email, and answers its question."""
    basis = {"purpose": "measuring", "kind": "consent", "reason": "Pia-Luïsa said so"}
    ask(baton, "basis", basis, email=PIA["email"])
    key = MessageKey(MessageKind.NURTURE, 1, ("welcome", "1"))
    link = ClickLink(lead_id(baton), key, 0, "https://keybook.example/quirrel")
    token = baton.world.links.sign(CLICK, str(link))
    assert baton.http("GET", f"/c/{token}", headers={"User-Agent": "x"}).status_code == 302
    asked = AnswerLink(lead_id(baton), key, "goal", "quirrel", "en")
    token = baton.world.links.sign(ANSWER, str(asked))
    typed = {"Content-Type": "text/plain"}
    assert baton.http("POST", f"/a/{token}", b"", typed).status_code == 200
    baton.until_quiet()


BOUNCE = {"bounceType": "Permanent", "bouncedRecipients": [{"emailAddress": PIA["email"]}]}


def _came_by_another_address(baton: InMemoryBaton) -> None:
    """Pia comes again from home; it turns out that both are one."""
    baton.form("guide", visitor="v-quirrel-home", consent=True, **{**PIA, "email": HOME})
    baton.until_quiet()
    ask(baton, "merge", {"other_lead_id": lead_id(baton, HOME)}, email=PIA["email"])
    baton.form("guide", visitor=None, **{**PIA, "email": HOME})  # and once more by that address
    baton.until_quiet()


def _was_put_aside(baton: InMemoryBaton) -> None:
    """What only trouble leaves: spam, a surplus form, a long replay, and what was put aside."""
    spam = {"fields": {**PIA, HONEYPOT_FIELD: "buy"}, "visitor_id": "v-bob"}  # not hers
    assert baton.post("/v1/forms/demo", spam).status_code == 202
    now = baton.ports.now()
    lead = baton.world.leads.read(lead_id(baton))
    form = make.form(partition=keys.lead(lead.lead_id), fields=PIA, at=now, captured_at=now)
    receipt = SubmissionReceipt("guide", "quirrel-surplus", VISITOR, "hash")
    baton.world.captured.accept(
        [replace(form, is_surplus=True)],
        lead_id=lead.lead_id,
        claims=(),
        proof=None,
        receipt=receipt,
        now=now,
    )
    progress = begin(lead, baton.world.qualify.derive.model(lead), now)
    progress.derived = lead
    baton.world.leads.save_unfinished(lead, progress)
    baton.world.leads.request_replay(lead, now + timedelta(days=30))
    due = Due(REVIEW_TASK, lead.lead_id, "")
    (one,) = baton.world.hand_overs.read([due], now)
    baton.world.hand_overs.save(one, quarantined(one, now), now)
    for partition in (keys.lead(lead.lead_id), f"VISITOR#{VISITOR}"):
        record: Any = {"pk": partition, "sk": "EVENT#0000000000001#x"}
        baton.world.qualify_records(stream_event([record]))
    baton.drained = len(baton.ports.memory.inserted)


def lead_id(baton: InMemoryBaton, email: str = str(PIA["email"])) -> str:
    """Return the lead id of one of Pia's addresses."""
    return baton.world.lead_id(email)


def erase(baton: InMemoryBaton, email: str = str(PIA["email"])) -> Any:
    """Ask for an erasure. Return the job that the answer names."""
    baton.minutes_later(1)
    answer = baton.http("DELETE", f"/v1/leads/{lead_id(baton, email)}", headers=TOKEN)
    assert answer.status_code == 202, answer.body
    return json.loads(answer.body)


def erased(baton: InMemoryBaton, email: str = str(PIA["email"])) -> Any:
    """Erase a lead, and let the clock do the job. Return the job as it ended."""
    job = erase(baton, email)
    for _ in range(3):
        baton.minutes_later(1)
    return baton.get(f"/v1/jobs/{job['job_id']}")


def left_of(items: Mapping[Any, Item], marks: tuple[str, ...] = MARKS) -> list[str]:
    """Return where anything of a person is left: in keys and values, nested, packed or encoded."""
    return [
        f"{place} {name}: {mark}"
        for place, item in items.items()
        for name, value in item.items()
        for text in _readings(value)
        for mark in marks
        if mark in text.casefold()
    ]


def _readings(value: object) -> Iterator[str]:
    """Yield a value as text in each way in which it may be read."""
    if isinstance(value, bytes):
        yield value.decode("latin-1")
        with suppress(zlib.error):
            yield zlib.decompress(value).decode("utf-8", "replace")
        return
    text = str(value)
    yield text
    with suppress(ValueError):
        yield json.dumps(json.loads(text), ensure_ascii=False)
    if len(text) >= 8:
        with suppress(NotBase64Error, ValueError):
            unpacked = b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
            yield from _readings(unpacked)


def own_items(items: Mapping[Any, Item], ids: tuple[str, ...]) -> dict[Any, Item]:
    """Return the items of leads, and those of visitors and receipts that say they are Pia's."""
    return {
        key: item
        for key, item in items.items()
        if any(one in str(key) for one in ids)
        or left_of({key: item})
        or str(item.get("lead_id", "")) in ids
    }
