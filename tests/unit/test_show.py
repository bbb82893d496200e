"""`make show`: what a person needs of a deployment, and a snippet that makes a lead."""

import re
from urllib.parse import urlencode

from tests.baton import API, InMemoryBaton
from tools.show import Shown, describe

SHOWN = Shown(api_url=API, write_key="write-key", admin_token="admin-token")


def test_address_and_keys_are_shown() -> None:
    first, second, third, *_ = describe(SHOWN).splitlines()
    assert first.split() == ["API", API]
    assert second.split() == ["write", "key", "write-key"]
    assert third.split() == ["admin", "token", "admin-token"]


def test_the_snippet_makes_a_lead() -> None:
    text = describe(SHOWN)
    assert f'<script defer src="{API}/t.js" data-baton data-baton-key="write-key"></script>' in text
    action = re.search(rf'action="{API}(/\S+)"', text)
    field = re.search(r'type="email" name="(\w+)"', text)
    assert action
    assert field
    baton = InMemoryBaton()
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "text/html"}
    posted = urlencode({field[1]: "ann@acme.example", "_consent": "yes"})
    assert baton.http("POST", action[1], posted, headers).status_code == 303
    baton.until_quiet()
    assert baton.lead()["consent"]["marketing"] is True


def test_the_secret_stays_off_the_page() -> None:
    snippet = describe(SHOWN).partition("<script")[2]
    assert "admin-token" not in snippet


def test_a_key_cannot_leave_its_attribute() -> None:
    shown = Shown(api_url=API, write_key='"><b>', admin_token="t")
    assert 'data-baton-key="&quot;&gt;&lt;b&gt;"' in describe(shown)
