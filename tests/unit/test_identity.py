"""Who is who. The golden vectors hold for version 1 of the normalisation: a lead's id must never
change.
"""

from base64 import b32encode
from hashlib import sha256
from hmac import digest

import pytest

from chalicelib.capture.identity import (
    NORMALISATION_VERSION,
    is_nobody,
    lead_id,
    normalise,
)
from chalicelib.inputs.addresses import parse_address

SECRET = b"golden"


@pytest.mark.parametrize(
    ("typed", "address", "golden"),
    [
        ("ann@acme.example", "ann@acme.example", "EP3QJ2GZMUTBVP765CURZJU2BM"),
        ("Ann@ACME.Example", "Ann@acme.example", "EP3QJ2GZMUTBVP765CURZJU2BM"),
        ("  ann@acme.example ", "ann@acme.example", "EP3QJ2GZMUTBVP765CURZJU2BM"),
        ("ann+news@acme.example", "ann+news@acme.example", "WUPDTP6DALLG55TR3KMJKDKMR4"),
        ("a.n.n@acme.example", "a.n.n@acme.example", "FJIAXYQ6LBT35MDHWKPW42ARF7"),
        ("ann@bücher.example", "ann@xn--bcher-kva.example", "UBRWBCPZYGFU63LXVHDNMYA4AI"),
        ("ANN@BÜCHER.example", "ANN@xn--bcher-kva.example", "UBRWBCPZYGFU63LXVHDNMYA4AI"),
        ("o'neil@acme.example", "o'neil@acme.example", "MQ4255PINP6DDAOIB63TQ76FZ6"),
    ],
)
def test_golden_vectors_of_version_1(typed: str, address: str, golden: str) -> None:
    assert NORMALISATION_VERSION == 1
    assert parse_address(typed) == address
    assert lead_id(SECRET, parse_address(typed)) == golden


def test_an_id_is_the_start_of_an_hmac_in_base32() -> None:
    whole = b32encode(digest(SECRET, b"ann@acme.example", sha256)).decode()
    assert whole.startswith(lead_id(SECRET, "Ann@acme.example"))
    assert len(lead_id(SECRET, "ann@acme.example")) == 26


def test_another_secret_gives_another_id() -> None:
    assert lead_id(b"one", "ann@acme.example") != lead_id(b"two", "ann@acme.example")


def test_normalising_twice_changes_nothing() -> None:
    assert (
        normalise(normalise("Ann+X@Acme.Example"))
        == normalise("Ann+X@Acme.Example")
        == "ann+x@acme.example"
    )


@pytest.mark.parametrize(
    "typed",
    ["=?utf-8?q?boss=40evil.com?=@acme.example",
     "", " ", "ann", "@acme.example", "ann@", "ann@acme", "a b@acme.example", "ann@acme..example",
     ".ann@acme.example",
     "ann@[127.0.0.1]", "Ann <ann@acme.example>", "ann@acme.example\nbcc:x@y.example",
     "ünn@acme.example",
     "ann@acme.test", "ann@acme.local", "ann@" + "a" * 250 + ".example", "ann\x00@acme.example"],
)  # fmt: skip
def test_what_is_no_address_is_refused_with_a_reason(typed: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        parse_address(typed)


@pytest.mark.parametrize(
    "visitor_id",
    [
        "undefined",
        "null",
        "NaN",
        "Anonymous",
        " null ",
        "0",
        "[object Object]",
        "00000000-0000-0000-0000-000000000000",
        "{{user.id}}",
        "user-{{ id }}",
        "%7B%7Buser.id%7D%7D",
        "%%id%%",
        "$anonymousId",
        "$user.id",
        "[anonymousId]",
        "[user id]",
        "%user_id%",
        "${userId}",
        "#{current_user.id}",
        "{anonymousId}",
        "{0}",
        "<%= user.id %>",
        "<user-id>",
        "*|UNIQID|*",
        "__CLIENT_ID__",
        "@@CLIENT_ID@@",
        "[[id]]",
        "xxxxxxxx-xxxx-4xxx-yxxx-xxxxxxxxxxxx",
        "xxxxxxxxxxxx",
        "---",
        "000",
        "anonymous_id",
        "(not set)",
        "nullnull",
        "undefinedundefined",
        "YOUR_USER_ID",
        "INSERT_ID_HERE",
        "INSERT-USER-ID-HERE",
        "CLIENT_ID(AMP_ECID_GOOGLE)",
        "CLIENT_ID()",
        "RANDOM()",
        "getAnonymousId()",
        "%CID%",
        "%25CID%25",
        "%24%7Bid%7D",
        "%{id}",
        "$(id)",
        "%s",
        ":user_id",
        "##ID##",
        "(user id)",
        "0.0",
        "0000.0000",
        "anonymousId",
        "distinct_id",
        "not_authenticated",
        "email",
        "9774d56d682e549c",
    ],
)
def test_ids_that_broken_clients_send_are_nobody(visitor_id: str) -> None:
    assert is_nobody(visitor_id)


@pytest.mark.parametrize(
    "visitor_id",
    [
        "v1",
        "nullable",
        "9b2d",
        "00000000-0000-0000-0000-000000000001",
        "{3f2504e0-4f89-11d3-9a0c-0305e82c3301}",
        "77",
        "ann@acme.example",
        "GA1.2.1234567890.1234567890",
        "aGVsbG8+d29ybGQ/Zm9v==",
        "100%",
        "user_1",
        "$device:18c3f2a1-4b5d-4e6f-8a9b-0c1d2e3f4a5b",
    ],
)
def test_other_ids_are_someone(visitor_id: str) -> None:
    assert not is_nobody(visitor_id)
