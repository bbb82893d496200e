"""Import leads: one JSON object a line, flat like a form; `"stage": "customer"` marks a customer.

An import is quiet: no emails, no texts, and a handoff that it causes is held (playbook, rule 9).
"""

from codecs import BOM_UTF8
from collections.abc import Callable
from typing import Any

from chalicelib.capture.person_fields import Fields
from chalicelib.commands.commands import Commands
from chalicelib.errors import FieldError, InputError, TooLargeError
from chalicelib.inputs.bodies import parse_json
from chalicelib.inputs.typed import parse_as
from chalicelib.lifecycle.stages import Stage
from chalicelib.limits import FORM_BODY_MAX_BYTES, IMPORT_BODY_MAX_BYTES, IMPORT_MAX_LEADS

STAGE = "stage"


class Imports:
    """Take leads in bulk."""

    def __init__(self, *, commands: Commands, lead_id_of: Callable[[str], str]) -> None:
        self._commands = commands
        self._lead_id_of = lead_id_of

    def take(self, body: bytes) -> dict[str, Any]:
        """Import each good line.

        Return `{"imported": their number, "rejected": [{"index", "reason"}]}`. Raise TooLargeError,
        or InputError for a body with no line or too many.
        """
        rejected: list[dict[str, Any]] = []
        lines = _lines_of(body)
        for index, line in enumerate(lines):
            try:
                self._take_line(line)
            except InputError as error:
                rejected.append({"index": index, "reason": str(error)})
        return {"imported": len(lines) - len(rejected), "rejected": rejected}

    def _take_line(self, line: bytes) -> None:
        """Import one lead. Raise InputError naming each wrong field."""
        data = parse_json(line, FORM_BODY_MAX_BYTES)
        if not isinstance(data, dict):
            raise InputError(FieldError("line", "must be a JSON object"))
        stage = data.pop(STAGE, None)
        if stage not in (None, Stage.CUSTOMER):
            raise InputError(FieldError(STAGE, f"must be {Stage.CUSTOMER}, or left out"))
        fields = parse_as(Fields, data)
        self._commands.take(
            self._lead_id_of(fields.email), fields.known(), Stage(stage) if stage else None
        )


def _lines_of(body: bytes) -> list[bytes]:
    if len(body) > IMPORT_BODY_MAX_BYTES:
        words = f"must be at most {IMPORT_BODY_MAX_BYTES} bytes; send it in parts"
        raise TooLargeError(FieldError("body", words))
    lines = [line for line in body.removeprefix(BOM_UTF8).splitlines() if line.strip()]
    if not 1 <= len(lines) <= IMPORT_MAX_LEADS:
        words = f"must have 1 to {IMPORT_MAX_LEADS} lines, each a lead in JSON"
        raise InputError(FieldError("body", words))
    return lines
