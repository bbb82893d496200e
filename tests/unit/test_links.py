"""Signed links: two live keys, one purpose each."""

from collections.abc import Callable, Mapping

import pytest

from chalicelib.delivery.links import Links
from chalicelib.errors import NotFoundError


def links(**keys: str) -> Links:
    return Links(lambda: keys)


def test_what_was_signed_is_read() -> None:
    both = links(current="new")
    assert both.read("unsubscribe", both.sign("unsubscribe", "LEAD")) == "LEAD"


def test_a_token_fits_an_address() -> None:
    token = links(current="new").sign("unsubscribe", "A" * 26)
    assert token.replace("-", "").replace("_", "").replace(".", "").isalnum()
    assert len(token) < 100


def test_old_links_outlive_a_rotation_of_the_secret() -> None:
    old, rotated = links(current="one"), links(current="two", previous="one")
    assert rotated.read("unsubscribe", old.sign("unsubscribe", "LEAD")) == "LEAD"
    assert links(current="two").read("unsubscribe", rotated.sign("unsubscribe", "LEAD")) == "LEAD"


def test_a_key_that_was_rotated_out_signs_nothing_any_more() -> None:
    with pytest.raises(NotFoundError):
        links(current="three", previous="two").read(
            "unsubscribe", links(current="one").sign("unsubscribe", "LEAD")
        )


def test_a_link_is_for_one_purpose() -> None:
    one = links(current="one")
    with pytest.raises(NotFoundError):
        one.read("unsubscribe", one.sign("confirm", "LEAD"))


@pytest.mark.parametrize(
    "change",
    [
        lambda token: token[:-1],
        lambda token: "x" + token,
        lambda token: token + "x",
        lambda token: token[:0],
    ],
)
def test_a_changed_token_is_not_ours(change: Callable[[str], str]) -> None:
    one = links(current="one")
    with pytest.raises(NotFoundError):
        one.read("unsubscribe", change(one.sign("unsubscribe", "LEAD")))


def test_the_keys_are_asked_for_only_when_a_token_is() -> None:
    asked: list[int] = []

    def keys() -> Mapping[str, str]:
        asked.append(1)
        return {"current": "one"}

    lazy = Links(keys)
    assert asked == []
    lazy.sign("unsubscribe", "LEAD")
    assert asked == [1]
