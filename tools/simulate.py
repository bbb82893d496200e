"""Show, offline, what a draft of the scoring model would change.

    python -m tools.simulate model.yaml leads.jsonl     on a file that `make export` wrote
    python -m tools.simulate model.yaml                 on the leads of the running local stack

An export has no events. A draft whose signals match differently is judged by the counts in the
export, and the output says so.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ruamel.yaml.error import YAMLError

from chalicelib.authoring.format import check
from chalicelib.days import UTC_NAME, day_of, zone_of
from chalicelib.errors import DocumentError
from chalicelib.handoff.routing import weekly_capacity
from chalicelib.leads.lead import Lead
from chalicelib.publishing.simulate import Found, WhatIf, report
from chalicelib.scoring.compile import compile_model
from chalicelib.scoring.model import Model
from infra.defaults import read_yaml, refusal
from infra.deploy import DeployError
from tools.deployment import world_of
from tools.export import export
from tools.exports import lead_of

SHOWN_LEADS = 20
SHOWN_REASONS = 3
DRAFT = 0  # the version of a model that was never stored


def main(arguments: Sequence[str]) -> int:
    """Simulate and print. Return the exit code."""
    given = _parse(arguments)
    try:
        draft = read_yaml(given.model)
        check(draft)
    except (OSError, UnicodeDecodeError, YAMLError, DocumentError) as refused:
        print(refusal(given.model, refused), file=sys.stderr)
        return 1
    try:
        lines = _lines(given.export) if given.export else export(world_of(None))
        print(describe(simulate(lines, draft, datetime.now(UTC))))
    except (OSError, DeployError, DocumentError, LookupError, TypeError, ValueError) as error:
        print(
            f"cannot simulate: {error}; `make export` writes the leads to a file",
            file=sys.stderr,
        )
        return 1
    return 0


def simulate(
    lines: Iterator[Mapping[str, Any]], document: Mapping[str, Any], now: datetime
) -> dict[str, Any]:
    """Return what a draft would change, in the shape that `POST /v1/model/simulate` answers.

    `lead_count` and `counted_differently` are added: how many leads there are, and how many were
    counted with signals that match differently from the draft's. lines: those of an export, read
    one by one; document: the draft's, checked. Raise ValueError that names the line which does not
    belong to an export.
    """
    header = _header(lines)
    zone = zone_of(str(header.get("zone", UTC_NAME)))
    active = compile_model(header["model"], int(header["version"]), zone=zone)
    draft = compile_model(document, DRAFT, zone=zone)
    what_if = WhatIf(active=active, draft=draft, day=day_of(now, zone), counted_as=_as_counted)
    found = Found()
    changed: list[Any] = []
    differently = 0
    for lead in _leads(lines):
        differently += lead.matching != draft.matching
        move = what_if.add(found, lead)
        if move is not None and len(changed) < SHOWN_LEADS:
            changed.append(move.shape())
    shape = report(
        found, changed, weekly_capacity(header["routing"]), truncated=found.changed > len(changed)
    )
    return {"lead_count": found.leads, "counted_differently": differently, **shape}


def describe(found: Mapping[str, Any]) -> str:
    """Return a simulation in words."""
    changed = sum(found["changes"].values())
    lines = [f"Of {found['lead_count']} leads, {changed} would change stage."]
    lines += [
        f"  {number:>6}  {name.replace('->', ' -> ')}" for name, number in found["changes"].items()
    ]
    week = found["handoffs_per_week"]
    lines.append(
        f"Handoffs a week: {week['before']} now, {week['after']} then; sales can take"
        f" {week['capacity']}."
    )
    lines += _outcomes(found["outcomes"])
    if found["counted_differently"]:
        lines.append(
            f"{found['counted_differently']} leads were counted with signals that match"
            " differently. An export has no events, so the draft is judged by the old counts; over"
            " the API, it is simulated on the events."
        )
    for lead in found["leads"]:
        lines.append(f"{lead['lead_id']}: {lead['from']} -> {lead['to']}")
        lines += [f"  {_points(one)}  {one['text']}" for one in lead["reasons"][:SHOWN_REASONS]]
    if found.get("truncated"):
        lines.append(f"... and {changed - len(found['leads'])} more.")
    return "\n".join(lines)


def _outcomes(outcomes: Mapping[str, Any] | None) -> Iterator[str]:
    if outcomes is None:
        return
    yield f"Of {outcomes['won']} won and {outcomes['lost']} lost:"
    for word in ("precision", "recall"):
        before, after = (_share(outcomes[f"{word}_{when}"]) for when in ("before", "after"))
        yield f"  {word} {before} now, {after} then"


def _share(share: float | None) -> str:
    return "unknown" if share is None else f"{share:.0%}"


def _points(reason: Mapping[str, Any]) -> str:
    return f"{reason['points_before']:g} -> {reason['points_after']:g}"


def _as_counted(lead: Lead, _model: Model) -> Lead:
    """Return a lead as it was counted: an export has no events to count again."""
    return lead


def _header(lines: Iterator[Mapping[str, Any]]) -> Mapping[str, Any]:
    """Return the first line. Raise ValueError when it is not that of an export."""
    for line in lines:
        if not isinstance(line, dict) or not {"model", "version", "routing"} <= line.keys():
            raise ValueError("line 1 is not the model and the routing of an export")
        return line
    raise ValueError("the export is empty")


def _lines(path: Path) -> Iterator[Mapping[str, Any]]:
    with path.open(encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            try:
                yield json.loads(line)
            except ValueError:
                raise ValueError(f"line {number} is not JSON") from None


def _leads(lines: Iterator[Mapping[str, Any]]) -> Iterator[Lead]:
    """Yield the leads after the header. Raise ValueError that names the line without one."""
    for number, line in enumerate(lines, 2):
        try:
            yield lead_of(line)
        except (AttributeError, LookupError, TypeError, ValueError):
            raise ValueError(f"line {number} is not a lead of an export") from None


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tools.simulate", description="Try a scoring model on leads."
    )
    parser.add_argument("model", type=Path, help="the draft, as YAML")
    parser.add_argument(
        "export",
        type=Path,
        nargs="?",
        help="a file that `make export` wrote; the running local stack when left out",
    )
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
