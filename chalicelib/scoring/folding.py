"""The form in which texts are compared: without case, accents and width (ADR 0049)."""

import re
from unicodedata import normalize

#: What stands above and below letters in Latin, Greek and Cyrillic: the accents.
_ACCENTS = re.compile("[\u0300-\u036f]")


def fold_text(text: str) -> str:
    """Return a text as it is compared: `ＧＥＳＣＨÄＦＴＳＦÜＨＲＥＲ` is `geschaftsfuhrer`.

    Idempotent, and the same for every way to encode the text. ASCII, which nearly all texts are,
    takes no longer than its lower case.
    """
    if text.isascii():
        return text.lower()
    letters = _ACCENTS.sub("", normalize("NFKD", text)).casefold()
    return normalize("NFKC", letters)
