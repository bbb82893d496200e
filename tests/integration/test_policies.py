"""Each function's policy against what the function does: exactly the calls to AWS that it was seen
to make.

The real entry points of app.py run on moto, wired as they are deployed, each with the environment
that the template gives to its function. A hook of botocore notes every call, which is then told in
the words of IAM.
"""

import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from typing import Any

import boto3
import pytest
from botocore.model import OperationModel
from chalice.test import Client
from moto import mock_aws
from moto.core.models import DEFAULT_ACCOUNT_ID

import app
from chalicelib.clicks.links import AnswerLink, ClickLink
from chalicelib.consent.confirming import ConfirmLink
from chalicelib.days import day_of, zone_of
from chalicelib.delivery.links import ANSWER, CALENDAR, CLICK, CONFIRM, LOOK, UNSUBSCRIBE, VIEW
from chalicelib.delivery.message_keys import parse_key
from chalicelib.delivery.outbox import MessageState, claimed
from chalicelib.delivery.references import tag_of
from chalicelib.delivery.senders import parse_sender
from chalicelib.http.tracking import VIEWS, track_batch
from chalicelib.settings import read_settings
from chalicelib.store.documents import Documents
from chalicelib.store.dynamo import connect_table, unmarshal
from chalicelib.wiring import world as wiring
from chalicelib.wiring.ports import Ports
from infra import defaults
from infra.package import own_architecture, package
from tests.baton import ANN, API, AT_ANY_TIME, SITE, stream_event
from tests.fakes import INBOUND_BUCKET
from tests.inbound import notification, raw
from tests.integration.test_template import (
    FUNCTIONS,
    PRIVATE,
    PUBLIC,
    WORKERS,
    actions,
    properties,
    statements,
)
from tests.moto_table import REGION, TABLE_NAME, create_table
from tests.welcome import WELCOME

Resources = dict[str, dict[str, Any]]
Grant = tuple[str, str]  # an action of IAM, and the resource that it is for
Context = tuple[str, str]  # a condition key, and its value in a call

pytestmark = pytest.mark.xdist_group("policies")  # its one stack takes seconds to live through
TIME_ZONE = "Europe/Berlin"  # whose day begins before that of UTC
ENTRY_POINTS = {
    "APIHandler": app.app,
    "PublicHandler": app.public_handler,
    "Qualify": app.qualify,
    "Deliver": app.deliver,
    "Clock": app.clock,
    "Urgent": app.urgent,
    "Nurture": app.nurture,
    "Leads": app.leads,
    "Jobs": app.jobs,
    "Feedback": app.feedback,
    "Replies": app.replies,
}
ADDRESS = "hello@keybook.example"
SENDER = f"Ann of Keybook <{ADDRESS}>"
# The conditions that hold here: no secret of an earlier stack is given, but that of challenges.
HOLDING = ("MakesIdentitySecret", "MakesLinkSecret", "HasChallenges")
TABLE = f"arn:aws:dynamodb:{REGION}:{DEFAULT_ACCOUNT_ID}:table/{TABLE_NAME}"
MAIL = f"arn:aws:ses:{REGION}:{DEFAULT_ACCOUNT_ID}"
BUCKET = f"arn:aws:s3:::{INBOUND_BUCKET}"
PHONES = "all but arn:*:sns:*:*:*"  # AWS has no ARN for a phone number
TRANSACTED = {
    "Put": "PutItem",
    "ConditionCheck": "ConditionCheckItem",
    "Update": "UpdateItem",
    "Delete": "DeleteItem",
}
IDENTITY = {"sourceIp": "203.0.113.7"}
CROWD = 65  # page views in one batch; two batches are more than a standing remembers
NURTURE = "nurture#1#welcome#1"

# What Lambda does in a function's name, outside of the function's code: so no call is seen.
LOGS = {name: f"{name}Logs" for name in FUNCTIONS} | {
    "APIHandler": "ApiLogs",
    "PublicHandler": "PublicLogs",
}
READS_STREAM = ("Qualify", "Deliver")
REPORTS_FAILURES = ("Qualify", "Deliver", "Feedback", "Replies")


def lambdas_own(function: str) -> set[Grant]:
    own = {
        (f"logs:{action}", f"{LOGS[function]}.Arn")
        for action in ("CreateLogStream", "PutLogEvents")
    }
    if function in READS_STREAM:
        reads = ("DescribeStream", "GetRecords", "GetShardIterator")
        own |= {(f"dynamodb:{action}", "Table.StreamArn") for action in reads}
        own.add(("dynamodb:ListStreams", f"{TABLE}/stream/*"))
    if function in WORKERS:
        reads = ("DeleteMessage", "GetQueueAttributes", "ReceiveMessage")
        own |= {(f"sqs:{action}", f"{function}Queue.Arn") for action in reads}
    if function in REPORTS_FAILURES:
        own.add(("sqs:SendMessage", f"{function}Failures.Arn"))
    return own


# --- what a call needs

ANYWHERE = {("sesv2", "GetAccount"): ("ses:GetAccount", "*")}
"""What is about no resource."""


