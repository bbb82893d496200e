"""Read whole bodies: their character set, JSON, and url-encoded pairs."""

import codecs
import json
import re
from collections.abc import Callable, Iterator
from typing import Any, NoReturn
from urllib.parse import unquote_to_bytes

from chalicelib.errors import FieldError, InputError, TooLargeError
from chalicelib.inputs.repairs import Cleaned, Repair, warn

UTF_8 = "utf-8"
#: What browsers mean by Latin-1 and ASCII.
LAST_CHARSET = "cp1252"
#: What a body may declare, as Python calls it; anything else is ignored.
CHARSETS = frozenset(
    ["utf-8", "utf-16", "utf-16-le", "utf-16-be", "shift_jis", "cp932", "euc_jp", "iso2022_jp"]
    + ["gb2312", "gbk", "gb18030", "big5", "euc_kr", "cp949", "koi8-r", "koi8-u", "mac-roman"]
    + [f"iso8859-{part}" for part in range(2, 17)]
    + [f"cp{page}" for page in range(1250, 1259)]
)
LATIN = frozenset(["iso8859-1", "ascii"])
MARKS = (
    (codecs.BOM_UTF8, UTF_8),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
#: An address as somebody types it into a script: no browser leaves the `@` as it is.
RAW_ADDRESS = re.compile(rb"[\w.+-]+@[\w.-]+")
INT_MAX_DIGITS = 400  # a longer number is none; Python reads no more than 4,300


def decode(body: bytes, charset: str | None = None) -> Cleaned[str]:
    """Return the text of a body, in the declared charset, else UTF-8, else windows-1252.

    charset: as the content type names it; a byte order mark outranks it.
    """
    if body.isascii() and (charset is None or charset.lower() == UTF_8):
        return Cleaned(body.decode())
    for mark, name in MARKS:
        if body.startswith(mark):
            return _decoded(body[len(mark) :], [name])
    declared = _codec_of(charset)
    return _decoded(body, [declared, UTF_8] if declared else [UTF_8])


def _decoded(body: bytes, names: list[str]) -> Cleaned[str]:
    for name in names:
        try:
            text = body.decode(name)
        except UnicodeDecodeError:
            continue
        return Cleaned(text)
    try:
        # A gateway may pass on half a pair of surrogates; the readers take it out.
        return Cleaned(body.decode(UTF_8, errors="surrogatepass"))
    except UnicodeDecodeError:
        text = body.decode(LAST_CHARSET, errors="replace")
    return Cleaned(text, (Repair.CHARSET,))


def _codec_of(charset: str | None) -> str | None:
    """Return Python's name of a declared charset; None for one that is unknown or none."""
    if not charset:
        return None
    try:
        name = codecs.lookup(charset.strip(" \"'")).name
    except (LookupError, ValueError):
        return None
    if name in LATIN:
        return LAST_CHARSET
    return name if name in CHARSETS else None


def check_size(body: bytes, max_bytes: int) -> None:
    """Raise TooLargeError for a body over its limit."""
    if len(body) > max_bytes:
        raise TooLargeError(
            FieldError("body", f"must be at most {max_bytes} bytes; it has {len(body)}")
        )


def parse_json(body: bytes, max_bytes: int) -> Any:
    """Return the JSON of a body that one of our own people sends.

    Raise TooLargeError, or InputError for a body that is not strict JSON in UTF-8.
    """
    check_size(body, max_bytes)
    try:
        return json.loads(body.decode(), parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise InputError(FieldError("body", "must be valid JSON in UTF-8")) from None


def read_json(
    body: bytes,
    max_bytes: int,
    charset: str | None = None,
    object_of: Callable[[list[tuple[str, Any]]], Any] | None = None,
) -> Cleaned[Any]:
    """Return the JSON of a stranger's body, as far as it can be read.

    object_of: what to make of the pairs of an object, if not a dictionary with the last of each.

    A byte order mark is ignored. What JSON cannot hold (NaN, Infinity) and a number of more than
    400 digits are null; `inside` of the result says where. Raise TooLargeError, or InputError for a
    body that is not JSON.
    """
    check_size(body, max_bytes)
    text = decode(body, charset)
    try:
        # Nearly every body is read at once; only one that is odd is read again, more slowly.
        strict = _strict
        if object_of is not None:
            strict = json.JSONDecoder(parse_constant=_refuse_constant, object_pairs_hook=object_of)
        return Cleaned(strict.decode(text.value), text.repairs)
    except RecursionError:
        raise InputError(FieldError("body", "is nested too deeply")) from None
    except ValueError:
        pass
    try:
        data = json.loads(
            text.value.strip("\ufeff\x00 \t\r\n"),
            strict=False,
            parse_constant=lambda _: NO_NUMBER,
            parse_int=_int_of,
            object_pairs_hook=object_of,
        )
        inside = tuple(warn(path, Repair.NOT_A_NUMBER) for path in _take_out(data))
    except (ValueError, RecursionError):
        raise InputError(FieldError("body", "must be valid JSON")) from None
    if data is NO_NUMBER:
        return Cleaned(None, text.repairs, inside=(warn("body", Repair.NOT_A_NUMBER),))
    return Cleaned(data, text.repairs, inside=inside)


def read_pairs(body: bytes, charset: str | None = None) -> Iterator[tuple[Cleaned[str], ...]]:
    """Yield name and value of each pair of a url-encoded body, in order.

    The charset counts for what the percent signs encode. A value that is not UTF-8 does not change
    how the others are read. In an address that nobody encoded, a plus sign is one: read as a blank,
    `ann+work@acme.example` would become the address of somebody else.
    """
    for pair in body.split(b"&"):
        if pair:
            name, _, value = pair.partition(b"=")
            if not RAW_ADDRESS.fullmatch(value):
                value = value.replace(b"+", b" ")
            yield _unquoted(name.replace(b"+", b" "), charset), _unquoted(value, charset)


def _unquoted(text: bytes, charset: str | None) -> Cleaned[str]:
    return decode(unquote_to_bytes(text), charset)


class _NoNumber:
    """What stands where a number was that is none, until it is found and taken out."""


NO_NUMBER = _NoNumber()


def _int_of(digits: str) -> Any:
    return int(digits) if len(digits) <= INT_MAX_DIGITS else NO_NUMBER


def _take_out(data: Any, path: str = "") -> Iterator[str]:
    """Put null where a number is none. Yield the path of each."""
    items: Any = ()
    if isinstance(data, dict):
        items = data.items()
    elif isinstance(data, list):
        items = enumerate(data)
    for key, value in list(items):
        here = f"{path}.{key}" if path else str(key)
        if value is NO_NUMBER:
            data[key] = None
            yield here
        else:
            yield from _take_out(value, here)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


_strict = json.JSONDecoder(parse_constant=_refuse_constant)  # json.loads would make one each time
