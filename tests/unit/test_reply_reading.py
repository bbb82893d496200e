"""What is read of an answer: whose words are its author's, whether anybody wrote it, what it asks
for; and that no email that strangers write takes long, or breaks anything.
"""

import json
import time
from email.header import Header

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.inert import inert_lines
from chalicelib.limits import INBOUND_MAX_BYTES, REPLY_MAX_CHARS
from chalicelib.nurture.replies.automatic import is_automatic
from chalicelib.nurture.replies.html_text import shown_text
from chalicelib.nurture.replies.notices import Inbound, parse_inbound
from chalicelib.nurture.replies.raw_email import RawEmail, read_email
from chalicelib.nurture.replies.wishes import Wish, wish_of
from chalicelib.nurture.replies.written import Written, bare_words, read_written
from tests.inbound import SUBJECT, notification, raw
from tests.sizes import SIZES

FOOTER = "To unsubscribe, open https://api.example/u/token\nAbmelden, désinscription"
QUOTED = f"> Hi Ann,\n> {FOOTER.replace(chr(10), chr(10) + '> ')}\n"
PERSON = Inbound(recipients=(), is_spam=False, is_from_nobody=False, at=None, service_id="ses-1")


def email_of(content: bytes) -> RawEmail:
    found = read_email(content)
    assert found is not None
    return found


def wish(text: str, subject: str = SUBJECT) -> Wish:
    return wish_of(read_written(text), subject)


# --- whose words they are -------------------------------------------------------------------------

#: Mail program -> what it puts between an answer and the email that it answers.
ANNOUNCED = {
    "gmail": "On Tue, Nov 24, 2026 at 10:00 AM Sam of Keybook <sam@keybook.example>\nwrote:\n\n",
    "gmail in one line": "On Tue, Nov 24, 2026 at 10:00 AM Sam <sam@keybook.example> wrote:\n\n",
    "gmail de": "Am Di., 24. Nov. 2026 um 10:00 Uhr schrieb Sam <\nsam@keybook.example>:\n\n",
    "gmail fr": "Le mar. 24 nov. 2026 à 10:00, Sam <sam@keybook.example> a écrit :\n\n",
    "gmail nl": "Op di 24 nov 2026 om 10:00 schreef Sam <sam@keybook.example>:\n\n",
    "gmail pl": "wt., 24 lis 2026 o 10:00 Sam <sam@keybook.example> napisał(a):\n\n",
    "gmail es": "El mar, 24 nov 2026 a las 10:00, Sam (<sam@keybook.example>) escribió:\n\n",
    "gmail it": "Il giorno mar 24 nov 2026 alle ore 10:00 Sam <s@k.example> ha scritto:\n\n",
    "apple": "> On 24. Nov 2026, at 10:00, Sam <sam@keybook.example> wrote:\n> \n",
    "apple de": "> Am 24.11.2026 um 10:00 schrieb Sam <sam@keybook.example>:\n> \n",
    "apple nl": "Op 24 nov. 2026, om 10:00 heeft Sam <s@k.example> geschreven:\n\n",
    "thunderbird": "On 24/11/2026 10:00, Sam wrote:\n",
    "thunderbird de": "Am 24.11.26 um 10:00 schrieb Sam:\n",
}
#: Outlook marks no line of what it quotes.
HEADS = {
    "outlook": "From: Sam <sam@k.example>\nSent: Tuesday, November 24, 2026 10:00 AM\nTo: Ann\n"
    "Subject: Your guide\n\n",
    "outlook on the web": "\n________________________________\nFrom: Sam <sam@k.example>\n"
    "Sent: Tuesday\nTo: Ann\nSubject: Your guide\n\n",
    "outlook de": "Von: Sam <sam@k.example>\nGesendet: Dienstag, 24. November 2026 10:00\n"
    "An: Ann\nBetreff: Ihr Leitfaden\n\n",
    "old outlook": "-----Ursprüngliche Nachricht-----\nVon: Sam\nGesendet: Dienstag\nAn: Ann\n\n",
    "outlook fr": "De : Sam <sam@k.example>\nEnvoyé : mardi 24 novembre 2026 10:00\nÀ : Ann\n"
    "Objet : Votre guide\n\n",
    "outlook nl": "Van: Sam <sam@k.example>\nVerzonden: dinsdag\nAan: Ann\nOnderwerp: Gids\n\n",
    "outlook pl": "Od: Sam <sam@k.example>\nWysłano: wtorek\nDo: Ann\nTemat: Poradnik\n\n",
    "outlook es": "De: Sam <sam@k.example>\nEnviado: martes\nPara: Ann\nAsunto: Guía\n\n",
    "outlook it": "Da: Sam <sam@k.example>\nInviato: martedì\nA: Ann\nOggetto: Guida\n\n",
    "outlook in bold": "*From:* Sam <sam@k.example>\n*Sent:* Tuesday\n*To:* Ann\n\n",
}


