"""A crowd: many different leads with a past, each in the stage where the default model puts it."""

import random
from base64 import b32encode
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from hashlib import sha256
from typing import cast

from chalicelib.events import Rank, Value
from chalicelib.leads.decision import decide_lead
from chalicelib.leads.lead import Lead
from chalicelib.qualify.reactions import LeadChange
from chalicelib.scoring.model import Model
from chalicelib.scoring.profile import Known, Profile
from chalicelib.scoring.tally import Tally
from chalicelib.scoring.touches import Touch, Touches
from chalicelib.store.leads import Leads
from chalicelib.store.table import Item, Put, Table, Write
from tests import factories as make

TITLES = ["CTO", "Head of IT", "Product manager", "Baker", "Student", "Engineer"]
INDUSTRIES = ["software", "bakery"]
COUNTRIES = ["DE", "FR", "US"]
DOMAINS = ["acme.example", "gmail.com"]
MEDIUMS = ["cpc", "organic", "referral", "social"]
SIGNALS = [
    "site-visit",
    "blog",
    "product-page",
    "case-study",
    "compare-page",
    "webinar-attended",
    "email-click",
]
PAST_DAYS = 60


def lead_id(number: int) -> str:
    """Return an id that looks like a real one: the characters of a hash."""
    return b32encode(sha256(str(number).encode()).digest()).decode()[:26]


def person(drawn: random.Random, number: int, now: datetime) -> Profile:
    """Return what is known about somebody."""
    facts: dict[str, Value] = {
        "email": f"ann{number}@{drawn.choice(DOMAINS)}",
        "first_name": "Ann",
        "job_title": drawn.choice(TITLES),
        "company": "Acme",
        "company_size": drawn.randint(1, 3000),
        "industry": drawn.choice(INDUSTRIES),
        "country": drawn.choice(COUNTRIES),
    }
    return {
        name: (Known(Rank.FORM, at=now, event_id=f"{number:030d}", value=one),)
        for name, one in facts.items()
    }


def behaviour(drawn: random.Random, cells: int, today: int) -> Tally:
    """Return a tally with a number of day cells in the last sixty days."""
    days: dict[str, dict[int, int]] = {}
    for position in range(cells):
        signal = SIGNALS[position % len(SIGNALS)]
        days.setdefault(signal, {})[today - drawn.randrange(PAST_DAYS)] = drawn.randint(1, 4)
    return Tally({signal: dict(sorted(one.items())) for signal, one in days.items()})


def people(model: Model, cells: Mapping[int, int], now: datetime) -> Iterator[Lead]:
    """Yield leads, each where the model puts it. cells: day cells -> how many leads have them."""
    drawn = random.Random(7)
    number = 0
    for each, many in cells.items():
        for _ in range(many):
            number += 1
            touch = Touch(now, f"{number:030d}", "google", drawn.choice(MEDIUMS), "spring")
            lead = Lead(
                lead_id=lead_id(number),
                version=1,
                profile=person(drawn, number, now),
                touches=Touches(touch, touch),
                tally=behaviour(drawn, each, now.date().toordinal()),
                matching=model.matching,
            )
            yield decide_lead(model, lead, now).lead


class _NotingTable:
    """A table that keeps only what was written to it last."""

    def __init__(self) -> None:
        self.items: list[Item] = []

    def write(self, *writes: Write) -> None:
        self.items = [write.item for write in writes if isinstance(write, Put)]


def stored(lead: Lead) -> list[Item]:
    """Return a lead's items, as the store writes them."""
    table = _NotingTable()
    Leads(cast(Table, table), mailbox_of=make.mailbox, spread_reviews=True).write(
        Lead(lead_id=lead.lead_id), replace(lead, version=1), LeadChange()
    )
    return table.items
