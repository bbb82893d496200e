"""`python -m infra.local.walk`: Ann's journey over HTTP, from first visit to handoff.

She is the playbook's first example lead. Every number printed was read from the running stack; when
a step does not come out as it should, the walk says which one and why, and fails.
"""

from __future__ import annotations

import json
import sys
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import boto3

from chalicelib.delivery.reasons import ACCOUNT_STATES
from infra.deploy import Cloud, outputs
from infra.local import stack as stacks
from infra.local.stack import Stack
from infra.local.waiting import LOOKS, look_for
from infra.paths import LOCAL, write_private

TRANSCRIPT = LOCAL / "transcript.json"
ANSWER_S = 120
MAILS = "/_ministack/ses/messages"
MAIL_ACCOUNT = "/_ministack/ses/account"
TEXTS = "/_ministack/sns/sms-messages"
VIAS = ("email", "sns", "sms")
VIA_WORDS = {"email": "email", "sns": "topic message", "sms": "text"}
OPEN_STATES = ("planned", "claimed")
AD = "/?utm_source=google&utm_medium=cpc&utm_campaign=spring"
EMAIL = "ann@acme.example"
PERSON: Mapping[str, Any] = {
    "first_name": "Ann",
    "last_name": "Example",
    "job_title": "CTO",
    "company": "Acme",
    "company_size": 120,
    "industry": "software",
    "country": "DE",
    "phone": "+49 30 901820",
}
INTRODUCTION = (
    "Ann is CTO of a software company with 120 people. Baton has never heard of her.",
    "Each step shows what is new or changed in her score, and what was sent.",
)
MESSAGE = "We have forty tools and an audit in March. Can we talk this week?"


class StepFailedError(Exception):
    """A step of the walk did not come out as it should. The text names the step and what was
    seen.
    """


@dataclass(frozen=True)
class Expected:
    """What a step must come to: stage, whole points, and the messages that go out, as kind and
    way.
    """

    stage: str
    total: int
    messages: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True)
class Step:
    """One step of the transcript. reasons: as the API gives them; messages: what went out in this
    step.
    """

    step: str
    story: str
    stage: str
    kind: str | None
    total: int
    grade: str
    reasons: list[dict[str, Any]]
    messages: list[dict[str, Any]] = field(default_factory=list)


