"""What people and programs send, what is kept of it, and what is said (ADR 0040)."""

import json
import math
from collections.abc import Callable
from typing import Any
from unicodedata import category, is_normalized

import pytest
from hypothesis import given
from hypothesis import strategies as some

from chalicelib.errors import InputError, TooLargeError
from chalicelib.http.exchange import warnings_in
from chalicelib.inputs.bodies import decode, read_json, read_pairs
from chalicelib.inputs.choices import is_ticked, read_list, read_value, read_yes_no
from chalicelib.inputs.numbers import read_number
from chalicelib.inputs.repairs import MESSAGES, Cleaned, Repair, warn
from chalicelib.inputs.texts import is_empty_word, read_line, read_lines, read_name

CLEANED, COMPOSED, FLATTENED = Repair.CLEANED, Repair.COMPOSED, Repair.FLATTENED
CUT, EMPTY, READ_AS, AS_TEXT = Repair.CUT, Repair.EMPTY, Repair.READ_AS, Repair.KEPT_AS_TEXT
FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467"
FLAG = "\U0001f3f4\U000e0067\U000e0062\U000e007f"

texts = some.one_of(some.text(), some.text("ab \u200b\u200d\u200c\ufe0f\u0301\u0915\r\n\x00"))
edges = some.sampled_from([sign * (2**63 + one) for sign in (1, -1) for one in (-1, 0, 1)])
numbers = some.one_of(some.integers(), some.floats(), edges, edges.map(str))
scalars = some.one_of(texts, some.none(), some.booleans(), numbers)
anything = some.recursive(
    scalars,
    lambda inner: some.lists(inner, max_size=3) | some.dictionaries(texts, inner, max_size=3),
    max_leaves=5,
)

# --- texts ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sent", "kept", "said"),
    [
        ("Ann", "Ann", ()),
        ("  Ann \n", "Ann", ()),
        ("Ann\u00a0", "Ann", ()),
        ("\u2003Ann\u3000", "Ann", ()),
        ("\x00Ann\x1f", "Ann", ()),
        ("\u200bAnn", "Ann", (CLEANED,)),
        ("\ufeffAnn", "Ann", (CLEANED,)),
        ("A\u00adnn", "Ann", (CLEANED,)),
        ("A\x00nn", "Ann", (CLEANED,)),
        ("A\u202enn", "Ann", (CLEANED,)),
        ("Ann\ud800", "Ann", (CLEANED,)),
        ("A\u200dnn", "Ann", (CLEANED,)),
        ("\ufe0fAnn", "Ann", (CLEANED,)),
        ("\u3164", "", (CLEANED,)),
        ("Ze\u0301", "Zé", (COMPOSED,)),
        ("Ann\u00a0Example", "Ann\u00a0Example", ()),
        ("Ann\r\nExample", "Ann Example", (FLATTENED,)),
        ("Ann\tExample", "Ann Example", (FLATTENED,)),
        (FAMILY, FAMILY, ()),
        ("\u2764\ufe0f", "\u2764\ufe0f", ()),
        ("\u0645\u06cc\u200c\u062e", "\u0645\u06cc\u200c\u062e", ()),
        (FLAG, "\U0001f3f4", (CLEANED,)),
        ("undefined", "", (EMPTY,)),
        ("NULL", "", (EMPTY,)),
        ("NaN", "", (EMPTY,)),
        (" n/a ", "", (EMPTY,)),
        ("(not set)", "", (EMPTY,)),
        ("nullable", "nullable", ()),
        (None, "", ()),
        (20260, "20260", ()),
        (1.5, "1.5", ()),
        (True, "true", ()),
        ([], "", ()),
        ({}, "", ()),
        (["a", 1, None, "a"], "a, 1", (READ_AS,)),
        (["Ann", "Ann"], "Ann", ()),
        ([["a"]], '[["a"]]', (AS_TEXT,)),
        ({"a": None}, '{"a": null}', (AS_TEXT,)),
        (math.nan, "", (EMPTY,)),
        ("x" * 301, "x" * 300, (CUT,)),
        ("x" * 299 + "  y", "x" * 299, (CUT,)),
    ],
)
def test_a_line(sent: Any, kept: str, said: tuple[Repair, ...]) -> None:
    assert read_line(sent) == Cleaned(kept, said)


