"""The reasons of a score in the words of a salesperson: the three strongest, and each of a sum."""

import re
from collections.abc import Mapping, Sequence
from datetime import date

from chalicelib.days import day_of
from chalicelib.handoff.facts import NoticeFacts
from chalicelib.handoff.wanted import deed_of_request, request_in
from chalicelib.inert import inert
from chalicelib.inputs.countries import country_name
from chalicelib.scoring.model import REQUESTED

STRONGEST = 3
LIMIT = "limit:"  # what the id of the reason of a limit begins with
#: What a score says of itself: what a limit per day left out, and what time has taken.
ACCOUNTS = re.compile(r", \d+ more not counted: at most \d+ a day|, [\d.,]+ of [\d.,]+ points .*$")
FADED = re.compile(r", [\d.,]+ of [\d.,]+ points gone with time")
REPEATED = re.compile(r", [\d.,]+ of [\d.,]+ points left out as repetition")
ON_ONE_DAY = re.compile(r" on 1 day$")
NUMBERED = re.compile(r": (\d+)$")  # of a signal that counts different things
FACT = re.compile(r"^[\w ]+ is |^(?:first|last) came by ")
"""Of what is known of somebody, and not of what they did."""
CODE_IN_REASON = re.compile(r"\bcountry is ([A-Z]{2})\b")
SIZE = re.compile(r"\bcompany size is (\d{4,})\b")
FACTS: Sequence[tuple[re.Pattern[str], str]] = (
    (re.compile(r"^job title is (.+)"), r"job title: \1"),
    (re.compile(r"^company size is ([\d,]+)$"), r"\1 people at the company"),
    (re.compile(r"^industry is (.+)"), r"industry: \1"),
    (re.compile(r"^country is (.+)"), r"is in \1"),
    (re.compile(r"^phone is given"), "gave a telephone number"),
    (re.compile(r"^company is given"), "named the company"),
)
DEEDS: Mapping[str, str] = {
    "demo request": "asked for a demo",
    "trial start": "asked for a trial",
    "contact request": "asked to be contacted",
    "meeting booked": "booked a meeting",
    "urgent need": "wrote that it is urgent",
    "mail reply": "answered an email",
    "email click": "clicked a link in an email",
    "guide download": "downloaded a guide",
    "product sheet": "downloaded a product sheet",
    "webinar signup": "signed up for a webinar",
    "webinar attended": "attended a webinar",
    "newsletter signup": "signed up for the newsletter",
    "site visit": "visited the website",
    "visited the blog": "read the blog",
    "visited the case study": "read a case study",
    "visited the product page": "read about the product",
    "visited the compare page": "compared us with others",
    "ad click": "came by an advertisement",
}
"""How the signals of the model that ships begin, and what a person did."""


def strongest_reasons(facts: NoticeFacts) -> list[str]:
    """Return the three strongest reasons for a transition in words: what was asked for, then what
    gave most points. None of a lead that stayed where it was.
    """
    if facts.moved is None:
        return []
    said = [reason_sentence(text) for text in _by_points(facts)]
    request = request_in(facts.recent) if facts.moved.transition.kind == REQUESTED else None
    if request is not None:
        deed = deed_of_request(request)
        said = [one for one in said if not one.startswith(deed)]
        said.insert(0, f"{deed} {_when(day_of(request.captured_at, facts.reader.zone), facts)}")
    return said[:STRONGEST]


def strongest_deed(facts: NoticeFacts) -> str:
    """Return what somebody did that gave most points, in words; empty where they did nothing."""
    deeds = (text for text in _by_points(facts) if not FACT.search(text))
    return reason_sentence(next(deeds, ""))


def reason_sentence(text: str) -> str:
    """Return the reason of a rule as a plain sentence without a subject."""
    said = points_line(ON_ONE_DAY.sub("", ACCOUNTS.sub("", ACCOUNTS.sub("", text))))
    number = NUMBERED.search(said)
    said = NUMBERED.sub("", said)
    for words, deed in DEEDS.items():
        if said.startswith(words):
            times = f", {number[1]} of them" if number else ""
            return deed + said.removeprefix(words) + times
    for fact, sentence in FACTS:
        if fact.match(said):
            return fact.sub(sentence, said)
    return said


def points_line(text: str) -> str:
    """Return the reason of a rule as a sum shows it: without codes and thousandths of points."""
    said = CODE_IN_REASON.sub(lambda found: f"country is {country_name(found[1])}", inert(text))
    said = SIZE.sub(lambda found: f"company size is {int(found[1]):,}", said)
    return REPEATED.sub(", repeated", FADED.sub(", faded with time", said))


def _by_points(facts: NoticeFacts) -> list[str]:
    """Return the reasons that gave points, the most first."""
    reasons = [
        (milli, text)
        for rule, group, milli, text in (facts.moved.reasons if facts.moved else ())
        if milli > 0 and not rule.startswith(LIMIT) and group not in facts.outside_total
    ]
    return [text for _, text in sorted(reasons, key=lambda one: -one[0])]


def _when(day: date, facts: NoticeFacts) -> str:
    today = day_of(facts.now, facts.reader.zone)
    ago = (today - day).days
    return {0: "today", 1: "yesterday"}.get(ago) or f"on {day.day} {day:%b}"
