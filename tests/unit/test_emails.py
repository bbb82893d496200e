"""Emails: rendered for one person, with the way out in body and headers; and which emails a
transition wants.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.company import SettingsDocument
from chalicelib.consent.consent import CONSENT_ONLY
from chalicelib.delivery.messages import Email, Skip, Waiting
from chalicelib.delivery.outbox import MessageState
from chalicelib.delivery.reasons import NotSentReason
from chalicelib.errors import DocumentError
from chalicelib.events import Rank, Value
from chalicelib.leads.lead import Lead
from chalicelib.nurture.emails import EmailLinks, Emails
from chalicelib.nurture.reader import EmailReader, reader_of
from tests import factories as make
from tests.fakes import NOW

NOTHING: Mapping[str, Value] = {}
URL = "https://api.keybook.example/u/token"
WELCOME = {
    "id": "welcome",
    "language": "en",
    "subject": "Hello{% if first_name %}, {{ first_name }}{% endif %}",
    "text": "Dear {{ first_name or 'reader' }}\n{{ unsubscribe_url }}",
    "html": "<p>Dear {{ first_name or 'reader' }}</p><a href='{{ unsubscribe_url }}'>stop</a>",
}


def compose(
    document: dict[str, Any] | None = WELCOME,
    name: Value = "Ann",
    known: Mapping[str, Value] = NOTHING,
    *,
    rank: Rank = Rank.CONFIRMED,
    **message: Any,
) -> Email | Skip | Waiting:
    def reader(lead: Lead) -> EmailReader:
        return reader_of(lead, [], title_of=lambda _form: "", owner=None, now=NOW)

    profile = make.profile({"first_name": name, **known}, rank)
    emails = Emails(
        email=lambda _id: (document, 3) if document is not None else None,
        lead=lambda lead_id: Lead(lead_id=lead_id, profile=profile),
        reader=reader,
        company=lambda: SettingsDocument(
            company_name="Keybook", postal_address="Weg 1\n10115 Berlin"
        ),
        links=EmailLinks(unsubscribe_url=lambda _message: URL),
        rests_on=lambda _countries: CONSENT_ONLY,
        now=lambda: NOW,
    )
    return emails.compose(make.nurture_message(**message))


def mail(
    document: dict[str, Any] | None = WELCOME, name: Value = "Ann", rank: Rank = Rank.CONFIRMED
) -> Email:
    composed = compose(document, name, rank=rank)
    assert isinstance(composed, Email)
    return composed


def test_an_email_is_rendered_for_its_reader() -> None:
    email = mail()
    assert (email.to, email.subject, email.version) == ("ann@acme.example", "Hello, Ann", 3)
    assert email.text.startswith(f"Dear Ann\n{URL}?lang=en\n")
    assert f"<p>Dear Ann</p><a href='{URL}?lang=en'>stop</a>" in (email.html or "")
    assert email.reference == make.nurture_message().id


def test_the_way_out_stands_in_the_headers_of_rfc_8058() -> None:
    assert mail().headers == {
        "List-Unsubscribe": f"<{URL}?lang=en>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }


@pytest.mark.parametrize("name", ["http://evil.example", "You have won", "Ann\nBcc: x", ""])
def test_a_name_that_is_none_is_left_out(name: str) -> None:
    assert mail(name=name).subject == "Hello"
    assert "Dear reader" in mail(name=name).text


@pytest.mark.parametrize("rank", [rank for rank in Rank if rank is not Rank.CONFIRMED])
def test_somebody_unconfirmed_gets_no_words_of_their_own_back(rank: Rank) -> None:
    """Anybody can type anybody's address: a name would be their message, sent by us."""
    email = mail(rank=rank)
    assert email.subject == "Hello"
    for body in (email.text, email.html or ""):
        assert "Dear reader" in body
        assert "Ann" not in body


def test_a_number_for_a_name_is_left_out() -> None:
    assert mail(name=5).subject == "Hello"


def test_a_subject_is_one_line() -> None:
    assert mail({**WELCOME, "subject": "one\r\n two\t three "}).subject == "one two three"


def test_an_email_of_text_alone_gets_html_of_it() -> None:
    email = mail({name: value for name, value in WELCOME.items() if name != "html"})
    assert "Dear Ann<br>" in (email.html or "")
    assert f'href="{URL}?lang=en"' in (email.html or "")


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        (None, NotSentReason.NO_EMAIL),
        ({**WELCOME, "text": "{% if %}"}, NotSentReason.NOT_RENDERED),
        ({**WELCOME, "text": "{{ ''.__class__.__mro__ }}"}, NotSentReason.NOT_RENDERED),
    ],
)
def test_an_email_that_cannot_be_rendered_is_refused(
    document: dict[str, Any] | None, reason: NotSentReason
) -> None:
    assert compose(document) == Skip(MessageState.REFUSED, reason)


def test_an_email_to_nobody_waits_an_hour_for_an_address() -> None:
    lately = NOW - timedelta(minutes=59)
    assert compose(to=None, now=lately) == Waiting(NotSentReason.NO_ADDRESS)
    long_ago = NOW - timedelta(minutes=60)
    refused = Skip(MessageState.REFUSED, NotSentReason.NO_ADDRESS)
    assert compose(to=None, now=long_ago) == refused


def test_an_address_may_come_after_its_email_was_planned() -> None:
    composed = compose(to=None, known={"email": "ann@acme.example"})
    assert isinstance(composed, Email)
    assert composed.to == "ann@acme.example"


@pytest.mark.parametrize("change", [{"language": "english"}, {"subject": ""}, {"text": None}])
def test_an_email_outside_the_format_is_a_document_error(change: dict[str, Any]) -> None:
    with pytest.raises(DocumentError):
        compose({**WELCOME, **change})
