"""Read a form post from a request's body: JSON, url-encoded, multipart, or plain text."""

import re
from collections.abc import Iterator
from email.message import Message
from io import BytesIO
from typing import Any

from chalicelib.capture.posted import Posted, posted_of_json, posted_of_pairs
from chalicelib.errors import FieldError, InputError
from chalicelib.inputs.bodies import check_size, decode, read_json, read_pairs
from chalicelib.inputs.repairs import Repair, Warned, warn
from chalicelib.limits import FORM_BODY_MAX_BYTES

NOT_JSON = frozenset({"application/x-www-form-urlencoded", "text/plain"})
JSON_MAX_LEVELS = 100  # no form has ten; Python reads and writes no more than some hundreds
OBJECT = re.compile(rb"(?:\xef\xbb\xbf)?\s*\{")
PAIRS = re.compile(rb"\s*[^\s{}\"=&<]+=")
BLANK = re.compile(rb"[ \r\n]")  # nothing that is url-encoded has one
PLAIN_PAIR = re.compile(r"([^=\r\n]{1,200})=(.*)", re.DOTALL)
BOUNDARY = re.compile(rb"\s*--([^\r\n]{1,200}?)[ \t]*\r?\n")

Pair = tuple[str, Any]


def parse_post(body: bytes, content_type: str) -> Posted:
    """Return what a body holds. content_type: the header, with its parameters.

    The body decides where it contradicts the header: scripts send JSON as text and as url-encoded.
    Raise TooLargeError, and InputError for a body that cannot be read.
    """
    check_size(body, FORM_BODY_MAX_BYTES)
    header = Message()
    header["content-type"] = content_type
    kind = header.get_content_type()
    charset = header.get_param("charset")
    declared = charset if isinstance(charset, str) else None
    if kind == "multipart/form-data":
        return _of_multipart(body, header.get_boundary(), declared)
    if OBJECT.match(body) or (kind not in NOT_JSON and not PAIRS.match(body)):
        return _of_json(body, declared)
    if kind == "text/plain" and BLANK.search(body):
        return _of_lines(body, declared)
    return _of_pairs(body, declared)


def _of_json(body: bytes, charset: str | None) -> Posted:
    read = read_json(body, FORM_BODY_MAX_BYTES, charset, _object_of)
    data = read.value
    if isinstance(data, list) and len(data) == 1:  # as automations wrap it
        data = data[0]
    if not isinstance(data, dict):
        raise InputError(FieldError("body", "must be a JSON object"))
    pruned = [warn(path, Repair.LEFT_OUT) for path in dict.fromkeys(_prune(data))]
    return posted_of_json(data, [*_said(read.repairs, charset, read.inside), *pruned])


def _object_of(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object of JSON. A key that is there twice has a list, as in a plain form."""
    found = dict(pairs)
    if len(found) < len(pairs):
        every: dict[str, list[Any]] = {}
        for key, value in pairs:
            every.setdefault(key, []).extend(value if isinstance(value, list) else [value])
        found |= {key: values for key, values in every.items() if len(values) > 1}
    return found


def _prune(data: dict[str, Any]) -> Iterator[str]:
    """Take out what lies so deep that writing it down would fail; yield the field it was in."""
    left: list[tuple[Any, int, str]] = [(data, 0, "")]
    while left:
        inside, level, path = left.pop()
        for key, value in list(inside.items() if isinstance(inside, dict) else enumerate(inside)):
            if not isinstance(value, dict | list) or not value:
                continue
            # Of a field within `fields`, both names; of what lies deeper, the field's.
            here = f"{path}.{key}" if path == "fields" else path or str(key)
            if level < JSON_MAX_LEVELS:
                left.append((value, level + 1, here))
            else:
                inside[key] = None
                yield here


def _of_pairs(body: bytes, charset: str | None) -> Posted:
    found = list(read_pairs(body, charset))
    warnings = [
        warn(name.value, repair, "windows-1252")
        for name, value in found
        for repair in dict.fromkeys((*name.repairs, *value.repairs))
    ]
    return posted_of_pairs(((name.value, value.value) for name, value in found), warnings)


def _of_lines(body: bytes, charset: str | None) -> Posted:
    """Return the post of a form with enctype="text/plain": a name and a value a line.

    Nothing is escaped there: a line without a name goes on with the value before it.
    """
    read = decode(body, charset)
    pairs: list[tuple[str, str]] = []
    for line in re.split(r"(?<=\n)", read.value):
        found = PLAIN_PAIR.fullmatch(line)
        if found:
            pairs.append((found[1], found[2]))
        elif pairs:
            name, value = pairs[-1]
            pairs[-1] = (name, value + line)
        elif line.strip():
            raise InputError(FieldError("body", "must be JSON, or a name=value pair a line"))
    warnings = _said(read.repairs, charset)
    return posted_of_pairs(
        ((name, value.removesuffix("\n").removesuffix("\r")) for name, value in pairs), warnings
    )


def _of_multipart(body: bytes, boundary: str | None, charset: str | None) -> Posted:
    """Return the post of a multipart form. What cannot be a field of it is said."""
    if boundary is None:  # a script that sets the header itself forgets it
        found = BOUNDARY.match(body)
        boundary = found[1].decode("latin-1") if found else ""
    warnings: list[Warned] = []
    pairs = list(_parts_of(body, boundary, charset, warnings))
    return posted_of_pairs(pairs, warnings)


def _parts_of(
    body: bytes, boundary: str, charset: str | None, warnings: list[Warned]
) -> Iterator[Pair]:
    from multipart import MultipartError, MultipartParser  # few forms are sent this way

    # Latin-1 keeps each byte, so that a name is decoded as its value is.
    try:
        parser = MultipartParser(BytesIO(body), boundary, charset="latin-1", part_limit=len(body))
        found = parser.parts()
    except MultipartError:
        raise InputError(FieldError("body", "must be whole multipart/form-data")) from None
    declared = next((one.raw for one in found if one.name == "_charset_"), b"")
    for part in found:
        name = decode((part.name or "").encode("latin-1"), charset).value
        if part.filename is not None:
            if part.filename or part.size:  # a chosen file, not an empty field for one
                warnings.append(warn(name, Repair.FILE))
            continue
        read = decode(part.raw, declared.decode("latin-1") or charset)
        warnings += [warn(name, repair, "windows-1252") for repair in read.repairs]
        yield name, read.value


def _said(
    repairs: tuple[Repair, ...], charset: str | None, inside: tuple[Warned, ...] = ()
) -> list[Warned]:
    return [*(warn("body", repair, charset or "windows-1252") for repair in repairs), *inside]
