"""The deployed stack over HTTP: the journey, what makes it fail, kills, the clock, and data that
stays.
"""

import gzip
import json
import random
import re
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any

import pytest

from app import app
from chalicelib.days import day_of, start_of, zone_of
from chalicelib.limits import BATCH_BODY_MAX_BYTES
from chalicelib.store.documents import Documents
from chalicelib.store.dynamo import DynamoTable
from infra.local.stack import SENDER, TIME_ZONE, Stack
from infra.local.walk import PERSON, Walk, switch_on
from infra.local.witness import StepFailedError
from tests.aws import session
from tests.conftest import put_welcome, read_stack, stack_now
from tests.e2e.driver import Driver

A_FEW_LOOKS = 10  # at what cannot come


def test_the_walk_names_the_step_when_the_sender_is_unverified(
    stack: Stack, email: str, aws: Any
) -> None:
    aws("sesv2").delete_email_identity(EmailIdentity=SENDER)
    try:
        with pytest.raises(
            StepFailedError,
            match=r"step 'guide download': the nurture email did not go out: planned .unverified",
        ):
            Walk(stack, email).run()
    finally:
        aws("sesv2").create_email_identity(EmailIdentity=SENDER)


def test_the_walk_names_the_step_without_a_salespersons_phone(
    stack: Stack, email: str, driver: Driver
) -> None:
    """The step is the demo request, whose text does not go out."""
    without_phone = {
        "people": [{"id": "sam", "name": "Sam Seller", "email": "sam@keybook.example"}]
    }
    said = r"step 'demo request': the handoff text did not go out.*no_phone"
    with (
        learn_and_try(driver),
        routing(stack, driver, without_phone),
        pytest.raises(StepFailedError, match=said),
    ):
        Walk(stack, email).run()


def test_the_walk_names_the_step_when_qualify_is_disabled(
    stack: Stack, email: str, driver: Driver
) -> None:
    with (
        mapping_disabled(driver, "Qualify"),
        pytest.raises(StepFailedError, match=r"step 'first visit': .*Qualify"),
    ):
        Walk(stack, email, A_FEW_LOOKS).run()
    driver.until(lambda: driver.stage(email) == "lead", "what was captured meanwhile is counted")


def test_killed_workers_change_nothing_and_send_nothing_twice(email: str, driver: Driver) -> None:
    requests = journey(email)
    todo = requests + requests
    random.Random(7).shuffle(todo)
    killer = threading.Timer(
        0.5, lambda: [driver.kill_workers(one) for one in ("Qualify", "Deliver")]
    )
    killer.start()
    for path, body in todo:
        assert driver.post(path, body)[0] in (200, 202)
    killer.join()
    driver.kill_workers("Qualify")
    driver.until(lambda: driver.stage(email) == "sql", "the lead is an SQL")
    lead = driver.until(lambda: counted_all(driver.lead(email)), "everything is counted")
    assert lead["score"]["total"] == 90, lead["score"]["reasons"]
    try:
        driver.shift_clock("+30m")  # past every lease and the time for evidence
        driver.until(
            lambda: driver.tick() >= 0 and settled(driver, email, least=3), "all is settled"
        )
    finally:
        driver.shift_clock("")
    assert emails_per_message(driver, email) == {1}
    assert texts_about(driver, email) == 1


def test_one_click_unsubscribes_and_a_look_does_not(email: str, driver: Driver) -> None:
    form(driver, "guide", email, PERSON, consent=True)
    driver.until(lambda: settled(driver, email, least=1), "the email went out")
    path = unsubscribe_path(driver, email)
    assert driver.http("GET", path)[0] == 200
    assert driver.lead(email)["suppressed"] is None
    one_click = {"Content-Type": "application/x-www-form-urlencoded"}
    assert driver.http("POST", path, b"List-Unsubscribe=One-Click", one_click)[0] == 200
    assert driver.lead(email)["suppressed"] == "unsubscribed"
    assert driver.http("POST", path, b"List-Unsubscribe=One-Click", one_click)[0] == 200
    lead_id = driver.lead(email)["lead_id"]
    items = driver.get(f"/v1/leads/{lead_id}/timeline")["items"]
    assert [item["name"] for item in items if item["kind"] == "mail"] == ["unsubscribed"]


def stack_day() -> date:
    """Today in the demo's time zone."""
    return day_of(stack_now(), zone_of(TIME_ZONE))


def hours_until(day: date) -> int:
    """How many hours from now it will be the same time of that day: some days have 23 or 25."""
    zone = zone_of(TIME_ZONE)
    return (start_of(day, zone) - start_of(stack_day(), zone)) // timedelta(hours=1)


def reviewed(driver: Driver, email: str, day: date) -> bool:
    """Whether the review of a day was done: its worker takes a moment."""
    lead = driver.lead(email)
    return lead["stage"] == "lead" or date.fromisoformat(lead["review_on"]) > day


