"""The template as it is deployed: Chalice's output with infra/resources.yaml laid over it."""

import json
import re
import string
import zipfile
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from zoneinfo import available_timezones

import pytest

from chalicelib.delivery import senders
from chalicelib.http.exchange import CORS, HSTS, PROTECTION
from chalicelib.limits import HANDOVER_KEPT_DAYS, LEASE_SECONDS, WORK_SECONDS
from chalicelib.store import time_outs
from chalicelib.telemetry import LINES, NAMESPACE
from infra.deploy import with_code
from infra.package import CHALICE_STAGE, own_architecture, package
from infra.paths import ROOT
from infra.preflight import DEPLOYMENTS
from infra.preflight.concrete import broken_rules, concrete
from infra.regions import for_region
from tests.fakes import FakeQueues

WORKERS = ("Urgent", "Nurture", "Leads", "Jobs")
TRIGGERED = ("Qualify", "Deliver", "Feedback", "Replies")  # each has a failure queue of its own
FUNCTIONS = ("APIHandler", "PublicHandler", "Clock", *TRIGGERED, *WORKERS)
PUBLIC = {
    ("/v1/forms/{form_id}", "post"),
    ("/v1/forms/{form_id}/token", "get"),
    ("/v1/forms/{form_id}/token", "head"),
    ("/v1/batch", "post"),
    ("/v1/track", "post"),
    ("/v1/page", "post"),
    ("/v1/identify", "post"),
    *((f"/v1/{call}", "post") for call in ("screen", "group", "alias", "import")),
    *((f"/v1/{letter}", "post") for letter in "btpisgam"),
    ("/beacon/v1/batch", "post"),
    ("/v1/projects/{write_key}/settings", "get"),
    ("/v1/projects/{write_key}/settings", "head"),
    ("/sourceConfig", "get"),
    ("/sourceConfig", "head"),
    ("/v1/pixel", "get"),
    ("/v1/pixel", "head"),
    ("/v1/health", "get"),
    ("/v1/health", "head"),
    ("/t.js", "get"),
    ("/t.js", "head"),
    ("/thanks", "get"),
    ("/thanks", "head"),
    ("/confirm/{token}", "get"),
    ("/confirm/{token}", "head"),
    ("/confirm/{token}", "post"),
    ("/replies/{token}", "get"),
    ("/replies/{token}", "head"),
    ("/replies/{token}", "post"),
    ("/a/{token}", "get"),
    ("/a/{token}", "head"),
    ("/a/{token}", "post"),
    ("/c/{token}", "get"),
    ("/c/{token}", "head"),
    ("/e/{token}", "get"),
    ("/e/{token}", "head"),
    ("/u/{token}", "get"),
    ("/u/{token}", "head"),
    ("/u/{token}", "post"),
}
PRIVATE = {
    ("/v1/tokens", "get"),
    ("/v1/tokens", "post"),
    ("/v1/tokens/{token_id}", "delete"),
    ("/v1/audit", "get"),
    ("/v1/routing/people/{person_id}/phone", "post"),
    ("/v1/routing/whom", "get"),
    ("/v1/forms/{form_id}/snippet", "get"),
    *((f"/v1/emails/{{email_id}}/{what}", "post") for what in ("preview", "test")),
    ("/v1/leads", "get"),
    ("/v1/leads/{lead_id}", "get"),
    ("/v1/leads/{lead_id}", "delete"),
    ("/v1/leads/{lead_id}", "patch"),
    ("/v1/leads/{lead_id}/notes", "post"),
    ("/v1/requests", "get"),
    ("/v1/handoffs", "get"),
    ("/v1/handoffs/release", "post"),
    ("/v1/handoffs/{lead_id}/{cycle}/release", "post"),
    ("/v1/leads/{lead_id}/points", "post"),
    ("/v1/leads/{lead_id}/export", "get"),
    ("/v1/leads/{lead_id}/timeline", "get"),
    *((f"/v1/leads/{{lead_id}}/{what}", "post") for what in ("stage", "opportunity", "outcome")),
    ("/v1/leads/{lead_id}/basis", "post"),
    ("/v1/leads/{lead_id}/contact", "post"),
    *(
        (f"/v1/leads/{{lead_id}}/{what}", "post")
        for what in ("retract", "release", "merge", "rebuild")
    ),
    ("/v1/leads/import", "post"),
    ("/v1/leads/rebuild", "post"),
    ("/v1/model", "get"),
    ("/v1/model", "post"),
    ("/v1/model/versions", "get"),
    ("/v1/model/schema", "get"),
    ("/v1/model/templates", "get"),
    ("/v1/model/templates/{template_id}", "get"),
    ("/v1/model/simulate", "post"),
    ("/v1/model/versions/{version}/publish", "post"),
    ("/v1/jobs/{job_id}", "get"),
    ("/v1/jobs/{job_id}/release", "post"),
    ("/v1/outbox", "get"),
    ("/handoffs/{token}", "get"),  # by a signed link; runs with the private routes
    ("/handoffs/{token}", "head"),
    ("/handoffs/{token}", "post"),
    ("/v1/verdicts", "get"),
    ("/v1/replies", "get"),
    ("/v1/replies/{lead_id}/{reply_id}", "post"),
    # POST of a form is public, on the same path.
    *(
        (f"/v1/{kind}s/{{{kind}_id}}", method)
        for kind in ("form", "email", "sequence", "list", "mailing")
        for method in ("get", "put", "delete")
    ),
    *(
        (f"/v1/{kind}s/{{{kind}_id}}/versions", "get")
        for kind in ("form", "email", "sequence", "list", "mailing")
    ),
    *((f"/v1/{kind}s", "get") for kind in ("form", "email", "sequence", "list", "mailing")),
    ("/v1/sequences/{sequence_id}/numbers", "get"),
    ("/v1/lists/{list_id}/leads", "get"),
    ("/v1/mailings/{mailing_id}/count", "post"),
    ("/v1/mailings/{mailing_id}/confirm", "post"),
    ("/v1/mailings/{mailing_id}/cancel", "post"),
    ("/v1/mailings/{mailing_id}/numbers", "get"),
    ("/v1/sequences/{sequence_id}/preview", "post"),
    *((f"/v1/{kind}", method) for kind in ("routing", "settings") for method in ("get", "put")),
    *((f"/v1/{kind}/versions", "get") for kind in ("routing", "settings")),
    ("/v1/leads/{lead_id}/emails", "post"),
    ("/v1/leads/{lead_id}/sequences/{sequence_id}", "post"),
    ("/v1/sending", "get"),
    ("/v1/sending", "post"),
    ("/v1/switches", "get"),
    ("/v1/switches", "put"),
}
PINGS = {path for path, method in PUBLIC if method == "post" and "{" not in path} | {"/v1/pixel"}
SECONDS_PER_REQUEST = 0.05  # docs/performance.md
COPIES_OF_PUBLIC = 50  # the default of PublicConcurrency
COMMON = {"BATON_ENVIRONMENT", "BATON_NOW_OFFSET", "BATON_TABLE"}
MESSAGES = COMMON | {"BATON_RETENTION_MESSAGES"}
SENDING = MESSAGES | {
    "BATON_IDENTITY_SECRET",
    "BATON_LINK_SECRET",
    "BATON_HANDOFF_TOPIC",
    "BATON_SENDER",
    "BATON_CONFIGURATION_SET",
    "BATON_REPLY_DOMAIN",
    "BATON_TEXT_IDENTITY",
    "BATON_TEXT_CONFIGURATION_SET",
    "BATON_FIRST_EMAILS_PER_HOUR",
}
ENVIRONMENT = {
    "APIHandler": MESSAGES
    | {"BATON_IDENTITY_SECRET", "BATON_ADMIN_SECRET", "BATON_RETENTION_FORMS"}
    | {"BATON_SENDER", "BATON_CONFIGURATION_SET"},
    "PublicHandler": COMMON
    | {"BATON_IDENTITY_SECRET", "BATON_LINK_SECRET", "BATON_CHALLENGE_SECRET"}
    | {f"BATON_RETENTION_{kind}" for kind in ("EVENTS", "FORMS", "SUBMISSIONS")},
    "Qualify": MESSAGES | {"BATON_LEADS_QUEUE"},
    "Deliver": SENDING,
    "Clock": COMMON
    | {f"BATON_{name.upper()}_QUEUE" for name in WORKERS}
    | {"BATON_NURTURE_PER_MINUTE"},
    "Urgent": SENDING,
    "Nurture": SENDING
    - {"BATON_HANDOFF_TOPIC", "BATON_TEXT_IDENTITY", "BATON_TEXT_CONFIGURATION_SET"},
    "Leads": MESSAGES,
    "Jobs": MESSAGES | {"BATON_IDENTITY_SECRET"},
    "Feedback": MESSAGES | {"BATON_IDENTITY_SECRET"},
    "Replies": MESSAGES
    | {f"BATON_{name}" for name in ("IDENTITY_SECRET", "LINK_SECRET", "REPLY_DOMAIN")}
    | {"BATON_INBOUND_BUCKET", "BATON_ACCOUNT"},
}
UNLESS_DEV = {"Fn::If": ["IsProtected", True, False]}
MAX_RETENTION_OF_STREAM_S = 24 * 60 * 60
QUEUES = tuple(f"{name}Failures" for name in (*TRIGGERED, *WORKERS))
EACH_INDEX = [
    "TableName Table",
    *(f"TableName Table GlobalSecondaryIndexName {name}" for name in ("list", "due")),
]
SES_REVIEWS_AT_BOUNCES, SES_REVIEWS_AT_COMPLAINTS = 0.05, 0.001
DASHBOARD_COLUMNS = 24
PROD = DEPLOYMENTS["prod"]
SECRET_TYPES = {
    "Lowercase": string.ascii_lowercase,
    "Numbers": string.digits,
    "Punctuation": string.punctuation,
    "Uppercase": string.ascii_uppercase,
}


