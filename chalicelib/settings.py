"""Settings: what a deployment tells its functions, read once from the environment."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

OFFSET = re.compile(r"([+-]?)(\d{1,6})([dhm])")
UNITS = {"d": "days", "h": "hours", "m": "minutes"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """One function's settings; empty where the function has no use for it. now_offset is zero
    outside dev.
    """

    environment: str
    table: str
    identity_secret: str
    link_secret: str
    admin_secret: str
    handoff_topic: str
    sender: str
    configuration_set: str
    now_offset: timedelta

    @property
    def is_dev(self) -> bool:
        """Whether this is the local or development environment."""
        return self.environment == "dev"


def read_settings(environ: Mapping[str, str] = os.environ) -> Settings:
    """The settings of an environment. Raises ValueError for an offset outside dev or of a wrong
    form.
    """
    environment = environ.get("BATON_ENVIRONMENT", "dev")
    offset = parse_offset(environ.get("BATON_NOW_OFFSET", ""))
    if offset and environment != "dev":
        raise ValueError("BATON_NOW_OFFSET: a shifted clock is for the environment dev only")
    return Settings(
        environment=environment,
        table=environ.get("BATON_TABLE", ""),
        identity_secret=environ.get("BATON_IDENTITY_SECRET", ""),
        link_secret=environ.get("BATON_LINK_SECRET", ""),
        admin_secret=environ.get("BATON_ADMIN_SECRET", ""),
        handoff_topic=environ.get("BATON_HANDOFF_TOPIC", ""),
        sender=environ.get("BATON_SENDER", ""),
        configuration_set=environ.get("BATON_CONFIGURATION_SET", ""),
        now_offset=offset,
    )


def parse_offset(text: str) -> timedelta:
    """A clock's offset such as `-15m`, `+3d` or an empty text for none. Raises ValueError for
    anything else.
    """
    if not text:
        return timedelta(0)
    found = OFFSET.fullmatch(text)
    if found is None:
        raise ValueError(
            f"BATON_NOW_OFFSET: {text!r} is not of the form [+-]N(d|h|m), for example -15m"
        )
    sign, number, unit = found.groups()
    return timedelta(**{UNITS[unit]: int(number)}) * (-1 if sign == "-" else 1)
