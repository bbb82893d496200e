"""Ann's journey, the playbook's first example lead, through the real handlers in memory."""

from tests.baton import AD, ANN, House


def test_anns_journey_from_first_visit_to_handoff() -> None:
    house = House()
    house.page("/", context=AD)
    house.page("/blog/a")
    house.page("/blog/b")
    house.until_quiet()
    house.form("guide", consent=True, **ANN)
    house.until_quiet()
    lead = house.lead()
    assert (lead["stage"], lead["score"]["total"], lead["score"]["grade"]) == ("mql", 60, "A")
    for _ in range(4):
        house.page("/pricing")
    house.until_quiet()
    lead = house.lead()
    assert (lead["stage"], lead["score"]["total"]) == ("mql", 66)
    house.form("demo", **ANN, message="We have 40 tools and an audit in March.")
    house.until_quiet()
    lead = house.lead()
    assert (lead["stage"], lead["kind"], lead["score"]["total"]) == ("sql", "requested", 90)
    assert sum(reason["points"] for reason in lead["score"]["reasons"]) == 90
    kinds = [type(message) for message in house.ports.senders.sent]
    assert sorted(kind.__name__ for kind in kinds) == ["Mail", "Mail", "Text", "Topic"]
    assert {(item["kind"], item["channel"], item["state"]) for item in house.outbox()} == {
        ("letter", "mail", "sent"),
        ("handoff", "mail", "sent"),
        ("handoff", "topic", "sent"),
        ("handoff", "text", "sent"),
    }
