"""The composition root: builds the world once per container, lazily, so that each function pays
only for its own.

Every import of a use case stands where it is used: what a ping imports must be cheap.
"""

import json
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from chalicelib.runtime import Runtime
from chalicelib.settings import read_settings
from chalicelib.telemetry import log
from chalicelib.wiring.ports import Ports

if TYPE_CHECKING:
    from chalicelib.bulk.imports import Imports
    from chalicelib.capture.forms import Forms
    from chalicelib.capture.tracking import Tracking
    from chalicelib.clock.clock import Clock
    from chalicelib.commands.commands import Commands
    from chalicelib.commands.corrections import Corrections
    from chalicelib.consent.unsubscribe import Unsubscribe
    from chalicelib.delivery.deliver import Deliver
    from chalicelib.delivery.feedback import Feedback
    from chalicelib.delivery.links import Links
    from chalicelib.delivery.messages import Outgoing, Skip
    from chalicelib.delivery.outbox import OutboxMessage
    from chalicelib.events import Value
    from chalicelib.handoff.notice import Notices
    from chalicelib.nurture.emails import Emails
    from chalicelib.publishing.publishing import Publishing
    from chalicelib.qualify.qualify import Qualify
    from chalicelib.reading.reading import Reading
    from chalicelib.store.captured import Captured
    from chalicelib.store.consents import Consents
    from chalicelib.store.documents import Documents
    from chalicelib.store.events import Events
    from chalicelib.store.leads import Leads
    from chalicelib.store.models import Models
    from chalicelib.store.outbox import Outbox

DEPLOYMENT = "deployment"


