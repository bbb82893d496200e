"""Any sequence that validates, any history of a lead, any clock: what a preview says is what
happens; caps, spacing and hours hold for whatever leaves; every way through a sequence ends; and
what was planned is what was sent, what waits, and what was not sent, at any moment.
"""

import json
from collections import Counter
from collections.abc import Mapping
from datetime import timedelta
from functools import cache
from itertools import pairwise
from typing import Any

from hypothesis import event, given, settings
from hypothesis import strategies as some

from chalicelib.delivery.outbox import OPEN, REPORTED, OutboxMessage
from chalicelib.nurture.sequences import SequenceDocument
from chalicelib.nurture.spacing import limits_of, next_allowed
from chalicelib.nurture.windows import is_open, working_hours_of
from chalicelib.store.table import Item
from tests.baton import ANN, TOKEN, InMemoryBaton
from tests.courses import put, put_email
from tests.previews import foreseen, left, not_sent, play, preview
from tests.properties.test_courses import EMAILS, sequences
from tests.sizes import SIZES

YEARS = 12_000  # in days: six steps wait for two years each at most
WEEK = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
SEQUENCES = ("s", "other")


@cache
def items() -> Mapping[tuple[str, str], Item]:
    """Return what a Baton with the emails and without a sequence holds."""
    baton = InMemoryBaton()
    baton.http("DELETE", "/v1/sequences/welcome", None, TOKEN)
    for email in EMAILS:
        put_email(baton, email)
    return baton.kept()


class Copied(InMemoryBaton):
    """A Baton that begins with these items."""

    def _load(self, zone: str) -> None:  # noqa: ARG002
        self.ports.memory.items = items()


def ours(sequence: SequenceDocument, sequence_id: str, **also: Any) -> dict[str, Any]:
    """Return a drawn sequence as it is put."""
    written = sequence.model_dump(by_alias=True, exclude_unset=True, mode="json")
    return {**written, "id": sequence_id, **also}


@some.composite
def sendings(draw: some.DrawFn) -> dict[str, Any]:
    return {
        "hours": draw(
            some.sampled_from([["08:30", "17:30"], ["00:00", "24:00"], ["21:00", "23:00"]])
        ),
        "days": draw(some.sampled_from([WEEK, WEEK[:5], ["wed"]])),
        "holidays": draw(some.sampled_from([[], ["DE"], ["US"]])),
        "per_7_days": draw(some.sampled_from([0, 1, 2])),
        "per_30_days": draw(some.sampled_from([0, 2, 6])),
        "hours_apart": draw(some.sampled_from([0, 1, 48, 200])),
        "warm": draw(some.booleans()),
    }


@some.composite
def lives(draw: some.DrawFn) -> dict[str, Any]:
    """Draw what happens to a lead before anybody asks."""
    return {
        "s": ours(
            draw(sequences()),
            "s",
            stale_after=draw(some.sampled_from(["1d", "7d", "30d"])),
            priority=draw(some.sampled_from([0, 5])),
        ),
        "other": ours(draw(sequences()), "other", enter={"form": "webinar"}),
        "sending": draw(sendings()),
        "at": draw(some.timedeltas(timedelta(0), timedelta(days=60))),
        "zone": draw(
            some.sampled_from([None, "Europe/Berlin", "Asia/Kolkata", "America/New_York"])
        ),
        "country": draw(some.sampled_from(["DE", "US", "BR"])),
        "consent": draw(some.sampled_from([True, True, True, False])),
        "other_first": draw(some.booleans()),
        "days_before": draw(some.sampled_from([0, 1, 10, 40])),
    }


def lived(life: Mapping[str, Any]) -> tuple[InMemoryBaton, str]:
    """Let it happen. Return the Baton, and the lead's id."""
    baton = Copied()
    baton.ports.clock.tick(life["at"])
    company = baton.get("/v1/settings")
    put(baton, "/v1/settings", {**company, "country": "DE", "sending": life["sending"]})
    for sequence_id in SEQUENCES:
        put(baton, f"/v1/sequences/{sequence_id}", life[sequence_id])
    for path in ("/blog/a", "/product"):
        baton.page(path, context={"timezone": life["zone"]} if life["zone"] else {})
    asked = {**ANN, "country": life["country"], "job_title": "CTO"}
    if life["other_first"]:
        baton.form("webinar", consent=life["consent"], **asked)
        baton.until_quiet()
        for _ in play(baton, 3):
            pass
    baton.form("guide", consent=life["consent"], **asked)
    baton.until_quiet()
    for _ in play(baton, life["days_before"]):
        pass
    return baton, baton.world.lead_id(ANN["email"])


def messages(baton: InMemoryBaton, lead_id: str) -> list[OutboxMessage]:
    every = (message for _, message in baton.world.outbox.of_lead(lead_id))
    return [one for one in every if one.sequence in SEQUENCES]


