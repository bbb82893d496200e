"""What scoring is measured on: fifty rules on twelve signals and a profile, and leads with a
past.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from chalicelib.events import Rank, Value
from chalicelib.leads.lead import Lead
from chalicelib.scoring.compile import compile_model
from chalicelib.scoring.model import Model
from chalicelib.scoring.profile import Known, Profile
from chalicelib.scoring.tally import Tally
from chalicelib.scoring.touches import Touch, Touches

RULES = 50
SIGNALS = 12
CELLS = 100
DAYS = 120
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
TODAY = NOW.date()
MEDIUMS = ["cpc", "email", "social", "referral"]

HALF_LIVES = (10, 14, 21, 30, 45, 90)
FIELD_RULES: dict[str, dict[str, Any]] = {
    "seniority": {
        "field": "job_title",
        "tiers": [
            {
                "matches": ["ceo", "cto", "chief *", "founder*", "vp *", "head of *", "director*"],
                "points": 14,
            },
            {
                "matches": ["*manager*", "* lead", "*architect*", "*engineer*", "*analyst*"],
                "points": 8,
            },
        ],
    },
    "size": {
        "field": "company_size",
        "tiers": [{"between": [50, 1000], "points": 10}, {"between": [20, 5000], "points": 5}],
    },
    "industry": {
        "field": "industry",
        "matches": ["software", "saas", "it*", "finan*"],
        "points": 6,
    },
    "country": {"field": "country", "equals": ["DE", "AT", "CH", "US", "GB"], "points": 4},
    "phone": {"field": "phone", "present": True, "points": 4},
    "company": {"field": "company", "present": True, "points": 2},
}
UNDESIRABLES: dict[str, dict[str, Any]] = {
    "free-mail": {"field": "email_domain", "in_list": "free_mail", "points": -12},
    "role-address": {"field": "email_local", "in_list": "role", "points": -6},
    "student": {
        "field": "job_title",
        "matches": ["*student*", "*intern", "intern *", "*trainee*"],
        "points": -30,
    },
    "procurement": {
        "field": "job_title",
        "matches": ["*procurement*", "*purchasing*"],
        "points": -10,
    },
    "tiny": {"field": "company_size", "between": [1, 4], "points": -8},
    "competitor": {"field": "email_domain", "matches": ["rival.example"], "disqualify": True},
}
ROLES = {
    f"role-{word}": {"field": "job_title", "matches": [f"*{word}*"], "points": 1}
    for word in ("it", "data", "web", "cloud", "sales", "legal")
}
COUNTRIES = {
    f"country-{code}": {"field": "country", "equals": code, "points": 1}
    for code in ("DE", "FR", "PL", "GB", "US", "CH")
}
CHANNEL: dict[str, dict[str, Any]] = {
    "first": {
        "touch": "first",
        "field": "medium",
        "tiers": [{"equals": ["referral"], "points": 5}, {"equals": ["cpc"], "points": 3}],
    },
    "last": {"touch": "last", "field": "medium", "equals": ["cpc", "organic"], "points": 2},
}


PERSON = {**FIELD_RULES, **ROLES, **COUNTRIES}


def scoring_model(points: float = 1.0) -> Model:
    """Return a model of twelve signals and fifty rules.

    Twenty-six rules are on the person and where they came from, twenty-four on what they did: two
    for each signal. points: what each of those is worth, so that two models can differ.
    """
    fixed = len(PERSON) + len(UNDESIRABLES) + len(CHANNEL)
    document = {
        "name": "fifty rules",
        "signals": {
            f"act-{number}": {"on": "page", "where": {"path": [f"/{number}/*"]}}
            for number in range(SIGNALS)
        },
        "rules": {
            "profile": PERSON,
            "channel": CHANNEL,
            "undesirables": UNDESIRABLES,
            "actions": {
                f"rule-{number}": _rule(number, points) for number in range(RULES - fixed - 1)
            }
            | {"fault": _rule(RULES - fixed - 1, -points)},
        },
        "groups": {
            "fit": {"min": -40, "max": 40},
            "channel": {"min": -5, "max": 5},
            "engagement": {"min": -10, "max": 25},
            "intent": {"min": 0, "max": 30},
        },
        "sums": {"activity": ["engagement", "intent"]},
        "grades": {"A": 30, "B": 20, "C": 10, "D": 0},
        "grade_needs": 2,
        "stages": {
            "mql": {
                "any": [{"score": 50, "fit": 0, "activity": 12}],
                "cool_below": {"activity": 5},
                "stay_days": 14,
            },
            "sql": {
                "any": [
                    {"score": 70, "fit": 20, "intent": 15},
                    {"signal": "act-0", "within_days": 2, "fit": 0},
                ]
            },
        },
    }
    return compile_model(document, 1)


def _rule(number: int, points: float) -> dict[str, Any]:
    return {
        "signal": f"act-{number % SIGNALS}",
        "points": points,
        "half_life_days": HALF_LIVES[(number // SIGNALS + number) % len(HALF_LIVES)],
        "per_day": 1 + number % 3,
        "max_points": 20,
        "group": ("engagement", "intent")[number % 2],
    }


def leads(number: int, cells: int = CELLS) -> Iterator[Lead]:
    """Yield a number of different leads, each with day cells over twelve signals and 120 days."""
    drawn = random.Random(number)
    matching = scoring_model().matching
    for position in range(number):
        yield Lead(
            lead_id=f"{position:026d}",
            version=1,
            profile=_profile(drawn, position),
            touches=_touches(drawn, position),
            tally=_tally(drawn, cells),
            model_version=1,
            matching=matching,
        )


def _profile(drawn: random.Random, position: int) -> Profile:
    facts: dict[str, Value] = {
        "email": f"ann{position}@{drawn.choice(['acme.example', 'gmail.com'])}",
        "first_name": "Ann",
        "job_title": drawn.choice(["CTO", "Head of IT", "Product manager", "Baker", "Student"]),
        "company": "Acme",
        "company_size": drawn.randint(1, 3000),
        "industry": drawn.choice(["software", "bakery"]),
        "country": drawn.choice(["DE", "FR"]),
        "phone": "+49 30 901820",
    }
    return {
        name: (Known(Rank.FORM, at=NOW, event_id=f"{position:030d}", value=value),)
        for name, value in facts.items()
    }


def _touches(drawn: random.Random, position: int) -> Touches:
    touch = Touch(NOW, f"{position:030d}", "google", drawn.choice(MEDIUMS), "spring")
    return Touches(touch, touch)


def _tally(drawn: random.Random, cells: int) -> Tally:
    days: dict[str, dict[int, int]] = {}
    for cell in sorted(drawn.sample(range(SIGNALS * DAYS), cells)):
        signal, ago = divmod(cell, DAYS)
        days.setdefault(f"act-{signal}", {})[TODAY.toordinal() - ago] = drawn.randint(1, 4)
    return Tally(days)
