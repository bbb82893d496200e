"""The register: every family of items, what it holds of a person, and how an erasure reaches it.

A family without a line here fails a test. So does one that outlives an erasure otherwise than its
line says (docs/how-to/change-what-is-stored.md).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

TIMES = ("created_at_ms", "captured_at_ms", "began_at_ms", "at_ms")
"""The attributes that say when an item came to be, the first that it has. An item of a lead's or a
visitor's partition that came to be before the erasure is deleted; so is one that says nothing of
it, unless something new has begun since."""


class Erasure(StrEnum):
    """How an erasure reaches the items of a family."""

    DELETED = "deleted"  # it lies in the partition of a lead or a visitor: every item there goes
    STRIPPED = "stripped"  # rewritten without anything but what must stay
    FOUND = "found"  # it lies elsewhere, and the walk finds and deletes it
    STAYS = "stays"  # it names nobody: no more than keyed ids, or what our own people wrote
    EXPIRES = "expires"  # no more than keyed ids, and soon gone by itself


@dataclass(frozen=True, slots=True)
class Family:
    """The items of a kind."""

    name: str
    """As docs/reference/data-model.md and docs/reference/retention.md name it."""
    place: str
    """What its partition begins with."""
    key: str
    """What its sort key begins with; empty where anything may stand."""
    erasure: Erasure
    says: str = ""
    """What is left of it, or why it may stay; empty for one that is deleted."""


_LEAD = "LEAD#"
_VISITOR = "VISITOR#"
_USER = "USER#"
_MAILBOX = "MAILBOX#"
_CONFIG = "CONFIG"
_JOB = "JOB#"
_PERSON = "PERSON#"
_OWN = "holds what our own people wrote"
_OWN_ID = "names a salesperson, and no lead"
_KEYED = "holds keyed hashes that name nobody"

FAMILIES: Sequence[Family] = (
    Family("event", _LEAD, "EVENT#", Erasure.DELETED),
    Family("event", _VISITOR, "EVENT#", Erasure.DELETED),
    Family("event", _USER, "EVENT#", Erasure.DELETED),
    Family("surplus event", _LEAD, "SURPLUS#", Erasure.DELETED),
    Family("screened form", _LEAD, "SCREENED#", Erasure.DELETED),
    Family("counter of arrivals", _LEAD, "ARRIVALS", Erasure.DELETED),
    Family("counter of arrivals", _VISITOR, "ARRIVALS", Erasure.DELETED),
    Family("counter of arrivals", _USER, "ARRIVALS", Erasure.DELETED),
    Family("counter of arrivals", _MAILBOX, "ARRIVALS", Erasure.EXPIRES, _KEYED),
    Family("counter of arrivals", "NETWORK#", "ARRIVALS", Erasure.EXPIRES, _KEYED),
    Family("counter of arrivals", "TOKEN#", "ARRIVALS", Erasure.EXPIRES, _KEYED),
    Family("counts of a lead", _LEAD, "COUNTS", Erasure.DELETED),
    Family("owner", _VISITOR, "OWNER", Erasure.DELETED),
    Family("owner", _USER, "OWNER", Erasure.DELETED),
    Family("join", _LEAD, "JOIN#", Erasure.DELETED),
    Family(
        "receipt",
        "SUBMISSION#",
        "RECEIPT",
        Erasure.STRIPPED,
        "form and keyed hash of the body, so that a repeat begins nothing anew; 30 days",
    ),
    Family(
        "consent",
        _LEAD,
        "CONSENT",
        Erasure.STRIPPED,
        "each suppression, and keyed hashes of the mailboxes that it stops",
    ),
    Family("later proof of consent", _LEAD, "CONSENTED#", Erasure.DELETED),
    Family("unconfirmed box", _LEAD, "PENDING#", Erasure.DELETED),
    Family("wishes of a mailbox", _MAILBOX, "SUPPRESSION", Erasure.STAYS, _KEYED),
    Family("choice of emails", _MAILBOX, "CHOICE", Erasure.STAYS, _KEYED),
    Family("bounce of an address", _MAILBOX, "BOUNCED#", Erasure.STAYS, _KEYED),
    Family("profile", _LEAD, "PROFILE", Erasure.DELETED),
    Family("requested replay", _LEAD, "REPLAY", Erasure.DELETED),
    Family("saved steps of a long replay", _LEAD, "UNFINISHED", Erasure.DELETED),
    Family(
        "standing",
        _LEAD,
        "STANDING",
        Erasure.STRIPPED,
        "lead id, `erased_at_ms`, and a version that goes on; everything else as of a lead that"
        " did nothing",
    ),
    Family("transition", _LEAD, "TRANSITION#", Erasure.DELETED),
    Family("outbox message", _LEAD, "OUTBOX#", Erasure.DELETED),
    Family("digest", "LEAD#person.", "OUTBOX#digest#", Erasure.STAYS, _OWN_ID),
    Family("line of a digest", _PERSON, "DIGEST#", Erasure.EXPIRES, "a lead id; ten days"),
    Family("phone of a salesperson", _PERSON, "PHONE", Erasure.STAYS, _OWN),
    Family("message with a code", "LEAD#person.", "OUTBOX#code#", Erasure.STAYS, _OWN_ID),
    Family("count of a salesperson's messages", _PERSON, "BUDGET#", Erasure.EXPIRES, "numbers"),
    Family("reply", _LEAD, "REPLY#", Erasure.DELETED),
    Family("count of replies", _LEAD, "REPLIES", Erasure.DELETED),
    Family("click", _LEAD, "CLICK#", Erasure.DELETED),
    Family("answer to an email", _LEAD, "ANSWERED#", Erasure.DELETED),
    Family("enrolment", _LEAD, "ENROL#", Erasure.DELETED),
    Family("handoff", _LEAD, "HANDOFF#", Erasure.DELETED),
    Family("verdict", _LEAD, "VERDICT#", Erasure.DELETED),
    Family("colleague", _LEAD, "COMPANY#", Erasure.DELETED),
    Family("owner of a company", "COMPANY#", "COMPANY", Erasure.FOUND),
    Family("load of salespeople", "ROUTING", "LOAD", Erasure.STAYS, "numbers"),
    Family("hand-over", _LEAD, "HANDOVER#", Erasure.DELETED),
    Family("hand-over", _JOB, "HANDOVER#", Erasure.EXPIRES, "holds the id of a job"),
    Family("quarantined record", "QUARANTINE", "", Erasure.FOUND),
    Family("erasure", "ERASED", "", Erasure.STAYS, "holds time and lead id"),
    Family("document", "CONFIG#", "", Erasure.STAYS, _OWN),
    Family("document's version", "CONFIG#", "v", Erasure.STAYS, _OWN),
    Family("count of changes", _CONFIG, "CONFIG", Erasure.STAYS, "a number"),
    Family("model version", "CONFIG#model", "v", Erasure.STAYS, _OWN),
    Family("source of a model version", "CONFIG#model", "SOURCE#", Erasure.STAYS, _OWN),
    Family("active model", "CONFIG#model", "ACTIVE", Erasure.STAYS, _OWN),
    Family("activation", "CONFIG#model", "ACTIVATION#", Erasure.STAYS, _OWN),
    Family("job", _JOB, "JOB", Erasure.EXPIRES, "lead ids and numbers; 30 days"),
    Family("part of a job's list", _JOB, "PART#", Erasure.EXPIRES, "lead ids; 30 days"),
    Family("document of a job", _JOB, "DOCUMENT", Erasure.EXPIRES, _OWN),
    Family("mailing", "MAILING#", "MAILING", Erasure.STAYS, _OWN),
    Family("newest simulation", "SIMULATED#", "SIMULATED", Erasure.EXPIRES, "a number"),
    Family("whose turn it is", "PUBLISHING", "TURN", Erasure.STAYS, "holds the id of a job"),
    Family("whose turn it is", _JOB, "TURN", Erasure.EXPIRES, "holds the id of a job"),
    Family(
        "unregistered form",
        "SEEN_FORMS",
        "FORM#",
        Erasure.EXPIRES,
        "names of a form and of its fields; 90 days",
    ),
    Family("pause", "SENDING#", "", Erasure.STAYS, _OWN),
    Family("allowance of marketing", "ALLOWANCE", "ALLOWANCE", Erasure.STAYS, "numbers and times"),
    Family("count of imported people", "ALLOWANCE", "IMPORTED_PEOPLE", Erasure.STAYS, "a number"),
    Family("count of marketing's emails", "SENT", "", Erasure.EXPIRES, "numbers"),
    Family("marketing email that left", "LEFT", "", Erasure.EXPIRES, _KEYED),
    Family("access token", "ACCESS", "", Erasure.STAYS, _OWN),
    Family("journal entry", "AUDIT#", "", Erasure.EXPIRES, "lead ids; 400 days"),
    Family("switch", "SWITCHES", "", Erasure.STAYS, _OWN),
    Family("count of first emails", "FIRST_EMAILS#", "FIRST_EMAILS", Erasure.EXPIRES, "a number"),
    Family("count of first emails", _MAILBOX, "FIRST_EMAILS", Erasure.EXPIRES, _KEYED),
    Family("emails to a mailbox", _MAILBOX, "SENDS", Erasure.EXPIRES, _KEYED),
    Family("numbers of a sequence", "NUMBERS#", "", Erasure.STAYS, "numbers"),
    Family("count of answers to forms", _MAILBOX, "ANSWERS", Erasure.EXPIRES, _KEYED),
)
"""Every family of items. One that lies in several kinds of partitions has a line for each."""

BUCKETS: Sequence[str] = ("InboundBucket",)
"""The buckets of S3 that hold anything about a person: an email is deleted once it was read, and
what nobody could place expires."""


def family_at(pk: str, sk: str) -> Family | None:
    """Return the family of an item by its keys, the closest that fits; None for an unknown one."""
    fitting = [one for one in FAMILIES if pk.startswith(one.place) and sk.startswith(one.key)]
    return max(fitting, key=lambda one: (len(one.place), len(one.key)), default=None)
