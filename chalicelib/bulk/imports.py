"""Leads in bulk: one JSON object a line, flat like a form, and `stage: customer` for who is one
already.

An import is quiet: no emails, no texts, and a handoff that it causes is held (playbook, rule 9).
"""

from codecs import BOM_UTF8
from collections.abc import Callable, Iterator
from typing import Any

from chalicelib.capture.forms import Fields
from chalicelib.commands.commands import Commands
from chalicelib.errors import FieldError, InputError, TooLargeError
from chalicelib.inputs import parse_as, parse_json
from chalicelib.lifecycle.stages import Stage
from chalicelib.limits import FORM_BODY_MAX_BYTES, IMPORT_BODY_MAX_BYTES, IMPORT_MAX_LEADS

STAGE = "stage"


class Imports:
    """Takes leads in bulk. lead_of: the lead id of an address."""

    def __init__(self, commands: Commands, lead_of: Callable[[str], str]) -> None:
        self._commands, self._lead_of = commands, lead_of

    def take(self, body: bytes) -> dict[str, Any]:
        """Import each line that is good: `{"imported": how many, "rejected": [{"index",
        "reason"}]}`.

        Raises TooLargeError; InputError for a body without a line.
        """
        rejected: list[dict[str, Any]] = []
        lines = list(_lines(body))
        for index, line in enumerate(lines):
            try:
                self._one(line)
            except InputError as error:
                rejected.append({"index": index, "reason": str(error)})
        return {"imported": len(lines) - len(rejected), "rejected": rejected}

    def _one(self, line: bytes) -> None:
        """Import one lead. Raises InputError naming each wrong field."""
        given = parse_json(line, FORM_BODY_MAX_BYTES)
        if not isinstance(given, dict):
            raise InputError(FieldError("line", "must be a JSON object"))
        stage = given.pop(STAGE, None)
        if stage not in (None, Stage.CUSTOMER):
            raise InputError(FieldError(STAGE, f"must be {Stage.CUSTOMER}, or left out"))
        fields = parse_as(Fields, given)
        self._commands.take(
            self._lead_of(fields.email), fields.known(), Stage(stage) if stage else None
        )


def _lines(body: bytes) -> Iterator[bytes]:
    if len(body) > IMPORT_BODY_MAX_BYTES:
        raise TooLargeError(
            FieldError("body", f"must be at most {IMPORT_BODY_MAX_BYTES} bytes; send it in parts")
        )
    lines = [line for line in body.removeprefix(BOM_UTF8).splitlines() if line.strip()]
    if not 1 <= len(lines) <= IMPORT_MAX_LEADS:
        raise InputError(
            FieldError("body", f"must have 1 to {IMPORT_MAX_LEADS} lines, each a lead as JSON")
        )
    yield from lines
