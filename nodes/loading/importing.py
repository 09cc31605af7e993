"""Importing torch, diffusers and transformers: no more of them than is used, and no code that comes with a model."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from latentgraph.nodes.loading.compiler import defer_compiler
from latentgraph.nodes.loading.deferred import defer

MANY: Final = 100
"""Modules that were imported at once, from which on they count as a library."""

SELDOM_USED: Final = (
    # By samplers with beta noise levels, and by LMS.
    "scipy.stats",
    "scipy.integrate",
    # By the losses of models that find objects.
    "scipy.optimize",
    # By LoRAs.
    "peft",
    "peft.helpers",
    "peft.tuners",
    "peft.tuners.tuners_utils",
    # By models that are spread over several processes.
    "torch.distributed.tensor",
    "torch.distributed.tensor._utils",
    "torch.distributed.tensor.placement_types",
    "torch.distributed.fsdp",
    "torch.distributed._composable.fsdp",
    "torch.distributed.checkpoint",
    "torch.distributed.checkpoint.hf_storage",
)
"""What diffusers and transformers import at their top, and a run seldom uses."""
SPREAD: Final = ("transformers.distributed.expert_parallel", "transformers.distributed.tensor_parallel")
"""The same in transformers itself, for models that are spread over several processes."""
MODELS: Final = ("diffusers.models.transformers", "diffusers.models.autoencoders")
"""Packages of models that import all of them where one is asked for."""


@contextmanager
def importing() -> Iterator[None]:
    """Within this, torch, diffusers and transformers are imported, and classes of theirs asked for.

    What they import at their top is nearly all that is made meanwhile, and nothing of it becomes garbage: to look
    through it over and over takes an eighth of a small run.
    """
    known, enabled = len(sys.modules), gc.isenabled()
    gc.disable()
    try:
        _prepare()
        yield
    finally:
        if len(sys.modules) - known > MANY:
            gc.freeze()
        if enabled:
            gc.enable()


def model_class(class_name: str) -> Any:
    """What diffusers has by that name, read without the other models; None where it has nothing."""
    import diffusers

    for package in MODELS:
        defer(package, open=True)
    return getattr(diffusers, class_name, None)


def transformers_library() -> Any:
    """transformers, of which no model has been imported without this."""
    import transformers

    for module in SPREAD:
        defer(module, askers=("transformers",))
    return transformers


def _prepare() -> None:
    # No code that comes with a model runs, whatever asks for it.
    os.environ["DIFFUSERS_DISABLE_REMOTE_CODE"] = "1"
    if "diffusers" in sys.modules:
        return
    defer_compiler()
    for module in SELDOM_USED:
        defer(module, askers=("diffusers", "transformers"))
