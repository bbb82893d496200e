"""What a marketer may write and probably does not mean: the model is stored, and its author is
warned.
"""

from copy import deepcopy
from typing import Any

import pytest

from chalicelib.authoring.fact_warnings import KEPT_AS
from chalicelib.authoring.format import check, load
from chalicelib.authoring.shape import ModelDocument
from chalicelib.authoring.stage_warnings import STAGE_CHECKS
from chalicelib.authoring.warnings import WARNING_CHECKS
from chalicelib.capture.field_names import known_name
from chalicelib.document import parse_document
from chalicelib.errors import FieldError
from chalicelib.scoring.compile import compile_model
from tests import behaviour_mistakes
from tests.baton import model_document
from tests.mistakes import Mistake, at, changed, edited, told, warned


def another_way(stage: str, **way: Any) -> Any:
    """An edit: one more way into a stage, at the end."""
    return lambda document: document["stages"][stage]["any"].append(way)


def without_requests(document: Any) -> None:
    """Only what people did decides, and their requests wake nobody."""
    ways = document["stages"]["sql"]["any"]
    document["stages"]["sql"]["any"] = [way for way in ways if way["kind"] == "inferred"]
    document["recycle"]["wakes"] = []


def cooled_by(**bounds: float) -> Any:
    """An edit: the bounds of cooling."""
    return lambda document: document["stages"]["mql"].update(cool_below=bounds)


def tiers(*given: dict[str, Any]) -> Any:
    """An edit: the size gets these tiers, each worth 10 points and 5 the last, so that fit stays
    what it was.
    """
    points = [10] * (len(given) - 1) + [5]
    rated = [{**tier, "points": worth} for tier, worth in zip(given, points, strict=True)]
    return at("rules", "profile", "size", tiers=rated)


SECOND_TIER = (
    "rules.profile.size.tiers.1: never counts, because tiers.0 comes first and matches whenever"
    " it does; swap them or remove one"
)

