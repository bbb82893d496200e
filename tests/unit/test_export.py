"""The export: everything that is held on a person, as JSON and to be read, in bounded pages."""

import json
import re
from datetime import timedelta
from html.parser import HTMLParser
from typing import Any

import pytest

from chalicelib.limits import EXPORT_PAGE_MAX_CHARS
from chalicelib.privacy import export as exports
from chalicelib.privacy.export import show_item
from chalicelib.privacy.families import FAMILIES, Erasure
from chalicelib.store.table import Item
from tests.baton import ANN, TOKEN, InMemoryBaton
from tests.held import HOME, PIA, erase, lead_id, left_of, lived, own_items

GATEWAY_MAX_BYTES = 6_000_000  # what Lambda answers at most
PERSONAL = {one.name for one in FAMILIES if one.erasure not in (Erasure.STAYS, Erasure.EXPIRES)}
ATTACK = '<script>alert(1)</script><img src=x onerror=alert(1)> " onload="x"'


def page(baton: InMemoryBaton, one_id: str, cursor: str | None = None, **headers: str) -> Any:
    path = f"/v1/leads/{one_id}/export" + (f"?cursor={cursor}" if cursor else "")
    answer = baton.http("GET", path, headers={**TOKEN, **headers})
    assert answer.status_code == 200, answer.body
    assert len(answer.body) < GATEWAY_MAX_BYTES
    return answer


def pages(baton: InMemoryBaton, one_id: str) -> list[Any]:
    found = [json.loads(page(baton, one_id).body)]
    while found[-1]["next_cursor"]:
        found.append(json.loads(page(baton, one_id, found[-1]["next_cursor"]).body))
    return found


def shown(found: list[Any]) -> list[tuple[str, str]]:
    return [(item["partition"], item["key"]) for one in found for item in one["items"]]


def test_every_item_of_the_person_is_in_it_once() -> None:
    baton = lived()
    keys = shown(pages(baton, lead_id(baton)))
    assert len(keys) == len(set(keys))
    own = own_items(baton.ports.memory.items, (lead_id(baton), lead_id(baton, HOME)))
    assert own.keys() - set(keys) == set()


def test_every_family_of_the_person_is_in_it() -> None:
    baton = lived()
    names = {item["family"] for one in pages(baton, lead_id(baton)) for item in one["items"]}
    assert names >= PERSONAL | {"wishes of a mailbox", "bounce of an address"}
    assert "other" not in names


def test_it_says_what_was_said_and_made_of_it() -> None:
    baton = lived()
    (found,) = pages(baton, lead_id(baton))
    assert found["lead_id"] == lead_id(baton)
    assert found["lead"]["email"] == PIA["email"]
    assert found["lead"]["score"]["reasons"]
    own = f"LEAD#{lead_id(baton)}"
    held = {item["key"]: item["holds"] for item in found["items"] if item["partition"] == own}
    form = next(one for one in held.values() if one.get("kind") == "form")
    assert form["fields"]["phone"] == PIA["phone"].replace(" ", "")
    assert re.fullmatch(r"2026-11-22T10:00:00\.000Z", form["captured_at"])
    assert held["STANDING"]["tally"]["days"]
    assert held["PROFILE"]["profile"]["first_name"][3] == PIA["first_name"]
    assert not {"list_pk", "due_pk", "schema"} & held["STANDING"].keys()


def test_it_is_the_survivor_by_either_id() -> None:
    baton = lived()
    (ours,) = pages(baton, lead_id(baton))
    (theirs,) = pages(baton, lead_id(baton, HOME))
    assert theirs == ours


def test_nobody_else_is_in_it() -> None:
    baton = lived()
    everybody = [baton.world.lead_id(str(one)) for one in ("bob@birch.example", ANN["email"])]
    found = page(baton, lead_id(baton)).body.decode()
    assert "bob" not in found.lower()
    assert not any(one in found for one in everybody)


def test_a_large_lead_comes_in_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    baton = lived()
    whole = shown(pages(baton, lead_id(baton)))
    monkeypatch.setattr(exports, "EXPORT_PAGE_MAX_CHARS", 1_500)
    found = pages(baton, lead_id(baton))
    assert len(found) > 10
    assert shown(found) == whole
    assert [one["lead"] is None for one in found] == [False, *[True] * (len(found) - 1)]


def test_pages_of_one_item_leave_none_out(monkeypatch: pytest.MonkeyPatch) -> None:
    baton = lived()
    whole = shown(pages(baton, lead_id(baton)))
    monkeypatch.setattr(exports, "EXPORT_PAGE_MAX_CHARS", 1)
    assert shown(pages(baton, lead_id(baton))) == whole


def test_the_worst_page_passes_the_gateway() -> None:
    baton = InMemoryBaton()
    for number in range(90):
        text = str(number) + "&\"'<>\\" * 1_000
        baton.form("demo", None, **{**ANN, "message": text[:5_000]})
    baton.until_quiet()
    one_id = baton.world.lead_id(ANN["email"])
    found = page(baton, one_id, Accept="text/html")
    assert len(found.body) > EXPORT_PAGE_MAX_CHARS / 2
    assert len(pages(baton, one_id)) > 1


