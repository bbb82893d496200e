"""The events of a form submission, and what there is to say of what they hold."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from urllib.parse import urlencode

from chalicelib.capture.attribution import campaign_of_visit
from chalicelib.capture.field_names import safe
from chalicelib.capture.form_document import FormDocument
from chalicelib.capture.joining import Claim, joins_of
from chalicelib.capture.submission import Submission
from chalicelib.events import Event, Kind, Rank, Value, own_event_id, values_in
from chalicelib.form_kinds import is_purpose_field, kind_by_purpose, kind_facts
from chalicelib.inputs.repairs import Repair, Warned, warn
from chalicelib.inputs.urls import path_of

ASSET_DOWNLOADED = "Asset Downloaded"


def said_by(
    form_id: str,
    form: FormDocument | None,
    submission: Submission,
    partition: str,
    now: datetime,
    own_domains: Callable[[], Collection[str]],
) -> Event:
    """Return what a submission says, as an event still without an id.

    own_domains: see `campaign_of_visit`.
    """
    page = submission.page
    properties: dict[str, Value] = {name: value for name, value in page.items() if value}
    if url := page.get("url"):
        properties["path"] = path_of(url)
    properties |= submission.marks
    properties |= kind_facts(form_id, form.kind if form else None, _purpose_in(submission))
    if form is None:
        properties["unregistered"] = True
    return Event(
        partition=partition,
        id="",
        kind=Kind.FORM,
        name=form_id,
        at=now,
        captured_at=now,
        properties=properties,
        campaign=_campaign_of(submission, own_domains),
        fields=submission.fields,
        said=submission.said,
    )


def _purpose_in(submission: Submission) -> str | None:
    """Return the kind of form that the sender chose; None where nothing, or several are named.

    A field may have become one of ours, as `anliegen` becomes the message.
    """
    for name, value in submission.fields.items():
        sent = safe(submission.sent_as.get(f"fields.{name}", "").rpartition(".")[2])
        if is_purpose_field(name) or is_purpose_field(sent):
            kinds = {kind_by_purpose(str(one)) for one in values_in(value)}
            if len(kinds) == 1 and (kind := kinds.pop()):
                return kind
    return None


def _campaign_of(
    submission: Submission, own_domains: Callable[[], Collection[str]]
) -> Mapping[str, str]:
    """Return where the sender came from, as for a view of the page (ADR 0042).

    A click id may stand in a hidden field instead of the page's address.
    """
    page = submission.page
    url = page.get("url", "")
    if submission.marks:
        url += ("&" if "?" in url else "?") + urlencode(submission.marks)
    campaign, _ = campaign_of_visit(submission.campaign, url, page.get("referrer", ""), own_domains)
    return campaign


def events_of(
    said: Event,
    form: FormDocument | None,
    *,
    submission_id: str,
    claims: Sequence[Claim],
    rank: Rank,
    browser_rank: Rank,
    is_surplus: bool,
    now: datetime,
) -> list[Event]:
    """Return a submission's events: the form, and the download of the asset that it gates.

    said: what the submission says, as `said_by` returns it.
    """
    name = f"{said.name}/{submission_id}"
    submitted = replace(
        said,
        id=own_event_id(said.partition, now, name),
        at=now,
        captured_at=now,
        joins=joins_of(claims),
        rank=rank,
        browser_rank=browser_rank,
        is_surplus=is_surplus,
    )
    return with_download(submitted, form, name)


def with_download(submitted: Event, form: FormDocument | None, name: str) -> list[Event]:
    """Return the event of a form, and the download of the asset that it gates, if it gates one.

    name: tells the submission from others of that lead at that time.
    """
    if form is None or form.asset is None:
        return [submitted]
    downloaded = Event(
        partition=submitted.partition,
        id=own_event_id(submitted.partition, submitted.at, f"{name}/asset"),
        kind=Kind.TRACK,
        name=ASSET_DOWNLOADED,
        at=submitted.at,
        captured_at=submitted.captured_at,
        properties={"asset": form.asset.id, "form": submitted.name},
        is_surplus=submitted.is_surplus,
    )
    return [submitted, downloaded]


def cut_of(submission: Submission, cut: Sequence[str]) -> list[Warned]:
    """Return what is said of values that were cut for the size of the whole."""
    paths = (path for path in cut if path in submission.sent_as)
    return [warn(submission.sent_as[path], Repair.SHORTENED) for path in paths]
