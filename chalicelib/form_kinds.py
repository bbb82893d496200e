"""What a form is for, by its name: whether a human must answer it, and with what (ADR 0041).

Stands below all rooms: capture writes it on the event, and signals ask for it.
"""

import re
from collections.abc import Mapping
from functools import lru_cache

FORM_KIND = "form_kind"
"""The property of a form's event that says what the form is for."""
ASKS_FOR = "asks_for"
"""The property that says what a request asks for: a demo, a trial or a contact."""
REQUEST = "request"
NO_KIND = "other"

NOT_SALES: Mapping[str, re.Pattern[str]] = {
    "support": re.compile(r"support|help-?desk|(?<![a-z])hilfe|stoerung|reklamation|complaint"),
    "career": re.compile(r"career|karriere|job|bewerb|stellen|recruit|candidat|lavora-con"),
    "press": re.compile(r"(?<!ex)(?<!word)press(?!o)"),
}
"""What looks like a request and is none for sales; first, because `press-contact` is no contact."""
ASKS: Mapping[str, re.Pattern[str]] = {
    "demo": re.compile(r"demo|vorfuehrung|produkttour"),
    "trial": re.compile(r"trial|testzugang|testversion|kostenlos-testen|essai|prova-gratuita"),
    "contact": re.compile(
        r"cont[aá]ct|kontakt|contatt|contacto|quote|quotation|angebot|offerte|devis|presupuesto"
        r"|preventivo|call-?_?back|rueckruf|ruckruf|rappel|request|anfrage|inquiry|enquiry"
        r"|talk-to|sales|vertrieb|pricing|consult|beratung|meeting|termin|appointment|book-a"
    ),
}
KINDS: Mapping[str, re.Pattern[str]] = {
    "newsletter": re.compile(r"newsletter|news-?letter|subscri|abonn|mailing|updates"),
    "event": re.compile(r"webinar|event|workshop|seminar|conference|messe|meetup|veranstaltung"),
    "download": re.compile(
        r"guide|download|white-?paper|e-?book|report|brochure|broschuere|datasheet|datenblatt"
        r"|checklist|template|leitfaden"
    ),
}
NAMES_REMEMBERED = 512


@lru_cache(maxsize=NAMES_REMEMBERED)
def kind_by_name(form_id: str) -> str:
    """Return what a form is for, as its name says."""
    name = form_id.replace("_", "-")
    for kind, words in NOT_SALES.items():
        if words.search(name):
            return kind
    if any(words.search(name) for words in ASKS.values()):
        return REQUEST
    return next((kind for kind, words in KINDS.items() if words.search(name)), NO_KIND)


def kind_facts(form_id: str, kind: str | None = None) -> dict[str, str]:
    """Return what a form's event says of its kind.

    kind: as the form's document has it; without one its name says it.
    """
    found = kind or kind_by_name(form_id)
    return (
        {FORM_KIND: found, ASKS_FOR: _asks_for(form_id)} if found == REQUEST else {FORM_KIND: found}
    )


def _asks_for(form_id: str) -> str:
    name = form_id.replace("_", "-")
    return next((what for what, words in ASKS.items() if words.search(name)), "contact")
