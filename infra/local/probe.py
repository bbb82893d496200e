"""Find out whether something on this machine answers."""

from __future__ import annotations

import urllib.request

# Without a proxy: the environment may name one, which cannot reach the ports of this machine.
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


ANSWER_S = 120


def is_ok(url: str) -> bool:
    """Return whether a GET of a URL is answered with 200."""
    try:
        with _OPENER.open(url, timeout=ANSWER_S) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False
