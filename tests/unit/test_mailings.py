"""One-off emails: a list, a count, a person who confirms the number, and each email once."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chalicelib.consent.choice import Wanted
from chalicelib.consent.way_out import WayOut
from chalicelib.delivery.message_keys import mailing_key
from chalicelib.limits import MAILING_AHEAD_MAX_DAYS
from chalicelib.store.table import Write
from tests.baton import TOKEN, InMemoryBaton, ask
from tests.courses import (
    ANN,
    FITTING,
    baton_on_tuesday,
    become_mql,
    days_later,
    hours_later,
    mails,
    put,
    put_email,
)
from tests.fakes import MemoryTable, is_journal
from tests.held import erased

BEA = "bea@beta.example"
CEM = "cem@gamma.example"
DAN = "dan@delta.example"
MAILING = "/v1/mailings/news"
AT = datetime(2026, 11, 24, 15, tzinfo=UTC)
NEWS = {"id": "news", "email": "spring", "list": "mqls", "at": "2026-11-24T15:00"}
"""In the afternoon of the Tuesday on which these tests begin."""


def post(baton: InMemoryBaton, path: str, body: Any = None, status: int = 200) -> Any:
    answer = baton.post(path, {} if body is None else body, TOKEN)
    assert answer.status_code == status, answer.body
    return json.loads(answer.body)


def subscribe(baton: InMemoryBaton, *people: str) -> None:
    """Let people become MQLs that want our emails."""
    for email in people:
        become_mql(baton, email=email)


def with_mailing(*people: str, table: MemoryTable | None = None, **parts: Any) -> InMemoryBaton:
    """Return a Baton with people who became MQLs, and a mailing to all MQLs."""
    baton = baton_on_tuesday(table=table)
    put_email(baton, "spring")
    put(baton, "/v1/lists/mqls", {"id": "mqls", "title": "MQLs", "stage": "mql"})
    subscribe(baton, *people)
    put(baton, MAILING, {**NEWS, **parts})
    return baton


def counted(baton: InMemoryBaton) -> Any:
    """Count the recipients of the mailing. Return the job's report."""
    job = post(baton, f"{MAILING}/count", status=202)
    baton.minutes_later(1)
    found = baton.get(f"/v1/jobs/{job['id']}")
    assert found["state"] == "done"
    return found["report"]


def confirm(baton: InMemoryBaton, recipients: int, status: int = 200) -> Any:
    return post(baton, f"{MAILING}/confirm", {"recipients": recipients}, status)


def ready(*people: str, **parts: Any) -> InMemoryBaton:
    """Return a Baton whose mailing to these people is confirmed."""
    baton = with_mailing(*people, **parts)
    confirm(baton, counted(baton)["recipients"])
    return baton


def numbers(baton: InMemoryBaton) -> Any:
    return baton.get(f"{MAILING}/numbers")


# --- a newsletter, as a marketer sends it ---------------------------------------------------------


def test_a_newsletter_is_counted_confirmed_and_leaves_at_its_time() -> None:
    baton = with_mailing(ANN, BEA)
    report = counted(baton)
    assert (report["recipients"], report["others"], report["failed"]) == (2, {}, 0)
    shown = confirm(baton, 2)
    assert (shown["state"], shown["recipients"]) == ("confirmed", 2)
    assert shown["at"] == "2026-11-24T15:00:00.000Z"
    hours_later(baton, 4)
    assert mails(baton) == mails(baton, BEA) == []
    hours_later(baton, 2)
    assert mails(baton) == mails(baton, BEA) == ["spring"]
    days_later(baton, 10)
    assert mails(baton) == mails(baton, BEA) == ["spring"]
    found = numbers(baton)
    assert (found["planned"], found["sent"], found["waiting"], found["not_sent"]) == (2, 2, 0, {})
    assert baton.get(f"/v1/jobs/{found['send_job']}")["report"]["planned"] == 2


def test_its_time_is_one_of_the_companys_zone() -> None:
    baton = baton_on_tuesday()
    berlin = InMemoryBaton(zone="Europe/Berlin")
    for one, at in ((baton, "2026-11-24T15:00:00.000Z"), (berlin, "2026-11-24T14:00:00.000Z")):
        put_email(one, "spring")
        put(one, "/v1/lists/mqls", {"id": "mqls"})
        put(one, MAILING, NEWS)
        job = post(one, f"{MAILING}/count", status=202)
        one.minutes_later(1)
        assert one.get(f"/v1/jobs/{job['id']}")["report"]["at"] == at
    put(baton, MAILING, {**NEWS, "at": "2026-11-24T15:00+02:00"})
    assert counted(baton)["at"] == "2026-11-24T13:00:00.000Z"


