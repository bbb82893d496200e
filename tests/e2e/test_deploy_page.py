"""Whoever follows docs/how-to/deploy.md arrives: its commands run in order, on a local AWS of their
own and in a copy of the checkout.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from infra import preflight
from infra.local.outgoing import MAILS
from infra.local.stack import Stack
from infra.local.walk import PERSON
from infra.package import own_architecture
from infra.paths import MADE, ROOT
from tests import engines
from tests.baton import AT_ANY_TIME
from tests.deploy_page import PREAMBLE, script, steps
from tests.e2e.driver import Driver
from tests.sizes import SIZES
from tests.welcome import WELCOME

REGION = "eu-central-1"
ANN = "ann@acme.example"
BEA = "bea@acme.example"
SAM = "sam@acme.example"
EDITED = "learn-questions"
SUBJECT = "Before you compare tools: four questions"
SETTINGS = {"company_name": "Acme", "postal_address": "Here 1", "sending": AT_ANY_TIME}
TO_FIRST_LEAD = (
    "",
    "Who deploys",
    "The sender",
    "Out of the sandbox",
    "Texts",
    "Room for the functions",
    "Your own domain name",
    "Deploy",
    "Ask whether all is well",
    "Who sells",
    "The first lead",
    "Keep the identity secret",
)
SHARED = ("package", "wheelhouse", *(("preflight",) if SIZES.asks_preflight else ()))
"""What a checkout has made and a copy of it need not make again."""
AGREES = """#!/bin/sh
echo '{"asked": 1, "found": []}'
"""
"""Stands in for node, where cdk-preflight is not asked: it finds nothing."""
DONE = "--- done ---"
TOOLS = ".local/tools"
ONE_CLICK = {"Content-Type": "application/x-www-form-urlencoded"}


class Shell:
    """One shell in which a person follows the page, and keeps its variables."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self._folder = folder
        self._process = subprocess.Popen(
            ["bash", "-s"],
            cwd=folder,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.run(PREAMBLE)

    def run(self, commands: str) -> str:
        """Run commands and return what they printed. A command that fails ends the shell."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        part = self._folder / ".local" / "part.sh"
        part.write_text(commands)
        # From a file, so that no command reads the next ones as its input.
        self._process.stdin.write(f"source {part} </dev/null\nprintf '\\n%s\\n' '{DONE}'\n")
        self._process.stdin.flush()
        said: list[str] = []
        for line in self._process.stdout:
            if line.strip() == DONE:
                return "".join(said)
            said.append(line)
        raise AssertionError(f"these commands failed:\n{commands}\n{''.join(said)}")

    def follow(self, *sections: str) -> str:
        """Run the commands of sections of the page."""
        return self.run(script(sections))

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()


def copy_checkout(folder: Path) -> None:
    """Copy what git knows and what is new, as it is now, and give the copy the installed tools."""
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listed, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, names.split("\0")):
        if (ROOT / name).exists():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    (folder / ".local").mkdir()
    if not SIZES.asks_preflight:
        stand_in_for_preflight(folder)
    for name in SHARED:
        (MADE / name).mkdir(parents=True, exist_ok=True)
        (folder / ".local" / name).symlink_to(MADE / name)
    for name, installed in (
        (".venv", Path(sys.prefix)),
        (".venv-local", engines.EMULATOR.parent.parent),
    ):
        # A folder of links: should make install it again, it would not touch the one behind them.
        (folder / name).mkdir()
        for one in installed.iterdir():
            if one.name != "ready":
                (folder / name / one.name).symlink_to(one)
        (folder / name / "ready").touch()


def stand_in_for_preflight(folder: Path) -> None:
    """Let a copy find cdk-preflight installed, and whatever it is asked about in order."""
    installed = folder / preflight.INSTALLED.relative_to(ROOT)
    installed.parent.mkdir(parents=True)
    installed.touch()
    (folder / TOOLS).mkdir()
    (folder / TOOLS / "node").write_text(AGREES)
    (folder / TOOLS / "node").chmod(0o755)


def environment_of(folder: Path, url: str) -> dict[str, str]:
    """The environment of a person with an account, without the settings of whoever runs this."""
    own = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AWS_", "BATON_", "MAKE", "MFLAGS", "PYTEST"))
    }
    return {
        **own,
        "PATH": f"{folder / TOOLS}{os.pathsep}{own.get('PATH', os.defpath)}",
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "NO_PROXY": "127.0.0.1,localhost",
        "no_proxy": "127.0.0.1,localhost",
        "ARCHITECTURE": own_architecture(),  # the functions run on this machine
    }


@dataclass(frozen=True, kw_only=True)
class Followed:
    """What was seen by whoever followed the page to its end."""

    ids: dict[str, str]
    """The leads of the first stack by address."""
    handoff: dict[str, Any]
    """The item of the first handoff email in the outbox, once it is settled."""
    mails: list[Any]
    """What SES had sent by then."""
    before_update: dict[str, Any]
    update: str
    """What the second deploy printed."""
    after_update: dict[str, Any]
    pulled: str
    """The file of the email, once it was pulled."""
    restore: str
    """What the restore printed."""
    restored_ids: dict[str, str]
    again: list[str]
    """What the lead of a known address has done, once it has sent a form to the second stack."""
    unsubscribed: tuple[int, str | None, str | None]
    """The second stack's answer to a link of the first, and what each then says of the lead."""
    removed: str
    left: int
    """What the second stack answers to that link when the first is gone."""


@pytest.fixture(scope="module")
def followed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Followed]:
    for tool in ("git", "make", "curl"):
        if shutil.which(tool) is None:
            engines.missing(f"the page needs {tool} (on Debian: apt install {tool})")
    if SIZES.asks_preflight and not preflight.INSTALLED.exists():
        engines.missing("cdk-preflight is not installed: install npm, then run make preflight")
    folder = tmp_path_factory.mktemp("checkout")
    copy_checkout(folder)
    for url in engines.running(engines.emulator()):
        with shell(folder, url) as person:
            yield follow(person, folder, url)


