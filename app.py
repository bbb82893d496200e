"""Baton's table of contents: every group of routes and every trigger.

Two functions serve HTTP from this one app (ADR 0004): APIHandler the private routes, and
PublicHandler, under a smaller role of its own, the public ones. The template points each path at
its function. The alarms of every function are in infra/resources.yaml.
"""

from typing import Any

from chalice.app import Chalice, DynamoDBEvent, Rate, SNSEvent, SQSEvent

from chalicelib.http.access import access
from chalicelib.http.by_hand import by_hand
from chalicelib.http.clicks import clicks
from chalicelib.http.documents import documents
from chalicelib.http.edits import edits
from chalicelib.http.emails import emails
from chalicelib.http.exchange import answer_head, protect, with_request_id
from chalicelib.http.forms import forms
from chalicelib.http.handoff_pages import handoffs
from chalicelib.http.handoffs import handoff_lists
from chalicelib.http.mailings import mailings
from chalicelib.http.marketing import marketing
from chalicelib.http.operations import operations
from chalicelib.http.phones import phones
from chalicelib.http.privacy import privacy
from chalicelib.http.problem import from_chalice
from chalicelib.http.public import public
from chalicelib.http.replies import answers
from chalicelib.http.sales import sales
from chalicelib.http.sending import sending
from chalicelib.http.sequence_previews import sequence_previews
from chalicelib.http.tracking import tracking
from chalicelib.http.verdicts import verdicts
from chalicelib.http.whom import whom
from chalicelib.telemetry import traced
from chalicelib.wiring.world import world

# Chalice needs ARNs here; infra/resources.yaml replaces them with those of the table's stream and
# of each worker's queue.
STREAM = "arn:aws:dynamodb:region:account:table/baton/stream/label"
QUEUE = "arn:aws:sqs:region:account:baton"

app = Chalice(app_name="baton")
app.register_middleware(traced, "all")
app.register_middleware(protect, "http")
app.register_middleware(answer_head, "http")
app.register_middleware(with_request_id, "http")
app.register_middleware(from_chalice, "http")
app.register_blueprint(forms)  # public: form submissions
app.register_blueprint(tracking)  # public: tracking events, the pixel, the tracker script
app.register_blueprint(clicks)  # public: tracked links, and answers to emails' questions
app.register_blueprint(public)  # public: unsubscribe, the thank-you page, health
app.register_blueprint(marketing)  # private: the scoring model, what-if, publishing, jobs
app.register_blueprint(documents)  # private: forms, emails, sequences, routing, settings
app.register_blueprint(emails)  # private: emails before anybody gets them
app.register_blueprint(access)  # private: tokens, and the journal
app.register_blueprint(operations)  # private: the switches
app.register_blueprint(sequence_previews)  # private: what a lead would get of a sequence
app.register_blueprint(by_hand)  # private: sequences by hand
app.register_blueprint(mailings)  # private: one-off emails, and the lists that they go to
app.register_blueprint(sending)  # private: pausing marketing's emails
app.register_blueprint(privacy)  # private: what is held on one person, and its erasure
app.register_blueprint(handoffs)  # the page on which a salesperson answers, by its signed link
app.register_blueprint(verdicts)  # private: what sales answered to handoffs
app.register_blueprint(answers)  # replies: private, and the page that an email of ours links to
app.register_blueprint(handoff_lists)  # private: handoffs that wait
app.register_blueprint(edits)  # private: what a salesperson edits of a lead
app.register_blueprint(whom)  # private: who would get a lead
app.register_blueprint(phones)  # private: confirming a salesperson's number
app.register_blueprint(sales)  # private: leads, timelines, the outbox


@app.lambda_function(name="public_handler")
def public_handler(event: dict[str, Any], context: Any) -> Any:
    """Serve the public routes, under their own role."""
    return app(event, context)


@app.on_dynamodb_record(stream_arn=STREAM, name="qualify")
def qualify(event: DynamoDBEvent) -> dict[str, Any]:
    """An event was captured: count it, rescore its lead and decide its stage."""
    return world().qualify_records(event.to_dict())


@app.on_dynamodb_record(stream_arn=STREAM, name="deliver")
def deliver(event: DynamoDBEvent) -> dict[str, Any]:
    """A message was planned: claim it, send it and settle it."""
    return world().deliver_records(event.to_dict())


@app.schedule(Rate(1, unit=Rate.MINUTES), name="clock")
def clock(_event: Any) -> int:
    """Every minute: hand the reviews, replays, messages and jobs that are due to their queues."""
    return world().clock.tick()


@app.on_sqs_message(queue_arn=QUEUE, name="urgent")
def urgent(event: SQSEvent) -> dict[str, Any]:
    """A message that somebody waits for is due: send it, or look after it."""
    return world().work_messages(event.to_dict())


@app.on_sqs_message(queue_arn=QUEUE, name="nurture")
def nurture(event: SQSEvent) -> dict[str, Any]:
    """One of marketing's emails is due: send it, or look after it."""
    return world().work_messages(event.to_dict())


@app.on_sqs_message(queue_arn=QUEUE, name="leads")
def leads(event: SQSEvent) -> dict[str, Any]:
    """A lead is due: review it, or replay it."""
    return world().work_messages(event.to_dict())


@app.on_sqs_message(queue_arn=QUEUE, name="jobs")
def jobs(event: SQSEvent) -> dict[str, Any]:
    """A job is due: do its next steps."""
    return world().work_messages(event.to_dict())


@app.on_sns_message(topic="baton-feedback", name="feedback")
def feedback(event: SNSEvent) -> None:
    """SES reports what became of an email: settle its message, suppress its lead if necessary."""
    world().mail_event(event.message)


@app.on_sns_message(topic="baton-inbound", name="replies")
def replies(event: SNSEvent) -> None:
    """SES received an email: find whom it answers, and do what it says."""
    world().replies.taking.take(event.message)
