"""Every email that goes to SES is one that the standards allow: RFC 5322, 2369 and 8058.

Whatever the sender is called, and whatever a lead typed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from email.message import EmailMessage
from typing import Any

import pytest

from chalicelib.delivery.messages import Email
from chalicelib.delivery.senders import Senders
from chalicelib.nurture.emails import one_click_headers
from tests import mailed
from tests.baton import ANN, unscreened
from tests.fakes import FakePorts
from tests.mailed import Mailed

URL = "https://api.keybook.example/u/token"
GOOD = Mailed(
    sender="Zoe <zoe@keybook.example>",
    to=["ann@acme.example"],
    reply_to=["sam@keybook.example"],
    subject="Größe",
    text="Hello\n",
    html="<p>Hello</p>\n",
    headers=[
        ("List-Unsubscribe", f"<{URL}>"),
        ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
    ],
)
SENDERS = {
    "ann@keybook.example": "",
    "Keybook, Ann <ann@keybook.example>": "Keybook, Ann",
    'The "best" (of) Keybook: us; you <ann@keybook.example>': 'The "best" (of) Keybook: us; you',
    "Zoë Müller <zoe@keybook.example>": "Zoë Müller",
    "李雷, 销售部 <li@keybook.example>": "李雷, 销售部",
}
NAMES = {
    "ascii": ("Ann", "Example", "Acme"),
    "latin": ("Zoë", "Þórsdóttir", "Größe & Söhne GmbH"),
    "wide": ("雷", "李", "销售部"),
    "right to left": ("דוד", "כהן", "אקמה"),
    "emoji": ("Ann 🎉", "👩‍💻", "🚀"),
    "specials": ('Ann, "A" <a>', "O'Neil; (x)", "a:b\\c"),
    "long": ("Ä" * 150, "é" * 150, "ß" * 150),
    "encoded word": ("=?utf-8?q?https=3A//evil.example?=", "=?utf-8?b?QQ==?=", "A"),
    "turned": ("Ann\u202e", "B\u200bC", "D\u00a0E\u3000F"),
}


class Ses:
    """Takes every email, and keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[Mapping[str, Any]] = []

    def send_email(self, **request: Any) -> Mapping[str, str]:
        self.asked.append(request)
        return {"MessageId": f"m-{len(self.asked)}"}

    def publish(self, **_: Any) -> Mapping[str, str]:
        return {"MessageId": "of a topic or a text"}


def emails_of(sender: str, names: Sequence[str]) -> tuple[EmailMessage, EmailMessage]:
    """The emails to a lead of that name, and to sales."""
    ses: Any = Ses()
    senders = Senders(ses, ses, sender=sender, configuration_set="baton", topic_arn="topic")
    baton = unscreened(FakePorts(wrap=lambda name, port: senders.send if name == "send" else port))
    baton.ports.clock.tick(timedelta(days=1))  # to a Monday: emails leave on working days
    fields = dict(zip(("first_name", "last_name", "company"), names, strict=True))
    for form_id, consent in (("guide", True), ("demo", False)):
        baton.form(form_id, consent=consent, **{**ANN, **fields})
        baton.until_quiet()
    to_lead, to_sales = (mailed.check(mailed.of_request(request)) for request in ses.asked)
    return to_lead, to_sales


@pytest.mark.parametrize("sender", SENDERS)
def test_a_from_is_one_address_with_its_name(sender: str) -> None:
    for email in emails_of(sender, NAMES["latin"]):
        (address,) = mailed.addresses(email, "From")
        assert (address.display_name, address.addr_spec) == (
            SENDERS[sender],
            sender.rpartition("<")[2].removesuffix(">"),
        )


@pytest.mark.parametrize("kind", NAMES)
def test_a_leads_name_breaks_no_email(kind: str) -> None:
    to_lead, to_sales = emails_of("ann@keybook.example", NAMES[kind])
    assert mailed.addresses(to_lead, "To")[0].addr_spec == "ann@acme.example"
    assert mailed.addresses(to_sales, "Reply-To")[0].addr_spec == "ann@acme.example"
    for email in (to_lead, to_sales):
        assert "Bcc" not in email
        assert "evil.example" not in str(email["Subject"])


