"""Each mistake that a marketer could make in a model's document, and what is said to it: the path
and the remedy.
"""

import json
from typing import Any

import pytest

from chalicelib.authoring.format import DOCUMENT_CHECKS
from chalicelib.authoring.shape import ModelDocument
from chalicelib.document import parse_document
from tests import behaviour_mistakes
from tests.baton import model_document
from tests.mistakes import Mistake, at, both, changed, refusal, told

FIELD_KEYS = (
    "equals, matches, words, contains, in_list, between, at_least, below, next_days, last_days,"
    " not, present, absent, else, field, touch, tiers, all, points, disqualify, group"
)
LISTS = (
    "'free_mail', 'disposable', 'role', 'senior_titles', 'manager_titles', 'assistant_titles',"
    " 'no_buyer_titles', 'it_titles', 'marketing_titles', 'sales_titles', 'finance_titles',"
    " 'hr_titles', 'procurement_titles', 'consultant_titles', 'software_industries',"
    " 'finance_industries', 'manufacturing_industries' or 'trade_industries'"
)

BOTH: dict[str, Any] = {
    "all": [{"field": "company_size", "at_least": 50}, {"field": "country", "equals": "DE"}],
    "points": 10,
}


@pytest.mark.parametrize(
    ("document", "says"),
    [
        (
            changed(score={}),
            (
                "score: there is no such key; the keys here are name, version, internal, excluded,"
                " signals, rules, groups, sums, scores, bands, grades, grade_needs, stages,"
                " recycle, examples"
            ),
        ),
        (
            changed("rules", "actions", "blog", half_live_days=14),
            (
                "rules.actions.blog.half_live_days: there is no such key; the keys here are signal,"
                " points, tiers, sum, max, half_life_days, floor, within_days, in_one_day, shares,"
                " per_day,"
                " max_points, group"
            ),
        ),
        (
            changed("rules", "undesirables", "free-mail", ponts=-12),
            (
                "rules.undesirables.free-mail.ponts: there is no such key; the keys here are"
                f" {FIELD_KEYS}"
            ),
        ),
        (
            changed("stages", "sql", eny=3),
            "stages.sql.eny: there is no such key; the keys here are any",
        ),
        (
            changed("stages", "mql", "any", 0, sgnal="blog"),
            (
                "stages.mql.any.0.sgnal: there is no such key, and a threshold on score, a group or"
                " a sum is a number from -1,000 to 1,000"
            ),
        ),
        (
            changed("stages", "mql", "any", 0, fit=5_000),
            (
                "stages.mql.any.0.fit: there is no such key, and a threshold on score, a group or a"
                " sum is a number from -1,000 to 1,000"
            ),
        ),
        (
            changed("signals", "blog", on="click"),
            "signals.blog.on: one of 'page', 'track', 'form', 'mail' or 'sales' is needed",
        ),
        (
            changed("signals", "meeting-booked", event=[]),
            (
                "signals.meeting-booked.event: one text or a list of 1 to 1,000 texts is needed,"
                " each of 1 to 200 characters"
            ),
        ),
        (
            changed("signals", "blog", where={"path": "/blog/*"}),
            ('signals.blog.where.path: a list of patterns is needed, for example ["/blog/*"]'),
        ),
        (
            changed("signals", "blog", where={"pages": ">= 5"}),
            (
                "signals.blog.where.pages: numbers are compared by keys, for example {at_least:"
                " 500}; how many pages on one day is in_one_day of a rule"
            ),
        ),
        (
            changed(excluded={"partners": ["partner.example"]}),
            (
                "excluded.partners: keys with their values are needed, for example"
                " {partners: {field: relation, equals: partner}}"
            ),
        ),
        (
            changed("groups", fit=40),
            ("groups.fit: keys with their values are needed, for example {fit: {max: 40, min: 0}}"),
        ),
        (
            changed("signals", "meeting-booked", where={"value": {"abuv": 500}}),
            (
                "signals.meeting-booked.where.value.abuv: there is no such key; the keys here are"
                " between, at_least, below"
            ),
        ),
        (
            changed("signals", "meeting-booked", where={"value": {"at_least": "500"}}),
            "signals.meeting-booked.where.value.at_least: a number is needed, for example 500",
        ),
        (
            changed(
                "signals",
                "meeting-booked",
                where={"value": {"between": [500, 900], "at_least": 700}},
            ),
            "signals.meeting-booked.where.value: has between and another bound; keep one of them",
        ),
        (
            changed("rules", "undesirables", quiet={"silence": {"days": 30, "points": 10}}),
            "rules.undesirables.quiet.silence.points: must be below 0",
        ),
        (
            changed("rules", "undesirables", quiet={"silence": {"days": 400, "points": -9}}),
            "rules.undesirables.quiet.silence.days: must be below 400",
        ),
        (
            changed(
                *("rules", "undesirables"),
                quiet={"silence": {"days": 30, "points": -9, "signals": "login"}},
            ),
            (
                "rules.undesirables.quiet.silence.signals: any or a list of signals is needed, for"
                " example [login]"
            ),
        ),
        (
            changed("rules", "undesirables", quiet={"silence": {"days": 30}, "points": -9}),
            (
                "rules.undesirables.quiet.silence.points: is missing; add it;"
                " rules.undesirables.quiet.points: there is no such key; belongs in the silence:"
                " {days: 30, points: -10, signals: [login]}"
            ),
        ),
        (
            changed("rules", "actions", quiet={"silence": {"days": 30, "points": -9}}),
            (
                "rules.actions.quiet.silence: there is no such key; silence speaks against a lead;"
                " move the rule to rules.undesirables"
            ),
        ),
        (
            changed("signals", "blog", where={"path": []}),
            "signals.blog.where.path: has 0; at least 1 needed",
        ),
        (
            changed("signals", "demo-request", form=["Demo form"]),
            (
                "signals.demo-request.form.0: a form's id has only small letters, digits, - and _,"
                " and * for any run of them; at most 64 characters"
            ),
        ),
        (
            changed("signals", **{"Blog posts": {"on": "page"}}),
            (
                "signals.Blog posts: a name has only small letters, digits, - and _; at most 64"
                " characters"
            ),
        ),
        (
            changed("rules", "actions", "blog", points="12"),
            "rules.actions.blog.points: a number is needed",
        ),
        (
            changed("rules", "actions", "blog", points=2_000),
            "rules.actions.blog.points: must be at most 1,000",
        ),
        (
            changed("rules", "actions", "blog", points=True),
            "rules.actions.blog.points: a number is needed",
        ),
        (
            changed("rules", "actions", "blog", half_life_days=0),
            "rules.actions.blog.half_life_days: must be at least 0.1",
        ),
        (
            changed("rules", "actions", "blog", half_life_days=9_999),
            "rules.actions.blog.half_life_days: must be at most 3,650",
        ),
        (
            changed("rules", "actions", "blog", per_day=0),
            "rules.actions.blog.per_day: must be at least 1",
        ),
        (
            changed("rules", "actions", "blog", per_day=1.5),
            "rules.actions.blog.per_day: a whole number is needed",
        ),
        (
            changed("rules", "actions", "blog", max_points=0),
            "rules.actions.blog.max_points: must be above 0",
        ),
        (
            changed("rules", "profile", "phone", field="Phone number"),
            (
                "rules.profile.phone.field: a field's name has only small letters, digits and _,"
                " for example job_title; at most 64 characters"
            ),
        ),
        (
            changed("rules", "profile", "phone", present=False),
            (
                "rules.profile.phone.present: only true is possible; a field is given (present) or"
                " it is not (absent)"
            ),
        ),
        (
            changed("rules", "profile", "phone", disqualify="yes"),
            "rules.profile.phone.disqualify: true or false is needed",
        ),
        (
            changed("rules", "profile", "size", "tiers", 0, between=[50]),
            (
                "rules.profile.size.tiers.0.between: two numbers are needed, the lowest and the"
                " highest, for example [50, 1000]"
            ),
        ),
        (
            changed("rules", "profile", "country", equals=[["DE"]]),
            (
                "rules.profile.country.equals: a text, a number, true or false is needed, or a list"
                " of at most 1,000 of them"
            ),
        ),
        (
            changed("rules", "undesirables", "free-mail", in_list="freemail"),
            f"rules.undesirables.free-mail.in_list: one of {LISTS} is needed",
        ),
        (changed("groups", fit={"max": 1}), "groups.fit.min: is missing; add it"),
        (
            changed("grades", Z=3),
            "grades.Z: a grade is A, B, C, D or E, by the fit; write steps of the score as `bands`",
        ),
        (changed("stages", "mql", any=[]), "stages.mql.any: has 0; at least 1 needed"),
        (
            changed("stages", "mql", stay_days=-1),
            "stages.mql.stay_days: a whole number of days from 0 to 3,650 is needed",
        ),
        (
            changed("stages", "sql", "any", 0, kind="maybe"),
            "stages.sql.any.0.kind: one of 'requested' or 'inferred' is needed",
        ),
        (
            changed("stages", "sql", "any", 0, within_days=400),
            "stages.sql.any.0.within_days: must be below 400",
        ),
        (
            changed("recycle", wakes="demo-request"),
            "recycle.wakes: a list is needed, for example [demo-request]",
        ),
        (
            changed("recycle", other=4_000),
            "recycle.other: a whole number of days from 0 to 3,650 is needed",
        ),
        (
            changed("recycle", other=["blog"]),
            "recycle.other: a whole number of days from 0 to 3,650 is needed",
        ),
        (changed(name=""), "name: is too short; at least 1 needed"),
        (changed(name=2026), "name: text is needed; put it in quotes if it looks like a number"),
        (changed(name="x" * 201), "name: is too long; at most 200 characters are allowed"),
        (
            changed(name="B2B\n# \x1b[31m"),
            "name: must be one line without control characters; remove them",
        ),
        (
            changed("examples", 0, "expect", grade="Z"),
            "examples.0.expect.grade: one of 'A', 'B', 'C', 'D', 'E', 'F' or '–' is needed",
        ),
        (
            changed("examples", 0, "expect", later=[{"in_days": 0, "stage": "lead"}]),
            "examples.0.expect.later.0.in_days: must be at least 1",
        ),
        (
            changed("examples", 0, "given", profile={"phone": [[1]]}),
            (
                "examples.0.given.profile.phone: a text of at most 5,000 characters, a number, true"
                " or false is needed, a list of them, or a day such as {in_days: 60}"
            ),
        ),
    ],
    ids=lambda given: given.split(":")[0] if isinstance(given, str) else "",
)
def test_a_wrong_value_is_refused_in_words(document: dict[str, Any], says: str) -> None:
    assert refusal(document) == says


