"""What is written to the log: one line per decision, its metric, and never anything of a person."""

import ast
import json
from typing import Any

import pytest
from chalice.test import Client

import app
from chalicelib.delivery.messages import Refused, Waiting
from chalicelib.delivery.reasons import NotSentReason
from chalicelib.delivery.references import tag_of
from chalicelib.store.table import Item
from chalicelib.telemetry import LINES, Tracer, log, where
from chalicelib.wiring import world as wiring
from infra.paths import ROOT
from tests.baton import AD, ANN, InMemoryBaton, stream_event

FUNCTION = "baton-dev-Qualify"
PERSON = {
    **ANN,
    "email": "Zebulon.Quagmire@acme.example",
    "first_name": "Zebulon",
    "last_name": "Quagmire",
    "phone": "+49 30 5550142",
    "company": "Quagmire Locksmiths",
    "message": "Please call me before noon, the vault is open.",
}
USER_ID = "zebulon@private.example"  # some sites take the address as the user's id
SAID_OF_A_PERSON = [
    "zebulon",
    "quagmire",
    "5550142",
    "555 0142",
    "before noon",
    "private.example",
    "acme.example",
    "vaults/secret-page",
]


def lines_of(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def metric_of(line: dict[str, Any]) -> dict[str, Any]:
    (directive,) = line["_aws"]["CloudWatchMetrics"]
    found: dict[str, Any] = directive
    return found


# --- a line


def test_a_line_says_its_level_and_what_was_decided(
    capsys: pytest.CaptureFixture[str],
) -> None:
    log("message", lead_id="l1", key="nurture#1#welcome#1", state="suppressed", reason="no_consent")
    (line,) = lines_of(capsys)
    assert (line["level"], line["event"]) == ("INFO", "message")
    assert (line["lead_id"], line["key"], line["state"], line["reason"]) == (
        "l1",
        "nurture#1#welcome#1",
        "suppressed",
        "no_consent",
    )


def test_a_line_counts_itself_and_each_of_its_reasons(
    capsys: pytest.CaptureFixture[str],
) -> None:
    log("message", lead_id="l1", state="suppressed", reason="no_consent")
    (line,) = lines_of(capsys)
    assert metric_of(line) == {
        "Namespace": "Baton",
        "Dimensions": [["deployment"], ["deployment", "state"], ["deployment", "reason"]],
        "Metrics": [{"Name": "message", "Unit": "Count"}],
    }
    assert line["message"] == 1


def test_a_missing_value_is_left_out_and_not_counted(
    capsys: pytest.CaptureFixture[str],
) -> None:
    log("message", lead_id="l1", state="sent", reason=None)
    (line,) = lines_of(capsys)
    assert "reason" not in line
    assert metric_of(line)["Dimensions"] == [["deployment"], ["deployment", "state"]]


def test_a_line_about_several_things_counts_them(capsys: pytest.CaptureFixture[str]) -> None:
    log("rejected", count=7)
    assert lines_of(capsys)[0]["rejected"] == 7


def test_a_quiet_minute_costs_no_metric(capsys: pytest.CaptureFixture[str]) -> None:
    log("tick", done=0, failed=0)
    assert lines_of(capsys) == [{"level": "INFO", "event": "tick", "done": 0, "failed": 0}]


@pytest.mark.parametrize("event", [name for name, line in LINES.items() if line.is_counted])
def test_a_metric_is_as_cloudwatch_reads_it(event: str, capsys: pytest.CaptureFixture[str]) -> None:
    # Each name in the directive is a member at the root: a number for a metric, a text for a
    # dimension.
    reasons: dict[str, Any] = dict.fromkeys(LINES[event].by, "x")
    log(event, **reasons)
    (line,) = lines_of(capsys)
    metric = metric_of(line)
    assert [type(line[one["Name"]]) for one in metric["Metrics"]] == [int]
    assert {type(line[name]) for names in metric["Dimensions"] for name in names} == {str}
    assert len(metric["Dimensions"]) <= 30
    assert isinstance(line["_aws"]["Timestamp"], int)


def test_no_value_of_a_line_replaces_its_metric(
    capsys: pytest.CaptureFixture[str],
) -> None:
    # It did once: the stage of the lead and the stage of the deployment had one name.
    log("qualified", lead_id="l1", version=3, stage="sql", moved="sql")
    (line,) = lines_of(capsys)
    assert (line["stage"], line["deployment"]) == ("sql", "dev")


def test_the_code_writes_exactly_the_lines_that_are_known() -> None:
    trees = [
        ast.parse(path.read_text())
        for path in [*(ROOT / "chalicelib").rglob("*.py"), ROOT / "app.py"]
    ]
    calls = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Call)]
    written = {
        call.args[0].value
        for call in calls
        if isinstance(call.func, ast.Name)
        and call.func.id == "log"
        and isinstance(call.args[0], ast.Constant)
    }
    assert written == LINES.keys()


# --- the invocation


