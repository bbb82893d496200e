"""How long each kind of item is kept is the deployment's to say."""

from collections.abc import Iterator
from typing import Any

import pytest
from ruamel.yaml import YAML

from chalicelib.settings import Retention, read_settings
from chalicelib.store.table import Item
from tests.baton import ANN, InMemoryBaton
from tests.fakes import NOW, FakePorts
from tests.moto_table import TEMPLATE

GIVEN = {
    "BATON_RETENTION_EVENTS": "500",
    "BATON_RETENTION_FORMS": "600",
    "BATON_RETENTION_MESSAGES": "700",
    "BATON_RETENTION_SUBMISSIONS": "7",
}


def visited(retention: Retention) -> InMemoryBaton:
    """Return a Baton in which one person looked at pages, said who she is and sent a form."""
    baton = InMemoryBaton(FakePorts(retention=retention))
    baton.page("/pricing")
    baton.post("/v1/identify", {"anonymousId": "v1", "traits": {"email": ANN["email"]}})
    baton.form("guide", consent=True, **ANN)
    baton.form("demo", **ANN)
    baton.until_quiet()
    token = baton.world.links.sign("unsubscribe", baton.world.lead_id(ANN["email"]))
    assert baton.http("POST", f"/u/{token}").status_code == 200
    return baton


def days(item: Item) -> int | None:
    if "expires_at_epoch_s" not in item:
        return None
    return round((int(item["expires_at_epoch_s"]) - NOW.timestamp()) / 86_400)


def kept(baton: InMemoryBaton) -> Iterator[tuple[str, int | None]]:
    """Yield each item's kind, and for how many days it is kept."""
    for (pk, sk), item in baton.ports.memory.items.items():
        family = sk.partition("#")[0]
        if family == "EVENT":
            yield f"{pk.partition('#')[0]} {item['kind']!s}", days(item)
        elif family in ("OUTBOX", "RECEIPT", "OWNER", "JOIN", "CONSENT", "PROFILE", "STANDING"):
            yield family, days(item)


def test_each_kind_of_item_is_kept_as_it_is_set() -> None:
    baton = visited(read_settings(GIVEN).retention)
    found = dict[str, set[int | None]]()
    for kind, kept_days in kept(baton):
        found.setdefault(kind, set()).add(kept_days)
    assert found == {
        "VISITOR page": {500},
        "LEAD identify": {500},
        "LEAD form": {600},
        "LEAD track": {600},
        "LEAD mail": {None},
        "OUTBOX": {700},
        "RECEIPT": {7},
        **{name: {None} for name in ("OWNER", "JOIN", "CONSENT", "PROFILE", "STANDING")},
    }


def test_without_settings_all_is_kept_as_ever() -> None:
    found = set(kept(visited(read_settings({}).retention)))
    expiring = {(kind, kept_days) for kind, kept_days in found if kept_days is not None}
    assert expiring == {("VISITOR page", 400), ("LEAD identify", 400), ("RECEIPT", 30)}


def test_a_message_keeps_its_expiry_when_it_is_sent() -> None:
    baton = visited(Retention(messages=700))
    planned = [item for item in baton.ports.memory.inserted if str(item["sk"]).startswith("OUTBOX")]
    sent = [baton.ports.memory.items[str(item["pk"]), str(item["sk"])] for item in planned]
    assert {(str(item["state"]), days(item)) for item in planned} == {("planned", 700)}
    assert "sent" in {str(item["state"]) for item in sent}
    assert set(map(days, sent)) == {700}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("EVENTS", "399"), ("EVENTS", "10000"), ("FORMS", "30"), ("FORMS", "-400"), ("FORMS", "x"),
        ("FORMS", "99999999"), ("MESSAGES", "399"), ("MESSAGES", "4_00"), ("SUBMISSIONS", "0"),
        ("SUBMISSIONS", "10000"), ("SUBMISSIONS", "1.5"),
    ],
)  # fmt: skip
def test_a_retention_that_cannot_work_is_refused(name: str, value: Any) -> None:
    with pytest.raises(ValueError, match=f"BATON_RETENTION_{name}: must be"):
        read_settings({f"BATON_RETENTION_{name}": value})


def test_the_longest_retention_can_be_stored() -> None:
    most = Retention(events=9_999, forms=9_999, messages=9_999, submissions=9_999)
    assert ("LEAD form", 9_999) in set(kept(visited(most)))


def test_the_template_allows_what_the_code_allows() -> None:
    parameters = YAML().load(TEMPLATE.read_text())["Parameters"]
    bounds = {
        name: (
            parameters[f"Retention{name}"]["MinValue"],
            parameters[f"Retention{name}"]["MaxValue"],
        )
        for name in ("Events", "Submissions")
    }
    assert bounds == {"Events": (400, 9_999), "Submissions": (1, 9_999)}


def test_a_wrong_budget_names_its_variable() -> None:
    with pytest.raises(ValueError, match="BATON_FIRST_EMAILS_PER_HOUR: must be"):
        read_settings({"BATON_FIRST_EMAILS_PER_HOUR": "-1"})
