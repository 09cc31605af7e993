"""What a sampler is steered by: from the conditionings of ComfyUI to one Guidance of ours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from latentgraph.graph.workflow import Link
from latentgraph.nodes.comfyui.regions import is_plain, paired
from latentgraph.nodes.comfyui.translation import Translation, Untranslatable
from latentgraph.nodes.comfyui.values import (
    NOTHING,
    AreaValue,
    ConditioningEntry,
    ConditioningValue,
    ControlValue,
    LatentValue,
    ModelValue,
    SizeValue,
    Source,
)

CHANNELS: Final = 4
"""Of latents, which a denoiser reads that was not trained to inpaint."""
REFUSED: Final = SizeValue(0, 0, score=2.5)
"""What the refiner is told of the negative side where no node says otherwise: a score alone."""


def guidance_for(
    t: Translation,
    model: ModelValue,
    positive: ConditioningValue,
    negative: ConditioningValue | None,
    scale: Source,
    start: Link,
    latents: LatentValue,
    seed: Source = 0,
) -> Link:
    """The guidance for the steps of one sampler.

    Args:
        t: The translation.
        model: What is steered.
        positive: What to steer towards.
        negative: What to steer away from; None: nothing.
        scale: Of the guidance.
        start: The latents that the first step is given, of the picture's size.
        latents: What the sampler is given, with their number and what is masked.
        seed: Of the sampler.
    """
    other = None if negative is None else _seeing(t, model, negative, latents)
    sides = paired(_seeing(t, model, positive, latents), other)
    first, second = ([_pictured(t, one, seed) for one in side] for side in sides)
    given = _Given(t, model, start, latents.batch)
    rescale = _rescale(t, model) if second else None
    if is_plain(tuple(first), tuple(second)):
        return given.guidance(first[0], second[0] if second else None, scale, rescale)
    regions = [given.regions(side, negative=bool(number)) for number, side in enumerate((first, second)) if side]
    return t.add(
        "guidance",
        "regional_guidance",
        positive=regions[0],
        negative=regions[1] if len(regions) > 1 else None,
        scale=scale,
        rescale=rescale,
    ).guidance


def _rescale(t: Translation, model: ModelValue) -> Source | None:
    """What RescaleCFG says, which works on the velocity in ComfyUI whatever the model predicts."""
    rescale: Source | None = model.patches.get("rescale")
    if rescale is not None and model.options.get("prediction_type") != "v_prediction":
        t.note(
            "RescaleCFG rescales what the model predicts here, and the velocity in ComfyUI: "
            "the same of a model that predicts velocity, and close of one that predicts noise"
        )
    return rescale


def _seeing(t: Translation, model: ModelValue, value: ConditioningValue, latents: LatentValue) -> ConditioningValue:
    """The entries with what a denoiser for inpainting sees: where nothing says so, what is masked of the latents."""
    if any(one.patches for one in value.entries):
        raise Untranslatable("it is steered by something that there is nothing for here")
    if model.channels == CHANNELS:
        return replace(value, entries=tuple(replace(one, channels=NOTHING) for one in value.entries))
    if any(not one.channels for one in value.entries) and latents.mask is None:
        raise Untranslatable(
            "its model was trained to inpaint, and nothing is masked", "give it a mask by VAEEncodeForInpaint"
        )
    seen = {} if latents.mask is None else {"mask": latents.mask, "latents": t.latents(latents)}
    return replace(value, entries=tuple(replace(one, channels=one.channels or seen) for one in value.entries))


def _pictured(t: Translation, entry: ConditioningEntry, seed: Source) -> ConditioningEntry:
    """The entry with its pictures in the place of the sum of its text; their noise begins ten below the seed."""
    prompt: Link | None = None
    for one in entry.pictures:
        prompt = t.add(
            "picture",
            "augment_image_prompt",
            prompt=one.features,
            strength=one.strength,
            noise_augmentation=one.noise_augmentation,
            seed=seed,
            offset=-10,
            after=prompt,
        ).image_prompt
    if prompt is None:
        return entry
    pooled = t.add(
        "pictured", "pool_image_prompt", conditioning=entry.conditioning, prompt=prompt, seed=seed, offset=-10
    )
    return replace(entry, conditioning=pooled.conditioning, pictures=())


@dataclass(frozen=True)
class _Given:
    """What the guidance of one sampler is made for."""

    t: Translation
    model: ModelValue
    start: Link
    batch: Source | None

    def guidance(
        self,
        one: ConditioningEntry,
        other: ConditioningEntry | None,
        scale: Source | None = None,
        rescale: Source | None = None,
    ) -> Link:
        """By one text on each side, or by one side alone."""
        t, model = self.t, self.model
        guidance = t.add(
            "guidance",
            "guidance",
            positive=one.conditioning,
            negative=None if other is None else other.conditioning,
            scale=scale,
            rescale=rescale,
            like=None if self.batch == 1 else self.start,
        ).guidance
        sizes = [one.size] if other is None else [one.size, other.size]
        if model.family == "sdxl":
            guidance = _told_sizes(t, model, guidance, self.start, sizes)
        if model.family == "sdxl_refiner":
            guidance = _told_scores(t, model, guidance, self.start, sizes)
        if one.channels:
            guidance = t.add(
                "seeing",
                "inpaint_channels",
                guidance=guidance,
                mask=one.channels["mask"],
                masked_latents=one.channels["latents"],
                bilinear=True,
            ).guidance
        for control in one.controls:
            guidance = self.controlled(guidance, control, one.area)
        return guidance

    def regions(self, side: Sequence[ConditioningEntry], *, negative: bool) -> Link:
        """All the texts of a side, where, when and how much each counts."""
        after: Link | None = None
        for entry in side:
            size = entry.size
            if negative and size is None and self.model.family == "sdxl_refiner":
                size = REFUSED
            area = entry.area
            after = self.t.add(
                "region",
                "regional_prompt",
                guidance=self.guidance(replace(entry, size=size), None),
                box=None if area is None else [area.left, area.top, area.width, area.height],
                unit="share" if area is not None and area.shares else None,
                mask=entry.mask,
                strength=None if entry.strength == 1.0 else entry.strength,
                start=None if entry.start == 0.0 else entry.start,
                end=None if entry.end == 1.0 else entry.end,
                latents=self.start if area is not None and not area.shares else None,
                after=after,
            ).regional_prompts
        assert after is not None
        return after

    def controlled(self, guidance: Link, control: ControlValue, area: AreaValue | None) -> Link:
        """A ControlNet or T2I-Adapter put in; its picture is brought to the size of what is made."""
        t = self.t
        if area is not None and area.shares:
            raise Untranslatable("a ControlNet counts in an area that is given in shares", "give the area in pixels")
        key = ("fitted", control.image, self.start, area)
        if key not in t.memory:
            size: dict[str, Source] = {"like": self.start}
            if area is not None:
                size = {name: int(edge) // 8 * 8 for name, edge in (("height", area.height), ("width", area.width))}
            fitted = t.add("fitted", "resize_image", image=control.image, fit="crop", method="nearest-exact", **size)
            t.memory[key] = fitted.image
        if (control.start, control.end) != (0.0, 1.0):
            t.note("ControlNets begin and end by shares of the steps here, and of the noise levels in ComfyUI")
        if control.kind == "t2i_adapter":
            if control.start != 0.0:
                raise Untranslatable("a T2I-Adapter is silent at first", "set its start_percent to 0")
            return t.add(
                "adapted",
                "add_t2i_adapter",
                guidance=guidance,
                t2i_adapter=control.controlnet,
                image=t.memory[key],
                scale=control.strength,
                factor=None if control.end == 1.0 else control.end,
            ).guidance
        return t.add(
            "controlled",
            "control",
            guidance=guidance,
            controlnet=control.controlnet,
            image=t.memory[key],
            scale=control.strength,
            start=None if control.start == 0.0 else control.start,
            end=None if control.end == 1.0 else control.end,
        ).guidance


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
        if size is not REFUSED:
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
