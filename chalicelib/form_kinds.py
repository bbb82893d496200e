"""What a form is for, by its name and by the purpose that its sender chose: whether a human must
answer it, and with what (ADR 0041).

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

NAMES_NOT_SALES: Mapping[str, re.Pattern[str]] = {
    "support": re.compile(r"support|help-?desk|(?<![a-z])hilfe|stoerung|reklamation|complaint"),
    "career": re.compile(r"career|karriere|job|bewerb|stellen|recruit|candidat|lavora-con"),
    "press": re.compile(r"(?<!ex)(?<!word)press(?!o)"),
}
"""Forms that look like requests but are not for sales. Tried first, for `press-contact`."""
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
PURPOSE_FIELD = re.compile(
    r"(?:(?:your|ihre?|dein)_)?(?:purpose|topic|subject|reason|department|category|concern"
    r"|regarding|(?:inquiry|enquiry|request)_type|type_of_(?:inquiry|enquiry|request)"
    r"|contact_reason|reason_for_contact(?:ing_us)?|anliegen|betreff|thema|grund|kontaktgrund"
    r"|abteilung|kategorie|zweck)"
)
"""What a page calls the field in which one chooses what a form is for, made safe."""
PURPOSES: Mapping[str, re.Pattern[str]] = {
    "support": re.compile(
        r"support|helpdesk|complaints?|kundendienst|kundensupport|supportanfrage|hilfe|reklamation"
        r"|beschwerde|störung|stoerung"
    ),
    "career": re.compile(
        r"careers?|jobs?|applications?|recruiting|recruitment|hiring|vacanc(?:y|ies)|internships?"
        r"|karriere|bewerbung(?:en)?|initiativbewerbung|(?:stellen|job)angebote?|praktikum"
        r"|ausbildung"
    ),
    "press": re.compile(r"press|media|journalists?|presse|medien|(?:presse|medien)anfragen?"),
    "supplier": re.compile(r"suppliers?|vendors?|lieferant(?:en)?|zulieferer"),
}
"""Kind -> a word that names it as a purpose, case-folded. A form by the name of suppliers may well
be for those who buy, so that only a purpose says that kind."""
NOT_SALES = frozenset(PURPOSES)
"""The kinds of forms that are none for sales."""
BESIDE_PURPOSE = re.compile(
    r"an?|and|applications?|as|become|contact|customer|for|general|help|my|new|office|opportunities"
    r"|or|other|relations|(?:in|en)quir(?:y|ies)|questions?|requests?|service|team|tech|technical"
    r"|the|to|abteilung|als|anfragen?|bei|der|die|eine|fragen?|für|kontakt|kunden|oder"
    r"|technischer?|und|werden|zur?"
)
"""A word that may stand beside those, and says nothing by itself."""
PURPOSE_MAX_WORDS = 4
PURPOSE_MAX_CHARS = 60
PURPOSE_WORD = re.compile(r"[^\W_]+")


@lru_cache(maxsize=NAMES_REMEMBERED)
def kind_by_name(form_id: str) -> str:
    """Return what a form is for, as its name says."""
    name = form_id.replace("_", "-")
    for kind, words in NAMES_NOT_SALES.items():
        if words.search(name):
            return kind
    if any(words.search(name) for words in ASKS.values()):
        return REQUEST
    return next((kind for kind, words in KINDS.items() if words.search(name)), NO_KIND)


def is_purpose_field(name: str) -> bool:
    """Return whether a field, by its safe name, says what its form is for."""
    return bool(PURPOSE_FIELD.fullmatch(name))


def kind_by_purpose(chosen: str) -> str | None:
    """Return the kind that a chosen purpose names; None for one that is for sales, and for a text
    that says more than that.
    """
    words = PURPOSE_WORD.findall(chosen[:PURPOSE_MAX_CHARS].casefold())
    if len(chosen) > PURPOSE_MAX_CHARS or len(words) > PURPOSE_MAX_WORDS:
        return None
    for kind, name in PURPOSES.items():
        others = [word for word in words if not name.fullmatch(word)]
        if len(others) < len(words) and all(map(BESIDE_PURPOSE.fullmatch, others)):
            return kind
    return None


def kind_facts(form_id: str, kind: str | None = None, purpose: str | None = None) -> dict[str, str]:
    """Return what a form's event says of its kind.

    kind: as the form's document has it; without one its name says it. purpose: the kind that the
    sender's choice names. It outranks both, but a newsletter, download or event stays what it is:
    there one chooses what to read about.
    """
    found = kind or kind_by_name(form_id)
    if purpose and found not in KINDS:
        found = purpose
    return (
        {FORM_KIND: found, ASKS_FOR: _asks_for(form_id)} if found == REQUEST else {FORM_KIND: found}
    )


@lru_cache(maxsize=NAMES_REMEMBERED)
def _asks_for(form_id: str) -> str:
    name = form_id.replace("_", "-")
    return next((what for what, words in ASKS.items() if words.search(name)), "contact")