@contextmanager
def shell(folder: Path, url: str) -> Iterator[Shell]:
    started = Shell(folder, environment_of(folder, url))
    try:
        yield started
    finally:
        started.close()


def follow(person: Shell, folder: Path, url: str) -> Followed:
    """Follow the page from its beginning to its end, and look around between its sections."""
    person.follow(*TO_FIRST_LEAD)
    first = driver_of(person, "prod", url)
    first.until(lambda: first.stage(ANN) == "sql", "Ann is an SQL")
    put(first, "/v1/settings", SETTINGS)
    for (kind, one_id), document in WELCOME.items():
        put(first, f"/v1/{kind}s/{one_id}", document)
    first.kill_workers("Qualify")  # it keeps documents for 30 s
    consent = {"marketing": True, "text": "You may email me."}
    bea = {"fields": {"email": BEA, **PERSON}, "consent": consent}
    assert first.post("/v1/forms/guide", bea)[0] == 202
    first.until(lambda: delivered(first, BEA, "confirmation"), "Bea is asked to confirm")
    assert first.http("POST", path_in(mails(first), BEA, "confirm"))[0] == 200
    first.until(lambda: delivered(first, ANN, "handoff"), "the handoff is delivered")
    first.until(lambda: delivered(first, BEA, "nurture"), "Bea has her email")
    (handoff,) = delivered(first, ANN, "handoff")
    sent = mails(first)
    link = path_in(sent, BEA, "u")
    ids = ids_of(first)

    put(first, f"/v1/emails/{EDITED}", first.get(f"/v1/emails/{EDITED}") | {"subject": SUBJECT})
    put(first, "/v1/forms/fair", {**first.get("/v1/forms/guide"), "id": "fair"})
    before_update = documents(first)
    update = person.follow("Update")
    after_update = documents(first)
    person.run("make documents PULL=1 STAGE=$STAGE")
    pulled = (folder / f"chalicelib/defaults/emails/{EDITED}.yaml").read_text()

    restore = person.follow("Restore")
    second = driver_of(person, "again", url)
    restored_ids = ids_of(second)
    assert second.post("/v1/forms/guide", {"fields": {"email": ANN}})[0] == 202
    again = second.until(lambda: of_two_forms(second, ids[ANN]), "Ann's second form is counted")
    status = second.http("POST", link, b"List-Unsubscribe=One-Click", ONE_CLICK)[0]
    unsubscribed = (status, second.lead(BEA)["suppressed"], first.lead(BEA)["suppressed"])

    person.follow("Remove")
    return Followed(
        ids=ids,
        handoff=handoff,
        mails=sent,
        before_update=before_update,
        update=update,
        after_update=after_update,
        pulled=pulled,
        restore=restore,
        restored_ids=restored_ids,
        again=again,
        unsubscribed=unsubscribed,
        removed=person.run("aws cloudformation describe-stacks --query 'Stacks[].StackName'"),
        left=second.http("GET", link)[0],
    )