@pytest.mark.parametrize("program", ANNOUNCED)
def test_what_an_answer_quotes_is_not_its_authors(program: str) -> None:
    written = read_written(f"Can you call me?\n\nBest, Ann\n\n{ANNOUNCED[program]}{QUOTED}")
    assert written.text == "Can you call me?\n\nBest, Ann"


@pytest.mark.parametrize("program", HEADS)
def test_what_outlook_quotes_without_marks_is_not_either(program: str) -> None:
    written = read_written(f"Can you call me?\n\n{HEADS[program]}Hi Ann,\n{FOOTER}\n")
    assert written.text == "Can you call me?"
    assert read_written(f"\n{HEADS[program]}Hi Ann,\n{FOOTER}\n").text == ""


@pytest.mark.parametrize("program", ANNOUNCED)
def test_an_answer_below_the_quote_and_in_it_is_read(program: str) -> None:
    below = read_written(f"{ANNOUNCED[program]}> How many?\n\nTwelve.\n> {FOOTER[:14]}\nTomorrow.")
    assert below.text.split() == ["Twelve.", "Tomorrow."]


def test_what_is_written_in_lists_and_behind_thanks_is_kept() -> None:
    text = "Yes:\n- one\n- two\n\nThanks, but when?\nData: 3 TB\nAs Goethe wrote in 1808: nothing"
    assert read_written(text).text == text


def test_a_signature_is_known_and_kept() -> None:
    written = read_written("Call me.\n\n-- \nAnn Example\n+49 30 901820")
    assert written.body == "Call me."
    assert "+49 30 901820" in written.text


def test_a_first_line_is_the_first_that_says_anything() -> None:
    written = Written("\n \nStop\nthe rest", "Stop\nthe rest")
    assert (written.first_line, written.further) == ("Stop", "the rest")


HTML = (
    "<html><head><title>Re</title><style>p {color: red}</style></head><body>"
    "<p>Please <b>call</b> me &amp; Bob.<br>Thanks</p>{quote}</body></html>"
)


@pytest.mark.parametrize(
    "quote",
    [
        '<div class="gmail_quote">On Tue wrote:<blockquote>unsubscribe</blockquote></div>',
        "<blockquote type='cite'><div>Hi</div>unsubscribe</blockquote>",
        '<div id="appendonsend"></div><hr><div id="divRplyFwdMsg">From: Sam</div><p>unsubscribe',
        "<DIV CLASS='yahoo_quoted'>unsubscribe</DIV>",
        "<!-- unsubscribe --><script>unsubscribe</script><style>unsubscribe",
    ],
)
def test_an_answer_in_html_alone_is_read(quote: str) -> None:
    html = HTML.replace("{quote}", quote).encode()
    email = email_of(b"Content-Type: text/html; charset=utf-8\r\n\r\n" + html)
    assert read_written(email.text).text == "Please call me & Bob.\nThanks"


def test_the_text_is_read_where_there_is_one() -> None:
    email = email_of(raw("Call me.", html="<p>Something else</p>"))
    assert email.text.strip() == "Call me."


def test_attachments_are_not_read() -> None:
    part = b"--b\r\nContent-Type: text/plain\r\n"
    content = (
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"
        + part
        + b"Content-Disposition: attachment; filename=a.txt\r\n\r\nunsubscribe\r\n"
        + part
        + b"\r\nCall me.\r\n--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: x\r\n\r\nstop\r\n"
    )
    assert email_of(content).text.strip() == "Call me."


@pytest.mark.parametrize(
    ("charset", "said"),
    [
        ("utf-8", "Désinscription"),
        ("iso-8859-1", "Désinscription"),
        ("windows-1252", "Désinscription"),
        ("iso-8859-2", "Rezygnuję"),
        ("utf-16", "Désinscription"),
        ("gb18030", "停止"),
        ("no-such-charset", "Désinscription"),
    ],
)
def test_any_charset_is_read(charset: str, said: str) -> None:
    coded = said.encode("utf-8" if charset == "no-such-charset" else charset)
    head = f"Content-Type: text/plain; charset={charset}\r\n\r\n"
    assert email_of(head.encode() + coded).text == said


