"""Bugs that a review found, each with its story. None may come back."""

import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from importlib.util import module_from_spec, spec_from_file_location
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import pytest
from botocore.stub import Stubber
from chalice.test import HTTPResponse
from ruamel.yaml import YAML

from chalicelib.delivery.messages import Email, Sms, SnsMessage
from chalicelib.delivery.senders import Senders
from chalicelib.errors import DocumentError
from chalicelib.events import visitor_partition
from chalicelib.leads.lead import Lead
from chalicelib.limits import HORIZON_DAYS, OWN_FIELDS_MAX, REVIEW_MAX_DAYS
from chalicelib.store import keys, places
from chalicelib.store.documents import Documents
from chalicelib.store.dynamo import DynamoTable
from chalicelib.store.models import Models
from chalicelib.store.table import GUARDED, Item, Put
from infra import defaults
from tests.aws import session
from tests.baton import ANN, API, SITE, TOKEN, InMemoryBaton, key_of, model_document, qualify_only
from tests.factories import all_due
from tests.fakes import NOW, FakeClock, FakePorts, MemoryTable
from tests.moto_table import REGION, TABLE_NAME, moto_client
from tests.stepper import Breaker, Call, Crash, CrashError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

Kind = TypeVar("Kind", Email, Sms, SnsMessage)
JSON = {"Content-Type": "application/json"}
LONG_LINE = "€" * 300  # the longest a form's field may be, in characters of three bytes
LONG_TEXT = "€" * 5_000
TRAP = 10**399  # 400 digits: JSON allows it, and no float can hold it


@pytest.fixture
def baton() -> InMemoryBaton:
    return InMemoryBaton()


# --- what a stranger fills in ---------------------------------------------------------------------


def test_a_stranger_cannot_fill_a_profile_with_unread_fields(
    baton: InMemoryBaton,
) -> None:
    """Every field of every form became profile. Nine posts of 48 new names each made the lead's one
    profile item larger than the 400 KB that DynamoDB takes, and from then on nothing of that lead
    could be written.
    """
    for post in range(9):
        post_form(
            baton, "newsletter", {f"field_{post}_{number}": LONG_LINE for number in range(48)}
        )
    baton.until_quiet()
    assert size(stored(baton, keys.PROFILE)) < 20_000  # 20 of them, a line each
    assert max(map(size, baton.ports.memory.items.values())) < 50_000


def test_an_unread_field_stays_in_its_event(
    baton: InMemoryBaton,
) -> None:
    """What has no room in the profile must not be lost: a person reads it beside the form that said
    it.
    """
    baton.form("newsletter", **ANN)
    baton.form("newsletter", **ANN, favourite_colour="green")
    for post in range(OWN_FIELDS_MAX):
        baton.ports.clock.tick(timedelta(minutes=1))
        baton.form("newsletter", **{**ANN, f"field_{post}": "x"})
    baton.until_quiet()
    assert "favourite_colour" not in baton.lead()["profile"]
    timeline = baton.get(f"/v1/leads/{baton.lead()['lead_id']}/timeline")["items"]
    said = [item["detail"]["fields"] for item in timeline if item["kind"] == "form"]
    assert "green" in [fields.get("favourite_colour") for fields in said]


@pytest.mark.parametrize("group", ["profile", "undesirables"])
def test_a_field_that_a_rule_reads_becomes_profile(baton: InMemoryBaton, group: str) -> None:
    """The other side of the same bug: what marketing gives points for has to be known, whatever its
    name is.
    """
    rules = model_document()["rules"]
    rules = rules | {
        group: rules[group] | {"budget": {"field": "budget", "present": True, "points": -3}}
    }
    baton.world.models.load(model_document() | {"rules": rules})
    baton.form("newsletter", **ANN, budget=5_000)
    baton.until_quiet()
    assert baton.lead()["profile"]["budget"] == 5_000
    assert [
        reason["points"]
        for reason in baton.lead()["score"]["reasons"]
        if reason["rule"] == "budget"
    ] == [-3]


