"""The emails that ship are whole, in two languages, and say what they mean."""

import re

import pytest

from chalicelib.delivery.messages import Email
from chalicelib.document import parse_document
from chalicelib.nurture.from_markdown import JINJA
from chalicelib.nurture.sequences import SequenceDocument
from infra import defaults
from tests.baton import InMemoryBaton
from tests.shipped import (
    LANGUAGES,
    STRANGER,
    UNSUBSCRIBE,
    company,
    each,
    emails,
    rendered,
    seen_in,
)

SUBJECT_MAX_CHARS = 45
WORDS_MAX = 119
WORD = re.compile(r"[^\W_]+(?:[\u2019'.,-][^\W_]+)*")
LINK = re.compile(r" ?\(?https?://[^\s)]+\)?")
#: What a reader takes for a machine, a trick or a stranger's hand on the shoulder.
AVOIDED = re.compile(
    r"(?i:!|\bRe:|\bFwd:|just checking in|touch base|circle back|hope this finds|no-brainer|"
    r"\bI (?:saw|noticed) (?:that )?you|we (?:saw|noticed) (?:that )?you|click here|act now|"
    r"last chance|jetzt sichern|whitepaper|wir haben (?:gesehen|bemerkt)|ich habe gesehen|"
    r"hier klicken)|\b(?:Hi|Hello|Hey|Dear|Hallo|Liebe[rs]?|Guten Tag)\b"
)
FAMILIAR = re.compile(r"\b(?:du|dich|dir|dein\w*|euch|euer|eure\w*)\b", re.IGNORECASE)
STRAIGHT = re.compile(r"[\"']")
#: What an email may print: words that the company wrote, or names of things, never an identifier.
PRINTED = re.compile(
    r"(offer|sender|owner|answers|asset)\.[a-z_.]+|form\.title|company_name|website|privacy_url|"
    r"unsubscribe_url|confirm_url|asked_(on|weekday|month)|month|later_month|spoke_month"
)
VARIABLE = re.compile(r"[a-z_]+(?:\.[a-z_]+)*")
KEYWORDS = {"if", "else", "elif", "endif", "and", "or", "not"}
EACH = pytest.mark.parametrize(("email_id", "language"), [*each()])


def words_of(email_id: str, language: str) -> str:
    """Return what an email says above its signature, without addresses."""
    body = rendered(email_id, language).text.partition("\nMia Muster\n")[0]
    return LINK.sub("", body)


def sequences() -> dict[str, SequenceDocument]:
    found = defaults.documents_in(defaults.DEFAULTS)
    return {
        one_id: parse_document(SequenceDocument, document)
        for (kind, one_id), document in found.items()
        if kind == "sequence"
    }


def emails_of(sequence: SequenceDocument) -> set[str]:
    """Return the emails that a sequence may send."""
    own = set(sequence.step_ids)
    named = {email for step in sequence.steps for email in (*step.every_email, step.else_)}
    return {one for one in named if one and one not in own}


def test_each_email_belongs_somewhere() -> None:
    marketing = {one_id for one_id, email in emails().items() if email.kind == "marketing"}
    sent = {one for sequence in sequences().values() for one in emails_of(sequence)}
    assert sent == marketing


@pytest.mark.parametrize("email_id", emails())
def test_an_email_is_written_in_both_languages(email_id: str) -> None:
    email = emails()[email_id]
    assert (email.language, *email.languages) == LANGUAGES
    for _, _, words in email.every_words():
        assert words.subject
        assert words.preheader
        assert words.markdown


@EACH
def test_an_email_is_short_and_calm(email_id: str, language: str) -> None:
    subject = rendered(email_id, language).subject
    words = words_of(email_id, language)
    assert len(subject) <= SUBJECT_MAX_CHARS
    assert len(WORD.findall(words)) <= WORDS_MAX
    assert AVOIDED.findall(f"{subject}\n{words}") == []


