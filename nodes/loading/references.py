"""What the name of a model in a workflow means.

`builtin:NAME` ships with latentgraph; `./`, `../` or `/` begins a local folder or file; `owner/name` is a model on
the hub, with `@revision` if a certain version is meant.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Final, Literal

from latentgraph.graph.access import AccessError
from latentgraph.graph.names import closest

_LOCAL: Final = re.compile(r"(\.{1,2}$)|(\.{1,2}[/\\])|/|\\\\|~[/\\]|[A-Za-z]:[/\\]")
_HUB: Final = re.compile(r"(?P<id>[A-Za-z0-9][\w.-]{0,95}/[\w.-]{1,96})(@(?P<revision>[\w./-]{1,200}))?")
_BUILTIN: Final = re.compile(r"[A-Za-z0-9_-]+")
_ADDRESS: Final = re.compile(r"https?://[^/]+/(?P<id>[\w.-]+/[\w.-]+)")
FORMS: Final = "a model is builtin:NAME, a local path that starts with ./, ../ or /, or owner/name on the hub"


@dataclass(frozen=True, slots=True)
class Reference:
    """The name of a model, taken apart."""

    kind: Literal["builtin", "local", "hub"]
    name: str
    """Name of a built-in model, path, or `owner/name`."""
    revision: str = ""
    """Branch, tag or commit on the hub; empty: its main branch."""


def parse_reference(written: str) -> Reference:
    """Take a model's name apart.

    Raises:
        AccessError: It is none of the three forms.
    """
    if written.startswith("builtin:"):
        return Reference("builtin", written.removeprefix("builtin:"))
    if _LOCAL.match(written):
        return Reference("local", written)
    if hub := _HUB.fullmatch(written):
        return Reference("hub", hub["id"], hub["revision"] or "")
    raise AccessError(f"{written!r} names no model", _meant(written))


def _meant(written: str) -> str:
    if address := _ADDRESS.match(written):
        return f"a model on the hub goes by owner/name, not by its address: {address['id']}"
    if written and (os.path.exists(written) or written.endswith((".safetensors", ".ckpt"))):
        return f"a local path starts with ./ : './{written}'"
    return FORMS


def builtin_folder(name: str, *, configuration: bool = False) -> Path:
    """The folder of a model that ships, or of a configuration.

    Raises:
        AccessError: There is none of that name.
    """
    roots = [Path(str(files("latentgraph.nodes"))) / part for part in ("models", "configs")[: 1 + configuration]]
    known = {path.name: path for root in roots if root.is_dir() for path in root.iterdir() if path.is_dir()}
    if not _BUILTIN.fullmatch(name) or name not in known:
        raise AccessError(f"there is no built-in model {name!r}", closest(name, known))
    return known[name]
