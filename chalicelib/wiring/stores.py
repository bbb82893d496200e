"""The stores of a deployment, each built when it is first needed."""

from functools import cached_property
from typing import TYPE_CHECKING, cast

from chalicelib.wiring.basics import Basics
from chalicelib.writing import until_written

if TYPE_CHECKING:
    from chalicelib.delivery.outbox import OutboxMessage
    from chalicelib.handoff.dealing import Dealing
    from chalicelib.handoff.phones import Phones
    from chalicelib.nurture.brake import Brake
    from chalicelib.nurture.dates import Dates
    from chalicelib.nurture.gate_rules import ForGood
    from chalicelib.nurture.sending import Sending
    from chalicelib.nurture.sequence_reader import SequenceReader
    from chalicelib.store.allowance import Allowances
    from chalicelib.store.captured import Captured
    from chalicelib.store.clicks import Clicks
    from chalicelib.store.confirmations import Confirmations
    from chalicelib.store.consents import Consents
    from chalicelib.store.dealings import Dealings
    from chalicelib.store.enrolments import Enrolments
    from chalicelib.store.events import Events
    from chalicelib.store.hand_overs import HandOvers
    from chalicelib.store.handoffs import Handoffs
    from chalicelib.store.leads import Leads
    from chalicelib.store.mailings import MailingItems
    from chalicelib.store.outbox import Outbox
    from chalicelib.store.replies import ReplyItems
    from chalicelib.store.screened import ScreenedForms
    from chalicelib.store.seen_forms import SeenFormItems
    from chalicelib.store.sending import SendingStates
    from chalicelib.wiring.world import World


