"""The notice to a salesperson: everything they need, and nothing a lead typed acts in it."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from chalicelib.delivery.messages import Email, Outgoing, Skip, Sms, SnsMessage
from chalicelib.delivery.outbox import MessageState, Via
from chalicelib.delivery.reasons import NotSentReason
from chalicelib.delivery.segments import count_segments
from chalicelib.events import Event, Kind, Value
from chalicelib.form_kinds import kind_facts
from chalicelib.handoff import notice_layout
from chalicelib.handoff.deeds import MAIL_DEEDS, deed_in_words, is_deed
from chalicelib.handoff.facts import Allowed, NoticeFacts
from chalicelib.handoff.notice import Notices
from chalicelib.handoff.unbroken import NO_BREAK
from chalicelib.lifecycle.stages import Recorded, Stage
from chalicelib.mail_events import COUNTED, MailEvent
from tests import factories as make
from tests.fakes import NOW
from tests.linkifiers import NASTY as TYPED
from tests.linkifiers import found_in

MOVED = make.recorded()
PROFILE: Mapping[str, Value] = {**make.BEST_FIT, "first_name": "Ann", "last_name": "Example"}
DEEDS = [
    make.form(fields={"message": "We have an audit in March."}, properties=kind_facts("demo")),
    make.page("/pricing", days_ago=1),
]


def compose(
    via: Via = Via.EMAIL,
    profile: Mapping[str, Value] = PROFILE,
    moved: Recorded | None = MOVED,
    did: Sequence[Event] = DEEDS,
    unconfirmed: Sequence[str] = (),
    more: Mapping[str, Any] = {},
    **message: Any,
) -> Outgoing | Skip:
    facts = NoticeFacts(
        now=NOW, profile=profile, moved=moved, recent=did, unconfirmed=unconfirmed, **more
    )
    notices = Notices(facts=lambda _message: facts)
    return notices.compose(make.handoff_message(via, **message))


def mail(**parts: Any) -> Email:
    composed = compose(Via.EMAIL, **parts)
    assert isinstance(composed, Email)
    return composed


def text(**parts: Any) -> Sms:
    composed = compose(Via.SMS, **parts)
    assert isinstance(composed, Sms)
    return composed


def topic(**parts: Any) -> SnsMessage:
    composed = compose(Via.SNS, **parts)
    assert isinstance(composed, SnsMessage)
    return composed


LAYOUT_TAGS = frozenset(
    re.findall(r"<(\w+)", (Path(notice_layout.__file__).parent / "notice.html").read_text())
)
REFERENCE = f"{make.LEAD_ID[:8]}-1"


def test_an_email_says_who_why_and_how_to_reach_them() -> None:
    notice = mail()
    assert notice.to == "sam@keybook.example"
    assert notice.reply_to == "ann@acme.example"
    assert notice.subject == f"Ann Example, CTO at Acme: wants a demo [{REFERENCE}]"
    for body in (notice.text, notice.html or ""):
        shown = body.replace(NO_BREAK, " ")
        for part in ("ann@acme.example", "demo request on 1 day", "90 points, grade A",
        "visited pricing", "sent the form demo", "We have an audit in March.", REFERENCE,
        "+49 30 901820"):  # fmt: skip
            assert part in shown
        assert re.search(r"\+30\b(?!\.)", shown)


def test_a_notice_marks_what_nobody_has_confirmed() -> None:
    named = ["email", "email_domain", "job_title"]
    notice = mail(unconfirmed=named)
    said = "As typed; nobody has confirmed it from this address."
    assert said in notice.text
    assert said in " ".join((notice.html or "").split())
    assert "Job title: CTO (unconfirmed)" in notice.text
    assert "Country: Germany\n" in notice.text
    assert json.loads(topic(unconfirmed=named).body)["unconfirmed"] == ["email", "job_title"]
    assert "(unconfirmed)" in text(unconfirmed=named).body


def test_what_is_all_unconfirmed_is_marked_once() -> None:
    notice = mail(unconfirmed=sorted(PROFILE))
    assert notice.text.count("confirmed") == 2  # of the words, and of who they are
    assert "(as somebody typed it; nothing of it is confirmed)" in notice.text


def test_a_notice_of_what_we_know_ourselves_doubts_nothing() -> None:
    for body in (mail().text, mail().html or "", text().body):
        assert "confirmed" not in body


def test_rule_2_somebody_who_did_not_ask_is_named_as_such() -> None:
    allowed = Allowed(lines=[], advice="agreed to emails: write")
    notice = mail(moved=INFERRED, more={"allowed": allowed})
    assert ": has not asked to be contacted" in notice.subject
    assert "\nAgreed to emails: write.\n" in notice.text


@pytest.mark.parametrize(
    ("known", "who"),
    [
        ({"email": "ann@acme.example"}, "ann@acme.example: wants"),
        ({}, "Somebody: wants"),
        ({"first_name": "Ann"}, "Ann: wants"),
        ({"last_name": "Example", "company": "Acme"}, "Example, Acme: wants"),
        ({"job_title": "CTO", "email": "a@b.example"}, "a@b.example, CTO: wants"),
    ],
)
def test_the_headline_is_as_much_as_is_known(known: dict[str, Value], who: str) -> None:
    assert mail(profile=known).subject.startswith(who)


def test_nothing_is_said_of_somebody_unknown() -> None:
    notice = mail(profile={})
    assert "Who they are" not in notice.text + (notice.html or "")
    assert "\n\n\n" not in notice.text


def test_a_text_is_short_and_says_how_to_reach_them() -> None:
    notice = text()
    assert notice.to == "+4930901821"
    assert "Reach: +49 30 901820, ann@acme.example. Ref " + REFERENCE in notice.body
    assert count_segments(notice.body) <= 2


@pytest.mark.parametrize("sign", ["A", "Ж", "\N{SLIGHTLY SMILING FACE}"])
@pytest.mark.parametrize("length", [100, 200, 300])
def test_a_long_name_leaves_reference_and_number_in_a_text(length: int, sign: str) -> None:
    """Whoever types a name of three hundred emails must not silence how to reach them."""
    notice = text(profile={**PROFILE, "first_name": sign * length, "company": "B" * length})
    assert count_segments(notice.body) <= 2
    assert "+49 30 901820" in notice.body
    assert REFERENCE in notice.body


def test_a_text_about_nobody_says_nobody_to_reach() -> None:
    assert text(profile={}).body == f"Somebody: wants a demo. Ref {REFERENCE}"


INFERRED = make.recorded(transition=make.transition(Stage.SQL, kind="inferred"))


@pytest.mark.parametrize("moved", [MOVED, INFERRED])
def test_a_long_name_leaves_a_subject_its_end(moved: Recorded) -> None:
    names = ("first_name", "last_name", "job_title", "company")
    notice = mail(profile={**PROFILE, **dict.fromkeys(names, "Long " * 50)}, moved=moved)
    assert notice.subject.endswith(f" [{REFERENCE}]")
    assert re.search("wants a demo|has not asked", notice.subject)
    assert len(notice.subject) <= 250
    assert "Long " * 39 in notice.text


def test_a_topic_message_is_json_for_machines() -> None:
    notice = topic()
    facts = json.loads(notice.body)
    assert notice.subject == f"Handoff {REFERENCE}: requested, 90 points"
    assert facts["lead_id"] == make.LEAD_ID
    assert sum(reason["points"] for reason in facts["reasons"]) == 32.5
    assert facts["profile"]["email"] == "ann@acme.example"


@pytest.mark.parametrize(
    ("via", "reason"),
    [(Via.EMAIL, NotSentReason.NO_ADDRESS), (Via.SMS, NotSentReason.NO_PHONE)],
)
def test_without_a_salesperson_it_is_refused_with_the_reason(
    via: Via, reason: NotSentReason
) -> None:
    assert compose(via, to=None) == Skip(MessageState.REFUSED, reason)


# --- nothing that a lead typed acts ---------------------------------------------------------------

NASTY = {
    "first_name": "<script>alert(1)</script>",
    "last_name": "{{ 7*7 }}",
    "company": "evil.example",
    "job_title": "https://evil.example/login?x=1",
    "phone": "tel:+49<b>",
    "industry": "www.evil.example",
    "country": "<a href='https://evil.example'>DE</a>",
    "homepage": "javascript://evil.example",
    "note": "write to mallory@evil.example",
}
NASTY_DEEDS = [
    make.form(
        "demo", fields={"message": "</td><img src=https://evil.example/x.png> go to evil.example"}
    )
]


def test_html_is_escaped_and_templates_do_not_run() -> None:
    html = mail(profile={**PROFILE, **NASTY}, did=NASTY_DEEDS).html or ""
    tags = set(re.findall(r"<(\w+)", html))
    assert tags <= LAYOUT_TAGS
    assert "{{ 7*7 }}" in html


@pytest.mark.parametrize("via", list(Via))
def test_links_and_addresses_that_a_lead_typed_are_broken_up(via: Via) -> None:
    composed = compose(via, profile={**PROFILE, **NASTY}, did=NASTY_DEEDS)
    for part in (str(getattr(composed, name, "")) for name in ("subject", "text", "html", "body")):
        assert "evil.example" not in part
        assert "://evil" not in part
        assert "mallory@" not in part


def typed_everywhere(via: Via, typed: str) -> list[str]:
    """What programs read of a notice in which somebody typed a text wherever it is shown."""
    fields = dict.fromkeys(("first_name", "last_name", "company", "phone", "industry"), typed)
    deeds = [
        make.form("demo", fields={"message": typed}),
        make.page(typed),
        make.event(kind=Kind.TRACK, name=typed, properties={"asset": typed}),
    ]
    reasons = [("source", "channel", 5_000, f"medium came by {typed}")]
    moved = make.recorded(reasons=reasons)
    composed = compose(via, profile={**PROFILE, **fields}, did=deeds, moved=moved)
    parts = [str(getattr(composed, name, None) or "") for name in ("subject", "text", "body")]
    html = re.sub("<[^>]*>", " ", str(getattr(composed, "html", "")))
    return [*parts, unescape(html)]


@pytest.mark.parametrize("via", list(Via))
def test_no_program_finds_what_a_lead_typed(via: Via) -> None:
    """What programs find in our own words, they find as well where somebody typed nothing."""
    ours = [found_in(part) for part in typed_everywhere(via, "x")]
    for typed in (" ".join(TYPED[at : at + 3]) for at in range(0, len(TYPED), 3)):
        for part, own in zip(typed_everywhere(via, typed), ours, strict=True):
            assert found_in(part) <= own, typed


@pytest.mark.parametrize("via", list(Via))
def test_an_honest_address_stays_a_link(via: Via) -> None:
    composed = compose(via, profile={**PROFILE, "email": "ann.smith@acme.example"})
    for name in ("text", "html", "body"):
        part = str(getattr(composed, name, "") or "")
        assert not part or "ann.smith@acme.example" in part


@pytest.mark.parametrize("via", list(Via))
def test_an_address_like_a_web_address_is_no_link(via: Via) -> None:
    nasty = "www.evil.com@acme.example"
    composed = compose(via, profile={"email": nasty})
    for name in ("subject", "text", "html", "body"):
        assert "evil.com" not in str(getattr(composed, name, ""))
    if isinstance(composed, Email):
        assert composed.reply_to == nasty


def test_a_subject_and_a_text_are_one_line_each() -> None:
    nasty = {**PROFILE, "first_name": "Ann\r\nBcc: mallory", "company": "A\tB"}
    assert not re.search(r"[\r\n\t]", mail(profile=nasty).subject)
    assert not re.search(r"[\r\n\t]", text(profile=nasty).body)


def test_the_topics_subject_is_ours_alone() -> None:
    assert topic(profile=NASTY).subject == f"Handoff {REFERENCE}: requested, 90 points"


def test_the_band_stands_beside_the_grade() -> None:
    notice = mail(moved=make.recorded(band="very-hot"))
    for body in (notice.text, notice.html or ""):
        assert "90 points, grade A, very hot" in body.replace(NO_BREAK, " ")


def test_each_mail_event_that_counts_has_its_words() -> None:
    assert MAIL_DEEDS.keys() == COUNTED


def test_what_is_only_noted_of_a_link_is_no_deed() -> None:
    events = [replace(make.form(), kind=Kind.MAIL, name=name) for name in MailEvent]
    told = [deed_in_words(one) for one in events if is_deed(one)]
    assert "clicked a link in an email" in told
    assert not [one for one in told if "link_used" in one or "machine" in one]
