"""What is in a file with an IP-Adapter, told from the names and shapes in its header."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from latentgraph.graph.access import AccessError, FileAccess, Resource
from latentgraph.graph.digests import file_digest
from latentgraph.nodes.loading.lora_file import WIDTHS
from latentgraph.nodes.loading.weights import read_header, refuse_pickle

PROJECTION: Final = "image_proj."
ATTENTION: Final = "ip_adapter."
_KEYS: Final = ".to_k_ip.weight"
_PLAIN: Final = "image_proj.proj.weight"
_FULL: Final = "image_proj.proj.3.weight"
_PLUS: Final = "image_proj.proj_in.weight"
_OF_FACES: Final = ("image_proj.perceiver_resampler.", "image_proj.proj.0.")
"""How tensors begin that read what a face recogniser tells; those of `_FULL` begin so too."""


@dataclass(frozen=True)
class IPAdapterFile:
    """An IP-Adapter (Ye et al. 2023) in the layout that its authors write."""

    path: Path
    shown: str
    kind: str
    """`plain` reads one vector of a picture; `plus`, by a resampler, and `full`, by a network, its hidden states."""
    width: int
    """Of what it reads."""
    layers: tuple[int, ...]
    """The width of the denoiser's states at each cross-attention, in the order of the file."""
    cross_width: int
    """Of the embeddings that its denoiser reads."""

    @property
    def family(self) -> str:
        """`sd1`, `sd2` or `sdxl`; empty where the width is of no published model."""
        return WIDTHS.get(self.cross_width, "")


def read_ip_adapter(path: Path, shown: str) -> IPAdapterFile:
    """What the header says.

    Raises:
        AccessError: It is a pickle, damaged, or no IP-Adapter that pictures alone are enough for.
    """
    refuse_pickle(path, shown)
    if path.is_dir() or path.suffix.lower() != ".safetensors":
        raise AccessError(f"{shown!r} is no IP-Adapter", "an IP-Adapter is a .safetensors file")
    header = read_header(path, f"{shown!r}")
    absent = [start for start in (PROJECTION, ATTENTION) if not any(name.startswith(start) for name in header)]
    if absent:
        raise AccessError(
            f"{shown!r} is no IP-Adapter: it has no tensors that begin with {' or '.join(absent)}",
            "name a file in the layout of the IP-Adapter's authors, such as ip-adapter_sd15.safetensors",
        )
    kind, width = _reads(header, shown)
    numbers = sorted(
        int(name.split(".")[1])
        for name in header
        if name.startswith(ATTENTION) and name.endswith(_KEYS) and name.split(".")[1].isdecimal()
    )
    shapes = [header[f"{ATTENTION}{number}{_KEYS}"]["shape"] for number in numbers]
    if not shapes or any(len(shape) != 2 for shape in shapes):
        raise AccessError(f"{shown!r} is no IP-Adapter for a UNet: it has no {ATTENTION}1{_KEYS}", "take another file")
    return IPAdapterFile(path, shown, kind, width, tuple(shape[0] for shape in shapes), shapes[0][1])


def _reads(header: Mapping[str, Any], shown: str) -> tuple[str, int]:
    for kind, name, axis in (("plain", _PLAIN, 1), ("full", _FULL, 0), ("plus", _PLUS, 1)):
        shape = header.get(name, {}).get("shape", [])
        if len(shape) > axis:
            return kind, int(shape[axis])
    if any(name.startswith(_OF_FACES) for name in header):
        raise AccessError(
            f"{shown!r} is an IP-Adapter FaceID, which reads what a face recogniser tells of a picture",
            "take one that reads pictures, such as a plain, plus or full-face IP-Adapter",
        )
    raise AccessError(f"{shown!r} is an IP-Adapter of an unknown kind", "plain, plus and full-face ones are read")


@dataclass(frozen=True, slots=True)
class ReadsIPAdapter:
    """The port names a file with an IP-Adapter: `Annotated[str, ReadsIPAdapter()]`."""

    def resolve(self, written: str, access: FileAccess, *, given: bool) -> Resource:
        """The file, and the digest of its bytes; looks at the header alone.

        Raises:
            AccessError: It may not be read, is not there, or is no IP-Adapter.
        """
        path = access.path(written, given=given)
        read_ip_adapter(path, written)
        return Resource(str(path), lambda: file_digest(path))
