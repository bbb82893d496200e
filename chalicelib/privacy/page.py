"""The export as a page that can be saved, printed and handed on. Nothing that was typed acts on it.

It loads nothing, links nowhere and holds no script: a value is text, and every text is escaped.
"""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 60rem; padding: 1rem; }
section { border-top: 1px solid #ccc; padding: .5rem 0; }
h2 { font-size: 1.1rem; margin: .5rem 0; }
dl { display: grid; grid-template-columns: minmax(6rem, 12rem) 1fr; gap: .25rem 1rem; margin: 0; }
dl dl { grid-template-columns: minmax(4rem, 10rem) 1fr; }
dt { color: #555; overflow-wrap: anywhere; }
dd { margin: 0; min-width: 0; overflow-wrap: anywhere; white-space: pre-wrap; }
ul { margin: 0; padding-left: 1.2rem; }
.keys { color: #666; font-size: .8rem; overflow-wrap: anywhere; }
@media (max-width: 40rem) {
  dl, dl dl { grid-template-columns: 1fr; }
  dl dl { border-left: 2px solid #ddd; padding-left: .75rem; }
}
"""


def page_of(export: Mapping[str, Any]) -> str:
    """Return a page of an export in HTML."""
    parts = [
        "<!doctype html>",
        '<html lang="en"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        '<meta name="robots" content="noindex">',
        f"<title>What is held on one person</title><style>{STYLE}</style></head><body>",
        "<h1>What is held on one person</h1>",
        f"<p>Lead {_text(export['lead_id'])}, as of {_text(export['exported_at'])}.</p>",
    ]
    if export["lead"] is not None:
        parts.append(f"<section><h2>The lead</h2>{_value(export['lead'])}</section>")
    for item in export["items"]:
        keys = f"{_text(item['partition'])} {_text(item['key'])}"
        parts.append(
            f"<section><h2>{_text(item['family'])}</h2>{_value(item['holds'])}"
            f'<p class="keys">{keys}</p></section>'
        )
    if export["next_cursor"] is not None:
        cursor = _text(export["next_cursor"])
        parts.append(
            f"<p>There is more. Ask for the next page with <code>?cursor={cursor}</code></p>"
        )
    return "\n".join([*parts, "</body></html>", ""])


def _value(value: Any) -> str:
    """Return a value of JSON as a part of the page."""
    if isinstance(value, Mapping):
        rows = (f"<dt>{_name(name)}</dt><dd>{_value(one)}</dd>" for name, one in value.items())
        return f"<dl>{''.join(rows)}</dl>"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return f"<ul>{''.join(f'<li>{_value(one)}</li>' for one in value)}</ul>"
    if value is None:
        return "-"
    return _text(str(value).lower() if isinstance(value, bool) else value)


def _name(name: object) -> str:
    return _text(str(name).replace("_", " "))


def _text(value: object) -> str:
    return escape(str(value))