def test_an_mql_cools_on_the_day_it_said(email: str, driver: Driver) -> None:
    form(driver, "guide", email, PERSON, consent=False)
    driver.until(lambda: driver.stage(email) == "mql", "the lead is an MQL")
    try:
        day = stack_day()
        for _ in range(4):  # a review may only say: look again in 28 days
            review_on = date.fromisoformat(driver.lead(email)["review_on"])
            assert 0 < (review_on - day).days <= 28
            driver.shift_clock(f"+{hours_until(review_on)}h")
            driver.tick()
            driver.until(partial(reviewed, driver, email, review_on), "it was reviewed")
            day = review_on
            if driver.stage(email) == "lead":
                break
        assert driver.stage(email) == "lead"
    finally:
        driver.shift_clock("")


def test_browser_preflights_and_the_public_files_are_served(driver: Driver, stack: Stack) -> None:
    status, headers, _ = driver.http("OPTIONS", "/v1/batch", headers={"Origin": stack.site_url})
    assert (status, headers["Access-Control-Allow-Origin"]) == (200, "*")
    status, headers, body = driver.http("GET", "/t.js")
    assert (status, headers["Content-Type"].split(";")[0]) == (200, "text/javascript")
    assert b"baton" in body
    assert (
        driver.http("GET", "/v1/pixel?anonymousId=p1&url=https://keybook.example/pricing")[0] == 204
    )


def test_head_is_get_without_its_body_on_the_stack(email: str, driver: Driver) -> None:
    form(driver, "guide", email, PERSON, consent=True)
    driver.until(lambda: settled(driver, email, least=1), "the email went out")
    examples = {
        "/u/{token}": unsubscribe_path(driver, email),
        "/v1/pixel": "/v1/pixel?anonymousId=p1&url=https://keybook.example/pricing",
    }
    for path in (path for path, methods in app.routes.items() if "HEAD" in methods):
        url = examples.get(path, path)
        status, headers, body = driver.http("HEAD", url)
        got, shown, _ = driver.http("GET", url)
        assert (path, status, body) == (path, got, b"")
        assert about_the_body(headers) == about_the_body(shown)
    assert driver.lead(email)["suppressed"] is None


def test_gzip_bodies_are_read_end_to_end(email: str, driver: Driver) -> None:
    """As Segment's and RudderStack's clients send them, each with a content type of its own."""
    visitor = email.partition("@")[0]
    page = {"type": "page", "anonymousId": visitor, "properties": {"url": "https://k.example/a"}}
    for kind in ("application/json", "application/x-www-form-urlencoded"):
        packed = gzip.compress(json.dumps({"batch": [page]}).encode())
        headers = {"Content-Type": kind, "Content-Encoding": "gzip"}
        assert driver.http("POST", "/v1/batch", packed, headers)[0] == 200
        assert driver.http("POST", "/v1/batch", packed[:-9], headers)[0] == 415
        assert driver.http("POST", "/v1/batch", b"[]", headers)[0] == 415
    bomb = gzip.compress(b" " * (BATCH_BODY_MAX_BYTES + 1))
    assert driver.http("POST", "/v1/batch", bomb, headers)[0] == 413
    fields = {"fields": {"email": email, **PERSON}, "visitor_id": visitor}
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    packed = gzip.compress(json.dumps(fields).encode())
    assert driver.http("POST", "/v1/forms/guide", packed, headers)[0] == 202
    driver.until(lambda: driver.stage(email) == "mql", "the lead is an MQL")
    timeline = driver.get(f"/v1/leads/{driver.lead(email)['lead_id']}/timeline")["items"]
    assert [item["kind"] for item in timeline].count("page") == 2


def test_data_outlives_the_stack_and_up_is_safe_to_repeat(email: str, driver: Driver) -> None:
    form(driver, "guide", email, PERSON, consent=False)
    driver.until(lambda: driver.stage(email) == "mql", "the lead is an MQL")
    before = driver.lead(email)
    driver.command("up")
    driver.command("down")
    driver.command("up")
    again = Driver(read_stack(), driver.command)
    assert again.lead(email)["score"] == before["score"]
    form(again, "demo", email, PERSON, consent=False)
    again.until(lambda: again.stage(email) == "sql", "the streams go on after a restart")


# --- what the tests above are made of -------------------------------------------------------------


