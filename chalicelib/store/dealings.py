"""What dealing goes by: how much everybody was handed, and whose a company is (ADR 0074)."""

from chalicelib.handoff.companies import CompanyOwner
from chalicelib.handoff.dealing import load_in
from chalicelib.handoff.load import Load
from chalicelib.leads.lead import Lead, find_survivor
from chalicelib.store import keys, places
from chalicelib.store.leads import Leads
from chalicelib.store.table import Table

COLLEAGUES_LOOKED_AT = 50
"""Leads of a company, those that moved last: one of the largest has thousands."""


class Dealings:
    """Reads what dealing goes by."""

    def __init__(self, table: Table, leads: Leads) -> None:
        self._table = table
        self._leads = leads

    def load(self) -> Load:
        """Return how much everybody was handed."""
        item = self._table.get(keys.ROUTING, keys.LOAD)
        return load_in(item) if item else Load()

    def company_owner(self, domain: str) -> CompanyOwner | None:
        """Return by which lead a company has its owner, None when it has none."""
        item = self._table.get(keys.OF_COMPANY + domain, keys.COMPANY_OWNER)
        if item is None:
            return None
        lead_id = str(item["lead_id"])
        owner = find_survivor(self._leads.read, lead_id).standing.owner
        return CompanyOwner(lead_id=lead_id, owner=owner)

    def colleagues(self, domain: str, lead_id: str) -> list[Lead]:
        """Return the leads of a company besides one, those that moved last first. They became an
        MQL or an SQL at some time; the index lags by less than a second.
        """
        found = self._table.query(
            places.colleagues(domain), newest_first=True, limit=COLLEAGUES_LOOKED_AT, index="list"
        )
        ids = [str(item["pk"]).removeprefix(keys.LEAD) for item in found]
        leads = self._leads.read_many([one for one in dict.fromkeys(ids) if one != lead_id])
        return [one for one in leads if not one.merged_into]
