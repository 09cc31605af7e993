"""Calls of a module that keep no more than is wanted of them: gradients, or nothing at all."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from latentgraph.graph.context import RunContext
from latentgraph.nodes.fast import is_fast

if TYPE_CHECKING:
    from torch import Tensor


def inferred(call: Callable[[], Tensor], text: Tensor, context: RunContext) -> Tensor:
    """The answer of a denoiser, with gradients only where the text wants one.

    On a CPU a small model's step is thousands of short calls, and torch's inference mode, which counts no versions and
    follows no views, saves some hundredths of it. On a GPU launches are replayed, and a compiled module is one call:
    there is nothing to save, and both look at what inference mode leaves out.

    Args:
        call: Of the denoiser; everything that it is given was made before.
        text: The embeddings that it is given.
        context: Of the run.

    Returns:
        What `call` gives: a tensor like any other, which may be changed and be given to what keeps gradients.
    """
    import torch

    if text.requires_grad:
        with torch.enable_grad():
            return call()
    if text.device.type != "cpu" or is_fast(context):
        with torch.no_grad():
            return call()
    with torch.inference_mode():
        answer = call()
    return answer.clone()


@contextmanager
def frozen(*modules: Any) -> Iterator[None]:
    """Within this, weights want no gradient: a pass that is differentiated for its input keeps a fifth less of itself.

    Outside of it they want one, as those of diffusers' pipelines do: torch multiplies three-dimensional tensors by a
    matrix without bias, such as those of a LoRA, by another kernel where it does not (`should_fold` in ATen).

    Args:
        modules: Loaded, and used by this thread alone meanwhile.
    """
    wanting = [one for module in modules for one in module.parameters() if one.requires_grad]
    for one in wanting:
        one.requires_grad_(False)
    try:
        yield
    finally:
        for one in wanting:
            one.requires_grad_(True)