def needed(
    service: str, operation: str, request: Mapping[str, Any]
) -> Iterator[tuple[Grant, Context | None]]:
    """What IAM asks for before AWS answers a call, with what a condition may look at. service,
    operation: as boto3 names them.
    """
    match service, operation:
        case "dynamodb", _:
            for action, place, pk in _of_tables(operation, request):
                context = ("dynamodb:LeadingKeys", pk) if pk is not None else None
                yield (f"dynamodb:{action}", place), context
        case "sesv2", "SendEmail":
            yield from _of_mail(request)
        case "sns", "Publish":
            yield ("sns:Publish", request.get("TopicArn", PHONES)), None
        case "sqs", "SendMessageBatch":
            yield ("sqs:SendMessage", f"{request['QueueUrl'].rpartition('/')[2]}.Arn"), None
        case "s3", ("GetObject" | "DeleteObject"):
            yield (f"s3:{operation}", f"{BUCKET}/*"), None
            # Without it a missing object is answered like a forbidden one.
            yield ("s3:ListBucket", BUCKET), None
        case "secretsmanager", "GetSecretValue":
            yield ("secretsmanager:GetSecretValue", request["SecretId"]), None
        case _:
            unknown = (f"{service}:{operation}", "what this test does not know yet")
            yield ANYWHERE.get((service, operation), unknown), None


def _of_mail(request: Mapping[str, Any]) -> Iterator[tuple[Grant, Context]]:
    """From the address or its domain, whichever is verified; and the configuration set."""
    _, address = parse_sender(request["FromEmailAddress"])
    sender = ("ses:FromAddress", address)
    for identity in (address, address.partition("@")[2]):
        yield ("ses:SendEmail", f"{MAIL}:identity/{identity}"), sender
    settings = f"{MAIL}:configuration-set/{request['ConfigurationSetName']}"
    yield ("ses:SendEmail", settings), sender


def _of_tables(operation: str, request: Mapping[str, Any]) -> Iterator[tuple[str, str, str | None]]:
    """Each action, the table or index, and the partition of an item that is written."""
    match operation:
        case "TransactWriteItems":  # has no action of its own
            for element in request["TransactItems"]:
                ((kind, write),) = element.items()
                yield TRANSACTED[kind], _table(write["TableName"]), _partition(write)
        case "BatchGetItem":
            yield from ((operation, _table(name), None) for name in request["RequestItems"])
        case _:
            index = f"/index/{request['IndexName']}" if "IndexName" in request else ""
            yield operation, _table(request["TableName"]) + index, _partition(request)


def _partition(write: Mapping[str, Any]) -> str | None:
    """The partition of the item that a write names, whether marshalled or not."""
    key = write.get("Item") or write.get("Key")
    if key is None:
        return None
    pk = key["pk"]
    return str(pk["S"] if isinstance(pk, dict) else pk)


def _table(name: str) -> str:
    return TABLE.removesuffix(TABLE_NAME) + name


# --- what a policy grants


def granted(resources: Resources, function: str, made: Mapping[str, str]) -> set[Grant]:
    return {
        (action, place)
        for statement in statements(resources, function)
        for action in actions(statement)
        for place in _places(statement, made)
    }


def allows(
    resources: Resources, function: str, made: Mapping[str, str], grant: Grant, context: Context
) -> bool:
    """Whether a statement grants it for this value of a condition key."""
    return any(
        grant[0] in actions(statement)
        and grant[1] in _places(statement, made)
        and _holds(resolved(statement.get("Condition", {}), made), context)
        for statement in statements(resources, function)
    )


def _holds(condition: Mapping[str, Any], context: Context) -> bool:
    """Whether a condition holds: all of its operators, each for one of its values."""
    key, value = context
    for operator, wanted in condition.items():
        patterns = wanted[key] if isinstance(wanted[key], list) else [wanted[key]]
        match operator:
            case "ForAllValues:StringLike":
                holds = any(fnmatchcase(value, pattern) for pattern in patterns)
            case "StringEqualsIgnoreCase":
                holds = value.lower() in [one.lower() for one in patterns]
            case _:
                raise AssertionError(f"this test does not know {operator}")
        if not holds:
            return False
    return True


def _places(statement: Mapping[str, Any], made: Mapping[str, str]) -> list[str]:
    if "NotResource" in statement:
        return [f"all but {resolved(statement['NotResource'], made)}"]
    found = resolved(statement["Resource"], made)
    return found if isinstance(found, list) else [found]


def resolved(value: Any, made: Mapping[str, str]) -> Any:
    """A value of the template with its references followed. made: what they stand for; an attribute
    of something that was not made stands for itself.
    """
    match value:
        case {"Ref": name}:
            return made[name]
        case {"Fn::GetAtt": [name, attribute]}:
            return made.get(f"{name}.{attribute}", f"{name}.{attribute}")
        case {"Fn::Sub": [text, more]}:
            return resolved({"Fn::Sub": text}, {**made, **resolved_all(more, made)})
        case {"Fn::Sub": text}:
            return re.sub(r"\$\{([\w:.]+)\}", lambda found: made[found[1]], text)
        case {"Fn::Select": _} | {"Fn::Split": _} | {"Fn::If": _}:
            return _computed(value, made)
        case dict():
            return resolved_all(value, made)
        case list():
            return [resolved(one, made) for one in value]
        case _:
            return value


def _computed(value: dict[str, Any], made: Mapping[str, str]) -> Any:
    match value:
        case {"Fn::Select": [index, values]}:
            return resolved(values, made)[index]
        case {"Fn::Split": [separator, text]}:
            return resolved(text, made).split(separator)
        case {"Fn::If": [condition, yes, no]}:
            return resolved(yes if condition in HOLDING else no, made)


def resolved_all(values: Mapping[str, Any], made: Mapping[str, str]) -> dict[str, Any]:
    return {name: resolved(value, made) for name, value in values.items()}


# --- a Baton that is watched


