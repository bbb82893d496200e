"""The mark by which a page's first view says which click of an email it follows (ADR 0061).

A tracked link adds it to the address of a page of our own, and the tracker takes it out of there
once the view is noted. Keep it cheap: every page view asks.
"""

import re
from collections.abc import Mapping
from typing import Any

#: The parameter of the page's address, always its last one.
CLICK_MARK = "baton"
IN_ADDRESS = re.compile(r"[?&]baton=([\w.-]{1,500})", re.ASCII)


def mark_in(properties: Mapping[str, Any], context: Mapping[str, Any]) -> str:
    """Return the mark of a page view, empty where it has none.

    properties, context: as the client sent them.
    """
    page = context.get("page")
    urls = (properties.get("url"), page.get("url") if isinstance(page, Mapping) else None)
    return next((mark for url in urls if (mark := _in_url(url))), "")


def _in_url(url: Any) -> str:
    if not isinstance(url, str) or CLICK_MARK not in url:
        return ""
    found = IN_ADDRESS.search(url)
    return found[1] if found else ""
