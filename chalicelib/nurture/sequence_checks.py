"""What is wrong with a sequence, besides the format."""

from collections.abc import Callable, Iterator

from chalicelib.document import read_document
from chalicelib.errors import FieldError
from chalicelib.nurture.email_checks import StoredDocuments
from chalicelib.nurture.reaction import MOST_WRITES
from chalicelib.nurture.sequences import SequenceDocument


def sequence_mistakes(
    sequence: SequenceDocument, is_email: Callable[[str], bool]
) -> Iterator[FieldError]:
    """Yield each step that names an email that does not exist."""
    for position, step in enumerate(sequence.steps):
        if not is_email(step.email):
            words = f"there is no email {step.email}; put it first"
            yield FieldError(f"steps.{position}.email", words)


def sequence_warnings(
    sequence: SequenceDocument, sequences: StoredDocuments
) -> Iterator[FieldError]:
    """Yield that a sequence is one of more than begin with one transition. sequences: the stored
    ones, which all begin at the one stage that is executed.
    """
    every = sorted({*sequences, sequence.id})
    if len(every) > MOST_WRITES:
        words = (
            f"a lead enters {MOST_WRITES} sequences at once, the first by their ids;"
            f" {', '.join(every[MOST_WRITES:])} would send nothing"
        )
        yield FieldError("enter.stage", words)


def sequences_sending(email_id: str, sequences: StoredDocuments) -> Iterator[str]:
    """Yield each sequence that sends an email, in words."""
    for sequence_id, stored in sequences.items():
        steps = read_document(SequenceDocument, stored).steps
        if any(step.email == email_id for step in steps):
            yield f"the sequence {sequence_id}"