def test_those_who_get_nothing_are_counted_with_their_reasons() -> None:
    baton = with_mailing(ANN, BEA)
    put(baton, "/v1/lists/mqls", {"id": "mqls"})  # all leads
    baton.form("demo", "vc", consent=True, **{**FITTING, "email": CEM})  # with sales
    baton.form("guide", "vd", consent=False, **{**FITTING, "email": DAN})
    baton.until_quiet()
    baton.world.unsubscribe.unsubscribe(baton.world.lead_id(BEA), "")
    baton.until_quiet()
    report = counted(baton)
    assert report["recipients"] == 1
    assert report["others"] == {"no_consent": 1, "unsubscribed": 1, "with_sales": 1}


def test_whoever_joins_the_list_after_the_count_gets_nothing() -> None:
    baton = ready(ANN)
    subscribe(baton, BEA)
    hours_later(baton, 8)
    assert (mails(baton), mails(baton, BEA)) == (["spring"], [])


@pytest.mark.parametrize("zone", ["09:00", "17:00"])
def test_it_keeps_the_hours_in_which_emails_may_leave(zone: str) -> None:
    baton = with_mailing(ANN)
    settings = baton.get("/v1/settings")
    hours = {**settings["sending"], "hours": ["08:30", "15:30"]}
    put(baton, "/v1/settings", {**settings, "sending": hours})
    baton.minutes_later(1)
    put(baton, MAILING, {**NEWS, "at": f"2026-11-25T{zone}"})
    confirm(baton, counted(baton)["recipients"])
    days_later(baton, 1)
    assert mails(baton) == (["spring"] if zone == "09:00" else [])
    days_later(baton, 1)
    assert mails(baton) == ["spring"]


# --- what changes before it leaves ----------------------------------------------------------------


def unsubscribed(baton: InMemoryBaton) -> None:
    baton.world.unsubscribe.unsubscribe(baton.world.lead_id(ANN), "")


def with_sales(baton: InMemoryBaton) -> None:
    baton.form("demo", f"v-{ANN}", **FITTING)


def stopped(baton: InMemoryBaton) -> None:
    post(baton, f"/v1/leads/{baton.world.lead_id(ANN)}/emails", {"stop": True, "reason": "asked"})


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (unsubscribed, "unsubscribed"),
        (with_sales, "with_sales"),
        (stopped, "stopped_by_owner"),
    ],
)
def test_who_may_not_be_written_to_by_then_gets_nothing(
    change: Callable[[InMemoryBaton], None], reason: str
) -> None:
    baton = ready(ANN, BEA)
    change(baton)
    baton.until_quiet()
    hours_later(baton, 8)
    assert "spring" not in mails(baton)
    assert mails(baton, BEA) == ["spring"]
    assert numbers(baton)["not_sent"] == {reason: 1}


def test_who_bought_by_then_gets_the_news() -> None:
    baton = ready(ANN, BEA)
    ask(baton, "outcome", {"outcome": "won", "reason": "signed"})
    assert baton.lead()["stage"] == "customer"
    hours_later(baton, 8)
    assert mails(baton) == mails(baton, BEA) == ["spring"]


def test_who_was_erased_by_then_gets_nothing() -> None:
    baton = ready(ANN, BEA)
    assert erased(baton, ANN)["state"] == "done"
    hours_later(baton, 8)
    assert (mails(baton), mails(baton, BEA)) == ([], ["spring"])
    report = baton.get(f"/v1/jobs/{numbers(baton)['send_job']}")["report"]
    assert (report["planned"], report["others"]) == (1, {"erased": 1})


def test_a_cancelled_mailing_does_not_leave() -> None:
    baton = ready(ANN)
    assert post(baton, f"{MAILING}/cancel")["state"] == "cancelled"
    days_later(baton, 2)
    assert mails(baton) == []
    post(baton, f"{MAILING}/cancel", status=409)
    post(baton, f"{MAILING}/count", status=409)
    confirm(baton, 1, status=409)


