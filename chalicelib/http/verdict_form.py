"""What the form of a handoff's page sends: the draft of a verdict, and what is wrong with it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from chalicelib.commands.verdicts import Rejection
from chalicelib.errors import InputError
from chalicelib.http.exchange import reason_in, whole_number
from chalicelib.leads.acts import ContactHow
from chalicelib.lifecycle.verdicts import TAKE_A_DATE, RejectReason, SalesVerdict
from chalicelib.limits import VERDICT_UNTIL_MAX_DAYS

MONTHS_AHEAD = (1, 3, 6, 12)
ATTEMPTS_MAX = 99


@dataclass(frozen=True, slots=True, kw_only=True)
class VerdictDraft:
    """What somebody filled in, as they did."""

    verdict: str = ""
    how: str = ""
    reason: str = ""
    until: str = ""
    who: str = ""
    duplicate_of: str = ""
    attempts: str = ""
    note: str = ""


NO_DRAFT = VerdictDraft()


def draft_in(sent: Mapping[str, Sequence[str]]) -> VerdictDraft:
    """Return what a form sends. Of the days the one that was typed counts before one chosen."""

    def last(name: str) -> str:
        return next((one.strip() for one in reversed(sent.get(name, ())) if one.strip()), "")

    return VerdictDraft(
        verdict=last("verdict"),
        how=last("how"),
        reason=last("reason"),
        until=last("until"),
        who=last("who"),
        duplicate_of=last("duplicate_of"),
        attempts=last("attempts"),
        note=last("note"),
    )


def verdict_in_draft(draft: VerdictDraft) -> SalesVerdict | None:
    """Return which verdict a draft gives, None for none that there is."""
    return SalesVerdict(draft.verdict) if draft.verdict in set(SalesVerdict) else None


def how_in_draft(draft: VerdictDraft) -> ContactHow | None:
    """Return how somebody gets in touch at once, None when they did not say."""
    return ContactHow(draft.how) if draft.how in set(ContactHow) else None


def read_rejection(draft: VerdictDraft, today: date) -> Rejection | dict[str, str]:
    """Return the rejection of a draft; or, of a wrong one, field -> key of what to say about it."""
    errors: dict[str, str] = {}
    if draft.reason not in set(RejectReason):
        return {"reason": "verdict.error.reason"}
    reason = RejectReason(draft.reason)
    # What is filled in under another reason was hidden when this one was chosen.
    until = day_ahead(draft.until, today) if draft.until and reason in TAKE_A_DATE else None
    if draft.until and reason in TAKE_A_DATE and until is None:
        errors["until"] = "verdict.error.until"
    attempts = whole_number(draft.attempts)
    is_unreachable = reason is RejectReason.UNREACHABLE
    if is_unreachable and not (attempts and attempts <= ATTEMPTS_MAX):
        errors["attempts"] = "verdict.error.attempts"
    if reason is RejectReason.OTHER and not draft.note:
        errors["note"] = "verdict.error.note"
    texts = {"note": draft.note, "who": _who(draft, reason)}
    for name in texts:
        try:
            texts[name] = reason_in(name, " ".join(texts[name].split()))
        except InputError:
            errors[name] = "verdict.error.text"
    if errors:
        return errors
    return Rejection(
        reason=reason,
        until=until,
        who=texts["who"],
        note=texts["note"],
        attempts=attempts if is_unreachable else None,
    )


def day_ahead(text: str, today: date) -> date | None:
    """Return the day of a text if it is ahead, and not too far; else None."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    is_ahead = today < day <= today + timedelta(days=VERDICT_UNTIL_MAX_DAYS)
    return day if is_ahead else None


def _who(draft: VerdictDraft, reason: RejectReason) -> str:
    match reason:
        case RejectReason.WRONG_PERSON:
            return draft.who
        case RejectReason.DUPLICATE:
            return (draft.duplicate_of or draft.who).lower()
        case _:
            return ""
