"""How a denoiser of each class is called, where it is called otherwise than the UNet."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from latentgraph.nodes.flux_patches import packed, patch_positions, unpacked
from latentgraph.nodes.values import Guidance, Timestep

if TYPE_CHECKING:
    from torch import Tensor

Call = Callable[[Any, "Tensor", Timestep, Guidance], "Tensor"]


def call_sd3(
    module: Any, model_input: Tensor, timestep: Timestep, guidance: Guidance, skip_layers: list[int] | None = None
) -> Tensor:
    """Ask the transformer of Stable Diffusion 3 (Esser et al. 2024) as diffusers 0.42.1 does.

    Args:
        module: An SD3Transformer2DModel.
        model_input: Latents, (B, 16, h, w); twice as many rows when guided.
        timestep: Of this turn; the transformer wants it once for each row.
        guidance: Each of its sides has a pooled vector, (B, E).
        skip_layers: Of the transformer, left out; None: all are there.

    Raises:
        ValueError: The guidance has no pooled vector, or has what this transformer cannot read.
    """
    import torch

    sides = [one.pooled for one in (guidance.negative, guidance.positive) if one is not None]
    pooled = [one for one in sides if one is not None]
    if len(pooled) != len(sides):
        raise ValueError("the transformer of Stable Diffusion 3 needs a pooled vector; encode the text by encode_sd3")
    if guidance.channels is not None or guidance.labels is not None or guidance.controls:
        raise ValueError("the transformer of Stable Diffusion 3 takes no channels, labels or ControlNets for a UNet")
    refuse_broken_patches(module.config, model_input)
    prediction: Tensor = module(
        hidden_states=model_input,
        timestep=timestep.value.expand(model_input.shape[0]),
        encoder_hidden_states=guidance.embeddings,
        pooled_projections=torch.cat(pooled),
        skip_layers=skip_layers,
        return_dict=False,
    )[0]
    return prediction


def refuse_broken_patches(config: Any, model_input: Tensor) -> None:
    """Hold that latents (B, C, h, w) are whole patches, and no more than a transformer knows places for.

    Raises:
        ValueError: They are not.
    """
    patch, most = int(config.patch_size), getattr(config, "pos_embed_max_size", None)
    height, width = model_input.shape[-2:]
    if height % patch or width % patch:
        raise ValueError(
            f"latents are {height} × {width} cells, and the transformer reads patches of {patch} × {patch}; "
            f"give a height and a width in whole patches"
        )
    if most is not None and max(height, width) > most * patch:
        raise ValueError(
            f"latents are {height} × {width} cells, and the transformer knows places for {most * patch} at most; "
            "make a smaller picture"
        )


def call_flux(module: Any, model_input: Tensor, timestep: Timestep, guidance: Guidance) -> Tensor:
    """Ask the transformer of Flux as diffusers 0.42.1 does (pipelines/flux/pipeline_flux.py).

    It reads patches of 2 × 2 cells in a row. That is a matter of this call: outside of it the latents lie in their
    rows and columns as those of every model do.

    Args:
        module: A FluxTransformer2DModel.
        model_input: Latents, (B, 16, h, w), h and w even.
        timestep: Of this turn; the transformer wants it as a share of 1000, once for each row.
        guidance: Of one side, with a pooled vector (B, E); its `added` holds `guidance`, float32 (1,), for a
            transformer that was distilled to be told how strongly to follow the text.

    Raises:
        ValueError: The guidance lacks something, or has what this transformer cannot read.
    """
    import torch

    pooled, strength = guidance.positive.pooled, None
    if pooled is None:
        raise ValueError("the transformer of Flux needs a pooled vector; encode the text by encode_flux")
    if guidance.channels is not None or guidance.controls:
        raise ValueError("the transformer of Flux takes neither channels nor ControlNets for a UNet")
    rows, _, height, width = model_input.shape
    if module.config.guidance_embeds:
        strength = guidance.added.get("guidance")
        if strength is None:
            raise ValueError("this transformer is told how strongly to follow the text; make guidance by guidance_flux")
        strength = strength.to(model_input.device).expand(rows)
    text = guidance.embeddings
    prediction: Tensor = module(
        hidden_states=packed(model_input),
        timestep=timestep.value.expand(rows).to(model_input.dtype) / 1000,
        guidance=strength,
        pooled_projections=pooled,
        encoder_hidden_states=text,
        txt_ids=torch.zeros(text.shape[1], 3).to(device=text.device, dtype=text.dtype),
        img_ids=patch_positions(height, width).to(device=text.device, dtype=text.dtype),
        return_dict=False,
    )[0]
    return unpacked(prediction, height, width)


CALLS: Final[Mapping[str, Call]] = {"SD3Transformer2DModel": call_sd3, "FluxTransformer2DModel": call_flux}
"""By the class of the denoiser; one that is not here is called as a UNet."""
CALLED_FOR_EACH_SIDE: Final = frozenset({"FluxTransformer2DModel"})
"""Denoisers that diffusers calls once for each side; it calls the others once for both, which gives other bits."""
