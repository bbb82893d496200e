"""Reply addresses: each names an email, and none but ours is read."""

import string
from dataclasses import replace

import pytest

from chalicelib.delivery.message_keys import MessageKey, MessageKind
from chalicelib.delivery.outbox import OutboxMessage, Via, planned
from chalicelib.nurture.replies.addresses import ReplyAddresses
from tests.fakes import NOW

LEAD = "ABCDEFGHIJKLMNOPQRSTUVWX23"
DOMAIN = "replies.acme.example"
LOCAL_PART_MAX = 64  # RFC 5321, 4.5.3.1.1


def addresses(domain: str = DOMAIN, **keys: str) -> ReplyAddresses:
    return ReplyAddresses(keys=lambda: keys or {"current": "one"}, domain=domain)


def email(sequence: str = "learn", step: str = "1") -> OutboxMessage:
    return planned(
        lead_id=LEAD,
        key=MessageKey(MessageKind.NURTURE, 1, (sequence, step)),
        via=Via.EMAIL,
        to="ann@acme.example",
        about=1,
        now=NOW,
    )


def address(message: OutboxMessage, of: ReplyAddresses | None = None) -> str:
    found = (of or addresses()).address_of(message)
    assert found is not None
    return found


def test_an_address_names_its_lead_and_its_email() -> None:
    first, second = email(), email(step="2")
    answered = addresses().read(address(first))
    assert answered is not None
    assert answered.lead_id == LEAD
    assert answered.is_about(first.key)
    assert not answered.is_about(second.key)


def test_the_longest_names_fit_an_address() -> None:
    local, _, domain = address(email("s" * 64, "t" * 64)).partition("@")
    assert domain == DOMAIN
    assert len(local) <= LOCAL_PART_MAX
    assert set(local) <= set(string.ascii_lowercase + string.digits + "-")


@pytest.mark.parametrize("change", [str.upper, str.title, str.swapcase])
def test_the_case_of_an_address_means_nothing(change: object) -> None:
    assert callable(change)
    assert addresses().read(change(address(email()))) == addresses().read(address(email()))


def test_each_changed_character_makes_an_address_foreign() -> None:
    ours = address(email())
    for place in range(ours.index("@")):
        changed = "b" if ours[place] != "b" else "c"
        assert addresses().read(ours[:place] + changed + ours[place + 1 :]) is None


@pytest.mark.parametrize(
    "other",
    [
        "",
        "@",
        f"@{DOMAIN}",
        f"hello@{DOMAIN}",
        "reply-@" + DOMAIN,
        address(email()).replace(DOMAIN, "evil.example"),
        address(email()).replace(DOMAIN, f"{DOMAIN}.evil.example"),
        "x" + address(email()),
        address(email()).replace("@", "x@"),
        address(email()).replace("@", "+x@"),
        address(email(), addresses(current="another")),
    ],
)
def test_a_foreign_address_is_not_read(other: str) -> None:
    assert addresses().read(other) is None


def test_old_addresses_outlive_one_rotation_of_the_secret() -> None:
    old = address(email())
    assert addresses(current="two", previous="one").read(old) == addresses().read(old)
    assert addresses(current="three", previous="two").read(old) is None


def test_without_a_domain_there_is_no_address() -> None:
    assert addresses(domain="").address_of(email()) is None
    assert addresses(domain="").read(address(email())) is None
    assert not addresses(domain="").is_ours("hello@")


def test_another_cycle_is_another_email() -> None:
    again = replace(email(), key=MessageKey(MessageKind.NURTURE, 2, ("learn", "1")))
    assert address(again) != address(email())
