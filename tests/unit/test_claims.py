"""Claims: whose a visitor is, and how a claim without evidence gives way (ADR 0037)."""

from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest

from chalicelib.capture.joining import Claim, contend
from chalicelib.errors import ConflictError
from chalicelib.events import Owner, Rank
from chalicelib.limits import JOINS_MAX_BY_FORM, JOINS_MAX_BY_IDENTIFY, JOINS_MAX_PER_DAY
from chalicelib.store.table import Write
from tests.baton import ANN, TOKEN, InMemoryBaton
from tests.fakes import NOW, FakePorts, MemoryTable

EVIL = "mallory@evil.example"
USER = "USER#42"


@pytest.fixture
def baton() -> InMemoryBaton:
    return InMemoryBaton()


def identify(
    baton: InMemoryBaton, email: str, anonymous_id: str | None = None, user_id: str | None = None
) -> None:
    item = {"anonymousId": anonymous_id, "userId": user_id, "traits": {"email": email}}
    assert baton.post("/v1/identify", item).status_code == 200
    baton.until_quiet()


def visit(baton: InMemoryBaton, path: str = "/pricing", **ids: str) -> None:
    event = {"properties": {"path": path}, "messageId": baton.ports.new_id(), **ids}
    assert baton.post("/v1/page", event).status_code == 200
    baton.until_quiet()


def tally_of(baton: InMemoryBaton, email: str) -> Any:
    return baton.world.leads.read(baton.world.lead_id(email)).tally.days.get("pricing-page")


def visits_of(baton: InMemoryBaton, email: str) -> int:
    """Return how often a lead saw the prices; counting and replaying must agree on it."""
    lead_id = baton.world.lead_id(email)
    counted = tally_of(baton, email)
    baton.world.qualify.replay(lead_id)
    assert tally_of(baton, email) == counted
    return sum((counted or {}).values())


# --- user ids -------------------------------------------------------------------------------------


def test_a_claim_without_evidence_gives_way_to_one_with(baton: InMemoryBaton) -> None:
    identify(baton, EVIL, user_id="42")
    baton.form("newsletter", "v1", **ANN)
    identify(baton, ANN["email"], "v1", "42")
    visit(baton, userId="42")
    assert (visits_of(baton, ANN["email"]), visits_of(baton, EVIL)) == (1, 0)


def test_what_came_before_is_the_real_users_too(baton: InMemoryBaton) -> None:
    visit(baton, userId="42")
    identify(baton, EVIL, user_id="42")
    baton.form("newsletter", "v1", **ANN)
    baton.ports.clock.tick(timedelta(hours=1))
    identify(baton, ANN["email"], "v1", "42")
    baton.ports.clock.tick(timedelta(hours=1))
    visit(baton, userId="42")
    assert (visits_of(baton, ANN["email"]), visits_of(baton, EVIL)) == (2, 1)


def test_a_later_claim_without_evidence_takes_nothing(baton: InMemoryBaton) -> None:
    baton.form("newsletter", "v1", **ANN)
    identify(baton, ANN["email"], "v1", "42")
    identify(baton, EVIL, user_id="42")
    visit(baton, userId="42")
    assert (visits_of(baton, ANN["email"]), visits_of(baton, EVIL)) == (1, 0)


def test_events_under_a_contested_id_join_nobody(baton: InMemoryBaton) -> None:
    identify(baton, ANN["email"], user_id="42")
    visit(baton, userId="42")
    baton.ports.clock.tick(timedelta(hours=1))
    identify(baton, EVIL, user_id="42")
    baton.ports.clock.tick(timedelta(hours=1))
    visit(baton, userId="42")
    assert (visits_of(baton, ANN["email"]), visits_of(baton, EVIL)) == (1, 0)


def test_a_contest_ahead_of_the_claims_record_joins_nobody(baton: InMemoryBaton) -> None:
    for path, what in (
        ("identify", {"traits": {"email": ANN["email"]}}),
        ("identify", {"traits": {"email": EVIL}}),
        ("page", {"properties": {"path": "/pricing"}}),
    ):
        assert baton.post(f"/v1/{path}", {"userId": "42", **what}).status_code == 200
        baton.ports.clock.tick(timedelta(seconds=1))
    baton.until_quiet()  # only now is any of it counted
    assert (visits_of(baton, ANN["email"]), visits_of(baton, EVIL)) == (0, 0)


def test_a_contest_hides_nothing_that_came_before_it(baton: InMemoryBaton) -> None:
    page = {"type": "page", "userId": "42", "properties": {"path": "/pricing"}}
    assert baton.post("/v1/batch", {"batch": [page] * 100}).status_code == 200
    baton.until_quiet()  # it is nobody's yet
    for items in (
        [{"type": "identify", "userId": "42", "traits": {"email": ANN["email"]}}],
        [{"type": "identify", "userId": "42", "traits": {"email": EVIL}}],
        [page] * 40,  # newer, and nobody's for good
    ):
        baton.ports.clock.tick(timedelta(seconds=1))
        assert baton.post("/v1/batch", {"batch": items}).status_code == 200
    baton.until_quiet()
    assert visits_of(baton, ANN["email"]) == 100


