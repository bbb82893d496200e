"""Every key of the table, in one place (ADR 0001)."""

from datetime import date, datetime
from hashlib import sha256
from typing import TYPE_CHECKING

from chalicelib.events import LEAD_PREFIX as LEAD
from chalicelib.events import lead_partition as lead
from chalicelib.events import rfc3339

if TYPE_CHECKING:
    from chalicelib.delivery.message_keys import MessageKey

__all__ = ["LEAD", "lead"]  # re-exported beside the other keys

SCHEMA = 2  # of every item that is written; the one before is read as well (ADR 0027)
#: A deployment that does not say how far its leads were brought has leads of the first one.
FIRST_SCHEMA = 1

OWNER = "OWNER"
RECEIPT = "RECEIPT"
CONSENT = "CONSENT"
ARRIVALS = "ARRIVALS"  # of pings
COUNTS = "COUNTS"  # of a lead's forms and joins, with the first form of all
CONSENTED = "CONSENTED#"  # each proof of consent behind the first
PENDING = "PENDING#"  # each ticked box that has yet to be confirmed
MAILBOX = "MAILBOX#"
SUPPRESSION = "SUPPRESSION"
BOUNCED = "BOUNCED#"
CHOICE = "CHOICE"  # which emails the owner of a mailbox wants
PROFILE = "PROFILE"
JOIN = "JOIN#"
REPLAY = "REPLAY"
STANDING = "STANDING"
UNFINISHED = "UNFINISHED"  # a long replay; sorts outside of what is read with a lead
ACTIVE = "ACTIVE"
ACTIVATION = "ACTIVATION#"
SOURCE = "SOURCE#"
EVENT = "EVENT#"
SURPLUS = "SURPLUS#"  # events that are kept, and count nothing
SCREENED = "SCREENED#"  # forms that are kept as spam
OUTBOX = "OUTBOX#"
CLICKED = "CLICK#"  # on a link of an email
ANSWERED = "ANSWERED#"  # a question that an email asked
TRANSITION = "TRANSITION#"
HANDOFF = "HANDOFF#"
VERDICT = "VERDICT#"  # what a salesperson answered to a handoff
ENROL = "ENROL#"
OF_COMPANY = "COMPANY#"  # the partition of a company, and the key of each of its leads
COMPANY_OWNER = "COMPANY"  # the sort key there of whose it is
ROUTING = "ROUTING"  # the partition of what dealing goes by
LOAD = "LOAD"  # the sort key there of how much everybody was handed
QUARANTINE = "QUARANTINE"  # the partition of what can never be worked off
JOB = "JOB"
MAILING = "MAILING"  # the sort key of what became of a mailing
PART = "PART#"
DOCUMENT = "DOCUMENT"
REVISION = "CONFIG"  # the partition of the one item that counts changes of documents; its sort key
SIMULATED = "SIMULATED"
PUBLISHING = "PUBLISHING"  # the partition of the one item that says which publish runs
ERASED = "ERASED"  # the partition of the list of erasures; the sort keys are time and lead id
TURN = "TURN"  # its sort key
HANDOVER = "HANDOVER#"
SEEN_FORMS = "SEEN_FORMS"  # the partition of the forms that nobody has registered
FORM = "FORM#"
PERSON = "PERSON#"  # the partition of a salesperson, by the id in the routing document
BUDGET = "BUDGET#"  # the sort keys there of what an hour has seen
PHONE = "PHONE"  # of what is kept of their number
DIGEST = "DIGEST#"  # and of what a digest will list
DUE_NURTURE = "DUE#NURTURE#"
NUMBERS = "NUMBERS#"  # what is counted of a sequence
FIRST_EMAILS = "FIRST_EMAILS"  # the sort key of a counter of them
REPLY = "REPLY#"  # an answer to an email of marketing's
REPLIES = "REPLIES"  # how many of a lead's wait for a person, and came on a day
ANSWERS = "ANSWERS"  # the sort key of a mailbox's counter of answers to forms
SENDS = "SENDS"  # the sort key of when marketing wrote to a mailbox
ACCESS = "ACCESS"  # the partition of the tokens; the sort key is a token's id
AUDIT = "AUDIT#"  # what our own people did on a day
SWITCHES = "SWITCHES"  # the partition of the switches; the sort key is the switch's name
ALLOWANCE = "ALLOWANCE"  # the partition, and its sort key, of how much marketing may send
IMPORTED_PEOPLE = "IMPORTED_PEOPLE"  # the sort key there of how many people were imported
SENT = "SENT"  # the partition of how many of marketing's emails each hour has seen
LEFT_EMAILS = "LEFT"  # the partition of marketing's emails that have left, in that order
SENDING = "SENDING#"  # the partitions of what is paused; the sort key is a sequence, or * for all
DUE_JOBS = "DUE#JOBS"  # the due index's partition of the jobs: they wait behind no lead
END = "\U0010ffff"  # behind a prefix: after everything that starts with it

