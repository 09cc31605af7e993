"""A UNet that comes alone in one .safetensors file, in the names of the original code or in those of diffusers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from latentgraph.graph.access import AccessError, FileAccess, Resource
from latentgraph.graph.digests import file_digest
from latentgraph.nodes.handles import Denoiser, Scheduler
from latentgraph.nodes.loading.families import variant_of_denoiser
from latentgraph.nodes.loading.held import json_digest
from latentgraph.nodes.loading.model_folder import ModelFolder
from latentgraph.nodes.loading.model_source import locate
from latentgraph.nodes.loading.parts import PATCHED_FAMILIES, part_config, scheduler_handle
from latentgraph.nodes.loading.shipped import shipped_configuration
from latentgraph.nodes.loading.single_file import SingleFileSource
from latentgraph.nodes.loading.weights import count_parameters, read_header, refuse_pickle

PREFIX: Final = "model.diffusion_model."
"""How names begin in a checkpoint, and in most of the files that hold its UNet alone."""
ORIGINAL: Final = ("input_blocks.0.0.weight", "out.2.weight")
"""The first layer and the last, as the original code calls them; a ControlNet has no such last one."""
PREFIXED: Final = tuple(PREFIX + name for name in ORIGINAL)
OURS: Final = ("conv_in.weight", "conv_out.weight")
"""The same, as diffusers calls them."""
WIDTHS: Final = {768: "sd1", 1024: "sd2", 2048: "sdxl", 1280: "sdxl_refiner"}
"""The configuration that ships, by the width of the text that a UNet reads."""
ATTENTION: Final = "attn2.to_k.weight"


@dataclass(frozen=True)
class DenoiserFile:
    """Such a file, by its header."""

    path: Path
    shown: str
    """What messages call it."""

    @cached_property
    def header(self) -> Mapping[str, Any]:
        """Its tensors by name.

        Raises:
            AccessError: It is a pickle, damaged, a whole checkpoint, or holds no UNet.
        """
        refuse_pickle(self.path, self.shown)
        if not self.path.is_file():
            raise AccessError(f"{self.shown!r} is no file", "a UNet that comes alone is a .safetensors file")
        header = read_header(self.path, f"{self.shown!r}")
        if any(name.startswith("first_stage_model.") for name in header):
            raise AccessError(f"{self.shown!r} is a whole model", "open it by load_model or load_sdxl")
        whole = any(all(name in header for name in ends) for ends in (PREFIXED, ORIGINAL, OURS))
        if not whole or not any(ATTENTION in name for name in header):
            raise AccessError(
                f"{self.shown!r} holds no UNet that is known", "one of Stable Diffusion 1.x, 2.x or XL is wanted"
            )
        return header

    @property
    def bare(self) -> bool:
        """Whether its names are of the original code, without what they begin with in a checkpoint."""
        return ORIGINAL[0] in self.header

    @property
    def width(self) -> int:
        """Of the text that it reads."""
        shape: list[int] = next(entry["shape"] for name, entry in self.header.items() if ATTENTION in name)
        return shape[1]

    @property
    def in_channels(self) -> int:
        """That it reads: 4, or 9 where it was trained to inpaint."""
        first = next(name for name, _ in (PREFIXED, ORIGINAL, OURS) if name in self.header)
        return int(self.header[first]["shape"][1])

    def configuration(self, config: str | None) -> ModelFolder:
        """What it is read with: what ships for its width, or the model in diffusers layout of this name.

        Raises:
            AccessError: There is none, or it is for another width.
        """
        if config is None and self.width not in WIDTHS:
            raise AccessError(
                f"{self.shown!r} reads texts of {self.width} numbers a token, as no Stable Diffusion does",
                "name a folder in diffusers layout with its configuration by the input 'config'",
            )
        chosen = shipped_configuration(WIDTHS[self.width]) if config is None else _configuration(config)
        wanted = chosen.parts["denoiser"].config.get("cross_attention_dim", 1280)
        if wanted != self.width:
            raise AccessError(
                f"{self.shown!r} reads texts of {self.width} numbers a token, and its configuration says {wanted}",
                "name the configuration of another model by the input 'config'",
            )
        return chosen


def _configuration(config: str) -> ModelFolder:
    found = locate(config, configuration=True).open()
    if not isinstance(found, ModelFolder):
        raise AccessError(f"{config!r} is a file without a configuration", "name a folder")
    return found


@dataclass(frozen=True)
class BareFileSource(SingleFileSource):
    """A UNet in the names of the original code, which diffusers knows by what they begin with in a checkpoint."""

    def _tensors(self) -> dict[str, Any]:
        return {PREFIX + name: tensor for name, tensor in super()._tensors().items()}


def open_denoiser(unet: str, config: str | None) -> tuple[Denoiser, Scheduler]:
    """The handles of a UNet in a file and of the scheduler that models of its kind come with; reads headers alone.

    Raises:
        AccessError: It is not there, or is none.
    """
    file = DenoiserFile(FileAccess().path(unet, given=True), unet)
    folder = file.configuration(config)
    part, patched = folder.parts["denoiser"], folder.family in PATCHED_FAMILIES
    own = part_config(part, patched=patched) | {"in_channels": file.in_channels}
    source = (BareFileSource if file.bare else SingleFileSource)(
        file=str(file.path),
        shown=unet,
        role="denoiser",
        prefix=PREFIX if PREFIXED[0] in file.header else "",
        class_name=part.class_name,
        configuration=str(part.folder),
        in_channels=file.in_channels,
    )
    digest = json_digest({"file": file_digest(file.path), "config": own})
    scheduler = scheduler_handle(folder.parts["scheduler"], folder.family, rewrite=patched)
    parameters = count_parameters(file.header)
    denoiser = Denoiser(digest, folder.family, own, part.class_name, source, parameters, scheduler=scheduler)
    return denoiser, scheduler


def described_denoiser(unet: str, config: str | None) -> dict[str, str]:
    """The family of both, that of the denoiser with what it sees beside latents.

    Raises:
        AccessError: It is not there, or is none.
    """
    denoiser, scheduler = open_denoiser(unet, config)
    variant = variant_of_denoiser(denoiser.class_name, denoiser.config)
    return {"denoiser": f"{denoiser.family}/{variant}" if variant else denoiser.family, "scheduler": scheduler.family}


@dataclass(frozen=True, slots=True)
class ReadsDenoiser:
    """The port names a file with a UNet alone: `Annotated[str, ReadsDenoiser()]`."""

    def resolve(self, written: str, access: FileAccess, *, given: bool) -> Resource:
        """The file, and the digest of its bytes; looks at the header alone.

        Raises:
            AccessError: It may not be read, is not there, or holds no UNet.
        """
        path = access.path(written, given=given)
        DenoiserFile(path, written).header  # noqa: B018  # Reading is the test.
        return Resource(str(path), lambda: file_digest(path))
