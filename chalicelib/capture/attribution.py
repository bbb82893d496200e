"""Attribution: where a visit came from, in a few small steps (ADR 0042).

Each step adds to a campaign what the steps before it left open: what the client names, the
campaign in the page's address, an advertiser's click id, the page that the visitor came from. What
comes out is the event's `campaign`; a visit that came from nowhere in particular has none.

Keep it cheap to import: every ping loads it. The list of referrers is read when one is looked up.
"""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from chalicelib.inputs.repairs import Warned
from chalicelib.inputs.texts import read_line
from chalicelib.inputs.urls import UTM, parameters_of

#: The source that links in our own emails name: a click on one is not a touch.
OWN_SOURCE = "baton"
REFERRERS = Path(__file__).with_name("referrers.txt")
CLICKS: Mapping[str, tuple[str, str]] = {
    "gclid": ("google", "cpc"),
    "gbraid": ("google", "cpc"),
    "wbraid": ("google", "cpc"),
    "dclid": ("google", "display"),
    "gclsrc": ("google", "cpc"),
    "gad_source": ("google", "cpc"),
    "msclkid": ("bing", "cpc"),
    "li_fat_id": ("linkedin", "cpc"),
    "ttclid": ("tiktok", "cpc"),
    "twclid": ("twitter", "cpc"),
    "rdt_cid": ("reddit", "cpc"),
    "sccid": ("snapchat", "cpc"),
    "epik": ("pinterest", "cpc"),
    "qclid": ("quora", "cpc"),
    "yclid": ("yandex", "cpc"),
    "fbclid": ("facebook", "social"),  # Meta adds it to every link, paid for or not
    "igshid": ("instagram", "social"),
    "irclickid": ("impact", "affiliate"),
}
"""A click id's parameter -> source and medium. The first that an address has counts."""
#: What an advertiser's system was to fill in: {{campaign.name}}, {campaignid}, __CID__, %%CID%%.
UNFILLED = re.compile(r"\{\{?[^{}]*\}?\}|[$#]\{.*\}|%%?[\w.]+%%?|__\w+__|<[^<>]+>|\*\|.*\|\*")
REFERRAL = "referral"
#: Under these a registry sells names one level further down: example.co.uk, example.com.au.
SECOND_LEVELS = frozenset(["ac", "co", "com", "edu", "gob", "gov", "gv", "ne", "net", "or", "org"])
CLICK_MAX_CHARS = 200  # of a click id; a longer one is cut out, and only its source is kept


@dataclass(frozen=True, slots=True)
class Arrival:
    """What is known of how a visitor came to a page."""

    named: Mapping[str, str]
    """The campaign as the client named it: source, medium, name, term, content."""
    url: str
    """Of the page, as it is stored."""
    referrer: str
    """Of the page that the visitor came from."""
    own_domains: Callable[[], Collection[str]]
    """Returns the company's own; asked only for visits from another site."""

    def parameters(self) -> Mapping[str, str]:
        """Return those of the page's address, by their names in lower case."""
        return parameters_of(self.url)


CampaignParts = Mapping[str, str]
AttributionStep = Callable[[Arrival, CampaignParts], CampaignParts]


def campaign_of_visit(
    named: Any, url: str, referrer: str, own_domains: Callable[[], Collection[str]]
) -> tuple[CampaignParts, list[Warned]]:
    """Return the campaign of a visit, without empty parts, and what to say of what was named.

    named: as the client sent it; url, referrer: the addresses of the page and of the one before,
    as they are stored.
    """
    if not named and not referrer and "?" not in url:
        return {}, []  # most views of a page
    given, warnings = _read(named)
    visit = Arrival(given, url, referrer, own_domains)
    campaign: CampaignParts = {}
    for step in ATTRIBUTION_STEPS:
        campaign = step(visit, campaign)
    return campaign, warnings


def by_client(visit: Arrival, _campaign: CampaignParts) -> CampaignParts:
    """Return what the client names, which it took from the page that the visit began with."""
    return {part: visit.named[part] for part in UTM if part in visit.named}


