"""The emails that the deployed stack has sent, read back with their headers: they are what RFC
5322, 2369 and 8058 ask for, and their one click stops them.
"""

from email.message import EmailMessage

import pytest

from infra.local.stack import SENDER, Stack
from infra.local.walk import PERSON
from tests import mailed
from tests.e2e.driver import Driver
from tests.e2e.test_feedback import handed_over, sent_email
from tests.e2e.test_stack import emulator, form, settled

ONE_CLICK = {"Content-Type": "application/x-www-form-urlencoded"}
NAMES = {
    "latin": {"first_name": "Zoë", "last_name": "Þórsdóttir", "company": "Größe & Söhne GmbH"},
    "wide": {"first_name": "雷", "last_name": "李", "company": "销售部 🎉"},
    "encoded": {"first_name": "=?utf-8?q?A?=", "last_name": 'O"Neil, A.', "company": "a:b\\c"},
}


def sent_emails(driver: Driver, email: str) -> tuple[EmailMessage, EmailMessage]:
    """The email to a lead, and the one to sales about it, as their recipients get them."""
    reference = driver.lead(email)["lead_id"][:8]
    groups = emulator(driver).get("/_ministack/ses/messages")["messages"]
    every = [mailed.of_emulator(one) for group in groups.values() for one in group]
    (to_lead,) = (one for one in every if email in one.to)
    (to_sales,) = (one for one in every if reference in one.subject)
    return mailed.check(to_lead), mailed.check(to_sales)


def test_the_demos_emails_are_as_the_standards_say(
    stack: Stack, email: str, driver: Driver
) -> None:
    sent_email(driver, email)
    form(driver, "demo", email, PERSON, consent=False)
    driver.until(
        lambda: handed_over(driver, email) and settled(driver, email, least=4), "all went out"
    )
    to_lead, to_sales = sent_emails(driver, email)
    for one, to in ((to_lead, email), (to_sales, "sam@keybook.example")):
        assert mailed.addresses(one, "From")[0].addr_spec == SENDER
        assert mailed.addresses(one, "To")[0].addr_spec == to
    assert mailed.addresses(to_sales, "Reply-To")[0].addr_spec == email
    assert mailed.one_click_url(to_sales) is None
    url = mailed.one_click_url(to_lead)
    assert url is not None
    assert url in mailed.body(to_lead, "plain")
    assert url in mailed.body(to_lead, "html")
    # On AWS the API's address is https; RFC 8058 asks for an answer that is no redirect.
    path = url.removeprefix(stack.api_url)
    assert path.startswith("/u/")
    status, headers, _ = driver.http("POST", path, b"List-Unsubscribe=One-Click", ONE_CLICK)
    assert status == 200
    assert "location" not in {name.lower() for name in headers}
    assert driver.lead(email)["suppressed"] == "unsubscribed"


@pytest.mark.parametrize("names", NAMES.values(), ids=NAMES)
def test_names_from_all_over_the_world_arrive_as_typed(
    email: str, driver: Driver, names: dict[str, str]
) -> None:
    # An SQL gets no email of marketing's: neither one that waits, nor of a batch that holds both.
    sent_email(driver, email, {**PERSON, **names})
    form(driver, "demo", email, {**PERSON, **names}, consent=False)
    driver.until(
        lambda: handed_over(driver, email) and settled(driver, email, least=4), "all went out"
    )
    to_lead, to_sales = sent_emails(driver, email)
    # Nobody has confirmed it from that mailbox.
    assert names["first_name"] not in str(to_lead["Subject"])
    if names["first_name"].isalpha():
        assert names["first_name"] in str(to_sales["Subject"])
        assert names["company"] in str(to_sales["Subject"])
        assert f"Company: {names['company']}\n" in mailed.body(to_sales, "plain")
    else:  # it decodes to nothing
        assert "= ?utf-8?q?A?=" in str(to_sales["Subject"])
