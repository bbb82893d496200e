"""What the request of a submission says of who sends it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """Who sends a submission, as far as its request says it."""

    origin: str | None = None
    """The site whose page a browser posts from; None when the sender is not a browser."""
    agent: str = ""
    """The User-Agent."""
    network: str = ""
    """The network address that the gateway saw: no header of the sender's own."""
    language: str = ""
    """What the browser asks for first, such as `de-AT`: emails are written in it."""
    wants_page: bool = False
    """Whether a browser shows the answer as a page: its Accept prefers HTML."""
