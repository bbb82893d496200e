"""The programs that read a message, as far as they look for something to act on."""

import re
from collections.abc import Iterator
from unicodedata import category, normalize

from chalicelib.inert import INVISIBLE

TLDS = "com|net|org|info|io|co|de|ru|cn|app|dev|zip|mov|xyz|example|test|рф|中国|xn--p1ai"
#: What programs turn into something that acts, as their authors wrote it down or as it was seen.
LINKIFIERS = {
    "a scheme": r"(?<![\w.+-])[a-z][a-z0-9+.-]*:(?=\S)",
    "a web address, as in Gmail": r"(?:https?:)?//\S",
    "www, as in Outlook": r"\bwww\d{0,3}\.\S",
    "a bare domain, as on a phone": rf"[^\s.@/]+[.。．｡](?:{TLDS})\b",
    "any domain, as in Slack": r"[^\W\d_][\w-]*[.。．｡][^\W\d_]",
    "an address of four numbers": r"\d{1,3}(?:[.。．｡]\d{1,3}){3}",
    "a path": r"\w[/\\]+\w|[/\\]{2}\w|(?<!\S)[/\\]\w",
    "an email address": r"\S@\S",
    "a mention": r"@\w",
    "a command or a link of Slack": r"<[!@#\w]",
    "a tag": r"<\w",
    "a link in Markdown": r"\]\s?\(\S*[:/.]\S*\)|\]\(",
    "an entity": r"&#?\w+;",
    "an encoded word": r"=\?\S+\?=",
}
#: What strangers type, of each kind that programs look for.
NASTY = [
    "http://evil.example/a?b=c#d", "https://evil.example", "//evil.example", "www.evil.com",
    "evil.com", "пример.рф", "例子。中国", "xn--e1afmkfd.xn--p1ai", "192.168.0.1", "[::1]:80",
    "mailto:m@evil.com", "javascript:alert(1)", "JAVASCRIPT&colon;x", "tel:+49900123", "sms:123",
    "data:text/html,x", "evil.com:8080/x", "user:pw@evil.com", "\\\\evil\\share", "file://x",
    "<!channel>", "<!here|x>", "<@U123>", "<https://evil.com|Acme>", "@channel", "#general",
    "[Acme](https://evil.com)", "![x](//evil.com/x.png)", "[x][1]", "a.(evil)", "<b>x</b>",
    "&#46;com", "&lt;!channel&gt;", "=?utf-8?q?evil?=", "{{ 7*7 }}", "Acme Inc.", "e.g.", "10:30",
    "line\r\nBcc: x", "tab\tx", "evil℀com", "⒈com", "h323:5551234", "evil．com", "evil․com",
]  # fmt: skip


def nfkc(text: str) -> str:
    """Return a text as a host is read."""
    return normalize("NFKC", text)


def seen_by_programs(shown: str) -> Iterator[str]:
    """Yield a text as it stands, and as programs read it that look through marks and widths."""
    yield shown
    yield nfkc(shown)
    bare = "".join(one for one in shown if category(one) not in ("Mn", "Me", "Mc", "Cf"))
    yield INVISIBLE.sub("", bare)
    yield nfkc(INVISIBLE.sub("", bare))


def found_in(shown: str) -> set[str]:
    """Return what the programs find in a text, each with its name."""
    return {
        f"{what}: {found[0]}"
        for text in seen_by_programs(shown)
        for what, pattern in LINKIFIERS.items()
        for found in re.finditer(pattern, text, re.IGNORECASE)
    }
