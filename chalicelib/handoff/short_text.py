"""The notice as a text on a phone: at most two segments, with the page of the verdict."""

from unicodedata import normalize

from chalicelib.delivery.segments import GSM_BASIC, GSM_EXTENDED, count_segments, fit_text
from chalicelib.events import said_as
from chalicelib.handoff.facts import NoticeFacts
from chalicelib.handoff.headlines import Wording
from chalicelib.handoff.person_lines import NAME_MAX_CHARS, cut_words, unconfirmed_fields
from chalicelib.handoff.reach import shown_phone, time_there
from chalicelib.inert import inert_address

SMS_MAX_SEGMENTS = 2  # what a text may cost, and what is read at a glance
HEAD_MIN_CHARS = 40
"""Of who it is: somebody's long address goes before that."""
GSM = GSM_BASIC | GSM_EXTENDED


def short_text(facts: NoticeFacts, wording: Wording, page_url: str | None, reference: str) -> str:
    """Return a notice as a text of at most two segments.

    page_url: the page of the verdict, None where there is none. The headline is cut before the
    number, the link or the reference is; the address is left out before that.
    """
    whole, short, least = (
        f"{f'Reach: {way}. ' if way else ''}Ref {reference}{f' {page_url}' if page_url else ''}"
        for way in _ways(facts, wording)
    )
    for end in (whole, short):
        body = f"{wording.headline}. {end}"
        if count_segments(body) <= SMS_MAX_SEGMENTS:
            return body
    # A letter that is not in the phones' own alphabet more than halves a text, and the link, which
    # nobody can guess, is worth more than the letter.
    plain = _plain if page_url else str
    head = plain(wording.headline)
    # The blank before the dots: a cut behind `tel:` must not put anything where a number would
    # stand.
    ends = [plain(f" ... {end}") for end in (short, least)]
    fits = (end for end in ends if count_segments(head[:HEAD_MIN_CHARS] + end) <= SMS_MAX_SEGMENTS)
    return fit_text(head, next(fits, ends[-1]), SMS_MAX_SEGMENTS)


def _ways(facts: NoticeFacts, wording: Wording) -> tuple[str, str, str]:
    """Return how to reach somebody: by all that is known, by one way, and nothing of it."""
    if not wording.asks_contact:
        return "", "", ""
    phone = cut_words(shown_phone(facts.profile), NAME_MAX_CHARS).rstrip(": ")
    there = time_there(facts.place, facts.now, facts.reader.zone)
    called = f"{phone} ({there})" if phone and there else phone
    address = inert_address(said_as(facts.profile.get("email", "")))
    doubt = " (unconfirmed)" if unconfirmed_fields(facts) else ""
    every = ", ".join(filter(None, (called, address)))
    return (f"{every}{doubt}", f"{phone or address}{doubt}", "") if every else ("", "", "")


def _plain(text: str) -> str:
    """Return a text in the letters of the phones' own alphabet, as far as they have a base."""
    parts = (one if one in GSM else normalize("NFKD", one) for one in text)
    return "".join(one for one in "".join(parts) if one in GSM)
