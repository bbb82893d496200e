"""What is sent to make a reader fail, or work for longer than it takes to send."""

import json
from collections.abc import Callable
from time import process_time
from typing import Any

import pytest

from chalicelib.errors import InputError
from chalicelib.inputs.addresses import read_address
from chalicelib.inputs.bodies import read_json, read_pairs
from chalicelib.inputs.choices import is_ticked, read_list, read_value, read_yes_no
from chalicelib.inputs.countries import read_country
from chalicelib.inputs.dates import read_date
from chalicelib.inputs.numbers import read_number
from chalicelib.inputs.person import read_person
from chalicelib.inputs.phones import read_phone
from chalicelib.inputs.repairs import Cleaned
from chalicelib.inputs.texts import read_line, read_lines, read_name
from chalicelib.inputs.times import read_time
from chalicelib.inputs.urls import parameters_of, read_path, read_property, read_url
from chalicelib.limits import FORM_BODY_MAX_BYTES

SECONDS = 1.5  # of processor time, for 32 KB; quadratic work takes minutes
PARTS = {
    "blanks": " ",
    "line ends": "\r\n ",
    "nulls": "\x00",
    "selectors and joiners": "\ufe0f\u200d",
    "joiners": "\u0915\u200d\u3164",
    "marks": "e\u0301\u034f",
    "composable": "\u1100\u1161\u11a8",
    "digits": "1",
    "groups": "1,11.",
    "words for about": "ab ",
    "plus": "+49 ",
    "at": "a@ ",
    "angles": "<a@",
    "open angles": "<  ",
    "mailto": "mailto:",
    "brackets": "([",
    "slashes": "//",
    "amp": "/amp/index.html",
    "ampersands": "&amp;",
    "amp of amp": "amp;",
    "copies": "https://x.cdn.ampproject.org/c/",
    "routes": "#/",
    "queries": "?a=b&",
    "campaigns": "&utm_source=a",
    "dots": "a.",
    "escapes": "%25",
    "surrogates": "\ud800",
    "months": "jan",
}
READERS: list[Callable[[Any], Any]] = [
    read_line,
    read_lines,
    read_name,
    read_number,
    read_yes_no,
    is_ticked,
    read_value,
    read_list,
    lambda value: read_list(value, split=True),
    read_country,
    read_date,
    lambda value: read_phone(value, "DE"),
    read_time,
    read_url,
    read_path,
    read_property,
    parameters_of,
]


@pytest.mark.parametrize("part", PARTS.values(), ids=PARTS)
def test_no_value_takes_long_to_read(part: str) -> None:
    text = part * (FORM_BODY_MAX_BYTES // 2 // len(part.encode(errors="surrogatepass")))
    ends = (text, f"a{text}a", f"https://keybook.example/{text}")
    before = process_time()
    for value in ends:
        for read in READERS:
            read(value)
        with pytest.raises(ValueError, match=r"\w"):
            read_address(value)
    assert process_time() - before < SECONDS * len(ends)


@pytest.mark.parametrize("depth", [10, 300, 900, 990, 2_000])
@pytest.mark.parametrize(("opened", "closed"), [("[", "]"), ('{"a":', "}")])
def test_no_depth_makes_a_reader_fail(depth: int, opened: str, closed: str) -> None:
    for inner in ("1", "NaN"):
        body = (opened * depth + inner + closed * depth).encode()
        try:
            data = read_json(body, FORM_BODY_MAX_BYTES).value
        except InputError:
            continue
        for read in READERS[:-1]:
            read(data)
        assert read_person({"phone": data, "country": data, "x": data}).fields is not None


def test_a_long_number_is_a_text() -> None:
    assert isinstance(read_number(10**4_000).value, str)
    assert isinstance(read_value(10**4_000).value, str)
    assert read_time(10**4_000).value is None
    assert read_line(10**4_000).value.startswith("1000")


def test_a_body_of_many_pairs_is_read_at_once() -> None:
    pairs = list(read_pairs(b"&" * 1_000 + b"a=%" * 20_000))
    assert len(pairs) == 1
    assert json.dumps([name.value for name, _ in pairs]) == '["a"]'


def test_a_value_that_is_no_json_is_a_text() -> None:
    assert read_value(b"bytes") == Cleaned("\"b'bytes'\"", read_value({1}).repairs)
