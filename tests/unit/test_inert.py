"""Nothing that a stranger typed acts: what programs look for, they do not find in it."""

from unicodedata import category

import pytest
from hypothesis import example, given
from hypothesis import strategies as some

from chalicelib.inert import (
    INERT_MAX_CHARS,
    INVISIBLE,
    inert,
    inert_address,
    inert_phone,
    plain_name,
)
from tests.linkifiers import NASTY, found_in, nfkc

DOTS = ".。．｡․﹒‥…⒈℀㏂"
MARKS = "\u0301\u0308\u20dd"
HIDDEN = (
    "\u200b\u200d\u2060\ufeff\u00ad\ufe0f\u034f\u115f\u3164\u180e\u202e\u2066\u2069\U000e0041\x00"
)


def hidden_between(text: str) -> some.SearchStrategy[str]:
    """A text with things that nobody sees between its characters."""
    hidden = some.lists(
        some.sampled_from(["", "", "", *HIDDEN]), min_size=len(text), max_size=len(text)
    )
    return hidden.map(lambda ones: "".join(a + b for a, b in zip(ones, text, strict=True)))


TYPED = some.lists(
    some.one_of(
        some.sampled_from(NASTY).flatmap(hidden_between),
        some.sampled_from([*DOTS, *MARKS, *HIDDEN, *" /\\:@<>|()[]?&=#;.\t\n"]),
        some.text(max_size=6),
    ),
    max_size=12,
).map("".join)


@given(TYPED)
@example("evil.\u0301com")
@example("1.2.3.4")
@example("a.(x)")
@example("a]\u200b(b")
@example("a]\u0301(b")
@example("&\u0301#46;com =\u0301?u?q?x?=")
@example("x+1:evil")
@example("[a] (evil.com)")
@example("www.! www1.\u2026 (www.),")
def test_no_program_finds_anything_in_its_one_short_line(typed: str) -> None:
    shown = inert(typed)
    assert found_in(shown) == set()
    assert shown == " ".join(shown.split())
    assert not any(category(one) in ("Cf", "Cc", "Cs") for one in shown)
    assert not INVISIBLE.search(shown)
    assert len(shown) <= 4 * INERT_MAX_CHARS


def test_a_long_text_is_cut() -> None:
    assert inert("x" * 10_000) == "x" * (INERT_MAX_CHARS - 1) + "…"


@pytest.mark.parametrize("typed", NASTY)
def test_what_is_broken_stays_broken_between_other_words(typed: str) -> None:
    """A notice puts values behind one another: the end of one must not meet the next."""
    shown = inert(typed)
    assert found_in(f"{shown}, {shown} asks; Reach: {shown}. Ref") == set()


@pytest.mark.parametrize(
    "typed", ["http:", "javascript: :", "evil.com.", "[a]", "a/", "&", "=", "@"]
)
def test_what_ends_a_text_does_not_meet_the_next(typed: str) -> None:
    """A notice puts a comma, a quotation mark or a bracket behind what was typed."""
    for behind in (",", '"', ")", ".", "; x", ": x", " (x)", "?"):
        assert found_in(inert(typed) + behind) == set()


def test_marks_stay_on_letters_and_pictures() -> None:
    for honest in ("नमस्ते", "Zoe\u0308", "שָׁלוֹם", "1\u20e3"):
        assert inert(honest) == honest


def test_what_stands_for_a_dot_or_slash_is_broken() -> None:
    """UTS 46, by which a browser reads a host, maps by NFKC, and the ideographic full stop too."""
    acting = [
        chr(code)
        for code in range(0x80, 0x20000)
        if set(".。/\\:@<>&[]()=?\u2044\u2215") & set(nfkc(chr(code)))
    ]
    assert {"。", "．", "｡", "․", "／", "：", "＠", "℀"} <= set(acting)
    assert [one for one in acting if found_in(inert(f"evil{one}com"))] == []
    assert found_in(inert("［x］（y） ＆lt; ＝？u？q？x？＝ a∕b a⁄b")) == set()


