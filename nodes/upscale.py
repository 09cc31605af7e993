"""Making pictures larger: the denoiser sees the small one at every step (Stable Diffusion x4 upscaler)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any, NamedTuple

from pydantic import Field

from latentgraph.graph.access import AccessError
from latentgraph.graph.context import ALONE, RunContext
from latentgraph.graph.node import Described, node
from latentgraph.nodes.handles import VAE, Denoiser, SafetyChecker, Scheduler, TextEncoder, Tokenizer
from latentgraph.nodes.latents import normal_samples, pixels_per_cell
from latentgraph.nodes.loading.model_source import ReadsModel
from latentgraph.nodes.loading.parts import OpenedModel, open_model
from latentgraph.nodes.schedule import unset
from latentgraph.nodes.settings import place_for
from latentgraph.nodes.values import Guidance, Image, RandomState

FAMILY = "upscale"


class Upscaler(NamedTuple):
    """The parts of a model that makes pictures larger.

    Args:
        tokenizer: Cuts a prompt into tokens.
        text_encoder: Turns tokens into embeddings.
        denoiser: The UNet, of 7 channels: 4 of latents and 3 of the small picture.
        vae: Latents to images; its cells are as large as the model makes a pixel.
        scheduler: The model's own sampler, as class and configuration.
        low_res_scheduler: Makes the small picture noisy.
        safety_checker: Finds images that must not be shown; null where the model has none.
    """

    tokenizer: Tokenizer
    text_encoder: TextEncoder
    denoiser: Denoiser
    vae: VAE
    scheduler: Scheduler
    low_res_scheduler: Scheduler
    safety_checker: SafetyChecker | None


def describe_upscaler(literals: Mapping[str, Any]) -> Described:
    """The family of each part, from configuration files and headers alone.

    Raises:
        AccessError: The model is not on this machine, or is of another family.
    """
    return opened_upscaler(literals["model"]).described(Upscaler._fields)


@node(category="model", describe=describe_upscaler, families=(FAMILY,))
def load_upscaler(model: Annotated[str, ReadsModel()]) -> Upscaler:
    """Open a model that makes pictures larger. Weights are read when a node first needs them.

    Args:
        model: A local folder in diffusers layout (./, ../ or / first), or owner/name on the hub.

    Example:
        model = load_upscaler("./upscaler")
    """
    handles = opened_upscaler(model).handles()
    return Upscaler(**{name: handles[name] for name in Upscaler._fields})


def opened_upscaler(model: str) -> OpenedModel:
    """A model whose configuration says that it makes pictures larger.

    Raises:
        AccessError: It is not on this machine, or is of another family.
    """
    opened = open_model(model, None)
    if opened.family != FAMILY or "low_res_scheduler" not in opened.folder.parts:
        raise AccessError(
            f"{opened.located.shown!r} does not make pictures larger",
            "its pipeline would be StableDiffusionUpscalePipeline; load_model opens Stable Diffusion 1 and 2",
        )
    return opened


class UpscaleStart(NamedTuple):
    """What the denoiser is told, and the size of what it makes.

    Attributes:
        guidance: With the small picture.
        random: Where the stream goes on.
        height: Of the large picture, in pixels.
        width: Of the large picture, in pixels.
    """

    guidance: Guidance
    random: RandomState
    height: int
    width: int


@node(category="denoise", settings=("device", "dtype"), draws="random", families=(FAMILY,), variant="picture")
def upscale_channels(
    guidance: Guidance,
    denoiser: Denoiser,
    vae: VAE,
    low_res_scheduler: Scheduler,
    image: Image,
    random: RandomState,
    noise_level: Annotated[int, Field(ge=0)] = 20,
    *,
    context: RunContext = ALONE,
) -> UpscaleStart:
    """Show the denoiser, at every step, the picture to be made larger, with some noise in it.

    Args:
        guidance: What else it is told.
        denoiser: Of the model.
        vae: Of the model; a pixel of the small picture becomes one of its cells.
        low_res_scheduler: Of the model.
        image: The small picture, one; its edges are multiples of the VAE's cell.
        random: The stream to draw from.
        noise_level: A timestep of that scheduler: the more noise, the more is made up anew.

    Example:
        model = load_upscaler("./upscaler")
        positive = encode(model.text_encoder, tokenize(model.tokenizer, "a red circle"))
        small = resize_image(load_image("./photo.png"), height=32, width=32)
        parts = model.denoiser, model.vae, model.low_res_scheduler
        steered, random, height, width = upscale_channels(guidance(positive), *parts, small, random_state(7))
    """
    import torch

    cell = pixels_per_cell(vae.config)
    samples = image.samples
    height, width = samples.shape[-2:]
    if len(samples) > 1 or height % cell or width % cell:
        raise ValueError(f"one picture is made larger at a time, of edges that are multiples of {cell}; "
                         f"these are {len(samples)} of {width} × {height} pixels")  # fmt: skip
    scheduler = unset(low_res_scheduler, context)
    trained = int(scheduler.config.num_train_timesteps)
    if noise_level >= trained:
        raise ValueError(f"noise_level is {noise_level}; the scheduler knows levels below {trained}")
    device, dtype = place_for(denoiser, context)
    # As in encode_image: diffusers has a picture in memory pixel by pixel.
    seen = (2.0 * samples - 1.0).contiguous(memory_format=torch.channels_last).to(device=device, dtype=dtype)
    noise, after = normal_samples(tuple(seen.shape), random, device, dtype)
    level = torch.tensor([noise_level], dtype=torch.long, device=device)
    noisy = scheduler.add_noise(seen, noise, level)
    rows = len(guidance.positive.embeddings)
    told = replace(guidance, channels=torch.cat([noisy] * rows), labels=level)
    return UpscaleStart(told, after, height * cell, width * cell)
