"""Which text can be read on a colour: contrast as WCAG 2.2 defines it."""

BLACK = "#000000"
WHITE = "#ffffff"
READABLE = 4.5  # WCAG 2.2, 1.4.3, for text of any size


def ink_on(colour: str) -> str:
    """Return black or white, whichever stands out more on a colour such as `#1d4ed8`."""
    return max(WHITE, BLACK, key=lambda ink: contrast(ink, colour))


def readable(colour: str, ground: str, otherwise: str) -> str:
    """Return the colour if text of it can be read on the ground, else the other one."""
    return colour if contrast(colour, ground) >= READABLE else otherwise


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours, 1 to 21."""
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def _luminance(colour: str) -> float:
    red, green, blue = (_linear(int(colour[at : at + 2], 16) / 255) for at in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else float(((part + 0.055) / 1.055) ** 2.4)
