"""All leads of a table, off line: rebuilt, exported, and a draft tried on the export."""

import json
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.consent.consent import SuppressionReason
from chalicelib.jobs.runner import JobRunner
from chalicelib.lifecycle.stages import Outcome, Stage, Standing
from chalicelib.qualify.reactions import LeadChange
from chalicelib.scoring.profile import shown
from chalicelib.scoring.tally import Since, Tally
from chalicelib.wiring.world import World
from tests import factories as make
from tests.baton import ANN, TOKEN, InMemoryBaton, model_document
from tests.fakes import NOW
from tools import export, rebuild, simulate
from tools.exports import lead_of, line_of


def baton_of_two() -> InMemoryBaton:
    """Ann, who fits and looked at the prices once, and somebody of whom only the address is
    known.
    """
    baton = InMemoryBaton()
    baton.page("/pricing", at=baton.ports.now() - timedelta(days=1))
    baton.form("tour", consent=True, **ANN)
    baton.form("newsletter", visitor="v2", email="x@acme.example")
    baton.until_quiet()
    return baton


def eager() -> dict[str, Any]:
    """A draft by which Ann is an MQL."""
    document: dict[str, Any] = json.loads(json.dumps(model_document()))
    document["stages"]["mql"]["any"][0] = {"score": 46, "fit": 0, "activity": 6}
    return document


def rebuilt(world: World) -> str:
    """What `make rebuild` says in the end; nothing but itself works on the job."""

    def wait() -> None:
        raise AssertionError("the command has the job")

    return "\n".join(rebuild.report_lines(rebuild.rebuild(world, print, wait)))


def test_on_a_healthy_table_a_rebuild_finds_no_difference() -> None:
    assert rebuilt(baton_of_two().world) == "2 leads rebuilt, 0 differed."


def test_a_rebuild_repairs_a_lead_and_names_nothing_personal() -> None:
    world = baton_of_two().world
    ann = world.leads.read(world.lead_id(ANN["email"]))
    world.leads.write(
        ann, replace(ann, version=ann.version + 1, tally=Tally(), profile={}), LeadChange()
    )
    told = rebuilt(world)
    assert told.splitlines()[-1] == "2 leads rebuilt, 1 differed."
    assert "profile.job_title" in told
    assert "tally.pricing-page" in told
    assert "CTO" not in told
    assert rebuilt(world).endswith("0 differed.")


def test_a_rebuild_waits_while_the_clock_has_the_job() -> None:
    baton = baton_of_two()
    waited: list[None] = []
    said: list[object] = []

    class LeftToTheClock(JobRunner):
        """What the command sees of a job that another runner has."""

        def run(self, job_id: str, until: datetime) -> None:
            """Find it leased."""

    def wait() -> None:
        waited.append(None)
        baton.minutes_later(1)

    world = World(baton.ports)
    world.job_runner = LeftToTheClock(
        jobs=world.job_store, handler_of=world.job_handler, runtime=world.runtime
    )
    job = rebuild.rebuild(world, said.append, wait)
    assert (job["state"], len(waited)) == ("done", 1)
    assert said == ["0 of about 0 leads", "2 of about 2 leads"]


def test_a_rebuild_says_which_leads_failed_and_why() -> None:
    report = {
        "rebuilt": 1,
        "differed": 0,
        "differences": [],
        "failed": 2,
        "failed_ids": ["A", "B"],
        "reason": "stopped",
    }
    assert list(rebuild.report_lines({"id": "j", "state": "failed", "report": report})) == [
        "job j is failed: stopped",
        "2 leads failed: A, B",
        "1 leads rebuilt, 0 differed.",
    ]


def test_a_merged_lead_is_rebuilt_once_and_exported_once() -> None:
    baton = baton_of_two()
    other = {"other_lead_id": baton.world.lead_id("x@acme.example")}
    assert (
        baton.post(f"/v1/leads/{baton.world.lead_id(ANN['email'])}/merge", other, TOKEN).status_code
        == 200
    )
    assert rebuilt(baton.world) == "1 leads rebuilt, 0 differed."
    assert len(list(export.export(baton.world))) == 2, "the header and the one lead"


def test_an_export_holds_the_model_the_routing_and_every_lead() -> None:
    header, *lines = export.export(baton_of_two().world)
    assert header["model"]["name"] == model_document()["name"]
    assert header["routing"]["people"]
    assert {line["profile"]["email"] for line in lines} == {"ann@acme.example", "x@acme.example"}


def test_an_export_says_who_may_be_written_to() -> None:
    baton = InMemoryBaton()
    baton.form("guide", consent=True, **ANN)
    baton.until_quiet()
    baton.world.suppression.suppress(baton.lead()["lead_id"], SuppressionReason.UNSUBSCRIBED, None)
    _, line = export.export(baton.world)
    assert line["consent"] == baton.lead()["consent"]
    assert line["suppressed"] == "unsubscribed"


