"""A day of three salespeople on the deployed stack, one of them on leave: ten leads at once are
dealt fairly; one is accepted on a phone, one taken back, one rejected, one left alone.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import uuid4

from playwright.sync_api import Page, expect

from infra.local.clock import StackClock
from infra.local.stack import Stack
from infra.local.walk import PERSON
from tests import mailed
from tests.browser.conftest import NewVisitor
from tests.conftest import base_offset
from tests.e2e.driver import Driver
from tests.e2e.test_stack import emulator, form

ALL_DAY = {day: ["00:00", "23:59"] for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")}
PHONE = {"viewport": {"width": 360, "height": 740}, "is_mobile": True, "has_touch": True}
LEADS = 10
UNDO = "Take it back"
JSON_BODY = {"Content-Type": "application/json"}
PAGE = re.compile(r"https?://\S+(/handoffs/[\w.~%-]+)")


def test_a_day_in_sales(stack: Stack, driver: Driver, new_visitor: NewVisitor) -> None:
    run = uuid4().hex[:8]
    sam, kim, uma, lee = (f"{name}-{run}" for name in ("sam", "kim", "uma", "lee"))
    on_leave = {"days_off": [{"from": "2026-01-01", "to": "2099-12-31"}], "deputy": kim}
    people = [person(sam), person(kim), person(uma, **on_leave), person(lee, active=False)]
    emails = [f"ann@{run}-{number}.example" for number in range(LEADS)]
    accepted, undone, rejected, left = emails[:4]
    clock = StackClock(stack, base_offset(), driver.shift_clock)
    with sales_team(driver, {"people": people, "manager": lee}):
        try:
            ten_ask_at_once(driver, emails)
            dealt = Counter(driver.lead(email)["owner"] for email in emails)
            assert dealt.keys() == {sam, kim}
            assert abs(dealt[sam] - dealt[kim]) <= 2
            for email in emails:
                ways = [one["via"] for one in messages(driver, email, "handoff")]
                assert sorted(ways) == ["email", "sns"]

            page = new_visitor(**PHONE).page
            accept(page, driver, accepted)
            driver.until(lambda: driver.stage(accepted) == "accepted", "the lead is accepted")
            accept(page, driver, undone)
            driver.until(lambda: driver.stage(undone) == "accepted", "the lead is accepted")
            page.get_by_role("button", name=UNDO).click()
            confirm(page, "I take it")
            driver.until(lambda: driver.stage(undone) == "sql", "the verdict is undone")
            reject(page, driver, rejected)
            driver.until(lambda: driver.stage(rejected) == "recycled", "the lead is recycled")
            colleagues_go_to_their_owner(driver, run, owner=uma, deputy=kim)
            left_alone(driver, clock, left, lee)
        finally:
            driver.shift_clock("")
    assert turns(driver, accepted) == ["sql", "accepted"]
    assert turns(driver, undone) == ["sql", "accepted", "sql"]
    assert turns(driver, rejected) == ["sql", "recycled"]
    kinds = Counter(one["name"] for one in timeline(driver, left) if one["kind"] == "message")
    assert kinds["reminder"] == 1
    assert kinds["handoff"] == 3  # to the first and to the second salesperson, and to the topic


# --- what the test above is made of ---------------------------------------------------------------


@contextmanager
def sales_team(driver: Driver, document: Any) -> Iterator[None]:
    """Another routing document for a while, put by the API: what comes up again leaves it alone."""
    before = driver.get("/v1/routing")
    put_routing(driver, document)
    try:
        yield
    finally:
        put_routing(driver, before)


def put_routing(driver: Driver, document: Any) -> None:
    headers = {"Authorization": f"Bearer {driver.stack.admin_token}", **JSON_BODY}
    status, _, body = driver.http("PUT", "/v1/routing", json.dumps(document).encode(), headers)
    assert status == 200, body
    driver.kill_workers("Qualify")  # it keeps documents for 30 s


def person(person_id: str, **more: Any) -> dict[str, Any]:
    """A salesperson who works around the clock, and is written to by email."""
    return {
        "id": person_id,
        "name": person_id.partition("-")[0].title(),
        "email": address_of(person_id),
        "time_zone": "UTC",
        "hours": ALL_DAY,
        "notify": ["email"],
        "capacity": 100,
        **more,
    }


def ten_ask_at_once(driver: Driver, emails: list[str]) -> None:
    with ThreadPoolExecutor(len(emails)) as pool:
        asked = [
            pool.submit(form, driver, "demo", email, {**PERSON, "company": ""}, consent=False)
            for email in emails
        ]
        for one in asked:
            one.result()
    for email in emails:
        driver.until(partial(is_handed_over, driver, email), "the notice left")


def is_handed_over(driver: Driver, email: str) -> bool:
    sent = messages(driver, email, "handoff")
    return bool(sent) and all(one["state"] == "sent" for one in sent)


def messages(driver: Driver, email: str, kind: str) -> list[Any]:
    return [one for one in driver.outbox(email) if one["kind"] == kind]


def timeline(driver: Driver, email: str) -> list[Any]:
    path = f"/v1/leads/{driver.lead(email)['lead_id']}/timeline?limit=200"
    items: list[Any] = driver.get(path)["items"]
    return items


def turns(driver: Driver, email: str) -> list[str]:
    """The stages that a lead came to, in their order."""
    items = reversed(timeline(driver, email))
    return [one["detail"]["to"] for one in items if one["kind"] == "transition"]


def address_of(person_id: str) -> str:
    return f"{person_id}@sales.example"


def page_of(driver: Driver, email: str, to: str) -> str:
    """The path of the page that a salesperson's notice links."""
    reference = driver.lead(email)["lead_id"][:8]
    groups = emulator(driver).get("/_ministack/ses/messages")["messages"]
    every = (mailed.of_emulator(one) for group in groups.values() for one in group)
    ours = (one.text for one in every if reference in one.subject and list(one.to) == [to])
    found = PAGE.search(next(ours))
    assert found is not None
    return found[1]


