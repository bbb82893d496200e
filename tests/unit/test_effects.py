"""What a decision wants: emails, a handoff, a word to sales; and when it tells nobody."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from chalicelib.delivery.outbox import OutboxMessage
from chalicelib.errors import AlreadyPlannedError
from chalicelib.handoff.plan import Handoff, HandoffState
from chalicelib.leads.lead import Decision, Lead
from chalicelib.lifecycle.stages import Actor, Stage, Standing
from chalicelib.qualify import effects
from chalicelib.qualify.effects import ASKED, Cause, Change, Documents, Moved
from tests import factories as make
from tests.factories import profile, seen, standing, worth
from tests.fakes import NOW

MODEL = make.model()
SAM = {"id": "sam", "name": "Sam", "email": "sam@keybook.example", "phone": "+4930901821"}
WELCOME = {
    "id": "welcome",
    "enter": {"stage": ["mql"]},
    "steps": [{"id": "1", "wait": "0d", "email": "hello"}],
}
DOCUMENTS = Documents([WELCOME], {"people": [SAM]})


def keys_of(outbox: Sequence[OutboxMessage]) -> list[str]:
    return sorted(str(message.key) for message in outbox)


# --- entering a stage -----------------------------------------------------------------------------


def entering(
    target: Stage, cause: Cause = Cause.NEWS, origin: Stage = Stage.LEAD, **lead: Any
) -> Change:
    moved = make.moved(
        target, origin=origin, kind="requested" if target is Stage.SQL else None, cycle=2
    )
    return effects.entering(moved, make.lead(profile=profile(), **lead), DOCUMENTS, cause)


def test_who_enters_sql_is_handed_to_sales() -> None:
    change = entering(Stage.SQL)
    assert keys_of(change.outbox) == ["handoff#2#email", "handoff#2#sms", "handoff#2#sns"]
    assert change.handoff == Handoff(cycle=2, owner="sam", kind="requested", created_at=NOW)


def test_who_enters_mql_is_written_to() -> None:
    change = entering(Stage.MQL)
    assert (keys_of(change.outbox), change.handoff) == (["nurture#2#welcome#1"], None)
    assert [message.to for message in change.outbox] == ["ann@acme.example"]


def test_who_falls_back_from_sales_had_the_emails_before() -> None:
    assert entering(Stage.MQL, origin=Stage.SQL) == Change()


@pytest.mark.parametrize("cause", [Cause.PUBLISH, Cause.IMPORT])
def test_rule_9_a_handoff_of_a_flood_is_held_and_tells_nobody(cause: Cause) -> None:
    change = entering(Stage.SQL, cause)
    assert change.outbox == []
    assert change.handoff is not None
    assert (change.handoff.state, change.handoff.owner) == (HandoffState.HELD, "sam")


def test_rule_9_an_import_sends_no_emails() -> None:
    assert entering(Stage.MQL, Cause.IMPORT) == Change()


@pytest.mark.parametrize("target", [Stage.SQL, Stage.MQL])
def test_where_nobody_is_to_be_told_nothing_is_planned(target: Stage) -> None:
    assert entering(target, Cause.SILENT) == Change()


@pytest.mark.parametrize("target", [Stage.LEAD, Stage.DISQUALIFIED, Stage.CUSTOMER])
def test_other_stages_want_nothing(target: Stage) -> None:
    assert entering(target, origin=Stage.MQL) == Change(outbox=[])


def test_the_lead_belongs_to_whom_it_was_handed_to() -> None:
    handoff = entering(Stage.SQL).handoff
    assert effects.owned(make.lead(), handoff).standing.owner == "sam"
    kims = make.lead(standing=Standing(owner="kim"))
    assert effects.owned(kims, None) == kims
    assert (
        effects.owned(kims, Handoff(cycle=1, owner=None, kind="inferred", created_at=NOW)) == kims
    )


def test_each_transition_of_a_decision_makes_a_version_of_its_own() -> None:
    steps = (make.transition(Stage.LEAD, Stage.DISQUALIFIED), make.transition(Stage.SQL))
    found = effects.moves(make.lead(version=4), Decision(make.lead(), worth(), steps), NOW)
    assert [(one.transition, one.version, one.at) for one in found] == [
        (steps[0], 5, NOW),
        (steps[1], 6, NOW),
    ]


def test_what_was_planned_before_is_left_out_and_the_rest_stays() -> None:
    whole = replace(entering(Stage.SQL), moved=[make.moved()])
    rest = whole.without(AlreadyPlannedError(["handoff#2#email"], handoff=True))
    assert (keys_of(rest.outbox), rest.handoff, rest.moved) == (
        ["handoff#2#sms", "handoff#2#sns"],
        None,
        whole.moved,
    )


# --- a word to sales ------------------------------------------------------------------------------

BARRED = worth(disqualifiers=["competitor", "bad-fit"])
ASKING = seen(demo_request=[0])
HOPELESS = worth(ASKING, fit=-16)


def words(lead: Lead, score: Any, before: Lead | None = None) -> tuple[str, ...]:
    return effects.wants_word(MODEL, before or lead, lead, score)


@pytest.mark.parametrize("stage", [Stage.ACCEPTED, Stage.OPPORTUNITY])
def test_the_owner_is_warned_of_each_rule_that_disqualifies_once_in_a_cycle(stage: Stage) -> None:
    accepted = make.lead(standing=standing(stage, cycle=2))
    assert words(accepted, BARRED) == ("competitor", "bad-fit")
    warned = effects.told(accepted, ["competitor"])
    assert warned.warned == ("2#competitor",)
    assert words(warned, BARRED) == ("bad-fit",)
    assert words(effects.told(warned, ["bad-fit"]), BARRED) == ()
    again = replace(warned, standing=replace(warned.standing, cycle=3))
    assert words(again, BARRED) == ("competitor", "bad-fit")
    assert effects.told(again, ["bad-fit"]).warned == ("3#bad-fit",)


def test_of_a_rule_that_a_person_set_aside_nobody_is_warned() -> None:
    assert words(
        make.lead(standing=standing(Stage.ACCEPTED, overrides=("competitor",))), BARRED
    ) == ("bad-fit",)


def test_rule_1_the_team_hears_of_a_request_once_in_a_cycle() -> None:
    lead = make.lead(tally=ASKING)
    assert words(lead, HOPELESS) == (ASKED,)
    assert words(effects.told(lead, [ASKED]), HOPELESS) == ()
    assert words(make.lead(), worth()) == ()


def test_a_rule_whatever_its_name_is_no_request() -> None:
    """A disqualifying rule named `request` told the team of a request that nobody sent, and its
    owner of nothing.
    """
    accepted = make.lead(standing=standing(Stage.ACCEPTED, owner="sam"))
    named = words(accepted, worth(disqualifiers=["request"]))
    assert keys_of(effects.words_to_sales(named, accepted, DOCUMENTS, NOW)) == ["warning#1#request"]


def test_each_word_is_a_message_to_those_whom_it_concerns() -> None:
    lead = make.lead(version=7, standing=standing(Stage.LEAD, cycle=2))
    (triage,) = effects.words_to_sales([ASKED], lead, DOCUMENTS, NOW)
    assert (str(triage.key), triage.about) == ("triage#2#sns", 7)
    assert effects.words_to_sales([], lead, DOCUMENTS, NOW) == []


# --- a handoff that is over without an answer -----------------------------------------------------


def gone(target: Stage, actor: Actor, origin: Stage = Stage.SQL) -> bool:
    moved: list[Moved] = [make.moved(target, origin=origin, actor=actor)]
    return effects.leaves_sales(make.lead(standing=standing(origin)), moved)


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
def test_a_handoff_is_over_when_the_model_or_a_retraction_ends_it(
    target: Stage, actor: Actor, *, over: bool
) -> None:
    assert gone(target, actor) == over


def test_who_was_not_with_sales_does_not_leave_them() -> None:
    assert not gone(Stage.LEAD, Actor.MODEL, Stage.MQL)
    assert not effects.leaves_sales(make.lead(standing=standing(Stage.SQL)), [])
