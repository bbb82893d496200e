"""What a person did, in the words of a notice."""

from collections.abc import Mapping

from chalicelib.events import Event, Kind, said_as
from chalicelib.handoff.reaction import OUR_DEEDS
from chalicelib.inert import inert
from chalicelib.mail_events import COUNTED, MailEvent

MAIL_DEEDS: Mapping[MailEvent, str] = {
    MailEvent.DELIVERED: "got an email",
    MailEvent.CLICKED: "clicked a link in an email",
    MailEvent.ANSWERED: "answered a question in an email",
    MailEvent.REPLIED: "answered an email",
    MailEvent.BOUNCED: "an email to them bounced",
    MailEvent.COMPLAINED: "reported an email as spam",
    MailEvent.UNSUBSCRIBED: "wants no more emails",
    MailEvent.CHOSE: "chose which emails to get",
    MailEvent.CONFIRMED: "confirmed their address",
}
TRACK_DEEDS: Mapping[str, str] = {
    "Asset Downloaded": "downloaded",
    "Meeting Booked": "booked a meeting",
    "Webinar Attended": "attended a webinar",
}
"""The events of the model that ships."""


def is_deed(event: Event) -> bool:
    """Return whether a notice tells of an event. What is only noted of a link it does not."""
    is_noted = event.kind is Kind.MAIL and event.name not in COUNTED
    return event.kind not in OUR_DEEDS and not is_noted


def deed_in_words(event: Event, *, is_quoted: bool = False) -> str:
    """Return one event in plain words, with whatever was typed inert.

    is_quoted: whether what somebody wrote in it stands elsewhere.
    """
    name = inert(event.name)
    if event.kind is Kind.PAGE:
        path = inert(str(event.properties.get("path", "a page")).strip("/"))
        return f"visited {path or 'the home page'}"
    if event.kind is Kind.FORM:
        message = "" if is_quoted else inert(said_as(event.fields.get("message", "")))
        return f"sent the form {name}" + (f': "{message}"' if message else "")
    if event.kind is Kind.MAIL:
        return MAIL_DEEDS[MailEvent(event.name)]
    asset = inert(str(event.properties.get("asset", "")))
    if event.name in TRACK_DEEDS:
        return " ".join(filter(None, (TRACK_DEEDS[event.name], asset)))
    return f"{name or event.kind.value}" + (f" ({asset})" if asset else "")
