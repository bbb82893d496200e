"""What was published of mail scanners, as vectors: each click of an email, and what it was.

They lie beside the repository, where there is such a folder; test_click_judging.py has the same
kinds in its own words.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from chalicelib.clicks.clicks import Click, ClickVerdict
from chalicelib.clicks.judging import judge
from chalicelib.delivery.message_keys import MessageKey, MessageKind
from tests.fakes import NOW

FILE = Path(__file__).parents[3] / "shared" / "field" / "machine-clicks.json"
KEY = MessageKey(MessageKind.NURTURE, 1, ("learn", "day-1"))
COUNTED: Mapping[str, Sequence[int]] = {
    "person": (0, 1),
    "one person's click": (0,),
    "one person's click, five machine": (5,),
}
"""A vector's verdict -> the positions of a person's clicks; of any other there are none."""


def vectors() -> list[Any]:
    """Return the vectors that are about clicks, none where there is no such file."""
    if not FILE.exists():
        return []
    every = json.loads(FILE.read_text(encoding="utf-8"))["as_test_vectors"]
    return [one for one in every if "clicks" in one]


def test_the_published_vectors_are_judged_as_they_say(capsys: pytest.CaptureFixture[str]) -> None:
    found = vectors()
    wrong = [one["id"] for one in found if judged(one) != expected(one)]
    with capsys.disabled():
        print(f"published vectors of clicks: {len(found) or 'none here'}", end=" ")
    assert wrong == []


def judged(vector: Any) -> list[ClickVerdict]:
    """Return the verdicts of a vector's clicks."""
    is_viewed = bool(vector.get("page_view_with_script"))
    clicks = [
        Click(
            lead_id="A" * 26,
            key=KEY,
            position=one["link"],
            url="https://acme.example/",
            at=NOW + timedelta(seconds=one["t_s"]),
            agent=one["ua"],
            network=one.get("net", ""),
            is_viewed=is_viewed,
        )
        for one in vector["clicks"]
    ]
    found = judge(clicks, NOW)
    return [found[click.id].verdict for click in clicks]


def expected(vector: Any) -> list[ClickVerdict]:
    """Return what a vector says of its clicks."""
    counted = COUNTED.get(vector["verdict"], ())
    return [
        ClickVerdict.PERSON if position in counted else ClickVerdict.MACHINE
        for position in range(len(vector["clicks"]))
    ]
