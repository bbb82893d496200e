"""The demo's site: the pages of site/, filled in with the API's URL, and the demo's mailbox. For
this machine only.

    python -m infra.local.site <port> <api url>
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

from infra.local import mailbox
from infra.paths import LOCAL, ROOT

PLACEHOLDER = "__BATON_API_URL__"
MAILBOX_PATH = "/mailbox"
HTML = "text/html; charset=utf-8"
TEXT_TYPES = {
    ".css": "text/css",
    ".html": "text/html",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
    ".txt": "text/plain",
    ".webmanifest": "application/manifest+json",
    ".xml": "application/xml",
}
OTHER_TYPES = {
    ".gif": "image/gif",
    ".ico": "image/vnd.microsoft.icon",
    ".jpg": "image/jpeg",
    ".json": "application/json",
    ".pdf": "application/pdf",
    ".png": "image/png",
    ".webp": "image/webp",
    ".woff2": "font/woff2",
}
FILLED = (".html", ".js")  # the files in which the placeholder is replaced


@dataclass(frozen=True)
class Page:
    """The answer to one GET."""

    status: HTTPStatus
    content_type: str
    body: bytes


def page_of(site: Path, api_url: str, path: str) -> Page:
    """Return the page at a URL's path: /pricing is pricing.html or pricing/index.html.

    Nothing outside the folder `site` is ever served.
    """
    found = find_file(site, path)
    status = HTTPStatus.OK
    if found is None:
        found = find_file(site, "404.html")
        status = HTTPStatus.NOT_FOUND
    if found is None:
        return Page(HTTPStatus.NOT_FOUND, "text/plain; charset=utf-8", b"There is no such page.\n")
    body = found.read_bytes()
    if found.suffix in FILLED:
        body = body.replace(PLACEHOLDER.encode(), api_url.encode())
    return Page(status, content_type_of(found), body)


def mailbox_page(stack_json: Path) -> Page:
    """Return the page with the emails and texts of the stack that `stack_json` describes."""
    try:
        emulator_url = json.loads(stack_json.read_text())["aws_endpoint_url"]
        return Page(HTTPStatus.OK, HTML, mailbox.render(mailbox.read(emulator_url)).encode())
    except OSError:
        return Page(
            HTTPStatus.SERVICE_UNAVAILABLE,
            "text/plain; charset=utf-8",
            b"The local AWS does not answer.\n",
        )


def find_file(site: Path, path: str) -> Path | None:
    """Return the file that a URL's path means, or None."""
    name = unquote(path).strip("/")
    if "\0" in name:
        return None
    inside = site.resolve()
    for candidate in (name, f"{name}.html", f"{name}/index.html"):
        file = (inside / candidate.lstrip("/")).resolve()
        if file.is_file() and file.is_relative_to(inside):
            return file
    return None


def content_type_of(file: Path) -> str:
    """Return the content type of a file, by its suffix."""
    if file.suffix in TEXT_TYPES:
        return f"{TEXT_TYPES[file.suffix]}; charset=utf-8"
    return OTHER_TYPES.get(file.suffix, "application/octet-stream")


class SiteServer(ThreadingHTTPServer):
    """A server of a folder, on 127.0.0.1."""

    daemon_threads = True

    def __init__(self, site: Path, api_url: str, port: int) -> None:
        super().__init__(("127.0.0.1", port), SiteHandler)
        self.site = site
        self.api_url = api_url


class SiteHandler(BaseHTTPRequestHandler):
    """Answers GET and HEAD. Browsers must ask for each page again: it may just have been edited."""

    server: SiteServer
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answer with a page and its body."""
        self._answer(with_body=True)

    def do_HEAD(self) -> None:
        """Answer with a page's headers."""
        self._answer(with_body=False)

    def _answer(self, *, with_body: bool) -> None:
        path = urlsplit(self.path).path
        if path == MAILBOX_PATH:
            # The file is read each time: a restart may move the local AWS to another port.
            page = mailbox_page(LOCAL / "stack.json")
        else:
            page = page_of(self.server.site, self.server.api_url, path)
        self.send_response(page.status)
        self.send_header("Content-Type", page.content_type)
        self.send_header("Content-Length", str(len(page.body)))
        # Not no-store, with which the Back button would lose what was typed into a form.
        self.send_header("Cache-Control", "no-cache")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.end_headers()
        if with_body:
            self.wfile.write(page.body)


def main(arguments: list[str]) -> int:
    """Serve until the process is stopped."""
    port, api_url = arguments
    with SiteServer(ROOT / "site", api_url, int(port)) as server:
        server.serve_forever()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
