"""Lives of leads as one version of Baton writes them, for another version to carry on.

    PYTHONPATH=<a checkout> python tests/recorded_lives.py live items.json
    PYTHONPATH=<a checkout> python tests/recorded_lives.py go-on items.json carried-on.json

The first lives them on the code of that checkout, and keeps each item with what was answered about
it. The second carries on with items that another version kept. `live` need only run on the version
that it records; what carries on is written in what both versions have
(docs/how-to/change-what-is-stored.md).
"""

import json
import sys
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from typing import Any

from chalicelib.store import keys
from tests.baton import AD, ANN, TOKEN, InMemoryBaton, ask, stream_event
from tests.fakes import FakeClock, FakePorts, MemoryTable

BOB = {**ANN, "email": "bob@birch.example", "first_name": "Bob", "company": "Birch"}
CLEO = {**ANN, "email": "cleo@cedar.example", "first_name": "Cleo", "company": "Cedar"}
DORA: dict[str, Any] = {"email": "dora@acme.example", "first_name": "Dora"}
EVE = {**ANN, "email": "eve@elm.example", "first_name": "Eve", "company": "Elm"}
NEW = {**ANN, "email": "new@ash.example", "first_name": "New", "company": "Ash"}
FAY: dict[str, Any] = {"email": "fay@fir.example", "first_name": "Fay"}
EVERYBODY = [str(one["email"]) for one in (ANN, BOB, CLEO, DORA, EVE, FAY)]
ANSWERS = {"buying_cycle": "this quarter", "influence": "decides", "time_frame": "3 months"}
VOLATILE = {"as_of", "next_steps", "updated_at"}
"""What an answer says of the moment in which it is given."""


def live() -> InMemoryBaton:
    """Live the lives whose items are kept: each kind of item there is comes of them."""
    baton = InMemoryBaton()
    _wait_and_lose(baton)
    _become_customers(baton)
    _are_corrected(baton)
    _leave_work(baton)
    return baton


def _wait_and_lose(baton: InMemoryBaton) -> None:
    """Bob's handoff waits for its services, and Cleo's worker was lost while it sent."""
    from chalicelib.delivery.messages import Unclear, Waiting
    from chalicelib.delivery.reasons import (
        NotSentReason,
    )

    baton.ports.senders.answers = [Waiting(NotSentReason.THROTTLED)] * 3
    baton.form("demo", visitor="v-bob", **BOB)
    baton.until_quiet()
    baton.ports.senders.answers = [Unclear()] * 3
    baton.form("demo", visitor="v-cleo", **CLEO)
    baton.until_quiet()


def _become_customers(baton: InMemoryBaton) -> None:
    """Ann comes by an ad, agrees to emails, asks for a demo, and is accepted."""
    baton.page("/", visitor="v-ann", context=AD)
    baton.page("/pricing", visitor="v-ann")
    baton.form("guide", visitor="v-ann", consent=True, **ANN)
    baton.until_quiet()
    _report(baton, str(ANN["email"]), "Delivery", {})
    baton.form("demo", visitor="v-ann", **ANN)
    baton.until_quiet()
    ask(baton, "stage", {"stage": "accepted", "reason": "good talk"}, email=str(ANN["email"]))
    ask(baton, "opportunity", ANSWERS, email=str(ANN["email"]))


def _are_corrected(baton: InMemoryBaton) -> None:
    """Dora turns out to be Ann; Eve's emails bounce, and her evidence is taken back."""
    baton.form("guide", visitor=None, **DORA)
    baton.form("guide", visitor="v-eve", consent=True, **EVE)
    baton.until_quiet()
    _report(baton, EVE["email"], "Bounce", {"bounceType": "Permanent"})
    path = f"/v1/leads/{baton.world.lead_id(EVE['email'])}/timeline"
    form = next(one for one in baton.get(path)["items"] if one["kind"] == "form")
    ask(baton, "retract", {"event_ids": [form["id"]], "reason": "a test"}, email=EVE["email"])
    other = {"other_lead_id": baton.world.lead_id(DORA["email"])}
    ask(baton, "merge", other, email=str(ANN["email"]))


def _leave_work(baton: InMemoryBaton) -> None:
    """A visitor without a lead, a record put aside, a replay, a job of each kind, a switch."""
    from chalicelib.commands.rebuild import start_rebuild
    from tests.drafts import EASY_MQL, draft

    baton.page("/pricing", visitor="v-nobody")
    item: Any = {"pk": "VISITOR#v-nobody", "sk": "EVENT#0000000000001#x"}
    baton.world.qualify_records(stream_event([item]))
    lead = baton.world.leads.read(baton.world.lead_id(EVE["email"]))
    baton.world.leads.request_replay(lead, baton.ports.now() + timedelta(minutes=1))
    baton.form("guide", visitor="v-fay", **FAY)
    baton.until_quiet()
    another = draft(mql=EASY_MQL)
    assert baton.post("/v1/model/simulate", another, TOKEN).status_code == HTTPStatus.OK
    _out_of_time(baton, "/v1/model/simulate", another)
    version = json.loads(baton.post("/v1/model", another, TOKEN).body)["version"]
    _out_of_time(baton, f"/v1/model/versions/{version}/publish", {"force": True})
    start_rebuild(baton.world.job_runner)
    off = {"acknowledgements": {"on": False, "reason": "nothing is sent yet"}}
    said = {**TOKEN, "Content-Type": "application/json"}
    answer = baton.http("PUT", "/v1/switches", json.dumps(off), said)
    assert answer.status_code == HTTPStatus.OK


