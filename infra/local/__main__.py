"""`python -m infra.local up | down | run [--once]`: what `make up`, `down` and `run` call."""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import time

from infra.deploy import DeployError
from infra.local import clock, site, stack
from infra.local.processes import LocalError
from infra.local.stack import Stack
from infra.package import PackageError
from infra.paths import LOCAL, ROOT


def main(arguments: list[str]) -> int:
    """Run one command. Return the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m infra.local", description="Run Baton on this machine."
    )
    parser.add_argument("command", choices=["up", "down", "run"])
    parser.add_argument("--once", action="store_true", help="with run: end after the walk")
    given = parser.parse_args(arguments)
    try:
        return (
            {"up": _up, "down": _down}[given.command]()
            if given.command != "run"
            else _run(once=given.once)
        )
    except (LocalError, PackageError, DeployError) as error:
        print(f"\n{error}", file=sys.stderr)
        return 1


def _up() -> int:
    _show(_bring_up(os.environ.get("BATON_NOW_OFFSET", "")))
    print("To stop it: make down")
    return 0


def _down() -> int:
    print("Stopped. The data is kept." if stack.down() else "Nothing was running.")
    return 0


def _run(*, once: bool) -> int:
    """Bring up a clean stack, do the walk, and stay up until Ctrl-C unless `once` is set.

    Leave nothing running, however it ends. Return the exit code of the walk.
    """
    for number in (
        signal.SIGINT,
        signal.SIGTERM,
        signal.SIGHUP,
    ):  # each ends the run as Ctrl-C does
        signal.signal(number, signal.default_int_handler)
    walked = 1
    try:
        stack.down()
        stack.wipe()
        offset = _offset_of_run()
        up = _bring_up(offset)
        walked = subprocess.run(
            [sys.executable, "-m", "infra.local.walk"],
            cwd=ROOT,
            env={**os.environ, "BATON_NOW_OFFSET": offset},
            check=False,
        ).returncode
        if not once:
            _show(up)
            print("Running until Ctrl-C.", flush=True)
            _wait_for_interrupt()
    except KeyboardInterrupt:
        print("\nStopping ...")
    finally:
        stack.down()
    return walked


def _wait_for_interrupt() -> None:
    while True:
        time.sleep(3600)


def _offset_of_run() -> str:
    """Return the offset that the caller asks for, or one that takes the walk to its first day."""
    asked = os.environ.get("BATON_NOW_OFFSET")
    if asked is not None:
        return asked
    now = stack.utc_now()
    start = clock.walk_start(now, stack.demo_hours())
    print(
        "The walk takes six days, and emails leave in working hours. So it begins on a Tuesday of"
        " the past:\nthe stack's clock is shifted, then and for each email."
    )
    return clock.offset_to(start, now)


def _bring_up(now_offset: str) -> Stack:
    print("Starting the local AWS, then packaging and deploying ...", flush=True)
    began = time.monotonic()
    up = stack.up(now_offset)
    print(f"Up after {time.monotonic() - began:.0f} s.", flush=True)
    return up


def _show(up: Stack) -> None:
    print(f"  site     {up.site_url}")
    print(f"  mailbox  {up.site_url}{site.MAILBOX_PATH}")
    print(f"  API      {up.api_url}")
    print(f"  AWS      {up.aws_endpoint_url}")
    print(
        f"  more     {os.path.relpath(stack.STACK_JSON, ROOT)}, logs in"
        f" {os.path.relpath(LOCAL, ROOT)}/",
        flush=True,
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
