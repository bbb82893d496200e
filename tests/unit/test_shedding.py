"""Under load pings are shed before forms: what a throttled table does to each."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from chalicelib.errors import ConflictError, ThrottledError
from chalicelib.limits import WRITE_ATTEMPTS
from chalicelib.store.dynamo import DynamoTable
from chalicelib.store.table import GUARDED, Check, Put, Write
from tests.aws import session
from tests.baton import ANN, InMemoryBaton
from tests.fakes import FakePorts, MemoryTable

PING = {"anonymousId": "v1", "messageId": "m1", "properties": {"url": "https://keybook.example/"}}
IDENTIFY = {"anonymousId": "v1", "messageId": "m1", "traits": {"email": "ann@acme.example"}}
CALLS = {
    "ping": ("/v1/page", PING),
    "identify": ("/v1/identify", IDENTIFY),
    "batch": ("/v1/batch", {"batch": [{"type": "page", **PING}, {"type": "page", **PING}]}),
}


class Overloaded(MemoryTable):
    """A table that refuses its next operations."""

    def __init__(self) -> None:
        super().__init__()
        self.refusals: list[type[ConflictError]] = []
        self.refused = 0
        self.only_writes = False

    def refuse(self, times: int, *, only_writes: bool, as_busy: bool = False) -> None:
        self.refusals = [ConflictError if as_busy else ThrottledError] * times
        self.only_writes = only_writes
        self.refused = 0

    def get(self, pk: str, sk: str, **words: Any) -> Any:
        self._refuse(is_write=False)
        return super().get(pk, sk, **words)

    def query(self, pk: str, **words: Any) -> Iterator[Any]:
        self._refuse(is_write=False)
        return super().query(pk, **words)

    def write(self, *writes: Write) -> None:
        self._refuse(is_write=True)
        super().write(*writes)

    def _refuse(self, *, is_write: bool) -> None:
        if self.refusals and (is_write or not self.only_writes):
            self.refused += 1
            kind = self.refusals.pop()
            raise kind() if kind is ThrottledError else kind({})


@pytest.fixture
def table() -> Overloaded:
    return Overloaded()


@pytest.fixture
def baton(table: Overloaded) -> InMemoryBaton:
    return InMemoryBaton(FakePorts(table))


@pytest.mark.parametrize("as_busy", [False, True], ids=["throttled", "transaction conflict"])
@pytest.mark.parametrize("name", CALLS)
def test_a_ping_is_answered_at_once(
    name: str, *, as_busy: bool, table: Overloaded, baton: InMemoryBaton
) -> None:
    path, body = CALLS[name]
    baton.post(path, body)  # the switches are read by now
    table.refuse(1_000, only_writes=True, as_busy=as_busy)
    another = json.loads(json.dumps(body).replace('"m1"', '"m2"'))
    answer = baton.post(path, another)
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "1"
    assert json.loads(answer.body)["status"] == 503
    assert (table.refused, baton.ports.paused) == (1, [])


def test_a_ping_does_not_wait_for_the_switches_either(
    table: Overloaded, baton: InMemoryBaton
) -> None:
    table.refuse(1_000, only_writes=False)
    for path, body in CALLS.values():
        assert baton.post(path, body).status_code == 503
    assert baton.http("GET", "/v1/pixel?anonymousId=v1").status_code == 503
    assert (table.refused, baton.ports.paused) == (len(CALLS) + 1, [])


@pytest.mark.parametrize("only_writes", [False, True])
def test_a_form_is_tried_until_the_table_takes_it(
    *, only_writes: bool, table: Overloaded, baton: InMemoryBaton
) -> None:
    table.refuse(WRITE_ATTEMPTS - 1, only_writes=only_writes)
    baton.form("demo", **ANN)
    assert table.refused == WRITE_ATTEMPTS - 1
    assert len(baton.ports.paused) == WRITE_ATTEMPTS - 1
    baton.until_quiet()
    assert baton.lead()["stage"] == "sql"
    forms = [one for one in table.inserted if one.get("kind") == "form"]
    assert len(forms) == 1


def test_a_form_that_is_never_taken_may_be_sent_again(
    table: Overloaded, baton: InMemoryBaton
) -> None:
    table.refuse(1_000, only_writes=True)
    body = {"fields": ANN, "submission_id": "s1"}
    answer = baton.post("/v1/forms/demo", body)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
    table.refuse(0, only_writes=True)
    assert baton.post("/v1/forms/demo", body).status_code == 202


def test_an_unsubscribe_is_tried_until_the_table_takes_it(
    table: Overloaded, baton: InMemoryBaton
) -> None:
    baton.form("guide", consent=True, **ANN)
    token = baton.world.links.sign("unsubscribe", baton.world.lead_id(ANN["email"]))
    table.refuse(3, only_writes=True)
    assert baton.http("POST", f"/u/{token}").status_code == 200
    baton.until_quiet()
    assert baton.lead()["suppressed"] == "unsubscribed"


def test_the_page_that_asks_for_patience_needs_no_table(
    table: Overloaded, baton: InMemoryBaton
) -> None:
    """It would be branded, but the settings cannot be read just now."""
    browser = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "text/html"}
    table.refuse(1_000, only_writes=False)
    answer = baton.http("POST", "/v1/forms/demo", "email=ann%40acme.example", browser)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
    assert b"Please try again in a minute" in answer.body


def test_a_person_in_a_browser_is_told_in_words(table: Overloaded, baton: InMemoryBaton) -> None:
    """JSON is for programs."""
    token = baton.world.links.sign("unsubscribe", baton.world.lead_id(ANN["email"]))
    browser = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "text/html"}
    for path, body in (("/v1/forms/demo", "email=ann%40acme.example"), (f"/u/{token}", "")):
        table.refuse(100, only_writes=True)
        answer = baton.http("POST", path, body, browser)
        assert answer.status_code == 503
        assert answer.headers["Content-Type"].startswith("text/html")
        assert answer.headers["Retry-After"] == "1"
        assert answer.headers["Cache-Control"] == "no-store"
        assert "try again" in answer.body.decode()


def test_what_a_throttled_worker_could_not_do_comes_again(
    table: Overloaded, baton: InMemoryBaton
) -> None:
    baton.form("demo", **ANN)
    (event,) = [one for one in table.inserted if one.get("kind") == "form"]
    table.refuse(1_000, only_writes=True)
    assert not baton.handle(event)
    table.refuse(0, only_writes=True)
    assert baton.handle(event)


# --- what DynamoDB says ---------------------------------------------------------------------------


THROTTLES = (
    "ProvisionedThroughputExceededException",
    "ThrottlingException",
    "RequestLimitExceeded",
)
WRITES = (Put({"pk": "a", "sk": "b"}, GUARDED), Check("c", "d", {"e": 1}))
OPERATIONS: dict[str, Callable[[DynamoTable], object]] = {
    "get_item": lambda table: table.get("a", "b"),
    "batch_get_item": lambda table: table.get_many([("a", "b")]),
    "query": lambda table: list(table.query("a")),
    "put_item": lambda table: table.write(WRITES[0]),
    "transact_write_items": lambda table: table.write(*WRITES),
}


def refusing(operation: str, code: str, **fields: Any) -> DynamoTable:
    """Return the table on a DynamoDB that answers an operation with an error."""
    client = session("eu-central-1").client("dynamodb")
    stubber = Stubber(client)
    stubber.add_client_error(operation, code, modeled_fields=fields)
    stubber.activate()
    return DynamoTable(client, "baton")


@pytest.mark.parametrize("code", THROTTLES)
@pytest.mark.parametrize("operation", OPERATIONS)
def test_each_operation_names_a_throttle(operation: str, code: str) -> None:
    with pytest.raises(ThrottledError):
        OPERATIONS[operation](refusing(operation, code))


@pytest.mark.parametrize(
    ("reasons", "error"),
    [
        (("None", "ThrottlingError"), ThrottledError),
        (("ProvisionedThroughputExceeded", "None"), ThrottledError),
        (("ThrottlingError", "TransactionConflict"), ThrottledError),
        (("None", "TransactionConflict"), ConflictError),
        (("None", "ValidationError"), ClientError),
    ],
)
def test_a_cancelled_transaction_says_why(reasons: tuple[str, str], error: type[Exception]) -> None:
    codes = [{"Code": one} for one in reasons]
    table = refusing(
        "transact_write_items", "TransactionCanceledException", CancellationReasons=codes
    )
    with pytest.raises(error) as raised:
        table.write(*WRITES)
    assert isinstance(raised.value, ThrottledError) == (error is ThrottledError)


def test_any_other_error_is_passed_on() -> None:
    with pytest.raises(ClientError):
        refusing("get_item", "AccessDeniedException").get("a", "b")