class Stack:
    """Baton on moto. seen: what each function's calls needed. Every call of a function is a cold
    start.
    """

    def __init__(self, resources: Resources, made: Mapping[str, str]) -> None:
        self.resources, self.made = resources, made
        self.seen: dict[str, set[Grant]] = {name: set() for name in FUNCTIONS}
        self.contexts: dict[str, set[tuple[Grant, Context]]] = {name: set() for name in FUNCTIONS}
        self.routes: set[tuple[str, str]] = set()
        self.running: str | None = None  # what a test looks up for itself is not noted
        self.handled: set[tuple[str, str]] = set()
        session = boto3.DEFAULT_SESSION
        assert session is not None, "the clients are made of the default session"
        session.events.register("provide-client-params", self._note)

    def _note(self, params: Mapping[str, Any], model: OperationModel, **_: Any) -> None:
        if self.running is not None:
            for grant, context in needed(model.service_model.service_name, model.name, params):
                self.seen[self.running].add(grant)
                if context is not None:
                    self.contexts[self.running].add((grant, context))

    def world(self, function: str, **more: str) -> wiring.World:
        """What a function's container builds of the function's environment and of nothing else."""
        environment = properties(self.resources, function)["Environment"]["Variables"]
        return wiring.World(Ports(read_settings(resolved_all(environment, {**self.made, **more}))))

    def run(self, function: str, event: Any, **more: str) -> Any:
        wiring.use(self.world(function, **more))
        self.running = function
        try:
            return ENTRY_POINTS[function](event, None)
        finally:
            self.running = None
            wiring.use(None)

    def http(self, method: str, route: str, body: Any = None, **parts: Any) -> Any:
        """A request to the function that the template has for the route. parts: of the proxy
        event.
        """
        text = body if isinstance(body, str | None) else json.dumps(body)
        event = {
            "requestContext": {"httpMethod": method, "resourcePath": route, "identity": IDENTITY},
            "pathParameters": None,
            "multiValueQueryStringParameters": None,
            "stageVariables": None,
            "headers": {},
            "body": text,
            **parts,
        }
        self.routes.add((route, method.lower()))
        function = "APIHandler" if (route, method.lower()) in PRIVATE else "PublicHandler"
        answer = self.run(function, event)
        assert answer["statusCode"] < 400, (route, answer)
        return answer["body"]

    def qualify(self) -> None:
        self._drain("Qualify", "EVENT#")

    def deliver(self) -> None:
        self._drain("Deliver", "OUTBOX#")

    def _drain(self, function: str, prefix: str) -> None:
        """Give the function the new items that its filter lets through, in the order of their
        keys.
        """
        pages = boto3.client("dynamodb").get_paginator("scan").paginate(TableName=TABLE_NAME)
        items = [unmarshal(item) for page in pages for item in page["Items"]]
        fresh = {
            (str(item["pk"]), str(item["sk"])): item
            for item in items
            if str(item["sk"]).startswith(prefix)
        }
        event = stream_event([fresh[key] for key in sorted(fresh.keys() - self.handled)])
        self.handled |= fresh.keys()
        assert self.run(function, event) == {"batchItemFailures": []}

    def clock(self, offset: str) -> int:
        """A tick of the clock and what its workers do of it, with the time shifted."""
        event = Client(app.app).events.generate_cw_event("aws.events", "Scheduled Event", {}, [])
        handed = int(self.run("Clock", event, NowOffset=offset))
        for worker in WORKERS:
            self._work(worker, offset)
        return handed

    def _work(self, worker: str, offset: str) -> None:
        sqs = boto3.client("sqs")
        url = self.made[f"{worker}Queue"]
        while found := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=1).get("Messages"):
            (message,) = found
            record = {"messageId": message["MessageId"], "body": message["Body"]}
            answer = self.run(worker, {"Records": [record]}, NowOffset=offset)
            assert answer == {"batchItemFailures": []}
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])

    def mail_event(self, kind: str, tag: str, **detail: str) -> None:
        mail = {"messageId": "m1", "tags": {"message": [tag]}}
        message = json.dumps({"eventType": kind, "mail": mail, kind.lower(): detail})
        self.run("Feedback", Client(app.app).events.generate_sns_event(message))

    def lead_id(self, name: str) -> str:
        return self.world("APIHandler").lead_id(email(name))


def make() -> dict[str, str]:
    """Make on moto what the functions need; what the template's references then stand for."""
    create_table(boto3.client("dynamodb"))
    defaults.load(
        table_name=TABLE_NAME,
        api_url=API,
        site_url=SITE,
        endpoint_url=None,
        region=REGION,
        time_zone=TIME_ZONE,
        demo=True,
    )
    put_settings()
    put_sequences()
    ses, secrets = boto3.client("sesv2"), boto3.client("secretsmanager")
    sqs = boto3.client("sqs")
    boto3.client("s3").create_bucket(
        Bucket=INBOUND_BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
    )
    ses.create_email_identity(EmailIdentity=ADDRESS)
    ses.create_configuration_set(ConfigurationSetName="baton")
    texts = {
        "IdentitySecret": "identity",
        "LinkSecret": '{"current": "link"}',
        "AdminSecret": "admin",
        "ChallengeSecret": "{}",  # without keys, so that no service is asked
    }
    return {
        "AWS::Partition": "aws",
        "AWS::Region": REGION,
        "AWS::AccountId": DEFAULT_ACCOUNT_ID,
        "Stage": "dev",
        "NowOffset": "",
        "Sender": SENDER,
        "TextIdentity": "",
        "FirstEmailsPerHour": "200",
        "RetentionEvents": "400",
        "RetentionForms": "0",
        "RetentionMessages": "0",
        "RetentionSubmissions": "30",
        "Table": TABLE_NAME,
        "Table.Arn": TABLE,
        "NurturePerMinute": "300",
        **{
            f"{name}Queue": sqs.create_queue(QueueName=f"{name}Queue")["QueueUrl"]
            for name in WORKERS
        },
        "MailSettings": "baton",
        "InboundBucket": INBOUND_BUCKET,
        "InboundBucket.Arn": BUCKET,
        "HandoffTopic": boto3.client("sns").create_topic(Name="handoffs")["TopicArn"],
        **{
            name: secrets.create_secret(Name=name, SecretString=text)["ARN"]
            for name, text in texts.items()
        },
    }


