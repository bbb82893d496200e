"""What is missing to switch a sequence on: the words of the settings that its emails take and that
are empty (ADR 0059).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from chalicelib.company import SettingsDocument
from chalicelib.document import read_document
from chalicelib.errors import DocumentError, FieldError
from chalicelib.nurture.email_checks import EmailSurroundings
from chalicelib.nurture.email_document import MARKETING, EmailDocument, base_of
from chalicelib.nurture.email_warnings import NOBODY, missing_values
from chalicelib.nurture.emails import languages_for
from chalicelib.nurture.sequences import SequenceDocument

OFFER = "offer."
MAY_LACK = ("offer.case.", "offer.changes")
"""What an email may lack when its sequence is switched on: its step is skipped until it is there,
with the reason no_content.
"""
LETTERHEAD = ("company_name", "postal_address")
"""What stands around every marketing email."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EmptySlot:
    """A word that an email takes from the settings, and that is not there."""

    email: str | None
    """None: every marketing email has it."""
    slot: str
    """The variable that the email prints."""
    setting: str
    """Where it belongs in the settings."""
    is_skipped: bool = False
    """Whether the sequence goes on without the email, and need not wait for the word."""


def activation_mistakes(
    sequence: SequenceDocument, around: EmailSurroundings
) -> Iterator[FieldError]:
    """Yield why a sequence cannot be active: each empty slot, with its email and its setting."""
    if not sequence.active:
        return
    for place, email_id in _emails_of(sequence):
        for empty in empty_slots(email_id, around):
            if not empty.is_skipped:
                words = (
                    f"the email {email_id} needs {empty.slot}, which is empty; put"
                    f" {empty.setting} into the settings first, or leave the sequence inactive"
                )
                yield FieldError(place, words)


def letterhead_mistakes(
    sequence: SequenceDocument, company: SettingsDocument
) -> Iterator[FieldError]:
    """Yield what the settings lack to stand around the emails of an active sequence."""
    if sequence.active:
        for name in _missing_letterhead(company):
            words = f"every marketing email shows it; put {name} into the settings first"
            yield FieldError(f"settings.{name}", words)


def language_warnings(
    sequence: SequenceDocument, around: EmailSurroundings
) -> Iterator[FieldError]:
    """Yield which emails of an active sequence people do not get in their own language."""
    if not sequence.active:
        return
    for place, email_id in _emails_of(sequence):
        if (email := _marketing_email(email_id, around)) is None:
            continue
        for language in (email.language, *email.languages):
            needed = [one for one in _empty_in(email, language, around) if not one.is_skipped]
            if needed:
                words = (
                    f"the email {email_id} is not whole in {language}, so people who speak it get"
                    f" it in another language; put {_listed(needed)} into the settings"
                )
                yield FieldError(place, words)


def slot_warnings(
    sequences: Iterable[SequenceDocument], around: EmailSurroundings
) -> Iterator[FieldError]:
    """Yield which emails of active sequences are skipped with new settings, those of `around`."""
    for sequence in sequences:
        if sequence.active:
            for empty in _empty_slots_of(sequence, around):
                words = (
                    f"is empty: the sequence {sequence.id} skips the email {empty.email}, which"
                    f" needs {empty.slot}"
                )
                yield FieldError(empty.setting, words)


def to_switch_on(
    sequences: Iterable[SequenceDocument], around: EmailSurroundings
) -> Mapping[str, Sequence[Mapping[str, Any]]]:
    """Return what each sequence that is not active lacks, by their ids, as `EmptySlot` has it."""
    letterhead = [
        EmptySlot(email=None, slot=name, setting=name)
        for name in _missing_letterhead(around.company)
    ]
    return {
        sequence.id: [asdict(one) for one in (*letterhead, *_empty_slots_of(sequence, around))]
        for sequence in sequences
        if not sequence.active
    }


def empty_slots(email_id: str, around: EmailSurroundings) -> Sequence[EmptySlot]:
    """Return the words of the offer that an email cannot do without and that are empty.

    There are none when the email is whole in one of its languages: everybody gets it in that.
    """
    email = _marketing_email(email_id, around)
    if email is None:
        return ()
    found = [
        _empty_in(email, language, around)
        for language in languages_for(email, NOBODY, around.company)
    ]
    return min(found, key=lambda slots: sum(not one.is_skipped for one in slots))


def missing_slots(email: EmailDocument, language: str, around: EmailSurroundings) -> list[str]:
    """Return the words of the offer that an email in a language prints and that are empty."""
    missing, _ = missing_values(email, language, around.company, around.partial)
    return [name for name in missing if name.startswith(OFFER)]


def _marketing_email(email_id: str, around: EmailSurroundings) -> EmailDocument | None:
    """Return an email as a sequence may send it; that there is none is a mistake of its own."""
    try:
        email = read_document(EmailDocument, around.emails.get(email_id, {}))
    except DocumentError:
        return None
    return email if email.kind == MARKETING else None


def _listed(slots: Iterable[EmptySlot]) -> str:
    return ", ".join(dict.fromkeys(one.setting for one in slots))


def _empty_in(
    email: EmailDocument, language: str, around: EmailSurroundings
) -> Sequence[EmptySlot]:
    return [
        EmptySlot(
            email=email.id,
            slot=name,
            setting=_setting_of(name, base_of(language), around.company),
            is_skipped=name.startswith(MAY_LACK),
        )
        for name in missing_slots(email, language, around)
    ]


def _empty_slots_of(sequence: SequenceDocument, around: EmailSurroundings) -> Iterator[EmptySlot]:
    for email_id in dict.fromkeys(one for _, one in _emails_of(sequence)):
        yield from empty_slots(email_id, around)


def _missing_letterhead(company: SettingsDocument) -> Sequence[str]:
    return [name for name in LETTERHEAD if getattr(company, name) is None]


def _setting_of(slot: str, language: str, company: SettingsDocument) -> str:
    """Return where a word belongs: the offer's own are in the language of the settings."""
    name = slot.removeprefix(OFFER)
    if name.startswith("case."):
        name = "case"  # told whole or not at all
    return f"offer.{name}" if language == company.language else f"offer.languages.{language}.{name}"


def _emails_of(sequence: SequenceDocument) -> Iterator[tuple[str, str]]:
    """Yield each email that a sequence may send, with the place that names it."""
    for position, step in enumerate(sequence.steps):
        for email_id in step.every_email:
            yield f"steps.{position}.{'emails' if step.emails else 'email'}", email_id
        if step.else_ is not None and step.else_ not in sequence.step_ids:
            yield f"steps.{position}.else", step.else_