def test_what_waits_when_it_is_cancelled_is_taken_back() -> None:
    baton = ready(ANN)
    post(baton, "/v1/sending", {"pause": True, "mailing": "news", "reason": "a wrong price"})
    hours_later(baton, 6)
    assert mails(baton) == []
    assert numbers(baton)["held_up"] == {"paused": 1}
    post(baton, f"{MAILING}/cancel")
    post(baton, "/v1/sending", {"pause": False, "mailing": "news"})
    hours_later(baton, 2)
    assert mails(baton) == []
    assert numbers(baton)["not_sent"] == {"taken_back": 1}


def test_one_mailing_is_paused_and_resumed() -> None:
    baton = ready(ANN)
    post(baton, "/v1/sending", {"pause": True, "mailing": "news", "reason": "a wrong price"})
    hours_later(baton, 6)
    assert mails(baton) == []
    post(baton, "/v1/sending", {"pause": False, "mailing": "news"})
    hours_later(baton, 2)
    assert mails(baton) == ["spring"]
    both = {"pause": True, "mailing": "news", "sequence": "welcome", "reason": "x"}
    post(baton, "/v1/sending", both, status=400)
    post(baton, "/v1/sending", {"pause": True, "mailing": "none", "reason": "x"}, status=400)


def test_a_topic_that_somebody_does_not_want_is_not_sent() -> None:
    baton = ready(ANN, topic="pricing")
    way_out = WayOut(baton.world.lead_id(ANN), str(mailing_key("news")))
    assert "pricing" in baton.world.topics()
    baton.world.choosing.choose(way_out, Wanted(topics=frozenset({"product"})))
    hours_later(baton, 8)
    assert mails(baton) == []
    assert numbers(baton)["not_sent"] == {"unsubscribed": 1}


# --- what a person confirms -----------------------------------------------------------------------


def test_nothing_is_confirmed_but_the_number_that_was_counted() -> None:
    baton = with_mailing(ANN, BEA)
    confirm(baton, 2, status=409)  # not counted yet
    post(baton, f"{MAILING}/count", status=202)
    confirm(baton, 2, status=409)  # the count has not begun
    baton.minutes_later(1)
    for number in (0, 1, 3):
        confirm(baton, number, status=409)
    post(baton, f"{MAILING}/confirm", {"recipients": "2"}, status=400)
    confirm(baton, 2)
    confirm(baton, 2, status=409)


@pytest.mark.parametrize("kind", ["list", "email", "mailing"])
def test_what_changed_since_the_count_is_counted_again(kind: str) -> None:
    baton = with_mailing(ANN)
    counted(baton)
    changed = {
        "list": ("/v1/lists/mqls", {"id": "mqls", "stage": ["mql", "lead"]}),
        "email": ("/v1/emails/spring", {**baton.get("/v1/emails/spring"), "subject": "summer"}),
        "mailing": (MAILING, {**NEWS, "at": "2026-11-25T15:00"}),
    }
    put(baton, *changed[kind])
    confirm(baton, 1, status=409)
    assert counted(baton)["recipients"] == 1
    confirm(baton, 1)


def test_a_confirmed_mailing_does_not_change() -> None:
    baton = ready(ANN)
    put(baton, MAILING, {**NEWS, "title": "News"}, status=409)
    headers = {**TOKEN}
    for path in (MAILING, "/v1/lists/mqls", "/v1/emails/spring"):
        assert baton.http("DELETE", path, None, headers).status_code == 409
    days_later(baton, 9)  # nothing of it can leave any more
    assert baton.http("DELETE", MAILING, None, headers).status_code == 200
    assert baton.http("DELETE", "/v1/lists/mqls", None, headers).status_code == 200


def test_nobody_confirms_an_empty_mailing_or_one_too_late() -> None:
    baton = with_mailing()
    assert counted(baton)["recipients"] == 0
    confirm(baton, 0, status=409)
    late = baton.ports.now() + timedelta(days=MAILING_AHEAD_MAX_DAYS + 1)
    for at in ("2026-11-24T09:00", late.strftime("%Y-%m-%dT%H:%M")):
        put(baton, MAILING, {**NEWS, "at": at})
        post(baton, f"{MAILING}/count", status=409)


