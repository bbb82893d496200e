"""Samples that others published: Segment's own events and SES's own notices are taken as they
are.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from chalicelib.capture.items import Call
from chalicelib.delivery.references import tag_of
from tests.baton import ANN, InMemoryBaton

CORPORA = Path(__file__).parents[3] / "shared" / "corpora"


def samples(
    folder: str, pattern: str, kind: Callable[[Any], str | None] = lambda _sample: ""
) -> list[Any]:
    """The files of a corpus that are of a kind; one that skips, with what is missing, where there
    is no corpus.
    """
    found = [
        path
        for path in sorted((CORPORA / folder).glob(pattern))
        if kind(json.loads(path.read_text())) is not None
    ]
    missing = pytest.mark.skip(
        reason=f"the corpus {folder} is missing: put it at {CORPORA / folder}"
    )
    return [pytest.param(path, id=path.stem) for path in found] or [
        pytest.param(None, marks=missing)
    ]


def own_type(sample: Any) -> str | None:
    """The type that a sample states, if we support it."""
    kind = sample.get("type") if isinstance(sample, dict) else None
    return kind if kind in tuple(Call) else None


def type_by_content(sample: Any) -> str | None:
    """The type of a sample of the HTTP API, whose page tells the endpoint: by what it holds."""
    if {"groupId", "previousId"} & sample.keys():
        return None
    kinds = {"batch": "batch", "event": "track", "traits": "identify", "name": "page"}
    return next((kind for name, kind in kinds.items() if name in sample), None)


@pytest.fixture
def baton() -> InMemoryBaton:
    return InMemoryBaton()


@pytest.mark.parametrize("path", samples("segment_spec", "*.json", own_type))
def test_a_segment_sample_of_a_supported_type_is_taken(baton: InMemoryBaton, path: Path) -> None:
    sample = json.loads(path.read_text())
    answer = baton.post(f"/v1/{sample['type']}", sample)
    if sample.get("anonymousId") or sample.get("userId"):
        assert answer.status_code == 200, answer.body
        assert any(sk.startswith("EVENT#") for _, sk in baton.ports.memory.items)
        baton.until_quiet()
    else:  # the sample leaves out who it is about
        assert answer.status_code == 400
        assert [one["field"] for one in json.loads(answer.body)["errors"]] == ["anonymousId"]


@pytest.mark.parametrize("path", samples("segment_spec", "http_api_*.json", type_by_content))
def test_a_sample_of_segments_http_api_is_taken(baton: InMemoryBaton, path: Path) -> None:
    """Segment's own batch has a time of `2015-2-02T00:30:08.276Z`."""
    sample = {
        name: value for name, value in json.loads(path.read_text()).items() if name != "writeKey"
    }
    answer = baton.post(f"/v1/{type_by_content(sample)}", sample)
    assert (answer.status_code, json.loads(answer.body)) == (200, {"success": True})


@pytest.mark.parametrize("path", samples("segment_spec", "captured_*.json"))
def test_a_captured_segment_batch_is_taken_whole(baton: InMemoryBaton, path: Path) -> None:
    (captured,) = json.loads(path.read_text())
    sent = json.loads(captured["body"])
    wrong = baton.http("POST", captured["path"], captured["body"], captured["headers"])
    assert wrong.status_code == 401  # its write key is not ours
    sent["writeKey"] = "write-key"
    answer = baton.post(captured["path"], sent)
    told = json.loads(answer.body)
    assert (answer.status_code, told["success"]) == (200, True)
    assert all(own_type(event) for event in sent["batch"])
    assert "rejected" not in told
    baton.until_quiet()
    assert baton.lead("a@example.com")["profile"]["company_size"] == 40


@pytest.mark.parametrize(
    "path", samples("ses_events", "event-publishing-retrieving-sns-examples__*.json")
)
def test_a_foreign_notice_of_ses_is_left_alone(baton: InMemoryBaton, path: Path) -> None:
    before = baton.kept()
    baton.world.mail_event(path.read_text())
    assert baton.kept() == before


@pytest.mark.parametrize(
    "path", samples("ses_events", "event-publishing-retrieving-sns-examples__0[1-4]*.json")
)
def test_a_notice_of_ses_raises_our_emails_state(baton: InMemoryBaton, path: Path) -> None:
    baton.form("guide", consent=True, **ANN)
    baton.page("/blog/a")
    baton.until_quiet()
    (email,) = (item for item in baton.outbox() if item["kind"] == "nurture")
    notice = json.loads(path.read_text())
    notice["mail"].setdefault("tags", {})["message"] = [tag_of(email["id"])]
    baton.world.mail_event(json.dumps(notice))
    baton.until_quiet()
    wanted = {
        "Send": "sent",
        "Delivery": "delivered",
        "Bounce": "bounced",
        "Complaint": "complained",
    }
    (after,) = (item for item in baton.outbox() if item["kind"] == "nurture")
    assert after["state"] == wanted[notice["eventType"]]
