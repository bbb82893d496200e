"""Asks whether something on this machine answers."""

from __future__ import annotations

import urllib.request

# No proxy: the environment may name one, and it knows nothing of this machine's ports.
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


ANSWER_S = 120


def is_ok(url: str) -> bool:
    """Whether a GET of `url` is answered with 200."""
    try:
        with _OPENER.open(url, timeout=ANSWER_S) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False