def put_settings(**more: Any) -> None:
    """Let emails leave whenever the test runs, as far as a cap allows."""
    documents = Documents(connect_table(TABLE_NAME), lambda: datetime.now(UTC))
    sending = {**AT_ANY_TIME, "per_7_days": 2}
    letterhead = {"company_name": "Keybook", "postal_address": "Way 1, Berlin"}
    documents.put("settings", {"sending": sending, **letterhead, **more})


def put_sequences() -> None:
    """Let the welcome be the only sequence: those that ship are switched off."""
    documents = Documents(connect_table(TABLE_NAME), lambda: datetime.now(UTC))
    for (kind, one_id), document in WELCOME.items():
        documents.put(kind, document, one_id)
    event = {"title": "Three questions", "starts_at": "2099-01-15T15:00:00+01:00"}
    documents.put("form", {"id": "webinar", "required": ["email"], "event": event}, "webinar")


# --- what is done with it


def email(name: str) -> str:
    return f"{name}@acme.example"


def page_view(visitor: str, number: int = 0) -> dict[str, Any]:
    at = datetime.now(UTC) - timedelta(minutes=number)
    return {
        "type": "page",
        "anonymousId": visitor,
        "timestamp": at.isoformat(),
        "properties": {"url": f"{SITE}/blog/{number}"},
    }


def post_form(stack: Stack, form: str, name: str, *, consent: bool = True, **parts: Any) -> None:
    data = {
        "fields": {**ANN, "email": email(name)},
        "consent": {"marketing": consent, "text": "Write to me."},
    }
    stack.http("POST", "/v1/forms/{form_id}", {**data, **parts}, pathParameters={"form_id": form})


def a_lead_is_captured_qualified_and_handed_over(stack: Stack) -> None:
    stack.http("POST", "/v1/batch", {"batch": [page_view("ann", 1), page_view("ann", 2)]})
    stack.http("POST", "/v1/page", page_view("nobody"))
    stack.http("POST", "/v1/track", {**page_view("ann"), "event": "Product Added"})
    query = {"anonymousId": ["ann"], "url": [f"{SITE}/pricing"]}
    stack.http("GET", "/v1/pixel", multiValueQueryStringParameters=query)
    stack.qualify()  # nobody's yet
    for _ in range(2):  # the second is a repeat
        post_form(stack, "guide", "ann", visitor_id="ann", submission_id="s1")
    stack.http("POST", "/v1/page", page_view("ann"))
    stack.qualify()
    stack.deliver()  # the email
    post_form(stack, "demo", "ann", visitor_id="ann", consent=False)
    stack.qualify()
    stack.deliver()  # the handoff by mail, topic and text
    found = outbox(stack, "ann")
    assert found == {
        NURTURE: "sent",
        "handoff#1#email": "sent",
        "handoff#1#sns": "sent",
        "handoff#1#sms": "sent",
    }


def clients_post_to_every_path(stack: Stack) -> None:
    event = {"type": "page", "anonymousId": "gil", "properties": {"referrer": "https://x.example"}}
    for view, paths in VIEWS.items():
        for path in paths:
            stack.http("POST", path, {"batch": [event]} if view is track_batch else event)
    stack.http(
        "GET", "/v1/projects/{write_key}/settings", pathParameters={"write_key": "write-key"}
    )
    stack.http("GET", "/sourceConfig")


def a_foreign_visitor_unsubscribes_before_the_email_leaves(stack: Stack) -> None:
    post_form(stack, "guide", "bob", visitor_id="ann")
    stack.qualify()
    way_out = f"{stack.lead_id('bob')}#{NURTURE}"
    token = {"token": stack.world("PublicHandler").links.sign(UNSUBSCRIBE, way_out)}
    stack.http("GET", "/u/{token}", pathParameters=token)
    stack.http("POST", "/u/{token}", pathParameters=token)
    stack.qualify()
    stack.deliver()
    assert outbox(stack, "bob") == {NURTURE: "suppressed"}


def a_crowded_lead_is_replayed_at_once_and_by_the_clock(stack: Stack) -> None:
    for start in (0, CROWD):
        stack.http(
            "POST",
            "/v1/batch",
            {"batch": [page_view("cleo", start + number) for number in range(CROWD)]},
        )
    stack.qualify()  # nobody's yet: they count with the join
    traits = {"email": email("cleo")}
    stack.http(
        "POST",
        "/v1/identify",
        {"type": "identify", "anonymousId": "cleo", "userId": "7", "traits": traits},
    )
    stack.qualify()  # asks for a replay
    stack.clock("+1m")
    assert stack.world("Qualify").leads.read(stack.lead_id("cleo")).crowded
    stack.http("POST", "/v1/page", page_view("cleo"))
    stack.qualify()  # asks for a replay in its turn
    post_form(stack, "newsletter", "cleo", consent=False)
    stack.qualify()  # asks for one at once
    stack.clock("+2m")
    stack.http("POST", "/v1/page", page_view("cleo"))
    stack.qualify()  # asks again
    asked = stack.world("Qualify").leads.read(stack.lead_id("cleo"))
    stack.clock("+1h")
    assert stack.world("Qualify").leads.read(stack.lead_id("cleo")).replayed_at != asked.replayed_at


