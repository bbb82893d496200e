"""Bring Baton up on this machine, and take it down again.

The package, the template and the deployment are the same as on AWS. Only what a laptop lacks is
added: a verified sender, the demo's site, and `.local/stack.json`, which says where everything is.
"""

from __future__ import annotations

import json
import os
import shutil
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import count

import boto3

from chalicelib.company import SettingsDocument
from chalicelib.leads.lead import Lead
from chalicelib.nurture.windows import WorkingHours, is_open, working_hours_of
from infra import defaults, deploy
from infra.local import emulator, probe, processes
from infra.local.emulator import Emulator
from infra.package import own_architecture, package
from infra.paths import LOCAL, write_private

STACK_JSON = LOCAL / "stack.json"
STACK_NAME = deploy.stack_name_of("dev")
SENDER = "hello@baton.example"
TIME_ZONE = "Europe/Berlin"
"""Of the demo: not UTC, so that what depends on it shows."""
COUNTRY = "DE"
"""Where the demo's company is, and the person of its walk."""
HOUR = timedelta(hours=1)
SITE = "site"
API_STAGE = "api"


@dataclass(frozen=True)
class Stack:
    """The contents of `.local/stack.json`. Other programs rely on its keys."""

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
    """Bring up the stack of the source as it is now. Return it once it answers.

    Calling it again updates what is running and keeps the data. now_offset: shifts the clock, for
    example "-15m"; empty for the real time. Raise LocalError, PackageError or DeployError.
    """
    use_local_account()
    machine = emulator.start()
    made = package(own_architecture())  # meanwhile the emulator gets ready
    emulator.wait_until_ready(machine)
    cloud = cloud_of(machine)
    result = deploy.deploy(cloud, STACK_NAME, made, _parameters(now_offset))
    _verify_sender(cloud)
    stack = _describe(machine, cloud, result)
    health = f"{stack.api_url}/v1/health"
    processes.wait_until(lambda: probe.is_ok(health), f"{health} does not answer")
    write_private(STACK_JSON, json.dumps(asdict(stack), indent=2) + "\n")
    return stack


def down() -> bool:
    """Stop all that `up` started; keep the data. Return False when nothing was running."""
    site = processes.stop(SITE)
    machine = emulator.stop()
    STACK_JSON.unlink(missing_ok=True)
    return site or machine


def wipe() -> None:
    """Delete the data. Nothing may be running."""
    shutil.rmtree(emulator.STATE, ignore_errors=True)


def cloud_of(machine: Emulator) -> deploy.Cloud:
    """Return the local AWS as a cloud to deploy to. Call use_local_account first."""
    return deploy.Cloud(boto3.Session(region_name=emulator.REGION), machine.url)


def use_local_account() -> None:
    """Replace every AWS setting of the user's shell: this process must reach no real account."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ["AWS_CONFIG_FILE"] = os.environ["AWS_SHARED_CREDENTIALS_FILE"] = os.devnull
    os.environ["AWS_ACCESS_KEY_ID"] = os.environ["AWS_SECRET_ACCESS_KEY"] = emulator.ANYBODY
    os.environ["NO_PROXY"] = os.environ["no_proxy"] = "127.0.0.1,localhost"


def demo_hours() -> WorkingHours:
    """Return when emails to the person of the demo's walk may leave."""
    return working_hours_of(Lead(lead_id="", zone=TIME_ZONE), SettingsDocument(country=COUNTRY))


def offset_into_hours(now: datetime, minutes: int = 10) -> str:
    """Return an offset of whole hours by which the next minutes, at most 60, are working hours of
    the demo: then marketing's emails leave. It is empty within them.

    It goes back: nothing counts of a browser whose clock is more than a day behind the stack's.
    """
    hours = demo_hours()
    long_enough = replace(hours, closes=hours.closes - minutes)
    back = next(number for number in count() if is_open(now - number * HOUR, long_enough))
    return f"-{back}h" if back else ""


def utc_now() -> datetime:
    """Return the time in UTC."""
    return datetime.now(UTC)


def _parameters(now_offset: str) -> dict[str, str]:
    return {"Stage": "dev", "Sender": SENDER, "TimeZone": TIME_ZONE, "NowOffset": now_offset}


def _verify_sender(cloud: deploy.Cloud) -> None:
    """Verify the sender: the emulator refuses others, as SES does.

    On AWS, a person confirms an address by email, or a domain in its DNS.
    """
    ses = cloud.client("sesv2")
    with suppress(ses.exceptions.AlreadyExistsException):
        ses.create_email_identity(EmailIdentity=SENDER)


def _describe(machine: Emulator, cloud: deploy.Cloud, result: dict[str, str]) -> Stack:
    """Start the site, load the default documents, and return where everything is."""
    api_url = f"{machine.url}/restapis/{result['RestAPIId']}/{API_STAGE}/_user_request_"
    site_url = _start_site(api_url)
    loaded = defaults.load(
        table_name=result["TableName"],
        api_url=api_url,
        site_url=site_url,
        endpoint_url=machine.url,
        region=cloud.region,
        time_zone=result["TimeZone"],
        demo=True,
    )
    secrets = cloud.client("secretsmanager")
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
    """Start the demo's site for an API, unless it is running. Return its URL."""
    already = processes.running(SITE)
    if already and already.mark == api_url:
        return f"http://127.0.0.1:{already.port}"
    processes.stop(SITE)
    port = processes.choose_port(os.environ.get("BATON_SITE_PORT"))
    processes.start_module(SITE, "infra.local.site", [str(port), api_url], port)
    url = f"http://127.0.0.1:{port}"
    processes.wait_until_answered(SITE, f"{url}/", f"the site does not answer at {url}")
    return url
