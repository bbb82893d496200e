"""What an email can say: the values of its variables, and what stands around its words."""

from collections.abc import Mapping

from chalicelib.company import SettingsDocument
from chalicelib.company.offer import in_language, offer_values
from chalicelib.nurture.asked_later import LATER_MONTHS
from chalicelib.nurture.calendar_file import event_facts
from chalicelib.nurture.email_document import EmailDocument, base_of
from chalicelib.nurture.framing import Letterhead
from chalicelib.nurture.phrases import day_in_words, month_name, phrases, weekday_name
from chalicelib.nurture.reader import EmailReader


def email_facts(
    email: EmailDocument,
    language: str,
    *,
    reader: EmailReader,
    company: SettingsDocument,
    unsubscribe_url: str = "",
) -> dict[str, str]:
    """Return what is known, by the variables' names; what is not known is empty."""
    spoken = base_of(language)
    offer = offer_values(company.offer, spoken, spoken=company.language, since=reader.spoke_on)
    signs = signer_of(email, spoken, reader=reader, company=company)
    facts = {
        "company_name": company.company_name or "",
        "website": company.website or "",
        "privacy_url": company.privacy_url or "",
        "first_name": reader.first_name,
        "unsubscribe_url": unsubscribe_url,
        "month": month_name(reader.today.month, language),
        "later_month": month_name(reader.today.month + LATER_MONTHS, language),
        **_flat("offer", offer),
        **_flat("sender", signs),
        **_flat("owner", reader.owner or {}),
    }
    facts |= {
        f"{whose}.first_name": facts.get(f"{whose}.name", "").partition(" ")[0]
        for whose in ("sender", "owner")
    }
    if reader.asked is not None:
        on = reader.asked.on
        facts |= {
            "form.title": reader.asked.title,
            "asked_on": day_in_words(on, language),
            "asked_weekday": weekday_name(on, language),
            "asked_month": month_name(on.month, language),
        }
    if reader.event is not None:
        facts |= event_facts(reader.event, language)
    if reader.spoke_on is not None:
        facts["spoke_month"] = month_name(reader.spoke_on.month, language)
    return facts


def signer_of(
    email: EmailDocument, language: str, *, reader: EmailReader, company: SettingsDocument
) -> Mapping[str, str]:
    """Return who signs an email: the lead's owner if the email wants that, else the person of the
    email, else that of the settings.
    """
    if email.sender.owner and reader.owner:
        return reader.owner
    ours = company.sender
    if email.sender.name and not (ours and ours.name == email.sender.name):
        return {"name": email.sender.name, "role": email.sender.role or ""}
    if ours is None:
        return {}
    known = {
        "name": ours.name,
        "role": email.sender.role or ours.role_in(language),
        "phone": ours.phone,
        "email": ours.email,
        "booking_url": ours.booking_url,
    }
    return {name: value for name, value in known.items() if value}


def letterhead_of(
    facts: Mapping[str, str], language: str, *, company: SettingsDocument, why: str
) -> Letterhead:
    """Return what stands around the words of an email. why: its reader gets it, in a sentence."""
    return Letterhead(
        company=facts["company_name"],
        colour=company.colour,
        logo_url=company.logo_url or "",
        website=facts["website"],
        privacy_url=facts["privacy_url"],
        postal_address=company.postal_address or "",
        legal_notice=in_language(company.legal_notice, base_of(language), spoken=company.language),
        sender_name=facts.get("sender.name", ""),
        sender_role=facts.get("sender.role", ""),
        sender_phone=facts.get("sender.phone", ""),
        why=why,
        unsubscribe_url=facts["unsubscribe_url"],
    )


def why_of(reader: EmailReader, language: str, company: SettingsDocument) -> str:
    """Return why somebody gets a marketing email: what they asked for, and when."""
    said = phrases(language)
    if reader.asked is not None:
        words = said["why.asked" if reader.asked.title else "why.wrote"]
        return words.format(form=reader.asked.title, date=day_in_words(reader.asked.on, language))
    known = "why.contact" if company.company_name else "why.contact.unnamed"
    return said[known].format(company=company.company_name)


def why_answered(language: str, company: SettingsDocument) -> str:
    """Return why somebody gets the answer to a form."""
    said = phrases(language)
    name = company.company_name
    return said["why.named"].format(company=name) if name else said["why"]


def _flat(around: str, values: Mapping[str, object]) -> dict[str, str]:
    """Return the values of a mapping by names with dots."""
    flat: dict[str, str] = {}
    for name, value in values.items():
        if isinstance(value, Mapping):
            flat |= _flat(f"{around}.{name}", value)
        else:
            flat[f"{around}.{name}"] = str(value or "")
    return flat