def test_lines_name_their_function_request_and_cold_start(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Only the first request of a container is a cold start."""
    trace = Tracer()
    for request_id in ("r1", "r2"):
        trace(Event(request_id), lambda _: log("tick", done=0, failed=0))
    cold, warm = lines_of(capsys)
    assert (cold["function"], cold["request_id"], cold["cold_start"]) == (FUNCTION, "r1", True)
    assert (warm["function"], warm["request_id"], "cold_start" in warm) == (FUNCTION, "r2", False)


def test_the_app_inside_the_public_function_is_the_same_request(
    capsys: pytest.CaptureFixture[str],
) -> None:
    trace = Tracer()
    trace(Event("r1"), lambda event: trace(event, lambda _: log("tick", done=0, failed=0)))
    (line,) = lines_of(capsys)
    assert (line["request_id"], line["cold_start"]) == ("r1", True)


def test_a_failed_invocation_leaves_nothing_to_the_next_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def fail(_event: Any) -> None:
        raise RuntimeError("on purpose")

    with pytest.raises(RuntimeError, match="on purpose"):
        Tracer()(Event("r1"), fail)
    log("tick", done=0, failed=0)
    assert "request_id" not in lines_of(capsys)[0]


def test_every_trigger_is_traced(capsys: pytest.CaptureFixture[str]) -> None:
    wiring.use(InMemoryBaton().world)
    capsys.readouterr()
    try:
        with Client(app.app) as client:
            client.lambda_.invoke(
                "clock", client.events.generate_cw_event("aws.events", "", {}, [])
            )
            client.http.get("/v1/leads")
    finally:
        wiring.use(None)
    assert [(line["event"], line["function"]) for line in lines_of(capsys)] == [
        ("tick", "clock"),
        ("refused", "api_handler"),
    ]


def test_an_invocation_without_a_context_is_served() -> None:
    assert Tracer()(Event(None), lambda _: "served") == "served"


class Event:
    """An event as Chalice hands it to its middleware. request_id: None for an event without a
    context.
    """

    def __init__(self, request_id: str | None) -> None:
        self.context = Context(request_id) if request_id else None


class Context:
    """What Lambda says of an invocation, as far as it is used."""

    function_name = FUNCTION

    def __init__(self, request_id: str) -> None:
        self.aws_request_id = request_id


# --- nothing of a person


def baton_of_zebulon() -> InMemoryBaton:
    """A lead's whole way, and all that can go wrong on it: each line there is, at least once."""
    baton = InMemoryBaton()
    baton.page("/", context=AD)
    baton.page("/vaults/secret-page", visitor="v2", userId=USER_ID)
    baton.form("guide", consent=True, **PERSON)
    baton.until_quiet()
    baton.post(
        "/v1/identify",
        {"userId": USER_ID, "traits": {"email": PERSON["email"], "name": "Zebulon Quagmire"}},
    )
    for _ in range(4):
        baton.page("/pricing")
    baton.ports.senders.answers = [Waiting(NotSentReason.THROTTLED), Refused()]
    baton.form("demo", **PERSON)
    baton.until_quiet()
    return baton


def go_wrong(baton: InMemoryBaton) -> None:
    batch = [{"type": "page", "userId": USER_ID}, {"type": "nothing", "userId": USER_ID}]
    baton.post("/v1/batch", {"batch": batch})
    baton.post(
        "/v1/forms/guide", {"fields": {**PERSON, "email": "Zebulon Quagmire, not an address"}}
    )
    baton.http("GET", "/v1/leads")
    baton.until_quiet()
    item: Item = {"pk": f"VISITOR#user#{USER_ID}", "sk": "EVENT#0#x", "fields": str(PERSON)}
    baton.world.qualify_records(stream_event([item]))
    baton.world.mail_event("Zebulon Quagmire")
    email = next(one for one in baton.outbox() if one["kind"] == "nurture")
    complaint = {"complainedRecipients": [{"emailAddress": PERSON["email"]}]}
    for kind, detail in (("Delivery", {}), ("Complaint", complaint)):
        tags = {"message": [tag_of(f"{email['lead_id']}#nurture#1#welcome#1")]}
        mail = {"messageId": "m1", "tags": tags, "destination": [PERSON["email"]]}
        baton.world.mail_event(json.dumps({"eventType": kind, "mail": mail, kind.lower(): detail}))
    baton.minutes_later(30)


def test_no_line_says_anything_of_a_person(capsys: pytest.CaptureFixture[str]) -> None:
    go_wrong(baton_of_zebulon())
    captured = capsys.readouterr()
    written = captured.out + captured.err
    assert {json.loads(line)["event"] for line in captured.out.splitlines()} >= {
        "captured",
        "message",
        "mail_event",
        "mail_event_unreadable",
        "qualified",
        "quarantined",
        "refused",
        "rejected",
        "suppressed",
        "tick",
    }
    assert [said for said in SAID_OF_A_PERSON if said in written.lower()] == []


def test_an_error_is_logged_by_place_never_by_message() -> None:
    try:
        raise ValueError("ann@acme.example")
    except ValueError as error:
        place = where(error)
    assert place.startswith("test_telemetry.py:")
    assert "ann" not in place