def a_ticked_box_is_confirmed(stack: Stack) -> None:
    """One email leaves at once. The other one's record is lost: the urgent worker sends it."""
    for name in ("ida", "jon"):
        post_form(stack, "newsletter", name)
    stack.qualify()
    store = stack.world("Deliver").outbox
    stack.handled |= {
        (f"LEAD#{message.lead_id}", f"OUTBOX#{message.key}")
        for _, message in store.outbox([MessageState.PLANNED], "", 10)
        if message.lead_id == stack.lead_id("jon")
    }
    stack.deliver()
    stack.clock("+5m")
    for name in ("ida", "jon"):
        assert [*outbox(stack, name).values()] == ["sent"]
    lead_id = stack.lead_id("ida")
    public = stack.world("PublicHandler")
    box = public.confirmations.newest(lead_id, datetime.now(UTC))
    assert box is not None
    assert box.event_id is not None
    link = ConfirmLink(lead_id, box.event_id, public.mailbox_of(email("ida")).id)
    token = {"token": public.links.sign(CONFIRM, str(link))}
    stack.http("GET", "/confirm/{token}", pathParameters=token)
    stack.http("POST", "/confirm/{token}", pathParameters=token)
    stack.qualify()
    assert public.consents.read(lead_id).marketing


def the_clock_sends_what_was_left_and_what_its_worker_left_unsettled(stack: Stack) -> None:
    for name in ("dora", "eve", "finn", "gus"):
        post_form(stack, "guide", name)
        stack.qualify()
        if name in ("dora", "eve"):
            post_form(stack, "demo", name, consent=False)
            stack.qualify()
    store = stack.world("Deliver").outbox
    for _, message in store.outbox([MessageState.PLANNED], "", 10):
        if message.lead_id in (stack.lead_id("eve"), stack.lead_id("finn")):
            store.save(message, claimed(message, datetime.now(UTC)))
    assert stack.clock("+2h") > 0
    handoff = {f"handoff#1#{via}": "sent" for via in ("email", "sns", "sms")}
    handoff["reminder#1#reminded#sam#email"] = "planned"  # nobody called for an hour
    assert outbox(stack, "dora") == {NURTURE: "cancelled", **handoff}  # sales has her
    assert outbox(stack, "eve") == {NURTURE: "cancelled", **handoff}
    assert outbox(stack, "finn") == {NURTURE: "lost"}
    assert outbox(stack, "gus") == {NURTURE: "sent"}


def people_reply(stack: Stack) -> None:
    """One asks for a call; of two that may ask us to stop one does, and then one surely."""
    receive(stack, "dora", "Please call me.")
    for line in ("Remove me?", "Take me off?", "Stop"):
        receive(stack, "ann", line)
    public = stack.world("PublicHandler")
    kept, gone = ask(stack, "/v1/replies")["replies"]
    token = {"token": public.links.sign(LOOK, f"{kept['lead_id']}/{kept['id']}")}
    written = {"content-type": "application/x-www-form-urlencoded"}
    stack.http("GET", "/replies/{token}", pathParameters=token)
    stack.http(
        "POST", "/replies/{token}", "unsubscribe=false", pathParameters=token, headers=written
    )
    place = {"lead_id": gone["lead_id"], "reply_id": gone["id"]}
    ask(stack, "/v1/replies/{lead_id}/{reply_id}", {"unsubscribe": True}, **place)
    assert ask(stack, "/v1/replies")["replies"] == []
    notices = [key for key in outbox(stack, "ann") if key.startswith("reply#")]
    assert len(notices) == 2


def receive(stack: Stack, name: str, line: str) -> None:
    """Let SES receive an answer to the first email of a lead."""
    deliver = stack.world("Deliver")
    message = deliver.outbox.read(stack.lead_id(name), parse_key(NURTURE))
    assert message is not None
    address = deliver.reply_addresses.address_of(message)
    assert address is not None
    email = raw(line, Message_ID=f"<{line.split()[0]}@acme.example>")
    boto3.client("s3").put_object(Bucket=INBOUND_BUCKET, Key="emails/1", Body=email)
    stack.run("Replies", Client(app.app).events.generate_sns_event(notification(address)))
    stack.qualify()
    stack.deliver()


