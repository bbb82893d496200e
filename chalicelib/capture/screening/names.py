"""Web addresses and markup where a name belongs: what spam writes there, and no person does."""

import re

#: `<a href`, `</b>`, `<!channel>`, `[url=...]`; but not `Ann <ann@acme.example>`.
MARKUP = re.compile(
    r"<a\s|</?(?:b|big|body|br|center|div|em|embed|font|form|h\d|html|i|iframe|img|input|link|meta"
    r"|object|p|script|span|strong|style|svg|table|u)\b[^@]*?>"
    r"|<!(?:--|channel|doctype|everyone|here)|<script|\[/?(?:url|link|img)\b",
    re.IGNORECASE,
)
WEB_ADDRESS = re.compile(
    r"\b(?:https?|ftp)://\S|//[a-z0-9-]+\.[a-z]{2}|\bwww\.[a-z0-9-]+\.\w", re.IGNORECASE
)
#: A bare domain. Not behind an @: people's own addresses get into the wrong field. Its label has
#: three characters at least, and its end is a common one, because "Dr.de Vries" is a name.
DOMAIN = re.compile(
    r"(?<![\w@.-])(?:[a-z0-9][a-z0-9-]*\.)*[a-z0-9][a-z0-9-]{1,62}[a-z0-9]"
    r"\.(?:com|net|org|info|biz|xyz|top|site|online|shop|store|club|click|link|live|icu|bid|loan"
    r"|win|vip|pro|app|dev|ru|cn|tk|io|ly|me|co)(?![\w.-])",
    re.IGNORECASE,
)
SHORTENED = re.compile(r"(?<![\w@.-])[a-z0-9-]+\.[a-z]{2,}/[\w-]", re.IGNORECASE)
#: The whole of a company's own web address. Some people write it instead of its name.
HOME_PAGE = re.compile(r"(?:https?://)?[\w.-]+/?", re.IGNORECASE)


def is_link_in_name(text: str) -> bool:
    """Return whether a person's name holds a web address or markup."""
    return any(one.search(text) for one in (MARKUP, WEB_ADDRESS, DOMAIN, SHORTENED))


def is_link_in_company(text: str) -> bool:
    """Return whether a company's name holds markup, or a web address that is not just its own.

    "Booking.com" is a name, and "https://acme.example" tells who somebody works for.
    """
    if MARKUP.search(text):
        return True
    return bool(WEB_ADDRESS.search(text)) and not HOME_PAGE.fullmatch(text.strip())
