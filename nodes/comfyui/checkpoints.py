"""What a checkpoint is: told by its header where the file can be found, else by what the workflow does with it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from latentgraph.graph.access import AccessError
from latentgraph.graph.foreign import ImportOptions
from latentgraph.nodes.comfyui.prompt import PromptLink, PromptNode
from latentgraph.nodes.loading.checkpoint import Checkpoint
from latentgraph.nodes.loading.denoiser_file import WIDTHS, DenoiserFile
from latentgraph.nodes.loading.weights import PICKLE_SUFFIXES

OTHERS: Final = (
    (re.compile(r"sd3|stable[-_ ]?diffusion[-_ ]?3", re.IGNORECASE), "Stable Diffusion 3"),
    (re.compile(r"flux", re.IGNORECASE), "Flux"),
)
"""How the names of checkpoints of other families look, which single files are not read of."""
NAMES: Final = (
    (re.compile(r"refiner", re.IGNORECASE), "sdxl_refiner"),
    (re.compile(r"xl(?![a-z]*v?1[._-]?5)|pony|illustrious|noobai", re.IGNORECASE), "sdxl"),
    (
        re.compile(r"v?2[-._][01](?!\d)|(^|[^a-z])sd[-_ ]?2|768-?(v|ema)|512-(base|inpainting)-ema", re.IGNORECASE),
        "sd2",
    ),
)
"""How the names of checkpoints look, by family; the first that fits."""
WITH_SD1: Final = re.compile(r"sd[-_. ]?v?1[-_. ]?5|t2iadapter_|vae-ft-(mse|ema)", re.IGNORECASE)
"""In the names of ControlNets, T2I-Adapters, VAEs and LoRAs that are for Stable Diffusion 1.x."""
ALONE: Final = (
    (re.compile(r"sd[-_ ]?xl.*refiner", re.IGNORECASE), "sdxl_refiner"),
    (re.compile(r"sd[-_ ]?xl|illustrious|noobai|animagine", re.IGNORECASE), "sdxl"),
    (re.compile(r"sd[-_. ]?v?1[-_. ]?5|^v1[-_. ]5", re.IGNORECASE), "sd1"),
)
"""How the names of UNets look that come alone, by family; the first that fits."""
INPAINTING: Final = re.compile(r"inpaint", re.IGNORECASE)
LARGE: Final = 1024
"""Pixels of an edge from which on an empty latent is for Stable Diffusion XL."""
FOLDERS: Final = ("checkpoints", "diffusion_models", "unet", "")
"""Where a folder of models keeps them."""


@dataclass(frozen=True, slots=True)
class Family:
    """What a checkpoint is taken for."""

    name: str
    """`sd1`, `sd2`, `sdxl` or `sdxl_refiner`."""
    why: str = ""
    """How it was guessed, for a note; empty where the file says it."""
    channels: int = 4
    """That its UNet reads: 9 where it was trained to inpaint; 4 where nobody knows."""
    other: str = ""
    """What family it is of instead, where it is none of these."""


def family_of(written: str, options: ImportOptions, nodes: Mapping[str, PromptNode], loader: str) -> Family:
    """The family of a checkpoint.

    Args:
        written: Its name as ComfyUI has it.
        options: Where it may lie.
        nodes: Of the workflow.
        loader: Id of the node that opens it.
    """
    path = found_file(written, options, FOLDERS)
    if path is not None and path.suffix.lower() == ".safetensors":
        try:
            checkpoint = Checkpoint(path, path.name)
            checkpoint.inspect()
            return Family(checkpoint.kind, channels=checkpoint.in_channels or 4)
        except (AccessError, OSError):
            pass  # The check of the workflow says what is wrong with it.
    name = written.replace("\\", "/").rpartition("/")[2]
    channels = 9 if INPAINTING.search(name) else 4
    for pattern, other in OTHERS:
        if pattern.search(name):
            return Family("", f"its name looks like one of {other}", other=other)
    for pattern, family in NAMES:
        if pattern.search(name):
            return Family(family, f"by its name it is of {KINDS[family]}", channels)
    below = list(_fed_by(loader, nodes))
    if any(node.class_type == "CLIPTextEncodeSDXLRefiner" for node in below):
        return Family("sdxl_refiner", "it reads CLIPTextEncodeSDXLRefiner, so it is taken for a refiner", channels)
    if any(node.class_type == "CLIPTextEncodeSDXL" for node in below):
        return Family("sdxl", "it reads CLIPTextEncodeSDXL, so it is taken for one of Stable Diffusion XL", channels)
    if other := next((name for one in nodes.values() for name in _files(one) if WITH_SD1.search(name)), ""):
        return Family("sd1", f"by {other!r} beside it, it is of {KINDS['sd1']}", channels)
    if any(_is_large(node, nodes) for node in below):
        return Family(
            "sdxl", "it makes pictures of 1024 pixels, so it is taken for one of Stable Diffusion XL", channels
        )
    return Family("sd1", "nothing says otherwise, so it is taken for one of Stable Diffusion 1.x", channels)


KINDS: Final = {
    "sd1": "Stable Diffusion 1.x",
    "sd2": "Stable Diffusion 2.x",
    "sdxl": "Stable Diffusion XL",
    "sdxl_refiner": "the refiner of Stable Diffusion XL",
}


def denoiser_family(written: str, options: ImportOptions) -> tuple[str, int]:
    """The family of a UNet that comes alone and the channels that it reads; empty where nothing tells a known one.

    Such files are there for models of all kinds, so that nothing is guessed but by a name that says it.
    """
    path = found_file(written, options, ("diffusion_models", "unet", ""))
    if path is not None and path.suffix.lower() == ".safetensors":
        file = DenoiserFile(path, path.name)
        try:
            return WIDTHS.get(file.width, ""), file.in_channels
        except (AccessError, OSError):
            return "", 4
    name = written.replace("\\", "/").rpartition("/")[2]
    family = next((family for pattern, family in ALONE if pattern.search(name)), "")
    return family, 9 if INPAINTING.search(name) else 4


def found_file(written: str, options: ImportOptions, folders: Iterable[str]) -> Path | None:
    """Where a file lies, beside the workflow or in the folder of models; None where it does not."""
    parts = [part for part in written.replace("\\", "/").split("/") if part not in ("", ".", "..")]
    if not parts:
        return None
    places = [options.folder] + [options.models / folder for folder in folders if options.models is not None]
    for place in places:
        path = place.joinpath(*parts)
        try:
            if path.is_file():
                return path
        except (OSError, ValueError):
            return None
    return None


def readable_name(written: str) -> tuple[str, str]:
    """The name of a file that can be read in place of one that cannot, and what to do for it; empty: nothing."""
    stem, dot, ending = written.rpartition(".")
    if dot and f".{ending.lower()}" in PICKLE_SUFFIXES:
        return (
            f"{stem}.safetensors",
            "it is a pickle, which runs code when it is read; get or make a .safetensors file of it",
        )
    return written, ""


def _fed_by(loader: str, nodes: Mapping[str, PromptNode]) -> Iterable[PromptNode]:
    """Every node that takes something of what `loader` gives."""
    takers: dict[str, list[str]] = {}
    for key, node in nodes.items():
        for value in node.inputs.values():
            if isinstance(value, PromptLink):
                takers.setdefault(value.node, []).append(key)
    seen, waiting = {loader}, [loader]
    while waiting:
        for taker in takers.get(waiting.pop(), ()):
            if taker not in seen:
                seen.add(taker)
                waiting.append(taker)
                yield nodes[taker]


def _files(node: PromptNode) -> Iterator[str]:
    """The names of files other than checkpoints that a node reads."""
    for name in ("control_net_name", "vae_name", "lora_name"):
        written = node.inputs.get(name)
        if isinstance(written, str):
            yield written


def _is_large(node: PromptNode, nodes: Mapping[str, PromptNode]) -> bool:
    """Whether a sampler begins at an empty latent that is as large as those of Stable Diffusion XL."""
    link = node.inputs.get("latent_image")
    start = nodes.get(link.node) if isinstance(link, PromptLink) else None
    if start is None or start.class_type != "EmptyLatentImage":
        return False
    edges = [start.inputs.get(name) for name in ("width", "height")]
    return all(isinstance(edge, int) and edge * 4 >= LARGE * 3 for edge in edges) and any(
        isinstance(edge, int) and edge >= LARGE for edge in edges
    )
