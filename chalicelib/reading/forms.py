"""The forms: those that somebody has registered, those that were only sent, and what each feeds."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from chalicelib.capture.form_document import FormDocument
from chalicelib.capture.form_events import ASSET_DOWNLOADED
from chalicelib.capture.seen import SeenForm, SeenForms
from chalicelib.errors import DocumentError, FieldError
from chalicelib.events import Event, Kind
from chalicelib.form_kinds import ASKS_FOR, FORM_KIND, kind_facts
from chalicelib.scoring.matching import Signal
from chalicelib.scoring.model import Model
from chalicelib.scoring.tally import signals_of

ABOUT_A_FORM = frozenset({FORM_KIND, ASKS_FOR})
NO_TIME = datetime(2000, 1, 1, tzinfo=UTC)  # of an event that only tries signals out
FEEDS_NOTHING = "feeds no signal of the active model: what is sent here scores nothing"


class FormsReading:
    """Answers what forms there are.

    registered: the documents by their ids; model: the active model.
    """

    def __init__(
        self,
        *,
        registered: Callable[[], Mapping[str, Mapping[str, Any]]],
        seen: SeenForms,
        model: Callable[[], Model],
    ) -> None:
        self._registered = registered
        self._seen = seen
        self._model = model

    def every(self) -> dict[str, Any]:
        """Return the registered forms, what each form feeds, and the forms that nobody registered,
        at most 200, those that were sent last first.
        """
        model = self._model()
        documents = self._registered()
        others = [one for one in self._seen.every() if one.id not in documents]
        return {
            "forms": list(documents.values()),
            "signals": {form_id: fed_by(model, one) for form_id, one in documents.items()},
            "unregistered": [_serialized(model, one) for one in others],
        }

    def warnings(self, form: FormDocument) -> list[FieldError]:
        """Return what the author of a form's document probably did not mean."""
        try:
            signals = fed_by(self._model(), form.model_dump())
        except DocumentError:  # of a deployment without a model yet
            return []
        return [] if signals else [FieldError("kind", FEEDS_NOTHING)]


def fed_by(model: Model, document: Mapping[str, Any]) -> list[str]:
    """Return the signals that every submission of a form shows: by its name, its kind or its asset.

    A signal that only asks what somebody wrote says nothing about the form.
    """
    form_id = str(document["id"])
    facts = kind_facts(form_id, document.get("kind"))
    events = [_event(Kind.FORM, form_id, facts)]
    if asset := document.get("asset"):
        asset_id = asset if isinstance(asset, str) else str(asset["id"])
        events.append(_event(Kind.TRACK, ASSET_DOWNLOADED, {"asset": asset_id, "form": form_id}))
    return [
        signal.id for event in events for signal in signals_of(model, event) if _is_about(signal)
    ]


def _is_about(signal: Signal) -> bool:
    asked = {name for name, _ in (*signal.where, *signal.numbers)}
    return signal.kind is not Kind.FORM or signal.names is not None or bool(asked & ABOUT_A_FORM)


def _serialized(model: Model, form: SeenForm) -> dict[str, Any]:
    signals = fed_by(model, {"id": form.id})
    return {
        "id": form.id,
        "registered": False,
        "count": form.count,
        "fields": list(form.fields),
        "kind": kind_facts(form.id)[FORM_KIND],
        "first_on": form.first_on.isoformat(),
        "last_on": form.last_on.isoformat(),
        "signals": signals,
        "warnings": [] if signals else [FEEDS_NOTHING],
    }


def _event(kind: Kind, name: str, properties: Mapping[str, str]) -> Event:
    return Event(
        partition="",
        id="",
        kind=kind,
        name=name,
        at=NO_TIME,
        captured_at=NO_TIME,
        properties=properties,
    )
