"""Checks of what strangers send, and the event's own arithmetic of time."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as some

from chalicelib.errors import InputError, TooLargeError
from chalicelib.events import LAST_MS, epoch_ms, event_id, from_epoch_ms, parse_time, rfc3339
from chalicelib.inputs.bodies import parse_json
from chalicelib.inputs.texts import many_lines, one_line
from chalicelib.inputs.urls import campaign_of, path_of, stored_url, tracked_text


@pytest.mark.parametrize("text", ["a", "  a  ", "Ünï 😀", "a\u00a0b", ""])
def test_a_line_loses_only_the_blanks_around_it(text: str) -> None:
    assert one_line(text) == text.strip()


@pytest.mark.parametrize("code", [*range(32), *range(127, 160), 0xD800, 0xDFFF])
def test_a_line_has_no_control_character(code: int) -> None:
    with pytest.raises(ValueError, match="control characters"):
        one_line(f"a{chr(code)}b")


def test_a_text_keeps_tabs_and_lines_but_no_control_characters() -> None:
    allowed = {code for code in [*range(32), *range(127, 160)] if _is_text(chr(code))}
    assert allowed == {9, 10, 13}


def _is_text(character: str) -> bool:
    try:
        return many_lines(character) == character
    except ValueError:
        return False


@pytest.mark.parametrize(
    ("url", "stored"),
    [
        ("https://x.example/a/b", "https://x.example/a/b"),
        ("https://x.example/a?email=ann@b.example&token=1#id=2", "https://x.example/a"),
        ("https://x.example:8080?utm_source=g&q=1", "https://x.example:8080?utm_source=g"),
        ("https://x.example/?utm_id=1&GCLID=2&gclidx=3", "https://x.example/?utm_id=1&GCLID=2"),
        ("https://x.example/?utm_source=g;email=ann@b.example", "https://x.example/?utm_source=g"),
        ("https://ann:pass@x.example/a", "https://x.example/a"),
        ("//ann@x.example/a", "//x.example/a"),
        ("https://x.example/@ann/a", "https://x.example/@ann/a"),
        ("https://x.example/a#?utm_source=g", "https://x.example/a"),
        ("/pricing?plan=1&utm_term=t", "/pricing?utm_term=t"),
        ("?email=ann@b.example&utm_term=t", "?utm_term=t"),
        ("?email=ann@b.example", ""),
        ("https://x.example/?%75tm_source=g&email%3d=1", "https://x.example/?%75tm_source=g"),
        ("android-app://com.example", "android-app://com.example"),
        ("", ""),
    ],
)
def test_a_url_keeps_only_campaigns_and_click_ids(url: str, stored: str) -> None:
    assert stored_url(url) == tracked_text(url) == stored
    assert stored_url(stored) == stored


@pytest.mark.parametrize("text", ["a?b#c", "What? #1", "me@x.example", "see x.example/?a"])
def test_a_text_that_is_no_url_keeps_its_marks(text: str) -> None:
    assert tracked_text(text) == text


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("https://x.example", "/"),
        ("https://x.example/pricing?a=b#c", "/pricing"),
        ("/pricing", "/pricing"),
        ("", "/"),
        ("https://x.example/a%20b", "/a%20b"),
        ("http://[bad", "/"),
    ],
)
def test_the_path_of_an_address(url: str, path: str) -> None:
    assert path_of(url) == path


@pytest.mark.parametrize(
    ("given_words", "url", "campaign"),
    [
        ({}, "", {}),
        ({"source": "google", "medium": "", "other": "x"}, "?utm_medium=cpc", {"source": "google"}),
        (
            {},
            "https://x.example/?utm_source=a+b&utm_medium=cpc&utm_campaign=spring"
            "&utm_term=t&utm_content=c",
            {"source": "a b", "medium": "cpc", "name": "spring", "term": "t", "content": "c"},
        ),
        ({}, "/?utm_source=&utm_medium=%20&utm_name=x", {}),
        ({}, "/?utm_source=a%00b&utm_medium=cpc", {"source": "ab", "medium": "cpc"}),
        ({}, "/?UTM_Source=a&utm_medium=%E9&utm_term=undefined", {"source": "a", "medium": "é"}),
        ({"name": 20260, "source": "n/a"}, "/?utm_source=x", {"name": "20260"}),
        ({}, "http://[bad?utm_source=a", {"source": "a"}),
        ({}, "/?utm_source=a&utm_source=b", {"source": "a"}),
        ({}, "/?utm_source=" + "a" * 400, {"source": "a" * 300}),
    ],
)
def test_the_campaign_is_given_or_read_from_the_address(
    given_words: dict[str, str], url: str, campaign: dict[str, str]
) -> None:
    assert campaign_of(given_words, url) == campaign


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"NaN",
        b"[Infinity]",
        b"-Infinity",
        b"\xff",
        b"[" * 9_999,
        b"1" * 5_000,
        b"\xef\xbb\xbf1",
    ],
)
def test_what_is_not_strict_json_is_refused(body: bytes) -> None:
    with pytest.raises(InputError) as refused:
        parse_json(body, 100_000)
    assert [one.field for one in refused.value.errors] == ["body"]


def test_json_over_its_limit_is_not_even_read() -> None:
    assert parse_json(b"[1]", 3) == [1]
    with pytest.raises(TooLargeError):
        parse_json(b"[1 ]", 3)


# --- time -----------------------------------------------------------------------------------------


@given(some.integers(0, LAST_MS))
def test_milliseconds_are_exact_both_ways(at_ms: int) -> None:
    at = from_epoch_ms(at_ms)
    assert epoch_ms(at) == at_ms
    assert epoch_ms(parse_time(rfc3339(at))) == at_ms


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2026-11-22T10:00:00Z", datetime(2026, 11, 22, 10, tzinfo=UTC)),
        ("2026-11-22T10:00:00.123+01:00", datetime(2026, 11, 22, 9, 0, 0, 123_000, tzinfo=UTC)),
        ("2026-11-22T10:00:00", datetime(2026, 11, 22, 10, tzinfo=UTC)),
        ("2026-11-22", datetime(2026, 11, 22, tzinfo=UTC)),
    ],
)
def test_a_time_is_read_as_utc(text: str, at: datetime) -> None:
    assert parse_time(text) == at
    assert parse_time(text).tzinfo is UTC


@pytest.mark.parametrize(
    "text", ["", "now", "2026-13-01", "0001-01-01T00:00:00+10:00", "9999-12-31T23:59:59-10:00"]
)
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        parse_time(text)


def test_partition_time_and_message_identify_an_event() -> None:
    at = datetime(2026, 11, 22, tzinfo=UTC)
    one = event_id("VISITOR#v", at, "m")
    assert one == event_id("VISITOR#v", at.astimezone(timezone(timedelta(hours=5))), "m")
    others = [event_id("USER#v", at, "m"), event_id("VISITOR#v", at, "n")]
    others.append(event_id("VISITOR#v", at + timedelta(milliseconds=1), "m"))
    assert len({one, *others}) == 4
    assert one < event_id("VISITOR#v", at + timedelta(days=9_999), "m")
