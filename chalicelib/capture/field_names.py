"""Recognise what a sender calls a field: by common names and by autofill tokens.

A name that is not recognised is made safe, and its field is kept. The common names, in English,
German, French, Spanish, Italian and Dutch, stand in field_names.json.
"""

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from unicodedata import normalize

from chalicelib.inputs.urls import CLICK_IDS, UTM

FIELD_NAME_MAX_CHARS = 64
FULL_NAME = "name"
"""What a person is called as a whole: it becomes a first and a last name."""
TABLE = Path(__file__).parent / "field_names.json"

CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
NO_NAME = re.compile(r"[^a-z0-9]+")
LETTERS = str.maketrans(
    {"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "\u0131": "i"}
)
BRACKETS = re.compile(r"[^\[\]]+")
#: What form builders put before the name of a field, and scripts around all of them.
WRAPPERS = frozenset(
    [
        "form_fields",
        "fields",
        "wpforms",
        "data",
        "form",
        "answers",
        "values",
        "attributes",
        "properties",
        "payload",
        "submission",
        "user_column_data",
        "item_meta",
        "input",
        "inputs",
    ]
)
PREFIX = re.compile(
    r"^(?:no_label|your|my|ihre?|dein|deine|votre|vos|tu|su|il_tuo|uw|je|mce|et_pb_contact|field"
    r"|input|form|contact|kontakt|user|customer|kunde|visitor|lead|person|client|billing|work"
    r"|business|mobile|home|shipping|section_[a-z0-9]+|autofill|frm|nf|gf|hs|data"
    r"|attributes|payload|properties|submission|values|answers)_"
)
SUFFIX = re.compile(r"_(?:\d{1,4}|field|input|required|pflichtfeld)$")

CAPTCHAS = frozenset(["g-recaptcha-response", "h-captcha-response", "cf-turnstile-response"])
#: Names that are not a person's: builders send that of the form.
NOT_PEOPLE = frozenset({"form_name", "user_name", "username"})
#: What builders, frameworks and captchas add to a form: it says nothing about the person.
TECHNICAL = re.compile(
    r"^(?:_wp.*|__.*|_token|_method|_csrf.*|_?utf8|authenticity_token|csrfmiddlewaretoken|_charset_"
    r"|_gotcha|_subject|_cc|_bcc|_replyto|_template|_autoresponse|_captcha|_honey|baton_message"
    r"|_ajax_.*|_form_.*|altcha|_hp|submit|commit|gform_.*|is_submit_\d+|queried_id|referer_title"
    r"|phpsessid)$"
    r"|captcha|nonce|csrf|xsrf|turnstile",
    re.IGNORECASE,
)
#: What some builders send about a field beside its value: `fields[email][type]`.
META = frozenset(["id", "type", "title", "raw_value", "required", "label"])


def plain(name: str) -> str:
    """Return a name in lower-case ASCII with `_` between its words: `Prénom` is `prenom`."""
    words = CAMEL.sub("_", name).lower().translate(LETTERS)
    letters = normalize("NFKD", words).encode("ascii", "ignore").decode()
    return NO_NAME.sub("_", letters).strip("_")


def safe(name: str) -> str:
    """Return a name that a field may have: `a` to `z`, digits and `_`, at most 64 characters."""
    words = [plain(one) for one in BRACKETS.findall(name)]
    if len(words) > 1 and words[0] in WRAPPERS and not words[1].isdecimal():
        words = words[1:]
    if len(words) > 1 and words[-1] in ("value", ""):
        words = words[:-1]
    found = "_".join(filter(None, words))
    if not found[:1].isalpha():
        found = f"field_{found}".rstrip("_")
    return found[:FIELD_NAME_MAX_CHARS].rstrip("_")


def known_name(name: str) -> str | None:
    """Return the field of ours that a common name means, `name` for a full name; else None."""
    known = _known_names()
    if plain(name) in NOT_PEOPLE:
        return None
    return next((known[one] for one in _spellings(name) if one in known), None)


def campaign_key(name: str) -> str | None:
    """Return which part of a campaign a hidden field names, None for any other field."""
    return _campaign_keys().get(plain(name))


def is_click_id(name: str) -> bool:
    """Return whether a hidden field holds an advertiser's click id, or a tag of a campaign."""
    word = plain(name)
    return word in CLICK_IDS or (word.startswith("utm_") and word not in _campaign_keys())


def is_technical(name: str) -> bool:
    """Return whether a field belongs to the page's machinery and not to the person."""
    words = BRACKETS.findall(name)
    last = words[-1] if words else name
    if len(words) > 2 and words[0] in WRAPPERS and last in META:
        return True
    is_question = " " in name.strip()  # of a person: "Do you use captchas?"
    return not is_question and bool(TECHNICAL.search(name.strip()) or TECHNICAL.search(last))


def _spellings(name: str) -> Iterator[str]:
    """Yield a name as it may stand in the table: whole, and without what builders put around it."""
    whole = "_".join(map(plain, BRACKETS.findall(name))).strip("_")
    inner = safe(name)
    for one in dict.fromkeys((whole, inner)):
        yield one
        stripped = SUFFIX.sub("", one)
        yield stripped
        while (shorter := PREFIX.sub("", stripped)) != stripped:
            yield shorter
            stripped = shorter


@cache
def _known_names() -> Mapping[str, str]:
    table: dict[str, list[str]] = json.loads(TABLE.read_text())
    return {word: field for field, words in table.items() for word in (field, *words)}


@cache
def _campaign_keys() -> Mapping[str, str]:
    return {parameter: key for key, parameter in UTM.items()}
