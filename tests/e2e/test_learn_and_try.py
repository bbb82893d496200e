"""Learn and try on the deployed stack, with a shifted clock: the walk of `make run`, and beside it
one person who clicks the link on which the sequence branches, and one who does not.
"""

import re
from collections import Counter
from datetime import datetime, timedelta
from email.message import EmailMessage
from functools import partial
from typing import Any
from uuid import uuid4

from infra.local import stack as stacks
from infra.local.clock import StackClock, walk_start
from infra.local.stack import SENDER, Stack
from infra.local.transcript import Step, render
from infra.local.walk import PERSON, SEQUENCE, VERDICT_AFTER, Walk, visit
from infra.paths import ROOT
from tests import mailed
from tests.conftest import base_offset
from tests.e2e.driver import Driver
from tests.e2e.test_feedback import handed_over, rules
from tests.e2e.test_stack import emulator, form, learn_and_try

A_WEEK = timedelta(days=7)
OWN = re.compile(r"https?://[^\s<>\"]+/([ucap])/[\w.~%-]+")
LINK = re.compile(r"https?://[^\s<>()\"]+")
LEFT_OVER = re.compile(r"\{\{|\{%|\bNone\b")


def test_ann_learns_and_tries_until_she_is_ready(stack: Stack, email: str, driver: Driver) -> None:
    """Ann is the walk's. Cleo clicks the second email, on which the third depends; Bob does not."""
    cleo, bob = f"cleo-{uuid4().hex[:12]}@b.example", f"bob-{uuid4().hex[:12]}@c.example"
    clock = StackClock(stack, base_offset(), driver.shift_clock)
    try:
        with learn_and_try(driver):
            clock.set_to(walk_start(stacks.utc_now(), stacks.demo_hours()))
            for one in (cleo, bob):
                form(driver, "guide", one, {**PERSON, "company": ""}, consent=True)
                driver.until(partial(is_mql, driver, one), "the lead is an MQL")
            may_be_measured(driver, cleo)
            steps = Walk(stack, email, clock=clock).run()
            for one in (cleo, bob):
                driver.until(partial(has_emails, driver, one, 2), "two emails left")
            click_the_link(driver, cleo)
            # The third email depends on the click: it must have been judged by then.
            clock.set_to(clock.now() + VERDICT_AFTER)
            clock.tick()
            driver.until(lambda: "email-click" in rules(driver, cleo), "the click counts")
            clock.set_to(clock.now() + A_WEEK)
            clock.tick()
            for one in (cleo, bob):
                driver.until(partial(has_emails, driver, one, 3), "the third email left")
            form(driver, "demo", cleo, PERSON, consent=False)
            driver.until(lambda: handed_over(driver, cleo), "sales is told of Cleo")
    finally:
        driver.shift_clock("")
    it_is_as_the_readme_shows(steps, email)
    ann_got_each_message_once(driver, email)
    assert emails(driver, cleo) == ["learn-questions", "learn-month", "learn-page"]
    assert emails(driver, bob) == ["learn-questions", "learn-month", "learn-timing"]
    assert turns(driver, email) == turns(driver, cleo) == ["entered", "with_sales"]
    assert turns(driver, bob) == ["entered"]
    for one, is_measured in ((email, True), (cleo, True), (bob, False)):
        for read in marketing(driver, one):
            an_email_is_right(driver, read, is_measured=is_measured)


# --- what the test above is made of ---------------------------------------------------------------


def may_be_measured(driver: Driver, email: str) -> None:
    path = f"/v1/leads/{driver.lead(email)['lead_id']}/basis"
    note = {"purpose": "measuring", "kind": "consent", "reason": "said so on the phone"}
    token = {"Authorization": f"Bearer {driver.stack.admin_token}"}
    assert driver.post(path, note, token)[0] == 200


def click_the_link(driver: Driver, email: str) -> None:
    """Click the tracked link of the newest email, and look at the page with the tracker."""
    text = mailed.body(marketing(driver, email)[-1], "plain")
    (link,) = (found[0] for found in OWN.finditer(text) if found[1] == "c")
    page = {
        "anonymousId": email.partition("@")[0],
        "messageId": uuid4().hex,
        "properties": {"url": visit(link)},
    }
    assert driver.post("/v1/page", page)[0] == 200