class Walk:
    """One walk of one person through a running stack. looks: how often to look whether a step has
    come true.
    """

    def __init__(self, stack: Stack, email: str = EMAIL, looks: int = LOOKS) -> None:
        self._stack = stack
        self._email = email
        self._looks = looks
        self._visitor = str(uuid4())
        self._topic = _TopicReader(stack)
        self._outgoing = Outgoing(stack)
        self.steps: list[Step] = []

    def run(self) -> list[Step]:
        """The whole journey. Raises StepFailedError at the first step that does not come out."""
        # A delivered email takes a point when SES reports it. That would be at another step on each
        # machine, so it is not reported of the emails of the walk.
        reported = self._outgoing.report(["Send"])
        try:
            self._first_visit()
            self._guide()
            self._pricing()
            self._demo()
        finally:
            self._outgoing.report(reported)
            self._topic.close()
        return self.steps

    def _first_visit(self) -> None:
        for path in (AD, "/blog/why-access-reviews-stall", "/blog/the-friday-leaver"):
            self._page(path, datetime.now(UTC))
        self._form("tour", {"email": self._email}, consent=False)
        story = "Ann clicks an ad, reads two blog posts, and leaves her address to open the tour."
        self._see("first visit", story, Expected("lead", 8))

    def _guide(self) -> None:
        self._form("guide", {"email": self._email, **PERSON}, consent=True)
        story = "She says who she is, downloads the buyer's guide, and agrees to emails."
        self._see("guide download", story, Expected("mql", 60, [("nurture", "email")]))

    def _pricing(self) -> None:
        at = datetime.now(UTC)
        for _ in range(4):
            self._page("/pricing", at)
        story = (
            "She looks at the prices four times within a second: that is one day, so it counts"
            " once."
        )
        self._see("pricing visits", story, Expected("mql", 66))

    def _demo(self) -> None:
        self._form("demo", {"email": self._email, **PERSON, "message": MESSAGE}, consent=False)
        story = (
            "She asks for a demo. Sales gets an email, a message on the topic and, as she asked, a"
            " text."
        )
        notices = [("handoff", "email"), ("handoff", "sns"), ("handoff", "sms")]
        self._see("demo request", story, Expected("sql", 90, notices))

    def _page(self, path: str, at: datetime) -> None:
        """One page view, as the tracker sends it. `sentAt` lets the API correct for our clock."""
        event = {
            "type": "page",
            "anonymousId": self._visitor,
            "messageId": str(uuid4()),
            "timestamp": at.isoformat(),
            "sentAt": datetime.now(UTC).isoformat(),
            "properties": {"url": self._stack.site_url + path},
        }
        self._post("/v1/page", event)

    def _form(self, form_id: str, fields: Mapping[str, Any], *, consent: bool) -> None:
        page = {"url": f"{self._stack.site_url}/{form_id}"}
        submission = {
            "fields": fields,
            "visitor_id": self._visitor,
            "submission_id": str(uuid4()),
            "page": page,
        }
        self._post(f"/v1/forms/{form_id}", submission | {"consent": {"marketing": consent}})

    def _see(self, name: str, story: str, expected: Expected) -> None:
        """Wait until the step has come true, and write it down. Raises StepFailedError."""
        seen = "nothing yet"

        def has_come() -> bool:
            nonlocal seen
            seen = self._difference(expected)
            return not seen

        try:
            come = look_for(has_come, self._looks)
        except StepFailedError as error:
            raise StepFailedError(f"step '{name}': {error}") from None
        if not come:
            raise StepFailedError(f"step '{name}': {seen}")
        lead = self._lead()
        assert lead is not None, "a lead that was seen does not vanish"
        score = lead["score"]
        went_out = [self._message(item) for item in self._new_messages()]
        self.steps.append(
            Step(
                name,
                story,
                lead["stage"],
                lead["kind"],
                score["total"],
                score["grade"],
                score["reasons"],
                went_out,
            )
        )
        if sum(round(reason["points"] * 1000) for reason in score["reasons"]) != sum(
            round(score["groups"][group] * 1000)
            for group in ("fit", "channel", "engagement", "intent")
        ):
            raise StepFailedError(f"step '{name}': the reasons do not sum to the score")

    def _difference(self, expected: Expected) -> str:
        """What is not yet as expected, or an empty text."""
        lead = self._lead()
        if lead is None:
            return "no lead was made; is the function Qualify enabled?"
        if (lead["stage"], lead["score"]["total"]) != (expected.stage, expected.total):
            return (
                f"the lead is {lead['stage']} at {lead['score']['total']}, not {expected.stage} at"
                f" {expected.total}; is the function Qualify enabled?"
            )
        items = self._new_messages()
        unsent = [
            item
            for item in items
            if item["state"] not in ("sent", "delivered", *OPEN_STATES)
            or item["reason"] in ACCOUNT_STATES
        ]
        if unsent:  # final, or a person has to mend the account: waiting longer would not help
            what = "; ".join(
                f"the {_name(item)} did not go out: {item['state']} ({item['reason']})"
                for item in unsent
            )
            raise StepFailedError(what)
        sent = sorted(
            (item["kind"], item["via"]) for item in items if item["state"] not in OPEN_STATES
        )
        if sent != sorted(expected.messages):
            return (
                f"sent so far: {sent or 'nothing'}; expected:"
                f" {sorted(expected.messages) or 'nothing'}"
            )
        return ""

    def _new_messages(self) -> list[dict[str, Any]]:
        """The lead's outbox items of which no step has told yet."""
        told = {message["id"] for step in self.steps for message in step.messages}
        lead = self._lead()
        items = self._get("/v1/outbox?limit=200")["items"]
        new = [
            item
            for item in items
            if lead and item["lead_id"] == lead["lead_id"] and item["id"] not in told
        ]
        return sorted(new, key=lambda item: VIAS.index(item["via"]))

    def _message(self, item: Mapping[str, Any]) -> dict[str, Any]:
        """An outbox item with what its recipient gets."""
        told = {name: item[name] for name in ("id", "kind", "via", "to", "state", "message_id")}
        if item["via"] == "sns":
            found = self._topic.read(item["message_id"], self._looks)
        else:
            found = self._outgoing.find(item["via"], item["message_id"])
        if found is None:
            raise StepFailedError(f"the {_name(item)} is marked as sent, but did not arrive")
        return told | found

    def _lead(self) -> dict[str, Any] | None:
        leads = self._get(f"/v1/leads?email={quote(self._email)}")["leads"]
        return self._get(f"/v1/leads/{leads[0]['lead_id']}") if leads else None

    def _get(self, path: str) -> Any:
        return _http(
            self._stack.api_url + path,
            headers={"Authorization": f"Bearer {self._stack.admin_token}"},
        )

    def _post(self, path: str, data: Mapping[str, Any]) -> Any:
        headers = {"Content-Type": "application/json"}
        return _http(self._stack.api_url + path, headers=headers, body=json.dumps(data).encode())