def test_a_draft_is_tried_on_an_export_without_a_table() -> None:
    lines = json.loads(json.dumps(list(export.export(baton_of_two().world))))
    found = simulate.simulate(iter(lines), eager(), NOW)
    assert found["changes"] == {"lead->mql": 1}
    assert found["handoffs_per_week"]["capacity"] == 70
    words = simulate.describe(found)
    assert words.startswith("Of 2 leads, 1 would change stage.\n       1  lead -> mql\n")
    assert "match differently" not in words


def test_an_export_cannot_recount_and_says_so() -> None:
    lines = list(export.export(baton_of_two().world))
    draft = eager()
    draft["signals"]["pricing-page"]["where"]["path"] = ["/prices*"]
    words = simulate.describe(simulate.simulate(iter(lines), draft, NOW))
    assert "2 leads were counted with signals that match differently" in words


def test_outcomes_are_told_where_they_are_known() -> None:
    won = make.lead(
        profile=make.profile(),
        tally=make.seen(demo_request=[20]),
        standing=Standing(
            stage=Stage.CUSTOMER,
            outcome=Outcome.WON,
            handed_on=make.day(-20),
            entered_on=make.day(-1),
        ),
        matching=make.model().matching,
        version=1,
    )
    header = {"model": model_document(), "version": 1, "routing": None}
    found = simulate.simulate(iter([header, line_of(won)]), model_document(), NOW)
    words = simulate.describe(found)
    assert (
        "Of 1 won and 0 lost:\n  precision 100% now, 100% then\n  recall 100% now, 100% then"
        in words
    )


HEADER = json.dumps({"model": model_document(), "version": 1, "routing": None})


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        ([], "the export is empty"),
        (["{}"], "line 1 is not the model and the routing of an export"),
        (["[]"], "line 1 is not the model and the routing of an export"),
        (["{"], "line 1 is not JSON"),
        (['{"model": {}, "version": 1, "routing": null}'], "the stored model 1 breaks its format"),
        ([HEADER, '{"lead_id": "A"}'], "line 2 is not a lead of an export"),
        ([HEADER, '{"lead_id": "A'], "line 2 is not JSON"),
    ],
)
def test_what_is_no_export_is_refused_in_words(
    lines: list[str], says: str, tmp_path: Path, capsys: Any
) -> None:
    """A file that was cut off said `Expecting value`, and one without its first line said
    `'model'`.
    """
    file, draft = tmp_path / "leads.jsonl", tmp_path / "model.yaml"
    file.write_text("\n".join(lines))
    draft.write_text(json.dumps(eager()))
    assert simulate.main([str(draft), str(file)]) == 1
    assert f"cannot simulate: {says}" in capsys.readouterr().err


def test_the_command_tries_a_file_on_a_file(tmp_path: Path, capsys: Any) -> None:
    file, draft = tmp_path / "leads.jsonl", tmp_path / "model.yaml"
    assert export.write(export.export(baton_of_two().world), file) == 2
    assert file.stat().st_mode & 0o777 == 0o600
    draft.write_text(json.dumps(eager()))
    assert simulate.main([str(draft), str(file)]) == 0
    assert "Of 2 leads" in capsys.readouterr().out


def test_a_refused_draft_is_named_with_its_path(tmp_path: Path, capsys: Any) -> None:
    draft = tmp_path / "model.yaml"
    draft.write_text(json.dumps({**eager(), "grades": {"Z": 1}}))
    assert simulate.main([str(draft), str(tmp_path / "none")]) == 1
    assert "is refused: grades" in capsys.readouterr().err


DAYS = st.integers(make.TODAY.toordinal() - 399, make.TODAY.toordinal())
TALLIES = st.builds(
    Tally,
    st.dictionaries(
        st.sampled_from(["blog", "pricing-page"]),
        st.dictionaries(DAYS, st.integers(1, 9), min_size=1),
    ),
    st.dictionaries(
        st.just("guide-download"), st.dictionaries(st.sampled_from(["a1", "b2"]), DAYS, min_size=1)
    ),
)
STANDINGS = st.builds(
    Standing,
    stage=st.sampled_from(Stage),
    kind=st.sampled_from([None, "requested"]),
    cycle=st.integers(1, 9),
    entered_on=st.none() | st.dates(),
    owner=st.none() | st.text(),
    by_person=st.booleans(),
    rest_until=st.none() | st.dates(),
    since=st.none() | st.builds(Since, DAYS, TALLIES),
    overrides=st.lists(st.text()).map(tuple),
    outcome=st.none() | st.sampled_from(Outcome),
    handed_on=st.none() | st.dates(),
)


@given(TALLIES, STANDINGS)
def test_a_line_brings_back_all_that_a_simulation_asks(tally: Tally, standing: Standing) -> None:
    kept = make.lead(
        tally=tally,
        standing=standing,
        profile=make.profile(),
        touches=make.came_by("cpc"),
        matching="m",
    )
    again = lead_of(json.loads(json.dumps(line_of(kept))))
    assert (again.tally, again.standing, again.matching) == (
        kept.tally,
        kept.standing,
        kept.matching,
    )
    assert shown(again.profile) == {
        name: replace(one, event_id="") for name, one in shown(kept.profile).items()
    }
    assert again.touches.first
    assert again.touches.first.medium == "cpc"