def links_of_an_email_are_used(stack: Stack) -> None:
    """Ann's click counts, and is taken back when her email turns out to be swept."""
    lead_id = stack.lead_id("ann")
    key = parse_key(NURTURE)
    token = {"headers": {"authorization": "Bearer admin"}}
    basis = {"purpose": "measuring", "kind": "consent", "reason": "said so"}
    lead = {"lead_id": lead_id}
    stack.http("POST", "/v1/leads/{lead_id}/basis", basis, pathParameters=lead, **token)
    public = stack.world("PublicHandler")

    def use(position: int) -> None:
        link = ClickLink(lead_id, key, position, f"{SITE}/pricing")
        signed = {"token": public.links.sign(CLICK, str(link))}
        said = {"user-agent": "Mozilla/5.0"}
        stack.http("GET", "/c/{token}", pathParameters=signed, headers=said)

    use(0)
    (click,) = public.clicks.of(lead_id, key)
    mark = public.links.sign(VIEW, f"{lead_id} {click.id}")
    page = {"anonymousId": "anns-phone", "properties": {"url": f"{SITE}/pricing?baton={mark}"}}
    stack.http("POST", "/v1/page", page)
    stack.clock("+3m")
    stack.qualify()
    assert public.clicks.was_clicked(lead_id, key)
    assert public.events.owner("VISITOR#anns-phone")
    for position in (1, 2):
        use(position)
    stack.clock("+6m")
    stack.qualify()
    assert not public.clicks.was_clicked(lead_id, key)
    link = AnswerLink(lead_id, key, "goal", "save", "en")
    signed = {"token": public.links.sign(ANSWER, str(link))}
    stack.http("GET", "/a/{token}", pathParameters=signed)
    calendar = {"token": f"{public.links.sign(CALENDAR, 'webinar')}.ics"}
    stack.http("GET", "/e/{token}", pathParameters=calendar)
    stack.http("POST", "/a/{token}", pathParameters=signed)
    stack.qualify()


def mail_events_come_back(stack: Stack) -> None:
    tag = tag_of(f"{stack.lead_id('ann')}#{NURTURE}")
    for kind, detail in (
        ("Send", {}),
        ("Delivery", {}),
        ("Bounce", {"bounceType": "Permanent"}),
        ("Complaint", {}),
    ):
        stack.mail_event(kind, tag, **detail)
    stack.mail_event("Bounce", tag_of(f"{stack.lead_id('dora')}#{NURTURE}"), bounceType="Transient")
    stack.mail_event("Delivery", tag_of(f"{stack.lead_id('dora')}#handoff#1#email"))
    stack.mail_event("Delivery", "x")  # somebody else's
    assert outbox(stack, "ann")[NURTURE] == "complained"


def what_never_can_be_worked_off_is_put_aside(stack: Stack) -> None:
    for function, sk in (("Qualify", "EVENT#"), ("Deliver", "OUTBOX#")):
        broken = stream_event([{"pk": "LEAD#nobody", "sk": sk}])
        assert stack.run(function, broken) == {"batchItemFailures": []}


def a_browser_sees_the_pages(stack: Stack) -> None:
    for route in ("/thanks", "/t.js", "/v1/health"):
        stack.http("GET", route)
    written = {"content-type": "application/x-www-form-urlencoded", "accept": "text/html"}
    body = f"email={email('fay')}&_visitor_id=fay"
    stack.http(
        "POST", "/v1/forms/{form_id}", body, pathParameters={"form_id": "guide"}, headers=written
    )


def a_salesperson_looks(stack: Stack) -> None:
    """At the page of a handoff, and presses as quickly as a mail scanner would."""
    api = stack.world("APIHandler")
    (handoff,) = api.handoffs.of_lead(stack.lead_id("dora"))
    link = api.handoff_pages.links.url(handoff, "sam", datetime.now(UTC))
    token = {"token": link.rpartition("/")[2]}
    written = {"content-type": "application/x-www-form-urlencoded", "accept": "text/html"}
    stack.http("GET", "/handoffs/{token}", pathParameters=token, headers={"accept": "text/html"})
    stack.http("POST", "/handoffs/{token}", "verdict=accept", pathParameters=token, headers=written)


def sales_reads(stack: Stack) -> None:
    lead = {"lead_id": stack.lead_id("ann")}
    token = {"headers": {"authorization": "Bearer admin"}}
    for query in ({"stage": ["sql"]}, {"email": [email("ann")]}):
        assert json.loads(
            stack.http("GET", "/v1/leads", multiValueQueryStringParameters=query, **token)
        )["leads"]
    stack.http("GET", "/v1/leads/{lead_id}", pathParameters=lead, **token)
    stack.http("GET", "/v1/leads/{lead_id}/timeline", pathParameters=lead, **token)
    assert json.loads(stack.http("GET", "/v1/outbox", **token))["items"]


def marketing_looks_at_an_email(stack: Stack) -> None:
    ask(
        stack,
        "/v1/sequences/{sequence_id}/preview",
        {},
        sequence_id="welcome",
        multiValueQueryStringParameters={"lead_id": [stack.lead_id("ann")]},
    )
    ask(stack, "/v1/emails/{email_id}/preview", {}, email_id="welcome")
    ask(stack, "/v1/emails/{email_id}/test", {"to": email("mia")}, email_id="welcome")


def spam_is_kept_and_released(stack: Stack) -> None:
    """With a token, and where a limit is set, so that each counter is written."""
    documents = Documents(connect_table(TABLE_NAME), lambda: datetime.now(UTC))
    put_settings(screening={"forms_per_network": 1_000, "forms_per_mailbox": 1})
    documents.put("form", {"id": "signed", "verify": "token"}, "signed")
    documents.put("form", {"id": "guarded", "verify": "turnstile"}, "guarded")
    path = {"form_id": "signed"}
    token = json.loads(stack.http("GET", "/v1/forms/{form_id}/token", pathParameters=path))["token"]
    for _ in range(2):
        post_form(stack, "signed", "pia", token=token)
    solved: dict[str, Any] = {"cf-turnstile-response": "solved"}
    post_form(stack, "guarded", "pia", **solved)
    listed = ask(stack, "/v1/leads", multiValueQueryStringParameters={"stage": ["spam"]})
    assert {one["email"] for one in listed["leads"]} == {email("pia")}
    ask(stack, "/v1/leads/{lead_id}/release", {"note": "ours"}, lead_id=stack.lead_id("pia"))
    stack.qualify()


