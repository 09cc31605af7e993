"""What must not be shown: the safety checker of Stable Diffusion, and what to do about what it finds."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal, NamedTuple

from latentgraph.graph.context import ALONE, RunContext
from latentgraph.graph.node import node
from latentgraph.nodes.handles import LoadedSafetyChecker, SafetyChecker, loaded
from latentgraph.nodes.pixels import from_pil, to_pil
from latentgraph.nodes.values import Image

if TYPE_CHECKING:
    from torch import Tensor

OnFlagged = Literal["black", "blur", "flag"]
BLUR = 1 / 12
"""Radius of the blur as a share of the longer edge: what was there cannot be made out, its colours can."""


class Checked(NamedTuple):
    """Pictures after the check.

    Attributes:
        image: All of them, the flagged ones as chosen.
        flags: For each picture whether it was flagged.
    """

    image: Image
    flags: list[bool]


@node(category="image", settings=("device", "dtype"))
def safety_check(
    safety_checker: SafetyChecker | None,
    image: Image,
    on_flagged: OnFlagged = "black",
    *,
    context: RunContext = ALONE,
) -> Checked:
    """Look for what the model's safety checker was made to find.

    Args:
        safety_checker: Of the model; one that has none lets every picture through.
        image: Decoded pictures.
        on_flagged: What becomes of a flagged picture: black as in diffusers, blurred, or only flagged.

    Example:
        image, flags = safety_check(load_model().safety_checker, load_image("./photo.png"), on_flagged="blur")
    """
    if safety_checker is None:
        return Checked(image, [False] * len(image.samples))
    flags = flagged(loaded(safety_checker, context), image.samples)
    if not any(flags):
        return Checked(image, flags)
    treatment = {"black": "made black", "blur": "blurred", "flag": "left as it is"}[on_flagged]
    for number, one in enumerate(flags, 1):
        if one:
            which = f"image {number} of {len(flags)}" if len(flags) > 1 else "the image"
            context.warn(f"the safety checker flagged {which}, which was {treatment}; another prompt or seed may help")
    return Checked(Image(treated(image.samples, flags, on_flagged)), flags)


def flagged(checker: LoadedSafetyChecker, samples: Tensor) -> list[bool]:
    """Ask the checker about each picture, float32 (B, 3, H, W) in [0, 1]."""
    import torch

    first = next(checker.module.parameters())
    pictures = [to_pil(one) for one in samples]
    # The type of the result is the extractor's own; only its pixels are wanted.
    pixels: Tensor = checker.feature_extractor(pictures, return_tensors="pt").pixel_values
    with torch.no_grad(), _without_its_own_warning():
        # It writes zeros into what it flags: it is given a copy that is thrown away.
        _, flags = checker.module(images=samples.clone(), clip_input=pixels.to(first.device).to(first.dtype))
    return [bool(one) for one in flags]


def treated(samples: Tensor, flags: list[bool], on_flagged: OnFlagged) -> Tensor:
    """A copy of the pictures in which the flagged ones are black or blurred; the same pictures for `flag`."""
    import torch

    if on_flagged == "flag":
        return samples
    hide = torch.zeros_like if on_flagged == "black" else blurred
    return torch.stack([hide(one) if flag else one for one, flag in zip(samples, flags, strict=True)])


def blurred(samples: Tensor) -> Tensor:
    """A picture (3, H, W) in which nothing can be made out."""
    from PIL import ImageFilter

    radius = max(samples.shape[1:]) * BLUR
    return from_pil(to_pil(samples).filter(ImageFilter.GaussianBlur(radius)))


@contextmanager
def _without_its_own_warning() -> Iterator[None]:
    # diffusers logs that a black image is returned, whatever we do with it; ours says what was done.
    logger = logging.getLogger("diffusers.pipelines.stable_diffusion.safety_checker")
    disabled = logger.disabled
    # Another level would cost a millisecond: Python then forgets of all its loggers what they let through.
    logger.disabled = True
    try:
        yield
    finally:
        logger.disabled = disabled
