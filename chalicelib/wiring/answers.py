"""What answers the private endpoints, and the documents behind it, each built when it is needed."""

from functools import cached_property
from typing import TYPE_CHECKING

from chalicelib.wiring.due_work import DueWork

if TYPE_CHECKING:
    from chalicelib.editing.editing import Editing
    from chalicelib.reading.forms import FormsReading
    from chalicelib.reading.numbers import SequenceNumbers
    from chalicelib.reading.reading import Reading


class Answers(DueWork):
    """The reads of a world, and the documents that people change."""

    @cached_property
    def editing(self) -> "Editing":
        """Changes the documents that marketers and sales managers own."""
        from chalicelib.editing.editing import Editing
        from chalicelib.wiring.documents import document_kinds

        kinds = document_kinds(self.documents, self.forms_reading.warnings)
        return Editing(kinds=kinds, store=self.documents, runtime=self.runtime)

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
            spam=self.spam,
            past=Past(self.leads, self.events, self.models.active_on),
            consents=self.consents,
            pending=self.confirmations.newest,
            counting=self.counting,
            model=self.models.current,
            lead_id_of=self.lead_id,
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

    def lead_id(self, address: str) -> str:
        """Return the lead id of a parsed address."""
        from chalicelib.capture.identity import lead_id

        return lead_id(self.identity_secret(), address)