@pytest.mark.parametrize(
    "cursor", ["x", "W10=", "bnVsbA==", "W1tdLDAsIiIsLTEsIiJd", "W1siQSJdLDAsIiIsMCwiIl0="]
)
def test_a_cursor_that_no_page_gave_out_is_refused(cursor: str) -> None:
    baton = InMemoryBaton()
    baton.form("guide", **ANN)
    baton.until_quiet()
    path = f"/v1/leads/{baton.world.lead_id(ANN['email'])}/export?cursor={cursor}"
    assert baton.http("GET", path, headers=TOKEN).status_code == 400


def test_an_unknown_lead_and_an_unknown_parameter_are_refused() -> None:
    baton = InMemoryBaton()
    baton.form("guide", **ANN)
    baton.until_quiet()
    path = f"/v1/leads/{baton.world.lead_id(ANN['email'])}/export"
    assert baton.http("GET", f"/v1/leads/{'A' * 26}/export", headers=TOKEN).status_code == 404
    assert baton.http("GET", f"{path}?format=csv", headers=TOKEN).status_code == 400
    assert baton.http("GET", path).status_code == 401


class Reader(HTMLParser):
    """What a page holds."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_page_holds_the_same_and_nothing_acts() -> None:
    baton = InMemoryBaton()
    baton.page("/pricing?x=" + ATTACK)
    baton.form("demo", **{**ANN, "first_name": ATTACK[:40], "message": ATTACK})
    baton.until_quiet()
    one_id = baton.world.lead_id(ANN["email"])
    answer = page(baton, one_id, Accept="text/html,application/json;q=0.9")
    assert answer.headers["Content-Type"].startswith("text/html")
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    reader = Reader()
    reader.feed(answer.body.decode())
    assert not reader.tags & {"script", "img", "a", "form", "link", "iframe", "svg", "object"}
    assert not [name for name in reader.attributes if name.startswith("on")]
    assert ATTACK in reader.text
    for item in json.loads(page(baton, one_id).body)["items"]:
        assert item["key"] in reader.text
    assert str(ANN["phone"]).replace(" ", "") in reader.text


@pytest.mark.parametrize("accept", ["*/*", "application/json", "application/json, text/html;q=.5"])
def test_json_is_what_is_not_asked_for_otherwise(accept: str) -> None:
    baton = InMemoryBaton()
    baton.form("guide", **ANN)
    baton.until_quiet()
    answer = page(baton, baton.world.lead_id(ANN["email"]), Accept=accept)
    assert answer.headers["Content-Type"] == "application/json"


def test_a_new_life_does_not_show_the_old_one() -> None:
    baton = lived()
    erase(baton)
    baton.ports.clock.tick(timedelta(seconds=1))
    baton.form("guide", visitor="v-new", email=PIA["email"], first_name="P")
    baton.until_quiet()  # before anything was deleted
    (found,) = pages(baton, lead_id(baton))
    texts = {str(at): item for at, item in enumerate(map(_flat, found["items"]))}
    left = [one for one in left_of(texts) if PIA["email"] not in one]
    assert not [one for one in left if "quirrelström" in one or "5557391" in one]


def _flat(item: Any) -> Any:
    return {"pk": item["partition"], "sk": item["key"], "holds": json.dumps(item["holds"])}


def test_an_attribute_that_nobody_knows_is_shown_as_it_is() -> None:
    item: Item = {"pk": "LEAD#X", "sk": "NEW#1", "packed": b"\x00\x01", "said": "[no json", "n": 3}
    assert show_item(item) == {
        "family": "other",
        "partition": "LEAD#X",
        "key": "NEW#1",
        "holds": {"packed": "AAE=", "said": "[no json", "n": 3},
    }


def test_what_came_after_a_take_over_is_not_shown() -> None:
    baton = InMemoryBaton()
    for number, email in enumerate((ANN["email"], "zoe@zebra.example")):
        baton.form("guide", f"w{number}", **{**ANN, "email": email})
        baton.until_quiet()
    for number, email in enumerate((ANN["email"], "zoe@zebra.example")):
        rank = {"anonymousId": f"w{number}", "userId": "u1", "traits": {"email": email}}
        if number == 0:
            rank["anonymousId"] = "another"  # with less evidence
        assert baton.post("/v1/identify", rank).status_code == 200
        baton.until_quiet()
        baton.ports.clock.tick(timedelta(seconds=1))
        baton.page(f"/secret-{number}", anonymousId=None, userId="u1")
        baton.until_quiet()
        baton.ports.clock.tick(timedelta(seconds=1))
    owner = baton.world.events.owner("USER#u1")
    assert owner is not None
    assert owner.lead_id == baton.world.lead_id("zoe@zebra.example")
    text = page(baton, baton.world.lead_id(ANN["email"])).body.decode()
    assert "secret-0" in text
    assert "secret-1" not in text
    assert "zebra" not in text
    assert owner.lead_id not in text