@pytest.fixture(scope="session")
def template() -> dict[str, Any]:
    return package(own_architecture()).template


@pytest.fixture(scope="session")
def resources(template: dict[str, Any]) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = template["Resources"]
    return found


def properties(resources: dict[str, dict[str, Any]], name: str) -> dict[str, Any]:
    found: dict[str, Any] = resources[name]["Properties"]
    return found


def of_type(resources: dict[str, dict[str, Any]], kind: str) -> dict[str, dict[str, Any]]:
    return {name: resource for name, resource in resources.items() if resource["Type"] == kind}


def integrations(resources: dict[str, dict[str, Any]]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    paths = properties(resources, "RestAPI")["DefinitionBody"]["paths"]
    for path, methods in paths.items():
        for method, operation in methods.items():
            if method != "options":
                yield path, method, operation["x-amazon-apigateway-integration"]


def statements(resources: dict[str, dict[str, Any]], function: str) -> list[dict[str, Any]]:
    role = properties(resources, function)["Role"]["Fn::GetAtt"][0]
    policies = properties(resources, role)["Policies"]
    assert len(policies) == 1
    found: list[dict[str, Any]] = policies[0]["PolicyDocument"]["Statement"]
    return found


def actions(statement: dict[str, Any]) -> list[str]:
    action = statement["Action"]
    return action if isinstance(action, list) else [action]


def dimension(alarm: dict[str, Any], name: str) -> Any:
    return next(pair["Value"] for pair in alarm["Properties"]["Dimensions"] if pair["Name"] == name)


# --- the merge


def test_every_merged_logical_id_is_chalices_or_has_a_type(
    resources: dict[str, dict[str, Any]],
) -> None:
    # A mistyped id would be a resource of its own, without a type, and Chalice says nothing.
    assert [name for name, resource in resources.items() if "Type" not in resource] == []


def test_every_merged_event_is_chalices(resources: dict[str, dict[str, Any]]) -> None:
    events = {
        f"{name}.{event}": definition
        for name in FUNCTIONS
        for event, definition in properties(resources, name).get("Events", {}).items()
    }
    assert sorted(events) == [
        "Clock.ClockEvent",
        "Deliver.DeliverDynamodbEventSource",
        "Feedback.FeedbackSnsSubscription",
        "Jobs.JobsSqsEventSource",
        "Leads.LeadsSqsEventSource",
        "Nurture.NurtureSqsEventSource",
        "Qualify.QualifyDynamodbEventSource",
        "Replies.RepliesSnsSubscription",
        "Urgent.UrgentSqsEventSource",
    ]
    assert [name for name, definition in events.items() if "Type" not in definition] == []


def test_every_merged_path_is_a_route(resources: dict[str, dict[str, Any]]) -> None:
    assert [
        (path, method)
        for path, method, integration in integrations(resources)
        if "type" not in integration
    ] == []


def test_no_placeholder_of_the_app_is_left(template: dict[str, Any]) -> None:
    assert "region:account" not in json.dumps(template)


def test_chalice_knows_one_stage_because_ours_is_a_parameter() -> None:
    assert json.loads((ROOT / ".chalice/config.json").read_text())["stages"].keys() == {
        CHALICE_STAGE
    }


# --- the table


def test_the_table_has_two_indexes_a_stream_and_expiry(
    resources: dict[str, dict[str, Any]],
) -> None:
    """It is on demand, and both indexes are overloaded."""
    table = properties(resources, "Table")
    assert table["BillingMode"] == "PAY_PER_REQUEST"
    assert table["StreamSpecification"] == {"StreamViewType": "NEW_IMAGE"}
    assert table["TimeToLiveSpecification"] == {
        "AttributeName": "expires_at_epoch_s",
        "Enabled": True,
    }
    keys = {index["IndexName"]: index for index in table["GlobalSecondaryIndexes"]}
    assert sorted(keys) == ["due", "list"]
    for name, index in keys.items():
        assert index["Projection"] == {"ProjectionType": "KEYS_ONLY"}
        assert [key["AttributeName"] for key in index["KeySchema"]] == [f"{name}_pk", f"{name}_sk"]


def test_the_table_is_protected_outside_dev(template: dict[str, Any]) -> None:
    table = properties(template["Resources"], "Table")
    assert table["DeletionProtectionEnabled"] == UNLESS_DEV
    assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": UNLESS_DEV}
    assert template["Conditions"]["IsProtected"] == {
        "Fn::Not": [{"Fn::Equals": [{"Ref": "Stage"}, "dev"]}]
    }
    assert template["Resources"]["Table"]["UpdateReplacePolicy"] == "Retain"


# --- the streams


@pytest.mark.parametrize(("function", "prefix"), [("Qualify", "EVENT#"), ("Deliver", "OUTBOX#")])
def test_a_stream_mapping_filters_retries_and_reports_failures(
    resources: dict[str, dict[str, Any]], function: str, prefix: str
) -> None:
    """It retries within bounds."""
    mapping = properties(resources, function)["Events"][f"{function}DynamodbEventSource"][
        "Properties"
    ]
    assert mapping["Stream"] == {"Fn::GetAtt": ["Table", "StreamArn"]}
    assert mapping["StartingPosition"] == "TRIM_HORIZON"
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert mapping["BisectBatchOnFunctionError"] is True
    assert 0 < mapping["MaximumRetryAttempts"] <= 100
    assert 0 < mapping["MaximumRecordAgeInSeconds"] < MAX_RETENTION_OF_STREAM_S
    queue = mapping["DestinationConfig"]["OnFailure"]["Destination"]
    assert queue == {"Fn::GetAtt": [f"{function}Failures", "Arn"]}
    patterns = [json.loads(one["Pattern"]) for one in mapping["FilterCriteria"]["Filters"]]
    assert patterns == [
        {"eventName": ["INSERT"], "dynamodb": {"Keys": {"sk": {"S": [{"prefix": prefix}]}}}}
    ]


@pytest.mark.parametrize("queue", QUEUES)
def test_a_failure_queue_is_encrypted_and_keeps_for_two_weeks(
    resources: dict[str, dict[str, Any]], queue: str
) -> None:
    assert properties(resources, queue) == {
        "MessageRetentionPeriod": 14 * 24 * 60 * 60,
        "SqsManagedSseEnabled": True,
    }


@pytest.mark.parametrize("worker", WORKERS)
def test_a_queue_hides_a_message_for_six_function_times(
    resources: dict[str, dict[str, Any]], worker: str
) -> None:
    queue = properties(resources, f"{worker}Queue")
    timeout = properties(resources, worker)["Timeout"]
    assert queue["VisibilityTimeout"] >= 6 * timeout
    assert queue["SqsManagedSseEnabled"] is True
    assert queue["RedrivePolicy"]["deadLetterTargetArn"] == {
        "Fn::GetAtt": [f"{worker}Failures", "Arn"]
    }
    assert queue["RedrivePolicy"]["maxReceiveCount"] >= 5, "fewer, and throttles alone end there"
    assert WORK_SECONDS < timeout < LEASE_SECONDS
    assert timedelta(seconds=queue["VisibilityTimeout"]) == FakeQueues.VISIBILITY
    assert queue["RedrivePolicy"]["maxReceiveCount"] == FakeQueues.MOST_RECEIVES
    assert queue["MessageRetentionPeriod"] < HANDOVER_KEPT_DAYS * 24 * 60 * 60


@pytest.mark.parametrize("worker", WORKERS)
def test_a_worker_takes_one_message_and_few_at_once(
    resources: dict[str, dict[str, Any]], worker: str
) -> None:
    mapping = properties(resources, worker)["Events"][f"{worker}SqsEventSource"]["Properties"]
    assert mapping["Queue"] == {"Fn::GetAtt": [f"{worker}Queue", "Arn"]}
    assert mapping["BatchSize"] == 1, "a killed worker takes no other message along"
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert mapping["ScalingConfig"]["MaximumConcurrency"] >= 2  # the least that AWS takes


def test_all_workers_fit_into_the_limit_of_a_new_account(
    resources: dict[str, dict[str, Any]],
) -> None:
    mappings = [properties(resources, name)["Events"][f"{name}SqsEventSource"] for name in WORKERS]
    at_once = [one["Properties"]["ScalingConfig"]["MaximumConcurrency"] for one in mappings]
    assert sum(at_once) <= 10


# --- the functions


def test_all_functions_are_of_one_zip(resources: dict[str, dict[str, Any]]) -> None:
    functions = of_type(resources, "AWS::Serverless::Function")
    assert sorted(functions) == sorted(FUNCTIONS)
    assert {function["Properties"]["CodeUri"] for function in functions.values()} == {
        "./deployment.zip"
    }


def test_a_deployment_points_every_function_at_the_uploaded_zip(template: dict[str, Any]) -> None:
    placed = with_code(template, "bucket", "key.zip", "c0de")["Resources"]
    assert all(
        properties(placed, name)["CodeUri"] == {"Bucket": "bucket", "Key": "key.zip"}
        for name in FUNCTIONS
    )


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_knows_only_what_it_uses(
    resources: dict[str, dict[str, Any]], function: str
) -> None:
    assert (
        properties(resources, function)["Environment"]["Variables"].keys() == ENVIRONMENT[function]
    )


def test_each_function_has_a_role_of_its_own(resources: dict[str, dict[str, Any]]) -> None:
    roles = {properties(resources, name)["Role"]["Fn::GetAtt"][0] for name in FUNCTIONS}
    assert len(roles) == len(FUNCTIONS)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_policy_names_its_operations_and_resources(
    resources: dict[str, dict[str, Any]], function: str
) -> None:
    for statement in statements(resources, function):
        assert statement["Effect"] == "Allow"
        assert all("*" not in action for action in actions(statement)), statement["Sid"]
        # Of an account as a whole, IAM knows no resource.
        is_of_account = actions(statement) == ["ses:GetAccount"]
        assert statement.get("Resource") != "*" or is_of_account, statement["Sid"]


def test_the_public_function_may_neither_delete_nor_list_nor_send(
    resources: dict[str, dict[str, Any]],
) -> None:
    allowed = {
        action
        for statement in statements(resources, "PublicHandler")
        for action in actions(statement)
    }
    assert not {action for action in allowed if re.search("Delete|Scan|^ses:|^sns:", action)}
    (counting,) = (
        statement
        for statement in statements(resources, "PublicHandler")
        if any("Update" in action for action in actions(statement))
    )
    leading = counting["Condition"]["ForAllValues:StringLike"]["dynamodb:LeadingKeys"]
    assert leading == ["NUMBERS#*"]
    assert "/index/" not in json.dumps(statements(resources, "PublicHandler"))


@pytest.mark.parametrize("region", ["us-gov-west-1", "cn-north-1"])
def test_a_region_without_receiving_gets_no_receipt_rule(
    template: dict[str, Any], region: str
) -> None:
    left = for_region(template, region)
    gone = template["Resources"].keys() - left["Resources"].keys()
    assert gone == {"ReceiptRule", "ReceiptRules"}
    assert template["Outputs"].keys() - left["Outputs"].keys() == {"ReceiptRuleSet"}
    assert not re.search(r"Receipt(Rule|Rules)\b", json.dumps(left))


def test_other_regions_take_the_whole_template(template: dict[str, Any]) -> None:
    assert for_region(template, "eu-central-1") == template


@pytest.mark.parametrize("function", ["Deliver", "Urgent"])
def test_a_sender_publishes_to_phones_and_one_topic_only(
    resources: dict[str, dict[str, Any]], function: str
) -> None:
    publishing = [one for one in statements(resources, function) if "sns:Publish" in actions(one)]
    topics, phones = publishing
    assert topics["Resource"] == {"Ref": "HandoffTopic"}
    # AWS has no ARN for a phone number: anything that is no topic.
    assert phones["NotResource"] == "arn:*:sns:*:*:*"


def test_only_the_public_function_has_reserved_concurrency(
    resources: dict[str, dict[str, Any]],
) -> None:
    reserved = {
        name: properties(resources, name)["ReservedConcurrentExecutions"]
        for name in FUNCTIONS
        if "ReservedConcurrentExecutions" in properties(resources, name)
    }
    assert reserved.keys() == {"PublicHandler"}


@pytest.mark.parametrize(("given", "reserved"), [("50", 50), ("1", 1), ("0", None)])
def test_a_concurrency_of_zero_reserves_none(
    template: dict[str, Any], given: str, reserved: int | None
) -> None:
    # A new account's limit can be 10, which no reservation fits into.
    made = concrete(template, {**PROD, "PublicConcurrency": given})
    public = properties(made["Resources"], "PublicHandler")
    assert public.get("ReservedConcurrentExecutions") == reserved


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_new_version_is_rolled_back_on_its_alarm(
    resources: dict[str, dict[str, Any]], function: str
) -> None:
    found = properties(resources, function)
    assert found["AutoPublishAlias"] == "live"
    assert found["DeploymentPreference"] == {
        "Enabled": {"Ref": "Gradual"},  # SAM does not read a condition here
        "Type": "Canary10Percent5Minutes",
        "Alarms": [{"Ref": f"{function}Errors"}],
    }
    assert dimension(resources[f"{function}Errors"], "FunctionName") == {"Ref": function}


def test_a_gradual_deployment_is_switched_by_true_or_false(template: dict[str, Any]) -> None:
    gradual = template["Parameters"]["Gradual"]
    assert gradual["AllowedValues"] == ["true", "false"]
    # The emulator applies SAM with the defaults alone, and has no CodeDeploy.
    assert gradual["Default"] == "false"


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_logs_to_its_own_group_which_forgets(
    resources: dict[str, dict[str, Any]], function: str
) -> None:
    group = properties(resources, function)["LoggingConfig"]["LogGroup"]["Ref"]
    assert properties(resources, group)["RetentionInDays"] == 30
    writing = [
        one for one in statements(resources, function) if "logs:PutLogEvents" in actions(one)
    ]
    assert [one["Resource"] for one in writing] == [{"Fn::GetAtt": [group, "Arn"]}]


# --- the API


def test_each_path_runs_in_its_function(resources: dict[str, dict[str, Any]]) -> None:
    function_of = {}
    for path, method, integration in integrations(resources):
        text, more = integration["uri"]["Fn::Sub"]
        assert text.endswith("/functions/${Function}/invocations")
        function_of[path, method] = more["Function"]["Ref"].removesuffix(".Alias")
        assert more["Function"]["Ref"].endswith(".Alias")
    assert function_of == dict.fromkeys(PUBLIC, "PublicHandler") | dict.fromkeys(
        PRIVATE, "APIHandler"
    )


@pytest.mark.parametrize("function", ["APIHandler", "PublicHandler"])
def test_the_api_may_call_the_function(resources: dict[str, dict[str, Any]], function: str) -> None:
    permission = properties(resources, f"{function}InvokePermission")
    assert permission["FunctionName"] == {"Ref": f"{function}.Alias"}
    assert permission["Principal"] == "apigateway.amazonaws.com"
    assert "RestAPI" in json.dumps(permission["SourceArn"])


def throttles(resources: dict[str, dict[str, Any]]) -> dict[tuple[str, str], tuple[int, int]]:
    """The requests a second of each route, and how many at once."""
    return {
        (one["ResourcePath"].removeprefix("/").replace("~1", "/"), one["HttpMethod"].lower()): (
            one["ThrottlingRateLimit"],
            one["ThrottlingBurstLimit"],
        )
        for one in properties(resources, "RestAPI")["MethodSettings"]
    }


def test_the_public_paths_are_throttled_one_by_one(resources: dict[str, dict[str, Any]]) -> None:
    found = throttles(resources)
    assert found.keys() == PUBLIC | {("/v1/forms/{form_id}", "options"), ("*", "*")}
    for rate, burst in found.values():
        assert 0 < rate <= burst


def test_forms_and_unsubscribes_have_room_for_a_campaign(
    resources: dict[str, dict[str, Any]],
) -> None:
    found = throttles(resources)
    forms = [("/v1/forms/{form_id}", method) for method in ("options", "post")]
    for route in (*forms, ("/u/{token}", "get"), ("/u/{token}", "post")):
        assert found[route] == (200, 400)


def test_pings_are_refused_before_forms(resources: dict[str, dict[str, Any]]) -> None:
    """Each kind of ping has a throttle of its own, and the function room for all and the forms."""
    found = throttles(resources)
    rates = [rate for (path, _), (rate, _) in found.items() if path in PINGS]
    forms = found[("/v1/forms/{form_id}", "post")][0]
    assert max(rates) <= forms / 2
    assert sum(rates) + 2 * forms <= COPIES_OF_PUBLIC / SECONDS_PER_REQUEST


# --- the firewall ---------------------------------------------------------------------------------


def test_without_being_asked_for_there_is_no_firewall(template: dict[str, Any]) -> None:
    made = concrete(template, PROD)["Resources"]
    assert not [one for one in made.values() if one["Type"].startswith("AWS::WAFv2::")]


def test_a_firewall_before_the_api_limits_each_address(template: dict[str, Any]) -> None:
    made = concrete(template, {**PROD, "RequestsPerAddress": "1000"})["Resources"]
    firewall = made["Firewall"]["Properties"]
    (rule,) = firewall["Rules"]
    assert rule["Statement"]["RateBasedStatement"] == {
        "AggregateKeyType": "IP",
        "Limit": 1000,
        "EvaluationWindowSec": 300,
    }
    answer = rule["Action"]["Block"]["CustomResponse"]
    assert answer["ResponseCode"] == 429
    named = {one["Name"]: one["Value"] for one in answer["ResponseHeaders"]}
    assert named["Access-Control-Allow-Origin"] == "*"
    assert (firewall["Scope"], firewall["DefaultAction"]) == ("REGIONAL", {"Allow": {}})
    samples = [one["VisibilityConfig"]["SampledRequestsEnabled"] for one in (rule, firewall)]
    assert samples == [False, False], "a sample has addresses, and paths with tokens"
    tied = made["FirewallOfApi"]["Properties"]
    assert tied["WebACLArn"] == {"Fn::GetAtt": ["Firewall", "Arn"]}
    assert "${RestAPI}/stages/${RestAPI.Stage}" in tied["ResourceArn"]["Fn::Sub"]


def test_the_access_log_holds_no_query_token_or_address(
    resources: dict[str, dict[str, Any]],
) -> None:
    log = properties(resources, "RestAPI")["AccessLogSetting"]
    assert log["DestinationArn"] == {"Fn::GetAtt": ["AccessLogs", "Arn"]}
    assert set(re.findall(r"\$context\.([\w.]+)", log["Format"])) == {
        "requestTime",
        "requestId",
        "httpMethod",
        "resourcePath",
        "status",
        "error.responseType",
        "integration.requestId",
        "responseLatency",
        "integrationLatency",
    }
    json.loads(log["Format"])


def test_the_gateways_own_answers_are_problems_pages_may_read(
    resources: dict[str, dict[str, Any]],
) -> None:
    answers = properties(resources, "RestAPI")["GatewayResponses"]
    assert {"DEFAULT_4XX", "DEFAULT_5XX"} <= answers.keys()
    for name, answer in answers.items():
        headers = answer["ResponseParameters"]["Headers"]
        assert headers["Content-Type"] == "'application/problem+json'"
        assert headers["Access-Control-Allow-Origin"] == "'*'"
        assert headers["Access-Control-Expose-Headers"] == "'Retry-After'"
        assert headers["Access-Control-Allow-Headers"] == f"'{CORS.allow_headers}'"
        assert (headers.get("Retry-After") is not None) == (answer.get("StatusCode") == "429")
        for protection, value in PROTECTION.items():  # as our own answers have it
            assert headers[protection] == f"'{value}'"
        on_our_domain = ["HasDomain", f"'{HSTS}'", {"Ref": "AWS::NoValue"}]
        assert headers["Strict-Transport-Security"] == {"Fn::If": on_our_domain}
        text = answer["ResponseTemplates"]["application/json"]
        problem = json.loads(text.replace("$context.error.messageString", '"why"'))
        status = set() if name.startswith("DEFAULT_") else {"status"}
        assert problem.keys() == {"type", "title", "detail", "code", "message"} | status
        assert problem["message"] == problem["detail"]
        assert str(problem.get("status", "")) == answer.get("StatusCode", "")


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("WAF_FILTERED", "403"),
        ("ACCESS_DENIED", "403"),
        ("UNAUTHORIZED", "401"),
        ("BAD_REQUEST_BODY", "400"),
        ("BAD_REQUEST_PARAMETERS", "400"),
        ("MISSING_AUTHENTICATION_TOKEN", "404"),
        ("REQUEST_TOO_LARGE", "413"),
        ("UNSUPPORTED_MEDIA_TYPE", "415"),
        ("THROTTLED", "429"),
        ("QUOTA_EXCEEDED", "429"),
        ("INTEGRATION_FAILURE", "504"),
        ("INTEGRATION_TIMEOUT", "504"),
        # A status here would be that of every refusal without an entry of its own.
        ("DEFAULT_4XX", None),
        ("DEFAULT_5XX", None),
    ],
)
def test_a_gateway_response_has_the_status_it_means(
    resources: dict[str, dict[str, Any]], kind: str, status: str | None
) -> None:
    assert properties(resources, "RestAPI")["GatewayResponses"][kind].get("StatusCode") == status


