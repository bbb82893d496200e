"""Emails as SES puts them on the wire, and what the standards ask of them.

RFC 5322 for the whole email, RFC 2369 for a list header, RFC 8058 for the one-click unsubscribe.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email import message_from_bytes
from email.header import Header
from email.headerregistry import Address, AddressHeader, BaseHeader
from email.message import EmailMessage, Message
from email.policy import SMTP
from typing import Any

LINE_MAX_OCTETS = 998
"""Without its CRLF (RFC 5322, 2.1.1)."""
NAME = re.compile(r"[!-9;-~]+")
"""Of a header (RFC 5322, 2.2): printable ASCII but the colon."""
SET_BY_SES = frozenset(
    [
        "bcc",
        "cc",
        "content-disposition",
        "content-type",
        "date",
        "from",
        "message-id",
        "mime-version",
        "reply-to",
        "return-path",
        "subject",
        "to",
    ]
)
"""What SES writes by itself, in lower case: an email that brings its own is refused."""
ONE_URI = re.compile(r"<https?://[!-;=?-~]+>")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailed:
    """What a SendEmail asks for."""

    sender: str
    to: Sequence[str]
    reply_to: Sequence[str]
    subject: str
    text: str
    html: str | None
    headers: Sequence[tuple[str, str]]


def of_request(request: Mapping[str, Any]) -> Mailed:
    """What a SendEmail of SES's second API asks for."""
    simple = request["Content"]["Simple"]
    return Mailed(
        sender=request["FromEmailAddress"],
        to=request["Destination"]["ToAddresses"],
        reply_to=request.get("ReplyToAddresses", []),
        subject=simple["Subject"]["Data"],
        text=simple["Body"]["Text"]["Data"],
        html=simple["Body"].get("Html", {}).get("Data"),
        headers=[(one["Name"], one["Value"]) for one in simple["Headers"]],
    )


def of_emulator(sent: Mapping[str, Any]) -> Mailed:
    """What the emulator has kept of one."""
    return Mailed(
        sender=sent["Source"],
        to=sent["To"],
        reply_to=sent["ReplyTo"],
        subject=sent["Subject"],
        text=sent["BodyText"],
        html=sent["BodyHtml"],
        headers=[(one["Name"], one["Value"]) for one in sent["Headers"]],
    )


def wire_of(mailed: Mailed) -> bytes:
    """The email as it leaves: addresses and headers as they were given, the bodies encoded, and the
    subject where it is not ASCII. Date and Message-ID are SES's own, so they are not here.
    """
    content = EmailMessage(policy=SMTP)
    content.set_content(mailed.text)
    if mailed.html:
        content.add_alternative(mailed.html, subtype="html")
    subject = mailed.subject
    if not subject.isascii():
        subject = Header(subject, "utf-8", header_name="Subject").encode(linesep="\r\n")
    given = [
        ("From", mailed.sender),
        ("Subject", subject),
        ("To", ", ".join(mailed.to)),
        *([("Reply-To", ", ".join(mailed.reply_to))] if mailed.reply_to else []),
        *mailed.headers,
    ]
    head = "".join(f"{name}: {value}\r\n" for name, value in given)
    return head.encode("ascii") + content.as_bytes()


def check(mailed: Mailed) -> EmailMessage:
    """Assert what RFC 5322 asks of an email, and return it as its recipient's program reads it."""
    for name, value in mailed.headers:
        assert NAME.fullmatch(name), name
        assert name.lower() not in SET_BY_SES
        assert value.isascii(), value
        assert value.isprintable(), value
    wire = wire_of(mailed)
    head = wire.partition(b"\r\n\r\n")[0]
    assert head.isascii()
    assert max(map(len, wire.split(b"\r\n"))) <= LINE_MAX_OCTETS
    read: Message = message_from_bytes(wire, policy=SMTP)
    assert isinstance(read, EmailMessage)
    for part in read.walk():
        assert part.defects == []
    for name, header in read.items():
        assert isinstance(header, BaseHeader)
        assert not header.defects, (name, header.defects)
        assert len(read.get_all(name, [])) == 1, name
    assert len(addresses(read, "From")) == len(addresses(read, "To")) == 1
    assert str(read["Subject"]) == mailed.subject
    assert body(read, "plain").strip() == mailed.text.strip()
    if mailed.html:
        assert body(read, "html").strip() == mailed.html.strip()
        parts = [part.get_content_type() for part in read.iter_parts()]
        assert (read.get_content_type(), parts) == (
            "multipart/alternative",
            ["text/plain", "text/html"],  # the best one last (RFC 2046, 5.1.4)
        )
    return read


def one_click_url(read: EmailMessage) -> str | None:
    """Return the one URL to which a POST unsubscribes; None where the email names none.

    Assert what RFC 2369 and RFC 8058 ask of the two headers.
    """
    listed, post = read["List-Unsubscribe"], read["List-Unsubscribe-Post"]
    if listed is None:
        assert post is None
        return None
    assert ONE_URI.fullmatch(str(listed)), listed
    assert str(post) == "List-Unsubscribe=One-Click"
    return str(listed)[1:-1]


def addresses(read: EmailMessage, name: str) -> tuple[Address, ...]:
    """The addresses of a header, each of which is whole."""
    header = read[name]
    assert isinstance(header, AddressHeader)
    for one in header.addresses:
        assert one.username, str(header)
        assert "." in one.domain, str(header)
    return header.addresses


def body(read: EmailMessage, subtype: str) -> str:
    """The text of a body, as it is shown."""
    part = read.get_body((subtype,))
    assert isinstance(part, EmailMessage)
    return str(part.get_content()).replace("\r\n", "\n")
