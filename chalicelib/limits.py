"""Every limit, with its reason. Units come last in the names."""

# --- what may be sent -----------------------------------------------------------------------------
FORM_BODY_MAX_BYTES = 64 * 1024  # far above any real form
IMPORT_BODY_MAX_BYTES = 1024 * 1024  # of one import; a lead takes about 300 bytes
# of one import: each lead is a write of its own, and a request has half a minute
IMPORT_MAX_LEADS = 500
COMMAND_BODY_MAX_BYTES = 64 * 1024  # a request to a private endpoint; 100 event ids take 4 KB
BATCH_BODY_MAX_BYTES = 512 * 1024  # segment-analytics-python sends up to 475,000 bytes
BATCH_MAX_EVENTS = 100  # the batch size of segment-analytics-python
EVENT_MAX_BYTES = 32 * 1024  # Segment's own limit for one event
# of a body with one event: Python's JSON writes each character beyond ASCII in six bytes
EVENT_BODY_MAX_BYTES = 64 * 1024

# what is stored of one event; longer values are cut (ADR 0033)
PING_STORED_MAX_BYTES = 4 * 1024  # honest pings have a tenth
FORM_STORED_MAX_BYTES = 32 * 1024  # a message of 5,000 characters in any script, and more
# bytes that an event of a batch says, for each byte of it: the batch's own context applies to each
# of them, and a short body must not become a hundred long items
BATCHED_MAX_PER_SENT = 2
BATCHED_MIN_BYTES = 704  # with keys and times one write unit, so that a short event costs no more

# forms that nobody has registered: more names than any company's pages have, and few enough to read
SEEN_FORMS_MAX = 200
SEEN_FORMS_EXACT = 32  # submissions of one of them on a day that are counted one by one
SEEN_FORMS_STEP = 16  # after that one in so many is counted, for all of them
SEEN_FORMS_KEPT_DAYS = 90  # after the last submission; a form of a season comes back
LINE_MAX_CHARS = 300  # a name, a title, a company: one line of a form
TEXT_MAX_CHARS = 5_000  # a message
CONSENT_MAX_CHARS = 1_000  # the sentence beside a box, as a sender says it
URL_MAX_CHARS = 2_048  # what browsers and proxies agree on
ID_MAX_CHARS = 200  # a visitor id, message id or submission id; a UUID has 36
FORM_MAX_FIELDS = 50  # far above any real form
FORM_MAX_PARTS = 200  # looked at for those fields: builders send as many about a field as it has
FORM_MAX_WARNINGS = 100  # in one answer; then it says how many more there are
# a company's own fields in a profile, the newest of each rank: what a form asks of one person
OWN_FIELDS_MAX = 20
EVENT_MAX_PROPERTIES = 50  # far above what trackers send

# --- what is counted ------------------------------------------------------------------------------
# an id with more events is shared by many browsers, so it never joins a lead
EVENTS_MAX_PER_VISITOR_DAY = 2_000
JOINS_MAX_PER_LEAD = 200  # browsers of one person; a replay reads the events of each
# anybody can claim a browser for anybody's address: room is kept for forms, and for the browsers
# that are the lead's already
JOINS_MAX_BY_IDENTIFY = 100
JOINS_MAX_BY_FORM = 150
JOINS_MAX_PER_DAY = 20  # of identifies, and of forms: no stranger takes all the room at once
JOINED_MAX_EVENTS = 1_000  # what one join counts: a year of a keen visitor
# an event captured this soon after the join still counts with it: two machines' clocks differ less
JOIN_GRACE_MINUTES = 15
PINGS_MAX_PER_DAY = 500  # per partition and captured day; nobody reads more pages
# above this a partition stores no more pings on a day: more than count, because workers know only
# roughly how many there are, and at most a quarter more (ADR 0033)
PINGS_STORED_MAX_PER_DAY = 560
FORMS_MAX_PER_DAY = 200  # of a lead; the others are kept and listed, but count nothing
# of the lead's own browser, even when strangers have sent as many as count: these are the newest
OWN_FORMS_PER_DAY = 20
ARRIVALS_STEP = 8  # pings that one write of their counter stands for: an eighth of a write for each
ARRIVALS_KEPT_DAYS = 3  # a day's count is asked for on that day and the next
# a clock that is wrong by more is not trusted: browsers with such a clock can hardly open a page
CLOCK_MAX_BEHIND_DAYS = 1
CLOCK_MAX_AHEAD_HOURS = 24  # of a `sentAt` after its arrival; a later one corrects nothing
# of an event after its own `sentAt`, as clients round differently; a later one was not sent with it
SENT_BEFORE_MAX_SECONDS = 60

