"""The tracker as it is served: small, one script, and it asks nobody else for anything."""

import gzip
import re

from chalicelib.http.tracking import tracker_source

TRACKER = tracker_source()
MAX_BYTES = 5_000


def test_it_is_small() -> None:
    assert len(gzip.compress(TRACKER.encode())) < MAX_BYTES


def test_it_depends_on_nothing() -> None:
    code = re.sub(r"/\*.*?\*/|//[^\n]*", "", TRACKER, flags=re.DOTALL)
    assert not re.search(
        r"\b(import|require|importScripts|eval|createElement|innerHTML|document\.cookie)\b", code
    )
    assert set(re.findall(r"API \+ '([^']*)'", code)) == {"/v1/batch", "/v1/forms/"}
