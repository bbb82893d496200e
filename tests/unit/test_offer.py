"""What the company sells, in the words that its emails take."""

from datetime import date
from typing import Any

import pytest

from chalicelib.company import SettingsDocument, read_company
from chalicelib.company.offer import in_language, offer_values
from chalicelib.document import parse_document
from chalicelib.errors import DocumentError

OFFER = {
    "product": "Keybook",
    "job": "reviewing access",
    "price_page": "https://keybook.example/pricing",
    "case": {"company": "Acme", "result": "It works.", "trouble": "It hurt.", "permission": True},
    "links": {"guide": "https://keybook.example/guide", "terms": "https://keybook.example/terms"},
    "languages": {
        "de": {"job": "Zugriffe zu prüfen", "links": {"guide": "https://keybook.example/de"}}
    },
}


def values(language: str, *, spoken: str = "en", since: date | None = None, **keys: Any) -> Any:
    """Return the words of an offer, some of them with other keys."""
    offer = read_company({"offer": {**OFFER, **keys}}).offer
    return offer_values(offer, language, spoken=spoken, since=since)


def test_an_offer_is_said_in_its_own_language() -> None:
    assert values("en")["job"] == "reviewing access"
    assert values("en", spoken="de")["job"] == ""


def test_another_language_overrides_what_it_says() -> None:
    german = values("de")
    assert (german["product"], german["job"]) == ("Keybook", "Zugriffe zu prüfen")
    assert german["case"]["company"] == "Acme"
    assert german["links"] == {
        "guide": "https://keybook.example/de",
        "terms": "https://keybook.example/terms",
    }


def test_a_language_without_words_has_product_and_pages() -> None:
    french = values("fr")
    assert french["product"] == "Keybook"
    assert french["price_page"] == "https://keybook.example/pricing"
    assert (french["job"], french["case"]["result"]) == ("", "")


def test_an_empty_offer_has_every_key() -> None:
    empty = offer_values(read_company(None).offer, "en", spoken="en")
    assert empty.keys() == values("en").keys()
    assert not any(empty[name] for name in empty if name != "case")
    assert set(empty["case"].values()) == {""}


@pytest.mark.parametrize("gap", [{"permission": False}, {"trouble": None}, {"company": None}])
def test_only_a_whole_story_with_permission_is_told(gap: dict[str, Any]) -> None:
    told = values("en", case={**OFFER["case"], **gap})["case"]  # type: ignore[dict-item]
    assert told == {"company": "", "result": "", "trouble": ""}


def test_the_newest_changes_since_a_talk_are_told() -> None:
    changes = [{"on": f"2026-{month:02}-01", "text": f"Change {month}."} for month in range(1, 7)]
    assert values("en", changes=changes)["changes"] == "– Change 6.\n– Change 5.\n– Change 4."
    since = values("en", since=date(2026, 6, 1), changes=changes)
    assert since["changes"] == "– Change 6."
    assert values("en", since=date(2026, 6, 2), changes=changes)["changes"] == ""


def test_a_text_by_language_falls_back_to_the_companys() -> None:
    text = {"de": "Sitz: Berlin", "fr": "Siège : Berlin"}
    assert in_language(text, "de", spoken="fr") == "Sitz: Berlin"
    assert in_language(text, "en", spoken="fr") == "Siège : Berlin"
    assert in_language(text, "en", spoken="en") == "Sitz: Berlin"
    assert in_language("Sitz: Berlin", "en", spoken="en") == "Sitz: Berlin"
    assert in_language(None, "en", spoken="en") == ""


def test_a_sender_has_a_role_in_each_language() -> None:
    sender = read_company(
        {"sender": {"name": "Mia", "role": "Advice", "languages": {"de": {"role": "Beratung"}}}}
    ).sender
    assert sender is not None
    assert (sender.role_in("de"), sender.role_in("fr")) == ("Beratung", "Advice")


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"offer": {"prodct": "K"}}, "offer.prodct: there is no such key; the keys here are prod"),
        ({"offer": {"booking_url": "javascript:x"}}, "offer.booking_url: a URL is needed"),
        ({"offer": {"changes": [{"on": "soon", "text": "x"}]}}, "offer.changes.0.on: a date is"),
        ({"offer": {"changes": [{"on": date(2026, 11, 1), "text": "x"}]}}, "offer.changes.0.on: a"),
        ({"offer": {"job": "a\nb"}}, "offer.job: one line of 1 to 200 characters"),
        ({"sender": {"role": "Advice"}}, "sender.name: is missing; add it"),
        ({"sender": {"name": "Mia\nBcc: x"}}, "sender.name: one line of 1 to 200 characters"),
        ({"postal_address": " "}, "postal_address: 1 to 1,000 characters"),
        ({"legal_notice": {"de": ""}}, "legal_notice: 1 to 1,000 characters are needed, or such"),
    ],
)
def test_a_mistake_is_named_with_its_place(settings: dict[str, Any], says: str) -> None:
    with pytest.raises(DocumentError, match="^" + says.replace(".", r"\.")):
        parse_document(SettingsDocument, settings)
