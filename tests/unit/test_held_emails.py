"""Emails that a publish causes: foretold, held, seen, released once, cancelled for who moved on."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any, cast

import pytest

from chalicelib.consent.consent import SuppressionReason
from chalicelib.delivery.outbox import MessageState, OutboxMessage, cancelled
from chalicelib.errors import NotFoundError, StateError
from chalicelib.lifecycle.stages import Stage
from chalicelib.limits import FIRST_EMAILS_PER_HOUR
from chalicelib.publishing.ports import HeldEmails
from chalicelib.publishing.release_job import ReleaseHandler
from chalicelib.store.outbox import Outbox
from tests import factories as make
from tests.baton import AT_ANY_TIME, CHANGED, TOKEN, InMemoryBaton
from tests.drafts import (
    EASY_MQL,
    EASY_SQL,
    TickingClock,
    baton_of,
    consent,
    draft,
    fill,
    leads,
    stages,
)

STAYS_EASY = [{"activity": 2}]  # also after two weeks


def town(number: int = 4, **ways: Any) -> tuple[InMemoryBaton, list[str]]:
    """Return a Baton with leads that may be written to, and a draft that makes each an mql."""
    baton, ids = baton_of(number)
    consent(baton, ids)
    baton.world.publishing.draft(draft(**(ways or {"mql": EASY_MQL})))
    return baton, ids


def emails(baton: InMemoryBaton, version: int = 2) -> int:
    """How many emails a simulation foretells."""
    report = baton.world.publishing.simulate(version=version).report
    assert report is not None
    return int(report["emails"])


def published(baton: InMemoryBaton, version: int = 2, **how: Any) -> Any:
    """The job of a publish that is over."""
    job = baton.world.publishing.publish(version, None, force=True, **how)
    baton.until_quiet()
    return over(baton, job)


def over(baton: InMemoryBaton, job: Any) -> Any:
    for _ in range(10):
        if baton.world.job_runner.show(job["id"])["state"] != "running":
            break
        baton.minutes_later(1)
    return baton.world.job_runner.show(job["id"])


def release(baton: InMemoryBaton, publish: Any) -> Any:
    return over(baton, baton.world.publishing.release(publish["id"]))


def states(baton: InMemoryBaton) -> dict[str, int]:
    """State of a message -> messages."""
    found: dict[str, int] = {}
    for one in baton.outbox():
        found[one["state"]] = found.get(one["state"], 0) + 1
    return found


def sent(baton: InMemoryBaton) -> list[Any]:
    return sorted(one.to for one in baton.ports.senders.sent)  # type: ignore[union-attr]


# --- foretold -------------------------------------------------------------------------------------


def test_a_simulation_says_how_many_emails_would_go_out() -> None:
    baton, _ = town(4)
    fill(baton, leads(3, first=50))  # they never ticked the box
    assert emails(baton) == 4


def test_who_does_not_want_emails_is_not_counted() -> None:
    baton, ids = town(4)
    event = make.event(partition=f"LEAD#{ids[0]}")
    baton.world.consents.suppress(ids[0], SuppressionReason.UNSUBSCRIBED, event, baton.ports.now())
    assert emails(baton) == 3


def test_who_had_the_email_in_this_cycle_is_not_counted() -> None:
    baton, ids = town(4, mql=STAYS_EASY)
    published(baton, hold_emails=False)
    published(baton, 1)
    baton.ports.clock.tick(timedelta(days=15))  # the minimum stay is over
    published(baton, 1)
    assert stages(baton, ids) == {"lead": 4}
    report = baton.world.publishing.simulate(version=2).report
    assert report is not None
    assert (report["changes"], report["emails"]) == ({"lead->mql": 4}, 0)


def test_a_lead_that_would_go_to_sales_gets_no_email() -> None:
    baton, _ = town(4, sql=EASY_SQL)
    assert emails(baton) == 0


def test_a_lead_that_the_draft_keeps_warm_gets_no_email() -> None:
    baton, _ = baton_of(0)
    warm = make.standing(Stage.MQL)
    (one,) = leads(1, tally=make.seen(blog=[0]))
    consent(baton, fill(baton, [replace(one, standing=warm)]))
    document = draft()
    document["stages"]["mql"]["cool_below"] = {"fit": -40}
    baton.world.models.draft(document)
    report = baton.world.publishing.simulate(version=2).report
    assert report is not None
    assert (report["changes"], report["emails"]) == ({"lead->mql": 1}, 0)


def test_a_job_of_a_simulation_counts_the_same_emails() -> None:
    baton, ids = baton_of(700, TickingClock())
    consent(baton, ids[:300])
    baton.world.publishing.draft(draft(mql=EASY_MQL))
    job = baton.world.publishing.simulate(version=2).job
    assert job is not None
    assert over(baton, job)["report"]["emails"] == 300


# --- held -----------------------------------------------------------------------------------------


def test_rule_9_emails_of_a_publish_are_held_and_seen() -> None:
    baton, ids = town(4)
    job = published(baton)
    assert (job["report"]["emails"], job["report"]["emails_held"]) == (4, 4)
    baton.minutes_later(60)
    held = baton.get("/v1/outbox?state=held")["items"]
    assert sorted(one["lead_id"] for one in held) == sorted(ids)
    assert {(one["kind"], one["held_by"]) for one in held} == {("nurture", job["id"])}
    assert states(baton) == {"held": 4}
    assert sent(baton) == []


def test_a_publish_that_says_send_sends() -> None:
    baton, _ = town(4)
    job = published(baton, hold_emails=False)
    assert (job["report"]["emails"], job["report"]["emails_held"]) == (4, 0)
    assert states(baton) == {"sent": 4}
    assert len(sent(baton)) == 4


def test_an_email_is_held_also_when_an_event_comes_first() -> None:
    """Between the activation and the walk, the page view brings the lead to the model."""
    baton = InMemoryBaton()
    for path in ("/blog/a", "/blog/b", "/product", "/customers/acme"):
        baton.page(path)
    baton.until_quiet()
    baton.form("newsletter", consent=True, email="ann@acme.example", company="Acme")
    baton.until_quiet()
    baton.world.publishing.draft(draft(mql=EASY_MQL))
    models = baton.world.models
    baton.ports.memory.write(*models.activation(2, models.pointer(), held_by="job-1"))
    baton.minutes_later(1)
    baton.page("/about")
    baton.until_quiet()
    assert baton.lead()["stage"] == "mql"
    assert states(baton) == {"held": 1}


def test_what_a_lead_does_after_a_publish_is_not_held() -> None:
    baton, _ = town(0)
    published(baton)
    for path in ("/blog/a", "/blog/b", "/product", "/customers/acme"):
        baton.page(path)
    baton.until_quiet()
    baton.form("newsletter", consent=True, email="ann@acme.example", company="Acme")
    baton.until_quiet()
    assert baton.lead()["stage"] == "mql"
    assert states(baton) == {"sent": 1}


def test_a_merge_cancels_what_is_held_for_the_other() -> None:
    baton, (kept, other) = town(2)
    published(baton)
    answer = baton.post(f"/v1/leads/{kept}/merge", {"other_lead_id": other}, TOKEN)
    assert answer.status_code == 200, answer.body
    assert states(baton) == {"held": 1, "cancelled": 1}


# --- released -------------------------------------------------------------------------------------


def test_a_release_lets_every_held_email_go_out_once() -> None:
    baton, _ = town(4)
    job = release(baton, published(baton))
    assert (job["kind"], job["state"], job["done"], job["total"]) == ("release", "done", 4, 4)
    counts = {key: job["report"][key] for key in ("released", "cancelled", "failed")}
    assert counts == {"released": 4, "cancelled": 0, "failed": 0}
    baton.minutes_later(1)
    assert states(baton) == {"sent": 4}
    assert len(set(sent(baton))) == 4


def test_a_second_release_finds_nothing_left() -> None:
    baton, _ = town(4)
    publish = published(baton)
    release(baton, publish)
    assert release(baton, publish)["report"]["released"] == 0
    baton.minutes_later(5)
    assert len(sent(baton)) == 4


def test_a_release_of_many_takes_many_pages() -> None:
    baton, _ = town(250)
    warm = {**CHANGED["settings"], "sending": {**AT_ANY_TIME, "warm": True}}
    baton.world.documents.put("settings", warm)
    assert release(baton, published(baton))["report"]["released"] == 250
    baton.minutes_later(1)
    assert len(set(sent(baton))) == FIRST_EMAILS_PER_HOUR < 250
    baton.minutes_later(90)  # the others are over the hour's budget of first emails
    assert len(set(sent(baton))) == 250


def test_consent_is_asked_for_again_when_a_released_email_leaves() -> None:
    baton, ids = town(4)
    publish = published(baton)
    event = make.event(partition=f"LEAD#{ids[0]}")
    baton.world.consents.suppress(ids[0], SuppressionReason.UNSUBSCRIBED, event, baton.ports.now())
    release(baton, publish)
    baton.minutes_later(1)
    assert states(baton) == {"sent": 3, "suppressed": 1}


def test_an_email_without_consent_is_held_and_then_suppressed() -> None:
    baton, ids = baton_of(2)
    consent(baton, ids[:1])
    baton.world.publishing.draft(draft(mql=EASY_MQL))
    publish = published(baton)
    assert (publish["report"]["emails"], publish["report"]["emails_held"]) == (1, 2)
    release(baton, publish)
    baton.minutes_later(1)
    assert states(baton) == {"sent": 1, "suppressed": 1}


def move(baton: InMemoryBaton, lead_id: str, stage: str) -> None:
    body = {"stage": stage, "reason": "a person knows better"}
    answer = baton.post(f"/v1/leads/{lead_id}/stage", body, TOKEN)
    assert answer.status_code == 200, answer.body
    baton.until_quiet()


@pytest.mark.parametrize("stage", ["lead", "sql", "disqualified"])
def test_a_lead_that_moved_on_meanwhile_gets_no_email(stage: str) -> None:
    baton, ids = town(3)
    publish = published(baton)
    move(baton, ids[0], stage)
    report = release(baton, publish)["report"]
    assert (report["released"], report["cancelled"]) == (2, 1)
    baton.minutes_later(1)
    (item,) = [one for one in baton.outbox() if one["state"] == "cancelled"]
    assert (item["lead_id"], item["kind"], item["reason"]) == (ids[0], "nurture", "taken_back")


def test_a_lead_back_at_its_stage_gets_its_email() -> None:
    baton, ids = town(1, mql=STAYS_EASY)
    publish = published(baton)
    published(baton, 1)
    baton.ports.clock.tick(timedelta(days=15))
    published(baton, 1)
    assert stages(baton, ids) == {"lead": 1}
    published(baton, 2)
    assert stages(baton, ids) == {"mql": 1}
    assert states(baton) == {"held": 1}
    assert release(baton, publish)["report"]["released"] == 1


def test_the_emails_of_another_publish_stay_held() -> None:
    baton, _ = town(2)
    first = published(baton)
    late = fill(baton, leads(2, first=50))
    consent(baton, late)
    published(baton, 2)
    assert states(baton) == {"held": 4}
    assert release(baton, first)["report"]["released"] == 2
    baton.minutes_later(1)
    assert states(baton) == {"held": 2, "sent": 2}


def test_a_release_while_one_runs_is_the_same_job() -> None:
    baton, ids = baton_of(300, TickingClock())
    consent(baton, ids)
    baton.world.publishing.draft(draft(mql=EASY_MQL))
    publish = published(baton)
    job = baton.world.publishing.release(publish["id"])
    assert job["state"] == "running"
    again = baton.world.publishing.release(publish["id"])
    assert again["id"] == job["id"]
    assert over(baton, job)["report"]["released"] == 300


class QuickMerge:
    """The outbox, with a merge that cancels each message just before it would be released."""

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox

    def __getattr__(self, name: str) -> Any:
        return getattr(self._outbox, name)

    def save(self, before: OutboxMessage, after: OutboxMessage) -> None:
        """Cancel the message, and then try what was asked for."""
        self._outbox.save(before, cancelled(before))
        self._outbox.save(before, after)


def test_a_message_that_a_merge_cancels_first_is_not_released() -> None:
    baton, _ = town(2)
    publish = published(baton)
    world = baton.world
    meddled = cast(HeldEmails, QuickMerge(world.outbox))
    world._job_handlers["release"] = ReleaseHandler(
        leads=world.leads, outbox=meddled, runtime=world.runtime
    )
    report = release(baton, publish)["report"]
    assert (report["released"], report["cancelled"], report["failed"]) == (0, 2, 0)
    assert states(baton) == {"cancelled": 2}


def test_an_email_that_could_not_be_released_stays_held() -> None:
    baton, ids = town(3)
    publish = published(baton)
    standing = baton.ports.memory.items[f"LEAD#{ids[0]}", "STANDING"]
    broken = {**standing, "stage": "nonsense"}
    baton.ports.memory.items[f"LEAD#{ids[0]}", "STANDING"] = broken
    report = release(baton, publish)["report"]
    assert (report["released"], report["failed"]) == (2, 1)
    baton.ports.memory.items[f"LEAD#{ids[0]}", "STANDING"] = standing
    assert release(baton, publish)["report"]["released"] == 1


# --- refused --------------------------------------------------------------------------------------


def test_an_unknown_job_holds_nothing() -> None:
    with pytest.raises(NotFoundError):
        town(0)[0].world.publishing.release("id-99")


def test_only_a_publish_holds_emails() -> None:
    baton, _ = town(1)
    released = release(baton, published(baton))
    with pytest.raises(StateError, match="is not a publish"):
        baton.world.publishing.release(released["id"])


def test_a_publish_that_runs_is_not_released_yet() -> None:
    baton, ids = baton_of(700, TickingClock())
    consent(baton, ids)
    baton.world.publishing.draft(draft(mql=EASY_MQL))
    job = baton.world.publishing.publish(2, None, force=True)
    assert job["state"] == "running"
    with pytest.raises(StateError, match="still running"):
        baton.world.publishing.release(job["id"])


# --- over HTTP ------------------------------------------------------------------------------------


def post(baton: InMemoryBaton, path: str, body: Any) -> tuple[int, Any]:
    answer = baton.post(path, body, TOKEN)
    return answer.status_code, json.loads(answer.body)


@pytest.mark.parametrize(
    ("words", "state"), [({}, "held"), ({"emails": "hold"}, "held"), ({"emails": "send"}, "sent")]
)
def test_a_request_says_whether_emails_are_held(words: Any, state: str) -> None:
    baton, _ = town(2)
    status, job = post(baton, "/v1/model/versions/2/publish", {"force": True, **words})
    assert status == 202
    baton.until_quiet()
    over(baton, job)
    assert states(baton) == {state: 2}


@pytest.mark.parametrize("emails", ["yes", True, None, [], {}])
def test_another_word_about_emails_is_refused(emails: Any) -> None:
    baton, _ = town(2)
    body = {"force": True, "emails": emails}
    status, problem = post(baton, "/v1/model/versions/2/publish", body)
    assert (status, problem["errors"]) == (
        400,
        [{"field": "emails", "message": "must be hold or send"}],
    )


@pytest.mark.parametrize("body", [None, "", "{}"])
def test_a_release_is_asked_for_without_a_body(body: str | None) -> None:
    baton, _ = town(2)
    publish = published(baton)
    answer = baton.http("POST", f"/v1/jobs/{publish['id']}/release", body, TOKEN)
    assert answer.status_code == 202, answer.body
    job = over(baton, json.loads(answer.body))
    assert job["report"] == {
        "publish": publish["id"],
        "released": 2,
        "cancelled": 0,
        "failed": 0,
    }


@pytest.mark.parametrize(("body", "status"), [({"force": True}, 400), ([], 400)])
def test_a_release_with_anything_in_its_body_is_refused(body: Any, status: int) -> None:
    baton, _ = town(2)
    publish = published(baton)
    assert post(baton, f"/v1/jobs/{publish['id']}/release", body)[0] == status
    assert states(baton) == {MessageState.HELD.value: 2}


def test_a_release_needs_the_token_and_a_job() -> None:
    baton, _ = town(0)
    assert baton.http("POST", "/v1/jobs/id-99/release").status_code == 401
    assert post(baton, "/v1/jobs/id-99/release", {})[0] == 404