def emails(driver: Driver, email: str) -> list[str]:
    """The ids of the emails of the sequence that have left for a lead, in their order."""
    items = [one for one in driver.outbox(email) if one["kind"] == "nurture"]
    left = [one for one in items if one["state"] == "sent"]
    return [one["email"] for one in sorted(left, key=lambda one: one["created_at"])]


def is_mql(driver: Driver, email: str) -> bool:
    return driver.stage(email) == "mql"


def has_emails(driver: Driver, email: str, number: int) -> bool:
    return len(emails(driver, email)) == number


def turns(driver: Driver, email: str) -> list[str]:
    """Where a lead entered a sequence, and why it left one, in that order."""
    items = driver.get(f"/v1/leads/{driver.lead(email)['lead_id']}/timeline?limit=200")["items"]
    ours = [one for one in reversed(items) if one["kind"] == "sequence"]
    assert {one["detail"]["sequence"] for one in ours} == {SEQUENCE}
    return [one["detail"].get("reason") or one["name"] for one in ours]


def marketing(driver: Driver, email: str) -> list[EmailMessage]:
    """The emails of the sequence that a lead got, as its program reads them."""
    groups = emulator(driver).get("/_ministack/ses/messages")["messages"]
    every = [mailed.of_emulator(one) for group in groups.values() for one in group]
    return [mailed.check(one) for one in every if one.to == [email]]


def an_email_is_right(driver: Driver, read: EmailMessage, *, is_measured: bool) -> None:
    """Check headers, values and links of an email."""
    (sender,) = mailed.addresses(read, "From")
    assert (sender.display_name, sender.addr_spec) == ("Mia Muster", SENDER)
    plain, html = mailed.body(read, "plain"), mailed.body(read, "html")
    unsubscribe = mailed.one_click_url(read)
    assert unsubscribe is not None
    for text in (plain, html):
        assert unsubscribe in text
        assert "Beispielweg 1" in text
        assert "Mia Muster" in text
        assert not LEFT_OVER.search(text)
    links = set(LINK.findall(plain))
    ours = {link for link in links if link.startswith(driver.stack.api_url)}
    kinds = {found[1] for link in ours if (found := OWN.match(link))}
    assert kinds <= ({"u", "c", "a"} if is_measured else {"u", "a"})
    for link in links - ours:  # who may not be measured gets the address itself
        assert "utm_source=baton" in link or is_measured or "privacy" in link, link


def it_is_as_the_readme_shows(steps: list[Step], email: str) -> None:
    printed = render(steps).replace(email, "ann@acme.example")
    shown = (ROOT / "README.md").read_text().partition("```text\n")[2].partition("\n```")[0]
    assert masked(shown) == masked(printed.strip())
    days = [datetime.fromisoformat(step.at).strftime("%a") for step in steps]
    assert days == ["Tue", "Tue", "Tue", "Wed", "Mon", "Mon", "Mon", "Mon"]
    for step in steps:
        assert round(sum(reason["points"] for reason in step.reasons)) == step.total


def masked(transcript: str) -> str:
    """A transcript without the references and links, which each deployment's secrets make its own,
    and without dates and times.
    """
    without = re.sub(r"[A-Z2-7]{8}-1\b", "REFERENCE", transcript)
    without = re.sub(r"\S+/handoffs/\S+", "LINK", without)
    return re.sub(r"(set to \w+), .*\.$", r"\1", without, flags=re.M)


def ann_got_each_message_once(driver: Driver, email: str) -> None:
    sent: Counter[tuple[Any, ...]] = Counter(
        (item["kind"], item["via"], item["email"], item["state"])
        for item in driver.outbox(email)
        if item["kind"] in ("handoff", "nurture")  # Sam is reminded, too: he calls nobody
    )
    handoffs = [("handoff", via, None, "sent") for via in ("email", "sns", "sms")]
    learned = [("nurture", "email", one, "sent") for one in ("learn-questions", "learn-month")]
    assert sent == Counter([*handoffs, *learned])
