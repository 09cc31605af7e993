"""The node that opens a VAE which comes alone, to take in place of the model's own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Annotated, Any, Final, Literal, NamedTuple

from latentgraph.graph.node import Described, node
from latentgraph.nodes.handles import VAE, Source
from latentgraph.nodes.loading.component import ReadsComponent, open_component
from latentgraph.nodes.loading.families import SD1_VAE_SCALE
from latentgraph.nodes.loading.held import json_digest

Family = Literal["sd1", "sd2", "sdxl"]
TINY: Final = "AutoencoderTiny"
SCALES: Final = {"sd1": SD1_VAE_SCALE, "sd2": SD1_VAE_SCALE, "sdxl": 0.13025}
"""What latents of a family are multiplied by, so that their deviation is about 1."""


class OpenedVAE(NamedTuple):
    """What load_vae gives.

    Attributes:
        vae: For `decode` and its kin.
    """

    vae: VAE


def describe_vae(literals: Mapping[str, Any]) -> Described:
    """The family, as it is told."""
    return {"vae": str(literals.get("family", "sd1"))}


@node(category="model", describe=describe_vae)
def load_vae(vae: Annotated[str, ReadsComponent(VAE)], family: Family = "sd1") -> OpenedVAE:
    """Open a VAE that comes alone. Its weights are read when it is first used.

    Args:
        vae: A .safetensors file or a folder with its config.json (./, ../ or / first). A folder may hold a small
            decoder too (AutoencoderTiny, such as TAESD): an eighteenth of the operations, and a little different.
        family: Of the model that it is used with, which decides the scale of its latents: a file does not say it.

    Example:
        vae = load_vae("./sd1/vae").vae
        image = decode(vae, empty_latents(vae, height=64, width=64))
    """
    opened = open_component(VAE, vae)
    if opened.class_name == TINY:
        # It reads the latents as the denoiser has them: their scale is its own.
        cells = opened.config.get("decoder_block_out_channels", opened.config["block_out_channels"])
        config = {**opened.config, "block_out_channels": cells}
        digest = json_digest([opened.digest, family])
        return OpenedVAE(replace(opened, config=MappingProxyType(config), family=family, digest=digest))
    config = {**opened.config, "scaling_factor": SCALES[family]}
    full = family == "sdxl" and bool(config.get("force_upcast", True))
    return OpenedVAE(
        replace(
            opened,
            config=MappingProxyType(config),
            family=family,
            digest=json_digest([opened.digest, family]),
            source=ScaledSource(opened.source, SCALES[family]),
            full_precision=full,
        )
    )


@dataclass(frozen=True)
class ScaledSource:
    """A VAE whose configuration says another scale than its file or folder does."""

    source: Source
    scale: float

    def make(self, device: str, dtype: str, warn: Callable[[str], None]) -> Any:
        """The module, with the scale in its configuration."""
        module = self.source.make(device, dtype, warn)
        module.register_to_config(scaling_factor=self.scale)
        return module
