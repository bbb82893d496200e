"""What every use case rests on: documents, secrets, signed links, and what the company says."""

import json
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from chalicelib.runtime import Runtime
from chalicelib.wiring.ports import Ports

if TYPE_CHECKING:
    from chalicelib.access.access import Access
    from chalicelib.access.journal import Journal
    from chalicelib.company import SettingsDocument
    from chalicelib.consent.consent import BasisKind, Purpose
    from chalicelib.consent.mailbox import Mailbox
    from chalicelib.delivery.links import Links
    from chalicelib.nurture.replies.addresses import ReplyAddresses
    from chalicelib.nurture.spacing import SendLimits
    from chalicelib.store.access import JournalItems
    from chalicelib.store.documents import Documents
    from chalicelib.store.models import Models
    from chalicelib.store.shared_reads import SharedReads
    from chalicelib.switches import Switchboard


DEPLOYMENT = "deployment"


class Basics:
    """The documents of a deployment, its secrets and its signed links."""

    def __init__(self, ports: Ports) -> None:
        self.ports = ports
        self.runtime = Runtime(now=ports.now, new_id=ports.new_id, pause=ports.pause)
        self._settings = ports.settings
        self._company: tuple[Mapping[str, Any] | None, SettingsDocument] | None = None
        """The settings as they were last read."""

    @cached_property
    def table(self) -> "SharedReads":
        """The one table. What a message asks of it is read once."""
        from chalicelib.store.shared_reads import SharedReads

        return SharedReads(self.ports.table)

    @cached_property
    def documents(self) -> "Documents":
        """The store of documents."""
        from chalicelib.store.documents import Documents

        return Documents(self.ports.table, self.ports.now)

    @cached_property
    def models(self) -> "Models":
        """The versions of the scoring model."""
        from chalicelib.store.models import Models

        return Models(self.ports.table, self.ports.now)

    @cached_property
    def switchboard(self) -> "Switchboard":
        """Answers what is turned off, and turns it."""
        from chalicelib.store.switches import Switches
        from chalicelib.switches import Switchboard

        return Switchboard(store=Switches(self.ports.table), runtime=self.runtime)

    @cached_property
    def access(self) -> "Access":
        """Says who calls, and gives out tokens."""
        from chalicelib.access.access import Access
        from chalicelib.store.access import AccessTokens

        return Access(
            store=AccessTokens(self.ports.table),
            admin_token=self.admin_token,
            new_secret=self.ports.new_secret,
            runtime=self.runtime,
        )

    @cached_property
    def journal_items(self) -> "JournalItems":
        """The store of what our own people did."""
        from chalicelib.store.access import JournalItems

        return JournalItems(self.ports.table)

    @cached_property
    def journal(self) -> "Journal":
        """Notes what our own people do."""
        from chalicelib.access.journal import Journal

        return Journal(store=self.journal_items, runtime=self.runtime)

    @cached_property
    def links(self) -> "Links":
        """Signs links and reads them."""
        from chalicelib.delivery.links import Links

        return Links(self._link_keys)

    @cached_property
    def reply_addresses(self) -> "ReplyAddresses":
        """Makes the addresses that answers to marketing's emails go to, and reads them."""
        from chalicelib.nurture.replies.addresses import ReplyAddresses

        return ReplyAddresses(keys=self._link_keys, domain=self._settings.reply_domain)

    def _link_keys(self) -> Mapping[str, str]:
        keys: Mapping[str, str] = json.loads(self.ports.secret(self._settings.link_secret))
        return keys

    def mailbox_of(self, address: str) -> "Mailbox":
        """Return the mailbox of a parsed address."""
        from chalicelib.consent.mailbox import mailbox_of

        return mailbox_of(self.identity_secret(), address)

    def identity_secret(self) -> bytes:
        """Return the secret that lead ids and the hashes of what is personal are made with."""
        return self.ports.secret(self._settings.identity_secret).encode()

    def admin_token(self) -> str:
        """Return the token of the private endpoints."""
        return self.ports.secret(self._settings.admin_secret)

    def company_country(self) -> str | None:
        """Return where the company is, as a form needs it: whatever else the settings say."""
        country = (self.documents.get("settings") or {}).get("country")
        return country if isinstance(country, str) else None

    def company(self) -> "SettingsDocument":
        """Return what the company says of itself. Raise DocumentError when it breaks the format."""
        from chalicelib.company import read_company

        # One email asks five times, and to validate them is most of what that costs.
        stored = self.documents.get("settings")
        if self._company is None or self._company[0] != stored:
            self._company = (stored, read_company(stored))
        return self._company[1]

    def send_limits(self) -> "SendLimits":
        """Return how many of marketing's emails a mailbox gets."""
        from chalicelib.nurture.spacing import limits_of

        return limits_of(self.company())

    def rests_on(self, countries: "Sequence[str]") -> "frozenset[BasisKind]":
        """Return what a marketing email to somebody in these countries may rest on."""
        from chalicelib.consent.consent import Purpose

        return self.counting(Purpose.MARKETING, countries)

    def counting(self, purpose: "Purpose", countries: "Sequence[str]") -> "frozenset[BasisKind]":
        """Return which kinds of basis count for a purpose, for somebody in these countries."""
        from chalicelib.consent.basis import counting_bases

        return counting_bases(self.company().basis, purpose, countries)

    def deployment(self) -> Mapping[str, Any]:
        """Return what the deploy wrote down about this deployment: its URLs and write key."""
        return self.documents.get(DEPLOYMENT) or {}

    @cached_property
    def own_domains(self) -> "frozenset[str]":
        """The domains of the company's own pages, as a container first reads them."""
        from chalicelib.capture.attribution import host_of

        settings = self.documents.get("settings") or {}
        urls = [self.deployment().get(name, "") for name in ("site_url", "api_url")]
        hosts = {host_of(str(url)) for url in (*urls, settings.get("website", ""))}
        return frozenset({*hosts, *map(str, settings.get("own_domains", []))} - {""})
