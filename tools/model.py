"""A scoring model for marketing and sales: tested with its own examples, printed as one page, or
started from a template.

python -m tools.model check [FILE]        exits with 1 when an example differs, or on a refusal
python -m tools.model agreement [FILE]    prints the page, as Markdown
python -m tools.model start [FILE]        writes a template into a new file, or prints it

Each takes `--template ID`: check and agreement instead of a file. `start` without it lists the
templates.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from textwrap import fill, indent

from ruamel.yaml.error import YAMLError

from chalicelib.authoring.agreement import agreement
from chalicelib.authoring.examples import ExampleResult, run_examples
from chalicelib.authoring.format import check
from chalicelib.authoring.model_templates import MODEL_TEMPLATES, ModelTemplate, model_template
from chalicelib.errors import DocumentError, FieldError, NotFoundError
from chalicelib.scoring.compile import compile_model
from infra.defaults import DEFAULTS, read_yaml, refusal


def main(arguments: Sequence[str]) -> int:
    """Check or print a model. Return the exit code: warnings alone do not fail."""
    given = _parse(arguments)
    try:
        template = model_template(given.template) if given.template else None
    except NotFoundError as unknown:
        print(unknown, file=sys.stderr)
        return 1
    if given.command == "start":
        return start(template, given.file)
    path = template.path if template else given.file or DEFAULTS / "model.yaml"
    try:
        document = read_yaml(path)
        warnings = check(document)
    except (OSError, UnicodeDecodeError, YAMLError, DocumentError) as refused:
        print(refusal(path, refused), file=sys.stderr)
        return 1
    if given.command == "agreement":
        print(agreement(document))
        return 0
    ran = run_examples(compile_model(document, 1), document.get("examples", ()))
    print(report(warnings, ran))
    return 0 if all(one.ok for one in ran) else 1


def start(template: ModelTemplate | None, file: Path | None) -> int:
    """Write a template into a new file, or print it. Return the exit code.

    Without a template, list those that there are. A file that exists is left alone.
    """
    if template is None:
        print(listed())
        return 0
    if file is None:
        print(template.source(), end="")
        return 0
    try:
        with file.open("x") as new:
            new.write(template.source())
    except FileExistsError:
        print(f"{file} exists already; name a new file, or remove this one", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"{file} cannot be written: {error.strerror}", file=sys.stderr)
        return 1
    print(
        f"{file} is the template '{template.id}'. Put your own words into it, then:"
        f" make check-model FILE={file}"
    )
    return 0


def listed() -> str:
    """Return the templates as text, with the command that starts from one."""
    lines = [
        line
        for one in MODEL_TEMPLATES.values()
        for line in (f"{one.id}: {one.name}", indent(fill(one.description, 76), "  "), "")
    ]
    return "\n".join([*lines, "Start from one: make model TEMPLATE=services FILE=model.yaml"])


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
        prog="python -m tools.model", description="Check, print or start a scoring model."
    )
    parser.add_argument("command", choices=["check", "agreement", "start"])
    parser.add_argument(
        "file", nargs="?", type=Path, help="the model; the default model when left out"
    )
    parser.add_argument("--template", help="a model to start from, for example services")
    given = parser.parse_args(arguments)
    if given.file and given.template and given.command != "start":
        parser.error("name a file or a template, not both")
    return given


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
