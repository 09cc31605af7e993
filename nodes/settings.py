"""Where a run computes and in which precision: settings of the run, never of a workflow."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Mapping
from functools import cache
from importlib.metadata import version
from typing import TYPE_CHECKING

from latentgraph.graph.code_identity import INSTRUCTIONS
from latentgraph.graph.context import RunContext
from latentgraph.graph.settings import Setting
from latentgraph.nodes.handles import Handle, loaded
from latentgraph.nodes.loading.importing import importing

if TYPE_CHECKING:
    import torch

PRECISIONS = ("float32", "float16", "bfloat16")


def resolve_device(asked: str, settings: Mapping[str, str]) -> str:
    """The device to compute on: `cpu`, `mps` or `cuda:N`.

    Raises:
        ValueError: It is not here, or is no device.
    """
    with importing():
        import torch

    gpus = torch.cuda.device_count() if torch.cuda.is_available() else 0
    mps = torch.backends.mps.is_available()
    if asked == "auto":
        return "cuda:0" if gpus else "mps" if mps else "cpu"
    if asked == "cpu" or (asked == "mps" and mps):
        return asked
    if asked == "mps":
        raise ValueError("device 'mps' is not here: it is the GPU of a Mac; take --device cpu")
    numbered = re.fullmatch(r"cuda(?::(\d+))?", asked)
    if numbered is None:
        raise ValueError(f"{asked!r} is no device; take auto, cpu, cuda, cuda:N or mps")
    if not gpus:
        raise ValueError(f"device {asked!r} is not here: torch {torch.__version__} finds no CUDA; take --device cpu")
    index = int(numbered[1] or 0)
    if index >= gpus:
        raise ValueError(f"device {asked!r} is not here: there are {gpus}, counted from cuda:0")
    return f"cuda:{index}"


def resolve_dtype(asked: str, settings: Mapping[str, str]) -> str:
    """The precision of modules and latents: float16 on a CUDA device and else float32, where it is left open.

    Raises:
        ValueError: It is no precision that modules run in.
    """
    if asked == "auto":
        return "float16" if settings.get("device", "cpu").startswith("cuda") else "float32"
    if asked not in PRECISIONS:
        raise ValueError(f"{asked!r} is no precision; take auto, {', '.join(PRECISIONS[:-1])} or {PRECISIONS[-1]}")
    return asked


def device_identity(device: str) -> str:
    """What decides the bits of a result: the processor, the libraries that compute, and over how many threads.

    And what the environment tells those libraries about instructions, where it does.
    """
    import torch

    if device.startswith("cuda"):
        name = f"{torch.cuda.get_device_name(device)}, CUDA {torch.version.cuda}"
    else:
        name = f"{device} {platform.machine()} {torch.backends.cpu.get_cpu_capability()}"
    chosen = [f", {variable}={value}" for variable in INSTRUCTIONS if (value := os.environ.get(variable))]
    return f"{name}, {threads()} threads, {_libraries()}{''.join(chosen)}"


def threads() -> int:
    """How many threads torch computes with on the processor."""
    import torch

    return torch.get_num_threads()


@cache
def _libraries() -> str:
    return ", ".join(f"{library} {version(library)}" for library in ("torch", "diffusers", "transformers"))


def device_of(context: RunContext) -> str:
    """The device of the run; the CPU for a node that is called alone."""
    return context.settings.get("device", "cpu")


def place_for(handle: Handle, context: RunContext) -> tuple[str, torch.dtype]:
    """Device and precision of a new tensor that the module of `handle` will read: the run's, or the module's own."""
    import torch

    device, dtype = context.settings.get("device"), context.settings.get("dtype")
    if device and dtype:
        return device, getattr(torch, dtype)
    first = next(loaded(handle, context).parameters())
    return device or str(first.device), getattr(torch, dtype) if dtype else first.dtype


DEVICE = Setting(
    "device",
    "Where to compute: auto (the GPU if there is one), cpu, cuda, cuda:N or mps.",
    "auto",
    resolve_device,
    device_identity,
    threads,
)
DTYPE = Setting(
    "dtype",
    "Precision of the models: auto (float16 on a CUDA device, else float32), float32, float16 or bfloat16.",
    "auto",
    resolve_dtype,
)
