"""Consent: which reason is the operative one, and which of them follow a person."""

from datetime import timedelta
from itertools import permutations

import pytest

from chalicelib.consent.consent import (
    CONSENT_ONLY,
    Consent,
    SuppressionReason,
    delivered,
    following,
    given,
    soft_bounced,
    suppressed,
)
from tests import factories as make
from tests.fakes import NOW

COMPLAINED, UNSUBSCRIBED, BOUNCED = SuppressionReason


@pytest.mark.parametrize("order", list(permutations(SuppressionReason)))
def test_the_strongest_reason_is_operative_in_any_order(
    order: tuple[SuppressionReason, ...],
) -> None:
    consent = given(Consent(), make.proof())
    for number, reason in enumerate(order):
        consent = suppressed(consent, reason, NOW + timedelta(days=number))
    assert consent.suppressed == consent.refusal(CONSENT_ONLY) == COMPLAINED
    assert set(consent.suppressions) == set(SuppressionReason)
    assert suppressed(consent, BOUNCED, NOW) is consent


def test_an_unsubscribe_outranks_a_bounce() -> None:
    both = suppressed(suppressed(Consent(), BOUNCED, NOW), UNSUBSCRIBED, NOW)
    assert both.suppressed == UNSUBSCRIBED


def test_a_wish_follows_the_person_and_a_bounce_does_not() -> None:
    absorbed = Consent()
    for reason in SuppressionReason:
        absorbed = suppressed(absorbed, reason, NOW)
    ours = given(Consent(), make.proof())
    after = following(ours, absorbed, {"theirs"})
    assert set(after.suppressions) == {COMPLAINED, UNSUBSCRIBED}
    assert after.version == ours.version + 1
    assert after.mailboxes == {"theirs"}
    again = following(after, Consent(mailboxes=frozenset({"hers"})), {"hers"})
    assert again.mailboxes == frozenset({"hers", "theirs"})
    assert again.version == after.version + 1
    assert not following(ours, suppressed(Consent(), BOUNCED, NOW), set()).suppressions


def test_each_change_is_one_version() -> None:
    consent = Consent()
    for number in range(1, 9):
        consent = soft_bounced(consent, NOW)
        assert (consent.version, consent.soft_bounces) == (number, number)
        assert (consent.suppressed is not None) == (number >= 5)
    assert delivered(consent).version == 9
    assert delivered(delivered(consent)) == delivered(consent)
    assert delivered(consent).suppressed == BOUNCED
