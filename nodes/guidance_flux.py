"""What Flux is steered by: a number that it is told, and, if one likes, a negative prompt beside it."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from latentgraph.graph.node import node
from latentgraph.nodes.handles import Denoiser
from latentgraph.nodes.loading.families import STRENGTH
from latentgraph.nodes.values import Conditioning, Guidance


@node(category="text", families=("flux",), variant=STRENGTH)
def guidance_flux(
    positive: Conditioning,
    denoiser: Denoiser,
    negative: Conditioning | None = None,
    guidance_scale: Annotated[float, Field(ge=0)] = 3.5,
    true_cfg_scale: Annotated[float, Field(ge=0)] = 1.0,
) -> Guidance:
    """Say what to steer towards, how strongly, and what away from.

    A distilled denoiser is told the strength as a number and needs no negative side. Classifier-free guidance can be
    had beside it; it calls the denoiser twice at each step.

    Args:
        positive: What the image should show, from encode_flux.
        denoiser: Of the model; `schnell` is not told any number.
        negative: What it should not show; null: there is no negative side.
        guidance_scale: The number that a distilled denoiser is told (Meng et al. 2023); the others ignore it.
        true_cfg_scale: Of classifier-free guidance (Ho & Salimans 2022): 1 or less means none.

    Example:
        model = load_flux("./flux")
        tokens = tokenize_flux(model.tokenizer, model.tokenizer_2, "a red circle")
        positive = encode_flux(model.text_encoder, model.text_encoder_2, tokens)
        steered = guidance_flux(positive, model.denoiser, guidance_scale=3.5)
    """
    import torch

    steering = negative if true_cfg_scale > 1 else None
    if steering is not None and len(steering.embeddings) != len(positive.embeddings):
        raise ValueError(
            f"positive has {len(positive.embeddings)} rows, negative has {len(steering.embeddings)}; "
            "give both the same images_per_prompt"
        )
    told = {}
    if denoiser.config.get("guidance_embeds"):
        told["guidance"] = torch.full([1], guidance_scale, dtype=torch.float32)
    return Guidance(positive, steering, true_cfg_scale, 0.0, positive.embeddings, told, family=positive.family)
