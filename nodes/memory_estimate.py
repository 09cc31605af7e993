"""How much memory a run will take, told before it begins: weights by the files' headers, the rest by a measured table.

It is an estimate of a plan: nothing is computed for it and no weight is read.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from latentgraph.graph.free_memory import free_memory
from latentgraph.graph.plan import Plan
from latentgraph.graph.pool import Pool
from latentgraph.graph.sizes import readable_size
from latentgraph.nodes.cuda_graphs import SHARE_FREE
from latentgraph.nodes.handles import VAE, Handle
from latentgraph.nodes.memory_facts import Use, uses_of
from latentgraph.nodes.memory_table import numbers_while_computing, table
from latentgraph.nodes.tiling import OFF

BYTES: Final = {"float32": 4, "float16": 2, "bfloat16": 2}
REPLAYED: Final = frozenset({"denoise", "control", "decode", "read"})
"""Calls whose launches are recorded on a GPU when they come again, as in a loop.

What such a call takes while it computes is set aside for its replays."""
SMALL: Final = 10**9
"""Bytes; a run that takes less is not looked at closely: every machine that runs at all has that."""


@dataclass(frozen=True, slots=True)
class Need:
    """What a run takes at its largest moment, in bytes, beyond what is taken already."""

    weights: float
    computing: float
    use: Use
    """The step of that moment."""
    libraries: float = 0.0
    aside: float = 0.0
    """What recorded launches of earlier steps keep for themselves on a GPU."""

    @property
    def total(self) -> int:
        """All of it."""
        return int(self.weights + self.computing + self.libraries + self.aside)


def needs(
    uses: Sequence[Use], settings: Mapping[str, str], loaded: Collection[str] = (), *, room: float = math.inf
) -> Need | None:
    """The largest moment of a run, where its device computes.

    Args:
        uses: The steps that compute with models, in order.
        settings: Of the run: `device`, `dtype`, `memory`, `tiling`.
        loaded: Digests of models that are in memory already.
        room: Bytes that may be taken on a GPU before no launches are recorded any more.

    Returns:
        None where nothing computes with a model.
    """
    on_gpu = settings.get("device", "cpu").startswith("cuda")
    # On a GPU what does not compute makes room where there is none, if it is not told to stay.
    stays = not on_gpu or settings.get("memory", "auto") == "resident"
    streams = on_gpu and settings.get("memory") == "stream"
    records = on_gpu and settings.get("memory", "auto") in ("auto", "resident")
    held: dict[str, float] = {}
    moments: list[Need] = []
    aside = 0.0
    for use in uses:
        own: dict[str, float] = {
            handle.digest: handle.parameters * bytes_of(handle, settings) for _, handle in use.calls
        }
        if streams:
            own = {}
        held = {**held, **own} if stays else own
        weights = sum(size for digest, size in held.items() if digest not in loaded)
        most = computing(use, settings, on_gpu=on_gpu)
        moments.append(Need(weights, most, use, 0 if on_gpu else _libraries(), aside))
        again = use.path != use.top and any(call in REPLAYED for call, _ in use.calls)
        # All graphs share one pool of memory, as large as the largest of them wants it.
        if records and again and weights + max(aside, most) <= room:
            aside = max(aside, most)
    return max(moments, key=lambda one: one.total, default=None)


def bytes_of(handle: Handle, settings: Mapping[str, str]) -> int:
    """Bytes of one number of a model in a run."""
    dtype = settings.get("dtype", "float32")
    if isinstance(handle, VAE) and handle.full_precision and dtype == "float16":
        return BYTES["float32"]
    return BYTES.get(dtype, 4)


def computing(use: Use, settings: Mapping[str, str], *, on_gpu: bool) -> float:
    """Bytes that a step takes beside weights while it computes."""
    most = 0.0
    for call, handle in use.calls:
        height, width = use.height, use.width
        asked = settings.get("tiling", OFF)
        if call == "decode" and (tile := use.tile or (0 if asked == OFF else int(asked))):
            height, width = min(height, tile), min(width, tile)
        units = height * width if call in ("decode", "encode", "steer") else height * width / _pixels_a_cell(handle)
        numbers = numbers_while_computing(call, handle, int(units), use.rows, on_gpu=on_gpu)
        most = max(most, numbers * bytes_of(handle, settings))
    return most


def _pixels_a_cell(handle: Handle) -> int:
    """Pixels of the square that a cell of latents stands for, 64 where nothing else is known."""
    vae: VAE | None = getattr(handle, "vae", None)
    channels = vae.config.get("block_out_channels") if vae is not None else None
    return 4 ** (len(channels) - 1) if channels else 64


def _libraries() -> float:
    return 0.0 if "diffusers.models.modeling_utils" in sys.modules else float(table()["libraries"])


def warnings_for(plan: Plan, running: Collection[str], pool: Pool) -> Iterator[str]:
    """A sentence where a run will take more memory than is free.

    Args:
        plan: Of the run.
        running: Paths of the steps that are not kept from before.
        pool: With the modules that are loaded.
    """
    slots: dict[int, Any] = {}
    uses = [use for use in uses_of(plan.steps, slots, pool=pool) if use.top in running]
    loaded = _digests(pool)
    need = needs(uses, plan.settings, loaded)
    if need is None or need.total < SMALL:
        return
    free, total = _free(plan.settings)
    need = needs(uses, plan.settings, loaded, room=free - SHARE_FREE * total)
    if need is None or need.total <= free:
        return
    device = plan.settings.get("device", "cpu")
    where = f"the memory of {device}" if device.startswith("cuda") else "main memory"
    weights, beside = readable_size(int(need.weights)), readable_size(int(need.computing + need.aside))
    yield (
        f"this run takes about {readable_size(need.total)} of {where}, and {readable_size(free)} are free; most at "
        f"'{need.use.path}': {weights} of weights and {beside} to compute {_pictures(need.use)}; "
        f"{_ways(uses, plan.settings, need, free)}"
    )


def _pictures(use: Use) -> str:
    size = f" of {use.width} × {use.height}" if use.height else ""
    return f"{use.rows} at once{size}" if use.rows > 1 else f"one{size}"


def _ways(uses: Sequence[Use], settings: Mapping[str, str], need: Need, free: float = math.inf) -> str:
    """What would make it less. Where smaller pictures would, a setting that does not make it fit is left out."""
    on_gpu = settings.get("device", "").startswith("cuda")
    changes = [("dtype", "float16" if on_gpu else "bfloat16"), ("tiling", "512")]
    changes = [("memory", "offload"), ("memory", "stream"), *changes] if on_gpu else changes
    smaller = need.computing > 0.1 * need.total
    less = []
    for name, value in changes:
        other = needs(uses, {**settings, name: value})
        if other is not None and other.total < 0.9 * need.total and (other.total <= free or not smaller):
            less.append(f"--{name} {value} (about {readable_size(other.total)})")
    ways = ["make fewer or smaller pictures at once"] if smaller else []
    return " or ".join([*ways, f"take {', '.join(less)}"] if less else ways) or "take a smaller model"


def _digests(pool: Pool) -> frozenset[str]:
    """Of the models that are in memory."""
    return frozenset(key[3] for key in pool if isinstance(key, tuple) and key[0] == "module")


def _free(settings: Mapping[str, str]) -> tuple[int, int]:
    """Bytes that are free where the run computes, and on a GPU all that it has."""
    device = settings.get("device", "cpu")
    if not device.startswith("cuda"):
        return free_memory(), 0
    import torch

    # What recorded launches have set aside counts as free here, and as taken in the estimate of each run.
    free, total = torch.cuda.mem_get_info(device)
    return int(free + torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)), total
