"""Identity: which addresses are one person, and which anonymous ids identify nobody."""

import re
from base64 import b32encode
from hashlib import sha256
from hmac import digest
from urllib.parse import unquote

NORMALISATION_VERSION = 1  # the golden vectors in tests/unit/test_identity.py hold for this version
LEAD_ID_CHARS = 26  # 130 bits: no two addresses ever share one

# Broken clients send these instead of an id. Many people share them: they never join a lead.
CONSTANTS = frozenset(
    [
        "undefined",
        "null",
        "none",
        "nil",
        "nan",
        "true",
        "false",
        "empty",
        "error",
        "unknown",
        "default",
        "anonymous",
        "anon",
        "guest",
        "user",
        "visitor",
        "customer",
        "admin",
        "test",
        "tester",
        "id",
        "uid",
        "uuid",
        "guid",
        "userid",
        "user_id",
        "user-id",
        "visitorid",
        "visitor_id",
        "visitor-id",
        "anonymousid",
        "anonymous_id",
        "anonymous-id",
        "clientid",
        "client_id",
        "client-id",
        "deviceid",
        "device_id",
        "device-id",
        "n/a",
        "na",
        "not_set",
        "not-set",
        "unset",
        "1",
        "-1",
        "xxxxxxxx-xxxx-4xxx-yxxx-xxxxxxxxxxxx",
        "9774d56d682e549c",  # the id of every emulated Android device, and of some real ones
        "distinctid",
        "distinct_id",
        "sessionid",
        "session_id",
        "customerid",
        "customer_id",
        "contactid",
        "contact_id",
        "memberid",
        "member_id",
        "cid",
        "email",
        "e-mail",
        "username",
        "string",
        "value",
        "example",
        "placeholder",
        "todo",
        "tbd",
        "changeme",
        "not_authenticated",
        "not_available",
        "unauthenticated",
        "logged_out",
        "anonymous_user",
        "anonymous-user",
        "guest_user",
        "unknown_user",
        "redacted",
        "void",
    ]
) | {"not set", "(not set)", "(none)", "(null)", "[object", "object]"}
# What a manual says where an id belongs: YOUR_USER_ID, INSERT-ID-HERE.
TO_FILL_IN = re.compile(r"^(your|insert|enter|replace|my|the|some)[-_ ]|[-_ ](here|goes_here)$")
ONE_CHARACTER = 8  # so often in a row it is a placeholder; 77 may be somebody's number

# What a template or a tag manager was to fill in: {{user.id}}, {anonymousId}, ${id}, %%id%%, %id%,
# <id>, <%= id %>, *|ID|*, __ID__, ##ID##, [object Object], $id, :id, [id], (id), %s. AMP and others
# write them as calls: CLIENT_ID(name), RANDOM(). A GUID in braces is an id, and so is Mixpanel's
# $device:<GUID>.
MACRO = re.compile(
    r"\{\{|\}\}|[$#@%]\{|\$\(|##|@@|\{(?![0-9a-f-]{32,36}\})[^{}]*\}|%%|%[a-z_.]+%"
    r"|<[^<>]*>|<%|\*\||__[a-z_.]+__|\[object|\[\["
    r"|^[$:][a-z_.]+$|^%[sdi]$|\[[a-z_. -]+\]|^\([a-z_. -]+\)$|^[a-z_$][\w.$]*\([^()]*\)$"
)


def normalise(address: str) -> str:
    """Return the spelling under which an address is one person: lower case, tags and dots kept."""
    return address.lower()


def lead_id(secret: bytes, address: str) -> str:
    """Return the lead id of a parsed address.

    It takes no look-up, and reveals nothing to anyone without the secret.
    """
    return b32encode(digest(secret, normalise(address).encode(), sha256)).decode()[:LEAD_ID_CHARS]


def is_nobody(client_id: str) -> bool:
    """Return whether an anonymous id or a user id is one that broken clients send instead of an id.

    That is a constant, one character over and over, or a macro that nothing filled in.
    """
    text = client_id.strip().lower()
    if "%" in text:  # a macro that was encoded on its way is one still
        return _is_no_id(text) or _is_no_id(unquote(text))
    return _is_no_id(text)


def _is_no_id(text: str) -> bool:
    characters = set(text) - set("-_. ")
    is_one_character = characters <= {"0"} or (len(characters) == 1 and len(text) >= ONE_CHARACTER)
    constant = TO_FILL_IN.sub("", text)
    half = constant[: len(constant) // 2]  # of `undefined` + `undefined`
    is_constant = constant in CONSTANTS or (constant == half * 2 and half in CONSTANTS)
    return is_one_character or is_constant or MACRO.search(text) is not None