@pytest.mark.parametrize("number", [TRAP, -TRAP], ids=["positive", "negative"])
def test_an_integer_of_400_digits_is_kept_as_text(baton: InMemoryBaton, number: int) -> None:
    """Whether it is infinite was asked with `math.isinf`, which cannot take such an integer:
    OverflowError, 500.
    """
    answer = baton.post(
        "/v1/track", {"anonymousId": "v1", "event": "Read", "properties": {"x": number}}
    )
    assert answer.status_code == 200
    assert "properties.x" in [one["field"] for one in json.loads(answer.body)["warnings"]]


def test_an_integer_of_400_digits_costs_nothing_else(baton: InMemoryBaton) -> None:
    """The same OverflowError answered a whole batch with 500, so clients sent all of it again, for
    ever.
    """
    good = {
        "type": "track",
        "anonymousId": "v1",
        "messageId": "good",
        "event": "Read",
        "properties": {"x": 1},
    }
    huge = good | {"messageId": "huge", "properties": {"x": TRAP}}
    answer = baton.post("/v1/batch", {"batch": [huge, good]})
    assert answer.status_code == 200
    assert "rejected" not in json.loads(answer.body)
    kept = [event.properties["x"] for event in baton.world.events.of(visitor_partition("v1"))]
    assert len(kept) == 2
    assert 1 in kept


def test_an_integer_of_400_digits_costs_no_form(baton: InMemoryBaton) -> None:
    """Forms asked by themselves, and were refused for it."""
    answer = baton.post("/v1/forms/demo", {"fields": {"email": ANN["email"], "revenue": TRAP}})
    assert answer.status_code == 202
    assert {one["field"] for one in json.loads(answer.body)["warnings"]} == {"fields.revenue"}


@pytest.mark.parametrize("name", ["page", "campaign", "consent"])
def test_a_null_part_of_a_form_counts_as_absent(baton: InMemoryBaton, name: str) -> None:
    """Clients that always write every key were refused: null is no page and no campaign."""
    assert baton.post("/v1/forms/demo", {"fields": ANN, name: None}).status_code == 202
    baton.until_quiet()
    assert baton.lead()["stage"] == "sql"


def test_a_null_trait_does_not_hide_its_other_name(baton: InMemoryBaton) -> None:
    """`job_title` and `title` are one field. A null of the one replaced what the other said."""
    identify(baton, job_title=None, title="CTO")
    assert baton.lead()["profile"]["job_title"] == "CTO"


def test_a_phone_that_is_a_number_is_kept(baton: InMemoryBaton) -> None:
    """Some clients send a phone as a number. The whole identify was refused, and with it the
    person.
    """
    identify(baton, phone=4930901820)
    assert baton.lead()["profile"]["phone"] == "+4930901820"


# --- what a marketer writes -----------------------------------------------------------------------


@pytest.mark.parametrize("mistake", ["{{ first_name + 1 }}", "{{ 1 / 0 }}"])
@pytest.mark.parametrize("part", ["subject", "text", "html"])
def test_an_unrenderable_email_does_not_stop_the_clock(
    baton: InMemoryBaton, part: str, mistake: str
) -> None:
    """Only Jinja's own errors were expected. A TypeError set the record aside as unreadable, the
    email stayed planned, and from then on every tick of the clock failed with it.
    """
    email = baton.world.documents.get("email", "welcome")
    assert email is not None
    baton.world.documents.put("email", {**email, part: mistake}, "welcome")
    warm_up(baton)
    (found,) = emails(baton)
    assert (found["state"], found["reason"]) == ("refused", "not_rendered")
    for _ in range(3):
        baton.minutes_later(2)


# --- what a salesperson reads ---------------------------------------------------------------------


def test_twenty_long_texts_fit_a_topic_message_and_a_mail(baton: InMemoryBaton) -> None:
    """Every text was told whole. Twenty of 5,000 characters are more than the 256 KB that SNS
    takes: the handoff was refused, and nobody learned of the lead.
    """
    for _ in range(19):
        post_form(baton, "newsletter", {"message": LONG_TEXT})
    post_form(baton, "demo", {"message": LONG_TEXT})
    baton.until_quiet()
    topic, mail = one_sent(baton, SnsMessage), one_sent(baton, Email)
    assert len(json.loads(topic.body)["did"]) == 20
    assert len(topic.body.encode()) < 200_000
    assert len(mail.text.encode()) + len((mail.html or "").encode()) < 100_000


