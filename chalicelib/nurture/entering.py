"""Which sequences a lead enters, and when it may again. Pure.

Of several that fit at once it enters one: that of the highest priority, of equal ones the first by
id. So the order in which its events arrive does not matter (ADR 0055).
"""

from collections.abc import Callable, Iterable, Sequence, Set
from dataclasses import dataclass, replace
from datetime import datetime

from chalicelib.delivery.message_keys import MessageKey
from chalicelib.lifecycle.stages import Outcome, Stage, Transition
from chalicelib.nurture.conditions import texts, topic_name
from chalicelib.nurture.enrolment import Enrolment
from chalicelib.nurture.sequences import EnteredStage, SequenceDocument, WayIn

TALKS_TO_SALES = frozenset({Stage.SQL, Stage.ACCEPTED, Stage.OPPORTUNITY})
"""Where sales talks to a lead."""
NOT_WRITTEN_TO = TALKS_TO_SALES | {Stage.CUSTOMER, Stage.DISQUALIFIED}
NEWS_NOT_WRITTEN_TO = NOT_WRITTEN_TO - {Stage.CUSTOMER}
"""What nurtures ends with a customer; news of us does not."""
MOST_RUNNING = 5
"""Sequences of one lead at a time: what ends them all fits into one transaction."""
BY_FORM = "form: "
"""What the cause of an entry by a form begins with."""
BY_STAGE = "stage: "
"""What the cause of an entry by a stage begins with."""


def closed_stages(email: MessageKey) -> Set[Stage]:
    """Return the stages in which an email of marketing's does not leave any more."""
    return NOT_WRITTEN_TO if email.mailing is None else NEWS_NOT_WRITTEN_TO


@dataclass(frozen=True, slots=True, kw_only=True)
class Occasion:
    """What happened to a lead that it may enter sequences by, and how the lead is then."""

    stage: Stage
    entered: EnteredStage | None = None
    """The stage that it entered; None: it entered none."""
    recycled_for: tuple[str, ...] = ()
    """The names of the reason for which it was recycled."""
    talked: bool = False
    """Whether sales ever had it."""
    topic: Callable[[], str | None]
    signals: Set[str] = frozenset()
    """What it did, by the model's signals."""
    forms: Set[str] = frozenset()
    """The forms that it sent."""


@dataclass(frozen=True, slots=True)
class Fitting:
    """A sequence that a lead may enter, and by what."""

    sequence: SequenceDocument
    cause: str


def entered_by(transition: Transition) -> EnteredStage | None:
    """Return the stage that a transition enters, as sequences name it; None: none of these.

    Whatever falls back from sales' hands has received what begins at its stage before.
    """
    if transition.target is Stage.RECYCLED:
        return EnteredStage.RECYCLED
    if transition.origin is Stage.SQL:
        return None
    if transition.target is Stage.MQL:
        return EnteredStage.MQL
    is_cooled = transition.origin is Stage.MQL and transition.target is Stage.LEAD
    return EnteredStage.COOLED if is_cooled else None


def recycle_names(transition: Transition) -> tuple[str, ...]:
    """Return the names of a recycle's reason: as it was given, and with the outcome before it."""
    name = "_".join(transition.why.casefold().split())
    return (name, f"{Outcome.LOST}_{name}") if transition.outcome is Outcome.LOST else (name,)


def fitting(sequences: Iterable[SequenceDocument], occasion: Occasion) -> list[Fitting]:
    """Return the active sequences that fit an occasion, the one that comes first at the front."""
    found = []
    for sequence in ranked(sequences):
        cause = next((_cause(way, occasion) for way in sequence.enter if _fits(way, occasion)), "")
        if cause:
            found.append(Fitting(sequence, cause))
    return found


def ranked(sequences: Iterable[SequenceDocument]) -> list[SequenceDocument]:
    """Return the active ones of some sequences, the highest priority first."""
    active = (one for one in sequences if one.active)
    return sorted(active, key=lambda one: (-one.priority, one.id))


def next_entry(
    sequence: SequenceDocument,
    enrolments: Iterable[Enrolment],
    cycle: int,
    now: datetime,
    *,
    by_hand: bool = False,
) -> int | None:
    """Return the number of a lead's next entry into a sequence in its cycle; None: not yet.

    Never while it runs, nor within `reenter_after` of an entry by which anything has left, unless
    one of our people wants it.
    """
    earlier = [one for one in enrolments if one.sequence == sequence.id]
    if any(one.is_running for one in earlier):
        return None
    in_cycle = [one for one in earlier if one.cycle == cycle]
    recent = (one for one in in_cycle if now - one.entered_at < sequence.may_reenter_after)
    if not by_hand and any(one.sent for one in recent):
        return None
    return max((one.entry for one in in_cycle), default=0) + 1


def rivals(
    sequence: SequenceDocument, sequences: Iterable[SequenceDocument], stage: EnteredStage
) -> bool:
    """Return whether what else a lead does may yet let another sequence fit better: until its first
    email is due, what interests it most decides.
    """
    others = [
        way
        for one in sequences
        if one.active
        for way in one.enter
        if way.is_by_stage and stage in way.stages and way.topic is not None
    ]
    return any(way not in sequence.enter for way in others)


def better(
    enrolment: Enrolment,
    sequences: Sequence[SequenceDocument],
    enrolments: Sequence[Enrolment],
    occasion: Occasion,
    now: datetime,
) -> Enrolment | None:
    """Return the enrolment that takes the place of one that entered by a stage and has not begun;
    None: it stays.

    occasion: without a stage that was entered. Asked when its first email is due, so the same
    sequence begins whatever came first.
    """
    if not enrolment.cause.startswith(BY_STAGE) or enrolment.has_begun:
        return None
    entered = EnteredStage(enrolment.cause.removeprefix(BY_STAGE))
    at_entry = replace(occasion, entered=entered)
    for entry in fitting(sequences, at_entry):
        sequence = entry.sequence
        if sequence.id == enrolment.sequence:
            return None
        number = next_entry(sequence, enrolments, enrolment.cycle, now)
        if number is not None:
            return replace(
                enrolment,
                sequence=sequence.id,
                entry=number,
                step=None,
                due_at=now,
                version=1,
            )
    return None


def _fits(way: WayIn, occasion: Occasion) -> bool:
    if way.signal is not None and way.signal not in occasion.signals:
        return False
    if way.form is not None and occasion.forms.isdisjoint(texts(way.form)):
        return False
    if way.is_by_stage:
        if occasion.entered not in way.stages:
            return False
    elif way.stages and occasion.stage not in [one.value for one in way.stages]:
        return False
    if way.talked is not None and way.talked is not occasion.talked:
        return False
    if way.reasons is not None and not _is_reason(occasion.recycled_for, texts(way.reasons)):
        return False
    return way.topic is None or topic_name(occasion.topic()) in texts(way.topic)


def _cause(way: WayIn, occasion: Occasion) -> str:
    if way.signal is not None:
        return f"signal: {way.signal}"
    if way.form is not None:
        return f"{BY_FORM}{min(occasion.forms & set(texts(way.form)))}"
    return f"{BY_STAGE}{occasion.entered}"


def _is_reason(names: Sequence[str], patterns: Sequence[str]) -> bool:
    """Return whether a reason is one of some, where `lost_*` means any that begins so."""
    return any(
        name.startswith(one[:-1]) if one.endswith("*") else name == one
        for name in names
        for one in patterns
    )
