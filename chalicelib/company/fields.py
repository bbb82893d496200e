"""The values of the settings that more than one part of them has: what each must be."""

from typing import Annotated

from pydantic import Field

from chalicelib.document import needs
from chalicelib.limits import URL_MAX_CHARS

CompanyName = Annotated[
    str,
    Field(max_length=100, pattern=r"^[^\s\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$"),
    needs("one line of 1 to 100 characters is needed"),
]
Colour = Annotated[
    str,
    Field(pattern=r"^#[0-9A-Fa-f]{6}$"),
    needs('a colour such as "#1d4ed8" is needed, in quotes'),
]
#: Of a page: no blank, quote, angle bracket, semicolon or comma, which would end the URL in a
#: header or an attribute.
WebUrl = Annotated[
    str,
    Field(max_length=URL_MAX_CHARS, pattern=r"^https?://[^\s\"'<>;,\\\x00-\x1f\x7f-\x9f]+$"),
    needs("a URL is needed, such as https://acme.example"),
]
#: The one thing that a page loads: its policy names it, and a policy knows no query.
LogoUrl = Annotated[
    str,
    Field(max_length=URL_MAX_CHARS, pattern=r"^https://[\w.:-]+/[\w./~%@+-]*$"),
    needs("the URL of a picture is needed, beginning with https:// and without a query"),
]
Language = Annotated[
    str, Field(pattern=r"^[a-z]{2}$"), needs("two small letters are needed, such as en")
]
Country = Annotated[
    str,
    Field(pattern=r"^[A-Z]{2}$"),
    needs("the two capital letters of ISO 3166 are needed, such as DE"),
]
FormAddress = Annotated[
    str,
    Field(max_length=254, pattern=r"^[^@\s\x00-\x1f\x7f]+@[A-Za-z0-9.-]+\.[A-Za-z0-9-]+$"),
    needs("an email address is needed, such as support@acme.example"),
]
#: Of a name, a title, a price: what stands in a line and ends no header.
OneLine = Annotated[
    str,
    Field(max_length=200, pattern=r"^[^\s\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$"),
    needs("one line of 1 to 200 characters is needed"),
]
Sentence = Annotated[
    str,
    Field(max_length=500, pattern=r"^[^\s\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$"),
    needs("one line of 1 to 500 characters is needed"),
]
ManyLines = Annotated[
    str,
    Field(max_length=1_000, pattern=r"\S"),
    needs("1 to 1,000 characters are needed"),
]
