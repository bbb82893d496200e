"""Sees on a running stack what a step of the walk has come to, and writes it down."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

from chalicelib.days import local_time, zone_of
from chalicelib.delivery.reasons import ACCOUNT_STATES
from infra.local.outgoing import Outgoing, TopicReader, call_http
from infra.local.stack import TIME_ZONE, Stack
from infra.local.transcript import Step, name_of_message
from infra.local.waiting import look_for

VIAS = ("email", "sns", "sms")
OPEN_STATES = ("planned", "claimed")


class StepFailedError(Exception):
    """A step of the walk did not come out as it should. The text names the step and what was
    seen.
    """


@dataclass(frozen=True)
class Expected:
    """What a step must come to.

    total: in whole points, None where they depend on how many days have passed; messages: those
    that go out, as kind and way; rules: what must have a say in the score; turns: how the lead's
    way through a sequence changes, `entered` or `exited`.
    """

    stage: str
    total: int | None = None
    messages: Sequence[tuple[str, str]] = ()
    rules: Sequence[str] = ()
    turns: Sequence[str] = ()


class Witness:
    """Follows one lead of a stack through the steps of a walk.

    looks: how often to look whether a step has come true; now: the stack's clock.
    """

    def __init__(self, stack: Stack, email: str, looks: int, now: Callable[[], datetime]) -> None:
        self._stack = stack
        self._email = email
        self._looks = looks
        self._now = now
        self._topic = TopicReader(stack)
        self._outgoing = Outgoing(stack)
        self.steps: list[Step] = []

    def close(self) -> None:
        """Stop to listen."""
        self._topic.close()

    @property
    def admin(self) -> dict[str, str]:
        """The headers of a request to the private API."""
        return {"Authorization": f"Bearer {self._stack.admin_token}"}

    def see(self, name: str, story: str, expected: Expected) -> None:
        """Wait until a step has come true, and write it down. Raise StepFailedError."""
        seen = "nothing yet"

        def has_come() -> bool:
            nonlocal seen
            seen = self._difference(expected)
            return not seen

        try:
            come = look_for(has_come, self._looks)
        except StepFailedError as error:
            raise StepFailedError(f"step '{name}': {error}") from None
        if not come:
            raise StepFailedError(f"step '{name}': {seen}")
        lead = self._lead()
        assert lead is not None, "a lead that was seen does not vanish"
        score = lead["score"]
        went_out = [self._message(item) for item in self._new_messages()]
        at = local_time(self._now(), zone_of(TIME_ZONE))
        self.steps.append(
            Step(
                name,
                story,
                lead["stage"],
                lead["kind"],
                score["total"],
                score["grade"],
                score["reasons"],
                went_out,
                at.isoformat(timespec="seconds"),
                self._new_turns(lead["lead_id"]),
            )
        )
        if sum(round(reason["points"] * 1000) for reason in score["reasons"]) != sum(
            round(score["groups"][group] * 1000)
            for group in ("fit", "channel", "engagement", "intent")
        ):
            raise StepFailedError(f"step '{name}': the reasons do not sum to the score")

    def _difference(self, expected: Expected) -> str:
        """What is not yet as expected, or an empty text."""
        lead = self._lead()
        if lead is None:
            return "no lead was made; is the function Qualify enabled?"
        total = lead["score"]["total"]
        if (lead["stage"], total) != (expected.stage, expected.total or total):
            return (
                f"the lead is {lead['stage']} at {total}, not {expected.stage} at"
                f" {expected.total}; is the function Qualify enabled?"
            )
        missing = set(expected.rules) - {reason["rule"] for reason in lead["score"]["reasons"]}
        if missing:
            return f"the score has no {', '.join(sorted(missing))}"
        items = self._new_messages()
        unsent = [
            item
            for item in items
            if item["state"] not in ("sent", "delivered", *OPEN_STATES)
            or item["reason"] in ACCOUNT_STATES
        ]
        if unsent:  # final, or a person has to mend the account: waiting longer would not help
            what = "; ".join(
                f"the {name_of_message(item)} did not go out: {item['state']} ({item['reason']})"
                for item in unsent
            )
            raise StepFailedError(what)
        leaving = [one for one in items if one["state"] in OPEN_STATES and one["reason"] is None]
        if leaving:
            return f"the {name_of_message(leaving[0])} is still on its way"
        sent = sorted(
            (item["kind"], item["via"]) for item in items if item["state"] not in OPEN_STATES
        )
        if sent != sorted(expected.messages):
            return (
                f"sent so far: {sent or 'nothing'}; expected:"
                f" {sorted(expected.messages) or 'nothing'}"
            )
        turns = [turn["name"] for turn in self._new_turns(lead["lead_id"])]
        if turns != [*expected.turns]:
            return f"of sequences: {turns or 'nothing'}; expected: {expected.turns or 'nothing'}"
        return ""

    def _new_messages(self) -> list[dict[str, Any]]:
        """The lead's outbox items of which no step has told yet."""
        told = {message["id"] for step in self.steps for message in step.messages}
        lead = self._lead()
        items = self.get("/v1/outbox?limit=200")["items"]
        new = [
            item
            for item in items
            if lead and item["lead_id"] == lead["lead_id"] and item["id"] not in told
        ]
        return sorted(new, key=lambda item: VIAS.index(item["via"]))

    def _new_turns(self, lead_id: str) -> list[dict[str, Any]]:
        """The sequences that the lead has entered or left since the last step."""
        known = {turn["id"] for step in self.steps for turn in step.turns}
        items = self.get(f"/v1/leads/{lead_id}/timeline?limit=200")["items"]
        return [
            {"id": item["id"], "name": item["name"], **item["detail"]}
            for item in reversed(items)
            if item["kind"] == "sequence" and item["id"] not in known
        ]

    def _message(self, item: Mapping[str, Any]) -> dict[str, Any]:
        """An outbox item with what its recipient gets."""
        told = {name: item[name] for name in ("id", "kind", "via", "to", "state", "message_id")}
        if item["via"] == "sns":
            found = self._topic.read(item["message_id"], self._looks)
        else:
            found = self._outgoing.find(item["via"], item["message_id"])
        if found is None:
            raise StepFailedError(
                f"the {name_of_message(item)} is marked as sent, but did not arrive"
            )
        return told | found

    def _lead(self) -> dict[str, Any] | None:
        leads = self.get(f"/v1/leads?email={quote(self._email)}")["leads"]
        return self.get(f"/v1/leads/{leads[0]['lead_id']}") if leads else None

    def lead_id(self) -> str:
        """Return the id of the lead, which is there already."""
        lead = self._lead()
        assert lead is not None, "a lead that was seen does not vanish"
        return str(lead["lead_id"])

    def get(self, path: str) -> Any:
        """Return the answer of the private API."""
        return call_http(self._stack.api_url + path, headers=self.admin)
