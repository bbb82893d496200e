"""`make show`: what a person needs of a deployment, and a snippet that makes a lead."""

import re
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

import pytest
from botocore.stub import Stubber

from infra.deploy import Cloud
from tests.aws import session
from tests.baton import API, InMemoryBaton
from tests.fakes import NOW
from tools.show import Shown, describe, shown_of

SHOWN = Shown(api_url=API, write_key="write-key", admin_token="admin-token")


class StackCloud(Cloud):
    """A cloud with one stack and its admin secret."""

    def cloudformation(self) -> Any:
        return self.client("cloudformation")

    def client(self, service: str) -> Any:
        client: Any = self.session.client
        client = client(service)
        stub = Stubber(client)
        if service == "cloudformation":
            values = {
                "ApiUrl": "https://gateway.example/api",
                "AdminSecretArn": "arn:of:the:secret",
            }
            outputs = [{"OutputKey": key, "OutputValue": one} for key, one in values.items()]
            stack: dict[str, Any] = {"StackName": "baton-prod", "StackStatus": "CREATE_COMPLETE"}
            stack |= {"CreationTime": NOW, "Outputs": outputs}
            stub.add_response("describe_stacks", {"Stacks": [stack]}, {"StackName": "baton-prod"})
        else:
            secret = {"SecretString": "admin-token"}
            stub.add_response("get_secret_value", secret, {"SecretId": "arn:of:the:secret"})
        stub.activate()
        return client


@pytest.mark.parametrize(
    ("deployment", "expected"),
    [
        ({"api_url": API, "write_key": "write-key"}, SHOWN),
        ({}, replace(SHOWN, api_url="https://gateway.example/api", write_key="")),
    ],
)
def test_an_environment_is_shown(deployment: dict[str, str], expected: Shown) -> None:
    cloud = StackCloud(session("eu-central-1"))
    assert shown_of(cloud, "baton-prod", deployment) == expected


def test_address_and_keys_are_shown() -> None:
    first, second, third, *_ = describe(SHOWN).splitlines()
    assert first.split() == ["API", API]
    assert second.split() == ["write", "key", "write-key"]
    assert third.split() == ["admin", "token", "admin-token"]


def test_the_snippet_makes_a_lead() -> None:
    text = describe(SHOWN)
    assert f'<script defer src="{API}/t.js" data-baton data-baton-key="write-key"></script>' in text
    action = re.search(rf'action="{API}(/\S+)"', text)
    field = re.search(r'type="email" name="(\w+)"', text)
    assert action
    assert field
    baton = InMemoryBaton()
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "text/html"}
    posted = urlencode({field[1]: "ann@acme.example", "_consent": "yes"})
    assert baton.http("POST", action[1], posted, headers).status_code == 303
    baton.until_quiet()
    assert baton.lead()["consent"]["marketing"] is True


def test_the_secret_stays_off_the_page() -> None:
    snippet = describe(SHOWN).partition("<script")[2]
    assert "admin-token" not in snippet


def test_a_key_cannot_leave_its_attribute() -> None:
    shown = Shown(api_url=API, write_key='"><b>', admin_token="t")
    assert 'data-baton-key="&quot;&gt;&lt;b&gt;"' in describe(shown)
