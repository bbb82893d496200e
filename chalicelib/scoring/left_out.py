"""Whether a person is left out: neither scored nor decided on (playbook, rule 10; ADR 0050)."""

from datetime import date

from chalicelib.scoring.evidence import Evidence
from chalicelib.scoring.model import Model
from chalicelib.scoring.points import is_internal, matching_field_rules
from chalicelib.scoring.profile import Facts
from chalicelib.scoring.reasons import EXCLUDED, INTERNAL


def left_out_by(model: Model, facts: Facts, evidence: Evidence, today: date) -> str | None:
    """Return why a person is left out on a day, as the one reason of their score names it; or None.

    A signal excludes whatever happened since: a recycle does not make an agency a customer.
    """
    if is_internal(model, facts):
        return INTERNAL
    exclusions = model.exclusions
    if exclusions is None:
        return None
    last = today.toordinal()
    for one in exclusions.signals:
        days = evidence.tally.days_of(one.signal)
        if any(last - one.within_days <= day <= last for day in days):
            return EXCLUDED + one.id
    matched = matching_field_rules(exclusions, facts, evidence.touches)
    return EXCLUDED + matched[0].rule.id if matched else None
