"""Markdown as the html of an email, with its styles on each element (ADR 0058).

What an author writes is a template. Its Jinja2 is put aside while the Markdown is read, so a value
is never markup: it is filled in, and escaped, when there is html already.
"""

import re
from functools import cache, lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

JINJA = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)
#: A tag alone on a line stands around paragraphs.
LONE_TAG = re.compile(r"^[ \t]*(\{%(?:(?!%\}).)*%\})[ \t]*$", re.MULTILINE)
STYLES = {
    "p": "margin:0 0 16px",
    "h1": "margin:24px 0 12px;font-size:22px;line-height:1.3",
    "h2": "margin:24px 0 12px;font-size:19px;line-height:1.3",
    "h3": "margin:24px 0 12px;font-size:17px;line-height:1.3",
    "ul": "margin:0 0 16px;padding:0 0 0 24px",
    "ol": "margin:0 0 16px;padding:0 0 0 24px",
    "li": "margin:0 0 8px",
    "blockquote": "margin:0 0 16px;padding:0 0 0 16px;border-left:4px solid #c6cbd5",
    "hr": "border:0;border-top:1px solid #c6cbd5;margin:24px 0",
    "table": "border-collapse:collapse;margin:0 0 16px",
    "th": "text-align:left;vertical-align:top;padding:6px 16px 6px 0;"
    "border-bottom:1px solid #c6cbd5",
    "td": "vertical-align:top;padding:6px 16px 6px 0;border-bottom:1px solid #c6cbd5",
    "img": "max-width:100%;height:auto",
}
BUTTON = (
    "display:inline-block;padding:12px 20px;border-radius:8px;text-decoration:none;"
    "font-weight:600;background-color:{{ theme.button }};color:{{ theme.ink }}"
)
LINK = "color:{{ theme.link }}"
#: A paragraph that shows nothing but a bold link is a button.
OF_BUTTON = ["strong_open", "link_open", "link_close", "strong_close"]


@lru_cache(256)
def html_of_markdown(source: str) -> str:
    """Return a Markdown template as a template of html.

    Its links take the colours of `theme`. Html in the source is shown as text.
    """
    mark = "jinjax"
    while mark in source:
        mark += "x"
    kept: list[str] = []

    def put_aside(found: re.Match[str]) -> str:
        kept.append(found[0])
        return f"{mark}{len(kept) - 1}n"

    alone = LONE_TAG.sub(r"\n\n\1\n\n", source)
    tokens = _parser().parse(JINJA.sub(put_aside, alone))
    _add_styles(tokens)
    html = str(_parser().renderer.render(tokens, _parser().options, {}))

    def put_back(found: re.Match[str]) -> str:
        tag = kept[int(found[2])]
        return tag if found[1] is None or tag.startswith("{%") else f"{found[1]}{tag}</p>"

    whole = re.compile(rf"(<p[^>]*>)(?={mark}\d+n</p>){mark}(\d+)n</p>")
    inside = re.compile(rf"(){mark}(\d+)n")
    return inside.sub(lambda found: kept[int(found[2])], whole.sub(put_back, html))


def _add_styles(tokens: list["Token"]) -> None:
    for token in tokens:
        children = token.children or []
        shown = [child for child in children if child.content or not _is_text(child)]
        marks = [child.type for child in shown if not _is_text(child)]
        is_button = (
            marks == OF_BUTTON
            and shown[0] is not shown[-1]
            and not any(map(_is_text, (shown[0], shown[-1])))
        )
        for child in children:
            if child.type == "link_open":
                child.attrSet("style", BUTTON if is_button else LINK)
                child.attrSet("class", "button" if is_button else "link")
            elif child.type == "image":
                child.attrSet("style", STYLES["img"])
        if token.nesting >= 0 and token.tag in STYLES:
            own = token.attrGet("style")  # the alignment of a table's column
            token.attrSet("style", f"{STYLES[token.tag]};{own}" if own else STYLES[token.tag])


def _is_text(token: "Token") -> bool:
    return token.type in ("text", "softbreak", "code_inline")


@cache
def _parser() -> "MarkdownIt":
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    # An address that acts is refused with words when the email is put, not left as text.
    parser.validateLink = lambda url: True  # type: ignore[method-assign]  # noqa: ARG005
    return parser
