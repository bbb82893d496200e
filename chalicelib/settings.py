"""Settings: what a deployment tells its functions, read once from the environment."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from chalicelib.limits import (
    FIRST_EMAILS_PER_HOUR,
    HORIZON_DAYS,
    NURTURE_PER_MINUTE,
    RETENTION_MAX_DAYS,
    SUBMISSION_KEPT_DAYS,
)

OFFSET = re.compile(r"([+-]?)(\d{1,6})([dhm])")
RETENTION = {
    "events": "BATON_RETENTION_EVENTS",
    "forms": "BATON_RETENTION_FORMS",
    "messages": "BATON_RETENTION_MESSAGES",
    "submissions": "BATON_RETENTION_SUBMISSIONS",
}
NUMBER = re.compile(r"[0-9]{1,9}")
UNITS = {"d": "days", "h": "hours", "m": "minutes"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """For how many days each kind of item is kept; 0: until somebody deletes it (ADR 0033)."""

    events: int = HORIZON_DAYS
    """Page views, track events and identifies: never shorter than the horizon, or a replay would
    not find what a count has counted."""
    forms: int = 0
    """Forms, with the downloads that they recorded."""
    messages: int = 0
    """Outbox messages: from when they were planned."""
    submissions: int = SUBMISSION_KEPT_DAYS
    """Receipts: for so long a repeated submission gets its first answer."""

    def __post_init__(self) -> None:
        """Raise ValueError for fewer or more days than Baton can work with."""
        if self.events < HORIZON_DAYS:
            raise ValueError(f"{RETENTION['events']}: must be at least {HORIZON_DAYS} days")
        for name in ("forms", "messages"):
            if 0 != getattr(self, name) < HORIZON_DAYS:
                words = f"must be 0, which means for good, or at least {HORIZON_DAYS} days"
                raise ValueError(f"{RETENTION[name]}: {words}")
        if self.submissions < 1:
            raise ValueError(f"{RETENTION['submissions']}: must be at least 1 day")
        # A day that no calendar has would refuse every capture.
        for name, variable in RETENTION.items():
            if getattr(self, name) > RETENTION_MAX_DAYS:
                raise ValueError(f"{variable}: must be at most {RETENTION_MAX_DAYS} days")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings of one function. A setting that the function does not use is empty."""

    environment: str
    """The deployment's name, for example `prod`; `dev` may be thrown away."""
    table: str
    identity_secret: str
    """ARN of the secret that turns addresses into lead ids."""
    link_secret: str
    """ARN of the secret that signs links."""
    challenge_secret: str = ""
    """ARN of the secret with the keys of Turnstile and hCaptcha; empty: there are none."""
    admin_secret: str
    """ARN of the token of the private endpoints."""
    handoff_topic: str
    """ARN of the SNS topic of handoffs."""
    sender: str
    """The From of every email: an address, or a name with the address in angle brackets."""
    configuration_set: str
    """The SES configuration set that reports what became of an email."""
    reply_domain: str = ""
    """Whose mail is received, for signed reply addresses; empty: none is."""
    inbound_bucket: str = ""
    """The bucket that SES puts what it receives into."""
    account: str = ""
    """The AWS account that has to own this bucket."""
    text_identity: str
    """What texts come from in End User Messaging; empty: SNS sends them."""
    text_configuration_set: str
    """The configuration set of End User Messaging that reports what became of a text."""
    urgent_queue: str
    """URL of the queue of messages that somebody waits for."""
    nurture_queue: str
    """URL of the queue of marketing's emails."""
    leads_queue: str
    """URL of the queue of reviews and replays."""
    jobs_queue: str
    """URL of the queue of jobs."""
    nurture_per_minute: int
    """How many of marketing's emails are handed over in a minute."""
    first_emails_per_hour: int
    """How many first emails may leave in an hour, to addresses that we never wrote to."""
    retention: Retention = Retention()
    """For how many days each kind of item is kept."""
    now_offset: timedelta
    """How far the clock is shifted; always zero outside dev."""

    @property
    def is_dev(self) -> bool:
        """Whether this is the local or development environment."""
        return self.environment == "dev"


def read_settings(environ: Mapping[str, str] = os.environ) -> Settings:
    """Return the settings of an environment.

    Raise ValueError for an offset that is malformed, or set outside dev, for a text that should be
    a number, and for a retention that is too short or too long.
    """
    environment = environ.get("BATON_ENVIRONMENT", "dev")
    offset = parse_offset(environ.get("BATON_NOW_OFFSET", ""))
    if offset and environment != "dev":
        raise ValueError("BATON_NOW_OFFSET: the clock may be shifted in the environment dev only")
    return Settings(
        environment=environment,
        table=environ.get("BATON_TABLE", ""),
        identity_secret=environ.get("BATON_IDENTITY_SECRET", ""),
        link_secret=environ.get("BATON_LINK_SECRET", ""),
        challenge_secret=environ.get("BATON_CHALLENGE_SECRET", ""),
        admin_secret=environ.get("BATON_ADMIN_SECRET", ""),
        handoff_topic=environ.get("BATON_HANDOFF_TOPIC", ""),
        sender=environ.get("BATON_SENDER", ""),
        configuration_set=environ.get("BATON_CONFIGURATION_SET", ""),
        reply_domain=environ.get("BATON_REPLY_DOMAIN", ""),
        inbound_bucket=environ.get("BATON_INBOUND_BUCKET", ""),
        account=environ.get("BATON_ACCOUNT", ""),
        text_identity=environ.get("BATON_TEXT_IDENTITY", ""),
        text_configuration_set=environ.get("BATON_TEXT_CONFIGURATION_SET", ""),
        urgent_queue=environ.get("BATON_URGENT_QUEUE", ""),
        nurture_queue=environ.get("BATON_NURTURE_QUEUE", ""),
        leads_queue=environ.get("BATON_LEADS_QUEUE", ""),
        jobs_queue=environ.get("BATON_JOBS_QUEUE", ""),
        nurture_per_minute=_number_in(environ, "BATON_NURTURE_PER_MINUTE", NURTURE_PER_MINUTE),
        first_emails_per_hour=_number_in(
            environ, "BATON_FIRST_EMAILS_PER_HOUR", FIRST_EMAILS_PER_HOUR
        ),
        retention=_retention_in(environ),
        now_offset=offset,
    )


def _retention_in(environ: Mapping[str, str]) -> Retention:
    """Return the days that are set; the others are as ever."""
    as_ever = Retention()
    return Retention(
        **{
            name: _number_in(environ, variable, getattr(as_ever, name))
            for name, variable in RETENTION.items()
        }
    )


def _number_in(environ: Mapping[str, str], variable: str, default: int) -> int:
    """Return the whole number of a variable, the default when it is empty.

    Raise ValueError for another text.
    """
    text = environ.get(variable) or str(default)
    if not NUMBER.fullmatch(text):
        raise ValueError(f"{variable}: must be a whole number, not {text!r}")
    return int(text)


def parse_offset(text: str) -> timedelta:
    """Return the clock offset of a text such as `-15m` or `+3d`; none for an empty text.

    Raise ValueError for anything else.
    """
    if not text:
        return timedelta(0)
    found = OFFSET.fullmatch(text)
    if found is None:
        raise ValueError(
            f"BATON_NOW_OFFSET: {text!r} does not have the form [+-]N(d|h|m), for example -15m"
        )
    sign, number, unit = found.groups()
    return timedelta(**{UNITS[unit]: int(number)}) * (-1 if sign == "-" else 1)
