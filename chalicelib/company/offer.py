"""What the company sells and who writes for it: the words that marketing's emails take (ADR 0059).

Every word may be left out. An email that needs one that is empty cannot be switched on.
"""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from chalicelib.company.fields import FormAddress, Language, OneLine, Sentence, WebUrl
from chalicelib.document import Document, needs

LINKS_MAX = 20
LANGUAGES_MAX = 10
CHANGES_MAX = 50
CHANGES_SHOWN = 3

LinkName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,31}$")]
PageLinks = Annotated[dict[LinkName, WebUrl], Field(max_length=LINKS_MAX)]


def _as_text(written: Any) -> Any:
    """Refuse the date that YAML reads without quotes: documents hold what JSON can say."""
    if not isinstance(written, str):
        raise ValueError("no text")
    return written


IsoDate = Annotated[
    date, BeforeValidator(_as_text), needs('a date is needed, in quotes, such as "2026-11-30"')
]


class CaseDocument(Document):
    """A customer's story."""

    company: OneLine | None = None
    result: Sentence | None = None
    """What came of it, as a sentence: "Acme plans its shifts in two hours instead of nine"."""
    trouble: Sentence | None = None
    """What went wrong on the way, as a sentence."""
    permission: bool = False
    """Whether the customer agreed to be named. Without it there is no story to tell."""


class ChangeDocument(Document):
    """Something that is new."""

    on: IsoDate
    """From when on it has been new: nobody hears of it who talked with sales later."""
    text: Sentence


class OfferWords(Document):
    """The words of an offer, in one language."""

    product: OneLine | None = None
    job: OneLine | None = None
    """What it is for, such as "planning shifts"."""
    unit: OneLine | None = None
    """What it is counted by, such as "employee"."""
    extras: Sentence | None = None
    """What it costs besides the price list, such as "set-up is included, training is 400 euros"."""
    price_page: WebUrl | None = None
    security_page: WebUrl | None = None
    """The page that answers the questions of IT and procurement."""
    booking_url: WebUrl | None = None
    """Where a reader picks a time to talk."""
    changes: Annotated[list[ChangeDocument], Field(max_length=CHANGES_MAX)] = []
    """What is new, for those who talked with sales before."""
    case: CaseDocument | None = None
    links: PageLinks = {}
    """Further pages, by names of the company's own: `offer.links.<name>` in an email."""


class OfferDocument(OfferWords):
    """What is sold: in the language of the settings, and what differs in others."""

    languages: Annotated[dict[Language, OfferWords], Field(max_length=LANGUAGES_MAX)] = {}


class RoleDocument(Document):
    """What a person is, in another language."""

    role: OneLine


class SenderDocument(Document):
    """A person who writes."""

    name: OneLine
    role: OneLine | None = None
    phone: OneLine | None = None
    email: FormAddress | None = None
    booking_url: WebUrl | None = None
    """Where a reader picks a time to talk with this person."""
    languages: Annotated[dict[Language, RoleDocument], Field(max_length=LANGUAGES_MAX)] = {}

    def role_in(self, language: str) -> str:
        """Return the person's role in a language, as it is said by default where it has none."""
        other = self.languages.get(language)
        return (other.role if other else self.role) or ""


NO_OFFER = OfferDocument()
ANYWHERE = ("product", "price_page", "security_page", "booking_url")
"""What is the same in every language unless something else is said."""
OWN_WORDS = ("job", "unit", "extras")
"""What holds in its own language alone."""
OF_CASE = ("company", "result", "trouble")


def offer_values(
    offer: OfferDocument, language: str, *, spoken: str, since: date | None = None
) -> dict[str, Any]:
    """Return what `offer` is in an email of a language. What is empty is an empty text.

    spoken: the language of the offer's own words, that of the settings; since: the day of the last
    talk with sales, None where there was none. In a language without words of its own the links and
    the product remain: words of one language must not stand in a sentence of another.
    """
    own = offer.languages.get(language, OfferWords())
    layers = [own, offer] if spoken == language or language in offer.languages else [own]
    return {
        **{name: _first(name, own, offer) for name in ANYWHERE},
        **{name: _first(name, *layers) for name in OWN_WORDS},
        "changes": _changes(_first("changes", *layers) or (), since),
        "case": _case(_first("case", *layers) or None),
        "links": {**offer.links, **own.links},
    }


def in_language(text: str | Mapping[str, str] | None, language: str, *, spoken: str) -> str:
    """Return a text that may be one for each language: else that of the settings' language, else
    the first.
    """
    if text is None or isinstance(text, str):
        return text or ""
    return text.get(language) or text.get(spoken) or next(iter(text.values()), "")


def _first(name: str, *layers: OfferWords) -> Any:
    return next((found for layer in layers if (found := getattr(layer, name))), "")


def _changes(changes: Any, since: date | None) -> str:
    newest = sorted(changes, key=lambda one: one.on, reverse=True)
    told = [one.text for one in newest if since is None or one.on >= since]
    return "\n".join(f"– {text}" for text in told[:CHANGES_SHOWN])


def _case(case: CaseDocument | None) -> dict[str, str]:
    """Return a story that may be told whole; each part is empty otherwise."""
    parts = {name: getattr(case, name, None) or "" for name in OF_CASE}
    may_be_told = case is not None and case.permission and all(parts.values())
    return parts if may_be_told else dict.fromkeys(parts, "")
