"""Rendering. Marketers write templates and strangers fill the fields, so both are kept from acting.

Templates run in Jinja2's sandbox, and html is escaped. What a stranger typed comes here inert
(chalicelib/inert.py).
"""

from collections.abc import Iterator, Mapping
from functools import cache, lru_cache
from typing import Any

from jinja2 import StrictUndefined, Template, TemplateError, TemplateSyntaxError, Undefined, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup, escape

from chalicelib.limits import TEMPLATE_MAX_DEPTH

__all__ = [
    "NoValueError",
    "TemplateError",
    "TemplateSyntaxError",
    "excesses_of",
    "render_html",
    "render_strictly",
    "render_text",
    "variables_of",
]

#: What a marketer's template is made of. None of it repeats anything, so rendering takes about as
#: long as the template is: a loop of a loop would hold up every other message (ADR 0029).
BOUNDED: tuple[type[nodes.Node], ...] = (
    nodes.Template,
    nodes.Output,
    nodes.TemplateData,
    nodes.Name,
    nodes.Const,
    nodes.If,
    nodes.CondExpr,
    nodes.Compare,
    nodes.Operand,
    nodes.And,
    nodes.Or,
    nodes.Not,
    nodes.Neg,
    nodes.Concat,
    nodes.Getitem,
    nodes.Slice,
    nodes.List,
    nodes.Tuple,
    nodes.Filter,
    nodes.Keyword,
    nodes.Test,
)
SPELLED = {"getattr": "a dot", "call": "a call", "assign": "set", "filterblock": "filter"}
"""A node's name, where it is not what its author wrote."""
BOUNDED_FILTERS = frozenset(
    {
        *("capitalize", "lower", "title", "upper", "trim", "truncate", "default", "d"),
        *("first", "last", "length", "e", "escape", "safe", "urlencode"),
    }
)


DOTS_MAX = 3
COMPILED_MAX = 512
"""Templates that a container keeps compiled: those of the emails that it sends now."""


class NoValueError(TemplateError):
    """A template needs a value that is not known, outside of any condition on it."""


class Needed(Undefined):
    """A value that is not known: false in a condition, and an error wherever it is written.

    An email with a gap must not go out: "the three mistakes teams make with ." (ADR 0058).
    """

    __slots__ = ()

    def _refuse(self, *_: object) -> Any:
        raise NoValueError(str(self._undefined_name))

    __str__ = __iter__ = __len__ = __html__ = _refuse

    def __bool__(self) -> bool:
        return False


@cache
def _environment(*, html: bool, strict: bool = False) -> ImmutableSandboxedEnvironment:
    return ImmutableSandboxedEnvironment(
        autoescape=html,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined if strict else Undefined,
        finalize=_with_line_ends if html else None,
    )


def _with_line_ends(value: object) -> object:
    """Return a value as html shows it: a text of several lines keeps them."""
    if isinstance(value, str) and "\n" in value and not isinstance(value, Markup):
        return Markup("<br>").join(map(escape, value.splitlines()))
    return value


@lru_cache(COMPILED_MAX)
def _compiled(template: str, *, html: bool, strict: bool) -> Template:
    return _environment(html=html, strict=strict).from_string(template)


@lru_cache(COMPILED_MAX)
def variables_of(template: str) -> Mapping[str, int]:
    """Return the variables that a template names, also with dots as in `offer.product`, each with
    the line that names it first.

    Raise TemplateSyntaxError, or TemplateError for one that cannot be parsed for another reason.
    """
    lines: dict[str, int] = {}
    left: list[nodes.Node] = [_parse(template)]
    while left:  # no recursion, as `find_all` has: a sum of a thousand terms is a thousand levels
        node = left.pop()
        if name := _variable(node):
            lines[name] = min(node.lineno, lines.get(name, node.lineno))
        else:
            left += node.iter_child_nodes()
    return dict(sorted(lines.items()))


def excesses_of(template: str) -> Iterator[tuple[int, str]]:
    """Yield what could make a template's rendering long, or what it has no use for: the line, and
    what stands there. Raise as `variables_of` does.
    """
    left: list[tuple[nodes.Node, int]] = [(_parse(template), 0)]
    while left:
        node, depth = left.pop()
        if depth > TEMPLATE_MAX_DEPTH:
            yield node.lineno, f"more than {TEMPLATE_MAX_DEPTH} levels"
        elif _variable(node):
            continue
        elif not isinstance(node, BOUNDED):
            name = type(node).__name__.lower()
            yield node.lineno, SPELLED.get(name, name)
        elif isinstance(node, nodes.Filter) and node.name not in BOUNDED_FILTERS:
            yield node.lineno, f"the filter {node.name}"
        else:
            left += [(child, depth + 1) for child in node.iter_child_nodes()]


def _variable(node: nodes.Node) -> str | None:
    """Return the name of a variable, with the dots in it; None for anything else."""
    parts: list[str] = []
    while isinstance(node, nodes.Getattr) and len(parts) < DOTS_MAX and node.attr[0] != "_":
        parts.append(node.attr)
        node = node.node
    return ".".join((node.name, *reversed(parts))) if isinstance(node, nodes.Name) else None


def _parse(template: str) -> nodes.Template:
    try:
        return _environment(html=False).parse(template)
    except TemplateError:
        raise
    # A thousand brackets (RecursionError), a number of five thousand digits (ValueError).
    except Exception as error:  # noqa: BLE001
        raise TemplateError(str(error)) from None


def render_strictly(template: str, values: Mapping[str, object]) -> str:
    """Return a template with its values, where anything undefined is an error.

    Raise TemplateError, whatever went wrong in it.
    """
    return _render(template, values, html=False, strict=True)


def render_text(template: str, values: Mapping[str, object]) -> str:
    """A text template with its values. Raises TemplateError, whatever went wrong in it."""
    return _render(template, values, html=False)


def render_html(template: str, values: Mapping[str, object]) -> str:
    """An html template with its values, escaped. Raises TemplateError, whatever went wrong in
    it.
    """
    return _render(template, values, html=True)


def _render(
    template: str, values: Mapping[str, object], *, html: bool, strict: bool = False
) -> str:
    try:
        return _compiled(template, html=html, strict=strict).render(values)
    except NoValueError:
        raise
    # A marketer's `{{ 1 / 0 }}` must not hold up other emails.
    except Exception as error:  # noqa: BLE001
        raise TemplateError(str(error)) from None
