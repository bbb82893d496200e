"""Time-outs of the store's clients: a call gives up before its function does.

By default botocore waits a minute for each of its tries, while a form's request has ten seconds.
"""

from botocore.config import Config

CONNECT_SECONDS = 1
READ_SECONDS = 2
ATTEMPTS = 3
WORST_CASE_SECONDS = ATTEMPTS * (CONNECT_SECONDS + READ_SECONDS)
"""Of one call, without the fractions of a second between its tries."""


def bounded() -> Config:
    """Return the configuration of a client whose calls all end within WORST_CASE_SECONDS."""
    return Config(
        connect_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
        retries={"total_max_attempts": ATTEMPTS},
    )
