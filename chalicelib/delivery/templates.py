"""Rendering. Marketers write templates and strangers fill the fields, so both are kept from acting.

Templates run in Jinja2's sandbox; html is escaped; `inert` takes the teeth out of what a stranger
typed.
"""

import re
from collections.abc import Mapping
from functools import cache
from unicodedata import category

from jinja2 import StrictUndefined, TemplateError, TemplateSyntaxError, Undefined, nodes
from jinja2.meta import find_undeclared_variables
from jinja2.sandbox import ImmutableSandboxedEnvironment

from chalicelib.limits import RENDERED_MAX_CHARS

__all__ = [
    "TemplateError",
    "TemplateSyntaxError",
    "inert",
    "plain_name",
    "render_html",
    "render_strictly",
    "render_text",
    "variables_of",
]

NAME_MAX_CHARS = 40
INERT_MAX_CHARS = 200
NAME = re.compile(r"[^\W\d_]+(?:[' -][^\W\d_]+)*")
BROKEN_UP = {"://": ":// ", "@": " at ", "=?": "= ?"}
DOT_IN_WORD = re.compile(r"(?<=\w)\.(?=\w)")


@cache
def _environment(*, html: bool, strict: bool = False) -> ImmutableSandboxedEnvironment:
    return ImmutableSandboxedEnvironment(
        autoescape=html,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined if strict else Undefined,
    )


def variables_of(template: str) -> Mapping[str, int]:
    """Return the variables that a template expects, each with the line that names it first.

    Raise TemplateSyntaxError.
    """
    tree = _environment(html=False).parse(template)
    lines: dict[str, int] = {}
    for name in tree.find_all(nodes.Name):
        lines[name.name] = min(name.lineno, lines.get(name.name, name.lineno))
    return {name: lines[name] for name in sorted(find_undeclared_variables(tree))}


def render_strictly(template: str, values: Mapping[str, object]) -> str:
    """Return a template with its values, where anything undefined is an error.

    Raise TemplateError, whatever went wrong in it, also for an endless one.
    """
    try:
        pieces = _environment(html=False, strict=True).from_string(template).generate(values)
        text = ""
        while (piece := next(pieces, None)) is not None and len(text) <= RENDERED_MAX_CHARS:
            text += piece
    except Exception as error:  # noqa: BLE001
        raise TemplateError(str(error)) from None
    if len(text) > RENDERED_MAX_CHARS:
        raise TemplateError(f"it becomes longer than {RENDERED_MAX_CHARS:,} characters")
    return text


def render_text(template: str, values: Mapping[str, object]) -> str:
    """A text template with its values. Raises TemplateError, whatever went wrong in it."""
    return _render(template, values, html=False)


def render_html(template: str, values: Mapping[str, object]) -> str:
    """An html template with its values, escaped. Raises TemplateError, whatever went wrong in
    it.
    """
    return _render(template, values, html=True)


def _render(template: str, values: Mapping[str, object], *, html: bool) -> str:
    try:
        return _environment(html=html).from_string(template).render(values)
    # A marketer's `{{ 1 / 0 }}` must not hold up other emails.
    except Exception as error:  # noqa: BLE001
        raise TemplateError(str(error)) from None


def inert(text: str) -> str:
    """A stranger's text that can do nothing in a mail or on a phone: one line of at most 200
    characters, without invisible characters that turn or hide text, its dots inside words and `://`
    broken up so that nothing is a link, and `=?` so that a subject decodes nothing (RFC 2047).
    """
    visible = "".join(one for one in text if category(one) != "Cf")
    line = " ".join(visible.split())
    clipped = line if len(line) <= INERT_MAX_CHARS else line[: INERT_MAX_CHARS - 1] + "…"
    for acts, harmless in BROKEN_UP.items():
        clipped = clipped.replace(acts, harmless)
    return DOT_IN_WORD.sub("[.]", clipped)


def plain_name(text: str) -> str:
    """A first name that may greet in an email: letters, blanks, hyphens, apostrophes; otherwise an
    empty text, so that nobody can have us mail a stranger a message of theirs.
    """
    return text if len(text) <= NAME_MAX_CHARS and NAME.fullmatch(text) else ""
