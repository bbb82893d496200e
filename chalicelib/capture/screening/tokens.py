"""A form's token: signed, with the form and the time at which somebody opened it."""

from collections.abc import Callable
from datetime import datetime, timedelta
from hashlib import sha256

from chalicelib.consent.mailbox import HASH_CHARS
from chalicelib.errors import NotFoundError
from chalicelib.events import epoch_ms, from_epoch_ms
from chalicelib.limits import FORM_TOKEN_HOURS, FORM_TOKEN_MAX_CHARS

OPENED = "form"
"""The purpose of the signature."""


class FormTokens:
    """Gives out tokens and judges them.

    sign, read: of the link secret, by purpose and text; read raises NotFoundError for a text that
    it did not sign.
    """

    def __init__(self, *, sign: Callable[[str, str], str], read: Callable[[str, str], str]) -> None:
        self._sign = sign
        self._read = read

    def issue(self, form_id: str, nonce: str, now: datetime) -> str:
        """Return a new token. nonce: tells it from others of the same moment."""
        return self._sign(OPENED, f"{form_id} {epoch_ms(now)} {nonce}")

    def is_good(self, token: str, form_id: str, min_seconds: int, now: datetime) -> bool:
        """Return whether a token is ours, of this form, and neither too young nor too old."""
        if len(token) > FORM_TOKEN_MAX_CHARS:
            return False
        try:
            name, at_ms, _ = self._read(OPENED, token).split(" ", 2)
            age = now - from_epoch_ms(int(at_ms))
        except (NotFoundError, ValueError):
            return False
        is_in_time = timedelta(seconds=min_seconds) <= age <= timedelta(hours=FORM_TOKEN_HOURS)
        return name == form_id and is_in_time


def token_id(token: str) -> str:
    """Return the hash under which the uses of a token are counted."""
    return sha256(token.encode(errors="replace")).hexdigest()[:HASH_CHARS]