def test_evidence_ends_a_contest(baton: InMemoryBaton) -> None:
    identify(baton, ANN["email"], user_id="42")
    identify(baton, EVIL, user_id="42")
    baton.form("newsletter", "v1", **ANN)
    baton.ports.clock.tick(timedelta(hours=1))
    identify(baton, ANN["email"], "v1", "42")
    visit(baton, userId="42")
    assert (visits_of(baton, ANN["email"]), visits_of(baton, EVIL)) == (1, 0)


def test_a_strangers_browser_is_no_evidence(baton: InMemoryBaton) -> None:
    baton.form("newsletter", "v1", **ANN)
    identify(baton, ANN["email"], "v1", "42")
    baton.form("newsletter", "evil", **ANN)  # Mallory knows Ann's address
    identify(baton, ANN["email"], "evil", "43")
    identify(baton, EVIL, "evil", "42")
    visit(baton, userId="42")
    owner = baton.world.events.owner(USER)
    assert owner
    assert owner.lead_id == baton.world.lead_id(ANN["email"])
    assert owner.contested_at is None


@pytest.mark.parametrize("user_id", ["{{user.id}}", "%%id%%", "[object Object]", "${id}", "null"])
def test_a_user_id_that_nobody_filled_in_joins_nobody(baton: InMemoryBaton, user_id: str) -> None:
    identify(baton, ANN["email"], user_id=user_id)
    assert baton.world.events.owner(f"USER#{user_id}") is None


def test_of_two_claims_at_once_only_one_is_first(baton: InMemoryBaton) -> None:
    free = Claim(USER, None, Owner("A", Rank.IDENTIFY))
    accept(baton, free)
    for late in (Claim(USER, None, Owner("B", Rank.IDENTIFY)), free):
        with pytest.raises(ConflictError):
            accept(baton, late, number=2)
    ann = Claim(USER, Owner("A", Rank.IDENTIFY), Owner("B", Rank.OWN_BROWSER))
    accept(baton, ann, number=3)
    with pytest.raises(ConflictError):  # both had read A's
        accept(baton, Claim(USER, ann.before, Owner("C", Rank.OWN_BROWSER)), number=4)
    owner = baton.world.events.owner(USER)
    assert owner
    assert owner.lead_id == "B"


def accept(baton: InMemoryBaton, claim: Claim, number: int = 1) -> None:
    from tests import factories as make

    baton.world.captured.accept(
        [make.form(n=number)],
        lead_id=claim.after.lead_id,
        claims=[claim],
        proof=None,
        receipt=None,
        now=NOW,
    )


CLAIMS = [
    Owner(lead_id, rank)
    for lead_id, rank in (
        ("A", Rank.IDENTIFY),
        ("B", Rank.IDENTIFY),
        ("A", Rank.FORM),
        ("B", Rank.FORM),
        ("C", Rank.OWN_BROWSER),
    )
]


def test_whoever_has_most_evidence_has_the_id_in_any_order() -> None:
    for order in permutations(CLAIMS):
        owner = order[0]
        for number, wanted in enumerate(order[1:]):
            owner = contend(owner, wanted, NOW + timedelta(minutes=number))
        assert (owner.lead_id, owner.contested_at) == ("C", None)
        assert len(owner.earlier) <= 2
        assert "C" not in owner.earlier


def test_two_with_the_most_evidence_have_it_neither() -> None:
    for order in permutations(CLAIMS[:4]):
        owner = order[0]
        for wanted in order[1:]:
            owner = contend(owner, wanted, NOW)
        assert owner.rank is Rank.FORM
        assert owner.contested_at is not None
        assert owner.leads_at(NOW + timedelta(minutes=1)) == []


# --- browsers -------------------------------------------------------------------------------------


def answered(baton: InMemoryBaton, visitor: str | None, email: str = ANN["email"]) -> Any:
    answer = baton.form("newsletter", visitor, email=email)
    baton.until_quiet()
    return answer["visitor_id"]


@pytest.mark.parametrize("email", [ANN["email"], EVIL])
def test_the_answer_is_always_a_new_id(baton: InMemoryBaton, email: str) -> None:
    mine = answered(baton, "mine", "mallory@evil.example")
    anns = answered(baton, "anns")
    for visitor in ("mine", mine, "anns", anns, "free", "undefined", "{{id}}"):
        seen = {answered(baton, visitor, email) for _ in range(3)}
        assert len(seen) == 3
        assert not seen & {"mine", mine, "anns", anns, visitor}
    assert answered(baton, None, email) is None


def test_what_the_browser_did_before_and_does_later_joins(baton: InMemoryBaton) -> None:
    visit(baton, anonymousId="old")
    new = answered(baton, "old")
    for visitor in ("old", new):
        visit(baton, anonymousId=visitor)
    assert visits_of(baton, ANN["email"]) == 3


def test_a_second_person_takes_nothing_of_the_first(baton: InMemoryBaton) -> None:
    visit(baton, anonymousId="shared")
    answered(baton, "shared")
    theirs = answered(baton, "shared", EVIL)
    visit(baton, anonymousId=theirs)
    assert (visits_of(baton, ANN["email"]), visits_of(baton, EVIL)) == (1, 1)