# --- what is screened -----------------------------------------------------------------------------
SPAM_KEPT_DAYS = 30  # time enough for somebody to look through it
FORMS_PER_NETWORK = 200  # a day, outside dev: an office, or a trade fair's network, sends fewer
FORMS_PER_MAILBOX = 32  # a day, outside dev; what comes from the lead's own browser is not counted
# counters of floods are written in steps of this part of what is allowed, and of 1 at least
FLOOD_STEP_PART = 16
FORM_TOKEN_MIN_SECONDS = 2  # below that nobody has typed an address
FORM_TOKEN_HOURS = 24  # a page stays open for a working day
FORM_TOKEN_USES = 5  # of one token: people correct and repeat what they sent; machines go on
FORM_TOKEN_MAX_CHARS = 500  # twice what we sign
CHALLENGE_MAX_CHARS = 8_000  # Turnstile's answers have up to 2,048; hCaptcha's are longer
CHALLENGE_TIMEOUT_SECONDS = 2  # of connecting, and of each read; then the form is accepted
AGENT_MAX_CHARS = 400  # of a User-Agent that is searched; honest ones have up to 300
RELEASE_MAX_FORMS = 100  # of one request; the newest come first

COUNTED_HOURS = 48  # the stream redelivers for 24 hours, so twice that is safe
COUNTED_MAX_IDS = 128  # 1.5 KB of a standing; above that the lead is crowded
REPLAY_EVERY_MINUTES = 15  # a crowded lead is replayed at most this often
URGENT_REPLAYS_MAX_PER_HOUR = 4  # of a lead, for forms and feedback; after that it waits its turn
REPLAY_STEP_EVENTS = 2_000  # of one step: half a second's work, and what a crash repeats
REPLAY_SLICE_SECONDS = 5  # of one turn of a long replay; then others have theirs
REPLAY_AT_ONCE_MAX_EVENTS = 20_000  # of a replay inside other work; a longer one is the clock's
REPLAY_SAVED_DAYS = 7  # how long the saved steps of a replay are kept; a newer one overwrites them

HORIZON_DAYS = 400  # older behaviour is forgotten; a year and a season still count
REVIEW_MAX_DAYS = 28  # no lead goes without a look for longer
AHEAD_MAX_DAYS = 180  # how far ahead the effect of time on a lead is shown; nobody plans further
TOUCHES_MAX = 10  # the newest kept of a lead; with their limit of length they bound its item
TOUCH_MAX_CHARS = 100  # of a source, a medium and a campaign among them
DISTINCT_MAX_KEYS = 32  # the newest keys kept of a distinct signal: they bound a lead's item

