"""`python -m infra.local.walk`: Ann's journey over HTTP, from first visit to accepted lead.

She is the playbook's first example lead. Every number printed was read from the running stack; when
a step does not come out as it should, the walk says which one and why, and fails.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.request import Request, urlopen
from uuid import uuid4

from chalicelib.days import local_time
from chalicelib.limits import CLICK_HOLD_SECONDS
from chalicelib.nurture.waits import ends_at
from chalicelib.nurture.windows import next_open
from infra.local import stack as stacks
from infra.local.clock import StackClock
from infra.local.outgoing import ANSWER_S, Outgoing, call_http
from infra.local.salesperson import take_lead
from infra.local.stack import Stack
from infra.local.transcript import Step, render, render_messages
from infra.local.waiting import LOOKS
from infra.local.witness import Expected, StepFailedError, Witness
from infra.paths import LOCAL, write_private

TRANSCRIPT = LOCAL / "transcript.json"
AD = "/?utm_source=google&utm_medium=cpc&utm_campaign=spring"
SEQUENCE = "learn-and-try"
EMAIL = "ann@acme.example"
PERSON: Mapping[str, Any] = {
    "first_name": "Ann",
    "last_name": "Example",
    "job_title": "CTO",
    "company": "Acme",
    "company_size": 120,
    "industry": "software",
    "country": "DE",
    "phone": "+49 30 901820",
}
NO_HEADERS: Mapping[str, str] = {}
VERDICT_AFTER = timedelta(seconds=CLICK_HOLD_SECONDS + 60)
BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
MESSAGE = "We have forty tools and an audit in March. Can we talk this week?"


class Walk:
    """One walk of one person through a running stack.

    looks: how often to look whether a step has come true; clock: the stack's, None to stay within
    one day, without the emails of Learn and try.
    """

    def __init__(
        self,
        stack: Stack,
        email: str = EMAIL,
        looks: int = LOOKS,
        clock: StackClock | None = None,
    ) -> None:
        self._stack = stack
        self._clock = clock
        self._email = email
        self._visitor = str(uuid4())
        self._witness = Witness(stack, email, looks, clock.now if clock else stacks.utc_now)

    @property
    def steps(self) -> list[Step]:
        """The steps that have come out so far."""
        return self._witness.steps

    def run(self) -> list[Step]:
        """The whole journey. Raises StepFailedError at the first step that does not come out."""
        # A delivered email takes a point when SES reports it. That would be at another step on each
        # machine, so it is not reported of the emails of the walk.
        outgoing = Outgoing(self._stack)
        reported = outgoing.report(["Send"])
        try:
            self._first_visit()
            self._guide()
            self._pricing()
            if self._clock is not None:
                self._learn_and_try(self._clock)
            self._demo()
            self._taken()
        finally:
            outgoing.report(reported)
            self._witness.close()
        return self.steps

    def _first_visit(self) -> None:
        for path in (AD, "/blog/why-access-reviews-stall", "/blog/the-friday-leaver"):
            self._page(path, datetime.now(UTC))
        self._form("tour", {"email": self._email}, consent=False)
        story = "Ann clicks an ad, reads two blog posts, and leaves her address to open the tour."
        self._witness.see("first visit", story, Expected("lead", 8))

    def _guide(self) -> None:
        self._form("guide", {"email": self._email, **PERSON}, consent=True)
        story = "She says who she is, downloads the buyer's guide, and agrees to emails."
        self._witness.see("guide download", story, Expected("mql", 60, turns=["entered"]))

    def _pricing(self) -> None:
        at = datetime.now(UTC)
        for _ in range(4):
            self._page("/pricing", at)
        story = (
            "She looks at the prices four times within a second: that is one day, so it counts"
            " once."
        )
        self._witness.see("pricing visits", story, Expected("mql", 66))

    def _learn_and_try(self, clock: StackClock) -> None:
        """Let two of its emails leave, each on its day, and let her click a link of the second."""
        note = {"purpose": "measuring", "kind": "consent", "reason": "said so on the phone"}
        self._post(f"/v1/leads/{self._witness.lead_id()}/basis", note, self._witness.admin)
        waits = [step["wait"] for step in self._witness.get(f"/v1/sequences/{SEQUENCE}")["steps"]]
        _, day = self._wait(clock, waits[0])
        story = (
            "She agrees that her clicks are counted. The first email of Learn and try leaves on"
            f" {day}."
        )
        self._witness.see("first email", story, Expected("mql", messages=[("nurture", "email")]))
        due, day = self._wait(clock, waits[1])
        story = f"The second email is due on {due}, so in working hours it leaves on {day}."
        self._witness.see("second email", story, Expected("mql", messages=[("nurture", "email")]))
        self._click(self.steps[-1].messages[0]["text"])
        self._set(clock, clock.now() + VERDICT_AFTER)
        story = (
            "She clicks its link. Two minutes later it is clear that no machine did, and the click"
            " counts."
        )
        self._witness.see("click", story, Expected("mql", rules=["email-click"]))

    def _wait(self, clock: StackClock, wait: str) -> tuple[str, str]:
        """Set the clock to when a wait that begins now is over, within working hours. Return the
        weekday on which it is over, and the one that it is then.
        """
        hours = stacks.demo_hours()
        over = ends_at(wait, clock.now(), hours.zone)
        opens = next_open(over, hours)
        self._set(clock, opens)
        due, left = (f"{local_time(one, hours.zone):%A}" for one in (over, opens))
        return due, left

    def _set(self, clock: StackClock, moment: datetime) -> None:
        clock.set_to(moment)
        clock.tick()

    def _click(self, text: str) -> None:
        """Click the first link of an email, as a browser does, and look at the page behind it."""
        found = re.search(re.escape(self._stack.api_url) + r"/c/[\w.~%-]+", text)
        if found is None:
            raise StepFailedError("step 'click': the email has no tracked link")
        landed = visit(found[0]).removeprefix(self._stack.site_url)
        self._page(landed, datetime.now(UTC))

    def _demo(self) -> None:
        self._form("demo", {"email": self._email, **PERSON, "message": MESSAGE}, consent=False)
        story = (
            "She asks for a demo. Sales gets an email, a message on the topic and, as she asked, a"
            " text."
        )
        notices = [("handoff", "email"), ("handoff", "sns"), ("handoff", "sms")]
        total = 90 if self._clock is None else None
        expected = Expected("sql", total, notices, rules=["demo-request"], turns=["exited"])
        self._witness.see("demo request", story, expected)

    def _taken(self) -> None:
        """Let Sam open the link of his email, and take the lead."""
        texts = [one["text"] for one in self.steps[-1].messages if one["via"] == "email"]
        said = take_lead(texts[0], self._stack.api_url)
        story = f"Sam opens the link of his email on his phone, and taps “I take it”: {said}."
        self._witness.see("accepted", story, Expected("accepted"))

    def _page(self, path: str, at: datetime) -> None:
        """One page view, as the tracker sends it. `sentAt` lets the API correct for our clock."""
        event = {
            "type": "page",
            "anonymousId": self._visitor,
            "messageId": str(uuid4()),
            "timestamp": at.isoformat(),
            "sentAt": datetime.now(UTC).isoformat(),
            "properties": {"url": self._stack.site_url + path},
        }
        self._post("/v1/page", event)

    def _form(self, form_id: str, fields: Mapping[str, Any], *, consent: bool) -> None:
        page = {"url": f"{self._stack.site_url}/{form_id}"}
        submission = {
            "fields": fields,
            "visitor_id": self._visitor,
            "submission_id": str(uuid4()),
            "page": page,
        }
        self._post(f"/v1/forms/{form_id}", submission | {"consent": {"marketing": consent}})

    def _post(
        self, path: str, data: Mapping[str, Any], more: Mapping[str, str] = NO_HEADERS
    ) -> Any:
        headers = {"Content-Type": "application/json", "Accept-Language": "en", **more}
        return call_http(
            self._stack.api_url + path, headers=headers, body=json.dumps(data).encode()
        )


def switch_on(stack: Stack, *, active: bool = True) -> None:
    """Switch Learn and try on, as a marketer does: sequences ship switched off.

    active: False switches it off again. Workers that have read it keep it as it was for half a
    minute.
    """
    url = f"{stack.api_url}/v1/sequences/{SEQUENCE}"
    headers = {"Authorization": f"Bearer {stack.admin_token}", "Content-Type": "application/json"}
    document = {**call_http(url, headers=headers), "active": active}
    call_http(url, headers=headers, body=json.dumps(document).encode(), method="PUT")


def visit(url: str) -> str:
    """Follow a link as a browser does. Return the address of the page to which it leads."""
    # The address is the local stack's own.
    request = Request(url, headers={"User-Agent": BROWSER})
    with urlopen(request, timeout=ANSWER_S) as answer:  # nosec B310
        return str(answer.url)


def main() -> int:
    """Walk, print, and write `.local/transcript.json`. The exit code is not 0 when a step did not
    come out.
    """
    stacks.use_local_account()
    stack = Stack(**json.loads(stacks.STACK_JSON.read_text()))
    offset = os.environ.get("BATON_NOW_OFFSET", "")
    switch_on(stack)
    walk = Walk(stack, clock=StackClock(stack, offset))
    failure = None
    try:
        walk.run()
    except StepFailedError as error:
        failure = str(error)
    steps = [asdict(step) for step in walk.steps]
    write_private(
        TRANSCRIPT,
        json.dumps({"ok": failure is None, "failure": failure, "steps": steps}, indent=2) + "\n",
    )
    print(f"\n{render(walk.steps)}")
    if failure is not None:
        print(f"The walk failed at {failure}", file=sys.stderr)
        return 1
    print(f"What went out:\n\n{render_messages(walk.steps)}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
