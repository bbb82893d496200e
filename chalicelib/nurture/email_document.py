"""The format of emails: their words, in one language or several, and who signs (ADR 0058)."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Literal

from pydantic import Field

from chalicelib.document import Document, needs

EmailId = Annotated[str, Field(pattern=r"^[a-z0-9_-]{1,64}$")]
LanguageCode = Annotated[
    str,
    Field(pattern=r"^[a-z]{2}(-[A-Z]{2})?$"),
    needs("a language is needed, such as de or de-AT"),
]
SingleLine = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\r\n]+$")]
SignedName = Annotated[
    str,
    Field(max_length=100, pattern=r"^[^\s<>\"\x00-\x1f\x7f-\x9f][^<>\"\x00-\x1f\x7f-\x9f]*$"),
    needs("one line of 1 to 100 characters is needed, without quotes and angle brackets"),
]
ReplyAddress = Annotated[
    str,
    Field(max_length=254, pattern=r"^[^@\s<>,;\"\x00-\x1f\x7f-\U0010ffff]+@[A-Za-z0-9.-]+$"),
    needs("an email address is needed, such as ann@acme.example"),
]
AnswerName = Annotated[
    str, Field(pattern=r"^[a-z][a-z0-9_]{0,31}$"), needs("a name is needed: a-z, 0-9 and _")
]
InLanguages = Annotated[
    SingleLine | Annotated[dict[LanguageCode, SingleLine], Field(min_length=1, max_length=20)],
    needs("a text of one line is needed, or such a text by language"),
]
MARKETING: Literal["marketing"] = "marketing"
ANSWER_KIND: Literal["answer"] = "answer"
PARTIAL: Literal["partial"] = "partial"
PARTS = ("subject", "preheader", "markdown", "html", "text")
"""What an author writes, in the order in which a reader meets it."""


class EmailWords(Document):
    """What an email says in one language, as Jinja2 templates."""

    subject: Annotated[str, Field(min_length=1, max_length=200)] = ""
    preheader: Annotated[str, Field(min_length=1, max_length=200)] = ""
    """The line that an inbox shows behind the subject."""
    markdown: Annotated[str, Field(min_length=1, max_length=50_000)] = ""
    html: Annotated[str, Field(max_length=200_000)] = ""
    text: Annotated[str, Field(min_length=1, max_length=50_000)] = ""


class EmailSender(Document):
    """Who signs an email: where a key is left out, the settings' sender."""

    name: SignedName | None = None
    role: SingleLine | None = None
    owner: bool = False
    """The lead's owner signs it, if the lead has one."""
    reply_to: ReplyAddress | None = None


class EmailQuestion(Document):
    """A question that a reader answers by a link."""

    answers: Annotated[dict[AnswerName, InLanguages], Field(min_length=1, max_length=10)]
    """The id of an answer -> its words on the page that the link opens."""


class EmailDocument(EmailWords):
    """An email, or with the kind `partial` a piece that emails include."""

    id: EmailId
    kind: Literal["marketing", "answer", "partial"] = MARKETING
    """`answer` is what a form is answered with: no advertising, so nothing to unsubscribe from."""
    language: LanguageCode = "en"
    """Of the words that stand in the document itself; the fallback for every other language."""
    languages: Annotated[dict[LanguageCode, EmailWords], Field(max_length=20)] = {}
    defaults: Annotated[dict[str, InLanguages], Field(max_length=50)] = {}
    """What stands in for a value that is empty, by the variable's name."""
    sender: EmailSender = EmailSender()
    questions: Annotated[dict[AnswerName, EmailQuestion], Field(max_length=5)] = {}

    def words_in(self, language: str) -> EmailWords:
        """Return the words of one of its languages."""
        return self if language == self.language else self.languages[language]

    def every_words(self) -> Iterator[tuple[str, str, EmailWords]]:
        """Yield each language with the path of its words in the document, and the words."""
        yield self.language, "", self
        for language, words in self.languages.items():
            if language != self.language:
                yield language, f"languages.{language}.", words

    def speaks(self, wanted: str) -> str | None:
        """Return the language of the email for somebody who wants one: that, or one of the same
        tongue, so that `de-AT` gets `de`. None: it has no such words.
        """
        own = (self.language, *self.languages)
        if wanted in own:
            return wanted
        tongue = base_of(wanted)
        return next((one for one in own if one == tongue), None) or next(
            (one for one in own if base_of(one) == tongue), None
        )


def base_of(language: str) -> str:
    """Return the language of a code without its country: `de` of `de-AT`."""
    return language.replace("_", "-").partition("-")[0].lower()


def said_in(text: str | Mapping[str, str] | None, language: str, fallback: str) -> str:
    """Return a text that may be one for each language: in that, in its tongue, else in the
    fallback's, else the first.
    """
    if text is None or isinstance(text, str):
        return text or ""
    wanted = (language, base_of(language), fallback)
    return next((text[one] for one in wanted if one in text), next(iter(text.values())))