@pytest.mark.parametrize(
    ("sent", "kept"),
    [("Null", "Null"), ("Nan", "Nan"), ("undefined", ""), ("(not set)", ""), ("N/A", "")],
)
def test_people_may_be_called_null(sent: str, kept: str) -> None:
    assert read_name(sent).value == kept


@pytest.mark.parametrize(
    ("sent", "kept", "said"),
    [
        ("We need 40.\r\nCall.", "We need 40.\r\nCall.", ()),
        ("\n  a\n\tb\n", "a\n\tb", ()),
        ("a\x0bb\x00c", "abc", (CLEANED,)),
        ("null", "", (EMPTY,)),
        ("é\n" * 2_500, ("é\n" * 2_500).strip(), ()),
        (("x" * 49 + "\r\n") * 99 + "x" * 50, ("x" * 49 + "\r\n") * 99 + "x" * 50, ()),
        ("\r\n" + "x\r\n" * 2_500 + "yy", "x\r\n" * 2_499 + "x", (CUT,)),
    ],
)
def test_a_text_of_many_lines(sent: str, kept: str, said: tuple[Repair, ...]) -> None:
    expected = Cleaned(kept, said)
    assert read_lines(sent) == expected


@given(anything, some.sampled_from([read_line, read_name, read_lines]), some.integers(1, 40))
def test_any_value_becomes_a_clean_text(
    value: Any, read: Callable[[Any, int], Cleaned[str]], max_chars: int
) -> None:
    found = read(value, max_chars)
    text = found.value
    assert is_normalized("NFC", text)
    assert text == text.strip()
    assert len(text) - text.count("\r\n") <= max_chars
    marks = "\u200c\u200d" if read is not read_lines else "\u200c\u200d\t\r\n"
    hidden = [one for one in text if category(one) in ("Cc", "Cs", "Zl", "Zp") and one not in marks]
    assert set(hidden) <= ({"\u2028", "\u2029"} if read is read_lines else set())
    assert not set(text) & set("\u200b\u2060\ufeff\u00ad\u202e\u3164")
    assert read(text, max_chars) == Cleaned(text)
    if isinstance(value, str) and not found.repairs:
        assert text == value.strip().strip("\x00\u200b").strip() or text in value


# --- numbers --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sent", "kept"),
    [("120", 120), ("0", 0), ("-5", -5), ("5.5", 5.5), ("0.500", 0.5), (" 7 ", 7), (12, 12)],
)
def test_a_plain_number_needs_no_word(sent: Any, kept: float) -> None:
    assert read_number(sent) == Cleaned(kept)


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("5,000", 5_000),
        ("5.000", 5_000),
        ("1,234.56", 1_234.56),
        ("1.234,50", 1_234.5),
        ("1 234,56", 1_234.56),
        ("1\u202f234", 1_234),
        ("1'234.50", 1_234.5),
        ("1\u2019234", 1_234),
        ("12,34,567", 1_234_567),
        ("1.000.000", 1_000_000),
        ("5,5", 5.5),
        ("007", 7),
        ("5k", 5_000),
        ("2.5K", 2_500),
        ("3 Mio. €", 3_000_000),
        ("1,5 Mio", 1_500_000),
        ("2bn", 2 * 10**9),
        ("500+", 500),
        ("500 +", 500),
        ("10K+", 10_000),
        (">500", 500),
        (">= 500", 500),
        ("über 500", 500),
        ("Above 500", 500),
        ("$1.2M", 1_200_000),
        ("2-10", 2),
        ("more than 1000 people", 1_000),
        ("10,000 employees or more", 10_000),
        ("5,000 - 10,000", 5_000),
        ("51-200 employees", 51),
        ("100\u2013249", 100),
        ("11 bis 50 Mitarbeiter", 11),
        ("between 5 and 10", 5),
        ("2 000 à 5 000 salariés", 2_000),
        ("5-10k", 5_000),
        ("500-1k", 500),
        ("10-5", 5),
        ("\uff15\uff10\uff10", 500),
        ("\u0665\u0660\u0660", 500),
        ("$5k - $10k", 5_000),
        ("€ 5.000,-", 5_000),
        ("10 000 EUR", 10_000),
        ("USD 50,000", 50_000),
        ("CHF 1'000.-", 1_000),
        ("15 %", 15),
    ],
)
def test_a_number_out_of_words_keeps_the_words(sent: str, kept: float) -> None:
    assert read_number(sent) == Cleaned(kept, (READ_AS,), words=sent)