MISTAKES = [
    Mistake(
        "I made a signal and no use of it",
        "signal_unread",
        at("signals", **{"docs-page": {"on": "page", "where": {"path": ["/docs/*"]}}}),
        "signals.docs-page: no rule, way in or wake uses it; use it or remove it",
    ),
    Mistake(
        "I thought that an email we send ends the silence",
        "silence_ended_by_others",
        lambda document: (
            document["signals"].update(sent={"on": "mail", "event": "delivered"}),
            document["rules"]["undesirables"].update(
                quiet={"silence": {"days": 14, "points": -5, "signals": ["sent"]}}
            ),
        ),
        "rules.undesirables.quiet.silence.signals: 'sent' happens without the person, so an email"
        " of ours would end their silence; name what they do, or write any",
    ),
    Mistake(
        "I forgot the slash of a path",
        "path_without_slash",
        at("signals", "blog", where={"path": ["/blog/*", "resources/*"]}),
        "signals.blog.where.path: 'resources/*' matches no page, because a path begins with /; put"
        " it first",
    ),
    Mistake(
        "I wrote our domain as it stands in an address",
        "domain_with_at",
        at("internal", email_domain=["@keybook.example"]),
        "internal.email_domain: '@keybook.example' matches nobody, because a domain has no @; write"
        " keybook.example",
    ),
    Mistake(
        "I wrote a competitor's domain with its @",
        "domain_with_at",
        at("rules", "undesirables", "competitor", matches=["rival.example", "*@rival.example"]),
        "rules.undesirables.competitor: '*@rival.example' matches nobody, because a domain has no"
        " @; write rival.example",
    ),
    Mistake(
        "I wrote a star where whole titles are compared",
        "star_in_a_value",
        lambda document: document["rules"]["profile"].update(
            lead={"field": "job_title", "equals": ["*director*", "owner"], "points": 1}
        ),
        "rules.profile.lead: '*director*' is compared as it stands, star included; write matches:"
        " ['*director*'], or words",
    ),
    Mistake(
        "I wrote a star in a list of interests that we do not want",
        "star_in_a_value",
        lambda document: document["rules"]["profile"].update(
            lead={"field": "interests", "not": {"contains": "crm*"}, "points": 1}
        ),
        "rules.profile.lead: 'crm*' is compared as it stands, star included; write matches:"
        " ['crm*'], or words",
    ),
    Mistake(
        "I wrote several words into one text",
        "list_as_a_phrase",
        lambda document: document["rules"]["profile"].update(
            lead={"field": "job_title", "words": "vp, head of", "points": 1}
        ),
        "rules.profile.lead.words: 'vp, head of' is one phrase, with its words in this order; if"
        " any of them will do, write a list: [vp, head of]",
    ),
    Mistake(
        "I wrote a question mark for one character",
        "question_mark_in_a_pattern",
        lambda document: document["rules"]["profile"].update(
            chief={"field": "job_title", "words": ["c?o"], "points": 1}
        ),
        "rules.profile.chief: the ? of 'c?o' stands for nothing; write c*o, or list the spellings",
    ),
    Mistake(
        "I named the field as our form does",
        "name_of_a_form",
        lambda document: document["rules"]["profile"].update(
            large={"field": "employees", "at_least": 500, "points": 1}
        ),
        "rules.profile.large.field: is never given, because employees is kept as company_size; use"
        " field: company_size",
    ),
    Mistake(
        "I gave points for the medium, and did not say of which visit",
        "touch_forgotten",
        lambda document: document["rules"]["profile"].update(
            paid={"field": "medium", "equals": "cpc", "points": 1}
        ),
        "rules.profile.paid.field: reads a field medium of the profile; for where they came from,"
        " add touch: first",
    ),
    Mistake(
        "I disqualify the small ones by a rule that has points for the others",
        "everybody_disqualified",
        lambda document: document["rules"]["profile"].update(
            staff={
                "field": "workers",
                "tiers": [{"below": 5, "points": -5}, {"else": True, "points": 1}],
                "disqualify": True,
            }
        ),
        "rules.profile.staff.disqualify: disqualifies everybody, because one of the tiers always"
        " matches; disqualify by a rule of its own, without tiers",
    ),
    Mistake(
        "I let a star stand for our domain",
        "everybody_internal",
        at("internal", email_domain=["*"]),
        "internal.email_domain: '*' matches everybody, so nobody is scored; name your own domains",
    ),
    Mistake(
        "I put the wide tier before the narrow one",
        "tier_hidden",
        tiers({"between": [20, 5000]}, {"between": [50, 1000]}),
        SECOND_TIER,
    ),
    Mistake(
        "I look for free mail in the whole address, as one of two facts",
        "list_of_another_field",
        lambda document: document["rules"]["profile"].update(
            both={
                "all": [
                    {"field": "email", "not": {"in_list": "free_mail"}},
                    {"field": "country", "equals": "DE"},
                ],
                "points": 1,
            }
        ),
        "rules.profile.both.all.0.field: email is never in the list free_mail; use field:"
        " email_domain",
    ),
    Mistake(
        "I look for free mail in the whole address",
        "list_of_another_field",
        at("rules", "undesirables", "free-mail", field="email"),
        "rules.undesirables.free-mail.field: email is never in the list free_mail; use field: "
        "email_domain",
    ),
    Mistake(
        "I look for titles in the industry",
        "list_of_another_field",
        at("rules", "profile", "seniority", field="industry"),
        "rules.profile.seniority.field: industry is never in the list assistant_titles; use field:"
        " job_title",
    ),
    Mistake(
        "I forgot the minus",
        "good_undesirable",
        at("rules", "undesirables", "tiny", points=8),
        "rules.undesirables.tiny: speaks against a lead, but gives 8 points; write -8, or move it",
    ),
    Mistake(
        "I limit a rule to less than one download",
        "limit_below_one",
        at("rules", "actions", "guide-download", max_points=8),
        "rules.actions.guide-download.max_points: a single occurrence is worth 12, but at most 8 "
        "count; "
        "raise it or lower points",
    ),
    Mistake(
        "I limit per day what counts each guide once",
        "per_day_of_distinct",
        at("rules", "actions", "guide-download", per_day=2),
        "rules.actions.guide-download.per_day: does not apply, because guide-download counts each"
        " asset once; remove it",
    ),
    Mistake(
        "I forgot the half-life",
        "never_fades",
        lambda document: document["rules"]["actions"]["blog"].pop("half_life_days"),
        "rules: actions.blog never fades, so it keeps a lead warm for more than a year; add"
        " half_life_days",
    ),
    Mistake(
        "I let points stay for ever",
        "never_fades",
        lambda document: [
            document["rules"]["actions"][key].pop("half_life_days")
            for key in ("blog", "pricing-page")
        ],
        "rules: actions.blog, actions.pricing-page never fade, so they keep a lead warm for more"
        " than a year; add half_life_days",
    ),
    Mistake(
        "I made a group and gave it no rule",
        "group_without_rules",
        at("groups", loyalty={"max": 0, "min": 0}),
        "groups.loyalty: no rule gives it points, so only points by hand do; name it as the group"
        " of a rule, or remove it",
    ),
    Mistake(
        "I ask for more facts than there are rules of fit",
        "too_many_needed_for_a_grade",
        at(grade_needs=13),
        "grade_needs: requires 13 rules of fit, but there are 12, so every grade is –; lower it",
    ),
    Mistake(
        "I ask for more fit than there is",
        "grade_out_of_reach",
        at("grades", A=45),
        "grades.A: nobody gets it, because fit is at most 40; lower it or add rules",
    ),
    Mistake(
        "I ask for more points than there are",
        "band_out_of_reach",
        at(bands={"hot": 200, "warm": 25}),
        "bands.hot: nobody gets it, because score is at most 100; lower it or add rules",
    ),
    Mistake(
        "I ask for more points of a product than there are",
        "band_out_of_reach",
        at(scores={"keyboards": {"groups": ["fit"], "bands": {"ready": 60}}}),
        "scores.keyboards.bands.ready: nobody gets it, because keyboards is at most 40; lower it or"
        " add rules",
    ),
    Mistake(
        "I took a group out of the score and put it nowhere",
        "counts_nowhere",
        at("groups", "channel", in_total=False),
        "groups.channel.in_total: leaves its points out of everything; name it in a score, a sum or"
        " a way in, or remove in_total",
    ),
    Mistake(
        "I forgot to say what cools",
        "never_cools",
        lambda document: document["stages"]["mql"].pop("cool_below"),
        "stages.mql.cool_below: is missing, so an MQL never cools; say below which values of"
        " behaviour it does",
    ),
    Mistake(
        "I let leads cool below the least that there is",
        "cools_nobody",
        cooled_by(engagement=-10),
        "stages.mql.cool_below.engagement: no lead is below -10, so an MQL never cools; raise it",
    ),
    Mistake(
        "I let leads cool by their score",
        "cools_by_what_stays",
        at("stages", "mql", cool_below={"activity": 5, "score": 20}),
        "stages.mql.cool_below.score: rests on channel and fit, and facts do not fade with time; "
        "use values of behaviour only",
    ),
    Mistake(
        "I added a way in that asks for more than another",
        "way_covered",
        another_way("mql", fit=25, engagement=16),
        "stages.mql.any.5: a lead that meets it also meets stages.mql.any.3; remove it, or "
        "require less",
    ),
    Mistake(
        "I have no way in for those who ask",
        "no_request",
        without_requests,
        "stages.sql.any: no way in has kind: requested, so a lead that asks to be contacted waits"
        " like any other; add one",
    ),
    Mistake(
        "I want a demo request to have a score as well",
        "request_held_up",
        at("stages", "sql", "any", 0, score=40),
        "stages.sql.any.0.score: holds back a request, and only fit may do that; remove it",
    ),
    Mistake(
        "I wait for a second demo request",
        "request_to_be_repeated",
        at("stages", "sql", "any", 0, days=2),
        "stages.sql.any.0.days: requires a request on 2 days before it counts; remove it",
    ),
    Mistake(
        "I forgot a request among the wakes",
        "request_that_wakes_nobody",
        lambda document: document["recycle"]["wakes"].remove("trial-start"),
        "recycle.wakes: 'trial-start' is a request, but a resting lead that makes it is not "
        "heard; add it",
    ),
    Mistake(
        "I wake a lead by what leads nowhere",
        "wake_to_nowhere",
        lambda document: document["recycle"]["wakes"].append("blog"),
        "recycle.wakes: 'blog' opens no way into sql; add one to stages.sql, or remove it",
    ),
    Mistake(
        "I gave days to a reason that nobody gives",
        "rest_without_reason",
        at("recycle", too_expensive=60),
        "recycle.too_expensive: nobody gives this reason; the reasons are not_ready, no_budget,"
        " wrong_person, unreachable, other, lost_price, lost_competitor, lost_no_decision, churned",
    ),
    Mistake(
        "I forgot how long a lead without a budget rests",
        "reason_without_rest",
        lambda document: document["recycle"].pop("no_budget"),
        "recycle: has no days for no_budget, so a lead that sales returns for one of them rests"
        " for 30 days, as for other; add theirs",
    ),
    Mistake(
        "I did not say how long anybody rests",
        "reason_without_rest",
        lambda document: document.update(recycle={"wakes": document["recycle"]["wakes"]}),
        "recycle: has no days for not_ready, no_budget, wrong_person, unreachable, other,"
        " lost_price, lost_competitor, lost_no_decision, so a lead that sales returns for one of"
        " them rests for 30 days, as for other; add theirs",
    ),
    Mistake(
        "I score opened emails",
        "signal_never_recorded",
        at("signals", "email-click", event=["clicked", "opened"]),
        "signals.email-click.event: 'opened' never counts, because nothing records it of an email"
        " (opens are not measured); use delivered, clicked, answered, replied, bounced, complained,"
        " unsubscribed, chose, confirmed, or remove it",
    ),
    Mistake(
        "I take points for a lost deal",
        "signal_never_recorded",
        at("signals", "mail-reply", on="sales", event="lost"),
        "signals.mail-reply.on: never counts, because what sales does is not recorded as an event:"
        " verdicts and outcomes move the stage; remove it",
    ),
    Mistake(
        "I call a hard bounce a permanent one",
        "property_never_recorded",
        at("signals", "hard-bounce", where={"kind": ["permanent"]}),
        "signals.hard-bounce.where.kind: never counts, because nothing like it is recorded of such"
        " an email: a bounce has the kind hard, soft or content, and each has the sequence, step,"
        " email and message that it is about; remove it",
    ),
    Mistake(
        "I ask for the campaign of a delivered email",
        "property_never_recorded",
        at("signals", "email-delivered", where={"campaign": ["spring*"]}),
        "signals.email-delivered.where.campaign: never counts, because nothing like it is recorded"
        " of such an email: a bounce has the kind hard, soft or content, and each has the"
        " sequence, step, email and message that it is about; remove it",
    ),
    Mistake(
        "I gave an example an opened email",
        "example_never_recorded",
        lambda document: document["examples"][0]["given"]["events"].append(
            {"mail": "Opened", "days_ago": 0}
        ),
        "examples.0.given.events.3.mail: 'Opened' never counts, because nothing records it of an"
        " email (opens are not measured); use delivered, clicked, answered, replied, bounced,"
        " complained, unsubscribed, chose, confirmed, or remove it",
    ),
    *behaviour_mistakes.WARNED,
]


