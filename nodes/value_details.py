"""What there is to see of each value: shapes, ranges and means of tensors, tokens one by one, levels of a schedule."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from latentgraph.nodes.handles import Handle
from latentgraph.nodes.values import (
    Conditioning,
    CropArea,
    Depth,
    Guidance,
    Image,
    ImagePrompt,
    IPAdapter,
    Latents,
    LearnedToken,
    Mask,
    Noise,
    NoisePrediction,
    PredictionPair,
    RandomState,
    Region,
    RegionalPrompts,
    SchedulerState,
    Timestep,
    TokenGradient,
    Tokens,
    TokenStream,
)

if TYPE_CHECKING:
    from torch import Tensor

Rows: TypeAlias = Iterator[tuple[str, str]]
COLOURS: Final = ("red", "green", "blue")
MOST_ENTRIES: Final = 40
"""Of a configuration."""


def number(value: float) -> str:
    """A number in four digits."""
    return f"{value:.4g}"


def tensor_rows(tensor: Tensor, name: str = "", axes: str = "") -> Rows:
    """Shape, type and spread of a tensor.

    Args:
        tensor: Of any shape and type.
        name: Put before each row, where a value has more than one tensor.
        axes: Letters of its axes, such as `B C h w`.
    """
    start = f"{name} " if name else ""
    shape = " × ".join(map(str, tensor.shape)) or "one number"
    yield f"{start}shape", f"{shape} ({axes})" if axes else shape
    yield f"{start}dtype", f"{str(tensor.dtype).removeprefix('torch.')} on {tensor.device}"
    if not tensor.numel():
        return
    numbers = tensor.detach().float()
    broken = int((~numbers.isfinite()).sum())
    if broken:
        yield f"{start}not finite", f"{broken} of {tensor.numel()} numbers"
    yield f"{start}minimum", number(float(numbers.min()))
    yield f"{start}maximum", number(float(numbers.max()))
    yield f"{start}mean", number(float(numbers.mean()))
    yield f"{start}deviation", number(float(numbers.std(correction=0)))


def channel_rows(samples: Tensor, names: Iterable[str] = ()) -> Rows:
    """Mean and deviation of each channel of samples (B, C, H, W)."""
    numbers = samples.detach().float()
    known = list(names) or [f"channel {index + 1}" for index in range(numbers.shape[1])]
    for index, name in enumerate(known):
        channel = numbers[:, index]
        spread = f"deviation {number(float(channel.std(correction=0)))}"
        yield name, f"mean {number(float(channel.mean()))}, {spread}"


def size_rows(value: Noise | Latents) -> Rows:
    """Of the picture that latents stand for."""
    yield "picture", f"{value.width} × {value.height} pixels"


def family_row(family: str) -> Rows:
    """The kind of model that a value belongs to, where it is known."""
    if family:
        yield "family", family


def tokens_rows(value: Tokens) -> Rows:
    """Every token of the text with its number, and what was left off."""
    for index, stream in enumerate(value.streams):
        yield from _stream_rows(stream, f"stream {index + 1} " if len(value.streams) > 1 else "")
    yield from family_row(value.family)


def _stream_rows(stream: TokenStream, start: str) -> Rows:
    for row, (ids, mask) in enumerate(zip(stream.input_ids.tolist(), stream.mask.tolist(), strict=True)):
        text = f"{start}text {row + 1} " if len(stream.input_ids) > 1 else start
        pieces = stream.pieces[row] if stream.pieces else ()
        used = [place for place, counts in enumerate(mask) if counts]
        yield f"{text}tokens", f"{len(used)} of {len(ids)}, the rest fills up"
        for place in used:
            yield f"{text}{place}", f"{pieces[place]}  {ids[place]}" if pieces else str(ids[place])
        if lost := stream.truncated[row]:
            yield f"{text}left off", lost


def conditioning_rows(value: Conditioning) -> Rows:
    """The embeddings, and whatever comes beside them."""
    yield from tensor_rows(value.embeddings, axes="B T D")
    if value.pooled is not None:
        yield from tensor_rows(value.pooled, "pooled", "B E")
    if value.mask is not None:
        yield "attended", f"{int(value.mask.sum())} of {value.mask.numel()} tokens"
    for name, tensor in value.extras.items():
        yield from tensor_rows(tensor, name)
    yield from family_row(value.family)


def depth_rows(value: Depth) -> Rows:
    """The spread of depths."""
    yield from tensor_rows(value.samples, axes="B H W")


def guidance_rows(value: Guidance) -> Rows:
    """How strongly, and by what."""
    yield "scale", number(value.scale)
    yield "rescale", number(value.rescale)
    yield "sides", "negative and positive" if value.guided else "positive only: there is no guidance"
    if (value.start, value.end) != (0, 1):
        yield "guided", f"from {value.start:.0%} to {value.end:.0%} of the steps"
    yield from tensor_rows(value.embeddings, "embeddings", "B T D")
    for name, tensor in value.added.items():
        yield from tensor_rows(tensor, name)
    for index, prompt in enumerate(value.image_prompts, 1):
        where = "" if prompt.mask is None else ", in a mask"
        yield f"image prompt {index}", f"{prompt.embeddings.shape[1]} pictures at {prompt.scale}{where}"
    for index, one in enumerate(value.features, 1):
        yield f"T2I-Adapter {index}", f"{len(one.levels)} levels in {one.factor:.0%} of the steps"
    for side, regions in zip(("positive", "negative"), value.regions or ((), ()), strict=True):
        yield from _regions(regions, f"{side} prompt")
    yield from family_row(value.family)


def regions_rows(value: RegionalPrompts) -> Rows:
    """Where and how much each counts."""
    yield from _regions(value.regions, "prompt")
    yield from family_row(value.family)


def _regions(regions: tuple[Region, ...], name: str) -> Rows:
    for index, one in enumerate(regions, 1):
        unit = "of the picture" if one.shares else "pixels"
        where = "everywhere" if one.box is None else f"{', '.join(map(number, one.box))} {unit}"
        masked = "" if one.mask is None else ", under a mask"
        when = "" if (one.start, one.end) == (0, 1) else f", {one.start:.0%} to {one.end:.0%}"
        yield f"{name} {index}", f"{where}{masked} at {number(one.strength)}{when}"


def image_prompt_rows(value: ImagePrompt) -> Rows:
    """How many pictures, and what was made of them."""
    yield "pictures", str(len(value.positive))
    axes = "N D" if value.positive.ndim == 2 else "N T D"
    yield from tensor_rows(value.positive, "positive", axes)
    yield from tensor_rows(value.negative, "negative", axes)
    yield from family_row(value.family)


def ip_adapter_rows(value: IPAdapter) -> Rows:
    """What it wants to be told of a picture."""
    yield "file", value.name
    yield "reads", f"{'hidden states' if value.hidden_states else 'one vector'} of {value.width} numbers"
    yield from family_row(value.family)


def random_state_rows(value: RandomState) -> Rows:
    """Where the stream of random numbers is."""
    if value.streams:
        yield "seeds", ", ".join(str(one.seed) for one in value.streams)
        yield "draws", f"{value.draws} of each"
        return
    yield "seed", str(value.seed)
    yield "draws", str(value.draws)
    yield "state", "before the first draw" if value.state is None else f"{len(value.state)} bytes"


def noise_rows(value: Noise) -> Rows:
    """The noise, channel by channel."""
    yield from _samples_rows(value)


def latents_rows(value: Latents) -> Rows:
    """The latents, channel by channel."""
    yield from _samples_rows(value)
    yield "scaled", "by the VAE's factor" if value.scaled else "not: as the VAE has them"


def _samples_rows(value: Noise | Latents) -> Rows:
    yield from size_rows(value)
    yield from tensor_rows(value.samples, axes="B C h w")
    yield from channel_rows(value.samples)
    yield from family_row(value.family)


def timestep_rows(value: Timestep) -> Rows:
    """Which turn it is, and at which noise level."""
    yield "timestep", f"{value.value.item():g}"
    yield "turn", str(value.index + 1)
    yield "dtype", f"{str(value.value.dtype).removeprefix('torch.')} on {value.value.device}"


def scheduler_state_rows(value: SchedulerState) -> Rows:
    """How far a scheduler is, and its first and last noise levels."""
    scheduler = value.snapshot
    yield "scheduler", value.class_name
    yield "predicts", str(scheduler.config.get("prediction_type", "epsilon"))
    turns = getattr(scheduler, "timesteps", None)
    if turns is not None and len(turns):
        yield "turns", str(len(turns))
        yield "timesteps", f"{float(turns[0]):g} to {float(turns[-1]):g}"
    sigmas = getattr(scheduler, "sigmas", None)
    if sigmas is not None and len(sigmas):
        yield "noise levels", f"{number(float(sigmas[0]))} to {number(float(sigmas[-1]))}"
    step = getattr(scheduler, "step_index", None)
    if step is not None:
        yield "next turn", str(int(step) + 1)


def prediction_rows(value: NoisePrediction) -> Rows:
    """What is to be taken out, channel by channel."""
    yield from tensor_rows(value.samples, axes="B C h w")
    yield from channel_rows(value.samples)
    yield from family_row(value.family)


def pair_rows(value: PredictionPair) -> Rows:
    """Both sides, and how far they are apart."""
    yield from tensor_rows(value.positive.samples, "positive" if value.negative else "", "B C h w")
    if value.negative is not None:
        yield from tensor_rows(value.negative.samples, "negative", "B C h w")
        apart = (value.positive.samples.float() - value.negative.samples.float()).square().mean().sqrt()
        yield "apart", f"{number(float(apart))} (root mean square)"
    yield from family_row(value.family)


def learned_rows(value: LearnedToken) -> Rows:
    """The token, and its embeddings as they are by now."""
    yield "token", value.token
    yield "steps", str(value.steps)
    yield from tensor_rows(value.vectors, axes="N D")
    yield "length", number(float(value.vectors.norm(dim=-1).mean()))
    yield from family_row(value.family)


def gradient_rows(value: TokenGradient) -> Rows:
    """How steep the loss is, embedding by embedding."""
    yield from tensor_rows(value.vectors, axes="N D")
    yield "length", number(float(value.vectors.norm(dim=-1).mean()))
    yield from family_row(value.family)


def image_rows(value: Image) -> Rows:
    """Size, and the mean of each colour."""
    yield "images", str(len(value.samples))
    yield "size", f"{value.samples.shape[-1]} × {value.samples.shape[-2]} pixels"
    yield from tensor_rows(value.samples, axes="B C H W")
    yield from channel_rows(value.samples, COLOURS)


def mask_rows(value: Mask) -> Rows:
    """Size, and how much of it applies."""
    yield "masks", str(len(value.samples))
    yield "size", f"{value.samples.shape[-1]} × {value.samples.shape[-2]} pixels"
    yield "covers", f"{float(value.samples.float().mean()):.1%}"
    yield from tensor_rows(value.samples, axes="B C H W")


def crop_area_rows(value: CropArea) -> Rows:
    """Where it lies and how large it is."""
    yield "from", f"{value.left} pixels from the left, {value.top} from the top"
    yield "size", f"{value.right - value.left} × {value.bottom - value.top} pixels"


def handle_rows(value: Handle) -> Rows:
    """What a part of a model is, and its configuration."""
    yield "class", value.class_name
    yield from family_row(value.family)
    if value.parameters:
        yield "parameters", f"{value.parameters:,}"
    for index, adapter in enumerate(value.adapters):
        yield f"adapter {index + 1}", adapter.summary
    yield "digest", value.digest[:16]
    yield from _configuration(value.config)


def _configuration(config: Mapping[str, Any]) -> Rows:
    shown = [(name, entry) for name, entry in config.items() if not name.startswith("_") and entry is not None]
    for name, entry in shown[:MOST_ENTRIES]:
        text = str(list(entry) if isinstance(entry, tuple) else entry)
        yield name, text if len(text) <= 80 else text[:77] + "..."
    if len(shown) > MOST_ENTRIES:
        yield "…", f"{len(shown) - MOST_ENTRIES} more"
