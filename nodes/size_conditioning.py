"""What Stable Diffusion XL is told beside the text: the sum of the text, sizes, and how good a picture should look.

The base model was trained with each picture's original size, crop and target size (Podell et al. 2023, section 2.2),
the refiner with a score of its looks in place of the target size.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias

from pydantic import Field

from latentgraph.graph.node import node
from latentgraph.nodes.handles import Denoiser
from latentgraph.nodes.values import Guidance, Latents

if TYPE_CHECKING:
    from torch import Tensor

Pair: TypeAlias = Annotated[list[int], Field(min_length=2, max_length=2)]
Pipeline: TypeAlias = Literal["text_to_image", "image_to_image"]
Numbers: TypeAlias = Sequence[float]


@node(category="text", families=("sdxl",))
def size_conditioning(
    guidance: Guidance,
    denoiser: Denoiser,
    latents: Latents,
    original_size: Pair | None = None,
    crops_coords_top_left: Pair | None = None,
    target_size: Pair | None = None,
    negative_original_size: Pair | None = None,
    negative_crops_coords_top_left: Pair | None = None,
    negative_target_size: Pair | None = None,
    pipeline: Pipeline = "text_to_image",
) -> Guidance:
    """Tell the base model of Stable Diffusion XL the size of the picture, and the sum of the text.

    Sizes are [height, width] in pixels. The negative sizes of `text_to_image` count if both are given, as in diffusers.

    Args:
        guidance: With embeddings of encode_sdxl.
        denoiser: Of the model.
        latents: What the loop begins at; they tell the picture's size.
        original_size: Of the picture before it was scaled; null: as it is. A small one makes it look enlarged.
        crops_coords_top_left: Where a crop begins, [top, left]; null: [0, 0], a well-centred picture.
        target_size: Of the picture; null: as it is.
        negative_original_size: Of the negative side.
        negative_crops_coords_top_left: Of the negative side; image_to_image ignores it, as diffusers does.
        negative_target_size: Of the negative side.
        pipeline: Which of diffusers' pipelines to follow: in a batch, text_to_image deals the two sides' sizes out in
            turns, so that with negative sizes the sides mix; image_to_image does not.

    Example:
        model = load_sdxl("./sdxl")
        tokens = tokenize_sdxl(model.tokenizer_2, model.tokenizer, "a red circle")
        positive = encode_sdxl(model.text_encoder_2, tokens, model.text_encoder)
        latents = empty_latents(model.vae, height=64, width=64)
        steered = size_conditioning(guidance(positive), model.denoiser, latents, crops_coords_top_left=[0, 0])
    """
    own = [latents.height, latents.width]
    original, target = original_size or own, target_size or own
    crop = crops_coords_top_left or [0, 0]
    positive = [*original, *crop, *target]
    if pipeline == "image_to_image":
        negative = [*(negative_original_size or original), *crop, *(negative_target_size or target)]
    elif negative_original_size is not None and negative_target_size is not None:
        negative = [*negative_original_size, *(negative_crops_coords_top_left or [0, 0]), *negative_target_size]
    else:
        negative = positive
    return with_added(guidance, denoiser.config, positive, negative, in_turns=pipeline == "text_to_image")


@node(category="text", families=("sdxl",))
def aesthetic_conditioning(
    guidance: Guidance,
    denoiser: Denoiser,
    latents: Latents,
    aesthetic_score: float = 6.0,
    negative_aesthetic_score: float = 2.5,
    original_size: Pair | None = None,
    crops_coords_top_left: Pair | None = None,
    negative_original_size: Pair | None = None,
    negative_crops_coords_top_left: Pair | None = None,
) -> Guidance:
    """Tell the refiner of Stable Diffusion XL how good the picture should look, its size, and the sum of the text.

    Args:
        guidance: With embeddings of encode_sdxl.
        denoiser: Of the refiner.
        latents: What the loop begins at; they tell the picture's size.
        aesthetic_score: As people would rate the picture, about 1 to 10.
        negative_aesthetic_score: Of the negative side.
        original_size: [height, width] in pixels before it was scaled; null: as it is.
        crops_coords_top_left: Where a crop begins, [top, left]; null: [0, 0].
        negative_original_size: Of the negative side; null: that of the positive one.
        negative_crops_coords_top_left: Of the negative side; null: [0, 0].

    Example:
        model = load_sdxl("./sdxl-refiner")
        tokens = tokenize_sdxl(model.tokenizer_2, text="a red circle")
        positive = encode_sdxl(model.text_encoder_2, tokens)
        latents = empty_latents(model.vae, height=64, width=64)
        steered = aesthetic_conditioning(guidance(positive), model.denoiser, latents, aesthetic_score=6.5)
    """
    original = original_size or [latents.height, latents.width]
    positive = [*original, *(crops_coords_top_left or [0, 0]), aesthetic_score]
    negative = [
        *(negative_original_size or original),
        *(negative_crops_coords_top_left or [0, 0]),
        negative_aesthetic_score,
    ]
    return with_added(guidance, denoiser.config, positive, negative, in_turns=False)


def with_added(
    guidance: Guidance, config: Mapping[str, Any], positive: Numbers, negative: Numbers, *, in_turns: bool
) -> Guidance:
    """A guidance with the sum of the text and some numbers in `added`, under diffusers' names for them.

    Args:
        guidance: Both sides have `pooled`, (B, E).
        config: Of the denoiser.
        positive: Numbers for every picture's positive side.
        negative: As many for the negative one.
        in_turns: Rows are negative, positive, negative, ... as StableDiffusionXLPipeline has them, while those of the
            embeddings are all negative ones first.
    """
    import torch

    pooled = guidance.positive.pooled
    if pooled is None:
        raise ValueError("the embeddings come without the sum of the text; make them by encode_sdxl")
    refuse_another_width(config, len(positive), pooled)
    # A distilled denoiser is told its guidance's scale and predicts one side.
    if guidance.negative is None or config.get("time_cond_proj_dim") is not None:
        rows = [positive] * len(pooled)
    else:
        if guidance.negative.pooled is None:
            raise ValueError("the negative embeddings come without the sum of the text; make them by encode_sdxl")
        rows = [negative, positive] * len(pooled) if in_turns else [negative] * len(pooled) + [positive] * len(pooled)
        pooled = torch.cat([guidance.negative.pooled, pooled])
    times = torch.tensor(rows, dtype=guidance.embeddings.dtype).to(guidance.embeddings.device)
    return replace(guidance, added={**guidance.added, "text_embeds": pooled, "time_ids": times})


def refuse_another_width(config: Mapping[str, Any], count: int, pooled: Tensor) -> None:
    """Raise where the denoiser was trained on another count of numbers, or on a sum of the text of another width."""
    wanted, each = config.get("projection_class_embeddings_input_dim"), config.get("addition_time_embed_dim")
    if config.get("addition_embed_type") != "text_time" or not wanted or not each:
        raise ValueError("the denoiser is not of Stable Diffusion XL: it is told no sizes; leave this node out")
    width = pooled.shape[-1]
    expected = (wanted - width) / each
    if expected != count:
        node_for = {5: "aesthetic_conditioning", 6: "size_conditioning"}.get(int(expected), "")
        told = f"; use {node_for}" if node_for and expected == int(expected) else ""
        raise ValueError(
            f"{count} numbers and a sum of the text of {width} make {each * count + width}, but the denoiser takes "
            f"{wanted}{told or '; take text encoder and denoiser from one model'}"
        )
