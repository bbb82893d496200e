"""What is recorded of an email. Several rooms record it, and signals ask for it."""

from collections.abc import Mapping, Set
from enum import StrEnum


class MailEvent(StrEnum):
    """What is recorded of an email: the name of an event of kind `mail`.

    Opens are not measured.
    """

    DELIVERED = "delivered"
    LINK_USED = "link_used"  # by whom is not known yet (ADR 0061)
    CLICKED = "clicked"  # it was a person
    MACHINE_CLICKED = "machine_clicked"
    ANSWERED = "answered"  # a question that an email asked
    REPLIED = "replied"
    BOUNCED = "bounced"
    COMPLAINED = "complained"
    UNSUBSCRIBED = "unsubscribed"
    CHOSE = "chose"  # which emails, on the page of an email's way out
    CONFIRMED = "confirmed"  # a mailbox's owner confirmed a form (ADR 0045)


UNCOUNTED: Set[MailEvent] = frozenset({MailEvent.LINK_USED, MailEvent.MACHINE_CLICKED})
"""What is only noted: no signal counts it."""
COUNTED: Set[MailEvent] = frozenset(MailEvent) - UNCOUNTED

BOUNCE_KIND = "kind"
"""The property of a bounce that says whether the mailbox may take another email."""
HARD = "hard"
SOFT = "soft"
CONTENT = "content"
"""Not about the mailbox: its server refused what was in the email."""

OF_SEQUENCE = "sequence"
"""Of which sequence the email was, if it was of one."""
OF_STEP = "step"
"""Of which step of it."""
OF_EMAIL = "email"
"""The id of the email."""
OF_MESSAGE = "message"
"""The key of the message, by which the outbox names it."""
ABOUT_EMAIL: Mapping[str, Set[str] | None] = {
    OF_SEQUENCE: None,
    OF_STEP: None,
    OF_EMAIL: None,
    OF_MESSAGE: None,
}
"""What an event says of the email that it is about. Earlier code said nothing."""

CHOSEN_TOPICS = "topics"
"""The topics that somebody wants emails about, separated by blanks; none: about anything."""
CHOSEN_FEWER = "fewer"
"""Whether somebody wants fewer emails."""
OF_LINK = "link"
"""Which link of the email was used, from 0."""
OF_URL = "url"
"""Where it leads."""
OF_VERDICT = "verdict"
"""Whether it was a person or a machine."""
OF_REASON = "why"
"""What the verdict rests on."""
OF_QUESTION = "question"
"""Which question of the email was answered."""
OF_ANSWER = "answer"
"""And how: the answer's id."""

RECORDED_PROPERTIES: Mapping[MailEvent, Mapping[str, Set[str] | None]] = {
    MailEvent.DELIVERED: ABOUT_EMAIL,
    MailEvent.CLICKED: {
        OF_LINK: None,
        OF_URL: None,
        OF_VERDICT: {"person"},
        OF_REASON: None,
        **ABOUT_EMAIL,
    },
    MailEvent.ANSWERED: {OF_QUESTION: None, OF_ANSWER: None, **ABOUT_EMAIL},
    MailEvent.BOUNCED: {BOUNCE_KIND: {HARD, SOFT, CONTENT}, **ABOUT_EMAIL},
    MailEvent.COMPLAINED: ABOUT_EMAIL,
    MailEvent.UNSUBSCRIBED: ABOUT_EMAIL,
    MailEvent.CHOSE: {CHOSEN_TOPICS: None, CHOSEN_FEWER: None, **ABOUT_EMAIL},
    MailEvent.REPLIED: ABOUT_EMAIL,
}
"""What is recorded with an event of these names: property -> its values, None for any."""
