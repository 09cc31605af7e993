"""The node that opens a UNet which comes alone, to take in place of a model's own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, NamedTuple

from latentgraph.graph.node import Described, node
from latentgraph.nodes.handles import Denoiser, Scheduler
from latentgraph.nodes.loading.denoiser_file import ReadsDenoiser, described_denoiser, open_denoiser
from latentgraph.nodes.loading.model_source import ReadsModel


class OpenedDenoiser(NamedTuple):
    """What load_denoiser gives.

    Attributes:
        denoiser: The UNet.
        scheduler: That models of its kind come with, which tells the noise levels that it was trained on.
    """

    denoiser: Denoiser
    scheduler: Scheduler


def describe_denoiser(literals: Mapping[str, Any]) -> Described:
    """The family, by what is in the file.

    Raises:
        AccessError: It holds no UNet.
    """
    unet = literals.get("unet")
    return described_denoiser(unet, literals.get("config")) if isinstance(unet, str) else {}


@node(category="model", describe=describe_denoiser, families=("sd1", "sd2", "sdxl"))
def load_denoiser(
    unet: Annotated[str, ReadsDenoiser()], config: Annotated[str, ReadsModel(configuration=True)] | None = None
) -> OpenedDenoiser:
    """Open a UNet that comes alone in a file. Its weights are read when it is first used.

    Args:
        unet: A .safetensors file (./, ../ or / first) with a UNet of Stable Diffusion 1.x, 2.x or XL, in the names of
            the original code or in those of diffusers.
        config: For one that is not of the usual shape, or predicts something else: a model in diffusers layout whose
            configuration and scheduler it is loaded with, or builtin:sd2_base.

    Example:
        denoiser, scheduler = load_denoiser("./unet.safetensors", config="./sd1")
        assert denoiser.family == "sd1"
    """
    return OpenedDenoiser(*open_denoiser(unet, config))
