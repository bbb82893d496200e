"""The transcript of the demo's walk: each step shows what is new, and the score can be followed."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.delivery.messages import Email
from infra.local.salesperson import take_lead
from infra.local.transcript import Step, render
from infra.local.witness import StepFailedError
from tests.baton import API
from tests.verdicts import handed_over, look, send


def reason(rule: str, points: float, text: str) -> dict[str, Any]:
    return {"rule": rule, "points": points, "text": text}


def step(total: int, *reasons: dict[str, Any], **parts: Any) -> Step:
    kept = {"step": "a step", "story": "She reads.", "stage": "lead", "kind": None, "grade": "A"}
    return Step(**{**kept, "total": total, "reasons": list(reasons), **parts})


BLOG = reason("blog", 2, "visited the blog on 1 day")
GUIDE = reason("guide-download", 12, "guide download")


def lines_of(*steps: Step) -> list[str]:
    """What is printed of the last step."""
    return render(steps).strip().split("\n\n")[-1].splitlines()


def test_the_first_step_shows_every_reason() -> None:
    assert lines_of(step(14, BLOG, GUIDE)) == [
        "1. She reads.",
        "   -> lead: 14 points, grade A",
        "        +2  visited the blog on 1 day",
        "       +12  guide download",
    ]


def test_a_later_step_shows_only_what_is_new() -> None:
    assert lines_of(step(2, BLOG), step(14, BLOG, GUIDE, stage="mql")) == [
        "2. She reads.",
        "   -> mql: 14 points (+12), grade A",
        "       +12  guide download",
    ]


def test_a_reason_whose_words_changed_is_shown_again() -> None:
    again = reason("blog", 2, "visited the blog on 1 day, 1 more not counted: at most 2 a day")
    assert lines_of(step(2, BLOG), step(2, again))[2:] == [f"        +2  {again['text']}"]


def test_a_reason_that_no_longer_counts_is_named() -> None:
    assert lines_of(step(14, BLOG, GUIDE), step(2, BLOG))[1:] == [
        "   -> lead: 2 points (-12), grade A",
        "      gone  guide download",
    ]


def test_a_sent_message_is_shown_with_its_recipient() -> None:
    email = {"kind": "nurture", "via": "email", "to": "ann@acme.example", "subject": "Hello"}
    topic = {"kind": "handoff", "via": "sns", "to": None, "subject": None, "text": "Handoff"}
    sent = step(2, BLOG, kind="requested", messages=[email, topic])
    assert lines_of(sent)[1] == "   -> lead (requested): 2 points, grade A"
    assert lines_of(sent)[-2:] == [
        "   nurture email to ann@acme.example: Hello",
        "   handoff topic message: Handoff",
    ]


def test_a_reason_that_only_faded_is_not_shown_again() -> None:
    faded = reason("blog", 1.5, "visited the blog on 1 day, 0.5 of 2 points gone with time")
    assert lines_of(step(2, BLOG), step(14, faded, GUIDE))[2:] == ["       +12  guide download"]


def test_another_day_says_what_the_clock_is_set_to() -> None:
    first = step(2, BLOG, at="2026-11-24T10:00:10+01:00")
    second = step(2, BLOG, at="2026-11-24T10:00:30+01:00")
    third = step(2, BLOG, at="2026-11-30T08:31:00+01:00")
    shown = [line for line in render([first, second, third]).splitlines() if "clock" in line]
    assert shown == [
        "The clock is set to Tuesday, 24 November 2026, 10:00.",
        "The clock is set to Monday, 30 November 2026, 08:31.",
    ]


def test_a_step_shows_which_sequence_was_entered_or_left() -> None:
    turns = [
        {"name": "entered", "sequence": "learn-and-try", "by": "stage: mql"},
        {"name": "exited", "sequence": "learn-and-try", "reason": "with_sales"},
    ]
    assert lines_of(step(2, BLOG, turns=turns))[-2:] == [
        "   enters the sequence learn-and-try (stage: mql)",
        "   leaves the sequence learn-and-try (with_sales)",
    ]


def test_sam_takes_the_lead_by_the_link_of_his_email() -> None:
    baton = handed_over()
    notice = next(one for one in baton.ports.senders.sent if isinstance(one, Email))

    def browse(url: str, form: Mapping[str, str] | None) -> str:
        path = url.removeprefix(API)
        answer = look(baton, path) if form is None else send(baton, path, form)
        return str(answer.body.decode())

    said = take_lead(
        notice.text, API, browse, lambda seconds: baton.ports.clock.tick(timedelta(seconds=seconds))
    )
    assert said == "Ann Example is accepted"
    assert baton.lead()["stage"] == "accepted"


def test_an_email_without_a_link_fails_the_walk() -> None:
    with pytest.raises(StepFailedError, match="no link"):
        take_lead("Nothing to press", API)
