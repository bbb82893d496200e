"""What takes replies, and lets people say what one asks for."""

from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chalicelib.delivery.outbox import OutboxMessage
    from chalicelib.nurture.replies.looking import ReplyLooking
    from chalicelib.nurture.replies.taking import ReplyTaking
    from chalicelib.wiring.world import World


class Replies:
    """The use cases of replies, on the stores of a world."""

    def __init__(self, world: "World") -> None:
        self._world = world

    @cached_property
    def taking(self) -> "ReplyTaking":
        """Takes what SES receives."""
        from chalicelib.nurture.replies.taking import ReplyTaking

        world = self._world
        return ReplyTaking(
            addresses=world.reply_addresses,
            mailroom=lambda: world.ports.mailroom,
            messages=world.leads.messages,
            lead=world.leads.read,
            store=world.reply_items,
            receiver=self._receiver,
            unsubscribe=self._unsubscribe,
            runtime=world.runtime,
        )

    @cached_property
    def looking(self) -> "ReplyLooking":
        """Takes what people say that a reply asks for."""
        from chalicelib.nurture.replies.looking import ReplyLooking

        return ReplyLooking(
            store=self._world.reply_items,
            email=self._world.message,
            unsubscribe=self._unsubscribe,
            runtime=self._world.runtime,
        )

    def _receiver(self, owner: str | None) -> tuple[str, str] | None:
        from chalicelib.handoff.routing import hears_of

        person = hears_of(self._world.documents.get("routing"), owner)
        return (person.id, person.email) if person else None

    def _unsubscribe(self, lead_id: str, message: "OutboxMessage | None") -> None:
        whose = message.lead_id if message else lead_id  # before a merge it was another's
        self._world.unsubscribe.unsubscribe(whose, str(message.key) if message else "")
