"""What a name may look like, and which known name was probably meant."""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import get_close_matches

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
RESERVED = frozenset({"inputs", "loop"})
"""Words that a link uses for something other than a node."""


def name_fault(name: str) -> str:
    """Why `name` cannot name a node, an input or an output; empty where it can."""
    if name in RESERVED:
        return f"'{name}' is a reserved word"
    if not NAME.fullmatch(name):
        return f"{name!r} is no name: letters, digits, '_' and '-', not starting with a digit or '-'"
    return ""


def closest(name: str, known: Iterable[str]) -> str:
    """A hint that names the likeliest of `known`, or lists them where they are few."""
    candidates = sorted(set(known))
    matches = get_close_matches(name, candidates[:5000], n=1, cutoff=0.6)
    if matches:
        return f"did you mean '{matches[0]}'?"
    if not candidates:
        return "there are none"
    if len(candidates) <= 12:
        return "there are: " + ", ".join(candidates)
    return ""
