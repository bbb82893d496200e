"""Read what a form post says besides the fields: ids, page, campaign, and the marketing box."""

from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Any

from chalicelib.capture.naming import Named, is_empty
from chalicelib.capture.posted import Part, Posted
from chalicelib.capture.submission import CAMPAIGN, PAGE, ConsentBox
from chalicelib.errors import FieldError, KeyReusedError
from chalicelib.inputs.choices import YES, is_ticked
from chalicelib.inputs.repairs import Cleaned, Repair, Warned, warn
from chalicelib.inputs.texts import read_line, read_lines, text_for
from chalicelib.inputs.urls import read_url
from chalicelib.limits import CONSENT_MAX_CHARS, FORM_BODY_MAX_BYTES, ID_MAX_CHARS

TextReader = Callable[[Any], Cleaned[Any]]


def id_in(posted: Posted, place: str, warnings: list[Warned]) -> str:
    """Return an id, empty for what cannot be one."""
    sent = posted.sent(place)
    read = read_line(sent, ID_MAX_CHARS)
    is_text = not isinstance(sent, bool | list | dict)
    if is_empty(sent) or (is_text and set(read.repairs) <= {Repair.EMPTY}):
        # Also a word for nothing: it joins nobody, and whoever sends it gets an id.
        return text_for(sent).value.strip()
    # What is repaired is another id, and perhaps somebody else's.
    warnings.append(warn(posted.path_of(place), Repair.LEFT_OUT))
    return ""


def key_in(posted: Posted, header: str | None, warnings: list[Warned]) -> str:
    """Return the idempotency key. Raise KeyReusedError when header and body differ."""
    body = _key_of(posted.sent("submission_id"))
    given = _key_of(header)
    if given and body and given != body:
        raise KeyReusedError(FieldError("submission_id", "differs from the Idempotency-Key header"))
    key = given or body
    path = "Idempotency-Key" if given else posted.path_of("submission_id")
    if not body and not is_empty(posted.sent("submission_id")):
        warnings.append(warn(posted.path_of("submission_id"), Repair.LEFT_OUT))
    if len(key) > ID_MAX_CHARS:
        # A part of it might be another submission's key; its hash is nobody else's.
        key = sha256(key.encode(errors="surrogatepass")).hexdigest()
        warnings.append(warn(path, Repair.READ_AS, key))
    return key


def _key_of(sent: Any) -> str:
    if isinstance(sent, list | dict):
        return ""
    return read_line(sent, FORM_BODY_MAX_BYTES).value


def page_in(posted: Posted, warnings: list[Warned]) -> dict[str, str]:
    """Return what was said of the page that the form stood on."""
    readers: Mapping[str, TextReader] = {"url": read_url, "referrer": read_url, "title": read_line}
    return {
        name: value
        for name in PAGE
        if (part := posted.envelope.get(f"page.{name}"))
        and (value := kept_line(readers[name], part, warnings))
    }


def campaign_in(posted: Posted, named: Named, warnings: list[Warned]) -> dict[str, str]:
    """Return the campaign: as the envelope has it, else as hidden fields do."""
    parts = {
        name: part
        for name in CAMPAIGN
        if (part := posted.envelope.get(f"campaign.{name}") or named.campaign.get(name))
    }
    for name, part in named.campaign.items():
        if parts[name] is not part:  # said twice: in a hidden field, too
            warnings.append(warn(part.path, Repair.IGNORED))
    read = {name: kept_line(read_line, part, warnings) for name, part in parts.items()}
    return {name: value for name, value in read.items() if value}


def kept_line(reader: TextReader, part: Part, warnings: list[Warned]) -> str:
    """Return one text of a part, and say what happened to it."""
    value = part.value
    if isinstance(value, list) and value:
        value, *others = value
        if any(one != value for one in others):
            warnings.append(warn(part.path, Repair.TOO_MANY))
    read = reader(value)
    warnings += read.warnings(part.path)
    return str(read.value)


def consent_in(posted: Posted, warnings: list[Warned]) -> ConsentBox:
    """Return the marketing box. Without a sentence beside it, the label it sent is the sentence."""
    sent = posted.sent("consent.marketing")
    every = sent if isinstance(sent, list) else [sent]
    ticks = [one for one in every if is_ticked(one)]
    text = read_lines(posted.sent("consent.text"), CONSENT_MAX_CHARS)
    warnings += text.warnings(posted.path_of("consent.text"))
    if not ticks:
        return ConsentBox(text=text.value)
    label = "" if isinstance(ticks[0], bool) else read_lines(ticks[0], CONSENT_MAX_CHARS).value
    is_sentence = label.lower() not in YES
    return ConsentBox(marketing=True, text=text.value or (label if is_sentence else ""), sent=label)