def _out_of_time(baton: InMemoryBaton, path: str, data: Any) -> None:
    """Ask for work at which the time runs out, so that it is left to a job."""
    from tests.drafts import TickingClock

    clock = baton.ports.clock
    baton.ports.clock = TickingClock(timedelta(seconds=0.4))
    baton.ports.clock.time = clock.time
    assert baton.post(path, data, TOKEN).status_code == HTTPStatus.ACCEPTED
    baton.ports.clock = clock


def _report(baton: InMemoryBaton, email: str, kind: str, detail: Mapping[str, Any]) -> None:
    from chalicelib.delivery.references import tag_of

    message = f"{baton.world.lead_id(email)}#nurture#1#welcome#1"
    mail = {"messageId": "message-1", "tags": {"message": [tag_of(message)]}}
    baton.world.mail_event(json.dumps({"eventType": kind, "mail": mail, kind.lower(): detail}))
    baton.until_quiet()


# --- carried on -----------------------------------------------------------------------------------


def baton_on(kept: Mapping[str, Any]) -> InMemoryBaton:
    """Return a Baton on kept items, at the moment at which they were kept."""
    table = MemoryTable()
    clock = FakeClock(datetime.fromisoformat(kept["now"]))
    baton = _Restarted(FakePorts(table, clock))
    table.items = {(item["pk"], item["sk"]): item for item in map(_unpacked, kept["items"])}
    baton.drained = len(table.inserted)
    for _ in range(int(kept["ids"])):  # ids go on where they were
        baton.ports.new_id()
    return baton


class _Restarted(InMemoryBaton):
    """A Baton that loads no documents: its table has them."""

    def _load(self, zone: str) -> None:
        pass


def go_on(baton: InMemoryBaton) -> None:
    """Carry on: do what waits, send what is owed, and take what comes in."""
    work_off(baton)
    baton.page("/pricing", visitor="v-eve")
    baton.form("demo", visitor="v-eve", **EVE)
    baton.form("demo", visitor="v-new", consent=True, **NEW)
    baton.until_quiet()
    ask(baton, "outcome", {"outcome": "lost", "reason": "no money"}, email=str(ANN["email"]))
    for _ in range(3):
        baton.minutes_later(1)


def work_off(baton: InMemoryBaton) -> None:
    """Do what waits, for half an hour."""
    for _ in range(30):
        baton.minutes_later(1)


def kept(baton: InMemoryBaton) -> dict[str, Any]:
    """Return all items, and what is answered about them."""
    items = [_packed(item) for _, item in sorted(baton.ports.memory.items.items())]
    now = baton.ports.now().isoformat()
    answered = {"answers": answers(baton), "jobs": jobs(baton)}
    return {"now": now, "ids": _drawn(baton), **answered, "items": items}


def answers(baton: InMemoryBaton) -> dict[str, Any]:
    """Return what is answered about everybody: the lead, its timeline, its messages."""
    outbox = baton.get("/v1/outbox?limit=200")["items"]
    found: dict[str, Any] = {"outbox": sorted(outbox, key=lambda one: str(one["id"]))}
    for email in EVERYBODY:
        path = f"/v1/leads/{baton.world.lead_id(email)}"
        lead = {name: value for name, value in baton.get(path).items() if name not in VOLATILE}
        found[email] = {"lead": lead, "timeline": baton.get(f"{path}/timeline?limit=200")["items"]}
    return found


def jobs(baton: InMemoryBaton) -> dict[str, str]:
    """Return the state of each kind of job, the worst of its kind."""
    found = [one for one in baton.ports.memory.items.values() if one["sk"] == keys.JOB]
    order = {"done": 0, "held": 1, "running": 2, "failed": 3}
    return {
        str(one["kind"]): str(one["status"])
        for one in sorted(found, key=lambda one: order[str(one["status"])])
    }


def _drawn(baton: InMemoryBaton) -> int:
    return int(baton.ports.new_id().removeprefix("id-"))


def _packed(item: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: {"base64": b64encode(value).decode()} if isinstance(value, bytes) else value
        for name, value in item.items()
    }


def _unpacked(item: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: b64decode(value["base64"]) if isinstance(value, dict) else value
        for name, value in item.items()
    }


def write(found: Mapping[str, Any], path: Path) -> None:
    """Write what was kept, each item on a line of its own."""
    head = {name: value for name, value in found.items() if name != "items"}
    text = json.dumps(head, ensure_ascii=False)[:-1]
    items = ",\n".join(json.dumps(item, ensure_ascii=False) for item in found["items"])
    path.write_text(f'{text}, "items": [\n{items}\n]}}\n')


def main(arguments: Sequence[str]) -> None:
    """Live, or carry on."""
    command, *paths = arguments
    if command == "live":
        baton = live()
    else:
        baton = baton_on(json.loads(Path(paths[0]).read_text()))
        go_on(baton)
    write(kept(baton), Path(paths[-1]))


if __name__ == "__main__":
    main(sys.argv[1:])