def by_check(document: Any, name: str) -> str:
    """What one check says of a document."""
    written, model = parse_document(ModelDocument, document), compile_model(document, 1)
    found: list[FieldError] = []
    found += [line for one in WARNING_CHECKS if one.__name__ == name for line in one(written)]
    found += [line for one in STAGE_CHECKS if one.__name__ == name for line in one(model)]
    return "; ".join(map(str, found))


@told(MISTAKES)
def test_a_model_is_stored_with_a_warning(mistake: Mistake) -> None:
    assert warned(mistake.document) == mistake.says
    assert by_check(mistake.document, mistake.check) == mistake.says


def test_every_warning_has_its_mistake() -> None:
    checks = (*WARNING_CHECKS, *STAGE_CHECKS)
    assert {mistake.check for mistake in MISTAKES} == {one.__name__ for one in checks}


def test_the_default_model_has_nothing_to_warn_of() -> None:
    assert check(model_document()) == []


def test_a_group_may_be_for_points_by_hand() -> None:
    document = edited(at("groups", review={"max": 30, "min": 0, "in_total": False}))
    document["sums"]["reviewed"] = ["fit", "review"]
    assert "groups.review: no rule gives it points" in warned(document)
    document["examples"][0]["given"]["points"] = [{"points": 30, "group": "review"}]
    assert warned(document) == ""