def journey(email: str) -> list[tuple[str, Any]]:
    """Ann's requests with fixed ids and times, so that each can be sent twice and in any order."""
    at = (stack_now() - timedelta(seconds=1)).isoformat()
    visitor = email.partition("@")[0]
    ad = {"campaign": {"source": "google", "medium": "cpc"}}
    pages = [("/", ad), ("/blog/a", {}), ("/blog/b", {}), ("/pricing", {}), ("/pricing", {})]
    requests: list[tuple[str, Any]] = [
        (
            "/v1/page",
            {
                "anonymousId": visitor,
                "messageId": f"m{number}",
                "timestamp": at,
                "properties": {"url": f"https://keybook.example{path}"},
                "context": context,
            },
        )
        for number, (path, context) in enumerate(pages)
    ]
    for form_id, consent in (("guide", True), ("demo", False)):
        fields = {"email": email, **PERSON}
        body = {"fields": fields, "visitor_id": visitor, "submission_id": f"{visitor}-{form_id}"}
        requests.append((f"/v1/forms/{form_id}", body | {"consent": {"marketing": consent}}))
    return requests


def counted_all(lead: Any) -> Any:
    return (
        lead
        if lead["score"]["groups"] == {"fit": 40, "channel": 3, "engagement": 17, "intent": 30}
        else None
    )


def settled(driver: Driver, email: str, least: int) -> bool:
    """Whether that much of the lead's was decided and none of it is being sent. What lost its
    worker is unknown.
    """
    items = driver.outbox(email)
    return len(items) >= least and all(
        item["state"] not in ("planned", "claimed") for item in items
    )


def emails_per_message(driver: Driver, email: str) -> set[int]:
    """How often each thing went out to or about a lead."""
    lead_id = driver.lead(email)["lead_id"]
    groups = emulator(driver).get("/_ministack/ses/messages")
    mails = [mail for group in groups["messages"].values() for mail in group]
    about = [mail for mail in mails if email in mail["To"] or lead_id[:8] in mail["Subject"]]
    return set(Counter((tuple(mail["To"]), mail["Subject"]) for mail in about).values())


def texts_about(driver: Driver, email: str) -> int:
    """How many texts name the lead: by its reference, for a long link leaves its address out."""
    reference = driver.lead(email)["lead_id"][:8]
    groups = emulator(driver).get("/_ministack/sns/sms-messages")["sms_messages"]
    return sum(reference in text["Message"] for group in groups.values() for text in group)


def emulator(driver: Driver) -> Driver:
    """A driver of the local AWS itself."""
    return Driver(replace(driver.stack, api_url=driver.stack.aws_endpoint_url), driver.command)


def form(driver: Driver, form_id: str, email: str, fields: Any, *, consent: bool) -> None:
    data = {
        "fields": {"email": email, **fields},
        "consent": {"marketing": consent, "text": "Write to me."},
    }
    assert driver.post(f"/v1/forms/{form_id}", data)[0] == 202


def about_the_body(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers of an answer without those of the transfer and of the request."""
    low = {name.lower(): value for name, value in headers.items()}
    own = {"content-length", "date"}
    return {
        name: value
        for name, value in low.items()
        if name not in own and not name.startswith(("x-amz", "x-request"))
    }


def unsubscribe_path(driver: Driver, email: str) -> str:
    groups = emulator(driver).get("/_ministack/ses/messages")
    mail = next(
        mail for group in groups["messages"].values() for mail in group if email in mail["To"]
    )
    found = re.search(r"/u/[\w.-]+", mail["BodyText"])
    assert found is not None, "the email has a link to stop it"
    return found.group()


@contextmanager
def learn_and_try(driver: Driver) -> Iterator[None]:
    """Learn and try switched on, and the welcome off, for a while: of two, each lead would wait for
    the better one. Workers keep documents for 30 s, so they are ended.
    """
    put_welcome(driver.stack, active=False)
    switch_on(driver.stack)
    driver.kill_workers("Qualify")
    try:
        yield
    finally:
        switch_on(driver.stack, active=False)
        put_welcome(driver.stack)
        driver.kill_workers("Qualify")


@contextmanager
def routing(stack: Stack, driver: Driver, document: Any) -> Iterator[None]:
    """Another routing document for a while. Workers keep documents for 30 s, so they are ended."""
    client = session(stack.region).client("dynamodb", endpoint_url=stack.aws_endpoint_url)
    documents = Documents(DynamoTable(client, stack.table_name), lambda: datetime.now(UTC))
    before = documents.get("routing")
    assert before is not None
    documents.put("routing", document)
    driver.kill_workers("Qualify")
    try:
        yield
    finally:
        documents.put("routing", before)
        driver.kill_workers("Qualify")


@contextmanager
def mapping_disabled(driver: Driver, logical_id: str) -> Iterator[None]:
    """A function's stream mapping switched off for a while."""
    client = driver.client("lambda")
    uuid = client.list_event_source_mappings(FunctionName=driver.function(logical_id))[
        "EventSourceMappings"
    ][0]["UUID"]
    client.update_event_source_mapping(UUID=uuid, Enabled=False)
    try:
        yield
    finally:
        client.update_event_source_mapping(UUID=uuid, Enabled=True)
