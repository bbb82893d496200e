"""Ann's journey, the playbook's first example lead, through the real handlers in memory."""

from tests.baton import AD, ANN, InMemoryBaton


def test_anns_journey_from_first_visit_to_handoff() -> None:
    baton = InMemoryBaton()
    baton.page("/", context=AD)
    baton.page("/blog/a")
    baton.page("/blog/b")
    baton.until_quiet()
    baton.form("guide", consent=True, **ANN)
    baton.until_quiet()
    lead = baton.lead()
    assert (lead["stage"], lead["score"]["total"], lead["score"]["grade"]) == ("mql", 60, "A")
    for _ in range(4):
        baton.page("/pricing")
    baton.until_quiet()
    lead = baton.lead()
    assert (lead["stage"], lead["score"]["total"]) == ("mql", 66)
    baton.form("demo", **ANN, message="We have 40 tools and an audit in March.")
    baton.until_quiet()
    lead = baton.lead()
    assert (lead["stage"], lead["kind"], lead["score"]["total"]) == ("sql", "requested", 90)
    assert sum(reason["points"] for reason in lead["score"]["reasons"]) == 90
    kinds = [type(message) for message in baton.ports.senders.sent]
    assert sorted(kind.__name__ for kind in kinds) == ["Email", "Email", "Sms", "SnsMessage"]
    assert {(item["kind"], item["via"], item["state"]) for item in baton.outbox()} == {
        ("nurture", "email", "sent"),
        ("handoff", "email", "sent"),
        ("handoff", "sns", "sent"),
        ("handoff", "sms", "sent"),
    }