@pytest.mark.parametrize(
    "sent",
    [
        "Less than 5,000 (does not qualify)",
        "<50",
        "50 or less",
        "bis 50",
        "up to 50",
        "many",
        "1.2.3",
        "2026-11-27",
        "1e999",
        "120 people in 3 offices",
        "-",
        "12,345,67",
        "9" * 30,
        "9" * 19,
    ],
)
def test_what_says_no_number_stays_a_text(sent: str) -> None:
    assert read_number(sent) == Cleaned(sent, (AS_TEXT,))


@given(anything)
def test_any_value_is_a_number_or_a_text(value: Any) -> None:
    found = read_number(value)
    assert isinstance(found.value, str) or -(2**63) <= found.value <= 2**63
    again = read_number(found.value)
    assert again.value == found.value


# --- choices --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sent", "kept", "said"),
    [
        (True, True, ()),
        ("false", False, ()),
        ("Ja", True, (READ_AS,)),
        ("non", False, (READ_AS,)),
        ("0", False, (READ_AS,)),
        ("maybe", "maybe", (AS_TEXT,)),
        ("", "", ()),
        ("n/a", "", (EMPTY,)),
        (["yes"], True, (READ_AS,)),
        ({"a": 1}, '{"a": 1}', (AS_TEXT,)),
    ],
)
def test_yes_and_no(sent: Any, kept: Any, said: tuple[Repair, ...]) -> None:
    assert read_yes_no(sent) == Cleaned(kept, said)


@pytest.mark.parametrize("sent", ["on", "1", True, "I agree to emails", "ja", 1, ["no", "on"]])
def test_a_ticked_box_sends_whatever_its_value_is(sent: Any) -> None:
    assert is_ticked(sent)


@pytest.mark.parametrize(
    "sent", ["", None, False, "False", "off", "no", "0", 0, "null", "none", "nein", "non", [], {}]
)
def test_an_empty_box_is_no_tick(sent: Any) -> None:
    assert not is_ticked(sent)


@pytest.mark.parametrize(
    ("sent", "split", "kept"),
    [
        (["a", "b"], False, ("a", "b")),
        (["a", "", None, "undefined", 3, True], False, ("a", 3, True)),
        ("a, b", False, ("a, b",)),
        ("a, b; c|d", True, ("a", "b", "c", "d")),
        (None, True, ()),
        ([["a"], {"b": 1}], False, ("a", '{"b": 1}')),
    ],
)
def test_a_list(sent: Any, split: Any, kept: tuple[Any, ...]) -> None:
    assert read_list(sent, split=split).value == kept


def test_a_list_says_what_happened_to_which_value() -> None:
    found = read_list(["a", "b\x00c", *["x"] * 60])
    assert [(one.field, one.repair) for one in found.warnings("interest")] == [
        ("interest", Repair.TOO_MANY),
        ("interest.1", CLEANED),
    ]


@given(anything)
def test_any_value_of_an_unknown_field_is_kept(value: Any) -> None:
    found = read_value(value)
    again = read_value(found.value)
    assert again.value == found.value
    assert not again.repairs


# --- bodies ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "charset", "text", "said"),
    [
        (b"abc", None, "abc", ()),
        ("été".encode(), None, "été", ()),
        (b"\xe9t\xe9", None, "été", (Repair.CHARSET,)),
        (b"\xe9t\xe9", "ISO-8859-1", "été", ()),
        (b"\x80", "latin1", "€", ()),
        (b"\xa4", '"iso-8859-15"', "€", ()),
        (b"\xe9", "utf-8", "é", (Repair.CHARSET,)),
        ("日本".encode("shift_jis"), "Shift_JIS", "日本", ()),
        (b"abc", "rot13", "abc", ()),
        (b"abc", "no such", "abc", ()),
        (b"abc", "\x00", "abc", ()),
        (b"\xef\xbb\xbfabc", "latin1", "abc", ()),
        ("é".encode("utf-16"), None, "é", ()),
    ],
)
def test_a_charset(body: bytes, charset: str | None, text: str, said: tuple[Repair, ...]) -> None:
    assert decode(body, charset) == Cleaned(text, said)


