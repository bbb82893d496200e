"""What is wrong with a sequence, besides the format: what it names, and where its steps lead."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from chalicelib.document import read_document
from chalicelib.errors import DocumentError, FieldError
from chalicelib.nurture.conditions import DEPTH_MAX, NO_TOPIC, PREVIOUS, StepCondition, texts
from chalicelib.nurture.email_checks import StoredDocuments
from chalicelib.nurture.sequences import END_STEP, SequenceDocument, Step, WayIn, read_sequence
from chalicelib.scoring.model import Model
from chalicelib.scoring.score import SCORE

ActiveModel = Callable[[], Model | None]
"""Returns the active model; None in a deployment without one yet."""


def sequence_mistakes(
    sequence: SequenceDocument, is_email: Callable[[str], bool], model: ActiveModel
) -> Iterator[FieldError]:
    """Yield each name that names nothing, and each way of its steps that leads back."""
    for position, step in enumerate(sequence.steps):
        path = f"steps.{position}"
        yield from _email_mistakes(path, step, is_email)
        yield from _step_mistakes(path, sequence, position)
        yield from _branch_mistakes(path, sequence, position, is_email)
        if step.if_ is not None:
            yield from _condition_mistakes(f"{path}.if", step.if_, sequence.step_ids[:position])
    if active := model():
        yield from _model_mistakes(sequence, active)


def sequence_warnings(
    sequence: SequenceDocument, sequences: StoredDocuments, model: ActiveModel
) -> Iterator[FieldError]:
    """Yield what is allowed, and probably not meant. sequences: the stored ones."""
    emails = [email for step in sequence.steps for email in step.every_email]
    for email in sorted({one for one in emails if emails.count(one) > 1}):
        words = f"the email {email} is named twice; nobody gets it twice within reenter_after"
        yield FieldError("steps", words)
    yield from _unreached(sequence)
    others = {key: stored for key, stored in sequences.items() if key != sequence.id}
    for other in filter(None, map(read_sequence, others.values())):
        if _ties(sequence, other):
            first = min(sequence.id, other.id)
            words = (
                f"is that of the sequence {other.id}; a lead that could enter either enters {first}"
            )
            yield FieldError("priority", words)
    if active := model():
        known = {NO_TOPIC, *(one.topic for one in active.signals.values() if one.topic)}
        for path, topic in _topics(sequence):
            if topic not in known:
                yield FieldError(path, f"no signal of the active model has the topic {topic}")


def sequences_sending(email_id: str, sequences: StoredDocuments) -> Iterator[str]:
    """Yield each sequence that sends an email, in words."""
    for sequence_id, stored in sequences.items():
        try:
            steps = read_document(SequenceDocument, stored).steps
        except DocumentError:  # what cannot be read names it, or does not
            steps = []
        names = {name for step in steps for name in (*step.every_email, step.else_)}
        if email_id in names or (not steps and _says(stored, email_id)):
            yield f"the sequence {sequence_id}"


def leads_in(stored: Mapping[str, Any], numbers: Mapping[str, int]) -> Iterator[str]:
    """Yield how many leads are in an active sequence, in words: it is not deleted from under them.

    numbers: what was counted of it. What runs in an inactive one ends at its next look.
    """
    left = sum(number for what, number in numbers.items() if what.startswith("exited:"))
    running = numbers.get("entered", 0) - left
    if running > 0 and stored.get("active", True):
        leads = "a lead that is" if running == 1 else f"{running} leads that are"
        yield f"{leads} in it (put with active: false, it ends for them)"


def _email_mistakes(path: str, step: Step, is_email: Callable[[str], bool]) -> Iterator[FieldError]:
    key = "emails" if step.emails else "email"
    for number, email in enumerate(step.every_email):
        if not is_email(email):
            place = f"{path}.{key}" + (f".{number}" if step.emails else "")
            yield FieldError(place, f"there is no email {email}; put it first")


def _step_mistakes(path: str, sequence: SequenceDocument, position: int) -> Iterator[FieldError]:
    step = sequence.steps[position]
    if step.id in sequence.step_ids[:position]:
        yield FieldError(f"{path}.id", f"there is a step {step.id} before it; give another id")
    if step.id in (END_STEP, PREVIOUS):
        yield FieldError(f"{path}.id", f"{step.id} has a meaning of its own; give another id")
    if step.emails and position < len(sequence.steps) - 1:
        yield FieldError(f"{path}.emails", "only the last step sends one email after the other")


def _branch_mistakes(
    path: str, sequence: SequenceDocument, position: int, is_email: Callable[[str], bool]
) -> Iterator[FieldError]:
    """Yield a branch that names nothing, or leads back: such a sequence would never end."""
    step = sequence.steps[position]
    passed = sequence.step_ids[: position + 1]
    if step.next is not None and step.next != END_STEP:
        if step.next in passed:
            yield FieldError(f"{path}.next", f"leads back to {step.next}; name a later step")
        elif step.next not in sequence.step_ids:
            yield FieldError(f"{path}.next", f"there is no step {step.next}; name one, or end")
    if step.else_ is None:
        return
    if step.emails and step.else_ in step.emails:
        yield FieldError(f"{path}.else", f"{step.else_} is one of its emails; name another")
    if step.else_ in passed:
        yield FieldError(f"{path}.else", f"leads back to {step.else_}; name a later step")
    elif step.else_ not in sequence.step_ids and not is_email(step.else_):
        words = f"there is no step and no email {step.else_}; name one of them"
        yield FieldError(f"{path}.else", words)


def _unreached(sequence: SequenceDocument) -> Iterator[FieldError]:
    """Yield each step to which no step leads: nobody who enters now comes to it."""
    reached = {sequence.step_ids[0]}
    for position, step in enumerate(sequence.steps):
        if step.id not in reached:
            words = f"no step leads to {step.id}: nobody who enters now gets its email"
            yield FieldError(f"steps.{position}", words)
            continue
        following = sequence.step_ids[position + 1 : position + 2]
        reached.update([step.next] if step.next else following)
        if step.else_ is not None:
            reached.add(step.else_)


def _condition_mistakes(
    path: str, condition: StepCondition, earlier: list[str]
) -> Iterator[FieldError]:
    if condition.depth > DEPTH_MAX:
        yield FieldError(path, f"conditions stand within {DEPTH_MAX - 1} others at most")
    if condition.never_holds:
        yield FieldError(path, "never holds: it asks for something and for its contrary")
    for one in condition.every():
        if one.clicked is None:
            continue
        if not earlier:
            yield FieldError(f"{path}.clicked", "there is no email before the first step")
        elif one.clicked != PREVIOUS and one.clicked not in earlier:
            words = f"there is no earlier step {one.clicked}; name one, or {PREVIOUS}"
            yield FieldError(f"{path}.clicked", words)


def _model_mistakes(sequence: SequenceDocument, model: Model) -> Iterator[FieldError]:
    """Yield each name that the active model does not have."""
    for path, signal in sequence.signals():
        if signal not in model.signals:
            known = ", ".join(sorted(model.signals)[:20])
            yield FieldError(path, f"the active model has no signal {signal}; it has {known}")
    for path, condition in _conditions(sequence):
        yield from value_mistakes(f"{path}.", condition, model)


def value_mistakes(prefix: str, condition: StepCondition, model: Model) -> Iterator[FieldError]:
    """Yield each value and each band that a model does not have. prefix: of the path."""
    values = {SCORE, *model.groups, *model.sums}
    bands = {name for _, name in model.bands}
    wanted = condition.score if isinstance(condition.score, dict) else {}
    for name in wanted.keys() - values:
        words = f"the active model has no {name}; it has {', '.join(sorted(values))}"
        yield FieldError(f"{prefix}score", words)
    for name in texts(condition.band or []):
        if name not in bands:
            words = f"the active model has no band {name}; it has {', '.join(sorted(bands))}"
            yield FieldError(f"{prefix}band", words if bands else "the active model has no bands")


def _conditions(sequence: SequenceDocument) -> Iterator[tuple[str, StepCondition]]:
    for position, step in enumerate(sequence.steps):
        for condition in step.if_.every() if step.if_ else ():
            yield f"steps.{position}.if", condition


def _topics(sequence: SequenceDocument) -> Iterator[tuple[str, str]]:
    for position, way in enumerate(sequence.enter):
        for topic in texts(way.topic or []):
            yield f"enter.{position}.topic", topic
    for path, condition in _conditions(sequence):
        for topic in texts(condition.topic or []):
            yield f"{path}.topic", topic


def _ties(one: SequenceDocument, other: SequenceDocument) -> bool:
    """Return whether a lead could enter either of two sequences, and nothing says which first."""
    if not (one.active and other.active) or one.priority != other.priority:
        return False
    return any(_overlaps(ours, theirs) for ours in one.enter for theirs in other.enter)


def _overlaps(ours: WayIn, theirs: WayIn) -> bool:
    if not (ours.is_by_stage and theirs.is_by_stage):
        return False
    topics = [set(texts(one.topic)) for one in (ours, theirs) if one.topic is not None]
    is_same_topic = len(topics) < 2 or not topics[0].isdisjoint(topics[1])
    return is_same_topic and not set(ours.stages).isdisjoint(theirs.stages)


def _says(stored: Mapping[str, Any], email_id: str) -> bool:
    return f"'{email_id}'" in str(stored)