def open_page(page: Page, driver: Driver, email: str) -> None:
    """Open the page of a lead's salesperson. A worker may keep the routing of before for 30 s."""
    to = address_of(driver.lead(email)["owner"])
    url = driver.stack.api_url + page_of(driver, email, to)

    def shows_choices() -> bool:
        page.goto(url)
        return page.get_by_role("button", name="I take it").count() == 1

    driver.until(shows_choices, "the page knows the salesperson")


def accept(page: Page, driver: Driver, email: str) -> None:
    open_page(page, driver, email)
    page.get_by_role("button", name="I take it").click()
    confirm(page, UNDO)


def confirm(page: Page, then: str) -> None:
    """Press once more where the page takes us for a mail scanner: we are as quick as one.

    then: the button of the page after that.
    """
    expect(page.get_by_role("button", name=re.compile(f"^(Yes:|{then})")).first).to_be_visible()
    again = page.get_by_role("button", name="Yes:")
    if again.count():
        again.click()


def reject(page: Page, driver: Driver, email: str) -> None:
    open_page(page, driver, email)
    page.get_by_role("link", name="Not now / not for us").click()
    page.get_by_label("Not ready yet").check()
    page.get_by_label("In 3 months").check()
    page.get_by_role("button", name="Send the answer").click()
    confirm(page, UNDO)


def colleagues_go_to_their_owner(driver: Driver, run: str, *, owner: str, deputy: str) -> None:
    """The first of a company is given to somebody who is on leave; the second follows."""
    first, second = (f"{name}@colleagues-{run}.example" for name in ("bob", "cleo"))
    form(driver, "demo", first, {**PERSON, "company": ""}, consent=False)
    driver.until(partial(is_handed_over, driver, first), "the notice left")
    path = f"/v1/leads/{driver.lead(first)['lead_id']}"
    headers = {"Authorization": f"Bearer {driver.stack.admin_token}", **JSON_BODY}
    body = json.dumps({"owner": owner}).encode()
    assert driver.http("PATCH", path, body, headers)[0] == 200
    form(driver, "demo", second, {**PERSON, "company": ""}, consent=False)
    driver.until(partial(is_handed_over, driver, second), "the notice left")
    assert driver.lead(second)["owner"] == owner
    (email,) = (one for one in messages(driver, second, "handoff") if one["via"] == "email")
    assert email["to"] == address_of(deputy)


def left_alone(driver: Driver, clock: StackClock, email: str, manager: str) -> None:
    """Nobody answers: whoever has it is reminded; then somebody else has it, and the manager
    hears of it.
    """
    owner = driver.lead(email)["owner"]
    for minutes, kind in ((17, "reminder"), (16, "escalation")):
        clock.set_to(clock.now() + timedelta(minutes=minutes))
        clock.tick()
        driver.until(partial(messages, driver, email, kind), f"the {kind} is planned")
    assert driver.lead(email)["owner"] != owner
    assert address_of(manager) in {one["to"] for one in messages(driver, email, "escalation")}
    assert {one["to"] for one in messages(driver, email, "reminder")} == {address_of(owner)}
