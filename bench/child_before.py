"""Work with the code of one tree: `child_before.py TREE OLD`, where OLD is the tree of before.

Say on one line the names of the small models. Then, for each line of standard input, which names a
piece of work, do it and say as JSON how many things a second it does, and what came out. Only names
that both trees have are used.
"""

import gc
import json
import sys
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, cast

sys.path.insert(0, sys.argv[1])

from bench import paths
from bench.simulate import CELLS, PoolTable
from chalicelib.publishing.counting import count_changes
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

Result = tuple[int, object]
"""How many things some work did, and what came out."""
Work = Callable[[], Result]


def matching(document: Any = DOCUMENT, events: Any = EVENTS) -> Work:
    """Match and count events. The model is compiled anew each time, so that no cache is warm."""
    model = compile_model(document, 1)

    def work() -> Result:
        counted = count_events(model, Tally(), events)
        return len(events), [sorted(counted.days.items()), sorted(counted.keys.items())]

    return work


def scores(document: Any = DOCUMENT) -> Work:
    """Score leads, with reasons."""
    model = compile_model(document, 1)

    def work() -> Result:
        found = [score(model, lead.evidence, NOW.date()) for lead in LEADS]
        return len(found), [
            (one.total, one.groups, one.sums, one.grade, one.disqualifiers, said(one))
            for one in found
        ]

    return work


def said(score: Score) -> list[object]:
    """Return the reasons of a score."""
    return [
        (one.rule, one.group, one.milli, one.text, one.count, one.last) for one in score.reasons
    ]


def what_if() -> Work:
    """Judge a draft over stored leads, from their items to the report."""
    active = compile_model(DOCUMENT, 1)
    draft = json.loads(json.dumps(DOCUMENT))
    draft["rules"]["actions"]["product-page"]["points"] = 3
    draft["rules"]["profile"]["seniority"]["tiers"][0]["points"] = 12
    draft["stages"]["mql"]["any"][0]["score"] = 47
    both = WhatIf(
        active=active,
        draft=compile_model(draft, 2),
        day=NOW.date(),
        counted_as=lambda lead, _model: lead,
    )
    state = CountState(digest="", version=None, base=Active(1, 1), day=NOW.toordinal())

    def work() -> Result:
        at = state
        listed: list[object] = []
        over = False
        while not over:
            stretch = count_changes(STORE, keys.LEAD_SHARDS, both, at, lambda: True, lambda _: 0)
            at, over = stretch.state, stretch.over
            listed += stretch.listed
        return len(LEADS), [at.found, listed]

    return work


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
WORK = {"matching": matching, "score": scores, "what-if": what_if}


def main() -> None:
    """Answer each line of standard input."""
    print(json.dumps(list(SMALL)), flush=True)
    for line in sys.stdin:
        name = line.strip()
        work = SMALL[name] if name in SMALL else WORK[name]()
        gc.collect()
        began = time.process_time()
        number, result = work()
        seconds = time.process_time() - began
        digest = sha256(repr(result).encode()).hexdigest()
        print(json.dumps({"per_s": number / seconds, "digest": digest}), flush=True)


main()
