"""The ports: what a deployment needs of the outside world."""

import random
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING
from uuid import uuid4

from chalicelib.settings import Settings

if TYPE_CHECKING:
    from chalicelib.capture.screening.challenge import Challenges
    from chalicelib.delivery.account import SendQuota
    from chalicelib.delivery.messages import Outgoing, SendResult
    from chalicelib.nurture.replies.taking import Mailroom
    from chalicelib.store.queues import Queues
    from chalicelib.store.table import Table


def pause(attempt: int) -> None:
    """Wait before the next attempt: up to 20 ms, doubled with each attempt, with full jitter.

    Writers that lost to each other must not meet again at the same moment.
    """
    time.sleep(random.uniform(0, 0.02 * 2**attempt))  # nosec B311 # jitter needs no secrecy


class Ports:
    """The outside world of a deployment on AWS: table, secrets, senders, clock and ids.

    Tests use one in memory. Clients are made when they are first needed, so that each function
    imports and connects only to what it uses.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._secrets: dict[str, str] = {}

    def now(self) -> datetime:
        """Return the time, shifted by the offset of a local run."""
        return datetime.now(UTC) + self.settings.now_offset

    def new_id(self) -> str:
        """Return a new random id."""
        return str(uuid4())

    def new_secret(self) -> str:
        """Return 256 new random bits, as 43 characters that an address may hold."""
        import secrets

        return secrets.token_urlsafe(32)

    def pause(self, attempt: int) -> None:
        """Wait before the next attempt."""
        pause(attempt)

    @cached_property
    def table(self) -> "Table":
        """The one table."""
        from chalicelib.store.dynamo import connect_table

        return connect_table(self.settings.table)

    @cached_property
    def send(self) -> "Callable[[Outgoing], SendResult]":
        """The function that hands a message to its service, once."""
        from chalicelib.delivery.senders import connect_senders

        senders = connect_senders(
            sender=self.settings.sender,
            configuration_set=self.settings.configuration_set,
            topic_arn=self.settings.handoff_topic,
            text_identity=self.settings.text_identity,
            text_configuration_set=self.settings.text_configuration_set,
        )
        return senders.send

    @cached_property
    def quota(self) -> "Callable[[], SendQuota | None]":
        """The function that reads SES's quota."""
        from chalicelib.delivery.account import connect_account

        return connect_account().quota

    @cached_property
    def challenges(self) -> "Challenges":
        """What says whether a challenge of Turnstile or hCaptcha was solved."""
        from chalicelib.capture.screening.challenge import HttpChallenges

        return HttpChallenges(self._challenge_keys)

    def _challenge_keys(self) -> Mapping[str, str]:
        """Return the key of each service, as far as we have it and may read it."""
        from chalicelib.store.secrets import read_keys

        arn = self.settings.challenge_secret
        return read_keys(lambda: self.secret(arn)) if arn else {}

    @cached_property
    def queues(self) -> "Queues":
        """The queues that due things are handed to."""
        from chalicelib.clock.tasks import QueueName
        from chalicelib.store.queues import connect_queues

        settings = self.settings
        return connect_queues(
            {
                QueueName.URGENT: settings.urgent_queue,
                QueueName.NURTURE: settings.nurture_queue,
                QueueName.LEADS: settings.leads_queue,
                QueueName.JOBS: settings.jobs_queue,
            }
        )

    @cached_property
    def mailroom(self) -> "Mailroom":
        """Where SES puts the emails that it receives."""
        from chalicelib.store.mailroom import connect_mailroom

        return connect_mailroom(self.settings.inbound_bucket, self.settings.account)

    def secret(self, arn: str) -> str:
        """Return a secret's text, read once per container."""
        if arn not in self._secrets:
            from chalicelib.store.secrets import read_secret

            self._secrets[arn] = read_secret(arn)
        return self._secrets[arn]
