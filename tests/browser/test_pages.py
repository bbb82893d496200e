"""Every page that somebody sees, on a phone and on a desk. The pictures are in
.local/screenshots.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from infra.local.stack import SENDER
from infra.local.walk import PERSON
from infra.paths import ROOT
from tests import mailed
from tests.browser.conftest import NewVisitor
from tests.browser.looks import looks_of
from tests.browser.visitor import Visitor
from tests.e2e.driver import Driver
from tests.e2e.test_mail import sent_emails

SITE = ROOT / "site"
PAGES = sorted(
    "/" + str(file.relative_to(SITE).with_suffix("")).removesuffix("index")
    for file in SITE.rglob("*.html")
)
WIDTHS_PX = {360: 740, 1280: 800}  # width: height

HOSTILE = """<script>alert(1)</script><img src="/hostile.png" onerror="alert(2)">
<link rel=stylesheet href="/hostile.css">
<form action="/hostile"><button onclick="alert(3)">Send</button></form>"""

Look = Callable[[str], None]


@pytest.fixture(params=WIDTHS_PX, ids=lambda width: f"{width} px")
def reader(request: pytest.FixtureRequest, new_visitor: NewVisitor) -> Visitor:
    """A visitor with a screen of that width."""
    return new_visitor(viewport={"width": request.param, "height": WIDTHS_PX[request.param]})


@pytest.fixture
def look(reader: Visitor, screenshots: Path) -> Look:
    """Takes a picture of the page that is open, and finds nothing wrong with it."""

    def take(name: str) -> None:
        size = reader.page.viewport_size
        assert size is not None
        reader.page.screenshot(path=screenshots / f"{name}-{size['width']}.png", full_page=True)
        looks = looks_of(reader.page)
        assert looks.texts > 0
        assert (looks.overflow_px, looks.small, looks.pale) == (0, [], [])

    return take


@pytest.mark.parametrize("path", PAGES)
def test_a_page_of_the_site_can_be_read(reader: Visitor, look: Look, path: str) -> None:
    reader.go(path)
    look(path.strip("/").replace("/", "-") or "index")


def test_the_open_tour_can_be_read(reader: Visitor, look: Look) -> None:
    page = reader.go("/tour#open")
    for answer in ("Remove", "Not sure"):
        page.get_by_label(answer).first.check()
    look("tour-open")


@pytest.mark.parametrize("form_id", ["guide", "demo", "tour"])
def test_a_form_that_misses_something_can_be_read(
    reader: Visitor, look: Look, form_id: str
) -> None:
    reader.go(f"/{form_id}").locator("form.form button").click()
    expect(reader.page.locator(".error:visible").first).to_be_visible()
    look(f"{form_id}-errors")


def test_the_apis_own_pages_can_be_read(
    reader: Visitor, look: Look, driver: Driver, email: str
) -> None:
    page = reader.page
    page.goto(f"{driver.stack.api_url}/thanks")
    look("api-thanks")
    page.route(
        "**/t.js", lambda route: route.abort()
    )  # so that the API's answer is shown as a page
    reader.go("/tour")
    reader.fill({"email": "ann@nowhere"})
    page.get_by_role("button", name="Open the tour").click()
    expect(page.get_by_role("heading")).to_have_text("Please check the form")
    look("api-form-errors")
    get_an_email(driver, email)
    page = reader.go("/mailbox")
    sent = page.locator(".mail").filter(has_text=email).first
    with page.expect_popup() as opened:
        sent.locator("pre a").click()
    reader.page = opened.value
    look("api-unsubscribe")
    reader.page.get_by_role("button", name="Unsubscribe").click()
    expect(reader.page.get_by_role("heading")).to_have_text("You are unsubscribed")
    look("api-unsubscribed")
    assert driver.lead(email)["suppressed"] == "unsubscribed"


def test_the_mailbox_can_be_read(reader: Visitor, look: Look, driver: Driver, email: str) -> None:
    get_an_email(driver, email)
    ask_for_a_demo(driver, email)
    driver.until(lambda: len(driver.outbox(email)) == 4 and all_sent(driver, email), "all went out")
    page = reader.go("/mailbox")
    expect(page.locator(".phone .bubble").filter(has_text=email)).to_be_visible()
    height = page.evaluate("document.documentElement.scrollHeight")
    page.set_viewport_size(
        {"width": page.evaluate("innerWidth"), "height": height}
    )  # mails out of sight are not drawn
    for frame in page.locator("iframe").all():
        expect(frame.content_frame.locator("body")).not_to_be_empty()
    look("mailbox")


def test_each_email_can_be_read(reader: Visitor, look: Look, driver: Driver, email: str) -> None:
    """Also on a phone. That nothing of a notice is torn apart, test_notices.py measures."""
    get_an_email(driver, email)
    ask_for_a_demo(driver, email)
    driver.until(lambda: len(driver.outbox(email)) == 4 and all_sent(driver, email), "all went out")
    for name, one in zip(("nurture", "handoff"), sent_emails(driver, email), strict=True):
        reader.page.set_content(mailed.body(one, "html"))
        look(f"email-{name}")


def test_an_email_in_the_mailbox_can_only_open_its_links(
    visitor: Visitor, aws: Any, email: str
) -> None:
    send_mail(
        aws("sesv2"),
        email,
        f"<b>{email}</b>",
        '<a href="/pricing">Prices</a>' + HOSTILE,
        "<i>plain</i>",
    )
    page = visitor.page
    page.on("dialog", lambda dialog: pytest.fail(f"the mail ran a script: {dialog.message}"))
    visitor.go("/mailbox")
    mail = page.locator(".mail").filter(has_text=email).first
    expect(mail.locator("h3")).to_have_text(f"<b>{email}</b>")
    expect(mail.locator("pre")).to_have_text("<i>plain</i>")
    inside = mail.frame_locator("iframe")
    inside.get_by_role("button", name="Send").click()
    with page.expect_popup() as opened:
        inside.get_by_role("link", name="Prices").click()
    expect(opened.value.get_by_role("heading", level=1)).to_be_visible()
    assert [call.url for call in visitor.requests if "hostile" in call.url] == []


def get_an_email(driver: Driver, email: str) -> None:
    data = {
        "fields": {"email": email, **PERSON},
        "consent": {"marketing": True, "text": "Write to me."},
    }
    assert driver.post("/v1/forms/guide", data)[0] == 202
    driver.until(lambda: driver.outbox(email) and all_sent(driver, email), "the email went out")


def send_mail(ses: Any, to: str, subject: str, html: str, text: str) -> None:
    """A mail that Baton would never write."""
    body = {"Html": {"Data": html}, "Text": {"Data": text}}
    content = {"Simple": {"Subject": {"Data": subject}, "Body": body}}
    ses.send_email(FromEmailAddress=SENDER, Destination={"ToAddresses": [to]}, Content=content)


def ask_for_a_demo(driver: Driver, email: str) -> None:
    assert driver.post("/v1/forms/demo", {"fields": {"email": email, **PERSON}})[0] == 202


def all_sent(driver: Driver, email: str) -> bool:
    return {item["state"] for item in driver.outbox(email)} == {"sent"}
