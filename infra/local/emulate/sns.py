"""SNS."""

import json
from typing import Any

from ministack.services import sns


def mend() -> None:
    """Apply the mends of this file."""
    keep_empty_keys()


def keep_empty_keys() -> None:
    """Send the keys Subject and MessageAttributes with every notification.

    AWS does. ministack leaves them out when they are empty, and Chalice's event fails without them.
    """
    deliver = sns._deliver_to_lambda

    def deliver_whole(endpoint: str, envelope: str, *rest: Any) -> None:
        whole = {"Subject": None, "MessageAttributes": {}, **json.loads(envelope)}
        deliver(endpoint, json.dumps(whole), *rest)

    sns._deliver_to_lambda = deliver_whole
