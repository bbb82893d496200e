"""One page has one address, however its own is written; and no secret of it is kept (ADR 0040)."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as some

from chalicelib.inputs.repairs import Cleaned, Repair
from chalicelib.inputs.urls import (
    campaign_of,
    parameters_of,
    path_of,
    read_path,
    read_property,
    read_url,
)
from chalicelib.limits import URL_MAX_CHARS
from tests.unit.test_readers import anything

SITE = "https://keybook.example"

PIECES = [
    *"/?#&=;!.:@ \\%aé\u200b",
    *["//", "http:", "https://", "utm_source=", "gclid=", "&amp;", "index.html", "/amp", ".amp"],
    *["keybook.example", "%3f", "a" * 700, "/c/s/", "pricing", "javascript:"],
    *["https://x.cdn.ampproject.org", "www.google.com/amp/s/"],
]
addresses = some.lists(some.sampled_from(PIECES), max_size=12).map("".join)


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        (SITE, SITE),
        (f"{SITE}/", f"{SITE}/"),
        (f"{SITE}/pricing", f"{SITE}/pricing"),
        ("HTTPS://KeyBook.Example/Pricing", f"{SITE}/Pricing"),
        # the ends of a path
        (f"{SITE}/pricing/", f"{SITE}/pricing"),
        (f"{SITE}//pricing//", f"{SITE}/pricing"),
        (f"{SITE}/pricing/index.html", f"{SITE}/pricing"),
        (f"{SITE}/pricing/Default.aspx?x=1", f"{SITE}/pricing"),
        (f"{SITE}/index.php", f"{SITE}/"),
        # hash routes
        (f"{SITE}/#/pricing", f"{SITE}/pricing"),
        (f"{SITE}/#!/pricing", f"{SITE}/pricing"),
        (f"{SITE}/#!pricing", f"{SITE}/pricing"),
        (f"{SITE}/app/#/pricing/?utm_source=g&token=1", f"{SITE}/pricing?utm_source=g"),
        (f"{SITE}/?gclid=1#/pricing", f"{SITE}/pricing?gclid=1"),
        (f"{SITE}/pricing#/", f"{SITE}/pricing"),
        (f"{SITE}/pricing#plans", f"{SITE}/pricing"),
        # campaigns
        (f"{SITE}/a?utm_source=g&amp;utm_medium=b", f"{SITE}/a?utm_source=g&utm_medium=b"),
        (f"{SITE}/a?x=1&amp;amp;gclid=2", f"{SITE}/a?gclid=2"),
        (f"{SITE}/a#utm_source=g&utm_medium=b", f"{SITE}/a?utm_source=g&utm_medium=b"),
        (f"{SITE}/a?x=1#?utm_source=g", f"{SITE}/a?utm_source=g"),
        (f"{SITE}/a?utm_source=g#utm_source=h", f"{SITE}/a?utm_source=g"),
        (f"{SITE}/a?%AA%AA&utm_source=g", f"{SITE}/a?utm_source=g"),
        # no scheme, no host
        ("keybook.example/pricing?x=1", f"{SITE}/pricing"),
        ("www.keybook.example", "https://www.keybook.example"),
        ("keybook.example:8080/a", f"{SITE}:8080/a"),
        ("https:/keybook.example/a", f"{SITE}/a"),
        ("https:\\\\keybook.example\\a", f"{SITE}/a"),
        ("/pricing?ref=nav#plans", "/pricing"),
        ("pricing?ref=nav", "/pricing"),
        ("pricing.html", "/pricing.html"),
        ("?utm_source=g", "?utm_source=g"),
        (" \u200bhttps://keybook.example/a", f"{SITE}/a"),
        # AMP
        (f"{SITE}/pricing?amp=1", f"{SITE}/pricing"),
        (f"{SITE}/pricing/amp/", f"{SITE}/pricing"),
        (f"{SITE}/amp/pricing", f"{SITE}/pricing"),
        (f"{SITE}/pricing.amp.html", f"{SITE}/pricing.html"),
        (f"{SITE}/pricing.amp", f"{SITE}/pricing"),
        (f"{SITE}/champ/lamp", f"{SITE}/champ/lamp"),
        ("https://keybook-example.cdn.ampproject.org/c/s/keybook.example/a", f"{SITE}/a"),
        ("https://www.google.com/amp/s/keybook.example/a?utm_term=t", f"{SITE}/a?utm_term=t"),
        # secrets
        (f"{SITE}/#access_token=secret", f"{SITE}/"),
        (f"{SITE}/#/access_token=secret", f"{SITE}/access_token"),
        (f"{SITE}/#/a?token=secret", f"{SITE}/a"),
        ("https://www.google.com/amp/s/ann:secret@keybook.example/a", f"{SITE}/a"),
        (";x//ann:secret@keybook.example/a", "//keybook.example/a"),
        ("https://ann:secret@keybook.example/a;jsessionid=secret", f"{SITE}/a"),
        (f"{SITE}/a%3Ftoken=secret", f"{SITE}/a"),
        # no page
        ("javascript:alert(1)", ""),
        ("about:blank", ""),
        ("android-app://com.example/", "android-app://com.example/"),
        ("http://[bad", "http://[bad"),
        (None, ""),
        ("undefined", ""),
    ],
)
def test_the_address_of_a_page(sent: str | None, kept: str) -> None:
    assert read_url(sent).value == kept
    assert read_url(kept) == Cleaned(kept)


@pytest.mark.parametrize(
    "sent",
    [
        f"{SITE}/pricing",
        f"{SITE}/pricing/",
        f"{SITE}/pricing/index.html",
        f"{SITE}/#/pricing",
        f"{SITE}/pricing/amp",
        "/pricing?ref=nav#plans",
        "pricing",
        "keybook.example/pricing",
    ],
)
def test_one_page_has_one_path(sent: str) -> None:
    assert read_path(sent).value == path_of(read_url(sent).value) == "/pricing"


@pytest.mark.parametrize("sent", ["", None, "data:x"])
def test_what_is_no_page_has_no_path(sent: str | None) -> None:
    assert read_path(sent).value == ""


def test_a_long_address_keeps_page_campaign_and_click_ids() -> None:
    click = "E_C_P_" + "Q9x-" * 550
    sent = f"{SITE}/pricing?x={'y' * 900}&utm_source=tiktok&utm_medium=paid&ttclid={click}"
    found = read_url(sent)
    assert found.repairs == (Repair.CUT,)
    assert len(found.value) <= URL_MAX_CHARS
    assert path_of(found.value) == "/pricing"
    assert campaign_of({}, found.value) == {"source": "tiktok", "medium": "paid"}
    kept = parameters_of(found.value)["ttclid"]
    assert click.startswith(kept)
    assert len(kept) > 1_900


def test_a_long_path_leaves_room_for_its_campaign() -> None:
    found = read_url(f"{SITE}/{'%C3%A9' * 900}?utm_source=g&gclid=1")
    assert found.value.endswith("?utm_source=g&gclid=1")
    assert not re.search(r"%.?\?", found.value)


@pytest.mark.parametrize(
    ("sent", "kept", "said"),
    [
        ("Pri\x00ces", "Prices", (Repair.CLEANED,)),
        (f"see {SITE}/a?token=1", f"see {SITE}/a", (Repair.STRIPPED,)),
        (f"{SITE}/a?gclid=1", f"{SITE}/a?gclid=1", ()),
        ("two\r\nlines", "two\r\nlines", ()),
        (3, 3, ()),
        (True, True, ()),
        (float("inf"), "", (Repair.NOT_A_NUMBER,)),
    ],
)
def test_a_property(sent: object, kept: object, said: tuple[Repair, ...]) -> None:
    assert read_property(sent) == Cleaned(kept, said)


@given(some.one_of(addresses, anything))
def test_any_value_is_an_address_that_reads_as_itself(value: object) -> None:
    found = read_url(value).value
    assert len(found) <= URL_MAX_CHARS
    assert read_url(found) == Cleaned(found)
    assert "#" not in found
    assert campaign_of({}, found) == campaign_of({}, read_url(found).value)
    assert read_path(path_of(found)).value == path_of(found)


@given(some.one_of(addresses, anything))
def test_any_property_reads_as_itself(value: object) -> None:
    found = read_property(value).value
    assert read_property(found) == Cleaned(found)
