"""Rendering. Marketers write templates and strangers fill the fields, so both are kept from acting.

Templates run in Jinja2's sandbox, and html is escaped. What a stranger typed comes here inert
(chalicelib/inert.py).
"""

from collections.abc import Iterator, Mapping
from functools import cache

from jinja2 import StrictUndefined, TemplateError, TemplateSyntaxError, Undefined, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from chalicelib.limits import TEMPLATE_MAX_DEPTH

__all__ = [
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


@cache
def _environment(*, html: bool, strict: bool = False) -> ImmutableSandboxedEnvironment:
    return ImmutableSandboxedEnvironment(
        autoescape=html,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined if strict else Undefined,
    )


def variables_of(template: str) -> Mapping[str, int]:
    """Return the variables that a template names, each with the line that names it first.

    Raise TemplateSyntaxError, or TemplateError for one that cannot be parsed for another reason.
    """
    lines: dict[str, int] = {}
    left: list[nodes.Node] = [_parse(template)]
    while left:  # no recursion, as `find_all` has: a sum of a thousand terms is a thousand levels
        node = left.pop()
        if isinstance(node, nodes.Name):
            lines[node.name] = min(node.lineno, lines.get(node.name, node.lineno))
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
        elif not isinstance(node, BOUNDED):
            name = type(node).__name__.lower()
            yield node.lineno, SPELLED.get(name, name)
        elif isinstance(node, nodes.Filter) and node.name not in BOUNDED_FILTERS:
            yield node.lineno, f"the filter {node.name}"
        else:
            left += [(child, depth + 1) for child in node.iter_child_nodes()]


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
        return _environment(html=html, strict=strict).from_string(template).render(values)
    # A marketer's `{{ 1 / 0 }}` must not hold up other emails.
    except Exception as error:  # noqa: BLE001
        raise TemplateError(str(error)) from None
