"""Drafts of the model: what is refused, what is worth a word, and versions as the API has them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chalicelib.errors import DocumentError, FieldError, InputError
from chalicelib.events import rfc3339
from chalicelib.publishing.versions import StoredModel, Version
from chalicelib.scoring.compile import compile_model

# GET tells it in the document; a document that comes back with it is the same document
VERSION = "version"


@dataclass(frozen=True, slots=True)
class FailingExample:
    """An example of a model that the model itself does not hold to."""

    name: str
    differences: Sequence[str]
    """In words, for example `score is 57, not 60`."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A draft that was stored."""

    version: int
    warnings: Sequence[FieldError]
    """What is allowed and probably not meant."""
    failing: Sequence[FailingExample]
    """Its own examples that it does not hold to."""


def checked(document: StoredModel) -> tuple[StoredModel, list[FieldError]]:
    """Return a document as it is stored, and its warnings. Raise InputError naming each key that
    is refused.
    """
    from chalicelib.authoring.format import check  # what stores no model must not pay for it

    document = {key: value for key, value in document.items() if key != VERSION}
    try:
        return document, list(check(document))
    except DocumentError as error:
        raise InputError(*(error.errors or [FieldError("model", str(error))])) from None


def run_own_examples(
    document: StoredModel, go_on: Callable[[], bool]
) -> tuple[list[FailingExample], list[FieldError]]:
    """Run the examples of a checked document while `go_on` allows it. Return those that fail, and a
    warning if there was no time for all of them.
    """
    from chalicelib.authoring.examples import run_examples

    model = compile_model(document, 0)
    examples: Sequence[Mapping[str, Any]] = document.get("examples", ())
    failing: list[FailingExample] = []
    for number, example in enumerate(examples):
        if not go_on():
            words = (
                f"{number} of {len(examples)} were run, there was no time for the others;"
                " `make check-model` runs them all"
            )
            return failing, [FieldError("examples", words)]
        (result,) = run_examples(model, [example])
        if not result.ok:
            failing.append(FailingExample(result.name, result.differences()))
    return failing, []


def version_shape(version: Version) -> dict[str, Any]:
    """Return a version as api.md has it."""
    return {
        VERSION: version.version,
        "name": version.name,
        "state": version.state.value,
        "created_at": rfc3339(version.created_at),
        "published_at": rfc3339(version.published_at) if version.published_at else None,
        "author": version.author,
        "note": version.note,
    }
