"""The page that says how to deploy, as commands: for a test to compare with the code, or to run."""

import re
import shlex
import sys
from collections.abc import Iterator
from dataclasses import dataclass

from tests.pages import text_of

PAGE = "docs/how-to/deploy.md"
FENCED = re.compile(
    r"^(?:<!-- not on the local AWS: (?P<why>[^\n]+) -->\n)?```sh\n(?P<body>.*?)^```$", re.M | re.S
)
SHELL = frozenset({"export", "git", "curl"})
"""What else a line may begin with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A block of commands."""

    commands: str
    """As the page has it, for a shell."""
    skipped: str | None
    """Why it cannot run on the local AWS; None when it can."""

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
    found = FENCED.finditer(text_of(PAGE))
    return [Step(commands=one["body"], skipped=one["why"]) for one in found]


def script() -> str:
    """Return the commands of all steps that can run on the local AWS, for `bash`.

    They call `aws` as a function: the stand-in, because the real one is no dependency of ours.
    """
    aws = f'aws() {{ "{sys.executable}" -m tests.aws_cli "$@"; }}'
    return "\n".join(
        ["set -euo pipefail", aws, *(one.commands for one in steps() if not one.skipped)]
    )


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
