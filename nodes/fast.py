"""Fast mode, the run's setting `speed`: denoiser, ControlNets and decoder compiled, in a layout for convolutions.

It gives up bits for speed: kernels that are fused round otherwise. Whoever computes in it declares the setting, so that
what is exact is never taken for it. What torch compiles is kept beside our values for later processes.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from latentgraph.graph.context import RunContext
from latentgraph.graph.kept_folder import folder_beside
from latentgraph.graph.settings import Setting

if TYPE_CHECKING:
    from latentgraph.nodes.handles import Handle

CHOICES: Final = ("exact", "fast")
COMPILED: Final = "TORCHINDUCTOR_CACHE_DIR"
"""torch's environment variable for the folder of what it compiled."""
ON_CUDA: Final = {
    "max_autotune": True,
    "conv_1x1_as_mm": True,
    "coordinate_descent_tuning": True,
    "coordinate_descent_check_all_directions": True,
    "epilogue_fusion": False,
}
"""As PyTorch's "Accelerating Generative AI Part III" compiles SDXL; graphs of launches are ours, around it."""
SHAPES: Final = 64
"""How many sizes of pictures each module is compiled for before torch goes on without compiling."""


def resolve_speed(asked: str, settings: object) -> str:
    """One of CHOICES.

    Raises:
        ValueError: It is none.
    """
    if asked not in CHOICES:
        raise ValueError(f"{asked!r} is no speed; take {' or '.join(CHOICES)}")
    return asked


SPEED: Final = Setting(
    "speed",
    "exact (bit for bit what diffusers gives) or fast (compiled, in another layout: a little different, and the first "
    "run takes minutes).",
    "exact",
    resolve_speed,
)


def is_fast(context: RunContext) -> bool:
    """Whether the run gives up bits for speed."""
    return context.settings.get("speed") == "fast"


def computing(handle: Handle, context: RunContext) -> Any:
    """The live module for what most of the time goes into: that of `loaded`, or a fast one beside it.

    Only nodes that declare the setting `speed` may ask for it.
    """
    from latentgraph.nodes.handles import loaded

    return loaded(handle, context, fast=is_fast(context))


def quicken(module: Any, device: str, context: RunContext) -> None:
    """Make a module fast, or warn why it is not compiled.

    Args:
        module: A denoiser or a VAE that nobody else has, before anything moves its layers about; it is changed.
        device: It will compute on.
        context: Of the run.
    """
    import torch

    module.to(memory_format=torch.channels_last)
    if why := uncompiled(device, context):
        context.warn(f"fast mode computes without compiling: {why}")
        return
    try:
        if (folder := folder_beside("compiled")) is not None:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            os.environ.setdefault(COMPILED, str(folder))
    except (OSError, ValueError) as error:
        context.warn(f"what is compiled is not kept for later: {error}")
    # Of a VAE only the decoder is worth it.
    part = getattr(module, "decoder", module)
    part.forward = Compiled(part.forward, ON_CUDA if device.startswith("cuda") else {}, context.pool.tell).forward


def uncompiled(device: str, context: RunContext) -> str:
    """Why a module cannot be compiled here, and what to do; empty where it can."""
    if device.startswith("cuda"):
        from torch.utils._triton import has_triton

        if context.settings.get("memory") == "stream":
            return "its layers come to the GPU one by one; take another --memory"
        return "" if has_triton() else "Triton is not here, which compiles for GPUs; pip install triton"
    if not device.startswith("cpu"):
        return f"torch does not compile for {device}"
    from torch._inductor import cpp_builder
    from torch._inductor.exc import InvalidCxxCompiler

    try:
        cpp_builder.get_cpp_compiler()
    except InvalidCxxCompiler:
        return "there is no C++ compiler; install one (Debian, Ubuntu: apt install g++)"
    return ""


class Compiled:
    """The `forward` of a module, compiled when it is first called; plain for good where that fails."""

    def __init__(self, plain: Any, options: dict[str, Any], warn: Callable[[str], None]) -> None:
        """Take the place of the `forward` of a module.

        Args:
            plain: The `forward`.
            options: Of torch's compiler, beside its own.
            warn: Tells the user where it goes on without compiling.
        """
        import torch

        self._plain = plain
        self._warn = warn
        dynamo: Any = torch._dynamo.config
        dynamo.recompile_limit = max(dynamo.recompile_limit, SHAPES)
        self._compiled: Any = torch.compile(plain, dynamic=False, options=options)

    def forward(self, *given: Any, **named: Any) -> Any:
        """What the module gives; plainly where gradients are wanted."""
        import torch

        if self._compiled is None or torch.is_grad_enabled():
            return self._plain(*given, **named)
        try:
            return self._compiled(*given, **named)
        except torch.OutOfMemoryError:
            raise
        except Exception as error:  # The compiler raises whatever its parts do.
            # Where the module itself is at fault it says so here, in its own words.
            answer = self._plain(*given, **named)
            self._compiled = None
            first = (str(error).strip().splitlines() or [type(error).__name__])[0]
            self._warn(f"fast mode goes on without compiling, which failed: {first[:200]}")
            return answer
