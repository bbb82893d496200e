"""The composition root: builds every use case once per container, when it is first needed.

Use cases are imported where they are built, so that a function pays only for what it uses: a page
view must import neither Jinja2 nor scoring (ADR 0012).
"""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from chalicelib.settings import read_settings
from chalicelib.wiring.handoff_work import HandoffWork
from chalicelib.wiring.ports import Ports

if TYPE_CHECKING:
    from chalicelib.bulk.imports import Imports
    from chalicelib.capture.forms import Forms, Registered
    from chalicelib.capture.tracking import Tracking
    from chalicelib.commands.commands import Commands
    from chalicelib.commands.corrections import Corrections
    from chalicelib.commands.edits import Edits
    from chalicelib.delivery.deliver import Deliver
    from chalicelib.delivery.endings import Endings
    from chalicelib.delivery.feedback import Feedback
    from chalicelib.delivery.outbox import OutboxMessage
    from chalicelib.jobs.ports import JobHandler
    from chalicelib.jobs.runner import JobRunner
    from chalicelib.publishing.publishing import Publishing
    from chalicelib.qualify.qualify import Qualify
    from chalicelib.store.jobs import Jobs
    from chalicelib.wiring.handoff_pages import HandoffPages
    from chalicelib.wiring.privacy import Privacy
    from chalicelib.wiring.replies import Replies


