"""What each operator of a rule on facts means, for values as people and programs write them."""

from pathlib import Path
from typing import Any

import pytest

from chalicelib.authoring.format import check
from chalicelib.authoring.source import parse_source
from chalicelib.scoring.compile import compile_model
from chalicelib.scoring.evidence import Evidence
from chalicelib.scoring.score import score
from chalicelib.scoring.tally import Tally
from chalicelib.scoring.touches import Touches
from tests.baton import model_document
from tests.factories import TODAY, profile


def points_of(value: Any, **rule: Any) -> int:
    """What a rule on the field `fact` gives a lead who said this; None for one who said nothing."""
    written = {"field": "fact", **rule}
    document = {**model_document(), "rules": {"profile": {"fact": written}}}
    known = profile({} if value is None else {"fact": value})
    return score(compile_model(document, 1), Evidence(known, Touches(), Tally()), TODAY).rounded


@pytest.mark.parametrize(
    ("test", "holds", "fails"),
    [
        ({"at_least": 50}, [50, 51.5, "50", "50 people"], [49, "49.9", "many", True, None]),
        ({"below": 50}, [49.9, 0, -5, "7", "10-200"], [50, "50", "few", False, None]),
        ({"contains": "crm"}, [("erp", "crm"), "CRM", "erp, crm", "erp;crm"], ["crm suite", ()]),
        ({"contains": ["crm", 7]}, ["7", 7, "hr | crm", "a\ncrm"], ["77", "", None]),
        ({"equals": True}, [True, "Yes", "ja", "SÍ", "true"], [False, "no", "perhaps", None]),
        ({"equals": False}, [False, "No", "nein"], [True, "yes", None]),
        ({"not": ["DE", "AT"]}, ["FR", "d", 5], ["DE", "de", "AT", "", None]),
        ({"not": "DE"}, ["FR", ("FR", "AT")], ["de", ("FR", "DE"), (), None]),
        ({"not": {"matches": ["*test*"]}}, ["Acme"], ["Test Inc", None]),
        ({"not": {"at_least": 50}}, [49, "a few"], [50, None]),
        ({"not": {"words": "assistant"}}, ["CEO"], ["Assistant to the CEO", None]),
    ],
)
def test_an_operator_holds_for_what_it_says(
    test: dict[str, Any], holds: list[Any], fails: list[Any]
) -> None:
    assert [one for one in holds if points_of(one, points=7, **test) != 7] == []
    assert [one for one in fails if points_of(one, points=7, **test) != 0] == []


@pytest.mark.parametrize(
    ("value", "points"), [(600, 30), ("500+", 30), (120, -2), ("many", -2), ("", -2), (None, -2)]
)
def test_else_is_everything_else_also_what_is_not_given(value: Any, points: int) -> None:
    tiers = [{"at_least": 500, "points": 30}, {"else": True, "points": -2}]
    assert points_of(value, tiers=tiers) == points


@pytest.mark.parametrize(
    ("said", "points"),
    [
        # as people and their CRMs write a budget of fifty thousand or more
        *((one, 10) for one in (50000, 50000.0, "50000", "50,000", "50.000", "50 000", "€50k")),
        *(
            (one, 10)
            for one in ("$1,000,000.00", "1e5", "50,000 - 100,000", "mindestens 60.000 EUR")
        ),
        *((one, 0) for one in ("nan", "inf", "5_0000", True, "unter 50.000", "lots", "49,999")),
    ],
)
@pytest.mark.parametrize("test", [{"between": [50_000, 10**12]}, {"at_least": 50_000}])
def test_a_number_is_read_as_people_write_it(test: dict[str, Any], said: Any, points: int) -> None:
    assert points_of(said, points=10, **test) == points


SENIOR = ["vp", "vice president", "head of", "geschäftsführ*", "c-level", "社長"]


@pytest.mark.parametrize(
    ("title", "points"),
    [
        *((one, 14) for one in ("VP, Technology", "SVP/VP Sales", "Vice  President", "(VP)")),
        *((one, 14) for one in ("Head of Ops", "Global Head of Sales", "C Level Manager")),
        *(
            (one, 14)
            for one in ("Geschäftsführerin", "GESCHA\u0308FTSFU\u0308HRER", "代表取締役社長")
        ),
        *((one, 0) for one in ("MVP Lead", "President, Vice Unit", "Head-hunter", "Overhead of")),
        *((one, 0) for one in ("Vize Geschäft", "", None)),
    ],
)
def test_words_are_whole_words_in_their_order(title: Any, points: int) -> None:
    assert points_of(title, points=14, words=SENIOR) == points


def test_a_star_in_words_stays_within_one_word() -> None:
    assert points_of("Chief Data Officer", points=1, words="chief * officer") == 1
    assert points_of("Chief Officer", points=1, words="chief * officer") == 0
    assert points_of("CFO", points=1, words="c*o") == 1
    assert points_of("c and o", points=1, words="c*o") == 0


@pytest.mark.parametrize("title", ["VP, Sales", "Co-Founder", "CEO", "Geschäftsführer"])
def test_a_list_of_words_is_looked_for_by_words(title: str) -> None:
    assert points_of(title, points=14, in_list="senior_titles") == 14
    assert points_of("Baker", points=14, in_list="senior_titles") == 0


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("Geschäftsführer", "Gescha\u0308ftsfu\u0308hrer"),  # as a Mac writes it
        ("Directeur général", "Directeur ge\u0301ne\u0301ral"),
        ("Directeur général", "DIRECTEUR GENERAL"),
        ("istanbul", "İstanbul"),
        ("cto", "\uff23\uff34\uff2f"),  # full width
        ("straße", "STRASSE"),
        ("директор", "Директор"),
        ("ガス", "ｶﾞｽ"),
    ],
)
@pytest.mark.parametrize("operator", ["equals", "matches", "words", "contains"])
def test_case_accents_and_width_do_not_matter(operator: str, written: str, said: str) -> None:
    assert points_of(said, points=5, **{operator: [written]}) == 5
    assert points_of(written, points=5, **{operator: [said]}) == 5


def test_the_page_for_authors_shows_rules_that_pass() -> None:
    page = (Path(__file__).parents[2] / "docs" / "how-to" / "model.md").read_text("utf-8")
    written = page.split("## Facts\n\n```yaml\n")[1].split("```")[0]
    _, shown = parse_source(written.encode())
    document = model_document()
    profile_rules = {**document["rules"]["profile"], **shown["rules"]["profile"]}
    rules = {**document["rules"], "profile": profile_rules}
    assert check({**document, "rules": rules, "examples": []}) == check(document)
    assert len(shown["rules"]["profile"]) == 8