def sales_does_what_people_do(stack: Stack) -> None:
    for name in ("gus", "hal"):
        post_form(stack, "demo", name)
        stack.qualify()
    for what, data in (
        ("contact", {"how": "no_answer"}),
        ("contact", {"how": "called"}),
        ("opportunity", {"size": "20 seats"}),
        ("outcome", {"outcome": "won"}),
        ("rebuild", None),
        ("merge", {"other_lead_id": stack.lead_id("hal")}),
    ):
        ask(stack, f"/v1/leads/{{lead_id}}/{what}", data, lead_id=stack.lead_id("gus"))
    post_form(stack, "newsletter", "kim")
    stack.qualify()
    warm = {"stage": "mql", "reason": "met at a fair"}
    ask(stack, "/v1/leads/{lead_id}/stage", warm, lead_id=stack.lead_id("kim"))
    items = ask(stack, "/v1/leads/{lead_id}/timeline", lead_id=stack.lead_id("dora"))["items"]
    demo = [item["id"] for item in items if item["name"] == "demo"]
    ask(
        stack,
        "/v1/leads/{lead_id}/retract",
        {"event_ids": demo, "reason": "a test"},
        lead_id=stack.lead_id("dora"),
    )
    past = {"as_of": [day_of(datetime.now(UTC), zone_of(TIME_ZONE)).isoformat()]}
    ask(
        stack,
        "/v1/leads/{lead_id}",
        lead_id=stack.lead_id("gus"),
        multiValueQueryStringParameters=past,
    )
    assert (
        ask(stack, "/v1/leads/import", {"email": email("ida"), "stage": "customer"})["imported"]
        == 1
    )
    stored_by_the_schema_before(stack, "bob")
    job = ask(stack, "/v1/leads/rebuild")
    stack.clock("+0h")
    assert ask(stack, "/v1/jobs/{job_id}", job_id=job["id"])["state"] == "done"
    stack.qualify()  # finds what people did counted
    stack.deliver()


def stored_by_the_schema_before(stack: Stack, name: str) -> None:
    """Let a lead look as an earlier version stored it, so that a rebuild brings it up to date."""
    boto3.client("dynamodb").update_item(
        TableName=TABLE_NAME,
        Key={"pk": {"S": f"LEAD#{stack.lead_id(name)}"}, "sk": {"S": "STANDING"}},
        UpdateExpression="SET #s = :one",
        ExpressionAttributeNames={"#s": "schema"},
        ExpressionAttributeValues={":one": {"N": "1"}},
    )


def marketing_publishes_a_model(stack: Stack) -> None:
    document = ask(stack, "/v1/model")
    ask(stack, "/v1/model/schema")
    document["signals"]["blog"]["where"]["path"].append("/news/*")
    version = ask(stack, "/v1/model", document)["version"]
    assert len(ask(stack, "/v1/model/versions")["versions"]) == version
    ask(stack, "/v1/model/simulate", {"version": version})
    published = "/v1/model/versions/{version}/publish"
    job = ask(stack, published, {"force": True}, version=str(version))
    ticks = 0
    while ask(stack, "/v1/jobs/{job_id}", job_id=job["id"])["state"] == "running":
        ticks += 1
        stack.clock(f"+{ticks}h")
    assert ticks
    release = ask(stack, "/v1/jobs/{job_id}/release", {}, job_id=job["id"])
    assert ask(stack, "/v1/jobs/{job_id}", job_id=release["id"])["state"] == "done"


def a_person_is_erased(stack: Stack) -> None:
    post_form(stack, "guide", "jo", visitor_id="jo")
    stack.qualify()
    lead_id = stack.lead_id("jo")
    token = {"headers": {"authorization": "Bearer admin"}, "pathParameters": {"lead_id": lead_id}}
    assert json.loads(stack.http("GET", "/v1/leads/{lead_id}/export", **token))["items"]
    job = json.loads(stack.http("DELETE", "/v1/leads/{lead_id}", **token))
    stack.clock("+1m")  # before the email is due that begins a sequence
    stack.clock("+3h")
    assert ask(stack, "/v1/jobs/{job_id}", job_id=job["job_id"])["state"] == "done"


def marketing_changes_a_document(stack: Stack) -> None:
    one = {"pathParameters": {"sequence_id": "welcome"}}
    headers = {"headers": {"authorization": "Bearer admin", "content-type": "application/json"}}
    route = "/v1/sequences/{sequence_id}"
    document = json.loads(stack.http("GET", route, **one, **headers))
    for _ in range(2):  # the first one is what the deploy has put
        stack.http("PUT", route, document, **one, **headers)
    # Whoever is in it leaves it before it goes.
    stack.http("PUT", route, {**document, "active": False}, **one, **headers)
    stack.http("DELETE", route, **one, **headers)
    versions = json.loads(stack.http("GET", f"{route}/versions", **one, **headers))["versions"]
    assert [one["version"] for one in versions] == [5, 4, 3, 2, 1]
    left = json.loads(stack.http("GET", "/v1/sequences", **headers))["sequences"]
    assert left
    assert "welcome" not in {one["id"] for one in left}


