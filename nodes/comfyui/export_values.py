"""What stands for parts of a sampler of ours, until a loop makes one node of ComfyUI of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from latentgraph.nodes.comfyui.exporting import Given, Wire


@dataclass(frozen=True, slots=True)
class Tokens(Given):
    """Texts that are yet to be encoded, as ComfyUI writes them."""

    text: str | Wire
    text_2: str | Wire


@dataclass(frozen=True, slots=True)
class SchedulerOf(Given):
    """A scheduler of diffusers; without a name the model's own."""

    class_name: str = ""
    options: tuple[tuple[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class ScheduleOf(Given):
    """A schedule, or the part of it that a loop takes."""

    scheduler: SchedulerOf
    kind: str
    steps: Any
    denoise: float = 1.0
    """Of KSampler: the share of the levels, in all the steps."""
    first: int = 0
    """Of KSamplerAdvanced: the step at which it begins."""
    last: int | None = None
    leftover: bool = False
    levels: tuple[str, tuple[tuple[str, Any], ...]] | None = None
    """Of SamplerCustom: the node that makes levels of its own, and its values."""


@dataclass(frozen=True, slots=True)
class RandomOf(Given):
    """A stream of random numbers, by where it begins."""

    seed: Any


@dataclass(frozen=True, slots=True)
class StartOf(Given):
    """Latents that a loop begins at, and the noise in them; and that noise alone."""

    latents: Wire
    seed: Any
    added: bool = True


@dataclass(frozen=True, slots=True)
class GuidanceOf(Given):
    """What steers a sampler."""

    positive: Wire
    negative: Wire
    scale: Any
