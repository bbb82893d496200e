"""Print what a person needs of a deployment: its address, its keys, and what to paste on a page.

    python -m tools.show

Of the running local stack, or with `--stage prod` of a deployment in the environment's account. The
admin token is a secret: do not run this where others read along.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from infra.deploy import Cloud, DeployError, outputs
from infra.local.stack import STACK_JSON
from tools.deployment import add_stage, cloud_of, world_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What is shown of a deployment."""

    api_url: str
    """Without a trailing slash."""
    write_key: str
    """Public: it is on every page."""
    admin_token: str
    """Secret: it may do everything."""


def main(arguments: Sequence[str]) -> int:
    """Print. Return the exit code."""
    given = _parse(arguments)
    try:
        print(describe(find(given.stage)))
    except (BotoCoreError, ClientError, DeployError, OSError) as error:
        print(f"cannot show it: {error}", file=sys.stderr)
        return 1
    return 0


def find(environment: str | None) -> Shown:
    """Return what is shown of an environment's deployment, or of the running local stack.

    Raise DeployError when there is no such stack, OSError when none runs here, ClientError for
    what AWS refuses.
    """
    if environment is None:
        local = json.loads(STACK_JSON.read_text())
        return Shown(
            api_url=local["api_url"],
            write_key=local["write_key"],
            admin_token=local["admin_token"],
        )
    cloud, stack_name = cloud_of(environment)
    return shown_of(cloud, stack_name, world_of(environment).deployment())


def shown_of(cloud: Cloud, stack_name: str, deployment: Mapping[str, Any]) -> Shown:
    """Return what is shown of a stack. deployment: what the deploy wrote down about it."""
    found = outputs(cloud.cloudformation(), stack_name)
    secret = cloud.client("secretsmanager").get_secret_value(SecretId=found["AdminSecretArn"])
    return Shown(
        api_url=str(deployment.get("api_url") or found["ApiUrl"]),
        write_key=str(deployment.get("write_key", "")),
        admin_token=secret["SecretString"],
    )


def describe(shown: Shown) -> str:
    """Return it as text, the snippet last."""
    key = escape(shown.write_key)
    api = escape(shown.api_url)
    return f"""\
API          {shown.api_url}
write key    {shown.write_key}
admin token  {shown.admin_token}

Paste this on a page. The form works without the script; `guide` is the form's id.

<script defer src="{api}/t.js" data-baton data-baton-key="{key}"></script>
<form method="post" action="{api}/v1/forms/guide" accept-charset="utf-8">
  <label>Email <input type="email" name="email" required></label>
  <label><input type="checkbox" name="_consent" value="yes"> You may email me.</label>
  <button>Get the guide</button>
</form>"""


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tools.show", description="Shows a deployment's address and keys."
    )
    add_stage(parser)
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
