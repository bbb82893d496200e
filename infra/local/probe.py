"""Find out whether something on this machine answers."""

from __future__ import annotations

import urllib.request

# Without a proxy: the environment may name one, which cannot reach the ports of this machine.
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def is_ok(url: str, timeout_s: float = 10) -> bool:
    """Return whether a GET of a URL is answered with 200."""
    try:
        with _OPENER.open(url, timeout=timeout_s) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False
