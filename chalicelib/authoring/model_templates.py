"""The scoring models to start from: one file each in chalicelib/defaults/ (ADR 0053).

A template is a whole model with its own examples. Nothing refers to it later: whoever starts from
it owns a copy.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from chalicelib.errors import NotFoundError

_FOLDER = Path(__file__).parent.parent / "defaults"


@dataclass(frozen=True, kw_only=True, slots=True)
class ModelTemplate:
    """A scoring model to start from."""

    id: str
    name: str
    """As in its file."""
    description: str
    """For which company it is, and what it looks at."""
    path: Path

    def source(self) -> str:
        """Return the model as it is written: YAML with its comments."""
        return self.path.read_text()


MODEL_TEMPLATES: Mapping[str, ModelTemplate] = {
    one.id: one
    for one in (
        ModelTemplate(
            id="software",
            name="B2B software",
            description="The model of a new deployment: software sold to companies, by demo, trial"
            " and talk. Who they are, what they read, and how soon they want to buy.",
            path=_FOLDER / "model.yaml",
        ),
        ModelTemplate(
            id="services",
            name="B2B services and manufacturing",
            description="Projects, machines and parts made to order, sold by quote over months."
            " Who they are, what they say about their project, and what they specify.",
            path=_FOLDER / "models" / "services.yaml",
        ),
        ModelTemplate(
            id="shop",
            name="Shop",
            description="An online shop with advisers. Favourites, carts and orders: how recently,"
            " how often and for how much somebody buys, and what they want next.",
            path=_FOLDER / "models" / "shop.yaml",
        ),
    )
}
"""Id -> template."""


def model_template(template_id: str) -> ModelTemplate:
    """Return the template of an id. Raise NotFoundError, naming the ids that exist."""
    found = MODEL_TEMPLATES.get(template_id)
    if found is None:
        known = ", ".join(MODEL_TEMPLATES)
        raise NotFoundError(f"there is no template '{template_id}'; the templates are {known}")
    return found
