"""Signed links: what a person may do without a login, sealed in a token."""

from collections.abc import Callable, Mapping

from itsdangerous import BadSignature, URLSafeSerializer

from chalicelib.errors import NotFoundError

UNSUBSCRIBE = "unsubscribe"
CONFIRM = "confirm"
UNDO = "undo"  # of an unsubscribe, or of a choice


class Links:
    """Signs and reads tokens with the link secret. keys: `current`, and after a rotation `previous`
    (two live keys).

    The keys are asked for when the first token is, not before: a ping needs none.
    """

    def __init__(self, keys: Callable[[], Mapping[str, str]]) -> None:
        self._keys = keys

    def sign(self, purpose: str, what: str) -> str:
        """Return a token for one purpose. It does not expire: an unsubscribe link must work for
        ever, and what a confirmation is about expires by itself.

        what: it is about, such as a lead's id.
        """
        return str(self._serializer(purpose).dumps(what))

    def read(self, purpose: str, token: str) -> str:
        """Return what a token is about. Raise NotFoundError when we did not sign it for this
        purpose.
        """
        try:
            return str(self._serializer(purpose).loads(token))
        except BadSignature:
            raise NotFoundError("this link is not valid") from None

    def _serializer(self, purpose: str) -> URLSafeSerializer:
        keys = self._keys()
        # itsdangerous signs with the last key and tries them all when it reads
        secrets = [keys[name] for name in ("previous", "current") if name in keys]
        return URLSafeSerializer(secrets, salt=f"baton.{purpose}")