def test_the_account_gets_its_role_between_api_and_stage(
    resources: dict[str, dict[str, Any]],
) -> None:
    # An account without an API takes no role; a stage without the role in place may not log. SAM
    # makes the API and its stage of one resource, and Variables belong to the stage alone.
    assert resources["ApiGatewayAccount"]["DependsOn"] == "RestAPI"
    assert "DependsOn" not in resources["RestAPI"]
    assert {"Ref": "ApiGatewayAccount"} in properties(resources, "RestAPI")["Variables"].values()


# --- mail, topics, secrets


def test_what_becomes_of_a_mail_reaches_the_feedback_function(
    resources: dict[str, dict[str, Any]],
) -> None:
    destination = properties(resources, "MailFeedback")
    assert destination["ConfigurationSetName"] == {"Ref": "MailSettings"}
    event = destination["EventDestination"]
    assert event["Enabled"] is True
    assert set(event["MatchingEventTypes"]) == {
        *("send", "delivery", "bounce", "complaint"),
        *("reject", "renderingFailure", "deliveryDelay"),
    }
    assert event["SnsDestination"] == {"TopicARN": {"Ref": "FeedbackTopic"}}
    subscription = properties(resources, "Feedback")["Events"]["FeedbackSnsSubscription"][
        "Properties"
    ]
    assert subscription == {"Topic": {"Fn::Sub": "${FeedbackTopic}"}}


