"""Mailboxes: whichever spelling somebody typed, what its owner wishes holds for the mailbox."""

from datetime import timedelta
from itertools import pairwise

import pytest

from chalicelib.capture.identity import (
    lead_id,
)
from chalicelib.consent.mailbox import canonical, mailbox_of
from chalicelib.errors import ConflictError
from chalicelib.inputs.addresses import parse_address
from tests.baton import ANN, TOKEN, InMemoryBaton, ask
from tests.fakes import SECRETS

SECRET = SECRETS["identity"].encode()
GMAIL = "ann.example@gmail.com"


@pytest.mark.parametrize(
    ("spelling", "stands_for"),
    [
        ("ann@acme.example", "ann@acme.example"),
        ("ANN@Acme.Example", "ann@acme.example"),
        ("ann+news@acme.example", "ann@acme.example"),
        ("ann+a+b@acme.example", "ann@acme.example"),
        ("a.n.n@acme.example", "a.n.n@acme.example"),
        ("ann-marie@acme.example", "ann-marie@acme.example"),
        ("+ann@acme.example", "+ann@acme.example"),
        ("a.n.n+x@gmail.com", "ann@gmail.com"),
        ("Ann@GoogleMail.com", "ann@gmail.com"),
        ("ann-marie@gmail.com", "ann-marie@gmail.com"),
        ("ann@mail.gmail.com", "ann@mail.gmail.com"),
        ("nick-shop@yahoo.com", "nick@yahoo.com"),
        ("nick-news@yahoo.co.uk", "nick@yahoo.co.uk"),
        ("shop@ann.fastmail.com", "ann@fastmail.com"),
        ("ann+shop@fastmail.com", "ann@fastmail.com"),
        ("ann@b\u00fccher.example", "ann@xn--bcher-kva.example"),
    ],
)
def test_each_spelling_stands_for_its_mailbox(spelling: str, stands_for: str) -> None:
    assert canonical(parse_address(spelling)) == stands_for
    assert canonical(stands_for) == stands_for


def test_a_mailbox_is_named_by_keyed_hashes() -> None:
    one = mailbox_of(SECRET, "a.nn+x@gmail.com")
    other = mailbox_of(SECRET, "ann@gmail.com")
    assert (one.id, one.spelling != other.spelling) == (other.id, True)
    assert mailbox_of(SECRET, "A.NN+X@gmail.com") == one
    assert mailbox_of(b"another secret", "a.nn+x@gmail.com").id != one.id
    assert one.id != mailbox_of(SECRET, "bob@gmail.com").id
    assert not lead_id(SECRET, "ann@gmail.com").lower().startswith(one.id[:8])


def test_tags_and_dots_stay_leads_of_their_own() -> None:
    spellings = ["ann@gmail.com", "a.nn@gmail.com", "ann+x@gmail.com"]
    assert len({lead_id(SECRET, one) for one in spellings}) == 3


# --- end to end -----------------------------------------------------------------------------------


def unsubscribe(baton: InMemoryBaton, email: str) -> None:
    token = baton.world.links.sign("unsubscribe", baton.world.lead_id(email))
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = baton.http("POST", f"/u/{token}", b"List-Unsubscribe=One-Click", headers)
    assert answer.status_code == 200
    baton.until_quiet()


def become_mql(baton: InMemoryBaton, email: str) -> list[tuple[str, str | None]]:
    """Let somebody tick the box and become an MQL. Return what became of the emails to them."""
    baton.form("guide", f"v-{email}", consent=True, **{**ANN, "email": email})
    baton.until_quiet()
    lead = baton.world.lead_id(email)
    sent = baton.get(f"/v1/outbox?lead_id={lead}")["items"]
    return [(one["state"], one["reason"]) for one in sent if one["kind"] == "nurture"]


@pytest.mark.parametrize(
    "other",
    [
        "annexample@gmail.com",
        "a.n.n.example@gmail.com",
        "ann.example+offers@gmail.com",
        "Ann.Example@googlemail.com",
    ],
)
def test_an_unsubscribe_holds_for_every_spelling(other: str) -> None:
    baton = InMemoryBaton()
    assert become_mql(baton, GMAIL) == [("sent", None)]
    unsubscribe(baton, GMAIL)
    assert become_mql(baton, other) == [("suppressed", "unsubscribed")]
    assert baton.lead(other)["suppressed"] == "unsubscribed"
    (listed,) = baton.get(f"/v1/leads?email={other.replace('+', '%2B')}")["leads"]
    assert listed["suppressed"] == "unsubscribed"


def test_another_mailbox_is_still_written_to() -> None:
    baton = InMemoryBaton()
    become_mql(baton, GMAIL)
    unsubscribe(baton, GMAIL)
    assert become_mql(baton, "bob.example@gmail.com") == [("sent", None)]
    assert become_mql(baton, "a.nn@acme.example") == [("sent", None)]
    assert become_mql(baton, "ann@acme.example") == [("sent", None)]