INDEXED = frozenset({"list_pk", "list_sk", "due_pk", "due_sk"})  # the keys of both indexes

STAGE_SHARDS = 16
NUMBER_SHARDS = 8
LEAD_SHARDS = 16
OUTBOX_SHARDS = 4
SPAM_SHARDS = 4
REPLY_SHARDS = 4
HANDOFF_SHARDS = 4
ASKED_SHARDS = 4
SENDING_SHARDS = 8
SENT_SHARDS = 8
DUE_SHARDS = 8


def event(event_id: str) -> str:
    """The sort key of an event: `EVENT#<client's ms>#<hash>`."""
    return EVENT + event_id.replace("-", "#")


def consented(event_id: str) -> str:
    """The sort key of the proof of consent that came with a form."""
    return CONSENTED + event_id.replace("-", "#")


def pending(event_id: str) -> str:
    """The sort key of a ticked box that has yet to be confirmed."""
    return PENDING + event_id.replace("-", "#")


def person(person_id: str) -> str:
    """The partition of a salesperson."""
    return PERSON + person_id


def mailbox(mailbox_id: str) -> str:
    """The partition of a mailbox."""
    return MAILBOX + mailbox_id


def join(visitor: str) -> str:
    """The sort key of a join, in the partition of the lead that the visitor belongs to."""
    return JOIN + visitor


def surplus(event_id: str) -> str:
    """The sort key of an event that is kept, and counts nothing: as that of an event."""
    return SURPLUS + event_id.replace("-", "#")


def screened(event_id: str) -> str:
    """The sort key of a screened form: as that of an event."""
    return SCREENED + event_id.replace("-", "#")


def submission(form_id: str, submission_id: str) -> str:
    """The partition of a submission that may be repeated."""
    return "SUBMISSION#" + sha256(f"{form_id}\n{submission_id}".encode()).hexdigest()


def transition(version: int) -> str:
    """The sort key of the transition that made a standing's version."""
    return f"{TRANSITION}{version:08d}"


def message(key: "MessageKey") -> str:
    """The sort key of a message."""
    return f"{OUTBOX}{key}"


def click(click_id: str) -> str:
    """The sort key of a click."""
    return CLICKED + click_id


def config(kind: str) -> str:
    """The partition of the stored documents of a kind."""
    return f"CONFIG#{kind}"


def versions(kind: str, document_id: str) -> str:
    """The partition of the versions of a stored document."""
    return f"{config(kind)}#{document_id}"


def document_version(version: int) -> str:
    """The sort key of one version of a stored document."""
    return f"v{version:08d}"


def activation(number: int) -> str:
    """The sort key of the record that a version of the model became the active one."""
    return f"{ACTIVATION}{number:05d}"


def model_version(version: int) -> str:
    """The sort key of one version of the model."""
    return f"v{version:05d}"


def model_source(version: int) -> str:
    """The sort key of the YAML that a version of the model was written in."""
    return f"{SOURCE}{version:05d}"


def journal(day: date) -> str:
    """The partition of what our own people did on a day (in UTC)."""
    return f"{AUDIT}{day.isoformat()}"


def job(job_id: str) -> str:
    """The partition of a job."""
    return f"{JOB}#{job_id}"


def mailing(mailing_id: str) -> str:
    """The partition of a mailing."""
    return f"{MAILING}#{mailing_id}"


def family_of(sort_key: str) -> str:
    """What the sort keys of all items of a kind have in common: the text before the first #."""
    return sort_key.partition("#")[0]


def id_of(partition: str) -> str:
    """The id in the partition of a thing that has one for itself, such as a job."""
    return partition.partition("#")[2]


def first_email_counter(hour: datetime, shard_number: int) -> str:
    """The partition of one of the counters of an hour's first emails."""
    return f"{FIRST_EMAILS}#{rfc3339(hour)[:13]}#{shard_number}"


def part(number: int) -> str:
    """The sort key of a part of a job's list."""
    return f"{PART}{number:05d}"


def simulated(digest: str) -> str:
    """The partition of what was simulated of a document."""
    return f"{SIMULATED}#{digest}"


def shard(lead_id: str, shards: int) -> int:
    """Which of the shards a lead belongs to: the last characters of a hash spread evenly."""
    return int.from_bytes(lead_id[-4:].encode(), "big") % shards


def network(network_id: str) -> str:
    """The partition of what counts the forms of a network address. network_id: a keyed hash."""
    return f"NETWORK#{network_id}"


def form_token(token_id: str) -> str:
    """The partition of what counts the uses of a form's token. token_id: a hash."""
    return f"TOKEN#{token_id}"


def sending_copy(shard_number: int) -> str:
    """The partition of one of the copies of what is paused."""
    return f"{SENDING}{shard_number}"


def reply(one: str) -> str:
    """The sort key of a reply."""
    return REPLY + one


def beside(task: str, key: str) -> str:
    """The sort key of a hand-over. key: what tells it from others of the task; empty: nothing."""
    return f"{HANDOVER}{task}#{key}" if key else HANDOVER + task
