"""What a name may look like, how a message shows text of a file, and which known name was probably meant."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from difflib import get_close_matches

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
RESERVED = frozenset({"inputs", "loop"})
"""Words that a link uses for something other than a node."""
ENTRY_POINTS = "latentgraph.nodes"
"""The entry-point group by which a package offers nodes: each entry names a module whose nodes are taken."""
OF_A_FILE = "latentgraph_nodes_of_"
"""How the name of a module begins that was imported from a file that the user named."""
_LONGEST = 600


def name_fault(name: str) -> str:
    """Why `name` cannot name a node, an input or an output; empty where it can."""
    if name in RESERVED:
        return f"'{name}' is a reserved word"
    if not NAME.fullmatch(name):
        return f"{name!r} is no name: letters, digits, '_' and '-', not starting with a digit or '-'"
    return ""


def normalized_package(name: str) -> str:
    """The one writing of a package's name (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def printable(text: str) -> str:
    """`text` for a terminal: on one line, of bounded length, and without anything that would steer the terminal."""
    if len(text) > _LONGEST:
        text = f"{text[: _LONGEST - 200]} … {text[-190:]}"
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def closest(name: str, known: Iterable[str]) -> str:
    """A hint that names the likeliest of `known`, or lists them where they are few."""
    candidates = sorted(set(known))
    near = nearest(name, candidates)
    return meant(near) if near else offered(candidates)


def nearest(name: str, known: Iterable[str]) -> str:
    """The likeliest of `known`; empty where none comes near."""
    candidates = sorted(set(known))
    # Texts of lengths farther apart than 3 to 7 cannot reach the cutoff.
    near = [one for one in candidates if 3 * len(one) <= 7 * len(name) <= 49 * len(one) / 3] if len(name) < 100 else []
    near.sort(key=lambda one: (one[:1] != name[:1], abs(len(one) - len(name))))
    matches = get_close_matches(name, near[:2000], n=1, cutoff=0.6)
    return matches[0] if matches else ""


def offered(known: Collection[str]) -> str:
    """A hint that lists names where they are few."""
    if not known:
        return "there are none"
    return "there are: " + ", ".join(sorted(known)) if len(known) <= 12 else ""


def meant(name: str) -> str:
    """The hint that `name` was probably meant."""
    return f"did you mean '{name}'?"
