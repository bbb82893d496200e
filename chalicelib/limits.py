"""Every limit, with the reason beside it. Units come last in the names."""

FORM_BODY_MAX_BYTES = 64 * 1024  # api.md; far above any real form
IMPORT_BODY_MAX_BYTES = 1024 * 1024  # of one import; a lead has about 300 bytes
IMPORT_MAX_LEADS = 500  # of one import: each is a write of its own, and a request has half a minute
COMMAND_BODY_MAX_BYTES = 64 * 1024  # a person's request; a hundred event ids are 4 KB
BATCH_BODY_MAX_BYTES = 512 * 1024  # api.md; segment-analytics-python sends up to 475,000 bytes
BATCH_MAX_EVENTS = 100  # segment-analytics-python's own batch size
EVENT_MAX_BYTES = 32 * 1024  # Segment's limit of one event

LINE_MAX_CHARS = 300  # a name, a title, a company: one line of a form
TEXT_MAX_CHARS = 5_000  # a message
URL_MAX_CHARS = 2_048  # what browsers and proxies agree on
ID_MAX_CHARS = 200  # a visitor id, message id or submission id; UUIDs have 36
FORM_MAX_FIELDS = 50
EVENT_MAX_PROPERTIES = 50

EVENTS_MAX_PER_VISITOR_DAY = 2_000  # more is an id that many browsers share: it never joins
JOINED_MAX_EVENTS = 1_000  # what one join counts: a year of a keen visitor
JOIN_GRACE_MINUTES = 15  # two machines' clocks differ by less
PINGS_MAX_PER_DAY = 500  # per lead and captured day; a person does not read more pages

COUNTED_HOURS = 48  # the stream redelivers for 24 h; twice that is safe
COUNTED_MAX_IDS = 128  # 1.5 KB of a standing; above it the lead is crowded
REPLAY_EVERY_MINUTES = 15  # a crowded lead is replayed at most this often

HORIZON_DAYS = 400  # behaviour older than this is forgotten: a year and a season
REVIEW_MAX_DAYS = 28  # no lead goes unlooked-at for longer
AHEAD_MAX_DAYS = 180  # how far ahead a reader is told what time will do: nobody plans by more
DISTINCT_MAX_KEYS = 32  # newest keys kept of a distinct signal

WRITE_ATTEMPTS = 8  # read, decide, write again when another writer was first
LEASE_SECONDS = 90  # above the deliver function's timeout: a claim older than this has no worker
EVIDENCE_MINUTES = 15  # SES reports a send within seconds; after this there will be none
TICK_SECONDS = 45  # a tick of the clock ends before its function's timeout
DUE_MAX_ITEMS = 500  # what one tick of the clock takes from a shard; the rest waits a minute

UNDO_MINUTES = (
    10  # a verdict can be taken back: long enough to notice, short enough that nothing has left
)
REASON_MAX_CHARS = 500  # api.md: an answer; as much for a reason
MERGE_MAX_WAITING = (
    80  # messages that a merge cancels: with the rest of it they fit into a transaction
)
RETRACT_MAX_EVENTS = 100  # of one request; their ids fit into one event
MODEL_BODY_MAX_BYTES = (
    256 * 1024
)  # twenty times a full model; as stored it fits into an item of 400 KB
MODEL_STORED_MAX_BYTES = 350 * 1024  # numbers may grow as they are stored
MODEL_VERSIONS_MAX = 200  # that are listed: years of a weekly change
DOCUMENT_CACHE_SECONDS = 30  # how stale a worker's model may be
LIST_MAX_LEADS = 2_000  # exact order of a stage up to here
TIMELINE_MAX_EVENTS = 10_000  # what one reading of a timeline looks at of each visitor
SUBMISSION_KEPT_DAYS = 30  # how long a repeated submission gets its first answer

REQUEST_SLICE_SECONDS = (
    5  # what a request works on its own job; the clock goes on with what is left
)
# of a tick, the jobs' whenever one is due: a thousand leads at 25 ms; more when little else is due
JOBS_SECONDS = 25
JOBS_MAX_PER_TICK = 20  # each gets a second of it; the others are first in the next minute
JOB_PAGE_LEADS = 100  # of one step: a second's work, and what is done again after a crash
JOB_CHECKPOINT_SECONDS = 5  # at most so much counting is done again after a crash
JOB_TRIES = 10  # without any progress; then it cannot go on
JOB_FAILED_IN_A_ROW = 10  # leads; more is an outage, not a lead: the job waits
JOB_KEPT_DAYS = 30
JOB_PART_MAX_BYTES = 100 * 1024  # four parts fit into an item, forty into a transaction
CHANGED_MAX_LEADS = 1_000  # that a simulation lists by name: nobody reads more, and they move first
CHANGED_MAX_BYTES = 2 * 1024 * 1024  # of that list; an answer may have six megabytes
DIFFERENCES_MAX = 20  # lines that tell why a lead changes, the weightiest first
SIMULATION_HOURS = 24  # how long a publish may rest on a simulation: leads change every day
LEEWAY_LEADS = 5  # playbook, rule 9: a tenth; of few leads a tenth is nobody
# after an activation: a worker keeps the model for 30 s, and its write is under way for less
SETTLE_SECONDS = 60
SWEEP_TRIES = 3  # passes in which a lead may fail before it is left to its next event
SWEEP_FAILED_MAX_LEADS = 1_000  # that a report names; with more the publish has failed
REBUILD_NAMED_MAX_LEADS = 50  # that differed, or failed, in a report: the others are counted
REBUILD_NAMED_MAX_PARTS = 20  # of such a lead, for example `tally.pricing-page`
