"""While rescoring is off: nothing is decided, and nothing is forgotten (ADR 0039).

Each lead that something happens to is asked for a replay, which derives it from all its events
once rescoring is on again. So what follows is announced once, whatever came meanwhile.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from chalicelib.events import Event
from chalicelib.leads.lead import Lead
from chalicelib.leads.replay import new_events
from chalicelib.qualify.ports import LeadStore
from chalicelib.qualify.reactions import NO_CHANGE
from chalicelib.runtime import Runtime
from chalicelib.switches import SwitchState, next_look
from chalicelib.telemetry import log
from chalicelib.writing import until_written


class Postponed:
    """Stands in for Qualify. off: the switch."""

    def __init__(
        self,
        *,
        off: SwitchState,
        leads: LeadStore,
        runtime: Runtime,
    ) -> None:
        self._off = off
        self._leads = leads
        self.runtime = runtime

    @until_written
    def captured(self, lead_id: str, events: Sequence[Event]) -> None:
        """Take events of a lead without counting them."""
        lead = self._leads.read(lead_id)
        if new_events(lead, events):
            self._remember(lead)

    @until_written
    def review(self, lead_id: str) -> None:
        """Turn a review into a replay: it would be due each minute until rescoring is on again."""
        lead = self._leads.read(lead_id)
        self._remember(lead)
        if lead.review_on is not None:
            later = replace(lead, review_on=None, version=lead.version + 1)
            self._leads.write(lead, later, NO_CHANGE)

    @until_written
    def replay(self, lead_id: str, _until: datetime | None = None) -> None:
        """Put a replay off."""
        self._remember(self._leads.read(lead_id))

    def _remember(self, lead: Lead) -> None:
        # Request against replay: a worker that has not heard of the switch yet may be replaying
        # this lead now. Each request raises the count, so that it does not take this one off the
        # list (ADR 0007).
        self._leads.request_replay(lead, next_look(self._off.at, self.runtime.now()))
        log("held_back", switch=self._off.switch, lead_id=lead.lead_id)
