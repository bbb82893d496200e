"""What is wrong with an email, besides the format, before anybody gets it (ADR 0058)."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Any

from chalicelib.company import SettingsDocument
from chalicelib.delivery.templates import (
    BOUNDED_FILTERS,
    NoValueError,
    TemplateError,
    TemplateSyntaxError,
    excesses_of,
    render_html,
    render_strictly,
    variables_of,
)
from chalicelib.document import read_document
from chalicelib.errors import FieldError
from chalicelib.limits import EMAIL_TAGS_MAX
from chalicelib.nurture.email_document import (
    MARKETING,
    PARTIAL,
    PARTS,
    EmailDocument,
    EmailWords,
    said_in,
)
from chalicelib.nurture.framing import theme_of
from chalicelib.nurture.rendering import (
    INCLUDE,
    MissingPartialError,
    Partials,
    sources_of,
)
from chalicelib.nurture.values import (
    COMPANY,
    FIRST_NAME,
    OF_ANSWERS,
    OFFER_PAGE,
    VARIABLES,
    WAY_OUT,
    values_of,
    without_traces,
)

StoredDocuments = Mapping[str, Mapping[str, Any]]  # by their ids

BODIES = ("markdown", "html", "text")
NOT_ALLOWED = (
    "is not allowed; an email has text, variables, if, include, and the filters"
    f" {', '.join(sorted(BOUNDED_FILTERS))}"
)
URL = "https://api.example/u/token"
#: A template must do for every name, and for a person whose name is not known.
NAMES = ("Ann", "J", "Zoë-Marie O'Neil", "")
SAMPLE = {
    **dict.fromkeys(VARIABLES, "Words"),
    **{name: URL for name in VARIABLES if name.endswith(("_url", ".url", "_page", "website"))},
    **dict.fromkeys(OF_ANSWERS, ""),
}
#: What a program runs, or opens as a page of its own, instead of going to a page.
ACTING_SCHEME = re.compile(r"(javascript|vbscript|data|file|blob):", re.IGNORECASE)
SPELT = re.compile(r"\b(?:javascript|vbscript):(?=\S)", re.IGNORECASE)
UNSEEN_CHARS = re.compile(r"[\x00-\x20\x7f-\xa0\u200b-\u200f\ufeff]")
LINKING = frozenset({"href", "src", "action", "background", "formaction"})


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailSurroundings:
    """What an email is checked against. emails: the stored ones; users, includers: what
    sends the email and what includes it, in words.
    """

    company: SettingsDocument
    emails: StoredDocuments
    users: Sequence[str] = ()
    includers: Sequence[str] = ()

    def partial(self, partial_id: str) -> EmailDocument | None:
        """Return the partial of an id, or None."""
        stored = self.emails.get(partial_id)
        if stored is None or stored.get("kind") != PARTIAL:
            return None
        return read_document(EmailDocument, stored)


def email_mistakes(email: EmailDocument, around: EmailSurroundings) -> Iterator[FieldError]:
    """Yield why an email could not be sent to everybody."""
    if users := around.users if email.kind == PARTIAL else around.includers:
        yield FieldError("kind", f"it is in use by {', '.join(users)}; change that first")
    yield from _default_mistakes(email)
    if email.language in email.languages:
        remedy = f"the words in {email.language} stand in the document itself; leave these out"
        yield FieldError(f"languages.{email.language}", remedy)
    for language, place, words in email.every_words():
        mistakes = list(_shape_mistakes(email, place, words))
        for part in PARTS:
            if template := str(getattr(words, part)):
                mistakes += _template_mistakes(email, f"{place}{part}", template, around)
        yield from mistakes or _saying_mistakes(email, language, place, words, around.partial)


def address_mistakes(email: EmailDocument, company: SettingsDocument) -> Iterator[FieldError]:
    """Yield that the company has no address yet to stand below a marketing email."""
    if email.kind == MARKETING and company.postal_address is None:
        words = (
            "every marketing email shows the company's postal address; put postal_address into the"
            " settings first"
        )
        yield FieldError("settings.postal_address", words)


def _shape_mistakes(email: EmailDocument, place: str, words: EmailWords) -> Iterator[FieldError]:
    """Yield which parts are missing, or are too many."""
    if email.kind == PARTIAL and words.subject:
        yield FieldError(f"{place}subject", "a partial has no subject; leave it out")
    elif email.kind != PARTIAL and not words.subject:
        yield FieldError(f"{place}subject", "is missing; add it")
    if not any(getattr(words, body) for body in BODIES):
        yield FieldError(f"{place}markdown", "is missing; write markdown, html or text")
    if words.html.count("<") > EMAIL_TAGS_MAX:
        yield FieldError(f"{place}html", f"has more than {EMAIL_TAGS_MAX:,} tags; shorten it")
    if words.markdown and words.html:
        yield FieldError(f"{place}html", "there is markdown as well; leave one of them out")


def _default_mistakes(email: EmailDocument) -> Iterator[FieldError]:
    for name in email.defaults:
        if name not in VARIABLES and not OFFER_PAGE.fullmatch(name):
            words = f"there is no variable {name}; the variables are {', '.join(VARIABLES)}"
            yield FieldError(f"defaults.{name}", words)
        elif name == WAY_OUT:
            yield FieldError(f"defaults.{name}", "is always there; leave it out")


def _template_mistakes(
    email: EmailDocument, place: str, template: str, around: EmailSurroundings
) -> Iterator[FieldError]:
    """Yield what is wrong with one template, as it is written."""
    yield from _include_mistakes(email, place, template, around)
    template = INCLUDE.sub("", template)
    try:
        variables = variables_of(template)
        excesses = sorted(set(excesses_of(template)))
    except TemplateSyntaxError as error:
        yield FieldError(place, f"line {error.lineno}: {error.message}")
        return
    except TemplateError as error:
        yield FieldError(place, f"is not a template: {error}")
        return
    mistakes = [FieldError(place, f"line {line}: {what} {NOT_ALLOWED}") for line, what in excesses]
    yield from mistakes or _variable_mistakes(email, place, variables, around.company)


def _include_mistakes(
    email: EmailDocument, place: str, template: str, around: EmailSurroundings
) -> Iterator[FieldError]:
    for found in INCLUDE.finditer(template):
        line = template.count("\n", 0, found.start()) + 1
        if email.kind == PARTIAL:
            yield FieldError(place, f"line {line}: a partial includes no other; write it out")
        elif place.endswith(("subject", "preheader")):
            yield FieldError(place, f"line {line}: only a body includes a partial; write it out")
        elif around.partial(found[1]) is None:
            words = f"there is no partial {found[1]}; put an email with this id and kind partial"
            yield FieldError(place, f"line {line}: {words}")


def _variable_mistakes(
    email: EmailDocument, place: str, variables: Mapping[str, int], company: SettingsDocument
) -> Iterator[FieldError]:
    answers = {f"answers.{one}.{name}" for one, q in email.questions.items() for name in q.answers}
    for name, line in variables.items():
        if name in VARIABLES or name in answers or OFFER_PAGE.fullmatch(name):
            continue
        known = ", ".join((*VARIABLES, *sorted(answers)))
        yield FieldError(
            place, f"line {line}: there is no variable {name}; the variables are {known}"
        )
    if COMPANY in variables and not company.company_name:
        words = f"the settings do not name the company; put {COMPANY} there first"
        yield FieldError(place, f"line {variables[COMPANY]}: {words}")
    if email.kind == MARKETING and place.endswith(("html", "text")) and WAY_OUT not in variables:
        yield FieldError(place, f"has no way out; add {{{{ {WAY_OUT} }}}}")


def _saying_mistakes(
    email: EmailDocument, language: str, place: str, words: EmailWords, partials: Partials
) -> Iterator[FieldError]:
    """Yield why words fail, or lack what they need, for a name or without one."""
    try:
        sources = sources_of(words, language, partials)
    except MissingPartialError as error:
        yield FieldError(f"{place}{'text' if words.text else 'markdown'}", str(error))
        return
    except TemplateError as error:
        yield FieldError(f"{place}markdown", f"is not a template: {error}")
        return
    of_html = "markdown" if words.markdown else "html"
    templates = {
        "subject": sources.subject,
        "preheader": sources.preheader,
        of_html: sources.html,
        "text": sources.text,
    }
    defaults = {
        name: said_in(one, language, email.language) for name, one in email.defaults.items()
    }
    for part, template in templates.items():
        if template:
            says = _Saying(f"{place}{part}", template, is_html=part == of_html)
            yield from says.mistakes(defaults, needs_way_out=email.kind == MARKETING)


@dataclass(frozen=True, slots=True)
class _Saying:
    """One part of an email, with its partials in place."""

    place: str
    template: str
    is_html: bool

    def mistakes(self, defaults: Mapping[str, str], *, needs_way_out: bool) -> Iterator[FieldError]:
        for name in NAMES:
            person = f"a person with the first name {name}" if name else NAMELESS_PERSON
            try:
                said = self._said({**SAMPLE, FIRST_NAME: name}, defaults)
            except TemplateError as error:
                yield FieldError(self.place, f"fails for {person}: {error}")
                return
            if not said.strip():
                yield FieldError(self.place, f"is empty for {person}; add some text")
                return
            if needs_way_out and self.place.endswith(("html", "text")) and URL not in said:
                words = (
                    f"has no way out for {person}; add {{{{ {WAY_OUT} }}}} outside any condition"
                )
                yield FieldError(self.place, words)
                return
        yield from _acting(self.place, said, is_html=self.is_html)
        if self.is_html:
            yield from self._failing_for_nobody(defaults)

    def _said(self, facts: Mapping[str, str], defaults: Mapping[str, str]) -> str:
        names = variables_of(self.template)
        pages = {name: URL for name in names if name.startswith(("offer.links.", "answers."))}
        theme = {f"theme.{name}": value for name, value in theme_of(None).items()}
        values = values_of(names, {**pages, **theme, **facts, WAY_OUT: URL}, defaults)
        said = render_strictly(self.template, values)
        if self.is_html:
            said = render_html(self.template, values)
        return without_traces(said)

    def _failing_for_nobody(self, defaults: Mapping[str, str]) -> Iterator[FieldError]:
        """Yield why a part fails for somebody of whom nothing is known. That it then needs a value
        is no mistake: it is not sent.
        """
        try:
            self._said({}, defaults)
        except NoValueError:
            return
        except TemplateError as error:
            yield FieldError(self.place, f"fails for somebody of whom nothing is known: {error}")


NAMELESS_PERSON = "a person without a first name"


def _acting(place: str, said: str, *, is_html: bool) -> Iterator[FieldError]:
    """Yield each link that a program would run."""
    links: list[str] = []
    if is_html:
        reader = _LinkReader(links)
        reader.feed(said)
        reader.close()
    acting = [link for link in links if ACTING_SCHEME.match(UNSEEN_CHARS.sub("", link))]
    for link in acting or SPELT.findall(said):
        words = f"links to {link[:60]}; a link begins with https://, mailto: or tel:"
        yield FieldError(place, words)
        return


class _LinkReader(HTMLParser):
    """Collects the addresses of html as a program reads them, without entities."""

    def __init__(self, links: list[str]) -> None:
        super().__init__(convert_charrefs=True)
        self._links = links

    def handle_starttag(self, _tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._links += [value for name, value in attrs if name in LINKING and value]
