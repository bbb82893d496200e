"""What follows from a decision: a handoff, emails, a word to sales; or nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from chalicelib.delivery.outbox import MessageState, OutboxMessage, Via, cancelled
from chalicelib.errors import AlreadyPlannedError
from chalicelib.events import Event, Kind
from chalicelib.handoff import reaction as handoff
from chalicelib.handoff.companies import CompanyOwner
from chalicelib.handoff.dealing import Dealing
from chalicelib.handoff.handoff import Handoff, HandoffState
from chalicelib.handoff.hearing import WARNINGS_MAX, notifications
from chalicelib.handoff.load import Load
from chalicelib.handoff.reaction import HandoffReaction, is_over_unanswered
from chalicelib.leads.lead import Lead, Notified, NotifiedAbout
from chalicelib.leads.records import Record
from chalicelib.lifecycle.stages import Actor, Recorded, Stage, Standing
from chalicelib.limits import MERGE_MAX_WAITING, SHARED_ATTEMPTS
from chalicelib.nurture.reaction import NurtureReaction
from chalicelib.qualify.reactions import NO_PLAN, Cause, Plan, Situation, carry_out
from chalicelib.wiring.reactions import MOST_WRITES
from tests import factories as make
from tests.factories import profile, seen, standing, worth
from tests.fakes import NOW, TRANSACTION_MAX_WRITES

MODEL = make.model()
SAM = {"id": "sam", "name": "Sam", "email": "sam@keybook.example", "phone": "+4930901821"}
WELCOME = {
    "id": "welcome",
    "enter": {"stage": ["mql"]},
    "steps": [{"id": "1", "wait": "0d", "email": "hello"}],
}
REQUEST, DISQUALIFIED = NotifiedAbout.REQUEST, NotifiedAbout.DISQUALIFIED


class NothingDealt:
    """Nobody was handed anything, and no company has an owner."""

    def load(self) -> Load:
        return Load()

    def company_owner(self, _domain: str) -> CompanyOwner | None:
        return None


class Kept:
    """The notices and transitions that a lead has."""

    def __init__(
        self,
        notices: Sequence[OutboxMessage] = (),
        transitions: Sequence[Recorded] = (),
        handoffs: Sequence[Handoff] = (),
    ) -> None:
        self._notices = list(notices)
        self._transitions = list(transitions)
        self._handoffs = list(handoffs)
        self.cycle = 0

    def notices(self, _lead_id: str, cycle: int) -> list[OutboxMessage]:
        self.cycle = cycle
        return self._notices

    def handoffs(self, _lead_id: str) -> list[Handoff]:
        return self._handoffs

    def verdict(self, _lead_id: str, _cycle: int) -> None:
        return None

    def transitions(self, _lead_id: str, _newest: int | None = None) -> list[Recorded]:
        return self._transitions


def situation(**parts: Any) -> Situation:
    lead = parts.pop("lead", None) or make.lead(profile=profile())
    known: dict[str, Any] = {
        "model": MODEL,
        "before": lead,
        "after": lead,
        "moved": (),
        "score": worth(),
        "events": (),
        "cause": Cause.NEWS,
        "now": NOW,
    }
    return Situation(**{**known, **parts})


def entering(
    target: Stage, cause: Cause = Cause.NEWS, origin: Stage = Stage.LEAD, **parts: Any
) -> Situation:
    kind = "requested" if target is Stage.SQL else None
    moved = make.moved(target, origin=origin, kind=kind, cycle=2)
    return situation(moved=[moved], cause=cause, **parts)


def hand_over(one: Situation, kept: Kept | None = None) -> Plan:
    routing = {"people": [SAM]}
    dealing = Dealing(reader=NothingDealt(), routing=lambda: routing, country=lambda: None)
    reaction = HandoffReaction(leads=kept or Kept(), dealing=lambda: dealing)
    return reaction(one)


def write_to(
    one: Situation,
    sequences: Sequence[Mapping[str, Any]] = (WELCOME,),
    held_by: str | None = "job-1",
) -> Plan:
    reaction = NurtureReaction(
        sequences=lambda: sequences,
        enrolments=lambda _: [],
        messages=lambda _: [],
        held_by=lambda _: held_by,
    )
    return reaction(one)


def keys_of(plan: Plan) -> list[str]:
    return sorted(str(message.key) for message in plan.messages)


# --- what a notice is about -----------------------------------------------------------------------

OLDER = make.form("newsletter", n=1, days_ago=2)
REQUESTED = make.form("demo", n=2, days_ago=1)
NEWER = make.form("demo", n=3)
PAGE = make.page("/pricing", n=4)


@pytest.mark.parametrize(
    ("events", "about"),
    [
        ([REQUESTED], REQUESTED),
        ([PAGE, NEWER, OLDER, REQUESTED], REQUESTED),
        ([OLDER, PAGE], PAGE),
        ([make.event(kind=Kind.PERSON, name="retracted")], None),
        ([], None),
    ],
)
def test_a_notice_is_about_what_caused_it(events: list[Event], about: Event | None) -> None:
    """The first request of a batch: whatever else a stranger sends with it or after it."""
    plan = hand_over(entering(Stage.SQL, events=events))
    cause = (about.partition, about.id) if about else None
    assert [message.cause for message in plan.messages] == [cause] * 3


# --- entering a stage -----------------------------------------------------------------------------


def test_an_sql_is_handed_to_sales() -> None:
    plan = hand_over(entering(Stage.SQL))
    assert keys_of(plan) == ["handoff#2#email", "handoff#2#sms", "handoff#2#sns"]
    record = plan.records[0]
    assert (record.key, record.values["owner"], plan.owner) == ("HANDOFF#2", "sam", "sam")
    assert write_to(entering(Stage.SQL)) == NO_PLAN


def test_an_mql_is_written_to() -> None:
    plan = write_to(entering(Stage.MQL))
    assert keys_of(plan) == ["nurture#2#welcome#1"]
    assert [message.to for message in plan.messages] == ["ann@acme.example"]
    assert hand_over(entering(Stage.MQL)) == NO_PLAN


def test_a_lead_back_from_sales_had_the_emails_before() -> None:
    assert write_to(entering(Stage.MQL, origin=Stage.SQL)) == NO_PLAN


def test_a_lead_that_loses_too_often_is_dealt_by_chance() -> None:
    lead = make.lead(profile=profile({**make.BEST_FIT, "email": "ann@gmail.com"}))
    dealt = [hand_over(entering(Stage.SQL, lead=lead, lost=lost)) for lost in range(14)]
    written = [[one.key for one in plan.records] for plan in dealt]
    assert written == [["HANDOFF#2", "LOAD"]] * SHARED_ATTEMPTS + [["HANDOFF#2"]] * 2


@pytest.mark.parametrize("cause", [Cause.PUBLISH, Cause.IMPORT])
def test_rule_9_a_handoff_of_a_flood_is_held(cause: Cause) -> None:
    plan = hand_over(entering(Stage.SQL, cause))
    assert plan.messages == []
    record = plan.records[0]
    assert (record.values["state"], plan.owner) == (HandoffState.HELD.value, "sam")


@pytest.mark.parametrize("cause", [Cause.NEWS, Cause.MERGE])
def test_a_handoff_of_a_merge_is_not_held(cause: Cause) -> None:
    assert len(hand_over(entering(Stage.SQL, cause)).messages) == 3


def test_rule_9_an_email_of_a_publish_is_held() -> None:
    (email,) = write_to(entering(Stage.MQL, Cause.PUBLISH)).messages
    assert (email.state, email.held_by, email.due_at) == (MessageState.HELD, "job-1", None)


def test_an_email_of_a_publish_that_sends_goes_out() -> None:
    (email,) = write_to(entering(Stage.MQL, Cause.PUBLISH), held_by=None).messages
    assert (email.state, email.held_by) == (MessageState.PLANNED, None)


@pytest.mark.parametrize("cause", [Cause.NEWS, Cause.MERGE])
def test_an_email_of_anything_else_is_not_held(cause: Cause) -> None:
    (email,) = write_to(entering(Stage.MQL, cause)).messages
    assert (email.state, email.held_by) == (MessageState.PLANNED, None)


def test_rule_9_an_import_sends_no_emails() -> None:
    assert write_to(entering(Stage.MQL, Cause.IMPORT)) == NO_PLAN


@pytest.mark.parametrize("target", [Stage.SQL, Stage.MQL])
def test_a_silent_move_plans_nothing(target: Stage) -> None:
    one = entering(target, Cause.SILENT)
    assert hand_over(one) + write_to(one) == NO_PLAN


@pytest.mark.parametrize("target", [Stage.LEAD, Stage.DISQUALIFIED, Stage.CUSTOMER])
def test_other_stages_call_for_nothing(target: Stage) -> None:
    one = entering(target, origin=Stage.MQL)
    assert (hand_over(one) + write_to(one)).writes == 0


# --- plans ----------------------------------------------------------------------------------------


def test_the_lead_belongs_to_the_plans_owner() -> None:
    assert carry_out(make.lead(), Plan(owner="sam")).standing.owner == "sam"
    kims = make.lead(standing=Standing(owner="kim"))
    assert carry_out(kims, NO_PLAN) == kims


def test_plans_add_up_in_order() -> None:
    first = Plan(owner="sam", notified=[Notified(1, REQUEST)])
    second = Plan(owner="kim", records=[Record(key="A#1", values={}, expect={"pk": None})])
    both = first + second
    assert (both.owner, both.records, both.notified) == ("kim", second.records, first.notified)
    assert (first + NO_PLAN).owner == "sam"


def test_what_was_planned_before_is_left_out() -> None:
    whole = hand_over(entering(Stage.SQL))
    planned = AlreadyPlannedError(messages=["handoff#2#email"], records=["HANDOFF#2"])
    rest = whole.without(planned)
    assert keys_of(rest) == ["handoff#2#sms", "handoff#2#sns"]
    assert "HANDOFF#2" not in {one.key for one in rest.records}


def test_a_decisions_writes_fit_into_a_transaction() -> None:
    """Its own: standing and profile, two of an absorbed lead and its replay request, two events
    and up to seven transitions, two counts of replies that wait; beside a merge's cancelled
    messages and the plans.
    """
    own = 2 + 3 + 2 + 7 + 2
    assert own + MERGE_MAX_WAITING + MOST_WRITES <= TRANSACTION_MAX_WRITES


def test_no_plan_is_larger_than_its_room_says() -> None:
    rules = [f"rule-{number}" for number in range(30)]
    score = worth(seen(demo_request=[0]), disqualifiers=rules)
    accepted = make.lead(standing=standing(Stage.ACCEPTED), tally=seen(demo_request=[0]))
    asked = situation(before=make.lead(standing=standing(Stage.SQL)), after=accepted, score=score)
    notices = [replace(make.handoff_message(via), state=MessageState.SENT) for via in Via]
    moved = replace(asked, moved=[make.moved(Stage.DISQUALIFIED, origin=Stage.SQL)])
    assert 0 < hand_over(moved, Kept(notices)).writes <= handoff.MOST_WRITES
    assert hand_over(entering(Stage.SQL)).writes <= handoff.MOST_WRITES


# --- what sales is notified about -----------------------------------------------------------------

BARRED = worth(disqualifiers=["competitor", "bad-fit"])
ASKING = seen(demo_request=[0])
HOPELESS = worth(ASKING, fit=-16)


def notified(lead: Lead, score: Any, before: Lead | None = None) -> list[str]:
    one = situation(before=before or lead, after=lead, score=score)
    return [each.rule or each.about.value for each in notifications(one)]


def tell(lead: Lead, *rules: str) -> Lead:
    cycle = lead.standing.cycle
    each = [Notified(cycle, DISQUALIFIED, rule) for rule in rules]
    return carry_out(lead, Plan(notified=each or [Notified(cycle, REQUEST)]))


@pytest.mark.parametrize("stage", [Stage.ACCEPTED, Stage.OPPORTUNITY])
def test_the_owner_is_warned_of_each_disqualifying_rule_once(stage: Stage) -> None:
    accepted = make.lead(standing=standing(stage, cycle=2))
    assert notified(accepted, BARRED) == ["competitor", "bad-fit"]
    warned = tell(accepted, "competitor")
    assert warned.notified == (Notified(2, DISQUALIFIED, "competitor"),)
    assert notified(warned, BARRED) == ["bad-fit"]
    assert notified(tell(warned, "bad-fit"), BARRED) == []
    again = replace(warned, standing=replace(warned.standing, cycle=3))
    assert notified(again, BARRED) == ["competitor", "bad-fit"]
    assert tell(again, "bad-fit").notified == (Notified(3, DISQUALIFIED, "bad-fit"),)


def test_further_rules_are_announced_by_the_next_decision() -> None:
    rules = [f"rule-{number}" for number in range(WARNINGS_MAX + 2)]
    accepted = make.lead(standing=standing(Stage.ACCEPTED))
    first = notified(accepted, worth(disqualifiers=rules))
    assert first == rules[:WARNINGS_MAX]
    assert notified(tell(accepted, *first), worth(disqualifiers=rules)) == rules[-2:]


def test_a_rule_set_aside_warns_nobody() -> None:
    lead = make.lead(standing=standing(Stage.ACCEPTED, overrides=("competitor",)))
    assert notified(lead, BARRED) == ["bad-fit"]


def test_rule_1_the_team_hears_of_a_request_once_a_day() -> None:
    lead = make.lead(tally=ASKING)
    today = HOPELESS.day.isoformat()
    assert notified(lead, HOPELESS) == [today]
    assert notified(tell(lead), HOPELESS) == []
    twice = make.lead(tally=seen(demo_request={0: 2}), notified=tell(lead).notified)
    assert notified(twice, HOPELESS, before=lead) == [today]
    said = carry_out(twice, Plan(notified=[Notified(1, REQUEST, today)]))
    assert said.notified == (Notified(1, REQUEST, today),)
    assert notified(said, HOPELESS, before=lead) == []
    assert notified(make.lead(), worth()) == []


@pytest.mark.parametrize("cause", [Cause.PUBLISH, Cause.IMPORT, Cause.MERGE, Cause.SILENT])
def test_rule_9_floods_and_merges_announce_nothing(cause: Cause) -> None:
    lead = make.lead(tally=ASKING)
    assert notifications(situation(lead=lead, score=HOPELESS, cause=cause)) == ()


def test_a_rule_named_request_is_not_a_request() -> None:
    """A disqualifying rule named `request` told the team of a request that nobody sent, and its
    owner of nothing.
    """
    accepted = make.lead(standing=standing(Stage.ACCEPTED, owner="sam"))
    one = situation(lead=accepted, score=worth(disqualifiers=["request"]))
    assert keys_of(hand_over(one)) == ["warning#1#request"]


def test_a_request_of_an_unfit_lead_goes_to_the_team() -> None:
    lead = make.lead(version=7, standing=standing(Stage.LEAD, cycle=2), tally=ASKING)
    (triage,) = hand_over(situation(lead=lead, score=HOPELESS)).messages
    assert (str(triage.key), triage.about) == ("triage#2#sns", 7)


# --- a handoff that ends without an answer --------------------------------------------------------


def gone(target: Stage, actor: Actor, origin: Stage = Stage.SQL) -> Situation:
    moved = make.moved(target, origin=origin, actor=actor)
    before = make.lead(standing=standing(origin))
    return situation(before=before, after=make.lead(standing=standing(target)), moved=[moved])


@pytest.mark.parametrize(
    ("target", "actor", "over"),
    [
        (Stage.LEAD, Actor.PERSON, True),
        (Stage.MQL, Actor.PERSON, True),
        (Stage.DISQUALIFIED, Actor.MODEL, True),
        (Stage.DISQUALIFIED, Actor.PERSON, False),  # the rest are verdicts
        (Stage.ACCEPTED, Actor.PERSON, False),
        (Stage.RECYCLED, Actor.PERSON, False),
        (Stage.CUSTOMER, Actor.PERSON, False),
    ],
)
def test_a_handoff_ends_unanswered_by_model_or_retraction(
    target: Stage, actor: Actor, *, over: bool
) -> None:
    one = gone(target, actor)
    assert is_over_unanswered(one) == over
    waiting = make.handoff_message()
    sent = replace(make.handoff_message(Via.SNS), state=MessageState.SENT)
    plan = hand_over(one, Kept([waiting, sent]))
    assert plan.changed == [(waiting, cancelled(waiting))]
    assert keys_of(plan) == (["correction#1#sns"] if over else [])


def test_a_lead_never_in_sales_has_nothing_to_take_back() -> None:
    sent = replace(make.handoff_message(), state=MessageState.SENT)
    assert hand_over(gone(Stage.LEAD, Actor.MODEL, Stage.MQL), Kept([sent])).writes == 0
    with_sales = make.lead(standing=standing(Stage.SQL))
    assert hand_over(situation(lead=with_sales), Kept([sent])).writes == 0


def test_the_notices_are_those_of_the_handoffs_cycle() -> None:
    """A merge had raised the cycle since, and nobody was corrected."""
    kept = Kept([], [make.recorded(transition=make.transition(Stage.SQL, cycle=1))])
    one = gone(Stage.LEAD, Actor.MODEL)
    before = replace(one.before, standing=replace(one.before.standing, cycle=5))
    hand_over(replace(one, before=before), kept)
    assert kept.cycle == 1