MANY = [str(number) for number in range(1_001)]


@pytest.mark.parametrize(
    ("document", "says"),
    [
        (
            changed(signals={one: {"on": "page"} for one in MANY}),
            "signals: has too many; at most 200",
        ),
        (
            changed("rules", actions={one: {"points": 1} for one in MANY}),
            "rules.actions: has too many; at most 200",
        ),
        (
            changed("rules", "profile", "industry", matches=MANY),
            "rules.profile.industry.matches: has too many; at most 1,000",
        ),
        (
            changed("rules", "profile", "size", tiers=[{"present": True, "points": 1}] * 21),
            "rules.profile.size.tiers: has too many; at most 20",
        ),
        (
            changed("stages", "mql", any=[{"score": 50}] * 51),
            "stages.mql.any: has too many; at most 50",
        ),
        (changed("recycle", wakes=MANY), "recycle.wakes: has too many; at most 200"),
        (
            changed(groups={one: {"max": 1, "min": 0} for one in MANY}),
            "groups: has too many; at most 20",
        ),
        (changed(sums={one: ["fit"] for one in MANY}), "sums: has too many; at most 20"),
        (
            changed("internal", email_domain=MANY),
            "internal.email_domain: has too many; at most 1,000",
        ),
        (
            changed(examples=model_document()["examples"][:1] * 501),
            "examples: has too many; at most 500",
        ),
        (
            changed("examples", 0, "given", events=[{"page": "/", "days_ago": 0}] * 201),
            "examples.0.given.events: has too many; at most 200",
        ),
    ],
    ids=lambda given: given.split(":")[0] if isinstance(given, str) else "",
)
def test_everything_has_a_limit(document: dict[str, Any], says: str) -> None:
    assert f"{says} are allowed, so remove some" in refusal(document)


