"""Upscale models: networks that make pictures larger by themselves, without denoising (ESRGAN, Wang et al. 2018)."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

from pydantic import Field

from latentgraph.graph.context import ALONE, RunContext
from latentgraph.graph.digests import file_digest
from latentgraph.graph.node import node
from latentgraph.nodes.handles import UpscaleModel, loaded
from latentgraph.nodes.loading.esrgan import ReadsUpscaleModel, UpscaleSource, read_upscale_model
from latentgraph.nodes.loading.weights import count_parameters, read_header
from latentgraph.nodes.values import Image

if TYPE_CHECKING:
    from torch import Tensor


class OpenedUpscaleModel(NamedTuple):
    """What load_upscale_model gives.

    Attributes:
        upscale_model: For `upscale_image`.
    """

    upscale_model: UpscaleModel


@node(category="model")
def load_upscale_model(upscale_model: Annotated[str, ReadsUpscaleModel()]) -> OpenedUpscaleModel:
    """Open an upscale model of the ESRGAN kind. Its weights are read when the first picture needs them.

    Args:
        upscale_model: A .safetensors file, such as RealESRGAN_x4plus.safetensors; its names and shapes tell the scale.

    Example:
        upscale_model = load_upscale_model("./upscale_model.safetensors").upscale_model
    """
    path = Path(upscale_model)
    config = read_upscale_model(path, path.name)
    parameters = count_parameters(read_header(path, path.name))
    source = UpscaleSource(str(path.resolve()), path.name)
    told = {"scale": config.scale, **asdict(config)}
    return OpenedUpscaleModel(UpscaleModel(file_digest(path), "", told, "RRDBNet", source, parameters))


@node(category="image", settings=("device", "dtype"))
def upscale_image(
    upscale_model: UpscaleModel,
    image: Image,
    tile: Annotated[int, Field(ge=64)] = 512,
    overlap: Annotated[int, Field(ge=0)] = 32,
    *,
    context: RunContext = ALONE,
) -> Image:
    """Make pictures larger by an upscale model, as many times as it was trained to.

    Args:
        upscale_model: From load_upscale_model.
        image: One picture or more.
        tile: Edge in pixels of the part that is worked on at a time; a smaller one takes less memory.
        overlap: Of neighbouring parts, in pixels; what both made is mixed there. Less than half of `tile`.

    Example:
        upscale_model = load_upscale_model("./upscale_model.safetensors").upscale_model
        larger = upscale_image(upscale_model, load_image("./photo.png"))
    """
    import torch

    if 2 * overlap >= tile:
        raise ValueError(f"overlap is {overlap}, and tile {tile}; neighbours may share less than half of a tile")
    module = loaded(upscale_model, context)
    first = next(module.parameters())
    made = []
    for one in image.samples:
        seen = one.unsqueeze(0).to(device=first.device, dtype=first.dtype)
        with torch.no_grad():
            made.append(tiled(module, seen, int(upscale_model.config["scale"]), tile, overlap).float().cpu())
    return Image(torch.cat(made).clamp(0, 1))


def tiled(module: Any, samples: Tensor, scale: int, tile: int, overlap: int) -> Tensor:
    """What a network that makes pictures larger gives, part by part; where parts overlap, their mean by weights.

    A weight grows from the edge of a part, where it has a neighbour, to 1 at `overlap` pixels inside.

    Args:
        module: Takes (1, 3, H, W) and gives (1, 3, H * scale, W * scale).
        samples: (1, 3, H, W).
        scale: Of the network.
        tile: Edge of a part in pixels.
        overlap: Of neighbouring parts, in pixels.
    """
    import torch

    height, width = samples.shape[-2:]
    if height <= tile and width <= tile:
        return module(samples)  # type: ignore[no-any-return]
    summed = samples.new_zeros(1, samples.shape[1], height * scale, width * scale, dtype=torch.float32)
    weights = torch.zeros_like(summed[:, :1])
    for top in starts(height, tile, overlap):
        for left in starts(width, tile, overlap):
            part = samples[..., top : top + tile, left : left + tile]
            made = module(part).float()
            weight = feathered(made.shape[-2:], overlap * scale, (top, left), part.shape[-2:], (height, width))
            weight = weight.to(made.device)
            rows = slice(top * scale, top * scale + made.shape[-2])
            columns = slice(left * scale, left * scale + made.shape[-1])
            summed[..., rows, columns] += made * weight
            weights[..., rows, columns] += weight
    return summed / weights


def starts(length: int, tile: int, overlap: int) -> list[int]:
    """Where parts of an edge begin: every `tile - overlap` pixels, the last one so that it ends with the edge."""
    if length <= tile:
        return [0]
    last = length - tile
    return [*range(0, last, tile - overlap), last]


def feathered(
    size: tuple[int, ...], width: int, start: tuple[int, int], extent: tuple[int, ...], whole: tuple[int, int]
) -> Tensor:
    """The weights of a part, (1, 1, rows, columns): 1 inside, falling over `width` towards neighbours.

    Args:
        size: Of the part that was made, in pixels.
        width: Over which the weight falls, in its pixels.
        start: Upper left corner of the part that was read, in pixels of the small picture.
        extent: Of that part.
        whole: Of the small picture.
    """
    import torch

    sides = []
    for made, begin, read, edge in zip(size, start, extent, whole, strict=True):
        weight = torch.ones(made)
        ramp = (torch.arange(width) + 1.0) / (width + 1)
        if begin > 0:
            weight[:width] *= ramp
        if begin + read < edge:
            weight[made - width :] *= ramp.flip(0)
        sides.append(weight)
    return (sides[0][:, None] * sides[1][None, :])[None, None]
