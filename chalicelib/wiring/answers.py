"""What answers the private endpoints, and the documents behind it, each built when it is needed."""

from functools import cached_property
from typing import TYPE_CHECKING, Any

from chalicelib.wiring.due_work import DueWork
from chalicelib.wiring.nurture_work import NurtureWork

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chalicelib.delivery.messages import Email, SendResult
    from chalicelib.editing.editing import Editing
    from chalicelib.nurture.email_document import EmailDocument
    from chalicelib.nurture.previews import EmailPreviews
    from chalicelib.reading.forms import FormsReading
    from chalicelib.reading.numbers import SequenceNumbers
    from chalicelib.reading.reading import Reading
    from chalicelib.reading.stage_list import StageList
    from chalicelib.scoring.model import Model


class Answers(DueWork, NurtureWork):
    """The reads of a world, and the documents that people change."""

    @cached_property
    def editing(self) -> "Editing":
        """Changes the documents that marketers and sales managers own."""
        from chalicelib.editing.editing import Editing
        from chalicelib.editing.seen import SeenDocuments
        from chalicelib.wiring.documents import document_kinds

        seen = SeenDocuments(self.documents)
        kinds = document_kinds(
            seen,
            self.forms_reading.warnings,
            self._active_model,
            self.outbox.numbers,
            self.mailing_items.read,
            lambda mailing_id: self.mailings.is_leaving(mailing_id),
        )
        return Editing(kinds=kinds, store=self.documents, seen=seen, runtime=self.runtime)

    @cached_property
    def email_previews(self) -> "EmailPreviews":
        """Shows emails before anybody gets them."""
        from chalicelib.nurture.previews import EmailPreviews
        from chalicelib.wiring.email_readers import EmailReaders

        return EmailPreviews(
            email=self._newest_email,
            partial=self._newest_partial,
            reader=EmailReaders(self).of_id,
            company=self.company,
            dead_link=lambda: f"{self.deployment().get('api_url', '')}/u/preview",
            send=self._send_test,
        )

    def _newest_email(self, email_id: str) -> "tuple[Mapping[str, Any], int]":
        found = self.editing.read("email", email_id)
        return found.document, found.version

    def _newest_partial(self, partial_id: str) -> "EmailDocument | None":
        from chalicelib.nurture.email_checks import EmailSurroundings

        emails = self.editing.every("email")
        return EmailSurroundings(company=self.company(), emails=emails).partial(partial_id)

    def _send_test(self, email: "Email") -> "SendResult":
        from chalicelib.errors import StateError
        from chalicelib.switches import Switch

        if self.switchboard.off(Switch.OUTBOUND) is not None:
            raise StateError("everything that leaves is switched off; switch outbound on first")
        return self.ports.send(email)

    @cached_property
    def reading(self) -> "Reading":
        """Answers the private endpoints."""
        from chalicelib.reading.as_of import Past
        from chalicelib.reading.reading import Reading
        from chalicelib.store.histories import Histories

        return Reading(
            leads=self.leads,
            histories=Histories(self.ports.table),
            outbox=self.outbox,
            past=Past(self.leads, self.events, self.models.active_on),
            consents=self.consents,
            pending=self.confirmations.newest,
            beside=self._beside,
            counting=self.counting,
            model=self.models.current,
            lead_id_of=self.lead_id,
            now=self.ports.now,
        )

    def _beside(self, lead_id: str) -> "Mapping[str, Any]":
        from chalicelib.reading.turns import serialize_running
        from chalicelib.wiring.handoff_work import newest_handoff

        return {
            "sequences": [serialize_running(one) for one in self.enrolments.running(lead_id)],
            "handoff": newest_handoff(self, lead_id),
        }

    @cached_property
    def stage_list(self) -> "StageList":
        """Lists the leads of a stage."""
        from chalicelib.reading.stage_list import StageList

        return StageList(
            leads=self.leads,
            spam=self.spam,
            sent=self.events.has_sent,
            serialize=lambda model, scored: self.reading.serialize(model, scored, reasons=False),
            model=self.models.current,
            now=self.ports.now,
        )

    @cached_property
    def forms_reading(self) -> "FormsReading":
        """Answers what forms there are."""
        from chalicelib.reading.forms import FormsReading

        return FormsReading(
            registered=lambda: self.editing.every("form"),
            seen=self.seen_forms,
            model=self.models.current,
        )

    @cached_property
    def sequence_numbers(self) -> "SequenceNumbers":
        """Answers the numbers of sequences."""
        from chalicelib.reading.numbers import SequenceNumbers

        return SequenceNumbers(
            document=lambda sequence_id: self.documents.get("sequence", sequence_id),
            counted=self.outbox.numbers,
        )

    def _active_model(self) -> "Model | None":
        from chalicelib.errors import DocumentError

        try:
            return self.models.current()
        except DocumentError:  # of a deployment without a model yet
            return None

    def lead_id(self, address: str) -> str:
        """Return the lead id of a parsed address."""
        from chalicelib.capture.identity import lead_id

        return lead_id(self.identity_secret(), address)