def test_an_unsubscribe_outlives_the_lead() -> None:
    baton = InMemoryBaton()
    become_mql(baton, GMAIL)
    unsubscribe(baton, GMAIL)
    erased = f"LEAD#{baton.world.lead_id(GMAIL)}"
    items = baton.ports.memory.items
    baton.ports.memory.items = {key: item for key, item in items.items() if key[0] != erased}
    assert become_mql(baton, GMAIL) == [("suppressed", "unsubscribed")]


def test_an_old_link_of_an_erased_lead_still_works() -> None:
    baton = InMemoryBaton()
    become_mql(baton, GMAIL)
    gone = baton.world.lead_id(GMAIL)
    items = baton.ports.memory.items
    baton.ports.memory.items = {key: one for key, one in items.items() if key[0] != f"LEAD#{gone}"}
    unsubscribe(baton, GMAIL)
    assert baton.http("GET", f"/v1/leads/{gone}", headers=TOKEN).status_code == 404
    assert become_mql(baton, GMAIL) == [("suppressed", "unsubscribed")]


def test_an_unsubscribe_holds_for_whoever_is_imported_again() -> None:
    baton = InMemoryBaton()
    become_mql(baton, GMAIL)
    unsubscribe(baton, GMAIL)
    line = b'{"email": "annexample+crm@gmail.com", "company": "Acme"}'
    assert baton.http("POST", "/v1/leads/import", line, TOKEN).status_code == 200
    baton.until_quiet()
    assert baton.lead("annexample+crm@gmail.com")["suppressed"] == "unsubscribed"
    sent = become_mql(baton, "annexample+crm@gmail.com")
    assert sent == [("suppressed", "unsubscribed")]


@pytest.mark.parametrize("merged_first", [True, False])
@pytest.mark.parametrize("link_of", [GMAIL, "ann@acme.example"])
def test_an_unsubscribe_follows_the_person_into_a_merge(
    *, link_of: str, merged_first: bool
) -> None:
    baton = InMemoryBaton()
    become_mql(baton, GMAIL)
    become_mql(baton, "ann@acme.example")
    steps = [
        lambda: unsubscribe(baton, link_of),
        lambda: ask(baton, "merge", {"other_lead_id": baton.world.lead_id(GMAIL)}),
    ]
    for step in reversed(steps) if merged_first else steps:
        step()
    assert baton.lead("ann@acme.example")["suppressed"] == "unsubscribed"
    assert become_mql(baton, "ann+other@acme.example") == [("suppressed", "unsubscribed")]
    assert become_mql(baton, "annexample+other@gmail.com") == [("suppressed", "unsubscribed")]


def test_an_unsubscribe_reaches_all_mailboxes_of_a_chain() -> None:
    baton = InMemoryBaton()
    every = [GMAIL, "ann@acme.example", "ann@home.example"]
    for email in every:
        become_mql(baton, email)
    for absorbed, survivor in pairwise(every):
        absorbed_id = baton.world.lead_id(absorbed)
        ask(baton, "merge", {"other_lead_id": absorbed_id}, survivor)
    unsubscribe(baton, every[-1])
    for email in ("annexample+x@gmail.com", "ann+x@acme.example", "ann+x@home.example"):
        assert become_mql(baton, email) == [("suppressed", "unsubscribed")]


def test_a_merge_that_missed_an_unsubscribe_fails() -> None:
    """Whoever writes second has read what the first one wrote, or fails."""
    baton = InMemoryBaton()
    become_mql(baton, GMAIL)
    become_mql(baton, "ann@acme.example")
    ann, other = (baton.world.lead_id(one) for one in ("ann@acme.example", GMAIL))
    consents, table = baton.world.consents, baton.ports.memory
    merging = consents.carry_along(other, ann)  # read, and not yet written
    unsubscribe(baton, "ann@acme.example")
    with pytest.raises(ConflictError):
        table.write(*merging)
    table.write(*consents.carry_along(other, ann))
    assert become_mql(baton, "annexample+x@gmail.com") == [("suppressed", "unsubscribed")]


def test_one_unsubscribes_from_each_of_two_spellings_once() -> None:
    baton = InMemoryBaton()
    become_mql(baton, GMAIL)
    become_mql(baton, "annexample@gmail.com")
    for _ in range(2):
        for email in (GMAIL, "annexample@gmail.com"):
            unsubscribe(baton, email)
            baton.ports.clock.tick(timedelta(seconds=1))
    for email in (GMAIL, "annexample@gmail.com"):
        items = baton.get(f"/v1/leads/{baton.world.lead_id(email)}/timeline")["items"]
        assert [one["name"] for one in items if one["kind"] == "mail"] == ["unsubscribed"]


def test_an_unsubscribe_of_earlier_code_still_holds() -> None:
    baton = InMemoryBaton()
    become_mql(baton, GMAIL)
    unsubscribe(baton, GMAIL)
    items = baton.ports.memory.items  # as earlier code, which knew no mailboxes, left them
    baton.ports.memory.items = {
        key: item for key, item in items.items() if not key[0].startswith("MAILBOX#")
    }
    assert baton.lead(GMAIL)["suppressed"] == "unsubscribed"
    unsubscribe(baton, GMAIL)  # pressed again
    assert become_mql(baton, "annexample@gmail.com") == [("suppressed", "unsubscribed")]
