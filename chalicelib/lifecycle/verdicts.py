"""What sales answers to a handoff, and where each answer takes the lead (playbook, "Verdict")."""

from enum import StrEnum
from typing import assert_never

from chalicelib.lifecycle.stages import Stage


class SalesVerdict(StrEnum):
    """What a salesperson says of a lead that was handed over."""

    ACCEPT = "accept"
    REJECT = "reject"
    UNDO = "undo"


class RejectReason(StrEnum):
    """Why a salesperson does not take a lead."""

    NOT_READY = "not_ready"
    NO_BUDGET = "no_budget"
    WRONG_PERSON = "wrong_person"
    UNREACHABLE = "unreachable"
    OTHER = "other"
    NOT_A_FIT = "not_a_fit"
    NOT_A_BUYER = "not_a_buyer"
    COMPETITOR = "competitor"
    NOT_SALES = "not_sales"  # support, an applicant, a supplier, the press
    SPAM = "spam"
    DUPLICATE = "duplicate"
    ALREADY_CUSTOMER = "already_customer"


TAKE_A_DATE = frozenset({RejectReason.NOT_READY, RejectReason.NO_BUDGET})
"""Whose lead may be looked at again on a day that the salesperson chooses."""
SAY_NOTHING_OF_RULES = frozenset({RejectReason.NOT_SALES, RejectReason.SPAM})
"""What a form let in, not a rule: counted by form, and left out where rules are judged."""


def target_of(reason: RejectReason) -> Stage:
    """Return where a lead goes that is rejected for a reason."""
    match reason:
        case (
            RejectReason.NOT_READY
            | RejectReason.NO_BUDGET
            | RejectReason.WRONG_PERSON
            | RejectReason.UNREACHABLE
            | RejectReason.OTHER
        ):
            return Stage.RECYCLED
        case (
            RejectReason.NOT_A_FIT
            | RejectReason.NOT_A_BUYER
            | RejectReason.COMPETITOR
            | RejectReason.NOT_SALES
            | RejectReason.SPAM
            | RejectReason.DUPLICATE
        ):
            return Stage.DISQUALIFIED
        case RejectReason.ALREADY_CUSTOMER:
            return Stage.CUSTOMER
        case _:
            assert_never(reason)
