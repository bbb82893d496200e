"""Rendering. Marketers write templates and strangers fill the fields, so both are kept from acting.

Templates run in Jinja2's sandbox; html is escaped; `inert` takes the teeth out of what a stranger typed.
"""

import re
from collections.abc import Mapping
from functools import cache

from jinja2 import TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

__all__ = ["TemplateError", "inert", "plain_name", "render_html", "render_text"]

NAME_MAX_CHARS = 40
NAME = re.compile(r"[^\W\d_]+(?:[' -][^\W\d_]+)*")
DOT_IN_WORD = re.compile(r"(?<=\w)\.(?=\w)")


@cache
def _environment(*, html: bool) -> ImmutableSandboxedEnvironment:
    return ImmutableSandboxedEnvironment(autoescape=html, trim_blocks=True, lstrip_blocks=True)


def render_text(template: str, values: Mapping[str, object]) -> str:
    """A text template with its values. Raises jinja2.TemplateError."""
    return _environment(html=False).from_string(template).render(values)


def render_html(template: str, values: Mapping[str, object]) -> str:
    """An html template with its values, escaped. Raises jinja2.TemplateError."""
    return _environment(html=True).from_string(template).render(values)


def inert(text: str) -> str:
    """A stranger's text that no mail or phone program turns into a link: dots inside words and `://` are broken up."""
    return DOT_IN_WORD.sub("[.]", text.replace("://", ":// ").replace("@", " at "))


def plain_name(text: str) -> str:
    """A first name that may greet in a letter: letters, blanks, hyphens, apostrophes; otherwise an empty text, so
    that nobody can have us mail a stranger a message of theirs."""
    return text if len(text) <= NAME_MAX_CHARS and NAME.fullmatch(text) else ""
