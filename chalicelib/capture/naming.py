"""Find out which field each thing is that a form post says: the best claim to a name gets it.

Whatever comes second keeps a name of its own: nothing is lost to a collision.
"""

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from enum import IntEnum
from typing import Any

from chalicelib.capture.field_names import (
    FIELD_NAME_MAX_CHARS,
    FULL_NAME,
    campaign_key,
    is_click_id,
    is_technical,
    known_name,
    safe,
)
from chalicelib.capture.posted import FLATTENED_LEVELS, Part, Posted
from chalicelib.capture.screening.proofs import HONEYPOT_FIELD, PROOF_FIELDS
from chalicelib.inputs.person import READERS
from chalicelib.inputs.repairs import Repair, Warned, warn
from chalicelib.inputs.texts import text_for
from chalicelib.limits import FORM_MAX_FIELDS, FORM_MAX_PARTS, TEXT_MAX_CHARS

EMAIL = "email"
KNOWN = frozenset({EMAIL, FULL_NAME, "phone", *READERS})
"""What Baton has a name for."""
RESERVED = frozenset({"email_local", "email_domain"})  # rules ask for them, and no form has them
#: Hidden fields that people do not fill in: nobody is told that they were looked at.
HONEYPOTS = frozenset([HONEYPOT_FIELD, "_gotcha", "_honey", "_hp"])


class NameClaim(IntEnum):
    """Why a part gets a name; the least number has the best reason."""

    EXACT = 0  # it is called that
    ALIAS = 1  # the form's document says so
    COMMON = 2  # it is a common name for it
    OWN = 3  # nobody knows it: its own name, made safe


@dataclass(frozen=True, slots=True, order=True)
class _Wanted:
    claim: NameClaim
    position: int
    name: str
    part: Part = field(compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """What a form post says, by name."""

    fields: Mapping[str, Part]
    """What it says about the person; `email` and `name` among them, if anything is called that."""
    campaign: Mapping[str, Part]
    marks: Mapping[str, Part]
    """Click ids and other tags of campaigns."""
    technical: Mapping[str, str]
    """What belongs to the page's machinery, by the names it came with: it is not stored."""
    warnings: tuple[Warned, ...]


def named_parts(
    posted: Posted, names: Mapping[str, str], own: Mapping[str, Any], honeypot: str | None
) -> Named:
    """Return the parts of a post by name.

    names: what the form's page calls a field -> what it is called here; own: the fields that only
    this form has; honeypot: the field that people do not see.
    """
    found = _Sorted(
        aliases={alias.strip().lower(): name for alias, name in names.items()},
        traps=HONEYPOTS | {honeypot.strip().lower()} if honeypot else HONEYPOTS,
    )
    for position, part in enumerate(_considered(posted.fields, found.warnings)):
        found.take(position, part)
    return Named(
        fields=_settled(found.wanted, own, found.warnings),
        campaign=found.campaign,
        marks=found.marks,
        technical=found.technical,
        warnings=tuple(found.warnings),
    )


def _left_out(part: Part) -> list[Warned]:
    """Return what is said of a technical field: nothing of one that was asked for, and is used."""
    is_used = part.name.strip().lower() in PROOF_FIELDS
    return [] if is_used else [warn(part.path, Repair.TECHNICAL)]


@dataclass(slots=True, kw_only=True)
class _Sorted:
    """The parts of a post, as they are sorted one after the other."""

    aliases: Mapping[str, str]
    traps: Set[str]
    wanted: list[_Wanted] = field(default_factory=list)
    campaign: dict[str, Part] = field(default_factory=dict)
    marks: dict[str, Part] = field(default_factory=dict)
    technical: dict[str, str] = field(default_factory=dict)
    warnings: list[Warned] = field(default_factory=list)

    def take(self, position: int, part: Part) -> None:
        """Take one part."""
        key = part.name.strip().lower()
        if key in self.traps:
            self.technical[part.name] = _text(part.value)
        elif is_empty(part.value):
            return
        elif key in self.aliases:
            self.wanted.append(_Wanted(NameClaim.ALIAS, position, self.aliases[key], part))
        elif key in KNOWN:  # as most are
            self.wanted.append(_Wanted(NameClaim.EXACT, position, key, part))
        elif not self._is_hidden(part):
            self.wanted.append(_wanted(position, part))

    def _is_hidden(self, part: Part) -> bool:
        """Return whether a part is taken as what a page puts into hidden fields."""
        key = campaign_key(part.name)
        if key and key not in self.campaign:
            self.campaign[key] = part
        elif is_click_id(part.name) and safe(part.name) not in self.marks:
            self.marks[safe(part.name)] = part
        elif is_technical(part.name):
            self.technical[part.name] = _text(part.value)
            self.warnings += _left_out(part)
        else:
            return False
        return True


def is_empty(value: Any, levels: int = FLATTENED_LEVELS) -> bool:
    """Return whether nothing was filled in. What lies deeper than some levels is something."""
    if isinstance(value, list | dict):
        every = value.values() if isinstance(value, dict) else value
        return not value or (levels > 0 and all(is_empty(one, levels - 1) for one in every))
    return value is None or (isinstance(value, str) and not value.strip())


def _considered(parts: Sequence[Part], warnings: list[Warned]) -> Iterator[Part]:
    """Yield the first parts, as many as a form can have, and the address wherever it stands."""
    yield from parts[:FORM_MAX_PARTS]
    for part in parts[FORM_MAX_PARTS:]:
        if part.name.strip().lower() == EMAIL:
            yield part
        elif not is_empty(part.value):
            warnings.append(warn(part.path, Repair.TOO_MANY))


def _wanted(position: int, part: Part) -> _Wanted:
    known = known_name(part.name)
    if known is not None:
        return _Wanted(NameClaim.COMMON, position, known, part)
    return _Wanted(NameClaim.OWN, position, safe(part.name), part)


def _settled(
    wanted: list[_Wanted], own: Mapping[str, Any], warnings: list[Warned]
) -> dict[str, Part]:
    """Return the parts by their names. The first ones are kept, and what Baton has a name for."""
    settled: dict[str, Part] = {}
    others: list[_Wanted] = []
    for one in sorted(wanted):
        is_known = one.name in KNOWN or one.name in own or one.claim is NameClaim.ALIAS
        if not is_known or one.name in settled:
            others.append(one)
        elif one.name in KNOWN and one.name not in own and isinstance(one.part.value, list):
            # Baton's own fields have one value each; the others are kept beside it.
            first, *rest = [value for value in one.part.value if not is_empty(value)]
            settled[one.name] = one.part._replace(value=first)
            rest = [value for value in rest if value != first]
            if rest:
                others.append(replace(one, part=one.part._replace(value=rest)))
        else:
            settled[one.name] = one.part
    for one in sorted(others, key=lambda one: one.position):
        if len(settled) >= FORM_MAX_FIELDS:
            warnings.append(warn(one.part.path, Repair.TOO_MANY))
            continue
        name = _free(safe(one.part.name), settled)
        settled[name] = one.part
        if name != one.part.name:
            warnings.append(warn(one.part.path, Repair.RENAMED, name))
    return settled


def _free(name: str, taken: Mapping[str, Any]) -> str:
    """Return a name that is not taken: `company_2` where `company` is."""
    number = 1
    free = name
    while free in taken or free in KNOWN or free in RESERVED:
        number += 1
        end = f"_{number}"
        free = name[: FIELD_NAME_MAX_CHARS - len(end)] + end
    return free


def _text(value: Any) -> str:
    return text_for(value).value[:TEXT_MAX_CHARS]