class World(HandoffWork):
    """Every use case of Baton on some ports, each built when it is first needed."""

    def __init__(self, ports: Ports) -> None:
        super().__init__(ports)
        self._job_handlers: dict[str, JobHandler[Any]] = {}

    @cached_property
    def forms(self) -> "Forms":
        """Takes form submissions."""
        from chalicelib.capture.forms import Forms
        from chalicelib.wiring.screening import screening

        return Forms(
            store=self.captured,
            read_form=self._form,
            seen=self.seen_forms,
            lead_id_of=self.lead_id,
            country=self.company_country,
            identity_secret=self.identity_secret,
            must_confirm=self.must_confirm,
            screen=screening(self).screen,
            own_domains=lambda: self.own_domains,
            runtime=self.runtime,
        )

    @cached_property
    def tracking(self) -> "Tracking":
        """Takes tracking events."""
        from chalicelib.capture.tracking import Tracking

        return Tracking(
            store=self.captured,
            lead_id_of=self.lead_id,
            own_domains=lambda: self.own_domains,
            country=self.company_country,
            view_followed=self.view_followed,
            runtime=self.runtime,
        )

    @cached_property
    def qualify(self) -> "Qualify":
        """Keeps leads true."""
        from chalicelib.qualify.qualify import Qualify
        from chalicelib.wiring.reactions import reactions

        return Qualify(
            leads=self.leads,
            events=self.events,
            model=self.models.active,
            reactions=reactions(self.leads, self.documents, self.models, lambda: self.dealing),
            urgent=self.hand_over_replay,
            runtime=self.runtime,
        )

    @cached_property
    def commands(self) -> "Commands":
        """Does what people do with a lead."""
        from chalicelib.commands.commands import Commands

        return Commands(qualify=self.qualify, transitions=self.leads, runtime=self.runtime)

    @cached_property
    def edits(self) -> "Edits":
        """Does what a salesperson edits of a lead."""
        from chalicelib.commands.edits import Edits
        from chalicelib.handoff.routing import salespeople

        return Edits(
            qualify=self.qualify,
            salespeople=lambda: salespeople(self.documents.get("routing")),
            runtime=self.runtime,
        )

    @cached_property
    def corrections(self) -> "Corrections":
        """Corrects what is known about a lead."""
        from chalicelib.commands.corrections import Corrections

        return Corrections(
            qualify=self.qualify,
            history=self.leads,
            model=self.models.model,
            carry_over=self.consents.carry_over,
            is_being_erased=lambda lead: self.privacy.erasures.is_under_way(lead),
            runtime=self.runtime,
        )

    @cached_property
    def imports(self) -> "Imports":
        """Takes leads in bulk."""
        from chalicelib.bulk.imports import Imports

        return Imports(
            commands=self.commands,
            giving=self.giving,
            lead_id_of=self.lead_id,
            country=self.company_country,
            count_new=self.count_imported,
        )

    @cached_property
    def deliver(self) -> "Deliver":
        """Sends what was decided."""
        from chalicelib.delivery.deliver import Deliver
        from chalicelib.wiring.composer import Composer
        from chalicelib.wiring.message_reads import MessageReads

        return Deliver(
            outbox=self.outbox,
            endings=self.endings,
            off=self.switchboard.off,
            compose=Composer(self).compose,
            send=lambda outgoing: self.ports.send(outgoing),
            runtime=self.runtime,
            reading=MessageReads(self).of_lead,
        )

    @cached_property
    def endings(self) -> "Endings":
        """Passes on what did not reach its salesperson."""
        from chalicelib.delivery.endings import Endings

        return Endings(outbox=self.outbox, instead_of=self._instead_of)

    @cached_property
    def job_store(self) -> "Jobs":
        """The store of jobs."""
        from chalicelib.store.jobs import Jobs

        return Jobs(table=self.ports.table, codec_of=self.job_handler)

    @cached_property
    def job_runner(self) -> "JobRunner":
        """Starts jobs, does their steps, and shows how far they are."""
        from chalicelib.jobs.runner import JobRunner

        return JobRunner(jobs=self.job_store, handler_of=self.job_handler, runtime=self.runtime)

    def job_handler(self, kind: str) -> "JobHandler[Any]":
        """What does the work of a kind of job."""
        from chalicelib.wiring.jobs import JOB_HANDLERS

        if kind not in self._job_handlers:
            self._job_handlers[kind] = JOB_HANDLERS[kind](self)
        return self._job_handlers[kind]

    @cached_property
    def privacy(self) -> "Privacy":
        """Shows and erases what is held on a person."""
        from chalicelib.wiring.privacy import Privacy

        return Privacy(self)

    @cached_property
    def publishing(self) -> "Publishing":
        """Changes the model: drafts, what-if, publishing."""
        from chalicelib.publishing.publishing import Publishing
        from chalicelib.wiring.jobs import change_counter, publish_store

        return Publishing(
            models=self.models,
            store=publish_store(self),
            counter=change_counter(self),
            runner=self.job_runner,
            runtime=self.runtime,
        )

    @cached_property
    def feedback(self) -> "Feedback":
        """Takes the notices of services."""
        from chalicelib.delivery.feedback import Feedback

        return Feedback(
            outbox=self.outbox,
            endings=self.endings,
            mailboxes=self.consents,
            suppression=self.suppression,
            brake=lambda: self.brake.look(),
            runtime=self.runtime,
        )

    def write_key(self) -> str | None:
        """Return the public write key of this deployment, None before a deploy has written it."""
        return self.deployment().get("write_key")

    def qualify_records(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """Process a batch of the stream's events. Return Lambda's partial batch response."""
        from chalicelib.leads.joined import by_lead
        from chalicelib.store.events import event_of
        from chalicelib.store.stream import Quarantine, each_group
        from chalicelib.wiring.rescoring import rescorer

        return each_group(
            event,
            event_of,
            lambda events: by_lead(events, self.events.owner),
            rescorer(self).captured,
            Quarantine(self.ports.table).put,
            is_cause=lambda event: not event.is_ping,
        )

    def deliver_records(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """Process a batch of the stream's messages. Return Lambda's partial batch response."""
        from chalicelib.store.outbox_items import message_of
        from chalicelib.store.stream import Quarantine, each_alone, each_group

        def work(_position: int, messages: "Sequence[OutboxMessage]") -> None:
            for message in messages:
                self.deliver.message(message.lead_id, message.key)

        return each_group(event, message_of, each_alone, work, Quarantine(self.ports.table).put)

    @cached_property
    def replies(self) -> "Replies":
        """Takes what people answer to marketing's emails."""
        from chalicelib.wiring.replies import Replies

        return Replies(self)

    @cached_property
    def handoff_pages(self) -> "HandoffPages":
        """Shows handoffs by their links, and takes verdicts."""
        from chalicelib.wiring.handoff_pages import HandoffPages

        return HandoffPages(self)

    def mail_event(self, message: str) -> None:
        """Take what a service reports about a message. message: the body of the notification."""
        self.feedback.take(message)

    def _instead_of(self, message: "OutboxMessage") -> "OutboxMessage | None":
        from chalicelib.handoff.plan import instead_of  # few handoffs end badly

        return instead_of(message, self.documents.get("routing"), self.ports.now())

    def _form(self, form_id: str) -> "Registered | None":
        return self.documents.numbered("form", form_id)


_world: World | None = None


def world() -> World:
    """Return the world of this container."""
    global _world
    if _world is None:
        _world = World(Ports(read_settings()))
    return _world


def use(another: World | None) -> None:
    """Let the handlers work on another world; None: let them build their own again. For tests."""
    global _world
    _world = another
