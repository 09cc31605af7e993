"""ControlNets: pictures that say where things are to be (Zhang et al. 2023, "Adding Conditional Control")."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

from pydantic import Field

from latentgraph.graph.context import RunContext
from latentgraph.graph.node import Described, node
from latentgraph.nodes.fast import computing, is_fast
from latentgraph.nodes.handles import ControlNet
from latentgraph.nodes.loading.component import ReadsComponent, open_component
from latentgraph.nodes.values import Control, Guidance, Image, Timestep

if TYPE_CHECKING:
    from torch import Tensor

Share = Annotated[float, Field(ge=0, le=1)]


class OpenedControlNet(NamedTuple):
    """What load_controlnet gives.

    Attributes:
        controlnet: For `control`.
    """

    controlnet: ControlNet


def describe_controlnet(literals: Mapping[str, Any]) -> Described:
    """Its family, from its configuration alone.

    Raises:
        AccessError: It is not on this machine, or is no ControlNet.
    """
    name = literals.get("controlnet")
    family = open_component(ControlNet, name).family if isinstance(name, str) else ""
    return {"controlnet": family} if family else {}


@node(category="model", describe=describe_controlnet)
def load_controlnet(controlnet: Annotated[str, ReadsComponent(ControlNet)]) -> OpenedControlNet:
    """Open a ControlNet. Its weights are read when the first step needs them.

    Args:
        controlnet: A folder (./, ../ or / first) with its config.json and its weights in safetensors, or a
            .safetensors file of a ControlNet alone.

    Example:
        controlnet = load_controlnet("./controlnet").controlnet
    """
    return OpenedControlNet(open_component(ControlNet, controlnet))


@node(category="denoise")
def control(
    guidance: Guidance,
    controlnet: ControlNet,
    image: Image,
    scale: Annotated[float, Field(ge=0)] = 1.0,
    start: Share = 0.0,
    end: Share = 1.0,
    guess_mode: bool = False,
) -> Guidance:
    """Let a ControlNet steer too. Put one behind the other, and each adds to what those before it said.

    Args:
        guidance: What else to steer by.
        controlnet: Of the denoiser's family.
        image: What it looks at: edges, depths or poses, as it was trained on; of the size of the picture to be made.
        scale: How much it has to say; 0 is nothing.
        start: Share of the steps before which it is silent.
        end: Share of the steps after which it is silent.
        guess_mode: Move only the prediction for the prompt, and the coarse levels more than the fine ones.

    Example:
        model = load_model()
        positive = encode(model.text_encoder, tokenize(model.tokenizer, "a red circle"))
        controlnet = load_controlnet("./controlnet").controlnet
        steered = control(guidance(positive), controlnet, load_image("./edges.png"), scale=0.8)
    """
    if start >= end:
        raise ValueError(f"start is {start:g} and end is {end:g}; a ControlNet has to begin before it ends")
    rows, batch = len(image.samples), len(guidance.positive.embeddings)
    if rows not in (1, batch):
        raise ValueError(f"image holds {rows} pictures for a batch of {batch}; give one, or one for each")
    first = guidance.controls[0].controlnet if guidance.controls else controlnet
    # A net that says one thing of the whole picture (shuffle) moves only the positive side, as in diffusers 0.42.
    only_positive = guess_mode or bool(first.config.get("global_pool_conditions"))
    if guidance.controls and guidance.controls[0].only_positive != only_positive:
        raise ValueError("guess_mode is for all ControlNets of a step or for none: give each the same")
    told = Control(controlnet, image.samples, scale, start, end, only_positive)
    return replace(guidance, controls=(*guidance.controls, told))


def residuals(
    model_input: Tensor, timestep: Timestep, guidance: Guidance, embeddings: Tensor, context: RunContext
) -> dict[str, Any]:
    """What the ControlNets of a step add to the denoiser's inner states, by the names of its arguments.

    In the order of operations of diffusers 0.42's MultiControlNetModel, with those left out that are silent: they
    would add zeros.

    Args:
        model_input: Of the denoiser, before channels are laid behind it, (B, C, h, w), or (2B, C, h, w) when guided.
        timestep: Of this turn.
        guidance: Holds the controls.
        embeddings: Of the denoiser, with as many rows as `model_input`.
        context: Of the run; whoever asks in fast mode declares `speed`, as `fast.computing` wants it.

    Returns:
        Empty where all are silent.
    """
    import torch

    speaking = [one for one in guidance.controls if speaks(one, timestep)]
    only_positive = bool(speaking) and speaking[0].only_positive and guidance.guided
    if only_positive:
        model_input, embeddings = model_input.chunk(2)[1], embeddings.chunk(2)[1]
    down: tuple[Tensor, ...] = ()
    middle: Tensor | None = None
    for one in speaking:
        levels, deepest = _asked(one, model_input, timestep, embeddings, context)
        if middle is None:
            down, middle = levels, deepest
        else:
            down, middle = tuple(a + b for a, b in zip(down, levels, strict=True)), middle + deepest
    if middle is None:
        return {}
    if only_positive:
        down = tuple(torch.cat([torch.zeros_like(level), level]) for level in down)
        middle = torch.cat([torch.zeros_like(middle), middle])
    return {"down_block_additional_residuals": down, "mid_block_additional_residual": middle}


def speaks(one: Control, timestep: Timestep) -> bool:
    """Whether a ControlNet has anything to say at a turn."""
    turns = timestep.count or 1
    before, after = timestep.index / turns < one.start, (timestep.index + 1) / turns > one.end
    return not (before or after) and one.scale != 0


def _asked(
    one: Control, model_input: Tensor, timestep: Timestep, embeddings: Tensor, context: RunContext
) -> tuple[tuple[Tensor, ...], Tensor]:
    import torch

    module = computing(one.controlnet, context)
    width = module.config.cross_attention_dim
    if embeddings.shape[-1] != width:
        raise ValueError(
            f"the ControlNet reads embeddings of {width} numbers, those of the prompt have {embeddings.shape[-1]}: "
            "it was made for another model"
        )
    cell = 2 ** len(module.config.conditioning_embedding_out_channels[1:])
    wanted, given = tuple(edge * cell for edge in model_input.shape[-2:]), tuple(one.image.shape[-2:])
    if wanted != given:
        raise ValueError(
            f"the ControlNet looks at {given[1]} × {given[0]} pixels for a picture of {wanted[1]} × {wanted[0]}; "
            "put `resize_image` before"
        )
    image = one.image.to(device=model_input.device, dtype=model_input.dtype)
    image = torch.cat([image] * (len(model_input) // len(image)))
    # A compiled module would be compiled anew for each number that it is told.
    scale = 1.0 if is_fast(context) else one.scale
    with torch.no_grad():
        levels, deepest = module(
            model_input,
            timestep.beside(model_input),
            encoder_hidden_states=embeddings,
            controlnet_cond=image,
            conditioning_scale=scale,
            guess_mode=one.only_positive,
            return_dict=False,
        )
    if scale != one.scale:
        return tuple(level * one.scale for level in levels), deepest * one.scale
    return tuple(levels), deepest
