"""The page on which a person says what a reply asks for."""

from html import escape
from typing import TYPE_CHECKING

from chalice.app import Request, Response

from chalicelib.http.shell import shell_for

if TYPE_CHECKING:
    from chalicelib.nurture.replies.reply import Reply


def show_reply(request: Request, reply: "Reply") -> Response:
    """Return the page about a reply: what it says with the two buttons, or what was decided."""
    from chalicelib.inert import inert_lines

    shell = shell_for(request)
    if not reply.is_open:
        said = shell.say(f"reply.{reply.state}")
        return shell.page("reply.done", f"<p>{said}</p>")
    text = "<br>".join(map(escape, inert_lines(reply.text)))
    buttons = "".join(
        f'<p><button name="unsubscribe" value="{value}">{shell.say(key)}</button></p>'
        for value, key in (("true", "reply.stop"), ("false", "reply.go_on"))
    )
    body = f"<p>{shell.say('reply.body')}</p><blockquote>{text}</blockquote>"
    return shell.page("reply.title", f'{body}<form method="post">{buttons}</form>')
