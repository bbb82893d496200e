"""Screening, and the release of what it kept, on a deployment's ports."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chalicelib.capture.screening.screening import Screening
    from chalicelib.capture.screening.tokens import FormTokens
    from chalicelib.capture.screening.verdict import ScreeningRules
    from chalicelib.commands.releases import Releases
    from chalicelib.wiring.world import World


def form_tokens(world: "World") -> "FormTokens":
    """Return what gives out the tokens of forms."""
    from chalicelib.capture.screening.tokens import FormTokens

    return FormTokens(
        # When the first token is asked for, and not before: most forms have none.
        sign=lambda purpose, text: world.links.sign(purpose, text),
        read=lambda purpose, token: world.links.read(purpose, token),
    )


def issue_form_token(world: "World", form_id: str) -> dict[str, str | int]:
    """Return a new token of a form, and how long a person takes at least to fill it in."""
    token = form_tokens(world).issue(form_id, world.ports.new_id(), world.ports.now())
    return {"token": token, "min_seconds": screening_rules(world).token_min_seconds}


def screening(world: "World") -> "Screening":
    """Return the steps of screening."""
    from chalicelib.capture.screening.screening import Screening
    from chalicelib.store.arrivals import Arrivals
    from chalicelib.store.floods import Floods

    return Screening(
        rules=lambda: screening_rules(world),
        tokens=form_tokens(world),
        challenges=lambda verify, response: world.ports.challenges(verify, response),
        floods=Floods(Arrivals(world.ports.table, world.ports.new_id())),
        mailbox_of=world.mailbox_of,
        secret=world.identity_secret,
    )


def screening_rules(world: "World") -> "ScreeningRules":
    """Return what the company sets; in dev nothing limits how many forms come."""
    from chalicelib.capture.screening.verdict import ScreeningRules, rules_in
    from chalicelib.limits import FORMS_PER_MAILBOX, FORMS_PER_NETWORK

    as_shipped = (
        ScreeningRules()
        if world.ports.settings.is_dev
        else ScreeningRules(
            forms_per_network=FORMS_PER_NETWORK, forms_per_mailbox=FORMS_PER_MAILBOX, tools=True
        )
    )
    return rules_in(world.documents.get("settings"), as_shipped)


def releases(world: "World") -> "Releases":
    """Return what releases screened forms."""
    from chalicelib.capture.screening.release import FormRelease
    from chalicelib.commands.releases import Releases
    from chalicelib.qualify.qualify import Qualify
    from chalicelib.wiring.reactions import reactions

    return Releases(
        qualify=Qualify(
            leads=world.leads,
            events=world.events,
            model=world.models.active,
            reactions=reactions(world.leads, world.documents, world.models, lambda: world.dealing),
            # APIHandler may not write to queues: the clock comes by within a minute.
            urgent=lambda _lead_id: None,
            runtime=world.runtime,
        ),
        spam=world.spam,
        events=world.events,
        release=FormRelease(store=world.captured, with_download=world.forms.released),
        runtime=world.runtime,
    )
