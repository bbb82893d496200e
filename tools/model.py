"""A scoring model for marketing and sales: tested with its own examples, or printed as one page.

python -m tools.model check [FILE]        exits with 1 when an example differs, or on a refusal
python -m tools.model agreement [FILE]    prints the page, as Markdown
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from ruamel.yaml.error import YAMLError

from chalicelib.authoring.agreement import agreement
from chalicelib.authoring.examples import ExampleResult, run_examples
from chalicelib.authoring.format import check
from chalicelib.errors import DocumentError, FieldError
from chalicelib.scoring.compile import compile_model
from infra.defaults import DEFAULTS, read_yaml, refusal


def main(arguments: Sequence[str]) -> int:
    """Check or print a model. Return the exit code: warnings alone do not fail."""
    given = _parse(arguments)
    try:
        document = read_yaml(given.file)
        warnings = check(document)
    except (OSError, UnicodeDecodeError, YAMLError, DocumentError) as refused:
        print(refusal(given.file, refused), file=sys.stderr)
        return 1
    if given.command == "agreement":
        print(agreement(document))
        return 0
    ran = run_examples(compile_model(document, 1), document.get("examples", ()))
    print(report(warnings, ran))
    return 0 if all(one.ok for one in ran) else 1


def report(warnings: Sequence[FieldError], ran: Sequence[ExampleResult]) -> str:
    """Return the report of a check as text.

    It has each warning with its path and remedy, each example with a tick or its differences, and
    how many examples hold.
    """
    warned = [f"! {warning}" for warning in warnings]
    tested = [
        f"✓ {one.name}" if one.ok else f"✗ {one.name}\n    {'; '.join(one.differences())}"
        for one in ran
    ]
    holds = f"{sum(one.ok for one in ran)} of {len(ran)} examples hold."
    many = "1 warning" if len(warnings) == 1 else f"{len(warnings)} warnings"
    return "\n".join(
        [
            *warned,
            *tested,
            f"{holds} {many}: allowed, but probably not meant." if warnings else holds,
        ]
    )


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tools.model", description="Check or print a scoring model."
    )
    parser.add_argument("command", choices=["check", "agreement"])
    parser.add_argument(
        "file",
        nargs="?",
        type=Path,
        default=DEFAULTS / "model.yaml",
        help="the model; the default model when left out",
    )
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
