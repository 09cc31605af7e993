"""Pictures in the place of a text's sum: what unCLIP models were trained on, and Stable Diffusion XL takes as well.

The image encoder of OpenCLIP-bigG and the second text encoder of SDXL were trained together, so that a vector of a
picture stands where that of a text does. Noise is added to it as to the embeddings of unCLIP (Ramesh et al. 2022,
section 2.3), by the cosine schedule (Nichol & Dhariwal 2021, eq. 17).
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Final

from pydantic import Field

from latentgraph.graph.node import node
from latentgraph.nodes.values import Conditioning, ImagePrompt

if TYPE_CHECKING:
    from torch import Tensor

LEVELS: Final = 1000
Seed = Annotated[int, Field(ge=0, le=2**64 - 1)]


@node(category="text")
def augment_image_prompt(
    prompt: ImagePrompt,
    strength: float = 1.0,
    noise_augmentation: Annotated[float, Field(ge=0, le=1)] = 0.0,
    seed: Seed = 0,
    offset: int = 0,
    after: ImagePrompt | None = None,
) -> ImagePrompt:
    """Weigh pictures, and add noise to what was made of them. Put one behind the other for several.

    Args:
        prompt: From encode_image_prompt without an IP-Adapter.
        strength: What the vectors are multiplied by.
        noise_augmentation: 0 is hardly any noise, 1 leaves hardly anything of the picture.
        seed: Of the noise; pictures of one seed are given the same.
        offset: Added to the seed.
        after: Pictures that come before these.

    Example:
        encoder = load_image_encoder("./image_encoder").image_encoder
        prompt = encode_image_prompt(encoder, load_image("./photo.png"))
        weak = augment_image_prompt(prompt, strength=0.5, noise_augmentation=0.1, seed=7)
    """
    import torch

    if prompt.positive.ndim != 2:
        raise ValueError(
            "the pictures were encoded for an IP-Adapter that reads hidden states; encode them without one"
        )
    level = round((LEVELS - 1) * noise_augmentation)
    made = torch.cat([noisy(one, level, seed + offset) * strength for one in prompt.positive.unsqueeze(1)])
    before = [] if after is None else [after.positive]
    both = torch.cat([*before, made])
    return ImagePrompt(both, torch.zeros_like(both), prompt.family)


@node(category="text")
def pool_image_prompt(conditioning: Conditioning, prompt: ImagePrompt, seed: Seed = 0, offset: int = 0) -> Conditioning:
    """Put pictures in the place of the sum of a text.

    Args:
        conditioning: Whose embeddings stay.
        prompt: Of one picture or more, from augment_image_prompt; their vectors are added up.
        seed: Of the noise that the sum of several is given at the lowest level.
        offset: Added to the seed.

    Example:
        parts = load_sdxl("./sdxl")
        tokens = tokenize_sdxl(parts.tokenizer_2, parts.tokenizer, "a red circle")
        text = encode_sdxl(parts.text_encoder_2, tokens, parts.text_encoder)
        seen = pool_image_prompt(text, load_image_prompt("./image_prompt-sdxl.safetensors"))
    """
    if conditioning.pooled is None:
        raise ValueError("the embeddings come without the sum of the text; make them by encode_sdxl")
    width, wanted = prompt.positive.shape[-1], conditioning.pooled.shape[-1]
    if width != wanted:
        raise ValueError(
            f"the image encoder gives {width} numbers, and the model reads {wanted}; "
            "take the encoder that its text encoder was trained with"
        )
    summed = prompt.positive.sum(dim=0, keepdim=True)
    if len(prompt.positive) > 1:
        summed = noisy(summed, 0, seed + offset)
    return replace(conditioning, pooled=summed.to(conditioning.pooled).repeat(len(conditioning.pooled), 1))


def noisy(vectors: Tensor, level: int, seed: int) -> Tensor:
    """sqrt(p) * vectors + sqrt(1 - p) * noise, with p the product of 1 - beta up to a level of the cosine schedule.

    Args:
        vectors: (1, E).
        level: 0 to 999.
        seed: Of the noise; below 0 it counts from 2^64.
    """
    import torch

    def kept(share: float) -> float:
        return math.cos((share + 0.008) / 1.008 * math.pi / 2) ** 2

    left = 1.0
    for one in range(level + 1):
        left *= 1 - min(1 - kept((one + 1) / LEVELS) / kept(one / LEVELS), 0.999)
    generator = torch.Generator().manual_seed(seed % 2**64)
    noise = torch.randn(vectors.shape, generator=generator, dtype=vectors.dtype).to(vectors.device)
    return math.sqrt(left) * vectors + math.sqrt(1 - left) * noise
