"""How well a colour can be told from another, and how far one may fade and still be."""

from __future__ import annotations

from textual.color import Color

LINES = 3.0
"""What WCAG asks of lines and signs."""
TEXT = 4.5
"""What it asks of text."""
_STEP = 0.04


def contrast(one: Color, other: Color) -> float:
    """From 1, the same, to 21, black on white, as WCAG 2 defines it."""
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def _luminance(color: Color) -> float:
    parts = [part / 255 for part in color.rgb]
    red, green, blue = (part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def faded(color: Color, ground: Color, share: float, least: float) -> Color:
    """A colour with a share of its ground in it, or with less where the two would be too much alike."""
    while share > 0:
        found = color.blend(ground, share, alpha=1.0)
        if contrast(found, ground) >= least:
            return found
        share -= _STEP
    return color
