"""Decoding a picture tile by tile, which takes memory for one tile and not for the whole: the run's setting `tiling`.

diffusers does it: tiles overlap by a quarter, and the seams are blended. A tile sees nothing of the picture beyond its
edge, and the VAE normalises over what it sees, so that the picture is not that of decoding at once, nor nearly so where
tiles are small.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any, Final

from latentgraph.graph.context import RunContext
from latentgraph.graph.settings import Setting

LEAST: Final = 64
"""Pixels; below that nothing of the picture is left in a tile."""
OFF: Final = "off"


def resolve_tiling(asked: str, settings: Mapping[str, str]) -> str:
    """`off`, or the edge of a tile in pixels.

    Raises:
        ValueError: It is neither.
    """
    if asked == OFF or (asked.isdecimal() and int(asked) >= LEAST and int(asked) % LEAST == 0):
        return asked
    raise ValueError(f"{asked!r} is no size of a tile; take a multiple of {LEAST} in pixels, such as 512, or {OFF}")


TILING: Final = Setting(
    "tiling",
    "Edge in pixels of the tiles that pictures are decoded in, which takes less memory and changes the picture a "
    "little; off: at once.",
    OFF,
    resolve_tiling,
)


def tiled(module: Any, tile: int, context: RunContext) -> Any:
    """A VAE that decodes in tiles what is larger than one, made of the weights of `module`, which stays as it is.

    Args:
        module: An AutoencoderKL; a small decoder takes so little that it decodes at once.
        tile: Edge of a tile in pixels; 0: what the run's setting says.
        context: Of the run.

    Returns:
        The module itself where it decodes at once.
    """
    from latentgraph.nodes.latents import pixels_per_cell

    asked = context.settings.get("tiling", OFF)
    edge = tile or (0 if asked == OFF else int(asked))
    if not edge or not hasattr(module, "tiled_decode"):
        return module
    # Its parameters are those of the shared module; only these few settings are its own.
    view = copy.copy(module)
    view.use_tiling = True
    view.tile_sample_min_size = edge
    view.tile_latent_min_size = edge // pixels_per_cell(module.config)
    return view
