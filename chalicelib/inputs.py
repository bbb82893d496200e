"""Parse what strangers send: text, JSON, scalars, URLs and campaigns, each within its limit.

Every way in uses these types; nothing here knows what a form or an event is.
"""

import json
import re
from collections.abc import Callable, Mapping
from typing import Annotated, Any, NoReturn, TypeVar
from urllib.parse import parse_qs, unquote_plus, urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    Field,
    PlainValidator,
    ValidationError,
    model_validator,
)

from chalicelib.errors import FieldError, InputError, TooLargeError
from chalicelib.limits import ID_MAX_CHARS, LINE_MAX_CHARS, TEXT_MAX_CHARS, URL_MAX_CHARS

# C0, DEL, C1, and lone surrogates, which UTF-8 cannot carry.
CONTROL_IN_LINE = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
CONTROL_IN_TEXT = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
SCALAR_MAX = 2**63  # holds ids and times in any unit, but not a number of 400 digits
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
PLAIN: Mapping[str, str] = {
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "int_parsing": "must be a whole number",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
    "string_too_long": "must have at most {max_length} characters",
    "string_type": "must be text",
}
"""Pydantic's type of an error -> what a form's visitor reads: its own words are for programmers."""
Shape = TypeVar("Shape", bound=BaseModel)


class Received(BaseModel):
    """A JSON object as a client sends it: a key whose value is null counts as absent."""

    @model_validator(mode="before")
    @classmethod
    def _drop_nulls(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        return {name: value for name, value in data.items() if value is not None}


def one_line(text: str) -> str:
    """Return the text without surrounding blanks. Raise ValueError for a control character."""
    if CONTROL_IN_LINE.search(text):
        raise ValueError("must not contain control characters or line breaks")
    return text.strip()


def many_lines(text: str) -> str:
    """Return the text. Raise ValueError for a control character other than tab, CR and LF."""
    if CONTROL_IN_TEXT.search(text):
        raise ValueError("must not contain control characters")
    return text


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


def scalar(value: Any, max_chars: int, check: Callable[[str], str]) -> str | int | float | bool:
    """Return a text, number or boolean of a field that Baton has no name for.

    Raise ValueError for anything else.
    """
    if isinstance(value, str):
        if len(value) > max_chars:
            raise ValueError(f"must have at most {max_chars} characters")
        return check(value)
    if not isinstance(value, int | float):
        raise ValueError("must be text, a number, true or false")
    # Python reads 1e999 as infinity, which JSON cannot hold.
    if not -SCALAR_MAX <= value <= SCALAR_MAX:
        raise ValueError(f"must be between -{SCALAR_MAX} and {SCALAR_MAX}")
    return value


LineText = Annotated[str, Field(max_length=LINE_MAX_CHARS), AfterValidator(one_line)]
FreeText = Annotated[str, Field(max_length=TEXT_MAX_CHARS), AfterValidator(many_lines)]
Id = Annotated[str, Field(max_length=ID_MAX_CHARS), AfterValidator(one_line)]
WebAddress = Annotated[str, Field(max_length=URL_MAX_CHARS), AfterValidator(web_address)]
Url = Annotated[WebAddress, AfterValidator(stored_page)]
UrlPath = Annotated[WebAddress, AfterValidator(stored_url)]
LineScalar = Annotated[Any, PlainValidator(lambda value: scalar(value, LINE_MAX_CHARS, one_line))]
Tracked = Annotated[Any, PlainValidator(lambda value: scalar(value, TEXT_MAX_CHARS, tracked_text))]


def parse_json(body: bytes, max_bytes: int) -> Any:
    """Return the JSON of a body.

    Raise TooLargeError, or InputError for a body that is not strict JSON in UTF-8.
    """
    if len(body) > max_bytes:
        raise TooLargeError(
            FieldError("body", f"must be at most {max_bytes} bytes; it has {len(body)}")
        )
    try:
        return json.loads(body.decode(), parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise InputError(FieldError("body", "must be valid JSON in UTF-8")) from None


def parse_as(shape: type[Shape], data: Any) -> Shape:
    """Return the data in its shape. Raise InputError naming each wrong field by its path."""
    try:
        return shape.model_validate(data)
    except ValidationError as error:
        raise InputError(*field_errors(error)) from None


def field_errors(error: ValidationError) -> list[FieldError]:
    """Return pydantic's errors, each with its path as the sender wrote it."""
    return [
        FieldError(
            ".".join(str(part) for part in one["loc"]) or "body",
            PLAIN[one["type"]].format_map(one.get("ctx", {}))
            if one["type"] in PLAIN
            else one["msg"].removeprefix("Value error, "),
        )
        for one in error.errors(include_url=False, include_input=False)
    ]


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


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