@given(some.binary(), some.one_of(some.none(), some.text(), some.sampled_from(["utf-16", "big5"])))
def test_any_bytes_are_a_text(body: bytes, charset: str | None) -> None:
    assert isinstance(decode(body, charset).value, str)


@pytest.mark.parametrize(
    ("body", "data", "said"),
    [
        (b'{"a": [1, true, "x"]}', {"a": [1, True, "x"]}, []),
        (b'\xef\xbb\xbf{"a": 1}', {"a": 1}, []),
        ('{"a": "é"}'.encode("utf-16"), {"a": "é"}, []),
        (b'{"a": "\xe9"}', {"a": "é"}, ["body"]),
        (b'{"a": NaN, "b": [1, -Infinity]}', {"a": None, "b": [1, None]}, ["body.a", "body.b.1"]),
        (b"NaN", None, ["body.body"]),
        (b'{"a": ' + b"9" * 5_000 + b"}", {"a": None}, ["body.a"]),
        (b'{"a": "x\ny"}', {"a": "x\ny"}, []),
        (b'{"a": "\\ud800"}', {"a": "\ud800"}, []),
        (b'{"a": 1}\x00', {"a": 1}, []),
    ],
)
def test_json_as_strangers_send_it(body: bytes, data: Any, said: list[str]) -> None:
    found = read_json(body, 10_000)
    assert found.value == data
    assert [one.field for one in found.warnings("body")] == said


@pytest.mark.parametrize("body", [b"", b"{", b"[1,]", b"email=a", b"[" * 9_999, b"\xff\xff"])
def test_what_is_no_json_is_refused(body: bytes) -> None:
    with pytest.raises(InputError) as refused:
        read_json(body, 100_000)
    assert [one.field for one in refused.value.errors] == ["body"]


def test_a_long_body_of_json_is_not_read() -> None:
    with pytest.raises(TooLargeError):
        read_json(b"[1 ]", 3)


def test_url_encoded_pairs_are_read_one_by_one() -> None:
    pairs = read_pairs(b"a%20b=1+2&&m=%E9t%E9&n=%C3%A9&x&=y")
    assert [(name.value, value.value) for name, value in pairs] == [
        ("a b", "1 2"),
        ("m", "été"),
        ("n", "é"),
        ("x", ""),
        ("", "y"),
    ]


# --- what is said ---------------------------------------------------------------------------------


def test_every_repair_has_a_sentence() -> None:
    assert MESSAGES.keys() == set(Repair)


def test_a_warning_names_the_field_and_what_was_read() -> None:
    assert str(warn("size", READ_AS, 5_000)) == "size: was read as 5000"
    assert str(warn("agreed", READ_AS, value=True)) == "agreed: was read as true"


@pytest.mark.parametrize("text", [" NULL ", "n/a", "#N/A", "(null)"])
def test_words_for_nothing(text: str) -> None:
    assert is_empty_word(text)
    assert not is_empty_word(f"{text}!")


def test_each_kind_is_counted_without_the_value(capsys: pytest.CaptureFixture[str]) -> None:
    found = [warn("name", CLEANED), warn("title", CLEANED), warn("size", READ_AS, "secret")]
    assert warnings_in(found)["warnings"][2] == {"field": "size", "message": "was read as secret"}
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(one["event"], one["kind"], one["repaired"]) for one in lines] == [
        ("repaired", "cleaned", 2),
        ("repaired", "read_as", 1),
    ]
    assert "secret" not in json.dumps(lines)


def test_a_value_inside_another_is_named_by_its_path() -> None:
    found = Cleaned([1], (Repair.TOO_MANY,), inside=(warn("0", CLEANED),))
    assert [one.field for one in found.warnings("list")] == ["list", "list.0"]