@EACH
def test_an_email_asks_for_one_thing(email_id: str, language: str) -> None:
    """One link, or the answers to one question, or a reply."""
    own = seen_in(rendered(email_id, language).html.partition("Mia Muster</strong>")[0]).links[1:]
    answers = [len(one.answers) for one in emails()[email_id].questions.values()]
    if answers:
        assert answers[0] <= len(own) <= 3
        assert len(answers) == 1
    else:
        assert len(own) <= 1
        asks = "antwort" if language == "de" else "repl"
        assert own or asks in words_of(email_id, language).casefold()


@EACH
def test_an_email_needs_nobodys_name(email_id: str, language: str) -> None:
    email = emails()[email_id]
    words = email.words_in(language)
    assert "first_name" not in f"{words.subject}{words.markdown}".replace("owner.first_name", "")
    if "spoke_month" not in words.subject:
        assert (
            rendered(email_id, language, STRANGER).subject == rendered(email_id, language).subject
        )


@pytest.mark.parametrize("email_id", emails())
def test_an_email_prints_no_identifier(email_id: str) -> None:
    for _, _, words in emails()[email_id].every_words():
        said = f"{words.subject} {words.preheader} {words.markdown}"
        names = {
            name for tag in JINJA.findall(said) for name in VARIABLE.findall(tag[2:-2])
        } - KEYWORDS
        assert [name for name in names if not PRINTED.fullmatch(name)] == []
        assert "_" not in JINJA.sub("", said)


@pytest.mark.parametrize("email_id", emails())
def test_german_is_polite_and_printed_well(email_id: str) -> None:
    email = rendered(email_id, "de")
    words = f"{email.subject}\n{words_of(email_id, 'de')}"
    assert FAMILIAR.findall(words) == []
    assert STRAIGHT.findall(words) == []
    assert words.count("„") == words.count("“")
    english = f"{rendered(email_id, 'en').subject}\n{words_of(email_id, 'en')}"
    assert STRAIGHT.findall(english) == []
    assert english.count("“") == english.count("”")


@EACH
def test_a_plain_reader_loses_nothing(email_id: str, language: str) -> None:
    email = rendered(email_id, language)
    seen = seen_in(email.html)
    text = " ".join(email.text.split())
    assert [one for one in seen.texts if one not in text and one != "·"] == []
    links = [one for one in seen.links if not one.startswith("tel:")]
    assert [one for one in links if one not in email.text and one != company().website] == []


@EACH
def test_an_email_says_from_whom_and_why(email_id: str, language: str) -> None:
    email = rendered(email_id, language)
    is_answer = emails()[email_id].kind == "answer"
    for said in (email.text, " ".join(seen_in(email.html).texts)):
        assert "Mia Muster" in said
        assert "Beispielweg 1" in said
        assert ("Access review handbook" in said) is not is_answer
    assert (UNSUBSCRIBE in email.text) is (UNSUBSCRIBE in email.html) is not is_answer


def test_what_confirms_advertises_nothing() -> None:
    for language, confirms in (("en", "Please confirm"), ("de", "Bitte bestätigen")):
        open_one = rendered("answer-newsletter", language)
        assert open_one.subject.startswith(confirms)
        assert str(company().offer.booking_url) not in open_one.html
        done = rendered("answer-newsletter", language, is_confirmed=True)
        assert not done.subject.startswith(confirms)
        assert "/confirm/" not in done.text


@pytest.mark.parametrize(
    ("form", "country", "subject"),
    [
        ("trial", "US", "We have your request: what happens next"),
        ("contact", "DE", "Ihre Nachricht ist angekommen"),
        ("webinar", "AT", "Sie sind dabei"),
    ],
)
def test_a_form_that_ships_is_answered_at_once(form: str, country: str, subject: str) -> None:
    baton = InMemoryBaton()
    baton.form(form, email="ann@acme.example", country=country, first_name="Ann")
    baton.until_quiet()
    sent = [one for one in baton.ports.senders.sent if isinstance(one, Email)]
    (answer,) = [one for one in sent if one.to == "ann@acme.example"]
    assert answer.subject == subject
    assert "Ann" not in answer.text
    assert "List-Unsubscribe" not in answer.headers
