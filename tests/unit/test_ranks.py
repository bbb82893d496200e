"""Ranks: how far an event is to be believed is written on it when it is captured."""

import json

import pytest

from chalicelib.events import Event, Kind, Rank, lead_partition
from chalicelib.scoring.profile import learn, shown
from chalicelib.store.events import event_item, event_of
from chalicelib.store.lead_items import lead_of, profile_item
from tests import factories as make
from tests.baton import ANN, TOKEN, InMemoryBaton
from tools.exports import line_of


@pytest.fixture
def baton() -> InMemoryBaton:
    return InMemoryBaton()


def identify(baton: InMemoryBaton, anonymous_id: str | None, user_id: str | None = None) -> None:
    item = {"anonymousId": anonymous_id, "userId": user_id, "traits": {"email": ANN["email"]}}
    assert baton.post("/v1/identify", item).status_code == 200


def events_of(baton: InMemoryBaton) -> list[Event]:
    """Return the events of Ann's own partition, in the order in which they were captured."""
    partition = lead_partition(baton.world.lead_id(ANN["email"]))
    items = baton.ports.memory.inserted
    return [event_of(one) for one in items if one["pk"] == partition and "kind" in one]


def ranks_of(baton: InMemoryBaton) -> list[Rank]:
    return [event.rank for event in events_of(baton)]


def test_a_form_ranks_above_an_identify_that_came_first(baton: InMemoryBaton) -> None:
    identify(baton, "v1")
    baton.form("contact", visitor=None, **ANN)
    assert ranks_of(baton) == [Rank.IDENTIFY, Rank.FORM]


def test_the_second_form_of_a_browser_is_its_owners(baton: InMemoryBaton) -> None:
    for _ in range(2):
        baton.form("contact", **ANN)
    assert ranks_of(baton) == [Rank.FORM, Rank.OWN_BROWSER]


def test_an_import_is_what_our_own_people_say(baton: InMemoryBaton) -> None:
    line = b'{"email": "ann@acme.example", "company": "Acme"}'
    assert baton.http("POST", "/v1/leads/import", line, TOKEN).status_code == 200
    assert ranks_of(baton) == [Rank.CONFIRMED]


@pytest.mark.parametrize(
    ("event", "rank"),
    [
        (make.form(), Rank.FORM),
        (make.event(Kind.IDENTIFY), Rank.IDENTIFY),
        (make.event(Kind.PERSON), Rank.CONFIRMED),
    ],
)
def test_an_event_from_before_ranks_has_that_of_its_kind(event: Event, rank: Rank) -> None:
    item = event_item(event)
    assert event_of({name: item[name] for name in item if name != "rank"}).rank is rank


# --- what is stored -------------------------------------------------------------------------------


def test_a_profile_from_before_ranks_is_read() -> None:
    before = json.dumps(
        {
            "company": [False, 1_795_000_000_000, "e1", "Acme"],
            "phone": [True, 1_795_000_000_000, "e2", "1"],
        }
    )
    item = {**profile_item(make.whole_lead()), "profile": before}
    lead = lead_of(make.LEAD_ID, [item])
    known = shown(lead.profile)
    assert {name: (one.rank, one.value) for name, one in known.items()} == {
        "company": (Rank.FORM, "Acme"),
        "phone": (Rank.CONFIRMED, "1"),
    }
    assert lead.touches == make.whole_lead().touches


def test_the_version_before_reads_what_is_shown() -> None:
    """It unpacks four parts of each field, of which the first one orders them."""
    said = [make.form(fields={"company": rank.name}, rank=rank) for rank in Rank]
    item = profile_item(make.whole_lead(profile=learn({}, said)))
    rank, _, _, value = json.loads(str(item["profile"]))["company"]
    assert (rank, value) == (3, "CONFIRMED")
    assert len(json.loads(str(item["touches"]))[0]) == 5


# --- where it is marked ---------------------------------------------------------------------------


def test_a_lead_says_which_of_its_fields_nobody_confirmed(baton: InMemoryBaton) -> None:
    line = b'{"email": "ann@acme.example", "company": "Acme"}'
    assert baton.http("POST", "/v1/leads/import", line, TOKEN).status_code == 200
    baton.form("contact", visitor=None, email=ANN["email"], company="Evil", phone="1")
    baton.until_quiet()
    lead = baton.lead()
    assert lead["profile"] == {"company": "Acme", "phone": "1"}
    assert lead["unconfirmed"] == ["phone"]
    items = baton.get(f"/v1/leads/{lead['lead_id']}/timeline")["items"]
    ranks = {one["detail"]["rank"] for one in items if "rank" in one["detail"]}
    assert ranks == {"form", "confirmed"}


def test_an_export_says_which_fields_nobody_confirmed() -> None:
    said = [
        make.form(fields={"company": "Acme"}, rank=Rank.CONFIRMED),
        make.form(fields={"company": "Evil", "phone": "1"}),
    ]
    assert line_of(make.lead(profile=learn({}, said)))["unconfirmed"] == ["phone"]