def test_headers_are_read_as_people_do() -> None:
    coded = Header("Ré: Großes", "iso-8859-1").encode()
    email = email_of(f"SUBJECT: {coded}\r\nsubject: second\r\nX-A: =?x?q?a?=\r\n\r\n".encode())
    assert email.headers["subject"] == "Ré: Großes"
    assert email.headers["x-a"]


# --- whether anybody wrote it ---------------------------------------------------------------------


def is_machine(content: bytes, inbound: Inbound = PERSON, our_subject: str = "Your guide") -> bool:
    return is_automatic(email_of(content), inbound, our_subject)


@pytest.mark.parametrize(
    "headers",
    [
        {"Auto-Submitted": "auto-replied"},
        {"Auto-Submitted": "Auto-Generated; owner=x"},
        {"X-Autoreply": "yes"},
        {"X-Autorespond": "Re: Your guide"},
        {"Precedence": "auto_reply"},
        {"Precedence": "Bulk"},
        {"Precedence": "junk"},
        {"Return-Path": "<>"},
        {"Return-Path": "<MAILER-DAEMON>"},
        {"List-Id": "Friends <friends.acme.example>"},
        {"From": "Mail Delivery System <MAILER-DAEMON@acme.example>"},
    ],
)
def test_a_header_says_that_a_machine_wrote(headers: dict[str, str]) -> None:
    assert is_machine(raw("I am away until Monday.", headers=headers))


@pytest.mark.parametrize(
    "subject",
    [
        "Automatic reply: Your guide",
        "Out of Office: Re: Your guide",
        "OOO until Monday",
        "RE: Out of the office",
        "Autoreply: Your guide",
        "Abwesenheitsnotiz: Your guide",
        "Automatische Antwort: Your guide",
        "AW: Abwesenheit",
        "Réponse automatique : Your guide",
        "Absence du bureau : Your guide",
        "Automatisch antwoord: Your guide",
        "Afwezig: Your guide",
        "Automatyczna odpowiedź: Your guide",
        "Odpowiedź automatyczna: Your guide",
        "Poza biurem",
        "Respuesta automática: Your guide",
        "Risposta automatica: Your guide",
        "Fuori sede",
    ],
)
def test_a_subject_says_that_a_machine_wrote(subject: str) -> None:
    assert is_machine(raw("I am away.", Subject=subject))


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Auto-Submitted": "no"},
        {"Precedence": "normal"},
        {"Subject": "Automation of our office"},
        {"Subject": "Is your office out of paper?"},
        {"X-Auto-Response-Suppress": "All"},
        {"Return-Path": "<ann@acme.example>"},
    ],
)
def test_what_a_person_wrote_is_not_taken_for_a_machines(headers: dict[str, str]) -> None:
    assert not is_machine(raw("Call me.", headers=headers))


def test_our_own_subject_is_not_taken_for_a_machines() -> None:
    ours = "Out of office? Plan ahead"
    assert not is_machine(raw("Call me.", Subject=f"Re: {ours}"), our_subject=ours)


def test_reports_and_answers_to_invitations_are_a_machines() -> None:
    report = b"Content-Type: multipart/report; boundary=b; report-type=delivery-status\r\n\r\n"
    assert is_machine(report + b"--b\r\n\r\nIt failed.\r\n--b--")
    invitation = b"Content-Type: multipart/alternative; boundary=b\r\n\r\n--b\r\n\r\nAccepted\r\n"
    calendar = b"--b\r\nContent-Type: text/calendar; charset=utf-8;\r\n method=REPLY\r\n\r\nx\r\n"
    assert is_machine(invitation + calendar)


@pytest.mark.parametrize("sender", ["", "<>"])
def test_an_empty_sender_is_a_machines(sender: str) -> None:
    found = parse_inbound(
        notification("a@b.example").replace('"source": "ann@acme.example"', f'"source": "{sender}"')
    )
    assert found is not None
    assert found.is_from_nobody
    assert is_machine(raw("Away."), found)


