"""The notice as a text on a phone: at most two segments, with the page of the verdict."""

from unicodedata import normalize

from chalicelib.delivery.segments import GSM_BASIC, GSM_EXTENDED, count_segments, fit_text
from chalicelib.events import said_as
from chalicelib.handoff.facts import NoticeFacts
from chalicelib.handoff.headlines import Wording
from chalicelib.handoff.person_lines import unconfirmed_fields
from chalicelib.handoff.reach import shown_phone
from chalicelib.inert import inert_address

SMS_MAX_SEGMENTS = 2  # what a text may cost, and what is read at a glance
GSM = GSM_BASIC | GSM_EXTENDED


def short_text(facts: NoticeFacts, wording: Wording, page_url: str | None, reference: str) -> str:
    """Return a notice as a text of at most two segments.

    page_url: the page of the verdict, None where there is none. The headline is cut before the
    number, the link or the reference is; the address is left out before that.
    """
    phone = shown_phone(facts.profile)
    address = inert_address(said_as(facts.profile.get("email", "")))
    doubt = " (unconfirmed)" if unconfirmed_fields(facts) else ""
    link = f" {page_url}" if page_url else ""
    ways = [", ".join(filter(None, (phone, address))), phone or address]
    if not wording.asks_contact or not ways[0]:  # nothing is left of what was taken back
        ways = [""]
    ends = [f"{f'Reach: {way}{doubt}. ' if way else ''}Ref {reference}{link}" for way in ways]
    for end in ends:
        body = f"{wording.headline}. {end}"
        if count_segments(body) <= SMS_MAX_SEGMENTS:
            return body
    # The blank before the dots: a cut behind `tel:` must not put anything where a number would
    # stand. A letter that is not in the phones' own alphabet more than halves a text, and the link,
    # which nobody can guess, is worth more than the letter.
    plain = _plain if link else str
    return fit_text(plain(wording.headline), plain(f" ... {ends[-1]}"), SMS_MAX_SEGMENTS)


def _plain(text: str) -> str:
    """Return a text in the letters of the phones' own alphabet, as far as they have a base."""
    parts = (one if one in GSM else normalize("NFKD", one) for one in text)
    return "".join(one for one in "".join(parts) if one in GSM)