class World:
    """Every use case of Baton on some ports, each built when it is first asked for."""

    def __init__(self, ports: Ports) -> None:
        self.ports = ports
        self.runtime = Runtime(now=ports.now, new_id=ports.new_id, pause=ports.pause)
        self._settings = ports.settings

    @cached_property
    def documents(self) -> "Documents":
        """What marketers and sales managers own."""
        from chalicelib.store.documents import Documents

        return Documents(self.ports.table, self.ports.now)

    @cached_property
    def models(self) -> "Models":
        """The versions of the scoring model."""
        from chalicelib.store.models import Models

        return Models(self.ports.table, self.ports.now)

    @cached_property
    def captured(self) -> "Captured":
        """The store of capture."""
        from chalicelib.store.captured import Captured

        return Captured(self.ports.table)

    @cached_property
    def events(self) -> "Events":
        """The store of events."""
        from chalicelib.store.events import Events

        return Events(self.ports.table)

    @cached_property
    def consents(self) -> "Consents":
        """The store of consent."""
        from chalicelib.store.consents import Consents

        return Consents(self.ports.table)

    @cached_property
    def leads(self) -> "Leads":
        """The store of leads. In dev reviews are due at midnight, elsewhere spread over the first
        hour.
        """
        from chalicelib.store.leads import Leads

        return Leads(self.ports.table, spread_reviews=not self._settings.is_dev)

    @cached_property
    def outbox(self) -> "Outbox":
        """The store of messages."""
        from chalicelib.store.outbox import Outbox

        return Outbox(self.ports.table)

    @cached_property
    def links(self) -> "Links":
        """Signed links."""
        from chalicelib.delivery.links import Links

        return Links(lambda: json.loads(self.ports.secret(self._settings.link_secret)))

    @cached_property
    def forms(self) -> "Forms":
        """Takes form submissions."""
        from chalicelib.capture.forms import Forms

        ports = self.ports
        return Forms(self.captured, self._form, self.lead_id, ports.now, ports.new_id, ports.pause)

    @cached_property
    def tracking(self) -> "Tracking":
        """Takes tracking events."""
        from chalicelib.capture.tracking import Tracking

        ports = self.ports
        return Tracking(self.captured, self.lead_id, ports.now, ports.new_id, ports.pause)

    @cached_property
    def unsubscribe(self) -> "Unsubscribe":
        """Takes unsubscribes."""
        from chalicelib.consent.unsubscribe import Unsubscribe

        return Unsubscribe(self.consents, self.ports.now, self.ports.pause)

    @cached_property
    def qualify(self) -> "Qualify":
        """Keeps leads true."""
        from chalicelib.qualify.qualify import Qualify
        from chalicelib.wiring.reactions import reactions

        return Qualify(
            leads=self.leads,
            events=self.events,
            model=self.models.active,
            reactions=reactions(self.leads, self.documents),
            runtime=self.runtime,
        )

    @cached_property
    def commands(self) -> "Commands":
        """Does what people ask of a lead."""
        from chalicelib.commands.commands import Commands

        return Commands(qualify=self.qualify, transitions=self.leads, runtime=self.runtime)

    @cached_property
    def corrections(self) -> "Corrections":
        """Corrects what is known of a lead."""
        from chalicelib.commands.corrections import Corrections

        return Corrections(
            qualify=self.qualify,
            history=self.leads,
            model=self.models.model,
            runtime=self.runtime,
        )

    @cached_property
    def imports(self) -> "Imports":
        """Takes leads in bulk."""
        from chalicelib.bulk.imports import Imports

        return Imports(self.commands, self.lead_id)

    @cached_property
    def deliver(self) -> "Deliver":
        """Sends what was decided."""
        from chalicelib.delivery.deliver import Deliver

        ports = self.ports
        return Deliver(
            self.outbox,
            self._compose,
            lambda outgoing: ports.send(outgoing),
            ports.now,
            ports.pause,
        )

    @cached_property
    def clock(self) -> "Clock":
        """Does what is due."""
        from chalicelib.clock.clock import Clock
        from chalicelib.store.due import DueList

        until = DueList(self.ports.table).until
        return Clock(
            until,
            self.qualify,
            self.deliver,
            lambda *job: self.publishing.run(*job),
            self.ports.now,
        )

    @cached_property
    def publishing(self) -> "Publishing":
        """Changes the model: drafts, what-if, publishing."""
        from chalicelib.publishing.publishing import Publishing
        from chalicelib.publishing.runner import Runner
        from chalicelib.store.jobs import Jobs
        from chalicelib.store.keys import LEAD_SHARDS

        ports, models, jobs = self.ports, self.models, Jobs(self.ports.table, self.models)
        runner = Runner(
            self.leads,
            jobs,
            models,
            self.qualify,
            self._capacity,
            LEAD_SHARDS,
            ports.now,
            ports.pause,
        )
        return Publishing(models, jobs, runner, ports.now, ports.new_id, ports.pause)

    @cached_property
    def feedback(self) -> "Feedback":
        """Takes mail events."""
        from chalicelib.delivery.feedback import Feedback
        from chalicelib.delivery.references import outbox_id_of

        ports = self.ports
        return Feedback(
            self.outbox, self.consents, self.events.append, outbox_id_of, ports.now, ports.pause
        )

    @cached_property
    def reading(self) -> "Reading":
        """Answers the private endpoints."""
        from chalicelib.reading.as_of import Past
        from chalicelib.reading.reading import Reading
        from chalicelib.store.histories import Histories

        return Reading(
            self.leads,
            Histories(self.ports.table),
            self.outbox,
            Past(self.leads, self.events, self.models.active_on),
            self.consents.read,
            self.models.current,
            self.lead_id,
            self.ports.now,
        )

    def lead_id(self, address: str) -> str:
        """The lead id of a parsed address."""
        from chalicelib.capture.identity import lead_id

        return lead_id(self.ports.secret(self._settings.identity_secret).encode(), address)

    def admin_token(self) -> str:
        """The token of the private endpoints."""
        return self.ports.secret(self._settings.admin_secret)

    def write_key(self) -> str | None:
        """The public write key of this deployment."""
        return (self.documents.get(DEPLOYMENT) or {}).get("write_key")

    def qualify_records(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """Work off a batch of the stream's events."""
        from chalicelib.store.events import event_of
        from chalicelib.store.stream import Quarantine, each_record

        return each_record(event, event_of, self.qualify.captured, Quarantine(self.ports.table).put)

    def deliver_records(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """Work off a batch of the stream's messages."""
        from chalicelib.store.outbox import message_of
        from chalicelib.store.stream import Quarantine, each_record

        def work(message: "OutboxMessage") -> None:
            self.deliver.message(message.lead_id, message.key)

        return each_record(event, message_of, work, Quarantine(self.ports.table).put)

    def mail_event(self, message: str) -> None:
        """Take a mail event. What is no JSON is left: SES says a word of welcome to a new topic."""
        try:
            notice = json.loads(message)
        except ValueError:
            log("mail_event_unreadable")
            return
        self.feedback.mail_event(notice)

    def _capacity(self) -> int:
        """How many handoffs a week sales takes."""
        from chalicelib.handoff.routing import weekly_capacity

        return weekly_capacity(self.documents.get("routing"))

    def _form(self, form_id: str) -> Mapping[str, Any] | None:
        return self.documents.get("form", form_id)

    def _compose(self, message: "OutboxMessage") -> "Outgoing | Skip":
        from chalicelib.delivery.outbox import NURTURE

        return (
            self._emails.compose(message)
            if message.kind == NURTURE
            else self._notices.compose(message)
        )

    @cached_property
    def _emails(self) -> "Emails":
        from chalicelib.nurture.emails import Emails

        return Emails(
            lambda email_id: self.documents.get("email", email_id),
            self._profile,
            self._unsubscribe_url,
        )

    @cached_property
    def _notices(self) -> "Notices":
        from chalicelib.handoff.notice import Notices

        return Notices(self.leads.transition, self._profile, self.events.recent, self._is_corrected)

    def _is_corrected(self, notice: "OutboxMessage") -> bool:
        from chalicelib.handoff.plan import correction_key

        return self.outbox.read(notice.lead_id, correction_key(notice)) is not None

    def _profile(self, lead_id: str) -> "Mapping[str, Value]":
        from chalicelib.scoring.profile import values

        return values(self.leads.read(lead_id).profile)

    def _unsubscribe_url(self, lead_id: str) -> str:
        from chalicelib.delivery.links import UNSUBSCRIBE

        api_url = (self.documents.get(DEPLOYMENT) or {}).get("api_url", "")
        return f"{api_url}/u/{self.links.sign(UNSUBSCRIBE, lead_id)}"


_world: World | None = None


def world() -> World:
    """The world of this container."""
    global _world
    if _world is None:
        _world = World(Ports(read_settings()))
    return _world


def use(another: World | None) -> None:
    """Let the handlers work on another world, or build theirs anew: for tests."""
    global _world
    _world = another
