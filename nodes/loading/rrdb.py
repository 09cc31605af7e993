"""The network of ESRGAN and Real-ESRGAN. It imports torch: whoever makes one imports this module, and nobody before."""

from __future__ import annotations

from dataclasses import asdict
from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional

from latentgraph.nodes.loading.esrgan import COLOURS, UpscaleConfig

SLOPE: Final = 0.2
"""Of the leaky rectifiers for what is below 0."""
RESIDUAL: Final = 0.2
"""What a block's own part is multiplied by before it is added to what went in."""


class ResidualDenseBlock(nn.Module):
    """Five convolutions, each reading all that those before it gave (Wang et al. 2018, figure 4)."""

    def __init__(self, features: int, growth: int) -> None:
        """With random weights."""
        super().__init__()
        for number in range(5):
            given = growth if number < 4 else features
            self.add_module(f"conv{number + 1}", nn.Conv2d(features + number * growth, given, 3, padding=1))

    def forward(self, x: Tensor) -> Tensor:
        """States (B, C, h, w) to states of the same shape."""
        read = [x]
        for number in range(1, 5):
            read.append(functional.leaky_relu(self.get_submodule(f"conv{number}")(torch.cat(read, 1)), SLOPE))
        out: Tensor = self.get_submodule("conv5")(torch.cat(read, 1)) * RESIDUAL + x
        return out


class ResidualInResidual(nn.Module):
    """Three dense blocks, and what went in added once more."""

    def __init__(self, features: int, growth: int) -> None:
        """With random weights."""
        super().__init__()
        self.rdb1, self.rdb2, self.rdb3 = (ResidualDenseBlock(features, growth) for _ in range(3))

    def forward(self, x: Tensor) -> Tensor:
        """States (B, C, h, w) to states of the same shape."""
        inner: Tensor = self.rdb3(self.rdb2(self.rdb1(x)))
        return inner * RESIDUAL + x


class RRDBNet(nn.Module):
    """From small pictures (B, 3, H, W) in [0, 1] to large ones, by Real-ESRGAN's names."""

    def __init__(self, config: UpscaleConfig) -> None:
        """With random weights."""
        super().__init__()
        self.config = asdict(config)
        self.scale, self.unshuffle, self.doublings = config.scale, config.unshuffle, config.doublings
        features = config.features
        self.conv_first = nn.Conv2d(COLOURS * config.unshuffle**2, features, 3, padding=1)
        self.body = nn.Sequential(*(ResidualInResidual(features, config.growth) for _ in range(config.blocks)))
        self.conv_body = nn.Conv2d(features, features, 3, padding=1)
        for number in range(config.doublings):
            self.add_module(f"conv_up{number + 1}", nn.Conv2d(features, features, 3, padding=1))
        self.conv_hr = nn.Conv2d(features, features, 3, padding=1)
        self.conv_last = nn.Conv2d(features, COLOURS, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """Edges that are no multiples of the unshuffled square are filled up, and what that adds is cut off again."""
        rows, columns = x.shape[-2:]
        spare = [-edge % self.unshuffle for edge in (rows, columns)]
        x = functional.pad(x, (0, spare[1], 0, spare[0]), mode="replicate")
        first = self.conv_first(functional.pixel_unshuffle(x, self.unshuffle) if self.unshuffle > 1 else x)
        states = first + self.conv_body(self.body(first))
        for number in range(1, self.doublings + 1):
            larger = functional.interpolate(states, scale_factor=2, mode="nearest")
            states = functional.leaky_relu(self.get_submodule(f"conv_up{number}")(larger), SLOPE)
        out: Tensor = self.conv_last(functional.leaky_relu(self.conv_hr(states), SLOPE))
        return out[..., : rows * self.scale, : columns * self.scale]
