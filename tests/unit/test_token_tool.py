"""`make token`: a token is printed once, opens what its role may, is listed without its text."""

import pytest

from chalicelib.errors import InputError, StateError
from chalicelib.limits import ACCESS_TOKENS_MAX
from tests.baton import TOKEN, InMemoryBaton
from tools import token as tool


def status(baton: InMemoryBaton, text: str, path: str) -> int:
    return baton.http("GET", path, headers={"Authorization": f"Bearer {text}"}).status_code


def test_a_token_that_was_made_opens_what_its_role_may() -> None:
    baton = InMemoryBaton()
    text = tool.make_token(baton.world, name="Sam's phone", role="sales", person="sam")
    assert status(baton, text, "/v1/leads?stage=sql") == 200
    assert status(baton, text, "/v1/switches") == 403


def test_the_list_names_each_token_and_no_text() -> None:
    baton = InMemoryBaton()
    text = tool.make_token(baton.world, name="Sam's phone", role="sales", person="sam")
    tool.make_token(baton.world, name="a nightly export", role="admin", person=None)
    baton.http("DELETE", f"/v1/tokens/{text.split('_')[1]}", headers=TOKEN)
    lines = list(tool.token_lines(baton.world))
    assert {line.split("  ")[-1] for line in lines} == {"Sam's phone (sam)", "a nightly export"}
    assert ["no longer" in line for line in lines] == ["Sam's" in line for line in lines]
    assert text.split("_")[2] not in "".join(lines)


@pytest.mark.parametrize(
    ("name", "role", "person", "field"),
    [
        ("", "admin", None, "name"),
        ("Admin", "admin", None, "name"),
        ("x", "", None, "role"),
        ("x", "sales", None, "person"),
        ("x", "sales", "nobody", "person"),
        ("x", "marketer", "sam", "person"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(
    name: str, role: str, person: str | None, field: str
) -> None:
    with pytest.raises(InputError) as refused:
        tool.make_token(InMemoryBaton().world, name=name, role=role, person=person)
    assert [one.field for one in refused.value.errors] == [field]


def test_there_are_at_most_200_tokens() -> None:
    baton = InMemoryBaton()
    for number in range(ACCESS_TOKENS_MAX):
        tool.make_token(baton.world, name=f"token {number}", role="admin", person=None)
    with pytest.raises(StateError, match="revoke some"):
        tool.make_token(baton.world, name="one more", role="admin", person=None)