def test_a_list_of_competitors_may_be_empty() -> None:
    assert warned(changed("rules", "undesirables", "competitor", matches=[])) == ""


def test_a_warning_keeps_nobody_from_loading_a_model() -> None:
    assert load(MISTAKES[0].document, 3).version == 3


def test_a_customer_who_left_need_not_rest() -> None:
    assert "churned" not in model_document()["recycle"]
    assert warned(changed("recycle", churned=90)) == ""


# --- tiers ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "given",
    [
        ({"between": [20, 5000]}, {"between": [20, 5000]}),
        (
            {"matches": ["*manager*", "head of *"]},
            {"matches": ["product manager", "head of sales*"]},
        ),
        ({"matches": ["*chief*"]}, {"equals": ["Chief of Staff", "CHIEF"]}),
        ({"equals": ["DE", "at"]}, {"equals": "AT"}),
        ({"equals": [7, True]}, {"equals": ["7", "true"]}),
        ({"present": True}, {"equals": "DE"}),
        ({"present": True}, {"matches": ["*"]}),
        ({"absent": True}, {"absent": True}),
        ({"in_list": "role"}, {"in_list": "role"}),
        ({"at_least": 50}, {"at_least": 500}),
        ({"at_least": 50}, {"between": [50, 60]}),
        ({"below": 50}, {"below": 20}),
        ({"below": 50}, {"between": [1, 49]}),
        ({"words": ["VP", "head of"]}, {"words": "Head of"}),
        ({"contains": ["crm", "erp"]}, {"contains": "CRM"}),
        ({"next_days": 90}, {"next_days": 30}),
        ({"last_days": 90}, {"last_days": 90}),
        ({"not": ["DE"]}, {"not": ["DE"]}),
        ({"present": True}, {"not": ["DE"]}),
    ],
)
def test_a_tier_behind_a_wider_one_never_counts(
    given: tuple[dict[str, Any], ...],
) -> None:
    assert by_check(edited(tiers(*given)), "tier_hidden") == SECOND_TIER