def driver_of(person: Shell, stage: str, url: str) -> Driver:
    """A driver of the stack that `make show` tells of."""
    shown = dict(
        re.findall(r"^(\S.*?) {2,}(\S+)$", person.run(f"make -s show STAGE={stage}"), re.M)
    )
    api = re.sub(
        r"https://(\w+)\.execute-api\.[^/]+/api",
        rf"{url}/restapis/\1/api/_user_request_",
        shown["API"],
    )
    stack = Stack(
        api_url=api,
        site_url="",
        aws_endpoint_url=url,
        region=REGION,
        table_name="",
        admin_token=shown["admin token"],
        write_key=shown["write key"],
        stack_name=f"baton-{stage}",
        pid=0,
    )
    return Driver(stack, lambda *_, **__: "")


def ids_of(driver: Driver) -> dict[str, str]:
    """The ids of the leads that a stack knows, by address."""
    leads = {email: driver.lead(email) for email in (ANN, BEA)}
    return {email: lead["lead_id"] for email, lead in leads.items() if lead}


def delivered(driver: Driver, email: str, kind: str) -> list[Any]:
    """The outbox's items about a lead whose emails of a kind were delivered."""
    wanted = (kind, "email", "delivered")
    items = driver.outbox(email)
    return [one for one in items if (one["kind"], one["via"], one["state"]) == wanted]


def mails(driver: Driver) -> list[Any]:
    """What SES has sent."""
    aws = Driver(replace(driver.stack, api_url=driver.stack.aws_endpoint_url), driver.command)
    return [mail for group in aws.get(MAILS)["messages"].values() for mail in group]


def path_in(sent: list[Any], email: str, first: str) -> str:
    """The path of the one link to a person that begins so."""
    texts = [one["BodyText"] for one in sent if email in one["To"]]
    (found,) = {found for text in texts for found in re.findall(rf"/{first}/[\w.-]+", text)}
    return str(found)


def put(driver: Driver, path: str, document: Any) -> None:
    headers = {
        "Authorization": f"Bearer {driver.stack.admin_token}",
        "Content-Type": "application/json",
    }
    status, _, body = driver.http("PUT", path, json.dumps(document).encode(), headers)
    assert status == 200, body


def documents(driver: Driver) -> dict[str, Any]:
    """All that marketers and sales own, and the versions of what was changed."""
    kinds = ("forms", "emails", "sequences", "routing", "settings", f"emails/{EDITED}/versions")
    return {kind: driver.get(f"/v1/{kind}") for kind in kinds}


def of_two_forms(driver: Driver, lead_id: str) -> list[str]:
    """What a lead has done, once that is two forms."""
    items = driver.get(f"/v1/leads/{lead_id}/timeline")["items"]
    forms = [item["kind"] for item in items if item["kind"] == "form"]
    return forms if len(forms) == 2 else []


# --- what was seen


def test_every_section_is_followed() -> None:
    rest = ("Update", "Restore", "Remove")
    assert list(dict.fromkeys(step.section for step in steps())) == [*TO_FIRST_LEAD, *rest]


def test_the_page_ends_with_a_lead_handed_off(followed: Followed) -> None:
    assert (followed.handoff["to"], followed.handoff["state"]) == (SAM, "delivered")
    (mail,) = (one for one in followed.mails if SAM in one["To"])
    assert mail["MessageId"] in followed.handoff["message_id"]
    assert ANN in mail["BodyText"]


def test_a_second_deploy_changes_nothing_and_lists_differences(followed: Followed) -> None:
    assert followed.after_update == followed.before_update
    _, _, listed = followed.update.partition("The deployment keeps its own:\n")
    assert listed.partition("To take them")[0].splitlines() == [
        "  settings: company_name, postal_address, sending (version 2 by admin)",
        f"  email {EDITED}: subject (version 2 by admin)",
        "  routing: people (version 2 by admin)",
        "  form fair: only in the deployment",
        "  email welcome: only in the deployment",
        "  sequence welcome: only in the deployment",
    ]
    assert SUBJECT in followed.pulled


def test_a_restored_stack_has_the_same_leads(followed: Followed) -> None:
    assert followed.restored_ids == followed.ids
    assert followed.again == ["form", "form"]


def test_a_restored_table_has_what_a_restore_takes_away(followed: Followed) -> None:
    has = "stream, time-to-live, point-in-time recovery, deletion protection"
    assert f"The table has {has}." in followed.restore


def test_an_old_unsubscribe_link_works_on_the_restored_stack(followed: Followed) -> None:
    assert followed.unsubscribed == (200, "unsubscribed", None)


def test_what_is_restored_outlives_the_first_stack(followed: Followed) -> None:
    assert "baton-again" in followed.removed
    assert "baton-prod" not in followed.removed
    assert followed.left == 200
