"""Fields of a form that are about the sending, not about the person: what a sender proves by, and
the trap that no person sees.
"""

from collections.abc import Collection, Mapping
from typing import NamedTuple

from chalicelib.inputs.choices import is_ticked

HONEYPOT_FIELD = "baton_message"
"""The trap of our own snippet. A machine takes it for a message; no browser and no password
manager knows it by name, so that none fills it in for a person."""
TOKEN_FIELD = "_token"
CHALLENGE_FIELDS = ("cf-turnstile-response", "h-captcha-response")
"""What the scripts of Turnstile and hCaptcha put into a form."""
PROOF_FIELDS = frozenset({TOKEN_FIELD, *CHALLENGE_FIELDS})


class FormProofs(NamedTuple):
    """What came with a submission besides what it says of the person."""

    token: str = ""
    challenge: str = ""
    trap: str = ""
    """What stands in a field that no person sees."""


def proofs_in(technical: Mapping[str, str], traps: Collection[str]) -> FormProofs:
    """Return what is in the technical fields of a submission, by the sender's own names.

    traps: the names of the fields that no person sees. A box that is not ticked, and a script that
    writes `undefined` into each empty field, fill in none.
    """
    named = {name.strip().lower(): text.strip() for name, text in technical.items()}
    trapped = (named.get(one.strip().lower(), "") for one in traps)
    challenges = (named.get(one, "") for one in CHALLENGE_FIELDS)
    return FormProofs(
        token=named.get(TOKEN_FIELD, ""),
        challenge=next(filter(None, challenges), ""),
        trap=next((text for text in trapped if is_ticked(text)), ""),
    )