@pytest.mark.parametrize(
    "given",
    [
        ({"between": [50, 1000]}, {"between": [20, 5000]}),
        ({"matches": ["head of *"]}, {"matches": ["head of sales", "vp *"]}),
        ({"matches": ["product manager"]}, {"matches": ["*manager*"]}),
        ({"matches": []}, {"matches": []}),
        ({"matches": ["*"]}, {"matches": []}),
        ({"equals": ["DE"]}, {"equals": ["DE", "AT"]}),
        ({"equals": []}, {"equals": []}),
        ({"equals": ["DE"]}, {"between": [1, 2]}),
        ({"present": True}, {"absent": True}),
        ({"absent": True}, {"present": True}),
        ({"in_list": "role"}, {"in_list": "free_mail"}),
        ({"between": [1, 9]}, {"equals": 5}),
        ({"at_least": 500}, {"at_least": 50}),
        ({"at_least": 50}, {"below": 500}),
        ({"below": 50}, {"between": [1, 50]}),
        ({"between": [1, 50]}, {"below": 50}),
        ({"words": ["vp"]}, {"words": ["vp", "head of"]}),
        ({"contains": ["crm"]}, {"contains": ["crm", "erp"]}),
        ({"next_days": 30}, {"next_days": 90}),
        ({"next_days": 30}, {"last_days": 30}),
        ({"not": ["DE"]}, {"equals": "AT"}),
        ({"present": True}, {"else": True}),
    ],
)
def test_a_tier_that_may_hold_alone_is_not_warned_of(given: tuple[dict[str, Any], ...]) -> None:
    assert by_check(edited(tiers(*given)), "tier_hidden") == ""


