"""What a sampler is steered by: from the conditionings of ComfyUI to one Guidance of ours."""

from __future__ import annotations

from typing import Any

from latentgraph.graph.workflow import Link
from latentgraph.nodes.comfyui.translation import Translation, Untranslatable
from latentgraph.nodes.comfyui.values import ConditioningEntry, ConditioningValue, ModelValue, SizeValue, Source


def guidance_for(
    t: Translation,
    model: ModelValue,
    positive: ConditioningValue,
    negative: ConditioningValue | None,
    scale: Source,
    start: Link,
    batch: Source | None,
) -> Link:
    """The guidance for the steps of one sampler.

    Args:
        t: The translation.
        model: What is steered.
        positive: What to steer towards.
        negative: What to steer away from; None: nothing.
        scale: Of the guidance.
        start: The latents that the first step is given, of the picture's size.
        batch: How many pictures are made; None: nobody can tell before the run.
    """
    sides = [_plain(one) for one in (positive, negative) if one is not None]
    guidance = t.add(
        "guidance",
        "guidance",
        positive=sides[0].conditioning,
        negative=sides[1].conditioning if len(sides) > 1 else None,
        scale=scale,
        like=None if batch == 1 else start,
    ).guidance
    if model.family == "sdxl":
        guidance = _told_sizes(t, model, guidance, start, [one.size for one in sides])
    if model.family == "sdxl_refiner":
        guidance = _told_scores(t, model, guidance, start, [one.size for one in sides])
    return guidance


def _plain(value: ConditioningValue) -> ConditioningEntry:
    if len(value.entries) != 1 or not value.entries[0].plain:
        raise Untranslatable("it is steered by texts that count in parts of the picture or of the time")
    return value.entries[0]


def _told_sizes(t: Translation, model: ModelValue, guidance: Link, start: Link, sizes: list[SizeValue | None]) -> Link:
    """SDXL's base model is told the picture's size; that of the latents where no node says another."""
    told: dict[str, Any] = {}
    for side, size in zip(("", "negative_"), sizes, strict=False):
        if size is None:
            continue
        target = (size.target_height or size.height, size.target_width or size.width)
        for name, pair in (
            ("original_size", (size.height, size.width)),
            ("crops_coords_top_left", (size.crop_top, size.crop_left)),
            ("target_size", target),
        ):
            if any(isinstance(one, Link) for one in pair):
                raise Untranslatable("a size that it is told is linked; a literal is wanted here")
            told[side + name] = list(pair)
    made = t.add(
        "sized",
        "size_conditioning",
        guidance=guidance,
        denoiser=model.denoiser,
        latents=start,
        pipeline="image_to_image",
        **told,
    )
    return made.guidance


def _told_scores(t: Translation, model: ModelValue, guidance: Link, start: Link, sizes: list[SizeValue | None]) -> Link:
    """SDXL's refiner is told how good the picture should look: 6 and 2.5 where no node says otherwise."""
    told: dict[str, Any] = {}
    for side, size in zip(("", "negative_"), sizes, strict=False):
        if size is None:
            continue
        if isinstance(size.width, Link) or isinstance(size.height, Link):
            raise Untranslatable("a size that it is told is linked; a literal is wanted here")
        told[side + "aesthetic_score"] = size.score
        told[side + "original_size"] = [size.height, size.width]
    made = t.add(
        "scored",
        "aesthetic_conditioning",
        guidance=guidance,
        denoiser=model.denoiser,
        latents=start,
        **told,
    )
    return made.guidance
