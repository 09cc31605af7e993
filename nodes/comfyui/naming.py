"""Names of ours for what ComfyUI calls by titles and by files."""

from __future__ import annotations

import re
from typing import Final

from latentgraph.graph.names import RESERVED

LONGEST_NAME: Final = 28
"""Letters of a title that makes a name; a longer one is a sentence."""


def name_of(title: str) -> str:
    """A name of ours made of a title; empty where it makes none that anybody would like to read."""
    words = (
        re.sub(r"[^A-Za-z0-9]+", "_", re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", title))
        .strip("_")
        .lower()
    )
    usable = words and len(words) <= LONGEST_NAME and not words[0].isdigit() and words not in RESERVED
    return words if usable else ""


def file_reference(name: str) -> str:
    """A path beside the workflow for a file as ComfyUI names it: inside a folder of its own, with either slash."""
    parts = [part for part in name.replace("\\", "/").split("/") if part not in ("", ".", "..")]
    return "./" + ("/".join(parts) or "model.safetensors")