def test_only_the_services_that_send_for_us_may_publish_feedback(
    resources: dict[str, dict[str, Any]],
) -> None:
    policy = properties(resources, "FeedbackTopicPolicy")
    assert policy["Topics"] == [{"Ref": "FeedbackTopic"}]
    found = policy["PolicyDocument"]["Statement"]
    assert [statement["Principal"] for statement in found] == [
        {"Service": "ses.amazonaws.com"},
        {"Service": "sms-voice.amazonaws.com"},
    ]
    for statement in found:
        assert statement["Action"] == "sns:Publish"
        only = statement["Condition"]["StringEquals"]
        assert only["AWS:SourceAccount"] == {"Ref": "AWS::AccountId"}


def test_replies_are_received_outside_dev_and_with_a_domain(template: dict[str, Any]) -> None:
    kinds = ("AWS::SES::ReceiptRuleSet", "AWS::SES::ReceiptRule")
    for name, parameters in DEPLOYMENTS.items():
        made = concrete(template, parameters)["Resources"]
        assert [bool(of_type(made, kind)) for kind in kinds] == [name == "prod-everything"] * 2
    made = concrete(template, DEPLOYMENTS["prod-everything"])["Resources"]
    rule = properties(made, "ReceiptRule")["Rule"]
    assert rule["Recipients"] == ["replies.acme.example"]
    assert rule["ScanEnabled"] is True
    (action,) = rule["Actions"]
    assert action["S3Action"]["BucketName"] == {"Ref": "InboundBucket"}
    assert action["S3Action"]["TopicArn"] == {"Ref": "InboundTopic"}
    variables = properties(made, "Nurture")["Environment"]["Variables"]
    assert variables["BATON_REPLY_DOMAIN"] == "replies.acme.example"


