"""What is kept of a salesperson's phone, in the partition of the person (ADR 0073)."""

from typing import TYPE_CHECKING

from chalicelib.events import epoch_ms, from_epoch_ms
from chalicelib.handoff.phones import Phone, SentCode
from chalicelib.store import keys
from chalicelib.store.outbox import put_message
from chalicelib.store.table import Item, Put, Table

if TYPE_CHECKING:
    from chalicelib.delivery.outbox import OutboxMessage


class PhoneItems:
    """Reads and replaces phones. kept_days: of a message, 0 for good."""

    def __init__(self, table: Table, kept_days: int = 0) -> None:
        self._table = table
        self._kept_days = kept_days

    def read(self, person_id: str) -> Phone:
        """Return what is kept of a person's phone."""
        item = self._table.get(keys.person(person_id), keys.PHONE)
        return _phone_of(person_id, item) if item else Phone(person=person_id)

    def save(self, phone: Phone, code: "OutboxMessage | None" = None) -> None:
        """Replace it, and plan the message that carries a code. Raise ConflictError when another
        was first.
        """
        change = Put(_item(phone), {"version": phone.version - 1 or None})
        message = [put_message(code, self._kept_days)] if code else []
        self._table.write(change, *message)


def _item(phone: Phone) -> Item:
    code = phone.code
    optional: dict[str, str | int | None] = {
        "confirmed": phone.confirmed,
        "number": code.number if code else None,
        "nonce": code.nonce if code else None,
        "code_sent_at_ms": epoch_ms(code.sent_at) if code else None,
        "tries": code.tries if code else None,
    }
    item: Item = {
        "pk": keys.person(phone.person),
        "sk": keys.PHONE,
        "schema": keys.SCHEMA,
        "sent": " ".join(str(epoch_ms(at)) for at in phone.sent),
        "version": phone.version,
    }
    return item | {name: value for name, value in optional.items() if value is not None}


def _phone_of(person_id: str, item: Item) -> Phone:
    code = None
    if "nonce" in item:
        code = SentCode(
            number=str(item["number"]),
            nonce=str(item["nonce"]),
            sent_at=from_epoch_ms(int(item["code_sent_at_ms"])),
            tries=int(item["tries"]),
        )
    return Phone(
        person=person_id,
        confirmed=str(item["confirmed"]) if "confirmed" in item else None,
        code=code,
        sent=tuple(from_epoch_ms(int(at_ms)) for at_ms in str(item["sent"]).split()),
        version=int(item["version"]),
    )
