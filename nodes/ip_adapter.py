"""IP-Adapters: a second cross-attention, by which a denoiser looks at pictures as at a prompt (Ye et al. 2023)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

from latentgraph.graph.digests import file_digest
from latentgraph.graph.node import Described, node
from latentgraph.nodes.cuda_graphs import IP_SCALES as SCALES
from latentgraph.nodes.handles import Denoiser
from latentgraph.nodes.loading.held import json_digest
from latentgraph.nodes.loading.ip_adapter_file import (
    ATTENTION,
    PROJECTION,
    IPAdapterFile,
    ReadsIPAdapter,
    read_ip_adapter,
)
from latentgraph.nodes.loading.sources import quiet_libraries
from latentgraph.nodes.values import Guidance, IPAdapter

if TYPE_CHECKING:
    from torch import Tensor

IMAGE_PROMPT = "image prompt"
"""Variant of a family: a denoiser that reads image prompts, and a guidance that has one."""
FILES = "latentgraph_ip_adapters"
"""Attribute of a module with IP-Adapters: their files, in the order in which they came."""


class WithIPAdapter(NamedTuple):
    """The denoiser with the IP-Adapter in it.

    Attributes:
        denoiser: To go on with in place of the one that was given.
        ip_adapter: What encode_image_prompt needs to know of it.
    """

    denoiser: Denoiser
    ip_adapter: IPAdapter


@dataclass(frozen=True)
class IPAdapterWeights:
    """An IP-Adapter for a UNet. How much it has to say is no part of it: each call of the UNet says so."""

    path: Path
    content: str
    """Digest of the file."""
    layers: int
    """How many cross-attentions it adds to."""

    @property
    def digest(self) -> str:
        """Of everything that it does to a module."""
        return json_digest(["ip_adapter", self.content])

    @property
    def summary(self) -> str:
        """A few words for people."""
        return f"IP-Adapter {self.path.name}"

    def apply(self, module: Any) -> None:
        """Add it, behind those that are there, to a module that nobody else has."""
        import torch

        if not hasattr(module, "_load_ip_adapter_weights"):
            raise ValueError(f"an IP-Adapter is for a UNet, and the denoiser is a {type(module).__name__}")
        # Those of a resampler that came before are no attention of the UNet's own.
        own = [name for name in module.attn_processors if not name.startswith("encoder_hid_proj.")]
        cross = sum(not name.endswith("attn1.processor") for name in own)
        if cross != self.layers:
            raise ValueError(
                f"the IP-Adapter {self.path.name!r} adds to {self.layers} cross-attentions, and the denoiser has "
                f"{cross}: it was made for another model"
            )
        # diffusers makes the attention anew for all IP-Adapters at once, and warns of a cast that is none.
        files = (*module.__dict__.get(FILES, ()), self.path)
        try:
            # New layers begin with random numbers of the CPU, which are not to be missed elsewhere.
            with quiet_libraries(), torch.random.fork_rng(devices=[]):
                module._load_ip_adapter_weights([tensors_of(path) for path in files], low_cpu_mem_usage=False)
        except (KeyError, RuntimeError) as error:
            raise ValueError(f"the IP-Adapter {self.path.name!r} does not fit the denoiser: {_first(error)}") from error
        module.__dict__[FILES] = files
        module.__dict__.pop(SCALES, None)


def _first(error: Exception) -> str:
    if isinstance(error, KeyError):
        return f"it has no {error.args[0]}"
    lines = [line.strip() for line in str(error).splitlines()]
    return " ".join(lines[:2])[:200]


def tensors_of(path: Path) -> dict[str, dict[str, Tensor]]:
    """The tensors in a file, apart as diffusers wants them: what reads the picture, and what the attention adds."""
    from safetensors import safe_open

    found: dict[str, dict[str, Tensor]] = {"image_proj": {}, "ip_adapter": {}}
    opener: Any = safe_open  # Untyped.
    with opener(str(path), framework="pt") as file:
        for name in file.keys():  # noqa: SIM118 - no mapping
            for part, beginning in (("image_proj", PROJECTION), ("ip_adapter", ATTENTION)):
                if name.startswith(beginning):
                    found[part][name.removeprefix(beginning)] = file.get_tensor(name)
    return found


def describe_ip_adapter(literals: Mapping[str, Any]) -> Described:
    """The family that the file is for, from its header.

    Raises:
        AccessError: It is no IP-Adapter.
    """
    path = literals.get("ip_adapter")
    family = read_ip_adapter(Path(path), path).family if isinstance(path, str) else ""
    return {"denoiser": family, "ip_adapter": family} if family else {}


@node(category="model", describe=describe_ip_adapter, variant=IMAGE_PROMPT)
def load_ip_adapter(denoiser: Denoiser, ip_adapter: Annotated[str, ReadsIPAdapter()]) -> WithIPAdapter:
    """Add an IP-Adapter to a denoiser, so that pictures can be a prompt. Put one behind the other for several.

    The denoiser that is given stays as it is. The one that comes out wants an image prompt for each of its
    IP-Adapters, in their order.

    Args:
        denoiser: Of the model: a UNet.
        ip_adapter: A .safetensors file in the layout of the IP-Adapter's authors, plain, plus or full-face.

    Example:
        denoiser, adapter = load_ip_adapter(load_model().denoiser, "./ip_adapter.safetensors")
    """
    file = read_ip_adapter(Path(ip_adapter), Path(ip_adapter).name)
    hold_fits(file, denoiser.config)
    added = IPAdapterWeights(file.path, file_digest(file.path), len(file.layers))
    told = IPAdapter(file.path.stem, file.kind != "plain", file.width, denoiser.family)
    return WithIPAdapter(denoiser.adapted(added), told)


def hold_fits(file: IPAdapterFile, config: Mapping[str, Any]) -> None:
    """Hold that an IP-Adapter was made for a UNet of this configuration, as far as it tells.

    Raises:
        ValueError: It was not.
    """
    width = config.get("cross_attention_dim")
    if isinstance(width, int) and width != file.cross_width:
        raise ValueError(
            f"{file.path.name!r} is for a denoiser that reads embeddings of {file.cross_width} numbers, and this one "
            f"reads {width}: it was made for another model"
        )
    widths = config.get("block_out_channels") or ()
    if strange := sorted(set(file.layers) - set(widths)) if widths else []:
        raise ValueError(
            f"{file.path.name!r} is for a denoiser with states of {strange[0]} numbers, and this one has "
            f"{', '.join(map(str, widths))}: it was made for another model"
        )


def image_embeds(module: Any, guidance: Guidance, rows: int) -> dict[str, Any]:
    """What the IP-Adapters of a denoiser are told at a call, by diffusers' name for it; sets their scales.

    Args:
        module: Of the denoiser.
        guidance: Holds the image prompts.
        rows: Of this call: fewer than the guidance has where a distilled denoiser predicts one side.

    Returns:
        Empty where the denoiser has no IP-Adapter.

    Raises:
        ValueError: There are more IP-Adapters than image prompts, fewer, or others.
    """
    if getattr(getattr(module, "config", None), "encoder_hid_dim_type", None) != "ip_image_proj":
        if guidance.image_prompts:
            raise ValueError(
                "the guidance has an image prompt, and the denoiser has no IP-Adapter; "
                "link the denoiser that `load_ip_adapter` gives"
            )
        return {}
    layers = module.encoder_hid_proj.image_projection_layers
    if len(layers) != len(guidance.image_prompts):
        raise ValueError(
            f"the denoiser has IP-Adapters: {len(layers)}, and the guidance image prompts: "
            f"{len(guidance.image_prompts)}; give it one for each by `add_image_prompt`, in the order of the adapters"
        )
    told = [one.embeddings[-rows:] for one in guidance.image_prompts]
    for number, (layer, embeddings) in enumerate(zip(layers, told, strict=True), 1):
        wanted, given = _reads(layer), (embeddings.ndim, embeddings.shape[-1])
        if wanted != given:
            raise ValueError(
                f"IP-Adapter {number} reads {_words(*wanted)}, and image prompt {number} holds {_words(*given)}; "
                "encode each picture for its own IP-Adapter, and add the prompts in the order of the adapters"
            )
    _set_scales(module, [one.scale for one in guidance.image_prompts])
    return {"image_embeds": told}


def image_masks(guidance: Guidance, model_input: Tensor) -> dict[str, Any]:
    """Where the image prompts count, by diffusers' names for it; empty where they count everywhere.

    Args:
        guidance: Holds the image prompts.
        model_input: Of the denoiser, (B, C, h, w).

    Raises:
        ValueError: A mask is of another shape than the picture.
    """
    masks = [one.mask for one in guidance.image_prompts]
    if all(one is None for one in masks):
        return {}
    rows, columns = model_input.shape[-2:]
    for number, mask in enumerate(masks, 1):
        if mask is not None and mask.shape[-2] * columns != mask.shape[-1] * rows:
            raise ValueError(
                f"the mask of image prompt {number} has {mask.shape[-1]} × {mask.shape[-2]} pixels, which is another "
                f"shape than that of the picture, of {columns} × {rows} cells; give it one of the picture's shape"
            )
    return {"cross_attention_kwargs": {"ip_adapter_masks": masks}}


def _reads(layer: Any) -> tuple[int, int]:
    """The count of axes and the last axis of what a projection of diffusers reads."""
    if hasattr(layer, "image_embeds"):
        return 3, layer.image_embeds.in_features
    first = layer.proj_in if hasattr(layer, "proj_in") else layer.ff.net[0].proj
    return 4, first.in_features


def _words(axes: int, width: int) -> str:
    return f"{'one vector of a picture' if axes == 3 else 'hidden states'}, of {width} numbers"


def _set_scales(module: Any, scales: list[Any]) -> None:
    """Tell a module's attention its scales. Each call does, so that it does not matter who called before."""
    if module.__dict__.get(SCALES) == scales:
        return
    from diffusers import loaders

    library: Any = loaders  # Untyped.
    module.__dict__.pop(SCALES, None)
    try:
        library.IPAdapterMixin.set_ip_adapter_scale(SimpleNamespace(unet=module), scales)
    except (ValueError, TypeError, KeyError) as error:
        raise ValueError(f"the scale by blocks does not fit the denoiser: {error}") from error
    module.__dict__[SCALES] = scales
