"""The training set of the UNet: renders encoded once, kept with what can be said about them."""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from latentgraph.nodes.training.captions import HEADS, attributes
from latentgraph.nodes.training.checkpoints import half_precision
from latentgraph.nodes.training.vae import renders
from latentgraph.nodes.training.world import Spec, Thing, training_spec


@dataclass(frozen=True, slots=True)
class LatentSet:
    """Encoded renders with their truth."""

    latents: Tensor
    """float16 (N, 4, 16, 16), zero mean and unit variance in each channel."""
    attributes: Tensor
    """int8 (N, heads): what a complete caption says; `spec_from` reads a row."""
    mean: Tensor
    std: Tensor
    """The encoder's own mean and standard deviation, each (4,); `bake` moves them into the VAE."""

    def save(self, path: Path) -> None:
        """Write as plain tensors."""
        torch.save({name: getattr(self, name) for name in self.__slots__}, path)

    @classmethod
    def load(cls, path: Path) -> LatentSet:
        """Read what `save` wrote."""
        return cls(**torch.load(path, map_location="cpu", weights_only=True))


def spec_from(row: list[int]) -> Spec:
    """The spec whose complete caption has these attributes: the inverse of `attributes`."""
    words = {name: classes[i] for (name, classes), i in zip(HEADS.items(), row, strict=True)}
    things = (
        Thing(words["colour"], words["shape"], words["size"] or None),
        Thing(words["second colour"], words["second shape"]),
    )
    return Spec(
        things[: int(words["count"])],
        words["background"] or None,
        words["position"] or None,
        words["relation"] or None,
        words["scene"] or None,
    )


@torch.no_grad()
def encode_renders(vae: Any, count: int, seed: int = 0, batch: int = 64) -> LatentSet:
    """Draw `count` training pictures and encode each to the mode of its posterior."""
    rng = random.Random(seed)
    parts, rows = [], []
    for done in range(0, count, batch):
        specs = [training_spec(rng) for _ in range(min(batch, count - done))]
        images = renders(specs, rng)
        with half_precision():
            parts.append(vae.encode(images).latent_dist.mode().cpu().half())
        rows += [attributes(spec) for spec in specs]
        if done // batch % 200 == 0:
            print(f"latents {done}/{count}", flush=True)
    latents = torch.cat(parts).float()
    mean, std = latents.mean(dim=(0, 2, 3)), latents.std(dim=(0, 2, 3))
    unit = (latents - mean.view(1, -1, 1, 1)) / std.view(1, -1, 1, 1)
    return LatentSet(unit.half(), torch.tensor(rows, dtype=torch.int8), mean, std)


@torch.no_grad()
def bake(vae: Any, mean: Tensor, std: Tensor) -> None:
    """Move the normalisation into the 1 x 1 convolutions at the latents' two sides.

    Afterwards the encoder's mode times the scaling factor has zero mean and unit variance in each
    channel, and the decoder undoes the same: any Stable Diffusion code handles it right.
    """
    mean, scale = mean.to(vae.device), std.to(vae.device) * vae.config.scaling_factor
    quant, post = vae.quant_conv, vae.post_quant_conv
    channels = len(mean)
    quant.weight[:channels] /= scale.view(-1, 1, 1, 1)
    quant.bias[:channels] = (quant.bias[:channels] - mean) / scale
    quant.bias[channels:] -= 2 * scale.log()  # the posterior's log-variance shrinks alike
    post.bias += (post.weight[:, :, 0, 0] * mean).sum(dim=1)
    post.weight *= scale.view(1, -1, 1, 1)
