"""What is kept beside a lead, as it is stored."""

from chalicelib.leads.records import Record
from chalicelib.store import keys, places
from chalicelib.store.table import Item


def record_item(lead_id: str, record: Record) -> Item:
    """Return a record that a reaction keeps beside its lead, as it is stored."""
    item: Item = {"pk": record.place or keys.lead(lead_id), "sk": record.key, "schema": keys.SCHEMA}
    item.update(record.values)
    if record.due_at is not None:
        partition = places.due_nurture if record.is_paced else places.due
        item["due_pk"] = partition(keys.shard(lead_id, keys.DUE_SHARDS))
        item["due_sk"] = places.due_at(record.due_at, f"{lead_id}#{record.key}")
    if record.listed is not None:
        name, since = record.listed
        item["list_pk"] = places.handoffs_in(name, keys.shard(lead_id, keys.HANDOFF_SHARDS))
        item["list_sk"] = places.by_creation(since, f"{lead_id}#{record.key}")
    if record.colleague_of is not None:
        domain, since = record.colleague_of
        item["list_pk"] = places.colleagues(domain)
        item["list_sk"] = places.by_creation(since, lead_id)
    return item
