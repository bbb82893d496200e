"""Throw-away addresses, and network addresses as they are counted."""

from hashlib import sha256
from hmac import digest
from ipaddress import IPv6Address, IPv6Network, ip_address

from chalicelib.consent.mailbox import HASH_CHARS

#: What one subscriber of IPv6 has at least: within it, a machine takes a new address at will.
SUBSCRIBER_BITS = 64


def is_disposable(address: str) -> bool:
    """Return whether an address is at a provider of throw-away addresses, or below its domain."""
    from disposable_email_domains import blocklist  # 10,000 domains: few functions need them

    labels = address.rpartition("@")[2].lower().rstrip(".").split(".")
    return any(".".join(labels[first:]) in blocklist for first in range(len(labels) - 1))


def network_id(secret: bytes, source: str, day: str) -> str | None:
    """Return the keyed hash by which a network address is counted on a day; None for no address.

    Of IPv6 that of its /64. The day goes in, so that nobody can be followed from day to day; the
    address itself is never stored.
    """
    try:
        address = ip_address(source.strip())
    except ValueError:
        return None
    if isinstance(address, IPv6Address):
        within = address.ipv4_mapped or IPv6Network((int(address), SUBSCRIBER_BITS), strict=False)
    else:
        within = address
    # The purpose keeps it apart from the other hashes that the secret makes.
    return digest(secret, f"network\n{day}\n{within}".encode(), sha256).hex()[:HASH_CHARS]
