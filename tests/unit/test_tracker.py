"""The tracker as it is served: small, one script, and it asks nobody else for anything.

Its page of the reference says what it does; it is held against the script here.
"""

import gzip
import re
from pathlib import Path

from chalicelib.http import tracking
from chalicelib.http.tracking import tracker_source
from tests.baton import InMemoryBaton
from tests.pages import first_cells, section, text_of

TRACKER = tracker_source()
WRITTEN = "\n".join(
    (Path(tracking.__file__).with_name("tracker") / part).read_text()
    for part in tracking.TRACKER_PARTS
)
PAGE = text_of("docs/reference/tracker.md")
MAX_BYTES = 5_000


def test_it_is_small() -> None:
    assert len(gzip.compress(TRACKER.encode())) < MAX_BYTES


def test_what_is_left_out_changes_nothing() -> None:
    """Comments and blanks: every name, sign and text of the script is still there."""
    code = re.sub(r"^ *//.*$|/\*.*?\*/", "", WRITTEN, flags=re.M | re.S)
    assert re.sub(r"\s", "", code) in re.sub(r"\s", "", TRACKER)
    strings = re.findall(r"'[^'\n]*'", code)
    assert [one for one in strings if one not in TRACKER] == []


def test_it_depends_on_nothing() -> None:
    assert not re.search(
        r"\b(import|require|importScripts|eval|createElement|innerHTML|document\.cookie)\b", TRACKER
    )
    assert set(re.findall(r"API\+'([^']*)'", TRACKER)) == {"/v1/batch", "/v1/forms/"}


def test_it_may_be_cached_and_is_its_own_kind() -> None:
    answer = InMemoryBaton().http("GET", "/t.js")
    assert answer.headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert answer.headers["Cache-Control"] == "public, max-age=3600"


# --- its page of the reference --------------------------------------------------------------------


def test_every_attribute_is_documented() -> None:
    documented = first_cells(section(PAGE, "Attributes"))
    read = set(re.findall(r"data-baton(?:-[a-z]+)?(?=['\]])", WRITTEN))
    short = re.search(r"const SHORT = {(.*?)^};", WRITTEN, re.M | re.S)
    assert short
    read |= {f"data-baton-{name}" for name in re.findall(r"^  (\w+): \[", short[1], re.M)}
    assert read == documented


def test_every_member_of_its_interface_is_documented() -> None:
    (members,) = re.findall(r"window\.baton = {(.*?)};", WRITTEN)
    documented = {name.partition("(")[0] for name in first_cells(section(PAGE, "window.baton"))}
    assert set(re.findall(r"\w+", members)) == documented


def test_all_that_it_stores_is_documented() -> None:
    stored = set(re.findall(r"'(baton\.\w+)'", WRITTEN))
    assert stored == first_cells(section(PAGE, "What is stored in the browser"))


def test_every_event_of_its_own_is_documented() -> None:
    named = set(re.findall(r"(?:track\(|ENGAGED_MINUTE = )'([^']+)'", WRITTEN))
    assert named == {"Engaged Minute", "Page Read"}
    assert named <= first_cells(section(PAGE, "What is recorded"))


def test_the_numbers_on_the_page_are_those_of_the_script() -> None:
    numbers = dict(re.findall(r"const ([A-Z_]+) = (\d+);", WRITTEN))
    assert numbers["BATCH_DELAY_MS"] == "15000"
    assert numbers["BATCH_FULL"] == "20"
    assert numbers["MINUTE_MS"] == "60000"
    assert numbers["MAX_MINUTES"] == "30"
    assert numbers["MAX_QUEUED"] == "100"
    flowing = " ".join(PAGE.split())
    for words in ("after 15 seconds, with the twentieth event", "at most 30 a page", "most 100"):
        assert words in flowing