def by_address(visit: Arrival, campaign: CampaignParts) -> CampaignParts:
    """Return the campaign in the address of the page, if the client named none."""
    if campaign:
        return campaign
    parameters = visit.parameters() if "utm_" in visit.url.lower() else {}
    found = {
        part: _filled_in(read_line(parameters[parameter]).value)
        for part, parameter in UTM.items()
        if parameter in parameters
    }
    return {part: value for part, value in found.items() if value}


def by_click(visit: Arrival, campaign: CampaignParts) -> CampaignParts:
    """Add source and medium of an advertiser's click, and its id: the advertiser asks for it."""
    # A stored address has no other parameters than those of campaigns and clicks.
    if visit.url.count("=") == visit.url.count("utm_"):
        return campaign
    parameters = visit.parameters()
    click = next((name for name in CLICKS if parameters.get(name)), None)
    if click is None:
        return campaign
    source, medium = CLICKS[click]
    number = parameters[click]
    kept = {"click_id": f"{click}:{number}"} if len(number) <= CLICK_MAX_CHARS else {}
    if "source" in campaign and campaign["source"] != source:
        return {**campaign, **kept}  # the medium of another source says nothing of this one
    return {"source": source, "medium": medium, **campaign, **kept}


def by_referrer(visit: Arrival, campaign: CampaignParts) -> CampaignParts:
    """Add source and medium of the page before, unless that is one of the company's own."""
    if "source" in campaign or not (host := host_of(visit.referrer)) or _is_own(host, visit):
        return campaign
    medium, source = medium_and_source_of(host)
    return {"source": source, "medium": medium, **campaign}


def without_own_emails(_visit: Arrival, campaign: CampaignParts) -> CampaignParts:
    """Return no campaign for a link of our own emails: whoever follows it was here before."""
    return {} if campaign.get("source", "").lower() == OWN_SOURCE else campaign


ATTRIBUTION_STEPS: Sequence[AttributionStep] = (
    by_client,
    by_address,
    by_click,
    by_referrer,
    without_own_emails,
)
"""What is asked for the campaign of a visit, in this order."""


def host_of(url: str) -> str:
    """Return the host of an address in lower case, without `www.`; an empty text without one."""
    _, slashes, rest = url.partition("//")
    host = rest if slashes else ""
    for end in "/?#\\":
        host = host.partition(end)[0]
    host = host.rpartition("@")[2].partition(":")[0].rstrip(".").lower()
    return host.removeprefix("www.") if "." in host else ""


def medium_and_source_of(host: str) -> tuple[str, str]:
    """Return medium and source of a visit that comes from a host."""
    known = _known_referrers()
    part = host
    while "." in part:
        if part in known:
            return known[part]
        part = part.partition(".")[2]
    return REFERRAL, host


def domain_of(host: str) -> str:
    """Return the domain that a host's owner registered, as far as its labels tell."""
    labels = host.split(".")
    is_deep = len(labels) > 2 and len(labels[-1]) == 2 and labels[-2] in SECOND_LEVELS
    return ".".join(labels[-3:] if is_deep else labels[-2:])


def _is_own(host: str, visit: Arrival) -> bool:
    domain = domain_of(host)
    page = host_of(visit.url)
    is_same_site = bool(page) and domain == domain_of(page)
    return is_same_site or not {host, domain}.isdisjoint(visit.own_domains())


def _read(named: Any) -> tuple[dict[str, str], list[Warned]]:
    """Return the parts of a campaign that a client named, as texts."""
    if not named or not isinstance(named, dict):
        return {}, []
    found: dict[str, str] = {}
    warnings: list[Warned] = []
    for part in UTM:
        if named.get(part) not in (None, ""):
            read = read_line(named[part])
            if read.repairs:
                warnings += read.warnings(part)
            if value := _filled_in(read.value):
                found[part] = value
    return found, warnings


def _filled_in(text: str) -> str:
    """Return a part of a campaign, empty for a macro that nothing filled in."""
    return "" if UNFILLED.fullmatch(text) else text


@cache
def _known_referrers() -> Mapping[str, tuple[str, str]]:
    """Return the list of referrers: host -> medium and source."""
    lines = REFERRERS.read_text(encoding="utf-8").splitlines()
    listed = [line.split() for line in lines if not line.startswith("#")]
    return {host: (medium, source) for medium, source, *hosts in listed for host in hosts}
