"""Baton on the table of a deployment, for the commands that work on all its leads."""

from __future__ import annotations

import argparse
import json
import os
import sys

import boto3

from chalicelib.settings import read_settings
from chalicelib.wiring.ports import Ports
from chalicelib.wiring.world import World
from infra.deploy import Cloud, DeployError, outputs, stack_name_of
from infra.local.stack import STACK_JSON


def world_of(environment: str | None) -> World:
    """Return Baton on the table of an environment's deployment in the account, or on that of the
    running local stack. Raise DeployError, OSError.
    """
    cloud, stack_name = cloud_of(environment)
    found = outputs(cloud.cloudformation(), stack_name)
    settings = {
        "BATON_ENVIRONMENT": environment or "dev",
        "BATON_TABLE": found["TableName"],
        "BATON_IDENTITY_SECRET": found["IdentitySecretArn"],
    }
    return World(Ports(read_settings(settings)))


def find_world(environment: str | None) -> World | None:
    """Return Baton as `world_of` does, or None after saying why there is none."""
    try:
        return world_of(environment)
    except (DeployError, OSError) as error:
        print(f"no table: {error}; `make up` starts the local stack", file=sys.stderr)
        return None


def cloud_of(environment: str | None) -> tuple[Cloud, str]:
    """Return where an environment is deployed, or the running local stack, and its stack's name.

    Raise OSError when no local stack runs.
    """
    if environment is not None:
        return Cloud(boto3.Session()), stack_name_of(environment)
    local = json.loads(STACK_JSON.read_text())
    os.environ["AWS_ENDPOINT_URL"] = local["aws_endpoint_url"]
    os.environ.setdefault("AWS_DEFAULT_REGION", local["region"])
    os.environ.setdefault("AWS_ACCESS_KEY_ID", "local")
    os.environ.setdefault("AWS_SECRET_ACCESS_KEY", "local")
    session = boto3.Session(region_name=local["region"])
    return Cloud(session, local["aws_endpoint_url"]), local["stack_name"]


def add_stage(parser: argparse.ArgumentParser) -> None:
    """Let a command be given its deployment."""
    parser.add_argument("--stage", help="a deployment's environment; without: the local stack")