# --- writing and sending --------------------------------------------------------------------------
WRITE_ATTEMPTS = 8  # of reading, deciding and writing again when another writer was first
SHARED_ATTEMPTS = 12  # of dealing one of many leads of a moment: ten that go in step all get there
LEASE_SECONDS = 90  # above the deliver function's timeout: the worker of an older claim is dead
# what waits for our own account is kept for a week: a rolling quota takes a day, and a review of an
# account some working days; a handoff is owed for at least 72 hours
WAIT_MAX_HOURS = 7 * 24
WAIT_MAX_MINUTES = 60  # between two looks whether the account sends again
ADDRESS_WAIT_MINUTES = 60  # the form that brings an address is seconds behind at most
EVIDENCE_MINUTES = 15  # SES reports a send within seconds; after this no report will come
# soft bounces in a row: a mailbox that stays full is given up like one that does not exist
SOFT_BOUNCES_MAX = 5
NOTICES_MAX_PER_MESSAGE = 20  # remembered with a message; services send about five
SWITCH_CACHE_SECONDS = 30  # how long a worker may go on with what was turned off
# between two looks at work that a switch keeps from being done: a look costs a read and a write
SWITCH_WAIT_MAX_MINUTES = 30
PAUSES_KEPT = 20  # of a sequence: waits are counted without them, and none began so long ago
# the brake counts the last emails that left, and of those the last hundred by themselves
BRAKE_EMAILS = 1_000
BRAKE_LAST_EMAILS = 100
BRAKE_DAYS = 30
BRAKE_BOUNCED_PERCENT = 4
BRAKE_RATE_FROM_EMAILS = 200  # with fewer a rate says nothing
BRAKE_BOUNCED_OF_LAST = 10
BRAKE_COMPLAINED = 3
BRAKE_COMPLAINED_OF_LAST = 2
SUNSET_DELIVERED = 4  # emails without any reaction, before a person is asked whether to go on
SUNSET_QUIET_DAYS = 180
SUNSET_ANSWER_DAYS = 14
OUTAGE_HOURS = 24  # for so long the clock may stand still before a person has to look
# a twentieth of SES's daily quota is left to handoffs and answers, whatever marketing sends
QUOTA_RESERVE_PART = 20
RATE_PART = 2  # marketing gets half of SES's rate
WARM_UP_EMAILS = 50  # of marketing's on the first day of a domain that nobody knows yet
WARM_UP_IMPORTED = 1_000  # people who are imported; more of them are a list that nobody knows
TURN_SECONDS = 60  # over which emails that wait for a quota come due, in their order
NURTURE_PER_MINUTE = 300  # emails that wait; the default of the template's parameter
# the default of the template's parameter: above a day's new leads of most, far below a mail bomb
FIRST_EMAILS_PER_HOUR = 200
FIRST_EMAILS_PER_MAILBOX = 3  # on a day, of all spellings of its address: who has more of them?
# answers to forms that a mailbox gets a day, in all spellings of its address, whoever sends the
# forms: nobody asks for more, and nobody can be flooded through us
ANSWERS_PER_MAILBOX = 3
# after this an answer to a form is no longer sent: the stream brings a form for 24 hours at most
ANSWER_MAX_HOURS = 24
UNCONFIRMED_KEPT_DAYS = 30  # how long a ticked box waits for its confirmation
# between two looks whether a box was confirmed, which an email waits for; it usually is at once
UNCONFIRMED_WAIT_HOURS = 6
# of a mailbox's emails of thirty days: above what any cap allows that is one
SENDS_KEPT = 100
FIRST_EMAIL_SHARDS = 8  # counters of an hour, so that parallel claims seldom meet at one
FIRST_EMAIL_SPREAD_MINUTES = 30  # over which what waited for the next hour comes due
TICK_SECONDS = 45  # a tick of the clock ends before its function times out
DUE_MAX_ITEMS = 500  # what one tick takes from a shard; the rest waits for the next minute
# what one tick looks at in a shard: what is handed over, or quarantined, stays due in front
DUE_MAX_READ = 2_000
DUE_MAX_PER_LEAD = 20  # of those that a tick takes from a shard: nobody crowds out the others
DUE_PAGE_ITEMS = 100  # whose hand-overs are read at once: DynamoDB's own limit
HANDOVER_MINUTES = 5  # in a queue; after that its message counts as lost
HANDOVER_TRIES = 3  # workers lost in a row; after that a person must look
HANDOVER_KEPT_DAYS = 2  # of what came to an end: longer than any message waits in a queue
WORK_SECONDS = 45  # of a worker, which ends before its function times out

# --- how salespeople are notified -----------------------------------------------------------------
PERSON_TEXTS_PER_HOUR = 6  # what somebody can act on (playbook)
PERSON_TEXTS_PER_DAY = 20  # in any 24 hours
PERSON_EMAILS_PER_HOUR = 30
PERSON_CHATS_PER_HOUR = 30
# after the hour that a digest is about: whoever still decides about a message of it has a minute
DIGEST_AFTER_MINUTES = 5
# named in one digest, which Gmail would cut off with more; the others are in the list of handoffs
DIGEST_MAX_LEADS = 100
DIGEST_KEPT_DAYS = 10  # what a digest lists: longer than it may wait to be sent
CODE_MINUTES = 10  # in which a code that was texted may be entered
CODE_TRIES = 5  # of six digits: somebody who guesses is right once in 200,000 codes
CODES_PER_HOUR = 3  # to a salesperson's number: each costs a text
CODES_PER_DAY = 10
WEBHOOK_TIMEOUT_SECONDS = 10  # to connect to a chat, and for its answer; the function has a minute

