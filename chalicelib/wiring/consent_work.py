"""What asks and records whether we may write, each part built when it is first needed."""

from functools import cached_property
from typing import TYPE_CHECKING

from chalicelib.form_kinds import FORM_KIND
from chalicelib.wiring.answers import Answers

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from chalicelib.consent.choosing import Choosing
    from chalicelib.consent.confirming import Confirming
    from chalicelib.consent.giving import Giving
    from chalicelib.consent.suppression import Suppression
    from chalicelib.consent.unsubscribe import Unsubscribe
    from chalicelib.consent.way_out import WayOut
    from chalicelib.events import Event

NEWSLETTER = "newsletter"
"""The kind of a form whose boxes are confirmed in more countries."""


class ConsentWork(Answers):
    """Consent, its confirmation, and what takes it back."""

    @cached_property
    def unsubscribe(self) -> "Unsubscribe":
        """Takes unsubscribes."""
        from chalicelib.consent.unsubscribe import Unsubscribe

        return Unsubscribe(
            consents=self.consents,
            suppression=self.suppression,
            about=self._about_email,
            runtime=self.runtime,
        )

    @cached_property
    def choosing(self) -> "Choosing":
        """Takes what a person chose on the page of an email's way out."""
        from chalicelib.consent.choosing import Choosing
        from chalicelib.store.choosing import Choices

        return Choosing(
            store=Choices(self.ports.table, self.consents),
            about=self._about_email,
            runtime=self.runtime,
        )

    @cached_property
    def giving(self) -> "Giving":
        """Takes what our own people know: a basis, with its reason."""
        from chalicelib.consent.giving import Giving

        return Giving(store=self.consents, runtime=self.runtime)

    @cached_property
    def confirming(self) -> "Confirming":
        """Takes confirmations of ticked boxes."""
        from chalicelib.consent.confirming import Confirming

        return Confirming(store=self.confirmations, runtime=self.runtime)

    @cached_property
    def suppression(self) -> "Suppression":
        """Stops emails to a person."""
        from chalicelib.consent.suppression import Suppression

        return Suppression(store=self.consents, runtime=self.runtime)

    def topics(self) -> "list[str]":
        """Return what there are emails about."""
        from chalicelib.nurture.topics import topics_written_about

        mailings = [{"enter": {"topic": one.get("topic")}} for one in self.documents.all("mailing")]
        return topics_written_about([*self.documents.all("sequence"), *mailings])

    def _about_email(self, way_out: "WayOut") -> "Mapping[str, str]":
        from chalicelib.delivery.message_keys import parse_key
        from chalicelib.delivery.references import about_email

        try:
            key = parse_key(way_out.message)
        except ValueError:  # an older link, which names no message; or one of a later version
            return {}
        message = self.outbox.read(way_out.lead_id, key)
        return about_email(message) if message else {}

    def must_confirm(
        self, form: "Event", *, countries: "Sequence[str]", form_says: bool | None
    ) -> bool:
        """Return whether the ticked box of a form has to be confirmed.

        form: its event; countries: each that its lead is known to be in; form_says: what its
        document has set, None when that is nothing.
        """
        from chalicelib.consent.basis import must_confirm

        said = str(form.fields.get("country", ""))
        # As it is stored: a form must not fail for whatever else the settings say.
        rules = (self.documents.get("settings") or {}).get("double_opt_in", {})
        return must_confirm(
            rules,
            [said, *countries],
            is_newsletter=form.properties.get(FORM_KIND) == NEWSLETTER,
            form_says=form_says,
        )