def test_what_a_stranger_typed_is_one_line_without_invisible_characters(
    baton: InMemoryBaton,
) -> None:
    """A message kept its line breaks, so that a stranger could write a section of the notice; and a
    right-to-left override, behind which `moc.evil` reads as something else.
    """
    forged = "Hello\n\nWho they are\n  phone: +1 900 1234\r\nbye\u202emoc.evil"
    baton.form("demo", **{**ANN, "first_name": "An\u202en", "message": forged})
    baton.until_quiet()
    mail, text, topic = one_sent(baton, Email), one_sent(baton, Sms), one_sent(baton, SnsMessage)
    everything = [mail.subject, mail.text, mail.html or "", text.body, topic.subject, topic.body]
    assert not any("\u202e" in one or "\\u202e" in one for one in everything)
    assert mail.text.splitlines().count("Who they are") == 0  # ours says that nothing is confirmed
    assert not any(line.strip().startswith("phone: +1") for line in mail.text.splitlines())
    for told in (mail.text, (mail.html or "").replace("\N{NO-BREAK SPACE}", " ")):
        lines = [line for line in told.splitlines() if "+1 900" in line]
        assert lines
        assert all("Hello Who they are phone: +1 900 1234 bye" in line for line in lines)
    assert [
        len(one.splitlines()) for one in (mail.subject, text.body, topic.subject, topic.body)
    ] == [1, 1, 1, 1]
    assert [len(deed["what"].splitlines()) for deed in json.loads(topic.body)["did"]] == [1]
    assert text.body.startswith("Ann Example, CTO at Acme")


# --- the clock ------------------------------------------------------------------------------------


class Interrupted(MemoryTable):
    """A table on which something happens whenever a visitor's events are read. reads: how often
    they were.
    """

    def __init__(self) -> None:
        super().__init__()
        self.reads = 0
        self.meanwhile: Callable[[], None] = lambda: None

    def query(self, pk: str, **bounds: Any) -> Iterator[Item]:
        found = list(super().query(pk, **bounds))
        if pk == visitor_partition("v1") and str(bounds.get("first")).startswith(keys.EVENT):
            self.reads += 1
            self.meanwhile()
        return iter(found)


def test_a_ping_during_a_replay_disturbs_no_tick() -> None:
    """A ping of a crowded lead asks for a replay. One that asked while another replay ran made that
    one begin again, after all was read and written; a lively visitor kept it from ever ending, and
    the tick failed.
    """
    table = Interrupted()
    baton = InMemoryBaton(FakePorts(table))
    baton.form("newsletter", **ANN)
    for _ in range(130):
        baton.page("/blog/a")
    baton.until_quiet()
    baton.page("/pricing")
    baton.until_quiet()
    assert the_lead(baton).crowded
    baton.ports.clock.tick(timedelta(minutes=15))

    def ping() -> None:
        baton.page("/compare/x")
        qualify_only(baton)

    table.reads, table.meanwhile = 0, ping
    assert baton.tick() == 1
    assert table.reads == 1
    assert the_lead(baton).tally.days_of("pricing-page")
    assert "due_sk" in stored(baton, keys.REPLAY)  # what asked meanwhile is still asked for
    table.meanwhile = lambda: None
    baton.minutes_later(15)
    assert the_lead(baton).tally.days_of("compare-page")
    assert "due_sk" not in stored(baton, keys.REPLAY)