class Outgoing:
    """What the local SES and SNS have sent."""

    def __init__(self, stack: Stack) -> None:
        self._url = stack.aws_endpoint_url

    def report(self, kinds: list[str]) -> list[str]:
        """Let SES report only these kinds of events by itself. Return what it reported before."""
        url = self._url + MAIL_ACCOUNT
        before: list[str] = _http(url)["reports"]
        _http(url, body=json.dumps({"reports": kinds}).encode())
        return before

    def find(self, via: str, message_id: str) -> dict[str, Any] | None:
        """The mail or text of a message id, as its recipient gets it: subject and text."""
        email = via == "email"
        groups = _http(self._url + (MAILS if email else TEXTS))[
            "messages" if email else "sms_messages"
        ]
        sent = (
            one for group in groups.values() for one in group
        )  # grouped by account, or by phone number
        found = next((one for one in sent if message_id in one["MessageId"]), None)
        if found is None:
            return None
        return (
            {"subject": found["Subject"], "text": found["BodyText"]}
            if email
            else {"text": found["Message"]}
        )


class _TopicReader:
    """Listens to the handoff topic through a queue of its own, as a team's chat or CRM would."""

    def __init__(self, stack: Stack) -> None:
        cloud = Cloud(boto3.Session(region_name=stack.region), stack.aws_endpoint_url)
        self._sqs = cloud.client("sqs")
        sns = cloud.client("sns")
        topic = outputs(cloud.cloudformation(), stack.stack_name)["HandoffTopicArn"]
        self._queue = self._sqs.create_queue(QueueName=f"walk-{uuid4()}")["QueueUrl"]
        arn = self._sqs.get_queue_attributes(QueueUrl=self._queue, AttributeNames=["QueueArn"])[
            "Attributes"
        ]
        self._unsubscribe = sns.unsubscribe
        self._subscription = sns.subscribe(
            TopicArn=topic, Protocol="sqs", Endpoint=arn["QueueArn"], ReturnSubscriptionArn=True
        )["SubscriptionArn"]
        self._read: dict[str, dict[str, Any]] = {}

    def read(self, message_id: str, looks: int) -> dict[str, Any] | None:
        """Return the topic message of an id."""
        look_for(lambda: message_id in self._receive(), looks)
        return self._read.get(message_id)

    def close(self) -> None:
        """Take the queue away again."""
        self._unsubscribe(SubscriptionArn=self._subscription)
        self._sqs.delete_queue(QueueUrl=self._queue)

    def _receive(self) -> Mapping[str, Any]:
        answer = self._sqs.receive_message(QueueUrl=self._queue, MaxNumberOfMessages=10)
        for message in answer.get("Messages", []):
            notice = json.loads(message["Body"])
            headline = json.loads(notice["Message"])["headline"]
            self._read[notice["MessageId"]] = {"subject": notice.get("Subject"), "text": headline}
        return self._read


