"""The steps of screening, in their order, and the one reduce that runs them."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC
from enum import StrEnum
from functools import reduce
from typing import Protocol

from chalicelib.capture.screening.addresses import is_disposable, network_id
from chalicelib.capture.screening.agents import BOTS, ON_PAGES, Agent, agent_of
from chalicelib.capture.screening.challenge import Challenges, Solved
from chalicelib.capture.screening.names import is_link_in_company, is_link_in_name
from chalicelib.capture.screening.tokens import FormTokens, token_id
from chalicelib.capture.screening.verdict import (
    CHALLENGES,
    CLEAN,
    Candidate,
    ScreeningRules,
    ScreeningStep,
    ScreenReason,
    Verdict,
    Verification,
    found,
)
from chalicelib.consent.mailbox import MailboxOf
from chalicelib.days import day_of
from chalicelib.limits import FORM_TOKEN_USES

COMPANY_FIELD = "company"
"""The one of the names that is not a person's."""


class Flooding(StrEnum):
    """Whose forms are counted."""

    NETWORK = "network"
    MAILBOX = "mailbox"
    TOKEN = "token"


class ScreenedOnce:
    """Runs the steps once for a submission, however often it is tried to store it: one more try is
    not one more form of a flood.
    """

    def __init__(self, screen: Callable[[Candidate], Verdict], candidate: Candidate) -> None:
        self._screen = screen
        self._candidate = candidate
        self.verdict: Verdict | None = None
        """None as long as nobody has asked, as for a repeat."""

    def __call__(self, *, is_own_browser: bool) -> Verdict:
        """Return what the steps found, the first time that this is asked."""
        if self.verdict is None:
            candidate = replace(self._candidate, is_own_browser=is_own_browser)
            self.verdict = self._screen(candidate)
        return self.verdict


class FloodCounter(Protocol):
    """Counts forms by day. It never raises for a table that is busy: a form must not be lost."""

    def is_flood(self, of: Flooding, one_id: str, most: int, sent: Candidate) -> bool:
        """Count one more form. Return whether there were as many as may be before."""


class Screening:
    """Finds out whether a submission is kept as spam.

    rules: what the company sets; mailbox_of: names the mailbox of an address; secret: that of
    hashes of what is personal.
    """

    def __init__(
        self,
        *,
        rules: Callable[[], ScreeningRules],
        tokens: FormTokens,
        challenges: Challenges,
        floods: FloodCounter,
        mailbox_of: MailboxOf,
        secret: Callable[[], bytes],
    ) -> None:
        self._rules = rules
        self._tokens = tokens
        self._challenges = challenges
        self._floods = floods
        self._mailbox_of = mailbox_of
        self._secret = secret
        self.steps: Mapping[ScreenReason, ScreeningStep] = {
            ScreenReason.HONEYPOT: find_trapped,
            ScreenReason.KNOWN_BOT: find_bot,
            ScreenReason.LINKS: find_links,
            ScreenReason.DISPOSABLE: find_disposable,
            ScreenReason.TOKEN: self._find_bad_token,
            ScreenReason.CHALLENGE: self._find_unsolved,
            ScreenReason.NETWORK_FLOOD: self._find_network_flood,
            ScreenReason.MAILBOX_FLOOD: self._find_mailbox_flood,
        }

    def screen(self, sent: Candidate) -> Verdict:
        """Return what the steps find. The first reason stands.

        Each step runs, whatever those before it found: how long the answer takes must not tell a
        machine what gave it away (ADR 0044).
        """
        rules = self._rules()
        steps = (step for reason, step in self.steps.items() if reason not in rules.off)
        return reduce(lambda verdict, step: verdict.with_(step(sent, rules)), steps, CLEAN)

    def _find_bad_token(self, sent: Candidate, rules: ScreeningRules) -> Verdict:
        if sent.verify is not Verification.TOKEN:
            return CLEAN
        is_good = self._tokens.is_good(sent.token, sent.form_id, rules.token_min_seconds, sent.now)
        is_worn = is_good and self._floods.is_flood(
            Flooding.TOKEN, token_id(sent.token), FORM_TOKEN_USES, sent
        )
        return found(ScreenReason.TOKEN, not is_good or is_worn)

    def _find_unsolved(self, sent: Candidate, _rules: ScreeningRules) -> Verdict:
        if sent.verify not in CHALLENGES:
            return CLEAN
        solved = self._challenges(sent.verify, sent.challenge)
        if solved is Solved.UNKNOWN:
            return Verdict(is_unverified=True)
        return found(ScreenReason.CHALLENGE, solved is Solved.NO)

    def _find_network_flood(self, sent: Candidate, rules: ScreeningRules) -> Verdict:
        if rules.forms_per_network is None:
            return CLEAN
        day = day_of(sent.now, UTC).isoformat()
        network = network_id(self._secret(), sent.sender.network, day)
        return found(
            ScreenReason.NETWORK_FLOOD,
            network
            and self._floods.is_flood(Flooding.NETWORK, network, rules.forms_per_network, sent),
        )

    def _find_mailbox_flood(self, sent: Candidate, rules: ScreeningRules) -> Verdict:
        # Strangers who flood somebody's mailbox must not keep that person's own forms from us.
        if rules.forms_per_mailbox is None or sent.is_own_browser:
            return CLEAN
        mailbox = self._mailbox_of(sent.address).id
        return found(
            ScreenReason.MAILBOX_FLOOD,
            self._floods.is_flood(Flooding.MAILBOX, mailbox, rules.forms_per_mailbox, sent),
        )


def find_trapped(sent: Candidate, _rules: ScreeningRules) -> Verdict:
    """Find a field that no person sees, filled in."""
    return found(ScreenReason.HONEYPOT, sent.trap.strip())


def find_bot(sent: Candidate, rules: ScreeningRules) -> Verdict:
    """Find a machine that says it is one.

    Tools and relays send honest forms, too: from servers, which do not ask for a page.
    """
    machines = ON_PAGES if sent.sender.wants_page else BOTS
    if sent.sender.wants_page and rules.tools:
        machines |= {Agent.TOOL}
    return found(ScreenReason.KNOWN_BOT, agent_of(sent.sender.agent) in machines)


def find_links(sent: Candidate, _rules: ScreeningRules) -> Verdict:
    """Find a web address or markup where a name belongs."""
    names = (
        is_link_in_company(text) if name == COMPANY_FIELD else is_link_in_name(text)
        for name, text in sent.names.items()
    )
    return found(ScreenReason.LINKS, any(names))


def find_disposable(sent: Candidate, _rules: ScreeningRules) -> Verdict:
    """Find an address that its owner throws away."""
    return found(ScreenReason.DISPOSABLE, is_disposable(sent.address))
