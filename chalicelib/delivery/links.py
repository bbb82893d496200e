"""Signed links: what a person may do without a login, sealed in a token."""

from collections.abc import Callable, Mapping

from itsdangerous import BadSignature, URLSafeSerializer
from itsdangerous.encoding import base64_decode, base64_encode

from chalicelib.errors import NotFoundError

UNSUBSCRIBE = "unsubscribe"
CONFIRM = "confirm"
UNDO = "undo"  # of an unsubscribe, or of a choice
LOOK = "look"
CLICK = "click"
ANSWER = "answer"
VIEW = "view"  # of the page that a click led to
CALENDAR = "calendar"  # the file of what a form signs people up for
ASKED = "asked"  # when the page of an answer was shown
HANDOFF_PAGE = "handoff"  # the page of a handoff, for one salesperson
HANDOFF_SHOWN = "handoff-shown"  # when that page was shown, or that it has asked once more


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
            what = str(self._serializer(purpose).loads(token))
        except BadSignature:
            raise NotFoundError("this link is not valid") from None
        if not _is_as_signed(token):
            raise NotFoundError("this link is not valid")
        return what

    def _serializer(self, purpose: str) -> URLSafeSerializer:
        keys = self._keys()
        # itsdangerous signs with the last key and tries them all when it reads
        secrets = [keys[name] for name in ("previous", "current") if name in keys]
        return URLSafeSerializer(secrets, salt=f"baton.{purpose}")


def _is_as_signed(token: str) -> bool:
    """Return whether the signature of a good token is written as we write it.

    Base64 is read in several spellings, with other last bits or with odd characters in between: a
    token that was changed on its way would be ours all the same.
    """
    signature = token.rpartition(".")[2].encode(errors="replace")
    return base64_encode(base64_decode(signature)) == signature
