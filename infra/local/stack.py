"""Brings Baton up on this machine, and takes it down again.

The same package, template and deployment as on AWS. Added is only what a laptop has not: a verified
sender, the demo's site, and `.local/stack.json`, which says where everything is.
"""

from __future__ import annotations

import json
import os
import shutil
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

import boto3

from infra import defaults, deploy
from infra.local import emulator, probe, processes
from infra.local.emulator import Emulator
from infra.package import package
from infra.paths import LOCAL, write_private

STACK_JSON = LOCAL / "stack.json"
STACK_NAME = deploy.stack_name_of("dev")
SENDER = "hello@baton.example"
SITE = "site"
API_STAGE = "api"


@dataclass(frozen=True)
class Stack:
    """What `.local/stack.json` says. Its keys are relied on from outside."""

    api_url: str
    site_url: str
    aws_endpoint_url: str
    region: str
    table_name: str
    admin_token: str
    write_key: str
    stack_name: str
    pid: int


def up(now_offset: str) -> Stack:
    """The stack as the source is now, running and answering. Safe to call again: what is there
    stays.

    `now_offset` shifts the clock, for example "-15m"; "" is the real time. Raises LocalError,
    PackageError, DeployError.
    """
    use_local_account()
    machine = emulator.start()
    made = package()  # meanwhile the emulator gets ready
    emulator.wait_until_ready(machine)
    cloud = cloud_of(machine)
    result = deploy.deploy(cloud, STACK_NAME, made, _parameters(now_offset))
    _verify_sender(cloud)
    stack = _describe(machine, cloud, result)
    health = f"{stack.api_url}/v1/health"
    processes.wait_until(lambda: probe.is_ok(health), f"{health} answers")
    write_private(STACK_JSON, json.dumps(asdict(stack), indent=2) + "\n")
    return stack


def down() -> bool:
    """Ends all that `up` started and keeps the data. False if nothing ran."""
    site = processes.stop(SITE)
    machine = emulator.stop()
    STACK_JSON.unlink(missing_ok=True)
    return site or machine


def wipe() -> None:
    """Throws the data away. Nothing may be running."""
    shutil.rmtree(emulator.STATE, ignore_errors=True)


def cloud_of(machine: Emulator) -> deploy.Cloud:
    """The local AWS, for a process that uses the local account."""
    return deploy.Cloud(boto3.Session(region_name=emulator.REGION), machine.url)


def use_local_account() -> None:
    """Replaces every AWS setting of the user's shell in this process: it must not reach a real
    account.
    """
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ["AWS_CONFIG_FILE"] = os.environ["AWS_SHARED_CREDENTIALS_FILE"] = os.devnull
    os.environ["AWS_ACCESS_KEY_ID"] = os.environ["AWS_SECRET_ACCESS_KEY"] = emulator.ANYBODY
    os.environ["NO_PROXY"] = os.environ["no_proxy"] = "127.0.0.1,localhost"


def offset_over_midnight(now: datetime, minutes: int = 10) -> str:
    """Return a shift that keeps the next minutes, at most 60, within one UTC day, for scores
    change at midnight.
    """
    is_near = now.hour == 23 and now.minute >= 60 - minutes
    return f"-{minutes + 5}m" if is_near else ""


def utc_now() -> datetime:
    """The time, for `offset_over_midnight`."""
    return datetime.now(UTC)


def _parameters(now_offset: str) -> dict[str, str]:
    return {"Stage": "dev", "Sender": SENDER, "NowOffset": now_offset}


def _verify_sender(cloud: deploy.Cloud) -> None:
    """The emulator refuses unverified senders, as SES does. There, a person confirms by mail or
    DNS.
    """
    mail = cloud.session.client("sesv2", endpoint_url=cloud.endpoint_url)
    with suppress(mail.exceptions.AlreadyExistsException):
        mail.create_email_identity(EmailIdentity=SENDER)


def _describe(machine: Emulator, cloud: deploy.Cloud, result: dict[str, str]) -> Stack:
    """Starts the site, loads the defaults, and gathers where everything is."""
    api_url = f"{machine.url}/restapis/{result['RestAPIId']}/{API_STAGE}/_user_request_"
    site_url = _start_site(api_url)
    loaded = defaults.load(
        table_name=result["TableName"],
        api_url=api_url,
        site_url=site_url,
        endpoint_url=machine.url,
        region=cloud.region,
        demo=True,
    )
    secrets = cloud.session.client("secretsmanager", endpoint_url=cloud.endpoint_url)
    token = secrets.get_secret_value(SecretId=result["AdminSecretArn"])["SecretString"]
    return Stack(
        api_url=api_url,
        site_url=site_url,
        aws_endpoint_url=machine.url,
        region=cloud.region,
        table_name=result["TableName"],
        admin_token=token,
        write_key=loaded["write_key"],
        stack_name=STACK_NAME,
        pid=machine.pid,
    )


def _start_site(api_url: str) -> str:
    """The demo's site, talking to that API; the one that runs if it does. Its URL."""
    already = processes.running(SITE)
    if already and already.mark == api_url:
        return f"http://127.0.0.1:{already.port}"
    processes.stop(SITE)
    port = processes.choose_port(os.environ.get("BATON_SITE_PORT"))
    processes.start_module(SITE, "infra.local.site", [str(port), api_url], port)
    url = f"http://127.0.0.1:{port}"
    processes.wait_until_answered(SITE, f"{url}/", f"the site answers at {url}")
    return url