@pytest.mark.parametrize("hidden", [*HIDDEN, "\U000e01ef", "\u2065", "\ufff0"])
@pytest.mark.parametrize(
    "acting", ["evil.com", "javascript:x", "a/b", "](x", "a@b.com", "=?u?q?x?="]
)
def test_hidden_characters_hide_nothing_that_acts(acting: str, hidden: str) -> None:
    for place in range(len(acting) + 1):
        assert found_in(inert(acting[:place] + hidden + acting[place:])) == set()


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("https://evil.example/x.b", "https: / / evil[.]example / x. b"),
        ("evil.example", "evil[.]example"),
        ("mallory@evil.example", "mallory at evil[.]example"),
        ("evil。com", "evil。 com"),
        ("<!channel> <https://evil.example|Acme>", "‹!channel› ‹https: / / evil[.]example|Acme›"),
        ("[Acme](https://evil.example)", "[Acme] - (https: / / evil[.]example)"),
        ("javascript:alert(1)", "javascript: alert(1)"),
        ("tel:+49", "tel: +49"),
        ("=?utf-8?q?evil?=", "= ?utf-8?q?evil?="),
        ("Ann\r\nBcc: mallory", "Ann Bcc: mallory"),
        ("\u202eelpmaxe\u2066", "elpmaxe"),
        # What honest people type reads as they typed it.
        ("Acme Inc.", "Acme Inc."),
        ("Acme Inc. in Berlin, please.", "Acme Inc. in Berlin, please."),
        ("Größe & Söhne GmbH", "Größe & Söhne GmbH"),
        ("J.P. Morgan, U.S.A.", "J. P. Morgan, U. S. A."),
        ("Acme Ltd.(Berlin)", "Acme Ltd. (Berlin)"),
        ('He said (Acme Inc.), "yes."', 'He said (Acme Inc.), "yes."'),
        ("Fischer e.V., z.B. heute", "Fischer e. V., z. B. heute"),
        ("3.5 years", "3.5 years"),
        ("version 3.5", "version 3.5"),
        ("tomorrow at 10:30, or later...", "tomorrow at 10:30, or later..."),
        ("こんにちは。元気ですか。", "こんにちは。 元気ですか。"),
        ("Zoë Þórsdóttir", "Zoë Þórsdóttir"),
        ("and/or", "and / or"),
        ("plain", "plain"),
    ],
)
def test_it_reads_like_this(typed: str, shown: str) -> None:
    assert inert(typed) == shown


# --- addresses and numbers stay usable ------------------------------------------------------------


@pytest.mark.parametrize(
    "address",
    ["ann@acme.example", "ann.smith@acme.example", "o'neil+demo@mail.acme.example", "a_b-c@x.com"],
)
def test_an_honest_address_can_be_clicked(address: str) -> None:
    assert inert_address(address) == address


@pytest.mark.parametrize(
    "address",
    [
        "www.evil.com@acme.example", "WWW.evil.Com@acme.example", "evil.com@acme.example",
        "evil.example@x.example", "login.evil.co.uk@acme.example", "evil.com-x@acme.example",
        "http//evil.example@x.example", "evil.com/login@x.example", "1.2.3.4@acme.example",
        "evil.com.ann@acme.example", "ann@www.evil.example", "{{x}}@acme.example",
        "ann@x.www.evil.com", "evil.sbs@acme.example",
        "&lt=evil@acme.example", "http://evil.example@x.example", "evil.com?x=@acme.example",
    ],
)  # fmt: skip
def test_an_address_that_reads_as_a_web_address_is_inert(address: str) -> None:
    assert found_in(inert_address(address)) == set()


def test_a_number_with_dots_can_be_called() -> None:
    assert inert_phone("+49 30 901820") == "+49 30 901820"
    assert inert_phone("415.555.0100") == "415 555 0100"
    assert inert_phone("tel:+49<b>") == "tel: +49‹b›"


# --- names ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["Ann", "Ann-Marie", "Jean Luc", "O'Neil", "Zoë", "Ö", "李", "Мария", "प्रिया", "D’Arcy"]
)
def test_a_name_greets(name: str) -> None:
    assert plain_name(name) == name


@pytest.mark.parametrize(
    "name",
    [
        "", " ", "http://evil.example", "evil.example", "evil。com", "Ann.", "<b>Ann</b>", "Ann ",
        "{{ 7*7 }}", "Ann\nBcc: x", "a@b.example", "50% off", "Ann, you won", "A" * 21, "Ann!",
        "--", "Ann-", "Ann_", "5", "You have won", "Click here now", "Ann\u200b", "\u202eAnn",
        "𝐅𝐑𝐄𝐄", "Ⓐnn", "\u0301nn",
    ],
)  # fmt: skip
def test_a_name_that_is_none_is_left_out(name: str) -> None:
    """Otherwise anybody could have us mail a stranger a message of theirs."""
    assert plain_name(name) == ""


@given(TYPED)
def test_a_name_never_acts(typed: str) -> None:
    assert found_in(plain_name(typed)) == set()
    assert len(plain_name(typed).split()) <= 2