def test_received_emails_are_private_and_expire(resources: dict[str, dict[str, Any]]) -> None:
    bucket = properties(resources, "InboundBucket")
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    (rule,) = bucket["LifecycleConfiguration"]["Rules"]
    assert (rule["Status"], rule["ExpirationInDays"]) == ("Enabled", 14)
    kept_s = properties(resources, "RepliesFailures")["MessageRetentionPeriod"]
    assert rule["ExpirationInDays"] * 24 * 60 * 60 == kept_s
    allow, deny = properties(resources, "InboundBucketPolicy")["PolicyDocument"]["Statement"]
    assert (allow["Principal"], allow["Action"]) == (
        {"Service": "ses.amazonaws.com"},
        "s3:PutObject",
    )
    assert allow["Condition"]["StringEquals"]["AWS:SourceAccount"] == {"Ref": "AWS::AccountId"}
    assert (deny["Effect"], deny["Condition"]) == (
        "Deny",
        {"Bool": {"aws:SecureTransport": "false"}},
    )


def test_only_receipts_may_be_published_as_received(resources: dict[str, dict[str, Any]]) -> None:
    policy = properties(resources, "InboundTopicPolicy")
    assert policy["Topics"] == [{"Ref": "InboundTopic"}]
    (found,) = policy["PolicyDocument"]["Statement"]
    assert (found["Principal"], found["Action"]) == (
        {"Service": "ses.amazonaws.com"},
        "sns:Publish",
    )
    assert found["Condition"]["StringEquals"]["AWS:SourceAccount"] == {"Ref": "AWS::AccountId"}
    subscription = properties(resources, "Replies")["Events"]["RepliesSnsSubscription"]
    assert subscription["Properties"] == {"Topic": {"Fn::Sub": "${InboundTopic}"}}


def test_a_sender_is_an_address_with_or_without_a_name(template: dict[str, Any]) -> None:
    pattern = template["Parameters"]["Sender"]["AllowedPattern"]
    accepted = [
        "ann@keybook.example",
        "Ann of Keybook <ann@keybook.example>",
        "Zoë, Keybook <zoe@keybook.example>",
        "<ann@keybook.example>",
    ]
    refused = [
        "Ann",
        "Ann ann@keybook.example",
        "Ann <ann@keybook.example",
        "Ann <ann@keybook.example> <bob@keybook.example>",
        "ann@keybook.example <bob@keybook.example>",
    ]
    assert [one for one in accepted + refused if re.fullmatch(pattern, one)] == accepted


def test_a_texts_own_service_reports_to_the_same_topic(
    resources: dict[str, dict[str, Any]],
) -> None:
    assert resources["TextSettings"]["Condition"] == "HasTextIdentity"
    (events,) = properties(resources, "TextSettings")["EventDestinations"]
    assert events["SnsDestination"] == {"TopicArn": {"Ref": "FeedbackTopic"}}
    assert (events["Enabled"], events["MatchingEventTypes"]) == (True, ["TEXT_ALL"])
    named = properties(resources, "Deliver")["Environment"]["Variables"]
    assert resources["TextPolicy"]["Condition"] == "HasTextIdentity"
    roles = {one["Ref"] for one in properties(resources, "TextPolicy")["Roles"]}
    assert roles == {
        properties(resources, name)["Role"]["Fn::GetAtt"][0] for name in ("Deliver", "Urgent")
    }
    assert named["BATON_TEXT_CONFIGURATION_SET"] == {
        "Fn::If": ["HasTextIdentity", {"Ref": "TextSettings"}, ""]
    }


def test_every_call_gives_up_before_its_function_does(
    resources: dict[str, dict[str, Any]],
) -> None:
    """By default botocore waits a minute for each of its tries."""
    seconds = {name: properties(resources, name)["Timeout"] for name in FUNCTIONS}
    assert min(seconds.values()) > time_outs.WORST_CASE_SECONDS
    sending = senders.SEND_CONNECT_SECONDS + senders.SEND_READ_SECONDS
    assert sending < min(seconds["Deliver"], seconds["Urgent"], seconds["Nurture"], LEASE_SECONDS)


def test_the_identity_secret_outlives_its_stack(resources: dict[str, dict[str, Any]]) -> None:
    secrets = of_type(resources, "AWS::SecretsManager::Secret")
    assert sorted(secrets) == ["AdminSecret", "IdentitySecret", "LinkSecret"]
    for name in ("IdentitySecret", "LinkSecret"):
        assert secrets[name]["DeletionPolicy"] == "Retain"
        assert secrets[name]["UpdateReplacePolicy"] == "Retain"
    assert all("SecretString" not in secret["Properties"] for secret in secrets.values())


@pytest.mark.parametrize("secret", ["AdminSecret", "IdentitySecret", "LinkSecret"])
def test_secrets_manager_can_generate_every_secret(
    resources: dict[str, dict[str, Any]], secret: str
) -> None:
    # It wants a character of each type that is not left out by name, and refuses the secret where
    # ExcludeCharacters names all characters of one: no account could deploy the first template.
    how = properties(resources, secret)["GenerateSecretString"]
    assert "ExcludeCharacters" not in how
    assert how["ExcludePunctuation"] is True
    assert how.get("RequireEachIncludedType", True) is True
    included = [kind for kind in SECRET_TYPES if not how.get(f"Exclude{kind}", False)]
    assert included == ["Lowercase", "Numbers", "Uppercase"]
    characters = sum(len(SECRET_TYPES[kind]) for kind in included)
    assert characters ** how["PasswordLength"] > 2**256


