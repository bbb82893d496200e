"""What a person wants, and what they wrote, from what they did."""

from collections.abc import Iterator, Mapping, Sequence

from chalicelib.events import Event, Kind, said_as
from chalicelib.form_kinds import ASKS_FOR, FORM_KIND, REQUEST
from chalicelib.handoff.facts import NoticeFacts
from chalicelib.inert import inert_lines
from chalicelib.scoring.model import REQUESTED

MESSAGE = "message"
"""The field in which a form asks for words."""
WANTS_BY_ASK: Mapping[str, tuple[str, str]] = {
    "demo": ("wants a demo", "asked for a demo"),
    "trial": ("wants a trial", "asked for a trial"),
    "contact": ("wants to be contacted", "asked to be contacted"),
    "meeting": ("has booked a meeting", "booked a meeting"),
}
"""What a request asks for -> what the person wants, and what they did."""
WANTS_BY_NAME: Sequence[tuple[str, tuple[str, str]]] = (
    ("quote", ("wants a quote", "asked for a quote")),
    ("quotation", ("wants a quote", "asked for a quote")),
    ("angebot", ("wants a quote", "asked for a quote")),
    ("callback", ("wants to be called back", "asked to be called back")),
    ("call-back", ("wants to be called back", "asked to be called back")),
    ("rueckruf", ("wants to be called back", "asked to be called back")),
)
"""Part of the name of a form that asks for contact -> the same, more exactly."""
MEETING = "Meeting Booked"
UNNAMED_WANT = "asks to be contacted"


def request_in(events: Sequence[Event]) -> Event | None:
    """Return the first of some events that asks for a human, None without one."""
    return next((one for one in events if _asked_in(one)), None)


def wanted_by(facts: NoticeFacts) -> str | None:
    """Return what a person wants, as in "wants a demo"; None for one who has not asked."""
    is_inferred = facts.moved is not None and facts.moved.transition.kind != REQUESTED
    found = None if is_inferred else request_in(facts.recent)
    if found is not None and (asked := _asked_in(found)):
        return asked[0]
    return UNNAMED_WANT if facts.moved is not None and not is_inferred else None


def deed_of_request(event: Event) -> str:
    """Return what a person did who asked, as in "asked for a demo"."""
    asked = _asked_in(event)
    assert asked is not None, "only of a request"
    return asked[1]


def written_in(event: Event) -> list[str]:
    """Return what somebody wrote in a form, a text for each of its lines; nothing acts in them."""
    if event.kind is not Kind.FORM:
        return []
    texts = list(_texts_in(event))
    lines = [" ".join(inert_lines(line)) for text in texts for line in text.splitlines()]
    return [line for line in lines if line]


def _texts_in(event: Event) -> Iterator[str]:
    message = said_as(event.fields.get(MESSAGE, ""))
    if message:
        yield message
        return
    for value in event.fields.values():
        text = said_as(value)
        if "\n" in text or "\r" in text:
            yield text


def _asked_in(event: Event) -> tuple[str, str] | None:
    if event.kind is Kind.TRACK and event.name == MEETING:
        return WANTS_BY_ASK["meeting"]
    if event.kind is not Kind.FORM or event.properties.get(FORM_KIND) != REQUEST:
        return None
    what = str(event.properties.get(ASKS_FOR, "contact"))
    if what != "contact":
        return WANTS_BY_ASK.get(what, WANTS_BY_ASK["contact"])
    name = event.name.replace("_", "-")
    return next((words for part, words in WANTS_BY_NAME if part in name), WANTS_BY_ASK["contact"])
