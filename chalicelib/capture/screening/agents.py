"""Who says in its User-Agent that it is a machine, by the list of crawler-user-agents.

Every ping asks, so that what most browsers say is told apart by one short pattern; the list is
loaded for the first agent that says anything else.
"""

import re
from collections.abc import Mapping, Sequence
from enum import StrEnum
from functools import cache, lru_cache
from typing import NamedTuple

from chalicelib.limits import AGENT_MAX_CHARS

#: What current browsers say and no machine on the list does: a test compares them.
PLAIN_BROWSER = re.compile(
    r"Mozilla/5\.0 \((?:"
    r"Windows NT [\d.]+(?:; Win64; x64|; WOW64)?(?:; rv:[\d.]+)?"
    r"|Macintosh; Intel Mac OS X [\d_.]+(?:; rv:[\d.]+)?"
    r"|X11; (?:Ubuntu; )?Linux x86_64(?:; rv:[\d.]+)?"
    r"|X11; CrOS x86_64 [\d.]+"
    r"|(?:iPhone|iPad|iPod touch); CPU (?:iPhone )?OS [\d_]+ like Mac OS X"
    r"|Linux; Android [\d.]+; K"
    r"|Android [\d.]+; Mobile; rv:[\d.]+"
    r")\)"
    r"(?: (?:(?:AppleWebKit|Chrome|Safari|Version|Mobile|Firefox|Gecko|Edg|EdgA|EdgiOS|OPR|CriOS"
    r"|FxiOS|GSA|SamsungBrowser)/[\w.]+|Mobile|\(KHTML, like Gecko\)))+"
)
KEY_CHARS = 3  # the shortest word of the list
BOTH_CASES = re.compile(r"\[(?i:(\w)(?=\1))\w\]")  # `[bB]ot`
ESCAPED = re.compile(r"\\(\W)")
SPECIAL = re.compile(r"[\[\](){}.*+?|^$\\]")
#: Programs that anybody uses to send something, or to drive a browser: no bots by themselves.
TOOL_TAGS = frozenset({"http-library", "browser-automation"})
#: Services on the list that pass honest forms on from a server.
RELAYS = frozenset(
    {
        r"Google-Apps-Script",
        r"IFTTT\/",
        r"Integromat\/",
        r"Make\/",
        r"Salesforce\.com",
        r"Webflow",
        r"WordPress\/",
        r"Zapier",
    }
)


class Agent(StrEnum):
    """What sort of program a User-Agent names."""

    UNLISTED = "unlisted"  # a browser, or a program that the list does not know
    TOOL = "tool"
    RELAY = "relay"
    BOT = "bot"


BOTS = frozenset({Agent.BOT})
ON_PAGES = frozenset({Agent.BOT, Agent.RELAY})
"""Those that no person uses to look at a page: a server passes on what it does not show."""


def agent_of(user_agent: str) -> Agent:
    """Return what sort of program a User-Agent names. The letters' case does not matter."""
    said = user_agent[:AGENT_MAX_CHARS]
    return Agent.UNLISTED if PLAIN_BROWSER.fullmatch(said) else _listed(said)


@lru_cache(maxsize=1_024)  # a worker sees the same few again and again
def _listed(user_agent: str) -> Agent:
    """Return the sort of an agent by the list: a bot may be built with a tool, and is a bot."""
    text = user_agent.lower()
    listed = _list()
    found = {agent for agent, pattern in listed.patterns if pattern.search(text)}
    found |= {agent for word, agent in listed.beginnings if text.startswith(word)}
    found |= {
        agent
        for start in range(len(text))
        for word, agent in listed.words.get(text[start : start + KEY_CHARS], ())
        if text.startswith(word, start)
    }
    in_order = (Agent.BOT, Agent.RELAY, Agent.TOOL)
    return next((one for one in in_order if one in found), Agent.UNLISTED)


class _List(NamedTuple):
    """The list in lower case. Nearly all of it are plain words: to look these up by their first
    characters takes a hundredth of the time of one large pattern, whatever a stranger writes.
    """

    words: Mapping[str, Sequence[tuple[str, Agent]]]
    """First characters -> words that begin so, which may stand anywhere."""
    beginnings: Sequence[tuple[str, Agent]]
    """Words that an agent begins with."""
    patterns: Sequence[tuple[Agent, re.Pattern[str]]]
    """What is more than a word."""


@cache
def _list() -> _List:
    from crawleruseragents import CRAWLER_USER_AGENTS_DATA  # half a megabyte of JSON

    words: dict[str, list[tuple[str, Agent]]] = {}
    beginnings: list[tuple[str, Agent]] = []
    patterns: list[tuple[Agent, re.Pattern[str]]] = []
    for one in CRAWLER_USER_AGENTS_DATA:
        agent = _sort_of(one["pattern"], one["tags"])
        word = _word_of(one["pattern"].removeprefix("^"))
        if word is None:
            patterns.append((agent, re.compile(one["pattern"], re.IGNORECASE)))
        elif one["pattern"].startswith("^"):
            beginnings.append((word, agent))
        else:
            words.setdefault(word[:KEY_CHARS], []).append((word, agent))
    return _List(words, beginnings, patterns)


def _word_of(pattern: str) -> str | None:
    """Return the word that a pattern stands for, in lower case; None where it is more than that."""
    plain = BOTH_CASES.sub(r"\1", pattern)
    is_word = not SPECIAL.search(ESCAPED.sub("", plain))
    word = ESCAPED.sub(r"\1", plain).lower()
    return word if is_word and len(word) >= KEY_CHARS else None


def _sort_of(pattern: str, tags: Sequence[str]) -> Agent:
    if pattern in RELAYS:
        return Agent.RELAY
    return Agent.TOOL if TOOL_TAGS.intersection(tags) else Agent.BOT
