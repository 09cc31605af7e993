"""Puts trained parts together as a Stable Diffusion pipeline."""

from __future__ import annotations

from typing import Any

from latentgraph.nodes.training.unet import SCHEDULE


def new_scheduler(name: str = "DDIMScheduler") -> Any:
    """A diffusers scheduler of that class for this model.

    The pipeline's constructor rewrites `steps_offset` to 1 and `clip_sample` to False: they are set
    so from the start, so that the saved configuration is the one that runs.
    """
    import diffusers

    options = {**SCHEDULE, "steps_offset": 1}
    if name == "DDIMScheduler":
        options |= {"clip_sample": False, "set_alpha_to_one": False}
    if name == "PNDMScheduler":
        options |= {"skip_prk_steps": True, "set_alpha_to_one": False}
    return getattr(diffusers, name)(**options)


def assemble(vae: Any, encoder: Any, tokenizer: Any, unet: Any, scheduler: str = "DDIMScheduler") -> Any:
    """A pipeline without a safety checker."""
    from diffusers import StableDiffusionPipeline

    parts = (vae, encoder, tokenizer, unet, new_scheduler(scheduler), None, None)
    pipe: Any = StableDiffusionPipeline(*parts, requires_safety_checker=False)  # type: ignore[no-untyped-call]
    pipe.set_progress_bar_config(disable=True)
    return pipe
