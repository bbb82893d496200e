"""What an email says: to whom, in which language, as html and as text, and never with a gap."""

import re
from dataclasses import replace
from datetime import date
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from chalicelib.company import SettingsDocument
from chalicelib.company.colours import READABLE, contrast
from chalicelib.delivery.templates import NoValueError
from chalicelib.document import parse_document
from chalicelib.events import Event, Kind, Rank
from chalicelib.leads.lead import Lead
from chalicelib.nurture.email_checks import NAMES
from chalicelib.nurture.email_document import EmailDocument
from chalicelib.nurture.email_warnings import email_warnings
from chalicelib.nurture.emails import languages_for, rendered_for
from chalicelib.nurture.framing import theme_of
from chalicelib.nurture.plain_text import text_of_html
from chalicelib.nurture.reader import Asked, EmailReader, reader_of
from chalicelib.nurture.rendering import Rendered
from tests import factories as make
from tests.fakes import NOW

WAY_OUT = "https://api.keybook.example/u/token"
COMPANY = parse_document(
    SettingsDocument,
    {
        "company_name": "Keybook",
        "colour": "#ffe34d",
        "website": "https://keybook.example",
        "privacy_url": "https://keybook.example/privacy",
        "postal_address": "Beispielweg 1\n10115 Berlin",
        "legal_notice": {"de": "Sitz: Berlin", "en": "Registered in Berlin"},
        "sender": {"name": "Ann Bee", "role": "Product", "phone": "+49 30 901820"},
        "offer": {
            "product": "Keybook",
            "job": "planning shifts",
            "price_page": "https://keybook.example/pricing?a=1&b=2",
        },
    },
)
ANN = EmailReader(
    today=date(2026, 11, 28),
    first_name="Ann",
    languages=("en",),
    asked=Asked("the buyer's guide", date(2026, 11, 22)),
)
NOBODY = EmailReader(today=date(2026, 11, 28))
#: What somebody may type as a name, and what an email may say of it.
TYPED = {
    "": "",
    "李": "李",
    "Мария": "Мария",
    "O'Neil": "O'Neil",
    "=?utf-8?q?x?=": "",
    "{{7*7}}": "",
    "<b>": "",
    "Ann\r\nBcc: x@y": "",
    "A" * 300: "",
    "http://evil.example": "",
    "javascript:alert(1)": "",
    "You have won": "",
    "%0d%0aBcc:x@y": "",
    "\u202eAnn": "",
    "evil.example": "",
}


def email_of(**parts: Any) -> EmailDocument:
    return parse_document(EmailDocument, {"id": "x", "subject": "Hello", **parts})


def say(
    markdown: str = "",
    *,
    reader: EmailReader = ANN,
    language: str = "en",
    company: SettingsDocument = COMPANY,
    **parts: Any,
) -> Rendered:
    """Return an email as its reader gets it."""
    words = {"markdown": markdown} if markdown else {}
    email = email_of(**words, **parts)
    return rendered_for(
        email,
        language,
        reader=reader,
        company=company,
        unsubscribe_url=WAY_OUT,
        also={},
        partials=lambda _id: None,
    )


def named(name: str, rank: Rank = Rank.CONFIRMED) -> EmailReader:
    lead = Lead(lead_id=make.LEAD_ID, profile=make.profile({"first_name": name}, rank))
    return reader_of(lead, [], title_of=lambda _form: "", owner=None, now=NOW)


