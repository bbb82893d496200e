"""The part of the AWS command line that docs/how-to/deploy.md uses, for tests that run the page.

    python -m tests.aws_cli dynamodb wait table-exists --table-name baton

The real one is no dependency of ours. This one takes a service, an operation or `wait` and a
waiter, options as words, lists, `name=value` pairs or `file://`, and `--query` with `--output`.
"""

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import boto3
import jmespath
from botocore import xform_name

PRINTED = {"query", "output"}
"""Options about what is printed, which no operation has."""


def main(arguments: Sequence[str]) -> int:
    """Make the call and print its answer. Return the exit code."""
    service, command, *words = arguments
    make: Any = boto3.Session().client
    client = make(service)
    model = client.meta.service_model
    if command == "wait":
        name, *words = words
        waiter = client.get_waiter(name.replace("-", "_"))
        shape = model.operation_model(waiter.config.operation).input_shape
        waiter.wait(**parameters_of(shape, options_in(words)))
        return 0
    operations = {xform_name(name, "-"): name for name in model.operation_names}
    options = dict(options_in(words))
    given = [(name, value) for name, value in options.items() if name not in PRINTED]
    shape = model.operation_model(operations[command]).input_shape
    answer = getattr(client, xform_name(operations[command]))(**parameters_of(shape, given))
    answer.pop("ResponseMetadata", None)
    text = shown(answer, options.get("query", [""])[0], options.get("output", ["json"])[0])
    if text:
        print(text)
    return 0


def options_in(words: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    """Yield each option with the words behind it."""
    starts = [number for number, word in enumerate(words) if word.startswith("--")]
    for start, end in pairwise([*starts, len(words)]):
        yield words[start][2:], list(words[start + 1 : end])


def parameters_of(shape: Any, options: Iterable[tuple[str, list[str]]]) -> dict[str, Any]:
    """Return options as the parameters of an operation."""
    members = {xform_name(name, "-"): name for name in (shape.members if shape else {})}
    found = {}
    for option, words in options:
        name = option if option in members else option.removeprefix("no-")
        found[members[name]] = value_of(shape.members[members[name]], words, is_on=name == option)
    return found


def value_of(shape: Any, words: Sequence[str], *, is_on: bool) -> Any:
    """Return the words of an option as the value that its shape wants."""
    if shape.type_name == "boolean":
        return is_on
    if shape.type_name == "list":
        return list(words)
    if shape.type_name == "map":
        return dict(pair.split("=", 1) for pair in words[0].split(","))
    (word,) = words
    if word.startswith("file://"):
        return Path(word.removeprefix("file://")).read_text()
    return int(word) if shape.type_name in ("integer", "long") else word


def shown(answer: Any, query: str, output: str) -> str:
    """Return an answer as it is printed."""
    found = jmespath.search(query, answer) if query else answer
    if output != "text":
        return json.dumps(found, indent=4, default=str) if found else ""
    return "\t".join(map(str, found)) if isinstance(found, list) else str(found)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
