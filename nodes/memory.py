"""Where the weights of a model are while they are not computing: the run's setting `memory`.

Moving them is the business of diffusers: its ComponentsManager for whole modules, its group offloading for layers.
It changes no bits. Where the device is the CPU there is nowhere to move them from, and every choice is `resident`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from latentgraph.graph.context import RunContext
from latentgraph.graph.settings import Setting

CHOICES: Final = ("auto", "resident", "offload", "stream")


def resolve_memory(asked: str, settings: Mapping[str, str]) -> str:
    """One of CHOICES.

    Raises:
        ValueError: It is none, or the device cannot do it.
    """
    if asked not in CHOICES:
        raise ValueError(f"{asked!r} is no way to use memory; take {', '.join(CHOICES[:-1])} or {CHOICES[-1]}")
    if asked in ("offload", "stream") and settings.get("device", "").startswith("mps"):
        raise ValueError(f"memory {asked!r} is for CUDA devices: a Mac's GPU shares the memory of its processor")
    return asked


MEMORY: Final = Setting(
    "memory",
    "Where weights wait on a GPU: auto (there, as long as they fit), resident (always there), offload (only the part "
    "that computes) or stream (layer by layer).",
    "auto",
    resolve_memory,
    identity=lambda _: "",  # The same numbers, wherever they waited.
)


def where_to_wait(device: str, context: RunContext) -> str:
    """What the run's setting comes to on a device: only of a CUDA device can weights be kept away."""
    return context.settings.get("memory", "auto") if device.startswith("cuda") else "resident"


def reads_straight(device: str, context: RunContext) -> bool:
    """Whether weights are read straight onto a device: they would leave main memory for it, and for good."""
    return device.startswith("cuda") and where_to_wait(device, context) == "resident"


def settled(module: Any, device: str, context: RunContext) -> Any:
    """A module on the CPU, or on `device` already, made ready to compute on `device`, under the run's setting `memory`.

    Args:
        module: Of diffusers or transformers, with weights, in eval mode; it is changed.
        device: Such as `cpu` or `cuda:0`.
        context: Of the run; modules that share a device know of each other through its pool.

    Returns:
        The module.
    """
    chosen = where_to_wait(device, context)
    if chosen == "resident":
        return module.to(device)
    if chosen == "stream":
        return streamed(module, device)
    return context.pool.get(("memory", device, chosen), lambda: Waiting(device, chosen)).take(module)


def streamed(module: Any, device: str) -> Any:
    """A module whose layers come to `device` one by one, the next while one computes where the device can do both."""
    from diffusers import hooks

    library: Any = hooks  # Untyped.
    on_gpu = device.startswith("cuda")
    library.apply_group_offloading(module, onload_device=device, offload_type="leaf_level", use_stream=on_gpu)
    return module


class Waiting:
    """The modules that take turns on a device."""

    def __init__(self, device: str, chosen: str) -> None:
        """Begin without any."""
        from diffusers import modular_pipelines

        library: Any = modular_pipelines  # Untyped.
        self._manager: Any = library.ComponentsManager()
        self._manager.enable_auto_cpu_offload(device)
        self._strategy = all_others if chosen == "offload" else None

    def take(self, module: Any) -> Any:
        """Let a module take its turns too."""
        self._manager.add(type(module).__name__, module)
        if self._strategy is not None:
            # Adding one puts diffusers' own strategy back, which moves none as long as there is room.
            self._manager.set_offload_strategy(self._strategy)
        return module


def all_others(hooks: Sequence[Any], model_id: str, model: Any, execution_device: Any) -> Sequence[Any]:
    """A strategy for diffusers' ComponentsManager: whoever does not compute makes room."""
    return hooks
