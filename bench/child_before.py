"""Work with the code of one tree: `child_before.py TREE OLD`, where OLD is the tree of before.

Say on one line the names of the small models. Then, for each line of standard input, which names a
piece of work, do it and say how many things a second it does, or what comes out. Only names that
both trees have are used.
"""

import gc
import json
import sys
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple, cast

sys.path.insert(0, sys.argv[1])

from bench import paths
from bench.simulate import CELLS, PoolTable
from chalicelib.publishing.counting import count_changes, found_so_far
from chalicelib.publishing.simulate import WhatIf
from chalicelib.publishing.state import CountState
from chalicelib.publishing.versions import Active
from chalicelib.scoring.compile import compile_model
from chalicelib.scoring.score import Score, score
from chalicelib.scoring.tally import Tally, count_events
from chalicelib.store import keys
from chalicelib.store.leads import Leads
from chalicelib.store.table import Table
from infra.defaults import read_yaml
from tests import crowd
from tests import factories as make

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
DOCUMENT = read_yaml(Path(sys.argv[2]) / "chalicelib" / "defaults" / "model.yaml")
EVENTS = paths.events()
LEADS = list(crowd.people(compile_model(DOCUMENT, 1), CELLS, NOW))
POOL = [{str(item["sk"]): item for item in crowd.stored(lead)} for lead in LEADS]
STORE = Leads(
    cast(Table, PoolTable(len(LEADS), POOL)), mailbox_of=make.mailbox, spread_reviews=True
)
PAGES = [event for event in EVENTS if event.kind == "page"][:3000]


class Work(NamedTuple):
    """Something to be done again and again."""

    do: Callable[[], object]
    number: int
    """How many things it does."""
    comes_to: Callable[[], object]
    """Return what comes out: the same in both trees."""


def matching(document: Any = DOCUMENT, events: Any = EVENTS) -> Work:
    """Match and count events."""
    model = compile_model(document, 1)

    def do() -> Tally:
        return count_events(model, Tally(), events)

    def comes_to() -> object:
        counted = do()
        return [sorted(counted.days.items()), sorted(counted.keys.items())]

    return Work(do, len(events), comes_to)


def scores(document: Any = DOCUMENT) -> Work:
    """Score leads, with reasons."""
    model = compile_model(document, 1)
    today = NOW.date()

    def do() -> None:
        for lead in LEADS:
            score(model, lead.evidence, today)

    def comes_to() -> object:
        return [said(score(model, lead.evidence, today)) for lead in LEADS]

    return Work(do, len(LEADS), comes_to)


def said(score: Score) -> object:
    """Return what both trees say of a lead: the rules that give something.

    A limit applied after the points had faded, and does before they do (ADR 0047).
    """
    return sorted(one.rule for one in score.reasons if not one.rule.startswith("limit:"))


def what_if() -> Work:
    """Judge a draft over stored leads, from their items to the report."""
    draft = json.loads(json.dumps(DOCUMENT))
    draft["rules"]["actions"]["product-page"]["points"] = 3
    draft["rules"]["profile"]["seniority"]["tiers"][0]["points"] = 12
    draft["stages"]["mql"]["any"][0]["score"] = 47
    both = WhatIf(
        active=compile_model(DOCUMENT, 1),
        draft=compile_model(draft, 2),
        day=NOW.date(),
        counted_as=lambda lead, _model: lead,
    )
    state = CountState(digest="", version=None, base=Active(1, 1), day=NOW.toordinal())

    def do() -> CountState:
        at = state
        over = False
        while not over:
            stretch = count_changes(STORE, keys.LEAD_SHARDS, both, at, lambda: True, lambda _: 0)
            at, over = stretch.state, stretch.over
        return at

    return Work(do, len(LEADS), lambda: found_so_far(do()).leads)


def small(signals: Any, **rules: Any) -> Any:
    """Return a model of a few signals and rules."""
    groups = {name: {"min": -100, "max": 100} for name in ("fit", "channel", "engagement")}
    ways = {"any": [{"score": 50, "engagement": 10}]}
    return {
        "name": "small",
        "signals": signals,
        "rules": rules,
        "groups": groups,
        "grades": {},
        "stages": {"mql": ways, "sql": ways},
    }


def on_visits(**more: Any) -> Work:
    """Score by one rule on a signal."""
    signals = {"site-visit": {"on": "page"}}
    return scores(small(signals, actions={"site-visit": {"points": 1, **more}}))


def on_field(field: str, **more: Any) -> Work:
    """Score by one rule on a field."""
    return scores(small({}, profile={"one": {"field": field, "points": 5, **more}}))


def on_pages(**more: Any) -> Work:
    """Match and count page views by one signal."""
    return matching(small({"one": {"on": "page", **more}}, actions={"one": {"points": 1}}), PAGES)


WHAT = "?"  # behind the name of work: what it comes to, not how fast it is
SMALL: Mapping[str, Work] = {
    "every page": on_pages(),
    "a page": on_pages(where={"path": ["/pricing"]}),
    "pages that begin": on_pages(where={"path": ["/blog/*", "/docs/*"]}),
    "pages that end": on_pages(where={"path": ["*.pdf"]}),
    "pages with": on_pages(where={"path": ["*checkout*"]}),
    "distinct": on_pages(distinct="path"),
    "points": on_visits(),
    "half_life_days": on_visits(half_life_days=14),
    "per_day": on_visits(per_day=1),
    "max_points": on_visits(max_points=5),
    "equals": on_field("country", equals="DE"),
    "matches": on_field("job_title", matches=["*manager*", "head of *"]),
    "between": on_field("company_size", between=[50, 1000]),
    "in_list": on_field("email_domain", in_list="free_mail"),
    "present": on_field("company", present=True),
    "absent": on_field("phone", absent=True),
}
"""One operator of before each."""
WORK = {"score": scores(), "what-if": what_if(), **SMALL}


def main() -> None:
    """Answer each line of standard input."""
    print(json.dumps(list(SMALL)), flush=True)
    for line in sys.stdin:
        name, is_asked, _ = line.strip().partition(WHAT)
        work = WORK[name] if name in WORK else matching()  # a new model: no cache is warm
        if is_asked:
            found: object = sha256(repr(work.comes_to()).encode()).hexdigest()
        else:
            gc.collect()
            began = time.process_time()
            work.do()
            found = work.number / (time.process_time() - began)
        print(json.dumps(found), flush=True)


main()