@pytest.mark.parametrize("secret", ["Identity", "Link"])
def test_a_given_secret_is_the_only_one_in_use(template: dict[str, Any], secret: str) -> None:
    arn = DEPLOYMENTS["prod-everything"][f"Given{secret}Secret"]
    made = concrete(template, {**PROD, f"Given{secret}Secret": arn})
    assert f"{secret}Secret" not in made["Resources"]
    assert f'"{secret}Secret"' not in json.dumps(made)  # nor does anything refer to it
    variable = f"BATON_{secret.upper()}_SECRET"
    for function in FUNCTIONS:
        given = properties(made["Resources"], function)["Environment"]["Variables"]
        allowed = [
            place
            for one in statements(made["Resources"], function)
            if one["Sid"] == "ReadSecrets"
            for place in one["Resource"]
        ]
        assert (given.get(variable) == arn) == (variable in ENVIRONMENT[function])
        assert (arn in allowed) == (variable in ENVIRONMENT[function])


# --- alarms


def alarms_of(resources: dict[str, dict[str, Any]], metric: str) -> list[dict[str, Any]]:
    alarms = of_type(resources, "AWS::CloudWatch::Alarm").values()
    return [alarm for alarm in alarms if alarm["Properties"].get("MetricName") == metric]


@pytest.mark.parametrize(
    ("metric", "dimension_name", "watched"),
    [
        ("Errors", "FunctionName", [{"Ref": name} for name in FUNCTIONS]),
        ("Throttles", "FunctionName", [{"Ref": name} for name in FUNCTIONS]),
        ("IteratorAge", "FunctionName", [{"Ref": "Qualify"}, {"Ref": "Deliver"}]),
        (
            "ApproximateNumberOfMessagesVisible",
            "QueueName",
            [{"Fn::GetAtt": [f"{name}Failures", "QueueName"]} for name in (*TRIGGERED, *WORKERS)],
        ),
        (
            "ApproximateAgeOfOldestMessage",
            "QueueName",
            [{"Fn::GetAtt": [f"{name}Queue", "QueueName"]} for name in WORKERS],
        ),
        ("due_quarantined", "deployment", [{"Ref": "Stage"}]),
        ("due_failed", "deployment", [{"Ref": "Stage"}]),
        ("5XXError", "ApiName", [{"Ref": "AWS::StackName"}]),
        ("Invocations", "FunctionName", [{"Ref": "Clock"}]),
        ("WriteThrottleEvents", "TableName", [{"Ref": "Table"}] * 3),
        ("quarantined", "deployment", [{"Ref": "Stage"}]),
        ("due_unknown", "deployment", [{"Ref": "Stage"}]),
        ("message_failed", "state", ["lost", "refused"]),
        ("message", "reason", ["no_evidence", "over_budget"]),
        *(
            (metric, "deployment", [{"Ref": "Stage"}])
            for metric in ("sending_blocked", "handoff_undelivered", "held_back", "erasure_failed")
        ),
        ("mail_event_unmatched", "kind", ["complaint", "hard_bounce"]),
    ],
)
def test_what_must_not_go_unseen_has_an_alarm(
    resources: dict[str, dict[str, Any]], metric: str, dimension_name: str, watched: list[Any]
) -> None:
    seen = [dimension(alarm, dimension_name) for alarm in alarms_of(resources, metric)]
    assert sorted(seen, key=str) == sorted(watched, key=str)


def test_an_index_that_refuses_writes_has_its_own_alarm(
    resources: dict[str, dict[str, Any]],
) -> None:
    # DynamoDB counts them on the index, while it is the write to the table that fails.
    indexes = {one["IndexName"] for one in properties(resources, "Table")["GlobalSecondaryIndexes"]}
    dimensions = [
        alarm["Properties"]["Dimensions"] for alarm in alarms_of(resources, "WriteThrottleEvents")
    ]
    named = {
        pair["Value"]
        for pairs in dimensions
        for pair in pairs
        if pair["Name"] == "GlobalSecondaryIndexName"
    }
    assert named == indexes


def test_the_mail_alarms_go_off_before_ses_reviews_us(
    resources: dict[str, dict[str, Any]],
) -> None:
    (bounces,) = alarms_of(resources, "Reputation.BounceRate")
    (complaints,) = alarms_of(resources, "Reputation.ComplaintRate")
    assert bounces["Properties"]["Threshold"] < SES_REVIEWS_AT_BOUNCES
    assert complaints["Properties"]["Threshold"] < SES_REVIEWS_AT_COMPLAINTS


def test_a_clock_that_stands_still_raises_an_alarm(
    resources: dict[str, dict[str, Any]],
) -> None:
    (alarm,) = alarms_of(resources, "Invocations")
    assert alarm["Properties"]["TreatMissingData"] == "breaching"
    assert alarm["Properties"]["ComparisonOperator"] == "LessThanThreshold"


def test_an_alarm_names_a_metric_that_is_counted(
    resources: dict[str, dict[str, Any]],
) -> None:
    ours = {
        name
        for alarm in of_type(resources, "AWS::CloudWatch::Alarm").values()
        for namespace, name in metrics_of(alarm["Properties"])
        if namespace == NAMESPACE
    }
    timed = {f"{name}_late" for name, line in LINES.items() if line.within_ms is not None}
    assert ours - timed
    assert ours <= {name for name, line in LINES.items() if line.is_counted} | timed