class Seen(HTMLParser):
    """The tags of html."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, _attrs: Any) -> None:
        self.tags.append(tag)


# --- what everybody gets --------------------------------------------------------------------------


@pytest.mark.parametrize("part", ["text", "html"])
def test_each_part_ends_with_sender_reason_and_way_out(part: str) -> None:
    said = getattr(say("Read this."), part).replace("&#39;", "'")
    wanted = [
        "Read this.",
        "Ann Bee",
        "+49 30 901820",
        "You asked for the buyer's guide on 22 November 2026.",
        "Beispielweg 1",
        "10115 Berlin",
        "Registered in Berlin",
        "https://keybook.example/privacy",
        WAY_OUT,
    ]
    places = [said.index(one) for one in wanted]
    assert places == sorted(places)


def test_what_is_not_known_leaves_no_line() -> None:
    said = say("Read this.", reader=NOBODY, company=SettingsDocument())
    assert said.text == (
        "Read this.\n\n--\nYou get this email because you are in contact with us.\n\n"
        f"Unsubscribe: {WAY_OUT}\n"
    )


def test_a_german_gets_german_throughout() -> None:
    words = {"subject": "Guten Tag", "markdown": "Lesen Sie das."}
    said = say("Read.", languages={"de": words}, language="de")
    assert said.subject == "Guten Tag"
    for part in (said.text, said.html):
        assert "22. November 2026" in part
        assert "Sitz: Berlin" in part
        assert "Abmelden" in part
    assert '<html lang="de">' in said.html


def test_a_whole_document_is_kept_and_gets_the_footer() -> None:
    own = "<html><body><p>Mine {{ unsubscribe_url }}</p></body></html>"
    said = say(html=own)
    assert said.html.startswith(f"<html><body><p>Mine {WAY_OUT}</p>")
    assert said.html.endswith("</body></html>")
    assert "10115 Berlin" in said.html
    assert said.html.count(WAY_OUT) == 1
    assert "10115 Berlin" in said.text


# --- languages ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spoken", "company", "first"),
    [
        (("de-AT",), "en", "de"),
        (("de_CH",), "en", "de"),
        (("fr",), "en", "en"),
        ((), "en", "en"),
        ((), "de", "de"),
        (("blog", "de"), "en", "de"),
        (("DE",), "en", "de"),
    ],
)
def test_a_reader_gets_the_best_language_there_is(
    spoken: tuple[str, ...], company: str, first: str
) -> None:
    email = email_of(markdown="a", languages={"de": {"subject": "s", "markdown": "b"}})
    reader = replace(NOBODY, languages=spoken)
    settings = SettingsDocument(language=company)
    assert next(languages_for(email, reader, settings)) == first


@pytest.mark.parametrize(
    ("properties", "fields", "languages"),
    [
        ({"url": "https://keybook.example/de/demo"}, {}, ["de"]),
        ({"url": "https://keybook.example/?lang=fr"}, {}, ["fr"]),
        ({"browser_language": "de-AT"}, {}, ["de-AT"]),
        ({}, {"country": "AT"}, ["de"]),
        ({"browser_language": "en"}, {"language": "de-AT"}, ["de-AT", "en"]),
    ],
)
def test_a_form_says_what_its_sender_speaks(
    properties: dict[str, str], fields: dict[str, str], languages: list[str]
) -> None:
    event: Event = replace(make.form("demo"), properties=properties)
    lead = Lead(lead_id=make.LEAD_ID, profile=make.profile(fields) if fields else {})
    reader = reader_of(lead, [event], title_of=str, owner=None, now=NOW)
    assert [one for one in reader.languages if one] == languages


# --- names ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("typed", "name"), TYPED.items(), ids=range(len(TYPED)))
@pytest.mark.parametrize("rank", list(Rank))
def test_a_name_can_neither_act_nor_leave_a_gap(typed: str, name: str, rank: Rank) -> None:
    said = say(
        "Hi {{ first_name }},\n\nread *this*, {{ first_name }}.",
        subject="{{ first_name }}, hello {{ first_name }}",
        reader=named(typed, rank),
    )
    shown = name if rank is Rank.CONFIRMED else ""
    assert said.subject == (f"{shown}, hello {shown}" if shown else "Hello")
    assert said.text.startswith(f"Hi {shown},\n" if shown else "Hi,\n\nread this.\n")
    assert Seen(said.html).tags == Seen(say("Hi,\n\nread *this*.").html.replace("x", "x")).tags
    assert "Hi ," not in said.text + said.html


def test_a_name_greets_once_a_person_clicked() -> None:
    lead = Lead(lead_id=make.LEAD_ID, profile=make.profile({"first_name": "Ann"}, Rank.FORM))
    form = make.form("guide")
    click = replace(form, id="0000000000001-0000000000000001", kind=Kind.MAIL, name="clicked")
    retraction = replace(
        form,
        id="0000000000002-0000000000000002",
        kind=Kind.PERSON,
        name="retracted",
        properties={"event_ids": click.id},
    )

    def greeted(*events: Event) -> str:
        return reader_of(lead, events, title_of=str, owner=None, now=NOW).first_name

    assert greeted(form) == ""
    assert greeted(click, form) == "Ann"
    assert greeted(replace(click, name="machine_clicked"), form) == ""
    assert greeted(retraction, click, form) == ""


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        ("Hi {{ first_name }}!", "Hi!"),
        ("Hi **{{ first_name }}**, you", "Hi, you"),
        ("{{ first_name }}, three things", "Three things"),
        ("How are you, {{ first_name }}?", "How are you?"),
        ("Hi {{ first_name | title }}, you", "Hi, you"),
        ("Hi {{ first_name or 'there' }},", "Hi there,"),
        ("Hi {{ first_name | default('you') }},", "Hi you,"),
        ("{% if first_name %}Dear {{ first_name }},{% else %}Welcome.{% endif %}", "Welcome."),
        ("{% if first_name == '' %}Nobody{% endif %}", "Nobody"),
    ],
)
def test_where_no_name_is_known_no_trace_of_it_stays(words: str, shown: str) -> None:
    assert say(words, reader=NOBODY).text.startswith(f"{shown}\n")


def test_a_default_stands_in_for_a_name() -> None:
    said = say("Hi {{ first_name }},", reader=NOBODY, defaults={"first_name": "there"})
    assert said.text.startswith("Hi there,\n")


@given(some.sampled_from(NAMES), some.text(max_size=20))
def test_no_greeting_has_a_gap(name: str, around: str) -> None:
    plain = re.sub(r"[^\w ]", "", around)
    said = say(
        text=f"{plain}Hi {{{{ first_name }}}}, {plain}\n{{{{ unsubscribe_url }}}}",
        reader=replace(NOBODY, first_name=name),
    )
    assert "Hi ," not in said.text
    assert "\ue000" not in said.text + said.html + said.subject


# --- values that are missing ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "words",
    [
        "{{ offer.unit }}",
        "{{ offer.unit | upper }}",
        "{{ offer.unit ~ '!' }}",
        "{{ offer.unit | urlencode }}",
        "{{ offer.unit | length }}",
        "{{ offer.unit | first }}",
        "{{ offer.unit | safe }}",
        "{{ offer.unit | truncate(5) }}",
        "[x]({{ offer.links.trial }})",
        "{{ owner.name }}",
        "{{ offer.case.result }}",
    ],
)
def test_an_email_is_not_sent_with_a_gap(words: str) -> None:
    with pytest.raises(NoValueError):
        say(words)


@pytest.mark.parametrize(
    "words",
    [
        "{% if offer.unit %}per {{ offer.unit }}{% endif %}ok",
        "{{ offer.unit or 'ok' }}",
        "{{ offer.unit | default('ok') }}",
        "{% if not offer.unit %}ok{% endif %}",
    ],
)
def test_a_condition_guards_a_value_that_is_missing(words: str) -> None:
    assert say(words).text.startswith("ok\n")


# --- Markdown -------------------------------------------------------------------------------------


def test_a_value_is_never_markup() -> None:
    said = say(
        "{{ form.title }}",
        reader=replace(ANN, asked=Asked("**<i>bold</i>** [x](https://evil.example)", NOW.date())),
    )
    assert "<i>" not in said.html
    assert "**&lt;i&gt;bold" in said.html
    assert 'href="https://evil.example"' not in said.html


def test_html_in_markdown_is_shown_as_text() -> None:
    assert "<script" not in say("<script>alert(1)</script>").html


def test_a_paragraph_that_is_a_bold_link_is_a_button() -> None:
    said = say("**[Read it]({{ offer.price_page }})**\n\nor [here](https://a.example)")
    (button,) = re.findall(r'<a [^>]*class="button"[^>]*>', said.html)
    assert 'href="https://keybook.example/pricing?a=1&amp;b=2"' in button
    assert "background-color:#ffe34d;color:#000000" in button
    assert "Read it:\nhttps://keybook.example/pricing?a=1&b=2\n" in said.text


def test_a_condition_stands_around_paragraphs_and_items() -> None:
    said = say("a\n{% if offer.unit %}\n- no\n{% else %}\n- yes\n{% endif %}\nb")
    assert said.text.startswith("a\n\n- yes\n\nb\n")


@given(some.from_regex(r"#[0-9a-f]{6}", fullmatch=True))
def test_every_colour_of_a_company_can_be_read(colour: str) -> None:
    theme = theme_of(colour)
    assert contrast(theme["ink"], theme["button"]) >= READABLE
    assert contrast(theme["link"], "#ffffff") >= READABLE


def test_a_link_too_pale_to_read_is_blue() -> None:
    assert "color:#1d4ed8" in say("[x](https://a.example)").html


# --- the text of html -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<style>p{color:red}</style><p>Hello</p>", "Hello\n"),
        ("<ul><li>one</li><li>two</li></ul>", "- one\n- two\n"),
        ("<ol start=3><li><p>one</p></li><li>two</li></ol>", "3. one\n\n4. two\n"),
        ("<ul><li>a<ul><li>b</li></ul></li><li>c</li></ul>", "- a\n  - b\n- c\n"),
        ("<p>a<br>b</p><p>c</p>", "a\nb\n\nc\n"),
        ("<p><a href='https://a.example'>Read</a></p>", "Read:\nhttps://a.example\n"),
        (
            "<p>See <a href='https://a.example'>a</a> and <a href='https://b.example'>b</a>.</p>",
            "See a [1] and b [2].\n\n[1] https://a.example\n[2] https://b.example\n",
        ),
        ("<a href='https://a.example'>https://a.example</a>", "https://a.example\n"),
        ("<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>", "a | b\nc\n"),
        ("<img src=x alt='Keybook'>", "Keybook\n"),
        ("<p>a &lt;b&gt; &amp; c</p>", "a <b> & c\n"),
        ("<div style='display: none'>hidden</div><p>seen</p>", "seen\n"),
        ("<p>open<p>next", "open\n\nnext\n"),
        ("<a href='mailto:ann@acme.example'>Write</a>", "Write:\nann@acme.example\n"),
        ("<a href='tel:+4930901820'>+49 30 901820</a>", "+49 30 901820\n"),
        ("<a href='https://a.example'><img src=x></a>", "https://a.example\n"),
    ],
)
def test_text_made_of_html_loses_nothing(html: str, text: str) -> None:
    assert text_of_html(html) == text


@given(some.lists(some.text(alphabet=some.characters(codec="utf-8"), max_size=20), max_size=6))
def test_any_html_becomes_text_with_every_address(pieces: list[str]) -> None:
    links = [f"https://a.example/{number}" for number in range(len(pieces))]
    html = "".join(
        f"<p>{piece.replace('<', '').replace('&', '')}<a href='{link}'>x{number}</a>"
        for number, (piece, link) in enumerate(zip(pieces, links, strict=True))
    )
    text = text_of_html(html)
    assert [link for link in links if link not in text] == []
    assert not re.search("[\x00-\x02]", text)


# --- warnings -------------------------------------------------------------------------------------


def test_html_that_is_cut_off_is_warned_of() -> None:
    email = email_of(markdown="Many words. " * 4_000, html="")
    assert not [*email_warnings(email, COMPANY, lambda _id: None)]
    email = email_of(html=f"<p>{'Many words. ' * 10_000}</p>{{{{ unsubscribe_url }}}}")
    (warning,) = email_warnings(email, COMPANY, lambda _id: None)
    assert (warning.field, warning.message[:6]) == ("html", "makes ")
    assert "102 KB" in warning.message


def test_what_an_email_cannot_do_without_is_warned_of() -> None:
    email = email_of(markdown="{{ owner.name }}: {{ form.title }}")
    (warning,) = email_warnings(email, COMPANY, lambda _id: None)
    assert "owner.name, form.title" in warning.message
