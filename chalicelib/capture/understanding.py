"""Understand a form post: which field each thing is, and what its value says.

Only an address that nobody can be reached at is refused here (law six). All else is trimmed, cut,
kept as text or left out, and said under the name that its sender used.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, assert_never

from chalicelib.capture.envelope import (
    campaign_in,
    consent_in,
    id_in,
    kept_line,
    key_in,
    page_in,
)
from chalicelib.capture.field_names import FULL_NAME
from chalicelib.capture.form_document import FieldType, FormDocument
from chalicelib.capture.naming import EMAIL, Named, named_parts
from chalicelib.capture.person_names import split_name
from chalicelib.capture.posted import Part, Posted
from chalicelib.capture.submission import CAMPAIGN, PAGE, Submission
from chalicelib.errors import FieldError, InputError
from chalicelib.events import FieldValue
from chalicelib.inputs.addresses import read_address
from chalicelib.inputs.choices import read_list, read_own, read_yes_no
from chalicelib.inputs.dates import read_date
from chalicelib.inputs.numbers import read_number
from chalicelib.inputs.person import READERS, phone_reader
from chalicelib.inputs.repairs import Cleaned, Repair, Warned
from chalicelib.inputs.texts import read_line, read_name

ValueReader = Callable[[Any], Cleaned[Any]]
#: What a full name becomes: whoever asks for it gets it in parts.
NAMES_OF = {FULL_NAME: (FULL_NAME, "first_name", "last_name")}
#: A value in front of a name may be both: `Nom: Marie Curie`.
AMBIGUOUS = frozenset(["nom", "nombre", "nome"])


def understand(
    posted: Posted,
    form: FormDocument | None,
    *,
    key: str | None = None,
    country: str | None = None,
) -> Submission:
    """Return what a post says.

    form: the registered form; key: the Idempotency-Key header; country: the company's, for a phone
    number of somebody who names none. Raise InputError for a missing or unusable address, or a
    required field that is missing; KeyReusedError when header and body name different keys.
    """
    named = named_parts(
        posted,
        form.names if form else {},
        form.fields if form else {},
        form.honeypot if form else None,
    )
    warnings = [*posted.warnings, *named.warnings]
    parts = dict(named.fields)
    values = _Values(form, country, warnings)
    refused: list[FieldError] = []
    try:
        address, sender = _address_in(parts, posted, warnings)
        values.keep(EMAIL, address, sender)
    except InputError as error:
        refused += error.errors
    values.read_all(parts)
    refused += _missing(form, values.fields, posted) if form else []
    if refused:
        raise InputError(*refused)
    return Submission(
        email=address,
        fields=values.fields,
        said=values.said,
        sent_as={**values.sent_as, **_places(posted, named)},
        visitor_id=id_in(posted, "visitor_id", warnings),
        submission_id=key_in(posted, key, warnings),
        page=page_in(posted, warnings),
        campaign=campaign_in(posted, named, warnings),
        marks={name: kept_line(read_line, part, warnings) for name, part in named.marks.items()},
        consent=consent_in(posted, warnings),
        redirect=read_line(posted.sent("redirect")).value,
        technical=named.technical,
        warnings=tuple(warnings),
    )


def _places(posted: Posted, named: Named) -> dict[str, str]:
    """Return what the sender calls the parts of the page and of the campaign."""
    page = {f"properties.{name}": posted.path_of(f"page.{name}") for name in PAGE}
    hidden = {f"campaign.{name}": part.path for name, part in named.campaign.items()}
    sent = {f"campaign.{name}": posted.path_of(f"campaign.{name}") for name in CAMPAIGN}
    return {**page, **sent, **hidden}


class _Values:
    """The fields of a submission, as they are read one after the other."""

    def __init__(
        self, form: FormDocument | None, country: str | None, warnings: list[Warned]
    ) -> None:
        self._own = form.fields if form else {}
        self._country = country
        self._warnings = warnings
        self.fields: dict[str, FieldValue] = {}
        self.said: dict[str, str] = {}
        self.sent_as: dict[str, str] = {}

    def read_all(self, parts: Mapping[str, Part]) -> None:
        """Read all parts but the address: the country first, which a phone number may need."""
        names = sorted(parts, key=lambda name: name != "country")
        for name in names:
            if name not in (EMAIL, FULL_NAME):
                self._read(name, parts[name])
        self._read_full_name(parts)

    def keep(self, name: str, value: FieldValue, part: Part, words: str = "") -> None:
        """Keep a value that says something."""
        if value in ("", ()):
            return
        self.fields[name] = value
        self.sent_as[f"fields.{name}"] = part.path
        if words:
            self.said[name] = words

    def _read(self, name: str, part: Part) -> None:
        read = self._reader(name)(part.value)
        self._warnings += read.warnings(part.path)
        value = tuple(read.value) if isinstance(read.value, list) else read.value
        self.keep(name, value, part, read.words)

    def _reader(self, name: str) -> ValueReader:
        if name in self._own:
            return _own_reader(self._own[name].type, self._country)
        if name == "phone":
            return phone_reader(self.fields.get("country"), self._country)
        return READERS.get(name, read_own)

    def _read_full_name(self, parts: Mapping[str, Part]) -> None:
        """Give a full name to the first and the last name, as far as these were not sent."""
        part = parts.get(FULL_NAME)
        first, last = (self.fields.get(name) for name in ("first_name", "last_name"))
        if part is None:
            half = "last_name" if last else "first_name"
            sent = parts.get(half)
            if sent is None or (first and last) or sent.name.lower() not in AMBIGUOUS:
                return
            if " " not in str(self.fields.get(half, "")):
                return
            part = sent
            self.fields.pop(half)
        elif first and last:
            self._read(FULL_NAME, part)
            return
        read = read_name(part.value)
        self._warnings += read.warnings(part.path)
        if first and part.name.lower() not in AMBIGUOUS:
            # Beside a first name, `name` is the last one, or both: "Ann" and "Ann Lee".
            start = f"{first} "
            is_whole = read.value[: len(start)].lower() == start.lower()
            self.keep("last_name", read.value[len(start) :] if is_whole else read.value, part)
            return
        split = split_name(read.value)
        words = "" if " ".join(filter(None, split)) == read.value else read.value
        self.keep("first_name", split.first, part, words)
        self.keep("last_name", split.last or str(last or ""), part, "" if split.first else words)


def _own_reader(kind: FieldType, country: str | None) -> ValueReader:
    match kind:
        case "number":
            return read_number
        case "yes_no":
            return read_yes_no
        case "date":
            return lambda sent: read_date(sent, country)
        case "choices":
            return lambda sent: read_list(sent, split=not isinstance(sent, list))
        case "text" | "choice":
            return read_own
        case _:
            assert_never(kind)


def _address_in(parts: dict[str, Part], posted: Posted, warnings: list[Warned]) -> tuple[str, Part]:
    """Return the address, and the part that holds it. What is left of the parts has none.

    If no field is called email, a single value that is an address is it.
    """
    sent = parts.pop(EMAIL, None)
    if sent is not None:
        return _address_of(sent, warnings), sent
    found = dict(_addresses(parts))
    if len({address.lower() for address in found.values()}) == 1:
        name = next(iter(found))
        part = parts.pop(name)
        # It has been told that it is kept under a name of its own, and it is the address now.
        warnings[:] = [
            one for one in warnings if (one.field, one.repair) != (part.path, Repair.RENAMED)
        ]
        return found[name], part
    words = "name it `email`: several fields hold an address" if found else "an address is needed"
    raise InputError(FieldError(f"{posted.prefix}email", words))


def _address_of(part: Part, warnings: list[Warned]) -> str:
    try:
        read = read_address(part.value)
    except ValueError as error:
        raise InputError(FieldError(part.path, str(error))) from None
    warnings += read.warnings(part.path)
    return read.value


def _addresses(parts: Mapping[str, Part]) -> Iterator[tuple[str, str]]:
    """Yield the fields that hold an address and nothing else."""
    for name, part in parts.items():
        text = part.value.strip() if isinstance(part.value, str) else ""
        if "@" not in text or any(map(str.isspace, text)):
            continue
        try:
            yield name, read_address(text).value
        except ValueError:
            continue


def _missing(
    form: FormDocument, fields: Mapping[str, FieldValue], posted: Posted
) -> list[FieldError]:
    """Return what there is to say of required fields that are missing, by the owner's names.

    The address is missed by itself.
    """
    names = [(sent, form.name_of(sent)) for sent in form.required]
    return [
        FieldError(f"{posted.prefix}{sent}", "is required")
        for sent, name in names
        if name != EMAIL and not any(one in fields for one in NAMES_OF.get(name, (name,)))
    ]
