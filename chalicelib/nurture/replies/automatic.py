"""Automatic replies: nobody wrote them, so they end nothing and stop nothing (RFC 3834)."""

import re

from chalicelib.nurture.replies.notices import Inbound
from chalicelib.nurture.replies.raw_email import RawEmail
from chalicelib.nurture.replies.written import bare_words

#: Headers that a person's mail program never writes.
MACHINES = ("x-autoreply", "x-autorespond", "x-autoresponder", "x-auto-reply", "list-id")
PRECEDENCES = frozenset({"bulk", "junk", "list", "auto_reply", "auto-reply"})
NULL_RETURN_PATHS = frozenset({"<>", "<mailer-daemon>", "mailer-daemon"})
SENDERS = re.compile(r"(mailer-daemon|postmaster)@", re.IGNORECASE)
#: A report on a delivery or on a reading, and the answer to an invitation.
REPORTS = re.compile(r"multipart/report|text/calendar.*method=\"?reply", re.DOTALL)
ANSWER_MARKS = re.compile(r"((re|aw|sv|antw|odp|r|ref|wg|fw|fwd) ?(\[\d+\])?: *)+", re.IGNORECASE)
#: How the subjects of automatic replies begin, as bare words.
SUBJECTS = re.compile(
    r"(automatic reply|auto reply|autoreply|auto response|automated reply|automatic response|auto"
    r"|out of (the )?office|ooo|away from (the|my) office|i am (currently )?out of (the )?office"
    r"|on (vacation|annual leave|maternity leave|parental leave)"
    r"|automatische (antwort|ruckantwort|ruckmeldung)|autom(atische)? antwort"
    r"|abwesen\w*|nicht im (buro|haus|office)|urlaubs\w*"
    r"|reponse automatique|absence du bureau|absent du bureau|message d absence|en conges"
    r"|automatisch (antwoord|bericht)|afwezig\w*|niet aanwezig|buiten kantoor"
    r"|autom\w* odpowiedz|odpowiedz autom\w*|poza biurem|nieobecn\w*|jestem na urlopie"
    r"|respuesta automatica|fuera de (la )?oficina|ausente|ausencia"
    r"|risposta automatica|fuori (ufficio|sede)|assente|assenza)\b"
)


def is_automatic(email: RawEmail, inbound: Inbound, our_subject: str) -> bool:
    """Return whether a machine wrote an email.

    our_subject: of the email that it answers, which its own repeats; empty where it is not known.
    """
    headers = email.headers
    said = headers.get("auto-submitted", "no").partition(";")[0].strip().lower()
    return (
        inbound.is_from_nobody
        or said not in ("no", "")
        or any(name in headers for name in MACHINES)
        or headers.get("precedence", "").lower() in PRECEDENCES
        or headers.get("return-path", "-").lower() in NULL_RETURN_PATHS
        or bool(SENDERS.search(headers.get("from", "")))
        or any(map(REPORTS.match, email.content_types))
        or _says_so(headers.get("subject", ""), our_subject)
    )


def bare_subject(subject: str) -> str:
    """Return a subject without what mail programs put before that of an answer."""
    return ANSWER_MARKS.sub("", subject.strip(), count=1).strip()


def _says_so(subject: str, our_subject: str) -> bool:
    bare = bare_words(bare_subject(subject))
    is_ours = bool(our_subject) and bare == bare_words(our_subject)
    return not is_ours and bool(SUBJECTS.match(bare))
