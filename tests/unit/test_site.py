"""The demo's site: clean addresses, nothing outside its folder, and the API's address filled in;
its mailbox.
"""

from http import HTTPStatus
from pathlib import Path

import pytest

from infra.local.site import mailbox_page, page_of

API = "http://127.0.0.1:4566/api"


@pytest.fixture
def site(tmp_path: Path) -> Path:
    folder = tmp_path / "site"
    (folder / "blog").mkdir(parents=True)
    (folder / "index.html").write_text("home")
    (folder / "pricing.html").write_text('<script data-api="__BATON_API_URL__">')
    (folder / "blog" / "index.html").write_text("blog")
    (folder / "style.css").write_text("/* __BATON_API_URL__ */")
    (folder / "guide.pdf").write_bytes(b"%PDF")
    (tmp_path / "secret.txt").write_text("secret")
    (folder / "link.txt").symlink_to(tmp_path / "secret.txt")
    return folder


@pytest.mark.parametrize(
    ("path", "body", "content_type"),
    [
        ("/", b"home", "text/html; charset=utf-8"),
        ("/blog", b"blog", "text/html; charset=utf-8"),
        ("/blog/", b"blog", "text/html; charset=utf-8"),
        ("/style.css", b"/* __BATON_API_URL__ */", "text/css; charset=utf-8"),
        ("/guide.pdf", b"%PDF", "application/pdf"),
        ("/pricing", b'<script data-api="' + API.encode() + b'">', "text/html; charset=utf-8"),
        ("/pricing.html", b'<script data-api="' + API.encode() + b'">', "text/html; charset=utf-8"),
    ],
)
def test_a_page_is_found_by_its_clean_address(
    site: Path, path: str, body: bytes, content_type: str
) -> None:
    page = page_of(site, API, path)
    assert (page.status, page.body, page.content_type) == (HTTPStatus.OK, body, content_type)


@pytest.mark.parametrize(
    "path",
    [
        "/nope",
        "/../secret.txt",
        "/%2e%2e/secret.txt",
        "/..%2fsecret.txt",
        "//etc/passwd",
        "/link.txt",
        "/a%00b",
    ],
)
def test_nothing_else_is_found(site: Path, path: str) -> None:
    assert page_of(site, API, path).status == HTTPStatus.NOT_FOUND


def test_a_missing_page_is_said_in_the_sites_words(site: Path) -> None:
    (site / "404.html").write_text("gone __BATON_API_URL__")
    page = page_of(site, API, "/nope")
    assert (page.status, page.body) == (HTTPStatus.NOT_FOUND, f"gone {API}".encode())


def test_without_a_stack_the_mailbox_says_so(tmp_path: Path) -> None:
    assert mailbox_page(tmp_path / "stack.json").status == HTTPStatus.SERVICE_UNAVAILABLE
    (tmp_path / "stack.json").write_text(
        '{"aws_endpoint_url": "http://127.0.0.1:1"}'
    )  # nobody listens there
    assert mailbox_page(tmp_path / "stack.json").status == HTTPStatus.SERVICE_UNAVAILABLE
