"""Show what is turned off in a deployment, and turn it off or on.

    python -m tools.switches
    python -m tools.switches --off nurture --reason "a wrong link in the welcome email"
    python -m tools.switches --on nurture

It writes to the table itself, so it works while the API is drowned in requests. The table is that
of the running local stack, or with `--stage prod` that of a deployment in the environment's
account.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.events import rfc3339
from chalicelib.limits import SWITCH_CACHE_SECONDS
from chalicelib.switches import Switch, SwitchState
from chalicelib.wiring.world import World
from infra.deploy import DeployError
from tools.deployment import add_stage, world_of

AUTHOR = "make switches"


def main(arguments: Sequence[str]) -> int:
    """Turn what is named, and print how every switch stands. Return the exit code."""
    given = _parse(arguments)
    try:
        states = turn(world_of(given.stage), off=given.off, on=given.on, reason=given.reason)
    except (BotoCoreError, ClientError, DeployError, OSError) as error:
        print(f"no table: {error}; `make up` starts the local stack", file=sys.stderr)
        return 1
    print("\n".join(report_lines(states)))
    return 0


def turn(
    world: World, *, off: Sequence[Switch], on: Sequence[Switch], reason: str
) -> Mapping[Switch, SwitchState]:
    """Turn switches off and on for a reason. Return how every switch stands then."""
    wanted = {**dict.fromkeys(off, False), **dict.fromkeys(on, True)}
    reasons = dict.fromkeys(wanted, reason)
    return world.switchboard.turn(wanted, reasons=reasons, author=AUTHOR)


def report_lines(states: Mapping[Switch, SwitchState]) -> Iterator[str]:
    """Yield a line for each switch, then what to expect."""
    for switch, state in states.items():
        when = f" since {rfc3339(state.at)}" if state.at else ""
        why = f", {state.author}: {state.reason}" if state.author else ""
        yield f"{switch:16} {'on' if state.is_on else 'OFF'}{when}{why}"
    yield f"A function that runs hears of a change within {SWITCH_CACHE_SECONDS} seconds."


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tools.switches", description="Shows and turns the switches of a deployment."
    )
    add_stage(parser)
    parser.add_argument("--off", type=Switch, choices=list(Switch), action="append", default=[])
    parser.add_argument("--on", type=Switch, choices=list(Switch), action="append", default=[])
    parser.add_argument("--reason", default="", help="why; needed with --off")
    given = parser.parse_args(arguments)
    if given.off and not given.reason.strip():
        parser.error("say why: --reason")
    if set(given.off) & set(given.on):
        parser.error("a switch is turned either off or on")
    return given


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
