"""Import leads: one JSON object a line, flat like a form; `"stage": "customer"` marks a customer.

An import is quiet: no emails, no texts, and a handoff that it causes is held (playbook, rule 9).
"""

import re
from codecs import BOM_UTF8
from collections.abc import Callable
from typing import Any

from chalicelib.bulk.bases import parse_bases
from chalicelib.commands.commands import Commands
from chalicelib.consent.giving import Giving
from chalicelib.errors import FieldError, InputError, TooLargeError
from chalicelib.inputs.addresses import read_address
from chalicelib.inputs.bodies import read_json
from chalicelib.inputs.person import read_person
from chalicelib.inputs.repair_log import count_repairs
from chalicelib.inputs.repairs import Warned, warn
from chalicelib.leads.lead import Lead
from chalicelib.lifecycle.stages import Stage
from chalicelib.limits import (
    FORM_BODY_MAX_BYTES,
    FORM_MAX_FIELDS,
    IMPORT_BODY_MAX_BYTES,
    IMPORT_MAX_LEADS,
)

STAGE = "stage"
BASIS = "basis"
IMPORT = "import"  # who gave a basis
COLUMN = re.compile(r"[a-z][a-z0-9_]{0,63}")


class Imports:
    """Take leads in bulk."""

    def __init__(
        self,
        *,
        commands: Commands,
        giving: Giving,
        lead_id_of: Callable[[str], str],
        country: Callable[[], str | None],
        count_new: Callable[[int], None],
    ) -> None:
        self._commands = commands
        self._giving = giving
        self._lead_id_of = lead_id_of
        self._country = country
        self._count_new = count_new
        """Counts people of whom nothing was known before. Raises ConflictError while busy."""

    def take(self, body: bytes) -> dict[str, Any]:
        """Import each good line.

        Return `{"imported": their number, "rejected": [{"index", "reason"}]}`, and `warnings` as
        `{"index", "field", "message"}` if a value was kept otherwise than sent. Raise
        TooLargeError, or InputError for a body with no line or too many.
        """
        rejected: list[dict[str, Any]] = []
        warnings: list[tuple[int, Warned]] = []
        lines = _lines_of(body)
        country = self._country()
        new = 0
        for index, line in enumerate(lines):
            try:
                lead, warned = self._take_line(line, country)
            except InputError as error:
                rejected.append({"index": index, "reason": str(error)})
            else:
                new += lead.version == 1
                warnings += [(index, one) for one in warned]
        if new:
            # Many people whom mail providers do not know as our readers begin a warm-up. ADR 0057
            self._count_new(new)
        count_repairs(one for _, one in warnings)
        listed = [
            {"index": index, "field": one.field, "message": one.message} for index, one in warnings
        ]
        said = {"warnings": listed} if listed else {}
        return {"imported": len(lines) - len(rejected), "rejected": rejected, **said}

    def _take_line(self, line: bytes, country: str | None) -> tuple[Lead, list[Warned]]:
        """Import one lead. Return it, and what there is to say of its values.

        country: the company's. A mistake of whoever made the file is refused (InputError): no
        address, a misspelt column, another stage. What the file says of a person is read as a form
        is, because a column that nobody needs must not cost the lead (ADR 0040).
        """
        read = read_json(line, FORM_BODY_MAX_BYTES)
        data = read.value
        if not isinstance(data, dict):
            raise InputError(FieldError("line", "must be a JSON object"))
        stage = data.pop(STAGE, None)
        if stage not in (None, Stage.CUSTOMER):
            raise InputError(FieldError(STAGE, f"must be {Stage.CUSTOMER}, or left out"))
        bases = parse_bases(data.pop(BASIS, None))
        _check_columns(data)
        try:
            address = read_address(data.get("email"))
        except ValueError as error:
            raise InputError(FieldError("email", str(error))) from None
        person = read_person(data, country)
        lead_id = self._lead_id_of(address.value)
        lead = self._commands.take(
            lead_id,
            {"email": address.value, **person.fields},
            person.said,
            Stage(stage) if stage else None,
        )
        for purpose, basis in bases.items():
            self._giving.give(
                lead_id,
                purpose,
                basis.kind,
                reason=basis.text,
                author=IMPORT,
                since=basis.at,
            )
        of_line = [warn("line", repair) for repair in read.repairs]
        return lead, [*of_line, *read.inside, *address.warnings("email"), *person.warnings]


def _check_columns(data: dict[str, Any]) -> None:
    """Raise InputError for columns that are too many, or that no rule could name."""
    if len(data) > FORM_MAX_FIELDS:
        words = f"must have at most {FORM_MAX_FIELDS} fields; it has {len(data)}"
        raise InputError(FieldError("line", words))
    words = (
        "a field's name must start with a lower-case letter and have at most 64 lower-case"
        " letters, digits and _"
    )
    if wrong := [FieldError(name, words) for name in data if not COLUMN.fullmatch(name)]:
        raise InputError(*wrong)


def _lines_of(body: bytes) -> list[bytes]:
    if len(body) > IMPORT_BODY_MAX_BYTES:
        words = f"must be at most {IMPORT_BODY_MAX_BYTES} bytes; send it in parts"
        raise TooLargeError(FieldError("body", words))
    lines = [line for line in body.removeprefix(BOM_UTF8).splitlines() if line.strip()]
    if not 1 <= len(lines) <= IMPORT_MAX_LEADS:
        words = f"must have 1 to {IMPORT_MAX_LEADS} lines, each a lead in JSON"
        raise InputError(FieldError("body", words))
    return lines
