"""T2I-Adapters: pictures that say where things are to be, looked at once (Mou et al. 2023, "T2I-Adapter")."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

from pydantic import Field

from latentgraph.graph.context import ALONE, RunContext
from latentgraph.graph.node import Described, node
from latentgraph.nodes.handles import T2IAdapter, loaded
from latentgraph.nodes.loading.component import ReadsComponent, open_component
from latentgraph.nodes.pixels import to_pil
from latentgraph.nodes.values import AdapterFeatures, Guidance, Image, Timestep

if TYPE_CHECKING:
    from torch import Tensor

Share = Annotated[float, Field(ge=0, le=1)]


class OpenedT2IAdapter(NamedTuple):
    """What load_t2i_adapter gives.

    Attributes:
        t2i_adapter: For `add_t2i_adapter`.
    """

    t2i_adapter: T2IAdapter


def describe_t2i_adapter(literals: Mapping[str, Any]) -> Described:
    """Its family, from its configuration alone.

    Raises:
        AccessError: It is not on this machine, or is no T2I-Adapter.
    """
    name = literals.get("t2i_adapter")
    family = open_component(T2IAdapter, name).family if isinstance(name, str) else ""
    return {"t2i_adapter": family} if family else {}


@node(category="model", describe=describe_t2i_adapter)
def load_t2i_adapter(t2i_adapter: Annotated[str, ReadsComponent(T2IAdapter)]) -> OpenedT2IAdapter:
    """Open a T2I-Adapter. Its weights are read when the first picture needs them.

    Args:
        t2i_adapter: A folder (./, ../ or / first) with its config.json and its weights in safetensors, or a
            .safetensors file of an adapter alone.

    Example:
        adapter = load_t2i_adapter("./t2i_adapter").t2i_adapter
    """
    return OpenedT2IAdapter(open_component(T2IAdapter, t2i_adapter))


@node(category="denoise", settings=("device", "dtype"))
def add_t2i_adapter(
    guidance: Guidance,
    t2i_adapter: T2IAdapter,
    image: Image,
    scale: float = 1.0,
    factor: Share = 1.0,
    num_inference_steps: Annotated[int, Field(ge=1)] | None = None,
    *,
    context: RunContext = ALONE,
) -> Guidance:
    """Let a T2I-Adapter steer too. Put one behind the other, and what they say is added up.

    Args:
        guidance: What else to steer by.
        t2i_adapter: Of the denoiser's family.
        image: What it looks at: edges, depths or poses, as it was trained on; of the size of the picture to be made.
            One that reads a single channel sees the lightness.
        scale: How much it has to say; 0 is nothing.
        factor: Share of the steps in which it is listened to, from the first on.
        num_inference_steps: The steps that `factor` is a share of; null: the turns of the loop. Some schedulers take
            more turns than steps; diffusers' pipeline for Stable Diffusion XL counts the steps, and is silent after.

    Example:
        model = load_model()
        positive = encode(model.text_encoder, tokenize(model.tokenizer, "a red circle"))
        adapter = load_t2i_adapter("./t2i_adapter").t2i_adapter
        steered = add_t2i_adapter(guidance(positive), adapter, load_image("./edges.png"))
    """
    import torch

    rows, batch = len(image.samples), len(guidance.positive.embeddings)
    if rows not in (1, batch):
        raise ValueError(f"image holds {rows} pictures for a batch of {batch}; give one, or one for each")
    refuse_size(image.samples, int(t2i_adapter.config["downscale_factor"]))
    module = loaded(t2i_adapter, context)
    first = next(module.parameters())
    pixels = pixel_by_pixel(in_channels(image.samples, int(t2i_adapter.config["in_channels"])))
    with torch.no_grad():
        levels = [level * scale for level in module(pixels.to(first.device, first.dtype))]
    if batch > rows:
        levels = [level.repeat(batch, 1, 1, 1) for level in levels]
    if guidance.guided:
        levels = [torch.cat([level] * 2) for level in levels]
    told = AdapterFeatures(tuple(levels), factor, num_inference_steps or 0)
    return replace(guidance, features=(*guidance.features, told))


def refuse_size(samples: Tensor, cell: int) -> None:
    """Raise where the edges of pictures are no multiples of `cell`, the pixels that become one at first."""
    height, width = samples.shape[-2:]
    if height % cell or width % cell:
        raise ValueError(
            f"the T2I-Adapter looks at pictures whose edges are multiples of {cell} pixels, and this one has "
            f"{width} × {height}; put `resize_image` before"
        )


def in_channels(samples: Tensor, channels: int) -> Tensor:
    """Pictures with as many channels as an adapter reads: one is their lightness, by Pillow in 8 bits.

    Args:
        samples: float32 (B, 3, H, W) in [0, 1].
        channels: 3 or 1.
    """
    import numpy
    import torch

    if channels == samples.shape[1]:
        return samples
    if channels != 1:
        raise ValueError(f"the T2I-Adapter reads {channels} channels, and a picture has 3")
    gray = [numpy.array(to_pil(one).convert("L"), dtype="float32") / 255 for one in samples]
    return torch.stack([torch.from_numpy(one)[None] for one in gray])


def pixel_by_pixel(samples: Tensor) -> Tensor:
    """The same pictures (B, C, H, W), in memory as diffusers has them: layers add up in an order that depends on it.

    They lie so even where there is one channel, which `channels_last` leaves as it is.
    """
    import torch

    rows, channels, height, width = samples.shape
    return torch.empty(rows, height, width, channels).copy_(samples.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


def added_features(module: Any, model_input: Tensor, timestep: Timestep, guidance: Guidance) -> dict[str, Any]:
    """What the T2I-Adapters of a step add to the denoiser's states, by the name of its argument.

    The sum is that of diffusers 0.42's MultiAdapter: one after the other.

    Args:
        module: A UNet2DConditionModel.
        model_input: What it is called with, (B, C, h, w), or (2B, C, h, w) when guided.
        timestep: Of this turn.
        guidance: Holds the features.

    Returns:
        Empty where all are silent.

    Raises:
        ValueError: They do not fit the denoiser's states.
    """
    speaking = [one for one in guidance.features if speaks(one, timestep)]
    summed: list[Tensor] = []
    if len(counts := {len(one.levels) for one in speaking}) > 1:
        raise ValueError(f"T2I-Adapters of {min(counts)} and of {max(counts)} levels cannot be added up; take one kind")
    for one in speaking:
        levels = [level[-len(model_input) :] for level in one.levels]
        _refuse_misfit(module, model_input, levels)
        summed = [a + b for a, b in zip(summed, levels, strict=True)] if summed else levels
    return {"down_intrablock_additional_residuals": summed} if summed else {}


def speaks(one: AdapterFeatures, timestep: Timestep) -> bool:
    """Whether features are added at a turn."""
    steps = one.steps or timestep.count
    return timestep.index < int(steps * one.factor) if steps else one.factor > 0


def _refuse_misfit(module: Any, model_input: Tensor, levels: list[Tensor]) -> None:
    for number, (level, wanted) in enumerate(zip(levels, _states(module, model_input), strict=False), 1):
        given = tuple(level.shape[1:])
        if given != wanted:
            raise ValueError(
                f"the T2I-Adapter gives {_words(given)} at level {number}, and the denoiser has {_words(wanted)} "
                "there; give it a picture of the size of the one to be made, and one made for this denoiser"
            )


def _states(module: Any, model_input: Tensor) -> Iterator[tuple[int, int, int]]:
    """Channels, rows and columns of the states that features are added to: before a level with attention goes down."""
    height, width = model_input.shape[-2:]
    for block, channels in zip(module.down_blocks, module.config.block_out_channels, strict=False):
        down = getattr(block, "downsamplers", None) is not None
        smaller = ((height + 1) // 2, (width + 1) // 2) if down else (height, width)
        yield (channels, height, width) if getattr(block, "has_cross_attention", False) else (channels, *smaller)
        height, width = smaller


def _words(shape: tuple[int, ...]) -> str:
    return f"{shape[0]} channels of {shape[2]} × {shape[1]} cells"
