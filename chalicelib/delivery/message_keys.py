"""The keys of messages: what each means, and the one place where a key is written and read."""

from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never

SEPARATOR = "#"
OF_MAILING = "mailing."
"""What stands before a mailing's id where a sequence's stands: no sequence's id has a dot."""
OF_PERSON = "person."
"""What stands before a salesperson's id where a lead's stands, of a message that is about no lead
or about many: no lead's id has a dot."""
MAILING_STEP = "email"
"""The one step of a mailing."""


class MessageKind(StrEnum):
    """What a message is for."""

    NURTURE = "nurture"  # an email of a sequence, to the lead
    ACKNOWLEDGEMENT = "acknowledgement"  # the answer to a form, to whoever sent it
    CONFIRMATION = "confirmation"  # asks whether a ticked box was the mailbox's owner's
    HANDOFF = "handoff"  # the lead goes to sales
    CORRECTION = "correction"  # the handoff was a mistake
    REMINDER = "reminder"  # whoever has a lead should do something with it
    ESCALATION = "escalation"  # others hear that nobody has
    WARNING = "warning"  # a rule disqualifies a lead that sales has accepted
    REPLY = "reply"  # what somebody answered to an email of marketing's, to sales
    TRIAGE = "triage"  # a request from a lead that our rules do not hand to sales
    CODE = "code"  # to a salesperson: what confirms their number
    DIGEST = "digest"  # to a salesperson: the leads of what was over their budget, or came at night

    @property
    def goes_to_lead(self) -> bool:
        """Whether the lead itself gets it: at most once. What sales gets is sent at least once
        (ADR 0003).
        """
        match self:
            case MessageKind.NURTURE | MessageKind.ACKNOWLEDGEMENT | MessageKind.CONFIRMATION:
                return True
            case (
                MessageKind.HANDOFF
                | MessageKind.CORRECTION
                | MessageKind.REMINDER
                | MessageKind.ESCALATION
                | MessageKind.WARNING
                | MessageKind.TRIAGE
                | MessageKind.REPLY
                | MessageKind.DIGEST
                | MessageKind.CODE
            ):
                return False
            case _:
                assert_never(self)

    @property
    def is_marketing(self) -> bool:
        """Whether it needs a basis. The answer to a form needs none (ADR 0045)."""
        return self is MessageKind.NURTURE


ANSWER_KINDS = frozenset({MessageKind.ACKNOWLEDGEMENT, MessageKind.CONFIRMATION})
"""What answers a form: to the person, at once, whatever was said about marketing."""


@dataclass(frozen=True, slots=True)
class MessageKey:
    """What a message means. Within a lead, a second message that means the same cannot be planned.

    Its text joins kind, cycle and parts with `#`, for example `nurture#1#welcome#1`. Raises
    ValueError for parts that could not be told apart in it.
    """

    kind: MessageKind
    cycle: int
    """The lead's cycle that it belongs to, from 1."""
    parts: tuple[str, ...]
    """nurture: sequence and step, of a mailing `mailing.<id>` and `email`, always of cycle 1;
    acknowledgement and confirmation: form and day, always of cycle 1; handoff and correction: via,
    of one that somebody else gets "given" and the handoff's version; reminder and escalation: step,
    of a nudge since when, and person and way, or ".team"; warning: rule;
    reply: via and its id; triage: via, and of a later request of a cycle "again" and the day, of a
    lead that sales has already the request's event, of what it does "active" and the day, of what
    somebody wrote "message" and the day; digest: via and when it leaves; code: via and what tells
    it from others."""

    def __post_init__(self) -> None:
        if self.cycle < 1 or not self.parts or not all(map(_is_part, self.parts)):
            raise ValueError("a message's key needs a cycle, and parts without #")

    def __str__(self) -> str:
        return prefix_of(self.kind, self.cycle) + SEPARATOR.join(self.parts)

    @property
    def step(self) -> tuple[str, str] | None:
        """The sequence and the step of a marketing email, None of anything else."""
        if not self.kind.is_marketing or len(self.parts) < 2:
            return None
        return self.parts[0], self.parts[1]

    @property
    def mailing(self) -> str | None:
        """The id of the mailing of a one-off email, None of anything else."""
        is_one = self.kind.is_marketing and self.parts[0].startswith(OF_MAILING)
        return self.parts[0].removeprefix(OF_MAILING) if is_one else None


def mailing_key(mailing_id: str) -> MessageKey:
    """Return the key of a mailing's email: whatever cycle a lead is in, it gets one."""
    return MessageKey(MessageKind.NURTURE, 1, (OF_MAILING + mailing_id, MAILING_STEP))


def prefix_of(kind: MessageKind, cycle: int) -> str:
    """Return what the texts of all keys of a kind and a cycle begin with, and no others."""
    return f"{kind}{SEPARATOR}{cycle}{SEPARATOR}"


def parse_key(text: str) -> MessageKey:
    """Return the key of a text. Raises ValueError for one that `str` of a key does not give."""
    kind, cycle, *parts = text.split(SEPARATOR)
    key = MessageKey(MessageKind(kind), int(cycle), tuple(parts))
    if str(key) != text:
        raise ValueError("this is not how a message's key is written")
    return key


def outbox_id(lead_id: str, key: MessageKey) -> str:
    """Return a message's id in the whole outbox, by which mail events name it."""
    return f"{lead_id}{SEPARATOR}{key}"


def parse_outbox_id(text: str) -> tuple[str, MessageKey]:
    """Return the lead and the key of a message's id. Raises ValueError for what is not one."""
    lead_id, _, key = text.partition(SEPARATOR)
    return lead_id, parse_key(key)


def _is_part(text: str) -> bool:
    return text != "" and SEPARATOR not in text
