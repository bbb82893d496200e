"""The demo's mailbox, from what the emulator answers to the page."""

from html.parser import HTMLParser
from typing import Any

import pytest

from infra.local.mailbox import Mailbox, Phone, mailbox_of, render

NOTHING: dict[str, Any] = {"messages": {}, "sms_messages": {}}


def mail(subject: str, at: float, html: str | None = None) -> dict[str, Any]:
    """A mail as the emulator keeps it."""
    return {
        "Source": "hello@baton.example",
        "To": ["ann@acme.example", "bob@acme.example"],
        "Subject": subject,
        "BodyText": "See https://keybook.example/guide",
        "BodyHtml": html,
        "Timestamp": at,
    }


def test_mails_of_all_accounts_are_sorted_newest_first() -> None:
    sent = {"messages": {"1": [mail("first", 1.0), mail("third", 3.0)], "2": [mail("second", 2.0)]}}
    found = mailbox_of(sent, NOTHING)
    assert [one.subject for one in found.mails] == ["third", "second", "first"]
    assert found.mails[0].to == "ann@acme.example, bob@acme.example"


def test_texts_are_kept_by_phone_newest_first() -> None:
    texts = {"+49301": [{"Message": "one"}, {"Message": "two"}], "+49302": []}
    assert mailbox_of(NOTHING, {"sms_messages": texts}).phones == [Phone("+49301", ["two", "one"])]


@pytest.mark.parametrize(
    "hostile", ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "{{ mails }}"]
)
def test_whatever_is_in_a_message_is_text(hostile: str) -> None:
    sent = {
        "messages": {"1": [mail(hostile, 1.0, hostile) | {"BodyText": hostile, "Source": hostile}]}
    }
    page = render(mailbox_of(sent, {"sms_messages": {hostile: [{"Message": hostile}]}}))
    tags = Tags()
    tags.feed(page)
    assert not {"script", "img"} & set(tags.found)
    assert "onerror" not in tags.attributes


def test_links_of_the_plain_text_can_be_followed() -> None:
    page = render(mailbox_of({"messages": {"1": [mail("x", 1.0)]}}, NOTHING))
    assert '<a href="https://keybook.example/guide" rel="noopener" target="_blank">' in page


def test_an_empty_mailbox_says_so() -> None:
    page = render(Mailbox([], []))
    assert "No email yet." in page
    assert "No text yet." in page


class Tags(HTMLParser):
    """The tags and attributes of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.attributes: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append(tag)
        self.attributes += [name for name, _ in attrs]
