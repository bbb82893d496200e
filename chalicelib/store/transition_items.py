"""A recorded transition: how it is stored, and how it is read back."""

import json
from datetime import date
from typing import TYPE_CHECKING

from chalicelib.events import epoch_ms, from_epoch_ms
from chalicelib.leads.lead import Lead
from chalicelib.lifecycle.stages import Actor, Recorded, Stage, Transition
from chalicelib.store import keys
from chalicelib.store.attributes import (
    day_in,
    iso_day,
    outcome_in,
    packed_texts,
    since_in,
    since_parts,
    text_in,
    texts_in,
    without_absent,
    zone_in,
)
from chalicelib.store.table import Item

if TYPE_CHECKING:
    from chalicelib.qualify.reactions import Moved


def transition_of(item: Item) -> Recorded:
    """The transition of a stored item."""
    transition = Transition(
        origin=Stage(str(item["origin"])),
        target=Stage(str(item["target"])),
        kind=text_in(item, "kind"),
        why=str(item["why"]),
        cycle=int(item["cycle"]),
        actor=Actor(str(item["actor"])),
        on=date.fromisoformat(str(item["on"])),
        rest_until=day_in(item, "rest_until"),
        since=since_in(item),
        overrides=texts_in(item, "overrides"),
        outcome=outcome_in(item),
        undoes=bool(item.get("undoes", False)),
    )
    return Recorded(
        transition=transition,
        version=int(str(item["sk"]).removeprefix(keys.TRANSITION)),
        at=from_epoch_ms(int(item["at_ms"])),
        model_version=int(item["model_version"]),
        total=int(item["total"]),
        grade=str(item["grade"]),
        reasons=[
            (rule, group, milli, text)
            for rule, group, milli, text in json.loads(str(item["reasons"]))
        ],
        zone=zone_in(item),
        band=text_in(item, "band"),
    )


def transition_item(lead: Lead, moved: "Moved") -> Item:
    """A transition as it is stored."""
    transition, score = moved.transition, moved.score
    item: Item = {
        "pk": keys.lead(lead.lead_id),
        "sk": keys.transition(moved.version),
        "schema": keys.SCHEMA,
        "at_ms": epoch_ms(moved.at),
        "on": transition.on.isoformat(),
        "zone": lead.zone,
        "origin": transition.origin.value,
        "target": transition.target.value,
        "why": transition.why,
        "actor": transition.actor.value,
        "cycle": transition.cycle,
        "model_version": score.model_version,
        "total": score.total,
        "grade": score.grade,
        "reasons": json.dumps(
            [
                *([line.rule, line.group, line.milli, line.text] for line in score.reasons),
                *(
                    [line.rule, line.group, line.milli, f"{line.text} (not in the score)"]
                    for line in score.apart_reasons
                ),
            ]
        ),
    }
    return item | without_absent(
        {
            "kind": transition.kind,
            "rest_until": iso_day(transition.rest_until),
            **since_parts(transition.since),
            "overrides": packed_texts(transition.overrides),
            "outcome": transition.outcome,
            "undoes": transition.undoes or None,
            "band": score.band,
        }
    )