# --- ways in --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stage", "way", "other"),
    [
        ("mql", {"score": 50, "fit": 0, "activity": 12}, 0),
        ("mql", {"signal": "blog", "fit": 20, "engagement": 14}, 3),
        (
            "mql",
            {"signal": "guide-download", "days": 2, "within_days": 7, "fit": 25, "activity": 8},
            1,
        ),
        (
            "sql",
            {
                "signal": "demo-request",
                "within_days": 7,
                "fit": 20,
                "intent": 15,
                "kind": "inferred",
            },
            0,
        ),
        ("sql", {"score": 75, "fit": 20, "intent": 15}, 4),
    ],
)
def test_a_way_that_lets_nobody_in_is_covered(stage: str, way: dict[str, Any], other: int) -> None:
    document = edited(another_way(stage, **way))
    last = len(document["stages"][stage]["any"]) - 1
    assert (
        warned(document) == f"stages.{stage}.any.{last}: a lead that meets it also meets"
        f" stages.{stage}.any.{other}; remove it, or require less"
    )


def test_of_two_equal_ways_the_later_is_named() -> None:
    document = deepcopy(model_document())
    document["stages"]["mql"]["any"].append(dict(document["stages"]["mql"]["any"][0]))
    assert warned(document).startswith(
        "stages.mql.any.5: a lead that meets it also meets stages.mql.any.0"
    )


@pytest.mark.parametrize(
    ("stage", "way"),
    [
        ("mql", {"fit": 19, "engagement": 16}),
        ("mql", {"signal": "guide-download", "within_days": 31, "fit": 20, "activity": 8}),
        ("mql", {"signal": "blog", "within_days": 30, "fit": 20, "activity": 8}),
        ("sql", {"signal": "demo-request", "within_days": 15, "fit": -15, "kind": "requested"}),
        ("sql", {"signal": "contact-request", "within_days": 30, "fit": 0, "kind": "requested"}),
    ],
)
def test_a_way_that_lets_others_in_earns_no_warning(stage: str, way: dict[str, Any]) -> None:
    document = edited(another_way(stage, **way))
    last = len(document["stages"][stage]["any"]) - 1
    assert f"stages.{stage}.any.{last}: a lead that meets it" not in warned(document)


def test_a_way_without_a_text_does_not_cover_requests() -> None:
    """Whoever asked would be called inferred."""
    way = {"signal": "urgent-need", "score": 70, "fit": 20, "intent": 15, "kind": "requested"}
    assert by_check(edited(another_way("sql", **way)), "way_covered") == ""


def test_names_of_forms_are_kept_as_the_warning_says() -> None:
    assert {name: known_name(name) for name in KEPT_AS} == KEPT_AS