# --- whose the first form is ----------------------------------------------------------------------


class RefusingTable(MemoryTable):
    """A table that can refuse every transaction."""

    is_refusing = False

    def write(self, *writes: Write) -> None:
        if self.is_refusing and len(writes) > 1:
            raise ConflictError({})
        super().write(*writes)


def sent(baton: InMemoryBaton, visitor: str, submission_id: str, name: str = "Ann") -> int:
    fields = {"email": ANN["email"], "first_name": name}
    data = {"fields": fields, "visitor_id": visitor, "submission_id": submission_id}
    return int(baton.post("/v1/forms/newsletter", data).status_code)


def rank_of(baton: InMemoryBaton, visitor: str) -> Rank | None:
    owner = baton.world.events.owner(f"VISITOR#{visitor}")
    return owner.rank if owner else None


def test_only_the_browser_of_the_first_form_is_own(baton: InMemoryBaton) -> None:
    new_ids = [answered(baton, visitor) for visitor in ("own", "evil")]
    ranks = [rank_of(baton, visitor) for visitor in ("own", "evil", *new_ids)]
    assert ranks == [Rank.OWN_BROWSER, Rank.FORM] * 2


def forget(baton: InMemoryBaton, sk: str) -> None:
    table = baton.ports.memory
    table.items = {key: item for key, item in table.items.items() if key[1] != sk}


@pytest.mark.parametrize("before", ["import", "older form"])
def test_a_lead_that_stood_already_is_nobodys(baton: InMemoryBaton, before: str) -> None:
    if before == "import":
        line = b'{"email": "ann@acme.example", "company": "Acme"}'
        assert baton.http("POST", "/v1/leads/import", line, TOKEN).status_code == 200
        baton.until_quiet()
    else:
        answered(baton, "own")
        forget(baton, "COUNTS")  # older code counted nothing
    for visitor in ("evil", answered(baton, "evil")):
        answered(baton, visitor)
        assert rank_of(baton, visitor) is Rank.FORM


def test_a_first_form_that_is_sent_again_is_first() -> None:
    table = RefusingTable()
    baton = InMemoryBaton(FakePorts(table))
    table.is_refusing = True
    assert sent(baton, "own", "s1") == 503
    table.is_refusing = False
    assert sent(baton, "evil", "s2") == 202
    assert sent(baton, "own", "s1") == 202
    assert (rank_of(baton, "own"), rank_of(baton, "evil")) == (Rank.OWN_BROWSER, Rank.FORM)


def test_a_borrowed_submission_id_makes_nobody_first(baton: InMemoryBaton) -> None:
    assert sent(baton, "own", "s1") == 202
    baton.until_quiet()
    baton.ports.clock.tick(timedelta(days=31))
    forget(baton, "RECEIPT")  # it has expired
    assert sent(baton, "evil", "s1", "Eve") == 202
    assert rank_of(baton, "evil") is Rank.FORM


# --- strangers do not use up the room -------------------------------------------------------------


def joined(baton: InMemoryBaton) -> int:
    return len(baton.world.events.joins(baton.world.lead_id(ANN["email"])))


def test_the_lead_has_room_for_its_own_browser(baton: InMemoryBaton) -> None:
    own = answered(baton, "own")
    for day in range(30):
        for number in range(10):
            baton.form("newsletter", f"evil-{day}-{number}", email=ANN["email"])
        baton.ports.clock.tick(timedelta(days=1))
    assert joined(baton) == JOINS_MAX_BY_FORM
    visit(baton, anonymousId=answered(baton, own))
    baton.world.qualify.replay(baton.world.lead_id(ANN["email"]))  # it is crowded
    assert visits_of(baton, ANN["email"]) == 1


def test_a_burst_of_strangers_leaves_room_for_tomorrow(baton: InMemoryBaton) -> None:
    for number in range(200):
        baton.form("newsletter", f"evil{number}", email=ANN["email"])
        identify_only(baton, f"evil-too{number}")
    assert joined(baton) <= 2 + 2 * JOINS_MAX_PER_DAY
    baton.ports.clock.tick(timedelta(days=1))
    visit(baton, anonymousId="phone")
    visit(baton, anonymousId=answered(baton, "phone"))
    baton.world.qualify.replay(baton.world.lead_id(ANN["email"]))  # it is crowded
    assert visits_of(baton, ANN["email"]) == 2


def test_identifies_take_none_of_the_room_of_forms(baton: InMemoryBaton) -> None:
    for day in range(10):
        for number in range(25):
            identify_only(baton, f"evil-{day}-{number}")
        baton.ports.clock.tick(timedelta(days=1))
    assert joined(baton) == JOINS_MAX_BY_IDENTIFY
    answered(baton, "own")
    assert joined(baton) == JOINS_MAX_BY_IDENTIFY + 2


def identify_only(baton: InMemoryBaton, visitor: str) -> None:
    item = {"anonymousId": visitor, "traits": {"email": ANN["email"]}}
    assert baton.post("/v1/identify", item).status_code == 200
