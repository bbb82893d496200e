"""The notice as a message into a chat: blocks of Slack, or an Adaptive Card in Teams.

It holds plain text alone. Both services have a kind of text in which nothing is looked for, and
whatever somebody typed is inert besides (ADR 0073).
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chalicelib.scoring.model import REQUESTED

CHAT_HEADER_MAX_CHARS = 150  # of a header in Slack
CHAT_LINE_MAX_CHARS = 1_000
OPEN_LEAD = "Open the lead"
#: What Slack and Teams read as markup where they look for it, besides what is inert already.
CHAT_MARKUP = re.compile(r"[*_~`|{}#]|(?<!\S)[!@](?=\S)|:(?=\S)")
SLACK_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatNotice:
    """What a chat shows of a notice. Everything typed is inert already."""

    headline: str
    reach: str
    """The number and the address, as they are shown; empty where none is known."""
    lines: Sequence[str]
    """What the person wrote, and why they are handed over."""
    end: str
    """What to do, and the reference."""
    url: str | None = None
    """Of the page of the verdict; None where there is none."""


def in_chat(content: Mapping[str, Any], url: str | None = None) -> ChatNotice:
    """Return what a chat shows of a notice.

    content: as the handoff topic has it; url: of the page of the verdict, None where there is none.
    """
    # Who did not ask may be addressed by the rule of their country (playbook, rule 2).
    advice = [] if content["kind"] == REQUESTED else [content["advice"]]
    return ChatNotice(
        headline=content["headline"],
        reach=reach_in(content),
        lines=[*content["wrote"], *content["strongest"], *advice],
        end=f"{content['closing']} Reference: {content['reference']}",
        url=url,
    )


def reach_in(facts: Mapping[str, Any]) -> str:
    """Return the number and the address of the facts of a notice; empty without both."""
    profile = facts["profile"]
    reach = ", ".join(filter(None, (profile.get("phone"), profile.get("email"))))
    return f"{reach} (unconfirmed)" if reach and facts["unconfirmed"] else reach


def chat_body(chat: str, notice: ChatNotice) -> str:
    """Return the body of a notice for a chat, slack or teams, as JSON."""
    headline = unmarked(notice.headline)
    reach = [f"Reach: {notice.reach}"] if notice.reach else []
    lines = [*reach, *filter(None, map(unmarked, notice.lines))]
    build = _slack if chat == "slack" else _teams
    return json.dumps(build(headline, lines, notice), ensure_ascii=False)


def unmarked(text: str) -> str:
    """Return an inert text without the signs that chats take for markup."""
    return " ".join(CHAT_MARKUP.sub(" ", text).split())[:CHAT_LINE_MAX_CHARS]


def _slack(headline: str, lines: Sequence[str], notice: ChatNotice) -> Mapping[str, Any]:
    button = {"type": "button", "text": _plain_text(OPEN_LEAD), "url": notice.url}
    return {
        # What a notification shows. It is read as markup, so it is escaped as Slack wants it.
        "text": headline.translate(SLACK_ESCAPES),
        "unfurl_links": False,
        "unfurl_media": False,
        "blocks": [
            {"type": "header", "text": _plain_text(headline[:CHAT_HEADER_MAX_CHARS])},
            *({"type": "section", "text": _plain_text(line)} for line in lines),
            *([{"type": "actions", "elements": [button]}] if notice.url else []),
            {"type": "context", "elements": [_plain_text(notice.end)]},
        ],
    }


def _plain_text(text: str) -> Mapping[str, Any]:
    return {"type": "plain_text", "text": text, "emoji": False}


def _teams(headline: str, lines: Sequence[str], notice: ChatNotice) -> Mapping[str, Any]:
    action = {"type": "Action.OpenUrl", "title": OPEN_LEAD, "url": notice.url}
    card = {
        "type": "AdaptiveCard",
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "version": "1.4",
        "body": [
            _run(headline, weight="Bolder", size="Medium"),
            *map(_run, lines),
            _run(notice.end, isSubtle=True, size="Small"),
        ],
        **({"actions": [action]} if notice.url else {}),
    }
    kind = "application/vnd.microsoft.card.adaptive"
    return {"type": "message", "attachments": [{"contentType": kind, "content": card}]}


def _run(text: str, **look: Any) -> Mapping[str, Any]:
    """Return a paragraph. A text block would read Markdown; a run of text does not."""
    return {"type": "RichTextBlock", "inlines": [{"type": "TextRun", "text": text, **look}]}
