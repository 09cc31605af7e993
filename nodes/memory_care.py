"""What to do where memory is short: what a user may set, and what the libraries can hand back."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Final

from latentgraph.graph.memory_care import MemoryCare


def advise(settings: Mapping[str, str]) -> str:
    """What to set so that a run takes less memory, in a few words: `take --memory offload`."""
    if not settings.get("device", "").startswith("cuda"):
        # Half the bytes, but a processor computes far slower in half precision.
        return ""
    ways = []
    if settings.get("memory", "auto") in ("auto", "resident"):
        ways.append("--memory offload")
    if settings.get("memory", "auto") != "stream":
        ways.append("--memory stream")
    if settings.get("dtype") == "float32":
        ways.append("--dtype float16")
    return f"take {listed(ways)}" if ways else ""


def listed(ways: list[str]) -> str:
    """`a, b or c`."""
    return f"{', '.join(ways[:-1])} or {ways[-1]}" if len(ways) > 1 else "".join(ways)


def give_back() -> None:
    """Have torch hand back to a GPU's driver what it keeps of freed memory."""
    torch = sys.modules.get("torch")
    if torch is None:
        return
    if torch.cuda.is_available() and torch.cuda.is_initialized():
        torch.cuda.empty_cache()
    elif torch.backends.mps.is_available():
        torch.mps.empty_cache()


MEMORY_CARE: Final = MemoryCare(advise, give_back)
