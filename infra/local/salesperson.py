"""What a salesperson does in the demo: opens the link of a notice on a phone, and taps a button."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from html import unescape
from urllib.parse import urlencode
from urllib.request import Request, urlopen

from chalicelib.limits import VERDICT_MIN_SECONDS
from infra.local.outgoing import ANSWER_S
from infra.local.waiting import read_for
from infra.local.witness import StepFailedError

TOKEN = r"/handoffs/[\w.~%-]+"
HIDDEN = re.compile(r'<input type="hidden" name="(\w+)" value="([^"]*)">')
HEADING = re.compile(r"<h1>(.*?)</h1>", re.DOTALL)
A_MOMENT_S = VERDICT_MIN_SECONDS + 0.5

Browse = Callable[[str, "Mapping[str, str] | None"], str]
"""Address and form, None to open it -> the page."""


def open_page(url: str, form: Mapping[str, str] | None) -> str:
    """Open a page as a browser in English does, or send its form. Return its HTML."""
    data = urlencode(form).encode() if form is not None else None
    # The address is the local stack's own.
    request = Request(url, data=data, headers={"Accept-Language": "en"})
    with urlopen(request, timeout=ANSWER_S) as answer:  # nosec B310
        return str(answer.read().decode())


def take_lead(
    notice: str, api_url: str, browse: Browse = open_page, read: Callable[[float], None] = read_for
) -> str:
    """Open the link of a notice, read its page, and tap "I take it". Return what the page says.

    notice: the text of the email to sales; read: waits for some seconds.
    """
    found = re.search(re.escape(api_url) + TOKEN, notice)
    if found is None:
        raise StepFailedError("step 'accepted': the email to sales has no link to answer by")
    page = browse(found[0], None)
    read(A_MOMENT_S)
    hidden = {name: unescape(value) for name, value in HIDDEN.findall(page)}
    answer = browse(found[0], {**hidden, "verdict": "accept"})
    heading = HEADING.search(answer)
    return unescape(heading[1]) if heading else answer
