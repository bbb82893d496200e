"""Read the addresses of pages, and the campaigns and clicks that they name."""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote_plus, unquote_to_bytes

from chalicelib.inputs.bodies import decode
from chalicelib.inputs.choices import Scalar, read_value
from chalicelib.inputs.repairs import Cleaned, Repair
from chalicelib.inputs.texts import read_line
from chalicelib.limits import EVENT_MAX_BYTES, URL_MAX_CHARS

UTM = {
    "source": "utm_source",
    "medium": "utm_medium",
    "name": "utm_campaign",
    "term": "utm_term",
    "content": "utm_content",
}
# What advertisers' click ids are called.
CLICK_IDS = frozenset(
    [
        "gclid",
        "gbraid",
        "wbraid",
        "dclid",
        "gclsrc",
        "fbclid",
        "msclkid",
        "ttclid",
        "twclid",
        "li_fat_id",
        "yclid",
        "sccid",
        "epik",
        "rdt_cid",
        "irclickid",
        "gad_source",
        "igshid",
        "qclid",
    ]
)
URL_START = re.compile(r"\s*(?:https?:|(?:[a-z][a-z0-9+.-]*:)?//|[/?]\S*\s*\Z)", re.IGNORECASE)
WORD = re.compile(r"\S+")
#: A browser reads one slash, none, and backslashes as two slashes in an address of the web.
USER_INFO = re.compile(
    r"^(\s*(?:https?:[/\\]*|(?:[a-z][a-z0-9+.-]*:)?[/\\]{2}))[^/\\]*@", re.IGNORECASE
)
#: `javascript:`, `data:`, `mailto:`: what follows is not a path.
PATHLESS = re.compile(r"\s*(?!https?:)[a-z][a-z0-9+.-]*:(?!//)", re.IGNORECASE)
#: Some servers keep a session in a parameter of the path: `/a;jsessionid=...` (RFC 3986, 3.3).
PATH_PARAMETERS = re.compile(r";[^/]*")
HIDDEN_QUERY = re.compile(r"%(?:3f|23)", re.IGNORECASE)  # encoded `?` and `#`
#: Who appends a campaign to an address that has a query already, may write a second `?`.
QUERY_SEPARATOR = re.compile("[&;?]")
#: A host without a scheme: `keybook.example/pricing`. A file of a page's folder looks alike.
HOST = re.compile(
    r"(?:localhost|(?:[\w-]+\.)+(?!html?\b|php\d?\b|aspx?\b|jspx?\b|pdf\b)[^\W\d_]{2,})"
    r"(?::\d{1,5})?(?=[/?#]|\Z)",
    re.IGNORECASE,
)
WEB_SCHEME = re.compile(r"^(https?):/*", re.IGNORECASE)
ORIGIN = re.compile(r"(?:https?:[/\\]*|(?:[a-z][a-z0-9+.-]*:)?//)[^/\\?#]*", re.IGNORECASE)
AMPERSANDS = re.compile("&(?:amp;)+")  # mailing tools write `&amp;`, and some do so twice
#: Scheme, host, path, campaign and click ids, and nothing else.
PLAIN_PAGE = re.compile(
    r"(?:https?://[a-z0-9.-]+/?|(?:https?://[a-z0-9.-]+)?(?:/[\w.~%+-]+)+)"
    r"(?:\?(?:utm_[a-z]+|[gf]clid)=[\w.~%+|-]*(?:&(?:utm_[a-z]+|[gf]clid)=[\w.~%+|-]*)*)?",
    re.ASCII,
)
#: In such an address: an AMP page or copy, an index page, an encoded `?` or `#`.
ODD_PAGE = re.compile(r"amp\b|/(?:index|default)\.|ampproject|%(?:3f|23)", re.IGNORECASE)
ODD_MAX_PASSES = 9
#: What a router in the browser shows as a page: `#/pricing`, `#!/pricing`, `#!pricing`.
ROUTE = re.compile(r"(?:!/?|/)([^?&=;#]*)")
INDEX_PAGE = re.compile(
    r"(?:(?:index|default)\.(?:s?html?|php\d?|aspx?|jspx?|cfm))?", re.IGNORECASE
)
AMP_FILE = re.compile(r"(?:\.amp)+(?=\.[a-z]+\Z|\Z)", re.IGNORECASE)
#: Google's copies of AMP pages, which name the page in their path.
AMP_CACHE = re.compile(
    r"https?://(?:[^/]+\.cdn\.ampproject\.org/[a-z]{1,2}|www\.google\.[a-z.]{2,6}/amp)/"
    r"(?:s/)?([^/].*)",
    re.IGNORECASE,
)
HALF_ESCAPE = re.compile(r"%[0-9a-f]?$", re.IGNORECASE)
URL_READ_MAX_CHARS = EVENT_MAX_BYTES  # no longer one is sent
PARAMETERS_MAX = 20  # of an address that is too long: five of a campaign, and every click id


