"""Hashes of what is personal are keyed: nobody can try addresses until one fits."""

import hashlib
import json
from collections.abc import Iterator
from typing import Any

import pytest

from chalicelib.capture.posted import posted_of_json
from chalicelib.capture.understanding import understand
from tests.baton import ANN, InMemoryBaton
from tests.fakes import SECRETS

SECRET = SECRETS["identity"].encode()
USER = "user-4711@acme.example"
FIELDS = {**ANN, "email": "Ann+guide@acme.example"}
BODY: dict[str, Any] = {"fields": FIELDS, "submission_id": "s1"}
DIGITS = 16  # of a hash: what an event's id has, and what anybody would cut one to
HASHES = ("md5", "sha1", "sha256", "sha512", "blake2b")


def lived() -> InMemoryBaton:
    """Return a Baton in which a person did whatever leaves a trace."""
    baton = InMemoryBaton()
    baton.page("/pricing", userId=USER)
    baton.post("/v1/identify", {"userId": USER, "traits": {"email": ANN["email"]}})
    baton.post("/v1/forms/guide", BODY)
    baton.form("demo", consent=True, **ANN)
    baton.until_quiet()
    token = baton.world.links.sign("unsubscribe", baton.world.lead_id(ANN["email"]))
    baton.http("POST", f"/u/{token}")
    baton.until_quiet()
    return baton


def guesses() -> Iterator[bytes]:
    """Yield what somebody would hash who wants to know whether a person is here."""
    for address in (ANN["email"], FIELDS["email"], USER):
        text = str(address)
        yield from (one.encode() for one in (text, text.lower(), text.replace("+guide", "")))
    yield from (str(ANN[name]).encode() for name in ("first_name", "last_name", "phone"))
    for data in (BODY, {"fields": ANN}):
        yield understand(posted_of_json(data), None).content()
        yield json.dumps(data, sort_keys=True).encode()


def test_no_hash_of_anything_personal_is_without_a_key(
    capsys: pytest.CaptureFixture[str],
) -> None:
    stored = json.dumps([*lived().ports.memory.items.items()], default=bytes.hex)
    logged = capsys.readouterr().out
    for guess in guesses():
        for name in HASHES:
            digest = hashlib.new(name, guess).hexdigest()[:DIGITS]
            assert digest not in stored, (name, guess)
            assert digest not in logged, (name, guess)


def test_the_hash_of_a_body_depends_on_the_secret() -> None:
    submission = understand(posted_of_json(BODY), None)
    assert submission.digest(SECRET) != submission.digest(b"another")
    assert submission.digest(SECRET) == understand(posted_of_json(BODY), None).digest(SECRET)
