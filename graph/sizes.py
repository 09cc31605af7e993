"""Bytes as people read and write them: `3.4 GB`, a kilobyte being 1000."""

from __future__ import annotations

import re
from typing import Final

_FACTORS: Final = ((10**9, "GB"), (10**6, "MB"), (10**3, "kB"))
_UNITS: Final = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}


def readable_size(size: int) -> str:
    """Bytes in three digits: 3.4 GB."""
    for factor, unit in _FACTORS:
        if size >= factor - factor // 20_000:  # 999,999 bytes are 1.0 MB, not 1000.0 kB.
            return f"{size / factor:.1f} {unit}"
    return f"{size} bytes"


def bytes_of(size: str) -> int:
    """A size as people write it (`500MB`, `2 GB`, `0`), in bytes.

    Raises:
        ValueError: It is none.
    """
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([KMGT]?)B?\s*", size, re.IGNORECASE)
    if found is None:
        raise ValueError(f"{size!r} is no size; write it like 500MB or 2GB")
    return int(float(found[1]) * _UNITS[found[2].upper()])