# --- what it asks for -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "stop",
        "STOP!",
        "Stopp.",
        "*Stop*",
        "“Unsubscribe”",
        "unsubscribe\n\nSent from my iPhone",
        "Abmelden",
        "désinscription",
        "DÉSINSCRIPTION.",
        "Desinscription",
        "Afmelden",
        "Uitschrijven",
        "Rezygnuję",
        "baja",
        "Please unsubscribe",
        "\n\n  Stop\n\nAnn Example\nCTO, Acme",
        f"Stop\n\n{ANNOUNCED['gmail']}{QUOTED}",
        f"{ANNOUNCED['thunderbird']}{QUOTED}\nStop\n",
        f"Stop\n\n{HEADS['outlook']}Hi Ann,\n{FOOTER}",
        "St\u200bop",
    ],
)
def test_a_first_line_that_is_stop_stops(text: str) -> None:
    assert wish(text) is Wish.STOP


def test_a_subject_that_is_stop_stops_where_nothing_is_written() -> None:
    assert wish("", "Unsubscribe") is Wish.STOP
    assert wish("Thank you", "UNSUBSCRIBE") is Wish.MAY_STOP
    assert wish("", SUBJECT) is Wish.NONE


@pytest.mark.parametrize(
    "text",
    [
        "Please remove me.",
        "Hi Sam,\n\nplease remove me from your list.\n\nAnn",
        "unsubscribe me",
        "Take me off this list",
        "Hi\nSTOP",
        "Stop sending me this",
        "Please stop emailing me, thanks",
        "Thanks, but please stop",
        "No more emails please",
        "I don't want to receive any more emails",
        "I do not wish to be contacted",
        "We are not interested",
        "Where did you get my address?",
        "This is spam",
        "I can't unsubscribe, your link does not work",
        "I can\u2019t find out how to opt out",
        "Keine Mails mehr, bitte",
        "Bitte keine weiteren E-Mails",
        "Ich möchte den Newsletter abbestellen",
        "Bitte melden Sie mich ab",
        "Bitte löschen Sie meine Daten",
        "Schreiben Sie mir nicht mehr, bitte nicht mehr anschreiben",
        "Hiermit widerspreche ich der Nutzung meiner Daten",
        "Kein Interesse",
        "Lassen Sie mich in Ruhe",
        "Merci de me désinscrire",
        "Je ne souhaite plus recevoir vos mails",
        "Pas intéressé",
        "Supprimez-moi de la liste",
        "Graag afmelden voor deze mails",
        "Geen interesse",
        "Ik wil geen mails meer",
        "Proszę mnie wypisać, proszę usunąć mój adres",
        "Proszę nie wysyłać więcej wiadomości",
        "Nie jestem zainteresowany",
        "Por favor, quiero darme de baja",
        "No me envíen más correos",
        "Vi prego di cancellarmi dalla lista",
        "Non sono interessato",
    ],
)
def test_what_may_ask_to_stop_is_for_a_person(text: str) -> None:
    assert wish(text) is Wish.MAY_STOP


@pytest.mark.parametrize(
    "text",
    [
        "Can you call me?",
        "Please don't stop, this is great",
        "Please don\u2019t stop!",
        "Bitte nicht aufhören",
        "Sounds good. What does it cost for 120 people?",
        "Können Sie mich morgen anrufen?",
        "Wir hätten gern ein Angebot für 50 Nutzer.",
        "Merci, pouvez-vous m'appeler ?",
        "Kunt u mij bellen?",
        "Proszę o telefon jutro.",
        "¿Pueden llamarme mañana?",
        "Potete chiamarmi domani?",
        "Thank you, got it.",
        "",
        f"Great, thanks\n\n{ANNOUNCED['gmail']}{QUOTED}",
        f"Great, thanks\n\n{HEADS['outlook de']}Hallo,\n{FOOTER}",
        f"{ANNOUNCED['gmail de']}{QUOTED}",
    ],
)
def test_what_asks_for_nothing_of_the_kind_is_a_reply(text: str) -> None:
    assert wish(text) is Wish.NONE


def test_words_are_compared_bare() -> None:
    assert bare_words("  ŁÓDŹ — Größe, Œuvre; don\u2019t\u200b ") == "lodz grosse oeuvre dont"


# --- what strangers can write ---------------------------------------------------------------------

