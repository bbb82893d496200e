"""Make an access token, list the tokens, or revoke one.

    python -m tools.token --name "Sam Seller" --role sales --person sam
    python -m tools.token
    python -m tools.token --revoke 0123456789ab --stage prod

A token is printed once and kept nowhere. The table is that of the running local stack, or with
`--stage prod` that of a deployment in the environment's account.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence

from chalicelib.access.tokens import Role
from chalicelib.errors import BatonError, InputError
from chalicelib.events import rfc3339
from chalicelib.http.token_request import TokenRequest, check_person
from chalicelib.inputs.typed import parse_as
from chalicelib.wiring.world import World
from tools.deployment import add_stage, find_world

TOKEN_AUTHOR = "make token"  # nosec B105 # who made a token, not one


def main(arguments: Sequence[str]) -> int:
    """Make, list or revoke. Return the exit code."""
    given = _parse(arguments)
    world = find_world(given.stage)
    if world is None:
        return 1
    try:
        lines = list(_lines(world, given))
    except InputError as refused:
        print("; ".join(map(str, refused.errors)), file=sys.stderr)
        return 1
    except BatonError as refused:
        print(refused, file=sys.stderr)
        return 1
    print("\n".join(lines))
    return 0


def make_token(world: World, *, name: str, role: str, person: str | None) -> str:
    """Make a token and return its text. Raise InputError, StateError."""
    asked = parse_as(TokenRequest, {"name": name, "role": role, "person": person})
    check_person(asked, world.documents.get("routing"), world.ports.now())
    _, text = world.access.create(
        name=asked.name,
        role=asked.role,
        person=asked.person,
        expires_at=None,
        author=TOKEN_AUTHOR,
    )
    return text


def token_lines(world: World) -> Iterator[str]:
    """Yield a line for each token."""
    now = world.ports.now()
    for one in world.access.tokens():
        state = "holds" if one.holds(now) else "no longer holds"
        whose = f" ({one.person})" if one.person else ""
        yield f"{one.id}  {one.role:8}  {state:15}  {rfc3339(one.created_at)}  {one.name}{whose}"


def _lines(world: World, given: argparse.Namespace) -> Iterator[str]:
    if given.revoke:
        token = world.access.revoke(given.revoke)
        yield f"{token.id} is revoked: {token.name}"
    elif given.name or given.role:
        yield make_token(world, name=given.name or "", role=given.role or "", person=given.person)
        yield "Keep it: it is shown only here. Send it as `Authorization: Bearer <token>`."
    else:
        yield from token_lines(world)


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tools.token", description="Makes, lists and revokes access tokens."
    )
    parser.add_argument("--name", help="whose the token is, or what for")
    parser.add_argument("--role", choices=[role.value for role in Role])
    parser.add_argument("--person", help="of the role sales: the id in the routing document")
    parser.add_argument("--revoke", metavar="ID", help="the id of a token to take back")
    add_stage(parser)
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
