"""How a denoiser of each class is called, where it is called otherwise than the UNet."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from latentgraph.nodes.values import Guidance, Timestep

if TYPE_CHECKING:
    from torch import Tensor

Call = Callable[[Any, "Tensor", Timestep, Guidance], "Tensor"]


def call_sd3(module: Any, model_input: Tensor, timestep: Timestep, guidance: Guidance) -> Tensor:
    """Ask the transformer of Stable Diffusion 3 (Esser et al. 2024) as diffusers 0.42.1 does.

    Args:
        module: An SD3Transformer2DModel.
        model_input: Latents, (B, 16, h, w); twice as many rows when guided.
        timestep: Of this turn; the transformer wants it once for each row.
        guidance: Its `added` holds `pooled_projections`, (B, E), rows as in its embeddings.

    Raises:
        ValueError: The guidance has no pooled vector, or has what this transformer cannot read.
    """
    pooled = guidance.added.get("pooled_projections")
    if pooled is None:
        raise ValueError("the transformer of Stable Diffusion 3 needs a pooled vector; encode the text for sd3")
    if guidance.channels is not None or guidance.controls:
        raise ValueError("the transformer of Stable Diffusion 3 takes neither channels nor ControlNets for a UNet")
    prediction: Tensor = module(
        hidden_states=model_input,
        timestep=timestep.value.expand(model_input.shape[0]),
        encoder_hidden_states=guidance.embeddings,
        pooled_projections=pooled,
        return_dict=False,
    )[0]
    return prediction


CALLS: Final[Mapping[str, Call]] = {"SD3Transformer2DModel": call_sd3}
"""By the class of the denoiser; one that is not here is called as a UNet."""
