"""The transcript of the demo's walk: each step shows what is new, and the score can be followed."""

from typing import Any

from infra.local.walk import Step, render


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
