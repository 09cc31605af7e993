"""How values of several runs become one with the rows of all of them, for denoising at once, and part again.

Rows of [negative; positive] embeddings are ordered by side first: all negative ones, then all positive ones.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from latentgraph.graph.values import JoinError, Rows
from latentgraph.nodes.digesting import value_digest
from latentgraph.nodes.values import Conditioning, Guidance, Image, Latents, NoisePrediction, RandomState

if TYPE_CHECKING:
    from torch import Tensor


def _rows(tensors: Sequence[Tensor]) -> Tensor:
    import torch

    if len({(tuple(one.shape), one.dtype, one.device) for one in tensors}) > 1:
        raise JoinError("they are of different shapes")
    return torch.cat(list(tensors))


def _sided(tensors: Sequence[Tensor], sides: int) -> Tensor:
    """Rows of tensors that each hold `sides` sides, the rows of one side together."""
    import torch

    joined = [_rows(side) for side in zip(*[one.chunk(sides) for one in tensors], strict=True)]
    return torch.cat(joined)


def _tables(tables: Sequence[Mapping[str, Tensor]], sides: int) -> dict[str, Tensor]:
    if len({tuple(one) for one in tables}) > 1:
        raise JoinError("they know different things")
    return {name: _sided([one[name] for one in tables], sides) for name in tables[0]}


def _all_or_none(tensors: Sequence[Tensor | None]) -> Tensor | None:
    present = [one for one in tensors if one is not None]
    if not present:
        return None
    if len(present) < len(tensors):
        raise JoinError("some have it and some have not")
    return _rows(present)


def _require_same(values: Sequence[Any]) -> None:
    if any(one is not values[0] for one in values) and len({value_digest(one) for one in values}) > 1:
        raise JoinError("they differ in what is one for all rows")


def _join_latents(values: Sequence[Latents]) -> Latents:
    _require_same([(one.height, one.width, one.scaled, one.family) for one in values])
    return replace(values[0], samples=_rows([one.samples for one in values]))


def _join_conditioning(values: Sequence[Conditioning]) -> Conditioning:
    _require_same([one.family for one in values])
    return Conditioning(
        _rows([one.embeddings for one in values]),
        _all_or_none([one.mask for one in values]),
        _all_or_none([one.pooled for one in values]),
        _tables([one.extras for one in values], 1),
        values[0].family,
    )


def _join_guidance(values: Sequence[Guidance]) -> Guidance:
    first = values[0]
    if any(one.controls or one.image_prompts or one.features for one in values):
        raise JoinError("pictures that steer are for one run at a time")
    if any(one.regions is not None for one in values):
        raise JoinError("several prompts at once are for one run at a time")
    _require_same([(one.scale, one.rescale, one.guided, one.labels, one.family, one.start, one.end) for one in values])
    sides = 2 if first.guided else 1
    negatives = [one.negative for one in values if one.negative is not None]
    return replace(
        first,
        positive=_join_conditioning([one.positive for one in values]),
        negative=_join_conditioning(negatives) if negatives else None,
        embeddings=_sided([one.embeddings for one in values], sides),
        added=_tables([one.added for one in values], sides),
        channels=_all_or_none([one.channels for one in values]),
    )


def _join_random(values: Sequence[RandomState]) -> RandomState:
    """One stream for each row: what is drawn for a row is what would have been drawn for it alone."""
    streams = [stream for one in values for stream in (one.streams or (one,))]
    return RandomState(streams[0].seed, streams=tuple(streams))


def _part_of_random(value: RandomState, index: int, count: int) -> RandomState:
    own = value.streams[index * len(value.streams) // count : (index + 1) * len(value.streams) // count]
    return own[0] if len(own) == 1 else replace(value, seed=own[0].seed, streams=own)


def _part(tensor: Tensor, index: int, count: int) -> Tensor:
    """A copy: a part of the whole would keep the whole in memory."""
    return tensor.chunk(count)[index].clone()


def _no_part(value: Any, index: int, count: int) -> Any:
    raise JoinError(f"a {type(value).__name__} of several runs is not taken apart")


LATENTS_ROWS: Rows[Latents] = Rows(
    _join_latents, lambda value, index, count: replace(value, samples=_part(value.samples, index, count))
)
PREDICTION_ROWS: Rows[NoisePrediction] = Rows(
    lambda values: replace(values[0], samples=_rows([one.samples for one in values])),
    lambda value, index, count: replace(value, samples=_part(value.samples, index, count)),
)
IMAGE_ROWS: Rows[Image] = Rows(
    lambda values: Image(_rows([one.samples for one in values])),
    lambda value, index, count: Image(_part(value.samples, index, count)),
)
RANDOM_ROWS: Rows[RandomState] = Rows(_join_random, _part_of_random)
CONDITIONING_ROWS: Rows[Conditioning] = Rows(_join_conditioning, _no_part)
GUIDANCE_ROWS: Rows[Guidance] = Rows(_join_guidance, _no_part)