@pytest.mark.parametrize(
    "name",
    [
        "Zoë Müller",
        "李雷, 销售部",
        'A "B" <c@d.example>',
        "Ann\r\nBcc: x@evil.example",
        "a@b.example",
    ],
)
def test_who_signs_an_email_is_its_from(name: str) -> None:
    ses: Any = Ses()
    senders = Senders(
        ses, ses, sender="Keybook <k@keybook.example>", configuration_set="baton", topic_arn="topic"
    )
    email = Email(
        to="ann@acme.example",
        subject="Größe",
        text="Hello\n",
        html="<p>Hello</p>\n",
        from_name=name,
        reply_to="reply-abc@in.keybook.example",
        reference="x",
        headers=one_click_headers(URL),
    )
    senders.send(email)
    read = mailed.check(mailed.of_request(ses.asked[0]))
    (address,) = mailed.addresses(read, "From")
    assert address.display_name == " ".join(name.split())
    assert address.addr_spec == "k@keybook.example"
    assert mailed.addresses(read, "Reply-To")[0].addr_spec == "reply-abc@in.keybook.example"
    assert mailed.one_click_url(read) == URL


def test_only_a_lead_is_offered_to_unsubscribe() -> None:
    to_lead, to_sales = emails_of("ann@keybook.example", NAMES["ascii"])
    assert mailed.one_click_url(to_sales) is None
    url = mailed.one_click_url(to_lead)
    assert url is not None
    assert url in mailed.body(to_lead, "plain")
    assert url in mailed.body(to_lead, "html")


def test_a_good_email_is_read_as_it_was_meant() -> None:
    assert mailed.one_click_url(mailed.check(GOOD)) == URL


@pytest.mark.parametrize(
    "broken",
    [
        replace(GOOD, sender="Keybook, Ann <ann@keybook.example>"),
        replace(GOOD, sender="Ann <ann@keybook.example>, zoe@keybook.example"),
        replace(GOOD, sender="hello"),
        replace(GOOD, sender="Ann <ann@keybook.example"),
        replace(GOOD, to=["ann@acme.example", "zoe@acme.example"]),
        replace(GOOD, reply_to=["sam"]),
        replace(GOOD, subject="=?utf-8?q?A?="),
        replace(GOOD, headers=[("Message-ID", "<1@keybook.example>")]),
        replace(GOOD, headers=[("List Unsubscribe", f"<{URL}>")]),
        replace(GOOD, headers=[("List-Help", "Größe")]),
        replace(GOOD, headers=[("List-Help", f"<{URL}>\r\nBcc: mallory@evil.example")]),
        replace(GOOD, headers=[("List-Help", f"<{URL}{'a' * 998}>")]),
        replace(GOOD, headers=[*GOOD.headers, GOOD.headers[0]]),
    ],
)
def test_what_rfc_5322_forbids_is_found(broken: Mailed) -> None:
    with pytest.raises(AssertionError):
        mailed.check(broken)


@pytest.mark.parametrize(
    ("listed", "post"),
    [
        (URL, "List-Unsubscribe=One-Click"),
        (f"<{URL}>, <mailto:stop@keybook.example>", "List-Unsubscribe=One-Click"),
        (f"< {URL}>", "List-Unsubscribe=One-Click"),
        ("<mailto:stop@keybook.example>", "List-Unsubscribe=One-Click"),
        (f"<{URL}>", "One-Click"),
    ],
)
def test_what_rfc_2369_and_8058_forbid_is_found(listed: str, post: str) -> None:
    headers = [("List-Unsubscribe", listed), ("List-Unsubscribe-Post", post)]
    with pytest.raises(AssertionError):
        mailed.one_click_url(mailed.check(replace(GOOD, headers=headers)))
