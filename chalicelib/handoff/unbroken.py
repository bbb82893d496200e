"""Blanks at which no line ends: within a number, a time, a date, or between a number and its unit.

A phone is narrow, and "22" at the end of one line with "Nov" on the next is read wrong.
"""

import re
from collections.abc import Mapping
from typing import Any

NO_BREAK = "\N{NO-BREAK SPACE}"
SHORT_MONTHS = "Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec"
SHORT_WEEKDAYS = "Mon|Tue|Wed|Thu|Fri|Sat|Sun"
COUNTED_UNITS = "points?|days?|times|people|h|min|more|of them"
KEPT_TOGETHER = re.compile(
    rf"(?<=\d) (?=(?:\d|{SHORT_MONTHS}|(?:{COUNTED_UNITS})\b))"
    rf"|(?<=\b(?:{SHORT_MONTHS})) (?=\d)"
    rf"|(?<=\b(?:{SHORT_WEEKDAYS})) (?=\d)"
    r"|(?<=\bgrade) (?=\S)"
    r"|(?<=\d) (?=to \d)|(?<=\d to) (?=\d)"
)
URL_ENDING = "url"
"""What the keys end with whose values are addresses."""


def unbroken(shown: Any) -> Any:
    """Return what a template shows, with the blanks of its texts that must not break."""
    if isinstance(shown, str):
        return KEPT_TOGETHER.sub(NO_BREAK, shown)
    if isinstance(shown, Mapping):
        return {
            key: value if str(key).endswith(URL_ENDING) else unbroken(value)
            for key, value in shown.items()
        }
    return [unbroken(one) for one in shown] if isinstance(shown, list | tuple) else shown