# --- what people answer by email ------------------------------------------------------------------
# of a raw email: the text comes before what is attached to it
INBOUND_MAX_BYTES = 256 * 1024
INBOUND_MAX_PARTS = 20  # the word boundary in it: its parser compares each line with each of them
INBOUND_HEADER_MAX_CHARS = 2_000  # of one header, as two lines of RFC 5322 have
INBOUND_TEXT_MAX_CHARS = 100_000  # of its text or its HTML: Outlook's styles alone take a half
REPLY_MAX_CHARS = 5_000  # of what its author wrote: as of a form's message
REPLY_MAX_LINES = 200
REPLIES_PER_EMAIL = 5  # on a day, to one of our emails; two machines could answer each other
REPLIES_PER_LEAD = 20  # on a day
REPLY_KEPT_DAYS = 90  # what somebody wrote, after it needs no answer

# --- clicks ---------------------------------------------------------------------------------------
# of a link that is tracked: with its token it is a line that every email program takes
TRACKED_URL_MAX_CHARS = 1_000
CLICK_HOLD_SECONDS = 120  # before a click counts: scanners sweep an email within it
CLICKS_MAX_PER_MESSAGE = 60  # an email has some ten links, which scanners visit again and again
CLICK_JOINS_MAX = 3  # browsers that the links of one email join: who has more of them?
CLICK_MARK_MINUTES = 10  # after the click, the first page view says that it followed it
CLICKS_BURST_SECONDS = 2  # several links within it are a machine's (published measurements)
CLICKS_REPEAT_SECONDS = 60  # one link again within it is the same click, seen by a scanner too
# before a sweep, clicks of whoever sweeps are its first probes
CLICKS_PROBE_MINUTES = 60
# after the delivery, most scanners are done (of 836 published bursts 97 %)
SCANNED_MINUTES = 5
ANSWER_MIN_SECONDS = 2  # between a page and its button: below that nobody has read it

# --- what people do with a lead -------------------------------------------------------------------
# how long a verdict, or an unsubscribe, can be undone: long enough to notice, short enough that
# nothing has left
UNDO_MINUTES = 10
HANDOFF_LINK_DAYS = 14  # of the link in a notice; an older one says who has the lead
VERDICT_MIN_SECONDS = 2  # between a handoff's page and its verdict: below that nobody has read it
VERDICT_UNTIL_MAX_DAYS = 730  # ahead: when a salesperson wants to look at a lead again
VERDICTS_MAX = 500  # that one answer lists and counts
OTHER_MAX_PERCENT = 15  # of rejections: more say that the list of reasons lacks one
ACCESS_TOKENS_MAX = 200  # kept, with those that no longer hold: a list that is read at once
ENDED_TOKENS_KEPT_DAYS = 30  # revoked or expired, so that the list says what became of them
TOKEN_NAME_MAX_CHARS = 100  # of a token: whose it is, or what for
JOURNAL_KEPT_DAYS = 400  # what our own people did: a year, and until it was looked at
NEWS_MAX_DAYS = 7  # behaviour that is older makes an entry in a list, not a notice (rule 9)
# of what a lead that sales has does: its owner hears of it; a page about prices gives as many
TELLING_MIN_POINTS = 5
# held handoffs, when whoever releases them says how many there are: those are counted first
HELD_EXPECTED_MAX = 5_000
HAND_POINTS_MAX = 1_000  # at once, as of a model's rule
HAND_POINTS_MAX_LIVE = 20  # of a lead: they are read with every count, and shown line by line
NOTE_MAX_CHARS = 5_000  # as of a form's message: what was said in a call fits
REASON_MAX_CHARS = 500  # a reason, or an answer about an opportunity: a few sentences
# messages that a merge cancels: with the rest of the merge they fit into one transaction
MERGE_MAX_WAITING = 12
# of a handoff's notices, the newest, that one decision takes back: they fit in with the rest
NOTICES_CHANGED_MAX = 8
RETRACT_MAX_EVENTS = 100  # of one request; their ids fit into one event

