"""Keys as a person reads them."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

SHOWN: Mapping[str, str] = MappingProxyType(
    {
        "slash": "/",
        "plus": "+",
        "minus": "-",
        "equals_sign": "=",
        "full_stop": ".",
        "asterisk": "*",
        "comma": ",",
        "question_mark": "?",
        "left": "←",
        "right": "→",
        "up": "↑",
        "down": "↓",
        "escape": "esc",
        "delete": "del",
        "pageup": "pgup",
        "pagedown": "pgdn",
    }
)
"""Names of Textual for keys that a person calls otherwise."""


def format_key(key: str) -> str:
    """A key, such as `ctrl+←` for `ctrl+left`."""
    *modifiers, name = key.strip().split("+") if key.strip() != "+" else ["+"]
    return "+".join([*modifiers, SHOWN.get(name, name)])


def format_keys(keys: str) -> str:
    """Keys with commas between, as a person reads them."""
    return " ".join(format_key(key) for key in keys.split(","))
