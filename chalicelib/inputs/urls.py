"""Read the addresses of pages, and the campaigns and clicks that they name."""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, unquote_plus, urlsplit

from chalicelib.inputs.repairs import Cleaned, Repair
from chalicelib.inputs.texts import CONTROL_IN_LINE, many_lines, one_line, read_line
from chalicelib.limits import LINE_MAX_CHARS

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
    ]
)
URL_START = re.compile(r"\s*(?:https?:|(?:[a-z][a-z0-9+.-]*:)?//|[/?]\S*\s*\Z)", re.IGNORECASE)
WORD = re.compile(r"\S+")
#: A browser reads one slash, none, and backslashes as two slashes in an address of the web.
USER_INFO = re.compile(
    r"^(\s*(?:https?:[/\\]*|(?:[a-z][a-z0-9+.-]*:)?[/\\]{2}))[^/\\]*@", re.IGNORECASE
)
#: `javascript:`, `data:`, `mailto:`: what follows is no path.
PATHLESS = re.compile(r"\s*(?!https?:)[a-z][a-z0-9+.-]*:(?!//)", re.IGNORECASE)
#: Some servers keep a session in a parameter of the path: `/a;jsessionid=...` (RFC 3986, 3.3).
PATH_PARAMETERS = re.compile(r";[^/]*")
HIDDEN_QUERY = re.compile(r"%(?:3f|23)", re.IGNORECASE)  # encoded `?` and `#`
#: Who appends a campaign to an address that has a query already, may write a second `?`.
QUERY_SEPARATOR = re.compile("[&;?]")


def web_address(text: str) -> str:
    """Return the URL or path. Raise ValueError for one that cannot be split."""
    urlsplit(one_line(text))
    return text.strip()


def stored_url(text: str) -> str:
    """Return a URL or path as it is stored: of its query only campaign parameters and click ids.

    Whatever else a query, a fragment or a user name holds may be anybody's secret, such as a token
    to sign in (ADR 0033).
    """
    head, _, query = text.partition("#")[0].partition("?")
    kept = [one for one in QUERY_SEPARATOR.split(query) if _is_campaign(one)]
    without_user = USER_INFO.sub(r"\1", HIDDEN_QUERY.split(head, maxsplit=1)[0])
    path = PATH_PARAMETERS.sub("", without_user)
    return f"{path}?{'&'.join(kept)}" if kept else path


def stored_page(text: str) -> str:
    """Return the URL of a page as it is stored, an empty text for one that has no path."""
    return "" if PATHLESS.match(text) else stored_url(text)


def tracked_text(text: str) -> str:
    """Return the text of a property: as `many_lines`, and each URL in it as it is stored."""
    whole = many_lines(text)
    if URL_START.match(whole):
        return stored_url(whole)
    # Most texts hold none, and a ping is to stay cheap.
    return WORD.sub(_stored_word, whole) if "//" in whole or "=" in whole else whole


def _stored_word(word: re.Match[str]) -> str:
    head, _, query = word[0].replace("#", "?").partition("?")
    return stored_url(word[0]) if "//" in head or "=" in query else word[0]


def read_url(value: Any) -> Cleaned[str]:
    """Return the address of a page, as it is stored; an empty text for what has no path."""
    text = read_line(value, 10**6)
    stored = stored_page(text.value)
    is_whole = stored == text.value
    return Cleaned(stored, text.repairs if is_whole else (*text.repairs, Repair.STRIPPED))


def path_of(url: str) -> str:
    """Return the path of a URL, `/` for a URL without one."""
    return urlsplit(url).path or "/"


def campaign_of(given: Mapping[str, Any], url: str) -> dict[str, str]:
    """Return source, medium, name, term and content, without the empty ones.

    They are taken as given; when none is, from the utm parameters of the URL.
    """
    named = {key: str(given[key]) for key in UTM if given.get(key)}
    if named or "utm_" not in url:
        return named
    query = parse_qs(urlsplit(url).query)
    found = {
        key: query[name][0].strip()[:LINE_MAX_CHARS] for key, name in UTM.items() if name in query
    }
    return {
        key: value for key, value in found.items() if value and not CONTROL_IN_LINE.search(value)
    }


def _is_campaign(parameter: str) -> bool:
    """Return whether a parameter of a query names a campaign or an advertiser's click."""
    name = unquote_plus(parameter.partition("=")[0]).lower()
    return name.startswith("utm_") or name in CLICK_IDS