# --- documents and lists --------------------------------------------------------------------------
# of a model as it is sent: twenty times a full model, and it fits into an item of 400 KB
MODEL_BODY_MAX_BYTES = 256 * 1024
YAML_MAX_DEPTH = 20  # levels of a model in YAML: twice what the format has
MODEL_STORED_MAX_BYTES = 350 * 1024  # of a model as it is stored: numbers may grow in JSON
MODEL_VERSIONS_MAX = 200  # listed at once: years of weekly changes
DOCUMENT_BODY_MAX_BYTES = 256 * 1024  # of any other document: a long email, text and html
EMAIL_HTML_MAX_BYTES = 102 * 1024  # beyond it Gmail cuts an email off, with its way out
# of an email: far above any; the parser looks through what is never closed again and again
EMAIL_TAGS_MAX = 3_000
TEMPLATE_MAX_DEPTH = 30  # levels of an email's template: any depth that a person can read
DOCUMENT_VERSIONS_MAX = 200  # listed at once, as of the model
DOCUMENTS_MAX_CHARS = 1_200_000  # of a kind: in UTF-8 below the 6 MB of a Lambda answer
DOCUMENTS_MAX = 200  # of a kind: they are listed whole, and a transition reads all sequences
DOCUMENT_CACHE_SECONDS = 30  # how stale a worker's documents may be
PROOFS_SHOWN_MAX = 20  # the newest proofs of consent that a lead shows; its timeline has them all
LIST_MAX_LEADS = 2_000  # the leads of a stage that are put into exact order
# what one reading of a timeline looks at: of the lead's own events, and of all its visitors'
TIMELINE_MAX_EVENTS = 10_000
TIMELINE_MAX_OTHERS = 1_000  # forms that do not count, messages, transitions and proofs, each
TIMELINE_MAX_CHARS = 8_000_000  # of each of these: events may be large, and are held all at once
RETENTION_MAX_DAYS = 9_999  # what a deployment may set: 27 years; a date must come of it
SUBMISSION_KEPT_DAYS = 30  # how long a repeated submission gets its first answer

# --- jobs -----------------------------------------------------------------------------------------
# how long a request works on the job it started; the clock continues with the rest
REQUEST_SLICE_SECONDS = 5
JOB_PAGE_LEADS = 100  # the leads of one step: a second's work, and what a crash repeats
JOB_CHECKPOINT_SECONDS = 5  # the counting that a crash repeats, at most
JOB_TRIES = 10  # without any progress; after that the job has failed
JOB_FAILED_IN_A_ROW = 10  # leads; more is an outage and not a matter of one lead: the job waits
# how long an erasure waits for what was about to be stored: no request, nor Feedback, lasts longer
ERASURE_SETTLES_SECONDS = 30
EXPORT_PAGE_MAX_CHARS = 500_000  # of one page, as JSON; as HTML it is five times that at worst
JOB_KEPT_DAYS = 30  # how long a report can be read
MAILING_AHEAD_MAX_DAYS = 25  # its recipients are kept with the job that counted them
JOB_PART_MAX_BYTES = 100 * 1024  # four parts fit into an item, forty into a transaction
# the leads that a simulation lists by name: nobody reads more, and they are moved first
CHANGED_MAX_LEADS = 1_000
CHANGED_MAX_BYTES = 2 * 1024 * 1024  # of that list; a response may have six megabytes
DIFFERENCES_MAX = 20  # lines that explain why a lead changes, the weightiest first
SIMULATION_HOURS = 24  # how long a publish may rest on a simulation: leads change every day
# what a publish may differ from its simulation besides a tenth: a tenth of few leads is nobody
LEEWAY_LEADS = 5
# after an activation: a worker keeps the old model for 30 s, and its last write takes less
SETTLE_SECONDS = 60
SWEEP_TRIES = 3  # passes in which a lead may fail before it is left to its next event
SWEEP_FAILED_MAX_LEADS = 1_000  # named in a report; with more the publish has failed
REBUILD_NAMED_MAX_LEADS = 50  # that differed, or failed, in a report; the others are counted
REBUILD_NAMED_MAX_PARTS = 20  # of such a lead, for example `tally.pricing-page`
