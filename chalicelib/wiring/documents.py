"""The kinds of documents that people own. A new kind adds its line here.

Each room brings the format that it executes and its checks.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from chalicelib.capture.form_checks import form_mistakes
from chalicelib.capture.form_document import FormDocument
from chalicelib.company import SettingsDocument, read_company
from chalicelib.editing.kinds import DocumentKind
from chalicelib.editing.seen import EveryDocument
from chalicelib.errors import FieldError
from chalicelib.handoff.routing import RoutingDocument
from chalicelib.handoff.routing_checks import routing_mistakes, routing_warnings
from chalicelib.nurture.activation import (
    activation_mistakes,
    language_warnings,
    letterhead_mistakes,
    slot_warnings,
    to_switch_on,
)
from chalicelib.nurture.dates import date_mistakes
from chalicelib.nurture.email_checks import (
    EmailSurroundings,
    address_mistakes,
    email_mistakes,
)
from chalicelib.nurture.email_document import PARTIAL, EmailDocument
from chalicelib.nurture.email_users import (
    answer_warnings,
    emails_including,
    forms_answering,
    settings_mistakes,
)
from chalicelib.nurture.email_warnings import email_warnings
from chalicelib.nurture.mailings.documents import (
    MailingDocument,
    mailing_mistakes,
    mailing_needs,
    mailings_with,
)
from chalicelib.nurture.mailings.lists import ListDocument, list_mistakes, mailings_to
from chalicelib.nurture.mailings.mailing import Mailing
from chalicelib.nurture.sending_checks import sending_mistakes
from chalicelib.nurture.sequence_checks import (
    leads_in,
    sequence_mistakes,
    sequence_warnings,
    sequences_sending,
)
from chalicelib.nurture.sequences import SequenceDocument, read_sequence
from chalicelib.scoring.model import Model
from chalicelib.store.keys import ACTIVE


def document_kinds(
    store: EveryDocument,
    form_warnings: Callable[[FormDocument], Iterable[FieldError]],
    model: Callable[[], Model | None],
    numbers: Callable[[str], Mapping[str, int]],
    mailing: Callable[[str], Mailing | None],
    is_leaving: Callable[[str], bool],
) -> Mapping[str, DocumentKind]:
    """Return the kinds by their names. What others name stands before them.

    form_warnings: what a form's author probably did not mean, by the active model; model: that
    model, None in a deployment without one yet; numbers: what was counted of a sequence;
    mailing: what became of one; is_leaving: whether emails of one are still to leave.
    """

    def company() -> SettingsDocument:
        return read_company(store.every("settings").get(ACTIVE))

    def sendable() -> Mapping[str, Mapping[str, Any]]:
        emails = store.every("email").items()
        return {name: email for name, email in emails if email.get("kind") != PARTIAL}

    def around(email_id: str) -> EmailSurroundings:
        emails = store.every("email")
        return EmailSurroundings(
            company=company(),
            emails=emails,
            users=[*email_users(email_id)],
            includers=[*emails_including(email_id, emails)],
        )

    def beside(settings: SettingsDocument) -> EmailSurroundings:
        return EmailSurroundings(company=settings, emails=store.every("email"))

    def sequences() -> list[SequenceDocument]:
        return [*filter(None, map(read_sequence, store.every("sequence").values()))]

    def email_users(email_id: str) -> Iterable[str]:
        yield from sequences_sending(email_id, store.every("sequence"))
        yield from forms_answering(email_id, store.every("form"))
        yield from mailings_with(email_id, store.every("mailing").values())

    return {
        "settings": DocumentKind(
            format=SettingsDocument,
            is_single=True,
            mistakes=lambda settings: [
                *settings_mistakes(settings, store.every("email")),
                *sending_mistakes(settings),
            ],
            warnings=lambda settings: slot_warnings(sequences(), beside(settings)),
        ),
        "form": DocumentKind(
            format=FormDocument,
            mistakes=form_mistakes,
            warnings=lambda form: [
                *form_warnings(form),
                *answer_warnings(form.acknowledge, sendable()),
            ],
        ),
        "email": DocumentKind(
            format=EmailDocument,
            mistakes=lambda email: email_mistakes(email, around(email.id)),
            needs=lambda email: address_mistakes(email, company()),
            warnings=lambda email: email_warnings(email, company(), around(email.id).partial),
            users=lambda email_id: [
                *email_users(email_id),
                *emails_including(email_id, store.every("email")),
            ],
        ),
        "sequence": DocumentKind(
            format=SequenceDocument,
            mistakes=lambda sequence: [
                *sequence_mistakes(sequence, sendable().__contains__, model),
                *date_mistakes(sequence, store.every("form")),
                *activation_mistakes(sequence, beside(company())),
            ],
            needs=lambda sequence: letterhead_mistakes(sequence, company()),
            warnings=lambda sequence: [
                *sequence_warnings(sequence, store.every("sequence"), model),
                *language_warnings(sequence, beside(company())),
            ],
            overview=lambda: {"to_switch_on": to_switch_on(sequences(), beside(company()))},
            users=lambda sequence_id: leads_in(
                store.every("sequence").get(sequence_id, {}), numbers(sequence_id)
            ),
        ),
        "list": DocumentKind(
            format=ListDocument,
            mistakes=lambda one: list_mistakes(one, model),
            users=lambda list_id: mailings_to(list_id, store.every("mailing").values()),
        ),
        "mailing": DocumentKind(
            format=MailingDocument,
            mistakes=lambda one: mailing_mistakes(
                one, beside(company()), sendable(), store.every("list"), mailing
            ),
            needs=lambda one: mailing_needs(one, company()),
            users=lambda mailing_id: ["its recipients"] if is_leaving(mailing_id) else [],
        ),
        "routing": DocumentKind(
            format=RoutingDocument,
            is_single=True,
            mistakes=routing_mistakes,
            warnings=routing_warnings,
        ),
    }