def metrics_of(alarm: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield namespace and name of each metric that an alarm reads."""
    if "MetricName" in alarm:
        yield alarm["Namespace"], alarm["MetricName"]
    for one in alarm.get("Metrics", []):
        if "MetricStat" in one:
            metric = one["MetricStat"]["Metric"]
            yield metric["Namespace"], metric["MetricName"]


def test_alarms_are_sent_to_an_address_that_is_given(template: dict[str, Any]) -> None:
    for deployment, addresses in (("prod", []), ("prod-everything", ["ops@acme.example"])):
        made = concrete(template, DEPLOYMENTS[deployment])["Resources"]
        subscriptions = of_type(made, "AWS::SNS::Subscription").values()
        assert [one["Properties"]["Endpoint"] for one in subscriptions] == addresses


def test_every_alarm_tells_the_alarm_topic(resources: dict[str, dict[str, Any]]) -> None:
    for alarm in of_type(resources, "AWS::CloudWatch::Alarm").values():
        assert alarm["Properties"]["AlarmActions"] == [{"Ref": "AlarmTopic"}]


def test_the_alarm_on_5xx_watches_this_api(resources: dict[str, dict[str, Any]]) -> None:
    # API Gateway names its metrics after the title.
    api = properties(resources, "RestAPI")
    (alarm,) = alarms_of(resources, "5XXError")
    assert dimension(alarm, "ApiName") == api["DefinitionBody"]["info"]["title"]
    assert dimension(alarm, "Stage") == api["StageName"]


MONTH_H = 30 * 24
HOUR_S = 3_600


def maths(resources: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return each alarm on an expression."""
    alarms = of_type(resources, "AWS::CloudWatch::Alarm")
    found = {name: alarm["Properties"] for name, alarm in alarms.items()}
    return {name: alarm for name, alarm in found.items() if "Metrics" in alarm}


def test_an_expression_is_returned_alone_and_knows_its_metrics(
    resources: dict[str, dict[str, Any]],
) -> None:
    for alarm in maths(resources).values():
        *read, watched = alarm["Metrics"]
        assert [one["ReturnData"] for one in read] == [False] * len(read)
        assert "ReturnData" not in watched
        words = set(re.findall(r"[a-z_]\w*", re.sub(r"IF|FILL", "", watched["Expression"])))
        assert words == {one["Id"] for one in read}
        # CloudWatch wants one period for all metrics of an alarm.
        assert len({one["MetricStat"]["Period"] for one in read}) == 1


@pytest.mark.parametrize(
    ("level", "namespace", "bad", "every", "may_fail"),
    [
        ("Answers", "AWS/ApiGateway", ("5XXError", "Sum"), ("Count", "Sum"), 0.001),
        ("Scores", NAMESPACE, ("qualified_late", "Sum"), ("qualified_late", "SampleCount"), 0.01),
        ("Handoffs", NAMESPACE, ("message_late", "Sum"), ("message_late", "SampleCount"), 0.01),
    ],
)
@pytest.mark.parametrize(("speed", "hours", "of_budget"), [("Fast", 1, 0.02), ("Slow", 6, 0.05)])
def test_a_service_level_has_an_alarm_on_its_burn_rate(
    resources: dict[str, dict[str, Any]],
    level: str,
    namespace: str,
    bad: tuple[str, str],
    every: tuple[str, str],
    may_fail: float,
    speed: str,
    hours: int,
    of_budget: float,
) -> None:
    alarm = maths(resources)[f"{level}Burn{speed}"]
    read = [one["MetricStat"] for one in alarm["Metrics"][:-1]]
    assert [(one["Metric"]["MetricName"], one["Stat"]) for one in read] == [bad, every]
    assert {one["Metric"]["Namespace"] for one in read} == {namespace}
    assert {one["Period"] for one in read} == {hours * HOUR_S}
    # A share of the budget within so many hours, of a month that may use it up once.
    assert alarm["Threshold"] == pytest.approx(may_fail * of_budget * MONTH_H / hours)
    first, second = (one["Id"] for one in alarm["Metrics"][:-1])
    expression = f"IF({first} > 1, {first} / {second}, 0)"  # one failure alone is no alarm
    assert alarm["Metrics"][-1]["Expression"] == expression


@pytest.mark.parametrize(
    ("alarm", "expression"),
    [
        ("EmailSpend", "sent * 0.0001 * 30"),
        (
            "WriteSpend",
            "(base + FILL(list_index, 0) + FILL(due_index, 0)) * 0.000000625 * 30",
        ),
    ],
)
def test_a_spend_alarm_computes_dollars_a_month(
    resources: dict[str, dict[str, Any]], alarm: str, expression: str
) -> None:
    found = maths(resources)[alarm]
    assert found["Metrics"][-1]["Expression"] == expression
    assert found["Threshold"] == {"Ref": "MonthlyBudget"}
    assert {one["MetricStat"]["Period"] for one in found["Metrics"][:-1]} == {24 * HOUR_S}


def test_the_page_on_service_levels_names_each_alarm(
    resources: dict[str, dict[str, Any]],
) -> None:
    page = (ROOT / "docs/reference/service-levels.md").read_text()
    named = set(re.findall(r"`(\w+(?:Burn\w+|Spend))`", page))
    alarms = of_type(resources, "AWS::CloudWatch::Alarm")
    assert named == {name for name in alarms if re.search(r"Burn(Fast|Slow)$|Spend$", name)}
    for row, level in re.findall(r"^(\|.* `(\w+)BurnFast`.*)$", page, re.M):
        shares = [float(one) for one in re.findall(r"([\d.]+) % in (?:an|six) hour", row)]
        thresholds = [maths(resources)[f"{level}Burn{s}"]["Threshold"] for s in ("Fast", "Slow")]
        assert shares == pytest.approx([100 * one for one in thresholds])


def test_the_table_of_costs_counts_the_alarms(resources: dict[str, dict[str, Any]]) -> None:
    page = (ROOT / "docs/performance.md").read_text()
    alarms = of_type(resources, "AWS::CloudWatch::Alarm")
    assert f"| alarms on one metric | {len(alarms) - len(maths(resources))} at 0.10;" in page
    burn_rates = [name for name in maths(resources) if "Burn" in name]
    assert f"| alarms on service levels, of two metrics each | {len(burn_rates)} at" in page


def test_the_texts_of_a_month_are_watched(resources: dict[str, dict[str, Any]]) -> None:
    (alarm,) = alarms_of(resources, "SMSMonthToDateSpentUSD")
    assert alarm["Properties"]["Threshold"] == {"Ref": "MonthlyBudget"}


def test_writes_to_the_table_and_each_index_are_paid_for(
    resources: dict[str, dict[str, Any]],
) -> None:
    indexes = {one["IndexName"] for one in properties(resources, "Table")["GlobalSecondaryIndexes"]}
    read = [one["MetricStat"]["Metric"] for one in maths(resources)["WriteSpend"]["Metrics"][:-1]]
    named = [{pair["Name"]: pair["Value"] for pair in one["Dimensions"]} for one in read]
    assert {one.get("GlobalSecondaryIndexName") for one in named} == {None, *indexes}
    assert all(one["TableName"] == {"Ref": "Table"} for one in named)


# --- the dashboard


def dashboard(resources: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """The dashboard with each reference as its own name: `${Qualify}` becomes Qualify."""
    body = properties(resources, "Dashboard")["DashboardBody"]["Fn::Sub"]
    shown: dict[str, Any] = json.loads(re.sub(r"\$\{([^}]+)\}", r"\1", body))
    return shown


def shown_metrics(resources: dict[str, dict[str, Any]]) -> Iterator[tuple[str, str, str]]:
    """Namespace, metric and dimensions of each line; those of a search are its own words."""
    for widget in dashboard(resources)["widgets"]:
        for line in widget["properties"].get("metrics", []):
            if isinstance(line[0], dict):
                found = re.match(
                    r"SEARCH\('\{(\w+),([\w,]+)\} MetricName=\"(\w+)\"", line[0]["expression"]
                )
                assert found, line
                yield found[1], found[3], found[2]
            else:
                namespace, metric, *dimensions = [one for one in line if isinstance(one, str)]
                yield namespace, metric, " ".join(dimensions)


@pytest.mark.parametrize(
    ("namespace", "metric", "dimensions"),
    [
        ("Baton", "captured", ["deployment,kind"]),
        ("Baton", "qualified", ["deployment Stage", "deployment,moved"]),
        ("Baton", "message", ["deployment,state", "deployment,reason"]),
        ("AWS/Lambda", "IteratorAge", ["FunctionName Qualify", "FunctionName Deliver"]),
        ("AWS/Lambda", "Errors", [f"FunctionName {name}" for name in FUNCTIONS]),
        ("AWS/Lambda", "Throttles", [f"FunctionName {name}" for name in FUNCTIONS]),
        (
            "AWS/SQS",
            "ApproximateNumberOfMessagesVisible",
            [f"QueueName {name}.QueueName" for name in QUEUES],
        ),
        (
            "AWS/SQS",
            "ApproximateAgeOfOldestMessage",
            [f"QueueName {name}Queue.QueueName" for name in WORKERS],
        ),
        ("AWS/ApiGateway", "4XXError", ["ApiName AWS::StackName Stage api"]),
        ("AWS/ApiGateway", "5XXError", ["ApiName AWS::StackName Stage api"]),
        ("AWS/ApiGateway", "Latency", ["ApiName AWS::StackName Stage api"]),
        ("AWS/DynamoDB", "ConsumedReadCapacityUnits", EACH_INDEX),
        ("AWS/DynamoDB", "ConsumedWriteCapacityUnits", EACH_INDEX),
        ("AWS/DynamoDB", "ReadThrottleEvents", EACH_INDEX),
        ("AWS/DynamoDB", "WriteThrottleEvents", EACH_INDEX),
        ("AWS/SES", "Bounce", [""]),
        ("AWS/SES", "Complaint", [""]),
    ],
)
def test_the_dashboard_shows(
    resources: dict[str, dict[str, Any]], namespace: str, metric: str, dimensions: list[str]
) -> None:
    shown = {
        where
        for a_namespace, a_metric, where in shown_metrics(resources)
        if (a_namespace, a_metric) == (namespace, metric)
    }
    assert shown == set(dimensions)


def test_the_dashboard_shows_each_metric_with_its_dimensions(
    resources: dict[str, dict[str, Any]],
) -> None:
    for namespace, metric, dimensions in shown_metrics(resources):
        if namespace == NAMESPACE and "," in dimensions:
            assert dimensions.removeprefix("deployment,") in LINES[metric].by


def test_the_dashboard_shows_every_alarm(resources: dict[str, dict[str, Any]]) -> None:
    (alarms,) = [widget for widget in dashboard(resources)["widgets"] if widget["type"] == "alarm"]
    shown = [name.removesuffix(".Arn") for name in alarms["properties"]["alarms"]]
    assert sorted(shown) == sorted(of_type(resources, "AWS::CloudWatch::Alarm"))


def test_the_dashboard_names_only_what_there_is(template: dict[str, Any]) -> None:
    body = properties(template["Resources"], "Dashboard")["DashboardBody"]["Fn::Sub"]
    named = {name.partition(".")[0] for name in re.findall(r"\$\{([^}]+)\}", body)}
    pseudo = {name for name in named if name.startswith("AWS::")}
    assert named - pseudo <= template["Resources"].keys() | template["Parameters"].keys()


def test_no_widget_lies_on_another(resources: dict[str, dict[str, Any]]) -> None:
    cells = [
        (x, y)
        for one in dashboard(resources)["widgets"]
        for x in range(one["x"], one["x"] + one["width"])
        for y in range(one["y"], one["y"] + one["height"])
    ]
    assert len(cells) == len(set(cells))
    assert max(x for x, _ in cells) < DASHBOARD_COLUMNS


# --- what checkov is told to leave


def waivers(resources: dict[str, dict[str, Any]]) -> Iterator[tuple[str, str, str]]:
    for name, resource in resources.items():
        for waiver in resource.get("Metadata", {}).get("checkov", {}).get("skip", []):
            yield name, waiver["id"], waiver["comment"]


def test_every_waiver_has_its_reason(resources: dict[str, dict[str, Any]]) -> None:
    found = list(waivers(resources))
    assert found
    assert [(name, check) for name, check, comment in found if len(comment.split()) < 5] == []
    assert len({(name, check) for name, check, _ in found}) == len(found)


def test_a_topic_that_names_persons_is_encrypted(resources: dict[str, dict[str, Any]]) -> None:
    assert properties(resources, "HandoffTopic")["KmsMasterKeyId"] == "alias/aws/sns"


# --- the zip


def test_the_parts_of_the_zip_are_listed_with_their_reasons() -> None:
    with zipfile.ZipFile(package(own_architecture()).zip_path) as packed:
        tops = {name.partition("/")[0] for name in packed.namelist()}
    installed = {top for top in tops if not top.endswith((".dist-info", ".data"))}
    page = (ROOT / "docs/reference/functions.md").read_text()
    table = page[page.index("## What is in the zip") :]
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in table.splitlines()
        if line.startswith("| `")
    ]
    listed = [name for cells in rows for name in re.findall(r"`([\w.]+)`", cells[0])]
    assert sorted(listed) == sorted(installed)
    assert all(cells[-1] for cells in rows)


# --- parameters and outputs


def test_only_dev_may_shift_the_clock(template: dict[str, Any]) -> None:
    (assertion,) = template["Rules"]["OnlyDevelopmentMayShiftTheClock"]["Assertions"]
    assert assertion["Assert"] == {
        "Fn::Or": [
            {"Fn::Equals": [{"Ref": "Stage"}, "dev"]},
            {"Fn::Equals": [{"Ref": "NowOffset"}, ""]},
        ]
    }
    assert template["Parameters"]["NowOffset"]["Default"] == ""


def test_the_outputs_are_what_others_rely_on(template: dict[str, Any]) -> None:
    outputs = concrete(template, PROD)["Outputs"]
    topics = {"HandoffTopicArn", "FeedbackTopicArn", "InboundTopicArn"}
    assert {"TableName", "ApiUrl"} | topics <= outputs.keys()
    assert outputs["ApiUrl"]["Value"]["Fn::Sub"].endswith("/api")
    assert "DomainTarget" not in outputs


def test_links_are_on_the_domain_that_is_given(template: dict[str, Any]) -> None:
    made = concrete(template, DEPLOYMENTS["prod-everything"])
    assert made["Outputs"]["ApiUrl"]["Value"] == "https://go.acme.example"
    assert made["Outputs"]["DomainTarget"]["Value"] == {
        "Fn::GetAtt": ["Domain", "RegionalDomainName"]
    }
    assert properties(made["Resources"], "DomainMapping") == {
        "DomainName": {"Ref": "Domain"},
        "RestApiId": {"Ref": "RestAPI"},
        "Stage": {"Ref": "RestAPI.Stage"},
    }
    assert properties(made["Resources"], "Domain")["DomainName"] == "go.acme.example"
    assert not of_type(concrete(template, PROD)["Resources"], "AWS::ApiGateway::DomainName")


@pytest.mark.parametrize("deployment", DEPLOYMENTS)
def test_no_checked_deployment_breaks_a_rule(template: dict[str, Any], deployment: str) -> None:
    parameters = DEPLOYMENTS[deployment]
    assert list(broken_rules(template, parameters)) == []
    for name, declared in template["Parameters"].items():
        value = parameters.get(name, declared["Default"])
        assert re.fullmatch(declared.get("AllowedPattern", ".*"), str(value)), name
        assert str(value) in map(str, declared.get("AllowedValues", [value])), name


def test_every_optional_parameter_is_checked_given_and_not(template: dict[str, Any]) -> None:
    for stage in ("dev", "prod"):
        few, all_of_them = DEPLOYMENTS[stage], DEPLOYMENTS[f"{stage}-everything"]
        optional = template["Parameters"].keys() - {"Stage", "Sender", "Gradual", "NowOffset"}
        assert not optional & few.keys()
        assert optional <= all_of_them.keys()


@pytest.mark.parametrize(
    ("broken", "parameters"),
    [
        ("NowOffset", {**PROD, "NowOffset": "-15m"}),
        ("Sender", {"Stage": "prod"}),
        ("CertificateArn", {**PROD, "DomainName": "go.acme.example"}),
        ("DomainName", {**PROD, "CertificateArn": "arn:aws:acm:eu-central-1:1:certificate/1"}),
    ],
)
def test_a_rule_refuses_parameters_that_do_not_go_together(
    template: dict[str, Any], broken: str, parameters: dict[str, str]
) -> None:
    (why,) = broken_rules(template, parameters)
    assert broken in why


@pytest.mark.parametrize(
    ("parameter", "refused"),
    [
        ("DomainName", ["acme", "https://go.acme.example", "Go.acme.example", "go.acme.example/x"]),
        ("CertificateArn", ["5f1c0d5e", "arn:aws:iam::123456789012:server-certificate/x"]),
        # Without the six characters that Secrets Manager adds, IAM knows no such secret.
        ("GivenLinkSecret", ["link", "arn:aws:secretsmanager:us-east-1:123456789012:secret:link"]),
    ],
)
def test_a_parameter_of_another_shape_is_refused(
    template: dict[str, Any], parameter: str, refused: list[str]
) -> None:
    allowed = re.compile(template["Parameters"][parameter]["AllowedPattern"])
    assert [value for value in refused if allowed.fullmatch(value)] == []


def test_no_arn_names_a_partition(template: dict[str, Any]) -> None:
    found = re.findall(r"arn:[^:\"]*:", json.dumps(template | {"Parameters": {}}))
    assert set(found) == {"arn:${AWS:", "arn:*:"}  # ${AWS::Partition}, or any
    assert "amazonaws.com/" not in json.dumps(template["Outputs"])


def test_every_time_zone_there_is_can_be_deployed(template: dict[str, Any]) -> None:
    zone = template["Parameters"]["TimeZone"]
    assert zone["Default"] == "UTC"
    assert template["Outputs"]["TimeZone"]["Value"] == {"Ref": "TimeZone"}
    allowed = re.compile(zone["AllowedPattern"])
    assert [name for name in available_timezones() if not allowed.fullmatch(name)] == []
    for name in ("", "Europe/", "/Europe", "Europe/Berlin ", "../etc/passwd", "a/b/c/d"):
        assert not allowed.fullmatch(name)


def test_the_readme_of_infra_names_every_parameter(template: dict[str, Any]) -> None:
    readme = (ROOT / "infra/README.md").read_text()
    assert [name for name in template["Parameters"] if f"`{name}`" not in readme] == []


def test_the_merge_file_is_read_as_it_is_written() -> None:
    # A key written twice would silently lose its first value.
    text = (ROOT / "infra/resources.yaml").read_text()
    for section in re.split(r"^(?=\w+:)", text, flags=re.MULTILINE):
        keys = re.findall(r"^  (\w+):", section, re.MULTILINE)
        assert sorted(keys) == sorted(set(keys))


def test_what_is_deployed_leaves_out_what_only_development_needs() -> None:
    deployed = re.findall(r"^([\w-]+)==", (ROOT / "requirements.txt").read_text(), re.MULTILINE)
    assert not {"chalice", "moto", "pytest", "ministack"} & set(deployed)
