"""Reading a raw email: its headers and the text that its reader sees first.

Strangers write these. What is read is bounded before the parser sees it: how many bytes, how deep
its parts lie, how long a header is; and no codec but a charset decodes it (ADR 0062).
"""

import codecs
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from email.errors import HeaderParseError
from email.header import decode_header
from email.message import Message
from email.parser import BytesParser
from email.policy import Compat32

from chalicelib.limits import (
    INBOUND_HEADER_MAX_CHARS,
    INBOUND_MAX_BYTES,
    INBOUND_MAX_PARTS,
    INBOUND_TEXT_MAX_CHARS,
)
from chalicelib.nurture.replies.html_text import shown_text

#: Not every codec of Python's is one: `zlib` unpacks, and `punycode` takes the square of the time.
KNOWN_CHARSETS = re.compile(
    r"ascii|utf-(8|16|32)|iso8859-\d+|cp\d+|koi8-[rtu]|mac-\w+|big5(hkscs)?|gb(k|2312|18030)|hz"
    r"|euc_\w+|shift_jis\w*|iso2022_\w+|johab|kz1048|ptcp154|tis-620"
)
PLAIN_PART = "text/plain"
HTML_PART = "text/html"


class _Clipping(Compat32):
    """The parser's oldest policy, which interprets nothing, with headers of bounded length: the
    square of the length is what their parameters take.
    """

    def header_source_parse(self, sourcelines: list[str]) -> tuple[str, str]:
        name, value = super().header_source_parse(sourcelines)
        return name, value[:INBOUND_HEADER_MAX_CHARS]


@dataclass(frozen=True, slots=True)
class RawEmail:
    """What is read of an email."""

    headers: Mapping[str, str]
    """The first of each, decoded, by its name in lower case."""
    content_types: Sequence[str]
    """Of the email and its parts, as they are given, in lower case."""
    text: str
    """As it is written; of HTML_PART what is shown, each quoted line behind a `>`."""


def read_email(raw: bytes) -> RawEmail | None:
    """Return what is read of a raw email, None for one whose parts lie too deep.

    One that is cut off is read as far as it goes.
    """
    raw = raw[:INBOUND_MAX_BYTES]
    if raw.lower().count(b"boundary") > INBOUND_MAX_PARTS:
        return None
    try:
        message = BytesParser(policy=_Clipping()).parsebytes(raw)
        parts = list(_parts(message))
    except RecursionError:  # an email in an email, a thousand times
        return None
    texts = {PLAIN_PART: "", HTML_PART: ""}
    for part in parts:
        kind = part.get_content_type()
        if kind in texts and not texts[kind].strip() and not _is_attached(part):
            texts[kind] = _decoded(part)
    headers: dict[str, str] = {}
    for name, value in message.raw_items():
        headers.setdefault(name.lower(), _header(value))
    return RawEmail(
        headers=headers,
        content_types=[str(part.get("content-type", "")).lower() for part in parts],
        text=texts[PLAIN_PART] if texts[PLAIN_PART].strip() else shown_text(texts[HTML_PART]),
    )


def _parts(message: Message) -> Iterator[Message]:
    """Yield an email and its parts, but nothing of an email that is attached to it."""
    left = [message]
    while left:
        part = left.pop()
        yield part
        inner = part.get_payload()
        if part.get_content_maintype() == "multipart" and isinstance(inner, list):
            left += [one for one in reversed(inner) if isinstance(one, Message)]


def _is_attached(part: Message) -> bool:
    return str(part.get("content-disposition", "")).strip().lower().startswith("attachment")


def _decoded(part: Message) -> str:
    payload = part.get_payload(decode=True)
    if not isinstance(payload, bytes):
        return ""
    return _text(payload, str(part.get_param("charset", "utf-8")))[:INBOUND_TEXT_MAX_CHARS]


def _text(data: bytes, charset: str) -> str:
    try:
        name = codecs.lookup(charset).name
    except (LookupError, ValueError):
        name = ""
    known = name if KNOWN_CHARSETS.fullmatch(name) else "utf-8"
    return data.decode(known, errors="replace")


def _header(value: object) -> str:
    """Return a header as people read it, in one line."""
    said = str(value)[:INBOUND_HEADER_MAX_CHARS]
    try:
        words = decode_header(said)
    except (HeaderParseError, ValueError):
        words = [(said, None)]
    read = (
        word if isinstance(word, str) else _text(word, charset or "utf-8")
        for word, charset in words
    )
    return " ".join("".join(read).split())
