"""A step may ask whether a person clicked the email before it (ADR 0061)."""

import re
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest

from chalicelib.delivery.messages import Email
from tests.baton import InMemoryBaton, ask
from tests.courses import (
    ANN,
    baton_on_tuesday,
    become_mql,
    hours_later,
    put,
    put_email,
    put_sequence,
)
from tests.unit.test_clicks import CHROME, DEFENDER
from tests.unit.test_feedback import notice

SITE = "https://keybook.example"
STEPS: Any = [
    {"id": "a", "wait": "0d", "email": "la"},
    {"id": "b", "wait": "2d", "email": "lb", "if": {"clicked": "previous"}, "else": "lc"},
]
LINKS = "\n".join(f"[Page {number}]({SITE}/page/{number}?q={number})" for number in range(4))


def reading(*, is_measured: bool = True) -> InMemoryBaton:
    """Return Baton that has sent Ann an email with four links, which has arrived."""
    baton = baton_on_tuesday()
    put_email(baton, "lc")
    put_sequence(baton, STEPS)
    document = {"id": "la", "subject": "la", "markdown": f"Hello.\n\n{LINKS}"}
    put(baton, "/v1/emails/la", document)
    baton.form("newsletter", "v-news", consent=True, email=ANN)
    baton.until_quiet()
    if is_measured:
        basis = {"purpose": "measuring", "kind": "consent", "reason": "said so"}
        ask(baton, "basis", basis)
    become_mql(baton)
    hours_later(baton, 2)
    sent = first(baton)
    now = baton.ports.now().isoformat().replace("+00:00", "Z")
    baton.world.mail_event(notice(sent.reference, "Delivery", timestamp=now))
    baton.until_quiet()
    return baton


def first(baton: InMemoryBaton) -> Email:
    """Return the first marketing email that was sent."""
    return next(one for one in emails(baton) if one.subject == "la")


def emails(baton: InMemoryBaton) -> list[Email]:
    return [one for one in baton.ports.senders.sent if isinstance(one, Email)]


def paths_in(text: str) -> list[str]:
    """Return the paths of the tracked links of a text, each once."""
    return list(dict.fromkeys(re.findall(r"https://api\.keybook\.example(/c/[\w.-]+)", text)))


def follow(baton: InMemoryBaton, path: str, agent: str = CHROME) -> str:
    answer = baton.http("GET", path, headers={"User-Agent": agent})
    assert answer.status_code == 302
    return str(answer.headers["Location"])


def test_every_link_of_an_email_is_tracked_in_both_parts() -> None:
    baton = reading()
    email = first(baton)
    for part in (email.text, email.html or ""):
        targets = {urlsplit(follow(baton, path))._replace(query="") for path in paths_in(part)}
        assert {one.path for one in targets} >= {f"/page/{number}" for number in range(4)}
        assert f"{SITE}/page" not in part
        assert "/u/" in part
    assert "/c/" not in str(email.headers)


def test_who_is_not_measured_gets_plain_links() -> None:
    email = first(reading(is_measured=False))
    assert "/c/" not in email.text + (email.html or "")
    assert f"{SITE}/page/1?q=1&utm_source=baton&utm_medium=email&utm_campaign=s" in email.text


@pytest.mark.parametrize(
    ("is_measured", "agent", "links", "follows"),
    [
        (True, CHROME, 1, "lb"),
        (True, DEFENDER, 4, "lc"),
        (True, CHROME, 0, "lc"),
        (False, "", 0, "lc"),
    ],
)
def test_the_next_email_depends_on_the_click(
    *, is_measured: bool, agent: str, links: int, follows: str
) -> None:
    baton = reading(is_measured=is_measured)
    baton.ports.clock.tick(timedelta(minutes=10))
    for path in paths_in(first(baton).text)[:links]:
        follow(baton, path, agent)
    baton.until_quiet()
    baton.minutes_later(3)
    hours_later(baton, 3 * 24)
    assert [one.subject for one in emails(baton) if one.subject in ("lb", "lc")] == [follows]
