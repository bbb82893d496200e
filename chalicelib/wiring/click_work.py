"""What people do with our emails: its parts, each built when it is first needed."""

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

from chalicelib.wiring.consent_work import ConsentWork

if TYPE_CHECKING:
    from chalicelib.clicks.answering import Answering
    from chalicelib.clicks.links import AnswerLink, ClickLink
    from chalicelib.clicks.using import LinkUse, LinkUser
    from chalicelib.clicks.verdicts import Verdicts
    from chalicelib.wiring.world import World

HASHED_CHARS = 8  # enough to tell the senders of one email's clicks apart


class ClickWork(ConsentWork):
    """Tracked links, clicks and answers."""

    @cached_property
    def link_use(self) -> "LinkUse":
        """Takes the uses of tracked links."""
        from chalicelib.clicks.using import LinkUse
        from chalicelib.delivery.links import VIEW
        from chalicelib.switches import Switch

        return LinkUse(
            store=self.clicks,
            is_off=lambda: self.switchboard.off(Switch.TRACKING) is not None,
            message=self.outbox.read,
            is_measured=self.is_measured,
            mark=lambda lead_id, click_id: self.links.sign(VIEW, f"{lead_id} {click_id}"),
            own_domains=lambda: self.own_domains,
            runtime=self.runtime,
        )

    @cached_property
    def verdicts(self) -> "Verdicts":
        """Says what clicks were."""
        from chalicelib.clicks.verdicts import Verdicts

        return Verdicts(
            store=self.clicks,
            browsers=self.captured,
            message=self.outbox.read,
            recent=self.events.recent,
            retract=self._retract,
            runtime=self.runtime,
        )

    @cached_property
    def answering(self) -> "Answering":
        """Takes the answers to emails' questions."""
        from chalicelib.clicks.answering import Answering

        return Answering(
            store=self.clicks,
            message=self.outbox.read,
            email=lambda email_id: self.documents.get("email", email_id),
            unsubscribe=lambda link: self.unsubscribe.unsubscribe(link.lead_id, str(link.key)),
            runtime=self.runtime,
        )

    def link_user(self, agent: str, source: str) -> "LinkUser":
        """Return what is remembered of whoever uses a link.

        agent: what it calls itself; source: the address that it comes from.
        """
        from datetime import UTC
        from hashlib import sha256
        from hmac import digest

        from chalicelib.capture.screening.addresses import network_id
        from chalicelib.capture.screening.agents import Agent, agent_of
        from chalicelib.clicks.using import LinkUser
        from chalicelib.days import day_of

        day = day_of(self.ports.now(), UTC).isoformat()
        secret = self.identity_secret()
        network = network_id(secret, source, day) or ""
        named = digest(secret, f"agent\n{agent}".encode(errors="replace"), sha256).hex()
        is_program = not agent or agent_of(agent) is not Agent.UNLISTED
        return LinkUser(named[:HASHED_CHARS], network[:HASHED_CHARS], is_program)

    def clicked(self, token: str) -> "ClickLink":
        """Return what the token of a tracked link says. Raise NotFoundError."""
        from chalicelib.clicks.links import parse_click
        from chalicelib.delivery.links import CLICK

        return parse_click(self.links.read(CLICK, token))

    def calendar(self, token: str) -> str:
        """Return the calendar file of a signed link. Raise NotFoundError."""
        from chalicelib.delivery.links import CALENDAR
        from chalicelib.errors import NotFoundError
        from chalicelib.nurture.calendar_file import calendar_file
        from chalicelib.wiring.email_readers import signed_up

        form_id = self.links.read(CALENDAR, token)
        event = signed_up(self, form_id)
        if event is None:
            raise NotFoundError("it does not take place any more")
        return calendar_file(event, f"{form_id}@baton", self.ports.now())

    def asked(self, token: str) -> "AnswerLink":
        """Return what the token of an answer says. Raise NotFoundError."""
        from chalicelib.clicks.links import parse_answer
        from chalicelib.delivery.links import ANSWER

        return parse_answer(self.links.read(ANSWER, token))

    def view_followed(self, mark: str, visitor: str) -> None:
        """Note that a page view follows the click that its mark names. visitor: its partition."""
        from chalicelib.delivery.links import VIEW
        from chalicelib.errors import ConflictError, NotFoundError
        from chalicelib.telemetry import log

        try:
            lead_id, _, click_id = self.links.read(VIEW, mark).partition(" ")
            self.link_use.view(lead_id, click_id, visitor)
        except NotFoundError:
            pass  # anybody can write such a mark; the view is kept
        except ConflictError as error:
            log("click_lost", error=type(error).__name__)

    def _retract(self, lead_id: str, event_ids: Sequence[str], reason: str) -> Any:
        return cast("World", self).corrections.retract(lead_id, event_ids, reason)