def stored_url(text: str) -> str:
    """Return a URL or path as it is stored: of its query only campaign parameters and click ids.

    Whatever else a query, a fragment or a user name holds may be anybody's secret, such as a token
    to sign in (ADR 0033).
    """
    head, _, query = text.partition("#")[0].partition("?")
    kept = [one for one in QUERY_SEPARATOR.split(query) if _is_campaign(one)]
    without_user = USER_INFO.sub(r"\1", HIDDEN_QUERY.split(head, maxsplit=1)[0])
    # What was a parameter may have stood in front of another user name.
    path = USER_INFO.sub(r"\1", PATH_PARAMETERS.sub("", without_user))
    return f"{path}?{'&'.join(kept)}" if kept else path


def tracked_text(text: str) -> str:
    """Return the text of a property, with each URL in it as it is stored."""
    if URL_START.match(text):
        return stored_url(text)
    # Most texts hold none, and a ping is to stay cheap.
    return WORD.sub(_stored_word, text) if "//" in text or "=" in text else text


def _stored_word(word: re.Match[str]) -> str:
    head, _, query = word[0].replace("#", "?").partition("?")
    return stored_url(word[0]) if "//" in head or "=" in query else word[0]


def read_url(value: Any) -> Cleaned[str]:
    """Return the address of a page as it is stored, an empty text for what has no path.

    One page has one address, however it is written: a hash route is a path, an index page is its
    folder, a folder has no slash at its end, and an AMP page is the page that it stands for. A
    campaign in the fragment counts as one in the query. A long address keeps host, path, campaign
    and click ids. What of an address may be secret is left out without a word (ADR 0033).
    """
    text = read_line(value, URL_READ_MAX_CHARS)
    if not text.value or (len(text.value) <= URL_MAX_CHARS and _is_plain(text.value)):
        return text
    url = _settled(text.value)
    if not url:
        return Cleaned("", (*text.repairs, Repair.LEFT_OUT))
    if len(url) <= URL_MAX_CHARS:
        return Cleaned(url, text.repairs)
    short = _settled(_shortened(url))
    return Cleaned(short, tuple(dict.fromkeys((*text.repairs, Repair.CUT))))


def read_path(value: Any) -> Cleaned[str]:
    """Return the path of a page, also of one that is sent with a query, a fragment or a host."""
    url = read_url(value)
    return Cleaned(path_of(url.value), url.repairs) if url.value else url


def read_property(value: Any) -> Cleaned[Scalar]:
    """Return the value of a property: as `read_value`, and each URL in it as it is stored."""
    read = read_value(value)
    if not isinstance(read.value, str):
        return read
    kept = read.value
    while (again := tracked_text(kept).strip()) != kept:
        kept = again  # what is left of one URL can look like another
    return read if kept == read.value else Cleaned(kept, (*read.repairs, Repair.STRIPPED))


def _is_plain(url: str) -> bool:
    """Return whether an address is read as itself, as nearly all are."""
    return bool(PLAIN_PAGE.fullmatch(url)) and not ODD_PAGE.search(url)


def _settled(said: str) -> str:
    """Return the address of a page so that it reads as itself.

    Taking something out of an odd address can leave another odd one, so it is read again.
    """
    url = _page_of(said)
    for _ in range(ODD_MAX_PASSES):
        if _is_plain(url) or (again := _page_of(url)) == url:
            break
        url = again
    return url


def _page_of(said: str) -> str:
    """Return the address of a page as it is stored, an empty text for what has no path."""
    if "&amp;" in said:
        said = AMPERSANDS.sub("&", said)
    said = WEB_SCHEME.sub(r"\1://", said.replace("\\", "/"))  # as browsers do
    if HOST.match(said):
        said = f"https://{said}"
    elif PATHLESS.match(said):
        return ""
    # Before its secrets are left out: the path of a copy holds a whole address.
    while copied := AMP_CACHE.match(said):
        said = f"https://{copied[1]}"
    return _tidied(stored_url(_with_route(said))).strip()


