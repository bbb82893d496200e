"""Segments: what a text message costs. Pure.

A text of the GSM 7-bit alphabet has 160 characters in one segment and 153 in each of several; any
other text is UCS-2, with 70 and 67 code units of 16 bits (3GPP TS 23.038 and 23.040).
"""

GSM_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
GSM_EXTENDED = frozenset("^{}\\[~]|€\f")
"""Each takes two places: an escape and itself."""
GSM_ONE = 160
GSM_EACH = 153
UCS2_ONE = 70
UCS2_EACH = 67
BEYOND_BMP = 0x10000
"""From here on a character takes two code units of UCS-2."""


def count_segments(text: str) -> int:
    """Return how many segments a text takes; an empty one takes one."""
    is_gsm = set(text) <= GSM_BASIC | GSM_EXTENDED
    one, each = (GSM_ONE, GSM_EACH) if is_gsm else (UCS2_ONE, UCS2_EACH)
    places = [_gsm_places(char) if is_gsm else _ucs2_places(char) for char in text]
    if sum(places) <= one:
        return 1
    segments = 1
    used = 0
    for place in places:
        if used + place > each:  # a character is never divided between two segments
            segments += 1
            used = 0
        used += place
    return segments


def fit_text(head: str, tail: str, segments_max: int) -> str:
    """Return head and tail as one text of at most so many segments. The head is cut first."""
    while head and count_segments(head + tail) > segments_max:
        head = head[:-1]
    while count_segments(head + tail) > segments_max:
        tail = tail[:-1]
    return head + tail


def _gsm_places(char: str) -> int:
    return 2 if char in GSM_EXTENDED else 1


def _ucs2_places(char: str) -> int:
    return 2 if ord(char) >= BEYOND_BMP else 1