SECONDS = 6  # of one processor, on a busy machine; the worst takes one and a half
HEAD = b"From: a@b.example\r\nTo: c@d.example\r\n"
PART = b'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\n'
HOSTILE: dict[str, bytes] = {
    "a thousand multiparts": HEAD + b"".join(PART % (n, n) for n in range(2_000)),
    "nine multiparts": HEAD + b"".join(PART % (n, n) for n in range(9)) + b"a\n" * 250_000,
    "many parts": HEAD + PART % (0, 0) + b"--b0\r\n\r\na\r\n" * 50_000,
    "an email in an email": HEAD + b"Content-Type: message/rfc822\r\n\r\n" * 15_000,
    "reports": HEAD + b"Content-Type: message/delivery-status\r\n\r\n" + b"a: b\r\n\r\n" * 60_000,
    "many headers": HEAD + b"a:b\n" * 120_000,
    "a long header": HEAD + b"Subject: a\n" + b" a\n" * 170_000,
    "parameters": HEAD + b"Content-Type: text/plain" + b";a=b" * 120_000 + b"\r\n\r\nx",
    "coded words": HEAD + b"Subject: " + b"=?a?q?" * 80_000,
    "punycode": HEAD + b"Content-Type: text/plain; charset=punycode\r\n\r\n" + b"a-" * 250_000,
    "zlib": HEAD + b"Content-Type: text/plain; charset=zlib\r\n\r\n" + b"x\x9c" * 250_000,
    "a strange charset": HEAD + b'Content-Type: text/plain; charset="\x00\xff"\r\n\r\nhello',
    "blank lines": HEAD + b"\r\na" + b"\n" * 500_000,
    "carriage returns": HEAD + b"\r" * 500_000,
    "zero bytes": b"\0" * 500_000,
    "every byte": bytes(range(256)) * 2_000,
    "nothing": b"",
    "too much": b"a" * (INBOUND_MAX_BYTES + 1),
    **{
        f"html {name}": HEAD + b"Content-Type: text/html\r\n\r\n" + piece * (500_000 // len(piece))
        for name, piece in {
            "tags": b"<",
            "comments": b"<!--",
            "marks": b"<![",
            "attributes": b"<a b='",
            "divs": b"<div>",
            "ends": b"<div></blockquote>",
            "styles": b"<style>",
            "entities": b"&#x",
        }.items()
    },
    **{
        f"text {piece[:10]!r}": HEAD + b"\r\n" + (piece * 500_000).encode()[:500_000]
        for piece in (
            "On ",
            "Am schrieb ",
            "On a\nwrote\n",
            "Le a écrit ",
            "From: a\nTo: b\n",
            "@10:00 wrote:\n",
            "> > On x\n",
            "Disclaimer: mail ",
            "- a\n",
            "________________________________\n",
            "kein a b c ",
            "do not x ",
        )
    },
}


@pytest.mark.parametrize("name", HOSTILE)
def test_no_email_takes_long_or_breaks_anything(name: str) -> None:
    started = time.process_time()
    email = read_email(HOSTILE[name])
    if email is not None:
        written = read_written(email.text)
        assert len(written.text) <= REPLY_MAX_CHARS
        wish_of(written, email.headers.get("subject", ""))
        is_automatic(email, PERSON, "")
        inert_lines(written.text)
    assert time.process_time() - started < SECONDS


@given(st.binary(max_size=300))
def test_any_bytes_are_read(content: bytes) -> None:
    email = email_of(HEAD + content)
    wish_of(read_written(email.text), email.headers.get("subject", ""))


@given(st.text(alphabet="<>/!-&;abdiv =\"'\n", max_size=200))
def test_any_html_is_read(html: str) -> None:
    assert "\r" not in shown_text(html)


@settings(max_examples=SIZES.input_cases)
@given(st.text(max_size=300))
def test_nothing_that_is_written_acts_in_a_notice(text: str) -> None:
    for line in inert_lines(f"{text} http://evil.example <b>@ann"):
        assert "://" not in line
        assert "<" not in line
        assert "@" not in line


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "[]",
        "Successfully validated SNS topic for Amazon SES event publishing.",
        "[" * 100_000,
        '{"notificationType": "Bounce"}',
        '{"notificationType": ["Received"]}',
    ],
)
def test_what_is_no_received_email_is_none(text: str) -> None:
    assert parse_inbound(text) is None


@pytest.mark.parametrize(
    "said",
    [
        {"mail": None, "receipt": None},
        {"mail": {"timestamp": 7, "messageId": ["x"]}, "receipt": {"recipients": [7, None]}},
        {"receipt": {"action": [], "spamVerdict": "FAIL"}, "content": 7},
        {"receipt": {"action": {"encoding": "BASE64"}}, "content": "%"},
        {"mail": {"destination": "x" * 100, "commonHeaders": []}},
    ],
)
def test_a_notification_may_say_anything(said: dict[str, object]) -> None:
    found = parse_inbound(json.dumps({"notificationType": "Received", **said}))
    assert found is not None
    assert not found.recipients
    assert not found.is_spam
