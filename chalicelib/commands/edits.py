"""What a salesperson corrects of a lead, whom they give it to, and what they note about it."""

import re
from collections.abc import Callable, Mapping, Set
from dataclasses import replace
from typing import Any

from chalicelib.commands.acts import Acts
from chalicelib.errors import FieldError, InputError, NotRemovableError
from chalicelib.events import Act, FieldValue, Value
from chalicelib.inputs.person import PersonFields, read_person
from chalicelib.leads.acts import EARLIER_OWNER, NEW_OWNER, NOTE_TEXT
from chalicelib.leads.lead import Lead
from chalicelib.limits import FORM_MAX_FIELDS
from chalicelib.qualify.qualify import Qualify
from chalicelib.runtime import Runtime
from chalicelib.writing import until_written

FIELD_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")
NOT_CORRECTED = {
    "email": "cannot be changed, because each address has a lead of its own; merge the two leads",
    "message": "is what somebody wrote in a form; write a note instead",
}


class Edits:
    """Does what a person edits of a lead. Each command returns the lead as it is then.

    salespeople: returns the ids of the people in the routing document.
    """

    def __init__(
        self, *, qualify: Qualify, salespeople: Callable[[], Set[str]], runtime: Runtime
    ) -> None:
        self._salespeople = salespeople
        self._acts = Acts(qualify=qualify, runtime=runtime)
        self.runtime = runtime

    def check_owner(self, owner: str) -> None:
        """Raise InputError for an owner who is not in the routing document."""
        known = self._salespeople()
        if owner not in known:
            people = ", ".join(sorted(known)) or "nobody yet"
            raise InputError(FieldError("owner", f"is not in the routing, which has {people}"))

    @until_written
    def correct(
        self, lead_id: str, fields: Mapping[str, FieldValue], said: Mapping[str, str]
    ) -> Lead:
        """Correct what is known of the person: it stands against whatever a form says.

        said: the words of the fields that were read out of words. Raise NotFoundError.
        """
        lead = self._acts.known(lead_id)
        event = self._acts.event(lead.lead_id, Act.PROFILE, {}, fields, said)
        return self._acts.conclude(lead, self._acts.counted(lead, event), event, [])

    @until_written
    def assign(self, lead_id: str, owner: str) -> Lead:
        """Give a lead to a salesperson; nothing happens if they have it.

        Raise NotFoundError; InputError for somebody who is not in the routing document.
        """
        lead = self._acts.known(lead_id)
        self.check_owner(owner)
        earlier = lead.standing.owner
        if earlier == owner:
            return lead
        facts: dict[str, Value] = {NEW_OWNER: owner}
        if earlier is not None:
            facts[EARLIER_OWNER] = earlier
        event = self._acts.event(lead.lead_id, Act.OWNER, facts)
        counted = self._acts.counted(lead, event)
        # Before the reactions are asked: they must see whose the lead is from now on.
        given = replace(counted, standing=replace(counted.standing, owner=owner))
        return self._acts.conclude(lead, given, event, [])

    @until_written
    def note(self, lead_id: str, text: str) -> Lead:
        """Keep what a person noted. It is not scored. Raise NotFoundError."""
        lead = self._acts.known(lead_id)
        event = self._acts.event(lead.lead_id, Act.NOTE, {NOTE_TEXT: text})
        return self._acts.conclude(lead, self._acts.counted(lead, event), event, [])


def read_correction(profile: Mapping[str, Any], country: str | None) -> PersonFields:
    """Return the fields of a correction, each read as that of a form is.

    profile: field -> value, as it was sent; country: the company's, for a phone number of someone
    who names none. Raise InputError for a name that no field can have, NotRemovableError for a
    field without a value.
    """
    if not 1 <= len(profile) <= FORM_MAX_FIELDS:
        raise InputError(FieldError("profile", f"must have 1 to {FORM_MAX_FIELDS} fields"))
    wrong = [FieldError(f"profile.{name}", why) for name in profile if (why := _why_not(name))]
    if wrong:
        raise InputError(*wrong)
    person = read_person(profile, country)
    empty = [name for name in profile if name not in person.fields]
    if empty:
        why = "cannot be emptied; take the event that said it back with /retract, or correct it"
        raise NotRemovableError(*(FieldError(f"profile.{name}", why) for name in empty))
    return person


def _why_not(name: str) -> str | None:
    """Return why a field cannot be corrected under a name, None where it can."""
    if name in NOT_CORRECTED:
        return NOT_CORRECTED[name]
    if FIELD_NAME.fullmatch(name):
        return None
    return "must be a lower-case letter and at most 63 lower-case letters, digits and _"