def balanced(baton: InMemoryBaton, lead_id: str) -> None:
    """Check that the numbers are those of a recount."""
    every = messages(baton, lead_id)
    running = baton.world.enrolments.of_lead(lead_id)
    for sequence_id in SEQUENCES:
        shown = baton.world.sequence_numbers.show(sequence_id)
        total = shown["total"]
        own = [one for one in every if one.sequence == sequence_id]
        entered = [one for one in running if one.sequence == sequence_id]
        waiting = sum(one.waits_for is not None for one in entered)
        open_ones = sum(one.state in OPEN for one in own)
        sent = sum(one.state in REPORTED for one in own)
        reasons = Counter(
            str(one.reason) for one in own if one.state not in OPEN and one.state not in REPORTED
        )
        assert total["sent"] == sent
        assert total["waiting"] == open_ones + waiting
        assert total["not_sent"] == reasons
        assert total["planned"] == len(own) + waiting
        assert total["planned"] == sent + total["waiting"] + sum(reasons.values())
        assert shown["entered"] == len(entered)
        assert shown["exited"] == Counter(str(one.ended) for one in entered if one.ended)


def decent(baton: InMemoryBaton, lead_id: str) -> None:
    """Check that hours, caps and spacing hold for everything that has left."""
    company = baton.world.company()
    hours = working_hours_of(baton.world.leads.read(lead_id), company)
    limits = limits_of(company)
    at = sorted(one.claimed_at for one in messages(baton, lead_id) if one.claimed_at)
    for number, moment in enumerate(at):
        assert is_open(moment, hours)
        assert next_allowed(at[:number], moment, limits) == moment
    assert all(
        later - earlier >= timedelta(hours=limits.hours_apart) for earlier, later in pairwise(at)
    )


@given(life=lives())
@settings(max_examples=SIZES.api_cases, deadline=None)
def test_what_a_preview_says_is_what_happens(life: dict[str, Any]) -> None:
    baton, lead_id = lived(life)
    before = baton.kept()
    known = {message.key for message in messages(baton, lead_id) if not message.due_at}
    shown = preview(baton, lead_id)
    assert baton.kept() == before
    is_running = shown["lead"]["state"] == "running"
    event(f"{shown['lead']['state']} with {min(len(shown['steps']), 3)} steps")
    done = [len(left(baton)), len(not_sent(baton))]
    for _ in play(baton, YEARS):
        pass
    decent(baton, lead_id)
    ended = [one.ended for one in baton.world.enrolments.of_lead(lead_id)]
    assert all(ended), "each way through a sequence ends"
    if not is_running:
        return
    assert foreseen(shown) == left(baton)[done[0] :]
    later = [
        (one.key.parts[1], str(one.reason))
        for one in messages(baton, lead_id)
        if one.sequence == "s" and one.key not in known and one.state not in REPORTED
    ]
    said = [(one["step"], one["reason"]) for one in shown["steps"] if one["state"] == "not_sent"]
    assert sorted(said) == sorted(later)
    last = max(
        (one for one in baton.world.enrolments.of_lead(lead_id) if one.sequence == "s"),
        key=lambda one: one.entered_at,
    )
    assert shown["ends"]["reason"] == last.ended


NEWS = some.sampled_from(["demo", "stop", "unsubscribe", "pricing", "pause", "other", "change"])


def happens(baton: InMemoryBaton, lead_id: str, what: str, life: Mapping[str, Any]) -> None:
    """Let something happen to a lead, or to what it is in."""
    if what in ("demo", "other"):
        form = "demo" if what == "demo" else "webinar"
        baton.form(form, consent=life["consent"], **{**ANN, "country": life["country"]})
    elif what == "stop":
        baton.post(f"/v1/leads/{lead_id}/emails", {"stop": True}, TOKEN)
    elif what == "unsubscribe":
        token = baton.world.links.sign("unsubscribe", lead_id)
        assert baton.http("POST", f"/u/{token}").status_code == 200
    elif what == "pricing":
        baton.page("/pricing")
    elif what == "pause":
        for pause in (True, False):
            said = json.dumps({"pause": pause, "reason": "a test"})
            answer = baton.http("POST", "/v1/sending", said, TOKEN)
            assert answer.status_code == 200, answer.body
            baton.minutes_later(60 * 30)
    else:
        put(baton, "/v1/sequences/s", {**life["other"], "id": "s", "enter": {"stage": "mql"}})
    baton.until_quiet()


@given(life=lives(), news=some.lists(some.tuples(some.integers(1, 20), NEWS), max_size=4))
@settings(max_examples=SIZES.api_cases, deadline=None)
def test_whatever_happens_what_leaves_is_decent_and_counted(
    life: dict[str, Any], news: list[tuple[int, str]]
) -> None:
    baton, lead_id = lived(life)
    for looks, what in news:
        for number, _ in enumerate(play(baton, YEARS)):
            if number == looks:
                break
        happens(baton, lead_id, what, life)
        balanced(baton, lead_id)
    for _ in play(baton, YEARS):
        balanced(baton, lead_id)
    decent(baton, lead_id)
    assert all(one.ended for one in baton.world.enrolments.of_lead(lead_id))