def test_a_name_with_half_a_character_is_unknown() -> None:
    """The check of the size could not encode it, and `make check-model` ended with a traceback."""
    assert refusal(changed("stages", "mql", cool_below={"\ud800": 1})).startswith(
        "stages.mql.cool_below.\ud800: no such"
    )


def test_a_document_too_large_for_its_item_is_refused() -> None:
    long = {
        f"rule-{number}": {"field": "job_title", "matches": ["x" * 200] * 900, "points": 1}
        for number in range(2)
    }
    document = changed("rules", profile=long)
    size = len(json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode())
    assert (
        refusal(document)
        == f"document: has {size:,} bytes, and at most 358,400 fit; shorten lists or examples"
    )


# --- what is refused: parts that make no sense, and names that are not there ----------------------


def rename_the_second_example(document: Any) -> None:
    document["examples"][1]["name"] = document["examples"][0]["name"]


def looked_at_later(document: Any, event: dict[str, Any]) -> None:
    """The first example with one event, and a look at it after three days."""
    document["examples"][0]["given"]["events"] = [event]
    document["examples"][0]["expect"]["later"] = [{"in_days": 3, "stage": "mql"}]


MISTAKES = [
    Mistake(
        "I gave a page an event name",
        "event_on_page",
        at("signals", "blog", event="Viewed Blog"),
        "signals.blog.event: a page view has no event name; use where: {path: [...]}",
    ),
    Mistake(
        "I named the event of a form",
        "event_on_form",
        at("signals", "urgent-need", event="demo"),
        "signals.urgent-need.event: a form is known by its id; use form: [...]",
    ),
    Mistake(
        "I listed forms under tracked events",
        "form_elsewhere",
        at("signals", "meeting-booked", form=["demo"]),
        "signals.meeting-booked.form: only a signal on form has forms; write on: form instead of"
        " track",
    ),
    Mistake(
        "I left the number open",
        "number_of_nothing",
        at("signals", "meeting-booked", where={"value": {}}),
        "signals.meeting-booked.where.value: has nothing to compare with; add between, at_least"
        " or below",
    ),
    Mistake(
        "I swapped the two ends of a price range",
        "number_out_of_range",
        at("signals", "meeting-booked", where={"value": {"at_least": 1_000_000, "below": 500}}),
        "signals.meeting-booked.where.value: no number is from 1,000,000 to 500; correct one of"
        " them",
    ),
    Mistake(
        "I took the name of the event for that of a signal in a silence",
        "silence_of_unknown_signal",
        at(
            *("rules", "undesirables"),
            quiet={"silence": {"days": 14, "points": -5, "signals": ["logged-in"]}},
        ),
        "rules.undesirables.quiet.silence.signals: there is no signal 'logged-in'; add it to"
        " signals, or correct the name",
    ),
    Mistake(
        "I wanted the sum and the largest order in one rule",
        "sum_and_max",
        at("rules", "actions", **{"meeting-booked": {"points": 9, "sum": "value", "max": "value"}}),
        "rules.actions.meeting-booked: has sum and max; keep one, or write two rules",
    ),
    Mistake(
        "I limited the orders of a day, whose money I count",
        "amount_beside_counts",
        at(
            *("rules", "actions"),
            **{"meeting-booked": {"points": 0.1, "sum": "value", "per_day": 2}},
        ),
        "rules.actions.meeting-booked.per_day: counts occurrences, and sum counts numbers; remove"
        " it, or write two rules",
    ),
    Mistake(
        "I summed up a property of guides, each of which counts once",
        "amount_of_distinct",
        at("rules", "actions", **{"guide-download": {"points": 9, "sum": "pages"}}),
        "rules.actions.guide-download.sum: counts every event, and guide-download counts each asset"
        " once; use a signal without distinct",
    ),
    Mistake(
        "I compared a page's path with a number",
        "path_as_number",
        at("signals", "blog", where={"path": {"at_least": 5}}),
        "signals.blog.where.path: a path is not a number; write a list of patterns, for example"
        ' ["/pricing*"]',
    ),
    Mistake(
        "I forgot to say which phone numbers count",
        "no_operator",
        lambda document: document["rules"]["profile"]["phone"].pop("present"),
        "rules.profile.phone: has nothing to compare with; add equals, matches, words, contains,"
        " in_list, between, at_least, below, next_days, last_days, not, present or absent",
    ),
    Mistake(
        "I wrote two operators, and meant both",
        "several_operators",
        at("rules", "profile", "company", matches=["*gmbh"]),
        "rules.profile.company: has matches and present; keep one, or write them as tiers or all",
    ),
    Mistake(
        "I forgot which field it is about",
        "no_field",
        lambda document: document["rules"]["profile"]["phone"].pop("field"),
        "rules.profile.phone.field: is missing; add it, or all with several facts",
    ),
    Mistake(
        "I wrote one of two facts beside the other",
        "all_beside_others",
        lambda document: document["rules"]["profile"].update(both=BOTH | {"field": "country"}),
        "rules.profile.both.field: cannot be combined with all; move it into all, or write a rule"
        " of its own",
    ),
    Mistake(
        "I wrote an operator for both facts",
        "all_beside_others",
        lambda document: document["rules"]["profile"].update(both=BOTH | {"at_least": 5}),
        "rules.profile.both.at_least: cannot be combined with all; move it into all, or write a"
        " rule of its own",
    ),
    Mistake(
        "I left out what one of two facts is compared with",
        "no_operator",
        lambda document: document["rules"]["profile"].update(
            both=BOTH | {"all": [*BOTH["all"], {"field": "phone"}]}
        ),
        "rules.profile.both.all.2: has nothing to compare with; add equals, matches, words,"
        " contains, in_list, between, at_least, below, next_days, last_days, not, present or"
        " absent",
    ),
    Mistake(
        "I ask for a size, a country, and everything else",
        "else_before_the_end",
        lambda document: document["rules"]["profile"].update(
            both=BOTH | {"all": [*BOTH["all"], {"field": "phone", "else": True}]}
        ),
        "rules.profile.both.all.2: is always so; remove it, or write a test",
    ),
    Mistake(
        "I ask where they came from by the page",
        "touch_without_field",
        lambda document: document["rules"]["profile"].update(
            both=BOTH | {"all": [*BOTH["all"], {"touch": "first", "field": "page", "equals": "a"}]}
        ),
        "rules.profile.both.all.2.field: a touch has source, medium and campaign, but no page; use"
        " one of them, or remove touch",
    ),
    Mistake(
        "I put two facts among where they came from",
        "channel_without_touch",
        lambda document: document["rules"]["channel"].update(both=BOTH),
        "rules.channel.both: reads the profile, which has no channel; add touch: first or touch:"
        " last",
    ),
    Mistake(
        "I put everything else first",
        "else_before_the_end",
        lambda document: document["rules"]["profile"]["size"]["tiers"].insert(
            0, {"else": True, "points": -2}
        ),
        "rules.profile.size.tiers.0: is for everything else, so that no tier after it counts; move"
        " it to the end",
    ),
    Mistake(
        "I wrote else without anything before it",
        "else_before_the_end",
        lambda document: document["rules"]["profile"].update(
            other={"field": "country", "else": True, "points": -2}
        ),
        "rules.profile.other.else: is what the tiers before it leave, and there are none; write"
        " tiers, the last one with else: true",
    ),
    Mistake(
        "I said not, and left open what",
        "one_test_denied",
        lambda document: document["rules"]["profile"].update(
            other={"field": "country", "not": {}, "points": -2}
        ),
        "rules.profile.other.not: has nothing; add equals, matches, words, contains, in_list,"
        " between, at_least, below, next_days or last_days",
    ),
    Mistake(
        "I denied a size and a word at once",
        "one_test_denied",
        lambda document: document["rules"]["profile"].update(
            other={"field": "x", "not": {"words": "vp", "at_least": 5}, "points": -2}
        ),
        "rules.profile.other.not: has words and at_least; keep one",
    ),
    Mistake(
        "My list of countries that we do not want is still empty",
        "one_test_denied",
        lambda document: document["rules"]["profile"].update(
            other={"field": "country", "not": [], "points": -2}
        ),
        "rules.profile.other.not: lists nothing; add a value, or write present: true",
    ),
    Mistake(
        "I look for a mark as if it were a word",
        "words_of_marks",
        lambda document: document["rules"]["profile"].update(
            other={"field": "job_title", "words": ["vp", "&"], "points": 2}
        ),
        "rules.profile.other.words: '&' has only marks; write matches: ['*&*']",
    ),
    Mistake(
        "I do not want a mark that I take for a word",
        "words_of_marks",
        lambda document: document["rules"]["profile"].update(
            other={"field": "job_title", "not": {"words": "/"}, "points": 2}
        ),
        "rules.profile.other.not.words: '/' has only marks; write matches: ['*/*']",
    ),
    Mistake(
        "I added a tier and left the operator where it was",
        "operator_beside_tiers",
        at("rules", "profile", "size", between=[1, 10]),
        "rules.profile.size.between: cannot be combined with tiers; move it into a tier",
    ),
    Mistake(
        "I left the points beside the tiers",
        "points_beside_tiers",
        at("rules", "profile", "size", points=3),
        "rules.profile.size.points: cannot be combined with tiers; give each tier its points",
    ),
    Mistake(
        "I forgot the points",
        "no_points",
        lambda document: document["rules"]["profile"]["phone"].pop("points"),
        "rules.profile.phone: is worth nothing; add points, tiers or disqualify: true",
    ),
    Mistake(
        "I wrote the sizes the wrong way round",
        "between_backwards",
        at("rules", "profile", "size", "tiers", 0, between=[1000, 50]),
        "rules.profile.size.tiers.0.between: no number is between 1000 and 50; put the lower one"
        " first",
    ),
    Mistake(
        "I asked a touch for the company",
        "touch_without_field",
        at("rules", "profile", "company", touch="first"),
        "rules.profile.company.field: a touch has source, medium and campaign, but no company; "
        "use one of"
        " them, or remove touch",
    ),
    Mistake(
        "I forgot to say which touch",
        "channel_without_touch",
        lambda document: document["rules"]["channel"]["source"].pop("touch"),
        "rules.channel.source: reads the profile, which has no channel; add touch: first or touch:"
        " last",
    ),
    Mistake(
        "I swapped the limits of a group",
        "limits_backwards",
        at("groups", fit={"max": -40, "min": 40}),
        "groups.fit: min 40 is above max -40; swap or correct them",
    ),
    Mistake(
        "I gave B for more than A",
        "grades_out_of_order",
        at("grades", B=35),
        "grades.B: needs 35, but A is the better grade and needs 30; lower B or raise A",
    ),
    Mistake(
        "I made a way into MQL a request",
        "kind_on_mql",
        at("stages", "mql", "any", 1, kind="requested"),
        "stages.mql.any.1.kind: only a way into sql is requested or inferred; remove it",
    ),
    Mistake(
        "I left a way in empty",
        "nothing_asked",
        lambda document: document["stages"]["sql"]["any"].append({"kind": "inferred"}),
        "stages.sql.any.6: requires nothing, so every lead meets it; add a signal or a threshold",
    ),
    Mistake(
        "I called a high score a request",
        "requested_without_signal",
        at("stages", "sql", "any", 4, kind="requested"),
        "stages.sql.any.4.kind: is requested, but names no request; add its signal, or write kind:"
        " inferred",
    ),
    Mistake(
        "I said within how many days, and not of what",
        "days_without_signal",
        at("stages", "mql", "any", 0, within_days=7),
        "stages.mql.any.0.within_days: counts the days of a signal, but none is named; "
        "add signal or remove within_days",
    ),
    Mistake(
        "I ask for five days of three",
        "more_days_than_there_are",
        at("stages", "sql", "any", 5, days=5, within_days=2),
        "stages.sql.any.5.days: 5 different days do not fit within 2 days; lower it to 3, or raise"
        " within_days",
    ),
    Mistake(
        "I left open in how many days the contract ends",
        "example_date_without_day",
        at("examples", 0, "given", profile={"phone": {"in_days": None}}),
        "examples.0.given.profile.phone: needs one of in_days and days_ago, for example {in_days:"
        " 60}",
    ),
    Mistake(
        "I wrote visit instead of page",
        "example_event_without_kind",
        at("examples", 0, "given", events=[{"visit": "/", "days_ago": 0}]),
        "examples.0.given.events.0: needs one of page, track, form, mail, not visit",
    ),
    Mistake(
        "I wrote a page and its form as one event",
        "example_event_of_two_kinds",
        at("examples", 0, "given", events=[{"page": "/", "form": "demo", "days_ago": 0}]),
        "examples.0.given.events.0: is page and form; split it into two events",
    ),
    Mistake(
        "I forgot when it happened",
        "example_event_without_day",
        at("examples", 0, "given", events=[{"page": "/"}]),
        "examples.0.given.events.0: has no day; add days_ago, or in_days for what happens after"
        " today",
    ),
    Mistake(
        "I said twice when it happens",
        "example_event_on_two_days",
        lambda document: looked_at_later(document, {"page": "/", "days_ago": 1, "in_days": 1}),
        "examples.0.given.events.0: has days_ago and in_days; keep one, or split it into two "
        "events",
    ),
    Mistake(
        "I let something happen after the end",
        "example_event_after_the_last_look",
        lambda document: looked_at_later(document, {"page": "/", "in_days": 9}),
        "examples.0.given.events.0.in_days: nothing is expected on day 9 or later; "
        "add it to expect.later, or remove the event",
    ),
    Mistake(
        "I expect two stages on one day",
        "example_day_twice",
        at(
            "examples",
            0,
            "expect",
            later=[{"in_days": 3, "stage": "mql"}, {"in_days": 3, "stage": "lead"}],
        ),
        "examples.0.expect.later: lists day 3 2 times; keep one",
    ),
    Mistake(
        "I expect a request of an MQL",
        "example_kind_without_sql",
        at("examples", 0, "expect", kind="requested"),
        "examples.0.expect.kind: only an SQL is requested or inferred, and the stage is mql;"
        " remove it",
    ),
    Mistake(
        "I have two rules of one name",
        "rule_twice",
        at("rules", "actions", **{"careers-page": {"points": 1}}),
        "rules.undesirables.careers-page: rules.actions.careers-page has the same name; rename one",
    ),
    Mistake(
        "I misspelt the signal of a rule",
        "rule_on_unknown_signal",
        at("rules", "actions", "blog", signal="blogs"),
        "rules.actions.blog: there is no signal 'blogs'; add it to signals, or correct the name",
    ),
    Mistake(
        "I misspelt a group",
        "rule_in_unknown_group",
        at("rules", "profile", "size", group="fitness"),
        "rules.profile.size.group: there is no group 'fitness'; add it to groups, or name another",
    ),
    Mistake(
        "I called a sum like a group",
        "name_taken",
        at("sums", fit=["intent"]),
        "sums.fit: is the name of a group; rename the sum",
    ),
    Mistake(
        "I called a sum score",
        "name_taken",
        at("sums", score=["intent"]),
        "sums.score: is the name of the total; rename the sum",
    ),
    Mistake(
        "I called a score like a sum",
        "name_taken",
        at(scores={"activity": {"groups": ["intent"]}}),
        "scores.activity: is the name of a sum; rename the score",
    ),
    Mistake(
        "I called a score like a group of the total",
        "name_taken",
        at(scores={"intent": {"groups": ["intent", "fit"]}}),
        "scores.intent: is the name of a group; rename the score",
    ),
    Mistake(
        "I called a sum like a key of a way in",
        "name_taken",
        at("sums", days=["intent"]),
        "sums.days: is the name of a key of a way in; rename the sum",
    ),
    Mistake(
        "I called a group like the total",
        "name_taken",
        at("groups", score={"max": 10, "min": 0}),
        "groups.score: is the name of the total; rename the group",
    ),
    Mistake(
        "I gave a product's score a group that is not there",
        "sum_of_unknown_group",
        at(scores={"keyboards": {"groups": ["fit", "keyboard"]}}),
        "scores.keyboards.groups: there is no group 'keyboard'; the groups are fit, channel,"
        " engagement, intent",
    ),
    Mistake(
        "I named a group twice in a product's score",
        "sum_of_a_group_twice",
        at(scores={"keyboards": {"groups": ["fit", "intent", "fit"]}}),
        "scores.keyboards.groups: counts 'fit' 2 times; name it once",
    ),
    Mistake(
        "I let two bands begin at the same points",
        "bands_alike",
        at(bands={"hot": 50, "warm": 50, "cold": 0}),
        "bands.warm: begins at 50, like hot; change one",
    ),
    Mistake(
        "I called the lowest band none",
        "band_called_none",
        at(bands={"hot": 50, "none": 0}),
        "bands.none: is what a score below all bands is called; rename the band",
    ),
    Mistake(
        "I let two bands of a product begin at the same points",
        "bands_alike",
        at(scores={"keyboards": {"groups": ["fit"], "bands": {"ready": 20, "interested": 20}}}),
        "scores.keyboards.bands.interested: begins at 20, like ready; change one",
    ),
    Mistake(
        "I left out partners and did not say who they are",
        "excluded_by_nothing",
        at(excluded={"partners": {"equals": "partner"}}),
        "excluded.partners: excludes nobody; add a field with what it must be, several facts under"
        " all, or a signal",
    ),
    Mistake(
        "I left out partners by a field and by a signal at once",
        "excluded_twice",
        at(
            excluded={
                "partners": {"field": "relation", "equals": "partner", "signal": "demo-request"}
            }
        ),
        "excluded.partners: has field and signal; keep one, and write the other as another"
        " exclusion",
    ),
    Mistake(
        "I left out whoever shows a signal, and wrote a comparison",
        "exclusion_with_a_stray_operator",
        at(excluded={"agencies": {"signal": "demo-request", "equals": "agency"}}),
        "excluded.agencies.equals: compares a field, but the exclusion is about signal; remove it",
    ),
    Mistake(
        "I left out agencies by a signal that is not there",
        "excluded_by_unknown_signal",
        at(excluded={"agencies": {"signal": "agency-login", "within_days": 365}}),
        "excluded.agencies.signal: there is no signal 'agency-login'; add it to signals, or correct"
        " the name",
    ),
    Mistake(
        "I left out partners for a while",
        "exclusion_days_without_signal",
        at(excluded={"partners": {"field": "relation", "equals": "partner", "within_days": 90}}),
        "excluded.partners.within_days: counts the days of a signal, but none is named; add signal"
        " or remove within_days",
    ),
    Mistake(
        "I left out partners and forgot what the field must be",
        "no_operator",
        at(excluded={"partners": {"field": "relation"}}),
        "excluded.partners: has nothing to compare with; add equals, matches, words, contains,"
        " in_list, between, at_least, below, next_days, last_days, not, present or absent",
    ),
    Mistake(
        "I added up what is not there",
        "sum_of_unknown_group",
        at("sums", behaviour=["engagment"]),
        "sums.behaviour: there is no group 'engagment'; the groups are fit, channel, engagement,"
        " intent",
    ),
    Mistake(
        "I named a group twice in a sum",
        "sum_of_a_group_twice",
        at("sums", activity=["engagement", "intent", "intent"]),
        "sums.activity: counts 'intent' 2 times; name it once",
    ),
    Mistake(
        "I misspelt a threshold",
        "threshold_on_unknown_value",
        at("stages", "sql", "any", 0, inent=1),
        "stages.sql.any.0.inent: no such key, group, sum or score; use one of days, kind, signal,"
        " within_days, score, fit, channel, engagement, intent, activity",
    ),
    Mistake(
        "I misspelt the signal of a way in",
        "way_by_unknown_signal",
        at("stages", "mql", "any", 1, signal="guide"),
        "stages.mql.any.1.signal: there is no signal 'guide'; add it to signals, or correct the"
        " name",
    ),
    Mistake(
        "I let leads cool by what is not there",
        "cooling_on_unknown_value",
        at("stages", "mql", cool_below={"actvity": 5}),
        "stages.mql.cool_below.actvity: no such group, sum or score; "
        "use one of score, fit, channel, engagement, intent, activity",
    ),
    Mistake(
        "I misspelt a wake",
        "wake_by_unknown_signal",
        lambda document: document["recycle"]["wakes"].append("demo"),
        "recycle.wakes: there is no signal 'demo'; add it to signals, or correct the name",
    ),
    Mistake(
        "I copied an example and kept its name",
        "example_twice",
        rename_the_second_example,
        "examples.1.name: another example has the same name; rename one",
    ),
    Mistake(
        "I told of somebody what no rule reads",
        "example_of_unknown_field",
        at("examples", 2, "given", profile={"jobtitle": "CTO"}),
        "examples.2.given.profile.jobtitle: no such field, and no rule reads it; use one of "
        "company,"
        " company_size, country, email, first_name, industry, job_title, last_name, phone",
    ),
    Mistake(
        "I misspelt what was downloaded",
        "example_with_unknown_property",
        at(
            "examples",
            0,
            "given",
            events=[{"track": "Asset Downloaded", "aset": "a-guide", "days_ago": 0}],
        ),
        "examples.0.given.events.0.aset: no such key, and no signal on track reads it; correct it"
        " or remove it",
    ),
    Mistake(
        "I expect points of a group that is not there",
        "example_of_unknown_group",
        at("examples", 0, "expect", groups={"fitness": 40}),
        "examples.0.expect.groups.fitness: no such group, sum or score; use one of fit, channel,"
        " engagement, intent, activity",
    ),
    Mistake(
        "I gave an example points in a group that is not there",
        "example_points_in_unknown_group",
        at("examples", 0, "given", points=[{"points": 5, "group": "fitness"}]),
        "examples.0.given.points.0.group: no such group; use one of fit, channel, engagement,"
        " intent",
    ),
    Mistake(
        "I expect the score of a product that is not there",
        "example_of_unknown_score",
        at("examples", 0, "expect", scores={"keyboards": {"total": 40}}),
        "examples.0.expect.scores.keyboards: no such named score; the model has none",
    ),
    Mistake(
        "I expect a band that is not there",
        "example_of_unknown_band",
        both(at(bands={"hot": 50, "warm": 25}), at("examples", 0, "expect", band="cold")),
        "examples.0.expect.band: no such band; use one of hot, warm, none",
    ),
    Mistake(
        "I expect a band that a product does not have",
        "example_of_unknown_band",
        both(
            at(scores={"keyboards": {"groups": ["fit"], "bands": {"ready": 20}}}),
            at("examples", 0, "expect", scores={"keyboards": {"band": "hot"}}),
        ),
        "examples.0.expect.scores.keyboards.band: no such band; use one of ready, none",
    ),
    *behaviour_mistakes.REFUSED,
]


@told(MISTAKES)
def test_a_senseless_part_is_refused_with_the_remedy(mistake: Mistake) -> None:
    assert refusal(mistake.document) == mistake.says
    (check,) = (one for one in DOCUMENT_CHECKS if one.__name__ == mistake.check)
    assert (
        "; ".join(map(str, check(parse_document(ModelDocument, mistake.document)))) == mistake.says
    )


def test_every_refusal_has_its_mistake() -> None:
    assert {mistake.check for mistake in MISTAKES} == {one.__name__ for one in DOCUMENT_CHECKS}