class Stores(Basics):
    """What is kept in the table of a deployment."""

    @cached_property
    def captured(self) -> "Captured":
        """The store of capture."""
        from chalicelib.store.captured import Captured

        return Captured(self.table, self.ports.new_id, self._settings.retention)

    @cached_property
    def spam(self) -> "ScreenedForms":
        """The store of screened forms."""
        from chalicelib.store.screened import ScreenedForms

        return ScreenedForms(self.table)

    @cached_property
    def seen_forms(self) -> "SeenFormItems":
        """The forms that nobody has registered."""
        from chalicelib.store.seen_forms import SeenFormItems

        return SeenFormItems(self.table, self.ports.new_id)

    @cached_property
    def events(self) -> "Events":
        """The store of events."""
        from chalicelib.store.events import Events

        return Events(self.table)

    @cached_property
    def consents(self) -> "Consents":
        """The store of consent."""
        from chalicelib.store.consents import Consents

        return Consents(self.table, self.mailbox_of)

    @cached_property
    def confirmations(self) -> "Confirmations":
        """The store of ticked boxes that have yet to be confirmed."""
        from chalicelib.store.confirmations import Confirmations

        return Confirmations(self.table, self.consents, self._settings.retention)

    @cached_property
    def dealings(self) -> "Dealings":
        """Reads what dealing goes by."""
        from chalicelib.store.dealings import Dealings

        return Dealings(self.table, self.leads)

    @cached_property
    def dealing(self) -> "Dealing":
        """Deals leads out."""
        from chalicelib.handoff.dealing import Dealing

        return Dealing(
            reader=self.dealings,
            routing=lambda: self.documents.get("routing"),
            country=self.company_country,
        )

    @cached_property
    def leads(self) -> "Leads":
        """The store of leads.

        Reviews are due at midnight in dev; elsewhere they are spread over the first hour.
        """
        from chalicelib.store.leads import Leads

        return Leads(
            self.table,
            mailbox_of=self.mailbox_of,
            spread_reviews=not self._settings.is_dev,
            kept_days=self._settings.retention.messages,
        )

    @cached_property
    def outbox(self) -> "Outbox":
        """The store of messages."""
        from chalicelib.store.outbox import Outbox
        from chalicelib.wiring.wishes import Wishes

        return Outbox(
            self.table,
            self.mailbox_of,
            self._settings.first_emails_per_hour,
            self._settings.retention.messages,
            self.send_limits,
            Wishes(self).topics_of,
        )

    @cached_property
    def clicks(self) -> "Clicks":
        """The store of clicks on the links of emails."""
        from chalicelib.store.clicks import Clicks

        return Clicks(self.table, self._settings.retention.messages)

    @cached_property
    def enrolments(self) -> "Enrolments":
        """The store of enrolments."""
        from chalicelib.store.enrolments import Enrolments

        return Enrolments(self.table, self._settings.retention.messages)

    @cached_property
    def handoffs(self) -> "Handoffs":
        """The store of handoffs."""
        from chalicelib.store.handoffs import Handoffs

        return Handoffs(self.table, self._settings.retention.messages)

    @cached_property
    def phones(self) -> "Phones":
        """Confirms the numbers of salespeople."""
        from chalicelib.handoff.phones import Phones
        from chalicelib.handoff.routing import person_of
        from chalicelib.store.phones import PhoneItems

        return Phones(
            store=PhoneItems(self.table, self._settings.retention.messages),
            person=lambda person_id: person_of(self.documents.get("routing"), person_id),
            secret=self.identity_secret,
            runtime=self.runtime,
        )

    @cached_property
    def mailing_items(self) -> "MailingItems":
        """What became of mailings."""
        from chalicelib.store.mailings import MailingItems

        return MailingItems(self.table, lambda: cast("World", self).job_store)

    @cached_property
    def sequences(self) -> "SequenceReader":
        """The sequences as they are executed."""
        from chalicelib.nurture.sequence_reader import SequenceReader

        return SequenceReader(lambda: self.documents.all("sequence"))

    @cached_property
    def dates(self) -> "Dates":
        """Say when that takes place which leads signed up for."""
        from chalicelib.nurture.dates import Dates

        return Dates(lambda form_id: self.documents.get("form", form_id))

    @cached_property
    def for_good(self) -> "ForGood":
        """Says why a marketing email will not leave."""
        from chalicelib.nurture.gate_rules import ForGood

        return ForGood(
            model=self.models.active,
            sequences=self.sequences,
            enrolment=self.enrolments.read,
            mailing=self.mailing_items.read,
            dates=self.dates,
        )

    @cached_property
    def sending_states(self) -> "SendingStates":
        """The store of what is paused."""
        from chalicelib.store.sending import SendingStates

        return SendingStates(self.table)

    @cached_property
    def sending(self) -> "Sending":
        """Pauses marketing's emails, and resumes them."""
        from chalicelib.nurture.sending import Sending

        return Sending(
            store=self.sending_states,
            is_sequence=self._sends,
            runtime=self.runtime,
        )

    def _sends(self, one: str) -> bool:
        """Return whether there is a sequence, or the mailing, that messages name so."""
        from chalicelib.delivery.message_keys import OF_MAILING

        if one.startswith(OF_MAILING):
            return self.mailing_items.read(one.removeprefix(OF_MAILING)) is not None
        return self.documents.get("sequence", one) is not None

    def message(self, outbox_id: str) -> "OutboxMessage | None":
        """Return the message of an id, None for one that is not kept, and for no id."""
        from chalicelib.delivery.message_keys import parse_outbox_id

        return self.outbox.read(*parse_outbox_id(outbox_id)) if outbox_id else None

    @cached_property
    def reply_items(self) -> "ReplyItems":
        """The store of replies."""
        from chalicelib.store.replies import ReplyItems

        return ReplyItems(self.table, self._settings.retention.messages)

    @cached_property
    def brake(self) -> "Brake":
        """Pauses what does too much harm."""
        from chalicelib.nurture.brake import Brake
        from chalicelib.store.left_emails import LeftEmailItems

        return Brake(left=LeftEmailItems(self.table), sending=self.sending, runtime=self.runtime)

    @cached_property
    def allowances(self) -> "Allowances":
        """The store of how much marketing may send."""
        from chalicelib.store.allowance import Allowances

        return Allowances(self.table)

    @until_written
    def count_imported(self, number: int) -> None:
        """Count people who were imported, and of whom nothing was known before."""
        self.allowances.count_imported(number)

    @cached_property
    def hand_overs(self) -> "HandOvers":
        """The store of hand-overs."""
        from chalicelib.store.hand_overs import HandOvers

        return HandOvers(self.table)

    def is_measured(self, lead_id: str) -> bool:
        """Return whether a lead's clicks may be measured. Who wants no emails may not be."""
        from chalicelib.consent.consent import Purpose
        from chalicelib.scoring.profile import countries_in

        lead = self.leads.read(lead_id)
        consent = self.consents.of(lead)
        counting = self.counting(Purpose.MEASURING, countries_in(lead.profile))
        has_basis = consent.basis(Purpose.MEASURING, counting) is not None
        return has_basis and consent.suppressed is None
