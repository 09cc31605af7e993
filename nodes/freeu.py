"""FreeU: weigh what a UNet's decoder carries against what its skip connections bring (Si et al. 2023)."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Annotated, Any, Final

from pydantic import Field

from latentgraph.graph.node import node
from latentgraph.nodes.handles import Denoiser
from latentgraph.nodes.loading.held import json_digest

if TYPE_CHECKING:
    from torch import Tensor

Factor = Annotated[float, Field(ge=0, le=10)]
LOWEST: Final = 1
"""Frequencies on each side of the middle that the skips are damped at."""


@dataclass(frozen=True)
class FreeUAdapter:
    """FreeU in a UNet."""

    b1: float
    b2: float
    s1: float
    s2: float
    structured: bool

    @property
    def digest(self) -> str:
        """Of what it does."""
        return json_digest(["freeu", asdict(self)])

    @property
    def summary(self) -> str:
        """A few words for people."""
        return f"FreeU {self.b1:g}, {self.b2:g}, {self.s1:g}, {self.s2:g}"

    def apply(self, module: Any) -> None:
        """Put it before those blocks of the decoder that are given four or two times the UNet's least channels."""
        channels = module.config.block_out_channels
        factors = {4 * channels[0]: (self.b1, self.s1), 2 * channels[0]: (self.b2, self.s2)}
        carried = channels[-1]
        for block in module.up_blocks:
            for resnet in block.resnets:
                if carried in factors:
                    resnet.register_forward_pre_hook(self._weighing(carried, *factors[carried]))
                carried = resnet.out_channels

    def _weighing(self, carried: int, backbone: float, skip: float) -> Any:
        def hook(resnet: Any, given: tuple[Any, ...]) -> tuple[Any, ...]:
            return (weighed(given[0], carried, backbone, skip, structured=self.structured), *given[1:])

        return hook


def weighed(states: Tensor, carried: int, backbone: float, skip: float, *, structured: bool) -> Tensor:
    """What a block of the decoder is given: half of the channels that it carries enlarged, and its skips damped.

    Args:
        states: (B, C, h, w), first the channels that the decoder carries and behind them the skip connection's.
        carried: How many the decoder carries.
        backbone: By what the first half of them is multiplied.
        skip: By what the lowest frequencies of the skip connection are multiplied.
        structured: By `backbone` where the mean of the channels is largest, by 1 where it is least, else between.
    """
    import torch

    own, rest = states[:, :carried], states[:, carried:]
    half = carried // 2
    factor: Any = backbone
    if structured:
        mean = own.mean(1, keepdim=True)
        largest, least = mean.amax((1, 2, 3), keepdim=True), mean.amin((1, 2, 3), keepdim=True)
        factor = (backbone - 1) * ((mean - least) / (largest - least)) + 1
    return torch.cat([own[:, :half] * factor, own[:, half:], damped(rest, skip)], dim=1)


def damped(samples: Tensor, scale: float) -> Tensor:
    """(B, C, h, w) with its lowest frequencies multiplied, by way of Fourier's transform in float32."""
    import torch

    frequencies = torch.fft.fftshift(torch.fft.fftn(samples.float(), dim=(-2, -1)), dim=(-2, -1))
    rows, columns = (length // 2 for length in samples.shape[-2:])
    factors = torch.ones(samples.shape[-2:], device=samples.device)
    factors[rows - LOWEST : rows + LOWEST, columns - LOWEST : columns + LOWEST] = scale
    shifted = torch.fft.ifftshift(frequencies * factors, dim=(-2, -1))
    filtered: Tensor = torch.fft.ifftn(shifted, dim=(-2, -1)).real.to(samples.dtype)
    return filtered


@node(category="model", families=("sd1", "sd2", "sdxl"))
def freeu(
    denoiser: Denoiser,
    b1: Factor = 1.3,
    b2: Factor = 1.4,
    s1: Factor = 0.9,
    s2: Factor = 0.2,
    structured: bool = True,
) -> Denoiser:
    """Weigh what a UNet's decoder carries against what its skip connections bring, for clearer pictures at no cost.

    The denoiser that is given stays as it is. Blocks are chosen by their channels, as the authors and ComfyUI choose
    them; `enable_freeu` of diffusers takes the first two levels of the decoder whatever they are given.

    Args:
        denoiser: A UNet.
        b1: Factor of half of the channels that the decoder carries, in blocks given four times the UNet's least
            channels (1280 of 320).
        b2: The same, in blocks given twice the least channels (640).
        s1: Factor of the lowest frequencies of the skip connections, where b1 is.
        s2: The same, where b2 is.
        structured: Multiply by b1 and b2 where the mean of the channels is largest, and by less elsewhere: the authors'
            second version.

    Example:
        denoiser = freeu(load_model().denoiser, b1=1.5, b2=1.6, s1=0.9, s2=0.2)
    """
    if "block_out_channels" not in denoiser.config or "UNet" not in denoiser.class_name:
        raise ValueError(f"FreeU is for UNets, and the denoiser is a {denoiser.class_name}")
    return denoiser.adapted(FreeUAdapter(b1, b2, s1, s2, structured))
