"""What to do where memory is short: what a user may set, and what the libraries can hand back."""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Final

from latentgraph.graph.memory_care import MemoryCare
from latentgraph.nodes.tiling import OFF

if TYPE_CHECKING:
    from latentgraph.graph.plan import Plan
    from latentgraph.graph.pool import Pool


def advise(settings: Mapping[str, str]) -> str:
    """What to set so that a run takes less memory, in a few words: `take --memory offload or --tiling 512`."""
    ways = []
    if settings.get("device", "").startswith("cuda"):
        memory = settings.get("memory", "auto")
        ways += ["--memory offload"] if memory in ("auto", "resident") else []
        ways += ["--memory stream"] if memory != "stream" else []
        # A processor computes far slower in half precision.
        ways += ["--dtype float16"] if settings.get("dtype") == "float32" else []
    if settings.get("tiling") == OFF:
        ways.append("--tiling 512")
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


def foresee(plan: Plan, running: Collection[str], pool: Pool) -> Iterable[str]:
    """A sentence where a run will take more memory than is free."""
    from latentgraph.nodes.memory_estimate import warnings_for

    return warnings_for(plan, running, pool)


MEMORY_CARE: Final = MemoryCare(foresee, advise, give_back)