def _with_route(url: str) -> str:
    """Return a URL with what its fragment says of the page: a route, or a campaign."""
    head, mark, fragment = url.partition("#")
    if not mark:
        return url
    base, _, query = head.partition("?")
    if route := ROUTE.match(fragment):
        # Behind the path a route has a query of its own, or a token of an OAuth answer.
        path, rest = route[1], fragment[route.end() :].lstrip("?&=;")
        origin = ORIGIN.match(base)
        base = f"{origin[0] if origin else ''}/{path}" if path else base
        return f"{base}?{query}&{rest}"
    if "utm_" in query.lower():
        return head
    return f"{base}?{query}&{fragment.lstrip('?!')}"


def _tidied(url: str) -> str:
    """Return a stored URL with the one spelling of its path."""
    head, mark, query = url.partition("?")
    origin = ORIGIN.match(head)
    start = origin[0].lower().rstrip() if origin else ""
    path = head[origin.end() if origin else 0 :]
    if start.endswith("/"):
        start = ""  # there is no host
    if not path:
        return f"{start}{mark}{query}"
    parts = [part for one in path.split("/") if (part := one.strip())]
    while parts and parts[0].lower() == "amp":
        parts.pop(0)
    while parts:
        parts[-1] = AMP_FILE.sub("", parts[-1])
        if parts[-1].lower() != "amp" and not INDEX_PAGE.fullmatch(parts[-1]):
            break
        parts.pop()
    return f"{start}/{'/'.join(parts)}{mark}{query}"


def _shortened(url: str) -> str:
    """Return a URL within its limit: the long ones of its parameters are cut to one length."""
    head, _, query = url.partition("?")
    head = _cut(head, URL_MAX_CHARS // 2)
    parts = query.split("&")[:PARAMETERS_MAX] if query else []
    room = URL_MAX_CHARS - len(head) - len(parts)
    lengths = {}
    for done, one in enumerate(sorted(set(parts), key=len)):
        lengths[one] = min(len(one), room // (len(parts) - done))
        room -= lengths[one] * parts.count(one)
    kept = [short for one in parts if "=" in (short := _cut(one, max(0, lengths[one])))]
    return f"{head}?{'&'.join(kept)}" if kept else head


def _cut(text: str, max_chars: int) -> str:
    """Return the beginning of a part of a URL, without half an encoded character."""
    return text if len(text) <= max_chars else HALF_ESCAPE.sub("", text[:max_chars])


def path_of(url: str) -> str:
    """Return the path of a URL, `/` for a URL without one."""
    head = url.partition("?")[0].partition("#")[0]
    origin = ORIGIN.match(head)
    return head[origin.end() if origin else 0 :] or "/"


def campaign_of(given: Mapping[str, Any], url: str) -> dict[str, str]:
    """Return source, medium, name, term and content, without the empty ones.

    They are taken as given; when none is, from the utm parameters of the URL.
    """
    named = {key: read_line(given[key]).value for key in UTM if given.get(key)}
    if any(named.values()) or "utm_" not in url.lower():
        return {key: value for key, value in named.items() if value}
    query = parameters_of(url)
    found = {key: read_line(query[name]).value for key, name in UTM.items() if name in query}
    return {key: value for key, value in found.items() if value}


def parameters_of(url: str) -> dict[str, str]:
    """Return the parameters of a URL's query by their names in lower case, the first of each name.

    A value that is not encoded in UTF-8 is read as windows-1252.
    """
    query = url.partition("#")[0].partition("?")[2]
    found: dict[str, str] = {}
    for one in QUERY_SEPARATOR.split(query):
        name, _, value = one.partition("=")
        text = decode(unquote_to_bytes(value.replace("+", " "))).value
        found.setdefault(unquote_plus(name).lower(), text)
    return found


def _is_campaign(parameter: str) -> bool:
    """Return whether a parameter of a query names a campaign or an advertiser's click."""
    name = unquote_plus(parameter.partition("=")[0]).lower()
    return name.startswith("utm_") or name in CLICK_IDS