def test_a_lead_with_forgotten_behaviour_is_not_reviewed_forever(baton: InMemoryBaton) -> None:
    """Behaviour older than 400 days was dropped by the next event only. Of a lead that never came
    back the clock reviewed the empty score every 28 days, for ever.
    """
    baton.page("/blog/a")
    baton.form("newsletter", **ANN)
    baton.until_quiet()
    assert baton.lead()["review_on"] is not None
    for _ in range(HORIZON_DAYS // REVIEW_MAX_DAYS + 2):
        baton.minutes_later(timedelta(days=REVIEW_MAX_DAYS) / timedelta(minutes=1))
    assert baton.lead()["review_on"] is None
    assert [item for item in baton.ports.memory.items.values() if "due_pk" in item] == []
    assert baton.lead()["profile"]["job_title"] == "CTO"  # who somebody is does not grow old


def test_each_minute_begins_with_another_shard() -> None:
    """Every tick began with the first shard. When time ran out it was always the last ones that
    waited.
    """
    table = MemoryTable()
    for shard in range(keys.DUE_SHARDS):
        place = {"due_pk": places.due(shard), "due_sk": places.due_at(NOW, "x")}
        table.write(Put({"pk": keys.lead(f"LEAD{shard}"), "sk": keys.STANDING, **place}, GUARDED))
    minutes = [NOW + timedelta(minutes=minute) for minute in range(keys.DUE_SHARDS)]
    every = [[due.lead_id for due in all_due(table, now)] for now in minutes]
    assert len({found[0] for found in every}) == keys.DUE_SHARDS
    assert all(len(set(found)) == keys.DUE_SHARDS for found in every)


# --- the documents --------------------------------------------------------------------------------


NEW_MODEL: Mapping[str, Any] = model_document() | {"name": "Another"}


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_crash_while_loading_leaves_a_whole_model_active(
    *,
    after: bool,
) -> None:
    """A model was written in two writes: its version, then the active one. A crash between them
    left a version that no one used, and every later publication failed because that version was
    there already.
    """
    for (
        call
    ) in count():  # crash at every call of the table in turn, until there is none left to crash at
        breaker = Breaker(Crash(call, after))
        baton = InMemoryBaton(FakePorts(wrap=breaker.wrap))
        try:
            with breaker.works("load"):
                baton.world.models.load(NEW_MODEL)
        except CrashError:
            left = fresh_models(baton).active()
            assert (left.version, left.activation) == (1, 1) or after
        else:
            break
        version = fresh_models(baton).load(NEW_MODEL)
        active = fresh_models(baton).active()
        assert (active.version, active.name, active.activation) == (version, "Another", 2)
        assert fresh_models(baton).load(NEW_MODEL) == version  # and it is not stored again
    assert breaker.log.count(Call("load", "table.write")) == 2


@pytest.fixture
def table() -> Iterator["DynamoDBClient"]:
    with moto_client() as client:
        yield client


SENDING = ("unreachable",)
"""A sequence of one email of the same name."""


class Checkout:
    """A copy of what a deployment loads its documents from, in which an operator edits files."""

    def __init__(self, folder: Path, client: "DynamoDBClient") -> None:
        self.client, self.documents = client, folder / "chalicelib" / "defaults"
        shutil.copytree(defaults.DEFAULTS, self.documents)
        for email in (self.documents / "emails").iterdir():  # moto takes its time with each
            if email.stem not in SENDING:
                email.unlink()
        self.edit("sequences.yaml", lambda every: [one for one in every if one["id"] in SENDING])
        (folder / "infra").mkdir()
        self._source = Path(shutil.copy(defaults.__file__, folder / "infra"))

    def deploy(self) -> None:
        """The last step of a deployment to AWS: not of the demo."""
        spec = spec_from_file_location("copied_defaults", self._source)
        assert spec is not None
        assert spec.loader is not None
        copied = module_from_spec(spec)
        spec.loader.exec_module(copied)
        copied.load(
            table_name=TABLE_NAME,
            api_url=API,
            site_url=SITE,
            endpoint_url=None,
            region=REGION,
            time_zone="UTC",
            demo=False,
        )

    def edit(self, name: str, change: Callable[[Any], Any]) -> None:
        yaml, path = YAML(typ="safe"), self.documents / name
        with path.open("r+") as file:
            document = change(yaml.load(file))
            file.seek(0)
            file.truncate()
            yaml.dump(document, file)

    def stored(self) -> Documents:
        """The documents as a new worker reads them."""
        return Documents(DynamoTable(self.client, TABLE_NAME), FakeClock())

    def models(self) -> Models:
        """The models as a new worker reads them."""
        return Models(DynamoTable(self.client, TABLE_NAME), FakeClock())


@pytest.fixture
def checkout(tmp_path: Path, table: "DynamoDBClient") -> Checkout:
    return Checkout(tmp_path, table)


UNREACHABLE = "emails/unreachable.yaml"
SAM = {"id": "sam", "name": "Sam Seller", "email": "sam@acme.example", "phone": "+4930901820"}
UMA = SAM | {"id": "uma", "name": "Uma Seller", "email": "uma@acme.example"}


def test_a_document_that_its_readers_would_refuse_is_not_loaded(checkout: Checkout) -> None:
    """Documents were stored as they stood in their files. A misspelt key came to light with the
    first lead, when the worker that read it failed.
    """
    checkout.edit(UNREACHABLE, lambda email: email | {"subjekt": "Hello"})
    with pytest.raises(DocumentError, match="subjekt"):
        checkout.deploy()
    assert checkout.stored().get("email", "unreachable") is None


def test_an_email_that_a_marketer_changed_outlives_the_next_deployment(checkout: Checkout) -> None:
    """What is loaded into an empty table belongs to its marketers from then on."""
    checkout.deploy()
    email = checkout.stored().get("email", "unreachable")
    assert email is not None
    changed = {**email, "subject": "Hello from marketing"}
    checkout.stored().put("email", changed, "unreachable")
    checkout.edit(UNREACHABLE, lambda email: email | {"subject": "Hello from the next release"})
    checkout.deploy()
    assert checkout.stored().get("email", "unreachable") == changed
    active = checkout.models().active()
    assert (active.version, active.activation) == (1, 1)


def test_a_routing_of_nobody_is_replaced_once_somebody_is_named(checkout: Checkout) -> None:
    """The first deployment stored the empty routing, and the next ones left it alone as they leave
    what a person wrote: whoever named a salesperson in routing.yaml afterwards was never told of a
    lead.
    """
    checkout.deploy()
    assert checkout.stored().get("routing") == {"people": []}
    checkout.edit("routing.yaml", lambda _routing: {"people": [SAM]})
    checkout.deploy()
    assert checkout.stored().get("routing") == {"people": [SAM]}
    checkout.edit("routing.yaml", lambda _routing: {"people": [UMA]})
    checkout.deploy()
    assert checkout.stored().get("routing") == {
        "people": [SAM]
    }  # which is the deployment's own by now


def test_a_deployment_says_so_when_nobody_sells(
    checkout: Checkout, capsys: pytest.CaptureFixture[str]
) -> None:
    """It went through without a word, and no lead ever reached a person."""
    checkout.deploy()
    said = capsys.readouterr().out
    assert "There is no salesperson yet" in said
    assert "Switched off: unreachable." in said
    checkout.edit("routing.yaml", lambda _routing: {"people": [SAM]})
    checkout.deploy()
    assert "There is no salesperson yet" not in capsys.readouterr().out


# --- the outside ----------------------------------------------------------------------------------


@pytest.mark.parametrize("code", ["AccessDenied", "AccessDeniedException"])
def test_an_email_waits_until_we_may_send_it(code: str) -> None:
    """A missing permission is a mistake of ours that somebody mends. It was taken as the service's
    last word about the mail, so that each email of those hours was refused for good.
    """
    ses: Any = session(REGION).client("sesv2")
    stub = Stubber(ses)
    stub.add_client_error("send_email", service_error_code=code, http_status_code=403)
    stub.add_response("send_email", {"MessageId": "m-1"})
    stub.activate()
    senders = Senders(
        ses, ses, sender="baton@keybook.example", configuration_set="baton", topic_arn=""
    )
    baton = InMemoryBaton(
        FakePorts(wrap=lambda name, port: senders.send if name == "send" else port)
    )
    warm_up(baton)
    (email,) = emails(baton)
    assert (email["state"], email["reason"]) == ("planned", "access_denied")
    baton.minutes_later(1)
    (email,) = emails(baton)
    assert (email["state"], email["message_id"]) == ("sent", "m-1")


def test_a_broken_unsubscribe_link_shows_a_person_a_page(baton: InMemoryBaton) -> None:
    """Mail programs break long links. Whoever followed one saw a problem document in JSON."""
    answer = baton.http("GET", "/u/not-one-of-ours", headers={"Accept": "text/html"})
    assert answer.status_code == 404
    assert answer.headers["Content-Type"].startswith("text/html")
    assert b"This link is not valid" in answer.body


def test_a_wrong_token_is_401(baton: InMemoryBaton) -> None:
    """It was 403, by which clients conclude that they are known and may not, and do not ask for
    another token.
    """
    answer = baton.http("GET", "/v1/outbox", headers={"Authorization": "Bearer another"})
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"


# --- what a person decides ------------------------------------------------------------------------


def test_a_retracted_request_leaves_sales_despite_a_persons_mql(
    baton: InMemoryBaton,
) -> None:
    """A person's word held for the whole cycle, also for the SQL that the model made later: a
    request that was our own test stayed with sales, and they never heard that it was one.
    """
    baton.form("tour", **ANN)
    baton.until_quiet()
    ask(baton, "stage", {"stage": "mql", "reason": "met at the fair"})
    baton.form("demo", **ANN)
    baton.until_quiet()
    timeline = baton.get(f"/v1/leads/{baton.lead()['lead_id']}/timeline")["items"]
    demo = [item["id"] for item in timeline if (item["kind"], item["name"]) == ("form", "demo")]
    ask(baton, "retract", {"event_ids": demo, "reason": "our own test"})
    assert baton.lead()["stage"] == "mql"
    assert {item["via"] for item in baton.outbox() if item["kind"] == "correction"} == {
        "email",
        "sns",
        "sms",
    }


def test_a_lead_moved_back_by_mistake_reaches_sales_again(
    baton: InMemoryBaton,
) -> None:
    """Back to sql within ten minutes was taken for a verdict undone, of which nobody is told. But
    this handoff had been taken back: sales had the correction in hand, and the lead stood in sql in
    silence.
    """
    baton.form("demo", **ANN)
    baton.until_quiet()
    ask(baton, "stage", {"stage": "mql", "reason": "not yet"})
    ask(baton, "stage", {"stage": "sql", "reason": "a slip"})
    assert (baton.lead()["stage"], baton.lead()["cycle"]) == ("sql", 2)
    sent = [key_of(item) for item in baton.outbox() if item["state"] == "sent"]
    assert {"correction#1#email", "handoff#2#email"} <= set(sent)


# --- what the tests above are made of -------------------------------------------------------------


def post_form(baton: InMemoryBaton, form_id: str, fields: Mapping[str, Any]) -> None:
    """A form of Ann's in UTF-8, as browsers write it."""
    body = json.dumps({"fields": {"email": ANN["email"], **fields}}, ensure_ascii=False)
    assert baton.http("POST", f"/v1/forms/{form_id}", body, JSON).status_code == 202


def ask(baton: InMemoryBaton, what: str, data: Mapping[str, Any]) -> None:
    """What a person asks of Ann's lead, and what follows from it."""
    answer = baton.post(f"/v1/leads/{baton.world.lead_id(ANN['email'])}/{what}", data, TOKEN)
    assert answer.status_code == 200, answer.body
    baton.until_quiet()


def identify(baton: InMemoryBaton, **traits: Any) -> None:
    traits = {"email": ANN["email"], **traits}
    answer = baton.post("/v1/identify", {"anonymousId": "v1", "messageId": "m", "traits": traits})
    assert answer.status_code == 200, answer.body
    baton.until_quiet()


def warm_up(baton: InMemoryBaton) -> None:
    """Make Ann, who said yes, an MQL, whom an email is sent to."""
    baton.form("guide", consent=True, **ANN)
    baton.page("/blog/a")
    baton.until_quiet()


def emails(baton: InMemoryBaton) -> list[Any]:
    return [item for item in baton.outbox() if item["kind"] == "nurture"]


def names(answer: HTTPResponse) -> list[str]:
    """The fields that a refusal names."""
    return [error["field"] for error in json.loads(answer.body)["errors"]]


def fresh_models(baton: InMemoryBaton) -> Models:
    """The models as a new worker reads them."""
    return Models(baton.ports.memory, baton.ports.now)


def the_lead(baton: InMemoryBaton) -> Lead:
    return baton.world.leads.read(baton.world.lead_id(ANN["email"]))


def stored(baton: InMemoryBaton, sk: str) -> Item:
    """One of the items of Ann's partition."""
    return baton.ports.memory.items[keys.lead(baton.world.lead_id(ANN["email"])), sk]


def size(item: Item) -> int:
    """Bytes of an item, about as DynamoDB counts them."""
    return sum(
        len(name) + len(value if isinstance(value, bytes) else str(value).encode())
        for name, value in item.items()
    )


def one_sent(baton: InMemoryBaton, kind: type[Kind]) -> Kind:
    """The one message of a kind that went out."""
    (found,) = (message for message in baton.ports.senders.sent if isinstance(message, kind))
    return found
