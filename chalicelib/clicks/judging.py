"""What the clicks of one email were: a person's, or a machine's (ADR 0061). Pure.

Scanners call themselves browsers, come from anywhere, and some of them run scripts. What gives them
away is that they go through the links of an email at once. So no network condemns, and a click of
which nothing is known is evidence, not proof.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from chalicelib.clicks.clicks import CLICK_HOLD, Click, ClickVerdict, Why
from chalicelib.limits import (
    CLICKS_BURST_SECONDS,
    CLICKS_PROBE_MINUTES,
    CLICKS_REPEAT_SECONDS,
    SCANNED_MINUTES,
)

BURST = timedelta(seconds=CLICKS_BURST_SECONDS)
REPEAT = timedelta(seconds=CLICKS_REPEAT_SECONDS)
PROBE = timedelta(minutes=CLICKS_PROBE_MINUTES)
SCANNED = timedelta(minutes=SCANNED_MINUTES)


@dataclass(frozen=True, slots=True)
class JudgedClick:
    """What a click was, and what that rests on."""

    verdict: ClickVerdict
    why: Why


def judge(clicks: Sequence[Click], delivered_at: datetime) -> Mapping[str, JudgedClick]:
    """Return what each of some clicks was, by its id, as far as is known by now.

    clicks: all of one email; delivered_at: when the email arrived.
    """
    swept = {click.id for click in clicks if _is_in_burst(click, clicks)}
    sweeps = [click for click in clicks if click.id in swept]
    found = {one.id: JudgedClick(ClickVerdict.MACHINE, Why.SEVERAL_LINKS) for one in sweeps}
    for click in clicks:
        if click.id in swept:
            continue
        if click.is_program:
            found[click.id] = JudgedClick(ClickVerdict.MACHINE, Why.KNOWN_AGENT)
        elif any(_is_of_sweep(click, one, delivered_at) for one in sweeps):
            found[click.id] = JudgedClick(ClickVerdict.MACHINE, Why.SWEPT)
    left = [click for click in clicks if click.id not in found]
    for first, repeats in _visits(left):
        found[first.id] = _alone(first, delivered_at)
        found |= {one.id: JudgedClick(ClickVerdict.MACHINE, Why.REPEATED) for one in repeats}
    return found


def _is_in_burst(click: Click, clicks: Sequence[Click]) -> bool:
    """Return whether another link of the email was used within two seconds, before or after."""
    return any(one.position != click.position and abs(one.at - click.at) <= BURST for one in clicks)


def _is_of_sweep(click: Click, sweep: Click, delivered_at: datetime) -> bool:
    """Return whether whoever swept an email made this click, too: as a probe before, or at the end.

    Fleets of scanners share what they call themselves, and not their addresses. So do browsers,
    which is why another address is only theirs as long as scanners are at work. What comes well
    after a sweep is judged for itself: people read an email after its scanner.
    """
    if click.agent != sweep.agent:
        return False
    if click.at > sweep.at:
        return click.at - sweep.at <= CLICK_HOLD
    is_early = click.at - delivered_at <= SCANNED
    return sweep.at - click.at <= PROBE and (click.network == sweep.network or is_early)


def _visits(clicks: Sequence[Click]) -> Iterator[tuple[Click, Sequence[Click]]]:
    """Yield the clicks that stand for a visit each, with those that repeat them.

    A scanner may look at what a person clicks at that moment, before or after them. Whichever
    showed the page was the person.
    """
    left = sorted(clicks, key=_weight)
    while left:
        first, *others = left
        repeats = [
            one
            for one in others
            if one.position == first.position and abs(one.at - first.at) <= REPEAT
        ]
        yield first, repeats
        left = [one for one in others if one not in repeats]


def _weight(click: Click) -> tuple[bool, bool, datetime, str]:
    """Return what puts clicks in order: what counts already, what showed the page, the first."""
    return click.verdict is not ClickVerdict.PERSON, not click.is_viewed, click.at, click.id


def _alone(click: Click, delivered_at: datetime) -> JudgedClick:
    """Return what a click was that nothing speaks against."""
    if click.is_viewed:
        return JudgedClick(ClickVerdict.PERSON, Why.PAGE_VIEW)
    if click.at - delivered_at > SCANNED:
        return JudgedClick(ClickVerdict.PERSON, Why.LATE)
    return JudgedClick(ClickVerdict.MACHINE, Why.NO_PAGE_VIEW)
