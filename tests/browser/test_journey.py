"""From an ad to the salesperson's phone, in a browser."""

from collections import Counter
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import NewVisitor
from tests.browser.visitor import DEMO, GUIDE, Visitor

AD = "/?utm_source=google&utm_medium=cpc&utm_campaign=spring"
POSTS = ["/blog/why-access-reviews-stall", "/blog/the-friday-leaver"]


def test_a_person_from_an_ad_asks_for_a_demo(visitor: Visitor, email: str) -> None:
    """On the way they read two posts, download the guide and look at the prices."""
    visitor.go(AD)
    visitor.click("Why access reviews stall")
    visitor.page.wait_for_url(f"**{POSTS[0]}")
    visitor.click("The Friday leaver")
    visitor.page.wait_for_url(f"**{POSTS[1]}")
    visitor.send("guide", email, GUIDE, consent=True)
    with visitor.page.expect_download() as download:
        visitor.click("Download as text")
    assert "Eight questions" in download.value.path().read_text()
    visitor.driver.until(
        lambda: scored(visitor, email, 60), "60 points: who she is, what she read, the guide"
    )
    visitor.go("/pricing")
    visitor.flush()
    visitor.driver.until(lambda: scored(visitor, email, 66), "66 points: the prices")
    # An SQL gets no email of marketing's, and the browser is quicker than a busy worker.
    welcome = Counter([("nurture", "email")])
    visitor.driver.until(lambda: sent(visitor, email) == welcome, "the welcome went out")
    visitor.send("demo", email, {**DEMO, "message": "Payroll and the bank, please."})

    lead = visitor.driver.until(lambda: scored(visitor, email, 90), "90 points")
    assert (lead["stage"], lead["kind"], lead["score"]["grade"]) == ("sql", "requested", "A")
    assert lead["score"]["groups"] == {"fit": 40, "channel": 3, "engagement": 17, "intent": 30}
    assert {reason["rule"]: reason["points"] for reason in lead["score"]["reasons"]} == {
        "seniority": 14, "size": 10, "industry": 6, "country": 4, "phone": 4, "company": 2,
        "source": 3,
        "site-visit": 1, "blog": 2, "ad-click": 2, "guide-download": 12, "pricing-page": 6,
        "demo-request": 30, "limit:intent": -6,
    }  # fmt: skip
    touch = lead["first_touch"]
    assert (touch["source"], touch["medium"], touch["campaign"]) == ("google", "cpc", "spring")
    assert lead["consent"]["marketing"] is True
    assert "by email about access reviews" in lead["consent"]["text"]

    pages = ["/", *POSTS, "/guide", "/guide-thanks", "/pricing", "/demo", "/demo-thanks"]
    visitor.is_on_timeline(email, "page", *pages)
    visitor.is_on_timeline(email, "form", "guide", "demo")
    visitor.is_on_timeline(email, "track", "Asset Downloaded")
    sent_once = [("nurture", "email"), ("handoff", "email"), ("handoff", "sns"), ("handoff", "sms")]
    visitor.driver.until(lambda: sent(visitor, email) == Counter(sent_once), f"sent: {sent_once}")
    the_mailbox_shows_it(visitor, email)


def the_mailbox_shows_it(visitor: Visitor, email: str) -> None:
    """The email, the salesperson's mail, and the text, on the demo's mailbox page."""
    page = visitor.go("/mailbox")
    handoff, nurture = page.locator(".mail").filter(has_text=email).all()[:2]  # newest first
    # Without her name: nobody has confirmed it from that mailbox.
    expect(nurture.locator("h3")).to_have_text("Three mistakes teams make")
    expect(nurture).to_contain_text(f"To{email}")
    expect(nurture.locator("pre")).to_contain_text("Unsubscribe: http")
    expect(nurture.frame_locator("iframe").locator("body")).to_contain_text(
        "Thank you for reading our guide"
    )
    expect(handoff.locator("h3")).to_contain_text("wants a demo")
    expect(handoff).to_contain_text("Tosam@keybook.example")
    expect(handoff.frame_locator("iframe").locator("body")).to_contain_text(
        "visited the pricing page on 1 day"
    )
    text = page.locator(".phone .bubble").filter(has_text=email)
    expect(text).to_have_count(1)
    expect(text).to_contain_text("wants a demo")


def test_forms_lead_to_their_thank_you_pages_without_any_script(
    new_visitor: NewVisitor, email: str
) -> None:
    visitor = new_visitor(java_script_enabled=False)
    visitor.send("guide", email, GUIDE)
    expect(visitor.page.get_by_role("heading", level=1)).to_be_visible()
    (post,) = visitor.calls("/v1/forms/guide")
    answer = post.response()
    assert answer is not None
    assert answer.status == 303
    visitor.driver.until(lambda: visitor.driver.stage(email) == "mql", "the lead is an MQL")
    visitor.is_on_timeline(email, "form", "guide")
    visitor.send("demo", email, DEMO)
    visitor.driver.until(lambda: visitor.driver.stage(email) == "sql", "the lead is an SQL")


def test_the_tour_opens_and_explains_wrong_input_without_any_script(
    new_visitor: NewVisitor, email: str
) -> None:
    visitor = new_visitor(java_script_enabled=False)
    visitor.go("/tour")
    visitor.fill({"email": "ann@nowhere"})
    visitor.page.get_by_role("button", name="Open the tour").click()
    expect(visitor.page.get_by_role("heading")).to_have_text("Please check the form")
    expect(visitor.page.get_by_role("listitem")).to_contain_text("email")
    visitor.page.go_back()
    visitor.fill({"email": email})
    visitor.page.get_by_role("button", name="Open the tour").click()
    expect(visitor.page.get_by_role("heading", name="You are the manager")).to_be_visible()
    visitor.driver.until(lambda: visitor.driver.stage(email), "the lead exists")


@pytest.mark.parametrize("form_id", ["guide", "demo"])
def test_what_is_missing_is_said_beside_the_field(visitor: Visitor, form_id: str) -> None:
    visitor.go(f"/{form_id}")
    visitor.page.locator("form.form button").click()
    first = visitor.page.locator("form.form [name=first_name]")
    expect(first).to_be_focused()
    expect(visitor.page.locator(f"#{form_id}-first_name-error")).to_have_text(
        "Please enter your first name."
    )
    first.fill("Ann")
    expect(visitor.page.locator(f"#{form_id}-first_name-error")).to_be_hidden()
    assert visitor.calls("/v1/forms/") == []


def scored(visitor: Visitor, email: str, total: int) -> Any:
    """The lead, once it has that many points."""
    lead = visitor.driver.lead(email)
    return lead if lead and lead["score"]["total"] == total else None


def sent(visitor: Visitor, email: str) -> Counter[tuple[str, str]]:
    """What went out about the lead, as kind and via."""
    items = visitor.driver.outbox(email)
    return Counter((item["kind"], item["via"]) for item in items if item["state"] == "sent")
