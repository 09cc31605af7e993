"""How values become bytes, to be kept on disk, and values again; a package of nodes knows how, the engine does not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


class UnstorableError(Exception):
    """A value cannot be written down, or what was written down cannot be read back here."""


@dataclass(frozen=True, slots=True)
class Storing:
    """A way to write values down; neither direction runs code that a file names."""

    dump: Callable[[tuple[Any, ...]], bytes]
    """The outputs of a node as bytes. Raises UnstorableError."""
    load: Callable[[bytes], tuple[Any, ...]]
    """The outputs again, bit for bit. Raises UnstorableError."""