@pytest.mark.parametrize(
    ("parts", "field"),
    [
        ({"list": "none"}, "list"),
        ({"email": "none"}, "email"),
        ({"at": "tomorrow"}, "at"),
        ({"at": "2026-02-30T10:00"}, "at"),
        ({"to": "all"}, "to"),
    ],
)
def test_a_mailing_names_what_there_is(parts: Any, field: str) -> None:
    baton = with_mailing()
    refused = put(baton, MAILING, {**NEWS, **parts}, status=422)
    assert [one["field"] for one in refused["errors"]] == [field]


# --- crashes and races ----------------------------------------------------------------------------


class Confirming(MemoryTable):
    """A table on which something happens just before the next write of a confirmation."""

    before: Callable[[], object] | None = None
    happened = 0

    def write(self, *writes: Write) -> None:
        """Write, and do first what is to come between."""
        is_confirming = any("CONFIG" in str(one) and "MAILING" in str(one) for one in [writes])
        if self.before is not None and is_confirming and not is_journal(writes):
            happens, self.before = self.before, None
            self.happened += 1
            happens()
        super().write(*writes)


@pytest.mark.parametrize("path", ["/v1/lists/mqls", "/v1/emails/spring", MAILING])
def test_a_put_that_comes_before_the_confirmation_wins(path: str) -> None:
    table = Confirming()
    baton = with_mailing(ANN, table=table)
    counted(baton)
    document = {**baton.get(path), "title": "other"} if "emails" not in path else None
    table.before = lambda: put(baton, path, document or {**baton.get(path), "subject": "other"})
    confirm(baton, 1, status=409)
    assert table.happened == 1
    hours_later(baton, 8)
    assert mails(baton) == []


class Killed(BaseException):
    """The writer is lost."""


class Failing(MemoryTable):
    """A table whose writer is lost before or after one write of a mailing."""

    at: int | None = None
    after = False
    writes = 0

    def write(self, *writes: Write) -> None:
        """Write, unless the writer is lost."""
        text = repr(writes)
        is_ours = "'JOB#" in text or "#mailing.news#" in text
        self.writes += is_ours
        is_lost = is_ours and self.writes == self.at
        if is_lost and not self.after:
            raise Killed
        super().write(*writes)
        if is_lost:
            raise Killed


def looks(baton: InMemoryBaton, number: int) -> None:
    """Let the clock look, each time after a lease is over."""
    for _ in range(number):
        baton.minutes_later(16)


def run_to_its_end(baton: InMemoryBaton) -> None:
    """Count, confirm and send. What was lost on the way is asked for again."""
    found = numbers(baton)
    if found["state"] is None:
        post(baton, f"{MAILING}/count", status=202)
    if found["state"] in (None, "counted"):
        looks(baton, 2)
        assert numbers(baton)["counted"]["recipients"] == 2
        confirm(baton, 2)
    baton.ports.clock.time = max(baton.ports.now(), AT)
    looks(baton, 4)


def lost_at(at: int | None, *, after: bool = False) -> tuple[InMemoryBaton, int]:
    """Return a Baton whose mailing was run, and the number of writes. at: the one of them at which
    the writer is lost.
    """
    table = Failing()
    baton = with_mailing(ANN, BEA, table=table)
    table.at = at
    table.after = after
    try:
        run_to_its_end(baton)
    except Killed:
        baton.world = type(baton.world)(baton.ports)  # a new container
        run_to_its_end(baton)
    return baton, table.writes


def test_wherever_a_runner_is_lost_each_gets_the_email_once() -> None:
    _, writes = lost_at(None)
    crashes = 0
    for at in range(1, writes + 1):
        for after in (False, True):
            baton, _ = lost_at(at, after=after)
            crashes += 1
            got = [mails(baton, one) for one in (ANN, BEA)]
            found = numbers(baton)
            # A worker that was lost while it sent leaves an email that nobody sends again.
            unknown = found["not_sent"].get("no_evidence", 0)
            assert sum(map(len, got)) + unknown >= 2, (at, after, found)
            assert all(one in ([], ["spring"]) for one in got), (at, after)
            assert (found["planned"], found["waiting"]) == (2, 0), (at, after)
    print(f"writes {writes}, crashes {crashes}")
    assert writes > 10
    assert crashes == 2 * writes


def test_a_mailing_reaches_a_lead_once_in_all_its_cycles() -> None:
    baton = ready(ANN)
    hours_later(baton, 8)
    (one,) = [each for each in baton.outbox() if each["kind"] == "nurture"]
    assert one["id"].endswith(str(mailing_key("news")))
    assert one["email"] == "spring"
