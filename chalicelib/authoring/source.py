"""A model as its author writes it: YAML 1.2, whose comments are kept with the version (ADR 0011).

What a stranger could send is bounded before it is unfolded: its depth, and its size with every
alias written out. Nothing but JSON's own values comes out.
"""

import json
from io import StringIO
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from chalicelib.errors import FieldError, InputError, TooLargeError
from chalicelib.limits import MODEL_BODY_MAX_BYTES, MODEL_STORED_MAX_BYTES, YAML_MAX_DEPTH

TEXT = "tag:yaml.org,2002:str"
JSON_TAGS = frozenset(
    {
        TEXT,
        *(f"tag:yaml.org,2002:{name}" for name in ("map", "seq", "int", "float", "bool", "null")),
    }
)


def parse_source(body: bytes) -> tuple[str, Any]:
    """Return the text of a YAML 1.2 document, and its values as JSON has them.

    Raise TooLargeError, or InputError that names the line.
    """
    if len(body) > MODEL_BODY_MAX_BYTES:
        words = f"must be at most {MODEL_BODY_MAX_BYTES} bytes; it has {len(body)}"
        raise TooLargeError(FieldError("body", words))
    yaml = YAML(typ="safe", pure=True)
    try:
        source = body.decode()
        root = yaml.compose(source)
        if root is not None:
            _Measure().measure(root, depth=1)
        values = yaml.constructor.construct_document(root) if root is not None else None
        # Through JSON, which has no infinity. Parts that an alias shares become parts of their own.
        return source, json.loads(json.dumps(values, allow_nan=False))
    except YAMLError as error:
        raise _refusal(getattr(error, "problem_mark", None), _problem(error)) from None
    except RecursionError:
        raise _too_deep(None) from None
    # Of decode and json, and of ruamel.yaml where a scalar is not what its tag says.
    except (ValueError, LookupError, ArithmeticError):
        words = "must be UTF-8 with finite numbers, and escapes of characters that exist"
        raise _refusal(None, words) from None


def write_source(document: Any) -> str:
    """Return a document in YAML 1.2, for a version that was not written in it."""
    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = False
    yaml.allow_unicode = True
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]  # as it was written
    text = StringIO()
    yaml.dump(document, text)
    return text.getvalue()


class _Measure:
    """Measures nodes with every alias written out, each node once."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[int, int]] = {}
        """Node -> its size in characters, and its height in levels."""

    def measure(self, node: Node, depth: int) -> tuple[int, int]:
        """Return the size and the height of a node. Raise InputError for one that is too large, too
        deep, or nothing that JSON has.

        depth: of the node. A node that contains itself is one without an end, so it is too deep.
        """
        size, height = self._known.get(id(node), (0, 0))
        if depth + height > YAML_MAX_DEPTH:
            raise _too_deep(node.start_mark)
        if size:
            return size, height
        if node.tag not in JSON_TAGS:
            words = "is not text, a number, true, false or null; put it in quotes if it is text"
            raise _refusal(node.start_mark, words)
        parts = [self.measure(part, depth + 1) for part in _parts(node)]
        own = len(node.value) if isinstance(node, ScalarNode) else 0
        size = 1 + own + sum(part for part, _ in parts)
        height = max((1 + below for _, below in parts), default=0)
        if size > MODEL_STORED_MAX_BYTES:
            words = "is too large with every alias written out; use fewer aliases"
            raise _refusal(node.start_mark, words)
        self._known[id(node)] = (size, height)
        return size, height


def _parts(node: Node) -> list[Node]:
    if isinstance(node, MappingNode):
        for key, _ in node.value:
            if key.tag != TEXT:
                raise _refusal(key.start_mark, "a key must be text; put it in quotes")
        return [part for pair in node.value for part in pair]
    return list(node.value) if isinstance(node, SequenceNode) else []


def _problem(error: YAMLError) -> str:
    problem = str(getattr(error, "problem", None) or "is not valid YAML 1.2")
    return problem.splitlines()[0][:200]


def _too_deep(mark: Any) -> InputError:
    words = f"has more than {YAML_MAX_DEPTH} levels, or contains itself; a model has fewer"
    return _refusal(mark, words)


def _refusal(mark: Any, words: str) -> InputError:
    place = f"line {mark.line + 1}: " if mark is not None else ""
    return InputError(FieldError("body", place + words))