def render(steps: Sequence[Step]) -> str:
    """Return the transcript: at each step only the lines that are new or changed since the step
    before. All reasons are in `.local/transcript.json`.
    """
    lines = [*INTRODUCTION, ""]
    before: Step | None = None
    for number, step in enumerate(steps, 1):
        lines += [f"{number}. {step.story}", f"   -> {_place(step, before)}"]
        lines += _changed_reasons(step, before)
        lines += [f"   {_went_out(message)}" for message in step.messages]
        lines.append("")
        before = step
    return "\n".join(lines)


def _place(step: Step, before: Step | None) -> str:
    """Return where the lead stands, and by how many points more or fewer than a step before."""
    kind = f" ({step.kind})" if step.kind else ""
    change = f" ({step.total - before.total:+})" if before else ""
    return f"{step.stage}{kind}: {step.total} points{change}, grade {step.grade}"


def _changed_reasons(step: Step, before: Step | None) -> list[str]:
    """Return the reasons that are new, changed or gone, each as a line."""
    now = [_reason_line(reason) for reason in step.reasons]
    earlier = [_reason_line(reason) for reason in before.reasons] if before else []
    rules = {reason["rule"] for reason in step.reasons}
    gone = [
        f"      gone  {reason['text']}"
        for reason in (before.reasons if before else [])
        if reason["rule"] not in rules
    ]
    return [line for line in now if line not in earlier] + gone


def _reason_line(reason: Mapping[str, Any]) -> str:
    return f"      {reason['points']:>+4g}  {reason['text']}"


def _went_out(message: Mapping[str, Any]) -> str:
    """Return what went out, to whom, and its subject or text."""
    to = f" to {message['to']}" if message["to"] else ""
    return f"{_name(message)}{to}: {message.get('subject') or message['text']}"


def render_messages(steps: Sequence[Step]) -> str:
    """The mails and texts that went out, whole."""
    blocks = []
    for message in (one for step in steps for one in step.messages if one["via"] != "sns"):
        head = f"--- {_name(message)} to {message['to']} "
        subject = f"Subject: {message['subject']}\n\n" if message.get("subject") else ""
        blocks.append(f"{head:-<100}\n{subject}{message['text'].strip()}\n")
    return "\n".join(blocks)


def main() -> int:
    """Walk, print, and write `.local/transcript.json`. The exit code is not 0 when a step did not
    come out.
    """
    stacks.use_local_account()
    walk = Walk(Stack(**json.loads(stacks.STACK_JSON.read_text())))
    failure = None
    try:
        walk.run()
    except StepFailedError as error:
        failure = str(error)
    steps = [asdict(step) for step in walk.steps]
    write_private(
        TRANSCRIPT,
        json.dumps({"ok": failure is None, "failure": failure, "steps": steps}, indent=2) + "\n",
    )
    print(f"\n{render(walk.steps)}")
    if failure is not None:
        print(f"The walk failed at {failure}", file=sys.stderr)
        return 1
    print(f"What went out:\n\n{render_messages(walk.steps)}", flush=True)
    return 0


def _name(item: Mapping[str, Any]) -> str:
    """Return an outbox item in plain words: nurture email, handoff text, handoff topic message."""
    return f"{item['kind']} {VIA_WORDS[item['via']]}"


def _http(url: str, *, headers: Mapping[str, str] | None = None, body: bytes | None = None) -> Any:
    request = urllib.request.Request(url, data=body, headers=dict(headers or {}))
    # The address is the local stack's own.
    with urllib.request.urlopen(request, timeout=ANSWER_S) as answer:  # nosec B310
        return json.loads(answer.read())


if __name__ == "__main__":
    sys.exit(main())
