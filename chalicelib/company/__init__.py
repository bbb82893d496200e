"""The company: what its own people say of it once, for emails, pages and snippets alike."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from chalicelib.company.contact import ContactRulesByCountry
from chalicelib.company.fields import (
    Colour,
    CompanyName,
    Country,
    FormAddress,
    Language,
    LogoUrl,
    ManyLines,
    OneLine,
    WebUrl,
)
from chalicelib.company.offer import LANGUAGES_MAX, NO_OFFER, OfferDocument, SenderDocument
from chalicelib.company.sending import SendingDocument
from chalicelib.document import Document, needs, read_document

LegalNotice = Annotated[
    ManyLines | Annotated[dict[Language, ManyLines], Field(min_length=1, max_length=LANGUAGES_MAX)],
    needs("1 to 1,000 characters are needed, or such a text by language"),
]
TopicWords = Annotated[
    OneLine | Annotated[dict[Language, OneLine], Field(min_length=1, max_length=LANGUAGES_MAX)],
    needs("one line of 1 to 200 characters is needed, or such a line by language"),
]
TopicName = Annotated[
    str,
    Field(max_length=64, pattern=r"^[a-z0-9_-]+$"),
    needs("small letters, digits, - and _ are needed"),
]
DoubleOptInRule = Literal["always", "newsletters", "never"]
DoubleOptInRules = Annotated[
    DoubleOptInRule
    | dict[
        Annotated[str, Field(pattern=r"^([A-Z]{2}|default|unknown)$")],
        DoubleOptInRule,
    ],
    needs(
        "always, newsletters or never is needed, or such a rule for each country by its two capital"
        " letters, for default (the others) and for unknown"
    ),
]
BasisPurpose = Literal["marketing", "measuring", "calls"]
BasisRules = Annotated[
    dict[
        Annotated[str, Field(pattern=r"^([A-Z]{2}|default)$")],
        list[Literal["consent", "existing_customer", "opt_out"]],
    ],
    needs(
        "lists of consent, existing_customer and opt_out are needed, by the two capital letters of"
        " a country, or default for the others"
    ),
]
OwnDomain = Annotated[
    str,
    Field(pattern=r"^[a-z0-9-]{1,63}(\.[a-z0-9-]{1,63})+$"),
    needs("a domain is needed in small letters, such as acme.example"),
]
OWN_DOMAINS_MAX = 50


NotForSales = Literal["support", "career", "press", "supplier"]
FormsADay = Annotated[int, Field(ge=1, le=1_000_000)]
StepName = Literal[
    "honeypot",
    "token",
    "challenge",
    "known_bot",
    "disposable",
    "links",
    "network_flood",
    "mailbox_flood",
]
"""The steps of screening, by their reasons."""


class ScreeningDocument(Document):
    """What a company sets for screening. What it leaves out is as shipped (ADR 0044)."""

    forms_per_network: FormsADay | None = None
    """From one network address, a day."""
    forms_per_mailbox: FormsADay | None = None
    """For one mailbox, a day, besides those from the lead's own browser."""
    token_min_seconds: Annotated[int, Field(ge=0, le=600)] | None = None
    """How long a person takes at least to fill in a form that asks for a token."""
    tools: bool | None = None
    """Whether HTTP libraries and automated browsers that ask for a page count as bots."""
    off: Annotated[list[StepName], Field(max_length=20)] = []
    """The steps that are left out."""


class SettingsDocument(Document):
    """What a company sets for all of its emails, pages and forms."""

    company_name: CompanyName | None = None
    """What emails and pages call the company: a template's variable `company_name`."""
    colour: Colour | None = None
    """The brand's colour, of bars and buttons; the text on it is black or white."""
    logo_url: LogoUrl | None = None
    website: WebUrl | None = None
    """Where a page leads back to."""
    privacy_url: WebUrl | None = None
    """The company's own page on what it does with personal data."""
    language: Language = "en"
    """Of a page whose reader asks for none that we speak."""
    own_domains: Annotated[list[OwnDomain], Field(max_length=OWN_DOMAINS_MAX)] = []
    """Of other sites of the company's: who comes from there has not come from elsewhere."""
    country: Country | None = None
    """Where the company is: what a telephone number without a country's code is read as."""
    double_opt_in: DoubleOptInRules = Field(default_factory=dict)
    """Which ticked boxes must be confirmed, where it differs from what is shipped (ADR 0045)."""
    basis: dict[BasisPurpose, BasisRules] = Field(default_factory=dict)
    """What counts as a basis for which purpose, where it differs from what is shipped."""
    contact_rules: ContactRulesByCountry = Field(default_factory=dict)
    """What notices to sales say about calls and emails that nobody asked for, by country, where it
    differs from what is shipped."""
    form_addresses: dict[NotForSales, FormAddress] = {}
    """Who answers the forms that are not for sales: support, career, press."""
    screening: ScreeningDocument = ScreeningDocument()
    sending: SendingDocument = SendingDocument()
    """When marketing's emails leave, and how many one person gets."""
    offer: OfferDocument = NO_OFFER
    """What is sold, in the words that emails take."""
    sender: SenderDocument | None = None
    """The person that marketing's emails come from."""
    topics: Annotated[dict[TopicName, TopicWords], Field(max_length=100)] = {}
    """What each topic is called where people choose what they get emails about."""
    postal_address: ManyLines | None = None
    """Below every marketing email."""
    legal_notice: LegalNotice | None = None
    """Below the address: in Germany an email is a business letter, with legal form, seat, register
    and managing directors."""


def read_company(settings: Mapping[str, Any] | None) -> SettingsDocument:
    """Return what is set, the defaults when nothing is.

    settings: the stored document. Raise DocumentError when it breaks the format.
    """
    return read_document(SettingsDocument, settings or {})