def ask(stack: Stack, route: str, data: Any = None, **parts: Any) -> Any:
    """A private request: a POST of data, or to rebuild; else a GET. parts: of the path, or of the
    proxy event.
    """
    is_post = data is not None or route.endswith("/rebuild")
    query = {key: parts.pop(key) for key in list(parts) if key == "multiValueQueryStringParameters"}
    headers = {"authorization": "Bearer admin", "content-type": "application/json"}
    method = "POST" if is_post else "GET"
    return json.loads(
        stack.http(method, route, data, pathParameters=parts or None, headers=headers, **query)
    )


def time_cools_a_lead(stack: Stack) -> None:
    assert stack.clock("+60d") > 0
    assert stack.world("Leads").leads.read(stack.lead_id("bob")).standing.stage == "lead"


def outbox(stack: Stack, name: str) -> dict[str, str]:
    """A lead's messages by their keys, with the state of each."""
    found = stack.world("APIHandler").outbox.outbox(list(MessageState), "", 100)
    return {
        str(message.key): message.state.value
        for _, message in found
        if message.lead_id == stack.lead_id(name)
    }


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    """A stack after everything was done with it."""
    resources = package(own_architecture()).template["Resources"]
    with mock_aws():
        boto3.setup_default_session(region_name=REGION)
        stack = Stack(resources, make())
        a_lead_is_captured_qualified_and_handed_over(stack)
        clients_post_to_every_path(stack)
        a_foreign_visitor_unsubscribes_before_the_email_leaves(stack)
        a_ticked_box_is_confirmed(stack)
        a_crowded_lead_is_replayed_at_once_and_by_the_clock(stack)
        the_clock_sends_what_was_left_and_what_its_worker_left_unsettled(stack)
        links_of_an_email_are_used(stack)
        people_reply(stack)
        mail_events_come_back(stack)
        what_never_can_be_worked_off_is_put_aside(stack)
        a_browser_sees_the_pages(stack)
        sales_reads(stack)
        a_salesperson_looks(stack)
        marketing_looks_at_an_email(stack)
        spam_is_kept_and_released(stack)
        sales_does_what_people_do(stack)
        marketing_publishes_a_model(stack)
        a_person_is_erased(stack)
        marketing_changes_a_document(stack)
        time_cools_a_lead(stack)
        yield stack


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_policy_grants_exactly_what_its_function_needs(stack: Stack, function: str) -> None:
    grants = granted(stack.resources, function, stack.made)
    needs = stack.seen[function] | lambdas_own(function)
    assert not needs - grants, f"{function} lacks {listed(needs - grants)}"
    assert not grants - needs, f"{function} may do more than it does: {listed(grants - needs)}"


@pytest.mark.parametrize("function", FUNCTIONS)
def test_no_condition_refuses_what_its_function_does(stack: Stack, function: str) -> None:
    """The emulator ignores policies, so a refused partition would show on AWS alone."""
    refused = {
        (grant[0], context[1].partition("#")[0])
        for grant, context in stack.contexts[function]
        if not allows(stack.resources, function, stack.made, grant, context)
    }
    assert refused == set()


def test_every_public_route_was_seen(stack: Stack) -> None:
    assert {one for one in PUBLIC if one[1] != "head"} <= stack.routes


OWN = {
    "PublicHandler": {
        *("LEAD", "MAILBOX", "NETWORK", "SUBMISSION", "TOKEN", "USER", "VISITOR"),
    },
    "Feedback": {"LEAD", "MAILBOX"},
    "Replies": {"LEAD", "MAILBOX"},
}
FAMILIES = {
    *("LEAD", "MAILBOX", "NETWORK", "SUBMISSION", "TOKEN", "USER", "VISITOR"),
    *(
        "COMPANY",
        "ROUTING",
        "ACCESS",
        "AUDIT",
        "CONFIG",
        "JOB",
        "PUBLISHING",
        "QUARANTINE",
        "SIMULATED",
    ),
}


@pytest.mark.parametrize("function", OWN)
@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_what_strangers_reach_writes_their_own_partitions(
    stack: Stack, function: str, family: str
) -> None:
    """A stranger who takes over the function changes no model, no form and no job with it."""
    for pk in (family, f"{family}#x", f"{family}x#LEAD#"):
        context = ("dynamodb:LeadingKeys", pk)
        allowed = allows(
            stack.resources, function, stack.made, ("dynamodb:PutItem", TABLE), context
        )
        assert allowed == (family in OWN[function] and pk.startswith(f"{family}#"))


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_only_jobs_delete_and_only_what_is_a_persons(
    stack: Stack, function: str, family: str
) -> None:
    """Nothing that HTTP reaches can delete, and no job what suppresses or a document."""
    grant = ("dynamodb:DeleteItem", TABLE)
    context = ("dynamodb:LeadingKeys", family if family == "QUARANTINE" else f"{family}#x")
    allowed = allows(stack.resources, function, stack.made, grant, context)
    of_persons = {"LEAD", "USER", "VISITOR", "COMPANY", "QUARANTINE"}
    assert allowed == (function == "Jobs" and family in of_persons)


@pytest.mark.parametrize("function", ["Deliver", "Urgent", "Nurture"])
@pytest.mark.parametrize("address", [ADDRESS, ADDRESS.upper(), "ceo@keybook.example"])
def test_email_leaves_from_the_sender_only(stack: Stack, function: str, address: str) -> None:
    grant = ("ses:SendEmail", f"{MAIL}:identity/keybook.example")
    context = ("ses:FromAddress", address)
    allowed = allows(stack.resources, function, stack.made, grant, context)
    assert allowed == (address.lower() == ADDRESS)


def listed(grants: set[Grant]) -> str:
    return ", ".join(f"{action} on {place}" for action, place in sorted(grants))
