"""Upscale models of the ESRGAN kind: a network of residual dense blocks (Wang et al. 2018, figure 4).

Three layouts of names are about for the same network: that of the first ESRGAN files (`model.0`,
`model.1.sub.0.RDB1`), that of its later code (`RRDB_trunk`), and that of Real-ESRGAN (`conv_first`, `body`; Wang et al.
2021), whose models for 2 and 1 times unshuffle the pixels first (section 3.3 there).
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from latentgraph.graph.access import AccessError, FileAccess, Resource
from latentgraph.graph.digests import file_digest
from latentgraph.nodes.loading.placing import filled
from latentgraph.nodes.loading.sources import misfit
from latentgraph.nodes.loading.weights import PICKLE_SUFFIXES, read_header

COLOURS: Final = 3
_LATER: Final = (
    ("RRDB_trunk.", "body."),
    ("trunk_conv.", "conv_body."),
    ("HRconv.", "conv_hr."),
    ("upconv", "conv_up"),
    ("RDB", "rdb"),
)
"""Names of ESRGAN's later code, and Real-ESRGAN's for the same."""


@dataclass(frozen=True)
class UpscaleConfig:
    """The shape of the network."""

    features: int
    """Channels between the blocks."""
    growth: int
    """Channels that each convolution of a dense block adds."""
    blocks: int
    doublings: int
    """Convolutions that each follow a doubling of the edges."""
    unshuffle: int
    """Edge of the square of pixels that becomes one at first; 1: none."""

    @property
    def scale(self) -> int:
        """How many times larger the edges become."""
        return int(2**self.doublings // self.unshuffle)


def our_name(name: str, last: int) -> str:
    """The name that Real-ESRGAN has for a tensor.

    Args:
        name: In any of the three layouts.
        last: The highest number behind `model.` in the file; 0 where there is none.
    """
    if not name.startswith("model."):
        for old, new in _LATER:
            name = name.replace(old, new)
        return name
    if found := re.fullmatch(r"model\.1\.sub\.(\d+)\.(RDB\d)\.(conv\d)\.0\.(weight|bias)", name):
        return f"body.{found[1]}.{found[2].lower()}.{found[3]}.{found[4]}"
    if found := re.fullmatch(r"model\.1\.sub\.\d+\.(weight|bias)", name):
        return f"conv_body.{found[1]}"
    if found := re.fullmatch(r"model\.(\d+)\.(weight|bias)", name):
        number = int(found[1])
        # 0 is the first layer, then 3, 6 and so on follow the doublings; the last two come with a rectifier between.
        part = {0: "conv_first", last: "conv_last", last - 2: "conv_hr"}.get(number, f"conv_up{number // 3}")
        return f"{part}.{found[2]}"
    return name


def highest(names: Mapping[str, Any]) -> int:
    """The highest number behind `model.`."""
    return max((int(n.split(".")[1]) for n in names if re.match(r"model\.\d+\.", n)), default=0)


def read_upscale_model(path: Path, shown: str) -> UpscaleConfig:
    """What the header says.

    Raises:
        AccessError: It is a pickle, damaged, or no such network.
    """
    if path.suffix.lower() in PICKLE_SUFFIXES:
        raise AccessError(
            f"{shown!r} is a pickle, a program that runs when it is read; latentgraph reads safetensors only",
            "many upscale models come as .safetensors too; or, if you trust where it comes from, convert it once by "
            "python -c \"import torch, safetensors.torch as s; d = torch.load('MODEL.pth', weights_only=True); "
            "d = d.get('params_ema') or d.get('params') or d; s.save_file(d, 'MODEL.safetensors')\"",
        )
    if path.is_dir() or path.suffix.lower() != ".safetensors":
        raise AccessError(f"{shown!r} is no upscale model", "an upscale model is a .safetensors file")
    header = read_header(path, repr(shown))
    last = highest(header)
    shapes = {our_name(name, last): list(entry["shape"]) for name, entry in header.items()}
    try:
        features, channels = shapes["conv_first.weight"][:2]
        growth = shapes["body.0.rdb1.conv1.weight"][0]
        blocks = 1 + max(int(name.split(".")[1]) for name in shapes if name.startswith("body."))
        doublings = sum(bool(re.fullmatch(r"conv_up\d\.weight", name)) for name in shapes)
        squared, rest = divmod(channels, COLOURS)
        wanted = ("conv_body.weight", "conv_hr.weight", "conv_last.weight")
        if rest or math.isqrt(squared) ** 2 != squared or any(name not in shapes for name in wanted):
            raise KeyError(channels)
    except (KeyError, IndexError, ValueError):
        raise AccessError(
            f"{shown!r} is no upscale model of the ESRGAN kind",
            "take one, such as RealESRGAN_x4plus.safetensors; other kinds of upscale models are not read",
        ) from None
    return UpscaleConfig(features, growth, blocks, doublings, math.isqrt(squared))


@dataclass(frozen=True, slots=True)
class ReadsUpscaleModel:
    """The port names a file with an upscale model: `Annotated[str, ReadsUpscaleModel()]`."""

    def resolve(self, written: str, access: FileAccess, *, given: bool) -> Resource:
        """The file, and the digest of its bytes; looks at the header alone.

        Raises:
            AccessError: It may not be read, is not there, or is no upscale model.
        """
        path = access.path(written, given=given)
        read_upscale_model(path, written)
        return Resource(str(path), lambda: file_digest(path))


@dataclass(frozen=True)
class UpscaleSource:
    """The network in a file."""

    file: str
    """Absolute."""
    shown: str

    def make(self, device: str, dtype: str, warn: Callable[[str], None]) -> Any:
        """Build it and read its weights."""
        import torch
        from safetensors.torch import load_file

        from latentgraph.nodes.loading.rrdb import RRDBNet

        config = read_upscale_model(Path(self.file), self.shown)
        tensors = load_file(self.file)
        last = highest(tensors)
        named = {our_name(name, last): tensors[name] for name in tensors}
        with torch.device("meta"):
            network = RRDBNet(config)
        try:
            made = filled(network, named, device, dtype)
        except torch.OutOfMemoryError:
            raise
        except RuntimeError as error:
            raise misfit(self.shown, " ".join(str(error).split())) from error
        if named:
            raise misfit(self.shown, f"{len(named)} of its tensors are none of such a network, as {min(named)!r}")
        return made
