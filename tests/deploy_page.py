"""The page that says how to deploy, as commands: for a test to compare with the code, or to run."""

import re
import shlex
import sys
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from tests.pages import text_of

PAGE = "docs/how-to/deploy.md"
FENCED = re.compile(
    r"^(?:<!-- not on the local AWS: (?P<why>[^\n]+) -->\n)?```sh\n(?P<body>.*?)^```$", re.M | re.S
)
TITLE = re.compile(r"^## \d+\. (.+)$", re.M)
PREAMBLE = f"""\
set -euo pipefail
aws() {{ "{sys.executable}" -m tests.aws_cli "$@"; }}
curl() {{
  local word words=()
  for word in "$@"; do
    if [[ $word =~ ^https://([a-z0-9]+)\\.execute-api\\.[^/]+/api(/.*)?$ ]]; then
      word=$AWS_ENDPOINT_URL/restapis/${{BASH_REMATCH[1]}}/api/_user_request_${{BASH_REMATCH[2]}}
    fi
    words+=("$word")
  done
  command curl --fail-with-body "${{words[@]}}"
}}
"""
"""What the page's commands need on the local AWS: a stand-in for `aws`, which is no dependency of
ours, and the local address of an API, which no DNS knows. A request that is refused ends them.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A block of commands."""

    commands: str
    """As the page has it, for a shell."""
    skipped: str | None
    """Why it cannot run on the local AWS; None when it can."""
    section: str
    """The title above it, without its number; empty before the first."""

    def lines(self) -> Iterator[str]:
        """Yield each command, a continued one as one line."""
        joined = re.sub(r"\\\n\s*", " ", self.commands)
        quoted = ""
        for line in joined.splitlines():
            quoted = f"{quoted}\n{line}" if quoted else line
            if quoted.count("'") % 2 == 0:
                yield quoted
                quoted = ""


def steps() -> list[Step]:
    """Return the page's blocks, in order."""
    page = text_of(PAGE)
    return [
        Step(commands=one["body"], skipped=one["why"], section=section_at(page, one.start()))
        for one in FENCED.finditer(page)
    ]


def section_at(page: str, position: int) -> str:
    """Return the title of the section that a position is in."""
    titles: list[str] = TITLE.findall(page, 0, position)
    return titles[-1] if titles else ""


def script(sections: Collection[str] | None = None) -> str:
    """Return the commands that can run on the local AWS, for `bash`.

    sections: only those of these sections.
    """
    chosen = [one for one in steps() if sections is None or one.section in sections]
    return "\n".join(one.commands for one in chosen if not one.skipped)


def calls_in(line: str, program: str) -> Iterator[list[str]]:
    """Yield the words of each call of a program in a line, also of one inside `$(...)`."""
    for start in re.finditer(rf"(?<![\w-]){program} ", line):
        words = shlex.split(until_closed(line[start.start() :]), comments=True)
        end = next((n for n, word in enumerate(words) if word in ("|", "||", "&&")), len(words))
        yield words[:end]


def until_closed(text: str) -> str:
    """Return a call without what follows the bracket that encloses it."""
    depth = 0
    quote = ""
    for position, character in enumerate(text):
        if quote:
            quote = "" if character == quote else quote
        elif character == "'":
            quote = character
        elif character == "(":
            depth += 1
        elif character == ")":
            depth -= 1
            if depth < 0:
                return text[:position]
        elif character == ";" and depth == 0:
            return text[:position]
    return text
