"""The report as a table for people."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

Found = Mapping[str, Any]


def render(report: Found) -> str:
    """Return the report as text, with a table for each section that it has."""
    lines: list[str] = []
    for name, write in SECTIONS.items():
        found = report.get(name)
        if found is not None:
            lines += ["", TITLES[name]]
            lines += (
                [f"  could not be measured: {found['failed']}"]
                if "failed" in found
                else write(found)
            )
    return "\n".join(lines)


def _cold(found: Found) -> Iterator[str]:
    yield (
        f"  {'':16}{'ms':>8}{'floor':>8}{'ratio':>8}{'target':>8}       "
        f" {'compiled ms':>12}{'floor':>8}{'ratio':>8}"
    )
    for name, one in found.items():
        compiled = one["compiled"]
        yield (
            f"  {name:16}{one['ms']:8.0f}{one['floor_ms']:8.0f}{one['ratio']:8.2f}"
            f"{one['target_ratio']:8.2f} {_mark(one['met'])}"
            f" {compiled['ms']:12.0f}{compiled['floor_ms']:8.0f}{compiled['ratio']:8.2f}"
        )


def _imports(found: Found) -> Iterator[str]:
    for name, one in found.items():
        dearest = ", ".join(f"{module} {ms}" for module, ms in list(one["dearest"].items())[:6])
        yield f"  {name:16}{one['ms']:8.1f}   {dearest}"


def _cpu(found: Found) -> Iterator[str]:
    yield f"  {'':16}{'ms':>8}{'floor':>8}{'ratio':>8}{'target':>8}"
    for name, one in found.items():
        target = f"{one['target_ratio']:8.2f} {_mark(one['met'])}" if "met" in one else ""
        yield (
            f"  {name:16}{one['cpu_ms']:8.2f}{one['floor_cpu_ms']:8.2f}{one['ratio']:8.2f}{target}"
        )


def _units(found: Found) -> Iterator[str]:
    yield f"  {'':32}{'read':>6}{'write':>7}   parts"
    yield from _unit_lines("ping, ", found["ping"])
    yield f"  the reference ping is one item of {found['ping']['bytes']} bytes"
    yield from _unit_lines("event of a visit, ", found["visit"])
    for name, one in found.items():
        if name.startswith("lead of"):
            yield f"  {name}"
            yield from _unit_lines("  ", one)
    yield "  targets: " + ", ".join(
        f"{name} {_mark(met).strip()}" for name, met in found["met"].items()
    )


def _unit_lines(before: str, found: Found) -> Iterator[str]:
    for name, one in found.items():
        if isinstance(one, list):
            for number, each in enumerate(one, 1):
                yield from _unit_lines(before, {f"{name} {number}": each})
        elif isinstance(one, dict) and "read" in one:
            parts = ", ".join(
                f"{part} {units:g}" for part, units in one.get("parts", {}).items() if units
            )
            yield f"  {before + name:32}{one['read']:6g}{one['write']:7g}   {parts}"
        elif isinstance(one, dict):
            yield from _unit_lines(f"{before}{name}, ", one)


def _hostile(found: Found) -> Iterator[str]:
    yield f"  {'':52}{'ms':>8}{'read':>8}{'write':>8}{'ratio':>8}"
    for kind, cases in found.items():
        for name, one in cases.items():
            if isinstance(one, dict):
                ratio = f"{one['ratio']:8.2f} {_mark(one['met'])}" if "ratio" in one else ""
                numbers = f"{one['cpu_ms']:8.2f}{one['read']:8g}{one['write']:8g}"
                yield f"  {f'{kind}: {name}':52}{numbers}{ratio}"


def _latency(found: Found) -> Iterator[str]:
    yield f"  {'':24}{'10,000':>8}{'10':>8}{'ratio':>8}{'target':>8}"
    for name, one in found.items():
        yield (
            f"  {name:24}{one['ms']:8.0f}{one['floor_ms']:8.0f}{one['ratio']:8.2f}"
            f"{one['target_ratio']:8.2f} {_mark(one['met'])}"
        )


def _isolation(found: Found) -> Iterator[str]:
    yield (
        f"  undisturbed {found['undisturbed_ms']} ms, in the flood {found['ms']} ms (worst"
        f" {found['worst_ms']}): {found['ratio']} times; target {found['target_ratio']}"
        f" {_mark(found['met'])}"
    )
    yield (
        f"  {found['requests']} requests beside {found['batches']} batches answered and"
        f" {found['refused']} refused; a replay of another lead after {found['clock_s']} s"
    )


def _scoring(found: Found) -> Iterator[str]:
    matching = found["matching"]
    review = found["review"]
    yield f"  {'':20}{'a second':>12}{'loops':>8}{'target':>8}"
    yield f"  {'calibration loop':20}{found['calibration']['per_s']:12,}{1:8}"
    for name in ("score", "worth", "review", "compile"):
        one = found[name]
        target = f"{one['target_per_s']:8,} {_mark(one['met'])}" if "target_per_s" in one else ""
        yield f"  {name:20}{one['per_s']:12,}{one['loops']:8,}{target}"
    yield f"  {'match and count':20}{matching['per_s']:12,}"
    for name, one in matching["rivals"].items():
        target = f"{matching['target_ratio']:8} {_mark(one['ratio'] >= matching['target_ratio'])}"
        yield f"  {'  ' + name:20}{one['per_s']:12,}{one['ratio']:7.0f}x{target}"
    yield (
        f"  scores in a review  {review['evaluations']:12,}{'':8}{review['target']:8}"
        f" {_mark(review['met'])}"
    )


def _what_if(found: Found) -> Iterator[str]:
    wanted = found["targets"]
    yield f"  {found['changed']:,} of {found['leads']:,} leads change"
    yield (
        f"  {'leads a second':20}{found['leads_per_s']:12,}{'':8}{wanted['leads_per_s']:8,}"
        f" {_mark(found['met'])}"
    )
    yield f"  {'of 100 cells each':20}{found['leads_per_s_of_100_cells_each']:12,}"
    yield f"  {'MB at most':20}{found['peak_mb']:12,}{'':8}{wanted['peak_mb']:8,}"


def _before(found: Found) -> Iterator[str]:
    yield f"  {'':20}{'a second':>12}{'before':>12}{'ratio':>8}{'floor':>8}"
    for name, one in found["faster"].items():
        rates = f"{one['per_s']:12,}{one['before_per_s']:12,}"
        yield f"  {name:20}{rates}{one['ratio']:8.2f}{one['floor']:8} {_mark(one['met'])}"
    yield (
        f"  a model that uses one operator takes so many times as long as before; at most"
        f" {found['unused_most']}:"
    )
    for name, one in found["unused"].items():
        yield f"  {name:20}{one['takes']:12.2f} {_mark(one['met'])}"


def _emails(found: Found) -> Iterator[str]:
    mark = _mark(found["met"]["emails_per_s"])
    wanted = found["targets"]["emails_per_s"]
    yield f"  {'emails a second':20}{found['emails_per_s']:12,}{wanted:8,} {mark}"
    yield f"  {'Jinja2 alone':20}{found['jinja2_per_s']:12,}{found['ratio']:8.1f} times as many"


def _replay(found: Found) -> Iterator[str]:
    wanted = found["targets"]
    mark = _mark(found["met"]["peak_mb"])
    yield f"  {'MB at most':20}{found['peak_mb']:12,}{wanted['peak_mb']:8,} {mark}"
    for part, seconds in found["longest_step_s"].items():
        yield f"  {'longest step, ' + part:28}{seconds:6.2f} s{wanted['step_s']:6.1f}"
    yield f"  {'saved, KB':20}{found['saved_kb']:12,}"


def _cost(found: Found) -> Iterator[str]:
    for name, one in found.items():
        parts = ", ".join(
            f"{part} {dollars:.2f}"
            for part, dollars in one.items()
            if part not in ("total", "duration_ms")
        )
        yield f"  {name:40}{one['total']:8.2f}   {parts}"


def _mark(met: object) -> str:
    return "met   " if met else "MISSED"


SECTIONS: Mapping[str, Callable[[Any], Iterator[str]]] = {
    "cold": _cold,
    "imports": _imports,
    "cpu": _cpu,
    "scoring": _scoring,
    "what-if": _what_if,
    "emails": _emails,
    "before": _before,
    "replay": _replay,
    "units": _units,
    "hostile": _hostile,
    "latency": _latency,
    "isolation": _isolation,
    "cost": _cost,
}
TITLES = {
    "cold": (
        "Cold start to the first call of DynamoDB, as packaged, and with byte code in the zip"
    ),
    "imports": "Imports beyond the floor, ms when compiled",
    "cpu": "Processor time of warm invocations beside a bare put_item for each event",
    "scoring": (
        "Scoring on one core beside a calibration loop: 50 rules, 12 signals, 100 day cells"
    ),
    "what-if": "What-if on one core: the default model and a draft over stored leads",
    "emails": "Emails rendered a second on one core, beside Jinja2 alone",
    "before": "The default model of the commit before, with this code and with that of before",
    "replay": "Replay of the worst lead that can be stored, in steps of 2,000 events",
    "units": "Capacity units: single operations by DynamoDB Local, transactions by AWS's rule",
    "hostile": "One hostile request of 8 KB beside an honest one of its kind: ten times at most",
    "isolation": "A demo request to SQL while one visitor of one lead floods the local stack",
    "latency": "Latency on the local stack in ms, by the number of a lead's past events",
    "cost": "US dollars for a million, at list price",
}
