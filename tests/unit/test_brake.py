"""The brake: the numbers at which it warns and holds, and whom it holds first."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.delivery.outbox import MessageState, settled
from chalicelib.delivery.references import tag_of
from chalicelib.events import rfc3339
from chalicelib.nurture.brake import Harm, LeftEmail, find
from chalicelib.nurture.sending import EVERYTHING, PauseCause, SendingState
from chalicelib.store import keys
from chalicelib.store.left_emails import LeftEmailItems
from chalicelib.store.outbox import put_message
from tests import factories as make
from tests.baton import ANN, TOKEN, InMemoryBaton
from tests.fakes import NOW

DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)
NOTHING: Mapping[str, SendingState] = {EVERYTHING: SendingState(of=EVERYTHING)}


def left(
    number: int, harm: Harm = Harm.BOUNCED, *, early: int = 0, late: int = 0, sequence: str = "s"
) -> list[LeftEmail]:
    """Return so many emails, the newest first.

    late: how many of the last hundred did harm; early: how many of the others.
    """
    harmful = {*range(late), *range(number - early, number)}
    return [
        LeftEmail(NOW - one * SECOND, sequence, harm if one in harmful else None)
        for one in range(number)
    ]


def what(emails: Sequence[LeftEmail], states: Mapping[str, SendingState] = NOTHING) -> str:
    """Return what the brake does: hold, warn or nothing."""
    found = find(emails, states)
    if found is None:
        return "nothing"
    return "warn" if found.of is None else "hold"


@pytest.mark.parametrize(
    ("number", "early", "late", "does"),
    [
        (20, 0, 1, "nothing"),  # 5 %, of too few
        (199, 0, 4, "nothing"),
        (199, 99, 0, "nothing"),  # too few for a rate, and none of the last hundred
        (199, 0, 5, "warn"),
        (199, 0, 9, "warn"),
        (199, 0, 10, "hold"),
        (12, 0, 10, "hold"),
        (12, 0, 9, "warn"),
        (200, 3, 0, "nothing"),
        (200, 4, 0, "warn"),
        (200, 7, 0, "warn"),
        (200, 8, 0, "hold"),
        (201, 8, 0, "warn"),
        (1_000, 19, 0, "nothing"),
        (1_000, 20, 0, "warn"),
        (1_000, 39, 0, "warn"),
        (1_000, 40, 0, "hold"),
        (1_000, 36, 9, "hold"),
        (1_000, 0, 10, "hold"),
    ],
)
def test_hard_bounces(number: int, early: int, late: int, does: str) -> None:
    assert what(left(number, early=early, late=late)) == does


@pytest.mark.parametrize(
    ("number", "early", "late", "does"),
    [
        (1_000, 0, 0, "nothing"),
        (1_000, 1, 0, "nothing"),
        (1_000, 2, 0, "warn"),
        (1_000, 3, 0, "hold"),
        (1_000, 0, 1, "warn"),
        (1_000, 1, 1, "warn"),
        (1_000, 2, 1, "hold"),
        (1_000, 0, 2, "hold"),
        (2, 0, 2, "hold"),
        (1, 0, 1, "warn"),
    ],
)
def test_complaints(number: int, early: int, late: int, does: str) -> None:
    assert what(left(number, Harm.COMPLAINED, early=early, late=late)) == does


def held(sequence: str) -> dict[str, SendingState]:
    return {**NOTHING, sequence: SendingState(of=sequence, cause=PauseCause.BRAKE, at=NOW)}


def test_the_sequence_that_did_most_is_held_first() -> None:
    emails = [*left(100, late=3, sequence="a"), *left(100, late=6, sequence="b")]
    found = find(emails, NOTHING)
    assert found is not None
    assert (found.of, found.number, found.emails) == ("b", 9, 200)
    assert str(found) == "9 of the last 200 emails bounced for good"


def test_of_equal_ones_the_first_by_name_is_held() -> None:
    emails = [*left(1, Harm.COMPLAINED, late=1), *left(1, Harm.COMPLAINED, late=1, sequence="a")]
    found = find(emails, NOTHING)
    assert found is not None
    assert found.of == "a"


def test_everything_is_held_when_the_others_do_as_much() -> None:
    emails = [*left(100, late=10, sequence="b"), *left(100, late=10, sequence="a")]
    assert what(emails) == "hold"
    found = find(emails, held("b"))
    assert found is not None
    assert (found.of, found.number, found.emails) == (EVERYTHING, 10, 100)
    assert find(emails, held(EVERYTHING)) is None


def test_what_is_held_says_nothing_about_the_others() -> None:
    emails = [*left(100, late=50, sequence="b"), *left(100, late=4, sequence="a")]
    assert what(emails, held("b")) == "nothing"


@pytest.mark.parametrize("of", [EVERYTHING, "s"])
def test_what_left_before_the_last_release_does_not_count(of: str) -> None:
    emails = left(100, late=10)
    released = {**NOTHING, of: SendingState(of=of, released_at=emails[0].at)}
    assert what(emails, released) == "nothing"
    released[of] = replace(released[of], released_at=emails[9].at)
    assert what(emails, released) == "warn"  # the ninth left with the release
    released[of] = replace(released[of], released_at=emails[10].at)
    assert what(emails, released) == "hold"


# --- in a deployment ------------------------------------------------------------------------------


class Campaign:
    """A Baton from which many emails have left, a second apart."""

    def __init__(self, number: int, sequence: str = "welcome") -> None:
        self.baton = InMemoryBaton()
        self.messages = [
            replace(
                make.nurture_message(f"nurture#1#{sequence}#1", to=f"p{one}@acme.example"),
                lead_id=self.baton.world.lead_id(f"p{one}@acme.example"),
                state=MessageState.CLAIMED,
                claimed_at=NOW + one * SECOND,
                claims=1,
            )
            for one in range(number)
        ]
        self.baton.ports.clock.time = NOW + number * SECOND
        for message in self.messages:
            self.baton.ports.table.write(put_message(message))
            sent = settled(message, MessageState.SENT, message_id="m")
            self.baton.world.outbox.save(message, sent)
        self.baton.drained = len(self.baton.ports.memory.inserted)

    def report(self, number: int, kind: str, **detail: Any) -> None:
        """Let SES report what became of one of them."""
        reference = self.messages[number].id
        mail = {
            "messageId": "m",
            "timestamp": rfc3339(NOW),
            "tags": {"message": [tag_of(reference)]},
        }
        self.baton.world.mail_event(
            json.dumps(
                {"eventType": kind, "mail": mail, kind.lower(): {"feedbackId": "f", **detail}}
            )
        )

    def bounce(self, *numbers: int) -> None:
        for number in numbers:
            self.report(number, "Bounce", bounceType="Permanent", bounceSubType="General")

    @property
    def sending(self) -> Any:
        return self.baton.get("/v1/sending")

    def release(self, status: int = 200, **body: Any) -> Any:
        body = {"pause": False, "sequence": "welcome", **body}
        answer = self.baton.post("/v1/sending", body, TOKEN)
        assert answer.status_code == status, answer.body
        return json.loads(answer.body)


def said(output: str, event: str) -> int:
    return sum(json.loads(line)["event"] == event for line in output.splitlines())


def test_one_bounce_of_twenty_is_no_matter(capsys: pytest.CaptureFixture[str]) -> None:
    campaign = Campaign(20)
    campaign.bounce(3)
    assert campaign.sending["sequences"] == {}
    assert said(capsys.readouterr().out, "brake_warned") == 0


def test_the_brake_holds_at_once_and_a_person_releases_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    campaign = Campaign(220)
    campaign.bounce(*range(4))
    assert said(capsys.readouterr().out, "brake_warned") == 0
    campaign.bounce(4)
    assert said(capsys.readouterr().out, "brake_warned") == 1
    campaign.bounce(5, 6, 7)
    assert campaign.sending["sequences"] == {}
    campaign.bounce(8)
    held_now = campaign.sending["sequences"]["welcome"]
    assert (held_now["cause"], held_now["author"]) == ("brake", "baton")
    assert held_now["reason"] == "9 of the last 220 emails bounced for good"
    assert said(capsys.readouterr().out, "sending_paused") == 1
    assert campaign.release(400)["errors"][0]["field"] == "reason"
    campaign.release(reason="the list was cleaned")
    campaign.bounce(*range(9, 30))  # of what left before
    assert campaign.sending["sequences"] == {}


def test_handoffs_go_on_while_the_brake_holds() -> None:
    campaign = Campaign(12)
    campaign.bounce(*range(10))
    baton = campaign.baton
    baton.form("guide", "v", consent=True, **ANN)
    baton.form("demo", "w", **{**ANN, "email": "bea@beta.example"})
    baton.until_quiet()
    found = {(one["kind"], one["state"], one["reason"]) for one in baton.outbox()[:6]}
    assert ("nurture", "planned", "brake") in found
    assert ("handoff", "sent", None) in found


def test_notices_that_come_twice_count_once() -> None:
    campaign = Campaign(12)
    for _ in range(3):
        campaign.bounce(*range(9))
    assert campaign.sending["sequences"] == {}


def test_whoever_takes_an_email_out_of_spam_complains_of_nothing() -> None:
    campaign = Campaign(12)
    for number in range(12):
        campaign.report(number, "Complaint", complaintFeedbackType="not-spam")
    assert campaign.sending["sequences"] == {}
    campaign.report(0, "Complaint", complaintFeedbackType="abuse")
    assert campaign.sending["sequences"] == {}
    campaign.report(1, "Complaint", complaintFeedbackType="abuse")
    assert campaign.sending["sequences"]["welcome"]["cause"] == "brake"


def test_soft_bounces_are_no_harm() -> None:
    campaign = Campaign(12)
    for number in range(12):
        campaign.report(number, "Bounce", bounceType="Transient", bounceSubType="MailboxFull")
    assert campaign.sending["sequences"] == {}


def test_what_left_more_than_thirty_days_ago_does_not_count() -> None:
    campaign = Campaign(12)
    campaign.baton.ports.clock.tick(30 * DAY)
    campaign.bounce(*range(12))
    assert campaign.sending["sequences"] == {}


def test_a_pause_by_a_person_becomes_the_brakes() -> None:
    campaign = Campaign(12)
    body = {"pause": True, "sequence": "welcome", "reason": "a typo"}
    campaign.baton.post("/v1/sending", body, TOKEN)
    campaign.bounce(*range(10))
    assert campaign.sending["sequences"]["welcome"]["cause"] == "brake"
    assert campaign.release(400)["errors"][0]["field"] == "reason"


def test_a_warning_keeps_a_warm_up_where_it_is() -> None:
    campaign = Campaign(12)
    assert campaign.baton.world.sending.states()[EVERYTHING].warned_at is None
    campaign.bounce(*range(5))
    warned_at = campaign.baton.world.sending.states()[EVERYTHING].warned_at
    assert warned_at == campaign.baton.ports.now()


def test_an_email_is_noted_once_with_what_became_of_it() -> None:
    campaign = Campaign(3)
    campaign.bounce(1)
    campaign.report(2, "Delivery")
    found = LeftEmailItems(campaign.baton.ports.table).newest(NOW, 10)
    assert found == [
        LeftEmail(NOW + 2 * SECOND, "welcome"),
        LeftEmail(NOW + SECOND, "welcome", Harm.BOUNCED),
        LeftEmail(NOW, "welcome"),
    ]
    items = [
        item
        for key, item in campaign.baton.ports.memory.items.items()
        if key[0] == keys.LEFT_EMAILS
    ]
    assert all("expires_at_epoch_s" in item for item in items)


def test_what_did_not_leave_is_not_noted() -> None:
    baton = InMemoryBaton()
    message = replace(make.nurture_message(), state=MessageState.CLAIMED, claimed_at=NOW)
    baton.ports.table.write(put_message(message))
    baton.world.outbox.save(message, settled(message, MessageState.REFUSED))
    handoff = replace(make.handoff_message(), state=MessageState.CLAIMED, claimed_at=NOW)
    baton.ports.table.write(put_message(handoff))
    baton.world.outbox.save(handoff, settled(handoff, MessageState.SENT, message_id="m"))
    assert LeftEmailItems(baton.ports.table).newest(NOW, 10) == []
