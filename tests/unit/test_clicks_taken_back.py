"""A click that turns out to be a machine's is taken back, with all that rested on it (ADR 0061)."""

from copy import deepcopy
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.delivery.marks import Mark
from chalicelib.errors import LongReplayError
from chalicelib.wiring.world import World
from tests.baton import ANN, TOKEN, InMemoryBaton, key_of, model_document
from tests.unit.test_clicks import (
    DEFENDER,
    ann,
    delivered,
    later,
    may_be_measured,
    message_of,
    points,
    score_of,
    use,
    view,
    was_clicked,
)


def clicked(model: Any = None) -> InMemoryBaton:
    """Return Baton in which a scanner's probe of an email passed for Ann's click."""
    baton = InMemoryBaton()
    if model:
        World(baton.ports).models.load(model, "UTC")
        baton.world = World(baton.ports)
    baton.form("guide", consent=True, **ANN)
    baton.until_quiet()
    may_be_measured(baton)
    baton.ports.clock.tick(timedelta(days=1))
    delivered(baton)
    later(baton, 50)
    view(baton, use(baton, 0, DEFENDER), visitor="sandbox")
    later(baton, 121)
    assert was_clicked(baton)
    return baton


def sweep(baton: InMemoryBaton) -> None:
    """Let the same scanner go through the links, and its clicks be judged."""
    later(baton, 129)
    for position in range(1, 5):
        use(baton, position, DEFENDER)
    later(baton, 121)


def test_an_sql_that_rested_on_the_click_is_corrected() -> None:
    model = deepcopy(model_document())
    way = {"signal": "email-click", "within_days": 14, "fit": -15, "kind": "inferred"}
    model["stages"]["sql"]["any"].append(way)
    baton = clicked(model)
    assert baton.lead()["stage"] == "sql"
    assert "handoff#1#email" in {key_of(one) for one in baton.outbox() if one["state"] == "sent"}
    sweep(baton)
    assert baton.lead()["stage"] == "mql"
    sent = {key_of(one) for one in baton.outbox() if one["state"] == "sent"}
    assert "correction#1#email" in sent


def test_the_numbers_show_people_and_machines_apart() -> None:
    baton = clicked()
    assert numbers(baton) == (1, 0)
    assert Mark.CLICKED in message_of(baton).marks
    sweep(baton)
    assert numbers(baton) == (0, 1)
    later(baton, 20 * 60)
    use(baton, 1)
    later(baton, 121)
    assert numbers(baton) == (1, 1)
    assert message_of(baton).marks >= {Mark.CLICKED, Mark.MACHINE}


def numbers(baton: InMemoryBaton) -> tuple[int, int]:
    """Return how many emails people have clicked, and how many machines."""
    (step,) = baton.get("/v1/sequences/welcome/numbers")["steps"]
    return step["clicked"], step["clicked_by_machines"]


def test_a_second_persons_click_keeps_the_mark() -> None:
    baton = clicked()
    use(baton, 6, "Mozilla/5.0 (X11; Linux x86_64; rv:146.0) Gecko/20100101 Firefox/146.0")
    later(baton, 300)
    sweep(baton)
    assert numbers(baton)[1] == 1
    assert was_clicked(baton) == (Mark.CLICKED in message_of(baton).marks)


@pytest.mark.parametrize("lost_after", range(1, 7))
def test_whatever_is_lost_in_between_the_next_look_does(lost_after: int) -> None:
    """The worker is lost after some of its writes; the click is judged again."""
    baton = clicked()
    later(baton, 129)
    for position in range(1, 5):
        use(baton, position, DEFENDER)
    baton.ports.clock.tick(timedelta(seconds=121))
    write = baton.ports.memory.write
    written: list[Any] = []

    def lost(*writes: Any) -> None:
        if len(written) == lost_after:
            raise LostError
        written.append(writes)
        write(*writes)

    baton.ports.memory.write = lost  # type: ignore[method-assign]
    with pytest.raises(LostError):
        baton.world.verdicts.judge(ann(baton), message_of(baton).key)
    baton.ports.memory.write = write  # type: ignore[method-assign]
    baton.until_quiet()
    baton.world.verdicts.judge(ann(baton), message_of(baton).key)
    baton.until_quiet()
    assert (points(baton), was_clicked(baton), numbers(baton)) == (0, False, (0, 1))
    _, differences = baton.world.corrections.rebuild(ann(baton))
    assert differences == []
    names = [one.name for one in baton.world.events.of(f"LEAD#{ann(baton)}")]
    assert [names.count(one) for one in ("clicked", "machine_clicked", "retracted")] == [1, 5, 1]


class LostError(Exception):
    """The worker is gone."""


def test_a_lead_with_too_many_events_keeps_the_click(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    baton = clicked()

    def too_long(*_: Any) -> None:
        raise LongReplayError

    monkeypatch.setattr(baton.world.verdicts, "_retract", too_long)
    sweep(baton)
    assert points(baton) == 4
    assert not was_clicked(baton)
    assert '"click_not_taken_back"' in capsys.readouterr().out


def test_of_an_erased_person_nothing_is_judged_any_more() -> None:
    baton = clicked()
    later(baton, 129)
    use(baton, 1, DEFENDER)
    assert baton.http("DELETE", f"/v1/leads/{ann(baton)}", headers=TOKEN).status_code == 202
    for _ in range(6):
        later(baton, 60)
    assert not [pk for pk, sk in baton.ports.memory.items if sk.startswith("CLICK#")]
    assert list(baton.world.events.of(f"LEAD#{ann(baton)}")) == []


def test_a_merged_leads_clicks_are_the_survivors() -> None:
    baton = clicked()
    before = score_of(baton)
    baton.form("contact", "other", email="ann.example@acme.example", country="DE")
    baton.until_quiet()
    other = baton.world.lead_id("ann.example@acme.example")
    merged = baton.post(f"/v1/leads/{other}/merge", {"other_lead_id": ann(baton)}, TOKEN)
    assert merged.status_code == 200
    baton.until_quiet()
    assert points(baton) == 4
    sweep(baton)
    assert points(baton) == 0
    assert before != score_of(baton)
