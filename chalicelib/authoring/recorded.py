"""Warnings of what is never recorded: signals and examples of it are about nobody (ADR 0051).

Each check has one message, which names the path and the remedy.
"""

from collections.abc import Callable, Iterator, Sequence, Set

from chalicelib.authoring.shape import ModelDocument, silence_rules_of
from chalicelib.errors import FieldError
from chalicelib.events import Kind
from chalicelib.mail_events import COUNTED, RECORDED_PROPERTIES, MailEvent
from chalicelib.scoring.matching import OWN_KINDS, is_recorded
from chalicelib.scoring.pattern import matches_any

OWN_MAIL = frozenset(OWN_KINDS[Kind.MAIL] or ())
"""What a person does with an email."""


def signal_never_recorded(document: ModelDocument) -> Iterator[FieldError]:
    """Warn of a signal on what is never recorded: its points would be for nobody."""
    for key, signal in document.signals.items():
        if signal.on == "sales":
            yield FieldError(
                f"signals.{key}.on",
                "never counts, because what sales does is not recorded as an event: verdicts and"
                " outcomes move the stage; remove it",
            )
        for name in signal.names:
            if signal.on == "mail" and not is_recorded(Kind.MAIL, [name]):
                yield FieldError(f"signals.{key}.event", f"{_unrecorded(name)} or remove it")


def property_never_recorded(document: ModelDocument) -> Iterator[FieldError]:
    """Warn of a property that no event of an email has, or not with such a value."""
    for key, signal in document.signals.items():
        events = {one for one in COUNTED if not signal.names or matches_any(signal.names, one)}
        if signal.on != "mail" or not events or not events <= RECORDED_PROPERTIES.keys():
            continue
        for name, test in signal.where.items():
            recorded = [RECORDED_PROPERTIES[event].get(name, frozenset()) for event in events]
            if not isinstance(test, list) or not any(_may_match(test, one) for one in recorded):
                yield FieldError(
                    f"signals.{key}.where.{name}",
                    "never counts, because nothing like it is recorded of such an email: a bounce"
                    " has the kind hard, soft or content, and each has the sequence, step,"
                    " email and message that it is about; remove it",
                )


def _may_match(test: Sequence[str], values: Set[str] | None) -> bool:
    """Return whether one of the values that are recorded passes a test. values: None for any."""
    return values is None or any(matches_any(test, one) for one in values)


def example_never_recorded(document: ModelDocument) -> Iterator[FieldError]:
    """Warn of an example's event that is never recorded, and so counts for nothing."""
    for number, example in enumerate(document.examples):
        for place, event in enumerate(example.given.events):
            if event.mail is not None and not is_recorded(Kind.MAIL, [event.mail]):
                yield FieldError(
                    f"examples.{number}.given.events.{place}.mail",
                    f"{_unrecorded(event.mail)} or remove it",
                )


def path_without_slash(document: ModelDocument) -> Iterator[FieldError]:
    """Warn of a path without a slash at its beginning."""
    for key, signal in document.signals.items():
        paths = signal.where.get("path", []) if signal.on == "page" else []
        for pattern in paths if isinstance(paths, list) else []:
            if not pattern.startswith(("/", "*")):
                yield FieldError(
                    f"signals.{key}.where.path",
                    f"'{pattern}' matches no page, because a path begins with /; put it first",
                )


def silence_ended_by_others(document: ModelDocument) -> Iterator[FieldError]:
    """Warn of a silence that ends without the person, when an email arrives."""
    for path, silence in silence_rules_of(document):
        for key in silence.named:
            signal = document.signals[key]
            if signal.on == "mail" and not (signal.names and set(signal.names) <= OWN_MAIL):
                yield FieldError(
                    f"{path}.silence.signals",
                    f"'{key}' happens without the person, so an email of ours would end their"
                    " silence; name what they do, or write any",
                )


RECORDED_CHECKS: tuple[Callable[[ModelDocument], Iterator[FieldError]], ...] = (
    signal_never_recorded,
    property_never_recorded,
    example_never_recorded,
    path_without_slash,
    silence_ended_by_others,
)


def _unrecorded(name: str) -> str:
    """Return what is wrong with the name of an email's event, and what else there is."""
    return (
        f"'{name}' never counts, because nothing records it of an email (opens are not measured);"
        f" use {', '.join(one for one in MailEvent if one in COUNTED)},"
    )
