"""What the gateway answers by itself, and what a function gets of a compressed body."""

import gzip
import urllib.error
import urllib.request
import zlib
from collections.abc import Callable
from email.message import Message

import pytest

from tests.emulator.conftest import REGION, Function

ECHO = 'return {"statusCode": 200, "body": event["body"] or ""}'
TEXT = '{"name": "Zoë"}'
MEBIBYTE = 1024 * 1024


@pytest.fixture
def api(
    emulator: str,
    deploy: Callable[..., tuple[str, dict[str, str]]],
    function: Callable[[str], Function],
) -> tuple[str, Function]:
    """The URL of a path that is served by a function, with the function."""
    echo = function(ECHO)
    target = f"arn:aws:apigateway:{REGION}:lambda:path/2015-03-31/functions/{echo.arn}/invocations"
    allowed = {"method.response.header.Access-Control-Allow-Origin": "'*'"}
    mock = {
        "type": "mock",
        "requestTemplates": {"application/json": '{"statusCode": 200}'},
        "responses": {"default": {"statusCode": "200", "responseParameters": allowed}},
    }
    proxy = {"type": "aws_proxy", "httpMethod": "POST", "uri": target}
    operations = {
        "post": {"x-amazon-apigateway-integration": proxy},
        "options": {"x-amazon-apigateway-integration": mock},
    }
    definition = {"swagger": "2.0", "info": {"title": "echo"}, "paths": {"/echo": operations}}
    rest_api = {"RestApiId": {"Ref": "Api"}}
    limits = [("/*", "*", 0), ("/~1echo", "POST", 100), ("/~1echo", "OPTIONS", 100)]
    settings = [
        {"ResourcePath": path, "HttpMethod": method}
        | {"ThrottlingRateLimit": limit, "ThrottlingBurstLimit": limit}
        for path, method, limit in limits
    ]
    stage = rest_api | {"DeploymentId": {"Ref": "Deployment"}, "StageName": "api"}
    resources = {
        "Api": {"Type": "AWS::ApiGateway::RestApi", "Properties": {"Body": definition}},
        "Deployment": {"Type": "AWS::ApiGateway::Deployment", "Properties": rest_api},
        "Stage": {
            "Type": "AWS::ApiGateway::Stage",
            "Properties": {**stage, "MethodSettings": settings},
        },
    }
    _, ids = deploy(resources)
    return f"{emulator}/restapis/{ids['Api']}/api/_user_request_/echo", echo


def call(
    method: str, url: str, body: bytes | None = None, coding: str | None = None
) -> tuple[int, Message, bytes]:
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(url, body, headers, method=method)
    if coding:
        request.add_header("Content-Encoding", coding)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read()


def test_a_method_has_limits_of_its_own(api: tuple[str, Function]) -> None:
    # The stage takes nothing; "a forward slash is encoded as ~1" in what a method is named by.
    url, _ = api
    assert call("POST", url, TEXT.encode())[0] == 200
    assert call("HEAD", url)[0] != 200


def test_a_mock_integration_answers_with_its_headers(api: tuple[str, Function]) -> None:
    # "Enable CORS on a resource using the OpenAPI definition": a browser's preflight needs them.
    status, headers, _ = call("OPTIONS", api[0])
    assert (status, headers["Access-Control-Allow-Origin"]) == (200, "*")


@pytest.mark.parametrize(
    ("coding", "packed"),
    [
        ("gzip", gzip.compress(TEXT.encode())),
        ("GZIP", gzip.compress(TEXT.encode())),
        ("deflate", zlib.compress(TEXT.encode())),
        ("identity", TEXT.encode()),
        (None, TEXT.encode()),
    ],
    ids=["gzip", "capitals", "deflate", "identity", "none"],
)
def test_a_function_gets_the_body_decompressed(
    api: tuple[str, Function], coding: str | None, packed: bytes
) -> None:
    # "Payload compression for REST APIs": decompression is supported by default.
    url, echo = api
    status, _, body = call("POST", url, packed, coding)
    assert (status, body.decode()) == (200, TEXT)
    (event,) = echo.wait_for(1)
    assert event["body"] == TEXT
    assert "gzip" not in str(event["headers"].get("content-encoding"))


@pytest.mark.parametrize(
    ("coding", "packed", "status"),
    [
        ("gzip", TEXT.encode(), 415),
        ("gzip", gzip.compress(TEXT.encode())[:-9], 415),
        ("br", TEXT.encode(), 415),
        ("gzip", gzip.compress(b" " * (10 * MEBIBYTE + 1)), 413),
    ],
    ids=["plain", "incomplete", "unknown", "bomb"],
)
def test_a_body_that_is_not_in_its_coding_is_refused(
    api: tuple[str, Function], coding: str, packed: bytes, status: int
) -> None:
    # "Call an API method with a compressed payload": 415 Unsupported Media Type. 10 MB is the
    # quota for a payload.
    url, echo = api
    assert call("POST", url, packed, coding)[0] == status
    assert echo.events() == []
