"""Every limit, with the reason beside it. Units come last in the names."""

FORM_BODY_MAX_BYTES = 64 * 1024  # api.md; far above any real form
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
REFOLD_EVERY_MINUTES = 15  # a crowded lead is refolded at most this often

HORIZON_DAYS = 400  # behaviour older than this is forgotten: a year and a season
REVIEW_MAX_DAYS = 28  # no lead goes unlooked-at for longer
DISTINCT_MAX_KEYS = 32  # newest keys kept of a distinct signal

WRITE_ATTEMPTS = 8  # read, decide, write again when another writer was first
LEASE_SECONDS = 90  # above the deliver function's timeout: a claim older than this has no worker
EVIDENCE_MINUTES = 15  # SES reports a send within seconds; after this there will be none
TICK_SECONDS = 45  # a tick of the clock ends before its function's timeout
DUE_MAX_ITEMS = 500  # what one tick of the clock takes from a shard; the rest waits a minute

DOCUMENT_CACHE_SECONDS = 30  # how stale a worker's model may be
LIST_MAX_LEADS = 2_000  # exact order of a stage up to here
TIMELINE_MAX_EVENTS = 10_000  # what one reading of a timeline looks at of each visitor
SUBMISSION_KEPT_DAYS = 30  # how long a repeated submission gets its first answer
