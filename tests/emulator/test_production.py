"""The template of the package on an emulator of its own, with the parameters of production."""

from collections.abc import Iterator

import pytest

from infra.deploy import Cloud, deploy
from infra.package import own_architecture, package
from tests import engines
from tests.aws import session
from tests.emulator.conftest import REGION

PRODUCTION = {
    "Stage": "prod",
    "Sender": "hello@acme.example",
    "AlarmEmail": "ops@acme.example",
    "TimeZone": "Europe/Berlin",
    "RequestsPerAddress": "1000",
    "ReplyDomain": "replies.acme.example",
}


@pytest.fixture(scope="module")
def cloud() -> Iterator[Cloud]:
    for url in engines.running(engines.emulator()):
        yield Cloud(session(REGION), url)


def test_the_template_deploys_here_as_in_production(cloud: Cloud) -> None:
    """Its table expires items, can be recovered, and cannot be deleted. It has a firewall."""
    made = deploy(cloud, "baton-prod", package(own_architecture()), PRODUCTION, lambda *_: [])
    client = session(REGION).client("dynamodb", endpoint_url=cloud.endpoint_url)
    name = made["TableName"]
    expiry = client.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
    assert expiry == {"TimeToLiveStatus": "ENABLED", "AttributeName": "expires_at_epoch_s"}
    backups = client.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
    recovery = backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"]
    assert (backups["ContinuousBackupsStatus"], recovery) == ("ENABLED", "ENABLED")
    assert client.describe_table(TableName=name)["Table"]["DeletionProtectionEnabled"] is True
    assert made["ReceiptRuleSet"]
    assert "inbound" in made["InboundBucketName"]
    firewalls = session(REGION).client("wafv2", endpoint_url=cloud.endpoint_url)
    assert len(firewalls.list_web_acls(Scope="REGIONAL")["WebACLs"]) == 1
